//! The state as a screen. Every text of an image is neutralised on its way here; rows out of sight are not made.

mod status_lines;
mod layers;
mod overlay;
mod canvas;
mod rows;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::canvas::{Canvas, CellStyle};
use super::state::{Explorer, Focus, Mode};
use crate::report::{bytes, clean, count, cut_path, percent, width};

/// Narrower screens show one pane at a time: half of them has no room for an instruction.
const BOTH: u16 = 100;

/// Columns of the name of an image at least.
const LEAST_NAME: usize = 12;

/// Where the parts of the screen are.
struct Parts {
    title: Rect,
    layers: Rect,
    tree: Rect,
    details: Rect,
    bottom: Rect,
}

impl Parts {
    fn of(area: Rect, focus: Focus) -> Self {
        let title = Rect { height: area.height.min(1), ..area };
        let bottom = Rect { y: area.bottom().saturating_sub(1), height: u16::from(area.height > 1), ..area };
        let details = match area.height {
            0..14 => 0,
            14..22 => 4,
            _ => 7,
        };
        let main = area.height.saturating_sub(title.height + bottom.height + details);
        let main = Rect { y: area.y + title.height, height: main, ..area };
        let details = Rect { y: main.bottom(), height: details, ..area };
        let none = Rect { width: 0, ..main };
        let (layers, tree) = match focus {
            _ if area.width >= BOTH => {
                let left = (area.width / 2).min(76);
                let right = Rect { x: main.x + left + 1, width: main.width - left - 1, ..main };
                (Rect { width: left, ..main }, right)
            }
            Focus::Layers => (main, none),
            Focus::Tree => (none, main),
        };
        Self { title, layers, tree, details, bottom }
    }
}

/// Draws the state; scrolls its lists to their cursors.
pub(super) fn draw(explorer: &mut Explorer<'_>, frame: &mut Frame<'_>) {
    let area = frame.area();
    let parts = Parts::of(area, explorer.focus);
    let mut paper = Canvas { buffer: frame.buffer_mut(), colour: explorer.colour };
    title(explorer, &mut paper, parts.title);
    let whole = Rect { x: area.x, width: area.width, ..parts.tree };
    match explorer.mode {
        Mode::Help => {
            overlay::help(explorer, &mut paper, Rect { height: whole.height + parts.details.height, ..whole });
        }
        Mode::Waste => overlay::waste(explorer, &mut paper, whole),
        Mode::Touches => overlay::touches(explorer, &mut paper, whole),
        Mode::View => {
            overlay::view(explorer, &mut paper, Rect { height: whole.height + parts.details.height, ..whole });
        }
        Mode::Browse | Mode::Search(_) | Mode::Filter | Mode::Extract { .. } => {
            if parts.layers.width > 0 {
                layers::draw(explorer, &mut paper, parts.layers);
            }
            if parts.tree.width > 0 {
                rows::draw(explorer, &mut paper, parts.tree);
            }
            if parts.layers.width > 0 && parts.tree.width > 0 {
                for row in 0..parts.tree.height {
                    let bar = paper.span("│", CellStyle::Dim);
                    paper.line(Rect { x: parts.layers.right(), width: 1, ..parts.tree }, row, vec![bar]);
                }
            }
        }
    }
    if !matches!(explorer.mode, Mode::Help | Mode::View) {
        status_lines::details(explorer, &mut paper, parts.details);
    }
    if let Some(column) = status_lines::line(explorer, &mut paper, parts.bottom) {
        frame.set_cursor_position((column, parts.bottom.y));
    }
}

fn title(explorer: &Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let analysis = explorer.analysis();
    let totals = &analysis.totals;
    let sum = format!("  {} in {}", bytes(totals.stored_file_bytes), count(analysis.layers.len() as u64, "layer"));
    let mut facts = vec![(sum, CellStyle::Plain)];
    let wasted = totals.waste.sum();
    if wasted > 0 {
        facts.push((format!(", {} wasted", bytes(wasted)), CellStyle::Wasted));
    }
    if analysis.is_read() {
        facts.push((format!(", dive efficiency {}", percent(analysis.dive.efficiency)), CellStyle::Plain));
    }
    if explorer.images() > 1 {
        facts.push((format!("  image {} of {} (i)", explorer.number + 1, explorer.images()), CellStyle::Info));
    }
    let columns: usize = facts.iter().map(|(text, _)| width(text)).sum();
    // The sums are why one looks: the name gives way to them, what everyone knows to the name.
    let mut room = usize::from(area.width).saturating_sub(columns + 1);
    let name = clean(&crate::report::image_name(analysis)).into_owned();
    let platform = &analysis.image.platform;
    let platform = if platform.is_unknown() { String::new() } else { format!("  {}", clean(&platform.to_string())) };
    let mut spans = vec![paper.span(" ", CellStyle::Plain)];
    let product = "dockopt  ";
    if width(product) + width(&name) + width(&platform) <= room {
        spans.push(paper.span(product, CellStyle::Dim));
        room -= width(product);
    }
    let has_platform = width(&name) + width(&platform) <= room;
    spans.push(paper.span(cut_path(&name, room.max(LEAST_NAME)).into_owned(), CellStyle::Strong));
    if has_platform {
        spans.push(paper.span(platform, CellStyle::Dim));
    }
    spans.extend(facts.into_iter().map(|(text, style)| paper.span(text, style)));
    paper.line(area, 0, spans);
}
