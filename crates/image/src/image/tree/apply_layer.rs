//! Applies layers one after the other, and decides what each makes of the files below: deleted by a whiteout or an opaque
//! folder, replaced, or only their metadata changed.

use super::ImageTree;
use super::change::{Count, EntryId, LayerChanges, MemberOddity, MemberOutcome, Notices, TreeChange, WasteKind};
use super::layer_members::LayerScratch;
use super::live_paths::{LivePaths, PathSlot, RemovalReason};
use super::member_outcomes::MemberOutcomes;
use crate::image::{EntryKind, Image, PathId};

/// Symbolic links that became directories whose hidden files are counted: each may cost a walk of the whole tree.
const COUNTED_LINKS: usize = 16;

impl ImageTree {
    /// The tree that all layers make.
    pub fn new(image: &Image) -> Self {
        Self::of_layers(image, image.layers.len())
    }

    /// The tree that so many of the lowest layers make; the outcomes are those at that point.
    pub fn of_layers(image: &Image, layers: usize) -> Self {
        let layers = layers.min(image.layers.len());
        let mut builder = TreeBuilder::new(image, layers);
        for layer in 0..layers as u32 {
            builder.add(layer);
        }
        builder.finish()
    }
}

pub(super) struct TreeBuilder<'a> {
    image: &'a Image,
    pub(super) live: LivePaths,
    pub(super) outcomes: MemberOutcomes,
    scratch: LayerScratch,
    notices: Notices,
    changes: Vec<LayerChanges>,
    replaced: Vec<(EntryId, u64)>,
    dangling: Vec<EntryId>,
    /// Of the layer at hand: names of lower layers that are gone, and bytes that went with them.
    pub(super) gone: Vec<(PathId, EntryId, u64)>,
    /// Of the layer at hand: symbolic links of lower layers that became directories.
    links: Vec<(PathId, EntryId)>,
    counted: usize,
}

impl<'a> TreeBuilder<'a> {
    pub(super) fn new(image: &'a Image, layers: usize) -> Self {
        Self {
            image,
            live: LivePaths::new(image.paths.len()),
            outcomes: MemberOutcomes::new(image, layers),
            scratch: LayerScratch::default(),
            notices: Notices::default(),
            changes: Vec::with_capacity(layers),
            replaced: Vec::new(),
            dangling: Vec::new(),
            gone: Vec::new(),
            links: Vec::new(),
            counted: 0,
        }
    }

    /// Puts the next layer upon those that are there.
    pub(super) fn add(&mut self, layer: u32) {
        self.gone.clear();
        self.links.clear();
        self.scratch.reduce(self.image, layer, &self.live, &mut self.outcomes, &mut self.notices);
        self.take_away(layer);
        self.put(layer);
        self.count(layer);
        self.tell_links(layer);
    }

    /// Whiteouts first: they act on lower layers only, wherever they stand.
    fn take_away(&mut self, layer: u32) {
        let Self { image, live, outcomes, notices, gone, replaced, dangling, .. } = self;
        let entries = &image.layers[layer as usize].entries;
        for (index, entry) in entries.iter().enumerate() {
            if entry.kind == EntryKind::Whiteout && live.slot(entry.path) == PathSlot::Absent {
                dangling.push(EntryId { layer, index: index as u32 });
                notices.add(layer, MemberOddity::NothingToRemove, entry.path);
            }
        }
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.kind.removes()) {
            let id = EntryId { layer, index: index as u32 };
            outcomes.set_change(id, TreeChange::Removes);
            let directory = match live.slot(entry.path) {
                PathSlot::Absent => continue,
                PathSlot::Implicit => true,
                PathSlot::Member(member) => image.entry(member).kind == EntryKind::Directory,
            };
            let mut bytes = 0;
            let mut lose = |path, member, _| {
                bytes += image.apparent(member);
                let lost = outcomes.lose(member, WasteKind::Deleted, layer);
                gone.push((path, member, lost.map_or(0, |holder| image.entry(holder).size)));
            };
            if entry.kind == EntryKind::Opaque {
                live.clear(entry.path, &mut lose);
            } else {
                live.remove(entry.path, &mut lose);
                if directory {
                    replaced.push((id, bytes));
                }
            }
        }
    }

    fn put(&mut self, layer: u32) {
        let Self { image, live, outcomes, gone, links, .. } = self;
        for (index, entry) in image.layers[layer as usize].entries.iter().enumerate() {
            let id = EntryId { layer, index: index as u32 };
            if entry.kind.removes() || outcomes.outcome(id) != MemberOutcome::Kept {
                continue;
            }
            let directory = entry.kind == EntryKind::Directory;
            let mut same = None;
            live.place(image, id, &mut |path, other, why| {
                let how = match why {
                    RemovalReason::Replaced if same_contents(image, outcomes, other, id) => WasteKind::MetadataOnly,
                    _ => WasteKind::Overwritten,
                };
                if why == RemovalReason::Replaced {
                    same = Some(directory && same_directory(image, other, id));
                }
                if image.entry(other).kind == EntryKind::Symlink
                    && (directory || why == RemovalReason::Parent)
                    && why != RemovalReason::Below
                {
                    links.push((path, other));
                }
                let lost = outcomes.lose(other, how, layer);
                gone.push((path, other, lost.map_or(0, |holder| image.entry(holder).size)));
            });
            if let Some(same) = same {
                outcomes.set_change(id, if same { TreeChange::Same } else { TreeChange::Changed });
            }
        }
    }

    fn count(&mut self, layer: u32) {
        let mut changes = LayerChanges::default();
        for &(path, old, bytes) in &self.gone {
            match self.live.slot(path) {
                PathSlot::Member(new) if new.layer == layer => {
                    // Taken away and put there again.
                    if self.outcomes.change(new) == TreeChange::Added {
                        let same = same_directory(self.image, old, new);
                        self.outcomes.set_change(new, if same { TreeChange::Same } else { TreeChange::Changed });
                    }
                }
                _ if path == PathId::ROOT => {}
                _ => changes.removed.add(self.image.entry(old).kind, bytes),
            }
        }
        for (index, entry) in self.image.layers[layer as usize].entries.iter().enumerate() {
            let id = EntryId { layer, index: index as u32 };
            if self.live.slot(entry.path) == PathSlot::Member(id) && entry.path != PathId::ROOT {
                match self.outcomes.change(id) {
                    TreeChange::Added => changes.added.add(entry.kind, entry.size),
                    TreeChange::Changed => changes.changed.add(entry.kind, entry.size),
                    TreeChange::Same | TreeChange::Removes => {}
                }
            }
        }
        self.changes.push(changes);
    }

    fn tell_links(&mut self, layer: u32) {
        for &(path, link) in &self.links {
            let directory = self.target(path, link).filter(|&target| target != path && self.is_directory(target));
            if let Some(target) = directory
                && self.counted < COUNTED_LINKS
            {
                self.counted += 1;
                let mut hidden = 0;
                let mut below = vec![target];
                while let Some(at) = below.pop() {
                    let file =
                        matches!(self.live.slot(at), PathSlot::Member(id) if self.image.entry(id).kind.is_file());
                    hidden += u64::from(file);
                    below.extend(self.live.children(at));
                }
                self.notices.add(layer, MemberOddity::LinkBecomesDirectory { hidden }, path);
            }
        }
    }

    /// Where a symbolic link points, with no further link on the way.
    fn target(&self, path: PathId, link: EntryId) -> Option<PathId> {
        let paths = &self.image.paths;
        let target = self.image.layers[link.layer as usize].targets.get(&link.index)?;
        let mut at = if target.starts_with(b"/") { PathId::ROOT } else { paths.parent(path) };
        for part in target.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
            at = if part == b".." { paths.parent(at) } else { paths.child(at, part)? };
        }
        Some(at)
    }

    fn is_directory(&self, path: PathId) -> bool {
        match self.live.slot(path) {
            PathSlot::Absent => false,
            PathSlot::Implicit => true,
            PathSlot::Member(id) => self.image.entry(id).kind == EntryKind::Directory,
        }
    }

    fn finish(mut self) -> ImageTree {
        let paths = &self.image.paths;
        self.live.sort(paths);
        let mut bytes = vec![0u64; paths.len()];
        for path in paths.all() {
            if let PathSlot::Member(id) = self.live.slot(path) {
                self.outcomes.name(path, id);
                if self.outcomes.is_first(path, id) {
                    bytes[path.index()] = self.image.entry(self.outcomes.inode(id)).size;
                }
            }
        }
        for index in (1..bytes.len()).rev() {
            let parent = paths.parent(PathId(index as u32)).index();
            bytes[parent] = bytes[parent].saturating_add(bytes[index]);
        }
        ImageTree {
            live: self.live,
            outcomes: self.outcomes,
            bytes,
            changes: self.changes,
            replaced: self.replaced,
            dangling: self.dangling,
            notices: self.notices.list,
        }
    }
}

impl Count {
    pub(super) fn add(&mut self, kind: EntryKind, bytes: u64) {
        self.entries += 1;
        self.files += u64::from(kind.is_file());
        self.bytes += bytes;
    }
}

/// Whether two members at a path are the same but for owner, permissions and times.
pub(super) fn same_contents(image: &Image, outcomes: &MemberOutcomes, old: EntryId, new: EntryId) -> bool {
    let (old, new) = (image.entry(outcomes.inode(old)), image.entry(outcomes.inode(new)));
    old.kind == new.kind && old.size == new.size && old.content == new.content
}

/// Whether two directories are the same but for times, which every member below changes.
fn same_directory(image: &Image, old: EntryId, new: EntryId) -> bool {
    let xattrs = |id: EntryId| image.layers[id.layer as usize].xattrs.get(&id.index);
    let [first, second] = [old, new].map(|id| image.entry(id));
    let directories = first.kind == EntryKind::Directory && second.kind == EntryKind::Directory;
    directories
        && (first.mode, first.uid, first.gid) == (second.mode, second.uid, second.gid)
        && xattrs(old) == xattrs(new)
}
