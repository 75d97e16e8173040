//! A moment as people write it.

use rustls::pki_types::UnixTime;

/// Such as `2026-11-21 02:45:00 UTC`.
pub(super) fn text(time: UnixTime) -> String {
    let seconds = time.as_secs();
    let (year, month, day) = civil(seconds / DAY);
    let of_day = seconds % DAY;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", of_day / 3600, of_day % 3600 / 60, of_day % 60)
}

/// Year, month and day of a count of days since 1970-01-01; Howard Hinnant's `civil_from_days`, for days from 1970 on.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that the leap day is their last.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

const DAY: u64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(seconds: u64, expected: &str) {
        assert_eq!(text(UnixTime::since_unix_epoch(Duration::from_secs(seconds))), expected);
    }

    #[test]
    fn leap_days_and_turns_of_years_are_written_right() {
        check(0, "1970-01-01 00:00:00 UTC");
        check(951_827_696, "2000-02-29 12:34:56 UTC");
        check(1_735_689_599, "2024-12-31 23:59:59 UTC");
        check(1_735_689_600, "2025-01-01 00:00:00 UTC");
        check(4_107_542_400, "2100-03-01 00:00:00 UTC");
        check(67_767_976_233_532_799, "2147483647-12-31 23:59:59 UTC");
    }
}
