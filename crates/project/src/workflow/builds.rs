//! Steps ─► the builds of images that they do.

use super::build_call::{BuildCall, Builder, Switch, WorkflowArgument};
use super::cache_entry::{CacheEntry, fields};
use super::model::{PipelineKind, Step, Workflow};
use super::place::{WorkflowPlace, WorkflowText};
use super::{build_command, gitlab};
use crate::sources::patterns;
use crate::text::Span;

/// Meanings in `data/source_patterns.tsv`.
const ACTION: &str = "action that builds an image";
const BAKE_ACTION: &str = "action that runs bake";
const DOCKERFILE_INPUT: &str = "input of an action with the Dockerfile";
const CONTEXT_INPUT: &str = "input of an action with the build context";

/// Legs of all builds of a pipeline that are looked at: a build has as many as its job's matrix.
const LEGS: usize = 100_000;

impl BuildCall {
    /// The builds of a pipeline, in order.
    pub fn all(workflow: &Workflow) -> Vec<Self> {
        let mut calls = Vec::new();
        let mut legs = LEGS;
        for (job, known) in workflow.jobs.iter().enumerate() {
            for (step, known) in known.steps.iter().enumerate() {
                let first = calls.len();
                calls.extend(Self::of_action(known));
                build_command::add(known, &mut calls);
                for call in &mut calls[first..] {
                    (call.job, call.step) = (job, step);
                    if workflow.kind == PipelineKind::Gitlab {
                        gitlab::fill(&workflow.jobs[job], call);
                    }
                    call.legs = call.legs_in(&workflow.jobs[job], &mut legs);
                }
            }
        }
        calls
    }

    /// The build of a step's action (docker/build-push-action README, "inputs").
    fn of_action(step: &Step) -> Option<Self> {
        let action = step.action.as_ref()?;
        let is_of = |meaning: &str| patterns::words(meaning).any(|word| word.eq_ignore_ascii_case(&action.name));
        let first = |meaning: &str| patterns::words(meaning).find_map(|name| step.input(name));
        let builder = match () {
            () if is_of(ACTION) => Builder::Action,
            () if is_of(BAKE_ACTION) => Builder::Bake,
            () if first(DOCKERFILE_INPUT)
                .is_some_and(|input| input.value.text.to_lowercase().contains("dockerfile")) =>
            {
                Builder::OtherAction
            }
            () => return None,
        };
        let text = |name: &str| step.input(name).map(|input| input.value.clone());
        let lines = |name: &str| step.input(name).map(|input| input.lines.clone()).unwrap_or_default();
        let caches = |name: &str| lines(name).into_iter().map(CacheEntry::read).collect();
        let mut call = Self {
            context: first(CONTEXT_INPUT).map(|input| input.value.clone()),
            file: first(DOCKERFILE_INPUT).map(|input| input.value.clone()),
            target: text("target"),
            arguments: lines("build-args").into_iter().map(WorkflowArgument::read).collect(),
            contexts: lines("build-contexts"),
            secrets: lines("secrets"),
            platforms: lines("platforms").iter().flat_map(members).collect(),
            tags: lines("tags").iter().flat_map(members).collect(),
            cache_from: caches("cache-from"),
            cache_to: caches("cache-to"),
            outputs: lines("outputs"),
            push: Switch::of(text("push").as_ref()),
            load: Switch::of(text("load").as_ref()),
            no_cache: Switch::of(text("no-cache").as_ref()),
            pull: Switch::of(text("pull").as_ref()),
            provenance: text("provenance"),
            builder_name: text("builder"),
            ..Self::new(builder, action.place)
        };
        if builder == Builder::Bake {
            call.context = text("source").or_else(|| text("workdir"));
            call.file = None;
            call.targets = lines("targets").iter().flat_map(members).collect();
            call.files = lines("files").iter().flat_map(members).collect();
            call.overrides = lines("set");
        }
        Some(call)
    }
}

/// The members of a line between commas.
fn members(line: &WorkflowText) -> Vec<WorkflowText> {
    let mut start = 0;
    let mut members = Vec::new();
    let is_whole = line.place.span.len() as usize == line.text.len();
    for field in fields(&line.text) {
        let from = line.text[start..].find(field).map_or(start, |at| start + at);
        start = from + field.len();
        let text = field.trim();
        let from = from + field.len() - field.trim_start().len();
        let at = line.place.span.start + from as u32;
        let span = if is_whole { Span::new(at, at + text.len() as u32) } else { line.place.span };
        if !text.is_empty() {
            members.push(WorkflowText { text: text.to_owned(), place: WorkflowPlace { span, ..line.place } });
        }
    }
    members
}
