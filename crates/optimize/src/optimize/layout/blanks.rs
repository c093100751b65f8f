//! One blank line between stages, and elsewhere no more than the author wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use crate::dockerfile::{File, Keyword, LineKind};
use crate::text::{Edit, Span};

/// A place between two lines that say something.
struct Gap<'f> {
    above: &'f str,
    below: &'f str,
    /// Blank lines between them.
    blanks: usize,
    /// Where the blank lines stand.
    span: Span,
    /// Whether a stage begins below.
    begins_stage: bool,
}

pub(super) fn edits(change: &Change) -> Vec<Edit> {
    let (file, author) = (change.file(), gaps(change.author));
    let above: BTreeMap<String, usize> = author.iter().map(|gap| (plain(gap.below), gap.blanks)).collect();
    let below: BTreeMap<String, usize> = author.iter().map(|gap| (plain(gap.above), gap.blanks)).collect();
    let pairs: BTreeSet<(String, String)> = author.iter().map(|gap| (plain(gap.above), plain(gap.below))).collect();
    let mut edits = Vec::new();
    for gap in gaps(file) {
        let (upper, lower) = (plain(gap.above), plain(gap.below));
        if pairs.contains(&(upper.clone(), lower.clone())) {
            continue;
        }
        let (before, behind) = (above.get(&lower).copied(), below.get(&upper).copied());
        let wanted = match (gap.begins_stage, before) {
            // The author's stages stand as far apart as the author put them.
            (true, Some(blanks)) => gap.blanks.min(blanks.max(1)),
            (true, None) => 1,
            (false, _) => {
                let most = [before, behind].into_iter().flatten().min().unwrap_or(1).max(1);
                gap.blanks.min(most)
            }
        };
        if wanted != gap.blanks {
            edits.push(Edit { span: gap.span, text: change.newline().repeat(wanted) });
        }
    }
    edits
}

/// A line without what matters of style change in it: `FROM a as b` is `FROM a AS b`.
fn plain(line: &str) -> String {
    line.split_whitespace().map(str::to_ascii_lowercase).collect::<Vec<_>>().join(" ")
}

/// The places between lines outside of instructions, the file's two ends left out.
fn gaps(file: &File) -> Vec<Gap<'_>> {
    let (source, lines) = (file.source(), file.lines());
    let mut stages =
        file.instructions().iter().enumerate().filter(|(_, instruction)| instruction.keyword == Keyword::From);
    stages.next();
    let begins: Vec<u32> = stages.map(|(index, _)| file.instruction_span(index).start).collect();
    let mut gaps = Vec::new();
    let mut last: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        if line.kind == LineKind::Blank {
            continue;
        }
        if let Some(above) = last {
            let span = Span::new(lines[above].span.end, line.span.start);
            gaps.push(Gap {
                above: source.slice(lines[above].span).trim(),
                below: source.slice(line.span).trim(),
                blanks: at - above - 1,
                span,
                begins_stage: begins.contains(&line.span.start),
            });
        }
        last = Some(at);
    }
    gaps
}
