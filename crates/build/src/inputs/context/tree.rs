//! The tree: one row of fixed size per entry, in the order of a walk, names in one text. 200,000 files take some 15 MB.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::inputs::context::classes::ClassMatch;
use crate::inputs::context::entry::{Amount, ContextEntry, ContextEntryKind, EntryId, ExcludedEntry};
use crate::inputs::context::memory::Memory;
use crate::manifest::{ContentKind, FileKind, is_manifest};

/// What stood in the way of reading, and what the builder makes of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadProblem {
    /// From the root; empty for the root itself.
    pub path: String,
    /// What.
    pub kind: TroubleKind,
}

/// The kinds of [`ReadProblem`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// A directory that can't be read: the build fails.
    UnreadableDirectory(String),
    /// A file that can't be opened: the builder receives an empty one.
    UnreadableFile(String),
    /// A file that the walk of the builder brings back by an exception, and that its reader takes for excluded: the
    /// builder receives an empty one.
    SentEmpty,
    /// An entry without readable facts.
    NoFacts(String),
    /// Its name is not UTF-8; it is shown, and was matched, with U+FFFD.
    NameNotUtf8,
}

impl fmt::Display for ReadProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "." } else { &self.path };
        match &self.kind {
            TroubleKind::UnreadableDirectory(why) => {
                write!(out, "directory `{path}` cannot be read, so the build will fail: {why}")
            }
            TroubleKind::UnreadableFile(why) => {
                write!(out, "`{path}` cannot be opened, so the builder gets an empty file: {why}")
            }
            TroubleKind::SentEmpty => {
                write!(
                    out,
                    "the builder gets an empty `{path}`: the ignore file includes its name, but not its contents"
                )
            }
            TroubleKind::NoFacts(why) => write!(out, "`{path}` cannot be inspected: {why}"),
            TroubleKind::NameNotUtf8 => write!(out, "the name of `{path}` is not UTF-8"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct EntryRow {
    /// The directory's row, or [`NONE`] at the root.
    pub(super) parent: u32,
    /// The row after the last one below.
    pub(super) end: u32,
    pub(super) name: u32,
    pub(super) files: u32,
    pub(super) bytes: u64,
    pub(super) name_len: u32,
    pub(super) mode: u16,
    pub(super) kind: ContextEntryKind,
}

pub(super) const NONE: u32 = u32::MAX;

/// A build context.
#[derive(Clone, Debug, Default)]
pub struct BuildContext {
    pub(super) root: String,
    pub(super) names: String,
    pub(super) rows: Vec<EntryRow>,
    /// By row, ascending.
    pub(super) targets: Vec<(u32, Box<str>)>,
    pub(super) excluded: Vec<ExcludedEntry>,
    pub(super) troubles: Vec<ReadProblem>,
    /// What [`classify`](super::classify) found, once it was asked.
    pub(super) classes: OnceLock<Vec<ClassMatch>>,
    pub(super) has_project_files: OnceLock<bool>,
    pub(super) memory: Memory,
}

impl BuildContext {
    /// The file that a question about this context alone (and the projects in it) has for an answer; `make` works it out
    /// when nobody asked before.
    pub fn get_or_find(&self, question: String, make: impl FnOnce() -> Option<EntryId>) -> Option<EntryId> {
        self.memory.file(question, make)
    }

    /// The same for several files.
    pub fn get_or_list(&self, question: String, make: impl FnOnce() -> Arc<[EntryId]>) -> Arc<[EntryId]> {
        self.memory.list(question, make)
    }

    /// Those of a list in ascending order that lie below a folder.
    pub fn entries_below<'e>(&self, entries: &'e [EntryId], folder: EntryId) -> &'e [EntryId] {
        let below = self.below(Some(folder));
        let at = |row: u32| entries.partition_point(|entry| entry.0 < row);
        &entries[at(below.start)..at(below.end)]
    }

    /// Whether it contains source code, pages, scripts or manifests: what an application is made of.
    pub fn has_project_files(&self) -> bool {
        let is_part = |path: &str| {
            let nature = FileKind::of(path).nature();
            matches!(nature, ContentKind::Code | ContentKind::Shell | ContentKind::Markup | ContentKind::Style)
                || is_manifest(path).is_some()
        };
        let is_file = |id: &EntryId| self.entry(*id).kind == ContextEntryKind::File;
        *self.has_project_files.get_or_init(|| self.entries().filter(is_file).any(|id| is_part(&self.path(id))))
    }

    /// The folder, as the user would type it.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Number of entries that can be sent, directories included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing can be sent.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Everything together.
    pub fn total(&self) -> Amount {
        let mut total = Amount::default();
        for id in self.children(None) {
            total.add(self.entry(id).amount);
        }
        total
    }

    /// Topmost entries that are kept back, by path.
    pub fn excluded(&self) -> &[ExcludedEntry] {
        &self.excluded
    }

    /// What could not be read, by path.
    pub fn troubles(&self) -> &[ReadProblem] {
        &self.troubles
    }

    /// All entries in the order of a walk: a directory, then what is below, names ascending by bytes.
    pub fn entries(&self) -> impl Iterator<Item = EntryId> + use<> {
        (0..self.rows.len() as u32).map(EntryId)
    }

    /// The entries of a directory (`None`: the root), names ascending by bytes.
    pub fn children(&self, directory: Option<EntryId>) -> impl Iterator<Item = EntryId> + use<'_> {
        let Range { start, end } = self.below(directory);
        let mut next = start;
        std::iter::from_fn(move || {
            let current = (next < end).then_some(next)?;
            next = self.rows[current as usize].end;
            Some(EntryId(current))
        })
    }

    /// Everything below an entry (`None`: the root), without itself.
    pub fn descendants(&self, entry: Option<EntryId>) -> impl Iterator<Item = EntryId> + use<> {
        self.below(entry).map(EntryId)
    }

    fn below(&self, entry: Option<EntryId>) -> Range<u32> {
        match entry {
            Some(EntryId(row)) => row + 1..self.rows[row as usize].end,
            None => 0..self.rows.len() as u32,
        }
    }

    /// Whether `entry` lies below `directory`.
    pub fn is_below(&self, entry: EntryId, directory: EntryId) -> bool {
        self.below(Some(directory)).contains(&entry.0)
    }

    /// An entry's facts.
    pub fn entry(&self, id: EntryId) -> ContextEntry<'_> {
        let row = &self.rows[id.0 as usize];
        let name = row.name as usize;
        let target = self.targets.binary_search_by_key(&id.0, |(row, _)| *row).ok();
        ContextEntry {
            name: &self.names[name..name + row.name_len as usize],
            kind: row.kind,
            mode: row.mode,
            amount: Amount { files: u64::from(row.files), bytes: row.bytes },
            target: target.map(|at| &*self.targets[at].1),
        }
    }

    /// The directory that holds an entry; `None` for the root.
    pub fn parent(&self, id: EntryId) -> Option<EntryId> {
        let parent = self.rows[id.0 as usize].parent;
        (parent != NONE).then_some(EntryId(parent))
    }

    /// An entry's path from the root, without slash at either end.
    pub fn path(&self, id: EntryId) -> String {
        let mut parts = vec![self.entry(id).name];
        let mut at = id;
        while let Some(parent) = self.parent(at) {
            parts.push(self.entry(parent).name);
            at = parent;
        }
        parts.reverse();
        parts.join("/")
    }

    /// The entry of that name in a directory (`None`: the root).
    pub fn child(&self, directory: Option<EntryId>, name: &str) -> Option<EntryId> {
        let holder = directory.map_or(NONE, |EntryId(row)| row);
        let Range { mut start, mut end } = self.below(directory);
        while start < end {
            // Any row below leads up to one of the children, and those are sorted.
            let mut child = start.midpoint(end);
            while self.rows[child as usize].parent != holder {
                child = self.rows[child as usize].parent;
            }
            match self.entry(EntryId(child)).name.cmp(name) {
                Ordering::Equal => return Some(EntryId(child)),
                Ordering::Less => start = self.rows[child as usize].end,
                Ordering::Greater => end = child,
            }
        }
        None
    }

    /// The entry at a clean path from the root, symlinks not followed.
    pub fn find(&self, path: &str) -> Option<EntryId> {
        let mut at = None;
        for name in path.split('/') {
            at = Some(self.child(at, name)?);
        }
        at
    }

    /// The topmost excluded entry at or above a clean path.
    pub fn excluded_above(&self, path: &str) -> Option<&ExcludedEntry> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.filter_map(|end| self.excluded.binary_search_by(|folder| (*folder.path).cmp(&path[..end])).ok())
            .map(|at| &self.excluded[at])
            .next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::context::builder::ContextBuilder;

    fn check(context: &BuildContext, expected: &[(&str, u64)]) {
        let listing: Vec<(String, u64)> =
            context.entries().map(|id| (context.path(id), context.entry(id).amount.bytes)).collect();
        let listing: Vec<(&str, u64)> = listing.iter().map(|(path, bytes)| (&**path, *bytes)).collect();
        assert_eq!(listing, expected);
    }

    #[test]
    fn directories_sum_what_is_below() {
        let context = BuildContext::of(&[("b/x", 1), ("a", 4), ("b/c/y", 2), ("b.txt", 8), ("e/", 0), ("l -> b/x", 9)]);
        check(&context, &[("a", 4), ("b", 3), ("b/c", 2), ("b/c/y", 2), ("b/x", 1), ("b.txt", 8), ("e", 0), ("l", 0)]);
        assert_eq!(context.total(), Amount { files: 5, bytes: 15 });
        let link = context.find("l").unwrap();
        assert_eq!((context.entry(link).kind, context.entry(link).target), (ContextEntryKind::Symlink, Some("b/x")));
        assert_eq!(context.find("b/c/z"), None);
    }

    #[test]
    fn an_excluded_directory_stays_only_for_what_it_holds() {
        let mut builder = ContextBuilder::new(".");
        builder.enter("a", 0o755, true);
        builder.enter("b", 0o755, true);
        builder.leave();
        builder.leave();
        builder.enter("c", 0o755, true);
        builder.add("x", ContextEntryKind::File, 0o644, 1, None);
        builder.leave();
        check(&builder.finish(), &[("c", 1), ("c/x", 1)]);
    }
}
