//! Where each setting was last set: an index, so that a query for an instruction does not search all instructions
//! before it. Every RUN needs its shell, and a file may have a hundred thousand of them.

use super::{Stage, StageBase};
use crate::dockerfile::{Instruction, Keyword};

/// The instructions of which only the last one counts; for EXPOSE, whether there is one.
const SETTINGS: [Keyword; 7] = [
    Keyword::User,
    Keyword::Workdir,
    Keyword::Shell,
    Keyword::Cmd,
    Keyword::Entrypoint,
    Keyword::Healthcheck,
    Keyword::Expose,
];

/// The places of all settings.
#[derive(Debug)]
pub(super) struct Latest {
    settings: [Places; SETTINGS.len()],
    /// For each stage, the first one of its chain.
    roots: Vec<usize>,
}

#[derive(Debug, Default)]
struct Places {
    /// All instructions of the kind, ascending.
    all: Vec<usize>,
    /// For each stage the one that applies at its end, set by it or by a stage that it is based on.
    at_end: Vec<Option<usize>>,
}

impl Latest {
    pub(super) fn new(instructions: &[Instruction], stages: &[Stage]) -> Self {
        let settings = SETTINGS.map(|keyword| {
            let candidates = instructions.iter().enumerate().filter(|(_, instruction)| instruction.keyword == keyword);
            let mut places = Places { all: candidates.map(|(index, _)| index).collect(), at_end: Vec::new() };
            for stage in stages {
                let place = places.within(stage, usize::MAX).last().copied();
                places.at_end.push(place.or_else(|| places.at_end.get(parent(stage)?).copied().flatten()));
            }
            places
        });
        let mut roots: Vec<usize> = Vec::new();
        for stage in stages {
            roots.push(parent(stage).and_then(|parent| roots.get(parent).copied()).unwrap_or(stage.index));
        }
        Self { settings, roots }
    }

    /// The instruction of a kind that applies to instruction `at` of a stage; `usize::MAX`: at its end.
    pub(super) fn before(&self, keyword: Keyword, stage: &Stage, at: usize) -> Option<usize> {
        let places = self.places(keyword)?;
        let place = places.within(stage, at).last().copied();
        place.or_else(|| places.at_end.get(parent(stage)?).copied().flatten())
    }

    /// The first stage of a stage's chain.
    pub(super) fn root(&self, stage: &Stage) -> usize {
        self.roots.get(stage.index).copied().unwrap_or(stage.index)
    }

    fn places(&self, keyword: Keyword) -> Option<&Places> {
        let at = SETTINGS.iter().position(|setting| *setting == keyword)?;
        self.settings.get(at)
    }
}

impl Places {
    fn within(&self, stage: &Stage, at: usize) -> &[usize] {
        let start = self.all.partition_point(|index| *index < stage.instructions.start);
        let end = self.all.partition_point(|index| *index < stage.instructions.end.min(at));
        &self.all[start..end.max(start)]
    }
}

fn parent(stage: &Stage) -> Option<usize> {
    match stage.base {
        // A stage can only be based on a stage above it.
        StageBase::Stage(parent) if parent < stage.index => Some(parent),
        _ => None,
    }
}
