//! Rules about what pushes to any branch may replace: the image with the moving tag, and what is deployed.

use super::deploy::deploying_jobs;
use super::references::{is_latest, is_metadata, put_constant};
use super::requests::asks;
use super::steps::{pushes, waiting_for};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::workflow::{Event, Job, PipelineKind, Step, WorkflowPlace, WorkflowText};

crate::rules::family! {
    of_workflow
    "latest-from-any-branch" => latest_from_any_branch;
    "deploy-from-any-branch" => deploy_from_any_branch;
}

/// Meanings in `data/source_patterns.tsv`.
const BEFORE_RELEASE: &str = "branch before the release";

/// Keys with which a job of GitLab says when it runs.
const LIMITS: [&str; 4] = ["rules", "only", "except", "when"];

/// `latest` is moved by whatever is pushed last, of any branch.
fn latest_from_any_branch(cx: &WorkflowContext, out: &mut Findings) {
    let Some(source) = pushes_from(cx) else { return };
    let is_open = open_jobs(cx);
    let mut places: Vec<(usize, usize, WorkflowPlace)> = Vec::new();
    for mut push in pushes(cx) {
        push.tags.iter_mut().for_each(|tag| put_constant(cx, (push.job, push.step), tag));
        let latest = push.tags.iter().find(|tag| is_latest(&tag.text) == Some(true) && tag.text.ends_with(":latest"));
        places.extend(latest.map(|tag| (push.job, push.step, tag.place)));
    }
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let metadata = job.steps.iter().enumerate().filter(|(_, step)| is_metadata(step));
        let lines = metadata.filter_map(|(at, step)| Some((at, step.input("tags")?)));
        let lines = lines.flat_map(|(at, input)| input.lines.iter().map(move |line| (at, line)));
        places.extend(lines.filter(|(_, line)| is_raw_latest(&line.text)).map(|(at, line)| (number, at, line.place)));
    }
    places.sort();
    let is_unlimited = |(job, step, _): &&(usize, usize, WorkflowPlace)| {
        is_open[*job] && is_plain_step(&cx.workflow().jobs[*job].steps[*step])
    };
    let Some((_, _, place)) = places.iter().find(is_unlimited) else { return };
    let message = format!("a push to {source} moves `latest` to its image, merged or not");
    let Some(finding) = cx.finding(*place, message) else { return };
    out.push(finding.help(match cx.workflow().kind {
        PipelineKind::Gitlab => "push `latest` in a job with the rule `if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH`",
        _ => "let docker/metadata-action make it: `type=raw,value=latest,enable={{is_default_branch}}`",
    }));
}

/// A job that deploys what any branch has.
fn deploy_from_any_branch(cx: &WorkflowContext, out: &mut Findings) {
    let by_hand = || {
        let is_dispatch = |event: &Event| event.name == "workflow_dispatch";
        let is_started = cx.workflow().events.iter().any(is_dispatch);
        is_started.then(|| "a run that somebody starts on any branch".to_owned())
    };
    let pushed = pushes_from(cx).map(|source| format!("a push to {source}"));
    let Some(source) = pushed.or_else(by_hand) else { return };
    let is_open = open_jobs(cx);
    let jobs = cx.workflow().jobs.iter().enumerate().filter(|(number, _)| is_open[*number]);
    // The rules of an environment may name its branches.
    let mut jobs = jobs.filter(|(_, job)| job.key("environment").is_none());
    let deploys = deploying_jobs(cx);
    let Some((_, job)) = jobs.find(|(number, _)| deploys[*number]) else { return };
    let message = format!("{source} deploys that branch with the job `{}`: what is not merged serves people", job.id);
    let Some(finding) = cx.finding(job.place, message) else { return };
    out.push(finding.help(match cx.workflow().kind {
        PipelineKind::Gitlab => "give it the rule `if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH`",
        _ => "write `if: github.ref == 'refs/heads/main'`, or an `environment` whose branches are limited",
    }));
}

/// The branches whose pushes start the pipeline, as a message names them, where some of them are no releases.
fn pushes_from(cx: &WorkflowContext) -> Option<String> {
    match cx.workflow().kind {
        PipelineKind::Github => source_of(cx.workflow().events.iter().find(|event| event.name == "push")?),
        // Without rules, each push starts a pipeline of its branch.
        PipelineKind::Gitlab if !cx.has_key(&["workflow"]) && cx.workflow().gaps.is_empty() => {
            Some("any branch".to_owned())
        }
        _ => None,
    }
}

/// The branches of an event.
fn source_of(event: &Event) -> Option<String> {
    let Some(branches) = event.filter("branches") else {
        let is_open = ["branches-ignore", "tags"].iter().all(|key| event.filter(key).is_none());
        return is_open.then(|| "any branch".to_owned());
    };
    if branches.iter().any(|branch| branch.text.starts_with('!')) {
        return None;
    }
    if branches.iter().any(|branch| matches!(&*branch.text, "*" | "**")) {
        return Some("any branch".to_owned());
    }
    let is_before = |branch: &&WorkflowText| patterns::words(BEFORE_RELEASE).any(|known| known == branch.text);
    // A list of such branches alone is that of a pipeline for them.
    let before: Vec<_> = branches.iter().filter(is_before).collect();
    if before.len() == branches.len() {
        return None;
    }
    Some(format!("`{}`", before.first()?.text))
}

/// For each job, whether nothing limits when it runs: no condition of it or of a job that it waits for.
fn open_jobs(cx: &WorkflowContext) -> Vec<bool> {
    let jobs = &cx.workflow().jobs;
    let is_gitlab = cx.workflow().kind == PipelineKind::Gitlab;
    let is_limited = |job: &Job| job.condition.is_some() || is_gitlab && is_limited(job);
    let waits = waiting_for(jobs, |number| is_limited(&jobs[number]));
    jobs.iter().zip(waits).map(|(job, waits)| !waits && !is_limited(job)).collect()
}

/// Whether keys of GitLab say when a job runs, or it may have them in another file.
fn is_limited(job: &Job) -> bool {
    job.is_partial || LIMITS.iter().any(|key| job.key(key).is_some())
}

/// Whether a step runs each time, and does not ask for the branch.
fn is_plain_step(step: &Step) -> bool {
    let script = step.script.as_ref().map_or("", |script| script.text.text.as_str());
    let asks_github = ["GITHUB_REF", "github.ref", "github.event", "GITHUB_EVENT", "branch"];
    step.condition.is_none() && !asks(step) && !asks_github.iter().any(|word| script.contains(word))
}

/// Whether a line of docker/metadata-action gives `latest` each time.
fn is_raw_latest(line: &str) -> bool {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let is_raw = fields.contains(&"type=raw") && fields.contains(&"value=latest") || fields == ["latest"];
    is_raw && !fields.iter().any(|field| field.starts_with("enable=") && *field != "enable=true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tags_give_latest_each_time() {
        for (line, expected) in [
            ("type=raw,value=latest", true),
            ("type=raw, value=latest, enable=true", true),
            ("latest", true),
            ("type=raw,value=latest,enable={{is_default_branch}}", false),
            ("type=raw,value=latest,enable=${{ github.ref == 'refs/heads/main' }}", false),
            ("type=sha", false),
        ] {
            assert_eq!(is_raw_latest(line), expected, "{line}");
        }
    }
}
