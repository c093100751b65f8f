//! Results of `cache predict`, `cache explain` and `cache history`.

use std::collections::{BTreeMap, HashSet};

use super::result::{MOST_STEPS, ReadResult, amount, document, surplus};
use crate::results::figure::FigureKind;
use crate::results::state::{BuildState, CacheMiss, CommitTable, ProjectState, StateFigure, StepState};
use crate::wire::{ExplanationJson, HistoryJson, LoggedBuildJson, PredictedStepJson, PredictionJson, PredictionsJson};

/// Misses that are kept of one build.
const MOST_MISSES: usize = 20;

pub(super) fn figure(kind: FigureKind, command: &str, value: Option<f64>, of: Option<u32>) -> Option<StateFigure> {
    let value = value.and_then(amount)?;
    Some(StateFigure { kind, command: command.to_owned(), value, of: of.map(f64::from), spread: None })
}

pub(super) fn state(builds: Vec<BuildState>, notices: Vec<String>) -> ReadResult {
    ReadResult { after: ProjectState { builds, ..ProjectState::default() }, notices, ..ReadResult::default() }
}

pub(super) fn prediction(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: PredictionsJson = document(text)?;
    let mut notices = Vec::new();
    let build = |build: PredictionJson| {
        let all = build.cached.saturating_add(build.reruns).saturating_add(build.may_rerun);
        let hits = figure(FigureKind::CacheHits, "cache predict", Some(f64::from(build.cached)), Some(all));
        let seconds = figure(FigureKind::PredictedRebuild, "cache predict", build.rerun_seconds, None);
        // A step above which something reruns has no reason of its own.
        let reruns = |step: &PredictedStepJson| step.verdict == "reruns" && !step.reasons.is_empty();
        let misses: Vec<PredictedStepJson> = build.steps.into_iter().filter(reruns).collect();
        notices.extend(surplus(misses.len(), MOST_MISSES, "steps that rerun", &build.dockerfile));
        let miss = |step: PredictedStepJson| CacheMiss {
            name: step.step,
            line: Some(step.line),
            reason: step.reasons.into_iter().next().unwrap_or_default(),
        };
        BuildState {
            dockerfile: Some(build.dockerfile),
            figures: hits.into_iter().chain(seconds).collect(),
            misses: misses.into_iter().take(MOST_MISSES).map(miss).collect(),
            ..BuildState::default()
        }
    };
    let builds = read.builds.into_iter().map(build).collect();
    Ok(state(builds, notices))
}

pub(super) fn explanation(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: ExplanationJson = document(text)?;
    let mut notices = Vec::new();
    let builds = read.builds.into_iter().filter(|build| !build.is_check);
    let builds = builds.map(|build| logged_build(build, &mut notices)).collect();
    Ok(state(builds, notices))
}

fn logged_build(build: LoggedBuildJson, notices: &mut Vec<String>) -> BuildState {
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for file in build.steps.iter().filter_map(|step| step.file.as_deref()) {
        *files.entry(file).or_default() += 1;
    }
    let placed = files.into_iter().max_by_key(|(_, count)| *count).map(|(file, _)| file.to_owned());
    let cached = Some(f64::from(build.cached_steps));
    let hits = figure(FigureKind::CacheHits, "cache explain", cached, Some(build.cacheable_steps));
    let seconds = figure(FigureKind::LoggedBuild, "cache explain", build.seconds, None);
    let critical: HashSet<usize> = build.critical_path.steps.iter().copied().collect();
    let (mut misses, mut steps) = (Vec::new(), Vec::new());
    for (index, step) in build.steps.into_iter().enumerate() {
        if let (Some(reason), true) = (step.reason, step.first_miss == Some(index)) {
            misses.push(CacheMiss { name: step.name.clone(), line: step.line, reason });
        }
        if let Some(seconds) = step.seconds.and_then(amount) {
            steps.push(StepState {
                build: FigureKind::LoggedBuild,
                name: step.name,
                line: step.line,
                seconds,
                start: step.begins_after.and_then(amount).or_else(|| step.started.as_deref().and_then(unix_seconds)),
                has_logged_start: step.started.is_some(),
                is_critical: critical.contains(&index),
            });
        }
    }
    let name = build.dockerfile.as_deref().unwrap_or("the logged build");
    notices.extend(surplus(steps.len(), MOST_STEPS, "steps", name));
    notices.extend(surplus(misses.len(), MOST_MISSES, "first steps that rerun", name));
    steps.truncate(MOST_STEPS);
    misses.truncate(MOST_MISSES);
    BuildState {
        dockerfile: placed.or(build.dockerfile),
        figures: hits.into_iter().chain(seconds).collect(),
        misses,
        steps,
        failure: build.error.map(|error| error.message),
        ..BuildState::default()
    }
}

/// Seconds since 1970 of a time in RFC 3339.
fn unix_seconds(time: &str) -> Option<f64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_duration().as_secs_f64())
}

pub(super) fn history(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: HistoryJson = document(text)?;
    let table = read.tables.into_iter().next();
    let seconds = table.as_ref().and_then(|table| Some(table.expected_seconds.as_ref()?.least));
    let figures = figure(FigureKind::CommitRebuild, "cache history", seconds, None).into_iter().collect();
    let ids = read.commits.into_iter().map(|commit| commit.id).collect();
    let commits = table.map(|table| CommitTable { ids, table });
    let build = BuildState { dockerfile: Some(read.dockerfile), figures, commits, ..BuildState::default() };
    Ok(state(vec![build], Vec::new()))
}
