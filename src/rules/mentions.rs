//! From which instruction on a file mentions something.

use crate::build::{Build, Run, StageBase};
use crate::dockerfile::{Instruction, Keyword};

/// From which instruction on something was mentioned in a stage or in a stage that it is based on.
pub(super) struct Mentions {
    /// For each stage the index of the first instruction; `usize::MAX` without any.
    first: Vec<usize>,
}

impl Mentions {
    /// For instructions whose source, in lower case, satisfies `holds`.
    pub(super) fn of(build: &Build, holds: impl Fn(&Instruction, &str) -> bool) -> Self {
        let source = build.input().file.source();
        let mut first: Vec<usize> = Vec::new();
        for stage in build.stages() {
            let below = match stage.base {
                StageBase::Stage(parent) => first.get(parent).is_some_and(|index| *index != usize::MAX),
                _ => false,
            };
            let is_own = || {
                build
                    .instructions(stage)
                    .find(|(_, instruction)| holds(instruction, &source.slice(instruction.span).to_ascii_lowercase()))
            };
            first.push(if below { 0 } else { is_own().map_or(usize::MAX, |(index, _)| index) });
        }
        Self { first }
    }

    /// Whether it was mentioned up to and including a RUN.
    pub(super) fn mentioned_until(&self, run: &Run) -> bool {
        self.first.get(run.stage.index).is_some_and(|first| *first <= run.index)
    }
}

/// Whether an instruction puts files into apt's configuration folder.
pub(super) fn configures_apt(instruction: &Instruction, text: &str) -> bool {
    matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && text.contains("/etc/apt/apt.conf")
}
