//! Rules about tests in pipelines: those that cannot fail, and those that begin before what they ask is ready.

use super::deploy::deploying_jobs;
use super::steps::{docker_words, is_compose, is_test, pushes, runs_tests};
use crate::finding::{Findings, Severity};
use crate::rules::WorkflowContext;
use crate::shell::{Invocation, SeparatorKind};
use crate::sources::patterns;
use crate::workflow::{ComposeCall, Job, PipelineKind, StepCommand, StepScript};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "tests-cannot-fail" => tests_cannot_fail;
    "tests-before-ready" => tests_before_ready;
}

/// Meanings in `data/source_patterns.tsv`.
const CLIENT: &str = "program that asks a server";

const KEY: &str = "continue-on-error";

/// Tests whose failure stops nothing, in a pipeline that pushes or deploys.
fn tests_cannot_fail(cx: &WorkflowContext, out: &mut Findings) {
    if !matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab) {
        return;
    }
    let ships = !pushes(cx).is_empty() || deploying_jobs(cx).contains(&true);
    let severity = if ships { Severity::Warning } else { Severity::Info };
    let tree = yaml::read(cx.source().text());
    for job in &cx.workflow().jobs {
        for step in job.steps.iter().filter(|step| runs_tests(step)) {
            let Some(script) = &step.script else { continue };
            let invocations = step.invocations();
            for invocation in invocations.iter().filter(|known| is_test(script, known) && is_excused(script, known)) {
                let message = "the tests cannot fail: what follows `||` ends the step with success";
                let Some(finding) = cx.finding(script.text.place_of(invocation.span), message) else { continue };
                out.push(finding.help("leave `||` and what follows it out").lowered(severity));
            }
            let keys = [step.path_to(&[KEY]), job.path.iter().map(String::as_str).chain([KEY]).collect()];
            let Some(node) = keys.iter().find_map(|path| true_at(tree.root()?, path)) else { continue };
            let message = "the tests cannot fail: `continue-on-error` makes the job pass whatever they say";
            let place = crate::workflow::WorkflowPlace::of(node.span());
            let is_matrix = job.matrix.is_repeated();
            if step.place.file != 0 || is_matrix {
                continue;
            }
            let Some(finding) = cx.finding(place, message) else {
                continue;
            };
            out.push(finding.help("remove `continue-on-error` here").lowered(severity));
        }
    }
}

/// The value at a path, where it is `true`.
fn true_at<'t>(root: YamlNode<'t>, path: &[&str]) -> Option<YamlNode<'t>> {
    let below = |node: YamlNode<'t>, key: &&str| match key.parse::<usize>() {
        Ok(at) => node.items().nth(at),
        Err(_) => node.get(key),
    };
    let node = path.iter().try_fold(root, below)?;
    (node.text() == Some("true")).then_some(node)
}

/// Whether the failure of a command is taken for success: `|| true`, `|| echo failed`.
fn is_excused(script: &StepScript, invocation: &Invocation) -> bool {
    let Some(or) = invocation.command.place.after.filter(|after| after.kind == SeparatorKind::Or) else { return false };
    let is_own = std::ptr::eq(invocation.script, script.commands());
    let behind = script.commands().commands.iter().filter(|command| command.span.start >= or.span.end);
    let (Some(next), true) = (behind.min_by_key(|command| command.span.start), is_own) else { return false };
    let name = next.name().and_then(|word| word.value()).unwrap_or_default();
    let is_last =
        next.place.after.is_none_or(|after| matches!(after.kind, SeparatorKind::Newline | SeparatorKind::Semicolon));
    let is_group = script.text.slice(or.span.end as usize..next.span.start as usize).contains('{');
    matches!(name, "true" | ":" | "echo" | "printf") && is_last && !is_group
}

/// Containers that are started, and asked at once.
fn tests_before_ready(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    for job in &cx.workflow().jobs {
        let commands = commands_of(job);
        for (at, (script, command)) in commands.iter().enumerate() {
            let Some(call) = ComposeCall::of(script, command).filter(|call| call.command == "up") else { continue };
            let has = |names: &[&str]| call.options.iter().any(|(name, _)| names.contains(&name.as_str()));
            if !has(&["-d", "--detach"]) || has(&["--wait"]) {
                continue;
            }
            let next = commands[at + 1..].iter().find(|(_, other)| !is_silent(&other.invocation));
            let Some((asking_script, asking)) = next.filter(|(script, other)| asks(script, &other.invocation)) else {
                continue;
            };
            let message =
                "what asks the containers runs as soon as they are started: nothing waits until they are ready";
            let Some(finding) = cx.finding(script.text.place_of(command.invocation.span), message) else { continue };
            let place = asking_script.text.place_of(asking.invocation.span);
            let finding = cx.labelled(finding, place, "asks at once");
            out.push(finding.help(
                "write `docker compose up -d --wait`, which returns when all are healthy: give them a healthcheck",
            ));
        }
    }
}

/// The commands of a job's steps, with the scripts that they stand in.
fn commands_of(job: &Job) -> Vec<(&StepScript, StepCommand<'_>)> {
    let mut commands = Vec::new();
    for step in &job.steps {
        // An action may take its time.
        if step.action.is_some() && !commands.is_empty() {
            break;
        }
        let Some(script) = &step.script else { continue };
        commands.extend(StepCommand::all(step).into_iter().map(|command| (script, command)));
    }
    commands
}

/// Whether a command only prints, and takes no time.
fn is_silent(invocation: &Invocation) -> bool {
    let shows = matches!(docker_words(invocation)[..], ["ps" | "images" | "logs", ..])
        || is_compose(invocation, &["ps", "logs"]);
    shows || matches!(invocation.program, Some("echo" | "printf" | "set" | "export"))
}

/// Whether a command asks a server once, or runs tests.
fn asks(script: &StepScript, invocation: &Invocation) -> bool {
    let has_retry = invocation.args.iter().any(|word| word.text().contains("retry"));
    let is_client = invocation.program.is_some_and(|program| patterns::words(CLIENT).any(|known| known == program));
    let text = script.text.slice(invocation.span.range());
    let is_local = || text.contains("localhost") || text.contains("127.0.0.1") || text.contains("0.0.0.0");
    let scopes: Vec<_> = invocation.script.enclosing(&invocation.command.place).collect();
    let is_plain = scopes.iter().all(|scope| scope.kind == crate::shell::ScopeKind::Top);
    is_plain && (is_client && is_local() && !has_retry || is_test(script, invocation))
}
