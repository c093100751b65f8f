//! Which paths are watched, and what the system says of them.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::load::LookedAt;
use crate::report::count;

/// Paths that are watched. A look takes a few microseconds for each, more on a network.
const MOST: usize = 20_000;

/// How far the clock of a file system lags behind that of the system.
const CLOCK_LAG: Duration = Duration::from_millis(100);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathChange {
    /// Something near the files that were read: a name in a folder, a source file.
    Around,
    /// A file that was read.
    Read,
}

/// What the system says of a path: what differs once a file was written or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathState(Result<FileFacts, io::ErrorKind>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileFacts {
    modified: Option<SystemTime>,
    bytes: u64,
    /// The device, the inode, and when the inode changed: permissions too.
    inode: (u64, u64, i64, i64),
}

impl PathState {
    fn of(path: &Path) -> Self {
        // Of a link that leads nowhere, the link itself.
        let metadata = fs::metadata(path).or_else(|error| fs::symlink_metadata(path).map_err(|_| error));
        Self(metadata.as_ref().map(FileFacts::of).map_err(io::Error::kind))
    }

    /// Whether it may have changed at or after a time.
    fn is_since(&self, time: SystemTime) -> bool {
        let earliest = time.checked_sub(CLOCK_LAG).unwrap_or(time);
        self.0.as_ref().is_ok_and(|facts| facts.modified.is_some_and(|modified| modified >= earliest))
    }
}

impl FileFacts {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let inode = (0, 0, 0, 0);
        Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode }
    }
}

/// The watched paths, as they were when the last run began.
#[derive(Debug, Default)]
pub(super) struct WatchedPaths {
    paths: BTreeMap<PathBuf, (PathChange, PathState)>,
    /// Whether the last run may have read less than what stands there now.
    is_doubtful: bool,
    is_cut: bool,
}

impl WatchedPaths {
    /// The paths of the next run to be, after one that began at a time.
    pub(super) fn after_run(&self, named: &[PathBuf], looked: LookedAt, began: SystemTime) -> Self {
        let mut is_cut = looked.is_cut;
        let mut kinds: BTreeMap<PathBuf, PathChange> =
            looked.read.into_iter().map(|file| (file, PathChange::Read)).collect();
        for path in named {
            let kind = if path.is_dir() { PathChange::Around } else { PathChange::Read };
            kinds.insert(path.clone(), kind);
        }
        // In the order of what they tell: folders stand for all that they hold.
        for around in [looked.folders, looked.glimpsed] {
            is_cut |= kinds.len() + around.len() > MOST;
            let room = MOST.saturating_sub(kinds.len());
            for path in around.into_iter().take(room) {
                kinds.entry(path).or_insert(PathChange::Around);
            }
        }
        let mut is_doubtful = false;
        let watch = |(path, kind): (PathBuf, PathChange)| {
            // Of a known path it is known how it stood before the run. A new one may have changed after it was read.
            let state = if let Some((_, known)) = self.paths.get(&path) {
                known.clone()
            } else {
                let state = PathState::of(&path);
                is_doubtful |= state.is_since(began);
                state
            };
            (path, (kind, state))
        };
        let paths = kinds.into_iter().map(watch).collect();
        Self { paths, is_doubtful, is_cut }
    }

    pub(super) fn count(&self) -> usize {
        self.paths.len()
    }

    /// Whether there are more than are watched.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// What is said where there are more.
    pub(super) fn cut_notice(&self) -> String {
        let watched = count(self.count() as u64, "path");
        format!("only {watched} are watched: changes of further files are not seen until one of these changes")
    }

    /// How the paths are now, in their order.
    pub(super) fn look(&self) -> Vec<PathState> {
        self.paths.keys().map(|path| PathState::of(path)).collect()
    }

    /// Whether the last run may not have seen this.
    pub(super) fn is_changed(&self, states: &[PathState]) -> bool {
        self.is_doubtful || self.paths.values().map(|(_, state)| state).ne(states)
    }

    /// Takes states as those before the next run; what has changed, where something has.
    pub(super) fn take_change(&mut self, states: Vec<PathState>) -> Option<PathChange> {
        let doubt = std::mem::take(&mut self.is_doubtful).then_some(PathChange::Around);
        let differing = |((kind, known), state): (&mut (PathChange, PathState), PathState)| {
            let differs = *known != state;
            *known = state;
            differs.then_some(*kind)
        };
        let changed = self.paths.values_mut().zip(states).filter_map(differing).max();
        changed.max(doubt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_AGO: Duration = Duration::from_secs(1_000);

    #[test]
    fn a_change_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let (file, source) = (folder.path().join("Dockerfile"), folder.path().join("a.py"));
        fs::write(&source, "").unwrap();
        let looked = LookedAt { glimpsed: [source.clone()].into(), ..LookedAt::default() };
        let later = SystemTime::now() + LONG_AGO;
        let mut paths = WatchedPaths::default().after_run(std::slice::from_ref(&file), looked, later);
        assert!(!paths.is_changed(&paths.look()));
        fs::write(&source, "x").unwrap();
        assert!(paths.is_changed(&paths.look()));
        assert_eq!(paths.take_change(paths.look()), Some(PathChange::Around));
        fs::write(&source, "xy").unwrap();
        fs::write(&file, "").unwrap();
        assert_eq!(paths.take_change(paths.look()), Some(PathChange::Read));
        assert_eq!(paths.take_change(paths.look()), None);
    }

    #[test]
    fn what_may_have_changed_during_a_run_is_checked_again() {
        let folder = tempfile::tempdir().unwrap();
        let named = [folder.path().to_owned()];
        let began = SystemTime::now() - LONG_AGO;
        let mut paths = WatchedPaths::default().after_run(&named, LookedAt::default(), began);
        assert!(paths.is_changed(&paths.look()));
        assert_eq!(paths.take_change(paths.look()), Some(PathChange::Around));
        // Now it is known how it was before the run.
        let again = paths.after_run(&named, LookedAt::default(), began);
        assert!(!again.is_changed(&again.look()));
    }

    #[test]
    fn of_too_many_paths_the_folders_are_watched() {
        let all = |kind: &str| (0..=MOST / 2).map(|index| format!("/none/{kind}{index}").into()).collect();
        let looked = LookedAt { folders: all("folder"), glimpsed: all("file"), ..LookedAt::default() };
        let paths = WatchedPaths::default().after_run(&[], looked, SystemTime::now());
        assert_eq!((paths.count(), paths.is_cut()), (MOST, true));
        assert!(paths.paths.contains_key(Path::new("/none/folder10000")));
    }
}
