//! What a stage has at hand for its next step (BuildKit's `dispatchState`): environment, working directory, user, shell;
//! and the definitions of steps in that state.

use std::borrow::Cow;

use super::context::Selector;
use super::environment::OrderedEnvironment;
use super::mount;
use super::step::{BuilderFlags, Part, PartKind, SourceOrigin, StepKind, StepSource};
use crate::build::{Build, DEFAULT_PATH, Lookup, Stage, StageBase, VariableValue, is_remote_source};
use crate::dockerfile::expand::{Lex, heredoc_word};
use crate::dockerfile::{CommandForm, File, Heredoc, Instruction, Keyword, ScriptKind};
use crate::ignore::has_wildcard;
use crate::text::path;

/// The state at an instruction of a stage.
#[derive(Clone, Debug)]
pub(super) struct StageState {
    pub(super) environment: OrderedEnvironment,
    pub(super) workdir: String,
    user: Option<String>,
    shell: Vec<String>,
    /// The last step.
    pub(super) last: Option<usize>,
}

/// The definition of a step.
pub(super) struct Definition {
    pub(super) kind: StepKind,
    pub(super) parts: Vec<Part>,
    /// Stages have no step yet.
    pub(super) sources: Vec<StepSource>,
    pub(super) writes: Option<Vec<String>>,
    pub(super) is_linked: bool,
}

impl StageState {
    /// On top of what is outside the file.
    pub(super) fn of_base(build: &Build<'_>, stage: &Stage) -> Self {
        let config = match &stage.base {
            StageBase::Image(reference) => build.input().base_images.get(reference),
            _ => None,
        };
        let is_scratch = stage.base == StageBase::Scratch;
        let variables = match config {
            Some(config) => {
                let has_path = config.env.iter().any(|(name, _)| name == "PATH");
                let path = (!has_path).then_some(("PATH", DEFAULT_PATH));
                let pairs = config.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                Some(path.into_iter().chain(pairs).collect())
            }
            None => is_scratch.then(|| vec![("PATH", DEFAULT_PATH)]),
        };
        let folder = config.map(|config| config.workdir.clone()).filter(|folder| !folder.is_empty());
        let shell = config.and_then(|config| config.shell.clone());
        Self {
            environment: OrderedEnvironment::of_base(variables),
            workdir: folder.unwrap_or_else(|| "/".to_owned()),
            user: config.map(|config| config.user.clone()).filter(|user| !user.is_empty()),
            shell: shell.unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()]),
            last: None,
        }
    }

    /// Carries out an instruction that makes no step.
    pub(super) fn apply(&mut self, build: &Build<'_>, index: usize, instruction: &Instruction) {
        let file = &build.input().file;
        let lex = Lex::new(file.escape());
        match instruction.keyword {
            Keyword::Arg => self.declare(build, index, instruction),
            Keyword::Env => {
                // All pairs of a line are expanded before any of them takes effect.
                let pairs: Vec<(String, String)> = file
                    .variables(instruction)
                    .iter()
                    .map(|pair| {
                        (self.environment.expand(&pair.name.text, lex), self.environment.expand(&pair.value.text, lex))
                    })
                    .collect();
                for (name, value) in pairs {
                    self.environment.set(&name, value, Some(index));
                }
            }
            Keyword::User => {
                let user = file.operand(instruction).map(|user| self.environment.expand(&user.text, lex));
                self.user = user.filter(|user| !user.is_empty());
            }
            Keyword::Shell => {
                if let Some(CommandForm::Exec(words)) = file.command(instruction) {
                    self.shell = words.iter().map(|word| word.text.clone().into_owned()).collect();
                }
            }
            _ => {}
        }
    }

    /// ARG: what is given, else the default, else the value before the first FROM; without a value nothing enters.
    fn declare(&mut self, build: &Build<'_>, index: usize, instruction: &Instruction) {
        let file = &build.input().file;
        let lex = Lex::new(file.escape());
        for arg in file.args(instruction) {
            let name = &*arg.name.text;
            let given = build.input().options.build_args.iter().rev().find(|(known, _)| known == name);
            let value = match (given, &arg.default) {
                (Some((_, value)), _) => Some(value.clone()),
                (None, Some(default)) => Some(self.environment.expand(&default.text, lex)),
                (None, None) => match build.scopes().lookup_global(name) {
                    Lookup::Defined(definition) => match &definition.value {
                        VariableValue::Known(value) => Some(value.to_string()),
                        VariableValue::Unset => None,
                        // The builder's own platform, the same for both builds.
                        VariableValue::Unknown => Some(super::environment::stand_in(name)),
                    },
                    Lookup::Undefined | Lookup::Unknown => None,
                },
            };
            if let Some(value) = value {
                self.environment.set(name, value, Some(index));
            }
        }
    }

    /// The text of a step as the builder prints it.
    pub(super) fn display(&self, file: &File, instruction: &Instruction, is_trigger: bool) -> String {
        let text = file.logical(instruction.text);
        let keyword = text.split([' ', '\t']).next().unwrap_or_default();
        let mut text = text.to_owned();
        let upper = keyword.to_uppercase();
        if instruction.keyword == Keyword::Run {
            if let Some(body) = sole_heredoc(file, instruction) {
                text.push_str(&format!(" ({})", summary(&body)));
            }
            text = self.environment.display(&text, Lex::display(file.escape()));
        } else {
            text = self.environment.display(&text, Lex::new(file.escape()));
        }
        let text = format!("{upper}{}", text.get(keyword.len()..).unwrap_or_default());
        if is_trigger { format!("ONBUILD {text}") } else { text }
    }

    /// RUN.
    pub(super) fn run(
        &self,
        build: &Build<'_>,
        index: usize,
        instruction: &Instruction,
        flags: &BuilderFlags,
    ) -> Option<Definition> {
        let file = &build.input().file;
        let run = file.run(instruction)?;
        let mut parts = Vec::new();
        match run.command? {
            CommandForm::Exec(words) => {
                let words: Vec<&str> = words.iter().map(|word| &*word.text).collect();
                parts.push(Part::new(PartKind::Command, words.join("\0")));
            }
            CommandForm::Shell(_) => {
                let script = run.script?;
                match (script.kind, instruction.heredocs.first()) {
                    (ScriptKind::Interpreter(_), Some(heredoc)) => {
                        parts.push(Part::new(PartKind::Command, format!("/dev/pipes/{}", heredoc.name)));
                        parts.push(Part::new(PartKind::Body, script.text.into_owned()));
                    }
                    _ => {
                        let words = self.shell.iter().map(String::as_str).chain([&*script.text]);
                        parts.push(Part::new(PartKind::Command, words.collect::<Vec<_>>().join("\0")));
                    }
                }
            }
        }
        for variable in self.environment.variables() {
            let kind = PartKind::Variable(variable.name.clone());
            parts.push(Part { kind, text: variable.value.clone(), instruction: variable.instruction });
        }
        parts.push(Part::new(PartKind::Workdir, self.workdir.as_str()));
        parts.extend(self.user.as_ref().map(|user| Part::new(PartKind::User, user.as_str())));
        let network = run.network.map(|network| network.text.into_owned()).or_else(|| flags.network.clone());
        parts.extend(network.filter(|mode| mode != "default").map(|mode| Part::new(PartKind::Network, mode)));
        let rights = run.security.iter().chain(&run.devices).map(|right| right.text.to_string());
        parts.extend(rights.filter(|right| right != "sandbox").map(|right| Part::new(PartKind::Rights, right)));
        let hosts = flags.hosts.iter().chain(&flags.limits);
        parts.extend(hosts.map(|limit| Part::new(PartKind::Limits, limit.as_str())));
        parts.extend(build.input().options.platform.as_ref().map(|text| Part::new(PartKind::Platform, text.as_str())));
        let (mounts, sources) = mount::parts(self, build, index, &run.mounts);
        parts.extend(mounts);
        Some(Definition { kind: StepKind::Run, parts, sources, writes: None, is_linked: false })
    }

    /// Enters a folder; whether that makes a step: the root does not.
    pub(super) fn enter(&mut self, text: &str, escape: char) -> bool {
        let text = self.environment.expand(text, Lex::new(escape));
        self.workdir = path::join(&self.workdir, &text);
        self.workdir != "/"
    }

    /// WORKDIR, after the folder was entered.
    pub(super) fn workdir(&self, build: &Build<'_>, flags: &BuilderFlags) -> Option<Definition> {
        let mut parts = vec![Part::new(PartKind::Workdir, self.workdir.as_str())];
        parts.extend(self.user.as_ref().map(|user| Part::new(PartKind::User, user.as_str())));
        let given = build.input().options.build_args.iter().rev().find(|(name, _)| name == "SOURCE_DATE_EPOCH");
        let epoch = given.map(|(_, value)| value.clone()).or_else(|| flags.epoch.clone());
        parts.extend(epoch.map(|epoch| Part::new(PartKind::Epoch, epoch)));
        let writes = Some(vec![self.workdir.clone()]);
        Some(Definition { kind: StepKind::Workdir, parts, sources: Vec::new(), writes, is_linked: false })
    }

    /// COPY or ADD.
    pub(super) fn copy(&self, build: &Build<'_>, index: usize, instruction: &Instruction) -> Option<Definition> {
        let file = &build.input().file;
        let transfer = file.transfer(instruction)?;
        let lex = Lex::new(file.escape());
        let expand = |text: &str| self.environment.expand(text, lex);
        let origin = match &transfer.from {
            None => SourceOrigin::Context,
            Some(from) => origin_of(build, index, &from.text),
        };
        let is_add = instruction.keyword == Keyword::Add;
        let exclude: Vec<String> = transfer.exclude.iter().map(|pattern| expand(&pattern.text)).collect();
        let has_parents = transfer.parents == Some(true);
        let is_pinned = transfer.checksum.is_some();
        let mut definition =
            Definition { kind: StepKind::Copy, parts: Vec::new(), sources: Vec::new(), writes: None, is_linked: false };
        for source in &transfer.sources {
            let text = expand(&source.text);
            if is_add && is_remote_source(&text) {
                definition.parts.push(Part::new(PartKind::Source, path::name(&text)));
                let is_pinned = is_pinned || is_commit(&text);
                let origin = SourceOrigin::Remote { url: text, is_pinned };
                definition.sources.push(StepSource { origin, selector: Selector::default() });
                continue;
            }
            let (part, selector) = selection(&text, has_parents, &exclude);
            definition.parts.push(Part::new(PartKind::Source, part));
            definition.sources.push(StepSource { origin: origin.clone(), selector });
        }
        for source in &transfer.heredocs {
            let body = source.heredoc.map(|heredoc| self.body(file, heredoc)).unwrap_or_default();
            let name =
                source.heredoc.map_or_else(|| source.opener.text.to_string(), |heredoc| heredoc.name.to_string());
            definition.parts.push(Part::new(PartKind::Source, name));
            definition.parts.push(Part::new(PartKind::Body, body));
        }
        let destination = self.destination(&expand(&transfer.destination.text));
        definition.parts.push(Part::new(PartKind::Destination, destination.as_str()));
        let owner = transfer.chown.as_ref().map(|owner| expand(&owner.text)).filter(|owner| !owner.is_empty());
        definition.parts.extend(owner.map(|owner| Part::new(PartKind::Owner, owner)));
        let mode = transfer.chmod.as_ref().map(|mode| expand(&mode.text)).filter(|mode| !mode.is_empty());
        definition.is_linked = transfer.link == Some(true) && mode.is_none();
        definition.parts.extend(mode.map(|mode| Part::new(PartKind::Mode, plain_mode(&mode))));
        let unpacks = is_add && transfer.unpack != Some(false);
        let mut flags = vec![format!("unpack={unpacks}"), format!("parents={has_parents}")];
        flags.extend(exclude);
        flags.extend(transfer.keep_git_dir.map(|keeps| format!("keep-git-dir={keeps}")));
        definition.parts.push(Part::new(PartKind::Flags, flags.join("\0")));
        definition.writes = Some(vec![destination]);
        Some(definition)
    }

    /// A destination as BuildKit resolves it: absolute, with the final slash as written.
    fn destination(&self, text: &str) -> String {
        let mut whole = path::join(&self.workdir, text);
        let is_folder = text.is_empty() || text == "." || text == ".." || text.ends_with('/') || text.ends_with("/.");
        if is_folder && !whole.ends_with('/') {
            whole.push('/');
        }
        whole
    }

    /// The body of a heredoc that COPY or ADD writes.
    fn body(&self, file: &File, heredoc: &Heredoc) -> String {
        let text = file.heredoc_text(heredoc);
        if heredoc.expand { self.environment.expand(&text, Lex::heredoc_body()) } else { text.into_owned() }
    }
}

/// Where the name of `--from` or of a mount's `from=` leads.
pub(super) fn origin_of(build: &Build<'_>, index: usize, name: &str) -> SourceOrigin {
    let edges = build.edges();
    let start = edges.partition_point(|edge| edge.instruction < index);
    let same = edges[start..].iter().take_while(|edge| edge.instruction == index);
    let file = build.input().file.source();
    let edge = same.clone().find(|edge| file.slice(edge.span) == name).or_else(|| same.clone().next());
    match edge.map(|edge| &edge.to) {
        Some(StageBase::Stage(stage)) => SourceOrigin::Stage { stage: *stage, step: None },
        Some(StageBase::Image(text) | StageBase::Context(text) | StageBase::Unknown(text)) => {
            SourceOrigin::Named(text.clone())
        }
        Some(StageBase::Scratch) | None => SourceOrigin::Named(name.to_owned()),
    }
}

/// What a source names, and the part of it that enters the definition: its last name, whatever folder it is in.
fn selection(text: &str, has_parents: bool, exclude: &[String]) -> (String, Selector) {
    let exclude = exclude.to_vec();
    if has_parents {
        let (base, include) = text.split_once("/./").unwrap_or(("", text));
        let include = path::normalize(include.trim_start_matches('/'));
        let selector = Selector { path: clean(base), is_pattern: false, parents: Some(include.clone()), exclude };
        return (format!("{}\0{include}", path::name(&clean(base))), selector);
    }
    let whole = clean(text);
    let name = path::name(&whole).to_owned();
    let is_pattern = has_wildcard(&whole);
    (name, Selector { path: whole, is_pattern, parents: None, exclude })
}

/// A path below the root of a context, which `..` does not leave.
pub(super) fn clean(text: &str) -> String {
    path::join("/", text).trim_start_matches('/').to_owned()
}

/// `0755` as `755`; symbolic modes as written.
fn plain_mode(text: &str) -> String {
    u32::from_str_radix(text, 8).map_or_else(|_| text.to_owned(), |mode| format!("{mode:o}"))
}

/// Whether a Git address names a whole commit.
fn is_commit(url: &str) -> bool {
    let Some((_, reference)) = url.split_once('#') else { return false };
    let commit = reference.split(':').next().unwrap_or_default();
    matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The text of the here-document that is all of a RUN's command.
fn sole_heredoc<'i>(file: &'i File, instruction: &'i Instruction) -> Option<Cow<'i, str>> {
    let heredoc = instruction.heredocs.first()?;
    let CommandForm::Shell(text) = file.command(instruction)? else { return None };
    matches!(heredoc_word(&text.text), Ok(Some(_))).then(|| file.heredoc_text(heredoc))
}

/// The first line of a here-document, as the builder prints it behind the command.
fn summary(body: &str) -> String {
    let mut lines = body.trim().lines();
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() { format!("{first}...") } else { first.to_owned() }
}
