//! A build of an image by a step of a pipeline.

use super::cache_entry::{CacheEntry, fields};
use super::expression::filled;
use super::matrix::MatrixLeg;
use super::model::Job;
use super::place::{WorkflowPlace, WorkflowText};
use super::variables;
use crate::sources::patterns;
use crate::text::{Span, path};

/// Meaning in `data/source_patterns.tsv`.
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

    /// The value of an input.
    pub(super) fn of(text: Option<&WorkflowText>) -> Self {
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
    /// The number of its job in [`Workflow::jobs`](super::Workflow::jobs).
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
    /// What its job's legs build, each once, in order; `None` where that is not known, or lies in no folder of the repository.
    pub legs: Option<Vec<LegBuild>>,
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
            legs: None,
        }
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

    /// What the legs of its job build. Takes the legs that are looked at from a budget: those of builds behind it are not known.
    pub(super) fn legs_in(&self, job: &Job, budget: &mut usize) -> Option<Vec<LegBuild>> {
        if job.matrix.is_open && self.depends_on_matrix() {
            return None;
        }
        // Where no value of a leg is used, all legs build the same.
        let is_same = !job.matrix.are_variables && !self.depends_on_matrix();
        let none = MatrixLeg::new();
        let legs: Vec<&MatrixLeg> = match job.matrix.legs.first() {
            Some(_) if !is_same => job.matrix.legs.iter().collect(),
            first => vec![first.unwrap_or(&none)],
        };
        *budget = budget.checked_sub(legs.len())?;
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
        let filled = |text: &str| {
            if are_variables { variables::filled(text, &|name| leg.get(name).cloned()) } else { filled(text, &value) }
        };
        let plain = |text: &WorkflowText| {
            let text = filled(&text.text);
            let text = patterns::words(HERE)
                .fold(text, |text, here| text.replace(here, if here.ends_with(':') { "" } else { "." }));
            let is_elsewhere =
                text.contains("://") || text.starts_with(['/', '~', '-']) || text.strip_suffix(".git").is_some();
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

/// The name and the value of an argument that an expression puts together: `${{ a && format('NAME={0}', secrets.NAME) }}`.
fn formatted(text: &str) -> Option<(String, String)> {
    let inner = text.strip_prefix("${{")?;
    let (_, call) = inner.split_once("format('")?;
    let (pattern, rest) = call.split_once('\'')?;
    let (name, value) = pattern.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let (list, _) = rest.trim_start().strip_prefix(',')?.split_once(')')?;
    let at: usize = value.strip_prefix('{')?.strip_suffix('}')?.parse().ok()?;
    let value = list.split(',').nth(at)?.trim();
    (is_name && !value.is_empty()).then(|| (name.to_owned(), format!("${{{{ {value} }}}}")))
}

impl WorkflowArgument {
    /// `NAME=value`, or the name alone.
    pub(super) fn read(text: WorkflowText) -> Self {
        let WorkflowText { text, place } = text;
        if let Some((name, value)) = formatted(&text) {
            return Self { name, value: Some(value), place };
        }
        match text.split_once('=') {
            Some((name, value)) => Self { name: name.to_owned(), value: Some(value.to_owned()), place },
            None => Self { name: text, value: None, place },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_expressions_have_names() {
        for (text, expected) in [
            ("${{ format('A={0}', secrets.B) }}", Some(("A", "${{ secrets.B }}"))),
            ("${{ x == 'y' && format('A={1}', x, secrets.B) || '' }}", Some(("A", "${{ secrets.B }}"))),
            ("${{ format('A={0}-{1}', x, y) }}", None),
            ("A=${{ format('b={0}', x) }}", None),
            ("${{ inputs.arguments }}", None),
        ] {
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(formatted(text), expected, "{text}");
        }
    }
}
