//! See `rules/label-not-email.md`.

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::settings::LabelType;

super::rule!("label-not-email", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Email, "an email address", is_email);
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

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in ["a@e.example", "a.b+c@localhost", r#""a b"@e.example"#, "a@[127.0.0.1]"] {
            assert!(super::is_email(text), "{text}");
        }
        for text in ["", "a at e", "A B <a@e.example>", "a@", ".a@b", "a@-b"] {
            assert!(!super::is_email(text), "{text}");
        }
    }
}
