//! A file that two COPYs of a stage bring to the same place, if nothing between them can notice the difference.

use super::change::Change;
use crate::build::{Stage, Transfer};
use crate::dockerfile::Keyword;
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::text::Edit;

/// Files of a COPY that are compared with those of another one.
const FILES: usize = 4096;

pub(super) fn edits(change: &Change) -> Vec<Edit> {
    let build = change.build;
    let Some(context) = build.input().context.as_deref() else { return Vec::new() };
    for stage in build.stages() {
        let all = build.transfers(stage);
        for (at, transfer) in all.iter().enumerate() {
            let other = all.iter().skip(at + 1).find(|other| is_twice(change, context, stage, (transfer, other), true));
            let earlier = || all[..at].iter().find(|other| is_twice(change, context, stage, (transfer, other), false));
            if other.or_else(earlier).is_some() {
                return vec![change.passage_edit(transfer.index, "")];
            }
        }
    }
    Vec::new()
}

/// Whether the second of two COPYs brings all that the first one does. `later`: the second stands below.
fn is_twice(
    change: &Change,
    context: &BuildContext,
    stage: &Stage,
    (copy, other): (&Transfer, &Transfer),
    later: bool,
) -> bool {
    let plain = |transfer: &Transfer| {
        transfer.from.is_none()
            && transfer.exclude.is_empty()
            && !transfer.parents
            && transfer.instruction.keyword == Keyword::Copy
            && transfer.instruction.heredocs.is_empty()
    };
    if !plain(copy) || !plain(other) || copy.index == other.index || flags(change, copy) != flags(change, other) {
        return false;
    }
    if change.are_neighbours(change.text(copy.index), change.text(other.index)) {
        return false;
    }
    let (first, last) = (copy.index.min(other.index), copy.index.max(other.index));
    let sees = |keyword: Keyword| match keyword {
        Keyword::Run | Keyword::Onbuild | Keyword::Add => true,
        // A file of another stage may stand in the place by now.
        Keyword::Copy => !later,
        _ => false,
    };
    if (first + 1..last).any(|index| sees(change.build.instruction(index).keyword)) {
        return false;
    }
    let Some(files) = files(context, copy).filter(|files| !files.is_empty()) else { return false };
    files.iter().all(|file| {
        let landing = change.build.landing(context, stage, copy, file);
        landing.is_some() && landing == change.build.landing(context, stage, other, file)
    })
}

fn flags<'c>(change: &Change<'c>, transfer: &Transfer) -> Vec<&'c str> {
    transfer.instruction.flags.iter().map(|flag| change.file().source().slice(flag.word.span)).collect()
}

/// The files of the context that a COPY brings; `None` where that is not known, or they are too many.
fn files(context: &BuildContext, transfer: &Transfer) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    for selection in transfer.select(context) {
        let selection = selection?;
        let files = selection.entries.iter().filter(|id| context.entry(**id).kind != ContextEntryKind::Directory);
        paths.extend(files.take(FILES + 1).map(|id| context.path(*id)));
    }
    (paths.len() <= FILES).then_some(paths)
}
