//! A build context as it is on disk, without a repository.

use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use gix_hash::Kind;
use rayon::prelude::*;

use super::directories::{EXECUTABLE_MODE, FILE_MODE};
use super::repository::Repository;
use super::work_tree::hash_file;
use crate::cache::{ContentId, Directory, FOLDER_MODE, FileNode, FileStat, Node};
use crate::inputs::context::{BuildContext, ContextEntryKind, EntryId};
use crate::load::file_metadata::mode;

/// Permission bits that make a file executable.
const EXECUTABLE: u16 = 0o111;

/// Bits of a mode that the builder compares.
const MODE_BITS: u32 = 0o7777;

/// What the builder is sent of a context, with sizes and times. To be compared with commits of a repository, it has the
/// modes of a clone, and no times.
pub fn folder_directory(context: &BuildContext, root: &Path, repository: Option<&Repository>) -> Arc<Directory> {
    let entries: Vec<EntryId> = context.entries().collect();
    let clone_hash = repository.map(|repository| repository.hash);
    let nodes: Vec<(String, Node)> = entries
        .par_iter()
        .map(|id| {
            let path = context.path(*id);
            let node = node(context, *id, &root.join(&path), clone_hash);
            (path, node)
        })
        .collect();
    Arc::new(Directory::of_paths(nodes))
}

fn node(context: &BuildContext, id: EntryId, file: &Path, clone_hash: Option<Kind>) -> Node {
    let entry = context.entry(id);
    let other = || Node::Other(ContentId::of_bytes(entry.name.as_bytes()));
    // The walk of the context may have read names alone.
    let metadata = || fs::symlink_metadata(file).ok();
    let mode_of = |metadata: Option<&Metadata>| metadata.map_or(entry.mode, |facts| (mode(facts) & MODE_BITS) as u16);
    match (entry.kind, entry.target) {
        (ContextEntryKind::Directory, _) => {
            let mode = if clone_hash.is_some() { FOLDER_MODE } else { mode_of(metadata().as_ref()) };
            Node::Directory { mode, entries: Arc::default() }
        }
        (ContextEntryKind::File, _) => {
            let Some((_, hash)) = hash_file(file, clone_hash.unwrap_or(Kind::Sha1)) else { return other() };
            let metadata = metadata();
            let mode = mode_of(metadata.as_ref());
            let clone_mode = if mode & EXECUTABLE == 0 { FILE_MODE } else { EXECUTABLE_MODE };
            let mode = if clone_hash.is_some() { clone_mode } else { mode };
            let mut node = FileNode::new(ContentId::of_git(hash.as_bytes()), mode);
            node.stat = if clone_hash.is_some() { None } else { metadata.as_ref().and_then(stat) };
            Node::File(node)
        }
        (_, Some(target)) => Node::Link(target.into()),
        (_, None) => other(),
    }
}

fn stat(metadata: &Metadata) -> Option<FileStat> {
    let modified = metadata.modified().ok()?;
    let nanoseconds = match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).ok()?,
        Err(before) => -i128::try_from(before.duration().as_nanos()).ok()?,
    };
    Some(FileStat { size: metadata.len(), modified: nanoseconds })
}
