//! See `rules/label-not-semver.md`.

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::settings::LabelType;

super::rule!("label-not-semver", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Semver, "a semantic version", is_semver);
}

/// Whether the text is a version as Semantic Versioning 2.0.0 defines it.
fn is_semver(text: &str) -> bool {
    semver::Version::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in ["1.2.3", "1.0.0-rc.1+b-2", "1.0.0--"] {
            assert!(super::is_semver(text), "{text}");
        }
        for text in ["", "v1.2.3", "1.2", "1.2.3-", "1.2.3+a..b", "01.2.3", "1.2.3-01"] {
            assert!(!super::is_semver(text), "{text}");
        }
    }
}
