//! Which paths are there while layers are put one upon the other.

use crate::image::{EntryId, EntryKind, Image, PathId, Paths};

/// [`LiveNode::index`] of a path that is not there.
const ABSENT: u32 = u32::MAX;
/// [`LiveNode::index`] of a directory that no layer has as a member.
const IMPLICIT: u32 = u32::MAX - 1;
/// [`LiveNode::layer`] of an absent path that is still in the list of its parent.
const LISTED: u32 = 1;

/// 16 bytes for each path. The children of a directory are a list; a path that goes stays in the list until the whole
/// list goes, so that each step costs what it changes and nothing is searched for.
#[derive(Clone, Copy, Debug)]
struct LiveNode {
    layer: u32,
    index: u32,
    child: u32,
    sibling: u32,
}

const NOWHERE: LiveNode = LiveNode { layer: 0, index: ABSENT, child: 0, sibling: 0 };

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathSlot {
    /// Nothing.
    Absent,
    /// A directory, for what is below it.
    Implicit,
    /// A member of a layer.
    Member(EntryId),
}

/// Why a member's name goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RemovalReason {
    /// A member with the same path comes.
    Replaced,
    /// It is below a directory that goes.
    Below,
    /// It is no directory, and a member below it comes.
    Parent,
}

/// The paths that are there.
#[derive(Debug, Default)]
pub(super) struct LivePaths {
    nodes: Vec<LiveNode>,
}

impl LivePaths {
    /// The root alone, with room for so many paths.
    pub(super) fn new(paths: usize) -> Self {
        let mut live = Self { nodes: vec![NOWHERE; paths] };
        live.nodes[PathId::ROOT.index()].index = IMPLICIT;
        live
    }

    /// Whether it has room for nothing, not even the root.
    pub(super) const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What is at a path.
    pub(super) fn slot(&self, path: PathId) -> PathSlot {
        match self.nodes.get(path.index()) {
            None | Some(LiveNode { index: ABSENT, .. }) => PathSlot::Absent,
            Some(LiveNode { index: IMPLICIT, .. }) => PathSlot::Implicit,
            Some(&LiveNode { layer, index, .. }) => PathSlot::Member(EntryId { layer, index }),
        }
    }

    /// What is directly below a path.
    pub(super) fn children(&self, path: PathId) -> impl Iterator<Item = PathId> {
        let mut at = self.nodes.get(path.index()).map_or(0, |node| node.child);
        let next = move || {
            let here = at;
            at = self.nodes.get(here as usize)?.sibling;
            (here != 0).then_some(PathId(here))
        };
        std::iter::from_fn(next).filter(|&child| self.slot(child) != PathSlot::Absent)
    }

    /// Takes away what is below a path.
    pub(super) fn clear(&mut self, path: PathId, gone: &mut impl FnMut(PathId, EntryId, RemovalReason)) {
        let mut lists = vec![std::mem::take(&mut self.nodes[path.index()].child)];
        while let Some(mut at) = lists.pop() {
            while at != 0 {
                let node = std::mem::replace(&mut self.nodes[at as usize], NOWHERE);
                if node.index < IMPLICIT {
                    gone(PathId(at), EntryId { layer: node.layer, index: node.index }, RemovalReason::Below);
                }
                if node.child != 0 {
                    lists.push(node.child);
                }
                at = node.sibling;
            }
        }
    }

    /// Takes away a path and what is below it; the root itself stays.
    pub(super) fn remove(&mut self, path: PathId, gone: &mut impl FnMut(PathId, EntryId, RemovalReason)) {
        self.clear(path, gone);
        if path == PathId::ROOT {
            return;
        }
        if let PathSlot::Member(member) = self.slot(path) {
            gone(path, member, RemovalReason::Below);
        }
        let node = &mut self.nodes[path.index()];
        if node.index != ABSENT {
            *node = LiveNode { layer: LISTED, index: ABSENT, ..*node };
        }
    }

    /// Puts a member where it belongs, and directories above it where there are none. What has no place beside it goes.
    /// The answer is the symbolic link of the same layer that it is below, if it is.
    pub(super) fn place(
        &mut self,
        image: &Image,
        id: EntryId,
        gone: &mut impl FnMut(PathId, EntryId, RemovalReason),
    ) -> Option<PathId> {
        let path = image.entry(id).path;
        let link = self.make_parents(image, id, gone);
        let directory = image.entry(id).kind == EntryKind::Directory;
        match self.slot(path) {
            PathSlot::Absent => {}
            PathSlot::Implicit if directory => {}
            PathSlot::Implicit => self.clear(path, gone),
            PathSlot::Member(other) => {
                if !directory || image.entry(other).kind != EntryKind::Directory {
                    self.clear(path, gone);
                }
                gone(path, other, RemovalReason::Replaced);
            }
        }
        self.set(&image.paths, path, id.layer, id.index);
        link
    }

    fn make_parents(
        &mut self,
        image: &Image,
        id: EntryId,
        gone: &mut impl FnMut(PathId, EntryId, RemovalReason),
    ) -> Option<PathId> {
        let mut at = image.entry(id).path;
        while at != PathId::ROOT {
            at = image.paths.parent(at);
            match self.slot(at) {
                PathSlot::Absent => self.set(&image.paths, at, 0, IMPLICIT),
                PathSlot::Implicit => return None,
                PathSlot::Member(other) => match image.entry(other).kind {
                    EntryKind::Directory => return None,
                    EntryKind::Symlink if other.layer == id.layer => return Some(at),
                    _ => {
                        gone(at, other, RemovalReason::Parent);
                        self.set(&image.paths, at, 0, IMPLICIT);
                        return None;
                    }
                },
            }
        }
        None
    }

    fn set(&mut self, paths: &Paths, path: PathId, layer: u32, index: u32) {
        let node = &mut self.nodes[path.index()];
        let listed = node.index != ABSENT || node.layer == LISTED;
        *node = LiveNode { layer, index, ..*node };
        if !listed && path != PathId::ROOT {
            let parent = paths.parent(path).index();
            let sibling = std::mem::replace(&mut self.nodes[parent].child, path.0);
            self.nodes[path.index()].sibling = sibling;
        }
    }

    /// Puts the lists in the order of the paths' numbers.
    pub(super) fn sort(&mut self, paths: &Paths) {
        for node in &mut self.nodes {
            node.child = 0;
        }
        for number in (1..self.nodes.len() as u32).rev() {
            if self.nodes[number as usize].index != ABSENT {
                let parent = paths.parent(PathId(number)).index();
                let sibling = std::mem::replace(&mut self.nodes[parent].child, number);
                self.nodes[number as usize].sibling = sibling;
            }
        }
    }

    /// Takes away everything.
    pub(super) fn empty(&mut self) {
        self.clear(PathId::ROOT, &mut |_, _, _| {});
        self.nodes[PathId::ROOT.index()] = LiveNode { index: IMPLICIT, ..NOWHERE };
    }
}
