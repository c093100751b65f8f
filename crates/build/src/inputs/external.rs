//! What other linters of pipelines find.

use crate::text::{FileId, LineColumn};

/// A finding of another linter, with its own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalFinding {
    /// The pipeline.
    pub file: FileId,
    /// From here.
    pub start: LineColumn,
    /// To there, excluded; the start where the linter does not say.
    pub end: LineColumn,
    /// The linter and its id: `zizmor/unpinned-uses`.
    pub id: String,
    /// How bad the linter thinks it is.
    pub severity: ExternalSeverity,
    /// What it says, in one line.
    pub message: String,
    /// Where it explains that.
    pub url: Option<String>,
}

/// How bad another linter thinks a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExternalSeverity {
    /// Hardly.
    Info,
    /// It should be looked at.
    Warning,
    /// It is wrong.
    Error,
}

/// What another linter did not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalGap {
    /// The linter, or it and a file.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}
