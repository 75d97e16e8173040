//! How much work calls are.

use crate::membership::Random;

/// How much work a call is: the seconds that a worker of speed 1 needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    /// Exponential, with this mean.
    Exponential(f64),
    /// Bounded Pareto: most calls are small, and a few hold half of the work. The mean, the exponent, and how many times the
    /// smallest call the largest is.
    Pareto(f64, f64, f64),
    /// Lognormal, with this mean and this deviation of the logarithm.
    Lognormal(f64, f64),
}

impl Service {
    /// The mean.
    pub fn mean(self) -> f64 {
        match self {
            Self::Exponential(mean) | Self::Pareto(mean, ..) | Self::Lognormal(mean, _) => mean,
        }
    }

    pub(crate) fn draw(self, random: &mut Random) -> f64 {
        // Never zero, so that its logarithm is finite.
        let unit = 1.0 - random.unit();
        match self {
            Self::Exponential(mean) => -mean * unit.ln(),
            Self::Pareto(mean, exponent, range) => {
                let tail = range.powf(-exponent);
                let smallest = mean / mean_of_pareto(exponent, range, tail);
                smallest * (tail + unit * (1.0 - tail)).powf(-1.0 / exponent)
            }
            Self::Lognormal(mean, deviation) => {
                // Box and Muller 1958.
                let angle = std::f64::consts::TAU * random.unit();
                let normal = (-2.0 * unit.ln()).sqrt() * angle.cos();
                mean * (deviation * normal - deviation * deviation / 2.0).exp()
            }
        }
    }
}

/// Of one whose smallest is 1.
fn mean_of_pareto(exponent: f64, range: f64, tail: f64) -> f64 {
    exponent / (exponent - 1.0) * (1.0 - range.powf(1.0 - exponent)) / (1.0 - tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_many_calls_is_the_mean() {
        for service in [Service::Exponential(2.0), Service::Pareto(2.0, 1.5, 100.0), Service::Lognormal(2.0, 1.0)] {
            let mut random = Random::new(3);
            let mean = (0..200_000).map(|_| service.draw(&mut random)).sum::<f64>() / 200_000.0;
            assert!((1.95..2.05).contains(&mean), "{service:?}: {mean}");
        }
    }
}
