//! The instructions that close a stage: CMD, ENTRYPOINT, HEALTHCHECK, EXPOSE and their like.

use super::{Build, Stage};
use crate::dockerfile::{Keyword, start_with_comments};

impl Build<'_> {
    /// Where the closing instructions of a stage begin, with the comments above them.
    pub fn closing_start(&self, stage: &Stage) -> Option<u32> {
        Some(start_with_comments(self.input().file.source(), self.instruction(self.closing(stage)?)))
    }

    /// The index of the first of the closing instructions, if nothing below needs root.
    pub fn closing(&self, stage: &Stage) -> Option<usize> {
        let mut first = None;
        for (index, instruction) in self.instructions(stage) {
            let closing = matches!(
                instruction.keyword,
                Keyword::Cmd
                    | Keyword::Entrypoint
                    | Keyword::Healthcheck
                    | Keyword::Expose
                    | Keyword::Stopsignal
                    | Keyword::Label
            );
            match (closing, first) {
                (true, None) => first = Some(index),
                (false, _) => first = None,
                _ => {}
            }
        }
        first
    }
}
