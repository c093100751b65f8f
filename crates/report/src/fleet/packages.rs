//! Packages that several images install by themselves, above their bases.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::PackageFacts;

/// A package that would be stored once in a common base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepeatedPackage {
    /// `deb`, `python`, …
    pub ecosystem: String,
    /// Its name.
    pub name: String,
    /// Its versions, each with the number of images that have it.
    pub versions: BTreeMap<String, usize>,
    /// Images that have it above their base.
    pub images: usize,
    /// Different layers that store it.
    pub layers: usize,
    /// Bytes of a pull of all of these copies but the largest.
    pub saves: u64,
}

/// Packages by ecosystem and name.
#[derive(Debug, Default)]
pub(super) struct PackageSums {
    packages: BTreeMap<(String, String), Vec<PackageCopy>>,
}

/// A package in an image.
#[derive(Debug)]
struct PackageCopy {
    version: String,
    bytes: u64,
    /// The image, by index.
    image: usize,
    /// The place of its layer in the image, from 0.
    place: usize,
    /// The number of its layer among all.
    layer: usize,
}

impl PackageSums {
    /// Adds a package of an image.
    pub(super) fn add(&mut self, package: PackageFacts, image: usize, layer: usize) {
        let PackageFacts { ecosystem, name, version, bytes, layer: place } = package;
        let copy = PackageCopy { version, bytes, image, place, layer };
        self.packages.entry((ecosystem, name)).or_default().push(copy);
    }

    /// The packages that at least two layers above bases store; `base_layers`: how many layers each image's base has.
    pub(super) fn finish(self, base_layers: &[usize]) -> Vec<RepeatedPackage> {
        let mut repeated = Vec::new();
        for ((ecosystem, name), copies) in self.packages {
            let is_above =
                |copy: &&PackageCopy| base_layers.get(copy.image).is_some_and(|layers| copy.place >= *layers);
            let mut package = RepeatedPackage { ecosystem, name, ..RepeatedPackage::default() };
            let (mut layers, mut images) = (BTreeMap::new(), BTreeSet::new());
            for copy in copies.iter().filter(is_above) {
                *package.versions.entry(copy.version.clone()).or_default() += 1;
                layers.insert(copy.layer, copy.bytes);
                images.insert(copy.image);
            }
            let largest = layers.values().copied().max().unwrap_or(0);
            package.saves = layers.values().copied().fold(0, u64::saturating_add).saturating_sub(largest);
            (package.layers, package.images) = (layers.len(), images.len());
            if package.layers > 1 && package.saves > 0 {
                repeated.push(package);
            }
        }
        let name = |package: &RepeatedPackage| (package.ecosystem.clone(), package.name.clone());
        repeated.sort_by(|a, b| b.saves.cmp(&a.saves).then_with(|| name(a).cmp(&name(b))));
        repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_above_bases_are_counted_once_per_layer() {
        let mut sums = PackageSums::default();
        let mut add = |name: &str, version: &str, bytes, image, place, layer| {
            let (ecosystem, name, version) = ("deb".to_owned(), name.to_owned(), version.to_owned());
            sums.add(PackageFacts { ecosystem, name, version, bytes, layer: place }, image, layer);
        };
        add("curl", "1", 100, 0, 2, 7);
        add("curl", "1", 100, 1, 2, 7);
        add("curl", "2", 120, 2, 3, 8);
        // In the base of the image.
        add("curl", "2", 120, 3, 0, 9);
        add("jq", "1", 50, 0, 2, 7);
        let packages = sums.finish(&[1, 1, 1, 1]);
        assert_eq!(packages.len(), 1);
        let curl = &packages[0];
        assert_eq!((curl.images, curl.layers, curl.saves), (3, 2, 100));
        assert_eq!(curl.versions, BTreeMap::from([("1".to_owned(), 2), ("2".to_owned(), 1)]));
    }
}
