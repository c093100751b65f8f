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

/// The lines of an instruction with their line ends; with the line end before it where it is the last one of the file.
pub(super) fn of(source: &Source, instruction: &Instruction) -> Span {
    let start = source.line_span(source.line(instruction.span.start)).start;
    let text = source.text();
    let end = instruction.span.end as usize;
    let rest = &text[end..];
    match rest.find('\n') {
        Some(at) => Span::new(start, (end + at + 1) as u32),
        None => {
            let before = text[..start as usize].trim_end_matches(['\r', '\n']).len() as u32;
            Span::new(before, text.len() as u32)
        }
    }
}

/// As the file ends its lines.
pub(super) fn line_end(source: &Source) -> &'static str {
    if source.text().contains("\r\n") { "\r\n" } else { "\n" }
}
