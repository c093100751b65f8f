//! What commits and a log tell of the steps of a build, and which step needs which.

use std::collections::BTreeMap;

use super::{BuildPast, BuildStep, PastStep};
use crate::build::{Build, EdgeKind, LayerStep, StageBase};
use crate::finding::Mask;
use crate::inputs::Inputs;

/// The steps that the target needs; `None` if neither commits nor a log tell anything of them.
pub(super) fn past(inputs: &Inputs, build: &Build, mask: &Mask) -> Option<BuildPast> {
    let dockerfile = &build.input().dockerfile;
    let history = inputs.histories.get(dockerfile).filter(|history| !history.commits.is_empty());
    let timed = inputs.timed.get(dockerfile);
    if history.is_none() && timed.is_none() {
        return None;
    }
    let commits = history.map(|history| history.commits.clone()).unwrap_or_default();
    let steps = needed_steps(build);
    let needs = needs(build, &steps);
    let known = steps.iter().zip(needs).map(|(step, needs)| {
        let line = step.instruction.start_line;
        let runs = history.and_then(|history| history.runs.get(&line)).cloned();
        PastStep {
            step: build_step(build, step, mask),
            needs,
            seconds: timed.and_then(|timed| timed.seconds.get(&line)).map(|time| time.seconds),
            runs: runs.unwrap_or_else(|| vec![None; commits.len()]),
        }
    });
    let known = known.collect();
    Some(BuildPast { steps: known, commits, source: timed.map(|timed| timed.source.clone()) })
}

/// A step as it is told.
pub(super) fn build_step(build: &Build, step: &LayerStep, mask: &Mask) -> BuildStep {
    BuildStep {
        number: step.number,
        of: step.of,
        stage: build.stages()[step.stage].title(),
        line: step.instruction.start_line,
        text: mask.apply(&build.one_line(step.instruction)),
    }
}

fn needed_steps<'a>(build: &Build<'a>) -> Vec<LayerStep<'a>> {
    let mut steps: Vec<LayerStep> = build.needed_stages().flat_map(|stage| build.steps(stage)).collect();
    steps.sort_by_key(|step| step.index);
    steps
}

/// For each step the one before it in its stage, the last one of the stage below, and those of the stages that it copies from.
fn needs(build: &Build, steps: &[LayerStep]) -> Vec<Vec<usize>> {
    // The last step up to here of each stage; that of the stage below where it has none.
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    let mut all = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let stage = &build.stages()[step.stage];
        let mut needs: Vec<usize> =
            last.get(&step.stage).or_else(|| below(build, step.stage, &last)).copied().into_iter().collect();
        let copies =
            build.edges_of(stage).iter().filter(|edge| edge.kind != EdgeKind::From && edge.instruction == step.index);
        for edge in copies {
            if let StageBase::Stage(from) = edge.to {
                needs.extend(last.get(&from).or_else(|| below(build, from, &last)));
            }
        }
        needs.dedup();
        last.insert(step.stage, at);
        all.push(needs);
    }
    all
}

/// The last step that a stage without steps of its own stands on.
fn below<'l>(build: &Build, stage: usize, last: &'l BTreeMap<usize, usize>) -> Option<&'l usize> {
    let mut stage = stage;
    // A stage stands on one above it in the file, or the builder refuses it.
    while let StageBase::Stage(parent) = build.stages()[stage].base {
        if parent >= stage {
            return None;
        }
        if let Some(at) = last.get(&parent) {
            return Some(at);
        }
        stage = parent;
    }
    None
}
