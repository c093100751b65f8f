//! Steps ─► their calls of Compose: files, profiles and services as they are named.

use super::model::{StepScript, Workflow};
use super::place::{WorkflowPlace, WorkflowText};
use super::step_command::StepCommand;
use crate::data;
use crate::shell::{Word, arguments_of_command};

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
    /// The name that it gives its project.
    pub project: Option<WorkflowText>,
    /// The profiles that it names.
    pub profiles: Vec<WorkflowText>,
    /// The services that it names; those behind words that only a run knows are left out.
    pub services: Vec<WorkflowText>,
    /// The options behind the command that are on, or may be: `--build`, `-v`.
    pub options: Vec<(String, WorkflowPlace)>,
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
                    calls.extend(Self::of(script, &command).map(|call| Self { job, step, ..call }));
                    if calls.len() >= CALLS {
                        return calls;
                    }
                }
            }
        }
        calls
    }

    /// The call that a command is.
    pub fn of(script: &StepScript, command: &StepCommand) -> Option<Self> {
        let invocation = &command.invocation;
        let words = match invocation.program? {
            "docker" if invocation.args.first().is_some_and(|word| word.is("compose")) => &invocation.args[1..],
            "docker-compose" => invocation.args,
            _ => return None,
        };
        let mut call = Self {
            job: 0,
            step: 0,
            place: script.text.place_of(invocation.span),
            command: String::new(),
            files: Vec::new(),
            project: None,
            profiles: Vec::new(),
            services: Vec::new(),
            options: Vec::new(),
            folder: command.path("."),
        };
        let (flags, operands) = arguments_of_command("docker", "compose", words);
        let verb = operands.first()?;
        let at = words.iter().position(|word| std::ptr::eq(word, *verb))?;
        let is_value = |word: &Word| {
            flags.iter().filter_map(|flag| flag.value.as_ref()).any(|value| value.span.contains(word.span))
        };
        let begins_open =
            |word: &Word| script.text.for_shell().get(word.span.range()).is_some_and(|text| text.starts_with('$'));
        let is_open = |word: &Word| word.is_dynamic() && !word.is_quoted() && begins_open(word) && !is_value(word);
        // A variable may hold any option, and the command itself.
        if verb.is_dynamic() || words[..at].iter().any(is_open) {
            return Some(call);
        }
        verb.text().clone_into(&mut call.command);
        for flag in flags.iter().take_while(|flag| flag.span.start < verb.span.start) {
            let value = || script.value_of(flag);
            match &*flag.name {
                "-f" | "--file" => {
                    let file = value().map(|file| {
                        let path = file.constant().and_then(|text| command.path(text));
                        (file, path)
                    });
                    call.files.extend(file);
                }
                "-p" | "--project-name" => call.project = value(),
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
        call.services = known.map(|word| script.text_of(word)).collect();
        let on = flags.iter().filter(|flag| script.is_on(flag) != Some(false));
        call.options = on.map(|flag| (flag.name.to_string(), script.text.place_of(flag.span))).collect();
        Some(call)
    }
}
