//! An image's sums.

use crate::image::{Image, Tree};

/// Bytes of the four kinds of waste, which have no byte in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WasteBytes {
    /// Taken away by whiteouts.
    pub deleted: u64,
    /// Replaced by other contents or another kind.
    pub overwritten: u64,
    /// Replaced by the same contents.
    pub metadata_only: u64,
    /// Replaced within the same layer.
    pub same_layer_duplicate: u64,
}

impl WasteBytes {
    /// All of them.
    pub const fn sum(&self) -> u64 {
        self.deleted + self.overwritten + self.metadata_only + self.same_layer_duplicate
    }
}

/// An image's sums. `stored_file_bytes` is `merged_bytes` and all four kinds of waste, to the byte.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Bytes of files' contents over all layers.
    pub stored_file_bytes: u64,
    /// Bytes of files' contents in the final tree.
    pub merged_bytes: u64,
    /// Regular files in the final tree; hard links once.
    pub merged_files: u64,
    /// Members of all kinds in the final tree without the root; hard links once.
    pub merged_entries: u64,
    /// What is stored and not in the final tree.
    pub waste: WasteBytes,
    /// Bytes of all but one of equal contents.
    pub duplicate_content_bytes: u64,
    /// Bytes of the layers' blobs, of each distinct one once, as a registry sends them.
    pub pull_bytes: u64,
    /// Whether a blob is stored uncompressed here: a registry would most likely send fewer bytes.
    pub pull_is_uncompressed: bool,
    /// Bytes that the engine's own store needs: contents of files as unpacked per layer.
    pub disk_bytes: u64,
    /// As [`Self::merged_bytes`], sparse files with their holes.
    pub apparent_bytes: u64,
    /// Layers whose contents were not read: all sums of contents lack them.
    pub unread_layers: usize,
}

impl Totals {
    /// The sums of an image.
    pub fn new(image: &Image, tree: &Tree) -> Self {
        let _ = (image, tree);
        Self::default()
    }

    /// Share of stored bytes that the final tree has; 1 where nothing is stored.
    pub fn efficiency(&self) -> f64 {
        1.0
    }
}

/// Sums of the layers above a base image: bytes that these layers wrote, both stored and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Above {
    /// Bytes of files' contents that they store.
    pub stored_file_bytes: u64,
    /// Of those, what is not in the final tree.
    pub waste: WasteBytes,
    /// Bytes of their blobs, of each distinct one once and of none that the base has.
    pub pull_bytes: u64,
}

impl Above {
    /// The sums above so many layers.
    pub fn new(image: &Image, tree: &Tree, base: usize) -> Self {
        let _ = (image, tree, base);
        Self::default()
    }

    /// Share of the bytes stored above the base that the final tree has; 1 where nothing is stored.
    pub fn efficiency(&self) -> f64 {
        1.0
    }
}

/// The figures that dive 0.13 works out, with its oddities, for those who have thresholds of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dive {
    /// `efficiencyScore`; 1 where there is nothing.
    pub efficiency: f64,
    /// `inefficientBytes`, `wastedBytes`.
    pub wasted_bytes: u64,
    /// `userWastedPercent` as a ratio; `None` where all layers but the lowest are empty.
    pub user_wasted_ratio: Option<f64>,
}

impl Dive {
    /// dive's figures of an image.
    pub fn new(image: &Image, tree: &Tree) -> Self {
        let _ = (image, tree);
        Self { efficiency: 1.0, wasted_bytes: 0, user_wasted_ratio: None }
    }
}

/// Bytes that a push sends when a layer, and so all layers above it, were made anew.
pub fn push_bytes(image: &Image, from: usize) -> u64 {
    let _ = (image, from);
    0
}

/// Seconds that so many bytes take at a bandwidth in bits per second, with no time for anything else.
pub fn transfer_seconds(bytes: u64, bits_per_second: f64) -> f64 {
    bytes as f64 * 8.0 / bits_per_second
}
