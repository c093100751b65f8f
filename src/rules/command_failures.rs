//! Rules about commands whose failure the build does not see.

use super::hidden_failure::{may_fail, name_of, scripts};
use super::{Context, line_edits};
use crate::build::Run;
use crate::finding::{Finding, Findings};
use crate::shell::{Command, ScopeKind, Script, SeparatorKind, program::Kind, program::Program};
use crate::text::Span;

super::family! {
    "ineffective-negation" => ineffective_negation;
    "unchecked-command" => unchecked_command;
    "heredoc-without-errexit" => heredoc_without_errexit;
}

fn ineffective_negation(cx: &Context, out: &mut Findings) {
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
                out.push(
                    finding.when(plain, |finding| finding.unsafe_edit("stop when it fails", why, at, " || exit 1")),
                );
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

fn unchecked_command(cx: &Context, out: &mut Findings) {
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
        out.push(with_check(&run, finding));
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
fn with_check(run: &Run, finding: Finding) -> Finding {
    let why = "a build that continued after a failure now stops there";
    let start = run.place(Span::new(0, 1)).start;
    finding.unsafe_edit("stop at the first failure", why, Span::at(start), "set -e; ")
}

fn heredoc_without_errexit(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        if run.instruction.heredocs.is_empty() || run.code.is_exec() {
            continue;
        }
        let (script, start) = match run.code.script.nested.first() {
            // `RUN <<EOF bash`: the script is the input of a shell.
            Some((at, nested)) if reads_heredoc(&run, *at) => (nested, None),
            _ if is_body(&run) => (&run.code.script, Some(0)),
            _ => continue,
        };
        let Some(span) = first_hidden_failure(script) else { continue };
        let finding = cx
            .finding(
                run.place(span),
                "a failure here goes unnoticed: only the last command of the heredoc sets the exit code",
            )
            .help("add `set -e` as the first line");
        out.push(with_errexit(&run, start, finding));
    }
}

/// Whether the script is the text of the heredoc.
fn is_body(run: &Run) -> bool {
    let [heredoc] = run.instruction.heredocs.as_slice() else { return false };
    let Some(first) = run.code.script.commands.first() else { return false };
    heredoc.body.contains(run.place(first.span))
}

fn reads_heredoc(run: &Run, command: u32) -> bool {
    let command = run.code.script.commands.get(command as usize);
    command.is_some_and(|command| command.redirects.iter().any(|redirect| redirect.body.is_some()))
}

/// The first command whose failure is ignored.
fn first_hidden_failure(script: &Script) -> Option<Span> {
    let unseen = |command: &&Command| {
        let next = command
            .place
            .after
            .is_some_and(|after| matches!(after.kind, SeparatorKind::Newline | SeparatorKind::Semicolon));
        let name = command.name().and_then(|name| name.value());
        // It must not be the last command.
        let last = script.scopes.first().and_then(|top| top.last_end).is_some_and(|end| command.span.end >= end);
        // `cat > FILE <<X` writes what it is given.
        let writes = name == Some("cat") && command.redirects.iter().any(|redirect| redirect.body.is_some());
        let sure = command.words.is_empty() || writes || name.is_some_and(|name| Program::of(name).is(Kind::Succeeds));
        command.place.scope == 0 && next && !last && !sure && !command.place.options.errexit
    };
    script.commands.iter().find(unseen).map(|command| command.span)
}

fn with_errexit(run: &Run, start: Option<u32>, finding: Finding) -> Finding {
    let [heredoc] = run.instruction.heredocs.as_slice() else { return finding };
    let source = run.file().source();
    let body = source.slice(heredoc.body);
    if start.is_none() && !run.code.script.nested.iter().any(|(_, nested)| !nested.commands.is_empty()) {
        return finding;
    }
    // After a `#!` line, which must stay the first one.
    let shebang = body.trim_start_matches('\t').starts_with("#!");
    let skipped = if shebang { body.find('\n').map_or(body.len(), |end| end + 1) } else { 0 };
    let rest = &body[skipped..];
    let indent = if heredoc.chomp { &rest[..rest.len() - rest.trim_start_matches('\t').len()] } else { "" };
    let newline = line_edits::line_end(source);
    let at = heredoc.body.start + skipped as u32;
    let why = "a build that continued after a failure now fails";
    finding.unsafe_edit("stop at the first failure", why, Span::at(at), format!("{indent}set -e{newline}"))
}
