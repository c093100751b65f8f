//! See `rules/label-not-hash.md`.

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::settings::LabelType;

super::rule!("label-not-hash", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Hash, "a commit's hash", is_hash);
}

/// Seven digits as git shortens it, or all of SHA-1 or SHA-256.
fn is_hash(text: &str) -> bool {
    [7, 40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in ["abc1234", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ABC1234"] {
            assert!(super::is_hash(text), "{text}");
        }
        for text in ["", "abc123", "abc123g"] {
            assert!(!super::is_hash(text), "{text}");
        }
    }
}
