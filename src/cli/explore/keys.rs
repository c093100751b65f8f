//! A key ─► what becomes of the state, and what is asked of the world.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::listing::{ADDED, CHANGED, DELETED_LATER, REMOVED, WASTED};
use super::outline::{Order, Outline};
use super::save;
use super::state::{Effect, Explorer, Focus, Mode};
use crate::image::{EntryId, EntryKind, PathId};

/// Characters of a text that is typed at most.
const TYPED: usize = 255;

/// Takes a key.
pub(super) fn press(explorer: &mut Explorer<'_>, key: KeyEvent) -> Effect {
    if key.kind == KeyEventKind::Release {
        return Effect::None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'C')) {
        return Effect::Quit;
    }
    explorer.status_message = super::state::StatusMessage::default();
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match &explorer.mode {
        Mode::Filter => filter(explorer, key.code, is_control),
        _ if is_control => Effect::None,
        Mode::Touches => touches(explorer, key.code),
        Mode::View => view(explorer, key.code),
        Mode::Browse => browse(explorer, key.code),
        Mode::Waste => waste(explorer, key.code),
        Mode::Help => help(explorer, key.code),
        Mode::Search(_) | Mode::Extract { .. } => prompt(explorer, key.code),
    }
}

fn browse(explorer: &mut Explorer<'_>, key: KeyCode) -> Effect {
    match key {
        KeyCode::Esc if explorer.clear_filter_text() => explorer.set_status("showing all paths"),
        KeyCode::Char('q') | KeyCode::Esc => return Effect::Quit,
        KeyCode::Char('?') | KeyCode::F(1) => explorer.mode = Mode::Help,
        KeyCode::Char('w') => explorer.mode = Mode::Waste,
        KeyCode::Char('/') => explorer.mode = Mode::Search(String::new()),
        KeyCode::Char('f') => explorer.mode = Mode::Filter,
        KeyCode::Char('v') => return read_for_view(explorer),
        KeyCode::Enter if explorer.focus == Focus::Tree && is_on_file(explorer) => return read_for_view(explorer),
        KeyCode::Char('p') => explorer.list_touches(),
        KeyCode::Char('n') => explorer.seek(true),
        KeyCode::Char('N') => explorer.seek(false),
        KeyCode::Char('x') => ask_to_extract(explorer),
        KeyCode::Char('i') => explorer.next_image(),
        KeyCode::Tab | KeyCode::BackTab => {
            explorer.focus = if explorer.focus == Focus::Layers { Focus::Tree } else { Focus::Layers };
        }
        KeyCode::Char('t') => explorer.next_scope(),
        KeyCode::Char('a' | '1') => explorer.toggle_filter(ADDED),
        KeyCode::Char('c' | '2') => explorer.toggle_filter(CHANGED),
        KeyCode::Char('r' | '3') => explorer.toggle_filter(REMOVED),
        KeyCode::Char('u' | '4') => explorer.toggle_filter(WASTED),
        KeyCode::Char('d' | '5') => explorer.toggle_filter(DELETED_LATER),
        KeyCode::Char('0') => {
            explorer.clear_filter_text();
            explorer.toggle_filter(explorer.filter);
        }
        KeyCode::Char('s') => sort(explorer),
        KeyCode::Char('e') => {
            if !explorer.with_outline(|outline, ground| outline.open_all(ground, PathId::ROOT)) {
                explorer.set_status("opened only the top folders: there are too many rows to open all");
            }
        }
        KeyCode::Char('E') => explorer.with_outline(Outline::close_all),
        _ if explorer.focus == Focus::Layers => layers(explorer, key),
        _ => tree(explorer, key),
    }
    Effect::None
}

fn sort(explorer: &mut Explorer<'_>) {
    let (order, text) = match explorer.outline.order {
        Order::Size => (Order::Name, "sorted by name"),
        Order::Name => (Order::Size, "sorted by size"),
    };
    explorer.outline.order = order;
    explorer.with_outline(Outline::rebuild);
    explorer.set_status(text);
}

/// Where a key moves a cursor to.
fn moved(key: KeyCode, at: usize, page: usize, rows: usize) -> Option<usize> {
    let last = rows.saturating_sub(1);
    let page = page.saturating_sub(1).max(1);
    Some(match key {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => (at + 1).min(last),
        KeyCode::PageUp => at.saturating_sub(page),
        KeyCode::PageDown => (at + page).min(last),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => return None,
    })
}

fn layers(explorer: &mut Explorer<'_>, key: KeyCode) {
    let rows = explorer.analysis().image.layers.len();
    if let Some(layer) = moved(key, explorer.layers.at, explorer.layers.page, rows) {
        explorer.select_layer(layer);
    } else if matches!(key, KeyCode::Enter | KeyCode::Right | KeyCode::Char('l' | ' ')) {
        explorer.focus = Focus::Tree;
    }
}

fn tree(explorer: &mut Explorer<'_>, key: KeyCode) {
    if let Some(row) = moved(key, explorer.tree.at, explorer.tree.page, explorer.outline.rows.len()) {
        explorer.select_row(row);
        return;
    }
    match key {
        KeyCode::Enter | KeyCode::Char(' ') => explorer.with_outline(|outline, ground| {
            if !outline.close() {
                outline.open(ground);
            }
        }),
        KeyCode::Right | KeyCode::Char('l') => {
            let opened = explorer.with_outline(Outline::open);
            let path = explorer.outline.path();
            let into = |path| explorer.outline.is_open(path) && explorer.has_children(path);
            // On an open folder: into it.
            if !opened && path.is_some_and(into) {
                explorer.select_row(explorer.tree.at + 1);
            }
        }
        KeyCode::Left | KeyCode::Char('h') => {
            let before = explorer.tree.at;
            let closed = explorer.with_outline(|outline, _| {
                let closed = outline.close();
                if !closed {
                    outline.leave();
                }
                closed
            });
            if !closed && before == explorer.tree.at {
                explorer.focus = Focus::Layers;
            }
        }
        _ => {}
    }
}

fn waste(explorer: &mut Explorer<'_>, key: KeyCode) -> Effect {
    if let Some(row) = moved(key, explorer.wasted.at, explorer.wasted.page, explorer.waste.len()) {
        explorer.wasted.at = row;
        return Effect::None;
    }
    match key {
        KeyCode::Char('q') => return Effect::Quit,
        KeyCode::Char('w') | KeyCode::Esc | KeyCode::Tab | KeyCode::Left => explorer.mode = Mode::Browse,
        KeyCode::Char('?') => explorer.mode = Mode::Help,
        KeyCode::Enter | KeyCode::Right | KeyCode::Char(' ') => explorer.jump(),
        _ => {}
    }
    Effect::None
}

fn touches(explorer: &mut Explorer<'_>, key: KeyCode) -> Effect {
    if let Some(row) = moved(key, explorer.touch.at, explorer.touch.page, explorer.touches.len()) {
        explorer.touch.at = row;
        return Effect::None;
    }
    match key {
        KeyCode::Char('q') => return Effect::Quit,
        KeyCode::Char('p') | KeyCode::Esc | KeyCode::Tab | KeyCode::Left => explorer.mode = Mode::Browse,
        KeyCode::Char('?') => explorer.mode = Mode::Help,
        KeyCode::Enter | KeyCode::Right | KeyCode::Char(' ') => explorer.go_to_touch(),
        _ => {}
    }
    Effect::None
}

fn view(explorer: &mut Explorer<'_>, key: KeyCode) -> Effect {
    let view = &mut explorer.view;
    if let Some(top) = moved(key, view.top, view.page, view.rows()) {
        // The drawing holds it against the number of rows.
        view.top = top;
        return Effect::None;
    }
    match key {
        KeyCode::Char('q') => return Effect::Quit,
        KeyCode::Char(' ') => view.top = view.top.saturating_add(view.page.saturating_sub(1).max(1)),
        KeyCode::Right | KeyCode::Char('l') => view.scroll_right(),
        KeyCode::Left | KeyCode::Char('h') if view.left > 0 => view.scroll_left(),
        KeyCode::Char('x') => view.toggle_hex(),
        KeyCode::Char('v') | KeyCode::Esc | KeyCode::Enter | KeyCode::Tab | KeyCode::Left => {
            explorer.view = super::viewer::FileView::default();
            explorer.mode = Mode::Browse;
        }
        _ => {}
    }
    Effect::None
}

/// The filter of paths; the tree follows each key.
fn filter(explorer: &mut Explorer<'_>, key: KeyCode, is_control: bool) -> Effect {
    let typed = &mut explorer.filter_text;
    match key {
        KeyCode::Char('r' | 'R') if is_control => typed.is_regex ^= true,
        KeyCode::Char('u' | 'U') if is_control => typed.text.clear(),
        KeyCode::Char(c) if !is_control && typed.text.chars().count() < TYPED && !c.is_control() => typed.text.push(c),
        KeyCode::Backspace => drop(typed.text.pop()),
        KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
            if let Some(row) = moved(key, explorer.tree.at, explorer.tree.page, explorer.outline.rows.len()) {
                explorer.select_row(row);
            }
            return Effect::None;
        }
        KeyCode::Esc => {
            explorer.mode = Mode::Browse;
            explorer.clear_filter_text();
            return Effect::None;
        }
        KeyCode::Enter => {
            explorer.mode = Mode::Browse;
            explorer.focus = Focus::Tree;
            return Effect::None;
        }
        _ => return Effect::None,
    }
    explorer.apply_filter_text();
    Effect::None
}

fn help(explorer: &mut Explorer<'_>, key: KeyCode) -> Effect {
    match key {
        KeyCode::Char('q') => return Effect::Quit,
        _ => match moved(key, explorer.help.top, explorer.help.page, usize::from(u16::MAX)) {
            // The drawing holds it against the number of lines.
            Some(top) => explorer.help.top = top,
            None => explorer.mode = Mode::Browse,
        },
    }
    Effect::None
}

fn is_on_file(explorer: &Explorer<'_>) -> bool {
    let file = explorer.selected_member();
    file.is_some_and(|file| explorer.analysis().image.entry(file).kind == EntryKind::File)
}

/// The file under the cursor; a message where there is none.
fn selected_file(explorer: &mut Explorer<'_>, action: &str) -> Option<(EntryId, PathId)> {
    let Some((file, path)) = explorer.selected_member().zip(explorer.tree_path()) else {
        explorer.complain("select a file in the tree first");
        return None;
    };
    if explorer.analysis().image.entry(file).kind != EntryKind::File {
        explorer.complain(format!("only regular files can be {action}"));
        return None;
    }
    Some((file, path))
}

fn read_for_view(explorer: &mut Explorer<'_>) -> Effect {
    match selected_file(explorer, "viewed") {
        Some((file, path)) => Effect::View { image: explorer.number, file, path },
        None => Effect::None,
    }
}

fn ask_to_extract(explorer: &mut Explorer<'_>) {
    if let Some((file, path)) = selected_file(explorer, "extracted") {
        let name = save::proposed(explorer.analysis().image.paths.name(path));
        explorer.mode = Mode::Extract { file, name };
    }
}

/// A line that is typed.
fn prompt(explorer: &mut Explorer<'_>, key: KeyCode) -> Effect {
    let (Mode::Search(text) | Mode::Extract { name: text, .. }) = &mut explorer.mode else { return Effect::None };
    match key {
        KeyCode::Char(c) if text.chars().count() < TYPED && !c.is_control() => text.push(c),
        KeyCode::Backspace => drop(text.pop()),
        KeyCode::Esc => explorer.mode = Mode::Browse,
        KeyCode::Enter => return typed(explorer),
        _ => {}
    }
    Effect::None
}

fn typed(explorer: &mut Explorer<'_>) -> Effect {
    match std::mem::replace(&mut explorer.mode, Mode::Browse) {
        Mode::Search(text) => {
            if !text.is_empty() {
                explorer.sought = text;
            }
            explorer.seek(true);
        }
        Mode::Extract { file, name } => match save::check(&name) {
            Ok(()) => return Effect::Extract { image: explorer.number, file, name },
            Err(why) => {
                explorer.complain(why);
                explorer.mode = Mode::Extract { file, name };
            }
        },
        Mode::Browse | Mode::Waste | Mode::Help | Mode::Touches | Mode::View | Mode::Filter => {}
    }
    Effect::None
}
