//! What is selected, in full; the last line with keys, messages and what is typed.

use ratatui::layout::Rect;

use super::canvas::{Canvas, CellStyle};
use super::rows;
use crate::cli::explore::state::{Explorer, Focus, Mode};
use crate::image::{EntryKind, MemberOutcome};
use crate::report::{bytes, clean, cut, shown_line, shown_maker, shown_path, waste_words, width, wrap};

pub(super) fn details(explorer: &Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    paper.across(area, 0);
    let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height - 1 };
    let columns = usize::from(inner.width);
    let mut lines: Vec<(String, CellStyle)> = match (&explorer.mode, explorer.focus) {
        (Mode::Waste, _) => of_waste(explorer),
        (Mode::Touches, _) => of_touch(explorer),
        (_, Focus::Tree) => of_file(explorer),
        (_, Focus::Layers) => Vec::new(),
    };
    if !matches!(explorer.mode, Mode::Waste | Mode::Touches) {
        let room = usize::from(inner.height).saturating_sub(lines.len());
        lines.extend(of_layer(explorer, columns, room));
    }
    for (row, (text, tone)) in lines.into_iter().enumerate() {
        let span = paper.span(text, tone);
        paper.line(inner, row as u16, vec![span]);
    }
}

/// The instruction in full as far as there is room, where it comes from, the digest.
fn of_layer(explorer: &Explorer<'_>, columns: usize, room: usize) -> Vec<(String, CellStyle)> {
    let analysis = explorer.analysis();
    let number = explorer.layers.at;
    let Some(layer) = analysis.image.layers.get(number) else { return Vec::new() };
    let mut facts = vec![format!("layer {}", number + 1)];
    match shown_line(analysis, number) {
        Some(line) => facts.push(clean(&line).into_owned()),
        None if analysis.is_base(number) => {
            facts.push(clean(analysis.origins.base.name.as_deref().unwrap_or("base image")).into_owned());
        }
        None => facts.push("Dockerfile line unknown".to_owned()),
    }
    if let Some(stage) = analysis.place(number).and_then(|(_, place)| place.stage.as_ref()) {
        facts.push(format!("stage {}", clean(stage)));
    }
    let caused = analysis.layers[number].caused;
    if caused > 0 {
        facts.push(format!("wastes {} of earlier layers", bytes(caused)));
    }
    facts
        .extend(layer.digest.as_ref().or(layer.diff_id.as_ref()).map(|digest| clean(&digest.to_string()).into_owned()));
    let mut lines = vec![(cut(&facts.join(" · "), columns).into_owned(), CellStyle::Dim)];
    let instruction = clean(analysis.instruction(number).unwrap_or("no history")).into_owned();
    let mut wrapped = wrap(&instruction, columns);
    let most = room.saturating_sub(1);
    if wrapped.len() > most && most > 0 {
        wrapped.truncate(most);
        if let Some(last) = wrapped.last_mut() {
            *last = format!("{}…", cut(last, columns.saturating_sub(1)).trim_end_matches('…'));
        }
    }
    lines.extend(wrapped.into_iter().map(|line| (line, CellStyle::Plain)));
    lines
}

/// The whole path, and what became of it.
fn of_file(explorer: &Explorer<'_>) -> Vec<(String, CellStyle)> {
    let Some(path) = explorer.outline.path() else { return Vec::new() };
    let analysis = explorer.analysis();
    let text = clean(&shown_path(analysis, path)).into_owned();
    let Some(id) = explorer.listing.member(path) else {
        return vec![(text, CellStyle::Strong), ("a folder without an entry in any layer".to_owned(), CellStyle::Dim)];
    };
    let entry = analysis.image.entry(id);
    let size = if entry.kind == EntryKind::Directory { explorer.listing.bytes(path) } else { entry.size };
    let mut facts = vec![
        rows::permissions(entry).trim().to_owned(),
        format!("{}:{}", entry.uid, entry.gid),
        bytes(size),
        format!("written by {}", shown_maker(analysis, id.layer as usize)),
    ];
    let apparent = analysis.image.apparent(id);
    if apparent != entry.size {
        facts.push(format!("{} including holes", bytes(apparent)));
    }
    facts.retain(|fact| !fact.is_empty());
    match analysis.tree.outcome(id) {
        MemberOutcome::Kept => {}
        MemberOutcome::Unlinked { by } => {
            facts.push(format!("this name was removed by {}", shown_maker(analysis, by as usize)));
        }
        MemberOutcome::Lost { how, by } => {
            facts.push(format!("{} by {}", waste_words(how), shown_maker(analysis, by as usize)));
        }
    }
    vec![(text, CellStyle::Strong), (clean(&facts.join(" · ")).into_owned(), CellStyle::Plain)]
}

fn of_waste(explorer: &Explorer<'_>) -> Vec<(String, CellStyle)> {
    let Some(row) = explorer.waste.get(explorer.wasted.at) else { return Vec::new() };
    let analysis = explorer.analysis();
    let mut lines = vec![(clean(&shown_path(analysis, row.path)).into_owned(), CellStyle::Strong)];
    if !row.help.is_empty() {
        lines.push((clean(&row.help).into_owned(), CellStyle::Plain));
    }
    let instruction = analysis.instruction(row.layer).unwrap_or("no history");
    lines.push((clean(&format!("{}: {instruction}", shown_maker(analysis, row.layer))).into_owned(), CellStyle::Dim));
    lines
}

/// What a row of the layers of a path says, in full.
fn of_touch(explorer: &Explorer<'_>) -> Vec<(String, CellStyle)> {
    let Some(touch) = explorer.touches.get(explorer.touch.at) else { return Vec::new() };
    let analysis = explorer.analysis();
    let layer = touch.layer as usize;
    let instruction = clean(analysis.instruction(layer).unwrap_or("no history")).into_owned();
    vec![(clean(&shown_maker(analysis, layer)).into_owned(), CellStyle::Strong), (instruction, CellStyle::Plain)]
}

/// The last line; where the cursor is while something is typed.
pub(super) fn line(explorer: &Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) -> Option<u16> {
    let prompt = match &explorer.mode {
        Mode::Search(text) => Some(("search: ", text)),
        Mode::Extract { name, .. } => Some(("extract to this folder as: ", name)),
        Mode::Filter if explorer.filter_text.is_regex => {
            Some(("filter by regular expression (Ctrl-R: text): ", &explorer.filter_text.text))
        }
        Mode::Filter => Some(("filter (Ctrl-R: regular expression): ", &explorer.filter_text.text)),
        Mode::Browse | Mode::Waste | Mode::Help | Mode::Touches | Mode::View => None,
    };
    if let Some((question, text)) = prompt {
        // An error message replaces the question until the next key.
        let question = if explorer.status_message.text.is_empty() {
            question.to_owned()
        } else {
            format!("{}: ", explorer.status_message.text)
        };
        let text = clean(text).into_owned();
        let room = usize::from(area.width).saturating_sub(width(&question) + 2);
        let text = crate::report::cut_path(&text, room).into_owned();
        let column = (width(&question) + width(&text) + 1) as u16;
        let spans = vec![paper.span(format!(" {question}"), CellStyle::Strong), paper.span(text, CellStyle::Plain)];
        paper.line(area, 0, spans);
        return (column < area.width).then_some(area.x + column);
    }
    if !explorer.status_message.text.is_empty() {
        let tone = if explorer.status_message.is_error { CellStyle::Removed } else { CellStyle::Plain };
        let span = paper.span(format!(" {}", clean(&explorer.status_message.text)), tone);
        paper.line(area, 0, vec![span]);
        return None;
    }
    let mut spans = Vec::new();
    let mut room = usize::from(area.width);
    for (key, what) in key_hints(&explorer.mode) {
        // Half a word helps nobody.
        let Some(rest) = room.checked_sub(width(key) + width(what) + 2) else { break };
        room = rest.saturating_sub(1);
        spans.push(paper.span(format!(" {key}"), CellStyle::Info));
        spans.push(paper.span(format!(" {what} "), CellStyle::Dim));
    }
    paper.line(area, 0, spans);
    None
}

/// Keys of a view and what they do, the most useful first: narrow screens have no room for the rest.
const fn key_hints(mode: &Mode) -> &'static [(&'static str, &'static str)] {
    match mode {
        Mode::Waste => &[("Enter", "show file"), ("w", "back"), ("?", "help"), ("q", "quit")],
        Mode::Touches => &[("Enter", "show in this layer"), ("p", "back"), ("?", "help"), ("q", "quit")],
        Mode::View => {
            &[("v Esc", "back"), ("↑ ↓ PgUp PgDn", "scroll"), ("← →", "columns"), ("x", "hex/text"), ("q", "quit")]
        }
        Mode::Help => &[("any key", "back"), ("q", "quit")],
        _ => &[
            ("?", "help"),
            ("q", "quit"),
            ("Tab", "layers/tree"),
            ("w", "waste"),
            ("t", "tree"),
            ("f", "filter"),
            ("/", "search"),
            ("v", "view"),
            ("p", "layers of path"),
            ("a c r d u", "marks"),
            ("x", "extract"),
            ("s", "sort"),
            ("e", "open all"),
        ],
    }
}
