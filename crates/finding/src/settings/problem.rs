//! What is wrong with settings.

use crate::text::Span;

/// Something wrong with what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Where.
    pub span: Span,
    /// Whether nothing can be done with such settings; else a note.
    pub error: bool,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}
