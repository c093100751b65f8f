//! Rules about where a cache is kept, and whether the builder can write there.

use super::cache::{JobBuilder, add_builder, builder_before, has_role, is_hosted};
use crate::finding::{Findings, Safety};
use crate::rules::WorkflowContext;
use crate::workflow::{BuildCall, Builder, CacheEntry, Job};

crate::rules::family! {
    of_workflow
    "cache-without-builder" => cache_without_builder;
    "local-cache-grows" => local_cache_grows;
}

/// The builder of the engine refuses to write a cache.
fn cache_without_builder(cx: &WorkflowContext, out: &mut Findings) {
    let mut last = None;
    for call in cx.calls() {
        let (job, workflow) = (cx.job(call), cx.workflow());
        let is_written = |entry: &&CacheEntry| !matches!(entry.kind(), "" | "inline");
        let Some(entry) = call.cache_to.iter().find(is_written) else { continue };
        let is_buildx = matches!(call.builder, Builder::Action | Builder::Buildx | Builder::Docker);
        let is_plain = call.builder_name.is_none() && job.image.is_none() && call.place.file == 0;
        let is_engine = builder_before(workflow, job, call.step) == JobBuilder::Engine;
        if !is_buildx || !is_plain || !is_engine || !is_hosted(workflow, job) || last == Some(call.job) {
            continue;
        }
        last = Some(call.job);
        let kind = entry.kind();
        let message = format!("the builder of the engine writes no cache of the type `{kind}`: the step fails");
        let Some(finding) = cx.finding(entry.text.place, message) else { continue };
        let finding = finding.help("add a step with `docker/setup-buildx-action` before it");
        let change = add_builder(cx, job, cx.step(call));
        out.push(cx.fixed(finding, "add a builder that can", Safety::Safe, &[change]));
    }
}

/// A cache in a folder that the next run gets again keeps all that earlier runs wrote.
fn local_cache_grows(cx: &WorkflowContext, out: &mut Findings) {
    for call in cx.calls() {
        let job = cx.job(call);
        let keeps_files =
            job.steps.iter().any(|step| step.action.as_ref().is_some_and(|action| has_role(action, "files")));
        for entry in call.cache_to.iter().filter(|entry| entry.kind() == "local") {
            let Some(folder) = entry.get("dest") else { continue };
            if !keeps_files || !is_read_again(call, folder) || is_cleared(job, folder) {
                continue;
            }
            let message = format!("`{folder}` grows with each run: it keeps what earlier builds wrote");
            let Some(finding) = cx.finding(entry.text.place, message) else { continue };
            out.push(
                finding.help("use `type=gha`, or write to a new folder and move that over the old one afterwards"),
            );
        }
    }
}

fn is_read_again(call: &BuildCall, folder: &str) -> bool {
    call.cache_from.iter().any(|entry| entry.kind() == "local" && entry.get("src") == Some(folder))
}

/// Whether a command of the job names the folder, as those do that clear it.
fn is_cleared(job: &Job, folder: &str) -> bool {
    job.steps.iter().filter_map(|step| step.script.as_ref()).any(|script| script.text.text.contains(folder))
}
