//! A rule about versions that a deployment is given, and that it does not start.

use std::collections::BTreeSet;

use super::action::Action;
use super::deployment::{Deployment, deployments};
use super::flow::FlowCommand;
use super::rollback::is_of_version;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::rules::workflow::checked_out::is_read_by_default;
use crate::shell::{Assignment, RedirectOperator, Word};
use crate::sources::code::words;
use crate::text::Span;
use crate::workflow::{Job, PipelineKind, Step, StepCommand, StepScript, WorkflowPlace, WorkflowText};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "version-not-passed" => version_not_passed;
}

/// Compose files of one repository that are looked into.
const COMPOSES: usize = 30;

/// What a script does with a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    /// It is printed, or compared.
    is_printed: bool,
    /// An image is pulled by it.
    is_pulled: bool,
    /// Something else may hand it on.
    is_passed: bool,
}

/// A version that is read, and that nothing starts.
fn version_not_passed(cx: &WorkflowContext, out: &mut Findings) {
    let deployments = deployments(cx);
    if deployments.is_empty() {
        return;
    }
    match cx.workflow().kind {
        PipelineKind::Script => argument_not_passed(cx, &deployments, out),
        PipelineKind::Just => parameter_not_passed(cx, &deployments, out),
        PipelineKind::Github => input_not_passed(cx, out),
        _ => {}
    }
    variable_not_read(cx, &deployments, out);
}

/// The argument of a script.
fn argument_not_passed(cx: &WorkflowContext, deployments: &[Deployment], out: &mut Findings) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for deployment in deployments {
        let is_start = |(_, action): &&(FlowCommand, Action)| matches!(action, Action::Start(started) if started.compose.is_some());
        let Some((start, _)) = deployment.steps.iter().find(is_start) else { continue };
        let script = start.script;
        let (Some(step), None) = (deployment.job.steps.first(), start.host) else { continue };
        let commands = script.commands().commands.iter().filter(|command| command.words.is_empty());
        let assignments = commands.flat_map(|command| &command.assignments);
        for assignment in assignments.filter(|known| is_of_version(&known.name_text) && is_argument(script, known)) {
            let name = &*assignment.name_text;
            let uses = uses(step, script, name);
            if uses.is_passed || !(uses.is_printed || uses.is_pulled) || !seen.insert(name) {
                continue;
            }
            let what = if uses.is_pulled { "pulled and printed" } else { "only printed" };
            let message = format!("`{name}` is {what}: what `docker compose up` starts is the same whatever it is");
            let Some(finding) = cx.finding(script.text.place_of(assignment.span), message) else { continue };
            let finding = finding
                .help(format!("give it to Compose: `export {name}`, with `image: …:${{{name}}}` in the compose file"));
            let place = script.text.place_of(start.span());
            out.push(cx.labelled(finding, place, "does not get it"));
        }
    }
}

/// Whether a variable is set to an argument of the script: `$1`, `${1:-latest}`.
fn is_argument(script: &StepScript, assignment: &Assignment) -> bool {
    let text = script.text.slice(assignment.value.span.range()).trim_matches('"');
    let rest = text.strip_prefix("${").or_else(|| text.strip_prefix('$'));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() && c != '0'))
}

/// What the commands of a script do with a variable.
fn uses(step: &Step, script: &StepScript, name: &str) -> Uses {
    let mut uses = Uses::default();
    let parsed = script.commands();
    let is_read = |span: Span| reads(script.text.slice(span.range()), name);
    let is_set_again = |assignment: &Assignment| is_read(assignment.value.span);
    // `export`, a file, or another variable may carry it on.
    uses.is_passed = parsed.commands.iter().flat_map(|command| &command.assignments).any(is_set_again);
    let redirects = parsed.commands.iter().flat_map(|command| &command.redirects);
    let redirects = redirects.chain(parsed.compounds.iter().flat_map(|compound| &compound.redirects));
    uses.is_passed |= redirects.into_iter().any(|redirect| {
        redirect.body.is_some_and(is_read) || redirect.target.as_ref().is_some_and(|word| is_read(word.span))
    });
    for command in StepCommand::all(step) {
        let invocation = &command.invocation;
        let program = invocation.program.unwrap_or_default();
        let is_named = |word: &Word| word.text().split('=').next() == Some(name);
        let is_set = matches!(program, "export" | "declare" | "typeset" | "readonly" | "local");
        if is_set && invocation.args.iter().any(is_named) || sets_all(program, invocation.args) {
            uses.is_passed = true;
        }
        if !invocation.args.iter().any(|word| is_read(word.span)) {
            continue;
        }
        let is_written = invocation.command.redirects.iter().any(|redirect| {
            let target = redirect.target.as_ref().map_or("", |word| word.text());
            !matches!(redirect.operator, RedirectOperator::Read) && !matches!(target, "2" | "/dev/stderr" | "/dev/null")
        });
        let is_piped = invocation.command.place.pipe_len > 1;
        let words: Vec<&str> = invocation.args.iter().take(2).map(Word::text).collect();
        match program {
            "echo" | "printf" if !is_written && !is_piped => uses.is_printed = true,
            "[" | "[[" | "test" => uses.is_printed = true,
            "docker" if words.first() == Some(&"pull") => uses.is_pulled = true,
            _ => uses.is_passed = true,
        }
    }
    uses
}

/// Whether a command exports all variables.
fn sets_all(program: &str, args: &[Word]) -> bool {
    program == "set"
        && args.iter().any(|word| word.is("allexport") || word.text().starts_with('-') && word.text().contains('a'))
}

/// Whether a text reads a variable of the shell: `$NAME`, `${NAME:-x}`.
pub(super) fn reads(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = &text[..at];
        let is_read = before.ends_with('$') || before.ends_with("${") || before.ends_with("${#");
        is_read && !text[at + name.len()..].starts_with(is_part)
    })
}

/// Whether a text has a name as a word, or reads it as a variable.
fn mentions(text: &str, name: &str) -> bool {
    words(text, name).next().is_some() || reads(text, name)
}

/// The parameter of a recipe.
fn parameter_not_passed(cx: &WorkflowContext, deployments: &[Deployment], out: &mut Findings) {
    for job in cx.workflow().jobs.iter().filter(|job| deployments.iter().any(|known| known.job.id == job.id)) {
        let parameters = job.recipe.iter().flat_map(|recipe| &recipe.parameters);
        for parameter in parameters.filter(|parameter| parameter.is_used) {
            if !is_only_printed(cx, job, &parameter.name, parameter.place) {
                continue;
            }
            let (name, recipe) = (&parameter.name, &job.id);
            let message =
                format!("the recipe `{recipe}` only prints `{name}`: what it starts is the same whatever it is");
            let Some(finding) = cx.finding(parameter.place, message) else { continue };
            out.push(finding.help(format!(
                "give it to the command that starts the version: `TAG={{{{{name}}}}} docker compose up -d`"
            )));
        }
    }
}

/// Whether all commands of a recipe that read a parameter print it.
fn is_only_printed(cx: &WorkflowContext, job: &Job, name: &str, place: WorkflowPlace) -> bool {
    let Some(file) = cx.input.file_of(place) else { return false };
    let text = cx.inputs.source(file).text();
    let header = text.get(place.span.end as usize..).unwrap_or_default().lines().next().unwrap_or_default();
    if words(header, name).next().is_some() {
        return false;
    }
    let mut is_printed = false;
    for step in &job.steps {
        let Some(script) = &step.script else { continue };
        let written = &script.text.text;
        let is_read = |text: &str| mentions(text, name);
        if !is_read(written) {
            continue;
        }
        let commands = StepCommand::all(step);
        let prints = |command: &StepCommand| {
            let is_plain =
                command.invocation.command.redirects.is_empty() && command.invocation.command.place.pipe_len == 1;
            matches!(command.invocation.program, Some("echo" | "printf")) && is_plain
        };
        // Where only `echo` runs in a line, all that stands there is printed.
        if commands.is_empty() || !commands.iter().all(prints) {
            return false;
        }
        is_printed = true;
    }
    is_printed
}

/// An input of a workflow.
fn input_not_passed(cx: &WorkflowContext, out: &mut Findings) {
    let text = cx.source().text();
    if text.contains("toJSON(") || text.contains("toJson(") || text.contains("inputs[") || text.contains("inputs.*") {
        return;
    }
    let tree = yaml::read(text);
    let Some(events) = tree.root().and_then(|root| root.get("on")) else { return };
    let called =
        ["workflow_dispatch", "workflow_call"].into_iter().filter_map(|event| events.get(event)?.get("inputs"));
    for entry in called.flat_map(YamlNode::entries) {
        let Some(name) = entry.key.text().filter(|name| is_of_version(name)) else { continue };
        let needle = format!("inputs.{name}");
        let lines: Vec<&str> = text.lines().filter(|line| words(line, &needle).next().is_some()).collect();
        if lines.iter().any(|line| !is_label(line)) {
            continue;
        }
        let what = if lines.is_empty() { "not used" } else { "only printed" };
        let message = format!("the input `{name}` is {what}: what is deployed is the same whatever it is");
        let Some(finding) = cx.finding(WorkflowPlace::of(entry.key.span()), message) else { continue };
        out.push(finding.help(format!("deploy what `${{{{ inputs.{name} }}}}` names, or remove the input")));
    }
}

/// Whether a line of a workflow only says something to people.
fn is_label(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '-']);
    let line = line.strip_prefix("run:").map_or(line, str::trim_start);
    let is_text = ["name:", "run-name:", "description:", "echo ", "#"].iter().any(|start| line.starts_with(start));
    is_text && !line.contains('>') && !line.contains('|') && !line.contains("&&")
}

/// A version that is set for Compose, and that no compose file reads.
fn variable_not_read(cx: &WorkflowContext, deployments: &[Deployment], out: &mut Findings) {
    let (Some(files), true) = (cx.repository().composes(COMPOSES), cx.repository().is_complete) else { return };
    let texts: Option<Vec<(&str, &str)>> =
        files.iter().map(|file| Some((file.as_str(), cx.repository().texts.get(file)?.text()))).collect();
    let Some(texts) = texts else { return };
    let mut places: Vec<Span> = Vec::new();
    for (deployment, (start, action)) in
        deployments.iter().flat_map(|known| known.steps.iter().map(move |step| (known, step)))
    {
        let Action::Start(started) = action else { continue };
        let Some(call) = started.compose.as_ref().filter(|call| call.command == "up") else { continue };
        // With names any of them may be meant.
        let is_meant = |file: &str| !call.files.is_empty() || is_read_by_default(file);
        let texts: Vec<&str> = texts.iter().filter(|(file, _)| is_meant(file)).map(|(_, text)| *text).collect();
        let is_named =
            |(file, _): &(WorkflowText, Option<String>)| file.constant().is_some_and(|file| !file.starts_with('/'));
        if texts.is_empty() || !call.files.iter().all(is_named) {
            continue;
        }
        for (name, span) in set_for(&deployment.steps, start) {
            let place = start.script.text.place_of(span);
            let is_read = texts.iter().any(|text| mentions(text, &name) || text.contains("include:"));
            if is_read || places.contains(&place.span) || is_used(&deployment.steps, &name) {
                continue;
            }
            places.push(place.span);
            let message = format!(
                "`{name}` is set, and no compose file reads it: `docker compose up` starts what the files name"
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(format!("write `image: …:${{{name}}}` in the compose file")));
        }
    }
}

/// The variables with a version that are exported before a command of the same script, or set for it, with their places.
fn set_for(steps: &[(FlowCommand, Action)], start: &FlowCommand) -> Vec<(String, Span)> {
    let is_meant = |name: &str| is_of_version(name) && !name.starts_with("COMPOSE_") && !name.starts_with("DOCKER_");
    let assignments = start.command.invocation.command.assignments.iter();
    let mut set: Vec<(String, Span)> = assignments
        .filter(|known| is_meant(&known.name_text))
        .map(|known| (known.name_text.to_string(), known.span))
        .collect();
    let is_export = |command: &FlowCommand| {
        command.command.invocation.is("export")
            && std::ptr::eq(command.script, start.script)
            && start.may_follow(command)
    };
    for (command, _) in steps.iter().filter(|(command, _)| is_export(command)) {
        for word in command.command.invocation.args {
            let name = word.text().split('=').next().unwrap_or_default();
            if is_meant(name) && word.text().contains('=') {
                set.push((name.to_owned(), word.span));
            }
        }
    }
    set
}

/// Whether another command of the deployment reads a variable, or may.
fn is_used(steps: &[(FlowCommand, Action)], name: &str) -> bool {
    steps.iter().any(|(command, _)| {
        let invocation = &command.command.invocation;
        let prints = matches!(invocation.program, Some("echo" | "printf"));
        let runs_script = command.command.script_word().is_some() || invocation.path.text().contains('/');
        let text = command.script.text.slice(invocation.span.range());
        runs_script || !prints && !invocation.is("export") && reads(text, name)
    })
}
