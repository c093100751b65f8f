//! See `rules/label-not-rfc3339.md`.

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::inputs::Date;
use crate::settings::LabelType;

super::rule!("label-not-rfc3339", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Rfc3339, "a time of RFC 3339", is_rfc3339);
}

/// `2027-01-31T12:00:00Z`, with a fraction and an offset where one is.
fn is_rfc3339(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let clock = time.get(..8).filter(|clock| is_clock(clock, &[24, 60, 61]));
    let Some(rest) = clock.and_then(|_| time.get(8..)) else { return false };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            fraction.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        Some(_) => return false,
        None => rest,
    };
    let is_offset = rest.strip_prefix(['+', '-']).is_some_and(|offset| is_clock(offset, &[24, 60]));
    Date::parse(date).is_some() && (rest.eq_ignore_ascii_case("z") || is_offset)
}

/// Two digits for each bound, below it, with colons in between.
fn is_clock(text: &str, bounds: &[u8]) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let is = |(part, bound): (&&str, &u8)| {
        part.len() == 2
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u8>().is_ok_and(|number| number < *bound)
    };
    parts.len() == bounds.len() && parts.iter().zip(bounds).all(is)
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in ["2024-06-01T10:00:00Z", "2024-06-01T10:00:00.25+02:00", "2024-06-01t10:00:00z"] {
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
        ] {
            assert!(!super::is_rfc3339(text), "{text}");
        }
    }
}
