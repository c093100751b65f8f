//! In which order parts of the ladder are let go.

use std::collections::BTreeSet;

use crate::optimize::{Optimized, Options, Rung};

/// Passes that are left out one at a time; more are let go with their rung.
const SINGLE: usize = 5;

/// What is tried, the most first: all of it; all without one pass of the rungs that change the base, the user or the
/// server, or without the `.dockerignore`; all without such rungs; then ever less of the ladder, with what is independent of it.
pub(super) fn attempts(options: &Options, full: &Optimized) -> Vec<Options> {
    let mut attempts = vec![options.clone()];
    let upper = full.rungs.iter().rev().filter(|climbed| climbed.rung >= Rung::Slim);
    let mut passes: Vec<&str> = Vec::new();
    for step in upper.flat_map(|climbed| &climbed.steps) {
        if !passes.contains(&step.pass) {
            passes.push(step.pass);
        }
    }
    passes.truncate(SINGLE);
    // What is sent counts for every rung: with a file too few none would hold. Another server changes more than its rung.
    let steps = || full.rungs.iter().flat_map(|climbed| &climbed.steps);
    for pass in ["site-stages", "next-standalone", "dockerignore"] {
        passes.extend(steps().find(|step| step.pass == pass).map(|step| step.pass));
    }
    for pass in passes {
        let mut options = options.clone();
        options.skip.insert(pass.to_owned());
        attempts.push(options);
    }
    let without: [&[Rung]; 8] = [
        &[Rung::Server],
        &[Rung::Slim],
        &[Rung::Hygiene],
        &[Rung::Slim, Rung::Hygiene],
        &[Rung::Slim, Rung::Hygiene, Rung::Server],
        &[Rung::Stages, Rung::Slim, Rung::Server],
        &[Rung::Stages, Rung::Slim, Rung::Hygiene, Rung::Server],
        &[Rung::Flags, Rung::Stages, Rung::Slim, Rung::Hygiene, Rung::Server],
    ];
    let last: &[Rung] = &[Rung::Order, Rung::Flags, Rung::Stages, Rung::Slim, Rung::Hygiene, Rung::Server];
    for rungs in without.into_iter().chain([last]) {
        let mut options = options.clone();
        options.without.extend(rungs.iter().copied().collect::<BTreeSet<_>>());
        attempts.push(options);
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::{ClimbedRung, RewriteStep};

    #[test]
    fn the_most_is_tried_first() {
        let step = |pass| RewriteStep { pass, what: String::new(), why: String::new(), assumptions: Vec::new() };
        let rung = |rung, passes: &[&'static str]| ClimbedRung {
            rung,
            steps: passes.iter().map(|pass| step(pass)).collect(),
            refusals: Vec::new(),
            sources: Vec::new(),
        };
        let rungs = vec![
            rung(Rung::Ignore, &["dockerignore"]),
            rung(Rung::Order, &["split"]),
            rung(Rung::Slim, &["slim", "slim"]),
            rung(Rung::Hygiene, &["user"]),
        ];
        let full = Optimized { build: 0, before: Vec::new(), rungs };
        let tried = attempts(&Options::default(), &full);
        assert_eq!(tried.len(), 13);
        assert!(tried[0].skip.is_empty() && tried[0].without.is_empty());
        assert_eq!(tried[1].skip, ["user".to_owned()].into());
        assert_eq!(tried[2].skip, ["slim".to_owned()].into());
        assert_eq!(tried[3].skip, ["dockerignore".to_owned()].into());
        assert!(tried[4..].iter().all(|options| options.skip.is_empty() && !options.without.is_empty()));
        assert!(!tried[12].without.contains(&Rung::Ignore));
    }
}
