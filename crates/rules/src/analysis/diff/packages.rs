//! Packages that came, went, or changed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::sums::delta;
use super::version;
use crate::analysis::ImageAnalysis;
use crate::image::packages::{Ecosystem, Package};

/// How a package changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageHow {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its version is later.
    Upgraded,
    /// Its version is earlier.
    Downgraded,
    /// Its version is another one, and nothing tells which is later.
    Changed,
    /// Its version is the same, and its files are not.
    Resized,
}

impl PackageHow {
    /// As in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Changed => "changed",
            Self::Resized => "resized",
        }
    }
}

/// A package that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    /// Whose.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// How it changed.
    pub how: PackageHow,
    /// Its versions before, in order; empty where it is new.
    pub before: Vec<String>,
    /// Its versions after; empty where it is gone.
    pub after: Vec<String>,
    /// What came, or went.
    pub bytes: i64,
}

#[derive(Default)]
struct PackageEntry {
    versions: BTreeSet<String>,
    bytes: u64,
}

type PackageEntries = BTreeMap<(Ecosystem, String), PackageEntry>;

pub(super) fn changes(before: &ImageAnalysis, after: &ImageAnalysis) -> Vec<PackageChange> {
    let (old, new) = (packages_of(before), packages_of(after));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let none = PackageEntry::default();
    let mut changes = Vec::new();
    for name in names {
        let (a, b) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        let bytes = delta(a.bytes, b.bytes);
        let Some(how) = version_change(a, b).or((bytes != 0).then_some(PackageHow::Resized)) else { continue };
        changes.push(PackageChange {
            ecosystem: name.0,
            name: name.1.clone(),
            how,
            before: a.versions.iter().cloned().collect(),
            after: b.versions.iter().cloned().collect(),
            bytes,
        });
    }
    changes.sort_by_key(|change| std::cmp::Reverse(change.bytes.unsigned_abs()));
    changes
}

fn packages_of(analysis: &ImageAnalysis) -> PackageEntries {
    let mut all = PackageEntries::new();
    let packages = analysis.packages.iter().flat_map(|packages| &packages.packages);
    for package in packages {
        let Package { ecosystem, name, version, size, .. } = package;
        let entry = all.entry((*ecosystem, name.to_string())).or_default();
        entry.versions.insert(version.to_string());
        entry.bytes = entry.bytes.saturating_add(size.bytes);
    }
    all
}

/// How the versions changed; `None` where they did not.
fn version_change(before: &PackageEntry, after: &PackageEntry) -> Option<PackageHow> {
    if before.versions == after.versions {
        return None;
    }
    if before.versions.is_empty() {
        return Some(PackageHow::Added);
    }
    if after.versions.is_empty() {
        return Some(PackageHow::Removed);
    }
    // Of several versions side by side none is the earlier or the later one.
    let only = |entry: &PackageEntry| if entry.versions.len() == 1 { entry.versions.first().cloned() } else { None };
    Some(match only(before).zip(only(after)).map(|(a, b)| version::compare(&a, &b)) {
        Some(Ordering::Less) => PackageHow::Upgraded,
        Some(Ordering::Greater) => PackageHow::Downgraded,
        _ => PackageHow::Changed,
    })
}
