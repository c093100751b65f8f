//! Rules about what a script that deploys remembers, and what it is given.

use std::collections::BTreeMap;

use super::action::Action;
use super::constants::Constants;
use super::deployment::{Deployment, deployments};
use super::flow::FlowCommand;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::{Assignment, Command, Redirect, RedirectOperator, Word};
use crate::sources::patterns;
use crate::text::{Span, path};
use crate::workflow::{Job, PipelineKind, StepScript};

crate::rules::family! {
    of_workflow
    "deployment-argument-unchecked" => deployment_argument_unchecked;
    "deployment-state-late" => deployment_state_late;
    "deployment-state-lost" => deployment_state_lost;
}

/// Meaning in `data/source_patterns.tsv`.
const VOLATILE: &str = "folder that a start of the machine empties";

/// A file that the next run reads, in a place where it may not be by then.
fn deployment_state_lost(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Script {
        return;
    }
    for Deployment { job, steps, .. } in deployments(cx) {
        let is_start = |(_, action): &&(FlowCommand, Action)| matches!(action, Action::Start(_) | Action::Reload(_));
        let Some((start, _)) = steps.iter().find(is_start).filter(|(start, _)| start.host.is_none()) else { continue };
        for (path, span) in kept_files(job, start.script) {
            let is_volatile = patterns::words(VOLATILE).any(|folder| path.starts_with(folder));
            let message = if is_volatile {
                let writer = if path.contains("/run/") { ", and only root may write it" } else { "" };
                format!(
                    "`{path}` is gone when the machine has started again{writer}: the next deployment does not know what runs, and takes its default"
                )
            } else if !path.starts_with(['/', '~', '$']) && !changes_folder(start.script) {
                format!(
                    "`{path}` lies where the script is called from: called from another folder, it does not know what runs, and takes its default"
                )
            } else {
                continue;
            };
            let Some(finding) = cx.finding(start.script.text.place_of(span), message) else { continue };
            let help = if is_volatile {
                "keep it in a folder that stays and that the user of the deployment may write, such as `/var/lib/deploy`"
            } else {
                "begin with `cd \"$(dirname \"$0\")\"`, or name the whole path"
            };
            out.push(finding.help(help));
            return;
        }
    }
}

/// What runs is written down when the old version has been stopped, if that works.
fn deployment_state_late(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Script || cx.source().text().contains("trap ") {
        return;
    }
    for Deployment { job, steps, .. } in deployments(cx) {
        let switches = |(_, action): &(FlowCommand, Action)| matches!(action, Action::Start(_) | Action::Reload(_));
        let Some(at) = steps.iter().position(switches) else { continue };
        let (start, _) = &steps[at];
        let Some((path, span)) = kept_files(job, start.script).into_iter().next() else { continue };
        let ends_script = |(stop, action): &&(FlowCommand, Action)| {
            let is_before = std::ptr::eq(stop.script, start.script) && stop.span().end <= span.start;
            let ends = stop.command.invocation.command.place.options.errexit && !stop.is_asked();
            matches!(action, Action::Stop(_)) && is_before && ends && stop.continues(start)
        };
        let Some((stop, _)) = steps[at..].iter().find(ends_script) else { continue };
        let message = format!(
            "where this fails, `set -e` ends the script and `{path}` still names the version before: the next deployment replaces the one that serves"
        );
        let Some(finding) = cx.finding(stop.script.text.place_of(stop.span()), message) else { continue };
        let place = start.script.text.place_of(span);
        let finding = finding.help(format!("write `{path}` right behind the switch, before anything else may fail"));
        out.push(cx.labelled(finding, place, "written here"));
        return;
    }
}

/// A version that the script takes without looking whether there is one.
fn deployment_argument_unchecked(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Script {
        return;
    }
    let deployments = deployments(cx);
    let scripts = deployments.iter().flat_map(|deployment| &deployment.steps).filter(|(step, _)| step.host.is_none());
    let Some(script) = scripts.into_iter().map(|(step, _)| step.script).next() else { return };
    let parsed = script.commands();
    let settings = parsed.commands.iter().filter(|command| command.words.is_empty() && parsed.is_top(&command.place));
    let is_argument = |assignment: &&Assignment| {
        let text = script.text.slice(assignment.value.span.range()).trim_matches('"');
        text == "$1" || text == "${1}"
    };
    let argument =
        settings.flat_map(|command| command.assignments.iter().filter(is_argument).map(move |it| (command, it)));
    let Some((command, assignment)) = argument.into_iter().next() else { return };
    let name = &*assignment.name_text;
    if is_looked_at(script, name) {
        return;
    }
    let message = if command.place.options.nounset {
        "started without an argument, the script ends with an error of the shell (`unbound variable`), and does not say what it wants"
            .to_owned()
    } else {
        format!("started without an argument, the script runs all the same, and `{name}` is empty")
    };
    let Some(finding) = cx.finding(script.text.place_of(assignment.span), message) else { return };
    out.push(finding.help(format!("write `{name}=\"${{1:?usage: {} VERSION}}\"`", path::name(&cx.input.path))));
}

/// Whether a script asks for its first argument, or for the variable that holds it.
fn is_looked_at(script: &StepScript, name: &str) -> bool {
    let signs = [format!("${name}"), format!("${{{name}"), "$1".to_owned(), "${1".to_owned(), "$#".to_owned()];
    let asks = |line: &str| {
        let words = ["[ ", "test ", "case ", ":?", ":-"];
        words.iter().any(|word| line.contains(word)) && signs.iter().any(|sign| line.contains(sign.as_str()))
    };
    let lines = script.text.text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.into_iter().any(|line| asks(line) || line.contains("$#") || line.contains("getopts"))
}

/// Whether a script goes to a folder of its own.
fn changes_folder(script: &StepScript) -> bool {
    script.commands().folder_changes().next().is_some()
}

/// The files that a script reads, and writes later on, with where it writes them.
fn kept_files(job: &Job, script: &StepScript) -> Vec<(String, Span)> {
    let constants = Constants::of(job, script);
    let path = |word: &Word| {
        let text = constants.filled(&script.text_of(word).text)?;
        let is_file = !text.starts_with('-') && !text.starts_with("/dev/null") && !text.contains([' ', '*', '(']);
        (is_file && !text.is_empty() && text.rsplit('.').next() != Some("pid") && !text.contains("lock"))
            .then_some(text)
    };
    let mut read: BTreeMap<String, u32> = BTreeMap::new();
    let mut kept: Vec<(String, Span)> = Vec::new();
    for command in &script.commands().commands {
        let name = command.name().and_then(Word::value).unwrap_or_default();
        if matches!(name, "cat" | "source" | "." | "head") {
            for path in command.words.iter().skip(1).filter_map(path) {
                read.entry(path).or_insert(command.span.start);
            }
        }
        for redirect in &command.redirects {
            let Some(path) = redirect.target.as_ref().and_then(path) else { continue };
            if redirect.operator == RedirectOperator::Read {
                read.entry(path).or_insert(command.span.start);
            } else if is_write(redirect, command) && read.contains_key(&path) {
                kept.push((path, redirect.span));
            }
        }
        if name == "tee" {
            let written = command.words.iter().skip(1).filter_map(|word| Some((path(word)?, word.span)));
            kept.extend(written.filter(|(path, _)| read.contains_key(path)));
        }
    }
    kept
}

/// Whether a redirect writes what a command prints to a file.
fn is_write(redirect: &Redirect, command: &Command) -> bool {
    let is_file =
        matches!(redirect.operator, RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber);
    is_file && redirect.descriptor.is_none_or(|descriptor| descriptor == 1) && !command.words.is_empty()
}
