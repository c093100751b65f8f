//! The overlays: the list of wasted files, and the help page.

use ratatui::layout::Rect;

use super::canvas::{Canvas, CellStyle, align_right};
use crate::cli::explore::state::Explorer;
use crate::report::{bytes, clean, count, cut, cut_path, pad, shown_path, width};

const HELP: [(&str, &str); 27] = [
    ("", "Navigation"),
    ("↑ ↓  k j", "move up, down"),
    ("PgUp PgDn", "one page up, down"),
    ("Home End  g G", "first row, last row"),
    ("Tab", "switch between the layers and the tree"),
    ("i", "next image, if there are several"),
    ("", "The tree"),
    ("t", "switch between the layer's changes and the final tree"),
    ("→ ←  l h", "open or enter a folder, close or leave it"),
    ("Enter Space", "open or close a folder"),
    ("e E", "open or close all folders"),
    ("s", "sort by size or by name"),
    ("a c r u", "show only added, changed, removed, wasted files"),
    ("0", "clear the filter"),
    ("/ n N", "search names (whole paths if the text has a `/`), next match, previous match"),
    ("x", "extract the file to the current folder"),
    ("", "Waste"),
    ("w", "list wasted files; Enter goes to the file"),
    ("", "Letters"),
    ("A C R", "added, changed, removed by the layer"),
    ("W", "wasted: deleted or overwritten by a later layer, or a duplicate"),
    ("#3", "written by layer 3 (in the final tree)"),
    ("", "Sizes are stored bytes; a folder's size includes all its rows, also removed ones"),
    ("", "Other"),
    ("?", "show this page"),
    ("q Esc Ctrl-C", "quit"),
    ("", ""),
];

pub(super) fn help(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let page = usize::from(area.height);
    explorer.help.page = page.max(1);
    explorer.help.top = explorer.help.top.min(HELP.len().saturating_sub(page));
    for (row, (keys, what)) in HELP.iter().skip(explorer.help.top).take(page).enumerate() {
        let spans = match *keys {
            "" => vec![paper.span(format!(" {what}"), CellStyle::Strong)],
            keys => vec![
                paper.span(format!("   {}  ", pad(keys, 14)), CellStyle::Info),
                paper.span(*what, CellStyle::Plain),
            ],
        };
        paper.line(area, row as u16, spans);
    }
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
