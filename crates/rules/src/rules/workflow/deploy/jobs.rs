//! Rules about jobs that deploy: what they wait for, and whether two of them may run at once.

use super::deployment::{deployments, has_word};
use crate::finding::{Finding, Findings, Safety};
use crate::rules::workflow::references::texts_of;
use crate::rules::workflow::steps::{runs_tests, waiting_for};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::sources::patterns;
use crate::workflow::{Job, PipelineKind, Step};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "deploy-before-tests" => deploy_before_tests;
    "deploy-not-serialized" => deploy_not_serialized;
    "deploy-without-environment" => deploy_without_environment;
}

/// The meaning in `data/source_patterns.tsv` of what brings an image to a platform that runs it.
const DEPLOYS: &str = "deploys an image to a platform";

/// Another one there.
const TEST: &str = "word of a script that tests or develops";

/// Whether a job of a pipeline replaces what serves people.
pub(in crate::rules::workflow) fn deploys(cx: &WorkflowContext, job: &Job) -> bool {
    let brings = |step: &Step| {
        let action = step.action.as_ref().map_or("", |action| action.name.as_str());
        let script = step.script.as_ref().map_or("", |script| script.text.text.as_str());
        patterns::shows(action, DEPLOYS) || patterns::shows(script, DEPLOYS)
    };
    let is_preview = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("preview") || text.contains("review") || has_word(&text, TEST)
    };
    let known = || deployments(cx).iter().any(|known| std::ptr::eq(known.job, job));
    !is_preview(&job.id) && (job.steps.iter().any(brings) || known())
}

/// The jobs of a workflow of GitHub that deploy, with their numbers.
fn deploying<'a>(cx: &WorkflowContext<'a, '_>) -> Vec<(usize, &'a Job)> {
    if cx.workflow().kind != PipelineKind::Github {
        return Vec::new();
    }
    let jobs = cx.workflow().jobs.iter().enumerate();
    jobs.filter(|(_, job)| deploys(cx, job)).collect()
}

/// A job that deploys and waits for no job that tests, where there is one.
fn deploy_before_tests(cx: &WorkflowContext, out: &mut Findings) {
    let jobs = &cx.workflow().jobs;
    let tests = |number: usize| jobs[number].steps.iter().any(runs_tests);
    let Some(test) = (0..jobs.len()).find(|number| tests(*number)) else { return };
    for (number, job) in deploying(cx) {
        let is_behind = tests(number) || waiting_for(jobs, tests)[number];
        if is_behind || is_manual(job) || jobs[test].condition != job.condition && jobs[test].condition.is_some() {
            continue;
        }
        let message =
            format!("the job `{}` deploys while `{}` still runs: what fails its tests is live", job.id, jobs[test].id);
        let Some(finding) = cx.finding(job.place, message) else { continue };
        out.push(finding.help(format!("write `needs: {}`", jobs[test].id)));
    }
}

/// Whether a person starts a job, and sees what the tests said.
fn is_manual(job: &Job) -> bool {
    job.condition.as_ref().is_some_and(|condition| condition.text.contains("workflow_dispatch"))
}

/// Two runs of one workflow that deploy at once.
fn deploy_not_serialized(cx: &WorkflowContext, out: &mut Findings) {
    if cx.has_key(&["concurrency"]) {
        return;
    }
    let is_called = |job: &Job| job.calls.is_some();
    for (_, job) in deploying(cx).into_iter().filter(|(_, job)| job.key("concurrency").is_none() && !is_called(job)) {
        let message = format!(
            "two runs of the job `{}` may deploy at once: the older one may end last, and its version stays",
            job.id
        );
        let Some(finding) = cx.finding(job.place, message) else { continue };
        let path: Vec<&str> = job.path.iter().map(String::as_str).chain(["concurrency"]).collect();
        let change = WorkflowChange::Set(path, NewValue::Inline(format!("{}-${{{{ github.ref }}}}", job.id)));
        let why =
            Safety::Unsafe("a run waits for the one before, and of several that wait only the newest runs".to_owned());
        let finding = finding.help("give the job a `concurrency` group: its runs then follow each other");
        out.push(cx.fixed(finding, "let one run deploy at a time", why, &[change]));
    }
}

/// A job that deploys with the secrets of the whole repository.
fn deploy_without_environment(cx: &WorkflowContext, out: &mut Findings) {
    for (_, job) in deploying(cx).into_iter().filter(|(_, job)| job.key("environment").is_none()) {
        if let Some(finding) = without_environment(cx, job) {
            out.push(finding);
        }
    }
}

fn without_environment(cx: &WorkflowContext, job: &Job) -> Option<Finding> {
    let reads = |step: &Step| texts_of(step).any(|text| text.contains("secrets."));
    job.steps.iter().any(reads).then_some(())?;
    let message = format!(
        "the job `{}` deploys without an environment: each workflow on each branch may use its secrets",
        job.id
    );
    let finding = cx.finding(job.place, message)?;
    Some(finding.help("write `environment: production`, keep the secrets there, and limit its branches"))
}
