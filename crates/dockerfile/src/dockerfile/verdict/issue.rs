//! What BuildKit refuses in one instruction.

use crate::dockerfile::syntax::ProblemKind;
use crate::text::Span;

/// What BuildKit refuses in an instruction.
pub(super) struct Issue {
    pub(super) kind: ProblemKind,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Issue {
    /// An error.
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Error, span, message: message.into(), help: None }
    }

    /// With another kind.
    pub(super) fn kind(mut self, kind: ProblemKind) -> Self {
        self.kind = kind;
        self
    }

    /// With what to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// "did you mean" with the known name that is closest, if one is near.
    pub(super) fn nearest(self, name: &str, known: &[&str]) -> Self {
        // Longer than any known name: it may be megabytes.
        if name.len() > 64 {
            return self;
        }
        let best = known.iter().map(|known| (strsim::osa_distance(name, known), known)).min();
        match best {
            Some((distance, known)) if distance <= 1 + known.len() / 4 => self.help(format!("did you mean `{known}`?")),
            _ => self,
        }
    }
}
