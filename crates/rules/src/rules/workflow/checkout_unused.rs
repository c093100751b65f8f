//! A rule about jobs that check the repository out and use none of its files.

use super::steps::is_action;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::workflow::{PipelineKind, Step};

crate::rules::family! {
    of_workflow
    "checkout-unused" => checkout_unused;
}

/// Meanings in `data/source_patterns.tsv`.
const PROGRAM: &str = "program that reads no file of the checkout";
const FILE: &str = "part of a word that names a file";
const ACTION: &str = "action that uses no file of the checkout";

/// A checkout before steps that are known to read no file.
fn checkout_unused(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let is_checkout = |step: &&Step| step.uses("actions/checkout") && step.inputs.is_empty();
        let Some(checkout) = job.steps.iter().find(is_checkout) else { continue };
        let is_known = job.steps.len() > 1 && cx.calls_of_job(number).is_empty() && job.steps.iter().all(uses_no_file);
        let (Some(action), true) = (&checkout.action, is_known) else { continue };
        let message =
            "no step of this job uses a file of the repository: the checkout takes its time in each run for nothing";
        let Some(finding) = cx.finding(action.place, message) else { continue };
        out.push(finding.help("take it out; where a host shall get the files, copy them there"));
    }
}

/// Whether a step surely uses no file of the checkout.
fn uses_no_file(step: &Step) -> bool {
    if step.action.is_some() {
        return is_action(step, ACTION) && step.inputs.iter().all(|input| !input.name.contains("file"));
    }
    let Some(script) = &step.script else { return false };
    let invocations = step.invocations();
    let commands = script.commands();
    let reads = commands.commands.iter().flat_map(|command| &command.redirects);
    let mut reads = reads.filter(|redirect| redirect.body.is_none()).filter_map(|redirect| redirect.target.as_ref());
    !invocations.is_empty()
        && commands.problems.is_empty()
        && invocations.iter().all(reads_no_file)
        && reads.all(|target| {
            target.text().starts_with(['/', '&', '~', '$']) || target.text().bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Whether a command reads no file of the folder that it runs in.
fn reads_no_file(invocation: &Invocation) -> bool {
    let is_known = invocation.program.is_some_and(|program| patterns::words(PROGRAM).any(|known| known == program));
    let names_file = || {
        // A host has the form of an address with `@`.
        let is_text = invocation.is("ssh") || invocation.is("echo");
        !is_text && invocation.args.iter().any(|word| patterns::words(FILE).any(|part| word.text().contains(part)))
    };
    is_known && !names_file()
}
