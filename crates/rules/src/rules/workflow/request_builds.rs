//! A rule about images that are built for the first time when a change is merged.

use super::steps::waiting_for;
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::workflow::{Job, PipelineKind, Step, Workflow};

crate::rules::family! {
    of_workflow
    "image-unbuilt-on-pull-request" => image_unbuilt_on_pull_request;
}

const EVENT: &str = "pull_request";

/// Meaning in `data/source_patterns.tsv`.
const BUILDING: &str = "text of a step that may build an image";

/// Jobs run for pull requests, and those that build images do not.
fn image_unbuilt_on_pull_request(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    if workflow.kind != PipelineKind::Github || !has_requests(workflow) || !workflow.gaps.is_empty() {
        return;
    }
    let Some(call) = cx.calls().first() else { return };
    let left_out = jobs_left_out(workflow);
    let is_left_out = |job: usize, step: usize| {
        left_out[job]
            || is_merged_only(workflow.jobs[job].steps[step].condition.as_ref().map(|text| text.text.as_str()))
    };
    let is_built_later = cx.calls().iter().all(|call| is_left_out(call.job, call.step));
    let runs_others = workflow.jobs.iter().enumerate().any(|(number, job)| !left_out[number] && !job.steps.is_empty());
    let may_build = workflow.jobs.iter().enumerate().filter(|(number, _)| !left_out[*number]).any(|(number, job)| {
        job.calls.is_some()
            || job.steps.iter().enumerate().any(|(at, step)| !is_left_out(number, at) && may_build(step))
    });
    if !is_built_later || !runs_others || may_build || others_build(cx) {
        return;
    }
    let job = cx.job(call);
    let conditions = [job.condition.as_ref(), cx.step(call).condition.as_ref()];
    let place = conditions.into_iter().flatten().next().map_or(job.place, |condition| condition.place);
    let message =
        "no image is built for pull requests: a Dockerfile that does not build any more is seen on the main branch";
    let Some(finding) = cx.finding(place, message) else { return };
    out.push(finding.help(
        "build there too, without pushing: take the condition off the build, and write `push: ${{ github.event_name != 'pull_request' }}`",
    ));
}

/// Whether open pull requests start a workflow.
fn has_requests(workflow: &Workflow) -> bool {
    workflow.events.iter().any(|event| event.name == EVENT && event.filter("types").is_none())
}

/// For each job, whether it surely does not run for pull requests: by its condition, or that of one that it waits for.
fn jobs_left_out(workflow: &Workflow) -> Vec<bool> {
    let jobs = &workflow.jobs;
    let is_merged = |job: &Job| is_merged_only(job.condition.as_ref().map(|text| text.text.as_str()));
    let waits = waiting_for(jobs, |number| is_merged(&jobs[number]));
    // A job with `always()` runs behind one that was left out, too.
    let is_sure = |job: &Job| job.condition.as_ref().is_none_or(|condition| !condition.text.contains("always()"));
    jobs.iter().zip(waits).map(|(job, waits)| is_merged(job) || waits && is_sure(job)).collect()
}

/// Whether a condition surely does not hold for pull requests, whose reference is `refs/pull/…`.
fn is_merged_only(condition: Option<&str>) -> bool {
    let Some(text) = condition else { return false };
    let text = text.trim();
    let text = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text);
    let excludes = |term: &str| {
        let term: String = term.chars().filter(|c| !c.is_whitespace()).collect();
        let is_other = |value: &str| value.starts_with('\'') && value != "'pull_request'";
        term.strip_prefix("github.event_name==").is_some_and(is_other)
            || term == "github.event_name!='pull_request'"
            || term.starts_with("github.ref=='refs/heads/")
            || term.starts_with("github.ref_name=='")
            || term == "github.ref_type=='tag'"
            || term.starts_with("startsWith(github.ref,'refs/tags/")
            || term.starts_with("startsWith(github.ref,'refs/heads/")
    };
    // Brackets around a choice are not followed.
    let is_plain =
        !text.trim_start().starts_with('(') && !text.contains("&& (") && !text.contains("&&(") && !text.contains("!(");
    is_plain && text.split("||").all(|terms| terms.split("&&").any(excludes))
}

/// Whether a step may build an image by a command or an action that is not read as a build.
fn may_build(step: &Step) -> bool {
    let shows = |text: &str| patterns::shows(text, BUILDING);
    let action = step.action.as_ref().map_or("", |action| action.name.as_str());
    let is_tool = ["docker/login-action", "docker/setup-buildx-action", "docker/setup-qemu-action"]
        .iter()
        .any(|name| step.uses(name));
    let is_local = action.starts_with("./");
    is_local || !is_tool && shows(action) || step.script.as_ref().is_some_and(|script| shows(&script.text.text))
}

/// Whether another workflow of the repository may build images for pull requests.
fn others_build(cx: &WorkflowContext) -> bool {
    let mut others = cx.inputs.workflows.iter().filter(|other| other.file != cx.input.file);
    others.any(|other| {
        let workflow = &other.workflow;
        let is_for_requests = workflow.events.iter().any(|event| event.name.starts_with(EVENT));
        let builds = || workflow.jobs.iter().any(|job| job.calls.is_some() || job.steps.iter().any(may_build));
        workflow.kind == PipelineKind::Github && is_for_requests && builds()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_leave_pull_requests_out() {
        for (condition, expected) in [
            ("github.ref == 'refs/heads/main'", true),
            ("${{ github.event_name == 'push' }}", true),
            ("github.event_name != 'pull_request' && success()", true),
            ("startsWith(github.ref, 'refs/tags/v')", true),
            ("github.ref == 'refs/heads/main' || startsWith(github.ref, 'refs/tags/')", true),
            ("github.ref == 'refs/heads/main' || github.event.label == 'a'", false),
            ("github.event_name == 'pull_request'", false),
            ("github.actor != 'dependabot[bot]'", false),
            ("!(github.event_name == 'push')", false),
            ("always()", false),
        ] {
            assert_eq!(is_merged_only(Some(condition)), expected, "{condition}");
        }
    }
}
