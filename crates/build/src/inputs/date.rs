//! A calendar date; the core has no clock, so today is an input.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{self, date};

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let date: civil::Date = text.parse().ok()?;
        // The parser knows other forms of ISO 8601 too, and years of six digits with a sign.
        (text.len() == 10 && date.to_string() == text).then_some(Self(date))
    }

    /// The day of a POSIX time in seconds (UTC); `None` outside the years 1 to 9999.
    pub fn of_unix(seconds: i64) -> Option<Self> {
        let epoch = date(1970, 1, 1).at(0, 0, 0, 0);
        let date = epoch.checked_add(SignedDuration::from_secs(seconds)).ok()?.date();
        (date.year() > 0).then_some(Self(date))
    }

    /// The days from another date to this one.
    pub fn days_since(self, other: Self) -> i64 {
        self.0.duration_since(other.0).as_hours() / 24
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_and_count() {
        for (text, seconds) in [("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2026-11-20", 1_795_132_800)] {
            assert_eq!(Date::parse(text), Date::of_unix(seconds), "{text}");
            assert_eq!(Date::of_unix(seconds).map(|date| date.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Date::parse("0000-01-01").map(|date| date.to_string()).as_deref(), Some("0000-01-01"));
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "+026-01-01",
            "2026-01-01-",
            "20260101",
            "-002026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01[u-ca=iso8601]",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert_eq!(Date::of_unix(-1), Date::parse("1969-12-31"));
        assert_eq!(Date::of_unix(253_402_300_799), Date::parse("9999-12-31"));
        for far in [i64::MIN, -62_135_596_801, 253_402_300_800, i64::MAX] {
            assert_eq!(Date::of_unix(far), None, "{far}");
        }
    }
}
