//! Rules about what is pushed: under which names, in which runs, in which form.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::references::{is_latest, is_of_request, put_constant, texts_of};
use super::requests::{admits_pull_requests, pushed_on_merge_request};
use super::steps::{
    IMAGE_INPUT, ImagePush, LastKnown, docker_words, is_pushed, last_part, pushes, waiting_for, without_tag,
};
use crate::finding::{Finding, Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::sources::patterns;
use crate::text::listed;
use crate::workflow::{
    BuildCall, Builder, Event, Job, PipelineKind, Step, StepScript, Switch, WorkflowPlace, WorkflowText,
    expression_names,
};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "only-latest-tag" => only_latest_tag;
    "pushed-on-pull-request" => pushed_on_request;
    "digest-not-used" => digest_not_used;
}

/// The meaning there of what brings an image to a platform that runs it.
const DEPLOYS: &str = "deploys an image to a platform";

/// Uses of one build's image that are reported.
const USES: usize = 100;

/// Nobody can go back to an image whose only name is that of the next one.
fn only_latest_tag(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    let mut pushes = pushes(cx);
    for push in &mut pushes {
        let place = (push.job, push.step);
        push.tags.iter_mut().for_each(|tag| put_constant(cx, place, tag));
    }
    let more_names = MoreNames::of(cx, &pushes);
    let mut pushing_all = LastKnown::new();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for push in &pushes {
        let all_latest = !push.tags.is_empty() && push.tags.iter().all(|tag| is_latest(&tag.text) == Some(true));
        let by_digest =
            push.call.is_some_and(|call| call.outputs.iter().any(|output| output.text.contains("push-by-digest")));
        let mut pushes_all = || *pushing_all.of((push.job, push.step), || pushes_all_tags(cx, push));
        if !all_latest || by_digest || push.call.is_none() && pushes_all() {
            continue;
        }
        let Some(first) = push.tags.first() else { continue };
        if more_names.has_more(push) || !reported.insert(without_tag(&first.text)) {
            continue;
        }
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
        // A variable may hold the tag too.
        && without_tag(written) == without_tag(&first.text)
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

/// What gives pushed images names beside `latest`.
struct MoreNames<'p> {
    /// Images by their names that are pushed under another tag too.
    names: HashSet<&'p str>,
    /// Whether a pushed image may have any name.
    has_open: bool,
    /// For jobs with steps that name images, the last of these.
    naming: BTreeMap<usize, usize>,
}

impl<'p> MoreNames<'p> {
    fn of(cx: &WorkflowContext, pushes: &'p [ImagePush]) -> Self {
        let tags = pushes.iter().flat_map(|push| &push.tags);
        let others: Vec<&str> = tags.map(|tag| tag.text.as_str()).filter(|tag| is_latest(tag) != Some(true)).collect();
        let names_image = |step: &Step| {
            step.script.as_ref().is_some_and(|script| {
                ["imagetools create", "crane tag", "skopeo copy", "regctl image copy", "docker tag"]
                    .iter()
                    .any(|word| script.text.text.contains(word))
            })
        };
        let jobs = cx.workflow().jobs.iter().enumerate();
        Self {
            names: others.iter().map(|tag| without_tag(tag)).collect(),
            has_open: others.iter().any(|tag| last_part(tag).contains('$')),
            naming: jobs.filter_map(|(number, job)| Some((number, job.steps.iter().rposition(names_image)?))).collect(),
        }
    }

    /// Whether the image of a push has more names, or gets them by a later command or in another job.
    fn has_more(&self, push: &ImagePush) -> bool {
        let is_named_later = || {
            let others = self.naming.len() - usize::from(self.naming.contains_key(&push.job));
            others > 0 || self.naming.get(&push.job).is_some_and(|last| *last >= push.step)
        };
        self.has_open
            || push.tags.iter().any(|tag| self.names.contains(without_tag(&tag.text)))
            || push.call.is_some() && is_named_later()
    }
}

/// Whether runs of pull requests that are open start the pipeline.
fn runs_on_pull_request(event: &Event) -> bool {
    let is_closed_only = |types: &[WorkflowText]| !types.is_empty() && types.iter().all(|text| text.text == "closed");
    event.name == "pull_request" && !event.filter("types").is_some_and(is_closed_only)
}

/// Whether what has a condition runs for pull requests all the same.
fn is_open(condition: Option<&WorkflowText>) -> bool {
    condition.is_none_or(|condition| admits_pull_requests(&condition.text))
}

/// For each job, whether a condition on it, or on those that it waits for, may leave pull requests out.
fn conditional_jobs(cx: &WorkflowContext) -> Vec<bool> {
    let jobs = &cx.workflow().jobs;
    let has_condition = |number: usize| !is_open(jobs[number].condition.as_ref());
    let waits = waiting_for(jobs, has_condition);
    waits.into_iter().enumerate().map(|(number, waits)| waits || has_condition(number)).collect()
}

/// What pull requests of GitHub push, and merge requests of GitLab, whose jobs say themselves when they run.
fn pushed_on_request(cx: &WorkflowContext, out: &mut Findings) {
    match cx.workflow().kind {
        PipelineKind::Gitlab => pushed_on_merge_request(cx, out),
        _ => pushed_on_pull_request(cx, out),
    }
}

/// A pull request is not merged, and one of a fork has no secrets.
fn pushed_on_pull_request(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    let has_others = workflow.events.iter().any(|event| matches!(&*event.name, "push" | "release" | "schedule"));
    if !workflow.events.iter().any(runs_on_pull_request) || !has_others {
        return;
    }
    let mut pushed = false;
    let are_conditional = conditional_jobs(cx);
    let needed: HashSet<&str> = workflow.jobs.iter().flat_map(|job| &job.needs).map(String::as_str).collect();
    let is_registry_near = cx.source().text().contains("localhost:5000");
    let mut local = LastKnown::new();
    for call in cx.calls().iter().filter(|call| matches!(call.builder, Builder::Action | Builder::Bake)) {
        let (job, step) = (cx.job(call), cx.step(call));
        let (place, is_input) = match (&call.push, call.outputs.first()) {
            (Switch::On(place), _) => (*place, true),
            (Switch::Off, Some(output)) if is_pushed(call) => (output.place, false),
            _ => continue,
        };
        let is_local = is_registry_near || *local.of(call.job, || starts_registry(job));
        let mut texts = call.tags.iter().chain(&call.outputs).map(|text| text.text.as_str());
        let is_meant = texts.any(|text| is_of_request(cx, (call.job, call.step), text));
        if !is_open(step.condition.as_ref()) || is_meant || are_conditional[call.job] || is_local {
            continue;
        }
        pushed = true;
        if is_previewed(cx, call.job, call.step) {
            continue;
        }
        let message =
            "the image is pushed for pull requests too: code that is not merged, and without rights to push from forks";
        let Some(finding) = cx.finding(place, message) else { continue };
        if !is_input {
            let later = steps_behind(job, call.step);
            out.push(
                finding
                    .help(format!("push in a step of its own, with `if: github.event_name != 'pull_request'`{later}")),
            );
            continue;
        }
        let value = "${{ github.event_name != 'pull_request' }}";
        // The cache in a registry needs the same rights.
        if call.cache_to.iter().any(|entry| entry.kind() == "registry") {
            out.push(finding.help(format!(
                "write `push: {value}`, and `cache-to` with `${{{{ github.event_name != 'pull_request' && '…' || '' }}}}`, as that is written to the registry too"
            )));
            continue;
        }
        let finding = finding.help(format!("write `push: {value}`{}", reader_help(cx, job, call)));
        let change = WorkflowChange::Set(step.path_to(&["with", "push"]), NewValue::Inline(value.to_owned()));
        // Steps behind the push, and jobs that wait for it, may use what is in the registry.
        let safety = if job.steps.len() > call.step + 1 || needed.contains(job.id.as_str()) {
            Safety::Unsafe("later steps may need the image in the registry".to_owned())
        } else if job.steps.iter().any(|step| step.uses("docker/metadata-action")) {
            Safety::Unsafe("images of pull requests, which may have tags of their own, are no longer pushed".to_owned())
        } else {
            Safety::Safe
        };
        out.push(cx.fixed(finding, "push when merged", safety, &[change]));
    }
    pushed |= push_scripts(cx, &are_conditional, out);
    if !pushed {
        login_without_secrets(cx, &are_conditional, out);
    }
}

/// What the help says of a job or a later step that takes the image of a build from the registry; empty where there is none.
fn reader_help(cx: &WorkflowContext, job: &Job, call: &BuildCall) -> String {
    let image = call.tags.first().map_or("", |tag| without_tag(&tag.text));
    // What an expression names as a whole is known to none but the run.
    let image = if image.is_empty() || image.starts_with("${{") { "docker pull " } else { image };
    let runs_image =
        |text: &str| text.contains(image) && (text.contains("docker pull ") || text.contains("docker run "));
    if job.steps.iter().skip(call.step + 1).flat_map(texts_of).any(runs_image) {
        return "; a later step takes the image from the registry: on pull requests give this one `load: true` and run \
                what it loads, or give that step the condition too"
            .to_owned();
    }
    let steps = steps_behind(job, call.step);
    if !steps.is_empty() {
        return steps;
    }
    reader_of(cx, job, image).map_or_else(String::new, |reader| {
        format!("; the job `{}` needs the image and waits for this one: give it the condition too", reader.id)
    })
}

/// What the help says of steps behind a push that deploy, sign or attest what it pushed; empty where there are none.
fn steps_behind(job: &Job, number: usize) -> String {
    const SIGNS: [&str; 3] = ["cosign ", "actions/attest", ".outputs.digest"];
    let needs_image = |step: &&Step| {
        let action = step.action.as_ref().map(|action| action.name.as_str());
        let mut texts = texts_of(step).chain(action);
        is_open(step.condition.as_ref())
            && texts.any(|text| patterns::shows(text, DEPLOYS) || SIGNS.iter().any(|sign| text.contains(sign)))
    };
    let steps: Vec<&Step> = job.steps.iter().skip(number + 1).filter(needs_image).collect();
    let names: Vec<&str> = steps.iter().filter_map(|step| step.name.as_ref()).map(|name| name.text.as_str()).collect();
    match steps.len() {
        0 => String::new(),
        1 if names.is_empty() => "; a later step needs what is pushed: give it the condition too".to_owned(),
        _ if names.is_empty() => "; later steps need what is pushed: give them the condition too".to_owned(),
        1 => format!("; the step {} needs what is pushed: give it the condition too", listed(&names)),
        _ => format!("; the steps {} need what is pushed: give them the condition too", listed(&names)),
    }
}

/// A job that waits for another one and names its image.
fn reader_of<'a>(cx: &WorkflowContext<'a, '_>, job: &Job, image: &str) -> Option<&'a Job> {
    let names_image = |other: &&Job| {
        let images = other.image.iter().chain(&other.services).map(|text| text.text.as_str());
        let mut texts = images.chain(other.steps.iter().flat_map(texts_of));
        !image.is_empty() && texts.any(|text| text.contains(image))
    };
    let mut waiting = cx.workflow().jobs.iter().filter(|other| other.needs.contains(&job.id));
    waiting.find(names_image)
}

/// The same by `docker push` in a script that does not ask for which event it runs; whether there is one.
fn push_scripts(cx: &WorkflowContext, are_conditional: &[bool], out: &mut Findings) -> bool {
    const QUESTIONS: [&str; 4] = ["event_name", "EVENT_NAME", "ref", "REF"];
    let is_registry_near = cx.source().text().contains("localhost:5000");
    let mut steps = HashSet::new();
    for push in pushes(cx).into_iter().filter(|push| push.call.is_none()) {
        let job = &cx.workflow().jobs[push.job];
        let step = &job.steps[push.step];
        let asks = |script: &StepScript| QUESTIONS.iter().any(|word| script.text.text.contains(word));
        let place = (push.job, push.step);
        let is_of_request = push.tags.iter().any(|tag| is_of_request(cx, place, &tag.text));
        let is_local = is_registry_near || starts_registry(job);
        if !is_open(step.condition.as_ref())
            || are_conditional[push.job]
            || is_local
            || is_of_request
            || step.script.as_ref().is_some_and(asks)
            || !steps.insert((push.job, push.step))
            || is_previewed(cx, push.job, push.step)
        {
            continue;
        }
        let message =
            "the image is pushed for pull requests too: code that is not merged, and without rights to push from forks";
        let Some(finding) = cx.finding(push.place, message) else { continue };
        // Builds of the same step show that the image of a pull request can be built.
        let lead = if cx.calls_of_step(push.job, push.step).is_empty() {
            "give the step"
        } else {
            "move the push into a step of its own, with"
        };
        let later = steps_behind(job, push.step);
        out.push(finding.help(format!("{lead} `if: github.event_name != 'pull_request'`{later}")));
    }
    !steps.is_empty()
}

/// Whether a step behind a push, or a job that waits for it, runs for pull requests, as its condition or its name says, and
/// deploys: reviewers see a preview of what is not merged.
fn is_previewed(cx: &WorkflowContext, job: usize, step: usize) -> bool {
    let jobs = &cx.workflow().jobs;
    let waits = waiting_for(jobs, |number| number == job);
    let is_for_requests = |condition: &WorkflowText| {
        ["== 'pull_request'", "!= 'release'", "!= 'push'"].iter().any(|text| condition.text.contains(text))
    };
    let says_so = |name: &str| name.to_ascii_lowercase().contains("preview");
    let deploys = |step: &Step| {
        let script = step.script.as_ref().map(|script| script.text.text.as_str());
        let name = step.action.as_ref().map(|action| action.name.as_str()).or(script);
        name.is_some_and(|text| patterns::shows(text, DEPLOYS))
    };
    jobs.iter().enumerate().any(|(number, other)| {
        let behind = if number == job { step + 1 } else { 0 };
        let is_preview_job = says_so(&other.id) || other.condition.as_ref().is_some_and(is_for_requests);
        let is_preview = |step: &&Step| {
            is_preview_job
                || step.condition.as_ref().is_some_and(is_for_requests)
                || step.name.as_ref().is_some_and(|name| says_so(&name.text))
        };
        let steps = other.steps.get(behind..).unwrap_or_default();
        (number == job || waits[number]) && steps.iter().filter(is_preview).any(deploys)
    })
}

/// Whether a job starts a registry of its own, which pull requests may push to.
fn starts_registry(job: &Job) -> bool {
    job.services.iter().any(|service| service.text.contains("registry"))
}

/// A login with secrets fails for pull requests of forks.
fn login_without_secrets(cx: &WorkflowContext, are_conditional: &[bool], out: &mut Findings) {
    // Where a login of a job before fails, a job is not started.
    let logs_in =
        |job: &&Job| job.steps.iter().any(|step| step.uses("docker/login-action") && step.condition.is_none());
    let logging_in: HashSet<&str> = cx.workflow().jobs.iter().filter(logs_in).map(|job| job.id.as_str()).collect();
    let waits = |job: &Job| job.needs.iter().any(|name| logging_in.contains(name.as_str()));
    let (mut waiting, mut pushing) = (LastKnown::new(), LastKnown::new());
    let jobs = cx.workflow().jobs.iter().enumerate();
    let steps = jobs.flat_map(|(number, job)| job.steps.iter().map(move |step| (number, step)));
    for (number, step) in steps.filter(|(_, step)| step.uses("docker/login-action")) {
        let Some(password) = step.input("password") else { continue };
        let names = expression_names(&password.value.text);
        let is_secret = |name: &String| name.starts_with("secrets.") && name != "secrets.GITHUB_TOKEN";
        // Two names are an alternative: the token of the run stands in.
        let is_certain = names.len() == 1 && names.iter().all(is_secret);
        let is_first = !*waiting.of(number, || cx.workflow().jobs.get(number).is_some_and(waits));
        if !is_certain
            || !is_first
            || step.condition.is_some()
            || are_conditional[number]
            || step.place.file != 0
            || *pushing.of(number, || pushes_otherwise(cx, number))
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

/// Whether a job pushes by a command or an output, which the condition of a login does not stop.
fn pushes_otherwise(cx: &WorkflowContext, number: usize) -> bool {
    let pushes = |step: &Step| {
        let is_push = |text: &str| ["docker push", "compose push", "--push"].iter().any(|push| text.contains(push));
        step.condition.is_none() && step.script.as_ref().is_some_and(|script| is_push(&script.text.text))
    };
    let is_pushed = |call: &BuildCall| !call.push.may_be_on() && call.may_push();
    cx.calls_of_job(number).iter().any(is_pushed)
        || cx.workflow().jobs.get(number).is_some_and(|job| job.steps.iter().any(pushes))
}

/// A tag may have moved between the push and its use; the digest of the build is that image.
fn digest_not_used(cx: &WorkflowContext, out: &mut Findings) {
    let mut used = LastKnown::new();
    for push in pushes(cx) {
        let Some(call) = push.call.filter(|call| call.builder == Builder::Action) else { continue };
        let [tag] = &call.tags[..] else { continue };
        let used = used.of(call.job, || used_images(cx.job(call)));
        let steps = used.get(&tag.text).map_or(&[][..], Vec::as_slice);
        let behind = &steps[steps.partition_point(|(at, _)| *at <= call.step)..];
        for &(_, place) in behind.iter().take(USES) {
            let text = &tag.text;
            let message = format!("`{text}` is looked up by its tag, though the build in this job knows its digest");
            let Some(finding) = cx.finding(place, message) else { continue };
            let id = cx.step(call).id.clone().unwrap_or_else(|| "build".to_owned());
            let name = without_tag(text);
            out.push(
                finding
                    .help(format!("write `{name}@${{{{ steps.{id}.outputs.digest }}}}`, with `id: {id}` at the build")),
            );
        }
    }
}

/// The images that steps of a job scan or sign, with the steps and the places.
fn used_images(job: &Job) -> BTreeMap<String, Vec<(usize, WorkflowPlace)>> {
    let mut used: BTreeMap<String, Vec<(usize, WorkflowPlace)>> = BTreeMap::new();
    for (number, step) in job.steps.iter().enumerate() {
        if let Some((place, text)) = used_image(step) {
            used.entry(text).or_default().push((number, place));
        }
    }
    used
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
