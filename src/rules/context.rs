//! The questions that a rule may ask about one build.

use super::Rule;
use crate::finding::Finding;
use crate::text::{FileId, Source, Span};

/// One build, as rules see it.
#[derive(Debug)]
pub struct Context<'a> {
    /// The rule that asks.
    pub rule: &'static Rule,
    /// The Dockerfile's id.
    pub file: FileId,
    /// The Dockerfile's text.
    pub source: &'a Source,
}

impl Context<'_> {
    /// A finding of the rule that asks, in the Dockerfile.
    pub fn finding(&self, span: Span, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.rule.name,
            severity: self.rule.metadata().severity,
            file: self.file,
            span,
            labels: Vec::new(),
            instruction_line: Some(self.source.line(span.start)),
            stage: None,
            message: message.into(),
            help: None,
            impact: Vec::new(),
            fixes: Vec::new(),
        }
    }
}
