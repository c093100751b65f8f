//! Equal contents in several files of the final tree.

use crate::image::{EntryId, Image, PathId, Tree};

/// Smaller files are not looked at.
pub const DUPLICATE_BYTES: u64 = 4096;

/// Files with the same contents, none of them a further name of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// xxh3-128 of the contents.
    pub content: u128,
    /// Bytes of one of them.
    pub size: u64,
    /// All of them, at least two, by layer and then in the archive's order.
    pub copies: Vec<(PathId, EntryId)>,
    /// Bytes of further copies in the layer of an earlier one.
    pub same_layer: u64,
    /// Bytes of further layers' first copies.
    pub cross_layer: u64,
}

impl Duplicates {
    /// Bytes of all copies but one.
    pub const fn bytes(&self) -> u64 {
        self.same_layer + self.cross_layer
    }
}

/// Equal contents of at least [`DUPLICATE_BYTES`] in the final tree, most bytes first.
pub fn duplicates(image: &Image, tree: &Tree) -> Vec<Duplicates> {
    let _ = (image, tree);
    Vec::new()
}
