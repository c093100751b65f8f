//! A comment stays above the line that it describes, also if a pass moved that line.

use super::change::{Change, comments_of, text_of};
use crate::text::{Edit, Span};

pub(super) fn edits(change: &Change) -> Vec<Edit> {
    let (before, file) = (change.before, change.file());
    let is_kept = |comments: &str| {
        let all: Vec<&str> = comments.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = &file.source().text()[file.source().mark() as usize..];
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.windows(all.len().max(1)).any(|lines| lines == all)
    };
    let mut edits: Vec<Edit> = Vec::new();
    for index in 0..before.instructions().len() {
        let comments = comments_of(before, index);
        if comments.trim().is_empty() || is_kept(comments) {
            continue;
        }
        let text = text_of(before, index);
        let bare = (0..file.instructions().len())
            .find(|at| change.text(*at) == text && comments_of(file, *at).trim().is_empty());
        let Some(place) = bare.map(|at| file.instruction_span(at).start) else { continue };
        if edits.iter().all(|edit| edit.span.start != place) {
            edits.push(Edit { span: Span::at(place), text: comments.to_owned() });
        }
    }
    edits
}
