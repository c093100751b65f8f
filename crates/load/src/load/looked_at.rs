//! Which files and folders a run looks at, for a program that runs again when one of them changes. Nothing is noted unless that is
//! asked for.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Paths of a kind that are noted; of further ones it is said only that there are some.
const MOST: usize = 20_000;

/// What a run looked at, since [`note_looks`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookedAt {
    /// Files that were read as a whole or were not there to be read.
    pub read: BTreeSet<PathBuf>,
    /// Folders in which files were looked for.
    pub folders: BTreeSet<PathBuf>,
    /// Files of which a part was read. The size of a file in a build context is none: a log may grow there all the time, that of
    /// this program too.
    pub glimpsed: BTreeSet<PathBuf>,
    /// Whether there were more than are noted.
    pub is_cut: bool,
}

impl LookedAt {
    const NOTHING: Self =
        Self { read: BTreeSet::new(), folders: BTreeSet::new(), glimpsed: BTreeSet::new(), is_cut: false };
}

static LOOKS: Mutex<LookedAt> = Mutex::new(LookedAt::NOTHING);

/// Whether looks are noted: nobody keeps a list that nobody reads.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// Notes what is looked at from now on, and forgets what was before.
pub fn note_looks() {
    *looks() = LookedAt::NOTHING;
    IS_ON.store(true, Ordering::Release);
}

/// What was looked at; nothing more is noted.
pub fn looked_at() -> LookedAt {
    IS_ON.store(false, Ordering::Release);
    let mut looked = std::mem::replace(&mut *looks(), LookedAt::NOTHING);
    // The folder of a bare name is the current one.
    let parent = |file: &PathBuf| Some(std::path::absolute(file).ok()?.parent()?.to_owned());
    let parents: Vec<PathBuf> = looked.read.iter().filter_map(parent).collect();
    for parent in parents {
        looked.is_cut |= !insert(&mut looked.folders, &parent);
    }
    looked
}

/// Notes a file that is read, or would be if it were there.
pub(super) fn note_read(file: &Path) {
    note(file, |looks| &mut looks.read);
}

/// Notes a folder in which something is looked for.
pub(super) fn note_folder(folder: &Path) {
    // Git changes its own folder whenever it is asked something.
    if !folder.components().any(|part| part == Component::Normal(".git".as_ref())) {
        note(folder, |looks| &mut looks.folders);
    }
}

/// Notes a file of which a part is read.
pub(super) fn note_glimpse(file: &Path) {
    note(file, |looks| &mut looks.glimpsed);
}

fn note(path: &Path, kind: impl Fn(&mut LookedAt) -> &mut BTreeSet<PathBuf>) {
    if IS_ON.load(Ordering::Acquire) {
        let mut looks = looks();
        looks.is_cut |= !insert(kind(&mut looks), path);
    }
}

/// Adds a path where there is room for one; whether there was.
fn insert(paths: &mut BTreeSet<PathBuf>, path: &Path) -> bool {
    let has_room = paths.len() < MOST;
    if has_room && !paths.contains(path) {
        paths.insert(path.to_owned());
    }
    has_room
}

fn looks() -> MutexGuard<'static, LookedAt> {
    // A thread that panicked left at most a path out.
    LOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::read_source;

    #[test]
    fn what_is_read_is_noted_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (file, missing) = (folder.path().join("Dockerfile"), folder.path().join("none/Dockerfile"));
        std::fs::write(&file, "FROM a\n").unwrap();
        note_looks();
        let _ = (read_source(&file, 100), read_source(&missing, 100));
        note_folder(&folder.path().join(".git/refs"));
        let looked = looked_at();
        // Other tests read at the same time.
        assert!(looked.read.contains(&file) && looked.read.contains(&missing), "{looked:?}");
        assert!(looked.folders.contains(folder.path()), "{looked:?}");
        assert!(!looked.folders.iter().any(|path| path.ends_with("refs")), "{looked:?}");
    }

    #[test]
    fn a_list_has_an_end() {
        let mut paths = BTreeSet::new();
        let all: Vec<bool> = (0..=MOST).map(|index| insert(&mut paths, Path::new(&index.to_string()))).collect();
        assert_eq!((paths.len(), all.iter().filter(|has_room| !**has_room).count()), (MOST, 1));
    }
}
