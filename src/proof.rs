//! Figures of builds and checks of equivalence as plain data: `measure` fills it, `report` shows it. Compares what it is
//! given; runs nothing.

mod check;
mod command;
mod config;
mod declared;
mod failure;
mod figures;
mod files;
mod linkage;
mod modules;
mod packages;
mod probe;
mod side;
mod system;

pub use self::check::{Check, Outcome, Seen};
pub use self::command::{command, plain};
pub use self::declared::Declared;
pub use self::failure::{denials, failure_class};
pub use self::figures::{Fault, Figures, MeasuredBuild, Measurement, Run, Scenario, Size};
pub use self::linkage::{lacking, library};
pub use self::modules::{Asked, is_run_by_node, node, python, python_module, script_file};
pub use self::probe::{Answer, Answers, Probe, compare_answers, routes};
pub use self::side::Side;

/// All comparisons that need nothing to be run.
pub fn compare(before: &Side, after: &Side, declared: &Declared) -> Vec<Check> {
    vec![
        config::check(before, after, declared),
        files::check(before, after, declared),
        packages::check(before, after, declared),
        linkage::check(before, after),
        system::check(before, after, declared),
    ]
}

/// What was measured and checked of one build, before and after.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proof {
    /// The Dockerfile, as the user would type it.
    pub dockerfile: String,
    /// Digests of the inputs by name: `Dockerfile`, `context`, the rewritten texts.
    pub inputs: Vec<(String, String)>,
    /// The engine: name and version.
    pub engine: String,
    /// The commands that were run, secrets masked.
    pub commands: Vec<String>,
    /// The original; `None` where it was not asked for.
    pub before: Option<Figures>,
    /// The rewrite; `None` where only one was measured.
    pub after: Option<Figures>,
    /// Why the original does not build; `None` where it does.
    pub original: Option<String>,
    /// Rungs that were tried, the highest first, with the checks of each.
    pub tried: Vec<Tried>,
    /// Bytes that no rewrite goes below, and what they are: base and production dependencies.
    pub floor: Vec<(String, u64)>,
    /// What is left behind in the engine's build cache, in bytes.
    pub left_in_cache: Option<u64>,
}

/// A rung that was built and compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Rungs that it has; none where somebody else wrote it.
    pub rungs: Vec<crate::optimize::Rung>,
    /// Passes that it was tried without.
    pub left_out: Vec<String>,
    /// Why it did not build; `None` where it did.
    pub failure: Option<String>,
    /// What was compared.
    pub checks: Vec<Check>,
}

impl Tried {
    /// Whether it builds and nothing differs without an explanation.
    pub fn holds(&self) -> bool {
        self.failure.is_none() && self.checks.iter().all(|check| check.outcome != Outcome::Failed)
    }
}

#[cfg(test)]
mod tests;
