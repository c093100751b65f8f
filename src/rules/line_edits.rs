//! Where a fix may put or remove whole lines.

use crate::dockerfile::Instruction;
use crate::text::{Source, Span};

/// The start of the line of an instruction, or of the comments directly above, which belong to it.
pub(super) fn above(source: &Source, instruction: &Instruction) -> u32 {
    let mut line = source.line(instruction.span.start);
    while line > 1 && source.slice(source.line_span(line - 1)).trim_start().starts_with('#') {
        line -= 1;
    }
    source.line_span(line).start
}

/// The lines of an instruction with their line endings.
pub(super) fn of(source: &Source, instruction: &Instruction) -> Span {
    let start = source.line_span(source.line(instruction.span.start)).start;
    let text = source.text();
    let end = instruction.span.end as usize;
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Span::new(start, end as u32)
}

/// The line ending that the file uses.
pub(super) fn line_end(source: &Source) -> &'static str {
    if source.text().contains("\r\n") { "\r\n" } else { "\n" }
}
