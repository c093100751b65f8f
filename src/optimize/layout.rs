//! What a pass wrote, as a reviewer wants to read it: one blank line between stages, every comment above its line, no
//! file copied twice, no WORKDIR that the next one overrides. It looks at what changed alone: an author's own habits stay.

mod blanks;
mod comments;
mod copies;
mod workdirs;

use crate::build::Build;
use crate::dockerfile::File;
use crate::inputs::Inputs;
use crate::text::{Edit, Source, Span};

/// Rounds of tidying: what one takes away may leave work to the next.
const ROUNDS: usize = 4;

/// The Dockerfile that a pass left, before and after it.
struct Change<'a> {
    /// The author's file.
    author: &'a File,
    /// The file before the pass.
    before: &'a File,
    /// The build as it is now.
    build: &'a Build<'a>,
}

impl<'a> Change<'a> {
    /// The file as it is now.
    fn file(&self) -> &'a File {
        &self.build.input().file
    }

    /// An instruction's text without white space around it.
    fn text(&self, index: usize) -> &'a str {
        text_of(self.file(), index)
    }

    /// From an instruction's comments to the end of its last line.
    fn passage_edit(&self, index: usize, text: impl Into<String>) -> Edit {
        Edit { span: self.file().passage(index), text: text.into() }
    }

    fn newline(&self) -> &'static str {
        if self.file().source().text().contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Whether the author wrote one instruction right behind another one.
    fn are_neighbours(&self, first: &str, second: &str) -> bool {
        let count = self.author.instructions().len();
        (1..count).any(|at| text_of(self.author, at - 1) == first && text_of(self.author, at) == second)
    }
}

fn text_of(file: &File, index: usize) -> &str {
    file.source().slice(file.instructions()[index].span).trim()
}

/// The lines of the comments right above an instruction.
fn comments_of(file: &File, index: usize) -> &str {
    let (passage, own) = (file.passage(index), file.instructions()[index].span);
    file.source().slice(Span::new(passage.start, own.start.max(passage.start)))
}

/// The build's Dockerfile as it is to be written, where that differs from how a pass left it.
pub(super) fn tidied(author: &File, before: &File, after: &Inputs, build: usize) -> Option<Source> {
    let mut inputs = None;
    let mut tidied: Option<Source> = None;
    for _ in 0..ROUNDS {
        let now: &Inputs = inputs.as_ref().unwrap_or(after);
        let input = now.builds.get(build)?;
        let build = Build::new(input);
        let change = Change { author, before, build: &build };
        let edits = [workdirs::edits, copies::edits, comments::edits, blanks::edits]
            .into_iter()
            .map(|edits| edits(&change))
            .find(|edits| !edits.is_empty());
        let Some(edits) = edits else { break };
        let source = change.file().source();
        let text = crate::text::apply(source, &edits).ok()?;
        let next = source.with_bytes(text).ok()?;
        let mut sources = now.sources.clone();
        sources[input.dockerfile.0 as usize] = next.clone();
        inputs = Some(now.with_sources(&sources));
        tidied = Some(next);
    }
    tidied
}

#[cfg(test)]
mod tests;
