//! The overlays: the list of wasted files, the layers of a path, the contents of a file, and the help page.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::canvas::{Canvas, CellStyle, align_right};
use crate::cli::explore::state::Explorer;
use crate::image::{LayerChanges, PathAction, PathTouch};
use crate::report::{bytes, clean, count, cut, cut_path, pad, shown_line, shown_path, width, wrap};

const HELP: &[(&str, &str)] = &[
    ("", "Navigation"),
    ("↑ ↓  k j", "move up, down"),
    ("PgUp PgDn", "one page up, down"),
    ("Home End  g G", "first row, last row"),
    ("Tab", "switch between the layers and the tree"),
    ("i", "next image, if there are several"),
    ("", "The tree"),
    ("t", "the layer's changes, the tree as of the layer, the final tree"),
    ("→ ←  l h", "open or enter a folder, close or leave it"),
    ("Enter Space", "open or close a folder; Enter views a file"),
    ("e E", "open or close all folders"),
    ("s", "sort by size or by name"),
    ("f", "filter paths while you type; Ctrl-R: regular expression, Esc: clear"),
    ("a c r u", "show only added, changed, removed, wasted files"),
    ("d", "show only files that a later layer deletes"),
    ("0", "clear all filters"),
    ("/ n N", "search names (whole paths if the text has a `/`), next match, previous match"),
    ("p", "list the layers that touch the path; Enter goes to one"),
    ("v", "view the file's first 1 MB; x switches between text and hex"),
    ("x", "extract the file to the current folder"),
    ("", "Waste"),
    ("w", "list wasted files; Enter goes to the file"),
    ("", "Letters"),
    ("A C R", "added, changed, removed by the layer"),
    ("D", "deleted by a later layer"),
    ("W", "wasted: overwritten by a later layer, or a duplicate"),
    ("#3", "written by layer 3"),
    ("", SIZES),
    ("", "Other"),
    ("?", "show this page"),
    ("q Esc Ctrl-C", "quit"),
];

const SIZES: &str = "Sizes are stored bytes. Among a layer's changes a folder's size includes all its rows, also removed \
    ones; in a tree it includes what the tree has";

pub(super) fn help(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let page = usize::from(area.height);
    let rows: Vec<_> = HELP.iter().flat_map(|(keys, what)| help_rows(keys, what, area.width, paper)).collect();
    explorer.help.page = page.max(1);
    explorer.help.top = explorer.help.top.min(rows.len().saturating_sub(page));
    for (row, spans) in rows.into_iter().skip(explorer.help.top).take(page).enumerate() {
        paper.line(area, row as u16, spans);
    }
}

/// A row of the help page, on as many lines as it takes.
fn help_rows(keys: &str, what: &str, columns: u16, paper: &Canvas<'_>) -> Vec<Vec<Span<'static>>> {
    let (head, tail, style) = match keys {
        "" => (" ".to_owned(), " ".to_owned(), CellStyle::Strong),
        keys => (format!("   {}  ", pad(keys, 14)), " ".repeat(19), CellStyle::Plain),
    };
    let lines = wrap(what, usize::from(columns).saturating_sub(width(&head) + 1).max(20));
    let row = |(number, line)| {
        let start = if number == 0 { head.clone() } else { tail.clone() };
        vec![paper.span(start, CellStyle::Info), paper.span(line, style)]
    };
    lines.into_iter().enumerate().map(row).collect()
}

pub(super) fn waste(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let rows = explorer.waste.len();
    explorer.wasted.show(usize::from(area.height.saturating_sub(1)), rows);
    let sum = explorer.analysis().totals.waste.sum();
    let heading = vec![
        paper.span(" Wasted", CellStyle::Strong),
        paper.span(
            format!("  {} deleted or overwritten by later layers; Enter goes to the file", bytes(sum)),
            CellStyle::Dim,
        ),
    ];
    paper.line(area, 0, heading);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if rows == 0 {
        let none = paper.span("  nothing found", CellStyle::Plain);
        paper.line(list, 0, vec![none]);
    }
    let whats = explorer.waste.iter().map(|row| width(&row.what)).max().unwrap_or(0).min(24);
    let stories = explorer.waste.iter().map(|row| width(&row.story)).max().unwrap_or(0).min(28);
    let room = usize::from(area.width).saturating_sub(10 + 2 + whats + 2 + stories + 2).max(12);
    let visible = explorer.waste.iter().enumerate().skip(explorer.wasted.top).take(usize::from(list.height));
    for (line, (number, row)) in visible.enumerate() {
        let files = if row.files > 1 { format!(" ({})", count(row.files, "file")) } else { String::new() };
        let path = clean(&shown_path(explorer.analysis(), row.path)).into_owned();
        let path = cut_path(&path, room.saturating_sub(width(&files)).max(8)).into_owned();
        let spans = vec![
            paper.span(align_right(&bytes(row.bytes), 10), CellStyle::Wasted),
            paper.span(format!("  {}", pad(&cut(&row.what, whats), whats)), CellStyle::Plain),
            paper.span(format!("  {}", pad(&format!("{path}{files}"), room)), CellStyle::Plain),
            paper.span(format!("  {}", cut(&clean(&row.story), stories)), CellStyle::Info),
        ];
        paper.line(list, line as u16, spans);
        if number == explorer.wasted.at {
            paper.cursor(list, line as u16, true);
        }
    }
}

/// The layers that touch a path.
pub(super) fn touches(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let rows = explorer.touches.len();
    explorer.touch.show(usize::from(area.height.saturating_sub(1)), rows);
    let path = clean(&shown_path(explorer.analysis(), explorer.touched_path)).into_owned();
    let title = format!(
        "  {} it; Enter goes to it",
        if rows == 1 { "1 layer touches".to_owned() } else { format!("{rows} layers touch") }
    );
    let path = cut_path(&path, usize::from(area.width).saturating_sub(width(&title) + 2).max(8)).into_owned();
    let heading = vec![paper.span(format!(" {path}"), CellStyle::Strong), paper.span(title, CellStyle::Dim)];
    paper.line(area, 0, heading);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let analysis = explorer.analysis();
    let origin = |touch: &PathTouch| origin(analysis, touch.layer as usize);
    let actions = explorer.touches.iter().map(|touch| width(&action_text(touch).0)).max().unwrap_or(0).min(44);
    let origins = explorer.touches.iter().map(|touch| width(&origin(touch))).max().unwrap_or(0).min(20);
    let visible = explorer.touches.iter().enumerate().skip(explorer.touch.top).take(usize::from(list.height));
    for (line, (number, touch)) in visible.enumerate() {
        let (text, style) = action_text(touch);
        let stored = touch.bytes + touch.below.added.bytes + touch.below.changed.bytes;
        let size = if stored > 0 { bytes(stored) } else { String::new() };
        let mut spans = vec![
            paper.span(format!("{}  ", align_right(&format!("#{}", touch.layer + 1), 5)), CellStyle::Dim),
            paper.span(format!("{}  ", pad(&cut(&text, actions), actions)), style),
            paper.span(format!("{}  ", align_right(&size, 8)), CellStyle::Plain),
            paper.span(format!("{}  ", pad(&cut(&origin(touch), origins), origins)), CellStyle::Info),
        ];
        let instruction = clean(analysis.instruction(touch.layer as usize).unwrap_or("no history")).into_owned();
        let used: usize = spans.iter().map(|span| width(&span.content)).sum();
        let room = usize::from(area.width).saturating_sub(used + 1);
        spans.push(paper.span(cut(&instruction, room).into_owned(), CellStyle::Plain));
        paper.line(list, line as u16, spans);
        if number == explorer.touch.at {
            paper.cursor(list, line as u16, true);
        }
    }
}

/// The line of a layer, or `base`.
fn origin(analysis: &crate::analysis::ImageAnalysis, layer: usize) -> String {
    match shown_line(analysis, layer) {
        Some(line) => clean(&line).into_owned(),
        None if analysis.is_base(layer) => "base".to_owned(),
        None => String::new(),
    }
}

/// What a layer does to a path and to what is below it.
fn action_text(touch: &PathTouch) -> (String, CellStyle) {
    let LayerChanges { added, changed, removed } = touch.below;
    let (text, style) = match touch.action {
        Some(PathAction::Added) => ("added", CellStyle::Added),
        Some(PathAction::Changed) => ("changed", CellStyle::Changed),
        Some(PathAction::MetadataChanged) => ("same contents, other metadata", CellStyle::Changed),
        Some(PathAction::Deleted) => ("deleted", CellStyle::Removed),
        None => ("", CellStyle::Changed),
    };
    let counts = [(added.entries, "added"), (changed.entries, "changed"), (removed.entries, "removed")];
    let counts = counts.into_iter().filter(|(entries, _)| *entries > 0);
    let below: Vec<String> = counts.map(|(entries, what)| format!("{entries} {what}")).collect();
    let below = if below.is_empty() { String::new() } else { format!("in it: {}", below.join(", ")) };
    let parts: Vec<&str> = [text, &below].into_iter().filter(|part| !part.is_empty()).collect();
    (parts.join("; "), style)
}

/// The contents of a file.
pub(super) fn view(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    explorer.view.show(usize::from(list.height));
    let view = &explorer.view;
    let rows = view.rows();
    let end = (view.top + usize::from(list.height)).min(rows);
    let mut facts = vec![bytes(view.size), if view.is_hex() { "hexadecimal" } else { "text" }.to_owned()];
    if rows > 0 {
        facts.push(format!("rows {} to {end} of {rows}", view.top + 1));
    } else {
        facts.push("empty".to_owned());
    }
    if view.left > 0 {
        facts.push(format!("from column {}", view.left + 1));
    }
    if view.is_cut() {
        facts.push("only the first 1 MB is shown".to_owned());
    }
    let facts = format!("  {}", facts.join(" · "));
    let path = clean(&shown_path(explorer.analysis(), view.path)).into_owned();
    let path = cut_path(&path, usize::from(area.width).saturating_sub(width(&facts) + 1).max(8)).into_owned();
    let heading = vec![paper.span(format!(" {path}"), CellStyle::Strong), paper.span(facts, CellStyle::Dim)];
    paper.line(area, 0, heading);
    for (line, number) in (view.top..end).enumerate() {
        let text = view.row(number, usize::from(area.width).saturating_sub(2));
        let span = paper.span(format!(" {text}"), CellStyle::Plain);
        paper.line(list, line as u16, vec![span]);
    }
}
