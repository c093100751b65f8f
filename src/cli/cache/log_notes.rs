//! What a reader must know of the log that `--log` names.

use std::path::Path;

use crate::buildlog::{BuildLog, LogForm, LoggedBuild};
use crate::cache::{Graph, LoggedTimes, StepKind};
use crate::load::build_log_name;
use crate::report;

/// Steps that are named.
const NAMED: usize = 3;

/// The steps of a graph that a log has no line of; none if it has none of all, which is said otherwise.
pub(super) fn missing_steps<'g>(graph: &'g Graph, times: &LoggedTimes, log: &BuildLog) -> Vec<&'g str> {
    // A measurement has only the steps that ran.
    let is_log = log.builds.iter().any(|build| build.form != LogForm::Measurement);
    let is_counted = |kind: StepKind| matches!(kind, StepKind::Run | StepKind::Copy | StepKind::Workdir);
    let all = graph.steps.iter().filter(|step| is_counted(step.kind)).count();
    if !is_log || times.missing.len() == all {
        return Vec::new();
    }
    times.missing.iter().filter_map(|index| Some(graph.steps.get(*index)?.name.as_str())).collect()
}

/// That the log ends before its build does, or that the build failed, and which of so many steps it lacks.
pub(super) fn log_notes(path: &Path, log: &BuildLog, missing: &[&str], steps: usize) -> Vec<String> {
    let name = build_log_name(path);
    let mut notes = Vec::new();
    if log.builds.iter().any(LoggedBuild::is_truncated) {
        notes.push(format!("`{name}` ends before its build does: steps that ran later have no time"));
    }
    let failed = log.builds.iter().filter(|build| build.error.is_some());
    notes.extend(failed.take(1).map(|build| match build.failed_step() {
        Some(step) => format!("the build of `{name}` failed at `{}`, which has no time", step.name),
        None => format!("the build of `{name}` failed: steps that it did not reach have no time"),
    }));
    if !missing.is_empty() {
        let named: Vec<String> = missing.iter().take(NAMED).map(|step| format!("`{step}`")).collect();
        let more = missing.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let verb = if missing.len() == 1 { "is" } else { "are" };
        notes.push(format!(
            "{} of {} {verb} not in `{name}`, so their time is not known: {}{more}",
            missing.len(),
            report::count(steps as u64, "step"),
            named.join(", ")
        ));
    }
    notes
}
