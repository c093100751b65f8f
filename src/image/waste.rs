//! Bytes that layers store and the final tree does not have: what, where, since when.

use crate::image::{EntryId, Image, PathId, Tree, WasteKind};

/// Contents that are stored and cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The member that stores them.
    pub entry: EntryId,
    /// Its path.
    pub path: PathId,
    /// How they were lost.
    pub how: WasteKind,
    /// The layer that caused it; the same layer for paths that it has twice.
    pub by: u32,
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed blob; `None` where the layer is not compressed.
    pub compressed: Option<u64>,
}

/// Losses with the same story, in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossGroup {
    /// The directory; the file itself where it is one only.
    pub path: PathId,
    /// The layer that wrote them.
    pub owner: u32,
    /// The layer that caused their loss.
    pub by: u32,
    /// How they were lost.
    pub how: WasteKind,
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their share of the compressed blob; `None` where the layer is not compressed.
    pub compressed: Option<u64>,
}

/// A path that many layers write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Churn {
    /// The path.
    pub path: PathId,
    /// The layers that write it, at least three.
    pub layers: Vec<u32>,
    /// Bytes of all copies but the last.
    pub bytes: u64,
}

/// All losses with at least one byte, the layers from below, each in the archive's order.
pub fn losses(image: &Image, tree: &Tree) -> Vec<Loss> {
    let _ = (image, tree);
    Vec::new()
}

/// Losses joined by story and directory, most bytes first; every loss is in one group.
pub fn group_losses(image: &Image, losses: &[Loss]) -> Vec<LossGroup> {
    let _ = (image, losses);
    Vec::new()
}

/// Files that at least three layers write, most lost bytes first.
pub fn churn(image: &Image, tree: &Tree) -> Vec<Churn> {
    let _ = (image, tree);
    Vec::new()
}
