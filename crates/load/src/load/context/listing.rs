//! What one directory gave, and the tree that all of them make.

use crate::inputs::context::{BuildContext, ContextBuilder, ContextEntryKind, ExcludedEntry, ReadProblem};

/// A listed directory.
pub(super) struct List {
    pub(super) directory: usize,
    pub(super) items: Vec<ListedItem>,
    pub(super) excluded: Vec<ExcludedEntry>,
    pub(super) troubles: Vec<ReadProblem>,
}

pub(super) struct ListedItem {
    pub(super) name: Box<str>,
    pub(super) mode: u16,
    pub(super) what: DirectoryEntryKind,
}

pub(super) enum DirectoryEntryKind {
    /// Its number, and whether the ignore file names it.
    Directory(usize, bool),
    Symlink(Box<str>),
    File(u64),
    Other(ContextEntryKind),
}

/// Joins the lists of all directories, in any order, to a tree.
pub(super) fn assemble(name: &str, mut lists: Vec<List>) -> BuildContext {
    lists.sort_unstable_by_key(|list| list.directory);
    let mut builder = ContextBuilder::new(name);
    let mut waiting: Vec<Option<std::vec::IntoIter<ListedItem>>> = Vec::new();
    for list in lists {
        list.excluded.into_iter().for_each(|excluded| builder.exclude(excluded));
        list.troubles.into_iter().for_each(|trouble| builder.trouble(trouble));
        waiting.resize_with(list.directory, || None);
        waiting.push(Some(list.items.into_iter()));
    }
    let mut open = vec![waiting.first_mut().and_then(Option::take)];
    while let Some(items) = open.last_mut() {
        let Some(item) = items.as_mut().and_then(Iterator::next) else {
            open.pop();
            builder.leave();
            continue;
        };
        match item.what {
            DirectoryEntryKind::Directory(number, excluded) => {
                builder.enter(&item.name, item.mode, excluded);
                open.push(waiting.get_mut(number).and_then(Option::take));
            }
            DirectoryEntryKind::Symlink(target) => {
                builder.add(&item.name, ContextEntryKind::Symlink, item.mode, 0, Some(&target));
            }
            DirectoryEntryKind::File(size) => builder.add(&item.name, ContextEntryKind::File, item.mode, size, None),
            DirectoryEntryKind::Other(kind) => builder.add(&item.name, kind, item.mode, 0, None),
        }
    }
    builder.finish()
}
