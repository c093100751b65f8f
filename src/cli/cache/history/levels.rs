//! What each level of a rewrite saves over the last commits, for `optimize --plan`.

use std::collections::BTreeMap;

use super::frequency::within;
use super::simulation::{Replacement, Simulation};
use crate::buildlog::BuildLog;
use crate::cache::RecordKeeping;
use crate::cli::cache::place::RepositoryPlace;
use crate::inputs::Inputs;
use crate::load::git::CommitBuild;
use crate::optimize::{Level, Optimized};
use crate::report::{Rewrite, RewriteHistory, compare_tables};

/// The effort for all Dockerfiles together.
const EFFORT: u64 = 1_500_000;

/// Dockerfiles whose history is looked at.
const MAX_BUILDS: usize = 8;

/// Adds to rewrites what their levels save in as many of the last commits as a bounded effort allows: each level is compared
/// with the one below it, the lowest with the Dockerfile as it is now. Nothing is added where the build is in no
/// repository, is not committed yet, or is too new.
pub(in crate::cli) fn add_rewrite_histories(inputs: &Inputs, rewrites: &mut [Rewrite], log: Option<&BuildLog>) {
    let changed = rewrites.iter_mut().filter(|rewrite| !rewrite.optimized.changes().is_empty());
    let changed: Vec<&mut Rewrite> = changed.take(MAX_BUILDS).collect();
    let share = EFFORT / (changed.len() as u64).max(1);
    for rewrite in changed {
        let look_back = |commits| look_back(inputs, &rewrite.optimized, log, commits);
        rewrite.history = within(share, |history: &RewriteHistory| history.builds, look_back);
    }
}

/// The history of so many commits, and its effort.
fn look_back(
    inputs: &Inputs,
    optimized: &Optimized,
    log: Option<&BuildLog>,
    commits: usize,
) -> Option<(RewriteHistory, u64)> {
    let input = inputs.builds.get(optimized.build)?;
    let RepositoryPlace { repository, paths } = RepositoryPlace::of(inputs, optimized.build).ok()?;
    let head = repository.resolve("HEAD").ok()?;
    let history = repository.first_parents(head, commits + 1).ok()?;
    let builds = repository.builds(&history.commits, &paths);
    if !builds.iter().any(|build| matches!(build, CommitBuild::Found(_))) {
        return None;
    }
    let mut simulation = Simulation::new(&repository, &history.commits, &builds, input, log);
    let current = Replacement::current(inputs, input);
    let name = current.name.clone();
    let mut tables = vec![simulation.run(&name, Some(&current), RecordKeeping::All).ok()?];
    let mut levels: Vec<Level> = Vec::new();
    for outcome in optimized.levels.iter().filter(|outcome| !outcome.steps.is_empty()) {
        let changes = optimized.changes_up_to(outcome.level);
        let replacement = Replacement::current(inputs, input).with(&changes, &name, &paths);
        tables.push(simulation.run(outcome.level.title(), Some(&replacement), RecordKeeping::All).ok()?);
        levels.push(outcome.level);
    }
    simulation.match_steps(&mut tables);
    let compared = tables.windows(2).filter_map(|pair| Some(compare_tables(pair.first()?, pair.last()?)));
    let levels: BTreeMap<Level, _> = levels.into_iter().zip(compared).collect();
    let first = tables.first()?;
    let history = RewriteHistory { commits: first.rows.len(), builds: first.builds(), levels };
    Some((history, simulation.effort()))
}
