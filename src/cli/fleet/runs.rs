//! The folders of runs that a report joins: which items they are about, and the file of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::result_folder::{LIST_FILE, RESULTS, RUN_FILE};
use crate::cli::output::CommandFailure;
use crate::cli::report::read_masked;
use crate::fleet::{FleetItem, FleetRun, OutcomeKind, Shard, outcome_file, read_list, shard_items};

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
}

/// A folder with results.
struct RunFolder {
    path: PathBuf,
    run: FleetRun,
    shard: Shard,
}

impl RunFolders {
    /// Reads what folders hold.
    ///
    /// # Errors
    /// A folder has no results, or is not readable.
    pub(super) fn read(folders: &[PathBuf]) -> Result<Self, CommandFailure> {
        let mut runs = Vec::new();
        for path in run_paths(folders)? {
            runs.push(read_run(&path)?);
        }
        // In the order of their results, not of their names: where an item has two results, it does not matter how folders
        // are called.
        runs.sort_by(|a, b| (&a.run.list, a.shard, &a.run.today).cmp(&(&b.run.list, b.shard, &b.run.today)));
        let mut notices = Vec::new();
        let mut items: BTreeMap<FleetItem, ItemOutcome> = BTreeMap::new();
        let lists: BTreeSet<&str> = runs.iter().map(|folder| folder.run.list.as_str()).collect();
        for list in lists {
            let of_list: Vec<&RunFolder> = runs.iter().filter(|folder| folder.run.list == list).collect();
            notices.extend(shard_notices(&of_list));
            add_items(&of_list, &mut items)?;
        }
        let versions: BTreeSet<&str> = runs.iter().map(|folder| folder.run.dockopt.as_str()).collect();
        if versions.len() > 1 {
            let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
            notices.push(format!("results of different versions of dockopt ({versions}) can differ for that alone"));
        }
        Ok(Self { items: items.into_iter().collect(), notices })
    }

    /// Whether every item was looked at.
    pub(super) fn is_complete(&self) -> bool {
        self.items.iter().all(|(_, outcome)| !matches!(outcome, ItemOutcome::Missing))
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

/// What is odd about the runs of one list.
fn shard_notices(folders: &[&RunFolder]) -> Vec<String> {
    let mut notices = Vec::new();
    let differ =
        |value: fn(&RunFolder) -> String| folders.iter().map(|folder| value(folder)).collect::<BTreeSet<_>>().len() > 1;
    if differ(|folder| folder.run.options.join(" ")) {
        notices.push("shards of one list were run with different options".to_owned());
    }
    if differ(|folder| folder.run.today.clone()) {
        notices.push("shards of one list were run with different dates; `--today` sets one for all".to_owned());
    }
    let counts: BTreeSet<usize> = folders.iter().map(|folder| folder.shard.count).collect();
    if counts.len() > 1 {
        return notices;
    }
    let present: BTreeSet<usize> = folders.iter().map(|folder| folder.shard.index).collect();
    let count = counts.first().copied().unwrap_or(0);
    let missing: Vec<String> =
        (1..=count).filter(|index| !present.contains(index)).map(|index| format!("{index}/{count}")).collect();
    if !missing.is_empty() {
        notices.push(format!("no results of shard {}", missing.join(", ")));
    }
    notices
}

/// Adds the items of one list with what became of them: a result counts before a failure.
fn add_items(folders: &[&RunFolder], items: &mut BTreeMap<FleetItem, ItemOutcome>) -> Result<(), CommandFailure> {
    let Some(first) = folders.first() else { return Ok(()) };
    let file = first.path.join(LIST_FILE);
    let text = read_masked(&file).map_err(|(what, help)| CommandFailure::Because { what, help: Some(help) })?;
    let list = read_list(&text);
    if let Some(problem) = list.problems.first() {
        return Err(CommandFailure::Because {
            what: format!("{}:{}: {}", file.display(), problem.line, problem.message),
            help: Some("remove the folder, and run the shard again".to_owned()),
        });
    }
    for folder in folders {
        let results = folder.path.join(RESULTS);
        for item in shard_items(&list.items, folder.shard) {
            let file_of = |kind| Some(results.join(outcome_file(item, kind))).filter(|path: &PathBuf| path.is_file());
            let outcome = file_of(OutcomeKind::Result)
                .map(ItemOutcome::Result)
                .or_else(|| file_of(OutcomeKind::Failure).map(ItemOutcome::Failure));
            let is_better = |known: &ItemOutcome| {
                matches!(known, ItemOutcome::Missing) || matches!(outcome, Some(ItemOutcome::Result(_)))
            };
            if items.get(item).is_none_or(is_better) {
                items.insert(item.clone(), outcome.unwrap_or(ItemOutcome::Missing));
            }
        }
    }
    for item in list.items {
        items.entry(item).or_insert(ItemOutcome::Missing);
    }
    Ok(())
}
