//! Makes the findings of a rule: what its page says of all of them is filled in here alone.

use super::metadata::Metadata;
use crate::finding::{Code, Finding};
use crate::text::{FileId, Source, Span};

/// Makes the findings of one rule.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    rule: &'static str,
    metadata: &'static Metadata,
}

impl Reporter {
    /// For the rule of this name, with what its page says.
    pub fn new(rule: &'static str, metadata: &'static Metadata) -> Self {
        Self { rule, metadata }
    }

    /// A finding at a place of a file; of several lines the first one.
    pub fn finding_in(self, file: FileId, source: &Source, span: Span, message: impl Into<String>) -> Finding {
        let text = source.text().get(span.range()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim_end();
        let span = Span::new(span.start, span.start + first.len() as u32);
        Finding { instruction_line: Some(source.line(span.start)), ..self.finding(file, span, message) }
    }

    /// A finding at exactly this place, of which no instruction is known.
    pub fn finding(self, file: FileId, span: Span, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.rule,
            codes: self.metadata.aliases.iter().map(|&name| Code { name, line: None }).collect(),
            severity: self.metadata.severity,
            file,
            span,
            labels: Vec::new(),
            instruction_line: None,
            stage: None,
            message: message.into(),
            help: None,
            notes: Vec::new(),
            hidden_by: None,
            impact: Vec::new(),
            fixes: Vec::new(),
        }
    }
}
