//! What differs between the comments of two files.

use std::collections::BTreeMap;

use super::align::Pair;
use super::{Difference, DifferenceKind};
use crate::dockerfile::syntax::{File, Instruction, Keyword, LineKind};

/// Comments that come, go or move above another instruction. Those of an instruction that goes stand above the next one
/// afterwards: that is no difference.
pub(super) fn differences(before: &File, after: &File, pairs: &[Pair], out: &mut Vec<Difference>) {
    let mut old = all(before);
    let mut found = Vec::new();
    for (text, lines) in all(after) {
        let mut known = old.remove(text).unwrap_or_default();
        for line in lines {
            if known.pop().is_none() {
                let parts = vec!["new"];
                found.push(Difference { kind: DifferenceKind::Comment, before: None, after: Some(line), parts });
            }
        }
        if !known.is_empty() {
            old.insert(text, known);
        }
    }
    for line in old.into_values().flatten() {
        let parts = vec!["lost"];
        found.push(Difference { kind: DifferenceKind::Comment, before: Some(line), after: None, parts });
    }
    if found.is_empty() {
        moved(before, after, pairs, &mut found);
    }
    found.sort_by_key(|one| (one.before, one.after));
    out.append(&mut found);
}

/// The comment lines outside of heredocs, with their line numbers, by text.
fn all(file: &File) -> BTreeMap<&str, Vec<u32>> {
    let mut all: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (line, number) in file.lines.iter().zip(1..) {
        if matches!(line.kind, LineKind::Comment | LineKind::InnerComment(_)) {
            all.entry(file.source.slice(line.span).trim()).or_default().push(number);
        }
    }
    all
}

/// Instructions that have other comments above them than before.
fn moved(before: &File, after: &File, pairs: &[Pair], out: &mut Vec<Difference>) {
    let mut orphans: Vec<&str> = Vec::new();
    for &(old, new) in pairs {
        let Some(old) = old.map(|index| &before.instructions[index]) else { continue };
        let texts = attached(before, old);
        let Some(new) = new.map(|index| &after.instructions[index]) else {
            orphans.extend(comments(before, old));
            continue;
        };
        let now = attached(after, new);
        let adopted = now.strip_suffix(&texts[..]).is_some_and(|rest| orphans.ends_with(rest));
        if now != texts && !adopted {
            let (before, after) = (Some(old.start_line), Some(new.start_line));
            out.push(Difference { kind: DifferenceKind::Comment, before, after, parts: vec!["moved"] });
        }
        orphans.clear();
    }
}

fn comments<'a>(file: &'a File, instruction: &'a Instruction) -> impl Iterator<Item = &'a str> {
    instruction.comments.iter().map(|&comment| file.logical(comment))
}

/// The comments that tell of an instruction. The builder makes descriptions of all above FROM and ARG; elsewhere one
/// that an empty line sets apart belongs to nothing.
fn attached<'a>(file: &'a File, instruction: &'a Instruction) -> Vec<&'a str> {
    let mut all: Vec<&str> = comments(file, instruction).collect();
    if !matches!(instruction.keyword, Keyword::From | Keyword::Arg) {
        let above = file.lines.iter().take(instruction.start_line.saturating_sub(1) as usize).rev();
        let direct = above.take_while(|line| line.kind == LineKind::Comment).count();
        all.drain(..all.len().saturating_sub(direct));
    }
    all
}
