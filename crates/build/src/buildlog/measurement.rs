//! The result of `dockopt measure --format json`: builds that dockopt made itself, with the seconds of each step.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::foreign::NotABuildLog;
use super::logged_build::{LogForm, LogStep, LoggedBuild, MOST_STEPS, StepStatus, StepTotals, short_text};
use crate::text::median;

/// What `schema` is in the results of dockopt's commands: `dockopt.<command>/<version>`.
const PRODUCT: &str = "dockopt.";

/// The result that is read, and its version.
const MEASUREMENT: (&str, &str) = ("measure", "1");

/// The scenarios from the one that prices least to the one that prices most: where several ran a step, the last counts.
/// Of a step that ran again after a source change, that time is the price of a rebuild: cache mounts were filled.
const SCENARIOS: [&str; 4] = ["unchanged", COLD, "dependency", "source"];

/// The scenario in which cache mounts are empty.
const COLD: &str = "cold";

/// Dockerfiles of one measurement; dockopt writes at most two.
const MOST_BUILDS: usize = 10;

/// Runs of one scenario; `measure --rounds` takes at most 100.
const MOST_RUNS: usize = 1_000;

/// The file, as far as other commands read it (`schemas/measure.schema.json`).
#[derive(Debug, Deserialize)]
pub struct MeasurementFile {
    /// The builds that are compared.
    pub builds: Vec<MeasurementFileBuild>,
}

/// A Dockerfile that was measured.
#[derive(Debug, Deserialize)]
pub struct MeasurementFileBuild {
    /// `before`, `after`.
    pub name: String,
    /// Its path.
    pub dockerfile: String,
    /// In the order in which they were made.
    #[serde(default)]
    pub runs: Vec<MeasurementFileRun>,
    /// What its image weighs; `None` if it was not built.
    pub image: Option<MeasurementFileSize>,
    /// Why it came no further.
    pub failure: Option<MeasurementFileFailure>,
}

/// A build in one scenario.
#[derive(Debug, Deserialize)]
pub struct MeasurementFileRun {
    /// The change that stands before it: `cold`, `unchanged`, `source`, `dependency`.
    pub scenario: String,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Steps that were cached.
    #[serde(default)]
    pub cached_steps: u64,
    /// The steps that ran.
    #[serde(default)]
    pub steps: Vec<MeasurementFileStep>,
}

/// A step that ran.
#[derive(Debug, Deserialize)]
pub struct MeasurementFileStep {
    /// As the builder names it.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
}

/// The size of an image, in bytes.
#[derive(Debug, Deserialize)]
pub struct MeasurementFileSize {
    /// Unpacked.
    pub disk_bytes: u64,
    /// To be pulled.
    pub pull_bytes: Option<u64>,
}

/// Why a build was measured no further.
#[derive(Debug, Deserialize)]
pub struct MeasurementFileFailure {
    /// What is wrong.
    pub message: String,
}

/// The builds of a measurement; `None` if the value is no result of dockopt.
pub(super) fn read(value: &Value) -> Option<Result<Vec<LoggedBuild>, NotABuildLog>> {
    let schema = value.get("schema")?.as_str()?.strip_prefix(PRODUCT)?;
    let (command, version) = schema.split_once('/')?;
    if command != MEASUREMENT.0 {
        return Some(Err(NotABuildLog::other_result(&short_text(command.as_bytes()))));
    }
    if version != MEASUREMENT.1 {
        return Some(Err(NotABuildLog::newer_measurement(&short_text(version.as_bytes()))));
    }
    let file = match MeasurementFile::deserialize(value) {
        Ok(file) => file,
        Err(error) => return Some(Err(NotABuildLog::damaged_measurement(&error.to_string()))),
    };
    // The first build is that of the Dockerfile as it is: where both have a step, its time counts.
    let measured = file.builds.iter().take(MOST_BUILDS).rev();
    let scenarios = measured.flat_map(|build| SCENARIOS.map(|scenario| logged_build(build, scenario)));
    let builds: Vec<LoggedBuild> = scenarios.flatten().collect();
    if builds.iter().all(|build| build.steps.is_empty()) {
        return Some(Err(NotABuildLog::failed_measurement()));
    }
    Some(Ok(builds))
}

/// What a scenario took, by the median of its runs; `None` if it did not run.
fn logged_build(build: &MeasurementFileBuild, scenario: &str) -> Option<LoggedBuild> {
    let runs = build.runs.iter().filter(|run| run.scenario == scenario).take(MOST_RUNS);
    let runs: Vec<&MeasurementFileRun> = runs.collect();
    let last = runs.last()?;
    let mut names: Vec<&str> = Vec::new();
    let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for step in runs.iter().flat_map(|run| &run.steps) {
        let Some(seconds) = duration(step.seconds) else { continue };
        match all.get_mut(step.name.as_str()) {
            Some(known) => known.push(seconds),
            None if names.len() < MOST_STEPS => {
                names.push(&step.name);
                all.insert(&step.name, vec![seconds]);
            }
            None => {}
        }
    }
    let mut logged = LoggedBuild::new(LogForm::Measurement);
    logged.name = Some(format!("{}, {scenario}", short_text(build.name.as_bytes())));
    logged.dockerfile = Some(short_text(build.dockerfile.as_bytes()));
    logged.is_rebuild = scenario != COLD;
    logged.seconds = median(runs.iter().filter_map(|run| duration(run.seconds)).collect());
    let all_steps = (names.len() as u64).saturating_add(last.cached_steps);
    logged.totals = Some(StepTotals { total: all_steps, completed: all_steps, cached: last.cached_steps });
    for name in names {
        let seconds = all.remove(name).and_then(median);
        let name = short_text(name.as_bytes());
        logged.steps.push(LogStep { name, status: StepStatus::Done, seconds, ..LogStep::default() });
    }
    logged.complete();
    Some(logged)
}

/// Seconds; `None` for a value that is not a duration.
fn duration(seconds: f64) -> Option<f64> {
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::buildlog::{LogForm, read};

    fn step(name: &str, seconds: f64) -> serde_json::Value {
        json!({"name": name, "seconds": seconds})
    }

    fn measured(schema: &str) -> String {
        let run = |scenario: &str, seconds: f64, steps: Vec<serde_json::Value>| json!({"scenario": scenario, "seconds": seconds, "cpu_seconds": null, "cached_steps": 4, "steps": steps});
        let (install, copy) = ("[3/4] RUN npm ci | tee log", "[2/4] COPY . .");
        let runs = json!([
            run("cold", 40.0, vec![step(copy, 0.25), step(install, 30.0), step("[4/4] RUN make", 9.0)]),
            run("source", 21.0, vec![step(copy, 0.125), step(install, 20.0)]),
            run("cold", 44.0, vec![step(copy, 0.75), step(install, 34.0), step("[4/4] RUN make", 9.5)]),
        ]);
        let other = json!([run("cold", 5.0, vec![step(install, 5.0)])]);
        let builds = json!([
            {"name": "before", "dockerfile": "Dockerfile", "runs": runs, "image": null, "failure": null},
            {"name": "after", "dockerfile": "b/Dockerfile", "runs": other, "image": null, "failure": null},
        ]);
        serde_json::to_string_pretty(&json!({"schema": schema, "root": ".", "rounds": 2, "builds": builds})).unwrap()
    }

    #[test]
    fn scenarios_are_builds_with_the_median_of_each_step() {
        let log = read(measured("dockopt.measure/1").as_bytes()).unwrap();
        let names: Vec<&str> = log.builds.iter().filter_map(|build| build.name.as_deref()).collect();
        assert_eq!(names, ["after, cold", "before, cold", "before, source"]);
        let [_, cold, source] = log.builds.as_slice() else { panic!("{log:?}") };
        let seconds =
            |build: &super::LoggedBuild| build.steps.iter().filter_map(|step| step.seconds).collect::<Vec<_>>();
        assert_eq!((seconds(cold), cold.seconds), (vec![0.5, 32.0, 9.25], Some(42.0)));
        assert_eq!((seconds(source), cold.form), (vec![0.125, 20.0], LogForm::Measurement));
        assert_eq!((cold.steps[1].label.number, cold.steps[1].label.is_instruction()), (Some((3, 4)), true));
    }

    #[test]
    fn other_results_are_named() {
        for (text, expected) in [
            (measured("dockopt.measure/2"), "is a measurement of another version of dockopt (dockopt.measure/2)"),
            (measured("dockopt.audit/1"), "is a result of `dockopt audit`"),
            (r#"{"schema": "dockopt.measure/1", "builds": []}"#.to_owned(), "is a measurement without a build"),
            (r#"{"schema": "dockopt.measure/1", "builds": [{"name": 1}]}"#.to_owned(), "is a damaged measurement: "),
            (measured("other/1"), "is a JSON document without build steps"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.what.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn damage_is_no_panic() {
        let text = measured("dockopt.measure/1").into_bytes();
        let mut random = dockopt_testing::Random::new(20_261_122);
        for _ in 0..2_000 {
            let mut bytes = text.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes[at] = b"0{}[]\",-e9"[random.below(10)],
                    _ => drop(bytes.remove(at)),
                }
            }
            let _: Result<_, _> = read(&bytes);
        }
    }
}
