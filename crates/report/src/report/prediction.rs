//! `cache predict`: which steps rerun after a change, and why.

mod reason;

pub use self::reason::ReasonWriter;

use super::json;
use super::page::{Block, Chart, Column, Page, Section, Table, Tone, code, number, plain, toned};
use super::timeline::{TimelineStep, critical_seconds, timeline_rows};
use super::units::{count, seconds};
use crate::audit::ProblemReport;
use crate::buildlog::{StepSeconds, total_seconds};
use crate::cache::{
    FileChangeKind, Graph, Prediction, SourceOrigin, Step, StepKind, StepPrediction, StepReason, StepVerdict,
};
use crate::finding::Mask;
use crate::wire::{Head, OnlyWritten, PredictedFileJson, PredictedStepJson, PredictionJson, list, object};

/// What is predicted of a build.
#[derive(Debug)]
pub struct BuildPrediction {
    /// The Dockerfile, as the user would type it.
    pub dockerfile: String,
    /// The services or targets that are built so, where that is known.
    pub services: Vec<String>,
    /// The stage that is built, if one is named.
    pub target: Option<String>,
    /// What is compared: `the working tree with HEAD`.
    pub compared: String,
    /// The steps after the change.
    pub graph: Graph,
    /// What happens to each.
    pub prediction: Prediction,
    /// The first line of each instruction.
    pub lines: Vec<u32>,
    /// How long each step takes, from a log; `None` where no log says.
    pub seconds: Vec<Option<StepSeconds>>,
    /// Values that must not be shown.
    pub mask: Mask,
    /// What the reader has to know: the history is shallow, files that were named are not sent.
    pub notes: Vec<String>,
    /// Whether files of submodules could not be read.
    pub is_partial: bool,
}

/// Services that a title names.
const NAMED_SERVICES: usize = 3;

impl BuildPrediction {
    fn line_of(&self, instruction: usize) -> u32 {
        self.lines.get(instruction).copied().unwrap_or(0)
    }

    /// The steps with their indexes in the graph; FROM only where it is, or may be, another image than before.
    fn steps(&self) -> impl Iterator<Item = (usize, &StepPrediction)> {
        let is_from = |index: usize| self.graph.steps.get(index).is_none_or(|step| step.kind == StepKind::From);
        let steps = self.prediction.steps.iter().enumerate();
        steps.filter(move |(index, step)| step.verdict != StepVerdict::Hit || !is_from(*index))
    }

    fn sentences(&self, prediction: &StepPrediction) -> Vec<String> {
        let line_of = |instruction: usize| self.line_of(instruction);
        let writer = ReasonWriter { graph: &self.graph, line_of: &line_of };
        prediction.reasons.iter().map(|reason| self.mask.apply(&writer.sentence(reason))).collect()
    }

    /// Seconds of all steps with an outcome; `None` if a log says nothing of any.
    fn total(&self, outcome: StepOutcome) -> Option<StepSeconds> {
        total_seconds(self.with_outcome(outcome).filter_map(|index| *self.seconds.get(index)?))
    }

    /// Whether the log says nothing of a RUN with this outcome.
    fn has_untimed_runs(&self, outcome: StepOutcome) -> bool {
        let is_run = |index: &usize| self.graph.steps.get(*index).is_some_and(|step| step.kind == StepKind::Run);
        self.with_outcome(outcome).filter(is_run).any(|index| self.seconds.get(index).copied().flatten().is_none())
    }

    fn number(&self, outcome: StepOutcome) -> usize {
        self.with_outcome(outcome).count()
    }

    /// The steps with an outcome.
    fn with_outcome(&self, outcome: StepOutcome) -> impl Iterator<Item = usize> {
        let outcomes = self.step_outcomes();
        self.steps().map(|(index, _)| index).filter(move |index| outcomes.get(*index) == Some(&outcome))
    }

    /// What happens to each step of the graph.
    fn step_outcomes(&self) -> Vec<StepOutcome> {
        let mut outcomes: Vec<StepOutcome> = Vec::with_capacity(self.graph.steps.len());
        for (step, prediction) in self.graph.steps.iter().zip(&self.prediction.steps) {
            let is_broken =
                |index: usize| matches!(outcomes.get(index), Some(StepOutcome::Fails | StepOutcome::NotRun));
            outcomes.push(if prediction.reasons.iter().any(|reason| matches!(reason, StepReason::Missing(_))) {
                StepOutcome::Fails
            } else if needs(step).any(is_broken) {
                StepOutcome::NotRun
            } else {
                match prediction.verdict {
                    StepVerdict::Hit => StepOutcome::Cached,
                    StepVerdict::Unknown => StepOutcome::MayRerun,
                    StepVerdict::Miss => StepOutcome::Reruns,
                }
            });
        }
        outcomes
    }
}

/// What happens to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepOutcome {
    Cached,
    MayRerun,
    Reruns,
    /// A file that it copies does not exist.
    Fails,
    /// A step that it needs fails.
    NotRun,
}

/// The predictions for people.
pub fn prediction(builds: &[BuildPrediction]) -> Page {
    let mut page = Page::new("Which steps rerun");
    page.blocks.extend(builds.iter().map(|build| Block::Section(section(build))));
    page
}

fn section(build: &BuildPrediction) -> Section {
    let target = build.target.as_ref().map(|target| format!(", stage {target}")).unwrap_or_default();
    let title = format!("{}{}{target}", build.dockerfile, built_for(&build.services));
    let mut section = Section { about: plain(&build.compared), ..Section::new(title) };
    let outcomes = build.step_outcomes();
    let row = |(index, prediction): (usize, &StepPrediction)| {
        let step = &build.graph.steps[index];
        let outcome = *outcomes.get(index)?;
        let (word, tone) = match outcome {
            StepOutcome::Cached => ("cached", Tone::Dim),
            StepOutcome::MayRerun => ("may rerun", Tone::Info),
            StepOutcome::Reruns => ("reruns", Tone::Warning),
            StepOutcome::Fails => ("fails", Tone::Error),
            StepOutcome::NotRun => ("not run", Tone::Dim),
        };
        let time = build.seconds.get(index).copied().flatten().map(step_time).unwrap_or_default();
        let why = if outcome == StepOutcome::NotRun { String::new() } else { shown_reasons(build, prediction) };
        Some(vec![
            plain(build.line_of(step.instruction).to_string()),
            toned(word, tone),
            number(time),
            code(build.mask.apply(&step.name)),
            plain(why),
        ])
    };
    let columns = [Column::Right, Column::Left, Column::Right, Column::Words, Column::Below];
    let table = Table::new(&columns, build.steps().filter_map(row).collect());
    section.push(table.with_head(&["line", "", "time", "step", "why"]));
    section.blocks.extend(timeline(build, &outcomes).map(Block::Chart));
    let mut end = Section::default().with(plain(summary(build)));
    end.push_list(build.notes.iter().map(|note| plain(format!("note: {note}"))).collect());
    section.with(end)
}

/// The rebuild by the seconds of the log: what is cached takes no time.
fn timeline(build: &BuildPrediction, outcomes: &[StepOutcome]) -> Option<Chart> {
    let step = |(index, step): (usize, &Step)| {
        let runs = matches!(outcomes.get(index), Some(StepOutcome::Reruns | StepOutcome::MayRerun));
        let time = if runs { build.seconds.get(index).copied().flatten() } else { None };
        let may = if outcomes.get(index) == Some(&StepOutcome::MayRerun) { "if it reruns" } else { "" };
        TimelineStep {
            name: format!("{}  {}", build.line_of(step.instruction), build.mask.apply(&step.name)),
            seconds: time.map_or(0.0, |time| time.seconds),
            start: None,
            needs: needs(step).collect(),
            note: if time.is_some_and(|time| time.is_at_most) { "at most" } else { may }.to_owned(),
        }
    };
    let steps: Vec<TimelineStep> = build.graph.steps.iter().enumerate().map(step).collect();
    let mut rows = timeline_rows(&steps);
    rows.retain(|row| row.seconds > 0.0);
    let bound = if outcomes.contains(&StepOutcome::MayRerun) { "at most " } else { "" };
    let path = seconds(critical_seconds(&rows));
    let name = format!("The rebuild by the seconds of the log: {bound}{path} on its critical path");
    (!rows.is_empty()).then_some(Chart::Timeline { name, rows })
}

/// The steps whose results a step takes.
fn needs(step: &Step) -> impl Iterator<Item = usize> {
    let sources = step.sources.iter().filter_map(|source| match source.origin {
        SourceOrigin::Stage { step, .. } => step,
        _ => None,
    });
    step.parent.into_iter().chain(sources)
}

/// ` for api, worker`: the services that are built so.
fn built_for(services: &[String]) -> String {
    let named: Vec<&str> = services.iter().take(NAMED_SERVICES).map(String::as_str).collect();
    let more = services.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if named.is_empty() { String::new() } else { format!(" for {}{more}", named.join(", ")) }
}

/// The reasons that a table shows: not that a step follows one above it, which the table shows itself.
fn shown_reasons(build: &BuildPrediction, prediction: &StepPrediction) -> String {
    let reasons = prediction.reasons.iter().zip(build.sentences(prediction));
    let visible = reasons.filter(|(reason, _)| !matches!(reason, StepReason::Above(..)));
    visible.map(|(_, sentence)| sentence).collect::<Vec<_>>().join("; ")
}

/// `3 s`, or `≤ 3 s` where a rebuild takes less.
fn step_time(time: StepSeconds) -> String {
    let at_most = if time.is_at_most { "≤ " } else { "" };
    format!("{at_most}{}", seconds(time.seconds))
}

fn summary(build: &BuildPrediction) -> String {
    let all = build.steps().count();
    if let Some(index) = build.with_outcome(StepOutcome::Fails).next() {
        let line = build.graph.steps.get(index).map_or(0, |step| build.line_of(step.instruction));
        return format!("the build fails at line {line}: a file that it copies is not in the build context");
    }
    let (misses, unknown) = (build.number(StepOutcome::Reruns), build.number(StepOutcome::MayRerun));
    if misses + unknown == 0 {
        return match all {
            0 => "the build has no step that runs or copies anything".to_owned(),
            1 => "the only step is cached".to_owned(),
            _ => format!("all {} are cached", count(all as u64, "step")),
        };
    }
    let time = |outcome| {
        let words = |total: StepSeconds| {
            let about = match (total.is_at_most, build.has_untimed_runs(outcome)) {
                (true, false) => "at most",
                (false, true) => "at least",
                (false, false) | (true, true) => "≈",
            };
            format!(" ({about} {}, measured)", seconds(total.seconds))
        };
        build.total(outcome).map(words).unwrap_or_default()
    };
    let verb = |number: usize| if number == 1 { "reruns" } else { "rerun" };
    let mut text = format!("{misses} of {} {}{}", count(all as u64, "step"), verb(misses), time(StepOutcome::Reruns));
    if unknown > 0 {
        let depends_on = uncertainty(build, misses > 0);
        text.push_str(&format!(", {unknown} may rerun{}: that depends on {depends_on}", time(StepOutcome::MayRerun)));
    }
    text
}

/// What decides whether steps that may rerun do.
fn uncertainty(build: &BuildPrediction, reruns: bool) -> String {
    let has = |is: fn(&StepReason) -> bool| build.steps().flat_map(|(_, step)| &step.reasons).any(is);
    let is_download = has(|reason| matches!(reason, StepReason::Remote(_)));
    let is_unknown = has(|reason| matches!(reason, StepReason::UnknownContext { .. }));
    let is_missed = has(|reason| matches!(reason, StepReason::Files(changes) if changes.may_all_be_missed));
    let is_doubtful = has(|reason| matches!(reason, StepReason::DoubtfulContext(_)));
    let mut parts = Vec::new();
    if reruns || !(is_download || is_unknown || is_missed || is_doubtful) {
        parts.push("results of steps that rerun");
    }
    if is_doubtful {
        parts.push("the build context");
    }
    if is_missed {
        parts.push("whether the builder receives the files again");
    }
    if is_download {
        parts.push("what is downloaded");
    }
    if is_unknown {
        parts.push("files that are not known");
    }
    parts.join(", and on ")
}

/// The predictions for programs, as `schemas/cache-predict.schema.json` describes them.
pub fn prediction_json(root: &str, builds: &[BuildPrediction], problems: &[ProblemReport]) -> String {
    let head = Head::new("dockopt.cache-predict/1", root);
    json::pretty(&object! {
        #[serde(flatten)]
        head,
        builds: list(builds, build_json),
        problems: json::problems(problems),
    })
}

fn build_json(build: &BuildPrediction) -> PredictionJson {
    let outcomes = build.step_outcomes();
    let number = |outcome| u32::try_from(build.number(outcome)).unwrap_or(u32::MAX);
    PredictionJson {
        dockerfile: build.dockerfile.clone(),
        services: OnlyWritten(build.services.clone()),
        target: OnlyWritten(build.target.clone()),
        compared: OnlyWritten(build.compared.clone()),
        steps: list(build.steps(), |(index, prediction)| step_json(build, index, prediction, outcomes.get(index))),
        cached: number(StepOutcome::Cached),
        reruns: number(StepOutcome::Reruns),
        may_rerun: number(StepOutcome::MayRerun),
        rerun_seconds: build.total(StepOutcome::Reruns).map(|total| total.seconds),
        rerun_at_most: OnlyWritten(build.total(StepOutcome::Reruns).is_some_and(|total| total.is_at_most)),
        partial: OnlyWritten(build.is_partial),
        notes: OnlyWritten(build.notes.clone()),
    }
}

fn step_json(
    build: &BuildPrediction,
    index: usize,
    prediction: &StepPrediction,
    outcome: Option<&StepOutcome>,
) -> PredictedStepJson {
    let step = &build.graph.steps[index];
    let files = prediction.reasons.iter().find_map(|reason| match reason {
        StepReason::Files(changes) => Some(changes),
        _ => None,
    });
    let time = build.seconds.get(index).copied().flatten();
    PredictedStepJson {
        line: build.line_of(step.instruction),
        step: build.mask.apply(&step.name),
        verdict: match outcome {
            Some(StepOutcome::Cached) | None => "cached",
            Some(StepOutcome::MayRerun) => "may_rerun",
            Some(StepOutcome::Reruns) => "reruns",
            Some(StepOutcome::Fails) => "fails",
            Some(StepOutcome::NotRun) => "not_run",
        }
        .to_owned(),
        reasons: build.sentences(prediction),
        files: OnlyWritten(list(files.map(|changes| &changes.first).into_iter().flatten(), |change| {
            PredictedFileJson { path: change.full_path(), change: change_word(change.kind) }
        })),
        changed_files: OnlyWritten(files.map_or(0, |changes| changes.total)),
        seconds: OnlyWritten(time.map(|time| time.seconds)),
        at_most: OnlyWritten(time.is_some_and(|time| time.is_at_most)),
    }
}

fn change_word(kind: FileChangeKind) -> &'static str {
    match kind {
        FileChangeKind::Content => "content",
        FileChangeKind::Added => "added",
        FileChangeKind::Removed => "removed",
        FileChangeKind::Excluded => "excluded",
        FileChangeKind::Included => "included",
        FileChangeKind::Mode => "mode",
        FileChangeKind::Link => "link",
        FileChangeKind::Attributes => "attributes",
        FileChangeKind::Kind => "kind",
    }
}
