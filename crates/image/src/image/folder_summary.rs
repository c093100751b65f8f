//! Where most of something is: many files told in few directories.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::image::{PathId, Paths};

/// Directories this close to the root are too general to stand for what is below them.
const GENERAL: u32 = 2;

/// How many files, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of compressed blobs that went into them; of layers that are not compressed those of the archive.
    pub compressed: u64,
}

impl Sum {
    pub(super) const fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.compressed = self.compressed.saturating_add(other.compressed);
    }

    const fn without(self, other: Self) -> Self {
        Self {
            files: self.files - other.files,
            bytes: self.bytes.saturating_sub(other.bytes),
            compressed: self.compressed.saturating_sub(other.compressed),
        }
    }
}

/// A directory that stands for files in it, or a single file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path.
    pub path: PathId,
    /// The files that it stands for.
    pub sum: Sum,
}

/// A directory with files in it, or below.
#[derive(Default)]
struct FolderNode {
    total: Sum,
    /// Files directly in it: their sum, how many paths, the last of them.
    direct: Sum,
    leaves: u32,
    leaf: PathId,
    directories: u32,
    biggest: (PathId, Sum),
    depth: u32,
    open: OpenFolders,
}

/// Which directories in a directory stand for themselves.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum OpenFolders {
    #[default]
    None,
    One(PathId),
    All,
}

/// Directories that stand for files, most bytes first; each file is in one of them. A directory stands for all that is in
/// it unless nine tenths of that are in one of its own directories; those near the root stand for single files only.
pub(super) fn places(paths: &Paths, files: impl IntoIterator<Item = (PathId, Sum)>) -> Vec<Place> {
    let mut nodes: BTreeMap<PathId, FolderNode> = BTreeMap::new();
    // Files of one directory mostly come together: it is looked up once for all of them.
    let (mut at, mut node) = (PathId::ROOT, FolderNode::default());
    for (path, sum) in files {
        let folder = paths.parent(path);
        if folder != at {
            nodes.insert(at, node);
            node = nodes.remove(&folder).unwrap_or_default();
            at = folder;
        }
        node.leaves += u32::from(node.leaves == 0 || node.leaf != path);
        node.leaf = path;
        node.direct.add(sum);
        node.total.add(sum);
    }
    nodes.insert(at, node);
    add_up(paths, &mut nodes);
    if let Some(root) = nodes.get_mut(&PathId::ROOT) {
        root.open = OpenFolders::All;
    }
    let mut places = Vec::new();
    let folders: Vec<PathId> = nodes.keys().copied().collect();
    for path in folders {
        let (open, depth) =
            nodes.get(&paths.parent(path)).map_or((OpenFolders::None, 0), |node| (node.open, node.depth));
        let Some(node) = nodes.get_mut(&path) else { continue };
        if open == OpenFolders::All || open == OpenFolders::One(path) {
            node.depth = if path == PathId::ROOT { 0 } else { depth + 1 };
            collect_places(path, node, &mut places);
        }
    }
    places.retain(|place| place.sum.files > 0);
    places.sort_by_key(|place| (Reverse(place.sum.bytes), place.path));
    places
}

/// Adds every directory to the one above it.
fn add_up(paths: &Paths, nodes: &mut BTreeMap<PathId, FolderNode>) {
    let mut end = PathId(u32::MAX);
    while let Some((&path, node)) = nodes.range(..end).next_back().filter(|(path, _)| **path != PathId::ROOT) {
        let total = node.total;
        let above = nodes.entry(paths.parent(path)).or_default();
        above.total.add(total);
        above.directories += 1;
        if total.bytes >= above.biggest.1.bytes {
            above.biggest = (path, total);
        }
        end = path;
    }
}

/// What a directory stands for itself.
fn collect_places(path: PathId, node: &mut FolderNode, places: &mut Vec<Place>) {
    let (biggest, most) = node.biggest;
    let alone = node.directories == 0 || node.directories == 1 && node.leaves == 0;
    let (open, path, sum) = if node.depth < GENERAL || alone {
        (OpenFolders::All, if node.leaves == 1 { node.leaf } else { path }, node.direct)
    } else if u128::from(most.bytes) * 10 >= u128::from(node.total.bytes) * 9 {
        let lone = node.leaves == 1 && node.directories == 1;
        (OpenFolders::One(biggest), if lone { node.leaf } else { path }, node.total.without(most))
    } else {
        (OpenFolders::None, path, node.total)
    };
    node.open = open;
    places.push(Place { path, sum });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, u64)], expected: &[(&str, u64, u64)]) {
        let mut paths = Paths::default();
        let sum = |bytes| Sum { files: 1, bytes, compressed: 0 };
        let files: Vec<(PathId, Sum)> =
            files.iter().map(|(path, bytes)| (paths.intern(path.as_bytes()).unwrap(), sum(*bytes))).collect();
        let places = places(&paths, files);
        let sizes: Vec<(String, u64, u64)> =
            places.iter().map(|place| (paths.text(place.path), place.sum.files, place.sum.bytes)).collect();
        let expected: Vec<(String, u64, u64)> = expected.iter().map(|&(path, n, b)| (path.to_owned(), n, b)).collect();
        assert_eq!(sizes, expected);
    }

    #[test]
    fn a_directory_includes_its_contents() {
        check(&[], &[]);
        check(&[("x", 5)], &[("x", 1, 5)]);
        check(&[("a/b/c/d/x", 5), ("a/b/c/d/y", 5)], &[("a/b/c/d", 2, 10)]);
        check(&[("a/b/x", 5), ("a/b/y/z", 5), ("a/b/y/w", 1)], &[("a/b", 3, 11)]);
        // Nine tenths are in one directory of its own.
        check(&[("a/b/x", 1), ("a/b/y/z", 50), ("a/b/y/w", 50)], &[("a/b/y", 2, 100), ("a/b/x", 1, 1)]);
        check(
            &[("root/.cache/pip/a/1", 3), ("root/.npm/b", 9), ("root/.cache/pip/c/2", 4), ("usr/x", 2), ("y", 1)],
            &[("root/.npm/b", 1, 9), ("root/.cache/pip", 2, 7), ("usr/x", 1, 2), ("y", 1, 1)],
        );
        check(&[("app/a", 1), ("app/b", 2)], &[("app", 2, 3)]);
        // The same path more than once.
        check(&[("app/a", 1), ("app/a", 2)], &[("app/a", 2, 3)]);
    }
}
