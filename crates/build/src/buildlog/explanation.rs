//! What a build's steps say together: which miss caused which, and which steps the build waited for.

use std::collections::BTreeMap;

use super::logged_build::{LogForm, LogStep, LoggedBuild, StepStatus, seconds_between};
use super::step_name::StepKind;
use crate::dockerfile::Keyword;

/// What a build's steps say together. Numbers are indexes of [`LoggedBuild::steps`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The stages, in the order of their first step.
    pub stages: Vec<StageSummary>,
    /// For each step that was not cached though it could have been: the first miss that it follows from, itself if
    /// nothing before it was missed.
    pub causes: BTreeMap<usize, usize>,
    /// The steps that the build waited for, the first one first.
    pub critical_path: CriticalPath,
    /// When each step can begin, by the seconds of what it needs: for logs that do not say when it began.
    pub starts: Vec<f64>,
}

/// A stage of a target on a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageSummary {
    /// The target of bake, the service of compose.
    pub target: Option<String>,
    /// The platform.
    pub platform: Option<String>,
    /// Its name; `None` for the only one.
    pub stage: Option<String>,
    /// Its steps by number.
    pub steps: Vec<usize>,
}

/// The steps that a build waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CriticalPath {
    /// From the first to the last.
    pub steps: Vec<usize>,
    /// Seconds of these steps.
    pub seconds: f64,
    /// Whether the log has the graph and the times of all steps; else the path follows from the order of steps in their
    /// stages and from `--from`.
    pub is_exact: bool,
}

/// Explains a build. `base` gives the stage that another one is built on, where the Dockerfile is known.
pub fn explain(build: &LoggedBuild, base: &dyn Fn(&str) -> Option<String>) -> Explanation {
    let stages = stages(&build.steps);
    let has_graph = build.steps.iter().any(|step| step.inputs.as_ref().is_some_and(|inputs| !inputs.is_empty()));
    let inputs = if has_graph {
        build.steps.iter().map(|step| step.inputs.clone().unwrap_or_default()).collect()
    } else {
        named_inputs(build, &stages, base)
    };
    let order = topological(&inputs);
    let causes = causes(&build.steps, &inputs, &order);
    if matches!(build.form, LogForm::Legacy | LogForm::Buildah) {
        // One step runs after the other, whatever it reads.
        let (critical_path, starts) =
            longest_path(&build.steps, &linear_inputs(build), &(0..build.steps.len()).collect::<Vec<_>>());
        return Explanation { stages, causes, critical_path, starts };
    }
    let has_times = build.steps.iter().all(|step| step.started.is_some() && step.ended.is_some());
    let (longest_path, starts) = longest_path(&build.steps, &inputs, &order);
    let critical_path = if has_graph && has_times { timed_path(&build.steps, &inputs) } else { longest_path };
    Explanation { stages, causes, critical_path, starts }
}

fn stages(steps: &[LogStep]) -> Vec<StageSummary> {
    let mut all: Vec<StageSummary> = Vec::new();
    let mut places: BTreeMap<[Option<&str>; 3], usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate().filter(|(_, step)| step.label.number.is_some()) {
        let label = &step.label;
        let key = [label.target.as_deref(), label.platform.as_deref(), label.stage.as_deref()];
        let place = *places.entry(key).or_insert_with(|| {
            let (target, platform, stage) = (label.target.clone(), label.platform.clone(), label.stage.clone());
            all.push(StageSummary { target, platform, stage, steps: Vec::new() });
            all.len() - 1
        });
        all[place].steps.push(at);
    }
    for stage in &mut all {
        stage.steps.sort_by_key(|at| (steps[*at].label.number, *at));
    }
    all
}

/// The inputs of each step as far as names say them: the step before, the stage of `--from`, the stage below.
fn named_inputs(
    build: &LoggedBuild,
    stages: &[StageSummary],
    base: &dyn Fn(&str) -> Option<String>,
) -> Vec<Vec<usize>> {
    let steps = &build.steps;
    let mut inputs = vec![Vec::new(); steps.len()];
    let context = steps.iter().position(|step| step.label.kind == StepKind::Context);
    for stage in stages {
        let last_of = |name: &str| {
            let name = if name.bytes().all(|byte| byte.is_ascii_digit()) { &format!("stage-{name}") } else { name };
            let is_it = |other: &&StageSummary| {
                (&other.target, &other.platform) == (&stage.target, &stage.platform)
                    && other.stage.as_deref().is_some_and(|stage| stage.eq_ignore_ascii_case(name))
            };
            stages.iter().find(is_it).and_then(|other| other.steps.last().copied())
        };
        let below = stage.stage.as_deref().and_then(base).and_then(|name| last_of(&name));
        let mut before = below;
        for at in &stage.steps {
            inputs[*at].extend(before);
            let froms = from_names(&steps[*at].label.text);
            let takes_context = matches!(steps[*at].label.kind, StepKind::Instruction(keyword)
                if froms.is_empty() && takes_context(keyword));
            inputs[*at].extend(froms.into_iter().filter_map(last_of));
            if takes_context {
                inputs[*at].extend(context);
            }
            inputs[*at].retain(|input| input != at);
            before = Some(*at);
        }
    }
    let ends: Vec<usize> = stages.iter().filter_map(|stage| stage.steps.last().copied()).collect();
    for (at, step) in steps.iter().enumerate() {
        let is_of = |end: &&usize| step.label.target.is_none() || steps[**end].label.target == step.label.target;
        if step.label.kind == StepKind::Export {
            inputs[at].extend(ends.iter().filter(is_of));
        } else if step.label.kind == StepKind::CacheExport {
            let exports = steps.iter().position(|other| other.label.kind == StepKind::Export);
            inputs[at].extend(exports.or(ends.last().copied()));
        }
    }
    inputs
}

/// For each step the one before it.
fn linear_inputs(build: &LoggedBuild) -> Vec<Vec<usize>> {
    (0..build.steps.len()).map(|at| at.checked_sub(1).into_iter().collect()).collect()
}

fn takes_context(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Copy | Keyword::Add)
}

/// The names of `--from=` and of a mount's `from=`.
fn from_names(text: &str) -> Vec<&str> {
    let flags = text.split_whitespace().skip(1).take_while(|word| word.starts_with("--"));
    let names = flags.flat_map(|flag| {
        let options = flag.strip_prefix("--mount=").unwrap_or_default();
        let of_mount = options.split(',').filter_map(|part| part.strip_prefix("from="));
        flag.strip_prefix("--from=").into_iter().chain(of_mount)
    });
    names.collect()
}

/// The steps, inputs first. Inputs in a circle, which no builder writes, are left in any order.
fn topological(inputs: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(inputs.len());
    let mut is_seen = vec![false; inputs.len()];
    for root in 0..inputs.len() {
        let mut stack = vec![(root, 0)];
        while let Some((at, next)) = stack.pop() {
            if next == 0 && std::mem::replace(&mut is_seen[at], true) {
                continue;
            }
            match inputs[at].get(next) {
                Some(input) => {
                    stack.push((at, next + 1));
                    if is_seen.get(*input) == Some(&false) {
                        stack.push((*input, 0));
                    }
                }
                None => order.push(at),
            }
        }
    }
    order
}

/// The first miss that each missed step follows from.
fn causes(steps: &[LogStep], inputs: &[Vec<usize>], order: &[usize]) -> BTreeMap<usize, usize> {
    let mut causes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut origin: Vec<Option<usize>> = vec![None; steps.len()];
    for at in order {
        let inherited = inputs[*at].iter().filter_map(|input| origin.get(*input).copied().flatten()).min();
        let step = &steps[*at];
        let is_missed = step.is_missed() && step.status != StepStatus::Unfinished;
        if is_missed {
            let cause = inherited.unwrap_or(*at);
            causes.insert(*at, cause);
            origin[*at] = Some(cause);
        }
    }
    causes
}

/// The path by times: from the step that ended last to the input that ended last, and so on.
fn timed_path(steps: &[LogStep], inputs: &[Vec<usize>]) -> CriticalPath {
    let last = (0..steps.len()).max_by_key(|at| steps[*at].ended);
    let mut path = Vec::new();
    let mut is_taken = vec![false; steps.len()];
    let mut current = last;
    while let Some(at) = current.filter(|at| !std::mem::replace(&mut is_taken[*at], true)) {
        path.push(at);
        let started = steps[at].started;
        let of_inputs = inputs[at].iter().copied().max_by_key(|input| steps[*input].ended);
        // A step without inputs begins when the phase before it ends: reading the Dockerfile, asking for metadata.
        let before = || {
            let earlier = (0..steps.len()).filter(|other| !is_taken[*other] && steps[*other].ended <= started);
            earlier.max_by_key(|other| steps[*other].ended)
        };
        current = of_inputs.or_else(before);
    }
    path.reverse();
    let seconds = covered_seconds(steps, &path);
    CriticalPath { steps: path, seconds, is_exact: true }
}

/// Seconds that at least one step of a path covers: a step may be loaded while the next one begins.
fn covered_seconds(steps: &[LogStep], path: &[usize]) -> f64 {
    let mut spans: Vec<_> = path.iter().filter_map(|at| steps[*at].started.zip(steps[*at].ended)).collect();
    spans.sort_unstable();
    let mut until = None;
    let mut sum = 0.0;
    for (from, to) in spans {
        let from = until.map_or(from, |until| from.max(until));
        sum += seconds_between(from, to);
        until = Some(until.map_or(to, |until| to.max(until)));
    }
    sum
}

/// The path with the largest sum of seconds, and the sum before each step.
fn longest_path(steps: &[LogStep], inputs: &[Vec<usize>], order: &[usize]) -> (CriticalPath, Vec<f64>) {
    let mut starts = vec![0.0_f64; steps.len()];
    let mut sums = vec![0.0_f64; steps.len()];
    let mut previous: Vec<Option<usize>> = vec![None; steps.len()];
    for at in order {
        let before = inputs[*at].iter().copied().max_by(|a, b| sums[*a].total_cmp(&sums[*b]));
        previous[*at] = before;
        starts[*at] = before.map_or(0.0, |before| sums[before]);
        sums[*at] = steps[*at].seconds.unwrap_or(0.0) + starts[*at];
    }
    let mut current = (0..steps.len()).max_by(|a, b| sums[*a].total_cmp(&sums[*b])).filter(|at| sums[*at] > 0.0);
    let seconds = current.map_or(0.0, |at| sums[at]);
    let mut path = Vec::new();
    while let Some(at) = current {
        if path.len() == steps.len() {
            break;
        }
        path.push(at);
        current = previous[at];
    }
    path.reverse();
    (CriticalPath { steps: path, seconds, is_exact: false }, starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildlog::read;

    fn explained(text: &str) -> (LoggedBuild, Explanation) {
        let build = read(text.as_bytes()).unwrap().builds.remove(0);
        let explanation = explain(&build, &|_| None);
        (build, explanation)
    }

    #[test]
    fn a_miss_causes_those_that_follow() {
        let (build, explanation) = explained(
            "#1 [a 1/3] FROM x\n#1 DONE 0.0s\n#2 [a 2/3] COPY f .\n#2 DONE 1.0s\n#3 [a 3/3] RUN y\n#3 DONE 2.0s\n\
             #4 [b 1/3] FROM x\n#4 DONE 0.0s\n#5 [b 2/3] RUN z\n#5 CACHED\n#6 [b 3/3] COPY --from=a / /\n#6 DONE 0.5s\n\
             #7 [c 2/2] RUN w\n#7 DONE 1.5s\n#8 exporting to image\n#8 DONE 0.2s\n",
        );
        assert_eq!(explanation.causes, BTreeMap::from([(1, 1), (2, 1), (5, 1), (6, 6)]));
        assert_eq!(explanation.stages.len(), 3);
        let path: Vec<&str> =
            explanation.critical_path.steps.iter().map(|at| build.steps[*at].label.text.as_str()).collect();
        assert_eq!(path, ["FROM x", "COPY f .", "RUN y", "COPY --from=a / /", "exporting to image"]);
        assert!((explanation.critical_path.seconds - 3.7).abs() < 1e-9);
    }

    #[test]
    fn legacy_stages_follow_from_what_they_copy() {
        let (build, explanation) = explained(
            "Step 1/7 : FROM a AS build\n ---> 0695e92e0b90\nStep 2/7 : COPY src /src\n ---> 1d2ff2f0a1b1\n\
             Step 3/7 : RUN make\n ---> Running in 8a1f3c0b8f11\n ---> 5d2ff2f0a1b2\nStep 4/7 : FROM a\n\
             \x20---> 0695e92e0b90\nStep 5/7 : RUN true\n ---> Using cache\n ---> 6d2ff2f0a1b3\n\
             Step 6/7 : COPY --from=build /o /o\n ---> 7d2ff2f0a1b4\nStep 7/7 : RUN hi\n ---> 8d2ff2f0a1b5\n\
             Successfully built 8d2ff2f0a1b5\n",
        );
        let step = |text: &str| build.steps.iter().position(|step| step.label.text.starts_with(text)).unwrap();
        let first = step("COPY src");
        let others = [first, step("RUN make"), step("COPY --from"), step("RUN hi")];
        assert_eq!(explanation.causes, others.into_iter().map(|at| (at, first)).collect());
    }

    #[test]
    fn circles_end() {
        assert_eq!(topological(&[vec![1], vec![0]]).len(), 2);
        assert_eq!(topological(&[vec![0], vec![7]]).len(), 2);
        assert_eq!(from_names("RUN --mount=type=bind,from=a,target=/x --mount=from=b make --from=c"), ["a", "b"]);
    }
}
