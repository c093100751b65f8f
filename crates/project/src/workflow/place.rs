//! Texts of a pipeline, each with the place that it is written at.

use crate::text::Span;

/// Where something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkflowPlace {
    /// The number of the file in [`Workflow::files`](super::Workflow::files); 0 is the pipeline's own.
    pub file: u32,
    /// The place in it.
    pub span: Span,
}

impl WorkflowPlace {
    /// A place in the pipeline's own file.
    pub fn of(span: Span) -> Self {
        Self { file: 0, span }
    }
}

/// A text of a pipeline. Constants are filled in; what only a run knows stands in it as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowText {
    /// The text.
    pub text: String,
    /// Where it is written.
    pub place: WorkflowPlace,
}

impl WorkflowText {
    /// The text, if nothing in it is left for a run to fill in.
    pub fn constant(&self) -> Option<&str> {
        let is_open = self.text.contains("${{") || self.text.contains('$') || self.text.contains("{{");
        (!is_open).then_some(self.text.as_str())
    }

    /// A text that only a run knows.
    pub(super) fn unknown(place: WorkflowPlace) -> Self {
        Self { text: "$".to_owned(), place }
    }

    /// Whether it is the truth value; `None` where only a run knows.
    pub fn as_bool(&self) -> Option<bool> {
        match self.constant()?.trim() {
            "true" => Some(true),
            "false" | "" => Some(false),
            _ => None,
        }
    }
}
