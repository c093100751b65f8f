//! Commands that build images: `docker build`, `docker buildx bake`, `docker compose build`, kaniko's executor.

use super::build_call::{BuildCall, Builder, Switch, WorkflowArgument};
use super::cache_entry::CacheEntry;
use super::compose_call::ComposeCall;
use super::model::{Step, StepScript};
use super::place::WorkflowText;
use super::script_folder::known_folder;
use super::step_command::StepCommand;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Flag, Invocation, Word, arguments_of_command};
use crate::text::path;

/// Builds of one script that are read.
const BUILDS: usize = 200;

/// Adds the builds of a step's commands.
pub(super) fn add(step: &Step, calls: &mut Vec<BuildCall>) {
    let Some(script) = &step.script else { return };
    let text = &script.text.text;
    if !["docker", "podman", "buildah", "nerdctl", "kaniko"].iter().any(|name| text.contains(name)) {
        return;
    }
    for command in StepCommand::all(step) {
        let Some(mut call) = of_command(script, &command) else { continue };
        call.folder.clone_from(&command.folder);
        place_paths(script, &mut call);
        calls.push(call);
        if calls.len() >= BUILDS {
            return;
        }
    }
}

/// Gives a build the paths that its script finds by itself: `docker build -f "$ROOT/Dockerfile" "$ROOT"`.
fn place_paths(script: &StepScript, call: &mut BuildCall) {
    let known = |text: &WorkflowText| known_folder(script, &text.text);
    let context = call.context.as_ref().and_then(known);
    let file = call.file.as_ref().and_then(known);
    let is_relative = |text: &Option<WorkflowText>, known: &Option<String>| text.is_some() && known.is_none();
    let (has_context, has_file) = (context.is_some(), file.is_some());
    // What is named from the folder that it runs in stays so.
    let is_whole = !is_relative(&call.context, &context) && !is_relative(&call.file, &file);
    let plain = |folder: &WorkflowText| {
        folder.constant().map(|folder| path::normalize(folder).trim_start_matches('.').to_owned())
    };
    let folder = call.folder.as_ref().map_or(Some(String::new()), plain);
    let folder = if is_whole { Some(String::new()) } else { folder };
    let Some(folder) = folder else { return };
    if !has_context && !has_file {
        return;
    }
    if is_whole {
        call.folder = None;
    }
    for (text, path) in [(&mut call.context, context), (&mut call.file, file)] {
        if let (Some(text), Some(path)) = (text, path) {
            let seen = path::seen_from(&format!("/{path}"), &format!("/{folder}"));
            text.text = if seen.is_empty() { ".".to_owned() } else { seen };
        }
    }
}

fn of_command(script: &StepScript, command: &StepCommand) -> Option<BuildCall> {
    let invocation = &command.invocation;
    let program = invocation.program?;
    let place = script.text.place_of(invocation.span);
    let words: Vec<&Word> = invocation.args.iter().collect();
    if program == "executor" && invocation.path.text().contains("kaniko") {
        let call = BuildCall { command: Some(invocation.span), ..BuildCall::new(Builder::Kaniko, place) };
        return Some(kaniko(script, invocation, call));
    }
    if program == "docker-compose" {
        return compose(script, command);
    }
    let engine = ProgramOptions::of(program);
    let (first, _) = leading(program, &words)?;
    let verb = words[first].text();
    let next = words.get(first + 1).map_or("", |word| word.text());
    match (program, verb, next) {
        ("docker" | "podman" | "nerdctl", "compose", _) => return compose(script, command),
        ("docker", "buildx", "bake") => return Some(bake(script, invocation, first + 2)),
        _ => {}
    }
    let pair = format!("{verb} {next}");
    let from = match () {
        () if engine.has(&pair, "makes-image") => first + 2,
        () if engine.has(verb, "makes-image") => first + 1,
        () => return None,
    };
    let builder = match (program, verb) {
        ("docker", "buildx") => Builder::Buildx,
        ("docker", _) => Builder::Docker,
        _ => Builder::Other,
    };
    let call = BuildCall { command: Some(invocation.span), ..BuildCall::new(builder, place) };
    build(script, &invocation.args[from..], call)
}

/// The first word that is no option of the program itself, and how many options stand before it.
fn leading(program: &str, words: &[&Word]) -> Option<(usize, usize)> {
    let options = ProgramOptions::of(program);
    let mut at = 0;
    while words.get(at)?.text().starts_with('-') {
        let text = words[at].text();
        at += if text.contains('=') { 1 } else { options.word_count(text) };
    }
    (at < words.len()).then_some((at, at))
}

/// `docker build` and those that take the same options (docs.docker.com/reference/cli/docker/buildx/build).
fn build(script: &StepScript, args: &[Word], mut call: BuildCall) -> Option<BuildCall> {
    let (flags, operands) = arguments_of_command("docker", "build", args);
    for flag in &flags {
        let value = script.value_of(flag);
        match (&*flag.name, value) {
            ("--push", _) => call.push = switch(script, flag),
            ("--load", _) => call.load = switch(script, flag),
            ("--no-cache", _) => call.no_cache = switch(script, flag),
            ("--pull", _) => call.pull = switch(script, flag),
            ("-f" | "--file", Some(value)) => call.file = Some(value),
            ("--target", Some(value)) => call.target = Some(value),
            ("-t" | "--tag", Some(value)) => call.tags.push(value),
            ("--build-arg", Some(value)) => call.arguments.push(WorkflowArgument::read(value)),
            ("--build-context", Some(value)) => call.contexts.push(value),
            ("--secret", Some(value)) => call.secrets.push(value),
            ("--platform", Some(value)) => {
                let place = value.place;
                let platforms = value.text.split(',').map(|text| WorkflowText { text: text.to_owned(), place });
                call.platforms.extend(platforms);
            }
            ("--cache-from", Some(value)) => call.cache_from.push(CacheEntry::read(value)),
            ("--cache-to", Some(value)) => call.cache_to.push(CacheEntry::read(value)),
            ("-o" | "--output", Some(value)) => call.outputs.push(value),
            ("--provenance", Some(value)) => call.provenance = Some(value),
            ("--builder", Some(value)) => call.builder_name = Some(value),
            _ => {}
        }
    }
    // These look at the Dockerfile, or print, and build nothing.
    if flags.iter().any(|flag| matches!(&*flag.name, "--check" | "--call" | "--print")) {
        return None;
    }
    // Behind the context, a variable has more options.
    let is_variable = |word: &&&Word| word.is_dynamic() && word.text().starts_with('$') && !word.is_quoted();
    let behind = operands.iter().rev().take_while(is_variable).count().min(operands.len().saturating_sub(1));
    let context = operands[..operands.len() - behind].last()?;
    call.context = Some(script.text_of(context));
    Some(call)
}

/// `docker buildx bake` (docs.docker.com/reference/cli/docker/buildx/bake).
fn bake(script: &StepScript, invocation: &Invocation, from: usize) -> BuildCall {
    let place = script.text.place_of(invocation.span);
    let mut call = BuildCall { command: Some(invocation.span), ..BuildCall::new(Builder::Bake, place) };
    let words = &invocation.args[from.min(invocation.args.len())..];
    let (flags, operands) = arguments_of_command("docker", "buildx bake", words);
    for flag in &flags {
        match &*flag.name {
            "-f" | "--file" => call.files.extend(script.value_of(flag)),
            "--set" => call.overrides.extend(script.value_of(flag)),
            "--push" => call.push = switch(script, flag),
            "--load" => call.load = switch(script, flag),
            "--no-cache" => call.no_cache = switch(script, flag),
            "--builder" => call.builder_name = script.value_of(flag),
            _ => {}
        }
    }
    call.targets = operands.into_iter().map(|word| script.text_of(word)).collect();
    call
}

/// `docker compose build`, and `up --build`.
fn compose(script: &StepScript, command: &StepCommand) -> Option<BuildCall> {
    let composed = ComposeCall::of(script, command)?;
    let on = |name: &str| composed.options.iter().find(|(known, _)| known == name).map(|(_, place)| *place);
    if composed.command != "build" && (composed.command != "up" || on("--build").is_none()) {
        return None;
    }
    let switch = |name: &str| on(name).map_or(Switch::Off, Switch::On);
    Some(BuildCall {
        command: Some(command.invocation.span),
        files: composed.files.into_iter().map(|(file, _)| file).collect(),
        targets: composed.services,
        no_cache: switch("--no-cache"),
        push: switch("--push"),
        pull: switch("--pull"),
        ..BuildCall::new(Builder::Compose, composed.place)
    })
}

/// Whether an option is on.
fn switch(script: &StepScript, flag: &Flag) -> Switch {
    match script.is_on(flag) {
        Some(true) => Switch::On(script.text.place_of(flag.value.as_ref().map_or(flag.span, |value| value.span))),
        Some(false) => Switch::Off,
        None => script.value_of(flag).map_or(Switch::Off, Switch::Unknown),
    }
}

/// Kaniko's executor (its README, "Additional Flags").
fn kaniko(script: &StepScript, invocation: &Invocation, mut call: BuildCall) -> BuildCall {
    call.push = Switch::On(call.place);
    let mut words = invocation.args.iter();
    while let Some(word) = words.next() {
        let written = script.text_of(word);
        let (name, value) = match written.text.split_once('=') {
            Some((name, value)) => {
                (name.to_owned(), Some(WorkflowText { text: value.to_owned(), place: written.place }))
            }
            None => (written.text, None),
        };
        let is_boolean =
            matches!(&*name, "--cache" | "--no-push" | "--cleanup" | "--reproducible" | "--single-snapshot");
        let value = value.or_else(|| if is_boolean { None } else { words.next().map(|word| script.text_of(word)) });
        match (&*name, value) {
            ("--context" | "-c", Some(value)) => {
                let text = value
                    .text
                    .trim_start_matches("dir://")
                    .replace("$CI_PROJECT_DIR", ".")
                    .replace("${CI_PROJECT_DIR}", ".");
                call.context = Some(WorkflowText { text, place: value.place });
            }
            ("--dockerfile" | "-f", Some(value)) => {
                let text = value.text.replace("$CI_PROJECT_DIR", ".").replace("${CI_PROJECT_DIR}", ".");
                call.file = Some(WorkflowText { text, place: value.place });
            }
            ("--destination" | "-d", Some(value)) => call.tags.push(value),
            ("--target", Some(value)) => call.target = Some(value),
            ("--build-arg", Some(value)) => call.arguments.push(WorkflowArgument::read(value)),
            ("--cache-repo", Some(value)) => {
                call.cache_from.push(CacheEntry::read(value.clone()));
                call.cache_to.push(CacheEntry::read(value));
            }
            ("--cache", value) => {
                let text = value.unwrap_or(WorkflowText { text: "true".to_owned(), place: written.place });
                if text.as_bool() != Some(false) && call.cache_to.is_empty() {
                    call.cache_from.push(CacheEntry::read(text.clone()));
                    call.cache_to.push(CacheEntry::read(text));
                }
            }
            ("--no-push", _) => call.push = Switch::Off,
            _ => {}
        }
    }
    call
}
