//! What a scalar means: types as go-yaml v3 resolves them (`resolve.go`), which Compose and most tools of that world
//! read by: YAML 1.2's truth values, YAML 1.1's octal and binary numbers and dates.

use std::borrow::Cow;

use super::tree::{NodeKind, Style, YamlNode};

/// The start of the tags that YAML defines.
const PREFIX: &str = "tag:yaml.org,2002:";

/// A scalar's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'t> {
    /// `null`, `~`, nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number above `i64`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A date, or a date with a time.
    Time(&'t str),
    /// A text.
    Text(Cow<'t, str>),
}

impl Scalar<'_> {
    /// The name of its type in tags.
    fn tag(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Integer(_) | Self::Unsigned(_) => "int",
            Self::Float(_) => "float",
            Self::Time(_) => "timestamp",
            Self::Text(_) => "str",
        }
    }
}

impl<'t> YamlNode<'t> {
    /// The value of a scalar; an alias is followed. `None` of anything else.
    ///
    /// # Errors
    /// In words where a tag asks for a type that the text is not of.
    #[allow(clippy::cast_precision_loss)] // As go-yaml casts it.
    pub fn scalar(self) -> Result<Option<Scalar<'t>>, String> {
        let Some(NodeKind::Scalar(style)) = self.kind() else { return Ok(None) };
        let text = self.text().unwrap_or_default();
        // `!` alone says nothing.
        let Some(tag) = self.tag().filter(|tag| *tag != "!") else {
            return Ok(Some(if style == Style::Plain { resolved(text) } else { Scalar::Text(text.into()) }));
        };
        let scalar = match tag.strip_prefix(PREFIX) {
            Some("str") | None => Scalar::Text(text.into()),
            Some("binary") => Scalar::Text(binary(text)?.into()),
            Some(tag) => {
                let scalar = if matches!(tag, "bool" | "int" | "float" | "null" | "timestamp") {
                    resolved(text)
                } else {
                    return Ok(Some(Scalar::Text(text.into())));
                };
                match (tag, &scalar) {
                    ("float", Scalar::Integer(value)) => Scalar::Float(*value as f64),
                    _ if scalar.tag() == tag => scalar,
                    _ => return Err(format!("`{text}` is no {tag}, which its tag `!!{tag}` says")),
                }
            }
        };
        Ok(Some(scalar))
    }

    /// Whether it is the merge key: `<<` without quotes, alone or with the tag `!!merge`.
    pub fn is_merge(self) -> bool {
        self.kind() == Some(NodeKind::Scalar(Style::Plain))
            && self.text() == Some("<<")
            && self.tag().is_none_or(|tag| tag.strip_prefix(PREFIX) == Some("merge"))
    }
}

fn binary(text: &str) -> Result<String, String> {
    use base64::Engine;
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact);
    let bytes = bytes.map_err(|_| "its tag is `!!binary`, but it is not in base64".to_owned())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text without quotes and tag.
fn resolved(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' => float(text).map_or(Scalar::Text(text.into()), Scalar::Float),
        b'0'..=b'9' | b'+' | b'-' => number(text).unwrap_or(Scalar::Text(text.into())),
        _ => Scalar::Text(text.into()),
    }
}

fn number(text: &str) -> Option<Scalar<'_>> {
    if is_time(text) {
        return Some(Scalar::Time(text));
    }
    let plain = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(value) = integer(&plain) {
        return i64::try_from(value)
            .map(Scalar::Integer)
            .ok()
            .or_else(|| u64::try_from(value).map(Scalar::Unsigned).ok());
    }
    float(&plain).map(Scalar::Float)
}

/// A whole number: decimal, or behind `0x`, `0o`, `0b` or `0`.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    // A sign is for 64 bits with a sign only.
    let signed = text.starts_with(['-', '+']);
    let fits = i64::try_from(value).is_ok() || (!signed && u64::try_from(value).is_ok());
    fits.then_some(value)
}

/// A number with a point or an exponent, as YAML writes it.
fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let exponent_fits = exponent.is_none_or(|text| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && is_digits(digits)
    });
    if !(has_digits && is_digits(whole) && is_digits(fraction) && exponent_fits) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Whether it is a valid date, alone or followed by a time.
fn is_time(text: &str) -> bool {
    let Some((date, time)) = text
        .find(['T', 't', ' '])
        .map_or(Some((text, None)), |at| Some((&text[..at], Some((text.as_bytes()[at], &text[at + 1..])))))
    else {
        return false;
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let number = |text: &str, width: usize| {
        let fits = !text.is_empty() && text.len() <= width && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i16>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) =
        (number(year, 4).filter(|_| year.len() == 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let date = i8::try_from(month).ok().zip(i8::try_from(day).ok());
    if date.and_then(|(month, day)| jiff::civil::Date::new(year, month, day).ok()).is_none() {
        return false;
    }
    let Some((separator, time)) = time else { return true };
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], Some(&time[at..])),
        None => (time, None),
    };
    let mut parts = time.split(':');
    let (Some(hour), Some(minute), Some(second), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (second, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
    let is_clock = number(hour, 2).is_some_and(|hour| hour < 24)
        && number(minute, 2).is_some_and(|minute| minute < 60)
        && number(second, 2).is_some_and(|second| second < 60)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let zone_fits = match (separator, zone) {
        (b' ', zone) => zone.is_none(),
        (_, Some("Z")) => true,
        (_, Some(zone)) => zone[1..].split_once(':').is_some_and(|(hours, minutes)| {
            hours.len() == 2 && minutes.len() == 2 && number(hours, 2).is_some() && number(minutes, 2).is_some()
        }),
        (_, None) => false,
    };
    is_clock && zone_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_what_go_yaml_makes_of_them() {
        let text = |text: &'static str| Scalar::Text(text.into());
        for (written, expected) in [
            ("~", Scalar::Null),
            ("yes", text("yes")),
            ("True", Scalar::Bool(true)),
            ("0777", Scalar::Integer(511)),
            ("0o17", Scalar::Integer(15)),
            ("0x1F", Scalar::Integer(31)),
            ("-0b11", Scalar::Integer(-3)),
            ("1_000", Scalar::Integer(1000)),
            ("08", Scalar::Float(8.0)),
            ("18446744073709551615", Scalar::Unsigned(u64::MAX)),
            ("18446744073709551616", Scalar::Float(18_446_744_073_709_551_616.0)),
            ("1e3", Scalar::Float(1000.0)),
            (".5", Scalar::Float(0.5)),
            (".", text(".")),
            ("1.2.3", text("1.2.3")),
            ("22:22", text("22:22")),
            ("1e400", text("1e400")),
            ("2001-12-14", Scalar::Time("2001-12-14")),
            ("2001-13-14", text("2001-13-14")),
            ("2001-1-4 1:2:3.5", Scalar::Time("2001-1-4 1:2:3.5")),
            ("2001-12-14T21:59:43Z", Scalar::Time("2001-12-14T21:59:43Z")),
            ("-", text("-")),
        ] {
            assert_eq!(resolved(written), expected, "{written}");
        }
    }

    #[test]
    fn tags_decide() {
        let of = |text: &str| {
            let tree = crate::yaml::read(text);
            tree.root().unwrap().scalar().map(|scalar| format!("{:?}", scalar.unwrap()))
        };
        assert_eq!(of("!!str 5").unwrap(), "Text(\"5\")");
        assert_eq!(of("!!int '7'").unwrap(), "Integer(7)");
        assert_eq!(of("!own 7").unwrap(), "Text(\"7\")");
        assert_eq!(of("!!binary aGk=").unwrap(), "Text(\"hi\")");
        assert_eq!(of("! 7").unwrap(), "Integer(7)");
        assert_eq!(of("'7'").unwrap(), "Text(\"7\")");
        assert!(of("!!int x").is_err());
    }
}
