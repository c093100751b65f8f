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

impl BuildRun {
    /// The seconds of a step; `None` if it was cached.
    fn seconds_of(&self, step: &str) -> Option<f64> {
        self.steps.iter().find(|(name, _)| name == step).map(|(_, seconds)| *seconds)
    }
}

/// Sizes of an image in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Unpacked.
    pub disk: u64,
    /// To be pulled; estimated as gzip where the engine keeps the layers unpacked.
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
    /// Seconds of rebuilds as the cache model predicts them from the steps of other builds.
    pub predicted: Vec<(Scenario, PredictedSeconds)>,
}

/// How long a rebuild takes by the cache model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PredictedSeconds {
    /// Seconds.
    pub seconds: f64,
    /// Whether it takes less: a step filled its cache mounts in the only build that was measured.
    pub is_at_most: bool,
}

/// A step that reruns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RerunStep {
    /// As the builder names it.
    pub name: String,
    /// Whether it keeps files in a cache mount, which the cold build fills and a rebuild finds.
    pub has_cache_mount: bool,
}

impl Figures {
    /// The seconds that are predicted for a scenario: what a build takes when nothing changed, and these steps as other
    /// builds ran them. `None` where no cold build was measured.
    pub fn predict(&self, scenario: Scenario, steps: &[RerunStep]) -> Option<PredictedSeconds> {
        self.runs.iter().find(|(run_scenario, _)| *run_scenario == Scenario::Cold)?;
        let unchanged = self.median(Scenario::Unchanged, |run| Some(run.seconds)).unwrap_or(0.0);
        let mut predicted = PredictedSeconds { seconds: unchanged, is_at_most: false };
        for step in steps {
            let warm = if step.has_cache_mount { self.warm_seconds(scenario, &step.name) } else { None };
            let cold = || self.median(Scenario::Cold, |run| run.seconds_of(&step.name));
            predicted.is_at_most |= step.has_cache_mount && warm.is_none();
            predicted.seconds += warm.or_else(cold).unwrap_or(0.0);
        }
        Some(predicted)
    }

    /// What a step takes that finds its cache mounts filled: in earlier rounds of a scenario, else after another change.
    /// The last round is what the prediction is compared with.
    fn warm_seconds(&self, scenario: Scenario, step: &str) -> Option<f64> {
        let of = |is_taken: &dyn Fn(Scenario) -> bool| {
            let runs = self.runs.iter().filter(|(run_scenario, _)| is_taken(*run_scenario));
            runs.filter_map(|(_, run)| run.seconds_of(step)).collect::<Vec<f64>>()
        };
        let mut earlier = of(&|run_scenario| run_scenario == scenario);
        earlier.pop();
        median(earlier)
            .or_else(|| median(of(&|run_scenario| run_scenario != scenario && run_scenario != Scenario::Cold)))
    }

    /// The seconds that were predicted for a scenario.
    pub fn predicted(&self, scenario: Scenario) -> Option<PredictedSeconds> {
        self.predicted.iter().find(|(known, _)| *known == scenario).map(|(_, predicted)| *predicted)
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

#[cfg(test)]
mod tests {
    use super::{BuildRun, Figures, PredictedSeconds, RerunStep, Scenario};

    fn figures(runs: &[(Scenario, f64, f64)]) -> Figures {
        let run = |(scenario, install, copy): &(Scenario, f64, f64)| {
            let steps = vec![("RUN install".to_owned(), *install), ("COPY . .".to_owned(), *copy)];
            (*scenario, BuildRun { seconds: 0.5, steps, ..BuildRun::default() })
        };
        Figures { runs: runs.iter().map(run).collect(), ..Figures::default() }
    }

    fn predict(runs: &[(Scenario, f64, f64)], has_cache_mount: bool) -> Option<PredictedSeconds> {
        let install = RerunStep { name: "RUN install".to_owned(), has_cache_mount };
        let copy = RerunStep { name: "COPY . .".to_owned(), has_cache_mount: false };
        figures(runs).predict(Scenario::Dependency, &[install, copy])
    }

    #[test]
    fn a_cold_cache_mount_bounds_the_rebuild() {
        use Scenario::{Cold, Dependency, Source};
        let seconds = |seconds, is_at_most| Some(PredictedSeconds { seconds, is_at_most });
        let cold = (Cold, 8.0, 1.0);
        assert_eq!(predict(&[cold, (Dependency, 3.0, 9.0)], false), seconds(9.0, false));
        // The only rebuild is the one that is predicted.
        assert_eq!(predict(&[cold, (Dependency, 3.0, 9.0)], true), seconds(9.0, true));
        assert_eq!(predict(&[cold, (Source, 2.0, 9.0), (Dependency, 3.0, 9.0)], true), seconds(3.0, false));
        let rounds = [cold, (Source, 2.0, 9.0), (Dependency, 3.0, 9.0), cold, (Dependency, 5.0, 9.0)];
        assert_eq!(predict(&rounds, true), seconds(4.0, false));
        assert_eq!(predict(&[(Dependency, 3.0, 9.0)], true), None);
    }
}
