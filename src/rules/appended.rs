//! A command that is added to the end of a RUN: where it goes, and whether it may.

use super::runs::Run;
use crate::build::{Build, Setting, Stage, User};
use crate::shell::{Command, Compound, CompoundKind, Invocation, Script, Word};
use crate::text::Span;

/// `SCRIPT && command`: whatever joins the commands of the script (`;`, a line end, `||`), its last list fails as before,
/// and where that succeeds the status is that of `command`, which only fails for who has not the rights. `made` are the
/// calls whose traces it removes.
pub(super) fn append(run: &Run, made: impl Fn(&Invocation) -> bool, command: &str) -> Option<(Span, String)> {
    let code = run.code;
    let end = code.script.append_at().filter(|_| !code.is_exec() && is_root(run.build, run.stage, run.index))?;
    // Behind what ends the script nothing runs; and who fetched through another program may not delete without it.
    let ends = |one: &&Command| {
        let name = one.name().and_then(Word::value).unwrap_or_default();
        code.script.is_last(one) && matches!(name, "exit" | "exec" | "return")
    };
    let through = |one: &Invocation| made(one) && !one.via.is_empty();
    if code.script.commands.iter().any(|one| ends(&one)) || run.invocations().iter().any(through) {
        return None;
    }
    let at = run.place(Span::at(end)).start;
    Some((Span::at(at), format!("{}&& {command}", separator(run.build, run.index, at))))
}

/// Whether errexit works inside the script's last element: it does not where `&&` follows.
pub(super) fn shields(script: &Script) -> bool {
    let end = script.scopes.first().and_then(|top| top.last_end);
    let compound = |one: &Compound| Some(one.span.end) == end || one.kind == CompoundKind::Function;
    let errexit = |one: &Command| one.place.options.errexit || one.name().is_some_and(|name| name.is("set"));
    script.compounds.iter().any(compound) && script.commands.iter().any(errexit)
}

/// Whether the RUN at `index` may delete what belongs to root, as far as USER tells.
fn is_root(build: &Build, stage: &Stage, index: usize) -> bool {
    !matches!(build.user_at(stage, index), Setting::By(_, User::Other(_) | User::Unknown))
}

/// A blank; or, where the RUN has a line for each command, a line of its own in the same style.
fn separator(build: &Build, index: usize, at: u32) -> String {
    let file = &build.input().file;
    let source = file.source();
    let (line, first) = (source.line(at), build.instruction(index).start_line);
    let own = source.slice(source.line_span(line));
    let indent = &own[..own.len() - own.trim_start().len()];
    let starts = own.trim_start().starts_with("&&");
    if line == first || !starts {
        return " ".to_owned();
    }
    let end = source.text()[..source.line_span(line).end as usize].len();
    let newline =
        if source.text()[end..].starts_with("\r\n") || source.text().contains("\r\n") { "\r\n" } else { "\n" };
    format!(" {}{newline}{indent}", file.escape())
}
