//! See `rules/label-not-rfc3339.md`.

use std::sync::LazyLock;

use regex::Regex;

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::inputs::Date;
use crate::settings::LabelType;

super::rule!("label-not-rfc3339", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Rfc3339, "a time of RFC 3339", is_rfc3339);
}

/// `date-time` of RFC 3339, section 5.6; whether the month has that day is left to the calendar.
static DATE_TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let hour_minute = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
    let time = format!(r"{hour_minute}:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|[+-]{hour_minute})");
    Regex::new(&format!("^([0-9-]+)[Tt]{time}$")).ok()
});

/// `2027-01-31T12:00:00Z`, with a fraction and an offset where one is.
fn is_rfc3339(text: &str) -> bool {
    let Some(parts) = DATE_TIME.as_ref().and_then(|regex| regex.captures(text)) else { return false };
    Date::parse(&parts[1]).is_some()
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in [
            "2024-06-01T10:00:00Z",
            "2024-06-01T10:00:00.25+02:00",
            "2024-06-01t10:00:00z",
            "9999-12-31T23:59:60.1234567890Z",
        ] {
            assert!(super::is_rfc3339(text), "{text}");
        }
        for text in [
            "",
            "2024-06-01",
            "2024-06-01 10:00:00Z",
            "2024-02-30T10:00:00Z",
            "2024-06-01T25:00:00Z",
            "2024-06-01T10:00:00",
            "2024-06-01T10:00:00.Z",
            "2024-06-01Té:00:00Z",
            "2024-06-01T10:00Z",
            "2024-06-01T10:00:00,5Z",
            "2024-06-01T10:00:00+02",
            "2024-06-01T10:00:00+0200",
            "2024-06-01T10:00:00+24:00",
            "2024-06-01T10:00:00+02:00[Europe/Berlin]",
            "20240601T100000Z",
            "+002024-06-01T10:00:00Z",
            "2024-06-01T10:00:00Z\n",
        ] {
            assert!(!super::is_rfc3339(text), "{text}");
        }
    }
}
