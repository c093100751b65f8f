//! Formats the output of a pass for a reviewer: one blank line between stages, every comment above its line, no file
//! copied twice, no WORKDIR that the next one overrides. It changes only what passes changed; the author's own habits
//! stay.

mod blanks;
mod change;
mod comments;
mod copies;
mod workdirs;

use self::change::Change;
use crate::build::Build;
use crate::dockerfile::File;
use crate::inputs::Inputs;
use crate::text::Source;

/// Rounds of tidying: what one takes away may leave work to the next.
const ROUNDS: usize = 4;

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
