//! Files of the work tree as the builder would be sent them: tracked ones, and those that git does not ignore. Only
//! what may have changed since the index was written is hashed.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gix_hash::{Kind, ObjectId};
use gix_index::entry::{Mode, Stat};
use ignore::WalkState;
use rayon::prelude::*;

use super::index::read_index;
use super::repository::Repository;
use super::tree::TreeEntryKind;
use crate::failure::{Failure, FailureKind};
use crate::load::tree_walk::{may_be_entered, tree_walk};
use crate::text::path;

/// Untracked files that are looked at.
const UNTRACKED: usize = 5_000_000;

/// A file of the work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFile {
    /// Its path below the folder that was asked for.
    pub path: String,
    /// What it is on disk.
    pub kind: TreeEntryKind,
    /// The hash that git gives its contents; of a submodule, its commit.
    pub id: ObjectId,
    /// How it differs from the index.
    pub state: WorkFileState,
}

/// How a file of the work tree differs from the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkFileState {
    /// As it was added.
    Unchanged,
    /// Other contents, another mode or another kind.
    Changed,
    /// Not in the index, and not ignored.
    Untracked,
}

impl Repository {
    /// The files below a folder of the work tree (its path below the repository's top, empty for all), sorted by path.
    /// Deleted files are left out, as are ignored ones that git does not track.
    ///
    /// # Errors
    /// The repository has no work tree.
    pub fn work_files(&self, folder: &str) -> Result<Vec<WorkFile>, Failure> {
        let Some(top) = self.work_tree() else {
            let what = format!("the git repository `{}` has no work tree", self.git_dir().display());
            return Err(Failure::new(FailureKind::Setup, what, "pass a folder of checked-out files"));
        };
        let index = read_index(self.git_dir(), self.hash);
        let tracked = index.as_ref().map(|index| candidates(index, folder)).unwrap_or_default();
        let paths: HashSet<&str> = tracked.iter().map(|entry| entry.path.as_str()).collect();
        let folders = RealFolders::new(top, &tracked);
        let (hash, file_mode) = (self.hash, self.config.file_mode);
        let read = |entry: &IndexEntry| tracked_file(top, entry, &folders, hash, file_mode);
        let (mut files, untracked) =
            rayon::join(|| tracked.par_iter().filter_map(read).collect::<Vec<_>>(), || untracked(top, folder, &paths));
        files.par_extend(untracked.par_iter().filter_map(|place| {
            let (kind, id) = hash_file(&top.join(place), hash)?;
            Some(WorkFile { path: place.clone(), kind, id, state: WorkFileState::Untracked })
        }));
        for file in files.iter_mut().filter(|file| file.state == WorkFileState::Changed) {
            self.accept_checkout(top, &tracked, file);
        }
        for file in &mut files {
            if let Some(below) = path::relative(&file.path, folder) {
                file.path = below.to_owned();
            }
        }
        files.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(files)
    }

    /// Takes a file for unchanged if a checkout of the tracked one writes it as it is on disk.
    fn accept_checkout(&self, top: &Path, tracked: &[IndexEntry], file: &mut WorkFile) {
        let Ok(index) = tracked.binary_search_by(|entry| entry.path.cmp(&file.path)) else { return };
        let entry = &tracked[index];
        if entry.kind == Some(file.kind) && self.is_checkout_of(&top.join(&file.path), entry.id) {
            (file.id, file.state) = (entry.id, WorkFileState::Unchanged);
        }
    }
}

fn tracked_file(
    top: &Path,
    entry: &IndexEntry,
    folders: &RealFolders,
    hash: Kind,
    file_mode: bool,
) -> Option<WorkFile> {
    let full = top.join(&entry.path);
    if !folders.contains(&entry.path) {
        return None;
    }
    let metadata = gix_index::fs::Metadata::from_path_no_follow(&full).ok()?;
    if entry.kind == Some(TreeEntryKind::Submodule) && metadata.is_dir() {
        let checked_out = full.join(".git").exists().then(|| Repository::discover(&full).ok().flatten()).flatten();
        let id = checked_out.and_then(|module| module.resolve("HEAD").ok()).unwrap_or(entry.id);
        let state = if id == entry.id { WorkFileState::Unchanged } else { WorkFileState::Changed };
        return Some(WorkFile { path: entry.path.clone(), kind: TreeEntryKind::Submodule, id, state });
    }
    if metadata.is_dir() {
        return None;
    }
    let stat = Stat::from_fs(&metadata).ok()?;
    let mut kind = file_kind(&metadata)?;
    let is_file = |kind| matches!(kind, TreeEntryKind::File | TreeEntryKind::Executable);
    if let Some(tracked) = entry.kind
        && !file_mode
        && is_file(kind)
        && is_file(tracked)
    {
        kind = tracked;
    }
    let options = gix_index::entry::stat::Options::default();
    if !entry.is_racy && entry.kind == Some(kind) && entry.stat.matches(&stat, options) {
        return Some(WorkFile { path: entry.path.clone(), kind, id: entry.id, state: WorkFileState::Unchanged });
    }
    let (_, id) = hash_file(&full, hash)?;
    let is_same = entry.kind == Some(kind) && (id == entry.id);
    let state = if is_same { WorkFileState::Unchanged } else { WorkFileState::Changed };
    Some(WorkFile { path: entry.path.clone(), kind, id, state })
}

/// An entry of the index below the folder.
struct IndexEntry {
    path: String,
    /// `None` in a conflict, and for `git add --intent-to-add`.
    kind: Option<TreeEntryKind>,
    id: ObjectId,
    stat: Stat,
    /// Whether the file may have been written after the index within the same second, unseen.
    is_racy: bool,
}

fn candidates(index: &gix_index::File, folder: &str) -> Vec<IndexEntry> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let options = gix_index::entry::stat::Options::default();
    let entries = index.prefixed_entries(prefix.as_str().into()).unwrap_or_default();
    let mut candidates: Vec<IndexEntry> = entries
        .par_iter()
        .filter(|entry| !entry.mode.is_sparse())
        .map(|entry| {
            let intended = entry.flags.contains(gix_index::entry::Flags::INTENT_TO_ADD);
            let settled = entry.stage_raw() == 0 && !intended;
            let kind = match entry.mode {
                Mode::FILE => Some(TreeEntryKind::File),
                Mode::FILE_EXECUTABLE => Some(TreeEntryKind::Executable),
                Mode::SYMLINK => Some(TreeEntryKind::Link),
                Mode::COMMIT => Some(TreeEntryKind::Submodule),
                _ => None,
            };
            IndexEntry {
                path: entry.path(index).to_string(),
                kind: if settled { kind } else { None },
                id: entry.id,
                stat: entry.stat,
                is_racy: entry.stat.is_racy(index.timestamp(), options),
            }
        })
        .collect();
    candidates.dedup_by(|a, b| a.path == b.path);
    candidates
}

/// Folders of tracked files that are folders on disk, and no links to elsewhere.
struct RealFolders {
    folders: HashMap<String, bool>,
}

impl RealFolders {
    fn new(top: &Path, entries: &[IndexEntry]) -> Self {
        let mut folders: HashMap<String, bool> = HashMap::new();
        for entry in entries {
            let parent = path::parent(&entry.path);
            if folders.contains_key(parent) {
                continue;
            }
            let mut is_real = true;
            let ends = parent.match_indices('/').map(|(at, _)| at).chain([parent.len()]);
            for end in ends.filter(|end| *end > 0) {
                let ancestor = &parent[..end];
                is_real = is_real
                    && *folders.entry(ancestor.to_owned()).or_insert_with(|| {
                        fs::symlink_metadata(top.join(ancestor)).is_ok_and(|metadata| metadata.is_dir())
                    });
                if !is_real {
                    folders.insert(ancestor.to_owned(), false);
                }
            }
        }
        Self { folders }
    }

    fn contains(&self, place: &str) -> bool {
        let parent = path::parent(place);
        parent.is_empty() || self.folders.get(parent).copied().unwrap_or(false)
    }
}

/// Paths below the top that git neither tracks nor ignores. Repositories inside are left out, as a clone lacks them.
fn untracked(top: &Path, folder: &str, tracked: &HashSet<&str>) -> Vec<String> {
    let start = if folder.is_empty() { top.to_owned() } else { top.join(folder) };
    let paths: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let root: PathBuf = start.clone();
    let walk = tree_walk(&start)
        .require_git(true)
        .ignore(false)
        .git_global(false)
        .threads(rayon::current_num_threads())
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_inner = is_folder && entry.path() != root && entry.path().join(".git").exists();
            entry.file_name() != ".git" && !is_inner && may_be_entered(entry)
        })
        .build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            if entry.file_type().is_none_or(|kind| kind.is_dir()) {
                return WalkState::Continue;
            }
            let Some(place) = entry.path().strip_prefix(top).ok().map(|below| below.to_string_lossy()) else {
                return WalkState::Continue;
            };
            let place = if cfg!(windows) { place.replace('\\', "/") } else { place.into_owned() };
            if !tracked.contains(place.as_str()) {
                let mut paths = paths.lock().unwrap_or_else(PoisonError::into_inner);
                paths.push(place);
                if paths.len() >= UNTRACKED {
                    return WalkState::Quit;
                }
            }
            WalkState::Continue
        })
    });
    paths.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn file_kind(metadata: &gix_index::fs::Metadata) -> Option<TreeEntryKind> {
    if metadata.is_symlink() {
        Some(TreeEntryKind::Link)
    } else if !metadata.is_file() {
        None
    } else if metadata.is_executable() {
        Some(TreeEntryKind::Executable)
    } else {
        Some(TreeEntryKind::File)
    }
}

/// What a file is, and the hash that git gives its contents or a link's text; `None` if it cannot be read.
pub(super) fn hash_file(file: &Path, hash: Kind) -> Option<(TreeEntryKind, ObjectId)> {
    let metadata = gix_index::fs::Metadata::from_path_no_follow(file).ok()?;
    let kind = file_kind(&metadata)?;
    if kind == TreeEntryKind::Link {
        let target = fs::read_link(file).ok()?;
        let id = gix_object::compute_hash(hash, gix_object::Kind::Blob, target.as_os_str().as_encoded_bytes()).ok()?;
        return Some((kind, id));
    }
    let mut hasher = gix_hash::hasher(hash);
    hasher.update(&gix_object::encode::loose_header(gix_object::Kind::Blob, metadata.len()));
    let mut reader = File::open(file).ok()?.take(metadata.len());
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hasher.update(buffer.get(..read)?),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some((kind, hasher.try_finalize().ok()?))
}
