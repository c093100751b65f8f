//! The definitions of steps in the state of a stage: everything that enters their keys (BuildKit's `dispatchRun`,
//! `dispatchCopy`, `dispatchWorkdir`).

use super::context::Selector;
use super::environment::EnvironmentVariable;
use super::mount;
use super::origin::{canonical_platform, clean, origin_of};
use super::stage_state::StageState;
use super::step::{BuilderFlags, Part, PartKind, SourceOrigin, StepKind, StepSource};
use crate::build::{Build, Lookup, VariableValue, is_remote_source};
use crate::dockerfile::expand::Lex;
use crate::dockerfile::{CommandForm, File, Heredoc, Instruction, Keyword, ScriptKind};
use crate::ignore::has_wildcard;
use crate::text::path;

/// The definition of a step.
pub(super) struct Definition {
    pub(super) kind: StepKind,
    pub(super) parts: Vec<Part>,
    /// Stages have no step yet.
    pub(super) sources: Vec<StepSource>,
    pub(super) writes: Option<Vec<String>>,
    pub(super) is_linked: bool,
}

/// The default of an ARG above the first FROM, which BuildKit takes where no build argument is given (`dockerfile2llb`:
/// `globalArgs`).
fn default_epoch(build: &Build<'_>) -> Option<String> {
    let Lookup::Defined(variable) = build.scopes().lookup_global("SOURCE_DATE_EPOCH") else { return None };
    match &variable.value {
        VariableValue::Known(value) if !value.is_empty() => Some(value.to_string()),
        _ => None,
    }
}

impl StageState {
    /// RUN.
    pub(super) fn run(
        &self,
        build: &Build<'_>,
        index: usize,
        instruction: &Instruction,
        (flags, is_short): (&BuilderFlags, bool),
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
                if let (ScriptKind::Interpreter(_), Some(heredoc)) = (script.kind, instruction.heredocs.first()) {
                    parts.push(Part::new(PartKind::Command, format!("/dev/pipes/{}", heredoc.name)));
                    parts.push(Part::new(PartKind::Body, script.text.into_owned()));
                } else {
                    let words = self.shell.iter().map(String::as_str).chain([&*script.text]);
                    parts.push(Part::new(PartKind::Command, words.collect::<Vec<_>>().join("\0")));
                }
            }
        }
        parts.extend(self.environment_parts(is_short));
        parts.push(Part::new(PartKind::Workdir, self.workdir.as_str()));
        parts.extend(self.user.as_ref().map(|user| Part::new(PartKind::User, user.as_str())));
        let network = run.network.map(|network| network.text.into_owned()).or_else(|| flags.network.clone());
        parts.extend(network.filter(|mode| mode != "default").map(|mode| Part::new(PartKind::Network, mode)));
        let rights = run.security.iter().chain(&run.devices).map(|right| right.text.to_string());
        parts.extend(rights.filter(|right| right != "sandbox").map(|right| Part::new(PartKind::Rights, right)));
        let hosts = flags.hosts.iter().chain(&flags.limits);
        parts.extend(hosts.map(|limit| Part::new(PartKind::Limits, limit.as_str())));
        let platform = build.input().options.platform.as_ref();
        parts.extend(platform.map(|text| Part::new(PartKind::Platform, canonical_platform(text))));
        // Engine 28.5: any value but an empty one counts, also the host name that a RUN has without it.
        let hostname = build.input().options.build_arg("BUILDKIT_SANDBOX_HOSTNAME").filter(|name| !name.is_empty());
        parts.extend(hostname.map(|name| Part::new(PartKind::Hostname, name)));
        let (mounts, sources) = mount::parts(self, build, index, &run.mounts);
        parts.extend(mounts);
        Some(Definition { kind: StepKind::Run, parts, sources, writes: None, is_linked: false })
    }

    /// The variables, each a part of its own; as one number if `is_short`.
    fn environment_parts(&self, is_short: bool) -> Vec<Part> {
        let whole = |number: u128| Part::new(PartKind::Variable("*".to_owned()), format!("{number:032x}"));
        if is_short {
            return vec![whole(self.environment.digest())];
        }
        let part = |variable: &EnvironmentVariable| Part {
            kind: PartKind::Variable(variable.name.clone()),
            text: variable.value.clone(),
            instruction: variable.instruction,
        };
        let mut parts: Vec<Part> = self.environment.variables().iter().map(part).collect();
        parts.extend((self.environment.overflow() != 0).then(|| whole(self.environment.overflow())));
        parts
    }

    /// WORKDIR, after the folder was entered.
    pub(super) fn workdir(&self, build: &Build<'_>, flags: &BuilderFlags) -> Definition {
        let mut parts = vec![Part::new(PartKind::Workdir, self.workdir.as_str())];
        parts.extend(self.user.as_ref().map(|user| Part::new(PartKind::User, user.as_str())));
        let epoch = build.input().options.build_arg("SOURCE_DATE_EPOCH").map(str::to_owned);
        let epoch = epoch.or_else(|| flags.epoch.clone()).or_else(|| default_epoch(build));
        parts.extend(epoch.map(|epoch| Part::new(PartKind::Epoch, epoch)));
        let writes = Some(vec![self.workdir.clone()]);
        Definition { kind: StepKind::Workdir, parts, sources: Vec::new(), writes, is_linked: false }
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
