//! What the history of an image has when a Dockerfile's stage made it: its instructions in the words of BuildKit, and how
//! well an entry agrees with one. Measured with BuildKit of engine 28.5, the same engine's old builder and buildah 1.28
//! (`tests/vectors/attribution.jsonl`).

use super::Confidence;
use super::entry::HistoryEntry;
use super::wording::{Wording, wording};
use crate::build::{Build, Stage, StageBase};
use crate::dockerfile::{Instruction, Keyword};

/// Instructions of a stage and those that it stands on, in the order in which they are carried out.
pub(super) struct ExpectedInstructions {
    /// The stage.
    pub(super) stage: usize,
    /// The instructions.
    pub(super) steps: Vec<ExpectedStep>,
    /// Index of the FROM at the bottom.
    pub(super) from: usize,
    /// Whether nothing lies below it.
    pub(super) is_scratch: bool,
}

/// An instruction as it is expected.
pub(super) struct ExpectedStep {
    /// Its index in the file; of a trigger that of the ONBUILD.
    pub(super) index: usize,
    /// Whether it is the trigger of an ONBUILD.
    pub(super) is_trigger: bool,
    /// Its keyword.
    pub(super) keyword: Keyword,
    /// Whether a history without it is as good: BuildKit has no entry for ONBUILD.
    pub(super) is_optional: bool,
    /// How builders write it.
    wording: Wording,
}

/// Instructions that are looked at; no real stage has as many.
const MOST: usize = 2_000;

impl ExpectedInstructions {
    /// Of a stage; `None` when it is longer than any real one.
    pub(super) fn of(build: &Build<'_>, stage: &Stage) -> Option<Self> {
        let mut chain: Vec<&Stage> = build.chain(stage).take(MOST + 1).collect();
        chain.reverse();
        let root = *chain.first()?;
        let count: usize = chain.iter().map(|stage| stage.instructions.len()).sum();
        if chain.len() > MOST || count > MOST {
            return None;
        }
        let mut steps: Vec<ExpectedStep> = Vec::new();
        let mut triggers: Vec<(usize, &Instruction)> = Vec::new();
        for stage in chain {
            for (index, trigger) in std::mem::take(&mut triggers) {
                if steps.len() < MOST {
                    steps.push(step(build, stage, stage.start, (index, trigger, true)));
                }
            }
            for (index, instruction) in build.instructions(stage) {
                steps.push(step(build, stage, index, (index, instruction, false)));
                triggers.extend(build.input().file.trigger(instruction).map(|trigger| (index, trigger)));
            }
        }
        let is_scratch = root.base == StageBase::Scratch;
        Some(Self { stage: stage.index, steps, from: root.from()?, is_scratch })
    }
}

fn step(
    build: &Build<'_>,
    stage: &Stage,
    at: usize,
    (index, instruction, is_trigger): (usize, &Instruction, bool),
) -> ExpectedStep {
    ExpectedStep {
        index,
        is_trigger,
        keyword: instruction.keyword,
        is_optional: instruction.keyword == Keyword::Onbuild,
        wording: wording(build, stage, at, instruction),
    }
}

impl ExpectedStep {
    /// How well an entry agrees; `None` when it is another kind of instruction.
    pub(super) fn agreement(&self, entry: &HistoryEntry) -> Option<Confidence> {
        if entry.keyword? != self.keyword {
            return None;
        }
        Some(match &self.wording {
            Wording::Run(run) => run.agreement(entry),
            Wording::Other(other) => {
                if other.exact.text().is_some_and(|text| text == entry.text) {
                    return Some(Confidence::Exact);
                }
                let is_like = other.exact.matches(&entry.text)
                    || other.looser.iter().any(|pattern| pattern.matches(&entry.text))
                    || other.squeezed.contains(&entry.squeezed)
                    || other.has_ports(&entry.text)
                    || (entry.is_nop && other.goes_to(&entry.text));
                if is_like { Confidence::Text } else { Confidence::Kind }
            }
        })
    }
}

impl ExpectedStep {
    /// How much of an entry of the same kind stands in the instruction too, from 0 to 8.
    pub(super) fn likeness(&self, entry: &HistoryEntry) -> i32 {
        let expected = match &self.wording {
            Wording::Run(run) => &run.squeezed,
            Wording::Other(other) => other.squeezed.last().unwrap_or(&entry.squeezed),
        };
        let theirs = entry.squeezed_command();
        let same = |(a, b): &(u8, u8)| a == b;
        let front = expected.bytes().zip(theirs.bytes()).take_while(same).count();
        let back = expected.bytes().rev().zip(theirs.bytes().rev()).take_while(same).count();
        let longest = expected.len().max(theirs.len()).max(1);
        i32::try_from(8 * (front + back).min(longest) / longest).unwrap_or(0)
    }
}
