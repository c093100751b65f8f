//! `dockopt fleet report`.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::runs::{ItemOutcome, RunFolders};
use crate::cli::args::{FleetReport, FleetTableArgument, Global};
use crate::cli::exit::{CLEAN, FAILED};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{CommandFailure, print, print_page, print_with};
use crate::cli::report::read_masked;
use crate::cli::{progress, terminal, write};
use crate::fleet::{
    FailureRecord, FleetBaseline, FleetChange, FleetItem, FleetSums, ItemFacts, OutcomeKind, SumsBuilder, outcome_file,
    read_facts,
};
use crate::report::{self, FleetTable, FleetView, Format, count};

/// Results that are in memory at a time.
const BATCH: usize = 64;

/// Between two looks at whether all results are there.
const LOOK: Duration = Duration::from_secs(2);

/// What came of reading an item.
enum ReadItem {
    Facts(Box<ItemFacts>),
    Failure(FailureRecord),
    Missing,
}

pub(super) fn run(global: &Global, command: &FleetReport) -> Result<u8, CommandFailure> {
    let baseline = command.baseline.as_deref().map(read_baseline).transpose()?;
    let folders = match command.wait {
        Some(seconds) => wait(command, Duration::from_secs(seconds))?,
        None => RunFolders::read(&command.folders)?,
    };
    if let Some(folder) = &command.sarif_to {
        fs::create_dir_all(folder).map_err(|error| super::result_folder::unwritable(folder, &error))?;
    }
    let is_complete = folders.is_complete();
    let sums = read(command, &folders)?;
    let change = baseline.as_ref().map(|baseline| FleetChange::between(baseline, &sums));
    let view = FleetView {
        sums: &sums,
        change: change.as_ref(),
        hosts: command.hosts,
        top: if command.all { usize::MAX } else { command.top },
        notices: &folders.notices,
    };
    match global.format {
        Format::Json => print(global, &report::fleet_report_json(&view))?,
        Format::Csv => print_with(global, |out| report::fleet_csv(&sums, table(command.table), out))?,
        _ => print_page(global, &report::fleet_report(&view))?,
    }
    if command.complete && !is_complete {
        let missing = sums.items.iter().filter(|item| item.outcome == "missing").count();
        terminal::error(
            global,
            &format!("not complete: {} not checked", count(missing as u64, "item")),
            Some("run the shards that are missing, or those that were interrupted, again"),
        );
        return Ok(FAILED);
    }
    Ok(CLEAN)
}

const fn table(argument: FleetTableArgument) -> FleetTable {
    match argument {
        FleetTableArgument::Items => FleetTable::Items,
        FleetTableArgument::Lines => FleetTable::Lines,
        FleetTableArgument::Secrets => FleetTable::Secrets,
        FleetTableArgument::Rules => FleetTable::Rules,
        FleetTableArgument::Layers => FleetTable::Layers,
        FleetTableArgument::Bases => FleetTable::Bases,
        FleetTableArgument::Packages => FleetTable::Packages,
    }
}

fn read_baseline(path: &Path) -> Result<FleetBaseline, CommandFailure> {
    let failure = |what, help| CommandFailure::Because { what, help: Some(help) };
    let text = read_masked(path).map_err(|(what, help)| failure(what, help))?;
    FleetBaseline::read(&text).map_err(|why| {
        let help = "pass the output of `dockopt fleet report --format json`".to_owned();
        failure(format!("`{}` is not a report to compare with: {why}", path.display()), help)
    })
}

/// Waits until every item was looked at, or the time is over.
fn wait(command: &FleetReport, most: Duration) -> Result<RunFolders, CommandFailure> {
    let start = Instant::now();
    let interrupts = Interrupts::hold_back();
    progress::doing("waiting for the results of all shards");
    loop {
        let look_start = Instant::now();
        // Folders of shards that have not begun are not there yet.
        let folders = RunFolders::read(&command.folders);
        let is_complete = folders.as_ref().is_ok_and(RunFolders::is_complete);
        if is_complete || interrupts.is_interrupted() {
            return folders;
        }
        if start.elapsed() >= most {
            terminal::note("warning: the time of --wait is over, and some items are not checked");
            return RunFolders::read_present(&command.folders);
        }
        // Looking at many items takes time itself.
        let pause = LOOK.max(look_start.elapsed() * 10);
        thread::sleep(pause.min(most.saturating_sub(start.elapsed())));
    }
}

/// Reads all results, a batch at a time, in the order of the items.
fn read(command: &FleetReport, folders: &RunFolders) -> Result<FleetSums, CommandFailure> {
    let mut builder = SumsBuilder::default();
    for (number, batch) in folders.items.chunks(BATCH).enumerate() {
        let of = count(folders.items.len() as u64, "result");
        progress::doing(&format!("joining {of}: {} read", number * BATCH));
        let items: Vec<ReadItem> = batch.par_iter().map(|(item, outcome)| read_item(item, outcome)).collect();
        if let Some(folder) = &command.sarif_to {
            batch.par_iter().zip(&items).try_for_each(|((item, _), read)| write_sarif(folder, item, read))?;
        }
        for ((item, _), read) in batch.iter().zip(items) {
            match read {
                ReadItem::Facts(facts) => builder.add(item, *facts),
                ReadItem::Failure(failure) => builder.add_failure(failure),
                ReadItem::Missing => builder.add_missing(item),
            }
        }
    }
    Ok(builder.finish())
}

/// Reads what became of an item; what cannot be read is a failure of it.
fn read_item(item: &FleetItem, outcome: &ItemOutcome) -> ReadItem {
    let failure =
        |reason: String, help: Option<String>| ReadItem::Failure(FailureRecord::new(item, None, reason, help));
    let again = || Some("remove the file, and run the shard again".to_owned());
    let (path, is_result) = match outcome {
        ItemOutcome::Result(path) => (path, true),
        ItemOutcome::Failure(path) => (path, false),
        ItemOutcome::Missing => return ReadItem::Missing,
    };
    let text = match read_masked(path) {
        Ok(text) => text,
        Err((what, help)) => return failure(what, Some(help)),
    };
    if !is_result {
        let record = FailureRecord::read(&text).map(|record| FailureRecord { item: item.clone(), ..record });
        return record.map_or_else(|| failure("its failure cannot be read".to_owned(), again()), ReadItem::Failure);
    }
    match read_facts(item, text.as_bytes()) {
        Ok(facts) => ReadItem::Facts(Box::new(facts)),
        Err(error) => failure(error.to_string(), again()),
    }
}

/// Writes the findings of a repository as SARIF.
fn write_sarif(folder: &Path, item: &FleetItem, read: &ReadItem) -> Result<(), CommandFailure> {
    let ReadItem::Facts(facts) = read else { return Ok(()) };
    if item.is_image() {
        return Ok(());
    }
    let name = outcome_file(item, OutcomeKind::Result);
    let file = folder.join(name).with_extension("sarif");
    Ok(write::write(&file, report::fleet_sarif(item, facts).as_bytes())?)
}
