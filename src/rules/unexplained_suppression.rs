//! See `rules/unexplained-suppression.md`.

use super::Context;
use crate::finding::{Findings, Form};

super::rule!("unexplained-suppression", check);

fn check(cx: &Context, out: &mut Findings) {
    if !cx.settings().is_some_and(|settings| settings.require_reason) {
        return;
    }
    for judged in cx.suppressions().iter().filter(|judged| !judged.suppression.reasoned) {
        let help = match judged.suppression.form {
            Form::Dockopt => "add `reason: …` at the end",
            Form::Settings => "add `reason = \"…\"`",
            Form::Tally => "add `;reason=…` at the end",
            _ => "add `# …` at the end",
        };
        out.push(
            cx.suppression_finding(&judged.suppression, judged.suppression.span, "this suppression gives no reason")
                .help(help),
        );
    }
}
