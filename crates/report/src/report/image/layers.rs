//! The table of layers: what each stores, what it sends, what it does to the files, which line made it.

use super::{ImageView, shown_line};
use crate::analysis::ImageAnalysis;
use crate::image::{Compression, Contents};
use crate::report::grid::{Cell, Column, cell, grid, plain};
use crate::report::layout::{Layout, Tone};
use crate::report::units::{bytes, count};

const COLUMNS: [Column; 8] = [
    Column::Right,
    Column::Right,
    Column::Right,
    Column::Left,
    Column::Left,
    Column::Right,
    Column::Left,
    Column::Words,
];

/// The layers, those of the base on one row unless all are asked for.
pub(super) fn table(analysis: &ImageAnalysis, view: &ImageView<'_>, layout: Layout) -> String {
    let layers = &analysis.image.layers;
    if layers.is_empty() {
        return "  no layers\n".to_owned();
    }
    let folded = if view.all || analysis.origins.base.layers < 2 { 0 } else { analysis.origins.base.layers };
    let compressed = layers.iter().any(|layer| layer.compression != Compression::None);
    let read = layers.iter().any(|layer| layer.tar_bytes.is_some());
    let largest = (folded..layers.len()).map(|layer| size(analysis, layer)).max().unwrap_or(0);
    let base: u64 = (0..folded).map(|layer| size(analysis, layer)).sum();
    let bars = Bars { largest: largest.max(base), columns: if layout.columns() < 90 { 6 } else { 12 } };
    let dim = |text: &str| cell(text, Tone::Dim);
    let mut rows = vec![vec![
        dim("layer"),
        dim(if read { "size" } else { "" }),
        dim(if compressed || !read { "to pull" } else { "" }),
        dim(""),
        dim(if read { "files" } else { "" }),
        dim(if analysis.totals.waste.sum() > 0 { "wasted" } else { "" }),
        dim(if analysis.origins.layers.iter().any(|origin| origin.place.is_some()) { "line" } else { "" }),
        dim("instruction"),
    ]];
    if folded > 0 {
        rows.push(base_row(analysis, folded, compressed || !read, &bars));
    }
    for number in folded..layers.len() {
        rows.push(row(analysis, number, compressed || !read, &bars));
    }
    grid(&COLUMNS, &rows, layout, 2)
}

/// What a bar stands for: what the layer stores where that is known, else what it sends.
fn size(analysis: &ImageAnalysis, layer: usize) -> u64 {
    let layer_result = &analysis.image.layers[layer];
    if layer_result.tar_bytes.is_some() { analysis.layers[layer].file_bytes } else { layer_result.blob_bytes }
}

struct Bars {
    largest: u64,
    columns: u64,
}

impl Bars {
    fn of(&self, size: u64) -> String {
        if self.largest == 0 || size == 0 {
            return String::new();
        }
        // Eighths of a column; something is never nothing.
        let eighths = (u128::from(size) * u128::from(self.columns) * 8 / u128::from(self.largest)).max(1);
        let mut bar = "█".repeat((eighths / 8) as usize);
        let rest = ['\0', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][(eighths % 8) as usize];
        if rest != '\0' {
            bar.push(rest);
        }
        bar
    }
}

fn base_row(analysis: &ImageAnalysis, folded: usize, pull: bool, bars: &Bars) -> Vec<Cell> {
    let layers = &analysis.image.layers[..folded];
    let totals = &analysis.layers[..folded];
    let stored: u64 = totals.iter().map(|layer| layer.file_bytes).sum();
    let lost: u64 = totals.iter().map(|layer| layer.lost.sum()).sum();
    let sum: u64 = (0..folded).map(|layer| size(analysis, layer)).sum();
    let files: u64 = totals.iter().map(|layer| layer.changes.added.files).sum();
    let name = analysis.origins.base.name.as_deref().unwrap_or("the base image");
    let read = layers.iter().any(|layer| layer.tar_bytes.is_some());
    vec![
        plain(format!("1–{folded}")),
        plain(if read { bytes(stored) } else { String::new() }),
        plain(if pull { bytes(layers.iter().map(|layer| layer.blob_bytes).sum()) } else { String::new() }),
        cell(bars.of(sum), Tone::Dim),
        plain(if files > 0 { format!("+{files}") } else { String::new() }),
        cell(if lost > 0 { bytes(lost) } else { String::new() }, Tone::Dim),
        cell("base", Tone::Dim),
        plain(format!("{name} ({})", count(folded as u64, "layer"))),
    ]
}

fn row(analysis: &ImageAnalysis, number: usize, pull: bool, bars: &Bars) -> Vec<Cell> {
    let layer = &analysis.image.layers[number];
    let totals = &analysis.layers[number];
    let read = layer.tar_bytes.is_some();
    let line = match shown_line(analysis, number) {
        None if analysis.is_base(number) => cell("base", Tone::Dim),
        line => cell(line.unwrap_or_default(), Tone::Info),
    };
    let instruction = analysis.instruction(number).map(str::to_owned);
    let what = match &layer.contents {
        Contents::Read | Contents::NotAsked => instruction.unwrap_or_else(|| "no history".to_owned()),
        Contents::Elsewhere(_) => "foreign layer: contents unknown".to_owned(),
        Contents::Damaged(why) => format!("damaged: {why}"),
    };
    let tone = if matches!(layer.contents, Contents::Damaged(_)) { Tone::Error } else { Tone::Plain };
    vec![
        plain((number + 1).to_string()),
        plain(match (read, analysis.is_read()) {
            (true, _) => bytes(totals.file_bytes),
            (false, true) => "?".to_owned(),
            (false, false) => String::new(),
        }),
        plain(if pull { bytes(layer.blob_bytes) } else { String::new() }),
        cell(bars.of(size(analysis, number)), if analysis.is_base(number) { Tone::Dim } else { Tone::Info }),
        plain(changes(analysis, number)),
        cell(if totals.lost.sum() > 0 { bytes(totals.lost.sum()) } else { String::new() }, Tone::Warning),
        line,
        cell(what, tone),
    ]
}

/// `+12 ~3 -1`: files that are added, changed and removed.
fn changes(analysis: &ImageAnalysis, number: usize) -> String {
    let changes = &analysis.layers[number].changes;
    let mut parts = Vec::new();
    for (sign, count) in [('+', changes.added), ('~', changes.changed), ('-', changes.removed)] {
        if count.files > 0 {
            parts.push(format!("{sign}{}", count.files));
        }
    }
    parts.join(" ")
}
