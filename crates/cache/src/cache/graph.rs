//! A Dockerfile as the graph of steps that BuildKit makes of it (`dockerfile2llb`): which step is based on which (a
//! `COPY --link` on none, where the builder lays it over the rest), with the parts of each step's key.

use std::collections::HashMap;

use super::context::hash_of;
use super::origin::canonical_platform;
use super::stage_state::StageState;
use super::step::{BuilderFlags, Part, PartKind, SourceOrigin, Step, StepKind, StepSource};
use crate::build::{Build, Reference, Stage, StageBase};
use crate::dockerfile::{Instruction, Keyword};

/// The steps that a build carries out.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// In the order of the file; a step stands below those that it needs.
    pub steps: Vec<Step>,
    /// Whether `--no-cache` or its filter forces each step to run.
    pub is_forced: Vec<bool>,
}

/// Triggers of a chain of stages that are followed; no real file has as many.
const MAX_TRIGGERS: usize = 200;

impl Graph {
    /// The steps of the stages that the target of a build needs.
    pub fn new(build: &Build<'_>, flags: &BuilderFlags) -> Self {
        let mut grow = Grow {
            build,
            flags,
            graph: Self::default(),
            states: Vec::new(),
            indexes: HashMap::new(),
            is_named: has_several_stages(build),
            platform: printed_platform(build),
            parts: 0,
        };
        for stage in build.stages() {
            let dispatch = if build.is_needed(stage) { grow.stage(stage) } else { None };
            grow.states.push(dispatch);
        }
        grow.graph
    }

    /// Whether a step reads a named context or is based on it.
    pub fn reads_context(&self, name: &str) -> bool {
        let is_name = |text: &str| text.eq_ignore_ascii_case(name);
        self.steps.iter().any(|step| {
            let mut parts = step.parts.iter().filter(|part| part.kind == PartKind::Image);
            parts.any(|part| is_name(&part.text))
                || step
                    .sources
                    .iter()
                    .any(|source| matches!(&source.origin, SourceOrigin::Named(text) if is_name(text)))
        })
    }
}

/// Whether the builder prints the names of stages: it does as soon as it has more than one, implicit ones included.
/// An image that COPY or a mount names is one, and so is the empty source of other mounts.
fn has_several_stages(build: &Build<'_>) -> bool {
    let file = &build.input().file;
    build.stages().len() > 1
        || build
            .edges()
            .iter()
            .any(|edge| edge.kind != crate::build::EdgeKind::From && !matches!(edge.to, StageBase::Stage(_)))
        || file.instructions().iter().any(|instruction| !file.mounts(instruction).is_empty())
}

/// The platform in front of names, which `BUILDKIT_MULTI_PLATFORM` asks for.
fn printed_platform(build: &Build<'_>) -> Option<String> {
    let options = &build.input().options;
    let multi = options.build_args.iter().any(|(name, value)| name == "BUILDKIT_MULTI_PLATFORM" && value == "1");
    multi.then(|| options.platform.clone().unwrap_or_else(|| "linux/amd64".to_owned()))
}

struct Grow<'g, 'a> {
    build: &'g Build<'a>,
    flags: &'g BuilderFlags,
    graph: Graph,
    /// What each stage hands down; `None` for a stage that is not built.
    states: Vec<Option<StageState>>,
    /// The steps by all that defines them.
    indexes: HashMap<u128, usize>,
    is_named: bool,
    platform: Option<String>,
    /// Parts of all steps so far.
    parts: usize,
}

/// Parts of steps that are kept one by one; beyond, each RUN has its variables as one.
const MAX_PARTS: usize = 1_000_000;

/// Numbers the steps of a stage.
struct Numbering {
    prefix: String,
    next: usize,
    total: usize,
}

impl Numbering {
    fn number(&mut self) -> String {
        let width = self.total.max(1).ilog10() as usize + 1;
        let number = self.next;
        self.next += 1;
        format!("[{}{number:>width$}/{}]", self.prefix, self.total)
    }
}

impl<'a> Grow<'_, 'a> {
    /// Adds the steps of a stage; returns its state at the end.
    fn stage(&mut self, stage: &Stage) -> Option<StageState> {
        if stage.is_replaced() {
            return Some(self.replaced(stage));
        }
        let (mut dispatch, triggers) = self.base(stage)?;
        let mut numbering = self.numbering(stage, triggers.len());
        match &stage.base {
            StageBase::Image(text) | StageBase::Unknown(text) => {
                let name = format!("{} FROM {text}", numbering.number());
                self.from(stage, &mut dispatch, text, name);
            }
            // The builder counts it, but gives it no number.
            StageBase::Context(text) => self.from(stage, &mut dispatch, text, format!("[context {text}]")),
            StageBase::Stage(_) | StageBase::Scratch => {}
        }
        for (index, trigger) in triggers {
            self.instruction(stage, &mut dispatch, &mut numbering, (index, trigger, true));
        }
        for (index, instruction) in self.build.instructions(stage) {
            self.instruction(stage, &mut dispatch, &mut numbering, (index, instruction, false));
        }
        Some(dispatch)
    }

    /// A stage that a named context stands in for.
    fn replaced(&mut self, stage: &Stage) -> StageState {
        let mut dispatch = StageState::of_base(self.build, stage);
        let StageBase::Context(text) = &stage.base else { return dispatch };
        self.from(stage, &mut dispatch, text, format!("[context {text}]"));
        dispatch
    }

    /// The state that a stage begins with, and the triggers that it runs first.
    fn base(&self, stage: &Stage) -> Option<(StageState, Vec<(usize, &'a Instruction)>)> {
        let StageBase::Stage(parent) = stage.base else {
            return Some((StageState::of_base(self.build, stage), Vec::new()));
        };
        let below = self.build.stages().get(parent)?;
        let dispatch = self.states.get(parent)?.clone()?;
        let file = &self.build.input().file;
        let triggers =
            self.build.instructions(below).filter_map(|(index, instruction)| Some((index, file.trigger(instruction)?)));
        Some((dispatch, triggers.take(MAX_TRIGGERS).collect()))
    }

    fn numbering(&self, stage: &Stage, triggers: usize) -> Numbering {
        let steps = self.build.instructions(stage).filter(|(_, instruction)| is_counted(instruction.keyword)).count();
        let is_image = !matches!(stage.base, StageBase::Stage(_) | StageBase::Scratch);
        let mut prefix = self.platform.as_ref().map(|platform| format!("{platform} ")).unwrap_or_default();
        if self.is_named {
            prefix.push_str(&stage.title());
            prefix.push(' ');
        }
        Numbering { prefix, next: 1, total: steps + triggers + usize::from(is_image) }
    }

    fn from(&mut self, stage: &Stage, dispatch: &mut StageState, image: &str, name: String) {
        let platform = self.build.from_of(stage).and_then(|from| self.build.input().file.from(from)?.platform);
        let name_of_image = match stage.base {
            StageBase::Image(_) => Reference::of(image).canonical(),
            _ => image.to_owned(),
        };
        let mut parts = vec![Part::new(PartKind::Image, name_of_image)];
        let platform = platform.map(|platform| platform.text.into_owned());
        if let Some(platform) = platform.or_else(|| self.build.input().options.platform.clone()) {
            parts.push(Part::new(PartKind::Platform, canonical_platform(&platform)));
        }
        let step = Step {
            stage: stage.index,
            instruction: stage.start,
            name,
            kind: StepKind::From,
            parent: None,
            parts,
            sources: Vec::new(),
            writes: None,
            digest: 0,
        };
        dispatch.last = Some(self.push(step, stage));
    }

    fn instruction(
        &mut self,
        stage: &Stage,
        dispatch: &mut StageState,
        numbering: &mut Numbering,
        (index, instruction, is_trigger): (usize, &Instruction, bool),
    ) {
        let file = &self.build.input().file;
        match instruction.keyword {
            Keyword::Run | Keyword::Copy | Keyword::Add => {}
            Keyword::Workdir => {
                let Some(path) = file.operand(instruction) else { return };
                if !dispatch.enter(&path.text, file.escape()) {
                    return;
                }
            }
            _ => return dispatch.apply(self.build, index, instruction),
        }
        let name = format!("{} {}", numbering.number(), dispatch.display(file, instruction, is_trigger));
        let definition = match instruction.keyword {
            Keyword::Run => dispatch.run(self.build, index, instruction, (self.flags, self.parts > MAX_PARTS)),
            Keyword::Workdir => Some(dispatch.workdir(self.build, self.flags)),
            _ => dispatch.copy(self.build, index, instruction),
        };
        let Some(definition) = definition else { return };
        let sources = definition.sources.into_iter().map(|source| self.source(source)).collect();
        let is_linked = definition.is_linked && self.flags.merges_links && dispatch.last.is_some();
        let step = Step {
            stage: stage.index,
            instruction: index,
            name: name.clone(),
            kind: definition.kind,
            parent: if is_linked { None } else { dispatch.last },
            parts: definition.parts,
            sources,
            writes: definition.writes,
            digest: 0,
        };
        let writes = step.writes.clone();
        let copied = self.push(step, stage);
        dispatch.last =
            Some(if is_linked { self.link(stage, index, &name, (dispatch.last, copied), writes) } else { copied });
    }

    /// Lays a linked copy over what is below it.
    fn link(
        &mut self,
        stage: &Stage,
        instruction: usize,
        name: &str,
        (below, copied): (Option<usize>, usize),
        writes: Option<Vec<String>>,
    ) -> usize {
        let name =
            name.split_once("] ").map_or_else(|| name.to_owned(), |(number, text)| format!("{number}] LINK {text}"));
        let source = StepSource {
            origin: SourceOrigin::Stage { stage: stage.index, step: Some(copied) },
            selector: super::context::Selector::default(),
        };
        let step = Step {
            stage: stage.index,
            instruction,
            name,
            kind: StepKind::Link,
            parent: below,
            parts: Vec::new(),
            sources: vec![source],
            writes,
            digest: 0,
        };
        self.push(step, stage)
    }

    /// Replaces the number of a stage by its last step.
    fn source(&self, mut source: StepSource) -> StepSource {
        if let SourceOrigin::Stage { stage, step } = &mut source.origin {
            *step = self.states.get(*stage).and_then(|dispatch| dispatch.as_ref()?.last);
        }
        source
    }

    fn push(&mut self, mut step: Step, stage: &Stage) -> usize {
        step.digest = step.compute_digest();
        // Steps of equal definition are one: the builder runs it once, under the first name.
        let identity =
            hash_of(&[&step.digest.to_be_bytes(), format!("{:?} {:?}", step.parent, step.sources).as_bytes()]);
        let next = self.graph.steps.len();
        let index = *self.indexes.entry(identity).or_insert(next);
        if index < next {
            return index;
        }
        let title = stage.title();
        let is_filtered = self.flags.ignores_cache_of.iter().any(|name| name.eq_ignore_ascii_case(&title));
        // BuildKit takes FROM and WORKDIR from the cache even so, where no step below them is forced.
        let is_run = matches!(step.kind, StepKind::Run | StepKind::Copy);
        self.graph.is_forced.push((self.flags.ignores_cache || is_filtered) && is_run);
        self.parts += step.parts.len();
        self.graph.steps.push(step);
        index
    }
}

fn is_counted(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir)
}
