//! In which order levels are let go.

use std::collections::BTreeSet;

use crate::optimize::{Level, Optimized, Options};

/// Passes that are left out one at a time; more are let go with their level.
const SINGLE: usize = 5;

/// What is tried, the most first: all of it; all without one pass of the levels that change the base, the user or the
/// server, or without the `.dockerignore`; all without such levels; then ever fewer levels, with what is independent of it.
pub(super) fn attempts(options: &Options, full: &Optimized) -> Vec<Options> {
    let mut attempts = vec![options.clone()];
    let upper = full.levels.iter().rev().filter(|outcome| outcome.level >= Level::Slim);
    let mut passes: Vec<&str> = Vec::new();
    for step in upper.flat_map(|outcome| &outcome.steps) {
        if !passes.contains(&step.pass) {
            passes.push(step.pass);
        }
    }
    passes.truncate(SINGLE);
    // What is sent counts for every level: with a file too few none would hold. Another server changes more than its level.
    let steps = || full.levels.iter().flat_map(|outcome| &outcome.steps);
    for pass in ["site-stages", "next-standalone", "dockerignore"] {
        passes.extend(steps().find(|step| step.pass == pass).map(|step| step.pass));
    }
    for pass in passes {
        let mut options = options.clone();
        options.skip.insert(pass.to_owned());
        attempts.push(options);
    }
    let without: [&[Level]; 8] = [
        &[Level::Server],
        &[Level::Slim],
        &[Level::Hygiene],
        &[Level::Slim, Level::Hygiene],
        &[Level::Slim, Level::Hygiene, Level::Server],
        &[Level::Stages, Level::Slim, Level::Server],
        &[Level::Stages, Level::Slim, Level::Hygiene, Level::Server],
        &[Level::Flags, Level::Stages, Level::Slim, Level::Hygiene, Level::Server],
    ];
    let last: &[Level] = &[Level::Order, Level::Flags, Level::Stages, Level::Slim, Level::Hygiene, Level::Server];
    for levels in without.into_iter().chain([last]) {
        let mut options = options.clone();
        options.without.extend(levels.iter().copied().collect::<BTreeSet<_>>());
        attempts.push(options);
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::{LevelOutcome, RewriteStep};

    #[test]
    fn the_most_is_tried_first() {
        let step = |pass| RewriteStep { pass, what: String::new(), why: String::new(), assumptions: Vec::new() };
        let level = |level, passes: &[&'static str]| LevelOutcome {
            level,
            steps: passes.iter().map(|pass| step(pass)).collect(),
            refusals: Vec::new(),
            sources: Vec::new(),
        };
        let levels = vec![
            level(Level::Ignore, &["dockerignore"]),
            level(Level::Order, &["split"]),
            level(Level::Slim, &["slim", "slim"]),
            level(Level::Hygiene, &["user"]),
        ];
        let full = Optimized { build: 0, before: Vec::new(), levels };
        let tried = attempts(&Options::new(&crate::rules::AllRules), &full);
        assert_eq!(tried.len(), 13);
        assert!(tried[0].skip.is_empty() && tried[0].without.is_empty());
        assert_eq!(tried[1].skip, ["user".to_owned()].into());
        assert_eq!(tried[2].skip, ["slim".to_owned()].into());
        assert_eq!(tried[3].skip, ["dockerignore".to_owned()].into());
        assert!(tried[4..].iter().all(|options| options.skip.is_empty() && !options.without.is_empty()));
        assert!(!tried[12].without.contains(&Level::Ignore));
    }
}
