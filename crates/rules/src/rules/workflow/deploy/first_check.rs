//! Rules about how a pipeline looks at what it has deployed: one request after a pause, and what follows when it fails.

use super::flow::is_failure_step;
use super::jobs::deploying_steps;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::rules::workflow::references::texts_of;
use crate::shell::{CompoundKind, Invocation, Word};
use crate::sources::patterns;
use crate::workflow::{PipelineKind, Step};

crate::rules::family! {
    of_workflow
    "request-after-sleep" => request_after_sleep;
    "failed-check-keeps-version" => failed_check_keeps_version;
}

/// Meanings in `data/source_patterns.tsv`.
const CLIENT: &str = "program that asks a server";
const BACK: &str = "goes back to the version before on a platform";
const ROLLBACK: &str = "word of a rollback";
const WAITS: &str = "waits until a deployment is ready";
const SENDING: &str = "option of a client that sends something";

/// A deployment that is judged by one request, some seconds after it.
fn request_after_sleep(cx: &WorkflowContext, out: &mut Findings) {
    if !matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab) {
        return;
    }
    let deploying = deploying_steps(cx);
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let sleeps = |step: &Step| step.script.as_ref().is_some_and(|script| script.text.text.contains("sleep"));
        if !job.steps.iter().any(sleeps) {
            continue;
        }
        let Some(deploying) = deploying[number] else { continue };
        let behind: Vec<&Step> = job.steps[deploying + 1..].iter().filter(|step| !is_failure_step(step)).collect();
        let waits = |step: &Step| texts_of(step).any(|text| patterns::shows(text, WAITS));
        if waits(&job.steps[deploying]) || behind.iter().any(|step| waits(step) || has_loop(step)) {
            continue;
        }
        let mut pause = None;
        for step in behind {
            let Some(script) = &step.script else { continue };
            for invocation in step.invocations() {
                if invocation.is("sleep") {
                    pause = Some((script, invocation.span, seconds(&invocation)));
                } else if let Some((script, span, Some(seconds))) = pause
                    && asks(&invocation)
                {
                    let message = format!(
                        "`sleep {seconds}` and one request judge what was deployed: a start that takes longer counts as failed"
                    );
                    if let Some(finding) = cx.finding(script.text.place_of(span), message) {
                        out.push(finding.help(
                            "ask until it answers, and fail when it never does: `curl --fail --retry 30 --retry-delay 2 --retry-all-errors --max-time 5`",
                        ));
                    }
                    pause = None;
                }
            }
        }
    }
}

/// A check of what was deployed that nothing follows when it fails.
fn failed_check_keeps_version(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    let jobs = &cx.workflow().jobs;
    // What another workflow does when this one fails is written in that one.
    if jobs.iter().any(|job| job.calls.is_some()) || jobs.iter().flat_map(|job| &job.steps).any(may_go_back) {
        return;
    }
    let deploying = deploying_steps(cx);
    for (number, job) in jobs.iter().enumerate() {
        let Some(deploying) = deploying[number] else { continue };
        let behind = job.steps[deploying + 1..].iter().filter(|step| !is_failure_step(step));
        for step in behind {
            let Some(script) = &step.script else { continue };
            let invocations = step.invocations();
            let Some(check) = invocations.iter().find(|invocation| asks(invocation) && is_check(invocation)) else {
                continue;
            };
            let message =
                "when this check fails, the version that failed it serves people all the same: no step goes back";
            let Some(finding) = cx.finding(script.text.place_of(check.span), message) else { continue };
            out.push(finding.help(
                "add a step with `if: failure()` and the outcome of the step that deploys, which starts the version before again",
            ));
            return;
        }
    }
}

/// Whether a step may go back to the version before, by its name or what it runs.
fn may_go_back(step: &Step) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase();
    let names = |text: &str| {
        patterns::words(ROLLBACK).any(|word| lower(text).contains(word)) || lower(text).contains("roll back")
    };
    let name = step.name.as_ref().map_or("", |name| name.text.as_str());
    let action = step.action.as_ref().map_or("", |action| action.name.as_str());
    let goes_back = |text: &str| is_failure_step(step) && patterns::shows(text, BACK);
    [name, action].into_iter().any(names)
        || texts_of(step).any(|text| names(text) || goes_back(text) || text.contains("--atomic"))
}

/// Whether a request fails with an answer that says so, and does not send something.
fn is_check(invocation: &Invocation) -> bool {
    let sends = invocation.args.iter().any(|word| patterns::words(SENDING).any(|option| option == word.text()));
    let fails = invocation.is("wget")
        || invocation.args.iter().map(Word::text).any(|word| {
            matches!(word, "--fail" | "--fail-with-body")
                || word.starts_with('-') && !word.starts_with("--") && word.contains('f')
        });
    fails && !sends
}

/// Whether a command asks a server.
fn asks(invocation: &Invocation) -> bool {
    invocation.program.is_some_and(|program| patterns::words(CLIENT).any(|known| known == program))
}

/// The seconds of a `sleep`, as they are written.
fn seconds<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let [word] = invocation.args else { return None };
    let text = word.value()?;
    text.trim_end_matches('s').parse::<u32>().ok().filter(|seconds| *seconds > 0)?;
    Some(text)
}

fn has_loop(step: &Step) -> bool {
    let is_loop = |kind: CompoundKind| matches!(kind, CompoundKind::For | CompoundKind::Loop);
    step.script.as_ref().is_some_and(|script| script.commands().compounds.iter().any(|known| is_loop(known.kind)))
}
