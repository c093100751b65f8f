//! What `context ls` shows: what the builder is sent, and what each COPY and ADD takes of it.

use super::{ContextReport, ProblemReport};

/// One build context.
#[derive(Clone, Debug)]
pub struct ContextListing {
    /// The Dockerfile whose copies are listed, as the user would type it.
    pub dockerfile: Option<String>,
    /// What is sent.
    pub context: ContextReport,
    /// What each COPY and ADD takes, in the order of the file.
    pub copies: Vec<CopyTake>,
    /// What could not be read: files without permission, loops.
    pub problems: Vec<ProblemReport>,
}

/// What a COPY or ADD takes of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyTake {
    /// First line of the instruction, from 1.
    pub line: u32,
    /// Its stage: the name, or `stage-N`.
    pub stage: String,
    /// The instruction on one line.
    pub text: String,
    /// Files; `None` when it is not known (a source with a variable that has no value).
    pub files: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
}
