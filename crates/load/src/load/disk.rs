//! What a run asks of the file system: each folder is listed once and each path is looked at once, whoever asks. Many
//! Dockerfiles lie beside each other, and each of them asks about the same folders.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::FileType;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::file::folder_of;

/// Entries of a folder that are kept. In a larger one each path is looked at by itself.
const ENTRIES: usize = 10_000;

/// Paths of one folder that are looked at one by one. After these the folder is listed, which takes about as long.
const SINGLE_LOOKS: usize = 3;

/// Folders directly in a folder of which the files are known by name.
const SUBFOLDERS: usize = 1_000;

/// What a path leads to, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathKind {
    File,
    Folder,
    /// A device, a pipe, a socket.
    Special,
}

/// What stands in a listing for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryKind {
    Known(PathKind),
    /// A link, or an entry of which the listing does not tell the kind.
    Link,
}

impl EntryKind {
    fn of(kind: FileType) -> Self {
        match kind {
            _ if kind.is_file() => Self::Known(PathKind::File),
            _ if kind.is_dir() => Self::Known(PathKind::Folder),
            _ if kind.is_symlink() => Self::Link,
            _ => Self::Known(PathKind::Special),
        }
    }
}

/// The names in a folder.
#[derive(Debug, Default)]
struct FolderListing {
    entries: HashMap<OsString, EntryKind>,
}

impl FolderListing {
    /// `None` for a folder that cannot be listed or has too many entries.
    fn read(folder: &Path) -> Option<Self> {
        let mut entries = HashMap::new();
        for entry in std::fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            if entries.len() == ENTRIES {
                return None;
            }
            let kind = entry.file_type().map_or(EntryKind::Link, EntryKind::of);
            entries.insert(entry.file_name(), kind);
        }
        Some(Self { entries })
    }
}

/// A folder directly in another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subfolder {
    /// Its path.
    pub path: PathBuf,
    /// Whether it is a link.
    pub is_link: bool,
    /// Whether its name begins with a dot.
    pub is_hidden: bool,
}

/// The folders directly in a folder, by the names of their files: only those names that somebody asked for.
type SubfoldersByFile = BTreeMap<&'static str, Arc<Vec<Subfolder>>>;

/// A value that is made once, by whoever asks first; others wait for it.
type Once<T> = Arc<OnceLock<T>>;

/// What is known of a folder.
#[derive(Debug, Default)]
struct KnownFolder {
    looks: usize,
    listing: Once<Option<Arc<FolderListing>>>,
    subfolders: Once<Arc<Vec<Subfolder>>>,
}

/// What a run asked of the file system, and the answers. It is true for one run: who changes files, or runs again, makes a
/// new one.
#[derive(Debug, Default)]
pub struct Disk {
    folders: Mutex<HashMap<PathBuf, KnownFolder>>,
    kinds: Mutex<HashMap<PathBuf, Option<PathKind>>>,
    real_paths: Mutex<HashMap<PathBuf, Option<PathBuf>>>,
    holders: Mutex<HashMap<PathBuf, SubfoldersByFile>>,
}

impl Disk {
    /// Whether something is at a path, links followed.
    pub(super) fn exists(&self, path: &Path) -> bool {
        self.kind(path).is_some()
    }

    /// Whether a file is at a path, links followed.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.kind(path) == Some(PathKind::File)
    }

    /// Whether a folder is at a path, links followed.
    pub(super) fn is_dir(&self, path: &Path) -> bool {
        self.kind(path) == Some(PathKind::Folder)
    }

    /// Whether a folder holds one of these files.
    pub(super) fn has_any(&self, folder: &Path, names: &[&str]) -> bool {
        names.iter().any(|name| self.is_file(&folder.join(name)))
    }

    /// A path without links; `None` where nothing is there.
    pub(super) fn real_path(&self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = lock(&self.real_paths).get(path) {
            return known.clone();
        }
        let real = match (self.is_link(path), path.file_name()) {
            // The real path of an entry that is not a link is below that of its folder.
            (Some(false), Some(name)) => self.real_path(folder_of(path)).map(|folder| folder.join(name)),
            _ => path.canonicalize().ok(),
        };
        lock(&self.real_paths).insert(path.to_owned(), real.clone());
        real
    }

    /// Whether an entry of a folder is a link; `None` where nothing is there, and for paths that end with no name.
    fn is_link(&self, path: &Path) -> Option<bool> {
        match self.entry(folder_of(path), path.file_name()?) {
            ListedEntry::Missing => None,
            ListedEntry::Listed(kind) => Some(kind == EntryKind::Link),
            ListedEntry::Unlisted => Some(std::fs::symlink_metadata(path).ok()?.is_symlink()),
        }
    }

    /// The folders directly in a folder that hold a file of this name, in the order of their paths.
    pub(super) fn subfolders_with(&self, folder: &Path, file: &'static str) -> Arc<Vec<Subfolder>> {
        if let Some(known) = lock(&self.holders).get(folder).and_then(|known| known.get(file)) {
            return Arc::clone(known);
        }
        let holds = |subfolder: &&Subfolder| self.is_file(&subfolder.path.join(file));
        let holders: Vec<Subfolder> = self.subfolders(folder).iter().filter(holds).cloned().collect();
        let holders = Arc::new(holders);
        lock(&self.holders).entry(folder.to_owned()).or_default().insert(file, Arc::clone(&holders));
        holders
    }

    /// The folders directly in a folder, in the order of their paths.
    fn subfolders(&self, folder: &Path) -> Arc<Vec<Subfolder>> {
        let once = Arc::clone(&lock(&self.folders).entry(folder.to_owned()).or_default().subfolders);
        let read = || {
            let mut subfolders: Vec<Subfolder> = std::fs::read_dir(folder)
                .into_iter()
                .flatten()
                .take(SUBFOLDERS)
                .filter_map(|entry| subfolder(&entry.ok()?))
                .collect();
            subfolders.sort();
            Arc::new(subfolders)
        };
        Arc::clone(once.get_or_init(read))
    }

    fn kind(&self, path: &Path) -> Option<PathKind> {
        let Some(name) = path.file_name() else { return self.looked_up_kind(path) };
        match self.entry(folder_of(path), name) {
            ListedEntry::Missing => None,
            ListedEntry::Listed(EntryKind::Known(kind)) => Some(kind),
            ListedEntry::Listed(EntryKind::Link) | ListedEntry::Unlisted => self.looked_up_kind(path),
        }
    }

    /// What a listing tells of an entry.
    fn entry(&self, folder: &Path, name: &OsStr) -> ListedEntry {
        let Some(listing) = self.listing(folder) else { return ListedEntry::Unlisted };
        match listing.entries.get(name) {
            Some(kind) => ListedEntry::Listed(*kind),
            // Some file systems take letters of either case for the same.
            None if cfg!(any(windows, target_os = "macos")) => ListedEntry::Unlisted,
            None => ListedEntry::Missing,
        }
    }

    /// The listing of a folder about which several paths were asked.
    fn listing(&self, folder: &Path) -> Option<Arc<FolderListing>> {
        let once = {
            let mut folders = lock(&self.folders);
            if !folders.contains_key(folder) {
                folders.insert(folder.to_owned(), KnownFolder::default());
            }
            let known = folders.get_mut(folder)?;
            known.looks += 1;
            if known.looks <= SINGLE_LOOKS {
                return None;
            }
            Arc::clone(&known.listing)
        };
        once.get_or_init(|| FolderListing::read(folder).map(Arc::new)).clone()
    }

    fn looked_up_kind(&self, path: &Path) -> Option<PathKind> {
        if let Some(known) = lock(&self.kinds).get(path) {
            return *known;
        }
        let kind = std::fs::metadata(path).ok().map(|metadata| match EntryKind::of(metadata.file_type()) {
            EntryKind::Known(kind) => kind,
            EntryKind::Link => PathKind::Special,
        });
        lock(&self.kinds).insert(path.to_owned(), kind);
        kind
    }
}

/// What a listing tells of a path.
enum ListedEntry {
    /// Nothing is there.
    Missing,
    /// This is there.
    Listed(EntryKind),
    /// The folder was not listed.
    Unlisted,
}

fn subfolder(entry: &std::fs::DirEntry) -> Option<Subfolder> {
    let kind = entry.file_type().ok().filter(|kind| kind.is_dir() || kind.is_symlink())?;
    let is_hidden = entry.file_name().to_str().is_none_or(|name| name.starts_with('.'));
    Some(Subfolder { path: entry.path(), is_link: kind.is_symlink(), is_hidden })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked left at most an answer out.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("folder")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        #[cfg(unix)]
        for (target, link) in [("folder", "to-folder"), ("file", "to-file"), ("nothing", "to-nothing")] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let disk = Disk::default();
        // The first answers come from looks, the later ones from the listing.
        for _ in 0..3 {
            for name in ["folder", "file", "to-folder", "to-file", "to-nothing", "nothing", "file/x", "folder/..", "."]
            {
                let path = at(name);
                let answers = (disk.exists(&path), disk.is_file(&path), disk.is_dir(&path), disk.real_path(&path));
                assert_eq!(answers, (path.exists(), path.is_file(), path.is_dir(), path.canonicalize().ok()), "{name}");
            }
        }
        assert!(disk.has_any(folder.path(), &["none", "file"]) && !disk.has_any(folder.path(), &["none", "folder"]));
    }

    #[test]
    fn subfolders_are_known_by_their_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", ".c"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["a/go.mod", "b/package.json", ".c/go.mod", "go.mod"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let disk = Disk::default();
        let names = |file| {
            let holders = disk.subfolders_with(folder.path(), file);
            holders.iter().map(|subfolder| (subfolder.path.clone(), subfolder.is_hidden)).collect::<Vec<_>>()
        };
        for _ in 0..2 {
            assert_eq!(names("go.mod"), [(folder.path().join(".c"), true), (folder.path().join("a"), false)]);
            assert_eq!(names("package.json"), [(folder.path().join("b"), false)]);
            assert!(names("Gemfile").is_empty());
        }
    }
}
