//! `dockopt measure`.

use std::path::Path;
use std::sync::Arc;

use super::args::{Builds, Case, Global, Measure};
use super::exit::{CLEAN, FAILED, FOUND};
use super::interrupt::Interrupts;
use super::output::{CommandFailure, complain, describe_contexts, print, print_page};
use super::{progress, terminal};
use crate::audit::InputAudit;
use crate::cache::{StepVerdict, predict_touched};
use crate::engine;
use crate::failure;
use crate::finding::Mask;
use crate::inputs::{BuildInput, BuildOptions, Inputs, Need, Needs};
use crate::load::{GatherRequest, folder_of};
use crate::measure::{
    Changes, LeftoverCleanup, MeasurePlan, ScenarioResult, Series, Session, SessionOptions, change_refusal, clean_up,
};
use crate::proof::{Fault, MeasuredBuild, Measurement, RerunStep, Scenario};
use crate::report::{self, Format};

impl From<failure::Failure> for CommandFailure {
    fn from(failure: failure::Failure) -> Self {
        Self::Because { what: failure.what, help: Some(failure.help) }
    }
}

pub(super) fn run(global: &Global, command: &Measure) -> Result<u8, CommandFailure> {
    let interrupts = Arc::new(Interrupts::hold_back());
    if command.clean_up {
        return report_cleanup(&clean_up(&engine::EngineOptions::of_process(), None)?);
    }
    let Some(inputs) = read(global, command.build.request(command.path.clone(), None), command)? else {
        return Ok(FAILED);
    };
    describe_contexts(&inputs);
    let planned = planned(&inputs, &command.path)?;
    let other = match &command.against {
        Some(path) => match against(global, command, path)? {
            Some(other) => Some(other),
            None => return Ok(FAILED),
        },
        None => None,
    };
    let mut plans = vec![("before", &planned.plan)];
    plans.extend(other.iter().map(|other| ("after", &other.plan)));
    for input in [Some(&planned), other.as_ref()].into_iter().flatten().map(|planned| &planned.input) {
        check_named_changes(command, input)?;
    }
    let mut changes = Changes::of(&inputs, 0);
    changes.source = command.source.clone().or(changes.source);
    changes.dependency = command.dependency.clone().or(changes.dependency);
    let scenarios = command.scenarios.iter().map(|case| case.scenario()).collect();
    let series = Series { scenarios, rounds: command.rounds.into(), changes };
    let shared_interrupts = Arc::clone(&interrupts);
    let stop = Arc::new(move || shared_interrupts.is_interrupted());
    let mut mask = planned.mask.clone();
    if let Some(other) = &other {
        mask.join(&other.mask);
    }
    let session =
        Session::open(SessionOptions { mask: mask.clone(), ..options(&command.run, plan_options(command), stop) })?;
    let version = session.engine().version();
    let engine = format!("{} {}", version.name, version.version).trim().to_owned();
    let measured = session.measure(&plans, &series, &|what| {
        terminal::note(what);
        progress::doing(what);
    });
    let (commands, left_in_cache) = (session.commands(), session.left_in_cache());
    let cleaned = session.close();
    let builds: Vec<MeasuredBuild> = measured?
        .into_iter()
        .zip([Some(&planned), other.as_ref()].into_iter().flatten())
        .map(|(measurement, planned)| build(measurement, planned, &series.changes, &mask))
        .collect();
    let result = Measurement {
        root: inputs.root.clone(),
        engine,
        source: series.changes.source,
        dependency: series.changes.dependency,
        rounds: series.rounds,
        commands,
        left_in_cache,
        leftovers: cleaned.left,
        builds,
    };
    write(global, &result)?;
    Ok(if result.builds.iter().any(|build| build.fault.is_some()) { FOUND } else { CLEAN })
}

/// How builds are run, for `measure` and `optimize --verify`.
pub(super) fn options(run: &Builds, build: BuildOptions, stop: Arc<dyn Fn() -> bool + Send + Sync>) -> SessionOptions {
    SessionOptions {
        engine: engine::EngineOptions::of_process(),
        build,
        secrets: run.secret.clone(),
        ssh: run.ssh.clone(),
        network: run.network.clone(),
        hosts: run.add_host.clone(),
        limit: run.limit(),
        stop,
        ..SessionOptions::default()
    }
}

/// Refuses `--source` and `--dependency` where the rebuild that they stand for would not be measured.
fn check_named_changes(command: &Measure, input: &BuildInput) -> Result<(), CommandFailure> {
    let named = [("source", &command.source, Case::Source), ("dependency", &command.dependency, Case::Dependency)];
    for (option, path, case) in named {
        let Some(path) = path else { continue };
        if !command.scenarios.contains(&case) {
            return Err(CommandFailure::Because {
                what: format!("`--{option}` names a file, but `--scenarios` leaves out `{option}`"),
                help: Some(format!("add `{option}` to `--scenarios`, or leave out `--{option}`")),
            });
        }
        if let Some(failure) = change_refusal(input, path) {
            return Err(failure.into());
        }
    }
    Ok(())
}

fn plan_options(command: &Measure) -> BuildOptions {
    command.build.request(command.path.clone(), None).options
}

/// Gathers; `None` where something is wrong with it, which was said.
fn read(global: &Global, mut request: GatherRequest, command: &Measure) -> Result<Option<Inputs>, CommandFailure> {
    request.needs =
        [Need::ContextNames, Need::ContextBytes, Need::ContextTexts, Need::Projects].into_iter().collect::<Needs>();
    request.configuration = command.config.configuration();
    let inputs = crate::load::gather(&request)?;
    Ok(if complain(global, &inputs) { None } else { Some(inputs) })
}

/// The other build: a folder's, or another Dockerfile for the same folder.
fn against(global: &Global, command: &Measure, path: &Path) -> Result<Option<PlannedBuild>, CommandFailure> {
    let mut request = command.build.request(command.path.clone(), None);
    if path.is_dir() {
        path.clone_into(&mut request.path);
        request.file = None;
    } else {
        let folder = if command.path.is_file() { folder_of(&command.path) } else { &command.path };
        folder.clone_into(&mut request.path);
        request.file = Some(path.to_owned());
    }
    let path = request.path.clone();
    read(global, request, command)?.map(|inputs| planned(&inputs, &path)).transpose()
}

/// A build that is to be measured.
struct PlannedBuild {
    plan: MeasurePlan,
    /// Its Dockerfile's name.
    name: String,
    input: BuildInput,
    /// The secrets of its inputs.
    mask: Mask,
}

/// The one build of some inputs.
fn planned(inputs: &Inputs, path: &Path) -> Result<PlannedBuild, CommandFailure> {
    let names: Vec<&str> = inputs.builds.iter().map(|build| inputs.source(build.dockerfile).name()).collect();
    let failure = |what: String, help: String| CommandFailure::Because { what, help: Some(help) };
    match names.as_slice() {
        [] => Err(failure(format!("no Dockerfile found in `{}`", path.display()), "set one with --file".to_owned())),
        [name] => {
            let plan = MeasurePlan::of(inputs, 0, &inputs.sources);
            let none =
                || failure(format!("`{name}` has no folder to use as the build context"), "pass its folder".to_owned());
            let input = inputs.builds[0].clone();
            let mask = InputAudit::new(inputs).into_mask();
            Ok(PlannedBuild { plan: plan.ok_or_else(none)?, name: (*name).to_owned(), input, mask })
        }
        several => {
            let what = format!(
                "found {} Dockerfiles in `{}`, but only one build can be measured",
                several.len(),
                path.display()
            );
            let names: Vec<&str> = several.iter().take(10).copied().collect();
            Err(failure(what, format!("set one with --file, and pass its folder: {}", names.join(", "))))
        }
    }
}

fn build(measured: ScenarioResult, planned: &PlannedBuild, changes: &Changes, mask: &Mask) -> MeasuredBuild {
    let fault = measured.failure.map(|failure| Fault { what: failure.what, help: failure.help, log: failure.log });
    let mut figures = measured.figures;
    for (scenario, file) in [(Scenario::Source, &changes.source), (Scenario::Dependency, &changes.dependency)] {
        let is_measured = figures.runs.iter().any(|(measured, _)| *measured == scenario);
        let Some(file) = file.as_deref() else { continue };
        if !is_measured {
            continue;
        }
        let predicted = rerun_steps(&planned.input, file, mask).and_then(|steps| figures.predict(scenario, &steps));
        figures.predicted.extend(predicted.map(|predicted| (scenario, predicted)));
    }
    MeasuredBuild { name: measured.name, dockerfile: planned.name.clone(), figures, fault }
}

/// The steps that an edit of a file reruns, or may rerun, with the names that a build has where secrets are masked.
fn rerun_steps(input: &BuildInput, file: &str, mask: &Mask) -> Option<Vec<RerunStep>> {
    let (graph, prediction) = predict_touched(input, file)?;
    let steps = graph.steps.into_iter().zip(prediction.steps).filter(|(_, step)| step.verdict != StepVerdict::Hit);
    Some(
        steps
            .map(|(step, _)| RerunStep { has_cache_mount: step.has_cache_mount(), name: mask.apply(&step.name) })
            .collect(),
    )
}

fn write(global: &Global, result: &Measurement) -> Result<(), CommandFailure> {
    for fault in result.builds.iter().filter_map(|build| build.fault.as_ref()) {
        terminal::error(global, &fault.what, Some(&fault.help));
        fault.log.iter().for_each(|line| terminal::note(&format!("  {line}")));
    }
    for leftover in &result.leftovers {
        terminal::error(
            global,
            &format!("not removed: {leftover}"),
            Some("run `dockopt measure --clean-up` to try again"),
        );
    }
    match global.format {
        Format::Json => print(global, &report::measure_json(result)),
        _ => print_page(global, &report::measure(result)),
    }
}

/// Says what was cleaned up.
pub(super) fn report_cleanup(done: &LeftoverCleanup) -> Result<u8, CommandFailure> {
    let counts = [
        (done.containers, "container"),
        (done.networks, "network"),
        (done.volumes, "volume"),
        (done.names, "image name"),
        (done.folders, "folder"),
    ];
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| report::count(*count as u64, noun)).collect();
    let message =
        if parts.is_empty() { "nothing to clean up".to_owned() } else { format!("removed {}", parts.join(", ")) };
    terminal::note(&message);
    if done.left.is_empty() {
        return Ok(CLEAN);
    }
    Err(CommandFailure::Because {
        what: format!("not removed: {}", done.left.join("; ")),
        help: Some("try again".to_owned()),
    })
}
