//! How long each step takes, as a build log says.

use std::collections::HashMap;

use super::graph::Graph;
use crate::buildlog::{BuildLog, LoggedSeconds, StepLabel, StepSeconds};

/// The seconds of each step of a graph; `None` for one that no build of the log ran. Of several builds the last that ran
/// it counts, and for a step with a cache mount the last that found it filled. A step of the log is one of the graph if
/// the stage and the text are the same, else if the text is.
pub fn step_seconds(graph: &Graph, log: &BuildLog) -> Vec<Option<StepSeconds>> {
    let mut by_stage: HashMap<(&str, String), LoggedSeconds> = HashMap::new();
    let mut by_text: HashMap<String, LoggedSeconds> = HashMap::new();
    for build in &log.builds {
        for step in build.steps.iter().filter(|step| step.label.is_instruction()) {
            let Some(seconds) = step.run_seconds() else { continue };
            let text = words(&step.label.text);
            let stage = step.label.stage.as_deref().unwrap_or_default();
            by_stage.entry((stage, text.clone())).or_default().add(seconds, build.is_rebuild);
            by_text.entry(text).or_default().add(seconds, build.is_rebuild);
        }
    }
    let seconds = graph.steps.iter().map(|step| {
        let text = words(step.name.split_once("] ").map_or(step.name.as_str(), |(_, text)| text));
        let logged = by_stage.get(&(stage_of(&step.name), text.clone())).or_else(|| by_text.get(&text))?;
        Some(logged.in_rebuild(step.has_cache_mount()))
    });
    seconds.collect()
}

/// The step of a graph that a step of a log is: the one of its stage and text, else of its text.
pub fn find_logged(graph: &Graph, label: &StepLabel) -> Option<usize> {
    let text = words(&label.text);
    let same = |index: &usize| words(graph.steps[*index].name.split_once("] ").map_or("", |(_, text)| text)) == text;
    let of_text: Vec<usize> = (0..graph.steps.len()).filter(same).collect();
    let stage = label.stage.as_deref().unwrap_or_default();
    let of_stage = of_text.iter().find(|index| stage_of(&graph.steps[**index].name) == stage);
    of_stage.or(of_text.first()).copied()
}

/// The stage in the name of a step; empty if the build has one stage only.
fn stage_of(name: &str) -> &str {
    let number = name.split_once("] ").map_or("", |(number, _)| number);
    number.trim_start_matches('[').split_whitespace().rev().nth(1).unwrap_or_default()
}

/// The text with one blank between words: logs differ in blanks of joined lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::step_seconds;
    use crate::build::Build;
    use crate::buildlog::StepSeconds;
    use crate::cache::{BuilderFlags, Graph};
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
        let known = graph.steps.iter().zip(step_seconds(&graph, &log));
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
            let times = step_seconds(&graph, &crate::buildlog::read(log.as_bytes()).unwrap());
            times.into_iter().flatten().collect::<Vec<StepSeconds>>()
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
}
