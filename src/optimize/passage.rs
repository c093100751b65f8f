//! The passages of the Dockerfile that is rewritten.

use super::scene::Scene;
use crate::text::Span;

impl Scene<'_> {
    /// From the first comment line right above an instruction to the end of its last line, that line's end included.
    pub(super) fn passage(&self, index: usize) -> Span {
        self.file().passage(index)
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
