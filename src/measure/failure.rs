//! Why something could not be built or measured.

use std::fmt;
use std::io;
use std::path::Path;

use crate::engine;

/// Why it was not done: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind it is, for those who go on after it.
    pub kind: FailureKind,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// The step that failed, as the builder names it.
    pub step: Option<String>,
    /// The last lines that the step printed; secrets are masked.
    pub log: Vec<String>,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The builder refuses the Dockerfile, or a step of it fails.
    Build,
    /// A base image is neither there nor to be had.
    Base,
    /// A secret that the build asks for was not given.
    Secret,
    /// It took longer than it may.
    TimedOut,
    /// Somebody wants it to end.
    Interrupted,
    /// The engine is not there, is lost, or fails.
    Engine,
    /// No room on the engine's disk or this machine's.
    Space,
    /// Something of this machine is missing or wrong: docker, buildx, a file.
    Setup,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    pub(super) fn new(kind: FailureKind, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, what: what.into(), help: help.into(), step: None, log: Vec::new() }
    }

    /// Somebody wants it to end.
    pub(super) fn interrupted() -> Self {
        Self::new(FailureKind::Interrupted, "interrupted", "what was made is removed")
    }

    /// A file of this machine that can't be written or read.
    pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let what = format!("{doing} `{}` failed: {error}", path.display());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::new(FailureKind::Space, what, "make room, or set TMPDIR to a folder with more")
            }
            io::ErrorKind::PermissionDenied => {
                Self::new(FailureKind::Setup, what, "make it readable, or name it in .dockerignore")
            }
            _ => Self::new(FailureKind::Setup, what, "check the path"),
        }
    }

    /// Whether another Dockerfile may do better: its steps failed, not what they ran on.
    pub fn is_of_dockerfile(&self) -> bool {
        matches!(self.kind, FailureKind::Build | FailureKind::Base | FailureKind::TimedOut)
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        let no_room = error.what.contains("no space left on device");
        let kind = if no_room { FailureKind::Space } else { FailureKind::Engine };
        Self::new(kind, error.what, error.help)
    }
}
