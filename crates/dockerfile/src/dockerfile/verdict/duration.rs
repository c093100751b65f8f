//! HEALTHCHECK's durations and number, as Go's standard library reads them, with its messages.

use super::issue::Issue;
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::syntax::{File, Instruction};

/// Nanoseconds of each unit.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The largest magnitude while reading.
const LIMIT: u64 = 1 << 63;

/// A flag's duration: 0, or 1 ms at least.
pub(super) fn check_interval(file: &File, instruction: &Instruction, name: &str, issues: &mut Vec<Issue>) {
    let Some(flag) = instruction.flags.iter().find(|flag| file.flag_name(flag) == name) else { return };
    let Some(value) = file.flag_value(flag).filter(|value| !value.is_empty()) else { return };
    let span = flag.value.map_or(flag.word.span, |value| value.span);
    match parse_duration(value) {
        Ok(0) => {}
        Ok(duration) if duration < 1_000_000 => {
            let message = format!("Interval {} cannot be less than 1ms", go_quote(name));
            issues.push(Issue::new(span, message));
        }
        Ok(_) => {}
        Err(message) => {
            issues.push(Issue::new(span, message).help("write a number with a unit, such as `30s` or `1m30s`"));
        }
    }
}

/// `--retries`.
pub(super) fn check_retries(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    let Some(flag) = instruction.flags.iter().find(|flag| file.flag_name(flag) == "retries") else { return };
    let Some(value) = file.flag_value(flag).filter(|value| !value.is_empty()) else { return };
    let span = flag.value.map_or(flag.word.span, |value| value.span);
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("strconv.ParseInt: parsing {}: invalid syntax", go_quote(value));
        issues.push(Issue::new(span, message));
        return;
    }
    match value.parse::<i32>() {
        Ok(number) if number < 0 => issues.push(Issue::new(span, format!("--retries cannot be negative ({number})"))),
        Ok(_) => {}
        Err(_) => {
            let message = format!("strconv.ParseInt: parsing {}: value out of range", go_quote(value));
            issues.push(Issue::new(span, message));
        }
    }
}

/// Go's `time.ParseDuration`, in nanoseconds.
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let is_negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = leading_int(rest).ok_or_else(invalid)?;
        let mut has_digits = after.len() != rest.len();
        rest = after;
        let (mut fraction, mut scale) = (0, 1.0);
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            (fraction, scale) = leading_fraction(&after[..digits]);
            has_digits |= digits > 0;
            rest = &after[digits..];
        }
        if !has_digits {
            return Err(invalid());
        }
        let unit_len = rest.bytes().take_while(|&byte| byte != b'.' && !byte.is_ascii_digit()).count();
        if unit_len == 0 {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let name = &rest[..unit_len];
        let Some(&(_, unit)) = UNITS.iter().find(|(known, _)| *known == name) else {
            return Err(format!("time: unknown unit {} in duration {}", quote(name), quote(text)));
        };
        rest = &rest[unit_len..];
        total = add(total, whole, fraction, scale, unit).ok_or_else(invalid)?;
    }
    if is_negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

#[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "Go computes the fraction so")]
fn add(total: u64, whole: u64, fraction: u64, scale: f64, unit: u64) -> Option<u64> {
    if whole > LIMIT / unit {
        return None;
    }
    let mut value = whole * unit;
    if fraction > 0 {
        value += (fraction as f64 * (unit as f64 / scale)) as u64;
    }
    let sum = total.checked_add(value)?;
    (value <= LIMIT && sum <= LIMIT).then_some(sum)
}

/// The digits at the start; `None` when they are too many, or when neither digit nor point begins the text.
fn leading_int(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 && !text.starts_with('.') {
        return None;
    }
    let mut number: u64 = 0;
    for byte in text[..digits].bytes() {
        if number > LIMIT / 10 {
            return None;
        }
        number = number * 10 + u64::from(byte - b'0');
        if number > LIMIT {
            return None;
        }
    }
    Some((number, &text[digits..]))
}

/// Digits behind the point and the power of ten that divides them; those beyond the precision are dropped.
fn leading_fraction(digits: &str) -> (u64, f64) {
    let (mut number, mut scale) = (0_u64, 1.0);
    for byte in digits.bytes() {
        if number > (LIMIT - 1) / 10 {
            break;
        }
        let next = number * 10 + u64::from(byte - b'0');
        if next > LIMIT {
            break;
        }
        number = next;
        scale *= 10.0;
    }
    (number, scale)
}

/// Quotes of Go's time package: bytes beyond printable ASCII in hexadecimal.
fn quote(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => out.push(char::from(byte)),
            _ => {
                // Writing to a String can't fail.
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<i64, &str>) {
        assert_eq!(parse_duration(text), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn durations_are_gos() {
        check("0", Ok(0));
        check("1m30s", Ok(90_000_000_000));
        check("-1.5h", Ok(-5_400_000_000_000));
        check(".5ms1us", Ok(501_000));
        check("1.s", Ok(1_000_000_000));
        check("9223372036854775807ns", Ok(i64::MAX));
        check("-9223372036854775808ns", Ok(i64::MIN));
    }

    #[test]
    fn messages_are_gos() {
        check("30", Err("time: missing unit in duration \"30\""));
        check("1d", Err("time: unknown unit \"d\" in duration \"1d\""));
        check("$X", Err("time: invalid duration \"$X\""));
        check("", Err("time: invalid duration \"\""));
        check(".s", Err("time: invalid duration \".s\""));
        check("9223372036854775808ns", Err("time: invalid duration \"9223372036854775808ns\""));
        check("1\u{c3}", Err("time: unknown unit \"\\xc3\\x83\" in duration \"1\\xc3\\x83\""));
    }
}
