//! A rule about names in builds that the repository does not have.

use std::collections::{BTreeSet, HashSet};

use super::steps::{JobFiles, LastKnown, is_plain, leaves_files};
use crate::build::{Build, PLATFORM_ARGS, PROXY_ARGS};
use crate::dockerfile::Keyword;
use crate::finding::Safety;
use crate::finding::{Finding, Findings, Severity};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::{Span, listed, path};
use crate::workflow::{BuildCall, Builder, Event, Job, LegBuild, PipelineKind, WorkflowArgument, WorkflowText};

crate::rules::family! {
    of_workflow
    "build-path-missing" => build_path_missing;
}

/// Names that are compared with the missing one.
const COMPARED: usize = 5_000;

/// Missing names of one pipeline for which the nearest one is looked for.
const MISSING: usize = 100;

/// A Dockerfile, a context, a stage or an argument that the repository does not have.
fn build_path_missing(cx: &WorkflowContext, out: &mut Findings) {
    // GitLab checks out by itself, and brings what earlier jobs keep.
    let keeps = |job: &Job| job.key("artifacts").is_some() || job.key("cache").is_some();
    let brings_commit = cx.workflow().kind == PipelineKind::Gitlab && !cx.workflow().jobs.iter().any(keeps);
    let (mut jobs, mut steps) = (LastKnown::new(), LastKnown::new());
    let mut left = MISSING;
    let used = arguments_of_templates(cx);
    let is_complete = cx.repository().is_complete && !runs_on_other_branches(cx) && !is_for_others(cx);
    for call in cx.calls().iter().filter(|call| is_plain(call)) {
        let Some(legs) = &call.legs else { continue };
        let files = jobs.of(call.job, || CheckedOutFiles::of(cx.job(call), brings_commit));
        let mut makes = || call.command.is_some() && *steps.of((call.job, call.step), || !leaves_files(cx.step(call)));
        if is_complete && files.are_of_repository(call) && !makes() {
            let missing = legs.iter().find_map(|leg| missing_path(cx, call, leg, &mut left));
            if let Some(finding) = missing {
                out.push(finding);
                continue;
            }
        }
        let builds = cx.builds_of(call);
        if let Some(finding) = builds.iter().find_map(|(leg, build)| missing_stage(cx, call, (leg, build), &mut left)) {
            out.push(finding);
            continue;
        }
        for finding in missing_arguments(cx, call, &builds, &used, &mut left) {
            out.push(finding);
        }
    }
}

/// Whether an action is to build a folder or a Dockerfile that the repository lacks: it builds nothing.
pub(super) fn lacks_path(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let is_known = cx.repository().is_complete && !runs_on_other_branches(cx) && !is_for_others(cx);
    // No nearest name is looked for.
    let mut left = 0;
    let mut is_missing = |leg: &LegBuild| missing_path(cx, call, leg, &mut left).is_some();
    is_known
        && is_plain(call)
        && call.command.is_none()
        && CheckedOutFiles::of(cx.job(call), false).are_of_repository(call)
        && call.legs.iter().flatten().any(&mut is_missing)
}

/// Whether a pipeline runs for branches alone that have names of their own: those may have other files.
pub(super) fn runs_on_other_branches(cx: &WorkflowContext) -> bool {
    const USUAL: [&str; 4] = ["main", "master", "develop", "trunk"];
    let events = &cx.workflow().events;
    let is_other = |event: &Event| {
        let is_usual =
            |branch: &WorkflowText| branch.text.contains(['*', '$', '+', '?']) || USUAL.contains(&&*branch.text);
        event.filter("branches").is_some_and(|branches| !branches.is_empty() && !branches.iter().any(is_usual))
    };
    !events.is_empty() && events.iter().all(is_other)
}

/// Whether only other repositories call a pipeline: it checks out theirs.
pub(super) fn is_for_others(cx: &WorkflowContext) -> bool {
    let events = &cx.workflow().events;
    let path = format!("./{}", cx.input.path);
    let calls = |job: &Job| job.calls.as_ref().is_some_and(|calls| calls.text == path);
    let is_shared = |events: &[Event]| !events.is_empty() && events.iter().all(|event| event.name == "workflow_call");
    let mut callers = cx.inputs.workflows.iter().filter(|input| input.workflow.jobs.iter().any(calls));
    is_shared(events) && callers.all(|caller| is_shared(&caller.workflow.events))
}

/// The files of a job's folder.
struct CheckedOutFiles<'j> {
    files: JobFiles<'j>,
    /// Whether GitLab brings them, and nothing but the commit.
    are_brought: bool,
}

impl<'j> CheckedOutFiles<'j> {
    fn of(job: &'j Job, brings_commit: bool) -> Self {
        let are_brought = brings_commit && job.variable("GIT_STRATEGY").is_none() && !job.is_partial;
        Self { files: JobFiles::of(job), are_brought }
    }

    /// Whether the step of a build begins with the files of the repository, and no others.
    fn are_of_repository(&self, call: &BuildCall) -> bool {
        let is_git = call.builder == Builder::Action && call.context.is_none();
        let checkout = self.files.checkout(call.step);
        let is_plain = checkout.is_some_and(|step| step.input("ref").is_none());
        let is_checked_out = is_plain && self.files.checkouts_before(call.step) == 1;
        (is_git || is_checked_out || self.are_brought) && !self.files.is_made_before(call.step)
    }
}

/// A finding about the Dockerfile or the context of a leg.
fn missing_path(cx: &WorkflowContext, call: &BuildCall, leg: &LegBuild, left: &mut usize) -> Option<Finding> {
    let repository = cx.repository();
    let may_lie_elsewhere = |path: &str| {
        let above = std::iter::successors(Some(path), |path| {
            Some(path::parent(path)).filter(|path| !path.is_empty() && *path != ".")
        });
        // A link of a folder is a file of the repository, and a module has no files in it.
        let mut above = above.take(100);
        above.any(|folder| repository.has(folder)) || repository.has(".gitmodules")
    };
    if !leg.context.is_empty() && !repository.has_folder(&leg.context) {
        if may_lie_elsewhere(&leg.context) {
            return None;
        }
        let written = call.context.as_ref()?;
        let folders = repository.files.iter().take(COMPARED).map(|file| path::parent(file));
        let near = nearest(&leg.context, folders, left);
        let message = format!("the repository has no folder `{}` to build", leg.context);
        return missing_name(cx, written, message, near, &leg.context);
    }
    if repository.has(&leg.file) || may_lie_elsewhere(path::parent(&leg.file)) {
        return None;
    }
    let written = call.file.as_ref().or(call.context.as_ref());
    let is_dockerfile = |file: &&str| {
        path::name(file).to_ascii_lowercase().contains("dockerfile") || path::name(file).contains("Containerfile")
    };
    let files = repository.files.iter().map(String::as_str).filter(is_dockerfile).take(COMPARED);
    let near = nearest(&leg.file, files, left);
    let message = format!("the repository has no `{}`", leg.file);
    match written {
        Some(written) => missing_name(cx, written, message, near, &leg.file),
        None => Some(
            cx.finding(call.place, message)?
                .with(near, |finding, near| finding.help(format!("the nearest name is `{near}`"))),
        ),
    }
}

/// A finding at a name with the one that was probably meant.
fn missing_name(
    cx: &WorkflowContext,
    written: &WorkflowText,
    message: String,
    near: Option<String>,
    name: &str,
) -> Option<Finding> {
    let finding = cx.finding(written.place, message)?;
    let Some(near) = near else { return Some(finding) };
    let finding = finding.help(format!("the nearest name is `{near}`"));
    let source = cx.inputs.source(cx.input.file_of(written.place)?);
    let text = source.text().get(written.place.span.range())?;
    let mut places = text.match_indices(name).map(|(at, _)| at);
    let (Some(at), None) = (places.next(), places.next()) else { return Some(finding) };
    let start = written.place.span.start + at as u32;
    let span = crate::text::Span::new(start, start + name.len() as u32);
    let place = crate::workflow::WorkflowPlace { span, ..written.place };
    let why = Safety::Unsafe("the nearest name may not be what is meant".to_owned());
    let title = format!("write `{near}`");
    Some(cx.fixed(finding, &title, why, &[WorkflowChange::Replace(place, near)]))
}

/// A finding about the stage of a leg.
fn missing_stage(
    cx: &WorkflowContext,
    call: &BuildCall,
    (leg, build): (&LegBuild, &Build),
    left: &mut usize,
) -> Option<Finding> {
    let (name, written) = (leg.target.as_ref()?, call.target.as_ref()?);
    let names: Vec<&str> = build.stages().iter().filter_map(|stage| stage.name.as_deref()).collect();
    let is_there = names.iter().any(|known| known.eq_ignore_ascii_case(name)) || name.parse::<usize>().is_ok();
    if is_there || name.is_empty() || name.contains(['$', '{', '`']) || build.is_fragment() {
        return None;
    }
    let message = format!("`{}` has no stage `{name}`", leg.file);
    missing_name(cx, written, message, nearest(name, names.into_iter(), left), name)
}

/// Findings about arguments that no Dockerfile of the build declares.
fn missing_arguments(
    cx: &WorkflowContext,
    call: &BuildCall,
    builds: &[(&LegBuild, &Build)],
    used: &HashSet<(u32, Span)>,
    left: &mut usize,
) -> Vec<Finding> {
    let Some((leg, _)) = builds.first() else { return Vec::new() };
    if call.arguments.is_empty() {
        return Vec::new();
    }
    let Some(declared) = declared_arguments(cx, builds) else { return Vec::new() };
    let is_builtin = |name: &str| {
        let is_listed = PROXY_ARGS.contains(&name) || PLATFORM_ARGS.contains(&name);
        is_listed || name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH"
    };
    let is_open = |name: &str| name.is_empty() || name.contains(['$', '{', ' ']);
    let unknown = call.arguments.iter().filter(|argument| !is_open(&argument.name) && !is_builtin(&argument.name));
    let is_missing = |argument: &&WorkflowArgument| {
        !declared.contains(&argument.name) && !used.contains(&(argument.place.file, argument.place.span))
    };
    let mut nearest_of = |name: &str| nearest(name, declared.iter().map(String::as_str), left);
    let missing = unknown.filter(is_missing).map(|argument| (argument, nearest_of(&argument.name)));
    // A name that is misspelt is a fault of its own; what no Dockerfile knows is one.
    let (misspelt, others): (Vec<_>, Vec<_>) = missing.partition(|(_, near)| near.is_some());
    let message = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("ARG {name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let value = if names.len() == 1 { "value" } else { "values" };
        format!("`{}` has no {}: the builder warns and ignores the {value}", leg.file, listed(&names))
    };
    let mut findings = Vec::new();
    for (argument, near) in misspelt {
        let written = WorkflowText { text: argument.name.clone(), place: argument.place };
        findings.extend(missing_name(cx, &written, message(&[&argument.name]), near, &argument.name));
    }
    if let Some((first, _)) = others.first() {
        let names: Vec<&str> = others.iter().map(|(argument, _)| argument.name.as_str()).collect();
        findings.extend(cx.finding(first.place, message(&names)));
    }
    findings.into_iter().map(|finding| finding.lowered(Severity::Warning)).collect()
}

/// The arguments that Dockerfiles of a build declare; `None` where there may be others.
fn declared_arguments(cx: &WorkflowContext, builds: &[(&LegBuild, &Build)]) -> Option<BTreeSet<String>> {
    let mut declared: BTreeSet<String> = BTreeSet::new();
    for (_, build) in builds {
        let file = &build.input().file;
        // A trigger of the base image may declare more.
        let is_open = build.is_fragment()
            || file.instructions().iter().any(|instruction| instruction.keyword == Keyword::Unknown);
        if is_open || cx.inputs.source(build.input().dockerfile).text().contains("onbuild") {
            return None;
        }
        let arguments = file.instructions().iter().flat_map(|instruction| file.args(instruction));
        declared.extend(arguments.map(|arg| arg.name.text.to_string()));
    }
    Some(declared)
}

/// Where templates of GitLab pass arguments that the Dockerfile of one of their jobs may declare: another job ignores them
/// on purpose.
fn arguments_of_templates(cx: &WorkflowContext) -> HashSet<(u32, Span)> {
    let mut used = HashSet::new();
    if cx.workflow().kind != PipelineKind::Gitlab {
        return used;
    }
    for call in cx.calls().iter().filter(|call| !call.arguments.is_empty()) {
        let builds = cx.builds_of(call);
        let declared = if builds.is_empty() { None } else { declared_arguments(cx, &builds) };
        let is_used =
            |argument: &&WorkflowArgument| declared.as_ref().is_none_or(|names| names.contains(&argument.name));
        used.extend(call.arguments.iter().filter(is_used).map(|argument| (argument.place.file, argument.place.span)));
    }
    used
}

/// The name that was probably meant. Takes one from the names that may be looked for.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>, left: &mut usize) -> Option<String> {
    *left = left.checked_sub(1)?;
    let limit = 1 + name.len().min(100) / 4;
    let is_close = |known: &&str| known.len().abs_diff(name.len()) <= limit && known.len() < 200;
    let distance =
        |known: &'n str| (strsim::levenshtein(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()), known);
    let best = known.filter(is_close).take(COMPARED).map(distance).min()?;
    (best.0 <= limit && !best.1.is_empty()).then(|| best.1.to_owned())
}
