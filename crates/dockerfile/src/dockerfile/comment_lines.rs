//! Comments that belong to an instruction.

use super::Instruction;
use crate::text::Source;

/// The start of the line of an instruction, or of the comments directly above, which belong to it.
pub fn start_with_comments(source: &Source, instruction: &Instruction) -> u32 {
    let mut line = source.line(instruction.span.start);
    while line > 1 && source.slice(source.line_span(line - 1)).trim_start().starts_with('#') {
        line -= 1;
    }
    source.line_span(line).start
}
