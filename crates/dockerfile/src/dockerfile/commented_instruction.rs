//! An instruction with the comments that stand right above it: what moves, moves with them.

use super::syntax::{File, LineKind};
use crate::text::Span;

impl File {
    /// From the first comment line right above the instruction with this index to the end of its last line, that line's
    /// end included: what moves with it.
    pub fn instruction_span(&self, index: usize) -> Span {
        let belongs = |kind: LineKind| match kind {
            LineKind::Instruction(of)
            | LineKind::InnerComment(of)
            | LineKind::InnerBlank(of)
            | LineKind::Body(of)
            | LineKind::Terminator(of) => of as usize == index,
            LineKind::Blank | LineKind::Comment | LineKind::Directive => false,
        };
        let instruction = &self.instructions()[index];
        let start = instruction.start_line.saturating_sub(1) as usize;
        let above = self.lines()[..start].iter().rev().take_while(|line| line.kind == LineKind::Comment).count();
        let last = start + self.lines()[start..].iter().take_while(|line| belongs(line.kind)).count().max(1) - 1;
        // A byte order mark stays at the start of the file, wherever the instruction goes.
        let first = self.lines()[start - above].span.start.max(self.source().mark());
        Span::new(first, self.lines()[last].span.end)
    }
}
