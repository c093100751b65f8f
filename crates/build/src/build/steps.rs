//! The steps that the builder runs, numbered as it prints them.

use super::{Build, Stage, StageBase};
use crate::dockerfile::{Instruction, Keyword};

/// A step: an instruction that creates a layer or pulls a base image.
#[derive(Clone, Copy, Debug)]
pub struct LayerStep<'a> {
    /// Its stage.
    pub stage: usize,
    /// Index of the instruction.
    pub index: usize,
    /// The instruction.
    pub instruction: &'a Instruction,
    /// Its number in the stage, from 1.
    pub number: u32,
    /// The number of steps of the stage.
    pub of: u32,
}

impl<'a> Build<'a> {
    /// The steps of a stage: its FROM if that is an image, then RUN, COPY, ADD and WORKDIR (BuildKit's `cmdTotal`).
    pub fn steps(&self, stage: &Stage) -> Vec<LayerStep<'a>> {
        let from = match stage.base {
            StageBase::Image(_) | StageBase::Unknown(_) | StageBase::Context(_) => {
                stage.from().map(|index| (index, self.instruction(index)))
            }
            StageBase::Stage(_) | StageBase::Scratch => None,
        };
        let steps = self.instructions(stage).filter(|(_, instruction)| is_step(instruction.keyword));
        let all: Vec<(usize, &Instruction)> = from.into_iter().chain(steps).collect();
        let of = all.len() as u32;
        let numbered = all.into_iter().zip(1..);
        numbered
            .map(|((index, instruction), number)| LayerStep { stage: stage.index, index, instruction, number, of })
            .collect()
    }

    /// The instruction on a single line: joined, with blanks folded and without heredoc bodies.
    pub fn one_line(&self, instruction: &Instruction) -> String {
        let text = self.input().file.logical(instruction.text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn is_step(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir)
}
