//! See `rules/label-not-spdx.md`.

use spdx::Expression;

use super::Context;
use super::labels::check_type;
use crate::finding::Findings;
use crate::settings::LabelType;

super::rule!("label-not-spdx", check);

fn check(cx: &Context, out: &mut Findings) {
    check_type(cx, out, LabelType::Spdx, "an SPDX license expression", is_spdx);
}

/// One identifier of the SPDX list, or several joined with AND, OR and WITH.
fn is_spdx(text: &str) -> bool {
    Expression::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_told_apart() {
        for text in ["MIT", "Apache-2.0", "GPL-3.0-only", "MIT OR Apache-2.0", "LicenseRef-own"] {
            assert!(super::is_spdx(text), "{text}");
        }
        for text in ["", "apache2", "Proprietary"] {
            assert!(!super::is_spdx(text), "{text}");
        }
    }
}
