//! Rules about caches that one build writes and another one reads.

use std::collections::{BTreeSet, HashSet};

use super::cache::{BUILDS, JobBuilder, JobState, cache_place, is_flow, is_for_pull_requests};
use super::steps::LastKnown;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::path;
use crate::workflow::{BuildCall, Builder, CacheEntry, PipelineKind, Workflow};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "cache-never-read" => cache_never_read;
    "cache-never-written" => cache_never_written;
    "cache-out-of-reach" => cache_out_of_reach;
}

/// All builds that may have to do with the caches of a pipeline; `None` where not all pipelines of the repository were
/// read, or a file of bake may name caches.
fn known_calls<'a>(cx: &WorkflowContext<'a, '_>) -> Option<Vec<(&'a Workflow, &'a BuildCall)>> {
    if cx.workflow().kind != PipelineKind::Github || !cx.repository().is_complete {
        return None;
    }
    let inputs = &cx.inputs.workflows;
    let of_input = |input: &'a crate::inputs::WorkflowInput| input.calls.iter().map(|call| (&*input.workflow, call));
    let calls: Vec<_> = inputs.iter().flat_map(of_input).take(BUILDS * 5 + 1).collect();
    let is_clear =
        |(_, call): &(&Workflow, &BuildCall)| call.builder != Builder::Bake && call.builder != Builder::OtherAction;
    // What many files cost is looked at last.
    if calls.len() > BUILDS * 5 || !calls.iter().all(is_clear) {
        return None;
    }
    let read: HashSet<&str> = inputs.iter().map(|input| &*input.path).collect();
    let mut pipelines = cx.repository().below(".github/workflows").filter(|file| path::is_yaml(file));
    pipelines.all(|file| read.contains(file)).then_some(calls)
}

/// Caches by their places.
#[derive(Default)]
struct CachePlaces {
    places: BTreeSet<(String, String)>,
    /// The types with a cache whose place is known.
    kinds: BTreeSet<String>,
    /// Those with a cache whose place only a run knows.
    open_kinds: BTreeSet<String>,
    /// Whether one lies in an image.
    has_inline: bool,
    /// Whether the type of one is not known.
    has_unknown: bool,
}

impl CachePlaces {
    fn of<'e>(entries: impl Iterator<Item = &'e CacheEntry>) -> Self {
        let mut places = Self::default();
        for entry in entries {
            places.has_unknown |= entry.kind().is_empty();
            places.has_inline |= entry.kind() == "inline";
            let Some((kind, place)) = cache_place(entry) else { continue };
            if entry.is_open() {
                places.open_kinds.insert(kind.clone());
            }
            places.kinds.insert(kind.clone());
            places.places.insert((kind, place));
        }
        places
    }

    /// Whether one of them may be the same cache.
    fn may_have(&self, wanted: &CacheEntry) -> bool {
        let Some(place) = cache_place(wanted) else { return true };
        self.has_unknown
            || self.has_inline && place.0 == "registry"
            || self.open_kinds.contains(&place.0)
            || wanted.is_open() && self.kinds.contains(&place.0)
            || self.places.contains(&place)
    }
}

fn has_inline_argument(call: &BuildCall) -> bool {
    call.arguments.iter().any(|argument| argument.name == "BUILDKIT_INLINE_CACHE")
}

/// A build reads a cache that no build writes.
fn cache_never_written(cx: &WorkflowContext, out: &mut Findings) {
    // Most builds read what their own file writes: then no other one is looked at.
    let of_file = CachePlaces::of(cx.calls().iter().flat_map(|call| &call.cache_to));
    let has_source = |call: &BuildCall| {
        call.cache_from.is_empty()
            || call.cache_from.iter().any(|entry| entry.kind() == "local" || of_file.may_have(entry))
    };
    if is_for_pull_requests(cx.workflow()) || cx.calls().iter().all(has_source) {
        return;
    }
    let Some(all) = known_calls(cx) else { return };
    let written = CachePlaces::of(all.iter().flat_map(|(_, call)| &call.cache_to));
    let has_inline = all.iter().any(|(_, call)| has_inline_argument(call));
    let mut jobs = LastKnown::new();
    for call in cx.calls() {
        let is_written = |entry: &CacheEntry| {
            has_inline && entry.kind() == "registry" || entry.kind() == "local" || written.may_have(entry)
        };
        if call.cache_from.iter().any(is_written) {
            continue;
        }
        let Some(first) = call.cache_from.first() else { continue };
        let name = first.kind();
        let message = format!("no build writes the cache of the type `{name}` that this one reads: it is always empty");
        let Some(finding) = cx.finding(first.text.place, message) else { continue };
        let finding = finding.help(match call.command {
            None if name == "registry" => {
                "give the step `cache-to` with a reference of its own, such as the tag `buildcache`, and with `mode=max`, and read that: over the tag of an image it would take the place of that image"
            }
            None => "give the step `cache-to` with the same fields, and with `mode=max`",
            Some(_) => "write it with `--cache-to`, or into the image with `--build-arg BUILDKIT_INLINE_CACHE=1`",
        });
        let step = cx.step(call);
        let state: &JobState = jobs.of(call.job, || JobState::of(cx, call.job));
        let can_write = state.builder(call.step) == JobBuilder::New;
        let is_fixed = name == "gha" && call.cache_to.is_empty() && call.command.is_none() && can_write;
        if !is_fixed {
            out.push(finding);
            continue;
        }
        let text = format!("{},mode=max,ignore-error=true", first.text.text);
        let value = if is_flow(cx, step) { NewValue::raw_text(&text) } else { NewValue::Inline(text) };
        let change = WorkflowChange::Set(step.path_to(&["with", "cache-to"]), value);
        out.push(cx.fixed(finding, "write the cache too", Safety::Safe, &[change]));
    }
}

/// Whether a cache is of use without a build that names it.
fn is_kept(entry: &CacheEntry) -> bool {
    entry.kind() == "local" || entry.kind() == "inline"
}

/// A build writes a cache that no build reads.
fn cache_never_read(cx: &WorkflowContext, out: &mut Findings) {
    let of_file = CachePlaces::of(cx.calls().iter().flat_map(|call| &call.cache_from));
    if cx.calls().iter().flat_map(|call| &call.cache_to).all(|entry| is_kept(entry) || of_file.may_have(entry)) {
        return;
    }
    let Some(all) = known_calls(cx) else { return };
    let read = CachePlaces::of(all.iter().flat_map(|(_, call)| &call.cache_from));
    for call in cx.calls() {
        for entry in &call.cache_to {
            let is_read = read.may_have(entry);
            if is_read || is_kept(entry) {
                continue;
            }
            let message = format!("no build reads the cache of the type `{}` that this one writes", entry.kind());
            let Some(finding) = cx.finding(entry.text.place, message) else { continue };
            let finding = finding.help("give the step `cache-from` with the same place, or remove `cache-to`");
            let is_fixed = call.cache_from.is_empty() && call.command.is_none() && call.cache_to.len() == 1;
            let written = if is_fixed { cache_place(entry) } else { None };
            let Some((kind, place)) = written else {
                out.push(finding);
                continue;
            };
            let text = match (&*kind, entry.get("scope")) {
                ("gha", None) => "type=gha".to_owned(),
                ("gha", Some(scope)) => format!("type=gha,scope={scope}"),
                _ => format!("type={kind},ref={place}"),
            };
            let step = cx.step(call);
            let value = if is_flow(cx, step) { NewValue::raw_text(&text) } else { NewValue::Inline(text) };
            let change = WorkflowChange::Set(step.path_to(&["with", "cache-from"]), value);
            out.push(cx.fixed(finding, "read the cache too", Safety::Safe, &[change]));
        }
    }
}

/// A cache of GitHub's is seen on the branch or tag of the run that wrote it, and on branches made from that.
fn cache_out_of_reach(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    let is_closed = |workflow: &Workflow| !workflow.events.is_empty() && workflow.events.iter().all(is_closed_event);
    if !is_closed(workflow) {
        return;
    }
    let Some(all) = known_calls(cx) else { return };
    let open = all.iter().filter(|(workflow, _)| !is_closed(workflow));
    let written = CachePlaces::of(open.flat_map(|(_, call)| &call.cache_to));
    for call in cx.calls() {
        for entry in call.cache_to.iter().filter(|entry| entry.kind() == "gha") {
            if written.may_have(entry) {
                continue;
            }
            let what = if is_for_pull_requests(workflow) { "pull request" } else { "tag" };
            let message = format!("only runs of the same {what} see this cache, as no run on a branch writes it");
            let Some(finding) = cx.finding(entry.text.place, message) else { continue };
            let name = path::name(&cx.input.path);
            out.push(finding.help(format!(
                "write it on the default branch too: add `push` with its name to the events of `{name}`"
            )));
        }
    }
}

/// Whether runs of an event write caches that only runs of the same pull request or tag see.
fn is_closed_event(event: &crate::workflow::Event) -> bool {
    let has = |key: &str| event.filter(key).is_some();
    match &*event.name {
        "pull_request" | "release" => true,
        "push" => has("tags") && !has("branches") && !has("branches-ignore"),
        _ => false,
    }
}
