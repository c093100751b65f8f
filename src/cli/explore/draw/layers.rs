//! The list of layers.

use ratatui::layout::Rect;

use super::canvas::{Canvas, CellStyle, align_right};
use crate::analysis::ImageAnalysis;
use crate::cli::explore::state::{Explorer, Focus};
use crate::image::Contents;
use crate::report::{bytes, clean, cut, pad, shown_line, width};

/// Columns of a bar.
const BAR: usize = 6;

/// With fewer columns the file of the lines is not repeated on each.
const NARROW: u16 = 70;

/// With fewer columns there are no bars.
const BARS: u16 = 56;

pub(super) fn draw(explorer: &mut Explorer<'_>, paper: &mut Canvas<'_>, area: Rect) {
    let analysis = explorer.analysis();
    let layers = analysis.image.layers.len();
    explorer.layers.show(usize::from(area.height.saturating_sub(1)), layers);
    let focused = explorer.focus == Focus::Layers;
    let file = if area.width < NARROW { only_file(analysis) } else { String::new() };
    let line = (0..layers).map(|layer| width(&origin(analysis, layer, &file).0)).max().unwrap_or(0).clamp(4, 16);
    let bar = if area.width < BARS { 0 } else { BAR };
    let head = format!("  #     size {}   wasted  {}  instruction", " ".repeat(bar), pad("line", line));
    let head = paper.span(head, CellStyle::Dim);
    paper.line(area, 0, vec![head]);
    if layers == 0 {
        let none = paper.span("  no layers", CellStyle::Plain);
        paper.line(area, 1, vec![none]);
    }
    let largest = (0..layers).map(|layer| size(analysis, layer)).max().unwrap_or(0);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let visible = (explorer.layers.top..layers).take(usize::from(below.height));
    for (row, layer) in visible.enumerate() {
        draw_layer(analysis, layer, (largest, bar, line, &file), paper, below, row as u16);
        if layer == explorer.layers.at {
            paper.cursor(below, row as u16, focused);
        }
    }
}

fn draw_layer(
    analysis: &ImageAnalysis,
    layer: usize,
    of: (u64, usize, usize, &str),
    paper: &mut Canvas<'_>,
    area: Rect,
    row: u16,
) {
    let (largest, bar, line, file) = of;
    let (layer_analysis, stored) = (&analysis.layers[layer], &analysis.image.layers[layer]);
    let base = analysis.is_base(layer);
    let wasted = layer_analysis.lost.sum();
    let wasted = if wasted > 0 { bytes(wasted) } else { String::new() };
    let known = stored.tar_bytes.is_some();
    let size_text = bytes(size(analysis, layer));
    let (origin, placed) = origin(analysis, layer, file);
    let tone = if base { CellStyle::Dim } else { CellStyle::Plain };
    let (what, wrong) = instruction_text(analysis, layer);
    let mut spans = vec![
        paper.span(format!("{} ", align_right(&(layer + 1).to_string(), 3)), CellStyle::Dim),
        paper.span(align_right(&if known { size_text } else { format!("({size_text})") }, 8), tone),
        paper.span(
            format!(" {} ", pad(&size_bar(size(analysis, layer), largest, bar), bar)),
            if base { CellStyle::Dim } else { CellStyle::Info },
        ),
        paper.span(align_right(&wasted, 8), CellStyle::Wasted),
        paper.span(
            format!("  {}  ", pad(&cut(&origin, line), line)),
            if placed { CellStyle::Info } else { CellStyle::Dim },
        ),
    ];
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    let what = cut(&what, usize::from(area.width).saturating_sub(used + 1)).into_owned();
    spans.push(paper.span(what, if wrong { CellStyle::Removed } else { tone }));
    paper.line(area, row, spans);
}

/// The text of the instruction column, and whether the layer cannot be read.
fn instruction_text(analysis: &ImageAnalysis, layer: usize) -> (String, bool) {
    match &analysis.image.layers[layer].contents {
        Contents::Elsewhere(_) => ("foreign layer: contents unknown".to_owned(), true),
        Contents::Damaged(why) => (format!("damaged: {}", clean(why)), true),
        Contents::Read | Contents::NotAsked => {
            (clean(analysis.instruction(layer).unwrap_or("no history")).into_owned(), false)
        }
    }
}

/// What the layer stores, where that is known; else what it sends.
fn size(analysis: &ImageAnalysis, layer: usize) -> u64 {
    let stored = &analysis.image.layers[layer];
    if stored.tar_bytes.is_some() { analysis.layers[layer].file_bytes } else { stored.blob_bytes }
}

/// `Dockerfile:` when all lines are of that file, else nothing.
fn only_file(analysis: &ImageAnalysis) -> String {
    let lines = (0..analysis.layers.len()).filter_map(|layer| shown_line(analysis, layer));
    let mut files = lines.map(|line| match line.trim_start_matches('~').rsplit_once(':') {
        Some((file, _)) => format!("{file}:"),
        None => String::new(),
    });
    let first = files.next().unwrap_or_default();
    if files.all(|file| file == first) { first } else { String::new() }
}

/// `Dockerfile:12` without the file, and whether it is a place.
fn origin(analysis: &ImageAnalysis, layer: usize, file: &str) -> (String, bool) {
    match shown_line(analysis, layer) {
        Some(line) => (clean(&line.replacen(file, "", 1)).into_owned(), true),
        None if analysis.is_base(layer) => ("base".to_owned(), false),
        None => (String::new(), false),
    }
}

/// A bar in eighths of a column; a size above 0 always shows at least one.
fn size_bar(size: u64, largest: u64, columns: usize) -> String {
    if size == 0 || largest == 0 || columns == 0 {
        return String::new();
    }
    let eighths = (u128::from(size) * (columns as u128) * 8 / u128::from(largest)).max(1) as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    format!("{}{rest}", "█".repeat(eighths / 8))
}
