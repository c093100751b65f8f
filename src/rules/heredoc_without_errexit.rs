//! See `rules/heredoc-without-errexit.md`.

use super::{Context, line_edits};
use crate::build::Run;
use crate::finding::{Finding, Findings};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Script, SeparatorKind};
use crate::text::Span;

super::rule!("heredoc-without-errexit", check);

fn check(cx: &Context, out: &mut Findings) {
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
        out.push(edited(&run, start, finding));
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

fn edited(run: &Run, start: Option<u32>, finding: Finding) -> Finding {
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
