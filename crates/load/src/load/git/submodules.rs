//! The repositories of submodules: a commit holds no more of a submodule than the hash of a commit whose files are in
//! another repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;
use gix_index::entry::Mode;

use super::folder::{common_dir, git_folder};
use super::index::read_index;
use super::repository::Repository;

/// Repositories that are opened.
const REPOSITORIES: usize = 200;

/// Folders below `.git/modules` that are looked into; the name of a submodule may have slashes.
const FOLDERS: usize = 5_000;

/// The repositories of submodules that are in a clone.
pub(super) struct Submodules {
    repositories: Vec<Repository>,
}

impl Submodules {
    /// Those of a repository and of its submodules: the ones that are checked out, and those that were once.
    pub(super) fn of(repository: &Repository) -> Self {
        let mut known: BTreeSet<PathBuf> = BTreeSet::new();
        let mut repositories: Vec<Repository> = Vec::new();
        let mut next = candidates(repository);
        for at in 0.. {
            for (git_dir, work_tree) in std::mem::take(&mut next) {
                let is_new = git_dir.canonicalize().is_ok_and(|real| known.insert(real));
                if is_new
                    && repositories.len() < REPOSITORIES
                    && let Ok(submodule) = Repository::open(git_dir, work_tree)
                {
                    repositories.push(submodule);
                }
            }
            let Some(submodule) = repositories.get(at) else { break };
            next = candidates(submodule);
        }
        Self { repositories }
    }

    /// The repository that has a commit, and the folder of the commit's files; `None` if the clone lacks it.
    pub(super) fn commit(&self, id: ObjectId) -> Option<(usize, ObjectId)> {
        let mut repositories = self.repositories.iter().enumerate();
        repositories.find_map(|(at, repository)| Some((at, repository.commit(id).ok()?.tree)))
    }

    /// A repository by its index.
    pub(super) fn repository(&self, at: usize) -> Option<&Repository> {
        self.repositories.get(at)
    }
}

/// A git folder and its work tree.
type Candidate = (PathBuf, Option<PathBuf>);

/// The git folders of the submodules of a repository.
fn candidates(repository: &Repository) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    if let (Some(top), Some(index)) = (repository.work_tree(), read_index(repository.git_dir(), repository.hash)) {
        let entries = index.entries().iter().filter(|entry| entry.mode == Mode::COMMIT).take(REPOSITORIES);
        for entry in entries {
            let folder = top.join(entry.path(&index).to_string());
            let git_dir = git_folder(&folder.join(".git"));
            candidates.extend(git_dir.map(|git_dir| (git_dir, Some(folder))));
        }
    }
    let mut left = FOLDERS;
    let shared = common_dir(repository.git_dir());
    for git_dir in [repository.git_dir(), &shared] {
        stored(&git_dir.join("modules"), &mut left, &mut candidates);
    }
    candidates
}

/// Adds the git folders below a folder.
fn stored(folder: &Path, left: &mut usize, candidates: &mut Vec<Candidate>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            candidates.push((path, None));
        } else {
            stored(&path, left, candidates);
        }
    }
}
