//! Numbers as people read them: decimal units, as docker prints them.

/// Bytes with three digits: `512 B`, `18.4 MB`, `1.21 GB`.
pub fn bytes(bytes: u64) -> String {
    crate::text::bytes(bytes)
}

/// A duration: `0.8 s`, `20 s`, `3 min 20 s`, `1 h 5 min`.
pub fn seconds(seconds: f64) -> String {
    if seconds.is_nan() || seconds < 0.0 {
        return "0 s".into();
    }
    let tenths = (seconds * 10.0).round();
    if tenths < 100.0 {
        return format!("{} s", tenths / 10.0);
    }
    #[allow(clippy::cast_sign_loss)] // Negative ones are gone.
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => match whole.saturating_add(30) / 60 {
            minutes if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
            minutes => format!("{} h {} min", minutes / 60, minutes % 60),
        },
    }
}

/// A share from 0 to 1: `94.3 %`; only all is 100 %.
pub fn percent(share: f64) -> String {
    let tenths = (share * 1_000.0).floor() / 10.0;
    format!("{tenths} %")
}

/// A number with its noun: `1 file`, `1,200 files`. The plural takes an s.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A number with commas between groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decimal() {
        for (number, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (1_234, "1.23 kB"),
            (12_340, "12.3 kB"),
            (18_000_000, "18 MB"),
            (184_400_000, "184 MB"),
            (999_499, "999 kB"),
            (999_999, "1 MB"),
            (1_210_000_000, "1.21 GB"),
            (9_999_999, "10 MB"),
            (99_960_000, "100 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), expected, "{number}");
        }
    }

    #[test]
    fn seconds_are_in_words() {
        for (number, expected) in [
            (0.0, "0 s"),
            (0.84, "0.8 s"),
            (9.99, "10 s"),
            (20.4, "20 s"),
            (59.6, "1 min"),
            (200.0, "3 min 20 s"),
            (3_900.0, "1 h 5 min"),
            (7_200.0, "2 h"),
            (f64::NAN, "0 s"),
        ] {
            assert_eq!(seconds(number), expected, "{number}");
        }
    }

    #[test]
    fn nouns_have_their_number() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "step"), "0 steps");
        assert_eq!(count(1_234_567, "file"), "1,234,567 files");
    }
}
