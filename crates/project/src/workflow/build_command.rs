//! Commands that build images: `docker build`, `docker buildx bake`, `docker compose build`, kaniko's executor.

use super::build_call::{BuildCall, Builder, Switch, WorkflowArgument};
use super::cache_entry::CacheEntry;
use super::model::{Step, StepScript, WorkflowText};
use super::step_command::StepCommand;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word, arguments_of_command};
use crate::text::path;

/// Builds of one script that are read.
const BUILDS: usize = 200;

/// Adds the builds of a step's commands.
pub(super) fn add(step: &Step, calls: &mut Vec<BuildCall>) {
    let Some(script) = &step.script else { return };
    let text = &script.text.text;
    let names_builder =
        ["docker", "podman", "buildah", "nerdctl", "kaniko", "compose"].iter().any(|name| text.contains(name));
    if !names_builder {
        return;
    }
    for command in StepCommand::all(step) {
        let Some(mut call) = of_invocation(script, &command.invocation) else { continue };
        call.folder = command.folder;
        calls.push(call);
        if calls.len() >= BUILDS {
            return;
        }
    }
}

/// Whether a shell runs the commands that reads them as this reader does.
pub(super) fn is_posix(step: &Step) -> bool {
    let shell = step.shell.as_ref().map_or("bash", |shell| shell.text.split_whitespace().next().unwrap_or("bash"));
    matches!(path::name(shell), "bash" | "sh" | "dash" | "zsh" | "ash")
}

/// A word of a script, expressions as they are written.
pub(super) fn text_of(script: &StepScript, word: &Word) -> WorkflowText {
    let place = script.text.place_of(word.span);
    let text = if word.is_dynamic() {
        script.text.slice(word.span.range()).trim_matches(['"', '\'']).to_owned()
    } else {
        word.text().to_owned()
    };
    WorkflowText { text, place }
}

fn of_invocation(script: &StepScript, invocation: &Invocation) -> Option<BuildCall> {
    let program = invocation.program?;
    let place = script.text.place_of(invocation.span);
    let words: Vec<&Word> = invocation.args.iter().collect();
    if program == "executor" && invocation.path.text().contains("kaniko") {
        let call = BuildCall { command: Some(invocation.span), ..BuildCall::new(Builder::Kaniko, place) };
        return Some(kaniko(script, invocation, call));
    }
    if program == "docker-compose" {
        return compose(script, invocation, 0);
    }
    let engine = ProgramOptions::of(program);
    let (first, _) = leading(program, &words)?;
    let verb = words[first].text();
    let next = words.get(first + 1).map_or("", |word| word.text());
    match (program, verb, next) {
        ("docker" | "podman" | "nerdctl", "compose", _) => return compose(script, invocation, first + 1),
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
        let place = script.text.place_of(flag.value.as_ref().map_or(flag.span, |value| value.span));
        let value = flag.value.as_ref().map(|value| {
            let written = script.text.slice(value.span.range()).trim_matches(['"', '\'']);
            let text = if value.dynamic { written.to_owned() } else { value.text.to_owned() };
            WorkflowText { text, place }
        });
        let switch = || match value.as_ref().map(WorkflowText::as_bool) {
            Some(Some(false)) => Switch::Off,
            Some(None) => value.clone().map_or(Switch::Off, Switch::Unknown),
            Some(Some(true)) | None => Switch::On(place),
        };
        match (&*flag.name, value.clone()) {
            ("--push", _) => call.push = switch(),
            ("--load", _) => call.load = switch(),
            ("--no-cache", _) => call.no_cache = switch(),
            ("--pull", _) => call.pull = switch(),
            ("-f" | "--file", Some(value)) => call.file = Some(value),
            ("--target", Some(value)) => call.target = Some(value),
            ("-t" | "--tag", Some(value)) => call.tags.push(value),
            ("--build-arg", Some(value)) => call.arguments.push(WorkflowArgument::read(value)),
            ("--build-context", Some(value)) => call.contexts.push(value),
            ("--secret", Some(value)) => call.secrets.push(value),
            ("--platform", Some(value)) => {
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
    // Behind the context, a variable has more options.
    let is_variable = |word: &&&Word| word.is_dynamic() && word.text().starts_with('$') && !word.is_quoted();
    let behind = operands.iter().rev().take_while(is_variable).count().min(operands.len().saturating_sub(1));
    let context = operands[..operands.len() - behind].last()?;
    call.context = Some(text_of(script, context));
    Some(call)
}

/// `docker buildx bake` (docs.docker.com/reference/cli/docker/buildx/bake).
fn bake(script: &StepScript, invocation: &Invocation, from: usize) -> BuildCall {
    let place = script.text.place_of(invocation.span);
    let mut call = BuildCall { command: Some(invocation.span), ..BuildCall::new(Builder::Bake, place) };
    let mut words = invocation.args[from.min(invocation.args.len())..].iter();
    while let Some(word) = words.next() {
        let (name, attached) = word.text().split_once('=').map_or((word.text(), false), |(name, _)| (name, true));
        let mut value = || {
            let text = text_of(script, if attached { word } else { words.next()? });
            let text_of_value =
                if attached { text.text.split_once('=').map_or("", |(_, value)| value).to_owned() } else { text.text };
            Some(WorkflowText { text: text_of_value, place: text.place })
        };
        match name {
            "-f" | "--file" => call.files.extend(value()),
            "--set" => call.overrides.extend(value()),
            "--push" => call.push = Switch::On(script.text.place_of(word.span)),
            "--load" => call.load = Switch::On(script.text.place_of(word.span)),
            "--no-cache" => call.no_cache = Switch::On(script.text.place_of(word.span)),
            "--builder" => call.builder_name = value(),
            "--metadata-file" | "--progress" | "--provenance" | "--sbom" | "--allow" | "--call" | "--var" => {
                drop(value());
            }
            name if name.starts_with('-') => {}
            _ => call.targets.push(text_of(script, word)),
        }
    }
    call
}

/// `docker compose build`, and `up --build`.
fn compose(script: &StepScript, invocation: &Invocation, from: usize) -> Option<BuildCall> {
    let place = script.text.place_of(invocation.span);
    let mut call = BuildCall { command: Some(invocation.span), ..BuildCall::new(Builder::Compose, place) };
    let mut verb: Option<&str> = None;
    let mut builds = false;
    let mut words = invocation.args[from.min(invocation.args.len())..].iter();
    while let Some(word) = words.next() {
        let text = word.text();
        match text.split_once('=').map_or(text, |(name, _)| name) {
            "-f" | "--file" if text.contains('=') => {
                let written = text_of(script, word);
                let value = written.text.split_once('=').map_or("", |(_, value)| value).to_owned();
                call.files.push(WorkflowText { text: value, place: written.place });
            }
            "-f" | "--file" if verb.is_none() => call.files.extend(words.next().map(|word| text_of(script, word))),
            "-p" | "--project-name" | "--profile" | "--env-file" | "--project-directory" | "--build-arg"
                if !text.contains('=') =>
            {
                words.next();
            }
            "--no-cache" => call.no_cache = Switch::On(script.text.place_of(word.span)),
            "--push" => call.push = Switch::On(script.text.place_of(word.span)),
            "--pull" => call.pull = Switch::On(script.text.place_of(word.span)),
            "--build" => builds = true,
            name if name.starts_with('-') => {}
            _ if verb.is_none() => verb = Some(text),
            _ => call.targets.push(text_of(script, word)),
        }
    }
    (verb == Some("build") || verb == Some("up") && builds).then_some(call)
}

/// Kaniko's executor (its README, "Additional Flags").
fn kaniko(script: &StepScript, invocation: &Invocation, mut call: BuildCall) -> BuildCall {
    call.push = Switch::On(call.place);
    let mut words = invocation.args.iter();
    while let Some(word) = words.next() {
        let written = text_of(script, word);
        let (name, value) = match written.text.split_once('=') {
            Some((name, value)) => {
                (name.to_owned(), Some(WorkflowText { text: value.to_owned(), place: written.place }))
            }
            None => (written.text, None),
        };
        let is_boolean =
            matches!(&*name, "--cache" | "--no-push" | "--cleanup" | "--reproducible" | "--single-snapshot");
        let value = value.or_else(|| if is_boolean { None } else { words.next().map(|word| text_of(script, word)) });
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
