//! Results of `measure`.

use super::image::sizes;
use super::result::{MOST_STEPS, ReadResult, amount, document, surplus};
use crate::buildlog::{MeasurementFile, MeasurementFileBuild, MeasurementFileRun, MeasurementFileStep};
use crate::results::figure::FigureKind;
use crate::results::state::{BuildState, ProjectState, StateFigure, StepState};
use crate::text::median;

pub(super) fn measure(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: MeasurementFile = document(text)?;
    let has_before = read.builds.len() == 2 && read.builds.iter().map(|build| &*build.name).eq(["before", "after"]);
    let mut notices = Vec::new();
    let mut builds: Vec<BuildState> = read.builds.into_iter().map(|build| build_state(build, &mut notices)).collect();
    let state = |builds| ProjectState { builds, ..ProjectState::default() };
    if !has_before {
        return Ok(ReadResult { after: state(builds), notices, ..ReadResult::default() });
    }
    let after = builds.split_off(1);
    if let (Some(old), Some(new)) = (builds.first_mut(), after.first()) {
        // They are two states of one build, wherever their Dockerfiles are.
        old.dockerfile.clone_from(&new.dockerfile);
    }
    Ok(ReadResult { before: Some(state(builds)), after: state(after), notices, ..ReadResult::default() })
}

fn build_state(build: MeasurementFileBuild, notices: &mut Vec<String>) -> BuildState {
    let mut state = BuildState {
        dockerfile: Some(build.dockerfile),
        failure: build.failure.map(|failure| failure.message),
        ..BuildState::default()
    };
    if let Some(image) = build.image {
        state.figures = sizes("measure", Some(image.disk_bytes), image.pull_bytes);
    }
    for (kind, scenario) in [(FigureKind::ColdBuild, "cold"), (FigureKind::Rebuild, "source")] {
        let mut runs: Vec<&MeasurementFileRun> = build.runs.iter().filter(|run| run.scenario == scenario).collect();
        runs.retain(|run| amount(run.seconds).is_some());
        runs.sort_by(|run, other| run.seconds.total_cmp(&other.seconds));
        let value = median(runs.iter().map(|run| run.seconds).collect());
        let (Some(value), Some(middle), Some(first), Some(last)) =
            (value, runs.get(runs.len() / 2), runs.first(), runs.last())
        else {
            continue;
        };
        let spread = (runs.len() > 1).then_some(last.seconds - first.seconds);
        let command = "measure".to_owned();
        state.figures.push(StateFigure { kind, command, value, of: None, spread });
        let name = state.dockerfile.as_deref().unwrap_or_default();
        notices.extend(surplus(middle.steps.len(), MOST_STEPS, "steps", name));
        let known = middle.steps.iter().filter(|step| amount(step.seconds).is_some());
        let step = |step: &MeasurementFileStep| StepState {
            build: kind,
            name: step.name.clone(),
            line: None,
            seconds: step.seconds,
            start: None,
            has_logged_start: false,
            is_critical: false,
        };
        state.steps.extend(known.take(MOST_STEPS).map(step));
    }
    state
}
