//! `dockopt cache predict`.

use super::folder::states_between;
use super::log_notes::{log_notes, missing_steps};
use super::named::unknown_contexts;
use super::place::{RepositoryPlace, because};
use super::states::{Change, States};
use crate::audit::InputAudit;
use crate::buildlog::BuildLog;
use crate::cache::{BuilderFlags, StepKind, StepVerdict, logged_times};
use crate::cli::args::{CachePredict, Global, build_args};
use crate::cli::exit::{CLEAN, FAILED};
use crate::cli::output::{CommandFailure, complain, print, print_page};
use crate::cli::{progress, terminal};
use crate::inputs::{Inputs, Need, Needs};
use crate::load::{read_build_log, untimed_steps};
use crate::report::{self, BuildPrediction, Format, ReasonWriter};

pub(in crate::cli) fn run(global: &Global, command: &CachePredict) -> Result<u8, CommandFailure> {
    let mut request = command.build.request(command.path.clone(), None);
    request.needs = Needs::NONE.with(Need::ContextNames);
    request.each_build = true;
    let inputs = crate::load::gather(&request)?;
    if complain(global, &inputs) {
        return Ok(FAILED);
    }
    progress::doing("working out the cache");
    if inputs.builds.is_empty() {
        return Err(CommandFailure::Because {
            what: format!("no Dockerfile found in `{}`", command.path.display()),
            help: Some("pass a Dockerfile, or the folder of one".to_owned()),
        });
    }
    let change = Change {
        touched: command.touch.clone(),
        since: command.since.clone(),
        against: command.against.clone(),
        build_args: changed_arguments(&command.change_build_arg)?,
    };
    let log = command.log.as_deref().map(read_build_log).transpose()?;
    let mut predictions = Vec::new();
    for build in 0..inputs.builds.len() {
        match predict(&inputs, build, &change, (command, log.as_ref())) {
            Ok(prediction) => predictions.push(prediction),
            // One Dockerfile of a folder may be new: the others are predicted.
            Err(CommandFailure::Because { what, .. }) if inputs.builds.len() > 1 => {
                terminal::note(&format!("{what}; it is left out"));
            }
            Err(failure) => return Err(failure),
        }
    }
    if predictions.is_empty() {
        return Err(because("none of the Dockerfiles can be predicted".to_owned(), "name one with --file"));
    }
    if let Some(path) = &command.log
        && predictions.iter().all(|prediction| prediction.seconds.iter().all(Option::is_none))
    {
        for prediction in &mut predictions {
            prediction.notes.push(untimed_steps(path));
        }
    }
    match global.format {
        Format::Json => print(global, &report::prediction_json(&inputs.root, &predictions, &[]))?,
        _ => print_page(global, &report::prediction(&predictions))?,
    }
    Ok(CLEAN)
}

fn predict(
    inputs: &Inputs,
    build: usize,
    change: &Change,
    (command, log): (&CachePredict, Option<&BuildLog>),
) -> Result<BuildPrediction, CommandFailure> {
    let states = match change.earlier() {
        Some(earlier) => states_between(inputs, build, (earlier, None))?,
        None => States::same(&inputs.builds[build]),
    };
    let states = states.with(inputs, build, change)?;
    let flags = command.image_store.flags();
    let (new, prediction) = states.predict(&flags);
    let input_now = &inputs.builds[build];
    let is_doubtful = input_now.context_doubt.is_some();
    let is_current = change.earlier().is_none() && !is_doubtful;
    let uncommitted = if is_current { uncommitted_note(inputs, build, (change, &flags)) } else { None };
    let unknown = unknown_contexts(&new, &states.after.context);
    let input = &states.after.input;
    let times = log.map(|log| logged_times(&new, input, log));
    let doubts = states.doubt_notes((&new, &flags), &prediction);
    let older = change.earlier().zip(RepositoryPlace::of(inputs, build).ok());
    let older = older.and_then(|(earlier, place)| states.older_note((&place, earlier), (&new, &flags), &prediction));
    let mut notes: Vec<String> = input_now.context_notice.iter().cloned().chain(states.notes).collect();
    notes.extend(unknown.iter().cloned().chain(doubts).chain(older).chain(uncommitted));
    if let (Some(log), Some(path), Some(times)) = (log, &command.log, &times) {
        let steps = new.steps.iter().filter(|step| !matches!(step.kind, StepKind::From | StepKind::Link)).count();
        let missing = missing_steps(&new, times, log);
        notes.extend(log_notes(path, log, &missing, steps));
    }
    Ok(BuildPrediction {
        dockerfile: inputs.source(inputs.builds[build].dockerfile).name().to_owned(),
        services: inputs.builds[build].services.clone(),
        target: input.options.target.clone(),
        compared: states.compared,
        lines: input.file.instructions().iter().map(|instruction| instruction.start_line).collect(),
        seconds: times.map_or_else(|| vec![None; new.steps.len()], |times| times.seconds),
        graph: new,
        prediction,
        mask: InputAudit::new(inputs).into_mask(),
        is_partial: states.is_partial || is_doubtful || !unknown.is_empty(),
        notes,
    })
}

/// What uncommitted changes rerun, where another change than that of the working tree is looked at.
fn uncommitted_note(inputs: &Inputs, build: usize, (change, flags): (&Change, &BuilderFlags)) -> Option<String> {
    let (graph, prediction) = states_between(inputs, build, ("HEAD", None)).ok()?.predict(flags);
    let mut steps = prediction.steps.iter().zip(&graph.steps).filter(|(step, _)| step.verdict != StepVerdict::Hit);
    let (first, step) = steps.next()?;
    let line_of = |index: usize| inputs.builds[build].file.instructions().get(index).map_or(0, |at| at.start_line);
    let why = ReasonWriter { graph: &graph, line_of: &line_of }.all(&first.reasons);
    let count = report::count(1 + steps.count() as u64, "step");
    let help =
        if change.touched.is_empty() { "add `--since HEAD` to count them" } else { "leave out `--touch` to see them" };
    Some(InputAudit::new(inputs).mask().apply(&format!(
        "uncommitted changes count as built already: alone they rerun {count}, from `{}` on ({why}); {help}",
        step.name
    )))
}

/// The arguments that change, with their values.
fn changed_arguments(typed: &[String]) -> Result<Vec<(String, String)>, CommandFailure> {
    let arguments = build_args(typed);
    // An argument without a value takes that of the environment.
    let is_known = |typed: &&String| typed.contains('=') || arguments.iter().any(|(name, _)| name == *typed);
    match typed.iter().find(|typed| !is_known(typed)) {
        None => Ok(arguments),
        Some(name) => Err(because(
            format!("`--change-build-arg {name}` has no value"),
            &format!("pass `--change-build-arg {name}=VALUE`, or set the variable `{name}`"),
        )),
    }
}
