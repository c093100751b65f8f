//! Finds and opens a repository: `.git` folders, `.git` files of work trees and submodules, bare repositories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix_hash::{Kind, ObjectId};
use gix_odb::pack::cache::lru::MemoryCappedHashmap;
use gix_odb::store::init::{Options, Slots};

use super::config::StorageConfig;
use super::folder::{common_dir, small_file};
use super::reftable::{ReferenceTarget, Reftable};
use crate::failure::{Failure, FailureKind};
use crate::text::exact_bytes;

/// Bytes that one object may have: Dockerfiles and folders are far smaller.
pub(super) const OBJECT_LIMIT: usize = 64 << 20;

/// Bytes of unpacked objects that are kept, because later ones are stored as differences to them.
const DELTA_BASES: usize = 32 << 20;

/// An open repository. Objects are read when they are asked for.
pub struct Repository {
    pub(super) objects: gix_odb::HandleArc,
    pub(super) references: gix_ref::file::Store,
    pub(super) hash: Kind,
    pub(super) config: StorageConfig,
    pub(super) shallow: BTreeSet<ObjectId>,
    git_dir: PathBuf,
    work_tree: Option<PathBuf>,
}

impl Repository {
    /// Opens the repository that a path lies in; `None` if it lies in none.
    ///
    /// # Errors
    /// The repository is stored in a way that cannot be read.
    pub fn discover(path: &Path) -> Result<Option<Self>, Failure> {
        let Ok(real) = path.canonicalize() else { return Ok(None) };
        let start = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
        let Ok((place, _)) = gix_discover::upwards(start) else { return Ok(None) };
        let (git_dir, work_tree) = place.into_repository_and_work_tree_directories();
        Self::open(git_dir, work_tree).map(Some)
    }

    /// Opens the repository of a git folder.
    ///
    /// # Errors
    /// It is stored in a way that cannot be read.
    pub(super) fn open(git_dir: PathBuf, work_tree: Option<PathBuf>) -> Result<Self, Failure> {
        let common_dir = common_dir(&git_dir);
        let config = StorageConfig::read(&common_dir);
        let hash = match config.object_format.as_str() {
            "sha1" => Kind::Sha1,
            "sha256" => Kind::Sha256,
            other => {
                let what = format!("the git repository `{}` names its objects by `{other}`", git_dir.display());
                return Err(Failure::new(FailureKind::Setup, what, "dockopt reads sha1 and sha256"));
            }
        };
        let options = Options { alloc_limit_bytes: Some(OBJECT_LIMIT), slots: Slots::default(), ..Options::default() };
        let broken = |error: std::io::Error| {
            let what = format!("the objects of the git repository `{}` cannot be read: {error}", git_dir.display());
            Failure::new(FailureKind::Broken, what, "check it with `git fsck`")
        };
        let objects = gix_odb::at_opts(common_dir.join("objects"), hash, None, options).map_err(broken)?;
        let mut objects = objects.into_arc().map_err(broken)?;
        // What is missing stays missing while this runs; looking again costs a listing of all packs for each object.
        objects.refresh_never();
        objects.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(DELTA_BASES)));
        let references = if common_dir == git_dir {
            gix_ref::file::Store::at(git_dir.clone(), hash)
        } else {
            gix_ref::file::Store::for_linked_worktree(git_dir.clone(), common_dir.clone(), hash)
        };
        let shallow = shallow_commits(&common_dir.join("shallow"));
        Ok(Self { objects, references, hash, config, shallow, git_dir, work_tree })
    }

    /// The folder of the index and of HEAD.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The folder of the checked-out files; `None` in a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// Whether the clone has only the newest commits (`git clone --depth`).
    pub fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// The addresses of its remotes, in lower case.
    pub fn remote_urls(&self) -> &[String] {
        &self.config.remotes
    }

    /// The branch that a clone of its remote has checked out, else `main` or `master`, whichever exists; `None` if nothing
    /// says it.
    pub fn default_branch(&self) -> Option<String> {
        let head = small_file(&common_dir(&self.git_dir).join("refs/remotes/origin/HEAD")).unwrap_or_default();
        let head = String::from_utf8_lossy(&head);
        if let Some(branch) = head.trim().strip_prefix("ref: refs/remotes/origin/") {
            return Some(branch.to_owned());
        }
        let reftable = self.reftable();
        let exists = |branch: &&str| {
            let name = format!("refs/heads/{branch}");
            if let Some(reftable) = &reftable {
                return matches!(reftable.find(&name), ReferenceTarget::Object(_));
            }
            self.references.try_find(name.as_str()).is_ok_and(|found_reference| found_reference.is_some())
        };
        ["main", "master"].into_iter().find(exists).map(str::to_owned)
    }

    /// The references of a repository that has them in reftables; `None` in others, and if a table is damaged.
    pub(super) fn reftable(&self) -> Option<Reftable> {
        let common_dir = common_dir(&self.git_dir);
        let is_reftable = self.config.ref_storage == "reftable";
        is_reftable.then(|| Reftable::read(&self.git_dir, &common_dir, self.hash)).flatten()
    }

    /// Why an object was not read; `what` says whose it is.
    pub(super) fn object_failure(&self, id: &gix_hash::oid, what: &str, error: Option<&gix_error::Error>) -> Failure {
        let short = id.to_hex_with_len(12);
        match error {
            None if self.config.is_partial => Failure::new(
                FailureKind::Missing,
                format!("{what} ({short}) is not in this partial clone"),
                "clone the repository without `--filter`",
            ),
            None => Failure::new(
                FailureKind::Missing,
                format!("{what} ({short}) is missing in the git repository"),
                "check the repository with `git fsck`; `git fetch` may bring the object back",
            ),
            Some(error) if error.is_resource_exhausted() => Failure::new(
                FailureKind::Broken,
                format!("{what} ({short}) is larger than {}", exact_bytes(OBJECT_LIMIT as u64)),
                "it is left out; nothing else depends on it",
            ),
            Some(error) => Failure::new(
                FailureKind::Broken,
                format!("{what} ({short}) is damaged in the git repository: {}", error.probable_cause()),
                "check the repository with `git fsck`; a new clone has it intact",
            ),
        }
    }
}

/// Commits whose parents the clone lacks, one hash a line.
fn shallow_commits(file: &Path) -> BTreeSet<ObjectId> {
    let text = small_file(file).unwrap_or_default();
    text.split(|byte| *byte == b'\n').filter_map(|line| ObjectId::from_hex(line.trim_ascii()).ok()).collect()
}
