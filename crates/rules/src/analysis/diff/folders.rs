//! How much the folders of two final trees have below them.

use super::files::PathPairs;
use super::sums::delta;
use crate::analysis::ImageAnalysis;
use crate::image::PathId;

/// Folders deeper than this are not told.
const DEEPEST: u32 = 8;

/// A folder whose bytes changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderChange {
    /// The folder in the first image.
    pub before: Option<PathId>,
    /// The folder in the second image.
    pub after: Option<PathId>,
    /// Levels below the root; 1 is the first.
    pub depth: u32,
    /// What came, or went, with all that is below it.
    pub bytes: i64,
}

pub(super) fn changes(before: &ImageAnalysis, after: &ImageAnalysis, joined: &PathPairs) -> Vec<FolderChange> {
    let is_folder = |analysis: &ImageAnalysis, path: PathId| analysis.tree.children(path).next().is_some();
    let mut changes = Vec::new();
    for (path, depth) in shallow(after) {
        let other = joined.to_before.get(path.index()).copied().flatten();
        let bytes = delta(other.map_or(0, |other| before.tree.bytes(other)), after.tree.bytes(path));
        if bytes != 0 && (is_folder(after, path) || other.is_some_and(|other| is_folder(before, other))) {
            changes.push(FolderChange { before: other, after: Some(path), depth, bytes });
        }
    }
    for (path, depth) in shallow(before) {
        let other = joined.to_after.get(path.index()).copied().flatten();
        let bytes = delta(before.tree.bytes(path), 0);
        if other.is_none() && bytes != 0 && is_folder(before, path) {
            changes.push(FolderChange { before: Some(path), after: None, depth, bytes });
        }
    }
    changes.sort_by_key(|change| (std::cmp::Reverse(change.bytes.unsigned_abs()), change.depth));
    changes
}

/// The paths that are not too deep, the root left out.
fn shallow(analysis: &ImageAnalysis) -> Vec<(PathId, u32)> {
    let paths = &analysis.image.paths;
    let mut depths: Vec<u32> = vec![0; paths.len()];
    let mut folders = Vec::new();
    for path in paths.all().filter(|path| *path != PathId::ROOT) {
        let depth = depths.get(paths.parent(path).index()).map_or(1, |depth| depth.saturating_add(1));
        depths[path.index()] = depth;
        if depth <= DEEPEST {
            folders.push((path, depth));
        }
    }
    folders
}
