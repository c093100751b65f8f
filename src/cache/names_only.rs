//! A context of which only names are known, for changes that somebody names: a file's content is its path.

use std::sync::Arc;

use super::tree::{ContentId, Directory, FileNode, Node};
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::text::path;

/// The tree of a context's names. What .dockerignore leaves out is not in it.
pub fn names_only(context: &BuildContext) -> Arc<Directory> {
    Arc::new(folder(context, None, ""))
}

fn folder(context: &BuildContext, id: Option<EntryId>, above: &str) -> Directory {
    let entries = context.children(id).map(|child| {
        let entry = context.entry(child);
        let below = path::child(above, entry.name);
        let node = match entry.kind {
            ContextEntryKind::Directory => {
                let entries = Arc::new(folder(context, Some(child), &below));
                Node::Directory { mode: entry.mode, entries }
            }
            ContextEntryKind::File => Node::File(FileNode::new(ContentId::of_bytes(below.as_bytes()), entry.mode)),
            _ => match entry.target {
                Some(target) => Node::Link(target.into()),
                None => Node::Other(ContentId::of_bytes(below.as_bytes())),
            },
        };
        (entry.name.into(), node)
    });
    Directory::new(entries)
}
