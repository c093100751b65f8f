//! See `rules/label-not-semver.md`.

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::settings::LabelType;

super::rule!("label-not-semver", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Semver, "a semantic version", is_semver);
}

/// Three numbers, then perhaps `-` with a pre-release and `+` with a build.
fn is_semver(text: &str) -> bool {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let are_words = |part: Option<&str>| part.is_none_or(|part| part.split('.').all(is_word));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    core.split('.').count() == 3 && core.split('.').all(is_number) && are_words(pre) && are_words(build)
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in ["1.2.3", "01.2.3", "1.0.0-rc.1+b-2"] {
            assert!(super::is_semver(text), "{text}");
        }
        for text in ["", "v1.2.3", "1.2", "1.2.3-", "1.2.3+a..b"] {
            assert!(!super::is_semver(text), "{text}");
        }
    }
}
