//! The cache of a builder: which steps it would take from its records, which it would run. Follows BuildKit's solver: a
//! step is a hit if a record of its definition exists on top of the same steps, with sources that are the same steps or
//! have the same contents.

use std::collections::{HashMap, HashSet};

use super::context::{ContextFiles, Digests, Selected, Selector, hash_of};
use super::graph::Graph;
use super::source_files::{SourceFiles, folder_below, is_other_result, last_writer};
use super::step::{SourceOrigin, Step, StepKind};

/// Whether a step is taken from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepVerdict {
    /// It is taken from the cache.
    Hit,
    /// It may run: that depends on whether a step that reruns has the same result as before.
    Unknown,
    /// It runs.
    Miss,
}

/// The records of a builder, of all builds that were added.
#[derive(Debug, Default)]
pub struct Records {
    keys: HashSet<u128>,
    /// The keys of records by what does not depend on contents of other stages.
    similar: HashMap<u128, Vec<u128>>,
}

/// What a builder does with a graph.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Of each step of the graph.
    pub verdicts: Vec<StepVerdict>,
    /// The sources that are not in the context, as indexes of a step and of its source: the build fails there.
    pub missing: Vec<(usize, usize)>,
    /// The keys that each step may have; the first is the one it has if it runs.
    keys: Vec<Vec<u128>>,
    /// Whether each step is forced to run (`--no-cache`) or is built on one that is: BuildKit takes no record for a step on
    /// top of such a result, also where the keys are equal; only contents that are copied from it may hit.
    is_forced: Vec<bool>,
}

/// The keys that are followed for a step whose verdict is not known.
const MAX_KEYS: usize = 8;

/// The records that are kept for one similar definition: the latest.
const MAX_SIMILAR: usize = 64;

/// The key of the empty image.
const SCRATCH: u128 = 0;

impl Records {
    /// What the builder does with a graph, without adding it to the records.
    pub fn look_up(&self, graph: &Graph, context: &ContextFiles, digests: &mut Digests) -> Outcome {
        self.look_up_inputs(graph, context, digests).0
    }

    /// As [`Self::look_up`], with the inputs of each step.
    fn look_up_inputs(&self, graph: &Graph, context: &ContextFiles, digests: &mut Digests) -> (Outcome, Vec<Inputs>) {
        let mut outcome = Outcome::default();
        let mut all = Vec::with_capacity(graph.steps.len());
        for (index, step) in graph.steps.iter().enumerate() {
            let inputs = Self::inputs(graph, &outcome, step, (context, digests));
            let is_forced = graph.is_forced[index] || is_on_forced(&outcome, step);
            outcome.is_forced.push(is_forced);
            let (verdict, keys) = self.evaluate(&outcome, (index, step), &inputs);
            outcome.missing.extend(inputs.missing.iter().map(|source| (index, *source)));
            outcome.verdicts.push(verdict);
            outcome.keys.push(keys);
            if folder_below(step, context).is_some()
                && let Some(is_forced) = outcome.is_forced.last_mut()
            {
                *is_forced = true;
            }
            all.push(inputs);
        }
        (outcome, all)
    }

    /// Looks a graph up and adds the records that its build leaves.
    pub fn build(&mut self, graph: &Graph, context: &ContextFiles, digests: &mut Digests) -> Outcome {
        let (outcome, inputs) = self.look_up_inputs(graph, context, digests);
        for (step, inputs) in graph.steps.iter().zip(&inputs) {
            for parent in parent_keys(&outcome, step) {
                let similar = inputs.similar(step, parent);
                for key in inputs.keys(step, parent) {
                    if self.keys.insert(key) {
                        let keys = self.similar.entry(similar).or_default();
                        if keys.len() == MAX_SIMILAR {
                            keys.remove(0);
                        }
                        keys.push(key);
                    }
                }
            }
        }
        outcome
    }

    /// Whether a step is a hit, and the keys that it may have.
    fn evaluate(&self, outcome: &Outcome, (index, step): (usize, &Step), inputs: &Inputs) -> (StepVerdict, Vec<u128>) {
        let parents = parent_keys(outcome, step);
        let first = parents.first().copied().unwrap_or(SCRATCH);
        let fresh = inputs.keys(step, first).next().unwrap_or(SCRATCH);
        if !inputs.missing.is_empty() || outcome.is_forced[index] {
            return (StepVerdict::Miss, vec![fresh]);
        }
        let is_parent_known = step.parent.is_none_or(|parent| outcome.verdicts[parent] != StepVerdict::Unknown);
        let is_known = is_parent_known && inputs.is_known;
        let mut keys = vec![fresh];
        let mut is_possible = false;
        for (place, parent) in parents.iter().enumerate() {
            for key in inputs.keys(step, *parent) {
                if self.keys.contains(&key) {
                    if is_known && place == 0 {
                        return (StepVerdict::Hit, vec![key]);
                    }
                    is_possible = true;
                    push_key(&mut keys, key);
                }
            }
            if inputs.may_equal_others {
                for key in self.similar.get(&inputs.similar(step, *parent)).into_iter().flatten().rev() {
                    is_possible = true;
                    push_key(&mut keys, *key);
                }
            }
        }
        // Without a possible record `keys` holds only the fresh one.
        (if is_possible { StepVerdict::Unknown } else { StepVerdict::Miss }, keys)
    }

    /// The inputs of a step as they are now.
    fn inputs(
        graph: &Graph,
        outcome: &Outcome,
        step: &Step,
        (context, digests): (&ContextFiles, &mut Digests),
    ) -> Inputs {
        let is_known = !is_other_result(step, context);
        let mut inputs = Inputs { definition: step.digest, is_known, ..Inputs::default() };
        for (index, source) in step.sources.iter().enumerate() {
            match SourceFiles::of(graph, context, step.kind, source) {
                SourceFiles::Folder(_, files) if files.doubt().is_some() => {
                    inputs.push_doubtful(digests.select(files, &source.selector), &source.selector);
                    continue;
                }
                SourceFiles::Folder(_, files) => {
                    match digests.select(files, &source.selector) {
                        Selected::Files(digest) => inputs.push(vec![digest], Some(digest)),
                        Selected::Missing => {
                            inputs.missing.push(index);
                            inputs.push(vec![0], Some(0));
                        }
                    }
                    continue;
                }
                SourceFiles::Unknown(..) => {
                    inputs.is_known = false;
                    inputs.may_equal_others = true;
                }
                SourceFiles::NoFolder => {}
            }
            match &source.origin {
                SourceOrigin::Context => {}
                SourceOrigin::Stage { step: from, .. } => {
                    let (keys, is_known) = if step.kind == StepKind::Link {
                        let keys = from.map_or(vec![SCRATCH], |from| outcome.keys[from].clone());
                        (keys, from.is_none_or(|from| outcome.verdicts[from] != StepVerdict::Unknown))
                    } else {
                        contents(graph, outcome, *from, &source.selector)
                    };
                    inputs.is_known &= is_known;
                    inputs.may_equal_others |= step.kind != StepKind::Link;
                    let place = (step.kind != StepKind::Link).then(|| selector_digest(&source.selector));
                    inputs.push(keys, place);
                }
                SourceOrigin::Named(name) => {
                    let place = selector_digest(&source.selector);
                    let key = hash_of(&[b"image", name.as_bytes(), &place.to_be_bytes()]);
                    inputs.may_equal_others = true;
                    inputs.push(vec![key], Some(place));
                }
                SourceOrigin::Remote { url, .. } if context.remote(url).is_some() => {
                    let id = context.remote(url).map_or(0, |known| known.0);
                    inputs.push(vec![id], Some(id));
                }
                SourceOrigin::Remote { url, is_pinned } => {
                    let key = hash_of(&[b"remote", url.as_bytes()]);
                    inputs.is_known &= is_pinned;
                    inputs.may_equal_others |= !is_pinned;
                    inputs.push(vec![key], Some(0));
                }
            }
        }
        inputs
    }
}

/// The inputs of a step as they enter its key.
#[derive(Default)]
struct Inputs {
    definition: u128,
    /// For each source the digests that it may have; the first is that of its contents as they are now.
    sources: Vec<Vec<u128>>,
    /// For each source what remains of its digest when contents of other stages and images are left out.
    places: Vec<Option<u128>>,
    missing: Vec<usize>,
    /// Whether the digests are those that the builder will see.
    is_known: bool,
    /// Whether a source of another digest may have the same contents.
    may_equal_others: bool,
}

impl Inputs {
    fn push(&mut self, digests: Vec<u128>, place: Option<u128>) {
        self.sources.push(digests);
        self.places.push(place);
    }

    /// What is selected of a context that may be another folder.
    fn push_doubtful(&mut self, selected: Selected, selector: &Selector) {
        let place = selector_digest(selector);
        let digest = if let Selected::Files(digest) = selected { digest } else { place };
        self.is_known = false;
        self.may_equal_others = true;
        self.push(vec![digest], Some(place));
    }

    /// The keys of a step on top of a parent: the first with all sources as they are.
    fn keys(&self, step: &Step, parent: u128) -> impl Iterator<Item = u128> {
        let mut combinations: Vec<Vec<u128>> = vec![Vec::new()];
        for digests in &self.sources {
            let mut next = Vec::new();
            for combination in &combinations {
                for digest in digests.iter().take(MAX_KEYS) {
                    if next.len() < MAX_KEYS {
                        next.push(combination.iter().copied().chain([*digest]).collect());
                    }
                }
            }
            combinations = next;
        }
        let kind = step.kind as u8;
        let definition = self.definition;
        combinations.into_iter().map(move |sources| key_of(kind, definition, parent, &sources))
    }

    /// What keys have in common that differ only in contents of other stages and images.
    fn similar(&self, step: &Step, parent: u128) -> u128 {
        let places: Vec<u128> = self.places.iter().map(|place| place.unwrap_or(1)).collect();
        hash_of(&[b"similar", &key_of(step.kind as u8, self.definition, parent, &places).to_be_bytes()])
    }
}

fn key_of(kind: u8, definition: u128, parent: u128, sources: &[u128]) -> u128 {
    let mut bytes = Vec::with_capacity(40 + 16 * sources.len());
    bytes.push(kind);
    bytes.extend(definition.to_be_bytes());
    bytes.extend(parent.to_be_bytes());
    for source in sources {
        bytes.extend(source.to_be_bytes());
    }
    hash_of(&[&bytes])
}

fn push_key(keys: &mut Vec<u128>, key: u128) {
    if keys.len() < MAX_KEYS && !keys.contains(&key) {
        keys.push(key);
    }
}

fn parent_keys(outcome: &Outcome, step: &Step) -> Vec<u128> {
    step.parent.map_or_else(|| vec![SCRATCH], |parent| outcome.keys[parent].clone())
}

/// Whether a step is laid on top of a result that was forced.
fn is_on_forced(outcome: &Outcome, step: &Step) -> bool {
    let linked = match step.sources.first().map(|source| &source.origin) {
        Some(SourceOrigin::Stage { step: copied, .. }) if step.kind == StepKind::Link => *copied,
        _ => None,
    };
    [step.parent, linked].into_iter().flatten().any(|below| outcome.is_forced[below])
}

fn selector_digest(selector: &Selector) -> u128 {
    let parents = selector.parents.as_deref().unwrap_or_default();
    hash_of(&[selector.path.as_bytes(), parents.as_bytes(), selector.exclude.join("\0").as_bytes()])
}

/// Identifies the contents of a path of a stage's result by the step that may have written them last. Also says whether
/// they are known.
fn contents(graph: &Graph, outcome: &Outcome, last: Option<usize>, selector: &Selector) -> (Vec<u128>, bool) {
    let place = selector_digest(selector);
    let Some(index) = last_writer(graph, last, selector) else {
        return (vec![hash_of(&[b"scratch", &place.to_be_bytes()])], true);
    };
    let keys = outcome.keys[index].iter().map(|key| hash_of(&[&key.to_be_bytes(), &place.to_be_bytes()]));
    // A step that is forced to run may have another result under the same key.
    (keys.collect(), outcome.verdicts[index] != StepVerdict::Unknown && !outcome.is_forced[index])
}
