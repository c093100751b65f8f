//! Which paths of two final trees hold the same.

use std::cmp::Reverse;

use super::sums::delta;
use crate::analysis::ImageAnalysis;
use crate::image::{EntryId, EntryKind, Image, PathId};

/// How a path changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathChangeKind {
    /// Only the second image has it.
    Added,
    /// Only the first one has it.
    Removed,
    /// It holds something else, or is of another kind.
    Changed,
    /// It holds the same; owner, permissions, attributes or times are others.
    Metadata,
}

impl PathChangeKind {
    /// As in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Metadata => "metadata_only",
        }
    }
}

/// A path that changed. A file with several names has its bytes at the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path in the first image.
    pub before: Option<PathId>,
    /// The path in the second image.
    pub after: Option<PathId>,
    /// How it changed.
    pub how: PathChangeKind,
    /// Bytes before.
    pub bytes_before: u64,
    /// Bytes after.
    pub bytes_after: u64,
}

impl FileChange {
    /// What came, or went.
    pub fn bytes(&self) -> i64 {
        delta(self.bytes_before, self.bytes_after)
    }
}

/// Which path of one image is which of the other.
pub(super) struct PathPairs {
    /// By the first image's path.
    pub to_after: Vec<Option<PathId>>,
    /// By the second one's.
    pub to_before: Vec<Option<PathId>>,
}

impl PathPairs {
    pub(super) fn new(before: &ImageAnalysis, after: &ImageAnalysis) -> Self {
        let (old, new) = (&before.image.paths, &after.image.paths);
        let mut to_after: Vec<Option<PathId>> = vec![None; old.len()];
        let mut to_before: Vec<Option<PathId>> = vec![None; new.len()];
        // Parents have lower numbers than what is below them.
        for path in old.all() {
            let counterpart = if path == PathId::ROOT {
                Some(PathId::ROOT)
            } else {
                let parent = to_after.get(old.parent(path).index()).copied().flatten();
                parent.and_then(|parent| new.child(parent, old.name(path)))
            };
            to_after[path.index()] = counterpart;
            if let Some(slot) = counterpart.and_then(|counterpart| to_before.get_mut(counterpart.index())) {
                *slot = Some(path);
            }
        }
        Self { to_after, to_before }
    }
}

/// What changed.
pub(super) struct Changes {
    pub files: Vec<FileChange>,
    pub metadata: Vec<FileChange>,
    /// Every path whose bytes are not those of before, be its contents the same (names of one file).
    pub bytes: Vec<FileChange>,
}

pub(super) fn changes(before: &ImageAnalysis, after: &ImageAnalysis, joined: &PathPairs, semantic: bool) -> Changes {
    let (old, new) = (charged(before), charged(after));
    let at = |charged: &[u64], path: Option<PathId>| {
        path.and_then(|path| charged.get(path.index()).copied()).unwrap_or_default()
    };
    let mut changes = Changes { files: Vec::new(), metadata: Vec::new(), bytes: Vec::new() };
    let mut add = |before: Option<PathId>, after: Option<PathId>, how: Option<PathChangeKind>| {
        let (bytes_before, bytes_after) = (at(&old, before), at(&new, after));
        let how_or = how.unwrap_or(PathChangeKind::Metadata);
        let change = FileChange { before, after, how: how_or, bytes_before, bytes_after };
        if bytes_before != bytes_after {
            changes.bytes.push(change);
        }
        match how {
            Some(PathChangeKind::Metadata) => changes.metadata.push(change),
            Some(_) => changes.files.push(change),
            None => {}
        }
    };
    for (path, id) in before.tree.members() {
        let other = joined.to_after.get(path.index()).copied().flatten();
        let after_id = other.and_then(|other| after.tree.at(other));
        let is_file = before.image.entry(id).kind != EntryKind::Directory;
        match after_id {
            Some(after_id) => add(Some(path), other, compare((before, id), (after, after_id), semantic)),
            // A directory that no layer has as a member is one all the same.
            None if is_file || !other.is_some_and(|other| after.tree.contains(other)) => {
                add(Some(path), None, is_file.then_some(PathChangeKind::Removed));
            }
            None => {}
        }
    }
    for (path, id) in after.tree.members() {
        let other = joined.to_before.get(path.index()).copied().flatten();
        if other.and_then(|other| before.tree.at(other)).is_none() {
            let is_file = after.image.entry(id).kind != EntryKind::Directory;
            add(None, Some(path), is_file.then_some(PathChangeKind::Added));
        }
    }
    changes
        .files
        .sort_by_key(|change| Reverse((change.bytes().unsigned_abs(), change.bytes_before, change.bytes_after)));
    changes
}

/// The bytes of files at the first of their names, by path.
fn charged(analysis: &ImageAnalysis) -> Vec<u64> {
    let mut bytes = vec![0; analysis.image.paths.len()];
    for (path, id) in analysis.tree.inodes() {
        if let Some(slot) = bytes.get_mut(path.index()) {
            *slot = analysis.image.entry(id).size;
        }
    }
    bytes
}

/// How a path that both trees have changed; `None` where it did not.
fn compare(
    (before, old): (&ImageAnalysis, EntryId),
    (after, new): (&ImageAnalysis, EntryId),
    semantic: bool,
) -> Option<PathChangeKind> {
    let (old, new) = (before.tree.inode(old), after.tree.inode(new));
    let (a, b) = (before.image.entry(old), after.image.entry(new));
    if (a.kind, a.content, a.size) != (b.kind, b.content, b.size) {
        return Some(PathChangeKind::Changed);
    }
    let attributes = |image: &'_ Image, id: EntryId| image.layers[id.layer as usize].xattrs.get(&id.index).cloned();
    let times = !semantic && a.mtime != b.mtime;
    let same = (a.mode, a.uid, a.gid) == (b.mode, b.uid, b.gid)
        && attributes(&before.image, old) == attributes(&after.image, new);
    (times || !same).then_some(PathChangeKind::Metadata)
}
