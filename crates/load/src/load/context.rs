//! Walks a build context in parallel and keeps what the builder would be sent. Symlinks are never followed, so there are
//! no loops; a directory that the ignore file rules out is not opened, as the builder does not open it.

mod listing;

use std::ffi::OsString;
use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::Scope;

use self::listing::{DirectoryEntryKind, List, ListedItem, assemble};
use super::file::is_taken;
use super::file_metadata;
use super::looked_at::note_folder;
use crate::ignore::{MatchedPatterns, Matcher, PatternRefusal, Verdict};
use crate::inputs::context::{BuildContext, ContextEntryKind, ExcludedEntry, ReadProblem, TroubleKind};

/// Why a context can't be read at all.
#[derive(Debug)]
pub(super) enum Error {
    /// The root is missing, not a directory, or unreadable.
    Root(PathBuf, io::Error),
    /// An ignore pattern does not compile when it is tried.
    Pattern(PathBuf, PatternRefusal),
    /// More entries than [`Limits::entries`].
    TooMany(PathBuf, usize),
    /// Too many ignore patterns have to be tried on too many entries.
    TooCostly(PathBuf),
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root(path, why) => write!(out, "cannot read the build context `{}`: {why}", path.display()),
            Self::Pattern(path, why) => {
                write!(out, "the ignore file of `{}` makes the build fail: {why}", path.display())
            }
            Self::TooMany(path, limit) => {
                write!(
                    out,
                    "the build context `{}` has more than {limit} entries; is it the right folder?",
                    path.display()
                )
            }
            Self::TooCostly(path) => {
                write!(out, "the ignore file of `{}` has too many wildcard patterns for so many files", path.display())
            }
        }
    }
}

impl std::error::Error for Error {}

/// Bounds of a walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Entries that are looked at, kept back or not.
    pub entries: usize,
    /// Entries times patterns that have to be tried on each.
    pub trials: usize,
    /// Whether only names and links are read: files then have no bytes and the modes of a plain checkout.
    pub names_only: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 5_000_000, trials: 2_000_000_000, names_only: false }
    }
}

/// The ignore file that the builder reads: `<Dockerfile>.dockerignore` beside the Dockerfile if there is one, even an empty
/// one, else `.dockerignore` at the context's root; never both. `dockerfile` is the name that was asked for: when the
/// builder falls back from `Dockerfile` to `dockerfile`, it still reads `Dockerfile.dockerignore`. What stands there may be no
/// file: builders go on as if there were none, or wait for a pipe.
pub(super) fn ignore_file_for(dockerfile: Option<&Path>, root: &Path) -> Option<PathBuf> {
    let ignore_file = dockerfile.map(|path| {
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    [ignore_file, Some(root.join(".dockerignore"))].into_iter().flatten().find(|path| is_taken(path))
}

/// Reads the context at `root`, which messages call `shown`.
///
/// # Errors
/// See [`Error`]; what can't be read below the root is a [`ReadProblem`] of the result.
pub(super) fn read(root: &Path, name: &str, ignore: &Matcher, limits: Limits) -> Result<BuildContext, Error> {
    note_folder(root);
    let first = fs::read_dir(root).map_err(|why| Error::Root(root.to_owned(), why))?;
    let walk = ContextWalk::new(root, ignore, limits);
    let task = Task {
        directory: 0,
        path: String::new(),
        place: root.to_owned(),
        inherited: MatchedPatterns::default(),
        excluded: false,
    };
    rayon::scope(|scope| walk.list(scope, &task, Ok(first)));
    if let Some(error) = walk.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    Ok(assemble(name, walk.lists.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

struct ContextWalk<'w> {
    root: &'w Path,
    ignore: &'w Matcher,
    limits: Limits,
    tried_per_path: usize,
    /// Who runs this, to tell unreadable files without opening them; `None` when unknown.
    user: Option<u32>,
    directories: AtomicUsize,
    entries: AtomicUsize,
    stopped: AtomicBool,
    lists: Mutex<Vec<List>>,
    error: Mutex<Option<Error>>,
}

/// A directory to be listed.
struct Task {
    directory: usize,
    /// From the root, with a final slash unless empty.
    path: String,
    place: PathBuf,
    inherited: MatchedPatterns,
    excluded: bool,
}

impl<'w> ContextWalk<'w> {
    fn new(root: &'w Path, ignore: &'w Matcher, limits: Limits) -> Self {
        Self {
            root,
            ignore,
            limits,
            tried_per_path: ignore.tried_per_path(),
            user: fs::metadata("/proc/self").ok().map(|process| file_metadata::owner(&process)),
            directories: AtomicUsize::new(1),
            entries: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            lists: Mutex::new(Vec::new()),
            error: Mutex::new(None),
        }
    }

    fn stop(&self, error: Error) {
        self.stopped.store(true, Ordering::Relaxed);
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn list<'s>(&'s self, scope: &Scope<'s>, task: &Task, read: io::Result<fs::ReadDir>) {
        if self.stopped.load(Ordering::Relaxed) {
            return;
        }
        let mut list =
            List { directory: task.directory, items: Vec::new(), excluded: Vec::new(), troubles: Vec::new() };
        match read {
            Ok(entries) => {
                for entry in entries {
                    if let Err(error) = self.take(scope, task, entry, &mut list) {
                        return self.stop(error);
                    }
                }
            }
            Err(why) => list.troubles.extend(unreadable(task, &why)),
        }
        list.items.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).push(list);
    }

    fn count(&self) -> Result<(), Error> {
        let seen = self.entries.fetch_add(1, Ordering::Relaxed) + 1;
        if seen > self.limits.entries {
            return Err(Error::TooMany(self.root.to_owned(), self.limits.entries));
        }
        if seen.saturating_mul(self.tried_per_path) > self.limits.trials {
            return Err(Error::TooCostly(self.root.to_owned()));
        }
        Ok(())
    }

    /// Sends a directory on its own way.
    fn descend<'s>(&'s self, scope: &Scope<'s>, place: PathBuf, path: String, verdict: Verdict) -> DirectoryEntryKind {
        let number = self.directories.fetch_add(1, Ordering::Relaxed);
        let excluded = verdict.excluded;
        let task = Task { directory: number, path, place, inherited: verdict.inherited, excluded };
        scope.spawn(move |scope| {
            note_folder(&task.place);
            let read = fs::read_dir(&task.place);
            self.list(scope, &task, read);
        });
        DirectoryEntryKind::Directory(number, excluded)
    }

    /// Decides one entry, and sends a directory on its own way.
    fn take<'s>(
        &'s self,
        scope: &Scope<'s>,
        task: &Task,
        entry: io::Result<DirEntry>,
        list: &mut List,
    ) -> Result<(), Error> {
        self.count()?;
        let entry = match entry {
            Ok(entry) => entry,
            Err(why) => {
                list.troubles.extend(unreadable(task, &why));
                return Ok(());
            }
        };
        let (name, utf8) = name_of(&entry);
        let path = format!("{}{name}", task.path);
        let verdict =
            self.ignore.decide(&path, &task.inherited).map_err(|why| Error::Pattern(self.root.to_owned(), why))?;
        let Ok(kind) = entry.file_type() else { return Ok(()) };
        let directory = kind.is_dir();
        if verdict.excluded {
            if !task.excluded {
                let pattern = verdict.decided_by.unwrap_or_default() as u32;
                list.excluded.push(ExcludedEntry { path: path.as_str().into(), directory, pattern });
            }
            if !directory || self.ignore.prunes(&path) {
                return Ok(());
            }
        }
        let facts = match self.metadata(&entry) {
            Ok(facts) => facts,
            // Gone since the listing: the builder goes on as well.
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(why) => {
                list.troubles.push(ReadProblem { path, kind: TroubleKind::NoFacts(why.to_string()) });
                return Ok(());
            }
        };
        if !utf8 {
            list.troubles.push(ReadProblem { path: path.clone(), kind: TroubleKind::NameNotUtf8 });
        }
        let what = if directory {
            self.descend(scope, entry.path(), path + "/", verdict)
        } else {
            let empty = self.ignore.empties(&path, &verdict);
            self.leaf(&entry, (kind, facts.as_ref()), path, empty, list)
        };
        let plain_mode = if directory { 0o755 } else { 0o644 };
        let mode = facts.map_or(plain_mode, |facts| (file_metadata::mode(&facts) & 0o7777) as u16);
        list.items.push(ListedItem { name: name.into(), mode, what });
        Ok(())
    }

    /// `None` where only names are asked for.
    fn metadata(&self, entry: &DirEntry) -> io::Result<Option<Metadata>> {
        if self.limits.names_only { Ok(None) } else { entry.metadata().map(Some) }
    }

    fn leaf(
        &self,
        entry: &DirEntry,
        (kind, facts): (FileType, Option<&Metadata>),
        path: String,
        empty: bool,
        list: &mut List,
    ) -> DirectoryEntryKind {
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap_or_default();
            return DirectoryEntryKind::Symlink(target.to_string_lossy().into());
        }
        if !kind.is_file() {
            let other = if file_metadata::is_socket(kind) {
                ContextEntryKind::Socket
            } else if file_metadata::is_pipe(kind) {
                ContextEntryKind::Pipe
            } else {
                ContextEntryKind::Device
            };
            return DirectoryEntryKind::Other(other);
        }
        let Some(facts) = facts else { return DirectoryEntryKind::File(0) };
        if empty && facts.len() > 0 {
            list.troubles.push(ReadProblem { path, kind: TroubleKind::SentEmpty });
            return DirectoryEntryKind::File(0);
        }
        if self.doubtful(facts)
            && let Err(why) = fs::File::open(entry.path())
        {
            list.troubles.push(ReadProblem { path, kind: TroubleKind::UnreadableFile(why.to_string()) });
        }
        DirectoryEntryKind::File(facts.len())
    }

    /// Whether only an attempt to open the file shows if it can be read.
    fn doubtful(&self, facts: &Metadata) -> bool {
        let readable = file_metadata::mode(facts) & 0o444;
        match self.user {
            Some(0) => false,
            Some(user) if file_metadata::owner(facts) == user => readable & 0o400 == 0,
            _ => readable != 0o444,
        }
    }
}

/// An entry's name, and whether it is UTF-8.
fn name_of(entry: &DirEntry) -> (String, bool) {
    match entry.file_name().into_string() {
        Ok(name) => (name, true),
        Err(name) => (name.to_string_lossy().into_owned(), false),
    }
}

/// A directory that is only looked into for exceptions may be closed to the builder.
fn unreadable(task: &Task, why: &io::Error) -> Option<ReadProblem> {
    let silent =
        why.kind() == io::ErrorKind::NotFound || task.excluded && why.kind() == io::ErrorKind::PermissionDenied;
    let path = task.path.trim_end_matches('/').to_owned();
    (!silent).then(|| ReadProblem { path, kind: TroubleKind::UnreadableDirectory(why.to_string()) })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "12345").unwrap();
        }
        folder
    }

    fn check(folder: &Path, patterns: &[&str], expected: &[&str]) -> BuildContext {
        let context = read(folder, ".", &Matcher::new(patterns.iter().copied()).unwrap(), Limits::default()).unwrap();
        assert_eq!(context.entries().map(|id| context.path(id)).collect::<Vec<_>>(), expected, "{patterns:?}");
        context
    }

    #[test]
    fn names_are_read_without_metadata() {
        let folder = tree(&["a/b.txt", "c.sh", "no.log"]);
        symlink("c.sh", folder.path().join("link")).unwrap();
        let limits = Limits { names_only: true, ..Limits::default() };
        let matcher = Matcher::new(["*.log"]).unwrap();
        let context = read(folder.path(), ".", &matcher, limits).unwrap();
        let all = read(folder.path(), ".", &matcher, Limits::default()).unwrap();
        let paths = |context: &BuildContext| context.entries().map(|id| context.path(id)).collect::<Vec<String>>();
        assert_eq!(paths(&context), paths(&all));
        let link = context.entries().find(|id| context.path(*id) == "link").unwrap();
        assert_eq!(context.entry(link).target, Some("c.sh"));
    }

    #[test]
    fn included_files_are_transferred() {
        let folder = tree(&["a", "d/x", "d/e/y", "n/z", "n/m/k"]);
        symlink("..", folder.path().join("d/up")).unwrap();
        let context =
            check(folder.path(), &["n", "!n/m/k", "**/x"], &["a", "d", "d/e", "d/e/y", "d/up", "n", "n/m", "n/m/k"]);
        let excluded: Vec<(&str, u32)> =
            context.excluded().iter().map(|excluded| (&*excluded.path, excluded.pattern)).collect();
        assert_eq!(excluded, [("d/x", 2), ("n", 0)]);
        assert_eq!((context.total().files, context.total().bytes), (4, 15));
        assert_eq!(context.entry(context.find("d/up").unwrap()).target, Some(".."));
        assert_eq!(context.excluded_above("n/z").unwrap().pattern, 0);
        check(folder.path(), &["*"], &[]);
    }

    #[test]
    fn odd_entries_are_reported() {
        let folder = tree(&["f"]);
        let _socket = UnixListener::bind(folder.path().join("s")).unwrap();
        fs::write(folder.path().join(OsString::from_vec(b"x\xff".to_vec())), "").unwrap();
        let context = check(folder.path(), &[], &["f", "s", "x\u{fffd}"]);
        assert_eq!(context.entry(context.find("s").unwrap()).kind, ContextEntryKind::Socket);
        assert_eq!(context.troubles(), [ReadProblem { path: "x\u{fffd}".into(), kind: TroubleKind::NameNotUtf8 }]);
    }

    #[test]
    fn limits_and_bad_roots_are_errors() {
        let folder = tree(&["a", "b", "c"]);
        let read = |path: &Path, patterns: &[&str], entries| {
            let matcher = Matcher::new(patterns.iter().copied()).unwrap();
            read(path, ".", &matcher, Limits { entries, trials: 5, ..Limits::default() })
        };
        assert!(matches!(read(folder.path(), &[], 2), Err(Error::TooMany(_, 2))));
        assert!(matches!(read(folder.path(), &["*x*", "*y*"], 9), Err(Error::TooCostly(_))));
        assert!(matches!(read(folder.path(), &["[b-a]"], 9), Err(Error::Pattern(..))));
        assert!(matches!(read(&folder.path().join("a"), &[], 9), Err(Error::Root(..))));
        assert!(matches!(read(&folder.path().join("none"), &[], 9), Err(Error::Root(..))));
    }

    #[test]
    fn the_dockerfiles_own_ignore_file_wins() {
        let folder =
            tree(&[".dockerignore", "sub/Dockerfile", "sub/web.Dockerfile", "sub/web.Dockerfile.dockerignore"]);
        let at = |name: &str| folder.path().join(name);
        assert_eq!(
            ignore_file_for(Some(&at("sub/web.Dockerfile")), folder.path()),
            Some(at("sub/web.Dockerfile.dockerignore"))
        );
        assert_eq!(ignore_file_for(Some(&at("sub/Dockerfile")), folder.path()), Some(at(".dockerignore")));
        assert_eq!(ignore_file_for(None, &at("sub")), None);
    }
}
