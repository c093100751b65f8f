//! WORKDIRs without effect after a pass, because another one follows directly.

use super::change::{Change, comments_of, text_of};
use crate::build::{Build, Stage};
use crate::dockerfile::Keyword;
use crate::text::{Edit, path};

pub(super) fn edits(change: &Change) -> Vec<Edit> {
    let build = change.build;
    let authors = change.neighbours();
    for stage in build.stages() {
        let all: Vec<usize> = build.instructions(stage).map(|(index, _)| index).collect();
        for pair in all.windows(2) {
            let [first, second] = *pair else { continue };
            // What the author wrote so stays.
            if authors.contains(&(change.text(first), change.text(second))) {
                continue;
            }
            if let Some(edits) = idle(change, stage, first, second) {
                return edits;
            }
        }
        if let Some(edit) = all.iter().find_map(|index| relative(change, stage, *index)) {
            return vec![edit];
        }
    }
    Vec::new()
}

fn is_workdir(change: &Change, index: usize) -> bool {
    change.build.instruction(index).keyword == Keyword::Workdir
}

/// The folder behind a WORKDIR.
fn folder(build: &Build, stage: &Stage, index: usize) -> Option<String> {
    build.workdir(stage, index + 1).value().cloned()
}

/// Takes a WORKDIR away that the next instruction overrides.
fn idle(change: &Change, stage: &Stage, first: usize, second: usize) -> Option<Vec<Edit>> {
    let build = change.build;
    if !is_workdir(change, first) {
        return None;
    }
    let (from, to) = (folder(build, stage, first)?, folder(build, stage, second)?);
    if !is_workdir(change, second) {
        return None;
    }
    // The folder is there all the same.
    let is_made = path::is_within(&to, &from)
        || build.instructions(stage).filter(|(index, _)| *index > second).any(|(index, instruction)| match instruction
            .keyword
        {
            Keyword::Workdir => folder(build, stage, index).is_some_and(|other| path::is_within(&other, &from)),
            Keyword::Copy | Keyword::Add => {
                let to = build.transfers(stage).iter().find(|transfer| transfer.index == index);
                let to = to.and_then(|transfer| transfer.destination.clone());
                let at = build.workdir(stage, index).value().cloned().unwrap_or_default();
                to.is_some_and(|to| path::is_within(&path::join(&at, &to), &from))
            }
            _ => false,
        });
    if !is_made {
        return None;
    }
    let mut edits = vec![change.passage_edit(first, "")];
    edits.extend(comment_of_next(change, first));
    let text = change.text(second);
    if !text.ends_with(&to) {
        let comments = comments_of(change.file(), second);
        edits.push(change.passage_edit(second, format!("{comments}WORKDIR {to}{}", change.newline())));
    }
    Some(edits)
}

/// A comment above a WORKDIR tells of what is done there: it goes where that went.
fn comment_of_next(change: &Change, workdir: usize) -> Option<Edit> {
    let (file, before) = (change.file(), change.before);
    let comments = comments_of(file, workdir);
    if comments.trim().is_empty() {
        return None;
    }
    let (text, all) = (change.text(workdir), before.instructions());
    let partner = (0..all.len()).find(|at| text_of(before, *at) == text && comments_of(before, *at) == comments)?;
    let next = all.get(partner + 1).filter(|next| next.keyword != Keyword::From)?;
    let sources = |keyword, text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let copies = matches!(keyword, Keyword::Copy | Keyword::Add);
        if copies { words[..words.len().saturating_sub(1)].to_vec() } else { words }
    };
    let wanted = sources(next.keyword, text_of(before, partner + 1));
    let place = file.instructions().iter().enumerate().skip(workdir + 1).find(|(index, instruction)| {
        sources(instruction.keyword, change.text(*index)) == wanted && comments_of(file, *index).trim().is_empty()
    })?;
    Some(Edit { span: crate::text::Span::at(file.instruction_span(place.0).start), text: comments.to_owned() })
}

/// Names the folder in full in a stage that the author did not write.
fn relative(change: &Change, stage: &Stage, index: usize) -> Option<Edit> {
    if !is_workdir(change, index) {
        return None;
    }
    let (author, from) = (change.author, change.text(stage.start));
    let file = change.file();
    let instruction = change.build.instruction(index);
    let written = file.str(instruction.rest).trim();
    let is_own = (0..author.instructions().len()).any(|at| text_of(author, at) == from);
    if is_own || written.starts_with(['/', '$', '"']) || written.contains('\\') {
        return None;
    }
    let full = folder(change.build, stage, index)?;
    Some(Edit { span: instruction.rest.span, text: full })
}
