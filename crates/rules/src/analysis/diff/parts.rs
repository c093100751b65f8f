//! The bytes of a difference, each told once.

use std::collections::BTreeMap;

use super::files::FileChange;
use super::sums::delta;
use crate::analysis::ImageAnalysis;
use crate::image::packages::Ecosystem;
use crate::image::{Category, CategoryClass, PathId, category_of};

/// Parts that a summary names.
const NAMED: usize = 4;
/// A part below this share of the largest one is not named in a summary.
const SMALL: u64 = 50;

/// What bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// A category of useless files.
    Category(CategoryClass),
    /// A package.
    Package(Ecosystem),
    /// A folder, without what is of a category or a package.
    Folder,
    /// Bytes that no final tree has.
    Waste,
}

impl PartKind {
    /// As in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Category(_) => "category",
            Self::Package(_) => "package",
            Self::Folder => "folder",
            Self::Waste => "waste",
        }
    }
}

/// A part of a difference. No two parts have a byte in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffPart {
    /// What it is.
    pub kind: PartKind,
    /// The category, the package, the folder.
    pub name: String,
    /// What came, or went.
    pub bytes: i64,
}

/// The parts of what is on disk: of the paths whose bytes changed, and of the rest, which is waste.
pub(super) fn parts(before: &ImageAnalysis, after: &ImageAnalysis, changes: &[FileChange]) -> Vec<DiffPart> {
    let mut sums: BTreeMap<(PartKind, String), i64> = BTreeMap::new();
    let mut explained_bytes: i64 = 0;
    let mut buffer = Vec::new();
    for change in changes {
        let (owner, path) = match (change.before, change.after) {
            (_, Some(path)) => (after, path),
            (Some(path), None) => (before, path),
            (None, None) => continue,
        };
        let part = part(owner, path, &mut buffer).unwrap_or_else(|| match change.before {
            // A package that is gone had it before: the bytes are its own.
            Some(old) => package(before, old).unwrap_or_else(|| (PartKind::Folder, folder(&buffer))),
            None => (PartKind::Folder, folder(&buffer)),
        });
        let sum = sums.entry(part).or_default();
        *sum = sum.saturating_add(change.bytes());
        explained_bytes = explained_bytes.saturating_add(change.bytes());
    }
    let whole = delta(before.totals.disk_bytes, after.totals.disk_bytes);
    sums.insert((PartKind::Waste, "wasted".to_owned()), whole.saturating_sub(explained_bytes));
    let mut parts: Vec<DiffPart> = sums
        .into_iter()
        .map(|((kind, name), bytes)| DiffPart { kind, name, bytes })
        .filter(|part| part.bytes != 0)
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes.unsigned_abs()));
    parts
}

fn part(analysis: &ImageAnalysis, path: PathId, buffer: &mut Vec<u8>) -> Option<(PartKind, String)> {
    analysis.image.paths.write(path, buffer);
    let category = |category: &Category| (PartKind::Category(category.class), category.name.clone());
    category_of(buffer).map(category).or_else(|| package(analysis, path))
}

fn package(analysis: &ImageAnalysis, path: PathId) -> Option<(PartKind, String)> {
    let packages = analysis.packages.as_ref()?;
    let package = packages.packages.get(packages.owner(path)? as usize)?;
    Some((PartKind::Package(package.ecosystem), package.name.to_string()))
}

/// The folder that stands for a path: one level, two below those that hold everything.
fn folder(path: &[u8]) -> String {
    let mut levels: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    levels.pop();
    let deep = matches!(levels.first(), Some(&(b"usr" | b"var" | b"opt" | b"home")));
    levels.truncate(if deep { 2 } else { 1 });
    format!("/{}", String::from_utf8_lossy(&levels.join(&b'/')))
}

/// A difference in a few parts, which are the whole: what builds software in one, the largest by their names, then
/// further packages, and the rest as `other`.
pub(super) fn summary(parts: &[DiffPart]) -> Vec<(String, i64)> {
    let mut named: BTreeMap<String, (i64, bool)> = BTreeMap::new();
    for part in parts {
        let (name, is_package) = match part.kind {
            PartKind::Category(CategoryClass::Toolchain) => ("build tools".to_owned(), false),
            PartKind::Category(_) => (part.name.replace('-', " "), false),
            PartKind::Package(_) => (part.name.clone(), true),
            PartKind::Folder | PartKind::Waste => (part.name.clone(), false),
        };
        let sum = named.entry(name).or_insert((0, is_package));
        sum.0 = sum.0.saturating_add(part.bytes);
    }
    let mut all: Vec<(String, i64, bool)> =
        named.into_iter().map(|(name, (bytes, package))| (name, bytes, package)).collect();
    all.retain(|part| part.1 != 0);
    all.sort_by_key(|part| std::cmp::Reverse(part.1.unsigned_abs()));
    let least = all.first().map_or(0, |part| part.1.unsigned_abs() / SMALL);
    let count = all.iter().take(NAMED).take_while(|part| part.1.unsigned_abs() >= least).count();
    let rest = all.split_off(count);
    let mut parts: Vec<(String, i64)> = all.into_iter().map(|(name, bytes, _)| (name, bytes)).collect();
    let sum = |is_package: bool| {
        rest.iter().filter(|part| part.2 == is_package).fold(0_i64, |sum, part| sum.saturating_add(part.1))
    };
    let number = rest.iter().filter(|part| part.2).count();
    let plural = if number == 1 { "" } else { "s" };
    parts.extend([(format!("{number} more package{plural}"), sum(true)), ("other".to_owned(), sum(false))]);
    parts.retain(|part| part.1 != 0);
    parts
}
