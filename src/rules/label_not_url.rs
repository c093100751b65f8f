//! See `rules/label-not-url.md`.

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::settings::LabelType;

super::rule!("label-not-url", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Url, "an absolute URL", is_url);
}

/// A scheme and something behind it, in the letters of RFC 3986.
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
    #[test]
    fn values_are_told_apart() {
        for text in ["https://e.example", "urn:a:b", "mailto:a@b", "http://[::1]:80/a%20b?c#d"] {
            assert!(super::is_url(text), "{text}");
        }
        for text in ["", "e.example", "not a url", "https://a b", "https://a/%2", "1a:b"] {
            assert!(!super::is_url(text), "{text}");
        }
    }
}
