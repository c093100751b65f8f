//! The paths that commits changed: their folders compared with those of their parents.

use std::collections::BTreeMap;

use gix_hash::ObjectId;

use super::repository::Repository;
use super::tree::{TreeEntry, TreeEntryKind};
use crate::failure::Failure;
use crate::inputs::CommitChanges;
use crate::text::path;

/// Folders in folders that are compared.
const DEPTH: usize = 256;

/// Paths that one commit may change: GitHub looks at no more either.
const PATHS: usize = 3_000;

/// Folders that are read for all commits.
const FOLDERS: usize = 200_000;

impl Repository {
    /// What the newest commits from one back along first parents changed, at most `limit` of them.
    ///
    /// # Errors
    /// The first commit cannot be read.
    pub fn changes(&self, start: ObjectId, limit: usize) -> Result<CommitChanges, Failure> {
        let history = self.first_parents(start, limit + 1)?;
        let mut commits = Vec::new();
        let mut folders = FOLDERS;
        for pair in history.commits.windows(2) {
            let mut comparison = Comparison { repository: self, folders, paths: Vec::new() };
            if comparison.add(Some(pair[1].tree), Some(pair[0].tree), "", DEPTH).is_some() {
                commits.push(comparison.paths);
            }
            folders = comparison.folders;
            if folders == 0 {
                break;
            }
        }
        Ok(CommitChanges { commits })
    }
}

struct Comparison<'r> {
    repository: &'r Repository,
    /// Folders that may still be read.
    folders: usize,
    paths: Vec<String>,
}

impl Comparison<'_> {
    /// Adds the paths that differ; `None` where they are too many, or cannot be read.
    fn add(&mut self, before: Option<ObjectId>, after: Option<ObjectId>, folder: &str, depth: usize) -> Option<()> {
        if before == after {
            return Some(());
        }
        let depth = depth.checked_sub(1)?;
        let (mut before, after) = (self.entries(before)?, self.entries(after)?);
        for (name, entry) in after {
            let old = before.remove(&name);
            if old.as_ref().is_none_or(|old| (old.id, old.kind) != (entry.id, entry.kind)) {
                self.add_entry(old.as_ref(), Some(&entry), &path::child(folder, &name), depth)?;
            }
        }
        for (name, old) in before {
            self.add_entry(Some(&old), None, &path::child(folder, &name), depth)?;
        }
        Some(())
    }

    fn add_entry(&mut self, old: Option<&TreeEntry>, new: Option<&TreeEntry>, name: &str, depth: usize) -> Option<()> {
        let is_folder = |entry: &&TreeEntry| entry.kind == TreeEntryKind::Folder;
        if [old, new].into_iter().flatten().any(|entry| !is_folder(&entry)) {
            self.paths.push(name.to_owned());
        }
        let tree = |entry: Option<&TreeEntry>| entry.filter(is_folder).map(|entry| entry.id);
        self.add(tree(old), tree(new), name, depth)?;
        (self.paths.len() <= PATHS).then_some(())
    }

    fn entries(&mut self, tree: Option<ObjectId>) -> Option<BTreeMap<String, TreeEntry>> {
        let Some(tree) = tree else { return Some(BTreeMap::new()) };
        self.folders = self.folders.checked_sub(1)?;
        let entries = self.repository.tree(tree).ok()?;
        Some(entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect())
    }
}
