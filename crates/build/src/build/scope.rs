//! Variables: where each one is defined, and its value at each instruction. Follows BuildKit of 2026: the last
//! definition wins, ARG or ENV; a stage sees the ARGs and ENVs of the stage that it is based on.

mod visible;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stage::{Stage, StageBase};
use crate::dockerfile::expand::{Lex, Operator, Variables, process_word, uses};
use crate::dockerfile::{Arg, File, Instruction, InstructionWord, Keyword};
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::Span;

/// Variables that are set in every FROM, and in a stage after `ARG NAME` (BuildKit's `defaultArgs`).
pub const PLATFORM_ARGS: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// Variables that a RUN gets from `--build-arg` without an ARG; they are not part of the cache key.
pub const PROXY_ARGS: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// PATH of an image that does not set it (BuildKit's `system.DefaultPathEnvUnix`).
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The longest chain of stages that is followed; with a longer one the answer is unknown. No real file comes near.
const LONGEST_CHAIN: usize = 256;

/// The longest value that is kept: `ENV A=$A$A` doubles with each line.
const LONGEST_VALUE: usize = 64 * 1024;

/// The total size of values in a file; beyond it, values are unknown.
const LONGEST_OF_FILE: usize = 64 << 20;

/// The cost of matching a pattern against a byte of a value, in bytes of values.
const MATCHING: usize = 64;

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    /// This.
    Known(Arc<str>),
    /// Nothing, unless the build is given a value: an ARG without default.
    Unset,
    /// It is known only during the build.
    Unknown,
}

/// What defines a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableOrigin {
    /// An ARG before the first FROM.
    GlobalArg,
    /// An ARG of the stage or of one below it.
    Arg,
    /// An ENV of the stage or of one below it.
    Env,
    /// The base image.
    BaseImage,
    /// The builder, such as `TARGETARCH`.
    Platform,
}

/// One definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What defines it.
    pub origin: VariableOrigin,
    /// The instruction, if one defines it.
    pub instruction: Option<usize>,
    /// The span of the name, if an instruction defines it.
    pub span: Option<Span>,
    /// Its value.
    pub value: VariableValue,
}

/// What is known about a name at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Defined here.
    Defined(&'a Definition),
    /// Not defined.
    Undefined,
    /// Not defined in the file; the base image may define it, and its config is unknown.
    Unknown,
}

/// A use of a variable in an instruction's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedVariableUse {
    /// The variable.
    pub name: String,
    /// The reference in the source: `$NAME`, `${NAME:-x}`.
    pub span: Span,
    /// Whether the reference handles a missing value (`:-`, `:+`, `-`, `+`, …).
    pub guarded: bool,
}

/// All variables of a Dockerfile.
#[derive(Debug)]
pub struct Scopes {
    escape: char,
    global: Definitions,
    proxies: Definitions,
    stages: Vec<Scope>,
    /// The remaining size of values; shared, since several threads query a build.
    budget: AtomicUsize,
}

#[derive(Debug, Default)]
struct Definitions(HashMap<Box<str>, Vec<Definition>>);

#[derive(Debug)]
struct Scope {
    names: Definitions,
    parent: Parent,
}

#[derive(Clone, Copy, Debug)]
enum Parent {
    Stage(usize),
    /// Everything below is in `names`.
    Nothing,
    Unknown,
}

impl Definitions {
    fn push(&mut self, name: &str, definition: Definition) {
        // Most names have one definition, and a list that grows begins with room for four.
        match self.0.get_mut(name) {
            Some(all) => all.push(definition),
            None => _ = self.0.insert(name.into(), vec![definition]),
        }
    }

    /// The last definition by an instruction before `at`.
    fn before(&self, name: &str, at: usize) -> Option<&Definition> {
        let all = self.0.get(name)?;
        let end = all.partition_point(|definition| definition.instruction.is_none_or(|index| index < at));
        all[..end].last()
    }
}

impl Scopes {
    /// Reads the ARGs before the first FROM, but no stages yet.
    pub(super) fn global(file: &File, options: &BuildOptions) -> Self {
        let mut scopes = Self {
            escape: file.escape(),
            global: platform(options),
            proxies: proxies(options),
            stages: Vec::new(),
            budget: AtomicUsize::new(LONGEST_OF_FILE),
        };
        // In a fragment all ARGs belong to the stage that includes it.
        let first = file.instructions().iter().position(|instruction| instruction.keyword == Keyword::From);
        for (index, instruction) in file.instructions().iter().enumerate().take(first.unwrap_or(0)) {
            if instruction.keyword == Keyword::Arg {
                scopes.global_arg(file, instruction, index, options);
            }
        }
        scopes
    }

    fn global_arg(&mut self, file: &File, instruction: &Instruction, index: usize, options: &BuildOptions) {
        for arg in file.args(instruction) {
            let (name, span, default) = parts(&arg);
            let value = match (options.build_arg(name), default) {
                (Some(value), _) => known_value(value),
                (None, Some(default)) => {
                    self.evaluate(default, |name| find(self.global.0.get(name).and_then(|all| all.last())))
                }
                (None, None) => match self.global.before(name, usize::MAX) {
                    Some(definition) => definition.value.clone(),
                    None => VariableValue::Unset,
                },
            };
            let definition =
                Definition { origin: VariableOrigin::GlobalArg, instruction: Some(index), span: Some(span), value };
            self.global.push(name, definition);
        }
    }

    /// Reads the stages in order: each knows the stages that it is based on.
    pub(super) fn add_stages(&mut self, input: &BuildInput, stages: &[Stage]) {
        for stage in stages {
            let scope = initial(input, stage);
            self.stages.push(scope);
            for index in stage.instructions.clone() {
                let instruction = &input.file.instructions()[index];
                match instruction.keyword {
                    Keyword::Arg => self.arg(input, instruction, stage.index, index),
                    Keyword::Env => self.env(&input.file, instruction, stage.index, index),
                    _ => {}
                }
            }
        }
    }

    fn arg(&mut self, input: &BuildInput, instruction: &Instruction, stage: usize, index: usize) {
        for arg in input.file.args(instruction) {
            let (name, span, default) = parts(&arg);
            let value = match (input.options.build_arg(name), default) {
                (Some(value), _) => known_value(value),
                (None, Some(default)) => self.evaluate(default, |name| self.lookup(stage, name, usize::MAX)),
                (None, None) => match self.global.before(name, usize::MAX) {
                    Some(definition) => definition.value.clone(),
                    None => VariableValue::Unset,
                },
            };
            // `ARG X` without a value keeps an earlier X.
            let earlier = || matches!(self.lookup(stage, name, usize::MAX), Lookup::Defined(d) if d.value != VariableValue::Unset);
            if value == VariableValue::Unset && earlier() {
                continue;
            }
            let definition =
                Definition { origin: VariableOrigin::Arg, instruction: Some(index), span: Some(span), value };
            self.stages[stage].names.push(name, definition);
        }
    }

    fn env(&mut self, file: &File, instruction: &Instruction, stage: usize, index: usize) {
        // All pairs of a line are expanded before any of them takes effect.
        let at = |name: &str| self.lookup(stage, name, usize::MAX);
        let evaluated: Vec<(VariableValue, Span, VariableValue)> = file
            .variables(instruction)
            .iter()
            .map(|pair| (self.evaluate(&pair.name.text, at), pair.name.span, self.evaluate(&pair.value.text, at)))
            .collect();
        for (key, span, value) in evaluated {
            let VariableValue::Known(key) = key else { continue };
            let definition =
                Definition { origin: VariableOrigin::Env, instruction: Some(index), span: Some(span), value };
            self.stages[stage].names.push(&key, definition);
        }
    }

    /// What `name` is for the instruction with index `at` of `stage`.
    pub fn lookup(&self, stage: usize, name: &str, at: usize) -> Lookup<'_> {
        let (mut stage, mut at) = (stage, at);
        for _ in 0..LONGEST_CHAIN {
            let scope = &self.stages[stage];
            if let Some(definition) = scope.names.before(name, at) {
                return Lookup::Defined(definition);
            }
            match scope.parent {
                Parent::Stage(parent) => (stage, at) = (parent, usize::MAX),
                Parent::Nothing => return Lookup::Undefined,
                Parent::Unknown => return Lookup::Unknown,
            }
        }
        Lookup::Unknown
    }

    /// The value of `name` for the shell of the RUN with index `at` of `stage`, including the proxies that
    /// `--build-arg` sets without an ARG.
    pub fn lookup_run(&self, stage: usize, name: &str, at: usize) -> Lookup<'_> {
        match self.lookup(stage, name, at) {
            Lookup::Undefined | Lookup::Unknown if self.proxies.0.contains_key(name) => {
                find(self.proxies.before(name, usize::MAX))
            }
            lookup => lookup,
        }
    }

    /// What `name` is for a FROM.
    pub fn lookup_global(&self, name: &str) -> Lookup<'_> {
        find(self.global.before(name, usize::MAX))
    }

    /// The text of a word of a FROM; `None` if it is known only during the build, or if BuildKit rejects it.
    pub fn expand_global(&self, text: &str) -> Option<String> {
        text_of(self.evaluate(text, |name| self.lookup_global(name)))
    }

    /// The text of a word of the instruction with index `at` of `stage`; `None` as above.
    pub fn expand(&self, stage: usize, at: usize, text: &str) -> Option<String> {
        text_of(self.evaluate(text, |name| self.lookup(stage, name, at)))
    }

    /// The uses of variables in a word of an instruction.
    pub fn uses(&self, file: &File, word: InstructionWord) -> Vec<ScopedVariableUse> {
        let text = file.str(word);
        if !text.contains('$') {
            return Vec::new();
        }
        let variables = uses(text, Lex::new(self.escape));
        let place = |span: Span| file.locate(span.shifted(word.text.start));
        variables
            .iter()
            .map(|variable| ScopedVariableUse {
                name: variable.name.to_owned(),
                span: place(variable.span),
                guarded: is_guarded(variable.operator),
            })
            .collect()
    }

    fn evaluate<'a>(&self, text: &str, find: impl Fn(&str) -> Lookup<'a>) -> VariableValue {
        if !text.contains(['$', '"', '\'', self.escape]) {
            return known_value(text);
        }
        let variables = uses(text, Lex::new(self.escape));
        let mut values = Values::default();
        for used in &variables {
            match find(used.name) {
                Lookup::Defined(Definition { value: VariableValue::Known(value), .. }) => {
                    if is_matching(used.operator) && !self.spend(value.len() * MATCHING) {
                        return VariableValue::Unknown;
                    }
                    values.0.insert(used.name.to_owned(), Arc::clone(value));
                }
                Lookup::Defined(Definition { value: VariableValue::Unset, .. }) if is_guarded(used.operator) => {}
                Lookup::Undefined => {}
                Lookup::Defined(_) | Lookup::Unknown => return VariableValue::Unknown,
            }
        }
        match process_word(text, &values, Lex::new(self.escape)) {
            Ok(expanded) if expanded.text.len() <= LONGEST_VALUE => {
                if self.spend(expanded.text.len()) {
                    known_value(&expanded.text)
                } else {
                    VariableValue::Unknown
                }
            }
            _ => VariableValue::Unknown,
        }
    }

    /// Subtracts from the budget of the file; returns whether enough was left.
    fn spend(&self, bytes: usize) -> bool {
        let remaining = self.budget.load(Ordering::Relaxed).checked_sub(bytes);
        self.budget.store(remaining.unwrap_or(0), Ordering::Relaxed);
        remaining.is_some()
    }
}

#[derive(Default)]
struct Values(HashMap<String, Arc<str>>);

impl Variables for Values {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(AsRef::as_ref)
    }
}

/// Whether a use itself handles a missing value.
fn is_guarded(operator: Operator) -> bool {
    matches!(operator, Operator::Default | Operator::Alternative | Operator::Required)
}

fn is_matching(operator: Operator) -> bool {
    matches!(operator, Operator::TrimStart | Operator::TrimEnd | Operator::Replace | Operator::ReplaceAll)
}

fn find(definition: Option<&Definition>) -> Lookup<'_> {
    definition.map_or(Lookup::Undefined, Lookup::Defined)
}

fn known_value(text: &str) -> VariableValue {
    VariableValue::Known(text.into())
}

fn text_of(value: VariableValue) -> Option<String> {
    match value {
        VariableValue::Known(text) => Some(text.to_string()),
        VariableValue::Unset | VariableValue::Unknown => None,
    }
}

fn parts<'a>(arg: &'a Arg) -> (&'a str, Span, Option<&'a str>) {
    (&arg.name.text, arg.name.span, arg.default.as_ref().map(|default| &*default.text))
}

/// The variables that are set before a stage's own instructions.
fn initial(input: &BuildInput, stage: &Stage) -> Scope {
    let mut names = Definitions::default();
    let mut set_variable = |name: &str, value: VariableValue| {
        names.push(name, Definition { origin: VariableOrigin::BaseImage, instruction: None, span: None, value });
    };
    let parent = match &stage.base {
        StageBase::Stage(parent) => Parent::Stage(*parent),
        StageBase::Scratch => {
            set_variable("PATH", known_value(DEFAULT_PATH));
            Parent::Nothing
        }
        StageBase::Image(reference) => match input.base_images.get(reference) {
            Some(config) => {
                set_variable("PATH", known_value(DEFAULT_PATH));
                config.env.iter().for_each(|(name, value)| set_variable(name, known_value(value)));
                Parent::Nothing
            }
            None => Parent::Unknown,
        },
        StageBase::Context(_) | StageBase::Unknown(_) => Parent::Unknown,
    };
    Scope { names, parent }
}

/// The platform ARGs as a FROM sees them.
fn platform(options: &BuildOptions) -> Definitions {
    let mut names = Definitions::default();
    let target: Vec<&str> = options.platform.as_deref().unwrap_or_default().splitn(3, '/').collect();
    for name in PLATFORM_ARGS {
        let value = match (name, target.as_slice()) {
            ("TARGETSTAGE", _) => known_value(options.target.as_deref().unwrap_or("default")),
            ("TARGETPLATFORM", [_, _, ..]) => known_value(options.platform.as_deref().unwrap_or_default()),
            ("TARGETOS", [os, _, ..]) => known_value(os),
            ("TARGETARCH", [_, arch, ..]) => known_value(arch),
            ("TARGETVARIANT", [_, _, variant]) => known_value(variant),
            _ => VariableValue::Unknown,
        };
        names.push(name, Definition { origin: VariableOrigin::Platform, instruction: None, span: None, value });
    }
    names
}

/// The proxies that a RUN gets from `--build-arg` (BuildKit's `proxyEnvFromBuildArgs`).
fn proxies(options: &BuildOptions) -> Definitions {
    let mut names = Definitions::default();
    for (name, value) in &options.build_args {
        if PROXY_ARGS.contains(&name.as_str()) {
            let value = known_value(value);
            names.push(name, Definition { origin: VariableOrigin::Platform, instruction: None, span: None, value });
        }
    }
    names
}
