//! A rule about images that are pushed before anything has started them.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::start_needs::needs_more;
use super::steps::{docker_words, is_compose, last_part, pushes, waiting_for, without_tag};
use regex::{Regex, RegexBuilder};

use crate::build::Build;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::Findings;
use crate::inputs::WorkflowInput;
use crate::rules::WorkflowContext;
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::{BuildCall, Builder, Job, LegBuild, PipelineKind, Step, WorkflowText};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "pushed-before-started" => pushed_before_started;
}

/// Meanings in `data/source_patterns.tsv`.
const PROGRAM: &str = "program that starts images";
const RUNNER: &str = "program that runs what a project defines";
const ACTION: &str = "word of an action that starts images";
const COMMAND: &str = "command that starts an image";
const TEST: &str = "word of a test of an image";

/// Bytes that the finder of image names may take: some ten thousand names.
const FINDER: usize = 16 << 20;

/// Commands of Compose that start services.
const STARTS: [&str; 4] = ["up", "run", "start", "create"];

/// An image that starts nowhere in the pipeline is first started by those who get it.
fn pushed_before_started(cx: &WorkflowContext, out: &mut Findings) {
    let workflow = cx.workflow();
    let is_called = workflow.events.iter().any(|event| event.name == "workflow_call");
    let is_unknown =
        workflow.kind == PipelineKind::Action || is_called || workflow.jobs.iter().any(|job| job.calls.is_some());
    if is_unknown || !workflow.kind.is_pipeline() {
        return;
    }
    let mut pushes = pushes(cx);
    // A build that fails pushes nothing.
    pushes.retain(|push| !push.call.is_some_and(|call| lacks_dockerfile(cx, call)));
    let Some(first) = pushes.first() else { return };
    if serves_nothing(cx) {
        return;
    }
    let names = pushes.iter().flat_map(|push| &push.tags).map(|tag| last_part(without_tag(&tag.text)));
    let images = StartedImages::new(names.filter(|name| !name.is_empty() && !name.contains('$')));
    let waits = waiting_for(&workflow.jobs, |number| !cx.calls_of_job(number).is_empty());
    let starts = |(number, job): (usize, &Job)| {
        // Stages of GitLab wait without `needs`.
        let is_behind = workflow.kind == PipelineKind::Gitlab || waits[number];
        let first = cx.calls_of_job(number).first().map(|call| call.step);
        let is_near = |at: usize| is_behind || first.is_some_and(|first| first <= at);
        job.image.iter().chain(&job.services).any(|image| images.are_named_by(&image.text))
            || job.steps.iter().enumerate().any(|(at, step)| images.are_started_by(step, is_near(at)))
    };
    if workflow.jobs.iter().enumerate().any(starts) || is_followed(cx) || others_start(cx) {
        return;
    }
    let compose = compose_with_others(cx, &images);
    if compose.is_none() && all_builds(cx, needs_more) {
        return;
    }
    let message = match images.first {
        Some(name) if images.names.len() == 1 => format!("`{name}` is pushed, and no step of the pipeline starts it"),
        _ => "the image is pushed, and no step of the pipeline starts it".to_owned(),
    };
    let Some(finding) = cx.finding(first.place, message) else { return };
    let name = images.first.unwrap_or("image");
    // Only an action keeps the image from the engine.
    let is_action = first.call.is_some_and(|call| call.builder == Builder::Action);
    let (build, build_test) = if is_action {
        ("build with `load: true`".to_owned(), format!("build with `load: true` and the tag `{name}:test`"))
    } else {
        ("build it".to_owned(), format!("build it with the tag `{name}:test`"))
    };
    if let Some(file) = compose {
        out.push(finding.help(format!(
            "start it with what it needs before it gets its tag: {build}, then `docker compose -f {file} up -d \
             --wait` with that image, and push in a step behind that"
        )));
        return;
    }
    out.push(finding.help(format!(
        "start it before it gets its tag: {build_test}, then `docker run -d --name test \
         {name}:test`, wait until `docker inspect -f '{{{{.State.Health.Status}}}}' test` prints `healthy` (or, without a \
         HEALTHCHECK, until it answers), and push in a step behind that"
    )));
}

/// The compose file in which an image is a service that waits for others, or is given variables: one with this name, or
/// built from the same context and Dockerfile.
fn compose_with_others<'a>(cx: &WorkflowContext<'a, '_>, images: &StartedImages) -> Option<&'a str> {
    let legs: BTreeSet<(&str, &str)> =
        cx.calls().iter().flat_map(|call| call.legs.iter().flatten()).map(|leg| (&*leg.context, &*leg.file)).collect();
    let texts = &cx.repository().texts;
    let mut composes = texts.iter().filter(|(file, _)| path::is_compose(file));
    let (file, _) = composes.find(|(file, source)| {
        let tree = yaml::read(source.text());
        let Some(services) = tree.root().and_then(|root| root.get("services")) else { return false };
        services.entries().any(|service| {
            let value = &service.value;
            let image = value.get("image").and_then(YamlNode::text);
            let has_name = image.is_some_and(|image| images.names.contains(last_part(without_tag(image))));
            let needs_more = ["depends_on", "environment", "env_file"].iter().any(|key| value.get(key).is_some());
            let is_built = || {
                let (context, dockerfile) = build_of(path::parent(file), value)?;
                Some(legs.contains(&(&*context, &*dockerfile)))
            };
            needs_more && (has_name || is_built() == Some(true))
        })
    })?;
    Some(file)
}

/// The context and the Dockerfile of a service of a compose file in a folder, as seen from the top of the repository.
fn build_of(folder: &str, service: &YamlNode) -> Option<(String, String)> {
    let build = service.get("build")?;
    let context = build.text().or_else(|| build.get("context")?.text()).unwrap_or(".");
    let context = path::normalize(&path::join(folder, context));
    let context = if context == "." { String::new() } else { context };
    let dockerfile = build.get("dockerfile").and_then(|file| file.text().map(str::to_owned));
    let dockerfile = dockerfile.unwrap_or_else(|| "Dockerfile".to_owned());
    Some((context.clone(), path::normalize(&path::join(&context, &dockerfile))))
}

/// Whether another pipeline of the repository starts an image.
fn others_start(cx: &WorkflowContext) -> bool {
    let any_image = StartedImages::new(std::iter::empty());
    let starts = |other: &&WorkflowInput| {
        let mut steps = other.workflow.jobs.iter().flat_map(|job| &job.steps);
        other.workflow.kind.is_pipeline() && steps.any(|step| any_image.are_started_by(step, false))
    };
    // One of two is another one.
    let first_two = || cx.inputs.workflows.iter().filter(starts).take(2).map(|other| other.file).collect();
    let starting = cx.dockerfiles.starting_pipelines.get_or_init(first_two);
    starting.iter().any(|file| *file != cx.input.file)
}

/// Whether the repository has no Dockerfile of a build.
fn lacks_dockerfile(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let is_missing = |leg: &LegBuild| !cx.repository().has(&leg.file);
    cx.repository().is_complete && call.legs.iter().flatten().any(is_missing)
}

/// Whether all images that the pipeline builds are known, and none of them says that it serves something: others end at
/// once, or need more than a start.
fn serves_nothing(cx: &WorkflowContext) -> bool {
    let serves = |build: &Build| {
        let is_sign = |(_, instruction): (usize, &Instruction)| {
            matches!(instruction.keyword, Keyword::Expose | Keyword::Healthcheck)
        };
        build.stages().last().is_some_and(|last| build.chain(last).any(|stage| build.instructions(stage).any(is_sign)))
    };
    all_builds(cx, |build| !serves(build))
}

/// Whether all images that the pipeline builds are known, and each is of a kind.
fn all_builds(cx: &WorkflowContext, is_kind: impl Fn(&Build) -> bool) -> bool {
    let builds: Vec<_> = cx.calls().iter().map(|call| cx.builds_of(call)).collect();
    let are_known = !builds.is_empty() && builds.iter().all(|builds| !builds.is_empty());
    are_known && builds.iter().flatten().all(|(_, build)| is_kind(build))
}

/// The images of a pipeline by the last part of their names.
struct StartedImages<'n> {
    first: Option<&'n str>,
    names: BTreeSet<&'n str>,
    /// Finds any of the names in one pass over a text.
    finder: LazyCell<Option<Regex>, Box<dyn FnOnce() -> Option<Regex> + 'n>>,
}

impl<'n> StartedImages<'n> {
    fn new(mut names: impl Iterator<Item = &'n str>) -> Self {
        let first = names.next();
        let names: BTreeSet<&str> = first.into_iter().chain(names).collect();
        let words: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
        let finder = move || RegexBuilder::new(&words.join("|")).size_limit(FINDER).build().ok();
        Self { first, names, finder: LazyCell::new(Box::new(finder)) }
    }

    /// Whether a text may name one of them; so many names that no finder has room for them may be in any text.
    fn are_named_by(&self, text: &str) -> bool {
        let has_name = || self.finder.as_ref().is_none_or(|finder| finder.is_match(text));
        text.contains('$') || !self.names.is_empty() && has_name()
    }

    /// Whether a step may start one of them; `is_near`: whether its job builds or waits for a build.
    fn are_started_by(&self, step: &Step, is_near: bool) -> bool {
        if let Some(action) = &step.action {
            let name = action.name.to_ascii_lowercase();
            let is_unread = name.starts_with("./") || name.contains("/.github/");
            let mut lines = step.inputs.iter().flat_map(|input| &input.lines);
            return patterns::words(ACTION).any(|word| name.contains(word))
                || is_unread && is_near
                || lines.any(|line: &WorkflowText| patterns::shows(&line.text, COMMAND));
        }
        let Some(script) = &step.script else { return false };
        let names_test = || {
            let title = step.name.as_ref().map_or("", |name| name.text.as_str());
            let text = format!("{title} {}", script.text.text).to_ascii_lowercase();
            patterns::words(TEST).any(|word| text.contains(word))
        };
        step.invocations()
            .iter()
            .any(|invocation| self.is_start(invocation) || runs_unread(invocation) && (is_near || names_test()))
    }

    /// Whether a command starts one of the images.
    fn is_start(&self, invocation: &Invocation) -> bool {
        let Some(program) = invocation.program else { return true };
        let words = docker_words(invocation);
        let is_run = matches!(words[..], ["run" | "create", ..] | ["container", "run" | "create", ..]);
        let is_service = matches!(words[..], ["service" | "stack", ..]);
        let is_named = || self.names.is_empty() || invocation.args.iter().any(|word| self.are_named_by(word.text()));
        is_run && is_named()
            || is_service
            || is_compose(invocation, &STARTS)
            || patterns::words(PROGRAM).any(|name| name == program)
    }
}

/// Whether a program does what files of the project say, which are not read here.
fn runs_unread(invocation: &Invocation) -> bool {
    let path = invocation.path.text();
    let is_script = matches!(path.rsplit_once('.'), Some((_, "sh")));
    let is_of_project = path.contains('/') && !path.starts_with("/usr/") && !path.starts_with("/bin/");
    is_of_project
        || is_script
        || invocation.program.is_some_and(|program| patterns::words(RUNNER).any(|name| name == program))
}

/// Whether another workflow of the repository runs when this one is done and starts something.
fn is_followed(cx: &WorkflowContext) -> bool {
    let others = cx.repository().below(".github/workflows").filter(|path| *path != cx.input.path);
    let texts = others.filter_map(|path| cx.repository().texts.get(path));
    let mut following = texts.filter(|source| source.text().contains("workflow_run"));
    following.any(|source| patterns::shows(source.text(), COMMAND))
}
