//! A context of which only names are known, for changes that somebody names: a file's content is its path.

use std::sync::Arc;

use super::context::{ContextFiles, Digests};
use super::graph::Graph;
use super::predict::{BuildState, Prediction};
use super::records::Records;
use super::step::BuilderFlags;
use super::tree::{ContentId, Directory, FileNode, Node};
use crate::build::Build;
use crate::inputs::BuildInput;
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

/// Permission bits of a file that is touched and does not exist.
const FILE_MODE: u16 = 0o644;

/// The tree with another content of a file, or of all files of a folder; a file that is not in it is added. The empty
/// path is the root.
pub fn touch(root: &Directory, path: &str) -> Directory {
    if path.is_empty() {
        let names = root.entries().iter().map(|(name, _)| name.to_string());
        return names.fold(root.clone(), |root, name| touch(&root, &name));
    }
    let node = match root.node(path) {
        Some(Node::File(file)) => Node::File(FileNode { content: changed(file.content), ..file.clone() }),
        Some(Node::Directory { mode, entries }) => {
            Node::Directory { mode: *mode, entries: Arc::new(touch(entries, "")) }
        }
        Some(Node::Link(target)) => Node::Link(format!("{target} ").into()),
        Some(Node::Other(content)) => Node::Other(changed(*content)),
        None => Node::File(FileNode::new(ContentId::of_bytes(path.as_bytes()), FILE_MODE)),
    };
    root.with(path, Some(node))
}

fn changed(content: ContentId) -> ContentId {
    ContentId(!content.0)
}

/// What an edit of a file reruns: the steps of the build, and what happens to each. Only names of the context are needed;
/// `None` without a context.
pub fn predict_touched(input: &BuildInput, path: &str) -> Option<(Graph, Prediction)> {
    let root = names_only(input.context.as_deref()?);
    let graph = Graph::new(&Build::new(input), &BuilderFlags::default());
    let files = ContextFiles::new(Arc::clone(&root), None);
    let touched = files.over(Arc::new(touch(&root, path)));
    let before = BuildState { graph: &graph, context: &files, folder: "" };
    let after = BuildState { graph: &graph, context: &touched, folder: "" };
    let prediction = Prediction::new(before, after, &mut Records::default(), &mut Digests::default());
    Some((graph, prediction))
}
