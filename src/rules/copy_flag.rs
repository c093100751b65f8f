//! The edit that moves a change of owner or mode from a RUN into the COPY. Shared by the rules about such layers.

use crate::build::Build;
use crate::dockerfile::Instruction;
use crate::finding::{FileEdit, Fix, Safety, Target};
use crate::text::Span;

/// Adds a flag to COPYs and removes the RUN that did the same.
pub(super) fn fix(
    build: &Build,
    copies: &[&Instruction],
    flag: &str,
    run: &Instruction,
    safety: Safety,
) -> Option<Fix> {
    let source = build.input().file.source();
    let target = || Target::File(build.input().dockerfile);
    let mut edits: Vec<FileEdit> = copies
        .iter()
        .map(|copy| FileEdit { target: target(), span: Span::at(copy.name.span.end), text: format!(" {flag}") })
        .collect();
    let first = source.line_span(run.start_line);
    let last = source.line_span(run.end_line);
    // There is no fix if a comment would be removed, or if the line also contains another instruction.
    let text = source.slice(run.span);
    let comment = text.lines().any(|line| line.trim_start().starts_with('#'));
    let end = source.text().len() as u32;
    let (start, stop) = if run.end_line < source.line_count() {
        (first.start, source.line_span(run.end_line + 1).start)
    } else if source.text().ends_with('\n') || run.start_line == 1 {
        (first.start, end)
    } else {
        // The last line does not end with a newline, so the one before it is removed.
        (source.line_span(run.start_line - 1).end, end)
    };
    if comment || stop < last.end {
        return None;
    }
    edits.push(FileEdit { target: target(), span: Span::new(start, stop), text: String::new() });
    Some(Fix { title: format!("copy with `{flag}`"), safety, edits })
}
