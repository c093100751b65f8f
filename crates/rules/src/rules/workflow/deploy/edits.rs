//! Edits of commands in scripts.

use super::flow::FlowCommand;
use crate::finding::Safety;
use crate::rules::workflow::steps::verbatim;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::SeparatorKind;
use crate::text::Span;
use crate::workflow::{StepScript, WorkflowPlace};

/// A fix that changes what a deployment does, and how.
pub(super) fn risky(what: &str) -> Safety {
    Safety::Unsafe(what.to_owned())
}

/// A text before a part of a script.
pub(super) fn inserted_before(script: &StepScript, span: Span, text: &str) -> Option<WorkflowChange<'static>> {
    let place = verbatim(script, span)?;
    let span = Span::at(place.span.start);
    Some(WorkflowChange::Replace(WorkflowPlace { span, ..place }, text.to_owned()))
}

/// A text behind a part of a script.
pub(super) fn inserted_behind(script: &StepScript, span: Span, text: &str) -> Option<WorkflowChange<'static>> {
    let last = Span::new(span.end.checked_sub(1)?, span.end);
    let place = verbatim(script, last)?;
    let span = Span::at(place.span.end);
    Some(WorkflowChange::Replace(WorkflowPlace { span, ..place }, text.to_owned()))
}

/// What is written at a part of a script, where it stands there in one piece.
pub(super) fn written<'a>(cx: &WorkflowContext<'a, '_>, script: &StepScript, span: Span) -> Option<&'a str> {
    let place = verbatim(script, span)?;
    cx.inputs.source(cx.input.file_of(place)?).text().get(place.span.range())
}

/// The white space that the line of a place begins with.
pub(super) fn indent<'a>(cx: &WorkflowContext<'a, '_>, place: WorkflowPlace) -> Option<&'a str> {
    let text = cx.inputs.source(cx.input.file_of(place)?).text();
    let before = text.get(..place.span.start as usize)?;
    let line = &text[before.rfind('\n').map_or(0, |at| at + 1)..];
    Some(&line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
}

/// A command goes: with its line where it is alone there, else with the operator behind it. `None` where neither is so.
pub(super) fn removed(cx: &WorkflowContext, command: &FlowCommand) -> Option<WorkflowChange<'static>> {
    let invocation = &command.command.invocation;
    let outer = command.script.commands().commands.get(invocation.outer as usize)?;
    if outer.place.pipe_len > 1 || !std::ptr::eq(invocation.script, command.script.commands()) {
        return None;
    }
    let place = verbatim(command.script, outer.span)?;
    let text = cx.inputs.source(cx.input.file_of(place)?).text();
    let (start, end) = (place.span.start as usize, place.span.end as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |len| end + len + 1);
    let is_start = text[line_start..start].trim_matches(['@', '-', ' ', '\t']).is_empty();
    let is_item = text[line_start..start].contains('-');
    let is_after_line = outer
        .place
        .before
        .is_none_or(|before| matches!(before.kind, SeparatorKind::Newline | SeparatorKind::Semicolon));
    let is_line_end = text[end..line_end].trim().is_empty()
        && outer.place.after.is_none_or(|after| after.kind == SeparatorKind::Newline);
    if is_start && !is_item && is_line_end && is_after_line {
        let span = Span::new(line_start as u32, line_end as u32);
        return Some(WorkflowChange::Replace(WorkflowPlace { span, ..place }, String::new()));
    }
    let after =
        outer.place.after.filter(|after| matches!(after.kind, SeparatorKind::And | SeparatorKind::Semicolon))?;
    let behind = verbatim(command.script, outer.span.to(after.span))?;
    let rest = text.get(behind.span.end as usize..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    // On the next line only a comment or a continued line could follow.
    if rest[blanks..].starts_with(['\n', '\r', '\\', '#']) || rest[blanks..].is_empty() {
        return None;
    }
    let span = Span::new(behind.span.start, behind.span.end + blanks as u32);
    Some(WorkflowChange::Replace(WorkflowPlace { span, ..place }, String::new()))
}
