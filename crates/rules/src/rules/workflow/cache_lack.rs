//! Rules about builds that start with nothing.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::cache::{ColdBuilds, JobBuilder, JobState, add_builder, add_caches, cache_name, has_work, is_hosted};
use super::gitlab::docker_release;
use super::missing_paths::lacks_path;
use super::references::{is_latest, put_constant};
use super::runners::has_containerd;
use super::steps::{LastKnown, docker_words, pushes, without_tag};
use crate::data;
use crate::finding::{Finding, Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::Word;
use crate::workflow::{ActionUse, BuildCall, Builder, Job, PipelineKind, Step, Switch, WorkflowPlace, WorkflowText};

/// The first release of Docker whose `docker build` is BuildKit's (docs.docker.com/engine/release-notes/23.0).
const BUILDKIT: u32 = 23;

const NO_CACHE: &str = "the build has no cache: each run repeats all of its steps";

crate::rules::family! {
    of_workflow
    "build-without-cache" => build_without_cache;
    "build-without-reuse" => build_without_reuse;
    "docker-build-without-cache" => docker_build_without_cache;
}

/// A step that builds on a new machine, and neither reads nor writes a cache.
fn build_without_cache(cx: &WorkflowContext, out: &mut Findings) {
    let mut cold = ColdBuilds::new(cx);
    for call in cx.calls() {
        let is_action = matches!(call.builder, Builder::Action | Builder::Bake) && call.command.is_none();
        if !is_action || !cold.has(call) || has_caches(cx, call) || lacks_path(cx, call) {
            continue;
        }
        let Some(finding) = cx.finding(call.place, NO_CACHE) else { continue };
        let lead = "give the step `cache-from` and `cache-to`, with a `scope` for each image";
        let can_write = has_containerd(cx.workflow(), cx.job(call));
        let finding = finding.help(match cold.state(call).builder(call.step) {
            JobBuilder::New => lead.to_owned(),
            _ if can_write => lead.to_owned(),
            _ => format!("{lead}, and put `docker/setup-buildx-action` before it"),
        });
        out.push(with_caches(cx, call, cold.state(call), finding));
    }
}

fn builds_of_job(cx: &WorkflowContext, call: &BuildCall) -> usize {
    cx.calls_of_job(call.job).len()
}

fn with_caches(cx: &WorkflowContext, call: &BuildCall, state: &JobState, finding: Finding) -> Finding {
    let (job, step) = (cx.job(call), cx.step(call));
    if call.builder == Builder::Bake {
        return finding;
    }
    let Some(caches) = add_caches(cx, call) else { return finding };
    let doubt = doubt(cx, call);
    if state.builder(call.step) == JobBuilder::New || has_containerd(cx.workflow(), job) {
        let safety = doubt.map_or(Safety::Safe, |doubt| Safety::Unsafe(doubt.to_owned()));
        return cx.fixed(finding, "keep its cache in that of GitHub", safety, &[caches]);
    }
    let changes = [caches, add_builder(cx, job, step)];
    let is_kept = call.push.is_on() || call.load.is_on();
    let is_alone = is_kept && !state.is_used_later(call) && builds_of_job(cx, call) == 1;
    let doubt = doubt.or((!is_alone).then_some("the new builder gives the image to the engine only with `load: true`"));
    let safety = doubt.map_or(Safety::Safe, |doubt| Safety::Unsafe(doubt.to_owned()));
    cx.fixed(finding, "keep its cache in that of GitHub, with a builder that can", safety, &changes)
}

/// The first version of docker/build-push-action that is made for GitHub's cache as it is since 2025.
const CACHE_VERSION: u32 = 6;

/// Why a cache may change more than the time of a build.
fn doubt(cx: &WorkflowContext, call: &BuildCall) -> Option<&'static str> {
    let version = cx.step(call).action.as_ref().and_then(ActionUse::major);
    if cx.workflow().events.iter().any(|event| event.name == "schedule") {
        return Some("scheduled runs no longer fetch the newest packages where nothing else changed");
    }
    version
        .is_some_and(|version| version < CACHE_VERSION)
        .then_some("this version of the action is older than the cache of GitHub that is in service")
}

/// Whether a build has a cache, or may have it from a file that is not known.
fn has_caches(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let names = ["cache-from", "cache-to", "cache_from", "cache_to"];
    let is_set = |text: &str| names.iter().any(|name| text.contains(name));
    if !call.cache_from.is_empty() || !call.cache_to.is_empty() {
        return true;
    }
    match call.builder {
        Builder::Bake | Builder::Compose => {
            let texts = build_files(cx, call);
            call.overrides.iter().any(|set| is_set(&set.text))
                || texts.is_none_or(|texts| texts.iter().any(|text| is_set(text)))
        }
        _ => false,
    }
}

/// The texts of the files of bake or Compose that a build reads; `None` where one of them is not known.
fn build_files<'a>(cx: &WorkflowContext<'a, '_>, call: &BuildCall) -> Option<Vec<&'a str>> {
    let repository = cx.repository();
    let files = repository.build_files(call)?;
    let texts: Vec<&str> = files.iter().map(|file| Some(repository.texts.get(file)?.text())).collect::<Option<_>>()?;
    (!texts.is_empty()).then_some(texts)
}

/// `docker build` in a script, on a new machine.
fn docker_build_without_cache(cx: &WorkflowContext, out: &mut Findings) {
    let mut jobs = BTreeSet::new();
    let mut cold = ColdBuilds::new(cx);
    for call in cx.calls() {
        let is_bake = call.builder == Builder::Bake && call.command.is_some();
        let is_builder = matches!(call.builder, Builder::Docker | Builder::Buildx | Builder::Compose | Builder::Kaniko);
        let is_command = is_bake || is_builder;
        if !is_command
            || jobs.contains(&call.job)
            || !(cold.has(call) || has_empty_engine(cx, call))
            || has_caches(cx, call)
            || lacks_dockerfile(cx, call)
            || has_unknown_options(cx, call)
        {
            continue;
        }
        // What is true of the first build of a job is true of the others.
        jobs.insert(call.job);
        let Some(finding) = cx.finding(call.place, NO_CACHE) else { continue };
        if cx.workflow().kind == PipelineKind::Gitlab {
            out.push(finding.help(gitlab_help(cx, call)));
            continue;
        }
        if is_bake {
            out.push(finding.help(
                "write `cache-from` and `cache-to` for the targets of the bake file, behind `docker/setup-buildx-action`, and call \
                 it by `docker/bake-action`, which takes the credentials of GitHub's cache from the run",
            ));
            continue;
        }
        let finding = finding.help(
            "build with `docker/build-push-action` behind `docker/setup-buildx-action`, or call `docker buildx build --load` with `--cache-from` and `--cache-to`",
        );
        out.push(with_flags(cx, call, cold.state(call), finding));
    }
}

/// What helps in a job of GitLab: the cache is in the image that it pushes, or in one of the project's registry.
fn gitlab_help(cx: &WorkflowContext, call: &BuildCall) -> String {
    let mut pushed: Vec<WorkflowText> = Vec::new();
    for push in pushes(cx).into_iter().filter(|push| push.job == call.job) {
        let place = (push.job, push.step);
        pushed.extend(push.tags.into_iter().map(|mut tag| {
            put_constant(cx, place, &mut tag);
            tag
        }));
    }
    let names = |tag: &&WorkflowText| {
        call.tags.iter().any(|known| known.place == tag.place || without_tag(&known.text) == without_tag(&tag.text))
    };
    let has = |text: &str| pushed.iter().any(|tag| tag.text == text);
    let of_leg = reference_of_leg(cx, call, &pushed);
    let (reference, pushes_it) = match pushed.iter().find(names).or_else(|| pushed.first()).map(|tag| &tag.text) {
        _ if of_leg.is_some() => of_leg.unwrap_or_default(),
        // A tag of one commit is the image of no later run.
        Some(tag) if is_latest(tag).is_some() => (tag.clone(), true),
        Some(tag) if without_tag(tag).len() < tag.len() => {
            let latest = format!("{}:latest", without_tag(tag));
            let is_pushed = has(&latest);
            (latest, is_pushed)
        }
        // Whether a variable has a tag is not known.
        Some(_) => ("IMAGE:latest".to_owned(), false),
        None => ("$CI_REGISTRY_IMAGE:latest".to_owned(), false),
    };
    let push = if pushes_it { "" } else { ", and push that tag" };
    if call.builder == Builder::Kaniko {
        return "write `--cache=true`: Kaniko keeps the layers of all stages below the destination, in `…/cache`, or where \
                `--cache-repo` says"
            .to_owned();
    }
    if call.builder == Builder::Buildx && makes_builder(cx.job(call)) {
        let (name, label) = (without_tag(&reference), reference.rsplit_once("latest-").map_or("", |(_, leg)| leg));
        let place = format!("type=registry,ref={name}:buildcache{}{label}", if label.is_empty() { "" } else { "-" });
        return format!(
            "write `--cache-from {place} --cache-to {place},mode=max`, which keeps the steps of all stages"
        );
    }
    let buildkit = match engine_without_buildkit(cx, call) {
        Some(release) => {
            format!("set `DOCKER_BUILDKIT: \"1\"` (Docker {release} builds without BuildKit otherwise), then ")
        }
        None => String::new(),
    };
    format!(
        "{buildkit}write `--cache-from {reference} --build-arg BUILDKIT_INLINE_CACHE=1`{push}; all stages are kept by `docker buildx build` \
         with `--cache-to type=registry,ref=…,mode=max`, behind `docker buildx create --use`"
    )
}

/// The text of the command that builds.
fn command_text<'a>(cx: &WorkflowContext<'a, '_>, call: &BuildCall) -> &'a str {
    let script = cx.step(call).script.as_ref();
    script.zip(call.command).map_or("", |(script, span)| script.text.slice(span.range()))
}

/// Whether a job makes a builder, which can export a cache of all stages.
fn makes_builder(job: &Job) -> bool {
    let scripts = job.steps.iter().filter_map(|step| step.script.as_ref());
    scripts.into_iter().any(|script| script.text.text.contains("buildx create"))
}

/// The release of Docker's client in the image of a job, where that builds without BuildKit: inline caches mean nothing to it.
fn engine_without_buildkit(cx: &WorkflowContext, call: &BuildCall) -> Option<u32> {
    let job = cx.job(call);
    let release = docker_release(&job.image.as_ref()?.text).filter(|release| *release < BUILDKIT)?;
    let is_named =
        |step: &Step| step.script.as_ref().is_some_and(|script| script.text.text.contains("DOCKER_BUILDKIT"));
    let is_set = job.variable("DOCKER_BUILDKIT").is_some() || job.steps.iter().any(is_named);
    (call.builder == Builder::Docker && !is_set).then_some(release)
}

/// A reference that each leg of a job's matrix has for itself, and whether the job pushes it: of one for all legs, the last one
/// that pushes keeps its own cache alone. `None` where the legs do not differ, or have images of their own.
fn reference_of_leg(cx: &WorkflowContext, call: &BuildCall, pushed: &[WorkflowText]) -> Option<(String, bool)> {
    let job = cx.job(call);
    let legs = &job.matrix.legs;
    let differs = |key: &&String| legs.iter().any(|leg| leg.get(*key) != legs[0].get(*key));
    let keys: Vec<&String> = legs.first()?.keys().filter(differs).collect();
    let names_key = |text: &str| shell_names(text).any(|name| keys.iter().any(|key| *key == name));
    let paths = [&call.context, &call.file, &call.target].into_iter().flatten().map(|text| text.text.as_str());
    let arguments = call.arguments.iter().filter_map(|argument| argument.value.as_deref());
    let mut used = paths.chain(arguments).chain(call.tags.iter().map(|tag| tag.text.as_str()));
    if !job.matrix.are_variables || !used.any(names_key) {
        return None;
    }
    let first = pushed.first().map_or("$CI_REGISTRY_IMAGE", |tag| without_tag(&tag.text));
    if names_key(first) {
        return None;
    }
    let is_kept = |tag: &&WorkflowText| {
        let label = tag.text.get(without_tag(&tag.text).len()..).unwrap_or_default();
        names_key(label) && shell_names(label).all(|name| keys.iter().any(|key| *key == name))
    };
    match pushed.iter().find(is_kept) {
        Some(tag) => Some((tag.text.clone(), true)),
        None => Some((format!("{first}:latest-${}", keys.first()?), false)),
    }
}

/// The names of the variables of a shell in a text.
fn shell_names(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default()
    })
}

/// Whether a job of GitLab builds on an engine that a service starts for it alone, and brings no layers from elsewhere.
fn has_empty_engine(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let (workflow, job) = (cx.workflow(), cx.job(call));
    let is_own = workflow.kind == PipelineKind::Gitlab
        && !job.is_partial
        && call.place.file == 0
        && !call.no_cache.may_be_on()
        && match call.builder {
            Builder::Docker | Builder::Buildx => job.services.iter().any(|service| service.text.contains("dind")),
            Builder::Kaniko => call.push.is_on() && !command_text(cx, call).contains("--cache"),
            _ => false,
        };
    // What is built for a tag alone is built once.
    let is_rare = ["rules", "only"].iter().filter_map(|key| job.key(key)).any(|place| {
        let text = value_of_key(cx, place);
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| ["tags", "CI_COMMIT_TAG", "schedule", "schedules", "manual"].contains(&word))
    });
    let brings_layers = |step: &Step| {
        let brings = |words: &[&str]| matches!(words, ["pull" | "load", ..] | ["image", "pull" | "load", ..]);
        step.invocations().iter().any(|invocation| brings(&docker_words(invocation)))
    };
    is_own && !is_rare && !job.steps.iter().any(brings_layers) && has_work(cx, call)
}

/// The lines of a key and of what stands below it.
fn value_of_key<'a>(cx: &WorkflowContext<'a, '_>, place: WorkflowPlace) -> &'a str {
    let Some(source) = cx.input.file_of(place).map(|file| cx.inputs.source(file)) else { return "" };
    let text = source.text().get(place.span.start as usize..).unwrap_or_default();
    let before = source.text().get(..place.span.start as usize).unwrap_or_default();
    let indent = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let is_below = |line: &str| {
        let depth = line.len() - line.trim_start().len();
        line.trim().is_empty() || depth > indent || depth == indent && line.trim_start().starts_with('-')
    };
    let lines = text.split_inclusive('\n').enumerate();
    let length = lines.take_while(|(at, line)| *at == 0 || is_below(line)).map(|(_, line)| line.len()).sum::<usize>();
    &text[..length]
}

/// Whether the repository is known to have no such Dockerfile: that build ends with an error.
fn lacks_dockerfile(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let repository = cx.repository();
    let legs = call.legs.as_deref().unwrap_or_default();
    repository.is_complete && call.file.is_some() && legs.iter().any(|leg| !repository.has(&leg.file))
}

/// Whether a variable of a command may hold options: `docker build $OPTIONS .`
pub(super) fn has_unknown_options(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let Some(script) = &cx.step(call).script else { return true };
    let invocations = script.commands().invocations();
    let Some(invocation) = invocations.iter().find(|invocation| Some(invocation.span) == call.command) else {
        return true;
    };
    let is_context = |word: &Word| {
        let place = script.text.place_of(word.span);
        call.context.as_ref().is_some_and(|context| context.place == place)
    };
    let is_option = |word: &Word| word.text().starts_with('-') && !word.text().contains('=');
    let word_text = |word: &Word| script.text.slice(word.span.range());
    let mut before = None;
    invocation.args.iter().any(|word| {
        let is_value = before.replace(word).is_some_and(is_option);
        let is_variable = word.is_dynamic() && word_text(word).trim_start_matches('"').starts_with('$');
        is_variable && (word_text(word).contains("[@]") || !is_value && !is_context(word))
    })
}

/// The fix of a plain `docker build`: a builder, the credentials of the cache, and the options.
fn with_flags(cx: &WorkflowContext, call: &BuildCall, state: &JobState, finding: Finding) -> Finding {
    let (job, step) = (cx.job(call), cx.step(call));
    let is_first = state.builder(call.step) == JobBuilder::Engine;
    let is_plain =
        call.builder == Builder::Docker && is_first && builds_of_job(cx, call) == 1 && call.outputs.is_empty();
    let edit = if is_plain { command_edit(cx, call, step) } else { None };
    let (Some(edit), WorkflowChange::Insert(path, number, setup)) = (edit, add_builder(cx, job, step)) else {
        return finding;
    };
    let Some(row) = data::WORKFLOW_ACTIONS.row("crazy-max/ghaction-github-runtime") else { return finding };
    // Two steps that come to one place would be two edits of it: the credentials are there from the start of the job.
    if number == 0 || setup.contains('#') {
        return finding;
    }
    let runtime = WorkflowChange::Insert(path.clone(), 0, format!("uses: {}@{}", row[0], row[2]));
    let changes = [runtime, WorkflowChange::Insert(path, number, setup), edit];
    let safety = Safety::Unsafe("another builder builds, which does not see images of the engine".to_owned());
    cx.fixed(finding, "build with a builder that keeps its cache in that of GitHub", safety, &changes)
}

/// `docker build` with the options of the cache behind it.
fn command_edit(cx: &WorkflowContext, call: &BuildCall, step: &Step) -> Option<WorkflowChange<'static>> {
    let script = step.script.as_ref()?;
    let name = cache_name(cx, call)?;
    let text = script.text.slice(call.command?.range());
    let words = ["docker buildx build", "docker build"];
    let start = words.into_iter().find(|start| text.starts_with(start))?;
    let from = call.command?.start;
    let span = script.text.verbatim(crate::text::Span::new(from, from + start.len() as u32))?;
    let place = WorkflowPlace { file: 0, span };
    let options =
        format!("--cache-from type=gha,scope={name} --cache-to type=gha,scope={name},mode=max,ignore-error=true");
    Some(WorkflowChange::Replace(place, format!("docker buildx build --load {options}")))
}

/// `no-cache` in a pipeline that runs with each change.
fn build_without_reuse(cx: &WorkflowContext, out: &mut Findings) {
    let is_timed = cx.workflow().events.iter().any(|event| matches!(&*event.name, "schedule" | "release"));
    let is_repeated = LazyCell::new(|| super::cache::is_repeated(cx));
    let mut hosted = LastKnown::new();
    for call in cx.calls() {
        let Switch::On(place) = call.no_cache else { continue };
        let is_for_changes = !is_timed && *is_repeated && !super::cache::is_rare(cx.job(call), cx.step(call));
        let is_hosted = *hosted.of(call.job, || is_hosted(cx.workflow(), cx.job(call)));
        if !is_for_changes || !is_hosted && call.command.is_some() {
            continue;
        }
        let message = "`no-cache` repeats all steps of the build with each change";
        let Some(finding) = cx.finding(place, message) else { continue };
        let finding = finding.help("use the cache here, and build without it in a workflow that runs once a week");
        let path = cx.step(call).path_to(&["with", "no-cache"]);
        let safety =
            Safety::Unsafe("steps that fetch the newest of something run only when their input changes".to_owned());
        out.push(match call.command {
            None => cx.fixed(finding, "use the cache", safety, &[WorkflowChange::Remove(path)]),
            Some(_) => finding,
        });
    }
}
