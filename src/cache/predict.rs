//! Why a builder reruns steps after a change: two builds of a Dockerfile compared step by step. Whether a step reruns is
//! decided by `records`.

use std::cell::Cell;
use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::changes::FileChanges;
use super::context::{ContextFiles, Digests, NamedFiles};
use super::graph::Graph;
use super::records::{Outcome, Records, StepVerdict};
use super::source_files::{SourceFiles, folder_below, is_other_result};
use super::step::{Part, PartKind, SourceOrigin, Step, StepKind};

/// A build: what is carried out and on which files.
#[derive(Clone, Copy, Debug)]
pub struct BuildState<'b> {
    /// The steps.
    pub graph: &'b Graph,
    /// The files.
    pub context: &'b ContextFiles,
    /// The last name of the context's folder: the builder keeps what it received under it.
    pub folder: &'b str,
}

/// What the builder does with each step after a change.
#[derive(Clone, Debug, Default)]
pub struct Prediction {
    /// In the order of the graph.
    pub steps: Vec<StepPrediction>,
}

/// What the builder does with a step.
#[derive(Clone, Debug)]
pub struct StepPrediction {
    /// Whether it runs.
    pub verdict: StepVerdict,
    /// Why it runs or may run; empty for one from the cache. The first is the decisive one.
    pub reasons: Vec<StepReason>,
}

/// Why a step is not taken from the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepReason {
    /// A step below it reruns or may rerun: the index of the first such step, and its verdict.
    Above(usize, StepVerdict),
    /// It takes other files than before.
    Files(FileChanges),
    /// A part of its definition differs.
    Part {
        /// Which.
        kind: PartKind,
        /// As it was; `None` if it is new.
        before: Option<String>,
        /// As it is; `None` if it is gone.
        after: Option<String>,
        /// Index of the instruction that gives it, where that is another than the step's.
        instruction: Option<usize>,
    },
    /// The variables are the same in another order.
    VariableOrder {
        /// The first that comes earlier than before.
        name: String,
        /// What it now comes before.
        next: String,
        /// Index of the instruction that sets it.
        instruction: Option<usize>,
    },
    /// It reads a stage in which this step reruns.
    Stage(usize),
    /// It reads another image than before.
    Image(String),
    /// It reads an address whose contents are unknown before the builder downloads it.
    Remote(String),
    /// It reads a named context whose files are not known, and why: a clause that begins with `it`.
    UnknownContext {
        /// The name.
        name: String,
        /// Why.
        why: String,
    },
    /// It is built on a named context that is a folder, of which the builder keeps no record.
    FolderBase(String),
    /// `--no-cache`.
    Forced,
    /// A source is not in the context: the build fails.
    Missing(String),
    /// The earlier build has no such step.
    New,
    /// It stands elsewhere than before: on top of other steps.
    Moved,
}

impl Prediction {
    /// What happens to each step of `after`, if the records are those of `before` and of earlier builds.
    pub fn new(before: BuildState, after: BuildState, records: &mut Records, digests: &mut Digests) -> Self {
        records.build(before.graph, before.context, digests);
        let outcome = records.look_up(after.graph, after.context, digests);
        Self::of_outcome(before, after, &outcome)
    }

    /// Why the builder does what it does with `after`, compared with the build before it.
    pub(super) fn of_outcome(before: BuildState, after: BuildState, outcome: &Outcome) -> Self {
        let pairs = pairs(before.graph, after.graph);
        let firsts = firsts(after.graph, outcome);
        let comparisons = Cell::new(MAX_COMPARISONS);
        let compare = Reasons { before, after, outcome, pairs: &pairs, firsts: &firsts, comparisons };
        let steps = outcome.verdicts.iter().enumerate().map(|(index, verdict)| StepPrediction {
            verdict: *verdict,
            reasons: if *verdict == StepVerdict::Hit { Vec::new() } else { compare.of(index) },
        });
        Self { steps: steps.collect() }
    }
}

struct Reasons<'r> {
    before: BuildState<'r>,
    after: BuildState<'r>,
    outcome: &'r Outcome,
    pairs: &'r [Option<usize>],
    firsts: &'r [Option<usize>],
    /// Steps whose files may still be compared one by one.
    comparisons: Cell<usize>,
}

/// Steps whose files are compared one by one; a file of instructions may copy all of a context on each line.
const MAX_COMPARISONS: usize = 500;

/// Steps of a stage that are paired by their texts; of more the numbers decide.
const MAX_PAIRED: usize = 5_000;

impl Reasons<'_> {
    fn of(&self, index: usize) -> Vec<StepReason> {
        let graph = self.after.graph;
        let step = &graph.steps[index];
        if graph.is_forced[index] {
            return vec![StepReason::Forced];
        }
        let missing = self.outcome.missing.iter().find(|(at, _)| *at == index);
        if let Some(source) = missing.and_then(|(_, source)| step.sources.get(*source)) {
            return vec![StepReason::Missing(source.selector.path.clone())];
        }
        let mut reasons = Vec::new();
        let above = self.first_above(step);
        reasons.extend(above.map(|above| StepReason::Above(above, self.outcome.verdicts[above])));
        let base = step.parent.and_then(|parent| folder_below(&graph.steps[parent], self.after.context));
        reasons.extend(base.map(|name| StepReason::FolderBase(name.to_owned())));
        if is_other_result(step, self.after.context) && self.outcome.verdicts[index] == StepVerdict::Unknown {
            let name = step.parts.first().map(|part| part.text.clone()).unwrap_or_default();
            let why = self.after.context.find_context(&name).map(why_unknown).unwrap_or_default();
            reasons.push(StepReason::UnknownContext { name, why });
        }
        match self.pairs[index] {
            None if reasons.is_empty() => reasons.push(StepReason::New),
            None => {}
            Some(earlier) => {
                let earlier = &self.before.graph.steps[earlier];
                reasons.extend(part_reasons(&earlier.parts, &step.parts));
                reasons.extend(self.source_reasons(earlier, step, self.outcome.verdicts[index]));
            }
        }
        if reasons.is_empty() {
            reasons.push(StepReason::Moved);
        }
        reasons
    }

    /// The first step below that is not taken from the cache.
    fn first_above(&self, step: &Step) -> Option<usize> {
        self.firsts[step.parent?]
    }

    fn source_reasons(&self, earlier: &Step, step: &Step, verdict: StepVerdict) -> Vec<StepReason> {
        let mut files = FileChanges::default();
        let mut reasons = Vec::new();
        for (index, source) in step.sources.iter().enumerate() {
            let old = earlier.sources.get(index);
            let earlier_files = old.map_or(SourceFiles::NoFolder, |old| {
                SourceFiles::of(self.before.graph, self.before.context, earlier.kind, old)
            });
            match (old, earlier_files, SourceFiles::of(self.after.graph, self.after.context, step.kind, source)) {
                (Some(old), SourceFiles::Folder(_, before), SourceFiles::Folder(name, after)) => {
                    let Some(left) = self.comparisons.get().checked_sub(1) else { continue };
                    self.comparisons.set(left);
                    let changes = FileChanges::between((before, &old.selector), (after, &source.selector));
                    files.extend(changes.in_context(name));
                    continue;
                }
                (_, _, SourceFiles::Unknown(name, unknown)) if verdict == StepVerdict::Unknown => {
                    let why = why_unknown(unknown);
                    reasons.push(StepReason::UnknownContext { name: name.to_owned(), why });
                    continue;
                }
                _ => {}
            }
            match &source.origin {
                SourceOrigin::Stage { step: from, .. } if step.kind != StepKind::Link => {
                    reasons.extend(from.and_then(|from| self.firsts[from]).map(StepReason::Stage));
                }
                SourceOrigin::Stage { step: copied, .. } => {
                    let linked = copied.filter(|copied| self.outcome.verdicts[*copied] != StepVerdict::Hit);
                    reasons.extend(linked.map(|linked| StepReason::Above(linked, self.outcome.verdicts[linked])));
                }
                SourceOrigin::Named(name) => {
                    if old.is_none_or(|old| old.origin != source.origin) {
                        reasons.push(StepReason::Image(name.clone()));
                    }
                }
                // What a server sends decides only where nothing else does.
                SourceOrigin::Remote { url, is_pinned: false } if verdict == StepVerdict::Unknown => {
                    reasons.push(StepReason::Remote(url.clone()));
                }
                SourceOrigin::Context | SourceOrigin::Remote { .. } => {}
            }
        }
        if files.total > 0 {
            files.may_all_be_missed &= self.before.folder == self.after.folder;
            reasons.insert(0, StepReason::Files(files));
        }
        reasons
    }
}

/// Why the files of a named context are not known.
fn why_unknown(named: &NamedFiles) -> String {
    match named {
        NamedFiles::Folder(_) => String::new(),
        NamedFiles::UnknownFolder(why) => why.clone(),
        NamedFiles::Result(build) => format!("it is the result of another build, `{build}`"),
    }
}

/// For each step the lowest one of its chain, itself included, that is not taken from the cache.
fn firsts(graph: &Graph, outcome: &Outcome) -> Vec<Option<usize>> {
    let mut firsts: Vec<Option<usize>> = Vec::with_capacity(graph.steps.len());
    for (index, step) in graph.steps.iter().enumerate() {
        let here = (outcome.verdicts[index] != StepVerdict::Hit).then_some(index);
        firsts.push(step.parent.and_then(|parent| firsts[parent]).or(here));
    }
    firsts
}

/// How definitions differ.
fn part_reasons(before: &[Part], after: &[Part]) -> Vec<StepReason> {
    let old: BTreeMap<&PartKind, &Part> = before.iter().map(|part| (&part.kind, part)).collect();
    let new: BTreeMap<&PartKind, &Part> = after.iter().map(|part| (&part.kind, part)).collect();
    let mut reasons = Vec::new();
    for part in after {
        let earlier = old.get(&part.kind).map(|earlier| earlier.text.clone());
        if earlier.as_deref() != Some(&part.text) && new.get(&part.kind).is_some_and(|last| *last == part) {
            reasons.push(StepReason::Part {
                kind: part.kind.clone(),
                before: earlier,
                after: Some(part.text.clone()),
                instruction: part.instruction,
            });
        }
    }
    for part in before.iter().filter(|part| !new.contains_key(&part.kind)) {
        reasons.push(StepReason::Part {
            kind: part.kind.clone(),
            before: Some(part.text.clone()),
            after: None,
            instruction: None,
        });
    }
    if reasons.is_empty() {
        reasons.extend(variable_order(before, after));
    }
    reasons
}

/// Which variable comes earlier than before, if the same ones are in another order.
fn variable_order(before: &[Part], after: &[Part]) -> Option<StepReason> {
    fn variables(parts: &[Part]) -> impl Iterator<Item = (&str, &Part)> {
        parts.iter().filter_map(|part| match &part.kind {
            PartKind::Variable(name) => Some((name.as_str(), part)),
            _ => None,
        })
    }
    let (next, (name, part)) =
        variables(before).map(|(name, _)| name).zip(variables(after)).find(|(old, (new, _))| old != new)?;
    Some(StepReason::VariableOrder { name: name.to_owned(), next: next.to_owned(), instruction: part.instruction })
}

/// The counterpart of each step of `after` in `before`: the same text in the same stage, else the next one of its kind.
pub(super) fn pairs(before: &Graph, after: &Graph) -> Vec<Option<usize>> {
    let mut pairs = vec![None; after.steps.len()];
    let old = by_stage(before);
    for (stage, new) in by_stage(after) {
        let Some(old) = old.get(&stage) else { continue };
        if old.len().max(new.len()) > MAX_PAIRED {
            new.iter().zip(old).for_each(|(new, old)| pairs[*new] = Some(*old));
            continue;
        }
        let texts = |graph: &Graph, steps: &[usize]| -> Vec<String> {
            steps.iter().map(|index| text_of(&graph.steps[*index]).to_owned()).collect()
        };
        for op in capture_diff_slices(Algorithm::Myers, &texts(before, old), &texts(after, &new)) {
            match op {
                DiffOp::Equal { old_index, new_index, len } => {
                    (0..len).for_each(|at| pairs[new[new_index + at]] = Some(old[old_index + at]));
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    let mut left = old[old_index..old_index + old_len].iter();
                    for index in &new[new_index..new_index + new_len] {
                        let kind = after.steps[*index].kind;
                        pairs[*index] = left.find(|old| before.steps[**old].kind == kind).copied();
                    }
                }
                DiffOp::Insert { .. } | DiffOp::Delete { .. } => {}
            }
        }
    }
    pairs
}

fn by_stage(graph: &Graph) -> BTreeMap<usize, Vec<usize>> {
    let mut stages: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, step) in graph.steps.iter().enumerate() {
        stages.entry(step.stage).or_default().push(index);
    }
    stages
}

/// The name of a step without its number.
fn text_of(step: &Step) -> &str {
    step.name.split_once("] ").map_or(step.name.as_str(), |(_, text)| text)
}
