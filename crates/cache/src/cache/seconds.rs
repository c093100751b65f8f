//! How long each step takes, as a build log says.

use std::collections::{HashMap, HashSet};

use super::graph::Graph;
use super::step::{Step, StepKind};
use crate::build::{StepTraits, logged_targets};
use crate::buildlog::{BuildLog, LogStep, LoggedBuild, LoggedSeconds, StepLabel, StepSeconds};
use crate::inputs::BuildInput;

/// What a log says of the steps of a graph.
#[derive(Clone, Debug, Default)]
pub struct LoggedTimes {
    /// How long each step takes; `None` for one that no build of the log ran.
    pub seconds: Vec<Option<StepSeconds>>,
    /// The steps of which no build of the log has a line, cached or not; FROM is not counted.
    pub missing: Vec<usize>,
}

/// What a log says of the steps of a build. Of several builds the one that has most steps of the graph counts, then the
/// last that ran a step, and for a step with a cache mount the last that found it filled. A step of the log is one of the
/// graph if the text is the same; of several those of the build's target and platform count, then those of the step's stage
/// and number. Where several are left, the slowest is an upper bound.
pub fn logged_times(graph: &Graph, input: &BuildInput, log: &BuildLog) -> LoggedTimes {
    let mut all: Vec<LoggedSeconds> = vec![LoggedSeconds::default(); graph.steps.len()];
    let mut is_timed = vec![false; graph.steps.len()];
    let mut is_missing: Vec<bool> = graph.steps.iter().map(has_line).collect();
    let names: Vec<StepName> = graph.steps.iter().map(|step| StepName::of(&step.name)).collect();
    let texts: HashSet<&str> = names.iter().map(|name| name.text.as_str()).collect();
    let mut builds: Vec<(u64, &LoggedBuild)> =
        log.builds.iter().map(|build| (known_share(build, &texts), build)).collect();
    builds.sort_by_key(|(share, _)| *share);
    let is_named = |build: &LoggedBuild| build.name.as_ref().is_some_and(|name| input.services.contains(name));
    let has_named = log.builds.iter().any(is_named);
    for (_, build) in builds.into_iter().filter(|(_, build)| !has_named || is_named(build)) {
        let mut by_text: HashMap<String, Vec<&LogStep>> = HashMap::new();
        for step in build.steps.iter().filter(|step| step.label.is_instruction()) {
            by_text.entry(words(&step.label.text)).or_default().push(step);
        }
        let targets = logged_targets(build, &input.services, |step| texts.contains(words(&step.label.text).as_str()));
        for (index, name) in names.iter().enumerate() {
            let Some(steps) = by_text.get(&name.text) else { continue };
            is_missing[index] = false;
            let platform = name.platform.as_deref().or(input.options.platform.as_deref());
            let traits = StepTraits { targets: &targets, platform, stage: name.stage.as_deref(), number: name.number };
            if let Some(time) = traits.seconds(steps) {
                all[index].add(time, build.is_rebuild);
                is_timed[index] = true;
            }
        }
    }
    let seconds = graph.steps.iter().zip(all).zip(is_timed);
    LoggedTimes {
        seconds: seconds
            .map(|((step, logged), is_timed)| is_timed.then(|| logged.in_rebuild(step.has_cache_mount())))
            .collect(),
        missing: (0..is_missing.len()).filter(|index| is_missing[*index]).collect(),
    }
}

/// Whether a log of a build has a line of a step.
fn has_line(step: &Step) -> bool {
    matches!(step.kind, StepKind::Run | StepKind::Copy | StepKind::Workdir)
}

/// The share of a build's steps whose texts are known, in thousandths.
fn known_share(build: &LoggedBuild, texts: &HashSet<&str>) -> u64 {
    let steps = || build.steps.iter().filter(|step| step.label.is_instruction());
    let known = steps().filter(|step| texts.contains(words(&step.label.text).as_str())).count() as u64;
    1_000 * known / (steps().count() as u64).max(1)
}

/// The parts of a step's name: `[linux/amd64 build 2/3] RUN make`.
#[derive(Default)]
struct StepName {
    platform: Option<String>,
    /// `None` if the build has one stage only.
    stage: Option<String>,
    number: Option<(u32, u32)>,
    text: String,
}

impl StepName {
    fn of(name: &str) -> Self {
        let Some((brackets, text)) = name.split_once("] ") else {
            return Self { text: words(name), ..Self::default() };
        };
        let mut parts: Vec<&str> = brackets.trim_start_matches('[').split_whitespace().collect();
        let number = parts.pop().and_then(|number| number.split_once('/'));
        let number = number.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let stage = parts.pop_if(|part| !part.contains('/')).map(str::to_owned);
        Self { platform: parts.pop().map(str::to_owned), stage, number, text: words(text) }
    }
}

/// The step of a graph that a step of a log is: the one of its text, of several that of its stage, then of its number.
pub fn find_logged(graph: &Graph, label: &StepLabel) -> Option<usize> {
    let text = words(&label.text);
    let names = graph.steps.iter().map(|step| StepName::of(&step.name)).enumerate();
    let same = names.filter(|(_, name)| name.text == text);
    let closeness = |name: &StepName| (name.stage == label.stage, name.number == label.number);
    // The first of those that are equally close.
    same.max_by_key(|(index, name)| (closeness(name), std::cmp::Reverse(*index))).map(|(index, _)| index)
}

/// The text with one blank between words: logs differ in blanks of joined lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::logged_times;
    use crate::build::Build;
    use crate::buildlog::StepSeconds;
    use crate::cache::{BuilderFlags, Graph, StepKind};
    use crate::inputs::{BuildInput, BuildOptions};
    use crate::text::Source;

    const LOG: &str = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
        #5 [a 1/2] FROM docker.io/library/debian:13\n#5 DONE 0.1s\n\n#6 [a 2/2] RUN make   all\n#6 DONE 7.5s\n\n\
        #7 [b 2/3] RUN make all\n#7 DONE 2.0s\n\n#8 [b 3/3] COPY --from=a /x /y\n#8 CACHED\n";

    #[test]
    fn steps_of_a_log_are_found_by_stage_and_text() {
        let text = "FROM debian:13 AS a\nRUN make all\nFROM debian:13 AS b\nRUN make all\nCOPY --from=a /x /y\n";
        let input = BuildInput::new(&Source::of("Dockerfile", text), BuildOptions::default());
        let graph = Graph::new(&Build::new(&input), &BuilderFlags::default());
        let log = crate::buildlog::read(LOG.as_bytes()).unwrap();
        let known = graph.steps.iter().zip(logged_times(&graph, &input, &log).seconds);
        let known: Vec<(&str, Option<f64>)> =
            known.map(|(step, time)| (step.name.as_str(), time.map(|time| time.seconds))).collect();
        assert_eq!(known.iter().find(|(name, _)| *name == "[a 2/2] RUN make all").unwrap().1, Some(7.5), "{known:?}");
        let last = known.last().unwrap();
        assert_eq!(*last, ("[b 3/3] COPY --from=a /x /y", None), "{known:?}");
    }

    #[test]
    fn a_cache_mount_makes_a_time_an_upper_bound() {
        let mounted = "RUN --mount=type=cache,target=/c install";
        let text = format!("FROM debian:13\n{mounted}\nRUN --mount=type=tmpfs,target=/c make\n");
        let input = BuildInput::new(&Source::of("Dockerfile", &text), BuildOptions::default());
        let graph = Graph::new(&Build::new(&input), &BuilderFlags::default());
        let times = |log: &str| {
            let log = crate::buildlog::read(log.as_bytes()).unwrap();
            logged_times(&graph, &input, &log).seconds.into_iter().flatten().collect::<Vec<StepSeconds>>()
        };
        let time = |seconds, is_at_most| StepSeconds { seconds, is_at_most };
        let log = format!(
            "#1 [2/3] {mounted}\n#1 DONE 9.0s\n\n#2 [3/3] RUN --mount=type=tmpfs,target=/c make\n#2 DONE 2.0s\n"
        );
        assert_eq!(times(&log), [time(9.0, true), time(2.0, false)]);
        let step = serde_json::json!({"name": format!("[2/3] {mounted}"), "seconds": 9.0});
        let rebuilt = serde_json::json!({"name": format!("[2/3] {mounted}"), "seconds": 3.0});
        let measured = |runs: serde_json::Value| {
            let builds = serde_json::json!([{"name": "before", "dockerfile": "Dockerfile", "runs": runs}]);
            serde_json::json!({"schema": "dockopt.measure/1", "builds": builds}).to_string()
        };
        let cold = serde_json::json!({"scenario": "cold", "seconds": 20.0, "steps": [step]});
        let dependency = serde_json::json!({"scenario": "dependency", "seconds": 4.0, "steps": [rebuilt]});
        assert_eq!(times(&measured(serde_json::json!([cold]))), [time(9.0, true)]);
        assert_eq!(times(&measured(serde_json::json!([cold, dependency]))), [time(3.0, false)]);
    }

    /// The seconds of the RUNs of a Dockerfile by a log.
    fn runs(text: &str, log: &str, change: impl Fn(&mut BuildInput)) -> Vec<Option<(f64, bool)>> {
        let mut input = BuildInput::new(&Source::of("Dockerfile", text), BuildOptions::default());
        change(&mut input);
        let graph = Graph::new(&Build::new(&input), &BuilderFlags::default());
        let times = logged_times(&graph, &input, &crate::buildlog::read(log.as_bytes()).unwrap());
        let runs = graph.steps.iter().zip(times.seconds).filter(|(step, _)| step.kind == StepKind::Run);
        runs.map(|(_, time)| time.map(|time| (time.seconds, time.is_at_most))).collect()
    }

    #[test]
    fn steps_of_other_targets_and_platforms_are_not_taken() {
        let text = "FROM debian:13\nRUN make\nRUN test\n";
        let log = "#1 [api internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
                   #2 [worker internal] load build definition from Dockerfile\n#2 DONE 0.0s\n\n\
                   #5 [api 2/3] RUN make\n#5 DONE 7.0s\n\n#6 [worker 2/3] RUN make\n#6 DONE 2.0s\n\n\
                   #7 [api 3/3] RUN test\n#7 DONE 1.0s\n\n#8 [worker 3/3] RUN test\n#8 CACHED\n";
        let service = |name: &'static str| move |input: &mut BuildInput| input.services = vec![name.to_owned()];
        assert_eq!(runs(text, log, service("api")), [Some((7.0, false)), Some((1.0, false))]);
        // Its own step was cached: the time of another target says nothing of it.
        assert_eq!(runs(text, log, service("worker")), [Some((2.0, false)), None]);
        // Nothing says which one it is.
        assert_eq!(runs(text, log, |_| {}), [Some((7.0, true)), Some((1.0, true))]);
        // The target with more of its steps.
        let other = "FROM debian:13\nRUN make\nRUN other\n";
        let log = log.replace("[worker 3/3] RUN test\n#8 CACHED", "[worker 3/3] RUN other\n#8 DONE 3.0s");
        assert_eq!(runs(other, &log, |_| {}), [Some((2.0, false)), Some((3.0, false))]);
        // Equal steps are printed once, under the name of one target.
        let shared = log.replace("#6 [worker 2/3] RUN make\n#6 DONE 2.0s\n\n", "");
        assert_eq!(runs(other, &shared, service("worker")), [Some((7.0, false)), Some((3.0, false))]);

        let log = "#5 [linux/amd64 2/3] RUN make\n#5 DONE 2.0s\n\n#6 [linux/arm64 2/3] RUN make\n#6 DONE 9.0s\n\n\
                   #7 [linux/amd64->arm64 3/3] RUN test\n#7 DONE 4.0s\n\n#8 [linux/amd64 3/3] RUN test\n#8 DONE 3.0s\n";
        let platform =
            |name: &'static str| move |input: &mut BuildInput| input.options.platform = Some(name.to_owned());
        assert_eq!(runs(text, log, platform("linux/amd64")), [Some((2.0, false)), Some((3.0, false))]);
        assert_eq!(runs(text, log, platform("linux/arm64")), [Some((9.0, false)), Some((4.0, false))]);
        assert_eq!(runs(text, log, |_| {}), [Some((9.0, true)), Some((4.0, true))]);
    }

    #[test]
    fn of_several_builds_that_of_the_dockerfile_counts() {
        let text = "FROM debian:13\nRUN make\nRUN test\n";
        let build = |make: &str, last: &str| {
            format!(
                "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
                 #5 [2/3] RUN make\n#5 DONE {make}s\n\n#6 [3/3] RUN {last}\n#6 DONE 1.0s\n\n"
            )
        };
        let log = build("7.0", "test") + &build("2.0", "other");
        assert_eq!(runs(text, &log, |_| {}), [Some((7.0, false)), Some((1.0, false))]);
        let log = build("2.0", "other") + &build("7.0", "test") + &build("8.0", "test");
        assert_eq!(runs(text, &log, |_| {}), [Some((8.0, false)), Some((1.0, false))]);
        // A line twice.
        let text = "FROM debian:13\nRUN make\nRUN make\nRUN more\n";
        let log = "#5 [2/4] RUN make\n#5 DONE 7.0s\n\n#6 [3/4] RUN make\n#6 DONE 1.0s\n";
        assert_eq!(runs(text, log, |_| {}), [Some((7.0, false)), Some((1.0, false)), None]);
    }
}
