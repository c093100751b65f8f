//! What a view has at each path: marks and bytes, of the path itself and of what is below it. One pass over all paths;
//! nothing is kept as text.

use crate::analysis::ImageAnalysis;
use crate::image::{EntryId, EntryKind, Image, MemberOutcome, PathId, Paths, TreeChange};

/// The layer put it there.
pub(super) const ADDED: u8 = 1;
/// The layer has it anew.
pub(super) const CHANGED: u8 = 2;
/// The layer took it away.
pub(super) const REMOVED: u8 = 4;
/// Its bytes are stored and of no use: lost in a later layer, or in the final tree a further copy.
pub(super) const WASTED: u8 = 8;
/// The view has it.
const PRESENT: u8 = 16;

/// Which tree is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TreeScope {
    /// What the selected layer does.
    Layer,
    /// What all layers make.
    Final,
}

/// What is directly below each path, whatever the view.
#[derive(Debug)]
pub(super) struct Children {
    starts: Vec<u32>,
    paths: Vec<PathId>,
}

impl Children {
    pub(super) fn new(paths: &Paths) -> Self {
        let mut starts = vec![0u32; paths.len() + 1];
        for path in paths.all().skip(1) {
            starts[paths.parent(path).index() + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut below = vec![PathId::ROOT; paths.len() - 1];
        for path in paths.all().skip(1) {
            let place = &mut next[paths.parent(path).index()];
            below[*place as usize] = path;
            *place += 1;
        }
        Self { starts, paths: below }
    }

    pub(super) fn of(&self, path: PathId) -> &[PathId] {
        let (start, end) = (self.starts[path.index()], self.starts[path.index() + 1]);
        &self.paths[start as usize..end as usize]
    }
}

/// The marks and bytes of one view.
#[derive(Debug, Default)]
pub(super) struct Listing {
    flags: Vec<u8>,
    visible: Vec<bool>,
    bytes: Vec<u64>,
    members: Vec<Option<EntryId>>,
    /// Paths that are shown.
    pub(super) count: usize,
}

impl Listing {
    /// `filter` holds the marks of which a path must have one; 0 shows everything.
    pub(super) fn new(analysis: &ImageAnalysis, scope: TreeScope, layer: usize, filter: u8) -> Self {
        let length = analysis.image.paths.len();
        let mut listing = Self {
            flags: vec![0; length],
            visible: vec![false; length],
            bytes: vec![0; length],
            members: vec![None; length],
            count: 0,
        };
        match scope {
            TreeScope::Layer => listing.layer(analysis, layer),
            TreeScope::Final => listing.tree(analysis, layer),
        }
        listing.sum(&analysis.image.paths, filter);
        listing
    }

    fn put(&mut self, path: PathId, id: EntryId, marks: u8, bytes: u64) {
        self.flags[path.index()] |= marks | PRESENT;
        self.members[path.index()] = Some(id);
        self.bytes[path.index()] += bytes;
    }

    fn layer(&mut self, analysis: &ImageAnalysis, number: usize) {
        let ImageAnalysis { image, tree, .. } = analysis;
        let Some(layer) = image.layers.get(number) else { return };
        for (index, entry) in layer.entries.iter().enumerate() {
            let id = EntryId { layer: number as u32, index: index as u32 };
            let flags = self.flags[entry.path.index()];
            let marks = match (entry.kind, tree.change(id)) {
                // What is put where it was taken away is there.
                (EntryKind::Whiteout, _) if flags & PRESENT != 0 => continue,
                (EntryKind::Opaque, _) => continue,
                (EntryKind::Whiteout, _) | (_, TreeChange::Removes) => REMOVED,
                (_, TreeChange::Added) => ADDED,
                (_, TreeChange::Changed) => CHANGED,
                (_, TreeChange::Same) => 0,
            };
            if marks != REMOVED {
                self.flags[entry.path.index()] &= !REMOVED;
            }
            let lost = entry.kind.is_file() && matches!(tree.outcome(id), MemberOutcome::Lost { .. });
            self.put(entry.path, id, marks | if lost { WASTED } else { 0 }, entry.size);
        }
        for id in tree.lost_by(image, number as u32) {
            let entry = image.entry(id);
            if self.flags[entry.path.index()] & (PRESENT | REMOVED) == PRESENT {
                continue;
            }
            let lost = matches!(tree.outcome(id), MemberOutcome::Lost { .. });
            self.put(entry.path, id, REMOVED, if lost { entry.size } else { 0 });
        }
    }

    fn tree(&mut self, analysis: &ImageAnalysis, number: usize) {
        let ImageAnalysis { image, tree, .. } = analysis;
        for (path, id) in tree.members() {
            let marks = match tree.change(id) {
                TreeChange::Added if id.layer as usize == number => ADDED,
                TreeChange::Changed if id.layer as usize == number => CHANGED,
                _ => 0,
            };
            let folder = image.entry(id).kind == EntryKind::Directory;
            self.put(path, id, marks, if folder { 0 } else { tree.bytes(path) });
        }
        for (path, _) in analysis.duplicates.iter().flat_map(|equal| equal.copies.iter().skip(1)) {
            self.flags[path.index()] |= WASTED;
        }
    }

    /// Sums up what passes the filter, from below: a parent's number is smaller than its children's.
    fn sum(&mut self, paths: &Paths, filter: u8) {
        for (index, flags) in self.flags.iter().enumerate() {
            self.visible[index] = flags & PRESENT != 0 && (filter == 0 || flags & filter != 0);
            if !self.visible[index] {
                self.bytes[index] = 0;
            }
        }
        for index in (1..self.flags.len()).rev() {
            if self.visible[index] {
                self.count += 1;
                let parent = paths.parent(PathId(index as u32)).index();
                self.visible[parent] = true;
                self.bytes[parent] = self.bytes[parent].saturating_add(self.bytes[index]);
            }
        }
    }

    pub(super) fn is_shown(&self, path: PathId) -> bool {
        self.visible[path.index()]
    }

    /// Bytes at a path and below it that pass the filter.
    pub(super) fn bytes(&self, path: PathId) -> u64 {
        self.bytes[path.index()]
    }

    pub(super) fn marks(&self, path: PathId) -> u8 {
        self.flags[path.index()]
    }

    /// The member that stands at a path; directories that no layer has have none.
    pub(super) fn member(&self, path: PathId) -> Option<EntryId> {
        self.members[path.index()]
    }
}

/// Whether something is, or was, a directory.
pub(super) fn is_folder(image: &Image, member: Option<EntryId>) -> bool {
    member.is_none_or(|id| image.entry(id).kind == EntryKind::Directory)
}
