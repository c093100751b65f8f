//! Edits: replacements of byte ranges. What no edit covers stays byte-identical.

use std::fmt;

use super::{Source, Span};

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// Why a list of edits can't be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// Two edits cover the same bytes, or insert at the same place.
    Overlap(Span, Span),
    /// An edit leaves the text or cuts a character.
    Outside(Span),
}

impl fmt::Display for EditError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap(a, b) => {
                write!(out, "edits at bytes {}-{} and {}-{} overlap", a.start, a.end, b.start, b.end)
            }
            Self::Outside(a) => write!(out, "edit at bytes {}-{} is not inside the text", a.start, a.end),
        }
    }
}

impl std::error::Error for EditError {}

/// The file's bytes after the edits, given in any order.
///
/// # Errors
/// When two edits touch the same bytes, or one lies outside the text.
pub fn apply(source: &Source, edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort();
    let mut out = Vec::with_capacity(source.bytes().len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
    let mut last: Option<Span> = None;
    let mut at = 0;
    for edit in sorted {
        let inside = source.text().get(edit.span.range()).is_some();
        if !inside {
            return Err(EditError::Outside(edit.span));
        }
        if let Some(last) = last.filter(|last| edit.span.start < last.end || edit.span == *last) {
            return Err(EditError::Overlap(last, edit.span));
        }
        let range = source.original(edit.span).range();
        out.extend_from_slice(&source.bytes()[at..range.start]);
        out.extend_from_slice(edit.text.as_bytes());
        at = range.end;
        last = Some(edit.span);
    }
    out.extend_from_slice(&source.bytes()[at..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { span: Span::new(start, end), text: text.into() }
    }

    #[test]
    fn only_named_rules_change() {
        let source = Source::new("f", b"ab\xff\r\ncd".to_vec()).unwrap();
        assert_eq!(apply(&source, &[edit(7, 8, "X"), edit(0, 0, ">")]).unwrap(), b">ab\xff\r\nXd");
    }

    #[test]
    fn overlap_and_outside_are_refused() {
        let source = Source::of("f", "aé");
        assert!(matches!(apply(&source, &[edit(0, 3, ""), edit(1, 3, "")]), Err(EditError::Overlap(..))));
        assert!(matches!(apply(&source, &[edit(1, 1, "a"), edit(1, 1, "b")]), Err(EditError::Overlap(..))));
        assert!(matches!(apply(&source, &[edit(2, 3, "")]), Err(EditError::Outside(_))));
        assert!(matches!(apply(&source, &[edit(3, 9, "")]), Err(EditError::Outside(_))));
    }
}
