//! What a row of the table says, and what was found by it.

use crate::inputs::context::entry::{Amount, EntryId};

/// What something in a context is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassKind {
    /// History of a version control system.
    VersionControl,
    /// Installed packages; the build installs them again.
    Dependencies,
    /// Compiled code that its interpreter makes by itself.
    Bytecode,
    /// Caches of tests, linters and bundlers.
    ToolCache,
    /// What a build on the host left.
    BuildOutput,
    /// Editor settings.
    Editor,
    /// Pipelines and hooks of the forge.
    Pipeline,
    /// Logs, dumps and temporary files.
    Leftover,
    /// Looks like it holds a secret.
    Secret,
}

/// How sure it is that a build does not need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The name has one use, or its neighbours prove it.
    Sure,
    /// As a rule; a build that copies it on purpose exists.
    Likely,
    /// Needs a look.
    Possible,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// What it is there for.
    pub kind: ClassKind,
    /// How sure.
    pub certainty: Certainty,
    /// Why a build does without; a clause for people.
    pub reason: &'static str,
    pub(super) name: NamePattern,
    pub(super) holds: Holds,
    pub(super) evidence: Evidence,
}

/// Which names it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamePattern {
    Is(&'static [&'static str]),
    Ends(&'static str),
    Starts(&'static str),
    Any,
}

/// Which entries it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Directory,
    File,
    Either,
}

/// What must stand near it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    None,
    /// One of these files stands in the same directory.
    Beside(&'static [&'static str]),
    /// This file stands inside.
    Inside(&'static str),
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMatch {
    /// Which row.
    pub class: &'static Class,
    /// The topmost entry.
    pub entry: EntryId,
    /// All of it.
    pub amount: Amount,
    /// The `.dockerignore` line that leaves it out: any place where the name alone tells, else this path.
    pub pattern: String,
}
