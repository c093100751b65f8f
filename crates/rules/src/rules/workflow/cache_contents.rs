//! Rules about what goes into the cache of a build, and whether it gets there.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::cache::{JobBuilder, add_field, builders_before, has_role, is_hosted};
use super::run_work::{repeated_steps, saves};
use super::steps::LastKnown;
use crate::build::Build;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::Span;
use crate::workflow::{BuildCall, Builder, CacheEntry, LegBuild, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "cache-export-fails-build" => cache_export_fails_build;
    "cache-mounts-lost" => cache_mounts_lost;
    "cache-without-stages" => cache_without_stages;
    "inline-cache-unread" => inline_cache_unread;
}

/// Stages that a message names.
const STAGES: usize = 3;

/// Only the layers of the result are kept of a build that has other stages.
fn cache_without_stages(cx: &WorkflowContext, out: &mut Findings) {
    for call in cx.calls() {
        let is_kept = |entry: &CacheEntry| {
            entry.has_all_stages()
                || entry.kind().is_empty()
                || entry.get("mode").is_some_and(|mode| mode.contains('$'))
        };
        // Kaniko keeps the layers of all stages in one repository.
        if call.builder == Builder::Kaniko || call.cache_to.iter().any(is_kept) || is_built_before(cx, call) {
            continue;
        }
        let Some(entry) = call.cache_to.first() else { continue };
        let mut stages: Vec<String> =
            cx.builds_of(call).iter().flat_map(|(leg, build)| unkept_stages(build, leg)).collect();
        stages.sort();
        stages.dedup();
        if stages.is_empty() {
            continue;
        }
        let names: Vec<String> = stages.iter().take(STAGES).map(|stage| format!("`{stage}`")).collect();
        let word = if stages.len() == 1 { "stage" } else { "stages" };
        let (names, more) = (names.join(", "), stages.len() - names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message =
            format!("the cache lacks the steps of the {word} {names}{more}: they all run again when one changes");
        let Some(finding) = cx.finding(entry.text.place, message) else { continue };
        let finding = finding.help("write `mode=max`, which keeps the steps of all stages");
        out.push(match all_stages(cx, entry) {
            Some((change, safety)) => cx.fixed(finding, "keep all stages", safety, &[change]),
            None => finding.help("write the cache to a place in a registry: `type=registry` with `mode=max`"),
        });
    }
}

/// Whether the same job builds the same Dockerfile before: its builder has the steps of all stages then.
fn is_built_before(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let files = |call: &BuildCall| -> Vec<String> {
        call.legs.iter().flatten().map(|leg| format!("{} {}", leg.context, leg.file)).collect()
    };
    let built = files(call);
    cx.calls_of_job(call.job).iter().any(|other| other.step < call.step && files(other) == built)
}

/// The stages that a leg needs and whose layers are not in its image, as far as they have steps that a cache saves.
fn unkept_stages(build: &Build, leg: &LegBuild) -> Vec<String> {
    let names = |build: &Build| {
        let stages = build.stages().iter().filter(|stage| build.is_needed(stage) && !build.ships(stage));
        let repeated = repeated_steps(build);
        // What each commit repeats, and what takes seconds, is not worth its space.
        stages
            .filter(|stage| saves(build, stage, &repeated))
            .map(|stage| stage.name.clone().unwrap_or_else(|| stage.index.to_string()))
            .collect()
    };
    match &leg.target {
        None => names(build),
        Some(target) if target.contains('$') => Vec::new(),
        Some(target) => {
            let mut input = build.input().clone();
            input.options.target = Some(target.clone());
            let build = Build::new(&input);
            if build.knows_target() { names(&build) } else { Vec::new() }
        }
    }
}

/// The change to `mode=max`, and whether it is safe: what a registry keeps, others may read.
fn all_stages(cx: &WorkflowContext, entry: &CacheEntry) -> Option<(WorkflowChange<'static>, Safety)> {
    let safety = match entry.kind() {
        "inline" => return None,
        "registry" => {
            Safety::Unsafe("the layers of all stages go to the registry, where others may read them".to_owned())
        }
        _ => Safety::Safe,
    };
    let Some(mode) = entry.get("mode") else { return Some((add_field(cx, entry, "mode=max")?, safety)) };
    let WorkflowPlace { file: 0, span } = entry.text.place else { return None };
    let written = cx.source().text().get(span.range())?;
    let at = span.start + written.find(&format!("mode={mode}"))? as u32 + 5;
    let place = WorkflowPlace { file: 0, span: Span::new(at, at + mode.len() as u32) };
    Some((WorkflowChange::Replace(place, "max".to_owned()), safety))
}

/// A cache in the image that nobody reads, as the build has another one.
fn inline_cache_unread(cx: &WorkflowContext, out: &mut Findings) {
    let reads_images = |call: &BuildCall| {
        // What it writes itself is no image.
        let written: BTreeSet<&str> = call.cache_to.iter().filter_map(|entry| entry.get("ref")).collect();
        let is_written = |entry: &CacheEntry| entry.get("ref").is_some_and(|place| written.contains(place));
        call.cache_from.iter().any(|entry| matches!(entry.kind(), "" | "registry") && !is_written(entry))
    };
    let is_read = || cx.inputs.workflows.iter().flat_map(|input| input.calls.iter()).any(reads_images);
    let is_read = LazyCell::new(is_read);
    for call in cx.calls() {
        let Some(argument) = call.arguments.iter().find(|argument| argument.name == "BUILDKIT_INLINE_CACHE") else {
            continue;
        };
        let is_off = argument.value.as_deref().is_some_and(|value| value == "0" || value == "false");
        let has_other = call.cache_to.iter().any(|entry| !matches!(entry.kind(), "" | "inline"));
        if is_off || !has_other || *is_read || argument.place.file != 0 {
            continue;
        }
        let message =
            "`BUILDKIT_INLINE_CACHE` writes a second cache into the image, which no build of the pipelines reads";
        let Some(finding) = cx.finding(argument.place, message) else { continue };
        let finding = finding.help("remove the argument: `cache-to` keeps what the build makes");
        let step = cx.step(call);
        let lines = step.input("build-args").map_or(0, |input| input.lines.len());
        let safety = Safety::Unsafe("builds elsewhere may read their cache from the image".to_owned());
        let change = match lines {
            1 => Some(WorkflowChange::Remove(step.path_to(&["with", "build-args"]))),
            0 => None,
            _ => whole_line(cx, argument.place).map(|place| WorkflowChange::Replace(place, String::new())),
        };
        out.push(match change {
            Some(change) if call.command.is_none() => cx.fixed(finding, "remove the argument", safety, &[change]),
            _ => finding,
        });
    }
}

/// The line of a place, if nothing else stands in it.
fn whole_line(cx: &WorkflowContext, place: WorkflowPlace) -> Option<WorkflowPlace> {
    let source = cx.source();
    let line = source.line(place.span.start);
    let is_alone = source.slice(source.line_span(line)).trim() == source.slice(place.span).trim();
    let span = Span::new(source.line_span(line).start, source.line_span(line + 1).start);
    (is_alone && line < source.line_count()).then_some(WorkflowPlace { span, ..place })
}

/// Cache mounts are folders of the builder, which a new machine does not have.
fn cache_mounts_lost(cx: &WorkflowContext, out: &mut Findings) {
    let mut jobs = LastKnown::new();
    for call in cx.calls() {
        let state = jobs.of(call.job, || {
            let (job, workflow) = (cx.job(call), cx.workflow());
            let is_danced =
                job.steps.iter().any(|step| step.action.as_ref().is_some_and(|action| has_role(action, "mounts")));
            let loses_mounts = !is_danced && is_hosted(workflow, job);
            loses_mounts.then(|| builders_before(workflow, job))
        });
        let builder = state.as_ref().and_then(|builders| builders.get(call.step));
        if !matches!(builder, Some(JobBuilder::New | JobBuilder::Engine)) {
            continue;
        }
        let mut targets: Vec<String> = cx.builds_of(call).iter().flat_map(|(_, build)| cache_mounts(build)).collect();
        targets.sort();
        targets.dedup();
        if targets.is_empty() {
            continue;
        }
        let names: Vec<String> = targets.iter().take(STAGES).map(|target| format!("`{target}`")).collect();
        let list = names.join(", ");
        let message = match names.len() {
            1 => format!("the cache mount {list} is empty in each run: it stays on the machine that is thrown away"),
            _ => format!("the cache mounts {list} are empty in each run: they stay on the machine that is thrown away"),
        };
        let Some(finding) = cx.finding(call.place, message) else { continue };
        out.push(finding.help(
            "steps whose input did not change come from the cache all the same; to keep the folders too, add `reproducible-containers/buildkit-cache-dance`",
        ));
    }
}

/// The folders of the cache mounts of a build.
fn cache_mounts(build: &Build) -> Vec<String> {
    let file = &build.input().file;
    let stages = build.stages().iter().filter(|stage| build.is_needed(stage));
    let instructions = stages.flat_map(|stage| build.instructions(stage));
    let mounts = instructions.flat_map(|(_, instruction)| file.mounts(instruction));
    mounts.filter(|mount| mount.kind() == "cache").filter_map(|mount| mount.target().map(str::to_owned)).collect()
}

/// A cache that cannot be written lets the build fail, unless it is told not to.
fn cache_export_fails_build(cx: &WorkflowContext, out: &mut Findings) {
    for call in cx.calls() {
        for entry in &call.cache_to {
            let is_remote = matches!(entry.kind(), "gha" | "registry" | "s3" | "azblob");
            if !is_remote || entry.get("ignore-error").is_some() {
                continue;
            }
            let message = "the build fails when its cache cannot be written, although the image is complete";
            let Some(finding) = cx.finding(entry.text.place, message) else { continue };
            let finding = finding.help("add `ignore-error=true`");
            out.push(match add_field(cx, entry, "ignore-error=true") {
                Some(change) if call.command.is_none() => {
                    cx.fixed(finding, "ignore such errors", Safety::Safe, &[change])
                }
                _ => finding,
            });
        }
    }
}
