//! Failures of builds and of files that they need.

use std::io;
use std::path::Path;

use crate::failure::{Failure, FailureKind};

impl Failure {
    /// Somebody wants it to end.
    pub(super) fn interrupted() -> Self {
        Self::new(FailureKind::Interrupted, "interrupted", "everything that dockopt created is removed")
    }

    /// A file of this machine that can't be written or read.
    pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
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
    pub(super) fn is_of_dockerfile(&self) -> bool {
        matches!(self.kind, FailureKind::Build | FailureKind::Base | FailureKind::TimedOut)
    }
}
