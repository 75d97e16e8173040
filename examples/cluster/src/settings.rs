//! What the environment says.

use std::{env, error::Error, time::Duration};

use crate::failure::Cycle;

/// The settings of all three programs; each uses its own.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) director_addr: String,
    pub(crate) worker_label: String,
    pub(crate) worker_addr: String,
    /// `None` for a worker that does not fail.
    pub(crate) failures: Option<Cycle>,
}

impl Settings {
    pub(crate) fn from_env() -> Result<Self, Box<dyn Error>> {
        let failures = match variable("WORKER_FAILURE_ENABLED", "false").as_str() {
            "true" => Some(cycle(&variable("WORKER_FAILURE_SECONDS", "10,3,5"))?),
            "false" => None,
            other => return Err(format!("WORKER_FAILURE_ENABLED is `{other}`: give `true` or `false`").into()),
        };
        Ok(Self {
            director_addr: variable("DIRECTOR_ADDR", "127.0.0.1:61000"),
            worker_label: variable("WORKER_LABEL", "worker-1"),
            worker_addr: variable("WORKER_ADDR", "127.0.0.1:62001"),
            failures,
        })
    }
}

fn cycle(text: &str) -> Result<Cycle, Box<dyn Error>> {
    let wrong = || format!("WORKER_FAILURE_SECONDS is `{text}`: give three numbers, such as `10,3,5`");
    let seconds: Vec<_> = text
        .split(',')
        .map(|part| part.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    let [works, warns, fails] = seconds[..] else { return Err(wrong().into()) };
    Ok(Cycle { works, warns, fails })
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_three_numbers_of_seconds() {
        let Cycle { works, warns, fails } = cycle("10, 0.5,5").expect("it is well formed");
        assert_eq!([works, warns, fails].map(|part| part.as_millis()), [10_000, 500, 5_000]);
    }

    #[test]
    fn what_is_no_cycle_is_named_with_an_example() {
        for text in ["", "10,3", "10,3,5,7", "ten,3,5", "-1,3,5", "NaN,3,5"] {
            let error = cycle(text).expect_err(text).to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("`10,3,5`"), "{error}");
        }
    }
}
