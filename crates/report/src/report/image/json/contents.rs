//! What is in an image ─► JSON: lost bytes, equal and useless contents, packages, folders, findings.

use serde::Serialize;

use crate::analysis::{AnalysisFinding, ImageAnalysis, rule_of_category};
use crate::finding::Basis;
use crate::image::packages::{ImagePackages, PackageReason};
use crate::image::{CategoryClass, EntryKind, Loss};
use crate::report::image::origin::origin;
use crate::report::image::{ImageView, folders, shown_path};
use crate::rules::ImageFinding;
use crate::wire::{ImageFindingJson, OnlyWritten, list, object};

/// The largest losses.
pub(super) fn losses(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    let mut all: Vec<&Loss> = analysis.losses.iter().collect();
    all.sort_by_key(|loss| std::cmp::Reverse(loss.bytes));
    list(all.into_iter().take(top), |loss| {
        object! {
            path: shown_path(analysis, loss.path),
            kind: loss.how.name(),
            bytes: loss.bytes,
            pull_bytes: loss.compressed,
            layer: loss.entry.layer,
            lost_by: loss.by,
            waste_layer: loss.waste_layer,
        }
    })
}

pub(super) fn groups(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    list(analysis.loss_groups.iter().take(top), |group| {
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
    })
}

pub(super) fn duplicates(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    list(analysis.duplicates.iter().take(top), |equal| {
        object! {
            size: equal.size,
            bytes: equal.bytes(),
            same_layer_bytes: equal.same_layer,
            cross_layer_bytes: equal.cross_layer,
            copies: list(equal.copies.iter().take(top), |(path, entry)| {
                object! { path: shown_path(analysis, *path), layer: entry.layer }
            }),
            copy_count: equal.copies.len(),
        }
    })
}

pub(super) fn categories(analysis: &ImageAnalysis, top: usize) -> Vec<impl Serialize> {
    list(&analysis.categories, |category| {
        object! {
            name: &category.category.name,
            class: class(category.category.class),
            fix: &category.category.fix,
            rule: rule_of_category(analysis, category),
            files: category.files,
            bytes: category.bytes,
            pull_bytes: category.compressed,
            layers: list(&category.layers, |layer| object! { layer: layer.layer, files: layer.files, bytes: layer.bytes }),
            places: list(category.places.iter().take(top), |place| {
                object! { path: shown_path(analysis, place.path), files: place.sum.files, bytes: place.sum.bytes }
            }),
        }
    })
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
    object! {
        count: packages.packages.len(),
        bytes: packages.packages.iter().map(|package| package.size.bytes).sum::<u64>(),
        unowned_bytes: packages.unowned.iter().map(|unowned| unowned.size.bytes).sum::<u64>(),
        list: list(order.into_iter().take(top), |id| package(analysis, packages, id)),
        unowned: list(packages.unowned.iter().take(top), |unowned| object! {
            path: shown_path(analysis, unowned.directory),
            layer: unowned.layer,
            files: unowned.size.files,
            bytes: unowned.size.bytes,
        }),
        duplicates: list(packages.duplicates.iter().take(top), |duplicate| {
            object! { packages: duplicate.packages.clone(), bytes: duplicate.bytes }
        }),
    }
}

fn package(analysis: &ImageAnalysis, packages: &ImagePackages, id: usize) -> impl Serialize {
    let package = &packages.packages[id];
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
        layers: list(&package.by_layer, |(layer, size)| {
            object! { layer: *layer, files: size.files, bytes: size.bytes }
        }),
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
    list(folders::biggest(analysis, view.depth, view.top, 1), |folder| {
        object! {
            path: shown_path(analysis, folder.path),
            depth: folder.level,
            bytes: folder.bytes,
            directory: entry(folder.path).is_none_or(|entry| entry.kind == EntryKind::Directory),
        }
    })
}

pub(in crate::report::image) fn finding(analysis: &ImageAnalysis, finding: &AnalysisFinding) -> ImageFindingJson {
    ImageFindingJson {
        name: finding.name.clone(),
        severity: finding.severity.name().to_owned(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        rule: finding.rule.map(str::to_owned),
        url: OnlyWritten(finding.rule.and_then(crate::rules::find).map(crate::rules::Rule::url)),
        layer: OnlyWritten(Some(finding.layer)),
        lost_by: OnlyWritten(finding.by),
        origin: analysis.place(analysis.layer_to_change(finding)).map(origin),
        path: Some(shown_path(analysis, finding.path)),
        files: OnlyWritten(finding.files),
        bytes: finding.bytes,
        pull_bytes: finding.compressed,
        basis: OnlyWritten(Basis::Measured.name()),
    }
}

/// What a rule about images found, in the shape of the other findings: it costs no bytes.
pub(in crate::report::image) fn fact(analysis: &ImageAnalysis, fact: &ImageFinding) -> ImageFindingJson {
    ImageFindingJson {
        name: fact.rule.to_owned(),
        severity: fact.severity.name().to_owned(),
        message: fact.message.clone(),
        help: fact.help.to_owned(),
        rule: Some(fact.rule.to_owned()),
        url: OnlyWritten(crate::rules::find(fact.rule).map(crate::rules::Rule::url)),
        layer: OnlyWritten(fact.layer),
        lost_by: OnlyWritten(None),
        origin: analysis.place_of_fact(fact).map(origin),
        path: fact.path.map(|path| shown_path(analysis, path)),
        files: OnlyWritten(u64::from(fact.path.is_some())),
        bytes: 0,
        pull_bytes: None,
        basis: OnlyWritten(Basis::Measured.name()),
    }
}
