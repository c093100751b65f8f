//! What several images share, for people and for programs.

use serde::Serialize;

use super::image_name;
use crate::analysis::{Analysis, SharedLayers, shared_layers};
use crate::report::grid::{Column, cell, grid, plain};
use crate::report::layout::{Layout, TextStyle, push};
use crate::report::units::{bytes, count, hidden_rows};
use crate::wire::{list, object};

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
pub(super) fn render(analysis: &Analysis, top: usize, layout: Layout) -> String {
    let shared = shared_layers(&analysis.images);
    let number = analysis.images.len() as u64;
    let mut out = String::new();
    push(&mut out, &format!("What {} share", count(number, "image")), 0, layout, TextStyle::Strong);
    let saved = shared.separate_bytes.saturating_sub(shared.host_bytes);
    let row = |what: &str, amount: u64, more: String| {
        vec![plain(what), cell(bytes(amount), TextStyle::Strong), cell(more, TextStyle::Plain)]
    };
    let rows = [
        row("to pull on one host", shared.host_bytes, format!("{} less, because layers are shared", bytes(saved))),
        row("to pull separately", shared.separate_bytes, String::new()),
    ];
    out.push_str(&grid(&[Column::Left, Column::Right, Column::Words], &rows, layout, 2));
    out.push('\n');
    let dim = |text: &str| cell(text, TextStyle::Dim);
    let mut rows = vec![vec![dim("to pull"), dim("only here"), dim("image")]];
    for (image, only) in analysis.images.iter().zip(&shared.only_bytes) {
        rows.push(vec![plain(bytes(image.totals.likely_pull_bytes())), plain(bytes(*only)), plain(image_name(image))]);
    }
    out.push_str(&grid(&[Column::Right, Column::Right, Column::Words], &rows, layout, 2));
    out.push_str(&lists(analysis, &shared, top, layout));
    out
}

fn lists(analysis: &Analysis, shared: &SharedLayers, top: usize, layout: Layout) -> String {
    let mut out = String::new();
    let names = |images: &[usize]| {
        let names = images.iter().filter_map(|index| analysis.images.get(*index)).map(image_name);
        names.collect::<Vec<_>>().join(", ")
    };
    if !shared.layers.is_empty() {
        out.push('\n');
        push(&mut out, "Shared layers", 2, layout, TextStyle::Strong);
        let mut rows = Vec::new();
        for layer in shared.layers.iter().take(top) {
            let what = layer.instruction.clone().unwrap_or_else(|| layer.digest.clone());
            rows.push(vec![plain(bytes(layer.bytes)), plain(count(layer.images.len() as u64, "image")), plain(what)]);
        }
        out.push_str(&grid(&[Column::Right, Column::Right, Column::Words], &rows, layout, 4));
        out.push_str(&hidden_rows(shared.layers.len(), rows.len(), 4));
    }
    out.push('\n');
    push(&mut out, "Base images", 2, layout, TextStyle::Strong);
    let mut rows = Vec::new();
    for base in &shared.bases {
        let name = base.name.clone().unwrap_or_else(|| "unknown".to_owned());
        rows.push(vec![plain(bytes(base.bytes)), plain(name), cell(names(&base.images), TextStyle::Dim)]);
    }
    out.push_str(&grid(&[Column::Right, Column::Left, Column::Words], &rows, layout, 4));
    let saves = match (shared.bases.len(), shared.common_base_saves) {
        (0 | 1, _) => "All images have the same base image.".to_owned(),
        (_, 0) => "The base images have all layers in common with the largest.".to_owned(),
        (_, saves) => format!("One common base image for all would save {} of disk space.", bytes(saves)),
    };
    push(&mut out, &saves, 4, layout, TextStyle::Plain);
    out
}
