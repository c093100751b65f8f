//! Rules about what is pushed: under which names, in which runs, in which form.

use super::steps::{ImagePush, awaited_jobs, docker_words, last_part, pushes, without_tag};
use crate::finding::{Finding, Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::sources::patterns;
use crate::workflow::{
    BuildCall, Builder, Event, Job, PipelineKind, Step, Switch, WorkflowPlace, WorkflowText, expression_names,
};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "only-latest-tag" => only_latest_tag;
    "pushed-on-pull-request" => pushed_on_pull_request;
    "index-for-single-manifest" => index_for_single_manifest;
    "digest-not-used" => digest_not_used;
}

/// The meaning in `data/source_patterns.tsv` of actions with an image in an input, whose name is the subject.
const IMAGE_INPUT: &str = "action with an image in an input";

/// Whether a reference is `name`, or `name:latest`; `None` where only a run knows.
fn is_latest(reference: &str) -> Option<bool> {
    let last = last_part(reference);
    // What an expression or a variable gives may hold a tag.
    let name = without_tag(reference);
    if last.contains('@') {
        return Some(false);
    }
    match reference.get(name.len() + 1..) {
        Some(tag) if tag.contains('$') => None,
        Some(tag) => Some(tag == "latest"),
        None if last.contains('$') => None,
        None => Some(true),
    }
}

/// Nobody can go back to an image whose only name is that of the next one.
fn only_latest_tag(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    let pushes = pushes(cx);
    let name = |tag: &WorkflowText| without_tag(&tag.text).to_owned();
    let mut reported = Vec::new();
    for push in &pushes {
        let all_latest = !push.tags.is_empty() && push.tags.iter().all(|tag| is_latest(&tag.text) == Some(true));
        let by_digest =
            push.call.is_some_and(|call| call.outputs.iter().any(|output| output.text.contains("push-by-digest")));
        if !all_latest || by_digest || push.call.is_none() && pushes_all_tags(cx, push) {
            continue;
        }
        let names: Vec<String> = push.tags.iter().map(name).collect();
        let is_same = |other: &WorkflowText| names.contains(&name(other)) || last_part(&other.text).contains('$');
        let has_more =
            pushes.iter().flat_map(|push| &push.tags).any(|tag| is_same(tag) && is_latest(&tag.text) != Some(true));
        let Some(first) = push.tags.first() else { continue };
        if has_more || reported.contains(&name(first)) || is_tagged_later(cx, push) {
            continue;
        }
        reported.push(name(first));
        let place = if push.call.is_some() { first.place } else { push.place };
        let message = "the image is pushed as `latest` only: the next push takes the name away, and nothing leads back to this one";
        let Some(finding) = cx.finding(place, message) else { continue };
        let tag = match cx.workflow().kind {
            PipelineKind::Gitlab => "$CI_COMMIT_SHA",
            _ => "${{ github.sha }}",
        };
        let finding = finding.help(format!("push it as `{}:{tag}` too", without_tag(&first.text)));
        out.push(with_commit_tag(cx, finding, push, tag));
    }
}

/// The finding with a fix that adds the commit's tag to the inputs of an action.
fn with_commit_tag(cx: &WorkflowContext, finding: Finding, push: &ImagePush, tag: &str) -> Finding {
    let is_action = push.call.is_some_and(|call| call.builder == Builder::Action);
    let Some(first) = push.tags.first() else { return finding };
    let source = cx.input.file_of(first.place).map(|file| cx.inputs.source(file));
    let written = source.and_then(|source| source.text().get(first.place.span.range())).unwrap_or_default();
    let is_plain = is_action
        && !written.is_empty()
        && !written.contains(['"', '\'', '\n', ','])
        && without_tag(written).len() < 300;
    if !is_plain {
        return finding;
    }
    let text = format!("{written},{}:{tag}", without_tag(written));
    let why = Safety::Unsafe("the registry keeps an image for each commit".to_owned());
    cx.fixed(finding, "push it under the commit's name too", why, &[WorkflowChange::Replace(first.place, text)])
}

/// Whether `docker push --all-tags` pushes it, or a script whose references are not known.
fn pushes_all_tags(cx: &WorkflowContext, push: &ImagePush) -> bool {
    let step = &cx.workflow().jobs[push.job].steps[push.step];
    step.script.as_ref().is_some_and(|script| {
        ["--all-tags", "push -a", "imagetools"].iter().any(|word| script.text.text.contains(word))
    })
}

/// Whether a later command or another job gives the image more names.
fn is_tagged_later(cx: &WorkflowContext, push: &ImagePush) -> bool {
    let is_later = |(number, job): (usize, &Job)| {
        let steps = job.steps.iter().enumerate().filter(|(at, _)| number != push.job || *at >= push.step);
        let mut steps = steps.map(|(_, step)| step);
        steps.any(|step| {
            step.script.as_ref().is_some_and(|script| {
                ["imagetools create", "crane tag", "skopeo copy", "regctl image copy", "docker tag"]
                    .iter()
                    .any(|word| script.text.text.contains(word))
            })
        })
    };
    push.call.is_some() && cx.workflow().jobs.iter().enumerate().any(is_later)
}

/// Whether runs of pull requests that are open start the pipeline.
fn runs_on_pull_request(event: &Event) -> bool {
    let is_closed_only = |types: &[WorkflowText]| !types.is_empty() && types.iter().all(|text| text.text == "closed");
    event.name == "pull_request" && !event.filter("types").is_some_and(is_closed_only)
}

/// Whether a condition on a job, or on those that it waits for, may leave pull requests out.
fn is_conditional(cx: &WorkflowContext, number: usize) -> bool {
    let jobs = &cx.workflow().jobs;
    let mut all = awaited_jobs(jobs, number).into_iter().chain([number]).filter_map(|number| jobs.get(number));
    all.any(|job| job.condition.is_some())
}

/// A pull request is not merged, and one of a fork has no secrets.
fn pushed_on_pull_request(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    let has_others = workflow.events.iter().any(|event| matches!(&*event.name, "push" | "release" | "schedule"));
    if !workflow.events.iter().any(runs_on_pull_request) || !has_others {
        return;
    }
    let mut pushed = false;
    for call in cx.calls().iter().filter(|call| matches!(call.builder, Builder::Action | Builder::Bake)) {
        let (job, step) = (cx.job(call), cx.step(call));
        let Switch::On(place) = call.push else { continue };
        let of_request = ["pull_request", "event.number", "head_ref", "run_id", "github.ref"];
        let is_meant = call.tags.iter().any(|tag| of_request.iter().any(|word| tag.text.contains(word)));
        if step.condition.is_some() || is_meant || is_conditional(cx, call.job) || is_local(cx, job) {
            continue;
        }
        pushed = true;
        let message =
            "the image is pushed for pull requests too: code that is not merged, and without rights to push from forks";
        let Some(finding) = cx.finding(place, message) else { continue };
        let value = "${{ github.event_name != 'pull_request' }}";
        let finding = finding.help(format!("write `push: {value}`"));
        let change = WorkflowChange::Set(step.path_to(&["with", "push"]), NewValue::Inline(value.to_owned()));
        let safety = if uses_image_later(cx, call.job, call.step) {
            Safety::Unsafe("later steps may need the image in the registry".to_owned())
        } else {
            Safety::Safe
        };
        out.push(cx.fixed(finding, "push when merged", safety, &[change]));
    }
    if !pushed {
        login_without_secrets(cx, out);
    }
}

/// Whether a job starts a registry of its own, which pull requests may push to.
fn is_local(cx: &WorkflowContext, job: &Job) -> bool {
    let is_registry = |text: &WorkflowText| text.text.contains("registry");
    job.services.iter().any(is_registry) || cx.source().text().contains("localhost:5000")
}

/// Whether steps behind a push, or jobs that wait for it, may use what is in the registry.
fn uses_image_later(cx: &WorkflowContext, job: usize, step: usize) -> bool {
    let jobs = &cx.workflow().jobs;
    let Some(pushing) = jobs.get(job) else { return false };
    let behind = pushing.steps.len() > step + 1;
    behind || jobs.iter().any(|other| other.needs.contains(&pushing.id))
}

/// A login with secrets fails for pull requests of forks.
fn login_without_secrets(cx: &WorkflowContext, out: &mut Findings) {
    let jobs = cx.workflow().jobs.iter().enumerate();
    let steps = jobs.flat_map(|(number, job)| job.steps.iter().map(move |step| (number, step)));
    for (number, step) in steps.filter(|(_, step)| step.uses("docker/login-action")) {
        let Some(password) = step.input("password") else { continue };
        let names = expression_names(&password.value.text);
        let is_secret = |name: &String| name.starts_with("secrets.") && name != "secrets.GITHUB_TOKEN";
        // Two names are an alternative: the token of the run stands in.
        let is_certain = names.len() == 1 && names.iter().all(is_secret);
        let is_first = !cx.workflow().jobs.get(number).is_some_and(|job| waits_for_login(cx, job));
        if !is_certain
            || !is_first
            || step.condition.is_some()
            || is_conditional(cx, number)
            || step.place.file != 0
            || pushes_otherwise(cx, number)
        {
            continue;
        }
        let message = "the login needs a secret, which pull requests of forks do not get: the job fails";
        let place = step.action.as_ref().map_or(step.place, |action| action.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        let condition = "github.event_name != 'pull_request'";
        let finding = finding.help(format!("write `if: {condition}`"));
        let change = WorkflowChange::Set(step.path_to(&["if"]), NewValue::Inline(condition.to_owned()));
        let why = Safety::Unsafe("pull requests cannot pull the private images any more".to_owned());
        out.push(cx.fixed(finding, "log in for merged code", why, &[change]));
    }
}

/// Whether a job before it logs in too: where that one fails, this one is not started.
fn waits_for_login(cx: &WorkflowContext, job: &Job) -> bool {
    let jobs = cx.workflow().jobs.iter();
    jobs.filter(|other| job.needs.contains(&other.id))
        .any(|other| other.steps.iter().any(|step| step.uses("docker/login-action") && step.condition.is_none()))
}

/// Whether a job pushes by a command or an output, which the condition of a login does not stop.
fn pushes_otherwise(cx: &WorkflowContext, number: usize) -> bool {
    let pushes = |step: &Step| {
        step.condition.is_none() && step.script.as_ref().is_some_and(|script| script.text.text.contains("docker push"))
    };
    let is_pushed = |call: &BuildCall| call.job == number && !call.push.may_be_on() && call.may_push();
    cx.calls().iter().any(is_pushed) || cx.workflow().jobs.get(number).is_some_and(|job| job.steps.iter().any(pushes))
}

/// Lambda takes an image of one manifest, and attestations make an index of it.
fn index_for_single_manifest(cx: &WorkflowContext, out: &mut Findings) {
    let is_lambda = |step: &Step| {
        step.invocations().iter().any(|call| {
            let has = |text: &str| call.args.iter().any(|word| word.text().starts_with(text));
            call.is("aws") && has("lambda") && has("--image-uri")
        })
    };
    if !cx.steps().any(|(_, step)| is_lambda(step)) {
        return;
    }
    for push in pushes(cx) {
        let Some(call) = push.call.filter(|call| call.builder == Builder::Action && call.provenance.is_none()) else {
            continue;
        };
        let (job, step) = (cx.job(call), cx.step(call));
        let has_builder = job.steps.iter().any(|step| step.uses("docker/setup-buildx-action"));
        if !has_builder || call.platforms.len() > 1 || job.variable("BUILDX_NO_DEFAULT_ATTESTATIONS").is_some() {
            continue;
        }
        let message = "the pushed image is an index, as attestations are on by default: Lambda takes a single manifest";
        let Some(finding) = cx.finding(call.place, message) else { continue };
        let change = WorkflowChange::Set(step.path_to(&["with", "provenance"]), NewValue::Inline("false".to_owned()));
        out.push(cx.fixed(
            finding.help("write `provenance: false`"),
            "push a single manifest",
            Safety::Safe,
            &[change],
        ));
    }
}

/// A tag may have moved between the push and its use; the digest of the build is that image.
fn digest_not_used(cx: &WorkflowContext, out: &mut Findings) {
    for push in pushes(cx) {
        let Some(call) = push.call.filter(|call| call.builder == Builder::Action) else { continue };
        let [tag] = &call.tags[..] else { continue };
        let job = cx.job(call);
        for step in job.steps.iter().skip(call.step + 1) {
            let Some((place, text)) = used_image(step).filter(|(_, text)| *text == tag.text) else { continue };
            let message = format!("`{text}` is looked up by its tag, though the build in this job knows its digest");
            let Some(finding) = cx.finding(place, message) else { continue };
            let id = cx.step(call).id.clone().unwrap_or_else(|| "build".to_owned());
            let name = without_tag(&text);
            out.push(
                finding
                    .help(format!("write `{name}@${{{{ steps.{id}.outputs.digest }}}}`, with `id: {id}` at the build")),
            );
        }
    }
}

/// The image that a step scans or signs.
fn used_image(step: &Step) -> Option<(WorkflowPlace, String)> {
    if let Some(action) = &step.action {
        let input = patterns::of(IMAGE_INPUT).find(|pattern| pattern.text.eq_ignore_ascii_case(&action.name))?;
        let value = &step.input(input.argument)?.value;
        return Some((value.place, value.text.clone()));
    }
    let script = step.script.as_ref()?;
    let invocations = step.invocations();
    let is_user = |call: &&crate::shell::Invocation| {
        let has = |word: &str| call.args.first().is_some_and(|first| first.is(word));
        call.is("cosign") && has("sign")
            || call.is("trivy") && has("image")
            || docker_words(call).first() == Some(&"scout")
    };
    let last = invocations.iter().find(is_user)?.args.last()?;
    let text = script.text.slice(last.span.range()).trim_matches(['"', '\'']).to_owned();
    Some((script.text.place_of(last.span), text))
}
