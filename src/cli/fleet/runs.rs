//! The folders of runs that a report joins: which items they are about, and the file of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::result_folder::{LIST_FILE, RESULTS, RUN_FILE};
use crate::cli::output::CommandFailure;
use crate::cli::report::read_masked;
use crate::fleet::{FleetItem, FleetRun, LIST_BYTES, OutcomeKind, Shard, all_shards, outcome_file, read_list};
use crate::image::{Algorithm, Digest};
use crate::load::read_source;
use crate::report::count;

/// Shards that are named in one message.
const SHOWN: usize = 5;

/// What became of an item.
pub(super) enum ItemOutcome {
    /// Its result is in this file.
    Result(PathBuf),
    /// Why it has none is in this file.
    Failure(PathBuf),
    /// It was not looked at.
    Missing,
}

/// What the folders hold together.
pub(super) struct RunFolders {
    /// The items of all lists, sorted.
    pub(super) items: Vec<(FleetItem, ItemOutcome)>,
    /// What is odd about the folders.
    pub(super) notices: Vec<String>,
    /// Whether the folder of a shard is missing.
    misses_shards: bool,
}

/// A folder with results.
struct RunFolder {
    path: PathBuf,
    run: FleetRun,
    shard: Shard,
}

/// An item with what became of it, and the day of the run.
type DatedOutcome = (ItemOutcome, String);

impl RunFolders {
    /// Reads what folders hold. Of an item with several results that of the latest day counts.
    ///
    /// # Errors
    /// A folder has no results, or is not readable.
    pub(super) fn read(folders: &[PathBuf]) -> Result<Self, CommandFailure> {
        let mut runs = Vec::new();
        for path in run_paths(folders)? {
            runs.push(read_run(&path)?);
        }
        // In the order of their results, not of their names.
        let order = |folder: &RunFolder| {
            let FleetRun { list, today, .. } = &folder.run;
            (list.clone(), folder.shard.count, folder.shard.index, today.clone())
        };
        runs.sort_by_key(order);
        let (mut notices, mut misses_shards) = (Vec::new(), false);
        let mut items: BTreeMap<FleetItem, DatedOutcome> = BTreeMap::new();
        let mut repeated_items = BTreeSet::new();
        for of_list in runs.chunk_by(|a, b| a.run.list == b.run.list) {
            notices.extend(option_notices(of_list));
            if let Some(notice) = missing_shards(of_list) {
                (misses_shards, notices) = (true, notices.into_iter().chain([notice]).collect());
            }
            add_items(of_list, &mut items, &mut repeated_items)?;
        }
        if !repeated_items.is_empty() {
            let repeated = count(repeated_items.len() as u64, "item");
            notices.push(format!("{repeated} with results of several runs: that of the latest day counts"));
        }
        let versions: BTreeSet<&str> = runs.iter().map(|folder| folder.run.dockopt.as_str()).collect();
        if versions.len() > 1 {
            let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
            notices.push(format!("results of different versions of dockopt ({versions}) can differ for that alone"));
        }
        let items = items.into_iter().map(|(item, (outcome, _))| (item, outcome)).collect();
        Ok(Self { items, notices, misses_shards })
    }

    /// As [`RunFolders::read`], without the folders that have no results, which is said.
    ///
    /// # Errors
    /// No folder has any, or one is not readable.
    pub(super) fn read_present(folders: &[PathBuf]) -> Result<Self, CommandFailure> {
        let is_present = |folder: &&PathBuf| run_paths(std::slice::from_ref(*folder)).is_ok();
        let (present, missing): (Vec<&PathBuf>, Vec<&PathBuf>) = folders.iter().partition(is_present);
        if present.is_empty() || missing.is_empty() {
            return Self::read(folders);
        }
        let mut read = Self::read(&present.into_iter().cloned().collect::<Vec<_>>())?;
        read.misses_shards = true;
        read.notices.extend(missing.iter().map(|folder| format!("no results in `{}`", folder.display())));
        Ok(read)
    }

    /// Whether every item was looked at.
    pub(super) fn is_complete(&self) -> bool {
        !self.misses_shards && self.items.iter().all(|(_, outcome)| !matches!(outcome, ItemOutcome::Missing))
    }
}

/// The folders with a run: those that are named, or those in them.
fn run_paths(folders: &[PathBuf]) -> Result<BTreeSet<PathBuf>, CommandFailure> {
    let mut paths = BTreeSet::new();
    for folder in folders {
        if folder.join(RUN_FILE).is_file() {
            paths.insert(folder.clone());
            continue;
        }
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let inner: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.join(RUN_FILE).is_file()).collect();
        if inner.is_empty() {
            return Err(CommandFailure::Because {
                what: format!("the folder `{}` has no results: there is no `{RUN_FILE}` in it", folder.display()),
                help: Some("pass the folder that `dockopt fleet run --out` wrote".to_owned()),
            });
        }
        paths.extend(inner);
    }
    Ok(paths)
}

fn unreadable(path: &Path, error: &io::Error) -> CommandFailure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "pass the folder that `dockopt fleet run --out` wrote",
        _ => "check the path and its permissions",
    };
    CommandFailure::Because {
        what: format!("`{}` cannot be read: {error}", path.display()),
        help: Some(help.to_owned()),
    }
}

fn read_run(path: &Path) -> Result<RunFolder, CommandFailure> {
    let file = path.join(RUN_FILE);
    let wrong = |why: String| CommandFailure::Because {
        what: format!("`{}` cannot be used: {why}", file.display()),
        help: Some("remove the folder, and run the shard again".to_owned()),
    };
    let text = read_masked(&file).map_err(|(what, help)| CommandFailure::Because { what, help: Some(help) })?;
    let run = FleetRun::read(&text).map_err(wrong)?;
    let shard = run.shard.parse().map_err(wrong)?;
    Ok(RunFolder { path: path.to_owned(), run, shard })
}

/// What differs among the runs of one list.
fn option_notices(folders: &[RunFolder]) -> Vec<String> {
    let mut notices = Vec::new();
    let differ = |value: fn(&RunFolder) -> String| folders.iter().map(value).collect::<BTreeSet<_>>().len() > 1;
    if differ(|folder| folder.run.options.join(" ")) {
        notices.push("shards of one list were run with different options".to_owned());
    }
    if differ(|folder| folder.run.today.clone()) {
        notices.push("shards of one list were run with different dates; `--today` sets one for all".to_owned());
    }
    notices
}

/// The shards of one list that no folder is of; nothing where it was cut in several ways.
fn missing_shards(folders: &[RunFolder]) -> Option<String> {
    let all = folders.first()?.shard.count;
    if folders.iter().any(|folder| folder.shard.count != all) {
        return None;
    }
    let present: BTreeSet<usize> = folders.iter().map(|folder| folder.shard.index).collect();
    let missing: Vec<usize> = (1..=all).filter(|index| !present.contains(index)).collect();
    let mut names: Vec<String> = missing.iter().take(SHOWN).map(|index| format!("{index}/{all}")).collect();
    if missing.len() > SHOWN {
        names.push(format!("{} more", missing.len() - SHOWN));
    }
    (!missing.is_empty()).then(|| format!("no results of shard {}", names.join(", ")))
}

/// The list of runs: that of the first folder whose file is what the run says.
fn read_run_list(folders: &[RunFolder]) -> Result<Vec<FleetItem>, CommandFailure> {
    let mut failure = None;
    for folder in folders {
        let file = folder.path.join(LIST_FILE);
        let wrong = |what: String| CommandFailure::Because {
            what,
            help: Some("run the shard again: the list is written again, and its results are kept".to_owned()),
        };
        match read_source(&file, LIST_BYTES) {
            Ok(source) if Digest::of(Algorithm::Sha256, source.text().as_bytes()).to_string() == folder.run.list => {
                return Ok(read_list(source.text()).items);
            }
            Ok(_) => failure = Some(wrong(format!("`{}` is not the list of its results", file.display()))),
            Err(error) => failure = Some(wrong(error.to_string())),
        }
    }
    failure.map_or_else(|| Ok(Vec::new()), Err)
}

/// Adds the items of one list with what became of them.
fn add_items(
    folders: &[RunFolder],
    items: &mut BTreeMap<FleetItem, DatedOutcome>,
    repeated_items: &mut BTreeSet<FleetItem>,
) -> Result<(), CommandFailure> {
    let list = read_run_list(folders)?;
    for of_count in folders.chunk_by(|a, b| a.shard.count == b.shard.count) {
        let Some(first) = of_count.first() else { continue };
        let shards = all_shards(&list, first.shard.count);
        for folder in of_count {
            let results = folder.path.join(RESULTS);
            for item in shards.get(folder.shard.index - 1).into_iter().flatten() {
                let file_of = |kind| Some(results.join(outcome_file(item, kind))).filter(|path| is_plain_file(path));
                let outcome = file_of(OutcomeKind::Result)
                    .map(ItemOutcome::Result)
                    .or_else(|| file_of(OutcomeKind::Failure).map(ItemOutcome::Failure));
                let Some(outcome) = outcome else { continue };
                let rank = |(outcome, day): &DatedOutcome| {
                    let is_present = !matches!(outcome, ItemOutcome::Missing);
                    (is_present, day.clone(), matches!(outcome, ItemOutcome::Result(_)))
                };
                let dated = (outcome, folder.run.today.clone());
                if items.get(*item).is_some_and(|known| !matches!(known.0, ItemOutcome::Missing)) {
                    repeated_items.insert((*item).clone());
                }
                if items.get(*item).is_none_or(|known| rank(&dated) > rank(known)) {
                    items.insert((*item).clone(), dated);
                }
            }
        }
    }
    for item in list {
        items.entry(item).or_insert((ItemOutcome::Missing, String::new()));
    }
    Ok(())
}

/// Whether a path is a file with something in it, and no link.
fn is_plain_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
}
