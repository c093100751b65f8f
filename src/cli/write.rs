//! Writes files so that nobody ever sees half of one: a new file beside the old one, then one rename. Of several files all
//! are changed or none.

mod unfinished;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::interrupt::Interrupts;
use crate::load::folder_of;

/// Why a file is not written. The old ones stand as they were, but for [`WriteError::Torn`].
#[derive(Debug)]
pub(super) enum WriteError {
    /// There is something else than a regular file.
    Special(PathBuf),
    /// The folder is not there.
    NoFolder(PathBuf),
    /// The system refuses.
    Refused(PathBuf, io::Error),
    /// It changed since it was read.
    Changed(PathBuf),
    /// The user interrupted the program.
    Interrupted,
    /// The first cannot be written, and the second, already changed, cannot be restored: the third has its old text.
    Torn(PathBuf, PathBuf, PathBuf),
}

impl WriteError {
    /// What to do.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Special(_) => "pass a regular file, or write to standard output".into(),
            Self::NoFolder(_) => "create the folder first".into(),
            Self::Refused(_, error) if is_no_room(error) => "free some space; nothing was changed".into(),
            Self::Refused(..) => "check the permissions of the file and its folder; nothing was changed".into(),
            Self::Changed(_) => "run the command again on the current file".into(),
            Self::Interrupted => "nothing was changed".into(),
            Self::Torn(_, _, old) => format!("the previous contents are in `{}`", old.display()),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special(path) => write!(out, "`{}` is not a regular file", path.display()),
            Self::NoFolder(path) => write!(out, "the folder of `{}` does not exist", path.display()),
            Self::Refused(path, error) => write!(out, "`{}` cannot be written: {error}", path.display()),
            Self::Changed(path) => write!(out, "`{}` has changed since it was read", path.display()),
            Self::Interrupted => write!(out, "interrupted"),
            Self::Torn(refused, changed, _) => {
                let (refused, changed) = (refused.display(), changed.display());
                write!(out, "`{refused}` cannot be written, but `{changed}` was already changed")
            }
        }
    }
}

impl std::error::Error for WriteError {}

fn is_no_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Writes a file, whatever stood there. Mode and, where allowed, owner stay; of a symbolic link the target is replaced.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_all(&[(path, ExpectedContent::Anything, bytes)])
}

/// Removes what runs that were killed while they wrote left beside files, as [`change`] does in the folders that it writes to.
pub(super) fn remove_left_beside<'p>(files: impl Iterator<Item = &'p Path>) {
    unfinished::remove_left(&files.map(folder_of).collect());
}

/// A file, what it held (`None`: it was not there) and what it is to hold.
pub(super) type PlannedWrite<'a> = (&'a Path, Option<&'a [u8]>, &'a [u8]);

/// Writes files, and refuses when one does not hold any more what it held. All new files lie beside the old ones before
/// the first takes its place, and where one can't, those before it are put back.
pub(super) fn change(changes: &[PlannedWrite]) -> Result<(), WriteError> {
    let expected = changes.iter().map(|(path, before, after)| (*path, ExpectedContent::Bytes(*before), *after));
    write_all(&expected.collect::<Vec<_>>())
}

fn write_all(files: &[(&Path, ExpectedContent, &[u8])]) -> Result<(), WriteError> {
    let interrupts = Interrupts::hold_back();
    prepare_all(files, &interrupts).and_then(commit)
}

fn prepare_all(
    files: &[(&Path, ExpectedContent, &[u8])],
    interrupts: &Interrupts,
) -> Result<Vec<PreparedFile>, WriteError> {
    let mut ready = Vec::new();
    let targets: Vec<PathBuf> = files.iter().map(|(path, ..)| resolve(path)).collect::<Result<_, _>>()?;
    unfinished::remove_left(&targets.iter().map(|target| folder_of(target)).collect());
    for ((path, expected, bytes), target) in files.iter().zip(targets) {
        ready.push(prepare(path, target, bytes, *expected)?);
        if interrupts.is_interrupted() {
            return Err(WriteError::Interrupted);
        }
    }
    Ok(ready)
}

/// Puts all new files in their places. It is short: an interruption waits for it.
fn commit(ready: Vec<PreparedFile>) -> Result<(), WriteError> {
    let keeps_old = ready.len() > 1;
    let mut done: Vec<WrittenFile> = Vec::new();
    let mut folders = BTreeSet::new();
    for prepared in ready {
        let (path, folder) = (prepared.path.clone(), prepared.folder.clone());
        match prepared.put_in_place(keeps_old) {
            Ok(written) => done.push(written),
            Err(error) => {
                let torn = done.into_iter().rev().fold(None, |torn, done| done.undo(&path).or(torn));
                return Err(torn.unwrap_or(WriteError::Refused(path, error.kind().into())));
            }
        }
        folders.insert(folder);
    }
    // A rename is on the disk when its folder is; not every file system can do it.
    for folder in folders {
        if let Ok(folder) = fs::File::open(folder) {
            let _ = folder.sync_all();
        }
    }
    Ok(())
}

impl PreparedFile {
    /// Gives the file its name. There is at most one other file beside it: before, the new one; afterwards, the old one.
    fn put_in_place(self, keeps_old: bool) -> io::Result<WrittenFile> {
        let Self { file, is_new, target, folder, path } = self;
        if is_new || !keeps_old {
            file.persist(&target).map_err(|error| error.error)?;
            return Ok(WrittenFile { old: None, lock: None, is_new, target, path });
        }
        // Whoever removes what was left would remove the old file as well, which may be needed yet.
        let lock = fs::File::open(&target).ok().filter(|old| old.try_lock_shared().is_ok());
        let is_file = target.symlink_metadata().is_ok_and(|target| target.is_file());
        if is_file && exchange(file.path(), &target) {
            return Ok(WrittenFile { old: Some(file.into_temp_path()), lock, is_new, target, path });
        }
        let old = unfinished::second_name(&target, &folder)?;
        file.persist(&target).map_err(|error| error.error)?;
        Ok(WrittenFile { old: Some(old), lock, is_new, target, path })
    }
}

/// Exchanges the names of two files at once; whether the system and the file system can.
fn exchange(path: &Path, target: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, path, CWD, target, RenameFlags::EXCHANGE).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (path, target);
        false
    }
}

/// A file that was changed.
struct WrittenFile {
    /// What was there before, by another name; it vanishes when it is dropped.
    old: Option<tempfile::TempPath>,
    /// Holds the lock of the old file.
    lock: Option<fs::File>,
    is_new: bool,
    target: PathBuf,
    path: PathBuf,
}

impl WrittenFile {
    /// Puts the old file back; what to say when it can't be.
    fn undo(self, refused: &Path) -> Option<WriteError> {
        let Self { old, lock, is_new, target, path } = self;
        let Some(old) = old else {
            if is_new {
                let _ = fs::remove_file(&target);
            }
            return None;
        };
        let error = old.persist(&target).err()?;
        drop(lock);
        let kept_path = error.path.keep().ok()?;
        Some(WriteError::Torn(refused.into(), path, kept_path))
    }
}

/// What stands there before.
#[derive(Clone, Copy)]
enum ExpectedContent<'a> {
    /// Whatever it is.
    Anything,
    /// These bytes, or no file.
    Bytes(Option<&'a [u8]>),
}

/// A new file beside the one that it replaces; it vanishes when it is dropped.
struct PreparedFile {
    file: tempfile::NamedTempFile,
    /// Whether it replaces nothing.
    is_new: bool,
    target: PathBuf,
    folder: PathBuf,
    /// As the user knows the target.
    path: PathBuf,
}

fn prepare(path: &Path, target: PathBuf, bytes: &[u8], expected: ExpectedContent) -> Result<PreparedFile, WriteError> {
    // The kind alone: the system's text may name the new file, which nobody has heard of.
    let rejection = |error: io::Error| WriteError::Refused(path.into(), error.kind().into());
    let old = match fs::metadata(&target) {
        Ok(old) if !old.is_file() => return Err(WriteError::Special(path.into())),
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(rejection(error)),
    };
    if let ExpectedContent::Bytes(before) = expected {
        let now = old.as_ref().map(|_| fs::read(&target)).transpose().map_err(rejection)?;
        if now.as_deref() != before {
            return Err(WriteError::Changed(path.into()));
        }
    }
    // A rename needs only the folder: without this a read-only file would be replaced.
    if old.as_ref().is_some_and(|old| old.permissions().readonly()) {
        return Err(rejection(io::ErrorKind::PermissionDenied.into()));
    }
    let folder = folder_of(&target);
    if !folder.is_dir() {
        return Err(WriteError::NoFolder(path.into()));
    }
    let mut file = unfinished::create(folder).map_err(rejection)?;
    file.write_all(bytes).map_err(rejection)?;
    if let Some(old) = &old {
        unfinished::keep(file.as_file(), old).map_err(rejection)?;
    }
    file.as_file().sync_all().map_err(rejection)?;
    let (folder, path) = (folder.to_owned(), path.to_owned());
    Ok(PreparedFile { file, is_new: old.is_none(), folder, path, target })
}

/// The file behind symbolic links; a link to nothing names the file that it would be.
fn resolve(path: &Path) -> Result<PathBuf, WriteError> {
    let mut target = path.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&target) {
            Ok(next) => {
                let folder = target.parent().unwrap_or(Path::new(""));
                target = folder.join(next);
            }
            Err(_) => return Ok(target),
        }
    }
    Err(WriteError::Special(path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn concurrent_changes_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Dockerfile");
        fs::write(&path, "FROM b").unwrap();
        assert!(matches!(change(&[(&path, Some(b"FROM a"), b"x")]), Err(WriteError::Changed(_))));
        assert!(matches!(change(&[(&path, None, b"x")]), Err(WriteError::Changed(_))));
        change(&[(&path, Some(b"FROM b"), b"FROM c")]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"FROM c");
        let new = folder.path().join("new");
        // One that is refused keeps the other as it was.
        let none = folder.path().join("none/x");
        assert!(change(&[(&new, None, b"x"), (&none, None, b"x")]).is_err());
        assert!(!new.exists());
        change(&[(&new, None, b"x")]).unwrap();
    }

    #[test]
    fn folders_and_missing_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(write(folder.path(), b"x"), Err(WriteError::Special(_))));
        assert!(matches!(write(&folder.path().join("a/b"), b"x"), Err(WriteError::NoFolder(_))));
        let read_only = folder.path().join("locked");
        fs::write(&read_only, "x").unwrap();
        let mut permissions = fs::metadata(&read_only).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&read_only, permissions).unwrap();
        assert!(matches!(write(&read_only, b"y"), Err(WriteError::Refused(..))));
        assert_eq!(fs::read(&read_only).unwrap(), b"x");
    }

    #[test]
    fn changes_are_reverted_if_another_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let [a, new, b] = ["a", "new", "b"].map(|name| folder.path().join(name));
        fs::write(&a, "old").unwrap();
        fs::write(&b, "old").unwrap();
        let interrupts = Interrupts::hold_back();
        let files = [&a, &new, &b].map(|path| (path.as_path(), ExpectedContent::Anything, &b"text"[..]));
        let ready = prepare_all(&files, &interrupts).unwrap();
        // No file takes the place of a folder.
        fs::remove_file(&b).unwrap();
        fs::create_dir(&b).unwrap();
        let error = commit(ready).unwrap_err();
        assert!(matches!(&error, WriteError::Refused(path, _) if *path == b), "{error}");
        assert_eq!((fs::read(&a).unwrap(), new.exists()), (b"old".to_vec(), false));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn the_old_file_itself_comes_back_and_its_other_names_are_left_alone() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let [a, other, b] = ["a", "other", "b"].map(|name| folder.path().join(name));
        fs::write(&a, "old").unwrap();
        fs::hard_link(&a, &other).unwrap();
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let files = [&a, &b].map(|path| (path.as_path(), ExpectedContent::Anything, &b"text"[..]));
        let ready = prepare_all(&files, &Interrupts::hold_back()).unwrap();
        fs::create_dir(&b).unwrap();
        assert!(commit(ready).is_err());
        assert_eq!((inode(&a), fs::metadata(&a).unwrap().nlink()), (inode(&other), 2));
        change(&[(&a, Some(b"old"), b"new")]).unwrap();
        assert_eq!((fs::read(&a).unwrap(), fs::read(&other).unwrap()), (b"new".to_vec(), b"old".to_vec()));
    }

    #[cfg(unix)]
    #[test]
    fn modes_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "a").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real", &link).unwrap();
        write(&link, b"b").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"b");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(matches!(write(&folder.path().join("loop"), b"x"), Err(WriteError::Special(_))));
    }
}
