//! What several images share, for people and for programs.

use serde::Serialize;

use super::image_name;
use crate::analysis::{Analysis, SharedLayers, shared_layers};
use crate::report::page::{Column, Section, Table, Text, Tone, code, number, plain, toned};
use crate::report::units::{bytes, count};
use crate::wire::{list, object};

/// A row of the sums at the top.
pub(super) fn sum_row(what: &str, amount: String, more: String) -> Vec<Text> {
    vec![plain(what), number(amount).in_tone(Tone::Strong), plain(more)]
}

/// For JSON, with so many rows per list.
pub(super) fn wire(analysis: &Analysis, top: usize) -> impl Serialize {
    let shared = shared_layers(&analysis.images);
    object! {
        separate_pull_bytes: shared.separate_bytes,
        host_pull_bytes: shared.host_bytes,
        only_pull_bytes: shared.only_bytes,
        layers: list(shared.layers.into_iter().take(top), |layer| object! {
            digest: layer.digest,
            pull_bytes: layer.bytes,
            images: layer.images,
            instruction: layer.instruction,
        }),
        bases: list(shared.bases, |base| object! { name: base.name, pull_bytes: base.bytes, images: base.images }),
        common_base_saves: shared.common_base_saves,
    }
}

/// For people.
pub(super) fn section(analysis: &Analysis, top: usize) -> Section {
    let shared = shared_layers(&analysis.images);
    let columns = [Column::Right, Column::Right, Column::Words];
    let mut section = Section::new(format!("What {} share", count(analysis.images.len() as u64, "image")));
    let saved = shared.separate_bytes.saturating_sub(shared.host_bytes);
    let saved = format!("{} less, because layers are shared", bytes(saved));
    let rows = vec![
        sum_row("to pull on one host", bytes(shared.host_bytes), saved),
        sum_row("to pull separately", bytes(shared.separate_bytes), String::new()),
    ];
    section.push(Table::new(&[Column::Left, Column::Right, Column::Words], rows));
    let mut rows = Vec::new();
    for (image, only) in analysis.images.iter().zip(&shared.only_bytes) {
        let pull = number(bytes(image.totals.likely_pull_bytes()));
        rows.push(vec![pull, number(bytes(*only)), code(image_name(image))]);
    }
    let table = Table::new(&columns, rows).with_head(&["to pull", "only here", "image"]);
    section.push(Section::default().with(table));
    let mut rows = Vec::new();
    for layer in shared.layers.iter().take(top) {
        let what = layer.instruction.as_ref().unwrap_or(&layer.digest);
        rows.push(vec![number(bytes(layer.bytes)), plain(count(layer.images.len() as u64, "image")), code(what)]);
    }
    section.push_rows(Section::new("Shared layers"), Table::new(&columns, rows).of(shared.layers.len()));
    section.push(bases(analysis, &shared));
    section
}

fn bases(analysis: &Analysis, shared: &SharedLayers) -> Section {
    let mut rows = Vec::new();
    for base in &shared.bases {
        let name = base.name.as_deref().map_or_else(|| plain("unknown"), code);
        let images = base.images.iter().filter_map(|index| analysis.images.get(*index)).map(image_name);
        let images = images.collect::<Vec<_>>().join(", ");
        rows.push(vec![number(bytes(base.bytes)), name, toned(images, Tone::Dim)]);
    }
    let saves = match (shared.bases.len(), shared.common_base_saves) {
        (0 | 1, _) => "All images have the same base image.".to_owned(),
        (_, 0) => "The base images have all layers in common with the largest.".to_owned(),
        (_, saves) => format!("One common base image for all would save {} of disk space.", bytes(saves)),
    };
    let table = Table::new(&[Column::Right, Column::Left, Column::Words], rows);
    Section::new("Base images").with(table).with(plain(saves))
}
