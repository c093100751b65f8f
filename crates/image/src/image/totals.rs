//! An image's sums.

mod dive;

use std::collections::BTreeSet;

pub use self::dive::Dive;
use crate::image::{
    Compression, Contents, Duplicates, EntryId, EntryKind, Image, ImageTree, Layer, Loss, MemberOutcome, WasteKind,
    duplicates,
};

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

    /// Those of one kind.
    pub const fn of(&self, kind: WasteKind) -> u64 {
        match kind {
            WasteKind::Deleted => self.deleted,
            WasteKind::Overwritten => self.overwritten,
            WasteKind::MetadataOnly => self.metadata_only,
            WasteKind::SameLayerDuplicate => self.same_layer_duplicate,
        }
    }

    const fn add(&mut self, kind: WasteKind, bytes: u64) {
        let sum = match kind {
            WasteKind::Deleted => &mut self.deleted,
            WasteKind::Overwritten => &mut self.overwritten,
            WasteKind::MetadataOnly => &mut self.metadata_only,
            WasteKind::SameLayerDuplicate => &mut self.same_layer_duplicate,
        };
        *sum = sum.saturating_add(bytes);
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
    /// Where blobs are uncompressed: bytes that a registry sends, with those as gzip, computed from samples. `None` where
    /// all are compressed, or contents of one were not read.
    pub pull_estimate: Option<u64>,
    /// Bytes of what an engine's overlay2 store unpacks: of each layer its files, each path once and hard links once.
    /// `docker history` and `docker images` show the same but for the holes of sparse files, which they count, and for
    /// the targets of symbolic links, which they count in layers that were pulled or imported and not in those built
    /// (measured on engine 28.5). The archives of the layers have headers besides.
    pub disk_bytes: u64,
    /// As [`Self::merged_bytes`], sparse files with their holes.
    pub apparent_bytes: u64,
    /// Layers whose contents were not read: all sums of contents lack them.
    pub unread_layers: usize,
}

impl Totals {
    /// The sums of an image.
    pub fn new(image: &Image, tree: &ImageTree) -> Self {
        Self::with(image, tree, &duplicates(image, tree))
    }

    /// The sums of an image whose equal contents are known.
    pub fn with(image: &Image, tree: &ImageTree, copies: &[Duplicates]) -> Self {
        let mut totals = Self::default();
        for (number, layer) in image.layers.iter().enumerate() {
            let (stored, waste, unpacked) = of_layer(number, layer, tree);
            totals.stored_file_bytes = totals.stored_file_bytes.saturating_add(stored);
            for kind in WasteKind::ALL {
                totals.waste.add(kind, waste.of(kind));
            }
            totals.disk_bytes = totals.disk_bytes.saturating_add(unpacked);
            let read = matches!(layer.contents, Contents::Read | Contents::Damaged(_));
            totals.unread_layers += usize::from(!read);
            // Of a layer that was not read its digests tell.
            let known = read || (layer.digest.is_some() && layer.digest == layer.diff_id);
            totals.pull_is_uncompressed |= known && layer.compression == Compression::None && layer.blob_bytes > 0;
        }
        for (_, id) in tree.inodes() {
            let entry = image.entry(id);
            totals.merged_entries += 1;
            totals.merged_files += u64::from(entry.kind == EntryKind::File);
            totals.merged_bytes = totals.merged_bytes.saturating_add(entry.size);
            totals.apparent_bytes = totals.apparent_bytes.saturating_add(image.apparent(id));
        }
        totals.duplicate_content_bytes = copies.iter().fold(0, |sum, group| sum.saturating_add(group.bytes()));
        totals.pull_bytes = push_bytes(image, 0);
        totals.pull_estimate = if totals.pull_is_uncompressed { pull_estimate(image) } else { None };
        totals
    }

    /// Bytes of a pull from a registry: estimated where blobs are stored uncompressed here, if that is possible.
    pub fn likely_pull_bytes(&self) -> u64 {
        self.pull_estimate.unwrap_or(self.pull_bytes)
    }

    /// Share of stored bytes that the final tree has; 1 where nothing is stored.
    pub fn efficiency(&self) -> f64 {
        share(self.merged_bytes, self.stored_file_bytes)
    }
}

/// Sums of the layers above a base image: bytes that these layers wrote, both stored and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AboveBase {
    /// Bytes of files' contents that they store.
    pub stored_file_bytes: u64,
    /// Of those, what is not in the final tree, and copies of the base's files with the same contents.
    pub waste: WasteBytes,
    /// Bytes of their blobs, of each distinct one once and of none that the base has.
    pub pull_bytes: u64,
}

impl AboveBase {
    /// The sums above so many layers. `losses`: those of the image, worked out for the same base.
    pub fn new(image: &Image, losses: &[Loss], base: usize) -> Self {
        let mut above = Self { pull_bytes: push_bytes(image, base), ..Self::default() };
        for layer in image.layers.iter().skip(base) {
            above.stored_file_bytes = above.stored_file_bytes.saturating_add(layer.file_bytes());
        }
        for loss in losses.iter().filter(|loss| loss.waste_layer as usize >= base) {
            above.waste.add(loss.how, loss.bytes);
        }
        above
    }

    /// Share of the bytes stored above the base that the final tree has; 1 where nothing is stored.
    pub fn efficiency(&self) -> f64 {
        share(self.stored_file_bytes.saturating_sub(self.waste.sum()), self.stored_file_bytes)
    }
}

/// Bytes that a push sends when a layer, and so all layers above it, were made anew: of each distinct blob once, and of
/// none that is among the layers below.
pub fn push_bytes(image: &Image, from: usize) -> u64 {
    let mut seen = BTreeSet::new();
    let mut bytes = 0u64;
    for (number, layer) in image.layers.iter().enumerate() {
        let name = layer.digest.as_ref().or(layer.diff_id.as_ref());
        if name.is_none_or(|name| seen.insert(name)) && number >= from {
            bytes = bytes.saturating_add(layer.blob_bytes);
        }
    }
    bytes
}

/// Bytes of each distinct blob once, of those that are uncompressed as gzip; `None` where one is not known.
fn pull_estimate(image: &Image) -> Option<u64> {
    let mut seen = BTreeSet::new();
    let mut bytes = 0u64;
    for layer in &image.layers {
        let is_unpacked = layer.compression == Compression::None;
        if layer.digest.as_ref().or(layer.diff_id.as_ref()).is_none_or(|name| seen.insert(name)) {
            bytes = bytes.saturating_add(if is_unpacked { layer.gzip_estimate? } else { layer.blob_bytes });
        }
    }
    Some(bytes)
}

/// Seconds that so many bytes take at a bandwidth in bits per second, with no time for anything else.
pub fn transfer_seconds(bytes: u64, bits_per_second: f64) -> f64 {
    ratio(bytes, 1) * 8.0 / bits_per_second
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { ratio(part, whole) }
}

#[allow(clippy::cast_precision_loss)] // Sums of bytes up to 9 PB are exact.
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Of one layer: bytes of files' contents, what of them is lost, and what an engine keeps of it.
fn of_layer(number: usize, layer: &Layer, tree: &ImageTree) -> (u64, WasteBytes, u64) {
    let (mut stored, mut waste, mut unpacked) = (0u64, WasteBytes::default(), 0u64);
    for (index, entry) in layer.entries.iter().enumerate() {
        let fate = tree.outcome(EntryId { layer: number as u32, index: index as u32 });
        stored = stored.saturating_add(entry.size);
        if let MemberOutcome::Lost { how, .. } = fate {
            waste.add(how, entry.size);
        }
        if !matches!(fate, MemberOutcome::Lost { how: WasteKind::SameLayerDuplicate, .. }) {
            unpacked = unpacked.saturating_add(entry.size);
        }
    }
    (stored, waste, unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::losses;
    use crate::image::test_layers::sketch;

    const IMAGE: &str = "40755 0:0 0 ./\n40755 0:0 0 d/\n100644 0:0 10000 d/a = x\n100644 0:0 0 d/b => d/a\n\
                         120777 0:0 0 l -> d/a\n100644 0:0 7 twice = p\n100644 0:0 9 twice = q\n\n\
                         100644 0:0 10000 copy = x\n100600 0:0 9 twice = q\n100644 0:0 50 new/y\n\n0 0:0 0 new/.wh.y";

    #[test]
    fn sums_agree() {
        let mut image = sketch(IMAGE);
        let pair = (image.layers[0].diff_id.clone(), "sha256:".to_owned() + &"0a".repeat(32));
        assert_eq!(pair.0, None);
        let tree = ImageTree::new(&image);
        let totals = Totals::new(&image, &tree);
        let waste = WasteBytes { deleted: 50, overwritten: 0, metadata_only: 9, same_layer_duplicate: 7 };
        assert_eq!(totals.waste, waste);
        assert_eq!((totals.stored_file_bytes, totals.merged_bytes), (20_075, 20_009));
        assert_eq!((totals.merged_files, totals.merged_entries), (3, 5));
        assert_eq!(totals.duplicate_content_bytes, 10_000);
        assert_eq!(totals.disk_bytes, 20_068);
        let blobs: Vec<u64> = image.layers.iter().map(|layer| layer.blob_bytes).collect();
        assert_eq!((totals.pull_bytes, totals.pull_is_uncompressed), (blobs.iter().sum(), true));
        assert_eq!(push_bytes(&image, 1), blobs[1] + blobs[2]);
        // A registry holds, and sends, the same blob once.
        for layer in &mut image.layers[1..] {
            layer.digest = pair.1.parse().ok();
        }
        assert_eq!(push_bytes(&image, 0), blobs[0] + blobs[1]);
        assert_eq!(push_bytes(&image, 2), 0);
    }

    #[test]
    fn a_base_is_left_out_of_both_parts_of_a_ratio() {
        let image = sketch(IMAGE);
        let tree = ImageTree::new(&image);
        let above_base = |base| AboveBase::new(&image, &losses(&image, &tree, base), base);
        let above = above_base(1);
        assert_eq!((above.stored_file_bytes, above.waste.sum()), (10_059, 59));
        assert!((above.efficiency() - 10_000.0 / 10_059.0).abs() < 1e-12);
        assert!((above_base(9).efficiency() - 1.0).abs() < 1e-12);
        assert!((Totals::new(&image, &tree).efficiency() - 20_009.0 / 20_075.0).abs() < 1e-12);
    }

    #[test]
    fn layers_that_were_not_read_are_counted() {
        let mut image = sketch(IMAGE);
        image.layers.push(Layer { contents: Contents::NotAsked, blob_bytes: 70, ..Layer::default() });
        let totals = Totals::new(&image, &ImageTree::new(&image));
        assert_eq!(totals.unread_layers, 1);

        let digest: Option<crate::image::Digest> = format!("sha256:{}", "0".repeat(64)).parse().ok();
        let mut unread =
            Layer { contents: Contents::NotAsked, blob_bytes: 70, digest: digest.clone(), ..Layer::default() };
        let sizes = |layer: &Layer| {
            let image = Image { layers: vec![layer.clone()], ..Image::default() };
            Totals::new(&image, &ImageTree::new(&image)).pull_is_uncompressed
        };
        assert!(!sizes(&unread), "nothing tells");
        unread.diff_id = digest;
        assert!(sizes(&unread), "what is stored is what it holds");
    }

    #[test]
    fn a_transfer_takes_its_time() {
        assert!((transfer_seconds(12_500_000, 1e8) - 1.0).abs() < 1e-12);
    }
}
