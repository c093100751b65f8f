//! Rules about what a build is given: the commit in place of the checkout, a history that nothing reads.

use super::steps::{FILELESS_ACTION, JobFiles, LastKnown, is_action};
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::sources::patterns;
use crate::workflow::{BuildCall, Builder, Step};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "context-is-git" => context_is_git;
    "checkout-too-deep" => checkout_too_deep;
}

/// Meanings in `data/source_patterns.tsv`.
const HISTORY_TOOL: &str = "word of a tool that reads the history of git";
const HISTORY_COMMAND: &str = "command of git that reads the history";

/// Without `context`, docker/build-push-action has the builder fetch the commit from git.
fn context_is_git(cx: &WorkflowContext, out: &mut Findings) {
    let mut files_of_job = LastKnown::new();
    for call in cx.calls().iter().filter(|call| call.builder == Builder::Action && call.context.is_none()) {
        let step = cx.step(call);
        let files: &JobFiles = files_of_job.of(call.job, || JobFiles::of(cx.job(call)));
        let count = files.checkouts_before(call.step);
        let Some((_, any_checkout)) = files.checkouts[..count].first() else { continue };
        // Without a step that makes files the checkout holds what the commit does.
        let builds = cx.builds_of(call);
        let takes_nothing = !builds.is_empty() && builds.iter().all(|(_, build)| !build.uses_context());
        if !files.is_made_before(call.step) || takes_nothing {
            continue;
        }
        let message = "the build gets the commit from git and not the checkout of the job";
        let Some(finding) = cx.finding(call.place, message) else { continue };
        let finding = finding
            .help("write `context: .`, so that the image gets what earlier steps make; or leave the checkout out");
        let plain = files
            .checkout(call.step)
            .filter(|step| ["ref", "sparse-checkout"].iter().all(|name| step.input(name).is_none()));
        let has_file = has_dockerfile(cx, call);
        if plain.is_none() || count != 1 || !has_file || any_checkout.place.file != step.place.file {
            out.push(finding);
            continue;
        }
        let change = if step.inputs.is_empty() {
            let context = vec![("context".to_owned(), NewValue::scalar("."))];
            WorkflowChange::Set(step.path_to(&["with"]), NewValue::Mapping(context))
        } else {
            WorkflowChange::Set(step.path_to(&["with", "context"]), NewValue::Inline(".".to_owned()))
        };
        let safety = Safety::Unsafe(
            "the image gets the files of the checkout, with those that steps make and without submodules".to_owned(),
        );
        out.push(cx.fixed(finding, "build the checkout", safety, &[change]));
    }
}

/// Whether the Dockerfile of a build lies where it would look for it in the checkout.
fn has_dockerfile(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let legs = call.legs.as_deref().unwrap_or_default();
    !legs.is_empty() && legs.iter().all(|leg| cx.repository().has(&leg.file))
}

/// The whole history is fetched, and nothing in the job reads it.
fn checkout_too_deep(cx: &WorkflowContext, out: &mut Findings) {
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let calls = cx.calls_of_job(number);
        let reads = |call: &BuildCall| call.builder == Builder::OtherAction || may_read_history(cx, call);
        if calls.is_empty() || calls.iter().any(reads) || job.steps.iter().any(needs_history) {
            continue;
        }
        for step in job.steps.iter().filter(|step| step.uses("actions/checkout")) {
            let Some(depth) = step.input("fetch-depth").filter(|input| input.value.text == "0") else { continue };
            let message = "the whole history is fetched, and nothing in the job reads it";
            let Some(finding) = cx.finding(depth.key, message) else { continue };
            let change = match step.inputs.len() {
                1 => WorkflowChange::Remove(step.path_to(&["with"])),
                _ => WorkflowChange::Remove(step.path_to(&["with", "fetch-depth"])),
            };
            let why = Safety::Unsafe("a script of the repository may read the history".to_owned());
            let finding = finding.help("leave `fetch-depth` out: one commit is fetched");
            out.push(cx.fixed(finding, "fetch one commit", why, &[change]));
        }
    }
}

/// Whether the Dockerfile of a build may look into `.git`; also where it is not known.
fn may_read_history(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let builds = cx.builds_of(call);
    let reads = |text: &str| text.contains(".git") || text.contains("git ") || patterns::shows(text, HISTORY_TOOL);
    builds.is_empty() || builds.iter().any(|(_, build)| reads(cx.inputs.source(build.input().dockerfile).text()))
}

/// Whether a step may read the history: a script with such a command or with a program that is not known, or an action.
fn needs_history(step: &Step) -> bool {
    if step.action.is_some() {
        return !(is_action(step, FILELESS_ACTION) || step.uses("actions/checkout"));
    }
    let Some(script) = &step.script else { return false };
    let commands: Vec<&str> = patterns::words(HISTORY_COMMAND).collect();
    let reads = |invocation: &crate::shell::Invocation| match invocation.program {
        Some("git") => invocation.args.iter().any(|word| commands.contains(&word.text())),
        Some(program) => {
            !crate::shell::program::Program::of(program).writes_nothing()
                && super::steps::docker_words(invocation).is_empty()
        }
        None => true,
    };
    patterns::shows(&script.text.text, HISTORY_TOOL) || step.invocations().iter().any(reads)
}
