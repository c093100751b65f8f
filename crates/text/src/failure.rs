//! Why something that was asked of an engine, a registry or a program of this machine was not done.

use std::fmt;
use std::io;
use std::path::Path;

/// Why it was not done: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind it is, for those who go on after it.
    pub kind: FailureKind,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// The last lines that the program printed; secrets are masked.
    pub log: Vec<String>,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody answers there, or nobody that is trusted: name, connection, TLS, time.
    Unreachable,
    /// The other side asks for credentials or permissions, or refuses those that it got.
    Denied,
    /// The server has nothing of this name; registries answer the same where reading is not permitted.
    Missing,
    /// The server works and refuses the request: a name is taken, a value is wrong.
    Refused,
    /// Too many requests, also after waiting.
    Limited,
    /// The server fails, ends the connection, or sends an invalid answer.
    Broken,
    /// Something on this machine is missing or wrong: a program, a file, a certificate, a configuration.
    Setup,
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
    /// No room on the engine's disk or this machine's.
    Space,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// A failure of a kind: what went wrong, and what to do.
    pub fn new(kind: FailureKind, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, what: what.into(), help: help.into(), log: Vec::new() }
    }

    /// Somebody wants it to end.
    pub fn interrupted() -> Self {
        Self::new(FailureKind::Interrupted, "interrupted", "everything that dockopt created is removed")
    }

    /// A file of this machine that can't be written or read.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let what = format!("{doing} `{}` failed: {error}", path.display());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::new(FailureKind::Space, what, "free disk space, or set TMPDIR to a folder with more")
            }
            io::ErrorKind::PermissionDenied => {
                Self::new(FailureKind::Setup, what, "make it readable, or exclude it in .dockerignore")
            }
            _ => Self::new(FailureKind::Setup, what, "check the path"),
        }
    }

    /// Whether another Dockerfile may do better: its steps failed, not what they ran on.
    pub fn is_of_dockerfile(&self) -> bool {
        matches!(self.kind, FailureKind::Build | FailureKind::Base | FailureKind::TimedOut)
    }

    /// For a reader of bytes: what, and what to do, in one text. It is no damage of what was read.
    pub fn into_io(self) -> io::Error {
        let kind = match self.kind {
            FailureKind::Denied => io::ErrorKind::PermissionDenied,
            FailureKind::Missing => io::ErrorKind::NotFound,
            _ => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, if self.help.is_empty() { self.what } else { format!("{}: {}", self.what, self.help) })
    }
}
