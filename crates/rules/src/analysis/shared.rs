//! What a host pulls for several images: layers that they share are pulled once.

use std::collections::BTreeMap;

use crate::analysis::ImageAnalysis;
use crate::image::Layer;

/// What several images have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedLayers {
    /// Bytes that pulls of the images on hosts of their own take together, as a registry sends them.
    pub separate_bytes: u64,
    /// Bytes that one host pulls for all of them.
    pub host_bytes: u64,
    /// For each image the bytes that no other of them has.
    pub only_bytes: Vec<u64>,
    /// Layers that at least two images have, most bytes first.
    pub layers: Vec<SharedLayer>,
    /// The different base images, most bytes first.
    pub bases: Vec<SharedBase>,
    /// Bytes that a host would not pull if all images had the largest of the bases.
    pub common_base_saves: u64,
}

/// A layer that several images have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedLayer {
    /// Its digest as it is known here.
    pub digest: String,
    /// Bytes of a pull.
    pub bytes: u64,
    /// The images, by index.
    pub images: Vec<usize>,
    /// The instruction that made it, on one line.
    pub instruction: Option<String>,
}

/// A base image of some of the images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBase {
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Bytes of a pull.
    pub bytes: u64,
    /// The images, by index.
    pub images: Vec<usize>,
}

/// What a layer is told by: its contents, whatever they are compressed with; its place in the image where nobody knows.
fn key(image: usize, number: usize, layer: &Layer) -> String {
    let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
    digest.map_or_else(|| format!("layer {} of image {}", number + 1, image + 1), ToString::to_string)
}

/// Compares the layers of images.
pub fn shared_layers(images: &[ImageAnalysis]) -> SharedLayers {
    let mut shared = SharedLayers::default();
    let mut layers: BTreeMap<String, SharedLayer> = BTreeMap::new();
    let mut bases: BTreeMap<Vec<String>, SharedBase> = BTreeMap::new();
    for (index, image) in images.iter().enumerate() {
        let mut chain = Vec::new();
        for (number, layer) in image.image.layers.iter().enumerate() {
            let key = key(index, number, layer);
            let known = layers.entry(key.clone()).or_insert_with(|| SharedLayer {
                digest: key.clone(),
                bytes: layer.pull_bytes(),
                images: Vec::new(),
                instruction: image.instruction(number).map(str::to_owned),
            });
            if known.images.last() != Some(&index) {
                known.images.push(index);
                shared.separate_bytes += known.bytes;
            }
            if image.is_base(number) {
                chain.push(key);
            }
        }
        let bytes = image.image.layers.iter().take(chain.len()).map(Layer::pull_bytes).sum();
        let name = image.origins.base.name.clone();
        let base = bases.entry(chain).or_insert(SharedBase { name: None, bytes, images: Vec::new() });
        base.name = base.name.take().or(name);
        base.images.push(index);
    }
    shared.host_bytes = layers.values().map(|layer| layer.bytes).sum();
    let only = |index| layers.values().filter(|layer| layer.images == [index]).map(|layer| layer.bytes).sum();
    shared.only_bytes = (0..images.len()).map(only).collect();
    shared.common_base_saves = common_base_saves(&layers, &bases);
    shared.layers = layers.into_values().filter(|layer| layer.images.len() > 1).collect();
    shared.layers.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.digest.cmp(&b.digest)));
    shared.bases = bases.into_values().collect();
    shared.bases.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.images.cmp(&b.images)));
    shared
}

/// Bytes of the distinct layers of all bases, without those of the largest base.
fn common_base_saves(layers: &BTreeMap<String, SharedLayer>, bases: &BTreeMap<Vec<String>, SharedBase>) -> u64 {
    let mut distinct: Vec<&String> = bases.keys().flatten().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let all: u64 = distinct.into_iter().filter_map(|key| layers.get(key)).map(|layer| layer.bytes).sum();
    all.saturating_sub(bases.values().map(|base| base.bytes).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{AnalysisOptions, analyse};
    use crate::finding::Mask;
    use crate::image::{Image, Read};
    use dockopt_testing::sketch;

    /// An image of layers with these bytes of a pull, told by their first letter; `base` of them are the base image's.
    fn image(layers: &[(&str, u64)]) -> Image {
        let mut image = sketch(&vec!["100644 0:0 9 a"; layers.len()].join("\n\n"));
        for (layer, (letter, bytes)) in image.layers.iter_mut().zip(layers) {
            layer.diff_id = format!("sha256:{}", letter.repeat(64)).parse().ok();
            layer.gzip_estimate = Some(*bytes);
        }
        image
    }

    #[test]
    fn layers_are_pulled_once() {
        let images = vec![
            image(&[("a", 50), ("b", 7)]),
            image(&[("a", 50), ("c", 20)]),
            image(&[("d", 30), ("b", 7), ("b", 7)]),
        ];
        let read = Read { images, ..Read::default() };
        let analysis = analyse(read, &AnalysisOptions::default(), &mut Mask::default());
        let shared = shared_layers(&analysis.images);
        assert_eq!((shared.separate_bytes, shared.host_bytes), (57 + 70 + 37, 50 + 7 + 20 + 30));
        assert_eq!(shared.only_bytes, [0, 20, 30]);
        let layers: Vec<_> = shared.layers.iter().map(|layer| (layer.bytes, layer.images.clone())).collect();
        assert_eq!(layers, [(50, vec![0, 1]), (7, vec![0, 2])]);
        // The lowest layer counts as the base of an image whose base is not known.
        let bases: Vec<_> = shared.bases.iter().map(|base| (base.bytes, base.images.clone())).collect();
        assert_eq!(bases, [(50, vec![0, 1]), (30, vec![2])]);
        assert_eq!(shared.common_base_saves, 30);
    }
}
