//! See `rules/ineffective-negation.md`.

use super::Context;
use super::hidden_failure::scripts;
use crate::finding::Findings;
use crate::shell::{Command, ScopeKind, Script, SeparatorKind};
use crate::text::Span;

super::rule!("ineffective-negation", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for script in scripts(&run) {
            for command in script.commands.iter().filter(|command| is_ineffective(script, command)) {
                let is_own_script = std::ptr::eq(script, &raw const run.code.script) && !run.code.is_exec();
                let message = "`set -e` ignores the status of a command after `!`, so the RUN continues in any case";
                let finding = cx.finding(run.place(command.span), message);
                let finding = finding.help("write `! command || exit 1`, or `if command; then exit 1; fi`");
                let why = "a build that continued after the failure now stops there";
                let at = run.place(Span::at(command.span.end));
                let plain = is_own_script && command.redirects.iter().all(|redirect| redirect.body.is_none());
                out.push(if plain {
                    finding.unsafe_edit("stop when it fails", why, at, " || exit 1")
                } else {
                    finding
                });
            }
        }
    }
}

/// Whether a command ends a pipeline after `!` whose status only errexit would check.
fn is_ineffective(script: &Script, command: &Command) -> bool {
    let place = &command.place;
    let ends = place.pipe_index + 1 == place.pipe_len;
    let closed = |kind| matches!(kind, SeparatorKind::Semicolon | SeparatorKind::Newline);
    let alone = place.after.is_some_and(|after| closed(after.kind));
    let in_order = script.enclosing(place).all(|scope| {
        matches!(
            scope.kind,
            ScopeKind::Top | ScopeKind::Group | ScopeKind::Subshell | ScopeKind::Branch | ScopeKind::Loop
        )
    });
    // The status of the last element is the status of the list.
    let end = script.scopes.get(place.scope as usize).and_then(|scope| scope.last_end);
    let last = end.is_none_or(|end| command.span.end >= end);
    place.negated && place.options.errexit && ends && alone && in_order && !last && !script.is_before_or(command.span)
}
