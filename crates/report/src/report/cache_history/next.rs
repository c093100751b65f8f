//! What helps against the reruns of a history.

use super::table::{HistoryStep, HistoryTable, OPTIMIZE};
use crate::cache::{HistoryCause, StepKind};
use crate::report::next::NextCommand;

/// The commands that go on from here, what helps most first. `build_words`: what is typed to look at this build; `options`:
/// those of this command alone.
pub(super) fn commands(tables: &[HistoryTable], build_words: &[String], options: &[String]) -> Vec<NextCommand> {
    let Some(first) = tables.first() else { return Vec::new() };
    let often: Vec<&HistoryStep> =
        first.visible_steps().map(|(_, step)| step).filter(|step| is_frequent(step)).collect();
    let command = |words: &str, options: &[String], more: &str, why: String| {
        let words = std::iter::once(words).chain(build_words.iter().chain(options).map(String::as_str));
        NextCommand::new(words, more, why)
    };
    let mut commands = Vec::new();
    if often.iter().any(|step| main_path(step).is_some_and(is_of_git)) {
        let why = "`.git` differs in each commit: shows the .dockerignore that keeps it out of the build";
        commands.push(command("optimize", &[], "--level 0 --diff", why.to_owned()));
    }
    let is_run = |step: &&HistoryStep| step.kind == StepKind::Run;
    if often.iter().any(|step| step.count.causes.get(&HistoryCause::NoRecords) == Some(&step.count.reruns)) {
        let why = "finds what keeps pipelines from using the cache of earlier builds";
        commands.push(NextCommand::new(["ci check"].into_iter(), "", why.to_owned()));
    } else if let Some(second) = tables.get(1) {
        if second.name == OPTIMIZE && runs(second) < runs(first) {
            let why =
                format!("shows this rewrite: RUN steps would have rerun {} times, not {}", runs(second), runs(first));
            commands.push(command("optimize", &[], "--diff", why));
        }
    } else if often.iter().any(is_run) {
        let why = "shows how often steps would have rerun with the rewrite of `dockopt optimize`";
        commands.push(command("cache history", options, "--against optimize", why.to_owned()));
    }
    commands
}

/// Whether most commits rerun a step.
const fn is_frequent(step: &HistoryStep) -> bool {
    step.count.reruns > 0 && 2 * step.count.reruns >= step.count.builds
}

/// The file that began most reruns of a step.
fn main_path(step: &HistoryStep) -> Option<&str> {
    let (path, times) = step.count.most_frequent(1).pop()?;
    (2 * times >= step.count.reruns).then_some(path)
}

/// Whether git writes the file at each commit.
fn is_of_git(path: &str) -> bool {
    path.split('/').any(|folder| folder == ".git")
}

/// How often RUN steps certainly ran.
fn runs(table: &HistoryTable) -> usize {
    let runs = table.steps.iter().filter(|step| step.kind == StepKind::Run);
    runs.map(|step| step.count.reruns).sum()
}
