//! What a builder would have done with each commit of a history: which steps would have rerun, how often, and because of
//! which files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::changes::FileChange;
use super::context::{ContextFiles, Digests};
use super::graph::Graph;
use super::predict::{BuildState, Prediction, StepReason, pairs};
use super::records::{Records, StepVerdict};

/// Paths that are counted for each step; of more, those that came first.
const MAX_PATHS: usize = 5_000;

/// Steps that are followed from one that reruns to the one that began it.
const MAX_CHAIN: usize = 1_000;

/// Which records the builder has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordKeeping {
    /// Those of all earlier builds: a change that is taken back hits again.
    #[default]
    All,
    /// None: each build begins on a new builder.
    Fresh,
}

/// The builds of a history, from the oldest to the newest.
pub struct BuildHistory {
    keeping: RecordKeeping,
    records: Records,
    digests: Digests,
    previous: Option<(Arc<Graph>, ContextFiles)>,
    /// What was counted of each step of the newest graph.
    pub steps: Vec<StepCount>,
}

/// How often a step ran, over all builds but the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepCount {
    /// Builds that have the step.
    pub builds: usize,
    /// Builds in which it runs.
    pub reruns: usize,
    /// Builds in which it runs if a step that it reads from has another result.
    pub may_rerun: usize,
    /// Builds in which it runs or may run, by what began it.
    pub causes: BTreeMap<HistoryCause, usize>,
    /// The files that began it, by the number of builds.
    pub paths: BTreeMap<String, usize>,
    /// The files that alone began a certain rerun, by the number of builds.
    pub sole_paths: BTreeMap<String, usize>,
}

/// What begins a rerun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryCause {
    /// Files of the context.
    Files,
    /// The Dockerfile itself.
    Dockerfile,
    /// An image or address whose contents the model cannot see.
    Outside,
    /// The builder has no records.
    NoRecords,
}

/// What becomes of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildOutcome {
    /// It is the first: all of its steps run, and are not counted.
    First,
    /// What happens to each step of the newest graph; `None` where this build has no such step.
    Built(Vec<Option<StepVerdict>>),
    /// It fails, because this source is not in the context. It leaves no records.
    Failed(String),
}

impl BuildHistory {
    /// A history whose newest build has this many steps.
    pub fn new(keeping: RecordKeeping, steps: usize) -> Self {
        Self {
            keeping,
            records: Records::default(),
            digests: Digests::default(),
            previous: None,
            steps: vec![StepCount::default(); steps],
        }
    }

    /// Adds the next build. `lineage` gives for each of its steps the step of the newest graph that it became.
    pub fn add(&mut self, graph: &Arc<Graph>, context: &ContextFiles, lineage: &[Option<usize>]) -> BuildOutcome {
        let after = BuildState { graph, context, folder: "" };
        let outcome = self.records.look_up(graph, context, &mut self.digests);
        if let Some((step, source)) = outcome.missing.first() {
            let source = graph.steps.get(*step).and_then(|step| step.sources.get(*source));
            return BuildOutcome::Failed(source.map(|source| source.selector.path.clone()).unwrap_or_default());
        }
        let next = (Arc::clone(graph), context.clone());
        let Some((old_graph, old_context)) = self.previous.replace(next) else {
            self.records.build(graph, context, &mut self.digests);
            return BuildOutcome::First;
        };
        let mut verdicts = vec![None; self.steps.len()];
        if self.keeping == RecordKeeping::Fresh {
            for head in lineage.iter().flatten() {
                let Some(count) = self.steps.get_mut(*head) else { continue };
                count.builds += 1;
                count.reruns += 1;
                *count.causes.entry(HistoryCause::NoRecords).or_default() += 1;
                verdicts[*head] = Some(StepVerdict::Miss);
            }
            return BuildOutcome::Built(verdicts);
        }
        let before = BuildState { graph: &old_graph, context: &old_context, folder: "" };
        let prediction = Prediction::of_outcome(before, after, &outcome);
        self.records.build(graph, context, &mut self.digests);
        for (index, head) in lineage.iter().enumerate() {
            let (Some(head), Some(step)) = (head, prediction.steps.get(index)) else { continue };
            let Some(count) = self.steps.get_mut(*head) else { continue };
            verdicts[*head] = Some(step.verdict);
            count.add(step.verdict, &causes(&prediction, index));
        }
        BuildOutcome::Built(verdicts)
    }

    /// Forgets digests of folders, whose memory they hold; what is asked for again is computed again.
    pub fn forget_digests(&mut self) {
        self.digests = Digests::default();
    }
}

impl StepCount {
    fn add(&mut self, verdict: StepVerdict, causes: &BTreeMap<HistoryCause, BTreeSet<String>>) {
        self.builds += 1;
        match verdict {
            StepVerdict::Hit => return,
            StepVerdict::Unknown => self.may_rerun += 1,
            StepVerdict::Miss => {
                self.reruns += 1;
                if let Some(path) = sole_path(causes)
                    && (self.sole_paths.len() < MAX_PATHS || self.sole_paths.contains_key(path))
                {
                    *self.sole_paths.entry(path.clone()).or_default() += 1;
                }
            }
        }
        for (cause, paths) in causes {
            *self.causes.entry(*cause).or_default() += 1;
            for path in paths {
                if self.paths.len() < MAX_PATHS || self.paths.contains_key(path) {
                    *self.paths.entry(path.clone()).or_default() += 1;
                }
            }
        }
    }

    /// The files that began most reruns, the most frequent first.
    pub fn most_frequent(&self, limit: usize) -> Vec<(&str, usize)> {
        let mut paths: Vec<(&str, usize)> = self.paths.iter().map(|(path, count)| (path.as_str(), *count)).collect();
        paths.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        paths.truncate(limit);
        paths
    }
}

/// The file that is the only cause.
fn sole_path(causes: &BTreeMap<HistoryCause, BTreeSet<String>>) -> Option<&String> {
    let paths = causes.get(&HistoryCause::Files).filter(|paths| causes.len() == 1 && paths.len() == 1)?;
    paths.first()
}

/// The causes of a step's rerun: its own reasons, or those of the steps below it or that it reads from.
fn causes(prediction: &Prediction, index: usize) -> BTreeMap<HistoryCause, BTreeSet<String>> {
    let mut causes: BTreeMap<HistoryCause, BTreeSet<String>> = BTreeMap::new();
    let mut open = vec![index];
    let mut seen = BTreeSet::new();
    while let Some(index) = open.pop() {
        if !seen.insert(index) || seen.len() > MAX_CHAIN {
            continue;
        }
        for reason in prediction.steps.get(index).into_iter().flat_map(|step| &step.reasons) {
            let cause = match reason {
                StepReason::Above(step, _) | StepReason::Stage(step) => {
                    open.push(*step);
                    continue;
                }
                StepReason::Files(_) => HistoryCause::Files,
                StepReason::Part { .. } | StepReason::VariableOrder { .. } | StepReason::New | StepReason::Moved => {
                    HistoryCause::Dockerfile
                }
                StepReason::Image(_)
                | StepReason::Remote(_)
                | StepReason::UnknownContext { .. }
                | StepReason::DoubtfulContext(_) => HistoryCause::Outside,
                StepReason::FolderBase(_) => HistoryCause::NoRecords,
                StepReason::Forced | StepReason::Missing(_) => continue,
            };
            let paths = causes.entry(cause).or_default();
            if let StepReason::Files(changes) = reason {
                paths.extend(changes.first.iter().map(FileChange::full_path));
            }
        }
    }
    causes
}

/// For each step of an older graph the step of the newest one that it became, by way of a graph in between whose own
/// lineage is known.
pub fn lineage(older: &Graph, newer: &Graph, newer_lineage: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut lineage = vec![None; older.steps.len()];
    for (new, old) in pairs(older, newer).into_iter().enumerate() {
        if let (Some(old), Some(head)) = (old, newer_lineage.get(new).copied().flatten())
            && let Some(place) = lineage.get_mut(old)
        {
            *place = Some(head);
        }
    }
    lineage
}
