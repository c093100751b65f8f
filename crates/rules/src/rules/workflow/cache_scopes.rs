//! Rules about caches that several builds write to one place.

use std::collections::{BTreeMap, BTreeSet};

use super::cache::{BUILDS, add_field, cache_name, cache_place, is_pushed_to_branches, is_repeated, leg_names};
use super::cache_legs::legs;
use super::steps::last_part;
use crate::data;
use crate::finding::{Findings, Safety};
use crate::inputs::{Inputs, WorkflowInput};
use crate::rules::dockerfile_index::CachePipeline;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::Span;
use crate::workflow::{BuildCall, Builder, CacheEntry, PipelineKind, Step, Workflow, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "cache-ref-shared" => cache_ref_shared;
    "gha-scope-shared" => gha_scope_shared;
}

/// The variable with the token of the cache service (docs.docker.com/build/cache/backends/gha).
const TOKEN: &str = "ACTIONS_RUNTIME_TOKEN";

/// Legs that are compared with each other.
const WRITERS: usize = 500;

/// Places of one pipeline that are looked at.
const PLACES: usize = 20_000;

/// Other workflows that are compared with one.
const WORKFLOWS: usize = 50;

/// Names that a message lists.
const NAMES: usize = 3;

/// A build of a leg that writes to a place.
pub(super) struct CacheWriter<'c> {
    pub(super) call: &'c BuildCall,
    pub(super) entry: &'c CacheEntry,
    /// Context, Dockerfile and stage.
    pub(super) image: [String; 3],
    /// What else makes legs of one step build different layers: platforms, machine, arguments, the names of the images.
    pub(super) leg: [String; 4],
}

/// The builds that write caches of a type, by the place that they write to.
pub(super) fn writers<'c>(cx: &'c WorkflowContext, kind: &str) -> BTreeMap<String, Vec<CacheWriter<'c>>> {
    let mut writers: BTreeMap<String, Vec<CacheWriter>> = BTreeMap::new();
    let mut left = PLACES;
    for call in cx.calls().iter().filter(|call| call.place.file == 0).take(BUILDS) {
        let entries: Vec<&CacheEntry> = call.cache_to.iter().filter(|entry| entry.kind() == kind).collect();
        // Kaniko's layers have names by what they hold, so that images may share a repository.
        let shares_nothing = call.builder == Builder::Kaniko || kind == "gha" && !reaches_cache_service(cx, call);
        let legs = if entries.is_empty() || shares_nothing { None } else { legs(cx, call) };
        let Some(legs) = legs else { continue };
        for entry in entries {
            let Some((_, place)) = cache_place(entry) else { continue };
            let Some(places) = cx.job(call).matrix.texts(&place) else { continue };
            for (place, (image, leg)) in places.into_iter().zip(&legs) {
                left = left.saturating_sub(1);
                let known = writers.entry(place).or_default();
                if known.len() < WRITERS {
                    known.push(CacheWriter { call, entry, image: image.clone(), leg: leg.clone() });
                }
            }
            if left == 0 {
                return writers;
            }
        }
    }
    writers
}

/// Whether a build gets the token of GitHub's cache: actions do, and scripts behind an action that hands it on.
fn reaches_cache_service(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let hands_on = |step: &Step| {
        let name = step.action.as_ref().map_or("", |action| action.name.as_str());
        data::WORKFLOW_ACTIONS.has(name, "runtime")
            || step.script.as_ref().is_some_and(|script| script.text.text.contains(TOKEN))
    };
    let job = cx.job(call);
    call.command.is_none() || job.variable(TOKEN).is_some() || job.steps.iter().any(hands_on)
}

/// Whether two builds make different layers, and run after each other on one branch.
fn differ(cx: &WorkflowContext, writer: &CacheWriter, other: &CacheWriter) -> bool {
    if std::ptr::eq(writer.call, other.call) {
        return writer.image != other.image || writer.leg != other.leg;
    }
    if !is_known(writer) || !is_known(other) {
        return false;
    }
    let conditions = |writer: &CacheWriter| {
        let (job, step) = (cx.job(writer.call), cx.step(writer.call));
        let texts = [&job.condition, &step.condition].into_iter().flatten().map(|text| text.text.clone());
        texts.filter(|text| text.contains("github.event") || text.contains("github.ref")).collect::<Vec<_>>()
    };
    (writer.image != other.image || are_for_others(writer, other)) && conditions(writer) == conditions(other)
}

/// Whether a build's files are known before it runs.
fn is_known(writer: &CacheWriter) -> bool {
    !writer.image.iter().any(|text| text.contains("${{"))
}

/// Whether two builds of one image have no platform in common.
fn are_for_others(writer: &CacheWriter, other: &CacheWriter) -> bool {
    let [platforms, machine, ..] = &writer.leg;
    let [other_platforms, other_machine, ..] = &other.leg;
    if platforms.is_empty() && other_platforms.is_empty() {
        return machine != other_machine;
    }
    let is_known = |texts: &str| !texts.is_empty() && !texts.contains('$');
    let listed = |texts: &str| -> BTreeSet<String> {
        texts.split([',', '\n']).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    };
    is_known(platforms) && is_known(other_platforms) && listed(platforms).is_disjoint(&listed(other_platforms))
}

/// What the scope of a build has behind its name, where another one of the same image is for other platforms.
fn platform_suffix(writer: &CacheWriter, clashing: &[&CacheWriter]) -> Option<String> {
    let has_twin = clashing.iter().any(|other| !std::ptr::eq(other.call, writer.call) && other.image == writer.image);
    if !has_twin {
        return Some(String::new());
    }
    let [platforms, ..] = &writer.leg;
    let parts: Vec<&str> = platforms.split('/').skip(1).collect();
    let is_plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (!parts.is_empty() && parts.iter().all(is_plain)).then(|| format!("-{}", parts.join("-")))
}

/// The builds of a place that overwrite each other: one for each build that is written, the first first.
fn clashing<'w, 'c>(cx: &WorkflowContext, writers: &'w [CacheWriter<'c>]) -> Vec<&'w CacheWriter<'c>> {
    let first = writers.iter().find(|writer| writers.iter().any(|other| differ(cx, writer, other)));
    let Some(first) = first else { return Vec::new() };
    let mut clashing = vec![first];
    for writer in writers.iter().filter(|writer| differ(cx, first, writer)) {
        if !clashing.iter().any(|known| std::ptr::eq(known.call, writer.call)) {
            clashing.push(writer);
        }
    }
    clashing
}

/// Who writes to one place, for people.
fn names(cx: &WorkflowContext, clashing: &[&CacheWriter], writers: &[CacheWriter]) -> String {
    let [_, _, ..] = clashing else {
        let legs = writers.iter().filter(|writer| std::ptr::eq(writer.call, clashing[0].call)).count();
        return format!("{legs} legs of the job `{}`", cx.job(clashing[0].call).id);
    };
    let is_one_image = clashing.iter().all(|writer| writer.image == clashing[0].image);
    let name = |writer: &&CacheWriter| {
        let [context, file, target] = &writer.image;
        if is_one_image {
            return format!("`{}`", cx.job(writer.call).id);
        }
        let name = if context.is_empty() { file } else { context };
        let target = if target.is_empty() { String::new() } else { format!(" ({target})") };
        format!("`{name}{target}`")
    };
    let names: Vec<String> = clashing.iter().take(NAMES).map(name).collect();
    let more = clashing.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = if is_one_image { "the builds for other platforms in the jobs" } else { "the builds of" };
    format!("{what} {}{more}", names.join(", "))
}

/// A build by the numbers of its job and step, and its command.
type CallKey = (usize, usize, Option<Span>);

fn key_of(call: &BuildCall) -> CallKey {
    (call.job, call.step, call.command)
}

/// The caches of a build by their places: those that it writes, and those that it reads.
fn entries_of(call: &BuildCall) -> BTreeMap<(String, String), Vec<&CacheEntry>> {
    let mut entries: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in call.cache_to.iter().chain(&call.cache_from) {
        if let Some(place) = cache_place(entry) {
            entries.entry(place).or_default().push(entry);
        }
    }
    entries
}

/// The change of the value of a field of a cache; `None` where its text is not written as it is read.
fn set_field(cx: &WorkflowContext, entry: &CacheEntry, field: &str, value: &str) -> Option<WorkflowChange<'static>> {
    let WorkflowPlace { file: 0, span } = entry.text.place else { return None };
    let written = cx.source().text().get(span.range())?;
    let old = format!("{field}={}", entry.get(field)?);
    let at = written.find(&old)? as u32;
    let from = span.start + at + field.len() as u32 + 1;
    let place = WorkflowPlace { file: 0, span: Span::new(from, span.start + at + old.len() as u32) };
    Some(WorkflowChange::Replace(place, value.to_owned()))
}

/// Builds of several images or legs write GitHub's cache under one scope.
fn gha_scope_shared(cx: &WorkflowContext, out: &mut Findings) {
    // A run for a tag sees no cache of another tag, so that nothing reads what is replaced.
    if !is_repeated(cx) && !cx.workflow().events.iter().any(|event| event.name == "workflow_dispatch") {
        return;
    }
    let mut places = BTreeSet::new();
    let mut known_names: BTreeMap<CallKey, Option<String>> = BTreeMap::new();
    let mut known_entries = BTreeMap::new();
    for (scope, writers) in writers(cx, "gha") {
        let clashing = clashing(cx, &writers);
        // Legs with a scope each have the same builds in it.
        let Some(first) = clashing.first().filter(|first| places.insert(first.entry.text.place)) else { continue };
        let names = names(cx, &clashing, &writers);
        let message = match first.entry.get("scope") {
            Some(_) => format!("{names} write the cache under the scope `{scope}`: the last one replaces the others"),
            None => format!("{names} write the cache without a `scope`: the last one replaces the others"),
        };
        let Some(finding) = cx.finding(first.entry.text.place, message) else { continue };
        let finding = finding.help("write another `scope` for each, in `cache-from` and in `cache-to`");
        let are_legs = clashing.len() == 1;
        let mut change = |writer: &CacheWriter, entry: &CacheEntry| {
            let call = writer.call;
            // What tells the legs apart has to be in the scope.
            if are_legs && leg_names(cx, call).is_empty() {
                return None;
            }
            let name = known_names.entry(key_of(call)).or_insert_with(|| cache_name(cx, call));
            let name = &format!("{}{}", name.as_ref()?, platform_suffix(writer, &clashing)?);
            match entry.get("scope") {
                Some(old) if old == name => None,
                Some(_) => set_field(cx, entry, "scope", name),
                None => add_field(cx, entry, &format!("scope={name}")),
            }
        };
        let changes: Option<Vec<_>> = clashing
            .iter()
            .flat_map(|writer| {
                let writer = *writer;
                let entries = known_entries.entry(key_of(writer.call)).or_insert_with(|| entries_of(writer.call));
                let entries = cache_place(writer.entry).and_then(|place| entries.get(&place).cloned());
                entries.unwrap_or_default().into_iter().map(move |entry| (writer, entry))
            })
            .map(|(writer, entry)| change(writer, entry))
            .collect();
        out.push(match changes {
            Some(changes) => cx.fixed(finding, "give each image a scope", Safety::Safe, &changes),
            None => finding,
        });
    }
    if places.is_empty() {
        scope_of_another_workflow(cx, out);
    }
}

/// Two workflows that run for pushes to one branch write other images under one scope: caches are those of the repository,
/// not of a workflow.
fn scope_of_another_workflow(cx: &WorkflowContext, out: &mut Findings) {
    if !is_pushed_to_branches(cx.workflow()) {
        return;
    }
    let mine = if writes_cache(cx.calls()) { writers(cx, "gha") } else { BTreeMap::new() };
    if mine.is_empty() {
        return;
    }
    for other in workflows_before(cx) {
        let other_cx = cx.of_workflow(other);
        for (scope, theirs) in writers(&other_cx, "gha") {
            let Some(writers) = mine.get(&scope) else { continue };
            let is_other = |writer: &CacheWriter, known: &CacheWriter| {
                // Stages of one Dockerfile share most of their layers.
                writer.image[..2] != known.image[..2] && is_known(writer) && is_known(known)
            };
            let is_plain = |cx: &WorkflowContext, call: &BuildCall| {
                cx.job(call).condition.is_none() && cx.step(call).condition.is_none()
            };
            let pair = writers.iter().filter(|writer| is_plain(cx, writer.call)).find_map(|writer| {
                let mut theirs = theirs.iter().filter(|known| is_plain(&other_cx, known.call));
                Some((writer, theirs.find(|known| is_other(writer, known))?))
            });
            let Some((writer, known)) = pair else { continue };
            let how = match writer.entry.get("scope") {
                Some(_) => format!("under the scope `{scope}`"),
                None => "without a `scope`".to_owned(),
            };
            let message = format!(
                "`{}` writes the cache of `{}` {how} too: the last one replaces the other",
                other.path, known.image[1]
            );
            let Some(finding) = cx.finding(writer.entry.text.place, message) else { continue };
            out.push(finding.help("caches are those of the repository: write another `scope` for each image, in `cache-from` and in `cache-to`"));
            return;
        }
    }
}

fn writes_cache(calls: &[BuildCall]) -> bool {
    calls.iter().flat_map(|call| &call.cache_to).any(|entry| entry.kind() == "gha")
}

/// The first workflows with smaller paths that may run for the same push and write the cache of another image: each pair is
/// reported once, at the later one.
fn workflows_before<'a>(cx: &WorkflowContext<'a, '_>) -> Vec<&'a WorkflowInput> {
    let known = cx.dockerfiles.cache_pipelines.get_or_init(|| cache_pipelines(cx.inputs));
    let image = image_as_written(cx.calls());
    let (mut before, mut at) = (Vec::new(), 0);
    while let Some(next) = known.get(at)
        && before.len() < WORKFLOWS
    {
        let other = &cx.inputs.workflows[next.pipeline];
        if other.path >= cx.input.path {
            break;
        }
        // Those between build the same image.
        let is_same = image.is_some() && image_as_written(&other.calls) == image;
        at = if is_same { next.next_other } else { at + 1 };
        if !is_same && may_meet(cx.workflow(), &other.workflow) {
            before.push(other);
        }
    }
    before
}

/// The workflows that write GitHub's cache when a branch is pushed to.
fn cache_pipelines(inputs: &Inputs) -> Vec<CachePipeline> {
    let writes = |input: &WorkflowInput| {
        input.workflow.kind == PipelineKind::Github
            && writes_cache(&input.calls)
            && is_pushed_to_branches(&input.workflow)
    };
    let mut numbers: Vec<usize> = (0..inputs.workflows.len()).filter(|at| writes(&inputs.workflows[*at])).collect();
    numbers.sort_by_key(|at| &inputs.workflows[*at].path);
    let image = |at: usize| image_as_written(&inputs.workflows[numbers[at]].calls);
    let mut next_others = vec![numbers.len(); numbers.len()];
    for at in (0..numbers.len().saturating_sub(1)).rev() {
        next_others[at] = if image(at) == image(at + 1) { next_others[at + 1] } else { at + 1 };
    }
    let pipelines = numbers.iter().zip(next_others);
    pipelines.map(|(pipeline, next_other)| CachePipeline { pipeline: *pipeline, next_other }).collect()
}

/// Context and Dockerfile, where all builds that write GitHub's cache have the same constants.
fn image_as_written(calls: &[BuildCall]) -> Option<[&str; 2]> {
    let mut images = calls
        .iter()
        .filter(|call| call.cache_to.iter().any(|entry| entry.kind() == "gha"))
        .map(|call| [&call.context, &call.file].map(|text| text.as_ref().map_or("", |text| text.text.as_str())));
    let first = images.next().filter(|image| !image.iter().any(|text| text.contains('$')))?;
    images.all(|image| image == first).then_some(first)
}

/// Whether two workflows may run for a push to one branch: with lists of branches, one is in both.
fn may_meet(workflow: &Workflow, other: &Workflow) -> bool {
    let branches = |workflow: &Workflow| -> Option<BTreeSet<String>> {
        let push = workflow.events.iter().find(|event| event.name == "push")?;
        Some(push.filter("branches")?.iter().map(|branch| branch.text.clone()).collect())
    };
    match (branches(workflow), branches(other)) {
        (Some(branches), Some(others)) => !branches.is_disjoint(&others),
        _ => true,
    }
}

/// Caches in a registry that overwrite an image, or each other.
fn cache_ref_shared(cx: &WorkflowContext, out: &mut Findings) {
    let mut tags: BTreeMap<CallKey, BTreeSet<String>> = BTreeMap::new();
    for (reference, writers) in writers(cx, "registry") {
        let wanted = with_tag(&reference);
        let mut is_image = |writer: &&CacheWriter| {
            let call = writer.call;
            let tags = tags.entry(key_of(call)).or_insert_with(|| tags_of(cx, call));
            tags.contains(&wanted)
        };
        let overwriting = writers.iter().find(|writer| is_image(writer));
        let clashing = clashing(cx, &writers);
        let (writer, message) = match (overwriting, clashing.first()) {
            (Some(writer), _) => {
                (writer, format!("the cache is written over the image `{reference}`, which the same step pushes"))
            }
            (None, Some(first)) => {
                let names = names(cx, &clashing, &writers);
                (*first, format!("{names} write the cache to `{reference}`: the last one replaces the others"))
            }
            (None, None) => continue,
        };
        let Some(finding) = cx.finding(writer.entry.text.place, message) else { continue };
        out.push(finding.help("write another reference for each, with a tag such as `buildcache-amd64`"));
    }
}

/// The references that the legs of a build give their images, with their tags.
fn tags_of(cx: &WorkflowContext, call: &BuildCall) -> BTreeSet<String> {
    let matrix = &cx.job(call).matrix;
    let of_legs = |text: &str| if text.contains("${{") { matrix.texts(text) } else { Some(vec![text.to_owned()]) };
    let tags = call.tags.iter().filter_map(|tag| of_legs(&tag.text)).flatten();
    tags.take(PLACES).map(|tag| with_tag(&tag)).collect()
}

/// A reference with its tag.
fn with_tag(reference: &str) -> String {
    if last_part(reference).contains(':') { reference.to_owned() } else { format!("{reference}:latest") }
}
