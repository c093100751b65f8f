//! The tree.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::canvas::{Canvas, CellStyle, align_right, letters};
use crate::cli::explore::listing::{ADDED, CHANGED, DELETED_LATER, REMOVED, TreeScope, WASTED, is_folder};
use crate::cli::explore::outline::{Order, Row};
use crate::cli::explore::state::{Explorer, Focus};
use crate::image::{EntryId, EntryKind, Image, LayerEntry, PathId};
use crate::report::{bytes, clean, clean_bytes, cut, pad};

/// Columns that depth takes at most: deeper folders stand below each other.
const DEEPEST: usize = 24;

pub(super) fn draw(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let count = explorer.outline.rows.len();
    explorer.tree.show(usize::from(area.height.saturating_sub(1)), count);
    let heading = heading(explorer, paper);
    paper.line(area, 0, heading);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if count == 0 {
        let is_filtered = explorer.filter != 0 || !explorer.filter_text.text.is_empty();
        let why = match (explorer.analysis().is_read(), is_filtered) {
            (false, _) => "layer contents were not read",
            (true, false) if explorer.scope == TreeScope::Layer => "this layer has no files",
            (true, false) => "the image has no files",
            (true, true) => "no files match the filter (0 clears it)",
        };
        let why = paper.span(format!("  {why}"), CellStyle::Dim);
        paper.line(list, 0, vec![why]);
    }
    let visible: Vec<(usize, Row)> = explorer
        .outline
        .rows
        .iter()
        .copied()
        .enumerate()
        .skip(explorer.tree.top)
        .take(usize::from(list.height))
        .collect();
    for (line, (number, row)) in visible.into_iter().enumerate() {
        let spans = row_spans(explorer, paper, row, area.width);
        paper.line(list, line as u16, spans);
        if number == explorer.outline.selected {
            paper.cursor(list, line as u16, explorer.focus == Focus::Tree);
        }
    }
}

fn heading(explorer: &Explorer<'_>, paper: &Canvas<'_>) -> Vec<Span<'static>> {
    let what = match explorer.scope {
        TreeScope::Layer => format!(" Changes of layer {}", explorer.layers.at + 1),
        TreeScope::UpToLayer => format!(" Tree as of layer {}", explorer.layers.at + 1),
        TreeScope::Final => " Final tree".to_owned(),
    };
    let order = if explorer.outline.order == Order::Size { "size" } else { "name" };
    let mut spans = vec![paper.span(what, CellStyle::Strong)];
    let changes = explorer.analysis().layers.get(explorer.layers.at).map(|layer| layer.changes);
    match (explorer.scope, changes) {
        (TreeScope::Layer, Some(changes)) if explorer.filter == 0 && explorer.filter_text.text.is_empty() => {
            let sums = [("A", changes.added), ("C", changes.changed), ("R", changes.removed)];
            for (mark, (letter, count)) in
                [ADDED, CHANGED, REMOVED].into_iter().zip(sums).filter(|(_, (_, count))| count.entries > 0)
            {
                spans.push(paper.span(format!("  {letter} {}", bytes(count.bytes)), letters(mark).1));
            }
        }
        _ => spans.push(paper.span(format!("  {}", bytes(explorer.listing.bytes(PathId::ROOT))), CellStyle::Plain)),
    }
    spans.push(paper.span(format!("  by {order}"), CellStyle::Dim));
    if explorer.filter != 0 {
        spans.push(paper.span("  only", CellStyle::Dim));
        for mark in
            [ADDED, CHANGED, REMOVED, WASTED, DELETED_LATER].into_iter().filter(|mark| explorer.filter & mark != 0)
        {
            let (letter, tone) = letters(mark);
            spans.push(paper.span(format!(" {}", letter.trim()), tone));
        }
    }
    let typed = &explorer.filter_text;
    if !typed.text.is_empty() {
        let kind = if typed.is_regex { "  matching " } else { "  with " };
        spans.push(paper.span(kind, CellStyle::Dim));
        spans.push(paper.span(clean(&typed.text).into_owned(), CellStyle::Info));
    }
    spans
}

fn row_spans(explorer: &Explorer<'_>, paper: &Canvas<'_>, row: Row, columns: u16) -> Vec<Span<'static>> {
    let image = &explorer.analysis().image;
    let listing = &explorer.listing;
    let member = listing.member(row.path);
    let marks = listing.marks(row.path);
    let (letter, tone) = letters(marks);
    let entry = member.map(|id| image.entry(id)).filter(|entry| !entry.kind.removes());
    let mut spans = vec![paper.span(format!(" {letter} "), tone)];
    if columns >= 56 {
        spans.push(paper.span(format!("{} ", entry.map_or(" ".repeat(10), permissions)), CellStyle::Dim));
    }
    if columns >= 66 {
        let owner = entry.map(|entry| format!("{}:{}", entry.uid, entry.gid)).unwrap_or_default();
        spans.push(paper.span(format!("{} ", pad(&cut(&owner, 9), 9)), CellStyle::Dim));
    }
    if explorer.scope != TreeScope::Layer {
        let layer = member.map(|id| format!("#{}", id.layer + 1)).unwrap_or_default();
        spans.push(paper.span(align_right(&layer, 4), CellStyle::Dim));
    }
    let sign = if marks & REMOVED != 0 { "−" } else { "" };
    let size = format!("{sign}{}", bytes(listing.bytes(row.path)));
    spans.push(paper.span(align_right(&size, 9), if marks & WASTED != 0 { tone } else { CellStyle::Plain }));
    let open = match (explorer.has_children(row.path), explorer.outline.is_open(row.path)) {
        (true, true) => "▾ ",
        (true, false) => "▸ ",
        (false, _) => "  ",
    };
    let indent = " ".repeat((row.depth as usize * 2).min(DEEPEST));
    spans.push(paper.span(format!("  {indent}{open}"), CellStyle::Dim));
    let text = name(image, row.path);
    let slash = if is_folder(image, member) || explorer.has_children(row.path) { "/" } else { "" };
    let tone = if marks == 0 && listing.member(row.path).is_none() { CellStyle::Dim } else { tone };
    let struck = if marks & REMOVED != 0 { CellStyle::Removed } else { tone };
    spans.push(paper.span(format!("{text}{slash}"), struck));
    if let Some(target) = member.and_then(|id| target(image, id)) {
        spans.push(paper.span(format!(" → {target}"), CellStyle::Dim));
    }
    spans
}

/// The last part of a path as it may be shown.
pub(super) fn name(image: &Image, path: PathId) -> String {
    clean_bytes(image.paths.name(path))
}

/// Where a link points.
fn target(image: &Image, id: EntryId) -> Option<String> {
    let entry = image.entry(id);
    match entry.kind {
        EntryKind::Symlink => image.layers[id.layer as usize].targets.get(&id.index).map(|target| clean_bytes(target)),
        EntryKind::Hardlink => Some(format!("/{} (hard link)", clean_bytes(&image.paths.bytes(entry.link)))),
        _ => None,
    }
}

/// As `ls -l` has it.
pub(super) fn permissions(entry: &LayerEntry) -> String {
    let kind = match entry.kind {
        EntryKind::File | EntryKind::Hardlink => '-',
        EntryKind::Directory => 'd',
        EntryKind::Symlink => 'l',
        EntryKind::CharacterDevice => 'c',
        EntryKind::BlockDevice => 'b',
        EntryKind::Fifo => 'p',
        EntryKind::Whiteout | EntryKind::Opaque => return " ".repeat(10),
    };
    let mode = entry.mode.0;
    let mut text = String::from(kind);
    for (shift, special, letters) in [(6, 0o4000, ['s', 'S']), (3, 0o2000, ['s', 'S']), (0, 0o1000, ['t', 'T'])] {
        let bits = mode >> shift & 7;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letters[0],
            (true, false) => letters[1],
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}
