//! The program of an image that starts nothing by itself, and holds a single one that its build compiled.

use std::borrow::Cow;

use crate::build::{Build, Stage, StageBase, Transfer};
use crate::inputs::{BuildInput, Inputs};
use crate::shell::{Manager, Verb};
use crate::text::path;

/// The inputs with the only program of an image as what its container starts, where nothing says another one.
pub(in crate::emit) fn with_commands(mut inputs: Cow<'_, Inputs>) -> Cow<'_, Inputs> {
    let binary = |input: &BuildInput| {
        if input.options.run.commands.is_empty() { built_binary(&Build::new(input)) } else { None }
    };
    let binaries: Vec<Option<String>> = inputs.builds.iter().map(binary).collect();
    if binaries.iter().any(Option::is_some) {
        for (input, binary) in inputs.to_mut().builds.iter_mut().zip(binaries) {
            input.options.run.commands.extend(binary.map(|binary| vec![binary]));
        }
    }
    inputs
}

/// The place of the only program that was compiled for an image which starts nothing.
pub(in crate::emit) fn built_binary(build: &Build) -> Option<String> {
    let stage = build.target()?;
    if build.launch(stage).is_some() {
        return None;
    }
    match &built_binaries(build, stage)[..] {
        [binary] => Some(binary.clone()),
        _ => None,
    }
}

/// The places of the programs that were compiled for the image of a stage.
pub(super) fn built_binaries(build: &Build, stage: &Stage) -> Vec<String> {
    let copied = build.transfers(stage).iter().flat_map(|transfer| copied_binaries(build, stage, transfer));
    let mut binaries: Vec<String> = copied.chain(compiled(build, stage)).collect();
    binaries.sort();
    binaries.dedup();
    binaries
}

/// Where a COPY puts the programs that another stage compiled.
fn copied_binaries(build: &Build, stage: &Stage, transfer: &Transfer) -> Vec<String> {
    let Some(StageBase::Stage(from)) = transfer.from else { return Vec::new() };
    let Some(from) = build.stages().get(from) else { return Vec::new() };
    let Some(text) = &transfer.destination else { return Vec::new() };
    let folder = folder(build, stage, transfer.index);
    let destination = path::join(&folder, text);
    let into = text.ends_with(['/', '.']) || transfer.sources.len() > 1 || destination == folder;
    let compiled = compiled(build, from);
    let sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
    let binaries = sources.map(|source| path::join("/", source)).filter(|source| {
        let is_of_cargo = || path::name(path::parent(source)) == "release" && calls_cargo(build, from);
        compiled.contains(source) || is_of_cargo()
    });
    let place =
        |source: String| if into { path::child(&destination, path::name(&source)) } else { destination.clone() };
    binaries.map(place).collect()
}

/// The programs that a stage compiles with Go, by their places.
fn compiled(build: &Build, stage: &Stage) -> Vec<String> {
    let mut places = Vec::new();
    for run in build.own_runs(stage) {
        let work = folder(build, stage, run.index);
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Go) else { continue };
            let output = call.flag(&["-o"]).and_then(|flag| flag.value).filter(|value| !value.dynamic);
            if let (Verb::Build, Some(output)) = (call.verb, output) {
                places.push(path::join(&work, output.text));
            }
        }
    }
    places
}

fn calls_cargo(build: &Build, stage: &Stage) -> bool {
    let calls = build.called(stage).filter_map(|invocation| invocation.package_call());
    calls.into_iter().any(|call| call.manager == Manager::Cargo && call.verb == Verb::Build)
}

/// The working folder of an instruction.
fn folder(build: &Build, stage: &Stage, at: usize) -> String {
    build.workdir(stage, at).value().cloned().unwrap_or_else(|| "/".to_owned())
}
