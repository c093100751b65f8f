//! An instruction with the comments that stand right above it: what moves, moves with them.

use super::scene::Scene;
use crate::dockerfile::LineKind;
use crate::text::Span;

impl Scene<'_> {
    /// From the first comment line right above an instruction to the end of its last line, that line's end included.
    pub(super) fn passage(&self, index: usize) -> Span {
        let lines = self.file().lines();
        let own = |kind: LineKind| matches!(kind, LineKind::Instruction(of) | LineKind::InnerComment(of) | LineKind::InnerBlank(of) if of as usize == index);
        let Some(first) = lines.iter().position(|line| own(line.kind)) else {
            return self.build.instruction(index).span;
        };
        let above = lines[..first].iter().rev().take_while(|line| line.kind == LineKind::Comment).count();
        let last = lines.iter().rposition(|line| own(line.kind)).unwrap_or(first);
        Span::new(lines[first - above].span.start, lines[last].span.end)
    }

    /// The passage's text, with a line end where the file's last line has none.
    pub(super) fn passage_text(&self, index: usize) -> String {
        let mut text = self.source().slice(self.passage(index)).to_owned();
        if !text.ends_with('\n') {
            text.push_str(self.newline());
        }
        text
    }
}
