//! New files beside those that they are to replace, and what a run that was killed left of them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// How their names begin and end.
const PREFIX: &str = ".dockopt-";
const SUFFIX: &str = ".tmp";

/// Tries to create a file that no other run removes at the same moment.
const TRIES: usize = 8;

/// Creates a file beside the one that it is to replace. It is locked as long as it is open: another run sees that somebody
/// still writes it.
pub(super) fn create(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes off what it must not have.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    for _ in 0..TRIES {
        let file = builder.tempfile_in(folder)?;
        // Not every file system has locks; on such a one nobody removes anything either.
        let _ = file.as_file().lock();
        if file.path().exists() {
            return Ok(file);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A second name of a file, which vanishes when it is dropped, or a copy where the file system has no such names.
pub(super) fn second_name(target: &Path, folder: &Path) -> io::Result<TempPath> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    if let Ok(linked) = builder.make_in(folder, |path| fs::hard_link(target, path)) {
        return Ok(linked.into_temp_path());
    }
    let mut copy = create(folder)?;
    let mut old = File::open(target)?;
    io::copy(&mut old, &mut copy)?;
    keep(copy.as_file(), &old.metadata()?)?;
    copy.as_file().sync_all()?;
    Ok(copy.into_temp_path())
}

/// Owner first: to change it takes set-user-id bits off.
pub(super) fn keep(file: &File, old: &fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata()?;
        if (metadata.uid(), metadata.gid()) != (old.uid(), old.gid()) {
            // Only root may give files away; anybody else gets a file of their own, as with any editor.
            let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    file.set_permissions(old.permissions())
}

/// Removes the files that a run left which was killed: nobody holds their lock any more.
pub(super) fn remove_left(folders: &BTreeSet<&Path>) {
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && is_name(&entry.file_name().to_string_lossy()) {
                remove_unlocked(&entry.path());
            }
        }
    }
}

/// Whether a file has the name of one that is to replace another.
fn is_name(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == 6 && random.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn remove_unlocked(path: &Path) {
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_any_more_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".dockopt-abcdef.tmp", ".dockopt-abcdef", ".dockopt-notes.tmp", "dockopt-abcdef.tmp"];
        for name in names {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let open = create(folder.path()).unwrap();
        remove_left(&BTreeSet::from([folder.path()]));
        let left = names.map(|name| folder.path().join(name).exists());
        assert_eq!((left, open.path().exists()), ([false, true, true, true], true));
    }
}
