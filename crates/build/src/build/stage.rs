//! The stages of a Dockerfile, their base images and the stages that they copy from.

use std::collections::HashMap;
use std::ops::Range;

use crate::dockerfile::{File, Instruction, Keyword};
use crate::inputs::BuildOptions;
use crate::text::{Span, path};

/// A stage: its FROM and the instructions below it; or all instructions of a fragment, a file without FROM.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its number, from 0.
    pub index: usize,
    /// Its name in lower case, as BuildKit compares it.
    pub name: Option<String>,
    /// The span of the name.
    pub name_span: Option<Span>,
    /// Index of its first instruction: its FROM, if it has one.
    pub start: usize,
    /// Indexes of the instructions that are not its FROM.
    pub instructions: Range<usize>,
    /// Its base image or base stage.
    pub base: StageBase,
    /// The span of the base in the source; the start of a fragment.
    pub base_span: Span,
}

impl Stage {
    /// The name that messages use: its own, or `stage-N` as the builder prints it.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("stage-{}", self.index))
    }

    /// Index of its FROM; `None` in a fragment.
    pub fn from(&self) -> Option<usize> {
        (self.start < self.instructions.start).then_some(self.start)
    }

    /// Whether a `--build-context` of its name replaces it: its instructions are then not built.
    pub fn is_replaced(&self) -> bool {
        matches!((&self.base, &self.name), (StageBase::Context(context), Some(name)) if context == name)
    }
}

/// What the builder means by a name that no stage should have; `None` for others.
pub fn reserved_use(name: &str) -> Option<&'static str> {
    match name {
        "scratch" => Some("the empty image"),
        "context" => Some("the build context"),
        _ => None,
    }
}

/// The target of a FROM, a `--from` or a mount's `from=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageBase {
    /// The empty image.
    Scratch,
    /// A stage of this file.
    Stage(usize),
    /// An image, variables resolved.
    Image(String),
    /// A `--build-context` of that name.
    Context(String),
    /// It depends on a value that is known only during the build; the text as written. Empty in a fragment.
    Unknown(String),
}

/// A reference from a stage to another stage, an image or a named context.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The stage with the reference.
    pub stage: usize,
    /// The instruction with the reference.
    pub instruction: usize,
    /// The span of the name.
    pub span: Span,
    /// The target of the reference.
    pub to: StageBase,
    /// The kind of reference.
    pub kind: EdgeKind,
}

/// The kind of a reference between stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// `FROM`.
    From,
    /// `COPY --from`, also under ADD's name.
    Copy,
    /// `RUN --mount=…,from=`.
    Mount,
}

/// Names of stages as BuildKit looks them up.
#[derive(Debug, Default)]
pub(super) struct StageNames {
    /// The last stage of each name.
    stages: HashMap<String, usize>,
    count: usize,
    /// The first names: a mistyped name is compared with these.
    compared: Vec<String>,
}

/// The number of names that a mistyped name is compared with; a file may name thousands of stages, and mistype as many.
const COMPARED: usize = 100;

/// The maximum length of a name that may be mistyped, in bytes.
const LONGEST_COMPARED: usize = 60;

impl StageNames {
    pub(super) fn of(stages: &[Stage]) -> Self {
        let named = stages.iter().filter_map(|stage| Some((stage.name.clone()?, stage.index)));
        let compared = stages.iter().filter_map(|stage| stage.name.clone()).take(COMPARED);
        let count = stages.iter().filter(|stage| stage.from().is_some()).count();
        Self { stages: named.collect(), count, compared: compared.collect() }
    }

    pub(super) fn add(&mut self, stage: &Stage) {
        self.count += 1;
        if let Some(name) = &stage.name {
            self.stages.insert(name.clone(), stage.index);
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.stages.get(&name.to_lowercase()).copied()
    }

    /// `--from` accepts a number too.
    pub(super) fn find_or_index(&self, name: &str) -> Option<usize> {
        match name.parse::<usize>() {
            Ok(index) => (index < self.count).then_some(index),
            Err(_) => self.find(name),
        }
    }

    /// The stage name that `name` was probably meant to be.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        if name.len() > LONGEST_COMPARED {
            return None;
        }
        let name = name.to_lowercase();
        let most = 1 + name.len() / 5;
        let close =
            |known: &&str| known.len().abs_diff(name.len()) <= 4 * most && strsim::osa_distance(known, &name) <= most;
        self.compared.iter().map(String::as_str).filter(close).min()
    }
}

/// The stages in order. `resolve` expands the variables of a FROM; `None` for values that are known only during the
/// build.
pub(super) fn stages(file: &File, options: &BuildOptions, resolve: &dyn Fn(&str) -> Option<String>) -> Vec<Stage> {
    let instructions = file.instructions();
    let mut stages: Vec<Stage> = Vec::new();
    let mut names = StageNames::default();
    for (index, from) in instructions.iter().enumerate().filter(|(_, i)| i.keyword == Keyword::From) {
        if let Some(last) = stages.last_mut() {
            last.instructions.end = index;
        }
        let stage = stage(file, from, (stages.len(), index, instructions.len()), &names, options, resolve);
        names.add(&stage);
        stages.push(stage);
    }
    if stages.is_empty() {
        stages.extend(fragment(instructions));
    }
    stages
}

/// A file without FROM, for inclusion in others: its base image depends on the file that includes it.
fn fragment(instructions: &[Instruction]) -> Option<Stage> {
    let first = instructions.first()?;
    Some(Stage {
        index: 0,
        name: None,
        name_span: None,
        start: 0,
        instructions: 0..instructions.len(),
        base: StageBase::Unknown(String::new()),
        base_span: Span::at(first.span.start),
    })
}

fn stage(
    file: &File,
    from: &Instruction,
    (index, at, end): (usize, usize, usize),
    names: &StageNames,
    options: &BuildOptions,
    resolve: &dyn Fn(&str) -> Option<String>,
) -> Stage {
    let parts = file.from(from);
    let name_argument = parts.as_ref().and_then(|parts| parts.name.as_ref());
    let name = name_argument.map(|argument| argument.text.to_lowercase());
    let base_span = parts.as_ref().map_or(from.head, |parts| parts.image.span);
    let written = parts.as_ref().map_or("", |parts| &*parts.image.text);
    let replaced = name.as_ref().filter(|name| options.named_context(name).is_some());
    let base = match (replaced, resolve(written)) {
        (Some(name), _) => StageBase::Context(name.clone()),
        (None, None) => StageBase::Unknown(written.to_owned()),
        (None, Some(text)) => match names.find(&text) {
            Some(_) if options.named_context(&text).is_some() => StageBase::Context(text.to_lowercase()),
            Some(stage) => StageBase::Stage(stage),
            None => outside(&text, options),
        },
    };
    Stage {
        index,
        name,
        name_span: name_argument.map(|argument| argument.span),
        start: at,
        instructions: at + 1..end,
        base,
        base_span,
    }
}

/// The meaning of a name that is not a stage.
pub(super) fn outside(text: &str, options: &BuildOptions) -> StageBase {
    if text == "scratch" {
        StageBase::Scratch
    } else if options.named_context(text).is_some_and(|value| !is_mirror(value, text)) {
        StageBase::Context(text.to_owned())
    } else {
        StageBase::Image(text.to_owned())
    }
}

/// Whether the value of a named context is another place's copy of the image that it replaces, as those of mirrors are
/// (`node:22=docker-image://mirror/node:22`): what is known of the image holds for that.
fn is_mirror(value: &str, name: &str) -> bool {
    fn plain(reference: &str) -> Option<&str> {
        path::name(reference).split(['@', ':']).next()
    }
    value.strip_prefix("docker-image://").is_some_and(|image| plain(image) == plain(name))
}
