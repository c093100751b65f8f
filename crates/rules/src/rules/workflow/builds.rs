//! Rules about the builds of a job: what is built twice, in turn, carried as a file, or may run for hours.

use std::collections::{BTreeMap, BTreeSet};

use super::deploy::deploying_jobs;
use super::steps::{LastKnown, docker_words, is_plain, is_pushed, is_self_hosted, last_part, without_tag};
use crate::build::Build;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::workflow::{BuildCall, Builder, Job, LegBuild, PipelineKind, Step, WorkflowPlace};
use crate::yaml::NewValue;

crate::rules::family! {
    of_workflow
    "images-built-in-turn" => images_built_in_turn;
    "image-built-twice" => image_built_twice;
    "image-passed-as-artifact" => image_passed_as_artifact;
    "job-without-timeout" => job_without_timeout;
}

const BUILDX: &str = "docker/setup-buildx-action";

/// Builds of one job that are compared with each other.
const BUILDS: usize = 200;

/// A build of a job by what it builds: its legs, and its named contexts.
type SameBuild<'c> = (usize, &'c [LegBuild], Vec<(&'c str, WorkflowPlace)>);

/// The engine and a builder of `buildx` share no layers, and other arguments make other layers.
fn image_built_twice(cx: &WorkflowContext, out: &mut Findings) {
    let mut builds: BTreeMap<SameBuild, &BuildCall> = BTreeMap::new();
    let mut builders = LastKnown::new();
    for call in cx.calls().iter().filter(|call| is_plain(call)) {
        // A context that is not written is the commit, and not the folder.
        let is_git = |call: &BuildCall| call.builder == Builder::Action && call.context.is_none();
        let Some(legs) = &call.legs else { continue };
        let contexts = call.contexts.iter().map(|context| (context.text.as_str(), context.place)).collect();
        let first = *builds.entry((call.job, legs, contexts)).or_insert(call);
        if std::ptr::eq(first, call) {
            continue;
        }
        let is_conditional = [first, call].iter().any(|call| cx.step(call).condition.is_some());
        if is_conditional || is_git(first) != is_git(call) || first.step == call.step {
            continue;
        }
        let has_same_arguments = arguments(first) == arguments(call);
        let reads_cache = |call: &BuildCall| call.cache_from.iter().any(|entry| entry.kind() != "inline");
        let builder = builders.of(call.job, || BuilderSteps::of(cx.job(call)));
        let why = match () {
            () if has_same_arguments
                && builder.uses_engine(first) != builder.uses_engine(call)
                && !(reads_cache(first) && reads_cache(call)) =>
            {
                "`docker build` and the builder of `docker/setup-buildx-action` share no layers"
            }
            () if has_same_arguments && call.no_cache.is_on() => "the second one uses no cache",
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

/// The steps of a job that set a builder up.
struct BuilderSteps {
    /// The first one that makes a builder.
    first: Option<usize>,
    /// The first one that lets `docker build` use it.
    taking_over: Option<usize>,
    /// Whether a variable names a builder.
    is_named: bool,
}

impl BuilderSteps {
    fn of(job: &Job) -> Self {
        let is_set_up = |step: &Step| {
            let is_off = |name: &str, value: &str| step.input(name).is_some_and(|input| input.value.text == value);
            step.uses(BUILDX) && !is_off("driver", "docker") && !is_off("use", "false")
        };
        let takes_over =
            |step: &Step| step.uses(BUILDX) && step.input("install").is_some_and(|input| input.value.text != "false");
        Self {
            first: job.steps.iter().position(is_set_up),
            taking_over: job.steps.iter().position(takes_over),
            is_named: job.variable("BUILDX_BUILDER").is_some(),
        }
    }

    /// Whether the engine itself builds: `docker build` uses its builder, whatever `buildx` has selected
    /// (docs.docker.com/build/builders, "Difference between docker build and docker buildx build").
    fn uses_engine(&self, call: &BuildCall) -> bool {
        let is_before = |step: Option<usize>| step.is_some_and(|step| step < call.step);
        let is_engine_command = call.builder == Builder::Docker && !is_before(self.taking_over);
        !self.is_named && call.builder_name.is_none() && (!is_before(self.first) || is_engine_command)
    }
}

/// The build arguments of a call; of two with one name the first counts.
fn arguments(call: &BuildCall) -> BTreeMap<&str, Option<&str>> {
    let all = call.arguments.iter().rev();
    all.map(|argument| (argument.name.as_str(), argument.value.as_deref())).collect()
}

/// Whether an argument that the Dockerfile declares has another known value in a second build.
fn other_arguments<'c>(cx: &WorkflowContext, first: &'c BuildCall, second: &'c BuildCall) -> bool {
    let builds = cx.builds_of(second);
    let (before, after) = (arguments(first), arguments(second));
    let value = |values: &BTreeMap<&str, Option<&'c str>>, name: &str| values.get(name).copied().flatten();
    let is_constant = |value: Option<&str>| value.is_none_or(|value| !value.contains('$'));
    let is_other = |name: &&str| {
        let (before, after) = (value(&before, name), value(&after, name));
        before != after && is_constant(before) && is_constant(after)
    };
    let others: BTreeSet<&str> = before.keys().chain(after.keys()).copied().filter(is_other).collect();
    let declares = |build: &Build| {
        let file = &build.input().file;
        let mut args = file.instructions().iter().flat_map(|instruction| file.args(instruction));
        args.any(|arg| others.contains(&*arg.name.text))
    };
    !others.is_empty() && builds.iter().any(|(_, build)| declares(build))
}

/// Images of different Dockerfiles that one job builds one after the other.
fn images_built_in_turn(cx: &WorkflowContext, out: &mut Findings) {
    for number in 0..cx.workflow().jobs.len() {
        let calls: Vec<&BuildCall> =
            cx.calls_of_job(number).iter().filter(|call| call.builder == Builder::Action).collect();
        let legs: Option<Vec<&[LegBuild]>> = calls.iter().map(|call| call.legs.as_deref()).collect();
        let Some(legs) = legs.filter(|legs| legs.len() > 1 && legs.len() <= BUILDS) else { continue };
        let is_own_folder = |leg: &LegBuild| !leg.context.is_empty();
        let mut all: Vec<&LegBuild> = legs.iter().copied().flatten().collect();
        all.sort();
        all.dedup();
        let is_apart =
            all.len() == legs.iter().map(|legs| legs.len()).sum::<usize>() && all.iter().all(|leg| is_own_folder(leg));
        let names = calls.iter().flat_map(|call| &call.tags).map(|tag| last_part(without_tag(&tag.text))).collect();
        if !is_apart || calls.iter().any(|call| needs_another(cx, call, &names)) {
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
fn needs_another(cx: &WorkflowContext, call: &BuildCall, names: &BTreeSet<&str>) -> bool {
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
    let loading: Vec<usize> =
        cx.workflow().jobs.iter().enumerate().filter(|(_, job)| loads(job)).map(|(at, _)| at).take(2).collect();
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let uploads = job.steps.iter().any(|step| step.uses("actions/upload-artifact"));
        let is_loaded = loading.iter().any(|other| *other != number);
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
            let mut outputs = cx.calls_of_job(number).iter().flat_map(|call| &call.outputs);
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

/// Whether a job builds an image; an action that reads a Dockerfile may only check it.
fn builds_image(cx: &WorkflowContext, job: usize) -> bool {
    cx.calls_of_job(job).iter().any(|call| call.builder != Builder::OtherAction)
}

/// A job that hangs runs for six hours.
fn job_without_timeout(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Github {
        return;
    }
    let deploys = deploying_jobs(cx);
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let builds = builds_image(cx, number);
        if job.key("timeout-minutes").is_some() || is_self_hosted(job) || !builds && !deploys[number] {
            continue;
        }
        let work = if builds { "builds an image" } else { "deploys" };
        let message = format!("the job `{}` {work} and has no time limit: one that hangs runs for 360 minutes", job.id);
        let Some(finding) = cx.finding(job.place, message) else { continue };
        let path: Vec<&str> = job.path.iter().map(String::as_str).chain(["timeout-minutes"]).collect();
        let change = WorkflowChange::Set(path, NewValue::Inline("30".to_owned()));
        let subject = if builds { "build" } else { "deployment" };
        let why = Safety::Unsafe(format!("a {subject} that takes longer is stopped"));
        let finding = finding.help("write `timeout-minutes`, about three times what the job takes");
        out.push(cx.fixed(finding, "stop the job after 30 minutes", why, &[change]));
    }
}
