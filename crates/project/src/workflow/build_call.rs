//! Steps ─► the builds of images that they do.

use super::cache_entry::{CacheEntry, fields};
use super::expression::filled;
use super::matrix::MatrixLeg;
use super::model::{Job, PipelineKind, Step, Workflow, WorkflowPlace, WorkflowText};
use super::{build_command, gitlab};
use crate::sources::patterns;
use crate::text::{Span, path};

/// Meanings in `data/source_patterns.tsv`.
const ACTION: &str = "action that builds an image";
const BAKE_ACTION: &str = "action that runs bake";
const DOCKERFILE_INPUT: &str = "input of an action with the Dockerfile";
const CONTEXT_INPUT: &str = "input of an action with the build context";
const HERE: &str = "names the folder that a command runs in";

/// What builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Builder {
    /// docker/build-push-action.
    Action,
    /// docker/bake-action, or `docker buildx bake`.
    Bake,
    /// Another action with an input that names a Dockerfile: how it builds is its own matter.
    OtherAction,
    /// `docker build`, with the engine's builder or that of `buildx`.
    Docker,
    /// `docker buildx build`.
    Buildx,
    /// `docker compose build`, or `up --build`.
    Compose,
    /// Kaniko's executor.
    Kaniko,
    /// Another program that builds images: buildah, nerdctl, podman.
    Other,
}

/// A value that is on or off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    /// It is not written, or off.
    #[default]
    Off,
    /// It is on, as written there.
    On(WorkflowPlace),
    /// Only a run knows.
    Unknown(WorkflowText),
}

impl Switch {
    /// Whether it may be on.
    pub fn may_be_on(&self) -> bool {
        *self != Self::Off
    }

    /// Whether it is on in each run.
    pub fn is_on(&self) -> bool {
        matches!(self, Self::On(_))
    }

    fn of(text: Option<&WorkflowText>) -> Self {
        match text {
            None => Self::Off,
            Some(text) => match text.as_bool() {
                Some(true) => Self::On(text.place),
                Some(false) => Self::Off,
                None => Self::Unknown(text.clone()),
            },
        }
    }
}

/// `--build-arg NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowArgument {
    /// Its name.
    pub name: String,
    /// Its value; `None` where the environment gives it.
    pub value: Option<String>,
    /// Where name and value are written.
    pub place: WorkflowPlace,
}

/// A build of an image by a step.
#[derive(Clone, Debug)]
pub struct BuildCall {
    /// The number of its job in [`Workflow::jobs`].
    pub job: usize,
    /// The number of its step in [`Job::steps`].
    pub step: usize,
    /// What builds.
    pub builder: Builder,
    /// Where that is written: the action's name, or the command.
    pub place: WorkflowPlace,
    /// The command in the text of the step's script; `None` for an action.
    pub command: Option<Span>,
    /// The context as written; `None` where none is: the git reference of the run for docker/build-push-action.
    pub context: Option<WorkflowText>,
    /// The Dockerfile as written.
    pub file: Option<WorkflowText>,
    /// The stage.
    pub target: Option<WorkflowText>,
    /// Build arguments.
    pub arguments: Vec<WorkflowArgument>,
    /// Named contexts.
    pub contexts: Vec<WorkflowText>,
    /// Secrets, as `id=…` lines.
    pub secrets: Vec<WorkflowText>,
    /// Platforms, one each.
    pub platforms: Vec<WorkflowText>,
    /// References that the image gets, one each.
    pub tags: Vec<WorkflowText>,
    /// Where the cache is read from.
    pub cache_from: Vec<CacheEntry>,
    /// Where the cache is written to.
    pub cache_to: Vec<CacheEntry>,
    /// Outputs, as `type=…` lines.
    pub outputs: Vec<WorkflowText>,
    /// Whether the image is pushed.
    pub push: Switch,
    /// Whether the image goes to the engine.
    pub load: Switch,
    /// Whether the cache is not used.
    pub no_cache: Switch,
    /// Whether base images are fetched each time.
    pub pull: Switch,
    /// `provenance`, as written.
    pub provenance: Option<WorkflowText>,
    /// The builder that is named.
    pub builder_name: Option<WorkflowText>,
    /// What bake or Compose builds: targets or services; empty for all.
    pub targets: Vec<WorkflowText>,
    /// The files of bake or Compose that are named.
    pub files: Vec<WorkflowText>,
    /// `set` of bake: `*.cache-to=type=gha`.
    pub overrides: Vec<WorkflowText>,
    /// The folder that it runs in, as seen from the top of the repository; `None` for that.
    pub folder: Option<WorkflowText>,
}

/// A build as one leg of its job does it, with plain paths as seen from the top of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LegBuild {
    /// The folder of the context; empty for the top.
    pub context: String,
    /// The Dockerfile.
    pub file: String,
    /// The stage.
    pub target: Option<String>,
}

impl BuildCall {
    /// The builds of a pipeline, in order.
    pub fn all(workflow: &Workflow) -> Vec<Self> {
        let mut calls = Vec::new();
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
                }
            }
        }
        calls
    }

    /// A build of which nothing is written.
    pub(super) fn new(builder: Builder, place: WorkflowPlace) -> Self {
        Self {
            job: 0,
            step: 0,
            builder,
            place,
            command: None,
            context: None,
            file: None,
            target: None,
            arguments: Vec::new(),
            contexts: Vec::new(),
            secrets: Vec::new(),
            platforms: Vec::new(),
            tags: Vec::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            outputs: Vec::new(),
            push: Switch::Off,
            load: Switch::Off,
            no_cache: Switch::Off,
            pull: Switch::Off,
            provenance: None,
            builder_name: None,
            targets: Vec::new(),
            files: Vec::new(),
            overrides: Vec::new(),
            folder: None,
        }
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

    /// Whether the image goes to a registry, in some runs at least.
    pub fn may_push(&self) -> bool {
        let is_pushed = |output: &WorkflowText| {
            let fields = fields(&output.text);
            fields.contains(&"push=true") || fields.contains(&"type=registry")
        };
        self.push.may_be_on() || self.outputs.iter().any(is_pushed)
    }

    /// Whether the image goes to the engine of the machine.
    pub fn may_load(&self) -> bool {
        let is_loaded = |output: &WorkflowText| fields(&output.text).contains(&"type=docker");
        self.load.may_be_on() || self.outputs.iter().any(is_loaded)
    }

    /// What its job's legs build; `None` where that is not known, or lies in no folder of the repository.
    pub fn legs(&self, job: &Job) -> Option<Vec<LegBuild>> {
        if job.matrix.is_open && self.depends_on_matrix() {
            return None;
        }
        let none = MatrixLeg::new();
        let legs: Vec<&MatrixLeg> =
            if job.matrix.legs.is_empty() { vec![&none] } else { job.matrix.legs.iter().collect() };
        let mut builds: Vec<LegBuild> =
            legs.into_iter().map(|leg| self.leg(leg, job.matrix.are_variables)).collect::<Option<_>>()?;
        builds.sort();
        builds.dedup();
        Some(builds)
    }

    /// Whether a path of it has another value in each leg.
    fn depends_on_matrix(&self) -> bool {
        let texts = [&self.context, &self.file, &self.target, &self.folder];
        texts.into_iter().flatten().any(|text| text.text.contains("matrix."))
    }

    fn leg(&self, leg: &MatrixLeg, are_variables: bool) -> Option<LegBuild> {
        let value = |name: &str| leg.get(name.strip_prefix("matrix.")?).cloned();
        let filled = |text: &str| if are_variables { gitlab::filled(text, &|name| leg.get(name).cloned()) } else { filled(text, &value) };
        let plain = |text: &WorkflowText| {
            let text = filled(&text.text);
            let text = patterns::words(HERE)
                .fold(text, |text, here| text.replace(here, if here.ends_with(':') { "" } else { "." }));
            let is_elsewhere = text.contains("://") || text.starts_with(['/', '~', '-']) || text.ends_with(".git");
            let is_open = text.contains(['$', '{', '}', '*', '`', '\n', ' ']);
            (!is_elsewhere && !is_open).then_some(text)
        };
        let folder = self.folder.as_ref().map_or(Some(String::new()), plain)?;
        let below = |text: &str| path::normalize(&path::join(&folder, text));
        let context = self.context.as_ref().map_or(Some(String::new()), plain)?;
        let context = below(&context);
        let context = if context == "." { String::new() } else { context };
        let file = match &self.file {
            Some(file) => below(&plain(file)?),
            None => path::child(&context, "Dockerfile"),
        };
        let target = self.target.as_ref().map(|target| filled(&target.text));
        let is_outside = |path: &str| path == ".." || path.starts_with("../");
        (!is_outside(&context) && !is_outside(&file)).then_some(LegBuild { context, file, target })
    }
}

impl WorkflowArgument {
    /// `NAME=value`, or the name alone.
    pub(super) fn read(text: WorkflowText) -> Self {
        let WorkflowText { text, place } = text;
        match text.split_once('=') {
            Some((name, value)) => Self { name: name.to_owned(), value: Some(value.to_owned()), place },
            None => Self { name: text, value: None, place },
        }
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
