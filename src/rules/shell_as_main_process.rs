//! See `rules/shell-as-main-process.md`.

use super::Context;
use crate::build::{BaseImage, Launch, Presence, Sh, StageBase};
use crate::finding::Findings;
use crate::shell::{Command, Program, Script, SeparatorKind, Word};
use crate::text::{Span, path};

super::rule!("shell-as-main-process", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let StageBase::Image(reference) = build.root_base(stage) else { return };
    // Debian's sh stays the parent of its last command; bash and busybox replace themselves with it.
    if BaseImage::of(reference).presence("bash") != Presence::Has || build.system_shell(stage) != Sh::Dash {
        return;
    }
    let Some(launch) = build.launch(stage).filter(Launch::is_exec) else { return };
    let outer = launch.script();
    let ([shell], [(_, inner)]) = (outer.commands.as_slice(), outer.nested.as_slice()) else { return };
    let is_sh = shell.name().is_some_and(|name| name.is("sh") || name.is("/bin/sh"));
    let Some(last) = last(inner) else { return };
    if !is_sh {
        return;
    }
    let Some(name) = last.name().and_then(Word::value) else { return };
    let program = path::name(name);
    if Program::of(program).needs_no_exec()
        || inner.commands.iter().any(|command| command.name().is_some_and(|name| name.is("trap")))
    {
        return;
    }
    let file = &build.input().file;
    let span = launch.place(file, last.span);
    let message = format!(
        "sh runs as PID 1 and does not forward signals to `{program}`: it is killed instead of being asked to stop"
    );
    let finding = cx.finding(span, message).help("put `exec` before the last command");
    let why = "the program becomes process 1 and receives the signals";
    let start = launch.place(file, last.name().map_or(last.span, |name| name.span)).start;
    out.push(if file.source().slice(span).contains(name) && exact(last, file.source().slice(span)) {
        finding.unsafe_edit("put `exec` before it", why, Span::at(start), "exec ")
    } else {
        finding
    });
}

/// Whether the span in the source covers only the command, not the string that contains it.
fn exact(command: &Command, written: &str) -> bool {
    written.len() == command.span.len() as usize && !written.starts_with('"')
}

/// The last command of the script's top-level list, if it is a simple command outside a pipe.
fn last(script: &Script) -> Option<&Command> {
    let last = script.commands.iter().rfind(|command| script.is_last(command))?;
    let alone = last.place.pipe_len == 1 && !last.place.negated && script.problems.is_empty();
    let behind_or = last.place.before.is_some_and(|before| before.kind == SeparatorKind::Or);
    (alone && !behind_or && last.place.after.is_none()).then_some(last)
}
