//! A rule about jobs that push and log in to no registry.

use super::steps::{ImagePush, pushes};
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::workflow::{Job, PipelineKind, Step};

crate::rules::family! {
    of_workflow
    "push-without-login" => push_without_login;
}

/// Meanings in `data/source_patterns.tsv`.
const LOGIN: &str = "logs in to a registry";
const OPEN: &str = "registry that takes images without a login";

/// Where a container of the job, or the machine itself, answers.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "host.docker.internal"];

/// Each job has a machine of its own, which knows no password.
fn push_without_login(cx: &WorkflowContext, out: &mut Findings) {
    let is_known = |kind: PipelineKind| matches!(kind, PipelineKind::Github | PipelineKind::Gitlab);
    if !is_known(cx.workflow().kind) {
        return;
    }
    let text = cx.source().text();
    if text.contains("DOCKER_AUTH_CONFIG") || text.contains("DOCKER_CONFIG") {
        return;
    }
    let mut last = None;
    for push in pushes(cx) {
        let Some(job) = cx.workflow().jobs.get(push.job) else { continue };
        if last == Some(push.job) || !is_on_new_machine(cx, job) || may_log_in(job, push.step) || is_local(job, &push) {
            continue;
        }
        last = Some(push.job);
        if let Some(finding) = finding_of(cx, job, &push) {
            out.push(finding);
        }
    }
}

fn finding_of(cx: &WorkflowContext, job: &Job, push: &ImagePush) -> Option<Finding> {
    let others = cx.workflow().jobs.iter();
    let is_elsewhere = others.filter(|other| other.id != job.id).any(|other| may_log_in(other, usize::MAX));
    let reason = if is_elsewhere { "the login of another job does not count here" } else { "the registry refuses it" };
    let message = format!("the job `{}` pushes an image and logs in to no registry: {reason}", job.id);
    let finding = cx.finding(push.place, message)?;
    Some(finding.help(match cx.workflow().kind {
        PipelineKind::Gitlab => {
            "write `docker login -u \"$CI_REGISTRY_USER\" --password-stdin \"$CI_REGISTRY\" <<< \"$CI_REGISTRY_PASSWORD\"` before it"
        }
        _ => "add a step with `docker/login-action` before it, in the same job",
    }))
}

/// Whether a job runs on a machine that is new each time, and all of its steps are known.
fn is_on_new_machine(cx: &WorkflowContext, job: &Job) -> bool {
    match cx.workflow().kind {
        PipelineKind::Github => super::cache::is_hosted(cx.workflow(), job) && job.image.is_none(),
        _ => job.image.is_some() && !job.is_partial && cx.workflow().gaps.is_empty(),
    }
}

/// Whether a step of a job up to one may log in.
fn may_log_in(job: &Job, step: usize) -> bool {
    let logs_in = |step: &Step| match (&step.action, &step.script) {
        // What an action of the repository does is not known here.
        (Some(action), _) => action.version.is_empty() || shows_login(&action.name.to_ascii_lowercase(), "action"),
        (None, Some(script)) => shows_login(&script.text.text, "script") || runs_script(step),
        (None, None) => false,
    };
    job.steps.iter().take(step.saturating_add(1)).any(logs_in)
}

fn shows_login(text: &str, part: &str) -> bool {
    patterns::of(LOGIN)
        .any(|pattern| (pattern.argument == "any" || pattern.argument == part) && text.contains(pattern.text))
}

/// Whether a step runs a script or a recipe, which may do anything.
fn runs_script(step: &Step) -> bool {
    step.invocations().iter().any(|invocation| {
        let is_recipe = matches!(invocation.program, Some("make" | "just" | "task" | "." | "source"));
        is_recipe || invocation.path.text().contains('/') || invocation.program.is_none()
    })
}

/// Whether an image goes to a registry that asks for no login: one of the job, or one for everybody.
fn is_local(job: &Job, push: &ImagePush) -> bool {
    let is_open = |reference: &str| {
        LOCAL.iter().any(|host| reference.starts_with(host))
            || patterns::words(OPEN).any(|host| reference.starts_with(host))
    };
    let has_registry = job.services.iter().any(|service| service.text.contains("registry"));
    has_registry || push.tags.iter().any(|tag| is_open(&tag.text)) || push.tags.is_empty()
}
