//! What images weigh, and by how much they differ.

use std::collections::BTreeSet;

use crate::analysis::ImageAnalysis;
use crate::image::{Category, Contents, Layer};

/// What an image weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Bytes on disk; `None` where contents were not read, as for all but the pull.
    pub disk_bytes: Option<u64>,
    /// Bytes of the layers as they are stored.
    pub pull_bytes: u64,
    /// Bytes that a pull transfers, with unpacked layers estimated as gzip; `None` where none is unpacked.
    pub pull_estimate: Option<u64>,
    /// Whether some of them are of layers that are stored unpacked.
    pub pull_is_uncompressed: bool,
    /// Bytes that no final tree has.
    pub waste_bytes: Option<u64>,
    /// Files of the final tree.
    pub files: Option<u64>,
    /// Layers.
    pub layers: usize,
}

impl Sums {
    /// Bytes that a pull transfers: estimated where layers are stored unpacked, if that is possible.
    pub fn likely_pull_bytes(&self) -> u64 {
        self.pull_estimate.unwrap_or(self.pull_bytes)
    }
}

/// Bytes of a category, before and after.
#[derive(Clone, Copy, Debug)]
pub struct CategoryChange {
    /// The category.
    pub category: &'static Category,
    /// Bytes before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
}

impl CategoryChange {
    /// What came, or went.
    pub fn bytes(&self) -> i64 {
        delta(self.before, self.after)
    }
}

/// How much more the second number is.
pub fn delta(before: u64, after: u64) -> i64 {
    let delta = i128::from(after) - i128::from(before);
    i64::try_from(delta).unwrap_or(if delta < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn sums(analysis: &ImageAnalysis) -> Sums {
    let unread = analysis.image.layers.iter().any(|layer| layer.contents == Contents::NotAsked);
    let totals = &analysis.totals;
    let if_read = |bytes: u64| (!unread).then_some(bytes);
    Sums {
        disk_bytes: if_read(totals.disk_bytes),
        pull_bytes: totals.pull_bytes,
        pull_estimate: totals.pull_estimate,
        pull_is_uncompressed: totals.pull_is_uncompressed,
        waste_bytes: if_read(totals.waste.sum()),
        files: if_read(totals.merged_files),
        layers: analysis.image.layers.len(),
    }
}

/// Layers that the first image does not have, each distinct one once.
pub(super) fn new_layers<'a>(before: &'a ImageAnalysis, after: &'a ImageAnalysis) -> Vec<&'a Layer> {
    let known: BTreeSet<_> =
        before.image.layers.iter().flat_map(|layer| [&layer.digest, &layer.diff_id]).flatten().collect();
    let mut seen = BTreeSet::new();
    let new = after.image.layers.iter().filter(|layer| {
        let names = [&layer.digest, &layer.diff_id];
        let has = names.iter().any(|name| name.as_ref().is_some_and(|name| known.contains(name)));
        let name = layer.digest.as_ref().or(layer.diff_id.as_ref());
        !has && name.is_none_or(|name| seen.insert(name))
    });
    new.collect()
}

pub(super) fn categories(before: &ImageAnalysis, after: &ImageAnalysis) -> Vec<CategoryChange> {
    let bytes = |analysis: &ImageAnalysis, category: &Category| {
        let category_use = analysis.categories.iter().find(|category_use| category_use.category.name == category.name);
        category_use.map_or(0, |category_use| category_use.bytes)
    };
    let mut changes: Vec<CategoryChange> = crate::image::all_categories()
        .iter()
        .map(|category| CategoryChange { category, before: bytes(before, category), after: bytes(after, category) })
        .filter(|change| change.before != change.after)
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.bytes().unsigned_abs()));
    changes
}
