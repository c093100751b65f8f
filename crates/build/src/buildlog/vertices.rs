//! BuildKit's own messages about a build: vertices by digest, what they transfer and print. They are the same in JSON,
//! in records and for builds that `measure` runs.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::logged_build::{
    LogForm, LogStep, LogTransfer, LoggedBuild, MOST_STEPS, MOST_TRANSFERS, StepStatus, TEXT, seconds_between,
    short_text,
};
use super::plain::add_transfer;
use super::step_name;
use super::step_name::StepKind;

/// Times that one vertex runs, and vertices of one group.
const RUNS: usize = 1_000;

/// A message about a vertex.
#[derive(Debug, Default)]
pub(super) struct VertexUpdate {
    pub digest: String,
    pub inputs: Vec<String>,
    pub name: String,
    pub started: Option<Timestamp>,
    pub completed: Option<Timestamp>,
    pub cached: bool,
    pub error: String,
    pub group: Option<VertexGroup>,
}

/// Vertices that are shown as one step.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct VertexGroup {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// Whether it is shown only together with others of its group.
    #[serde(default)]
    pub weak: bool,
}

/// A message about a transfer.
#[derive(Debug, Default)]
pub(super) struct StatusUpdate {
    pub id: String,
    pub vertex: String,
    pub current: i64,
    pub total: i64,
    pub timestamp: Option<Timestamp>,
    pub started: Option<Timestamp>,
    pub completed: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
struct Vertex {
    step: LogStep,
    inputs: Vec<String>,
    /// Starts and ends; it may run several times: its key is computed, then it runs.
    runs: BTreeMap<Timestamp, Timestamp>,
    /// A start without an end.
    open: Option<Timestamp>,
    /// The vertices that started, and whether each was cached.
    members: Vec<(String, bool)>,
    is_shown: bool,
}

/// What the messages said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Vertices {
    all: Vec<Vertex>,
    /// The index of each digest, and of each group.
    index: HashMap<String, usize>,
    transfers: usize,
}

impl Vertices {
    /// Whether a message begins another build: the Dockerfile is read again after the build has run or failed.
    pub(super) fn is_over(&self, name: &str, digest: &str) -> bool {
        let is_first = name.contains("load build definition from") || name.contains("load local bake definitions");
        if !is_first || self.index.contains_key(digest) || self.all.iter().any(|vertex| vertex.open.is_some()) {
            return false;
        }
        let has_run = |vertex: &Vertex| {
            let label = step_name::label(&vertex.step.name, &std::collections::BTreeSet::new());
            vertex.step.error.is_some() || (label.is_instruction() && !vertex.runs.is_empty())
        };
        self.all.iter().any(|vertex| vertex.step.name == name) && self.all.iter().any(has_run)
    }

    pub(super) fn vertex(&mut self, update: VertexUpdate) {
        let Some(at) = self.at(&update) else { return };
        let vertex = &mut self.all[at];
        let step = &mut vertex.step;
        let (name, is_weak) = match &update.group {
            Some(group) => (&group.name, group.weak),
            None => (&update.name, false),
        };
        if !name.is_empty() {
            step.name = short_text(name.as_bytes());
        }
        vertex.is_shown |= !is_weak;
        if !update.error.is_empty() {
            step.error = Some(short_text(update.error.as_bytes()));
        }
        for input in update.inputs {
            if vertex.inputs.len() < RUNS && !vertex.inputs.contains(&input) {
                vertex.inputs.push(input);
            }
        }
        let Some(started) = update.started else { return };
        if let Some(member) = vertex.members.iter_mut().find(|member| member.0 == update.digest) {
            member.1 |= update.cached;
        } else if vertex.members.len() < RUNS {
            vertex.members.push((update.digest, update.cached));
        }
        step.started = Some(step.started.map_or(started, |known| known.min(started)));
        let Some(completed) = update.completed else {
            vertex.open = Some(started);
            return;
        };
        if vertex.open == Some(started) {
            vertex.open = None;
        }
        step.ended = Some(step.ended.map_or(completed, |known| known.max(completed)));
        if vertex.runs.len() < RUNS || vertex.runs.contains_key(&started) {
            let end = vertex.runs.entry(started).or_insert(completed);
            *end = completed.max(*end);
        }
    }

    /// The index of a message's vertex, or of its group.
    fn at(&mut self, update: &VertexUpdate) -> Option<usize> {
        if let Some(at) = self.index.get(&update.digest) {
            return Some(*at);
        }
        let group = update.group.as_ref().map(|group| &group.id).filter(|id| !id.is_empty());
        let known = group.and_then(|id| self.index.get(id).copied());
        if known.is_none() && self.all.len() == MOST_STEPS || self.index.len() > 10 * MOST_STEPS {
            return None;
        }
        let at = known.unwrap_or_else(|| {
            self.all.push(Vertex::default());
            self.all.len() - 1
        });
        if let Some(id) = group {
            self.index.insert(id.clone(), at);
        }
        self.index.insert(update.digest.clone(), at);
        Some(at)
    }

    fn vertex_mut(&mut self, digest: &str) -> Option<&mut Vertex> {
        self.index.get(digest).and_then(|at| self.all.get_mut(*at))
    }

    pub(super) fn status(&mut self, update: &StatusUpdate) {
        if self.transfers == MOST_TRANSFERS {
            return;
        }
        let Some(vertex) = self.vertex_mut(&update.vertex) else { return };
        let end = update.completed.or(update.timestamp);
        let transfer = LogTransfer {
            id: update.id.chars().take(TEXT / 4).collect(),
            bytes: u64::try_from(update.current).ok().filter(|bytes| *bytes > 0),
            total: u64::try_from(update.total).ok().filter(|bytes| *bytes > 0),
            seconds: update.started.zip(end).map(|(from, to)| seconds_between(from, to)),
            is_done: update.completed.is_some(),
        };
        let before = vertex.step.transfers.len();
        add_transfer(&mut vertex.step.transfers, transfer);
        let added = vertex.step.transfers.len() - before;
        self.transfers += added;
    }

    pub(super) fn output(&mut self, digest: &str, data: &[u8], at: Option<Timestamp>) {
        let Some(vertex) = self.vertex_mut(digest) else { return };
        let start = vertex.open.or(vertex.step.started);
        let at = start.zip(at).map(|(from, to)| seconds_between(from, to));
        let output = &mut vertex.step.output;
        output.is_clipped |= memchr::memmem::find(data, b"[output clipped, log limit ").is_some();
        output.chunk(data, at);
    }

    pub(super) fn warning(&mut self, digest: &str, short: &[u8]) {
        if self.transfers == MOST_TRANSFERS {
            return;
        }
        self.transfers += 1;
        if let Some(vertex) = self.vertex_mut(digest) {
            vertex.step.warnings.push(short_text(short));
        }
    }

    /// Sets the lines of the Dockerfile: a digest's line.
    pub(super) fn set_line(&mut self, digest: &str, line: u32) {
        if let Some(vertex) = self.vertex_mut(digest) {
            vertex.step.line = Some(line);
        }
    }

    /// The build: the steps that started, in the order of their start.
    pub(super) fn build(&self, form: LogForm) -> LoggedBuild {
        let is_shown = |at: &usize| self.all[*at].is_shown && !self.all[*at].members.is_empty();
        let mut order: Vec<usize> = (0..self.all.len()).filter(is_shown).collect();
        order.sort_by_key(|at| self.all[*at].step.started);
        let place: HashMap<usize, usize> = order.iter().enumerate().map(|(place, at)| (*at, place)).collect();
        let mut build = LoggedBuild::new(form);
        build.steps = order.iter().map(|at| self.step(*at, &place)).collect();
        build.complete();
        // A source has no inputs; a step that takes one from outside of the build has unknown ones.
        for step in &mut build.steps {
            if step.label.kind == StepKind::Export {
                step.inputs = None;
            }
        }
        build
    }

    fn step(&self, at: usize, place: &HashMap<usize, usize>) -> LogStep {
        let vertex = &self.all[at];
        let mut step = vertex.step.clone();
        step.status = match &step.error {
            Some(error) if error.ends_with("context canceled") => StepStatus::Canceled,
            Some(_) => StepStatus::Error,
            None if vertex.members.iter().all(|(_, cached)| *cached) => StepStatus::Cached,
            None if vertex.open.is_some() || vertex.runs.is_empty() => StepStatus::Unfinished,
            None => StepStatus::Done,
        };
        step.seconds = seconds_of(&vertex.runs);
        if let Some(seconds) = step.seconds {
            step.output.end(seconds);
        }
        let inputs = vertex.inputs.iter().filter_map(|digest| self.index.get(digest));
        let mut inputs: Vec<usize> =
            inputs.filter(|input| **input != at).filter_map(|at| place.get(at).copied()).collect();
        inputs.sort_unstable();
        inputs.dedup();
        step.inputs = Some(inputs);
        step
    }
}

/// Seconds that at least one of the runs covers; `None` if none ended.
fn seconds_of(runs: &BTreeMap<Timestamp, Timestamp>) -> Option<f64> {
    let mut covered: Option<(f64, Timestamp)> = None;
    for (start, end) in runs {
        let (sum, until) = covered.unwrap_or((0.0, *start));
        let from = until.max(*start);
        covered = Some((sum + seconds_between(from, *end), until.max(*end)));
    }
    covered.map(|(sum, _)| sum)
}
