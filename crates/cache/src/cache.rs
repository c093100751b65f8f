//! Which change reruns which steps, following BuildKit's cache model: a step is cached only while everything before it
//! is unchanged. [`rerun`] answers the most important question without knowing contents: what does an edited source file
//! rerun? [`Graph`], [`Records`] and [`Prediction`] are the exact model: which steps a builder takes from its cache, given
//! two states of a build.

mod changes;
mod context;
mod definition;
mod edit_likelihood;
mod environment;
mod graph;
mod history;
mod mount;
mod names_only;
mod origin;
mod predict;
mod records;
mod seconds;
mod source;
mod source_files;
mod stage_state;
mod step;
#[cfg(test)]
mod tests;
mod tree;

pub use self::changes::{FileChange, FileChangeKind, FileChanges, TransferTrap};
pub use self::context::{ContextFiles, Digests, NamedFiles, Selected, Selector};
pub use self::edit_likelihood::Likeness;
pub use self::environment::is_stand_in;
pub use self::graph::Graph;
pub use self::history::{BuildHistory, BuildOutcome, HistoryCause, RecordKeeping, StepCount, lineage};
pub use self::names_only::{names_only, predict_touched, touch};
pub use self::predict::{BuildState, Prediction, StepPrediction, StepReason};
pub use self::records::{Outcome, Records, StepVerdict};
pub use self::seconds::{LoggedTimes, find_logged, logged_times};
pub use self::source::{FileOrigin, Origins, SourceStep, source_file, source_file_outside};
pub use self::step::{BuilderFlags, Part, PartKind, SourceOrigin, Step, StepKind, StepSource};
pub use self::tree::{ContentId, Directory, FOLDER_MODE, FileNode, FileStat, Node};

use crate::build::{Build, EdgeKind, LayerStep, Stage, StageBase};
use crate::inputs::context::BuildContext;
use crate::manifest::Project;

/// The steps that rerun after a change of a source file.
#[derive(Debug)]
pub struct Rerun<'a> {
    /// The first step, in the order of the file, that takes a source file.
    pub first: LayerStep<'a>,
    /// A source file that it takes; `None` if the context is unknown.
    pub example: Option<String>,
    /// That step and every step below it in its stage chain, for each stage that takes sources; in the order of the file.
    pub steps: Vec<LayerStep<'a>>,
    /// Steps that copy results of those stages, and the steps below them: they rerun if the result differs.
    pub copies: Vec<LayerStep<'a>>,
}

/// The steps that a source change reruns; `None` if no needed stage takes a source file, or if that is unknown.
pub fn rerun<'a>(build: &Build<'a>, context: Option<&BuildContext>, projects: Option<&[Project]>) -> Option<Rerun<'a>> {
    let stages = build.stages();
    // From which instruction on each stage reruns: because of its own copies, or because of copies of results.
    let mut sure: Vec<Option<usize>> = vec![None; stages.len()];
    let mut maybe: Vec<Option<usize>> = vec![None; stages.len()];
    let mut first: Option<SourceStep> = None;
    let change = |stage: &Stage| source::first_change(build, stage, context, projects);
    let needed = || stages.iter().filter(|stage| build.is_needed(stage));
    let mut changes: Vec<Option<SourceStep>> = vec![None; stages.len()];
    needed().for_each(|stage| changes[stage.index] = change(stage));
    // Where people edit files of one stage often, the certificates and pictures of another are no example.
    if changes.iter().flatten().any(|change| change.is_often_edited) {
        for change in &mut changes {
            *change = change.take_if(|change| change.is_often_edited);
        }
    }
    for stage in needed() {
        let change = changes[stage.index].take();
        let below = |from: &[Option<usize>]| match stage.base {
            StageBase::Stage(parent) => from[parent].map(|_| stage.start),
            _ => None,
        };
        sure[stage.index] = earliest(below(&sure), change.as_ref().map(|change| change.instruction));
        let copied = first_copy(build, stage, |from| sure[from].is_some() || maybe[from].is_some());
        maybe[stage.index] = earliest(below(&maybe), copied);
        if first.is_none() {
            first = change;
        }
    }
    let first = first?;
    let mut rerun = (Vec::new(), Vec::new());
    for stage in needed() {
        for step in build.steps(stage) {
            let after = |from: Option<usize>| from.is_some_and(|from| step.index >= from);
            if after(sure[stage.index]) {
                rerun.0.push(step);
            } else if after(maybe[stage.index]) {
                rerun.1.push(step);
            }
        }
    }
    let (steps, copies) = rerun;
    let step = steps.iter().find(|step| step.index == first.instruction).copied()?;
    Some(Rerun { first: step, example: first.example, steps, copies })
}

fn earliest(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    a.into_iter().chain(b).min()
}

/// The first instruction of a stage that copies from a stage that satisfies `changes`.
fn first_copy(build: &Build, stage: &Stage, changes: impl Fn(usize) -> bool) -> Option<usize> {
    let edges = build.edges_of(stage).iter().filter(|edge| edge.kind != EdgeKind::From);
    let taking = edges.filter(|edge| matches!(edge.to, StageBase::Stage(from) if from < stage.index && changes(from)));
    taking.map(|edge| edge.instruction).min()
}
