//! Rules about the builds of a job: what is built twice, in turn, carried as a file, or may run for hours.

use super::steps::{docker_words, is_plain, is_pushed, is_self_hosted, last_part, without_tag};
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::workflow::{BuildCall, Builder, Job, LegBuild, PipelineKind, Step};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "images-built-in-turn" => images_built_in_turn;
    "image-built-twice" => image_built_twice;
    "image-passed-as-artifact" => image_passed_as_artifact;
    "job-without-timeout" => job_without_timeout;
}

const BUILDX: &str = "docker/setup-buildx-action";

/// The build before this one in its job that builds the same Dockerfile, context and stage.
fn same_before<'c>(cx: &WorkflowContext<'c, '_>, at: usize, legs: &[LegBuild]) -> Option<&'c BuildCall> {
    let call = &cx.calls()[at];
    let mut before = cx.calls()[..at].iter().filter(|other| other.job == call.job && is_plain(other));
    before.find(|other| other.contexts == call.contexts && other.legs(cx.job(other)).as_deref() == Some(legs))
}

/// The engine and a builder of `buildx` share no layers, and other arguments make other layers.
fn image_built_twice(cx: &WorkflowContext, out: &mut Findings) {
    for (at, call) in cx.calls().iter().enumerate().filter(|(_, call)| is_plain(call)) {
        let job = cx.job(call);
        // A context that is not written is the commit, and not the folder.
        let is_git = |call: &BuildCall| call.builder == Builder::Action && call.context.is_none();
        let Some(legs) = call.legs(job) else { continue };
        let Some(first) = same_before(cx, at, &legs) else { continue };
        let is_conditional = [first, call].iter().any(|call| cx.step(call).condition.is_some());
        if is_conditional || is_git(first) != is_git(call) || first.step == call.step {
            continue;
        }
        let reads_cache = |call: &BuildCall| call.cache_from.iter().any(|entry| entry.kind() != "inline");
        let why = match () {
            () if uses_engine(job, first) != uses_engine(job, call) && !(reads_cache(first) && reads_cache(call)) => {
                "`docker build` and the builder of `docker/setup-buildx-action` share no layers"
            }
            () if call.no_cache.is_on() => "the second one uses no cache",
            () if other_arguments(cx, first, call) && !is_pushed(first) && is_pushed(call) => {
                "their build arguments differ, so what is tested is not what is pushed"
            }
            () => continue,
        };
        let line = cx.source().line(first.place.span.start);
        let message = format!("the image is built a second time, as in line {line}: {why}");
        let Some(finding) = cx.finding(call.place, message) else { continue };
        out.push(finding.help(
            "build it once: load or push by digest, test that image, then give it its tags with `docker tag` or \
             `docker buildx imagetools create`",
        ));
    }
}

/// Whether the engine itself builds: `docker build` uses its builder, whatever `buildx` has selected
/// (docs.docker.com/build/builders, "Difference between docker build and docker buildx build").
fn uses_engine(job: &Job, call: &BuildCall) -> bool {
    let is_set_up = |step: &Step| {
        let is_off = |name: &str, value: &str| step.input(name).is_some_and(|input| input.value.text == value);
        step.uses(BUILDX) && !is_off("driver", "docker") && !is_off("use", "false")
    };
    let takes_over =
        |step: &Step| step.uses(BUILDX) && step.input("install").is_some_and(|input| input.value.text != "false");
    let is_builder_named = call.builder_name.is_some() || job.variable("BUILDX_BUILDER").is_some();
    let before = &job.steps[..call.step];
    let has_builder = before.iter().any(is_set_up);
    let is_engine_command = call.builder == Builder::Docker && !before.iter().any(takes_over);
    !is_builder_named && (!has_builder || is_engine_command)
}

/// Whether an argument that the Dockerfile declares has another known value in a second build.
fn other_arguments(cx: &WorkflowContext, first: &BuildCall, second: &BuildCall) -> bool {
    let builds = cx.builds_of(second);
    let is_declared = |name: &str| {
        let mut all = builds.iter().flat_map(|(_, build)| {
            let file = &build.input().file;
            file.instructions().iter().flat_map(move |instruction| file.args(instruction))
        });
        all.any(|arg| arg.name.text == name)
    };
    let value = |call: &BuildCall, name: &str| {
        call.arguments.iter().find(|argument| argument.name == name).and_then(|argument| argument.value.clone())
    };
    let is_constant = |value: &Option<String>| value.as_ref().is_none_or(|value| !value.contains('$'));
    let mut all = first.arguments.iter().chain(&second.arguments).map(|argument| argument.name.as_str());
    all.any(|name| {
        let (before, after) = (value(first, name), value(second, name));
        before != after && is_constant(&before) && is_constant(&after) && is_declared(name)
    })
}

/// Images of different Dockerfiles that one job builds one after the other.
fn images_built_in_turn(cx: &WorkflowContext, out: &mut Findings) {
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let calls: Vec<&BuildCall> =
            cx.calls().iter().filter(|call| call.job == number && call.builder == Builder::Action).collect();
        let legs: Option<Vec<Vec<LegBuild>>> = calls.iter().map(|call| call.legs(job)).collect();
        let Some(legs) = legs.filter(|legs| legs.len() > 1) else { continue };
        let is_own_folder = |leg: &LegBuild| !leg.context.is_empty();
        let mut all: Vec<&LegBuild> = legs.iter().flatten().collect();
        all.sort();
        all.dedup();
        let is_apart =
            all.len() == legs.iter().map(Vec::len).sum::<usize>() && all.iter().all(|leg| is_own_folder(leg));
        if !is_apart || calls.iter().any(|call| needs_another(cx, call, &calls)) {
            continue;
        }
        let message =
            format!("{} images with contexts of their own are built one after the other in one job", calls.len());
        let Some(finding) = cx.finding(calls[1].place, message) else { continue };
        out.push(
            finding.help("give each image a leg of a matrix, or build them side by side with `docker/bake-action`"),
        );
    }
}

/// Whether a build rests on the image of another one, or on outputs of its step.
fn needs_another(cx: &WorkflowContext, call: &BuildCall, calls: &[&BuildCall]) -> bool {
    let names: Vec<&str> =
        calls.iter().flat_map(|call| &call.tags).map(|tag| last_part(without_tag(&tag.text))).collect();
    let is_named = |text: &str| text.contains("steps.") || names.iter().any(|name| text.contains(name));
    let values = call.arguments.iter().filter_map(|argument| argument.value.as_deref());
    let mut texts = values.chain(call.contexts.iter().map(|text| text.text.as_str()));
    let builds = cx.builds_of(call);
    let mut bases = builds.iter().flat_map(|(_, build)| build.stages().iter().map(move |stage| (build, stage)));
    builds.is_empty()
        || texts.any(is_named)
        || bases.any(|(build, stage)| match &stage.base {
            crate::build::StageBase::Image(image) => is_named(image),
            crate::build::StageBase::Unknown(_) => !build.is_fragment(),
            _ => false,
        })
}

/// An image that is saved to a file, uploaded, downloaded and loaded again.
fn image_passed_as_artifact(cx: &WorkflowContext, out: &mut Findings) {
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let uploads = job.steps.iter().any(|step| step.uses("actions/upload-artifact"));
        let is_loaded = cx.workflow().jobs.iter().enumerate().any(|(other, job)| other != number && loads(job));
        if !is_loaded || !uploads {
            continue;
        }
        let saved = job.steps.iter().find_map(|step| {
            let script = step.script.as_ref()?;
            let is_save = |words: &[&str]| matches!(words, ["save", ..] | ["image", "save", ..]);
            let invocations = step.invocations();
            let invocation = invocations.iter().find(|invocation| is_save(&docker_words(invocation)))?;
            Some(script.text.place_of(invocation.span))
        });
        let exported = || {
            let mut outputs = cx.calls().iter().filter(|call| call.job == number).flat_map(|call| &call.outputs);
            outputs
                .find(|output| output.text.contains("type=docker") && output.text.contains("dest="))
                .map(|output| output.place)
        };
        let Some(place) = saved.or_else(exported) else { continue };
        let message = "the image goes to another job as a file: it is packed, uploaded, downloaded and unpacked whole";
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help(
            "push it to a registry by digest, and pull that digest in the other job: layers that are there stay",
        ));
    }
}

/// Whether a job downloads a file and loads an image.
fn loads(job: &Job) -> bool {
    let is_load = |step: &Step| {
        step.invocations().iter().any(|call| matches!(docker_words(call)[..], ["load", ..] | ["image", "load", ..]))
    };
    job.steps.iter().any(|step| step.uses("actions/download-artifact")) && job.steps.iter().any(is_load)
}

/// A job that hangs runs for six hours.
fn job_without_timeout(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let mut calls = cx.calls().iter().filter(|call| call.job == number);
        if job.key("timeout-minutes").is_some() || is_self_hosted(job) || calls.next().is_none() {
            continue;
        }
        let message =
            format!("the job `{}` builds an image and has no time limit: one that hangs runs for 360 minutes", job.id);
        let Some(finding) = cx.finding(job.place, message) else { continue };
        let path: Vec<&str> = job.path.iter().map(String::as_str).chain(["timeout-minutes"]).collect();
        let change = WorkflowChange::Set(path, NewValue::Inline("30".to_owned()));
        let why = Safety::Unsafe("a build that takes longer is stopped".to_owned());
        let finding = finding.help("write `timeout-minutes`, about three times what the job takes");
        out.push(cx.fixed(finding, "stop the job after 30 minutes", why, &[change]));
    }
}
