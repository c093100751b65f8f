//! Steps ─► their calls of Compose: files, profiles and services as they are named.

use super::build_command::text_of;
use super::model::{Workflow, WorkflowPlace, WorkflowText};
use super::step_command::StepCommand;
use crate::data;
use crate::shell::{Flag, Word, arguments_of_command};
use crate::text::Span;

/// Calls of one pipeline that are read.
const CALLS: usize = 5_000;

/// `docker compose …`.
#[derive(Clone, Debug)]
pub struct ComposeCall {
    /// The number of its job in [`Workflow::jobs`].
    pub job: usize,
    /// The number of its step in the job.
    pub step: usize,
    /// The command.
    pub place: WorkflowPlace,
    /// `up`, `exec`; empty where it is not known.
    pub command: String,
    /// The files that `-f` names, with their paths as seen from the top of the repository where these are known.
    pub files: Vec<(WorkflowText, Option<String>)>,
    /// The profiles that it names.
    pub profiles: Vec<WorkflowText>,
    /// The services that it names; those behind words that only a run knows are left out.
    pub services: Vec<WorkflowText>,
    /// The option with which volumes are removed.
    pub removed_volumes: Option<WorkflowPlace>,
    /// The folder that files are looked for in where none is named; `None` where that is not known.
    pub folder: Option<String>,
}

impl ComposeCall {
    /// The calls of a pipeline, in order.
    pub fn all(workflow: &Workflow) -> Vec<Self> {
        let mut calls = Vec::new();
        for (job, known) in workflow.jobs.iter().enumerate() {
            for (step, known) in known.steps.iter().enumerate() {
                let Some(script) = known.script.as_ref().filter(|script| script.text.text.contains("compose")) else {
                    continue;
                };
                for command in StepCommand::all(known) {
                    let call = of_command(script, &command).map(|call| Self { job, step, ..call });
                    calls.extend(call);
                    if calls.len() >= CALLS {
                        return calls;
                    }
                }
            }
        }
        calls
    }
}

fn of_command(script: &super::StepScript, command: &StepCommand) -> Option<ComposeCall> {
    let invocation = &command.invocation;
    let words = match invocation.program? {
        "docker" if invocation.args.first().is_some_and(|word| word.is("compose")) => &invocation.args[1..],
        "docker-compose" => invocation.args,
        _ => return None,
    };
    let mut call = ComposeCall {
        job: 0,
        step: 0,
        place: script.text.place_of(invocation.span),
        command: String::new(),
        files: Vec::new(),
        profiles: Vec::new(),
        services: Vec::new(),
        removed_volumes: None,
        folder: command.path("."),
    };
    let (flags, operands) = arguments_of_command("docker", "compose", words);
    let verb = operands.first()?;
    let at = words.iter().position(|word| std::ptr::eq(word, *verb))?;
    let is_open = |words: &[Word]| words.iter().any(|word| word.is_dynamic() && !word.is_quoted());
    // A variable may hold any option, and the command itself.
    if verb.is_dynamic() || is_open(&words[..at]) {
        return Some(call);
    }
    verb.text().clone_into(&mut call.command);
    for flag in flags.iter().take_while(|flag| flag.span.start < verb.span.start) {
        let value = || value_of(script, flag);
        match &*flag.name {
            "-f" | "--file" => {
                let file = value().map(|file| {
                    let path = file.constant().and_then(|text| command.path(text));
                    (file, path)
                });
                call.files.extend(file);
            }
            "--profile" => call.profiles.extend(value()),
            // Where files are looked for then is another matter.
            "--project-directory" => call.folder = None,
            _ => {}
        }
    }
    let (flags, operands) = arguments_of_command("docker", &format!("compose {}", call.command), &words[at + 1..]);
    let row = data::COMPOSE_COMMANDS.row(&call.command);
    let named = row.and_then(|row| row.get(1)).copied().unwrap_or_default();
    let known = operands.iter().take_while(|word| {
        let before = words[at + 1..].iter().take_while(|other| other.span.start < word.span.start);
        !before.into_iter().any(|word| word.is_dynamic() && !word.is_quoted())
    });
    let known = known.take(if named == "service" { 1 } else { usize::from(named == "services") * operands.len() });
    call.services = known.map(|word| text_of(script, word)).collect();
    let removed = flags.iter().find(|flag| matches!(&*flag.name, "-v" | "--volumes"));
    let is_off = |flag: &Flag| flag.value.as_ref().is_some_and(|value| value.text == "false");
    call.removed_volumes = removed
        .filter(|flag| matches!(&*call.command, "down" | "rm") && !is_off(flag))
        .map(|flag| script.text.place_of(flag.span));
    Some(call)
}

fn value_of(script: &super::StepScript, flag: &Flag) -> Option<WorkflowText> {
    let value = flag.value.as_ref()?;
    let place = script.text.place_of(Span::new(value.span.start, value.span.end));
    let written = script.text.slice(value.span.range()).trim_matches(['"', '\'']);
    let text = if value.dynamic { written.to_owned() } else { value.text.to_owned() };
    Some(WorkflowText { text, place })
}
