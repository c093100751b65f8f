//! Rules about LABEL.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use spdx::Expression;

use crate::build::{EdgeKind, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::inputs::Date;
use crate::rules::Context;
use crate::rules::shared::script_end;
use crate::settings::{LabelType, closest};
use crate::text::Span;

crate::rules::family! {
    "label-empty" => label_empty;
    "label-missing" => label_missing;
    "label-unknown" => label_unknown;
    "label-not-email" => |cx, out| check_type(cx, out, LabelType::Email, "an email address", is_email);
    "label-not-hash" => |cx, out| check_type(cx, out, LabelType::Hash, "a commit hash", is_hash);
    "label-not-rfc3339" => |cx, out| check_type(cx, out, LabelType::Rfc3339, "an RFC 3339 timestamp", is_rfc3339);
    "label-not-semver" => |cx, out| check_type(cx, out, LabelType::Semver, "a semantic version", is_semver);
    "label-not-spdx" => |cx, out| check_type(cx, out, LabelType::Spdx, "an SPDX license expression", is_spdx);
    "label-not-url" => |cx, out| check_type(cx, out, LabelType::Url, "an absolute URL", is_url);
    "invalid-label-key" => invalid_label_key;
    "duplicate-label" => duplicate_label;
    "scattered-labels" => scattered_labels;
}

/// A label that an instruction sets.
pub(in crate::rules) struct Label {
    /// Its name.
    pub name: String,
    /// Its value; `None` if it contains a variable.
    pub value: Option<String>,
    /// Name and value.
    pub span: Span,
}

/// The labels of all stages, in the order of the file.
pub(in crate::rules) fn labels(cx: &Context) -> Vec<Label> {
    let build = cx.build();
    let file = &build.input().file;
    let mut labels = Vec::new();
    for (stage, index, instruction) in build.all_of(Keyword::Label) {
        let known = |text: &str| {
            let plain = !text.contains('$');
            plain.then(|| build.scopes().expand(stage.index, index, text)).flatten()
        };
        for pair in file.variables(instruction) {
            let name = known(&pair.name.text).unwrap_or_else(|| pair.name.text.clone().into_owned());
            labels.push(Label { name, value: known(&pair.value.text), span: pair.span });
        }
    }
    labels
}

fn label_empty(cx: &Context, out: &mut Findings) {
    let Some(schema) = cx.settings().and_then(|settings| settings.labels.as_ref()) else { return };
    for label in labels(cx) {
        if schema.contains_key(&label.name) && label.value.is_some_and(|value| value.is_empty()) {
            out.push(cx.finding(label.span, format!("label `{}` is empty", label.name)));
        }
    }
}

fn label_missing(cx: &Context, out: &mut Findings) {
    let Some(schema) = cx.settings().and_then(|settings| settings.labels.as_ref()) else { return };
    let build = cx.build();
    if build.is_fragment() {
        return;
    }
    let set = labels(cx);
    for label in schema.keys() {
        let places: Vec<u32> =
            set.iter().filter(|label_use| label_use.name == *label).map(|set| set.span.start).collect();
        // The stages that set the label themselves, by the positions of their instructions.
        let has: Vec<bool> = build
            .stages()
            .iter()
            .map(|stage| {
                let mut spans = build.instructions(stage).map(|(_, instruction)| instruction.span);
                spans.any(|span| places.iter().any(|at| (span.start..span.end).contains(at)))
            })
            .collect();
        let in_chain = |index: usize| build.chain(&build.stages()[index]).any(|below| has[below.index]);
        // Stages that a labelled stage is based on, or that are only copied from, are not images themselves.
        let mut silent = vec![false; has.len()];
        for stage in build.stages().iter().filter(|stage| has[stage.index]) {
            build.chain(stage).for_each(|below| silent[below.index] = true);
        }
        for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
            if let StageBase::Stage(index) = edge.to {
                silent[index] = true;
            }
        }
        for stage in build.stages().iter().filter(|stage| !silent[stage.index] && !in_chain(stage.index)) {
            out.push(cx.finding(stage.base_span, format!("label `{label}` is missing")));
        }
    }
}

fn label_unknown(cx: &Context, out: &mut Findings) {
    let Some(settings) = cx.settings().filter(|settings| settings.strict_labels) else { return };
    let known: Vec<&str> = settings.labels.iter().flatten().map(|(label, _)| label.as_str()).collect();
    for label in labels(cx).into_iter().filter(|label| !known.contains(&label.name.as_str())) {
        let mut finding = cx.finding(label.span, format!("label `{}` is not in the schema", label.name));
        finding.help = closest(&label.name, &known).map(|close| format!("did you mean `{close}`?"));
        out.push(finding);
    }
}

/// Reports labels whose value does not have the given type.
fn check_type(cx: &Context, out: &mut Findings, kind: LabelType, what: &str, is: fn(&str) -> bool) {
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

/// Prefixes that are reserved for Docker.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

fn invalid_label_key(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for instruction in file.instructions() {
        let label = file.trigger(instruction).unwrap_or(instruction);
        if label.keyword != Keyword::Label {
            continue;
        }
        for pair in file.variables(label) {
            let key = pair.name.text.trim_matches(['"', '\'']);
            // The value of a variable is known only during the build.
            if key.contains('$') {
                continue;
            }
            let Some(why) = describe_mistake(key) else { continue };
            let finding = cx.finding(pair.name.span, format!("invalid label key `{key}`: {why}"));
            out.push(
                finding
                    .help("use lower-case letters, digits and single `.`, `-`, `_`, `/`, as in `org.example.some-key`"),
            );
        }
    }
}

fn describe_mistake(key: &str) -> Option<&'static str> {
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if RESERVED.iter().any(|prefix| key.starts_with(prefix)) {
        return Some("this prefix is reserved for Docker");
    }
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it must start with a lower-case letter");
    }
    if !key.ends_with(end) {
        return Some("it must end with a lower-case letter or a digit");
    }
    if !key.chars().all(|c| end(c) || matches!(c, '.' | '-' | '_' | '/')) {
        return Some("only a-z, 0-9, `.`, `-`, `_` and `/` are allowed");
    }
    (key.contains("..") || key.contains("--")).then_some("separators must not be repeated")
}

fn duplicate_label(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let mut later: HashMap<String, Span> = HashMap::new();
        let labels: Vec<_> = cx.build().instructions_of(stage, Keyword::Label).collect();
        for (index, instruction) in labels.into_iter().rev() {
            let pairs = file.variables(instruction);
            for pair in pairs.iter().rev() {
                let Some(key) = cx.build().expand(stage, index, &pair.name.text) else { continue };
                let Some(next) = later.insert(key.clone(), pair.span) else { continue };
                let message = format!("this value of `{key}` is overwritten in line {}", cx.source().line(next.start));
                let finding = cx.finding(pair.span, message).help("keep one of them").label(next, "set again");
                let lines = if pairs.len() == 1 { script_end::removable_lines(file, instruction) } else { None };
                out.push(match lines {
                    Some(lines) => finding.safe_edit("remove it", lines, ""),
                    None => finding,
                });
            }
        }
    }
}

fn scattered_labels(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let all: Vec<_> = build.instructions(stage).map(|(_, instruction)| instruction).collect();
        for pair in all.windows(2) {
            let [first, next] = pair else { continue };
            if first.keyword == Keyword::Label && next.keyword == Keyword::Label {
                let finding = cx.finding(next.head, "this LABEL could be part of the one above");
                out.push(finding.help("write all pairs in one LABEL, one per line"));
            }
        }
    }
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
