//! What is written.

use crate::emit::plan::Choice;

/// A file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedFile {
    /// Its path below the folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is written, and why.
#[derive(Clone, Debug, Default)]
pub struct Emission {
    /// The compose file first; those that hold what they should already are left out.
    pub files: Vec<EmittedFile>,
    /// The choices that were made.
    pub choices: Vec<Choice>,
    /// What was left out, and what is left to the user.
    pub notes: Vec<String>,
    /// Why nothing is written, although something should be: Compose would refuse it.
    pub failure: Option<String>,
}

/// Whether a file of a deployment is one that `deploy emit` wrote.
pub fn is_written_by_deploy_emit(text: &str) -> bool {
    text.contains("Written by dockopt")
}
