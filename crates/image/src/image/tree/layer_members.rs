//! What a layer is by itself: which of its members stay when a path comes twice, and what its hard links are names of.

use super::change::{MemberOddity, Notices};
use super::live_paths::{LivePaths, PathSlot};
use super::member_outcomes::MemberOutcomes;
use crate::image::{EntryId, EntryKind, Image, PathId};

/// What a layer has at a path so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LayerPathKind {
    Other = 0,
    Implicit = 1,
    Directory = 2,
}

/// Room that is used again for each layer.
#[derive(Default)]
pub(super) struct LayerScratch {
    /// By path: three times the number of the last layer that has it, and the [`LayerPathKind`].
    stamps: Vec<u32>,
    live: LivePaths,
}

impl LayerScratch {
    /// Writes down which members of a layer do not survive it, and joins hard links to their files. `below` is the tree
    /// of the layers below.
    pub(super) fn reduce(
        &mut self,
        image: &Image,
        layer: u32,
        below: &LivePaths,
        outcomes: &mut MemberOutcomes,
        notices: &mut Notices,
    ) {
        if self.is_plain(image, layer) {
            return;
        }
        if self.live.is_empty() {
            self.live = LivePaths::new(image.paths.len());
        }
        let mut superseded = Vec::new();
        let mut links = Vec::new();
        let entries = &image.layers[layer as usize].entries;
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.kind.removes()) {
            let id = EntryId { layer, index: index as u32 };
            if entry.path == PathId::ROOT && entry.kind != EntryKind::Directory {
                superseded.push(id);
                notices.add(layer, MemberOddity::RootIsNoDirectory, entry.path);
                continue;
            }
            if entry.kind == EntryKind::Hardlink {
                if entry.link == entry.path {
                    superseded.push(id);
                    notices.add(layer, MemberOddity::LinkToNothing, entry.path);
                    continue;
                }
                match self.live.slot(entry.link) {
                    PathSlot::Member(file) if holds(image, outcomes, file) => outcomes.join(id, file, 0),
                    _ => links.push(id),
                }
            }
            let link = self.live.place(image, id, &mut |_, other, why| {
                superseded.push(other);
                if why == super::live_paths::RemovalReason::Parent {
                    notices.add(layer, MemberOddity::BelowAFile, entry.path);
                }
            });
            if link.is_some() {
                notices.add(layer, MemberOddity::BelowALink, entry.path);
            }
        }
        for link in links {
            self.seek(image, link, below, outcomes, notices);
        }
        outcomes.supersede(layer, entries.len(), &superseded);
        self.live.empty();
    }

    /// Whether every member survives and none is a hard link: so it is in nearly all layers.
    fn is_plain(&mut self, image: &Image, layer: u32) -> bool {
        self.stamps.resize(image.paths.len(), 0);
        let first = (layer + 1).wrapping_mul(3);
        for entry in image.layers[layer as usize].entries.iter().filter(|entry| !entry.kind.removes()) {
            let stamp =
                if entry.kind == EntryKind::Directory { LayerPathKind::Directory } else { LayerPathKind::Other };
            let here = &mut self.stamps[entry.path.index()];
            let known = here.wrapping_sub(first) < 3;
            let implicit = *here == first + LayerPathKind::Implicit as u32;
            let fits = !known || implicit && stamp == LayerPathKind::Directory;
            if entry.kind == EntryKind::Hardlink
                || !fits
                || entry.path == PathId::ROOT && stamp != LayerPathKind::Directory
            {
                return false;
            }
            *here = first + stamp as u32;
            let mut at = entry.path;
            while at != PathId::ROOT {
                at = image.paths.parent(at);
                let above = &mut self.stamps[at.index()];
                if *above == first + LayerPathKind::Other as u32 {
                    return false;
                }
                if above.wrapping_sub(first) < 3 {
                    break;
                }
                *above = first + LayerPathKind::Implicit as u32;
            }
        }
        true
    }

    /// Finds the file of a hard link that did not stand before it.
    fn seek(
        &self,
        image: &Image,
        link: EntryId,
        below: &LivePaths,
        outcomes: &mut MemberOutcomes,
        notices: &mut Notices,
    ) {
        let mut chain = Vec::new();
        let mut at = link;
        let target = loop {
            if holds(image, outcomes, at) {
                break (!chain.is_empty()).then_some((at, MemberOddity::LinkBeforeFile, 0));
            }
            if image.entry(at).kind == EntryKind::Directory || outcomes.is_sought(at) {
                break None;
            }
            outcomes.seek(at);
            chain.push(at);
            match (self.live.slot(image.entry(at).link), below.slot(image.entry(at).link)) {
                (PathSlot::Member(next), _) => at = next,
                (PathSlot::Absent, PathSlot::Member(file)) if holds(image, outcomes, file) => {
                    break Some((file, MemberOddity::LinkToLowerLayer, 1));
                }
                _ => break None,
            }
        };
        for id in chain {
            let path = image.entry(id).path;
            if let Some((file, oddity, live)) = target {
                outcomes.join(id, file, live);
                notices.add(link.layer, oddity, path);
            } else {
                notices.add(link.layer, MemberOddity::LinkToNothing, path);
            }
        }
    }
}

/// Whether a member holds contents, or its holder is known.
fn holds(image: &Image, outcomes: &MemberOutcomes, id: EntryId) -> bool {
    match image.entry(id).kind {
        EntryKind::Directory => false,
        EntryKind::Hardlink => outcomes.is_linked(id),
        _ => true,
    }
}
