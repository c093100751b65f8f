//! Rules about jobs that deploy: what they wait for, and whether two of them may run at once.

use std::collections::HashSet;

use super::action::Action;
use super::deployment::{deployments, has_word};
use super::flow::is_failure_step;
use crate::finding::{Finding, Findings, Safety};
use crate::rules::workflow::references::texts_of;
use crate::rules::workflow::steps::{runs_tests, waiting_for};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::{Job, PipelineKind, RemoteScript, Step, StepCommand, StepScript};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "deploy-before-tests" => deploy_before_tests;
    "deploy-not-serialized" => deploy_not_serialized;
    "deploy-without-environment" => deploy_without_environment;
}

/// The meaning in `data/source_patterns.tsv` of what brings an image to a platform that runs it.
const DEPLOYS: &str = "deploys an image to a platform";

/// Others there.
const DEPLOYMENT: &str = "word of a deployment";
const TEST: &str = "word of a script that tests or develops";

/// Whether a step brings an image to a platform.
fn brings(step: &Step) -> bool {
    let action = step.action.as_ref().map_or("", |action| action.name.as_str());
    let script = step.script.as_ref().map_or("", |script| script.text.text.as_str());
    patterns::shows(action, DEPLOYS) || patterns::shows(script, DEPLOYS)
}

/// For each job, the number of the first step that replaces what serves people.
pub(super) fn deploying_steps(cx: &WorkflowContext) -> Vec<Option<usize>> {
    let deployments = deployments(cx);
    let flows = deployments.iter().filter(|known| known.fallback.is_none());
    let starts = flows.flat_map(|flow| &flow.steps).filter(|(_, action)| matches!(action, Action::Start(_)));
    let scripts: HashSet<*const StepScript> = starts.map(|(command, _)| std::ptr::from_ref(command.script)).collect();
    let is_start =
        |script: Option<&StepScript>| script.is_some_and(|script| scripts.contains(&std::ptr::from_ref(script)));
    let is_remote = |remote: &&RemoteScript| is_start(remote.commands.script.as_ref()) || runs_deployment(remote);
    let remote = cx.input.remote_scripts.iter().filter(is_remote);
    let remote: HashSet<(usize, usize)> = remote.map(|remote| (remote.job, remote.step)).collect();
    let first = |(number, job): (usize, &Job)| {
        job.steps.iter().enumerate().position(|(at, step)| {
            let is_deploying = brings(step) || is_start(step.script.as_ref()) || remote.contains(&(number, at));
            is_deploying && !is_failure_step(step)
        })
    };
    cx.workflow().jobs.iter().enumerate().map(first).collect()
}

/// Whether a script or a recipe runs on another machine whose name says that it deploys: `./deploy.sh`, `make deploy`.
fn runs_deployment(remote: &RemoteScript) -> bool {
    runs_script(&remote.commands, &|name| has_word(name, DEPLOYMENT) && !has_word(name, TEST))
}

/// Whether a step runs a script or a recipe of such a name.
pub(super) fn runs_script(step: &Step, is_it: &dyn Fn(&str) -> bool) -> bool {
    StepCommand::all(step).iter().any(|command| {
        let recipe = || {
            let is_runner = matches!(command.invocation.program, Some("make" | "just" | "task"));
            if is_runner { command.invocation.args.first() } else { None }
        };
        let word = command.script_word().or_else(recipe);
        word.is_some_and(|word| is_it(path::name(word.text())))
    })
}

/// For each job of a pipeline, whether it replaces what serves people.
pub(in crate::rules::workflow) fn deploying_jobs(cx: &WorkflowContext) -> Vec<bool> {
    let is_preview = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("preview") || text.contains("review") || has_word(&text, TEST)
    };
    let deployments = deployments(cx);
    let starting: HashSet<*const Job> = deployments.iter().map(|known| std::ptr::from_ref(known.job)).collect();
    let remote = cx.input.remote_scripts.iter().filter(|remote| runs_deployment(remote));
    let remote: HashSet<usize> = remote.map(|remote| remote.job).collect();
    let deploys = |(number, job): (usize, &Job)| {
        let starts = starting.contains(&std::ptr::from_ref(job)) || remote.contains(&number);
        !is_preview(&job.id) && (starts || job.steps.iter().any(brings))
    };
    cx.workflow().jobs.iter().enumerate().map(deploys).collect()
}

/// The jobs of a workflow of GitHub that deploy, with their numbers.
fn deploying<'a>(cx: &WorkflowContext<'a, '_>) -> Vec<(usize, &'a Job)> {
    if cx.workflow().kind != PipelineKind::Github {
        return Vec::new();
    }
    let jobs = cx.workflow().jobs.iter().enumerate();
    let deploys = deploying_jobs(cx);
    jobs.filter(|(number, _)| deploys[*number]).collect()
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
