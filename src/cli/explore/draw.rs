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
use crate::report::{bytes, clean, count};

/// Narrower screens show one pane at a time.
const BOTH: u16 = 84;

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
    let mut facts = Vec::new();
    if !analysis.image.platform.is_unknown() {
        facts.push(clean(&analysis.image.platform.to_string()).into_owned());
    }
    facts.push(format!("{} in {}", bytes(totals.stored_file_bytes), count(analysis.layers.len() as u64, "layer")));
    let wasted = totals.waste.sum();
    let mut spans = vec![paper.span(" dockopt  ", CellStyle::Dim)];
    spans.push(paper.span(clean(&crate::report::image_name(analysis)).into_owned(), CellStyle::Strong));
    spans.push(paper.span(format!("  {}", facts.join(", ")), CellStyle::Plain));
    if wasted > 0 {
        spans.push(paper.span(format!(", {} wasted", bytes(wasted)), CellStyle::Wasted));
    }
    if explorer.images() > 1 {
        spans
            .push(paper.span(format!("  image {} of {} (i)", explorer.number + 1, explorer.images()), CellStyle::Info));
    }
    paper.line(area, 0, spans);
}
