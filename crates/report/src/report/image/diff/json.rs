//! A difference ─► JSON.

use serde::Serialize;

use super::ImageDiff;
use crate::analysis::{FileChange, ImageAnalysis, LayerPair, PartKind, PathChangeKind, Sums, delta};
use crate::report::image::json::{digest, platform, pull_estimate};
use crate::report::image::origin::origin;
use crate::report::json::pretty;
use crate::wire::{Head, ImageSideJson, LayerPairJson, OnlyWritten, list, object};

/// The result of `image diff`, as `schemas/image-diff.schema.json` describes it.
pub fn write(diff: &ImageDiff<'_>) -> String {
    let difference = diff.difference;
    let file = |file: &FileChange| {
        object! {
            path: diff.file(file),
            change: file.how.name(),
            bytes_before: file.bytes_before,
            bytes_after: file.bytes_after,
            bytes: file.bytes(),
        }
    };
    let folders = || difference.folders.iter().filter(|folder| folder.depth <= diff.depth);
    let count_of = |how: PathChangeKind| difference.files.iter().filter(|file| file.how == how).count();
    pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.image-diff/1", "."),
        before: side(diff.before, &difference.before),
        after: side(diff.after, &difference.after),
        delta: deltas(&difference.before, &difference.after),
        new_pull_bytes: difference.new_pull_bytes,
        new_pull_estimate: difference.after.pull_estimate.map(|_| pull_estimate(difference.new_likely_pull_bytes)),
        shared_layers: difference.shared_layers,
        build_cache: difference.cache_use.map(|cache_use| object! {
            reused: cache_use.reused,
            rebuilt_equal: cache_use.rebuilt_equal,
            rebuilt_changed: cache_use.rebuilt_changed,
            added: cache_use.added,
            first_miss: cache_use.first_miss,
        }),
        summary: object! {
            text: diff.sentence(),
            parts: list(difference.summary(), |(name, bytes)| object! { name, bytes }),
        },
        parts: list(&difference.parts, part),
        layers: list(&difference.layers, |pair| layer(diff, pair)),
        packages: packages(diff),
        categories: categories(diff),
        folders: list(folders().take(diff.top), |folder| {
            object! { path: diff.path(folder.before, folder.after), depth: folder.depth, bytes: folder.bytes }
        }),
        files: list(difference.files.iter().take(diff.top), file),
        metadata: list(difference.metadata.iter().take(diff.top), file),
        counts: object! {
            packages: difference.packages.len(),
            folders: folders().count(),
            added: count_of(PathChangeKind::Added),
            removed: count_of(PathChangeKind::Removed),
            changed: count_of(PathChangeKind::Changed),
            metadata_only: difference.metadata.len(),
        },
        config: settings(diff),
        notices: diff.notices,
    })
}

fn side(analysis: &ImageAnalysis, sums: &Sums) -> ImageSideJson {
    let image = &analysis.image;
    ImageSideJson {
        reference: image.reference.clone(),
        source: OnlyWritten(analysis.source.clone()),
        platform: platform(&image.platform),
        manifest_digest: OnlyWritten(digest(image.manifest.as_ref())),
        id: OnlyWritten(digest(image.id.as_ref())),
        disk_bytes: sums.disk_bytes,
        pull_bytes: sums.pull_bytes,
        pull_estimate: sums.pull_estimate.map(pull_estimate),
        pull_is_uncompressed: sums.pull_is_uncompressed,
        waste_bytes: OnlyWritten(sums.waste_bytes),
        files: OnlyWritten(sums.files),
        layers: OnlyWritten(sums.layers),
    }
}

fn deltas(before: &Sums, after: &Sums) -> impl Serialize {
    let both = |before: Option<u64>, after: Option<u64>| Some(delta(before?, after?));
    object! {
        disk_bytes: both(before.disk_bytes, after.disk_bytes),
        pull_bytes: delta(before.pull_bytes, after.pull_bytes),
        waste_bytes: both(before.waste_bytes, after.waste_bytes),
        files: both(before.files, after.files),
        layers: delta(before.layers as u64, after.layers as u64),
    }
}

fn part(part: &crate::analysis::DiffPart) -> impl Serialize {
    let ecosystem = match part.kind {
        PartKind::Package(ecosystem) => Some(ecosystem.name()),
        _ => None,
    };
    object! { kind: part.kind.name(), name: &part.name, ecosystem, bytes: part.bytes }
}

fn layer(diff: &ImageDiff<'_>, pair: &LayerPair) -> LayerPairJson {
    let (old, new) = (diff.before, diff.after);
    let created = |analysis: &ImageAnalysis, at: Option<usize>| analysis.place(at?).map(origin);
    let [before, after] = diff.layer_bytes(pair);
    let instruction = pair.after.and_then(|at| new.instruction(at));
    let instruction = instruction.or_else(|| pair.before.and_then(|at| old.instruction(at)));
    LayerPairJson {
        before: OnlyWritten(pair.before),
        after: OnlyWritten(pair.after),
        same: OnlyWritten(pair.same),
        reuse: OnlyWritten(pair.reuse.name()),
        instruction: instruction.map(str::to_owned),
        origin_before: created(old, pair.before),
        origin_after: created(new, pair.after),
        bytes_before: pair.before.and(before),
        bytes_after: pair.after.and(after),
        bytes: OnlyWritten(before.zip(after).map(|(before, after)| delta(before, after))),
    }
}

fn packages(diff: &ImageDiff<'_>) -> Vec<impl Serialize> {
    list(diff.difference.packages.iter().take(diff.top), |package| {
        object! {
            ecosystem: package.ecosystem.name(),
            name: &package.name,
            change: package.how.name(),
            before: &package.before,
            after: &package.after,
            bytes: package.bytes,
        }
    })
}

fn categories(diff: &ImageDiff<'_>) -> Vec<impl Serialize> {
    list(diff.difference.categories.iter().take(diff.top), |category| {
        object! {
            name: &category.category.name,
            bytes_before: category.before,
            bytes_after: category.after,
            bytes: category.bytes(),
        }
    })
}

fn settings(diff: &ImageDiff<'_>) -> Vec<impl Serialize> {
    list(&diff.difference.config, |config_difference| {
        object! {
            setting: config_difference.setting,
            name: config_difference.name.as_deref(),
            before: config_difference.before.as_deref(),
            after: config_difference.after.as_deref(),
        }
    })
}
