//! The folder of a run: what it is the run of, and a file for each item that is whole or not there.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::cli::output::CommandFailure;
use crate::fleet::{
    FailureRecord, FleetItem, FleetRun, ItemUse, LIST_BYTES, OutcomeKind, is_outcome_file, outcome_file,
};
use crate::load::{LoadError, read_source};
use crate::remote::open_plain;

pub(super) const RUN_FILE: &str = "run.json";
pub(super) const LIST_FILE: &str = "list.jsonl";
pub(super) const SUMMARY_FILE: &str = "summary.json";
pub(super) const RESULTS: &str = "results";
pub(super) const MEASUREMENTS: &str = "measurements.jsonl";
const LAYERS: &str = "layers";
const LOCK: &str = "lock";

/// Bytes of a run or a failure.
const MOST_BYTES: u64 = 1 << 20;

/// What files that are not finished start with.
const UNFINISHED: &str = ".dockopt-";

/// What a folder may hold before its first run: a new file system has one of these.
const STRANGERS: [&str; 2] = [LOCK, "lost+found"];

/// The folder of a run, which no other run uses meanwhile.
#[derive(Debug)]
pub(super) struct ResultFolder {
    path: PathBuf,
    /// Held while it lives.
    _lock: File,
}

impl ResultFolder {
    /// Opens the folder of a run, or makes it. `run` takes the date of an earlier run of the same list.
    ///
    /// # Errors
    /// Another run uses it, it holds other results or other files, or cannot be written.
    pub(super) fn open(path: &Path, run: &mut FleetRun, has_date: bool, list: &str) -> Result<Self, CommandFailure> {
        let failure = |error: &io::Error| unwritable(path, error);
        fs::create_dir_all(path).map_err(|error| failure(&error))?;
        let options = &mut OpenOptions::new();
        let lock = open_plain(&path.join(LOCK), options.write(true).create(true)).map_err(|error| failure(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(CommandFailure::Because {
                    what: format!("another run uses the folder `{}`", path.display()),
                    help: Some("wait until it ends, or give each shard a folder of its own".to_owned()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failure(&error)),
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        match read_source(&path.join(RUN_FILE), MOST_BYTES) {
            Ok(source) => folder.check(source.text(), run, has_date, list)?,
            Err(LoadError::Missing(_)) => folder.start(run, list)?,
            Err(error) => return Err(error.into()),
        }
        if folder.results().is_symlink() {
            return Err(failure(&io::Error::other(format!("`{RESULTS}` in it is a link"))));
        }
        fs::create_dir_all(folder.results()).map_err(|error| failure(&error))?;
        folder.remove_unfinished();
        Ok(folder)
    }

    /// Checks that the results of the folder are those of the run.
    fn check(&self, text: &str, run: &mut FleetRun, has_date: bool, list: &str) -> Result<(), CommandFailure> {
        let file = self.path.join(RUN_FILE);
        let earlier = FleetRun::read(text).map_err(|why| CommandFailure::Because {
            what: format!("`{}` cannot be used: {why}", file.display()),
            help: Some("use another folder, or remove this one".to_owned()),
        })?;
        if !has_date {
            run.today.clone_from(&earlier.today);
        }
        if let Some(difference) = earlier.difference(run) {
            return Err(CommandFailure::Because {
                what: format!("`{}` has the results of {difference}", self.path.display()),
                help: Some("use another folder, or remove this one".to_owned()),
            });
        }
        let file = self.path.join(LIST_FILE);
        // A report reads the list: it has to be the one that the results are of.
        if read_source(&file, LIST_BYTES).is_ok_and(|source| source.text() == list) {
            return Ok(());
        }
        self.write(&file, list.as_bytes()).map_err(|error| unwritable(&self.path, &error))
    }

    /// Writes what the folder is for: the run last, without which nothing else counts.
    fn start(&self, run: &FleetRun, list: &str) -> Result<(), CommandFailure> {
        let failure = |error: &io::Error| unwritable(&self.path, error);
        for entry in fs::read_dir(&self.path).map_err(|error| failure(&error))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !STRANGERS.contains(&&*name) && name != LIST_FILE && !name.starts_with(UNFINISHED) {
                return Err(CommandFailure::Because {
                    what: format!("the folder `{}` has other files: `{name}`", self.path.display()),
                    help: Some("use an empty folder, or one that does not exist".to_owned()),
                });
            }
        }
        self.write(&self.path.join(LIST_FILE), list.as_bytes()).map_err(|error| failure(&error))?;
        self.write(&self.path.join(RUN_FILE), run.text().as_bytes()).map_err(|error| failure(&error))
    }

    /// The folder of the files of items.
    fn results(&self) -> PathBuf {
        self.path.join(RESULTS)
    }

    /// The folder for layers where no other is named.
    pub(super) fn layers(&self) -> PathBuf {
        self.path.join(LAYERS)
    }

    /// Removes what a run that was killed left.
    fn remove_unfinished(&self) {
        for folder in [self.results(), self.path.clone()] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    /// The names of the files of items.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn outcomes(&self) -> Result<BTreeSet<String>, CommandFailure> {
        let entries = fs::read_dir(self.results()).map_err(|error| unwritable(&self.results(), &error))?;
        let is_file = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|entry| entry.is_file() && entry.len() > 0);
        let names = entries.flatten().filter(is_file).map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter(|name| is_outcome_file(name)).collect())
    }

    /// A file for a result that comes.
    pub(super) fn begin_result(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(self.results())
    }

    /// Makes a file the result of an item.
    pub(super) fn keep_result(&self, file: NamedTempFile, item: &FleetItem) -> io::Result<()> {
        self.persist(file, &self.results().join(outcome_file(item, OutcomeKind::Result)))?;
        // It failed in an earlier run.
        match fs::remove_file(self.results().join(outcome_file(item, OutcomeKind::Failure))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes why an item has no result.
    pub(super) fn keep_failure(&self, text: &str, item: &FleetItem) -> io::Result<()> {
        self.write(&self.results().join(outcome_file(item, OutcomeKind::Failure)), text.as_bytes())
    }

    /// Why an item has no result; `None` where it has one, or was not looked at.
    pub(super) fn failure(&self, item: &FleetItem) -> Option<FailureRecord> {
        if self.results().join(outcome_file(item, OutcomeKind::Result)).exists() {
            return None;
        }
        let source = read_source(&self.results().join(outcome_file(item, OutcomeKind::Failure)), MOST_BYTES).ok()?;
        FailureRecord::read(source.text())
    }

    /// Writes what the run did.
    pub(super) fn write_summary(&self, text: &str) -> Result<(), CommandFailure> {
        let written = self.write(&self.path.join(SUMMARY_FILE), text.as_bytes());
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// Adds what an item took; a line that was not written to its end is passed over when it is read.
    pub(super) fn add_use(&self, line: &str) -> io::Result<()> {
        let options = &mut OpenOptions::new();
        let mut file = open_plain(&self.path.join(MEASUREMENTS), options.append(true).create(true))?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// What items took, in all runs of the folder.
    pub(super) fn uses(&self) -> Vec<ItemUse> {
        let text = read_source(&self.path.join(MEASUREMENTS), LIST_BYTES);
        let lines = text.iter().flat_map(|source| source.text().lines());
        lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.path);
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        file.write_all(bytes)?;
        self.persist(file, path)
    }

    /// Gives a file its name once all of it is on the disk.
    fn persist(&self, file: NamedTempFile, path: &Path) -> io::Result<()> {
        file.as_file().sync_all()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Other users read results too: another job joins them.
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        file.persist(path).map_err(|error| error.error)?;
        // A rename is on the disk when its folder is; not every file system can do it.
        if let Ok(folder) = File::open(path.parent().unwrap_or(&self.path)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// What to say where the folder cannot be written or read.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> CommandFailure {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space and run the same command again: it continues where it stopped"
        }
        _ => "check the path and the permissions of the folder",
    };
    CommandFailure::Because {
        what: format!("the folder `{}` cannot be used: {error}", path.display()),
        help: Some(help.to_owned()),
    }
}
