//! The base images of the other Dockerfiles of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::{BuildInput, Inputs};

/// Images that other Dockerfiles name.
#[derive(Clone, Debug, Default)]
pub struct NeighbourImages {
    /// How many Dockerfiles name each one, the one at hand included.
    counts: Arc<BTreeMap<String, usize>>,
    /// What the one at hand names.
    own_images: BTreeSet<String>,
}

impl NeighbourImages {
    /// Of a run; the build at hand is to be set.
    pub fn new(inputs: &Inputs) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for image in inputs.builds.iter().flat_map(images) {
            *counts.entry(image).or_default() += 1;
        }
        Self { counts: Arc::new(counts), own_images: BTreeSet::new() }
    }

    /// The images of the others than this one.
    #[must_use]
    pub fn of_others(&self, build: &BuildInput) -> Self {
        Self { counts: Arc::clone(&self.counts), own_images: images(build) }
    }

    /// Those that begin so, sorted.
    pub fn beginning_with<'n>(&'n self, start: &'n str) -> impl Iterator<Item = &'n String> {
        let from = self
            .counts
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .take_while(move |(image, _)| image.starts_with(start));
        from.filter(|(image, count)| **count > usize::from(self.own_images.contains(*image))).map(|(image, _)| image)
    }
}

/// The images that the FROMs of a Dockerfile name, variables as they are written.
pub fn images(build: &BuildInput) -> BTreeSet<String> {
    let froms = build.file.instructions().iter().filter_map(|instruction| build.file.from(instruction));
    froms.map(|from| from.image.text.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::BuildOptions;
    use crate::text::Source;

    #[test]
    fn images_of_others_are_told() {
        let build = |text: &str| BuildInput::new(&Source::of("Dockerfile", text), BuildOptions::default());
        let builds = vec![build("FROM node:22\nFROM debian:12\n"), build("FROM node:22-slim\nFROM debian:12\n")];
        let images = NeighbourImages::new(&Inputs { builds, ..Inputs::default() });
        let of = |text: &str, start: &str| {
            images.of_others(&build(text)).beginning_with(start).cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("FROM node:22\nFROM debian:12\n", "node"), "node:22-slim");
        assert_eq!(of("FROM node:22\nFROM debian:12\n", "debian"), "debian:12");
        assert_eq!(of("FROM node:22-slim\nFROM debian:12\n", "node"), "node:22");
    }
}
