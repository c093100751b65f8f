//! See `rules/inline-suppression.md`.

use super::Context;
use crate::finding::{Findings, Form};

super::rule!("inline-suppression", check);

fn check(cx: &Context, out: &mut Findings) {
    for judged in cx.suppressions() {
        let suppression = &judged.suppression;
        if !matches!(suppression.form, Form::Dockopt | Form::Hadolint) {
            continue;
        }
        let help = "suppress it in the settings instead: `[[ignore]]` in dockopt.toml";
        let finding =
            cx.suppression_finding(suppression, suppression.span, "this comment suppresses findings").help(help);
        let foreign = suppression.form == Form::Hadolint;
        out.push(if foreign { finding } else { finding.without("DL1001") });
    }
}
