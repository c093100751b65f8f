//! Equal contents in several files of the final tree.

use std::cmp::Reverse;

use rayon::slice::ParallelSliceMut;

use crate::image::{EntryId, EntryKind, Image, ImageTree, PathId};

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
        self.same_layer.saturating_add(self.cross_layer)
    }
}

/// Equal contents of at least [`DUPLICATE_BYTES`] in the final tree, most bytes first.
pub fn duplicates(image: &Image, tree: &ImageTree) -> Vec<Duplicates> {
    let mut files: Vec<(u128, u64, EntryId, PathId)> = Vec::new();
    for (path, id) in tree.inodes() {
        let entry = image.entry(id);
        if entry.kind == EntryKind::File && entry.size >= DUPLICATE_BYTES {
            files.push((entry.content, entry.size, id, path));
        }
    }
    files.par_sort_unstable();
    let same = files.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1)).filter(|copies| copies.len() > 1);
    let mut groups: Vec<Duplicates> = same.map(group).collect();
    groups.sort_by_key(|group| (Reverse(group.bytes()), group.copies.first().map(|&(path, _)| path)));
    groups
}

fn group(copies: &[(u128, u64, EntryId, PathId)]) -> Duplicates {
    let (content, size) = copies.first().map_or((0, 0), |&(content, size, ..)| (content, size));
    let layers = copies.chunk_by(|left, right| left.2.layer == right.2.layer).count() as u64;
    let further = copies.len() as u64 - layers;
    Duplicates {
        content,
        size,
        copies: copies.iter().map(|&(_, _, id, path)| (path, id)).collect(),
        same_layer: size.saturating_mul(further),
        cross_layer: size.saturating_mul(layers - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::test_layers::sketch;

    #[test]
    fn equal_contents_count_but_once() {
        let image = sketch(
            "100644 0:0 5000 a = x\n100644 0:0 5000 b = x\n100644 0:0 0 hard => a\n100644 0:0 4096 gone = x2\n\
             100644 0:0 4095 s1 = small\n100644 0:0 4095 s2 = small\n\n\
             100644 0:0 5000 c = x\n100644 0:0 6000 other = x\n100644 0:0 4096 d = x2\n0 0:0 0 .wh.gone",
        );
        let groups = duplicates(&image, &ImageTree::new(&image));
        let text = |duplicates: &Duplicates| {
            let copies: Vec<String> = duplicates.copies.iter().map(|&(path, _)| image.paths.text(path)).collect();
            (copies.join(" "), duplicates.size, duplicates.same_layer, duplicates.cross_layer)
        };
        assert_eq!(groups.iter().map(text).collect::<Vec<_>>(), [("a b c".to_owned(), 5000, 5000, 5000)]);
    }
}
