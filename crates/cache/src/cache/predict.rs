//! Why a builder reruns steps after a change: two builds of a Dockerfile compared step by step. Whether a step reruns is
//! decided by `records`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::changes::FileChanges;
use super::context::{ContextFiles, Digests, NamedFiles};
use super::graph::Graph;
use super::records::{Outcome, Records, StepVerdict};
use super::source_files::{SourceFiles, folder_below, is_other_result};
use super::step::{Part, PartKind, SourceOrigin, Step, StepKind};
use crate::text::diff::{DiffOp, diff};

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
    /// It reads the build context, which may be another folder, and why: a clause.
    DoubtfulContext(String),
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
        let mut reasons =
            Reasons { before, after, outcome, pairs: &pairs, lowest: Vec::new(), comparisons: MAX_COMPARISONS };
        let mut steps: Vec<StepPrediction> = Vec::with_capacity(outcome.verdicts.len());
        for index in 0..outcome.verdicts.len() {
            let step = reasons.judge(index, &steps);
            let below = after.graph.steps[index].parent.and_then(|parent| reasons.lowest.get(parent)).copied();
            reasons.lowest.push(below.unwrap_or_default().with(index, step.verdict));
            steps.push(step);
        }
        Self { steps }
    }
}

/// The lowest steps of a chain that are not taken from the cache.
#[derive(Clone, Copy, Debug, Default)]
struct LowestSteps {
    /// The first that may rerun.
    uncached: Option<usize>,
    /// The first that reruns.
    missed: Option<usize>,
}

impl LowestSteps {
    /// With the next step of the chain.
    fn with(self, index: usize, verdict: StepVerdict) -> Self {
        Self {
            uncached: self.uncached.or((verdict != StepVerdict::Hit).then_some(index)),
            missed: self.missed.or((verdict == StepVerdict::Miss).then_some(index)),
        }
    }
}

struct Reasons<'r> {
    before: BuildState<'r>,
    after: BuildState<'r>,
    outcome: &'r Outcome,
    pairs: &'r [Option<usize>],
    /// Of the chain of each step that was judged, the step itself included.
    lowest: Vec<LowestSteps>,
    /// Steps whose files may still be compared one by one.
    comparisons: usize,
}

/// Steps whose files are compared one by one; a file of instructions may copy all of a context on each line.
const MAX_COMPARISONS: usize = 500;

/// Steps of a stage that are paired by their texts; of more the numbers decide.
const MAX_PAIRED: usize = 5_000;

impl StepReason {
    /// Whether the step certainly reruns for this reason.
    fn is_certain(&self) -> bool {
        match self {
            Self::Above(_, verdict) => *verdict == StepVerdict::Miss,
            Self::Files(changes) => !changes.may_all_be_missed,
            Self::Stage(_) | Self::Remote(_) | Self::UnknownContext { .. } | Self::DoubtfulContext(_) => false,
            Self::Part { .. }
            | Self::VariableOrder { .. }
            | Self::Image(_)
            | Self::FolderBase(_)
            | Self::Forced
            | Self::Missing(_)
            | Self::New
            | Self::Moved => true,
        }
    }
}

impl Reasons<'_> {
    /// The next step, after those below it. A step reruns only where a reason is certain; what may be a reason besides says
    /// nothing then.
    fn judge(&mut self, index: usize, judged: &[StepPrediction]) -> StepPrediction {
        let verdict = self.outcome.verdicts[index];
        if verdict == StepVerdict::Hit {
            return StepPrediction { verdict, reasons: Vec::new() };
        }
        let mut reasons = self.of(index, judged);
        if verdict == StepVerdict::Unknown {
            return StepPrediction { verdict, reasons };
        }
        if reasons.iter().any(StepReason::is_certain) {
            reasons.retain(StepReason::is_certain);
            return StepPrediction { verdict, reasons };
        }
        StepPrediction { verdict: StepVerdict::Unknown, reasons }
    }

    fn of(&mut self, index: usize, judged: &[StepPrediction]) -> Vec<StepReason> {
        let graph = self.after.graph;
        let step = &graph.steps[index];
        let verdict = self.outcome.verdicts[index];
        if graph.is_forced[index] {
            return vec![StepReason::Forced];
        }
        let missing = self.outcome.missing.iter().find(|(at, _)| *at == index);
        if let Some(source) = missing.and_then(|(_, source)| step.sources.get(*source)) {
            return vec![StepReason::Missing(source.selector.path.clone())];
        }
        let mut reasons = Vec::new();
        let above = self.first_above(step, verdict);
        reasons.extend(above.and_then(|above| Some(StepReason::Above(above, judged.get(above)?.verdict))));
        let base = step.parent.and_then(|parent| folder_below(&graph.steps[parent], self.after.context));
        reasons.extend(base.map(|name| StepReason::FolderBase(name.to_owned())));
        if is_other_result(step, self.after.context) && verdict == StepVerdict::Unknown {
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
                reasons.extend(self.source_reasons(earlier, step, (verdict, judged)));
            }
        }
        if reasons.is_empty() {
            reasons.push(StepReason::Moved);
        }
        reasons
    }

    /// The first step below that reruns; where none does, or it is not certain that this one reruns, that may rerun.
    fn first_above(&self, step: &Step, verdict: StepVerdict) -> Option<usize> {
        let below = self.lowest.get(step.parent?)?;
        if verdict == StepVerdict::Miss { below.missed.or(below.uncached) } else { below.uncached }
    }

    fn source_reasons(
        &mut self,
        earlier: &Step,
        step: &Step,
        (verdict, judged): (StepVerdict, &[StepPrediction]),
    ) -> Vec<StepReason> {
        let mut files = FileChanges::default();
        let mut reasons = Vec::new();
        for (index, source) in step.sources.iter().enumerate() {
            let old = earlier.sources.get(index);
            let earlier_files = old.map_or(SourceFiles::NoFolder, |old| {
                SourceFiles::of(self.before.graph, self.before.context, earlier.kind, old)
            });
            match (old, earlier_files, SourceFiles::of(self.after.graph, self.after.context, step.kind, source)) {
                (Some(old), SourceFiles::Folder(_, before), SourceFiles::Folder(name, after)) => {
                    let Some(left) = self.comparisons.checked_sub(1) else { continue };
                    self.comparisons = left;
                    let changes = FileChanges::between((before, &old.selector), (after, &source.selector));
                    files.extend(changes.in_context(name));
                    let doubt = if verdict == StepVerdict::Unknown { after.doubt() } else { None };
                    let doubt = doubt.map(|why| StepReason::DoubtfulContext(why.to_owned()));
                    reasons.extend(doubt.filter(|doubt| !reasons.contains(doubt)));
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
                    let lowest = from.and_then(|from| self.lowest.get(from)?.uncached);
                    reasons.extend(lowest.map(StepReason::Stage));
                }
                SourceOrigin::Stage { step: copied, .. } => {
                    let linked = copied.and_then(|copied| Some((copied, judged.get(copied)?.verdict)));
                    let linked = linked.filter(|(_, verdict)| *verdict != StepVerdict::Hit);
                    reasons.extend(linked.map(|(linked, verdict)| StepReason::Above(linked, verdict)));
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

/// The counterpart of each step of `after` in `before`: the same text in the same stage, at its place or at another one, then
/// in another stage, else the next one of its kind.
pub(super) fn pairs(before: &Graph, after: &Graph) -> Vec<Option<usize>> {
    let mut pairing = Pairing { before, after, pairs: vec![None; after.steps.len()], used: BTreeSet::new() };
    let old = by_stage(before);
    let mut replaced: Vec<(&[usize], Vec<usize>)> = Vec::new();
    for (stage, new) in by_stage(after) {
        let Some(old) = old.get(&stage) else { continue };
        if old.len().max(new.len()) > MAX_PAIRED {
            new.iter().zip(old).for_each(|(new, old)| pairing.add(*new, *old));
            continue;
        }
        let texts = |graph: &Graph, steps: &[usize]| -> Vec<String> {
            steps.iter().map(|index| text_of(&graph.steps[*index]).to_owned()).collect()
        };
        for op in diff(&texts(before, old), &texts(after, &new)) {
            match op {
                DiffOp::Equal { old_index, new_index, len } => {
                    (0..len).for_each(|at| pairing.add(new[new_index + at], old[old_index + at]));
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    let replacing = new[new_index..new_index + new_len].to_vec();
                    replaced.push((&old[old_index..old_index + old_len], replacing));
                }
                DiffOp::Insert { .. } | DiffOp::Delete { .. } => {}
            }
        }
    }
    pairing.add_moved(|step| Some(step.stage));
    pairing.add_moved(|_| None);
    for (old, new) in replaced {
        pairing.add_replaced(old, &new);
    }
    pairing.pairs
}

/// Pairs of steps while they are looked for.
struct Pairing<'p> {
    before: &'p Graph,
    after: &'p Graph,
    /// For each step after the change that before.
    pairs: Vec<Option<usize>>,
    /// The steps before that have a pair.
    used: BTreeSet<usize>,
}

impl Pairing<'_> {
    fn add(&mut self, new: usize, old: usize) {
        self.pairs[new] = Some(old);
        self.used.insert(old);
    }

    /// Pairs steps of equal text that stand elsewhere than before, those of equal `place` with each other.
    fn add_moved(&mut self, place: impl Fn(&Step) -> Option<usize>) {
        let key = |step: &Step| (place(step), step.kind as u8, text_of(step).to_owned());
        let mut free: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
        for (index, step) in self.before.steps.iter().enumerate().filter(|(index, _)| !self.used.contains(index)) {
            free.entry(key(step)).or_default().push_back(index);
        }
        if free.is_empty() {
            return;
        }
        for (index, step) in self.after.steps.iter().enumerate() {
            if self.pairs[index].is_none()
                && let Some(old) = free.get_mut(&key(step)).and_then(VecDeque::pop_front)
            {
                self.add(index, old);
            }
        }
    }

    /// Pairs steps that took the place of others with the next one of their kind.
    fn add_replaced(&mut self, old: &[usize], new: &[usize]) {
        let mut left = old.iter().filter(|old| !self.used.contains(old)).copied().collect::<Vec<_>>().into_iter();
        for index in new {
            if self.pairs[*index].is_none() {
                let kind = self.after.steps[*index].kind;
                if let Some(old) = left.find(|old| self.before.steps[*old].kind == kind) {
                    self.add(*index, old);
                }
            }
        }
    }
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
