//! Amounts as people write them: `400 MB`, `1.5GiB`, `5 %`.

use crate::text::SIZE_UNITS;

/// Bytes: a whole number, or a number with a unit. `kB`, `MB`, `GB`, `TB` are decimal, as docker prints them; `KiB`,
/// `MiB`, `GiB`, `TiB` binary; upper and lower case are the same. `None` for what is no amount, and for more than
/// 2⁶³ bytes.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = number.replace('_', "");
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "byte" | "bytes" => 1,
        // `k` stands for `kB`.
        unit => {
            let is_unit = |name: &str| {
                unit.eq_ignore_ascii_case(name) || name.len() == 2 && unit.eq_ignore_ascii_case(&name[..1])
            };
            SIZE_UNITS.iter().find(|(name, _)| is_unit(name))?.1
        }
    };
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    if whole.is_empty() || part.len() > 12 || (number.contains('.') && part.is_empty()) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let part = if part.is_empty() {
        0
    } else {
        let ten = 10_u128.pow(part.len() as u32);
        u64::try_from(part.parse::<u128>().ok()? * u128::from(scale) / ten).ok()?
    };
    whole.checked_add(part).filter(|&bytes| i64::try_from(bytes).is_ok())
}

/// A share: `5 %`, `12.5%`, or a number from 0 to 1; 1 is all of it. Growth may be more than 100 %.
pub fn ratio(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim_end(), 100.0));
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let share = number.parse::<f64>().ok()? / scale;
    (share.is_finite() && (scale > 1.0 || share <= 1.0)).then_some(share)
}

/// Seconds: a number, or a number with `s`, `min` or `h`. `None` if it is not a duration.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "seconds" => 1.0,
        "m" | "min" | "minutes" => 60.0,
        "h" | "hours" => 3_600.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * scale;
    seconds.is_finite().then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        let all = [
            ("0", Some(0)),
            ("1_000", Some(1_000)),
            ("400 MB", Some(400_000_000)),
            ("1.5GiB", Some(1_610_612_736)),
            ("0.5 kb", Some(500)),
            ("20mb", Some(20_000_000)),
            ("1.0000000000001", None),
            ("", None),
            ("MB", None),
            ("-1", None),
            ("1.", None),
            ("5 parsecs", None),
            ("9999999 TB", None),
            ("18446744073709551616", None),
        ];
        for (text, expected) in all {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        let all = [("90", Some(90.0)), ("1.5 min", Some(90.0)), ("2h", Some(7_200.0)), ("30 s", Some(30.0))];
        for (text, expected) in all {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for text in ["", "s", "-1 s", "1 year", "1..2", "."] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn shares_may_have_a_percent_sign() {
        let all = [("5 %", Some(0.05)), ("0.95", Some(0.95)), ("150%", Some(1.5)), ("1", Some(1.0)), ("2", None)];
        for (text, expected) in all {
            assert_eq!(ratio(text), expected, "{text}");
        }
        for text in ["", "%", "-1", "1e5", "nan", "."] {
            assert_eq!(ratio(text), None, "{text}");
        }
    }
}
