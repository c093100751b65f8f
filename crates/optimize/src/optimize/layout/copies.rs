//! A file that two COPYs of a stage bring to the same place, if nothing between them can notice the difference.

use std::collections::HashSet;

use super::change::Change;
use crate::build::{Build, Stage, Transfer};
use crate::dockerfile::Keyword;
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::text::Edit;

/// Files of a COPY that are compared with those of another one.
const FILES: usize = 4096;

pub(super) fn edits(change: &Change) -> Vec<Edit> {
    let build = change.build;
    let Some(context) = build.input().context.as_deref() else { return Vec::new() };
    let noticed = Noticed::new(change);
    for stage in build.stages() {
        let all: Vec<&Transfer> = build.transfers(stage).iter().filter(|transfer| is_plain(transfer)).collect();
        for (at, copy) in all.iter().enumerate() {
            let Some(files) = files(context, copy).filter(|files| !files.is_empty()) else { continue };
            let is_twice = |other: &Transfer| {
                copy.index != other.index
                    && flags(change, copy) == flags(change, other)
                    && land_alike(build, context, stage, (copy, other), &files)
                    && !noticed.authors.contains(&(change.text(copy.index), change.text(other.index)))
            };
            let later = all[at + 1..].iter().take_while(|other| !noticed.by_step(copy.index, other.index));
            // A file of another stage may stand in the place by now: no COPY may lie between.
            let earlier = all[..at].iter().rev().take(1).filter(|other| !noticed.by_copy(other.index, copy.index));
            if later.chain(earlier).any(|other| is_twice(other)) {
                return vec![change.passage_edit(copy.index, "")];
            }
        }
    }
    Vec::new()
}

fn is_plain(transfer: &Transfer) -> bool {
    transfer.from.is_none()
        && transfer.exclude.is_empty()
        && !transfer.parents
        && transfer.instruction.keyword == Keyword::Copy
        && transfer.instruction.heredocs.is_empty()
}

/// Whether the second of two COPYs brings each file of the first one to the same place.
fn land_alike(
    build: &Build,
    context: &BuildContext,
    stage: &Stage,
    (copy, other): (&Transfer, &Transfer),
    files: &[String],
) -> bool {
    files.iter().all(|file| {
        let landing = build.landing(context, stage, copy, file);
        landing.is_some() && landing == build.landing(context, stage, other, file)
    })
}

/// The instructions between others, and the pairs of instructions that follow each other directly.
struct Noticed<'c> {
    /// Before each instruction: how many others can notice a file, and how many COPYs there are besides.
    before: Vec<(usize, usize)>,
    /// Texts of two instructions that the author wrote one right behind the other.
    authors: HashSet<(&'c str, &'c str)>,
}

impl<'c> Noticed<'c> {
    fn new(change: &Change<'c>) -> Self {
        let mut before = vec![(0, 0)];
        let (mut steps, mut copies) = (0, 0);
        for instruction in change.file().instructions() {
            match instruction.keyword {
                Keyword::Run | Keyword::Onbuild | Keyword::Add => steps += 1,
                Keyword::Copy => copies += 1,
                _ => {}
            }
            before.push((steps, copies));
        }
        Self { before, authors: change.neighbours() }
    }

    /// Whether a step between two instructions can notice a file.
    fn by_step(&self, first: usize, last: usize) -> bool {
        self.before[first + 1].0 < self.before[last].0
    }

    /// As [`Self::by_step`], COPYs among the steps.
    fn by_copy(&self, first: usize, last: usize) -> bool {
        self.by_step(first, last) || self.before[first + 1].1 < self.before[last].1
    }
}

fn flags<'c>(change: &Change<'c>, transfer: &Transfer) -> Vec<&'c str> {
    transfer.instruction.flags.iter().map(|flag| change.file().source().slice(flag.word.span)).collect()
}

/// The files of the context that a COPY brings; `None` where that is not known, or they are too many.
fn files(context: &BuildContext, transfer: &Transfer) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    for selection in transfer.select(context) {
        let selection = selection?;
        let files = selection.entries.iter().filter(|id| context.entry(**id).kind != ContextEntryKind::Directory);
        paths.extend(files.take(FILES + 1).map(|id| context.path(*id)));
    }
    (paths.len() <= FILES).then_some(paths)
}
