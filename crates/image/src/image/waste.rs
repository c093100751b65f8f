//! Bytes that layers store and the final tree does not have: what, where, since when.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::image::folder_summary::{Place, Sum, places};
use crate::image::{Compression, EntryId, EntryKind, Image, ImageTree, MemberOutcome, PathId, WasteKind};

/// Layers that write a path until it counts as churn (dpkg's status, caches of the linker, …).
const CHURN_LAYERS: u32 = 3;

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
    /// The layer whose waste it is: that of the member, or the one above the base image that stores a file of the base
    /// again with the same contents, as `chmod -R` does. Bytes of the base that are deleted or replaced with other
    /// contents stay the base's waste: no line above it can save them.
    pub waste_layer: u32,
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
    /// The layer whose waste it is, as [`Loss::waste_layer`].
    pub waste_layer: u32,
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
    /// Bytes of its copies that the final tree does not have.
    pub bytes: u64,
}

/// All losses with at least one byte, the layers from below, each in the archive's order. `base`: layers of the base
/// image.
pub fn losses(image: &Image, tree: &ImageTree, base: usize) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (number, layer) in image.layers.iter().take(tree.layers()).enumerate() {
        for (index, entry) in layer.entries.iter().enumerate().filter(|(_, entry)| entry.size > 0) {
            let id = EntryId { layer: number as u32, index: index as u32 };
            if let MemberOutcome::Lost { how, by } = tree.outcome(id) {
                let compressed = (layer.compression != Compression::None).then_some(entry.compressed);
                let (path, bytes) = (entry.path, entry.size);
                losses.push(Loss { entry: id, path, how, by, waste_layer: id.layer, bytes, compressed });
            }
        }
    }
    charge_copies_of_base_files(&mut losses, base);
    losses
}

/// Makes copies of the base's files the waste of the layers that store them again. A copy that is deleted or replaced
/// later is a loss of that layer already.
fn charge_copies_of_base_files(losses: &mut [Loss], base: usize) {
    let is_copy = |loss: &Loss| {
        loss.how == WasteKind::MetadataOnly && (loss.entry.layer as usize) < base && loss.by as usize >= base
    };
    if !losses.iter().any(is_copy) {
        return;
    }
    let is_replaced = |loss: &Loss| loss.how != WasteKind::SameLayerDuplicate;
    let later: HashMap<(PathId, u32), usize> = losses
        .iter()
        .enumerate()
        .filter(|(_, loss)| is_replaced(loss))
        .map(|(index, loss)| ((loss.path, loss.entry.layer), index))
        .collect();
    for start in 0..losses.len() {
        if !is_copy(&losses[start]) {
            continue;
        }
        // A copy of a copy is the waste of the layer that makes it.
        let mut chain = vec![start];
        let is_kept = loop {
            let last = losses[chain[chain.len() - 1]];
            match later.get(&(last.path, last.by)) {
                None => break true,
                Some(&next) if losses[next].how == WasteKind::MetadataOnly && losses[next].by > last.by => {
                    chain.push(next);
                }
                Some(_) => break false,
            }
        };
        if is_kept {
            for index in chain {
                losses[index].waste_layer = losses[index].by;
            }
        }
    }
}

/// Losses joined by story and directory, most bytes first; every loss is in one group.
pub fn group_losses(image: &Image, losses: &[Loss]) -> Vec<LossGroup> {
    let mut stories: BTreeMap<(u32, u32, u32, WasteKind), Vec<&Loss>> = BTreeMap::new();
    for loss in losses {
        stories.entry((loss.entry.layer, loss.by, loss.waste_layer, loss.how)).or_default().push(loss);
    }
    let mut groups = Vec::new();
    for ((owner, by, waste_layer, how), losses) in stories {
        let compressed = losses.iter().all(|loss| loss.compressed.is_some());
        let files = losses.iter().map(|loss| {
            (loss.path, Sum { files: 1, bytes: loss.bytes, compressed: loss.compressed.unwrap_or_default() })
        });
        groups.extend(places(&image.paths, files).into_iter().map(|Place { path, sum }| LossGroup {
            path,
            owner,
            by,
            waste_layer,
            how,
            files: sum.files,
            bytes: sum.bytes,
            compressed: compressed.then_some(sum.compressed),
        }));
    }
    groups.sort_by_key(|group| (Reverse(group.bytes), group.owner, group.path));
    groups
}

/// Files that at least three layers write, most lost bytes first.
pub fn churn(image: &Image, tree: &ImageTree) -> Vec<Churn> {
    let mut writes = vec![(0u32, 0u32); image.paths.len()];
    for (layer, id) in writers(image, tree) {
        let (count, last) = &mut writes[image.entry(id).path.index()];
        *count += u32::from(*last != layer + 1);
        *last = layer + 1;
    }
    let mut churned: BTreeMap<PathId, Churn> = BTreeMap::new();
    for (layer, id) in writers(image, tree) {
        let entry = image.entry(id);
        if writes[entry.path.index()].0 < CHURN_LAYERS {
            continue;
        }
        let churn =
            churned.entry(entry.path).or_insert_with(|| Churn { path: entry.path, layers: Vec::new(), bytes: 0 });
        if churn.layers.last() != Some(&layer) {
            churn.layers.push(layer);
        }
        if matches!(tree.outcome(id), MemberOutcome::Lost { .. }) {
            churn.bytes = churn.bytes.saturating_add(entry.size);
        }
    }
    let mut churned: Vec<Churn> = churned.into_values().collect();
    churned.sort_by_key(|churn| (Reverse(churn.bytes), churn.path));
    churned
}

/// Files with their layers, the lowest first.
fn writers(image: &Image, tree: &ImageTree) -> impl Iterator<Item = (u32, EntryId)> {
    image.layers.iter().take(tree.layers()).enumerate().flat_map(|(number, layer)| {
        let files = layer.entries.iter().enumerate().filter(|(_, entry)| entry.kind == EntryKind::File);
        files.map(move |(index, _)| (number as u32, EntryId { layer: number as u32, index: index as u32 }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::test_layers::sketch;

    const CACHE: &str = "40755 0:0 0 root/\n100644 0:0 30 root/.cache/pip/http/a\n100644 0:0 6 root/.cache/pip/self/b\n\
                         100644 0:0 9 etc/x\n\n100644 0:0 8 etc/x\n\n0 0:0 0 root/.cache/.wh.pip\n100644 0:0 7 etc/x";

    #[test]
    fn losses_tell_who_wrote_and_who_removed() {
        let image = sketch(CACHE);
        let tree = ImageTree::new(&image);
        let groups = group_losses(&image, &losses(&image, &tree, 0));
        let text = |group: &LossGroup| (image.paths.text(group.path), group.how, group.owner, group.by, group.bytes);
        assert_eq!(
            groups.iter().map(text).collect::<Vec<_>>(),
            [
                ("root/.cache/pip".to_owned(), WasteKind::Deleted, 0, 2, 36),
                ("etc/x".to_owned(), WasteKind::Overwritten, 0, 1, 9),
                ("etc/x".to_owned(), WasteKind::Overwritten, 1, 2, 8),
            ]
        );
        assert_eq!((groups[0].files, groups[0].compressed), (2, None));
    }

    /// Layers, how many are the base's, and the bytes that each wastes.
    #[track_caller]
    fn check_waste_layers(text: &str, base: usize, expected: &[u64]) {
        let image = sketch(text);
        let tree = ImageTree::new(&image);
        let losses = losses(&image, &tree, base);
        let of_layer = |layer| losses.iter().filter(|loss| loss.waste_layer == layer).map(|loss| loss.bytes).sum();
        let wasted_bytes: Vec<u64> = (0..image.layers.len() as u32).map(of_layer).collect();
        assert_eq!(wasted_bytes, expected, "{text}");
        for (number, layer) in image.layers.iter().enumerate().skip(base) {
            assert!(wasted_bytes[number] <= layer.file_bytes(), "layer {number} wastes more than it stores: {text}");
        }
    }

    #[test]
    fn copies_of_base_files_are_the_waste_of_the_layer_that_stores_them_again() {
        const BASE: &str = "100644 0:0 30 etc/a = a\n100644 0:0 7 etc/b = b";
        let check = |layers: &str, expected: &[u64]| check_waste_layers(&format!("{BASE}\n\n{layers}"), 1, expected);
        check("100755 0:0 30 etc/a = a", &[0, 30]);
        check("100644 9:9 30 etc/a = a\n\n100755 9:9 30 etc/a = a", &[0, 30, 30]);
        // The copy itself is lost: it is not counted twice.
        check("100755 0:0 30 etc/a = a\n\n0 0:0 0 etc/.wh.a", &[30, 30, 0]);
        check("100755 0:0 30 etc/a = a\n\n100755 0:0 5 etc/a = c", &[30, 30, 0]);
        // No line above the base can save what the base stores.
        check("0 0:0 0 etc/.wh.a\n100644 0:0 8 etc/b = c", &[37, 0]);
        check("100644 0:0 9 new = n\n\n100755 0:0 9 new = n", &[0, 9, 0]);
        check_waste_layers(&format!("{BASE}\n\n100755 0:0 30 etc/a = a"), 2, &[30, 0]);
        check_waste_layers(&format!("{BASE}\n\n100755 0:0 30 etc/a = a"), 0, &[30, 0]);
    }

    #[test]
    fn a_path_that_three_layers_write_is_churn() {
        let image = sketch(CACHE);
        let churned = churn(&image, &ImageTree::new(&image));
        let path = image.paths.find(b"etc/x").unwrap();
        assert_eq!(churned, [Churn { path, layers: vec![0, 1, 2], bytes: 17 }]);
    }

    #[test]
    fn shares_of_compressed_layers_are_known() {
        let mut image = sketch("100644 0:0 9 a = x\n\n100644 0:0 8 a = y");
        image.layers[0].compression = Compression::Gzip;
        image.layers[0].entries[0].compressed = 4;
        let tree = ImageTree::new(&image);
        assert_eq!(losses(&image, &tree, 0)[0].compressed, Some(4));
        assert_eq!(group_losses(&image, &losses(&image, &tree, 0))[0].compressed, Some(4));
    }
}
