//! See `rules/unchecked-command.md`.

use super::Context;
use super::hidden_failure::{may_fail, name_of};
use crate::build::Run;
use crate::finding::{Finding, Findings};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Script, SeparatorKind};
use crate::text::Span;

super::rule!("unchecked-command", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // Heredocs are checked by another rule.
        if run.code.is_exec() || !run.instruction.heredocs.is_empty() {
            continue;
        }
        let script = &run.code.script;
        let Some((index, command)) =
            script.commands.iter().enumerate().find(|(_, command)| is_unchecked(script, command))
        else {
            continue;
        };
        if is_meant(script, index) {
            continue;
        }
        let message = "a failure here goes unnoticed: `;` ignores the exit status";
        let finding = cx
            .finding(run.place(command.span), message)
            .help("add `set -e` at the start, or use `&&` instead of each `;`");
        out.push(edited(&run, finding));
    }
}

/// Whether a command of the script's top-level list is alone before `;`, with a command after it.
fn is_unchecked(script: &Script, command: &Command) -> bool {
    let place = &command.place;
    let is =
        |separator: Option<crate::shell::Separator>, kind| separator.is_some_and(|separator| separator.kind == kind);
    let alone = place.before.is_none_or(|before| matches!(before.kind, SeparatorKind::Semicolon | SeparatorKind::Pipe));
    let ends = place.pipe_index + 1 == place.pipe_len && is(place.after, SeparatorKind::Semicolon);
    let end = script.scopes.first().and_then(|top| top.last_end);
    let last = end.is_none_or(|end| command.span.end >= end);
    let program = Program::of(name_of(command));
    // `cd` has its own rule.
    let sure = program.is(Kind::Succeeds) || program.is(Kind::Deletes) || matches!(name_of(command), "cd" | "pushd");
    place.scope == 0 && alone && ends && !last && !place.negated && !place.options.errexit && !sure && may_fail(command)
}

/// Whether the script ends with a command that sets its status explicitly: `; exit 0`, `; true`.
fn is_meant(script: &Script, index: usize) -> bool {
    let mut rest = script.commands[index + 1..].iter().filter(|command| command.place.scope == 0);
    rest.any(|command| matches!(name_of(command), "exit" | "true" | ":"))
}

/// Adds errexit at the start: replacing a single `;` by `&&` would not cover the commands after the next `;`.
fn edited(run: &Run, finding: Finding) -> Finding {
    let why = "a build that continued after a failure now stops there";
    let start = run.place(Span::new(0, 1)).start;
    finding.unsafe_edit("stop at the first failure", why, Span::at(start), "set -e; ")
}
