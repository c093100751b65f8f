//! One blank line between stages, and no more anywhere than the author left there.

use std::collections::BTreeMap;

use super::Change;
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
    let above: BTreeMap<&str, usize> = author.iter().map(|gap| (gap.below, gap.blanks)).collect();
    let below: BTreeMap<&str, usize> = author.iter().map(|gap| (gap.above, gap.blanks)).collect();
    let pairs: BTreeMap<(&str, &str), usize> = author.iter().map(|gap| ((gap.above, gap.below), gap.blanks)).collect();
    let mut edits = Vec::new();
    for gap in gaps(file) {
        if pairs.contains_key(&(gap.above, gap.below)) {
            continue;
        }
        let known = [above.get(gap.below), below.get(gap.above)].into_iter().flatten().min().copied();
        let most = if gap.begins_stage && !above.contains_key(gap.below) { 1 } else { known.unwrap_or(1).max(1) };
        let least = usize::from(gap.begins_stage);
        let wanted = gap.blanks.clamp(least, most.max(least));
        if wanted != gap.blanks {
            edits.push(Edit { span: gap.span, text: change.newline().repeat(wanted) });
        }
    }
    edits
}

/// The places between lines outside of instructions, the file's two ends left out.
fn gaps(file: &File) -> Vec<Gap<'_>> {
    let (source, lines) = (file.source(), file.lines());
    let mut stages = file.instructions().iter().enumerate().filter(|(_, one)| one.keyword == Keyword::From);
    stages.next();
    let begins: Vec<u32> = stages.map(|(index, _)| file.passage(index).start).collect();
    let mut found = Vec::new();
    let mut last: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        if line.kind == LineKind::Blank {
            continue;
        }
        if let Some(above) = last {
            let span = Span::new(lines[above].span.end, line.span.start);
            found.push(Gap {
                above: source.slice(lines[above].span).trim(),
                below: source.slice(line.span).trim(),
                blanks: at - above - 1,
                span,
                begins_stage: begins.contains(&line.span.start),
            });
        }
        last = Some(at);
    }
    found
}
