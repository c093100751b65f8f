//! What a host pulls for several images: layers that they share are pulled once.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::ImageAnalysis;
use crate::attribution::BaseHow;
use crate::image::Layer;
use crate::settings::image_repository;

/// Of so many repositories one has to start with the same layers for these to count as a base that nobody names.
const BASE_SHARE: usize = 20;

/// What several images have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedLayers {
    /// Bytes that pulls of the images on hosts of their own take together, as a registry sends them.
    pub separate_bytes: u64,
    /// Bytes that one host pulls for all of them.
    pub host_bytes: u64,
    /// For each image the bytes of a pull of it alone, each layer once.
    pub image_bytes: Vec<u64>,
    /// For each image the bytes that no other of them has.
    pub only_bytes: Vec<u64>,
    /// For each image how many of its layers, from the lowest, are those of its base.
    pub base_layers: Vec<usize>,
    /// How many different layers there are.
    pub layer_count: usize,
    /// Layers that at least two images have, most bytes first.
    pub layers: Vec<SharedLayer>,
    /// The different base images, most bytes first.
    pub bases: Vec<SharedBase>,
    /// Bytes that a host would not pull if all images had the largest of the bases.
    pub common_base_saves: u64,
    /// Bases of one name in several versions, the largest saving first.
    pub families: Vec<BaseFamily>,
}

/// Base images of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseFamily {
    /// The name without tag and digest.
    pub name: String,
    /// The bases, by index.
    pub bases: Vec<usize>,
    /// Bytes that a host would not pull if all of their images had the largest of them.
    pub saves: u64,
}

/// A layer that several images have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedBase {
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Bytes of a pull.
    pub bytes: u64,
    /// The images, by index.
    pub images: Vec<usize>,
    /// How many layers it has.
    pub layers: usize,
    /// The instruction that made its uppermost layer, on one line.
    pub instruction: Option<String>,
    /// Bytes of its layers that the largest base does not have.
    pub other_bytes: u64,
}

/// What is compared of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerChain {
    /// Its name without tag and digest.
    pub repository: String,
    /// How many layers are the base's, where something tells; else it is judged by what other images start with.
    pub base_layers: Option<usize>,
    /// The name of the base, where it is known.
    pub base_name: Option<String>,
    /// The layers, the lowest first.
    pub layers: Vec<ChainLayer>,
}

/// A layer of a [`LayerChain`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainLayer {
    /// What it is told by: a digest of its contents, whatever they are compressed with; `None` where nobody knows.
    pub digest: Option<String>,
    /// Bytes of a pull.
    pub bytes: u64,
    /// Whether they are estimated: what a registry stores counts before that.
    pub is_estimate: bool,
    /// The instruction that made it, on one line.
    pub instruction: Option<String>,
}

impl ChainLayer {
    fn of(analysis: &ImageAnalysis, number: usize, layer: &Layer) -> Self {
        Self {
            digest: layer.diff_id.as_ref().or(layer.digest.as_ref()).map(ToString::to_string),
            bytes: layer.pull_bytes(),
            is_estimate: layer.gzip_estimate.is_some(),
            instruction: analysis.instruction(number).map(str::to_owned),
        }
    }
}

impl LayerChain {
    fn of(analysis: &ImageAnalysis) -> Self {
        let base = &analysis.origins.base;
        let layers = analysis.image.layers.iter().enumerate();
        Self {
            repository: image_repository(&analysis.image.reference).to_owned(),
            base_layers: (base.how != BaseHow::Guess).then_some(base.layers),
            base_name: base.name.clone(),
            layers: layers.map(|(number, layer)| ChainLayer::of(analysis, number, layer)).collect(),
        }
    }
}

/// Compares the layers of images.
pub fn shared_layers(images: &[ImageAnalysis]) -> SharedLayers {
    let mut comparison = LayerComparison::default();
    for image in images {
        comparison.add(LayerChain::of(image));
    }
    comparison.finish()
}

/// A comparison of layers, image by image: memory grows with the number of layers.
#[derive(Debug, Default)]
pub struct LayerComparison {
    numbers: HashMap<String, usize>,
    layers: Vec<SharedLayer>,
    /// Layers of which only an estimate is known, by number.
    estimates: HashSet<usize>,
    images: Vec<ComparedImage>,
    repositories: HashMap<String, usize>,
}

#[derive(Debug)]
struct ComparedImage {
    repository: usize,
    base_layers: Option<usize>,
    base_name: Option<String>,
    /// Numbers of its layers, the lowest first.
    layers: Vec<usize>,
}

/// Adds to the sum of an image.
fn add(sums: &mut [u64], image: usize, bytes: u64) {
    if let Some(sum) = sums.get_mut(image) {
        *sum = sum.saturating_add(bytes);
    }
}

impl LayerComparison {
    /// Adds an image.
    pub fn add(&mut self, chain: LayerChain) {
        let image = self.images.len();
        let count = self.repositories.len();
        let repository = *self.repositories.entry(chain.repository).or_insert(count);
        let mut numbers = Vec::with_capacity(chain.layers.len());
        for (place, layer) in chain.layers.into_iter().enumerate() {
            let ChainLayer { digest, bytes, is_estimate, instruction } = layer;
            let key = digest.unwrap_or_else(|| format!("layer {} of image {}", place + 1, image + 1));
            let number = *self.numbers.entry(key.clone()).or_insert(self.layers.len());
            if number == self.layers.len() {
                self.layers.push(SharedLayer { digest: key, bytes, images: Vec::new(), instruction });
                if is_estimate {
                    self.estimates.insert(number);
                }
            }
            if let Some(layer) = self.layers.get_mut(number) {
                if layer.images.last() != Some(&image) {
                    layer.images.push(image);
                }
                if !is_estimate && self.estimates.remove(&number) {
                    layer.bytes = bytes;
                }
            }
            numbers.push(number);
        }
        let (base_layers, base_name) = (chain.base_layers, chain.base_name);
        self.images.push(ComparedImage { repository, base_layers, base_name, layers: numbers });
    }

    /// The number of a layer that an image has which was added; `None` for another.
    pub fn number_of(&self, digest: &str) -> Option<usize> {
        self.numbers.get(digest).copied()
    }

    /// What the images that were added share.
    pub fn finish(self) -> SharedLayers {
        let mut shared = SharedLayers { layer_count: self.layers.len(), ..SharedLayers::default() };
        shared.only_bytes = vec![0; self.images.len()];
        shared.image_bytes = vec![0; self.images.len()];
        for layer in &self.layers {
            let all = layer.bytes.saturating_mul(layer.images.len() as u64);
            shared.host_bytes = shared.host_bytes.saturating_add(layer.bytes);
            shared.separate_bytes = shared.separate_bytes.saturating_add(all);
            for image in &layer.images {
                add(&mut shared.image_bytes, *image, layer.bytes);
            }
            if let [image] = layer.images.as_slice() {
                add(&mut shared.only_bytes, *image, layer.bytes);
            }
        }
        shared.base_layers = self.base_layers();
        shared.bases = self.bases(&shared.base_layers);
        let largest: HashSet<usize> = match shared.bases.first() {
            Some(base) => self.base_chain(base, &shared.base_layers).iter().copied().collect(),
            None => HashSet::new(),
        };
        for base in &mut shared.bases {
            let chain: HashSet<usize> = self.base_chain(base, &shared.base_layers).iter().copied().collect();
            base.other_bytes = self.bytes(&chain.difference(&largest).copied().collect::<Vec<_>>());
        }
        shared.common_base_saves = self.saving(&shared.bases.iter().collect::<Vec<_>>(), &shared.base_layers);
        shared.families = self.families(&shared.bases, &shared.base_layers);
        shared.layers = self.layers.into_iter().filter(|layer| layer.images.len() > 1).collect();
        shared.layers.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.digest.cmp(&b.digest)));
        shared
    }

    fn bytes(&self, layers: &[usize]) -> u64 {
        let bytes = layers.iter().filter_map(|number| self.layers.get(*number)).map(|layer| layer.bytes);
        bytes.fold(0, u64::saturating_add)
    }

    /// How many layers of each image are its base's. Where nothing tells, these are the longest start that one in twenty
    /// repositories has, at least two; else the lowest layer, as of an image by itself.
    fn base_layers(&self) -> Vec<usize> {
        let mut order: Vec<&ComparedImage> = self.images.iter().collect();
        order.sort_by_key(|image| image.repository);
        // Starts of images, each by the start before it and one more layer.
        let mut starts: HashMap<(usize, usize), usize> = HashMap::new();
        let mut counts = vec![(0, None)];
        for image in order {
            let mut start = 0;
            for layer in &image.layers {
                start = *starts.entry((start, *layer)).or_insert(counts.len());
                if start == counts.len() {
                    counts.push((0, None));
                }
                if let Some((count, last)) = counts.get_mut(start)
                    && *last != Some(image.repository)
                {
                    (*count, *last) = (*count + 1, Some(image.repository));
                }
            }
        }
        let least = self.repositories.len().div_ceil(BASE_SHARE).max(2);
        let guess = |image: &ComparedImage| {
            let mut start = 0;
            let shared_layers = image.layers.iter().take_while(|layer| {
                start = starts.get(&(start, **layer)).copied().unwrap_or(0);
                counts.get(start).is_some_and(|(count, _)| *count >= least)
            });
            // Not all of it: something was built on its base.
            shared_layers.count().min(image.layers.len() - 1).max(1)
        };
        let of_image = |image: &ComparedImage| match image.base_layers {
            Some(layers) => layers,
            None if image.layers.len() > 1 => guess(image),
            None => 0,
        };
        self.images.iter().map(of_image).collect()
    }

    fn bases(&self, base_layers: &[usize]) -> Vec<SharedBase> {
        let mut bases: BTreeMap<&[usize], SharedBase> = BTreeMap::new();
        for (index, (image, layers)) in self.images.iter().zip(base_layers).enumerate() {
            let chain = image.layers.get(..*layers).unwrap_or(&image.layers);
            let base = bases.entry(chain).or_insert_with(|| SharedBase {
                bytes: self.bytes(chain),
                layers: chain.len(),
                instruction: chain.last().and_then(|number| self.layers.get(*number)?.instruction.clone()),
                ..SharedBase::default()
            });
            base.name = base.name.take().or_else(|| image.base_name.clone());
            base.images.push(index);
        }
        let mut bases: Vec<SharedBase> = bases.into_values().collect();
        bases.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.images.cmp(&b.images)));
        bases
    }

    /// The layers of a base, the lowest first.
    fn base_chain(&self, base: &SharedBase, base_layers: &[usize]) -> &[usize] {
        let chain = || {
            let index = base.images.first()?;
            self.images.get(*index)?.layers.get(..*base_layers.get(*index)?)
        };
        chain().unwrap_or_default()
    }

    /// Bytes of the distinct layers of bases that the largest of them does not have.
    fn saving(&self, bases: &[&SharedBase], base_layers: &[usize]) -> u64 {
        let largest = bases.iter().max_by_key(|base| base.bytes).map(|base| self.base_chain(base, base_layers));
        let largest: HashSet<usize> = largest.unwrap_or_default().iter().copied().collect();
        let mut others: Vec<usize> =
            bases.iter().flat_map(|base| self.base_chain(base, base_layers)).copied().collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|number| !largest.contains(number));
        self.bytes(&others)
    }

    /// The bases that have a name in several versions.
    fn families(&self, bases: &[SharedBase], base_layers: &[usize]) -> Vec<BaseFamily> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, base) in bases.iter().enumerate() {
            if let Some(name) = &base.name {
                by_name.entry(image_repository(name)).or_default().push(index);
            }
        }
        let mut families = Vec::new();
        for (name, indexes) in by_name {
            let of_name: Vec<&SharedBase> = indexes.iter().filter_map(|index| bases.get(*index)).collect();
            let saves = self.saving(&of_name, base_layers);
            if indexes.len() > 1 {
                families.push(BaseFamily { name: name.to_owned(), bases: indexes, saves });
            }
        }
        families.sort_by(|a, b| b.saves.cmp(&a.saves).then_with(|| a.name.cmp(&b.name)));
        families
    }
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

    /// A chain of layers of 10 bytes each, told by their letters.
    fn chain(repository: &str, letters: &str) -> LayerChain {
        let layer = |letter: char| ChainLayer { digest: Some(letter.to_string()), bytes: 10, ..ChainLayer::default() };
        let layers = letters.chars().map(layer).collect();
        LayerChain { repository: repository.to_owned(), layers, ..LayerChain::default() }
    }

    #[test]
    fn what_many_repositories_start_with_is_their_base() {
        let mut comparison = LayerComparison::default();
        // Two bases on one distribution; groups of two have a layer in common that is no base.
        for number in 0..40_u8 {
            let group = char::from(b'A' + number / 2);
            let base = if number < 20 { "dp" } else { "dn" };
            let letters = format!("{base}{group}{}", char::from_u32(0x100 + u32::from(number)).unwrap());
            comparison.add(chain(&format!("r{number}"), &letters));
        }
        // Tags of one repository share more than a base.
        comparison.add(chain("r40", "xyz1"));
        comparison.add(chain("r40", "xyz2"));
        let shared = comparison.finish();
        let bases: Vec<_> =
            shared.bases.iter().map(|base| (base.layers, base.images.len(), base.other_bytes)).collect();
        assert_eq!(bases, [(2, 20, 0), (2, 20, 10), (1, 2, 10)]);
        assert_eq!(shared.common_base_saves, 20);
        assert_eq!(shared.only_bytes.iter().sum::<u64>(), 42 * 10);
    }

    #[test]
    fn a_base_that_is_known_is_not_guessed() {
        let mut comparison = LayerComparison::default();
        comparison.add(LayerChain { base_layers: Some(1), ..chain("a", "xyz") });
        comparison.add(LayerChain { base_layers: Some(2), base_name: Some("b".into()), ..chain("b", "xyw") });
        assert_eq!(comparison.finish().base_layers, [1, 2]);
    }

    #[test]
    fn what_a_registry_stores_counts_before_an_estimate() {
        let mut comparison = LayerComparison::default();
        let layer =
            |bytes, is_estimate| ChainLayer { digest: Some("x".to_owned()), bytes, is_estimate, instruction: None };
        for (bytes, is_estimate) in [(7, true), (10, false), (8, true), (u64::MAX, true)] {
            comparison.add(LayerChain { layers: vec![layer(bytes, is_estimate)], ..LayerChain::default() });
        }
        let shared = comparison.finish();
        assert_eq!((shared.host_bytes, shared.separate_bytes, shared.image_bytes), (10, 40, vec![10; 4]));
        // Numbers that no image has do not overflow.
        let mut comparison = LayerComparison::default();
        let huge =
            |letter: &str| ChainLayer { digest: Some(letter.to_owned()), bytes: u64::MAX, ..ChainLayer::default() };
        comparison.add(LayerChain { layers: vec![huge("a"), huge("b")], ..LayerChain::default() });
        assert_eq!(comparison.finish().host_bytes, u64::MAX);
    }
}
