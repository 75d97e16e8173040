//! Durations as a trait spells them: `"250ms"`.

use std::fmt;

/// The units that are understood, with their length in microseconds.
const UNITS: [(&str, u64); 5] = [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

/// A duration that is longer than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration {
    pub(crate) micros: u64,
}

/// Why a text is no duration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DurationError {
    NotANumber,
    NoUnit,
    UnknownUnit(String),
    Zero,
    TooLong,
}

impl Duration {
    /// Reads an integer and its unit, with nothing between them or around them.
    pub(crate) fn parse(text: &str) -> Result<Self, DurationError> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(DurationError::NotANumber);
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit);
        }
        let Some((_, micros_per_unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit(unit.to_owned()));
        };
        // The text is all digits, so that only its length can keep it from being a number.
        let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
        match number.checked_mul(*micros_per_unit) {
            Some(0) => Err(DurationError::Zero),
            Some(micros) => Ok(Self { micros }),
            None => Err(DurationError::TooLong),
        }
    }
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("a duration starts with an integer"),
            Self::NoUnit => f.write_str("a duration ends with its unit"),
            Self::UnknownUnit(unit) => write!(f, "`{unit}` is not a unit of time"),
            Self::Zero => f.write_str("a duration of zero leaves a call no time at all"),
            Self::TooLong => f.write_str("the duration is too long to be counted in microseconds"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &Result<u64, DurationError>) {
        assert_eq!(&Duration::parse(text).map(|duration| duration.micros), expected, "{text}");
    }

    #[test]
    fn an_integer_with_a_unit_is_a_duration() {
        check("7us", &Ok(7));
        check("250ms", &Ok(250_000));
        check("2s", &Ok(2_000_000));
        check("3m", &Ok(180_000_000));
        check("1h", &Ok(3_600_000_000));
    }

    #[test]
    fn anything_else_is_not() {
        check("", &Err(DurationError::NotANumber));
        check("s", &Err(DurationError::NotANumber));
        check("-2s", &Err(DurationError::NotANumber));
        check("5", &Err(DurationError::NoUnit));
        check("5x", &Err(DurationError::UnknownUnit("x".into())));
        check("2.5s", &Err(DurationError::UnknownUnit(".5s".into())));
        check("2 s", &Err(DurationError::UnknownUnit(" s".into())));
        check("0ms", &Err(DurationError::Zero));
        check("99999999999999999999s", &Err(DurationError::TooLong));
        check("18446744073709551615h", &Err(DurationError::TooLong));
    }
}
