//! What a view has at each path: marks and bytes, of the path itself and of what is below it. One pass over all paths;
//! nothing is kept as text.

use super::filter::PathFilter;
use crate::analysis::ImageAnalysis;
use crate::image::{EntryId, EntryKind, Image, ImageTree, MemberOutcome, PathId, Paths, TreeChange, WasteKind};

/// The layer put it there.
pub(super) const ADDED: u8 = 1;
/// The layer has it anew.
pub(super) const CHANGED: u8 = 2;
/// The layer took it away.
pub(super) const REMOVED: u8 = 4;
/// Its bytes are stored and of no use: lost in a later layer, or in the final tree a further copy.
pub(super) const WASTED: u8 = 8;
/// A later layer deletes it.
pub(super) const DELETED_LATER: u8 = 16;
/// The view has it.
const PRESENT: u8 = 32;

/// Which tree is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TreeScope {
    /// What the selected layer does.
    Layer,
    /// What the layers make up to the selected one.
    UpToLayer,
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
    /// Bytes of each path alone.
    sizes: Vec<u64>,
    /// With those below, as far as they are visible.
    sums: Vec<u64>,
    members: Vec<Option<EntryId>>,
    /// Whether what a layer removed counts in the folders above.
    sums_removed: bool,
    /// Paths that are shown.
    pub(super) count: usize,
}

impl Listing {
    /// Everything that a view has; [`Self::select`] chooses what is shown of it.
    pub(super) fn new(analysis: &ImageAnalysis, scope: TreeScope, layer: usize) -> Self {
        let length = analysis.image.paths.len();
        let mut listing = Self {
            flags: vec![0; length],
            visible: vec![false; length],
            sizes: vec![0; length],
            sums: vec![0; length],
            members: vec![None; length],
            sums_removed: scope == TreeScope::Layer,
            count: 0,
        };
        match scope {
            TreeScope::Layer => listing.layer(analysis, layer),
            TreeScope::UpToLayer => listing.up_to(analysis, layer),
            TreeScope::Final => listing.tree(analysis, &analysis.tree, layer),
        }
        listing
    }

    fn put(&mut self, path: PathId, id: EntryId, marks: u8, bytes: u64) {
        self.flags[path.index()] |= marks | PRESENT;
        self.members[path.index()] = Some(id);
        self.sizes[path.index()] += bytes;
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
            self.put(entry.path, id, marks | waste_marks(analysis, id), entry.size);
        }
        self.removed_by(analysis, &ImageTree::of_layers(image, number + 1), number);
    }

    /// Paths that a layer removed; `tree` is what the layers up to it make.
    fn removed_by(&mut self, analysis: &ImageAnalysis, tree: &ImageTree, number: usize) {
        let image = &analysis.image;
        for id in tree.lost_by(image, number as u32) {
            let entry = image.entry(id);
            if self.flags[entry.path.index()] & (PRESENT | REMOVED) == PRESENT {
                continue;
            }
            let lost = matches!(tree.outcome(id), MemberOutcome::Lost { .. });
            self.put(entry.path, id, REMOVED, if lost { entry.size } else { 0 });
        }
    }

    /// The tree that the layers up to one make, and what that layer removed from it.
    fn up_to(&mut self, analysis: &ImageAnalysis, number: usize) {
        let tree = ImageTree::of_layers(&analysis.image, number + 1);
        self.tree(analysis, &tree, number);
        self.removed_by(analysis, &tree, number);
        // Folders that no layer has as a member go with what was in them.
        for index in (1..self.flags.len()).rev() {
            let parent = analysis.image.paths.parent(PathId(index as u32));
            if self.flags[index] & REMOVED != 0 && !tree.contains(parent) {
                self.flags[parent.index()] |= REMOVED;
            }
        }
    }

    fn tree(&mut self, analysis: &ImageAnalysis, tree: &ImageTree, number: usize) {
        let image = &analysis.image;
        for (path, id) in tree.members() {
            let marks = match tree.change(id) {
                TreeChange::Added if id.layer as usize == number => ADDED,
                TreeChange::Changed if id.layer as usize == number => CHANGED,
                _ => 0,
            };
            let folder = image.entry(id).kind == EntryKind::Directory;
            self.put(path, id, marks | waste_marks(analysis, id), if folder { 0 } else { tree.bytes(path) });
        }
        for (path, _) in analysis.duplicates.iter().flat_map(|equal| equal.copies.iter().skip(1)) {
            if self.flags[path.index()] & PRESENT != 0 && self.members[path.index()] == analysis.tree.at(*path) {
                self.flags[path.index()] |= WASTED;
            }
        }
    }

    /// Chooses what is shown, and sums it up from below: a parent's number is smaller than its children's. `marks` are
    /// those of which a path must have one; 0 accepts every path.
    pub(super) fn select(&mut self, paths: &Paths, marks: u8, filter: Option<&PathFilter>) {
        let mut buffer = Vec::new();
        for (index, flags) in self.flags.iter().enumerate() {
            let has_mark = flags & PRESENT != 0 && (marks == 0 || flags & marks != 0);
            let is_visible =
                has_mark && filter.is_none_or(|filter| filter.is_match(paths, PathId(index as u32), &mut buffer));
            self.visible[index] = is_visible;
            self.sums[index] = if is_visible { self.sizes[index] } else { 0 };
        }
        self.count = 0;
        let sums_removed = self.sums_removed || marks & REMOVED != 0;
        for index in (1..self.flags.len()).rev() {
            if self.visible[index] {
                self.count += 1;
                let parent = paths.parent(PathId(index as u32)).index();
                self.visible[parent] = true;
                if sums_removed || self.flags[index] & REMOVED == 0 || self.flags[parent] & REMOVED != 0 {
                    self.sums[parent] = self.sums[parent].saturating_add(self.sums[index]);
                }
            }
        }
    }

    pub(super) fn is_shown(&self, path: PathId) -> bool {
        self.visible[path.index()]
    }

    /// Bytes at a path and below it that pass the filter.
    pub(super) fn bytes(&self, path: PathId) -> u64 {
        self.sums[path.index()]
    }

    pub(super) fn marks(&self, path: PathId) -> u8 {
        self.flags[path.index()]
    }

    /// The member that stands at a path; directories that no layer has have none.
    pub(super) fn member(&self, path: PathId) -> Option<EntryId> {
        self.members[path.index()]
    }
}

/// What later layers make of a member.
fn waste_marks(analysis: &ImageAnalysis, id: EntryId) -> u8 {
    let is_file = analysis.image.entry(id).kind.is_file();
    match analysis.tree.outcome(id) {
        MemberOutcome::Kept => 0,
        MemberOutcome::Unlinked { .. } => DELETED_LATER,
        MemberOutcome::Lost { how: WasteKind::Deleted, .. } => DELETED_LATER | if is_file { WASTED } else { 0 },
        MemberOutcome::Lost { .. } => {
            if is_file {
                WASTED
            } else {
                0
            }
        }
    }
}

/// Whether something is, or was, a directory.
pub(super) fn is_folder(image: &Image, member: Option<EntryId>) -> bool {
    member.is_none_or(|id| image.entry(id).kind == EntryKind::Directory)
}
