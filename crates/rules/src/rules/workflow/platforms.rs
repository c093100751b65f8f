//! Rules about platforms: what is emulated, what is set up for nothing, what no engine takes.

use std::collections::BTreeSet;

use super::cache::{BUILDS, JobBuilder, JobState, add_builder, cache_place};
use super::run_work::{is_slow, needed, shipped};
use super::runners::{ImageStore, has_containerd, image_stores};
use super::steps::{FILELESS_ACTION, LastKnown, architecture, is_action, is_plain, legs, waiting_for};
use crate::build::{Build, Stage, StageBase};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Safety};
use crate::manifest::Ecosystem;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::Verb;
use crate::sources::patterns;
use crate::workflow::{BuildCall, Builder, Job, LegBuild, MatrixLeg, Step, text_in_leg};

crate::rules::family! {
    of_workflow
    "platform-emulated" => platform_emulated;
    "qemu-unused" => qemu_unused;
    "multi-platform-load" => multi_platform_load;
    "platform-not-buildable" => platform_not_buildable;
}

/// The meaning in `data/source_patterns.tsv` of the first part of images that are for one processor.
const ONE_PROCESSOR: &str = "namespace of images for one processor";

const QEMU: &str = "docker/setup-qemu-action";
const BUILDX: &str = "docker/setup-buildx-action";

/// Platforms of one build that are looked at.
const PLATFORMS: usize = 100;

/// A processor emulates each instruction of a RUN for another platform.
fn platform_emulated(cx: &WorkflowContext, out: &mut Findings) {
    let mut emulating = LastKnown::new();
    // BuildKit in a container brings emulators of its own (moby/buildkit: `buildkit-qemu-*`).
    let sets_up = |step: &Step| step.uses(QEMU) || step.uses("docker/setup-buildx-action");
    let has_emulator = |job: &Job| !has_remote_builder(job) && job.steps.iter().any(sets_up);
    for call in cx.calls().iter().filter(|call| is_plain(call)) {
        let job = cx.job(call);
        let legs = emulating.of(call.job, || if has_emulator(job) { legs(job) } else { None });
        let (Some(legs), None) = (legs, &call.builder_name) else { continue };
        let mut seen = BTreeSet::new();
        let foreign = legs.iter().flat_map(|leg| foreign_platforms(job, call, leg));
        let mut foreign: Vec<_> =
            foreign.filter(|(platform, _)| seen.insert(platform.clone())).take(PLATFORMS).collect();
        foreign.retain(|(platform, _)| !is_built_natively(cx, call, platform));
        if foreign.is_empty() {
            continue;
        }
        let builds = cx.builds_of(call);
        let slow: Vec<RunningStage> =
            builds.iter().flat_map(|(leg, build)| running_stages(cx, build, leg, &is_slow)).collect();
        // Those that there are runners of come first.
        foreign.sort_by_key(|(platform, _)| runner_of(platform).is_none());
        let emulated = foreign.into_iter().find_map(|(platform, native)| {
            // What can be built nowhere else has no help.
            let has_help = |stage: &&RunningStage| stage.may_cross || runner_of(&platform).is_some();
            let stage = slow.iter().find(|stage| stage.runs_on(&platform)).filter(has_help)?;
            Some((platform, native, stage))
        });
        let Some((platform, native, stage)) = emulated else { continue };
        let place = call.platforms.first().map_or(call.place, |text| text.place);
        let RunningStage { title, dockerfile, may_cross, .. } = stage;
        let message = format!(
            "the RUN of the stage `{title}` of `{dockerfile}` is emulated for `{platform}`: the runner is `{native}`"
        );
        let Some(finding) = cx.finding(place, message) else { continue };
        let cross = "let the stage run on `--platform=$BUILDPLATFORM` and cross-compile";
        let native_help = runner_of(&platform).map(|runner| {
            format!(
                "build each platform on a runner of its kind (a matrix with `{runner}`), push by digest, and merge the \
                 digests with `docker buildx imagetools create`"
            )
        });
        out.push(finding.help(match native_help {
            Some(help) if *may_cross => format!("{help}; or {cross}"),
            Some(help) => help,
            None => cross.to_owned(),
        }));
    }
}

/// Whether a build reads the cache of all stages that a job before it writes for a platform on a machine of that kind.
fn is_built_natively(cx: &WorkflowContext, call: &BuildCall, platform: &str) -> bool {
    let read: BTreeSet<_> = call.cache_from.iter().filter_map(cache_place).collect();
    if read.is_empty() {
        return false;
    }
    let jobs = &cx.workflow().jobs;
    let is_before = |other: &BuildCall| {
        if other.job == call.job {
            other.step < call.step
        } else {
            waiting_for(jobs, |number| number == other.job)[call.job]
        }
    };
    let is_native = |other: &BuildCall, leg: &MatrixLeg| {
        let job = cx.job(other);
        let is_foreign = || foreign_platforms(job, other, leg).iter().any(|(known, _)| known == platform);
        let is_built = platforms(other, leg).is_some_and(|all| all.iter().any(|known| known == platform));
        is_built && architecture(job, leg).is_some() && !is_foreign()
    };
    let writes = |other: &BuildCall, leg: &MatrixLeg| {
        let mut kept = other.cache_to.iter().filter(|entry| entry.has_all_stages()).filter_map(cache_place);
        kept.any(|(kind, place)| read.contains(&(kind, text_in_leg(&place, leg))))
    };
    cx.calls().iter().take(BUILDS).filter(|other| other.legs == call.legs && !other.cache_to.is_empty()).any(|other| {
        let legs = legs(cx.job(other)).unwrap_or_default();
        legs.iter().any(|leg| is_native(other, leg) && writes(other, leg)) && is_before(other)
    })
}

/// The hosted runner of a platform.
fn runner_of(platform: &str) -> Option<&'static str> {
    match platform {
        "linux/arm64" | "linux/arm64/v8" => Some("ubuntu-24.04-arm"),
        "linux/amd64" => Some("ubuntu-24.04"),
        _ => None,
    }
}

/// Whether builds of a job may run on machines elsewhere.
fn has_remote_builder(job: &Job) -> bool {
    let is_remote = |step: &crate::workflow::Step| {
        let driver = step.input("driver").map_or("docker-container", |input| &input.value.text);
        step.uses(BUILDX)
            && (step.input("append").is_some() || step.input("endpoint").is_some() || driver != "docker-container")
    };
    job.steps.iter().any(is_remote)
}

/// The platforms of a build that the runner of a leg has to emulate, with the runner's architecture.
fn foreign_platforms(job: &Job, call: &BuildCall, leg: &MatrixLeg) -> Vec<(String, &'static str)> {
    let (Some(native), Some(platforms)) = (architecture(job, leg), platforms(call, leg)) else { return Vec::new() };
    let is_foreign = |platform: &String| match (platform.split('/').nth(1), native) {
        // A 32-bit program runs on the processor of its 64-bit family.
        (Some("amd64" | "386"), "amd64") | (Some("arm64" | "arm"), "arm64") | (None, _) => false,
        _ => platform.starts_with("linux/"),
    };
    platforms.into_iter().filter(is_foreign).map(|platform| (platform, native)).collect()
}

/// The platforms of a build in a leg; `None` where one of them is not known.
fn platforms(call: &BuildCall, leg: &MatrixLeg) -> Option<Vec<String>> {
    let texts: Vec<String> = call.platforms.iter().map(|text| text_in_leg(&text.text, leg)).collect();
    let is_known = texts.iter().all(|text| !text.contains('$'));
    is_known.then(|| texts.iter().flat_map(|text| text.split(',')).map(|text| text.trim().to_owned()).collect())
}

/// A stage with a RUN of some kind that the target needs.
struct RunningStage<'b> {
    title: String,
    dockerfile: &'b str,
    /// What it has behind `--platform=`.
    platform: Option<&'b str>,
    /// Whether it may run on the platform of the runner: a compiler makes what is taken of it.
    may_cross: bool,
}

impl RunningStage<'_> {
    /// Whether it runs on the platform of a result.
    fn runs_on(&self, platform: &str) -> bool {
        self.platform.is_none_or(|text| text == platform || text.contains("TARGETPLATFORM"))
    }
}

/// Those of a build with a RUN of this kind, up to one that runs on the platform of any result.
fn running_stages<'b>(
    cx: &WorkflowContext<'b, '_>,
    build: &'b Build,
    leg: &LegBuild,
    is_meant: &dyn Fn(&Build, usize) -> bool,
) -> Vec<RunningStage<'b>> {
    let Some(needed) = needed(build, leg) else { return Vec::new() };
    let has_run = |stage: &&Stage| {
        let mut all = build.instructions(stage);
        all.any(|(index, instruction)| instruction.keyword == Keyword::Run && is_meant(build, index))
    };
    let platforms = stage_platforms(build);
    let stages = build.stages().iter().filter(|stage| needed.contains(&stage.index)).filter(has_run);
    let dockerfile = cx.inputs.source(build.input().dockerfile).name();
    let shipped = shipped(build, leg);
    let mut slow = Vec::new();
    for stage in stages {
        let platform = platforms.get(stage.index).copied().flatten();
        // `amd64/python` holds programs of one processor, whatever the platform: nothing is emulated, or it fails.
        if let StageBase::Image(image) = &stage.base
            && patterns::words(ONE_PROCESSOR).any(|name| image.split('/').next() == Some(name))
        {
            break;
        }
        // Its own files, or packages of it, are those of its platform.
        let may_cross = !shipped.contains(&stage.index) && !gives_packages(build, stage);
        slow.push(RunningStage { title: stage.title(), dockerfile, platform, may_cross });
        if platform.is_none() {
            break;
        }
    }
    slow
}

/// Whether a stage installs packages of a language that others take from it, and that may hold programs of its platform.
fn gives_packages(build: &Build, stage: &Stage) -> bool {
    let runs = build.runs(stage);
    let calls: Vec<_> =
        runs.flat_map(|run| run.code.script.invocations()).filter_map(|call| call.package_call()).collect();
    let has = |is_kind: fn(Ecosystem) -> bool| {
        let mut managers = calls.iter().filter(|call| call.verb == Verb::Install).map(|call| call.manager);
        managers.any(|manager| Ecosystem::of_manager(manager).is_some_and(is_kind))
    };
    let takes_modules = || {
        let file = &build.input().file;
        let copies = build.stages().iter().flat_map(|other| build.transfers(other));
        let mut of_stage = copies.filter(|transfer| transfer.from == Some(StageBase::Stage(stage.index)));
        of_stage.any(|transfer| file.source().slice(transfer.instruction.span).contains("node_modules"))
    };
    has(|known| matches!(known, Ecosystem::Python | Ecosystem::Ruby | Ecosystem::Php))
        || has(|known| known == Ecosystem::Node) && takes_modules()
}

/// What each stage, or the one that it is based on, has behind `--platform=`.
fn stage_platforms<'b>(build: &'b Build) -> Vec<Option<&'b str>> {
    let file = &build.input().file;
    let mut platforms: Vec<Option<&str>> = Vec::new();
    for stage in build.stages() {
        let from = build.from_of(stage);
        let flag = from.and_then(|from| from.flags.iter().find(|flag| file.flag_name(flag) == "platform"));
        let base = match stage.base {
            StageBase::Stage(base) => platforms.get(base).copied().flatten(),
            _ => None,
        };
        platforms.push(flag.and_then(|flag| flag.value).map(|value| file.str(value)).or(base));
    }
    platforms
}

/// QEMU is set up, and nothing in the job is built for another platform.
fn qemu_unused(cx: &WorkflowContext, out: &mut Findings) {
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let Some(step) = job.steps.iter().find(|step| step.uses(QEMU) && step.place.file == 0) else { continue };
        let calls = cx.calls_of_job(number);
        let Some(legs) = legs(job) else { continue };
        let is_native = |call: &BuildCall| {
            let builds = cx.builds_of(call);
            let names_none = |build: &Build| {
                let mut platforms = stage_platforms(build).into_iter().flatten();
                platforms.all(|text| text.contains("BUILDPLATFORM"))
            };
            let is_native_in = |leg: &MatrixLeg| {
                let native = architecture(job, leg);
                native.is_some_and(|native| {
                    platforms(call, leg)
                        .is_some_and(|all| all.iter().all(|platform| *platform == format!("linux/{native}")))
                })
            };
            is_plain(call)
                && !builds.is_empty()
                && builds.iter().all(|(_, build)| names_none(build))
                && legs.iter().all(is_native_in)
        };
        let has_known_steps = job.steps.iter().all(|step| match (&step.action, &step.script) {
            (Some(_), _) => is_action(step, FILELESS_ACTION) || step.uses("actions/checkout"),
            (None, Some(script)) => {
                ["arm", "aarch", "platform", "qemu", "binfmt"].iter().all(|word| !script.text.text.contains(word))
            }
            (None, None) => true,
        });
        if calls.is_empty() || !calls.iter().all(is_native) || !has_known_steps {
            continue;
        }
        let place = step.action.as_ref().map_or(step.place, |action| action.place);
        let message = "QEMU is set up for nothing: all images of the job are built for the platform of the runner";
        let Some(finding) = cx.finding(place, message) else { continue };
        let (position, list) =
            step.path.split_last().map_or(("", &[][..]), |(position, list)| (position.as_str(), list));
        let change = match position.parse() {
            Ok(at) => WorkflowChange::RemoveMember(list.iter().map(String::as_str).collect(), at),
            Err(_) => continue,
        };
        let is_used = step.id.as_ref().is_some_and(|id| cx.source().text().contains(&format!("steps.{id}.")));
        let change = if is_used { WorkflowChange::Impossible("its outputs are used".to_owned()) } else { change };
        out.push(cx.fixed(finding.help("leave the step out"), "leave the step out", Safety::Safe, &[change]));
    }
}

/// The engine takes an image of one platform only.
fn multi_platform_load(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    for call in cx.calls().iter().filter(|call| matches!(call.builder, Builder::Action | Builder::Buildx)) {
        let crate::workflow::Switch::On(place) = call.load else { continue };
        let is_known = call.platforms.iter().all(|text| text.constant().is_some());
        let takes_all = has_containerd(cx.workflow(), cx.job(call));
        if call.platforms.len() < 2 || !is_known || takes_all {
            continue;
        }
        let count = call.platforms.len();
        let message =
            format!("the image of {count} platforms cannot be loaded: the engine of hosted runners takes one platform");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("load the platform of the runner alone, and build the others in the step that pushes"));
    }
}

/// The builder of the engine builds for one platform, or what it runs is for another processor.
fn platform_not_buildable(cx: &WorkflowContext, out: &mut Findings) {
    let mut jobs = LastKnown::new();
    for call in cx.calls().iter().filter(|call| is_plain(call) && !call.platforms.is_empty()) {
        let job = cx.job(call);
        let is_default = call.builder_name.is_none() && job.image.is_none() && call.place.file == 0;
        let state: &JobState = jobs.of(call.job, || JobState::of(cx, call.job));
        if !is_default || !state.is_hosted || state.builder(call.step) != JobBuilder::Engine {
            continue;
        }
        let Some(legs) = legs(job) else { continue };
        let finding = several_platforms(cx, call, &legs).or_else(|| without_emulator(cx, call, &legs));
        let Some(finding) = finding else { continue };
        let change = add_builder(cx, job, cx.step(call));
        let is_action = call.command.is_none();
        out.push(if is_action {
            cx.fixed(finding, "add a builder that can", Safety::Safe, &[change])
        } else {
            finding
        });
    }
}

/// A finding about a build for several platforms on a machine whose engine has no store for them.
fn several_platforms(cx: &WorkflowContext, call: &BuildCall, legs: &[MatrixLeg]) -> Option<Finding> {
    let is_single = |leg: &MatrixLeg| platforms(call, leg).is_none_or(|platforms| platforms.len() < 2);
    let stores = image_stores(cx.workflow(), cx.job(call));
    if legs.iter().all(is_single) || !stores.contains(&ImageStore::Engine) {
        return None;
    }
    let message = "the builder of the engine builds for one platform: the step fails";
    let finding = cx.finding(call.platforms.first()?.place, message)?;
    Some(finding.help("add a step with `docker/setup-buildx-action` before it"))
}

/// A finding about a RUN for a processor that the machine does not have and that nothing emulates.
fn without_emulator(cx: &WorkflowContext, call: &BuildCall, legs: &[MatrixLeg]) -> Option<Finding> {
    let job = cx.job(call);
    let emulates = |step: &Step| {
        let text = step.script.as_ref().map_or("", |script| script.text.text.as_str());
        let is_known = step.action.is_none() || is_action(step, FILELESS_ACTION) || step.uses("actions/checkout");
        step.uses(QEMU) || !is_known || ["qemu", "binfmt"].iter().any(|word| text.contains(word))
    };
    if image_stores(cx.workflow(), job).is_empty() || job.steps.iter().take(call.step).any(emulates) {
        return None;
    }
    let foreign: Vec<_> = legs.iter().flat_map(|leg| foreign_platforms(job, call, leg)).take(PLATFORMS).collect();
    let builds = cx.builds_of(call);
    let running: Vec<RunningStage> =
        builds.iter().flat_map(|(leg, build)| running_stages(cx, build, leg, &|_, _| true)).collect();
    let (platform, native, stage) = foreign.into_iter().find_map(|(platform, native)| {
        let stage = running.iter().find(|stage| stage.runs_on(&platform))?;
        Some((platform, native, stage))
    })?;
    let RunningStage { title, dockerfile, .. } = stage;
    let message = format!(
        "the RUN of the stage `{title}` of `{dockerfile}` fails for `{platform}`: the runner is `{native}`, and nothing emulates"
    );
    let finding = cx.finding(call.platforms.first()?.place, message)?;
    let runner = runner_of(&platform).map(|runner| format!("; or build it on `{runner}`")).unwrap_or_default();
    let setup =
        "add a step with `docker/setup-buildx-action`, whose builder brings emulators, or `docker/setup-qemu-action`";
    Some(finding.help(format!("{setup}{runner}")))
}
