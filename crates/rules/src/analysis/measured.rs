//! What an image tells of the lines of its Dockerfile, as an input for the rules' findings.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::ImageAnalysis;
use crate::attribution::{Confidence, DockerfileText};
use crate::image::{Contents, Layer, category_of};
use crate::inputs::{CategoryBytes, MeasuredBytes, MeasuredImage};

/// Bytes by the lines of the given Dockerfile; `None` when no layer is tied to it by more than its kind.
pub fn measured(analysis: &ImageAnalysis, name: &str) -> Option<MeasuredImage> {
    let line = |layer: u32| {
        let place = analysis.origin(layer as usize)?.place.as_ref()?;
        let is_sure = place.text == DockerfileText::Given && !place.triggered && place.confidence < Confidence::Kind;
        is_sure.then_some(place.first_line)
    };
    (0..analysis.image.layers.len() as u32).find_map(line)?;
    let mut sums: BTreeMap<_, (u64, Option<u64>)> = BTreeMap::new();
    let mut add = |key: (u32, Option<u32>, Option<&str>, Option<&str>), bytes: u64, compressed: Option<u64>| {
        let (line, by, category, lost) = key;
        let key = (line, by, category.map(str::to_owned), lost.map(str::to_owned));
        let sum = sums.entry(key).or_insert((0, Some(0)));
        sum.0 += bytes;
        sum.1 = sum.1.zip(compressed).map(|(sum, more)| sum + more);
    };
    for category_use in &analysis.categories {
        for layer_use in &category_use.layers {
            let Some(line) = line(layer_use.layer) else { continue };
            // The share of the whole category.
            let share =
                |all: u64| u128::from(all) * u128::from(layer_use.bytes) / u128::from(category_use.bytes.max(1));
            let compressed = category_use.compressed.map(|all| share(all) as u64);
            add((line, None, Some(&category_use.category.name), None), layer_use.bytes, compressed);
        }
    }
    let mut doubtful_lines = BTreeSet::new();
    for loss in &analysis.losses {
        let Some(lost_line) = line(loss.waste_layer) else {
            if !analysis.is_base(loss.waste_layer as usize) {
                doubtful_lines.extend(line(loss.by));
            }
            continue;
        };
        let category = category_of(&analysis.image.paths.bytes(loss.path)).map(|category| &*category.name);
        add((lost_line, line(loss.by), category, Some(loss.how.name())), loss.bytes, loss.compressed);
    }
    let bytes = sums
        .into_iter()
        .map(|((line, by, category, lost), (bytes, compressed))| MeasuredBytes {
            line,
            by,
            category,
            lost,
            bytes,
            compressed,
        })
        .collect();
    let is_read = |layer: &u32| analysis.image.layers[*layer as usize].contents == Contents::Read;
    let lines = (0..analysis.image.layers.len() as u32).filter(is_read).filter_map(line).collect();
    let categories = analysis.categories.iter().map(|category_use| CategoryBytes {
        category: category_use.category.name.clone(),
        bytes: category_use.bytes,
        compressed: category_use.compressed,
    });
    let (name, categories) = (name.to_owned(), categories.collect());
    let blob_bytes = analysis.image.layers.iter().map(Layer::pull_bytes).sum();
    Some(MeasuredImage { name, lines, doubtful_lines, bytes, categories, blob_bytes })
}
