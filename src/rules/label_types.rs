//! Labels whose value does not have the type that the settings give them: a rule for each type.

use std::sync::LazyLock;

use regex::Regex;
use spdx::Expression;

use super::Context;
use super::labels::labels;
use crate::finding::Findings;
use crate::inputs::Date;
use crate::settings::LabelType;

super::family! {
    "label-not-email" => |cx, out| check(cx, out, LabelType::Email, "an email address", is_email);
    "label-not-hash" => |cx, out| check(cx, out, LabelType::Hash, "a commit hash", is_hash);
    "label-not-rfc3339" => |cx, out| check(cx, out, LabelType::Rfc3339, "an RFC 3339 timestamp", is_rfc3339);
    "label-not-semver" => |cx, out| check(cx, out, LabelType::Semver, "a semantic version", is_semver);
    "label-not-spdx" => |cx, out| check(cx, out, LabelType::Spdx, "an SPDX license expression", is_spdx);
    "label-not-url" => |cx, out| check(cx, out, LabelType::Url, "an absolute URL", is_url);
}

/// Reports labels whose value does not have the given type.
fn check(cx: &Context, out: &mut Findings, kind: LabelType, what: &str, is: fn(&str) -> bool) {
    let Some(schema) = cx.settings().and_then(|settings| settings.labels.as_ref()) else { return };
    for label in labels(cx) {
        let Some(value) = label.value else { continue };
        if schema.get(&label.name) != Some(&kind) {
            continue;
        }
        if !is(&value) {
            out.push(cx.finding(label.span, format!("the value of label `{}` is not {what}", label.name)));
        }
    }
}

/// `local@domain` of RFC 5322, without a name around it.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |part: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        !part.is_empty() && part.bytes().all(letter)
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let inner = local.get(1..local.len().saturating_sub(1)).unwrap_or_default();
    let is_local = local.split('.').all(is_atom) || (quoted && !inner.contains(['"', '\\']) && inner.is_ascii());
    let is_label = |label: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(letter)
    };
    let literal = domain.starts_with('[') && domain.ends_with(']') && domain.len() > 2;
    is_local && (literal || domain.split('.').all(is_label))
}

/// Seven digits, as git shortens it, or a whole SHA-1 or SHA-256 hash; in lower case as git writes it, since commits
/// are looked up by comparing text.
fn is_hash(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    [7, 40, 64].contains(&text.len()) && text.bytes().all(is_digit)
}

/// `date-time` of RFC 3339, section 5.6; whether the month has that day is checked by `Date`.
static DATE_TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let hour_minute = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
    let time = format!(r"{hour_minute}:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|[+-]{hour_minute})");
    Regex::new(&format!("^([0-9-]+)[Tt]{time}$")).ok()
});

/// `2027-01-31T12:00:00Z`, optionally with a fraction and an offset.
fn is_rfc3339(text: &str) -> bool {
    let Some(parts) = DATE_TIME.as_ref().and_then(|regex| regex.captures(text)) else { return false };
    Date::parse(&parts[1]).is_some()
}

/// Whether the text is a version as Semantic Versioning 2.0.0 defines it.
fn is_semver(text: &str) -> bool {
    semver::Version::parse(text).is_ok()
}

/// An identifier of the SPDX list, or several joined with AND, OR and WITH.
fn is_spdx(text: &str) -> bool {
    Expression::parse(text).is_ok()
}

/// A scheme followed by a rest, in the characters that RFC 3986 allows.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let escapes = rest.split('%').skip(1).all(|rest| rest.as_bytes().get(..2).is_some_and(is_hex));
    is_scheme && rest.bytes().all(allowed) && escapes && rest.matches('#').count() < 2
}

fn is_hex(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_values_are_recognised() {
        for text in ["a@e.example", "a.b+c@localhost", r#""a b"@e.example"#, "a@[127.0.0.1]"] {
            assert!(is_email(text), "{text}");
        }
        for text in ["", "a at e", "A B <a@e.example>", "a@", ".a@b", "a@-b"] {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn hash_values_are_recognised() {
        for text in ["abc1234", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(is_hash(text), "{text}");
        }
        for text in ["", "abc123", "abc123g", "ABC1234", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(!is_hash(text), "{text}");
        }
    }

    #[test]
    fn rfc3339_values_are_recognised() {
        for text in [
            "2024-06-01T10:00:00Z",
            "2024-06-01T10:00:00.25+02:00",
            "2024-06-01t10:00:00z",
            "9999-12-31T23:59:60.1234567890Z",
        ] {
            assert!(is_rfc3339(text), "{text}");
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
            assert!(!is_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn semver_values_are_recognised() {
        for text in ["1.2.3", "1.0.0-rc.1+b-2", "1.0.0--"] {
            assert!(is_semver(text), "{text}");
        }
        for text in ["", "v1.2.3", "1.2", "1.2.3-", "1.2.3+a..b", "01.2.3", "1.2.3-01"] {
            assert!(!is_semver(text), "{text}");
        }
    }

    #[test]
    fn spdx_values_are_recognised() {
        for text in ["MIT", "Apache-2.0", "GPL-3.0-only", "MIT OR Apache-2.0", "LicenseRef-own"] {
            assert!(is_spdx(text), "{text}");
        }
        for text in ["", "apache2", "Proprietary"] {
            assert!(!is_spdx(text), "{text}");
        }
    }

    #[test]
    fn url_values_are_recognised() {
        for text in ["https://e.example", "urn:a:b", "mailto:a@b", "http://[::1]:80/a%20b?c#d"] {
            assert!(is_url(text), "{text}");
        }
        for text in ["", "e.example", "not a url", "https://a b", "https://a/%2", "1a:b"] {
            assert!(!is_url(text), "{text}");
        }
    }
}
