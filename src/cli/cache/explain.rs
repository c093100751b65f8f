//! `dockopt cache explain`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::folder::states_between;
use crate::audit::InputAudit;
use crate::build::Build;
use crate::buildlog::{self, BuildLog, LogForm, LogStep, LoggedBuild, StepStatus};
use crate::cache::{BuilderFlags, Graph, Prediction, StepReason, StepVerdict, find_logged};
use crate::cli::args::{ExplainLog, Global};
use crate::cli::exit::{CLEAN, FAILED};
use crate::cli::output::{CommandFailure, complain, print, print_page};
use crate::cli::progress;
use crate::finding::Mask;
use crate::inputs::{Inputs, Need, Needs};
use crate::load::{build_log_name, read_build_log};
use crate::report::{self, ExplainedBuild, ExplainedLog, Format, ReasonWriter};
use crate::secret;
use crate::text::path;

/// Dockerfiles that a heading names.
const NAMED: usize = 3;

/// How the step begins in which the builder loads a Dockerfile.
const LOADS: &str = "load build definition from ";

pub(in crate::cli) fn run(global: &Global, command: &ExplainLog) -> Result<u8, CommandFailure> {
    let name = build_log_name(&command.log);
    progress::doing("reading the build log");
    let log = read_build_log(&command.log)?;
    check_steps(&log, &name)?;
    let inputs = match dockerfile_path(command) {
        Some(path) => {
            let mut request = command.build.request(path, None);
            request.each_build = true;
            if command.before.is_some() {
                request.needs = Needs::NONE.with(Need::ContextNames);
            }
            let inputs = crate::load::gather(&request)?;
            if complain(global, &inputs) {
                return Ok(FAILED);
            }
            Some(inputs)
        }
        None => None,
    };
    let predicted = match &command.before {
        Some(earlier) => predict(inputs.as_ref(), earlier, command.at.as_deref())?,
        None => Vec::new(),
    };
    let explained = explain_log(name, log, inputs.as_ref(), &predicted);
    match global.format {
        Format::Json => {
            let root = inputs.as_ref().map_or(".", |inputs| inputs.root.as_str());
            print(global, &report::cache_explanation_json(&explained, root))?;
        }
        _ => print_page(global, &report::cache_explanation(&explained, command.all))?,
    }
    Ok(CLEAN)
}

/// The folder or Dockerfile of the build; `None` if the log alone is explained.
fn dockerfile_path(command: &ExplainLog) -> Option<PathBuf> {
    match (&command.path, &command.build.file) {
        (Some(path), _) => Some(path.clone()),
        // As in the other commands, the current folder is the context then.
        (None, Some(_)) => Some(PathBuf::from(".")),
        (None, None) => None,
    }
}

/// Refuses documents about builds that have no steps.
fn check_steps(log: &BuildLog, name: &str) -> Result<(), CommandFailure> {
    let form = |form| log.builds.iter().all(|build| build.form == form);
    let (what, help) = if form(LogForm::Metadata) {
        ("is a metadata file: it has digests, but neither steps nor times", "give the log of the build")
    } else if form(LogForm::Provenance) {
        ("is a provenance: it has the steps, but not what was cached", "give the log of the build")
    } else if form(LogForm::Measurement) {
        let help = "its seconds are for --log of `audit`, `cache predict` and `cache history`; give the log of a build";
        ("is a measurement: it has the steps that ran, but not those that were cached", help)
    } else {
        return Ok(());
    };
    let help = format!("{help}: `docker buildx history logs REF --progress rawjson 2> build.log`");
    Err(CommandFailure::Because { what: format!("`{name}` {what}"), help: Some(help) })
}

/// What the cache model says of a build.
struct PredictedBuild {
    graph: Graph,
    prediction: Prediction,
    /// The first line of each instruction.
    lines: Vec<u32>,
    /// The commit or folder of the build before.
    earlier: String,
}

impl PredictedBuild {
    /// Why a step of a log was not cached; `None` for a step that is not of this build.
    fn reason(&self, step: &LogStep, logged: &LoggedBuild) -> Option<String> {
        let predicted = self.prediction.steps.get(find_logged(&self.graph, &step.label)?)?;
        let was_cached = |index: usize| {
            let is_step = |step: &&LogStep| find_logged(&self.graph, &step.label) == Some(index);
            logged.steps.iter().find(is_step).is_some_and(|step| step.status == StepStatus::Cached)
        };
        // The log says more than the model: what a cached step gives cannot be the reason.
        let is_contradicted = |reason: &StepReason| match reason {
            StepReason::Above(index, _) | StepReason::Stage(index) => was_cached(*index),
            _ => false,
        };
        // The builder had a file that the model misses: the log is of another context.
        if predicted.reasons.iter().any(|reason| matches!(reason, StepReason::Missing(_))) && step.error.is_none() {
            return None;
        }
        if predicted.verdict == StepVerdict::Hit || predicted.reasons.iter().all(is_contradicted) {
            return Some(format!(
                "nothing that it depends on changed since {}: the builder has lost the record (pruned, another builder), a \
                 build at the same time held it, or another commit was built before",
                self.earlier
            ));
        }
        let line_of = |index: usize| self.lines.get(index).copied().unwrap_or(0);
        Some(ReasonWriter { graph: &self.graph, line_of: &line_of }.all(&predicted.reasons))
    }
}

/// What the cache model says of the builds since a commit.
fn predict(inputs: Option<&Inputs>, earlier: &str, later: Option<&str>) -> Result<Vec<PredictedBuild>, CommandFailure> {
    let Some(inputs) = inputs else {
        let help = Some("pass its folder behind the log".to_owned());
        return Err(CommandFailure::Because { what: "--before needs the Dockerfile of the log".to_owned(), help });
    };
    let predict = |build: usize| {
        let states = states_between(inputs, build, (earlier, later))?;
        let (graph, prediction) = states.predict(&BuilderFlags::default());
        let instructions = states.after.input.file.instructions();
        let lines = instructions.iter().map(|instruction| instruction.start_line).collect();
        Ok(PredictedBuild { graph, prediction, lines, earlier: earlier.to_owned() })
    };
    (0..inputs.builds.len()).map(predict).collect()
}

fn explain_log(name: String, log: BuildLog, inputs: Option<&Inputs>, predicted: &[PredictedBuild]) -> ExplainedLog {
    let mut mask = inputs.map(|inputs| InputAudit::new(inputs).into_mask()).unwrap_or_default();
    let mut explained = ExplainedLog { name, builds: Vec::new(), notices: log.notices };
    let builds: Vec<CandidateBuild> = inputs.map_or_else(Vec::new, |inputs| {
        let name = |file| inputs.source(file).name().to_owned();
        let builds = inputs.builds.iter();
        builds.map(|input| CandidateBuild { name: name(input.dockerfile), build: Build::new(input) }).collect()
    });
    for logged in log.builds {
        let logged = masked(logged, &mut mask);
        let mut build = explain_build(logged, &builds, predicted);
        for reason in build.reasons.iter_mut().flatten() {
            *reason = mask.apply(reason);
        }
        let is_instruction = |step: &LogStep| step.label.is_instruction();
        if !builds.is_empty()
            && build.logged.steps.iter().any(is_instruction)
            && build.places.iter().all(Option::is_none)
        {
            let names: BTreeSet<String> = builds.iter().map(|candidate| format!("`{}`", candidate.name)).collect();
            let names = names.into_iter().take(3).collect::<Vec<_>>().join(", ");
            explained.notices.push(format!("no step of the log is in {names}: was another Dockerfile built?"));
        }
        explained.builds.push(build);
    }
    explained
}

/// A build that a log may be of.
struct CandidateBuild<'i> {
    /// The Dockerfile's name.
    name: String,
    build: Build<'i>,
}

/// What says that a build is of a log's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TargetClaim {
    /// Nothing.
    Nothing,
    /// Its Dockerfile is in a folder of the target's name.
    Folder,
    /// A compose or bake file builds it under the target's name.
    Service,
}

impl CandidateBuild<'_> {
    fn claim(&self, target: &str) -> TargetClaim {
        if self.build.input().services.iter().any(|service| service == target) {
            TargetClaim::Service
        } else if path::name(path::parent(&self.name)) == target {
            TargetClaim::Folder
        } else {
            TargetClaim::Nothing
        }
    }
}

/// Explains one build. `builds`: the Dockerfiles that it may be of, with their names. `predicted`: what the model says of
/// each of them, or nothing.
fn explain_build(logged: LoggedBuild, builds: &[CandidateBuild], predicted: &[PredictedBuild]) -> ExplainedBuild {
    let mapped: Vec<Vec<Option<usize>>> =
        builds.iter().map(|candidate| candidate.build.logged_steps(&logged)).collect();
    // Each target has a Dockerfile of its own: the one that has most of its steps.
    let target = |at: usize| logged.steps[at].label.target.as_deref();
    let mut best: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let targets: BTreeSet<Option<&str>> = (0..logged.steps.len()).map(target).collect();
    for target_name in targets {
        let name = target_name;
        let count = |steps: &Vec<Option<usize>>| {
            (0..logged.steps.len()).filter(|at| target(*at) == name && steps[*at].is_some()).count()
        };
        let name = name.or(logged.name.as_deref());
        let counts = mapped.iter().map(count).enumerate().filter(|(_, count)| *count > 0);
        let counts =
            counts.map(|(build, count)| (name.map(|name| builds[build].claim(name)), count, std::cmp::Reverse(build)));
        if let Some((_, _, std::cmp::Reverse(build))) = counts.max_by_key(|(claim, count, build)| {
            let is_named = *claim == Some(TargetClaim::Service);
            (is_named, *count, *claim, *build)
        }) {
            best.insert(target_name, build);
        }
    }
    let place = |at: usize| {
        let known = best.get(&target(at)).and_then(|build| {
            let candidate = &builds[*build];
            let line = candidate.build.instruction(mapped[*build][at]?).start_line;
            Some((candidate.name.clone(), line))
        });
        let recorded =
            || Some((logged.dockerfile.clone().unwrap_or_else(|| "Dockerfile".to_owned()), logged.steps[at].line?));
        known.or_else(recorded)
    };
    let places: Vec<Option<(String, u32)>> = (0..logged.steps.len()).map(place).collect();
    let base = |title: &str| best.values().find_map(|build| builds[*build].build.base_stage(title));
    let explanation = buildlog::explain(&logged, &base);
    let reason = |(at, step): (usize, &LogStep)| {
        let build = best.get(&target(at))?;
        if step.is_missed() { predicted.get(*build)?.reason(step, &logged) } else { None }
    };
    let reasons = logged.steps.iter().enumerate().map(reason).collect();
    let dockerfile = dockerfile_names(&logged, &places).or_else(|| logged.dockerfile.clone());
    ExplainedBuild { logged: LoggedBuild { dockerfile, ..logged }, explanation, places, reasons }
}

/// The Dockerfiles that the steps of a build are of; without one those that the builder loaded, one for each target.
fn dockerfile_names(logged: &LoggedBuild, places: &[Option<(String, u32)>]) -> Option<String> {
    let known: BTreeSet<&str> = places.iter().flatten().map(|(name, _)| name.as_str()).collect();
    let loaded = logged.steps.iter().filter_map(|step| step.label.text.strip_prefix(LOADS));
    let names = if known.is_empty() { loaded.collect() } else { known };
    let names: Vec<&str> = names.into_iter().take(NAMED).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The build with the secrets in its texts masked.
fn masked(mut logged: LoggedBuild, mask: &mut Mask) -> LoggedBuild {
    for step in &logged.steps {
        for text in [Some(&step.name), step.error.as_ref()].into_iter().flatten() {
            mask.add_all(&secret::hidden_in(text));
        }
        mask.add_all(&secret::hidden_in(&step.output.tail()));
    }
    logged.map_texts(&|text| mask.apply(text));
    logged
}
