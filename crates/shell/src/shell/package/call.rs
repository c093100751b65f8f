//! A call of a package manager: what it is told to do, with which packages and files.

use std::borrow::Cow;

use super::manager::Manager;
use super::verb::Verb;
use crate::shell::Word;
use crate::shell::argument::{ArgumentValue, Flag};
use crate::text::Span;

/// A call of a package manager.
#[derive(Clone, Debug)]
pub struct PackageCall<'s> {
    /// Which manager.
    pub manager: Manager,
    /// The program's name as written, without folder: `apt-get`, `pip3.11`.
    pub program: &'s str,
    /// What it shall do.
    pub verb: Verb,
    /// The verb's words as written, one blank between them: `install`, `mod download`; empty when there is none.
    pub verb_text: Cow<'s, str>,
    /// The verb's words; the program's name when there are none.
    pub verb_span: Span,
    /// Packages named in the command.
    pub packages: Vec<Package<'s>>,
    /// Operands that are no packages: goals, tasks, folders, scripts.
    pub operands: Vec<&'s Word>,
    /// Options in order, those before the verb too.
    pub flags: Vec<Flag<'s>>,
    /// Files and folders that the call is told to read.
    pub inputs: Vec<Input<'s>>,
    /// What it does with a lock file; none when it reads no manifest.
    pub lock: Option<LockUse>,
    /// From the program's name to the last argument.
    pub span: Span,
}

impl<'s> PackageCall<'s> {
    /// The first option of one of these names, dashes included.
    pub fn flag(&self, names: &[&str]) -> Option<&Flag<'s>> {
        self.flags.iter().find(|flag| names.contains(&&*flag.name))
    }

    /// Whether one of these options is given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.flag(names).is_some()
    }

    /// Whether it asks for the version or for help and does nothing else.
    pub fn only_asks(&self) -> bool {
        let bare = self.verb_text.is_empty() && self.operands.is_empty();
        self.verb == Verb::Other && (self.has(&["--version", "--help"]) || bare && self.has(&["-v", "-V"]))
    }

    /// Whether an option with this meaning is given (`data/program_options.tsv`).
    pub fn says(&self, meaning: &str) -> bool {
        self.flags.iter().any(|flag| self.manager.options().has(&flag.name, meaning))
    }

    /// Whether packages come from a manifest or lock file and none is named.
    pub fn is_from_manifest(&self) -> bool {
        self.lock.is_some()
    }

    /// `pip install`, `npm ci`: the manager and its verb, also where another program runs it (`python -m pip`).
    pub fn title(&self) -> String {
        let program = match self.manager {
            Manager::Composer => "composer",
            _ if self.program.starts_with("py") => self.manager.name(),
            _ => self.program,
        };
        format!("{program} {}", self.verb_text).trim().to_owned()
    }

    /// Whether an expansion stands where packages do, so that not all of them are known.
    pub fn has_unknown_packages(&self) -> bool {
        self.packages.iter().any(|package| package.name.dynamic)
    }
}

/// A file or folder that a call is told to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'s> {
    /// What it is.
    pub kind: InputKind,
    /// Its path, relative to the call's working folder.
    pub path: ArgumentValue<'s>,
}

/// Kinds of [`Input`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Lists packages: `-r requirements.txt`, `--file environment.yml`.
    Requirements,
    /// Only limits versions: `-c constraints.txt`.
    Constraints,
    /// A project or archive that is installed.
    Package,
    /// A project that is installed in place: `-e .`.
    Editable,
    /// The folder that the manager works in.
    Folder,
    /// The manifest, named instead of found.
    Manifest,
}

impl InputKind {
    /// The kind of a word of `data/program_options.tsv`.
    pub(in crate::shell) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "requirements" => Self::Requirements,
            "constraints" => Self::Constraints,
            "project" => Self::Package,
            "editable" => Self::Editable,
            "folder" => Self::Folder,
            "manifest" => Self::Manifest,
            _ => return None,
        })
    }
}

/// What an install does with a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockUse {
    /// Fails, or goes strictly by it, when it is missing or does not fit: `npm ci`, `uv sync --locked`.
    Required,
    /// Goes by it when it is there, may resolve anew or rewrite it: `npm install`.
    Preferred,
    /// Has none or does not look: `pip install -r`.
    Ignored,
}

/// A package named in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package<'s> {
    /// Its name without version, extras, architecture; for paths and URLs all of it. When it is dynamic, an expansion
    /// decides which package (or packages) it is.
    pub name: ArgumentValue<'s>,
    /// The version asked for, if any.
    pub version: Option<Version<'s>>,
    /// Where it comes from.
    pub source: PackageSource,
    /// Whether `name-` or `!name` asks for its absence.
    pub absent: bool,
    /// All of it.
    pub span: Span,
}

impl Package<'_> {
    /// Whether exactly one version fits: `=1.2`, `==1.2`, `@1.2.3`.
    pub fn is_exact(&self) -> bool {
        self.version.as_ref().is_some_and(|version| {
            let text = version.value.text;
            let exact = matches!(version.operator, "=" | "==" | "===" | "@" | ":" | "--version" | "-v" | "-");
            exact
                && !text.contains(['*', '^', '~', '<', '>', ',', '|'])
                && !matches!(text, "latest" | "next" | "none" | "")
        })
    }
}

/// A version constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'s> {
    /// As written: `=`, `>=`, `@`, `:`, `/` (apt's release), `-` (rpm), `-v` (an option's name).
    pub operator: &'s str,
    /// What follows it; further constraints included (`1,<2`).
    pub value: ArgumentValue<'s>,
}

/// Where a [`Package`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageSource {
    /// The manager's index.
    Index,
    /// A file or folder.
    Path,
    /// A URL or version control address.
    Url,
    /// A group, pattern or module of packages.
    Group,
}
