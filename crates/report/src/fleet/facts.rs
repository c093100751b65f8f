//! What the result of one item says, as far as it is joined.

use std::fmt;

use super::item::FleetItem;
use crate::analysis::{ChainLayer, LayerChain};
use crate::results::{FindingState, ReadResultError, read_result};
use crate::settings::image_repository;
use crate::wire::{ImageJson, ImagePackageJson, ImagesJson};

/// Layers of an image that are looked at: no image that was read has more.
const MOST_LAYERS: usize = 10_000;

/// What the result of an item says.
#[derive(Debug, Default)]
pub struct ItemFacts {
    /// What was found in it.
    pub(super) findings: Vec<FindingState>,
    /// Its images: one, or one for each platform.
    pub(super) images: Vec<ImageFacts>,
    /// How many builds it has.
    pub(super) builds: usize,
    /// What could not be read of it.
    pub(super) problems: Vec<String>,
}

impl ItemFacts {
    /// What was found in the item.
    pub fn findings(&self) -> &[FindingState] {
        &self.findings
    }

    /// What could not be read of it.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// An image.
#[derive(Debug, Default)]
pub(super) struct ImageFacts {
    pub chain: LayerChain,
    pub disk_bytes: Option<u64>,
    pub packages: Vec<PackageFacts>,
}

/// A package of an image.
#[derive(Debug, Default)]
pub(super) struct PackageFacts {
    pub ecosystem: String,
    pub name: String,
    pub version: String,
    /// Bytes of a pull, where they are known; else of the disk.
    pub bytes: u64,
    /// The number of the layer that it is in, from 0.
    pub layer: usize,
}

/// Why a text is not the result of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactsError {
    /// It is no result.
    Unreadable(ReadResultError),
    /// It is the result of another command.
    Foreign(&'static str),
}

impl fmt::Display for FactsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(out, "its result {error}"),
            Self::Foreign(command) => write!(out, "its result is not one of `{command}`"),
        }
    }
}

/// Reads the result of an item: of `audit` for a folder, of `image` for an image.
///
/// # Errors
/// It is no such result.
pub fn read_facts(item: &FleetItem, text: &[u8]) -> Result<ItemFacts, FactsError> {
    let command = if item.is_image() { "image" } else { "audit" };
    let result = read_result(text).map_err(FactsError::Unreadable)?;
    if result.after.checks.iter().all(|check| check.command != command) {
        return Err(FactsError::Foreign(command));
    }
    let mut facts = ItemFacts { problems: result.notices, findings: result.after.findings, ..ItemFacts::default() };
    if item.is_image() {
        // It was read a moment ago, so it can be read.
        let images = serde_json::from_slice::<ImagesJson>(text).map(|read| read.images).unwrap_or_default();
        facts.images = images.into_iter().map(image).collect();
    } else {
        facts.builds = result.after.builds.len();
    }
    Ok(facts)
}

fn image(image: ImageJson) -> ImageFacts {
    let base = image.base;
    let layer = |layer: crate::wire::ImageLayerJson| ChainLayer {
        digest: layer.diff_id.or(layer.digest),
        bytes: layer.pull_bytes.or(layer.blob_bytes).unwrap_or(0),
        is_estimate: layer.pull_bytes.is_some() && layer.pull_bytes != layer.blob_bytes,
        instruction: layer.instruction,
    };
    let packages = image.packages.map(|packages| packages.list).unwrap_or_default();
    ImageFacts {
        disk_bytes: image.totals.disk_bytes,
        chain: LayerChain {
            repository: image_repository(&image.reference).to_owned(),
            base_layers: base.as_ref().filter(|base| base.how != "guess").map(|base| base.layers),
            base_name: base.and_then(|base| base.name),
            layers: image.layers.into_iter().take(MOST_LAYERS).map(layer).collect(),
        },
        packages: packages.into_iter().map(package).collect(),
    }
}

fn package(package: ImagePackageJson) -> PackageFacts {
    PackageFacts {
        ecosystem: package.ecosystem,
        name: package.name,
        version: package.version,
        bytes: package.pull_bytes.unwrap_or(package.bytes),
        layer: package.layer,
    }
}
