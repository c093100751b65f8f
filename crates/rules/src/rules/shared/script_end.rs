//! Edits of whole lines, and at the end of a script.

use crate::build::{Build, Code};
use crate::dockerfile::{File, Instruction, LineKind};
use crate::shell::{Command, Compound, CompoundKind, Redirect, RedirectOperator, Script, SeparatorKind, Word};
use crate::text::{Source, Span};

// A command added at the end of a RUN: its position, and what it would change for the commands before it.

/// `SCRIPT && command`: however the commands of the script are joined (`;`, a newline, `||`), its last list fails as before, and if it succeeds, the status is that of `command`. `None` if nothing after the script would run.
pub(in crate::rules) fn append(build: &Build, index: usize, code: &Code, command: &str) -> Option<(u32, String)> {
    if code.is_exec() {
        return None;
    }
    // Where a heredoc without an end ends is the builder's guess.
    if build.instruction(index).heredocs.iter().any(|heredoc| heredoc.terminator.is_none()) {
        return None;
    }
    let end = code.script.append_at()?;
    let ends = |command: &&Command| {
        let name = command.name().and_then(Word::value).unwrap_or_default();
        code.script.is_last(command) && matches!(name, "exit" | "exec" | "return")
    };
    if code.script.commands.iter().any(|command| ends(&command)) {
        return None;
    }
    let at = code.place(&build.input().file, Span::at(end)).start;
    Some((at, format!("{}&& {command}", separator(build, index, at))))
}

/// Whether errexit has an effect inside the script's last element: it has none if `&&` follows.
pub(in crate::rules) fn shields(script: &Script) -> bool {
    let end = script.scopes.first().and_then(|top| top.last_end);
    let compound = |compound: &Compound| Some(compound.span.end) == end || compound.kind == CompoundKind::Function;
    let errexit =
        |command: &Command| command.place.options.errexit || command.name().is_some_and(|name| name.is("set"));
    script.compounds.iter().any(compound) && script.commands.iter().any(errexit)
}

/// A blank, or a new line in the same style if the RUN has a line for each command.
pub(in crate::rules) fn separator(build: &Build, index: usize, at: u32) -> String {
    let file = &build.input().file;
    let source = file.source();
    let (line, first) = (source.line(at), build.instruction(index).start_line);
    let line_text = source.slice(source.line_span(line));
    let indent = &line_text[..line_text.len() - line_text.trim_start().len()];
    let starts = line_text.trim_start().starts_with("&&");
    if line == first || !starts {
        return " ".to_owned();
    }
    let end = source.text()[..source.line_span(line).end as usize].len();
    let newline =
        if source.text()[end..].starts_with("\r\n") || source.text().contains("\r\n") { "\r\n" } else { "\n" };
    format!(" {}{newline}{indent}", file.escape())
}

/// The part of the source that is deleted with an element after `&&`, from the end of the previous element, which may lie
/// on a line above. `None` if it has a heredoc, whose lines would become instructions without `<<`, or a comment.
pub(in crate::rules) fn element(build: &Build, code: &Code, command: &Command) -> Option<Span> {
    let (script, file) = (&code.script, &build.input().file);
    let before = command.place.before.filter(|separator| separator.kind == SeparatorKind::And)?;
    let opens_heredoc =
        |redirect: &Redirect| matches!(redirect.operator, RedirectOperator::Heredoc | RedirectOperator::HeredocTabs);
    if command.redirects.iter().any(opens_heredoc)
        || command.place.scope != 0
        || command.place.pipe_len != 1
        || command.place.negated
    {
        return None;
    }
    let after =
        command.place.after.is_none_or(|after| matches!(after.kind, SeparatorKind::And | SeparatorKind::Newline));
    let ends = script
        .commands
        .iter()
        .map(|command| command.span.end)
        .chain(script.compounds.iter().map(|compound| compound.span.end));
    let start = ends.filter(|end| *end <= before.span.start).max()?;
    let start = code.place(file, Span::at(start)).start;
    let span = Span::new(start, code.place(file, command.span).end);
    (after && !file.source().slice(span).contains('#')).then_some(span)
}

// Where a fix may put or remove whole lines.

/// The lines of an instruction with their line endings, to be removed; `None` where comments stand among them, which would
/// be lost.
pub(in crate::rules) fn removable_lines(file: &File, instruction: &Instruction) -> Option<Span> {
    let source = file.source();
    let first = instruction.start_line.saturating_sub(1) as usize;
    let lines = file.lines().get(first..instruction.end_line as usize).unwrap_or_default();
    if lines.iter().any(|line| matches!(line.kind, LineKind::InnerComment(_))) {
        return None;
    }
    let start = source.line_span(source.line(instruction.span.start)).start;
    let text = source.text();
    let end = instruction.span.end as usize;
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Some(Span::new(start, end as u32))
}

/// The line ending that the file uses.
pub(in crate::rules) fn line_end(source: &Source) -> &'static str {
    if source.text().contains("\r\n") { "\r\n" } else { "\n" }
}
