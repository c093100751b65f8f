//! Figures of builds and checks of equivalence as plain data: `measure` fills it, `report` shows it. Compares what it is
//! given; runs nothing.

mod check;
mod command;
mod config;
mod declared_config;
mod difference;
mod explanation;
mod failure;
mod figures;
mod files;
mod linkage;
mod messages;
mod modules;
mod packages;
mod probe;
mod image_side;
mod start;
mod system_assumptions;
mod weight;

pub use self::check::{Check, CheckOutcome, Observation};
pub use self::command::{command, plain};
pub use self::declared_config::DeclaredConfig;
pub use self::failure::{denials, failure_class};
pub use self::figures::{
    BuildRun, Fault, Figures, MeasuredBuild, Measurement, PredictedSeconds, RerunStep, Scenario, Size,
};
pub use self::image_side::ImageSide;
pub use self::linkage::{lacking, library};
pub use self::messages::{ran_no_tests, unset_variables};
pub use self::modules::{ImportedModules, is_run_by_node, node, python, python_module, script_file};
pub use self::probe::{Answers, Probe, ProbeAnswer, QuestionsFrom, compare_answers, routes};
pub use self::start::{SettledState, Start, compare_starts};
pub use self::weight::{compare_rebuilds, compare_sizes};

/// All comparisons that need nothing to be run.
pub fn compare(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> Vec<Check> {
    vec![
        config::check(before, after, declared),
        files::check(before, after, declared),
        packages::check(before, after, declared),
        linkage::check(before, after),
        system_assumptions::check(before, after, declared),
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
    /// Levels that were tried, the highest first, with the checks of each.
    pub tried: Vec<TriedLevels>,
    /// What containers were started with that their images don't say; `None` where they say all.
    pub started_as: Option<String>,
    /// Why a container of the original does not work, where no test of the user's own says more: nothing can be proved then.
    pub broken_start: Option<String>,
    /// What may help where nothing could be proved: options of the command line.
    pub advice: Vec<String>,
    /// Passes that did not hold, and why.
    pub rejected: Vec<RejectedPass>,
    /// Passes that were not tried, as the search had built as many rewrites as it may.
    pub untried: Vec<String>,
    /// Bytes that no rewrite goes below, and what they are: base and production dependencies.
    pub floor: Vec<(String, u64)>,
    /// What is left behind in the engine's build cache, in bytes.
    pub left_in_cache: Option<u64>,
}

/// What a proof comes to. Text, JSON and exit code follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A rewrite holds beside an original that works.
    Proved,
    /// Each rewrite differs without an explanation, or does not build.
    Rejected,
    /// A rewrite is like the original, and the original shows no program that works.
    Unproved,
    /// There is nothing to gain.
    Unchanged,
    /// The original does not build.
    OriginalFails,
}

impl Proof {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        match () {
            () if self.original.is_some() => Verdict::OriginalFails,
            () if self.tried.is_empty() => Verdict::Unchanged,
            () if self.tried.iter().any(TriedLevels::proves) => Verdict::Proved,
            () if self.broken_start.is_some() || !self.advice.is_empty() => Verdict::Unproved,
            () if self.tried.iter().any(TriedLevels::holds) => Verdict::Unproved,
            () => Verdict::Rejected,
        }
    }
}

/// A pass that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedPass {
    /// Its name.
    pub pass: String,
    /// Why, in one line.
    pub reason: String,
}

/// A level that was built and compared.
#[derive(Clone, Debug, PartialEq)]
pub struct TriedLevels {
    /// Levels that it has; none where somebody else wrote it.
    pub levels: Vec<crate::optimize::Level>,
    /// Passes that it was tried without.
    pub left_out: Vec<String>,
    /// Why it did not build; `None` where it did.
    pub failure: Option<String>,
    /// What was compared.
    pub checks: Vec<Check>,
    /// The purpose that its image is called by.
    pub image: String,
}

impl TriedLevels {
    /// Whether it builds and nothing differs without an explanation.
    pub fn holds(&self) -> bool {
        self.failure.is_none() && self.checks.iter().all(|check| check.outcome != CheckOutcome::Failed)
    }

    /// Whether it holds beside an original that works. Tests of the user's own prove what a start does not show.
    pub fn proves(&self) -> bool {
        let is = |name: &str, outcome: CheckOutcome| {
            self.checks.iter().any(|check| check.name == name && check.outcome == outcome)
        };
        let tested = is("tests", CheckOutcome::Passed);
        let doubtful = |check: &Check| check.outcome == CheckOutcome::Unproved && !(tested && check.name == "start");
        self.holds() && !self.checks.iter().any(doubtful)
    }

    /// Whether it holds but for the time of a rebuild.
    pub fn is_slower(&self) -> bool {
        self.checks.iter().any(|check| check.name == "rebuild" && check.outcome == CheckOutcome::Failed)
    }

    /// What proves nothing, one line each.
    pub fn doubts(&self) -> impl Iterator<Item = &str> {
        let doubtful = self.checks.iter().filter(|check| check.outcome == CheckOutcome::Unproved);
        doubtful.filter_map(|check| check.details.first()).map(String::as_str)
    }

    /// Why it does not hold, in one line: the first thing that is wrong.
    pub fn fault(&self) -> Option<String> {
        if let Some(failure) = &self.failure {
            return Some(format!("does not build: {failure}"));
        }
        let wrong = self.checks.iter().find(|check| check.outcome == CheckOutcome::Failed)?;
        Some(format!("{}: {}", wrong.name, wrong.details.first().map(String::as_str).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests;
