//! See `rules/cd-unchecked.md`.

use super::Context;
use super::runs;
use crate::finding::Findings;
use crate::shell::{Invocation, ScopeKind, SeparatorKind};

super::rule!("cd-unchecked", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in runs::all(cx).filter(|run| !run.code.is_exec()) {
        for one in run.invocations().iter().filter(|one| matches!(one.program, Some("cd" | "pushd"))) {
            // A string for another shell is left alone; a heredoc is the RUN's own script.
            let own = std::ptr::eq(one.script, &raw const run.code.script) || !run.instruction.heredocs.is_empty();
            if !own || !is_open(one) {
                continue;
            }
            let name = one.program.unwrap_or_default();
            let finding = cx
                .finding(run.place(one.span), format!("what follows runs in the wrong folder when this {name} fails"))
                .help(format!("`{name} … || exit 1`, `&&` behind it, or `set -e`"));
            let text = &run.code.text().unwrap_or_default().get(one.command.span.range()).unwrap_or_default();
            let why = "a build that went on in the wrong folder ends there then";
            let plain = one.command.span.end == one.span.end;
            out.push(
                match run.behind(one.command.span, text, "|| exit 1").filter(|_| plain && text.starts_with(name)) {
                    Some((at, text)) => finding.unsafe_edit("end where it fails", why, at, text),
                    None => finding,
                },
            );
        }
    }
}

fn is_open(one: &Invocation) -> bool {
    let place = &one.command.place;
    let checked = place.after.is_some_and(|after| matches!(after.kind, SeparatorKind::And | SeparatorKind::Or));
    let asked = one.script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition);
    // There is a folder above, and the root.
    let sure = match one.args {
        [] => true,
        [word] => word.value().is_some_and(|text| text.bytes().all(|byte| matches!(byte, b'.' | b'/'))),
        _ => false,
    };
    // Behind `&&` and at the end, its status is that of the list.
    let ends = place.after.is_none() && place.before.is_some();
    !checked && !asked && !sure && !ends && !place.options.errexit
}
