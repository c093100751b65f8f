//! How often the steps of Dockerfiles would have run in the last commits, for `audit`: as many commits as little work
//! allows. Work is counted, not timed, so that the same repository always gives the same answer.

use std::collections::BTreeMap;

use super::early_end;
use super::simulation::{Replacement, Simulation};
use crate::cache::{RecordKeeping, StepKind, StepVerdict};
use crate::cli::cache::place::RepositoryPlace;
use crate::failure::Failure;
use crate::inputs::{BuildInput, IgnoreInput, Inputs, StepHistory, StepRun};
use crate::load::git::{BuildPaths, Commit, CommitBuild};
use crate::report::{CommitRow, HistoryStep, HistoryTable};
use crate::text::{path, short_commit};

/// The effort for all Dockerfiles together: 50 to 100 ms in an optimized program.
const EFFORT: u64 = 50_000;

/// Dockerfiles whose history is looked at.
const MAX_BUILDS: usize = 8;

/// The newest commits that are listed one by one.
const LISTED_COMMITS: usize = 30;

/// Builds that a history must have to say anything.
const FEWEST: usize = 5;

/// Commits that are looked at first, to see how much work they are.
const TRIAL: usize = 20;

/// The ignore file of a whole context.
const IGNORE_FILE: &str = ".dockerignore";

/// The most commits.
const MAX_COMMITS: usize = 500;

/// Adds to the inputs how often steps ran, where they are in a git repository. The Dockerfiles are taken as they are now,
/// for all commits.
pub(in crate::cli) fn add_step_histories(inputs: &mut Inputs) {
    let using = (0..inputs.builds.len()).filter(|build| inputs.builds[*build].context.is_some()).take(MAX_BUILDS);
    let using: Vec<usize> = using.collect();
    let share = EFFORT / (using.len() as u64).max(1);
    let mut reasons: Vec<String> = Vec::new();
    let mut few: Vec<String> = Vec::new();
    for build in using {
        let dockerfile = inputs.builds[build].dockerfile;
        if let Some(history) = step_history(inputs, build, share) {
            inputs.histories.insert(dockerfile, history);
            continue;
        }
        match missing_history(inputs, build) {
            Some(MissingHistory::Because(reason)) if !reasons.contains(&reason) => reasons.push(reason),
            Some(MissingHistory::FewCommits) => few.push(format!("`{}`", inputs.source(dockerfile).name())),
            Some(MissingHistory::Because(_)) | None => {}
        }
    }
    let commits = FEWEST + 1;
    match few.as_slice() {
        [] => {}
        [dockerfile] => reasons.push(format!("{dockerfile} has been built by fewer than {commits} commits")),
        all => reasons.push(format!("{} Dockerfiles have been built by fewer than {commits} commits", all.len())),
    }
    inputs.notices.extend(reasons.into_iter().map(|reason| format!("no prices by commits: {reason}")));
}

/// Why a Dockerfile in a git repository has no history.
enum MissingHistory {
    /// The history cannot be read, or ends too early.
    Because(String),
    /// The project is young.
    FewCommits,
}

/// Why a Dockerfile has no history; `None` if it is in no repository, or not committed yet.
fn missing_history(inputs: &Inputs, build: usize) -> Option<MissingHistory> {
    let RepositoryPlace { repository, paths } = RepositoryPlace::of(inputs, build).ok()?;
    let because = |failure: Failure| MissingHistory::Because(format!("{}; {}", failure.what, failure.help));
    let history = match repository.first_parents(repository.resolve("HEAD").ok()?, TRIAL + 1) {
        Ok(history) => history,
        Err(failure) => return Some(because(failure)),
    };
    if let Some(end) = early_end(&history) {
        return Some(MissingHistory::Because(end));
    }
    let mut is_committed = false;
    for build in repository.builds(&history.commits, &paths) {
        match build {
            CommitBuild::Found(_) => is_committed = true,
            CommitBuild::Unreadable(failure) => return Some(because(failure)),
            CommitBuild::Absent => {}
        }
    }
    is_committed.then_some(MissingHistory::FewCommits)
}

fn step_history(inputs: &Inputs, build: usize, effort: u64) -> Option<StepHistory> {
    let builds = |history: &StepHistory| history.builds as usize;
    within(effort, builds, |commits| look_back(inputs, build, commits))
}

/// What `look_back` answers for as many commits as it can look at with an effort; `None` if too few of them build.
/// `look_back` also answers its effort.
pub(super) fn within<T>(
    limit: u64,
    builds: impl Fn(&T) -> usize,
    look_back: impl Fn(usize) -> Option<(T, u64)>,
) -> Option<T> {
    let (trial, effort) = look_back(TRIAL)?;
    let commits = usize::try_from(TRIAL as u64 * limit / effort.max(1)).unwrap_or(MAX_COMMITS).min(MAX_COMMITS);
    if builds(&trial) < TRIAL || commits <= TRIAL {
        return Some(trial).filter(|trial| builds(trial) >= FEWEST);
    }
    look_back(commits).map(|(answer, _)| answer)
}

impl Replacement {
    /// The Dockerfile and its .dockerignore as they are now.
    pub(super) fn current(inputs: &Inputs, input: &BuildInput) -> Self {
        let dockerfile = inputs.source(input.dockerfile);
        Self {
            name: dockerfile.name().to_owned(),
            dockerfile: dockerfile.text().to_owned(),
            ignore: match &input.ignore {
                IgnoreInput::Present(file, _) => Some(inputs.source(*file).text().to_owned()),
                IgnoreInput::Unknown | IgnoreInput::Missing(_) => None,
            },
            ignore_path: None,
            // Edits of the Dockerfile count where it is copied.
            is_in_context: false,
        }
    }
}

/// The history of so many commits, and its effort; `None` if the build is in no repository, or not committed yet.
fn look_back(inputs: &Inputs, build: usize, commits: usize) -> Option<(StepHistory, u64)> {
    let input = &inputs.builds[build];
    let RepositoryPlace { repository, paths } = RepositoryPlace::of(inputs, build).ok()?;
    let head = repository.resolve("HEAD").ok()?;
    let history = repository.first_parents(head, commits + 1).ok()?;
    let builds = repository.builds(&history.commits, &paths);
    if !builds.iter().any(|build| matches!(build, CommitBuild::Found(_))) {
        return None;
    }
    let replacement = Replacement::current(inputs, input);
    let mut simulation = Simulation::new(&repository, &history.commits, &builds, input, None);
    let table = simulation.run(&replacement.name, Some(&replacement), RecordKeeping::All).ok()?;
    let count = table.rows.iter().filter(|row| matches!(row, CommitRow::Built(_))).count();
    let steps = || table.steps.iter().filter(|step| step.kind != StepKind::From);
    let definition = definition_paths(&paths, input, inputs);
    let alone = |step: &HistoryStep| {
        let times = definition.iter().filter_map(|path| step.count.sole_paths.get(path)).sum::<usize>();
        (times > 0).then_some((step.line, times as u32))
    };
    let (commits, runs) = newest_runs(&history.commits, &table);
    let history = StepHistory {
        commits,
        runs,
        builds: u32::try_from(count).ok()?,
        reruns: steps().map(|step| (step.line, step.count.reruns as u32)).collect(),
        definition_only: steps().filter_map(alone).collect(),
    };
    Some((history, simulation.effort()))
}

/// The newest commits that build, the oldest first, and whether each step ran there, by its line.
fn newest_runs(commits: &[Commit], table: &HistoryTable) -> (Vec<String>, BTreeMap<u32, Vec<Option<StepRun>>>) {
    let built = commits.iter().zip(&table.rows).filter_map(|(commit, row)| match row {
        CommitRow::Built(verdicts) => Some((commit, verdicts)),
        _ => None,
    });
    let mut built: Vec<_> = built.take(LISTED_COMMITS).collect();
    built.reverse();
    let names = built.iter().map(|(commit, _)| short_commit(&commit.id.to_string()).to_owned());
    let runs_of = |at: usize| {
        let verdicts = built.iter().map(|(_, verdicts)| verdicts.get(at).copied().flatten());
        let runs = verdicts.map(|verdict| match verdict? {
            StepVerdict::Hit => Some(StepRun::Cached),
            StepVerdict::Miss => Some(StepRun::Runs),
            StepVerdict::Unknown => Some(StepRun::MayRun),
        });
        runs.collect()
    };
    (names.collect(), table.steps.iter().enumerate().map(|(at, step)| (step.line, runs_of(at))).collect())
}

/// The paths of the Dockerfile and of its .dockerignore in the context, as far as they lie in it.
fn definition_paths(paths: &BuildPaths, input: &BuildInput, inputs: &Inputs) -> Vec<String> {
    let dockerfile = path::relative(&paths.dockerfile, &paths.context).map(str::to_owned);
    let ignore = match &input.ignore {
        IgnoreInput::Present(file, _) => {
            let name = path::name(inputs.source(*file).name());
            // `web.Dockerfile.dockerignore` lies next to its Dockerfile.
            let folder = if name == IGNORE_FILE { "" } else { dockerfile.as_deref().map_or("", path::parent) };
            Some(path::child(folder, name))
        }
        IgnoreInput::Unknown | IgnoreInput::Missing(_) => None,
    };
    dockerfile.into_iter().chain(ignore).collect()
}
