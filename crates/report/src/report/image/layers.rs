//! The table of layers: what each stores, what it sends, what it does to the files, which line made it.

use super::{ImageView, shown_line};
use crate::analysis::ImageAnalysis;
use crate::image::{Compression, Contents};
use crate::report::page::{
    Block, Column, Fold, Medium, Section, Table, Text, Tone, code, number as amount, plain, toned,
};
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

/// Columns of the longest bar.
const BAR: u64 = 8;

/// The layers; on a terminal with bars, and those of the base on one row unless all are asked for.
pub(super) fn section(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Section {
    let layers = &analysis.image.layers;
    let title = count(layers.len() as u64, "layer");
    let mut section = Section { fold: Fold::FoldedUntitled, ..Section::new(title) };
    if layers.is_empty() {
        section.push(plain("no layers"));
        return section;
    }
    let folded = if view.all || analysis.origins.base.layers < 2 { 0 } else { analysis.origins.base.layers };
    let largest = (folded..layers.len()).map(|layer| size(analysis, layer)).max().unwrap_or(0);
    let base: u64 = (0..folded).map(|layer| size(analysis, layer)).sum();
    let bars = Bars { largest: largest.max(base), columns: BAR };
    section.push(Block::Only(&[Medium::Terminal], vec![table(analysis, folded, &bars).into()]));
    let bars = Bars { largest: 0, columns: 0 };
    section.push(Block::Only(&[Medium::Markdown, Medium::Html], vec![table(analysis, 0, &bars).into()]));
    section
}

/// The layers, the lowest `folded` of them on one row.
fn table(analysis: &ImageAnalysis, folded: usize, bars: &Bars) -> Table {
    let layers = &analysis.image.layers;
    let is_compressed = layers.iter().any(|layer| layer.compression != Compression::None);
    let has_pull = is_compressed || layers.iter().all(|layer| layer.tar_bytes.is_none());
    let mut rows = Vec::new();
    if folded > 0 {
        rows.push(base_row(analysis, folded, has_pull, bars));
    }
    rows.extend((folded..layers.len()).map(|number| row(analysis, number, has_pull, bars)));
    let has_lines = analysis.origins.layers.iter().any(|origin| origin.place.is_some());
    let line = if has_lines { "line" } else { "" };
    Table::new(&COLUMNS, rows).with_head(&["layer", "size", "to pull", "", "files", "wasted", line, "instruction"])
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

fn base_row(analysis: &ImageAnalysis, folded: usize, pull: bool, bars: &Bars) -> Vec<Text> {
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
        amount(if read { bytes(stored) } else { String::new() }),
        amount(if pull { bytes(layers.iter().map(|layer| layer.blob_bytes).sum()) } else { String::new() }),
        toned(bars.of(sum), Tone::Dim),
        plain(if files > 0 { format!("+{files}") } else { String::new() }),
        amount(if lost > 0 { bytes(lost) } else { String::new() }).in_tone(Tone::Dim),
        toned("base", Tone::Dim),
        plain(format!("{name} ({})", count(folded as u64, "layer"))),
    ]
}

fn row(analysis: &ImageAnalysis, number: usize, pull: bool, bars: &Bars) -> Vec<Text> {
    let layer = &analysis.image.layers[number];
    let totals = &analysis.layers[number];
    let read = layer.tar_bytes.is_some();
    let line = match shown_line(analysis, number) {
        None if analysis.is_base(number) => toned("base", Tone::Dim),
        line => code(line.unwrap_or_default()).in_tone(Tone::Info),
    };
    let what = match &layer.contents {
        Contents::Read | Contents::NotAsked => analysis.instruction(number).map_or_else(|| plain("no history"), code),
        Contents::Elsewhere(_) => plain("foreign layer: contents unknown"),
        Contents::Damaged(why) => toned(format!("damaged: {why}"), Tone::Error),
    };
    vec![
        plain((number + 1).to_string()),
        amount(match (read, analysis.is_read()) {
            (true, _) => bytes(totals.file_bytes),
            (false, true) => "?".to_owned(),
            (false, false) => String::new(),
        }),
        amount(if pull { bytes(layer.blob_bytes) } else { String::new() }),
        toned(bars.of(size(analysis, number)), if analysis.is_base(number) { Tone::Dim } else { Tone::Info }),
        plain(changes(analysis, number)),
        amount(if totals.lost.sum() > 0 { bytes(totals.lost.sum()) } else { String::new() }).in_tone(Tone::Warning),
        line,
        what,
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
