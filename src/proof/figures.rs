//! How long builds took, and how large images are.

use crate::text::median;

/// Which change stands before a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// Nothing is cached.
    Cold,
    /// Nothing changed.
    Unchanged,
    /// One line of a source file changed.
    Source,
    /// A dependency file changed.
    Dependency,
}

impl Scenario {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Unchanged => "unchanged",
            Self::Source => "source",
            Self::Dependency => "dependency",
        }
    }
}

/// One build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildRun {
    /// Seconds from start to end.
    pub seconds: f64,
    /// CPU seconds of its steps; `None` where the engine doesn't tell.
    pub cpu_seconds: Option<f64>,
    /// Steps that ran, as the builder names them, with their seconds.
    pub steps: Vec<(String, f64)>,
    /// Steps that were cached.
    pub cached: usize,
}

/// Sizes of an image in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Unpacked.
    pub disk: u64,
    /// To be pulled; what gzip makes of the layers where the engine keeps none compressed.
    pub pull: Option<u64>,
    /// Layers.
    pub layers: usize,
    /// Bytes of layers that a code change makes new, as they are pushed.
    pub upload: Option<u64>,
    /// Bytes of base images that the build pulls on a fresh machine.
    pub base_pull: Option<u64>,
}

/// All of one Dockerfile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Builds by scenario, in the order in which they were made.
    pub runs: Vec<(Scenario, BuildRun)>,
    /// The image.
    pub size: Size,
    /// Seconds of rebuilds as the cache model predicts them from the cold build's steps.
    pub predicted: Vec<(Scenario, f64)>,
}

impl Figures {
    /// The seconds that are predicted for a scenario: what a build takes when nothing changed, and the steps with these
    /// names as the cold build ran them. `None` where no cold build was measured.
    pub fn predict(&self, names: &[String]) -> Option<f64> {
        let cold: Vec<&BuildRun> =
            self.runs.iter().filter(|(scenario, _)| *scenario == Scenario::Cold).map(|(_, run)| run).collect();
        if cold.is_empty() {
            return None;
        }
        let unchanged = self.median(Scenario::Unchanged, |run| Some(run.seconds)).unwrap_or(0.0);
        let step = |name: &String| {
            self.median(Scenario::Cold, |run| Some(run.steps.iter().find(|(step, _)| step == name)?.1)).unwrap_or(0.0)
        };
        Some(unchanged + names.iter().map(step).sum::<f64>())
    }

    /// The seconds that were predicted for a scenario.
    pub fn predicted(&self, scenario: Scenario) -> Option<f64> {
        self.predicted.iter().find(|(known, _)| *known == scenario).map(|(_, seconds)| *seconds)
    }

    /// The median of what the builds of a scenario took, by `of`; `None` where none tells.
    pub fn median(&self, scenario: Scenario, of: impl Fn(&BuildRun) -> Option<f64>) -> Option<f64> {
        let run_scenario = self.runs.iter().filter(|(run_scenario, _)| *run_scenario == scenario);
        median(run_scenario.filter_map(|(_, run)| of(run)).collect())
    }
}

/// Builds that were measured together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// The path that was asked for.
    pub root: String,
    /// The engine: name and version.
    pub engine: String,
    /// The builds, in the order in which they were named.
    pub builds: Vec<MeasuredBuild>,
    /// The source file that was changed; `None` where there is none.
    pub source: Option<String>,
    /// The list of dependencies that was changed; `None` where there is none.
    pub dependency: Option<String>,
    /// How often each was built.
    pub rounds: usize,
    /// The commands that were run, secrets masked.
    pub commands: Vec<String>,
    /// What the build cache holds more than before, in bytes; `None` where the engine doesn't say.
    pub left_in_cache: Option<u64>,
    /// What could not be removed, each in one sentence.
    pub leftovers: Vec<String>,
}

/// A build of a measurement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasuredBuild {
    /// What it is called: `before`, `after`.
    pub name: String,
    /// The Dockerfile, as the user would type it.
    pub dockerfile: String,
    /// What it took, as far as it came.
    pub figures: Figures,
    /// Why it came no further; `None` where it did.
    pub fault: Option<Fault>,
}

/// Why something was not built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// The last lines of the step that failed.
    pub log: Vec<String>,
}
