//! Facts of the two images, and of what the host has of the new one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::analysis::{Difference, ImageAnalysis, PackageChange};
use crate::engine::Engine;
use crate::image::Contents;
use crate::release::{DifferenceFacts, ImageFacts, PullFacts, SettingChange};

/// Images of an engine whose layers are asked for.
const IMAGES: usize = 500;

/// A label of the OCI image specification (annotations, pre-defined keys).
fn label(image: &ImageAnalysis, name: &str) -> Option<String> {
    let text = image.image.config.labels.get(&format!("org.opencontainers.image.{name}"))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn image_facts(name: &str, analysis: &ImageAnalysis) -> ImageFacts {
    let image = &analysis.image;
    let is_read = image.layers.iter().all(|layer| layer.contents != Contents::NotAsked);
    let platform = if image.platform.is_unknown() { String::new() } else { image.platform.to_string() };
    let archive = Path::new(name).is_file().then(|| name.to_owned());
    let reference = if archive.is_some() { image.reference.clone() } else { name.to_owned() };
    ImageFacts {
        reference,
        archive,
        id: image.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        platform,
        created: label(analysis, "created").or_else(|| image.config.created.clone()),
        bytes: is_read.then_some(analysis.totals.disk_bytes),
        place: analysis.source.clone().unwrap_or_default(),
        revision: label(analysis, "revision"),
        version: label(analysis, "version"),
        waste: is_read.then(|| analysis.totals.waste.sum()),
        secrets: is_read.then_some(analysis.secrets.len()),
    }
}

pub(super) fn difference_facts(difference: &Difference) -> DifferenceFacts {
    let package = |change: &PackageChange| {
        let versions = |versions: &[String]| if versions.is_empty() { "none".to_owned() } else { versions.join(" ") };
        format!(
            "{} {} {} -> {}",
            change.ecosystem.name(),
            change.name,
            versions(&change.before),
            versions(&change.after)
        )
    };
    let setting = |change: &crate::analysis::ConfigChange| SettingChange {
        setting: match &change.name {
            Some(name) => format!("{} {name}", change.setting),
            None => change.setting.to_owned(),
        },
        before: change.before.clone(),
        after: change.after.clone(),
    };
    let is_other = |change: &&PackageChange| change.before != change.after;
    DifferenceFacts {
        bytes: difference.bytes(),
        shared_layers: difference.shared_layers,
        layers: difference.after.layers,
        packages: difference.packages.iter().filter(is_other).map(package).collect(),
        settings: difference.config.iter().map(setting).collect(),
        files: difference.files.len(),
    }
}

/// What an engine lacks of an image; `None` where it does not answer.
pub(super) fn pull_facts(engine: &Engine, name: &str, analysis: &ImageAnalysis) -> Option<PullFacts> {
    if engine.find(name, None).ok()?.is_some() {
        return Some(PullFacts { is_there: true, ..PullFacts::default() });
    }
    let mut known = BTreeSet::new();
    for image in engine.images().ok()?.iter().take(IMAGES) {
        known.extend(engine.find(&image.id, None).ok()?.into_iter().flat_map(|image| image.diff_ids));
    }
    let layers = analysis.image.layers.iter();
    let is_missing = |layer: &&crate::image::Layer| {
        layer.diff_id.as_ref().is_none_or(|diff_id| !known.contains(&diff_id.to_string()))
    };
    let missing: Vec<&crate::image::Layer> = layers.filter(is_missing).collect();
    let bytes = missing.iter().map(|layer| layer.pull_bytes()).sum();
    Some(PullFacts { is_there: false, layers: missing.len(), bytes })
}
