//! What is in an image ─► JSON: lost bytes, equal and useless contents, packages, folders, findings.

use serde::Serialize;

use crate::analysis::{AnalysisFinding, ImageAnalysis, rule_of_category};
use crate::finding::Basis;
use crate::image::packages::{ImagePackages, PackageReason, Size};
use crate::image::{CategoryClass, EntryKind, Loss, LossGroup};
use crate::report::image::origin::{OriginJson, origin};
use crate::report::image::{ImageView, folders, shown_path};
use crate::report::wire::object;
use crate::rules::ImageFinding;

/// The largest losses.
pub(super) fn losses(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    let mut all: Vec<&Loss> = analysis.losses.iter().collect();
    all.sort_by_key(|loss| std::cmp::Reverse(loss.bytes));
    let loss = |loss: &Loss| {
        object! {
            path: shown_path(analysis, loss.path),
            kind: loss.how.name(),
            bytes: loss.bytes,
            pull_bytes: loss.compressed,
            layer: loss.entry.layer,
            lost_by: loss.by,
            waste_layer: loss.waste_layer,
        }
    };
    all.into_iter().take(top).map(loss).collect()
}

pub(super) fn groups(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    let group = |group: &LossGroup| {
        object! {
            path: shown_path(analysis, group.path),
            kind: group.how.name(),
            bytes: group.bytes,
            pull_bytes: group.compressed,
            layer: group.owner,
            lost_by: group.by,
            waste_layer: group.waste_layer,
            files: group.files,
        }
    };
    analysis.loss_groups.iter().take(top).map(group).collect()
}

pub(super) fn duplicates(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    let mut all = Vec::new();
    for equal in analysis.duplicates.iter().take(top) {
        let copy = |(path, entry): &(crate::image::PathId, crate::image::EntryId)| {
            object! {
                path: shown_path(analysis, *path),
                layer: entry.layer,
            }
        };
        all.push(object! {
            size: equal.size,
            bytes: equal.bytes(),
            same_layer_bytes: equal.same_layer,
            cross_layer_bytes: equal.cross_layer,
            copies: equal.copies.iter().take(top).map(copy).collect::<Vec<_>>(),
            copy_count: equal.copies.len(),
        });
    }
    all
}

pub(super) fn categories(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    let mut all = Vec::new();
    for category in &analysis.categories {
        let layer = |layer: &crate::image::CategoryLayer| {
            object! {
                layer: layer.layer,
                files: layer.files,
                bytes: layer.bytes,
            }
        };
        let place = |place: &crate::image::Place| {
            object! {
                path: shown_path(analysis, place.path),
                files: place.sum.files,
                bytes: place.sum.bytes,
            }
        };
        all.push(object! {
            name: &category.category.name,
            class: class(category.category.class),
            fix: &category.category.fix,
            rule: rule_of_category(analysis, category),
            files: category.files,
            bytes: category.bytes,
            pull_bytes: category.compressed,
            layers: category.layers.iter().map(layer).collect::<Vec<_>>(),
            places: category.places.iter().take(top).map(place).collect::<Vec<_>>(),
        });
    }
    all
}

const fn class(class: CategoryClass) -> &'static str {
    match class {
        CategoryClass::Waste => "waste",
        CategoryClass::Trim => "trim",
        CategoryClass::Toolchain => "toolchain",
        CategoryClass::Optional => "optional",
    }
}

pub(super) fn packages(analysis: &ImageAnalysis, packages: &ImagePackages, top: usize) -> impl Serialize {
    let mut order: Vec<usize> = (0..packages.packages.len()).collect();
    order.sort_by_key(|id| std::cmp::Reverse(packages.packages[*id].size.bytes));
    let unowned = |unowned_files: &crate::image::packages::UnownedFiles| {
        object! {
            path: shown_path(analysis, unowned_files.directory),
            layer: unowned_files.layer,
            files: unowned_files.size.files,
            bytes: unowned_files.size.bytes,
        }
    };
    object! {
        count: packages.packages.len(),
        bytes: packages.packages.iter().map(|package| package.size.bytes).sum::<u64>(),
        unowned_bytes: packages.unowned.iter().map(|unowned| unowned.size.bytes).sum::<u64>(),
        list: order.into_iter().take(top).map(|id| package(analysis, packages, id)).collect::<Vec<_>>(),
        unowned: packages.unowned.iter().take(top).map(unowned).collect::<Vec<_>>(),
        duplicates: packages
            .duplicates
            .iter()
            .take(top)
            .map(|duplicate| object! { packages: duplicate.packages.clone(), bytes: duplicate.bytes })
            .collect::<Vec<_>>(),
    }
}

fn package(analysis: &ImageAnalysis, packages: &ImagePackages, id: usize) -> impl Serialize {
    let package = &packages.packages[id];
    let layer = |(layer, size): &(u32, Size)| object! { layer: *layer, files: size.files, bytes: size.bytes };
    object! {
        id,
        ecosystem: package.ecosystem.name(),
        name: &package.name,
        version: &package.version,
        architecture: (!package.architecture.is_empty()).then_some(&package.architecture),
        path: shown_path(analysis, package.place),
        bytes: package.size.bytes,
        pull_bytes: package.size.compressed,
        files: package.size.files,
        layer: package.layer,
        layers: package.by_layer.iter().map(layer).collect::<Vec<_>>(),
        why: match package.why {
            PackageReason::Asked => Some("asked"),
            PackageReason::Dependency => Some("dependency"),
            PackageReason::Unknown => None,
        },
        orphan: package.is_orphan(),
        development: package.development,
        essential: package.essential,
        needs: &package.needs,
        needed_by: &package.needed_by,
        exclusive_bytes: package.exclusive.map(|size| size.bytes),
        closure_bytes: package.closure.map(|size| size.bytes),
        part_of: package.part_of,
        parts: package.parts.len(),
    }
}

/// The folders to the depth asked for.
pub(super) fn tree(analysis: &ImageAnalysis, view: &ImageView<'_>) -> Vec<impl Serialize> {
    let entry =
        |path| analysis.tree.at(path).map(|id| &analysis.image.layers[id.layer as usize].entries[id.index as usize]);
    let mut all = Vec::new();
    for folder in folders::biggest(analysis, view.depth, view.top, 1) {
        all.push(object! {
            path: shown_path(analysis, folder.path),
            depth: folder.level,
            bytes: folder.bytes,
            directory: entry(folder.path).is_none_or(|entry| entry.kind == EntryKind::Directory),
        });
    }
    all
}

#[derive(Serialize)]
pub(in crate::report::image) struct ImageFindingJson<'a> {
    name: &'a str,
    severity: &'static str,
    message: &'a str,
    help: &'a str,
    rule: Option<&'a str>,
    url: Option<String>,
    layer: Option<usize>,
    lost_by: Option<usize>,
    origin: Option<OriginJson<'a>>,
    path: Option<String>,
    files: u64,
    bytes: u64,
    pull_bytes: Option<u64>,
    basis: &'static str,
}

pub(in crate::report::image) fn finding<'a>(
    analysis: &'a ImageAnalysis,
    finding: &'a AnalysisFinding,
) -> ImageFindingJson<'a> {
    ImageFindingJson {
        name: &finding.name,
        severity: finding.severity.name(),
        message: &finding.message,
        help: &finding.help,
        rule: finding.rule,
        url: finding.rule.and_then(crate::rules::find).map(crate::rules::Rule::url),
        layer: Some(finding.layer),
        lost_by: finding.by,
        origin: analysis.place(analysis.layer_to_change(finding)).map(|(name, place)| origin(name, place)),
        path: Some(shown_path(analysis, finding.path)),
        files: finding.files,
        bytes: finding.bytes,
        pull_bytes: finding.compressed,
        basis: Basis::Measured.name(),
    }
}

/// What a rule about images found, in the shape of the other findings: it costs no bytes.
pub(in crate::report::image) fn fact<'a>(analysis: &'a ImageAnalysis, fact: &'a ImageFinding) -> ImageFindingJson<'a> {
    ImageFindingJson {
        name: fact.rule,
        severity: fact.severity.name(),
        message: &fact.message,
        help: fact.help,
        rule: Some(fact.rule),
        url: crate::rules::find(fact.rule).map(crate::rules::Rule::url),
        layer: fact.layer,
        lost_by: None,
        origin: analysis.place_of_fact(fact).map(|(name, place)| origin(name, place)),
        path: fact.path.map(|path| shown_path(analysis, path)),
        files: u64::from(fact.path.is_some()),
        bytes: 0,
        pull_bytes: None,
        basis: Basis::Measured.name(),
    }
}
