//! What a pass changed in a Dockerfile.

use std::collections::HashSet;

use crate::build::Build;
use crate::dockerfile::File;
use crate::text::{Edit, Span};

/// The Dockerfile that a pass left, before and after it.
pub(super) struct Change<'a> {
    /// The author's file.
    pub(super) author: &'a File,
    /// The file before the pass.
    pub(super) before: &'a File,
    /// The build as it is now.
    pub(super) build: &'a Build<'a>,
}

impl<'a> Change<'a> {
    /// The file as it is now.
    pub(super) fn file(&self) -> &'a File {
        &self.build.input().file
    }

    /// An instruction's text without white space around it.
    pub(super) fn text(&self, index: usize) -> &'a str {
        text_of(self.file(), index)
    }

    /// From an instruction's comments to the end of its last line.
    pub(super) fn passage_edit(&self, index: usize, text: impl Into<String>) -> Edit {
        Edit { span: self.file().instruction_span(index), text: text.into() }
    }

    /// How the file ends its lines.
    pub(super) fn newline(&self) -> &'static str {
        if self.file().source().text().contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// The texts of each two instructions that the author wrote one right behind the other.
    pub(super) fn neighbours(&self) -> HashSet<(&'a str, &'a str)> {
        let count = self.author.instructions().len();
        (1..count).map(|at| (text_of(self.author, at - 1), text_of(self.author, at))).collect()
    }
}

/// An instruction's text without white space around it.
pub(super) fn text_of(file: &File, index: usize) -> &str {
    file.source().slice(file.instructions()[index].span).trim()
}

/// The lines of the comments right above an instruction.
pub(super) fn comments_of(file: &File, index: usize) -> &str {
    let (passage, span) = (file.instruction_span(index), file.instructions()[index].span);
    file.source().slice(Span::new(passage.start, span.start.max(passage.start)))
}
