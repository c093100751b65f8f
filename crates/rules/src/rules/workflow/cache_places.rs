//! Rules about where a cache is kept, and whether the builder can write there.

use std::collections::BTreeSet;

use super::cache::{JobBuilder, JobState, add_builder, has_role};
use super::runners::{ImageStore, image_stores};
use super::steps::LastKnown;
use crate::finding::{Findings, Safety};
use crate::rules::WorkflowContext;
use crate::workflow::{Builder, CacheEntry, Job, Step};

crate::rules::family! {
    of_workflow
    "cache-without-builder" => cache_without_builder;
    "local-cache-grows" => local_cache_grows;
}

/// Folders of one pipeline that are looked for in the scripts of their jobs.
const FOLDERS: usize = 100;

/// The builder of the engine refuses to write a cache.
fn cache_without_builder(cx: &WorkflowContext, out: &mut Findings) {
    let mut last = None;
    let mut jobs = LastKnown::new();
    for call in cx.calls() {
        let job = cx.job(call);
        let is_written = |entry: &&CacheEntry| !matches!(entry.kind(), "" | "inline");
        let Some(entry) = call.cache_to.iter().find(is_written) else { continue };
        let is_buildx = matches!(call.builder, Builder::Action | Builder::Buildx | Builder::Docker);
        let is_plain = call.builder_name.is_none() && job.image.is_none() && call.place.file == 0;
        if !is_buildx || !is_plain || last == Some(call.job) {
            continue;
        }
        let state: &JobState = jobs.of(call.job, || JobState::of(cx, call.job));
        if state.builder(call.step) != JobBuilder::Engine || !state.is_hosted {
            continue;
        }
        // With containerd's store the engine writes these, and no others.
        let is_written_there = matches!(entry.kind(), "gha" | "local" | "registry");
        let stores = image_stores(cx.workflow(), job);
        if is_written_there && !stores.contains(&ImageStore::Engine) {
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
    let mut jobs = LastKnown::new();
    let mut left = FOLDERS;
    for call in cx.calls() {
        let read: BTreeSet<&str> = call
            .cache_from
            .iter()
            .filter(|entry| entry.kind() == "local")
            .filter_map(|entry| entry.get("src"))
            .collect();
        for entry in call.cache_to.iter().filter(|entry| entry.kind() == "local") {
            let Some(folder) = entry.get("dest").filter(|folder| read.contains(folder)) else { continue };
            let job: &KeptFiles = jobs.of(call.job, || KeptFiles::of(cx.job(call)));
            if !job.are_kept || left == 0 {
                continue;
            }
            left -= 1;
            if job.scripts.iter().any(|script| script.contains(folder)) {
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

/// What a job does with folders.
struct KeptFiles<'j> {
    /// Whether it keeps files for the next run.
    are_kept: bool,
    /// Its scripts: those that name a folder may clear it.
    scripts: Vec<&'j str>,
}

impl<'j> KeptFiles<'j> {
    fn of(job: &'j Job) -> Self {
        let keeps = |step: &Step| step.action.as_ref().is_some_and(|action| has_role(action, "files"));
        let scripts = job.steps.iter().filter_map(|step| step.script.as_ref());
        Self {
            are_kept: job.steps.iter().any(keeps),
            scripts: scripts.map(|script| script.text.text.as_str()).collect(),
        }
    }
}
