//! Pairs of ENV and their deletion.

use crate::text::{Edit, Span};

/// The deletion of a pair of ENV with the blanks on one side of it.
pub(super) fn without_pair(spans: &[Span], at: usize, going: &[usize]) -> Edit {
    let kept_before = (0..at).rev().find(|variable| !going.contains(variable));
    let span = match (kept_before, spans.get(at + 1)) {
        (Some(_), _) => Span::new(spans[at - 1].end, spans[at].end),
        (None, Some(next)) => Span::new(spans[at].start, next.start),
        (None, None) => spans[at],
    };
    Edit { span, text: String::new() }
}
