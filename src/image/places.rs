//! Where most of something is: many files told in few directories.

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

#[derive(Default)]
struct Node {
    /// With everything below it.
    total: Sum,
    /// Itself, where it is a file.
    own: Sum,
    /// Files directly in it.
    direct: Sum,
    leaves: u32,
    /// The last of them.
    file: u32,
    directories: u32,
    biggest: (u32, Sum),
    depth: u32,
    open: Open,
}

/// Which directories in a directory stand for themselves.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Open {
    #[default]
    None,
    One(u32),
    All,
}

impl Node {
    const fn is_file(&self) -> bool {
        self.directories == 0 && self.leaves == 0
    }
}

/// Directories that stand for files, most bytes first; each file is in one of them. A directory stands for all that is in
/// it unless nine tenths of that are in one of its own directories; those near the root stand for single files only.
pub(super) fn places(paths: &Paths, files: impl IntoIterator<Item = (PathId, Sum)>) -> Vec<Place> {
    let mut nodes: BTreeMap<u32, Node> = BTreeMap::new();
    for (path, sum) in files {
        let node = nodes.entry(path.0).or_default();
        node.own.add(sum);
        node.total.add(sum);
    }
    add_up(paths, &mut nodes);
    if let Some(root) = nodes.get_mut(&0) {
        root.open = Open::All;
    }
    let mut found = Vec::new();
    let numbers: Vec<u32> = nodes.keys().copied().collect();
    for number in numbers {
        let above = nodes.get(&paths.parent(PathId(number)).0).map_or((Open::None, 0), |node| (node.open, node.depth));
        let (Open::All | Open::One(_), depth) = above else { continue };
        let Some(node) = nodes.get_mut(&number) else { continue };
        if number != 0 {
            if node.is_file() || matches!(above.0, Open::One(only) if only != number) {
                continue;
            }
            node.depth = depth + 1;
        }
        tell(number, node, &mut found);
    }
    found.retain(|place| place.sum.files > 0);
    found.sort_by_key(|place| (std::cmp::Reverse(place.sum.bytes), place.path));
    found
}

/// Adds every path to the one above it.
fn add_up(paths: &Paths, nodes: &mut BTreeMap<u32, Node>) {
    let mut last = u32::MAX;
    while let Some((&number, node)) = nodes.range(1..=last).next_back() {
        let (file, total) = (node.is_file(), node.total);
        let above = nodes.entry(paths.parent(PathId(number)).0).or_default();
        above.total.add(total);
        if file {
            above.direct.add(total);
            above.leaves += 1;
            above.file = number;
        } else {
            above.directories += 1;
            if total.bytes >= above.biggest.1.bytes {
                above.biggest = (number, total);
            }
        }
        last = number - 1;
        if last == 0 {
            break;
        }
    }
}

/// What a directory stands for itself.
fn tell(number: u32, node: &mut Node, found: &mut Vec<Place>) {
    let place = |path, sum| Place { path: PathId(path), sum };
    let (biggest, most) = node.biggest;
    let alone = node.directories == 0 || node.directories == 1 && node.leaves == 0;
    if node.depth < GENERAL || alone {
        node.open = Open::All;
        found.push(place(if node.leaves == 1 { node.file } else { number }, node.direct));
        found.push(place(number, node.own));
    } else if u128::from(most.bytes) * 10 >= u128::from(node.total.bytes) * 9 {
        node.open = Open::One(biggest);
        found.push(place(number, node.total.without(most)));
    } else {
        found.push(place(number, node.total));
    }
}
