//! Caches of a repository that do not fit into what GitHub keeps for it.

use std::collections::BTreeMap;

use super::cache_scopes::{CacheWriter, writers};
use crate::finding::Findings;
use crate::inputs::WorkflowInput;
use crate::rules::WorkflowContext;
use crate::text::bytes;
use crate::workflow::WorkflowPlace;

crate::rules::family! {
    of_workflow
    "gha-cache-too-big" => gha_cache_too_big;
}

/// Bytes that GitHub keeps of a repository's caches before it removes those that were not used for longest
/// (docs.github.com, "Dependency caching reference: Usage limits and eviction policy").
const LIMIT: u64 = 10_000_000_000;

/// Hundredths of the limit that one run may write: the next run writes changed layers while the old ones are still there.
const MOST: u64 = 80;

/// Images that a message lists.
const NAMES: usize = 3;

/// A cache as GitHub keeps it: scope, Dockerfile, and what makes its legs differ.
type CacheKey = (String, [String; 3], [String; 4]);

/// An image in GitHub's cache.
struct KeptImage {
    /// What the image is called that was measured.
    name: String,
    /// Bytes of its layers, for one platform.
    blob_bytes: u64,
    /// Platforms.
    platforms: u64,
    /// Where the cache is written.
    place: WorkflowPlace,
}

/// The images of one pipeline that are written to GitHub's cache and are measured.
fn kept_images(cx: &WorkflowContext) -> BTreeMap<CacheKey, KeptImage> {
    let kept_image = |writer: &CacheWriter| {
        let dockerfile = cx.dockerfiles.build_at(cx.input, &writer.image[1])?.input().dockerfile;
        let measured = cx.inputs.measured.get(&dockerfile)?;
        let platforms = writer.leg[0].lines().count().max(1) as u64;
        let (name, blob_bytes) = (measured.name.clone(), measured.blob_bytes);
        Some(KeptImage { name, blob_bytes, platforms, place: writer.entry.text.place })
    };
    let mut kept = BTreeMap::new();
    for (scope, writers) in writers(cx, "gha") {
        for writer in &writers {
            if let Some(image) = kept_image(writer) {
                kept.entry((scope.clone(), writer.image.clone(), writer.leg.clone())).or_insert(image);
            }
        }
    }
    kept
}

/// The images of all pipelines of the repository, and where this one, the first that writes one, does so first; `None` in
/// other pipelines.
fn images_of_repository(cx: &WorkflowContext) -> Option<(BTreeMap<CacheKey, KeptImage>, WorkflowPlace)> {
    let is_own = |input: &&WorkflowInput| input.repository.folder == cx.input.repository.folder;
    let mut images = cx.inputs.workflows.iter().filter(is_own).map(|input| {
        let kept = kept_images(&WorkflowContext { input, ..*cx });
        (input.file, kept)
    });
    let (file, mut all) = images.find(|(_, kept)| !kept.is_empty())?;
    if file != cx.input.file {
        return None;
    }
    let place = all.values().map(|image| image.place).min_by_key(|place| place.span.start)?;
    for (_, kept) in images {
        all.extend(kept);
    }
    Some((all, place))
}

/// The images with their sizes, the largest first: `3.1 GB for each of 3 builds of acme/api`.
fn list(all: &BTreeMap<CacheKey, KeptImage>) -> String {
    let mut by_name: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for image in all.values() {
        let (blob_bytes, platforms) = by_name.entry(&image.name).or_default();
        *blob_bytes = image.blob_bytes;
        *platforms += image.platforms;
    }
    let mut images: Vec<(&str, (u64, u64))> = by_name.into_iter().collect();
    images.sort_by_key(|(name, (blob_bytes, platforms))| (std::cmp::Reverse(blob_bytes * platforms), *name));
    let text = |(name, (blob_bytes, builds)): &(&str, (u64, u64))| match builds {
        1 => format!("{} of `{name}`", bytes(*blob_bytes)),
        _ => format!("{} for each of {builds} builds of `{name}`", bytes(*blob_bytes)),
    };
    let mut texts: Vec<String> = images.iter().take(NAMES).map(text).collect();
    if images.len() > NAMES {
        texts.push(format!("{} more images", images.len() - NAMES));
    }
    texts.join(", ")
}

/// One run fills what GitHub keeps, so that the next one finds its cache removed.
fn gha_cache_too_big(cx: &WorkflowContext, out: &mut Findings) {
    if cx.inputs.measured.is_empty() {
        return;
    }
    let Some((all, place)) = images_of_repository(cx) else { return };
    let sum = all.values().map(|image| image.blob_bytes.saturating_mul(image.platforms)).fold(0, u64::saturating_add);
    if sum < LIMIT / 100 * MOST {
        return;
    }
    let message = format!(
        "a run writes at least {} into GitHub's cache, which keeps {} for a repository: layers that change push others out, and the next runs build these again",
        bytes(sum),
        bytes(LIMIT)
    );
    let Some(finding) = cx.finding(place, message) else { return };
    let mut finding = finding.help("keep the cache in a registry: `type=registry,ref=…,mode=max`");
    finding.notes.push(format!("{}; stages that are not in the image come on top with `mode=max`", list(&all)));
    out.push(finding);
}
