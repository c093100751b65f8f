//! `dockopt fleet run`: a process of dockopt for each item, so that one that needs too much or fails harms no other.

use std::cell::Cell;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::list::read_named;
use super::queue::RunQueue;
use super::result_folder::{ResultFolder, unwritable};
use crate::cli::args::{FleetChecks, FleetRun as Arguments, Global, ProgressForm};
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{CommandFailure, now, print, print_page};
use crate::cli::{progress, terminal};
use crate::fleet::{
    FailureRecord, FleetItem, FleetRun, ItemUse, OutcomeKind, ProgressLine, RunSummary, has_result, list_text,
    outcome_file, read_list, shard_items,
};
use crate::image::{Algorithm, Digest};
use crate::measure::{LimitedRun, ProgramEnd, ProgramLimits, free_memory, run_limited};
use crate::remote::{BlobCache, BlobUse};
use crate::report::{self, Format, bytes, count};

/// Lines of a list that are shown where they are wrong.
const SHOWN_PROBLEMS: usize = 20;

/// How a process says that its result was not written: the start of a line.
const UNWRITTEN: &str = "error: standard output cannot be written";

pub(super) fn run(global: &Global, command: &Arguments) -> Result<u8, CommandFailure> {
    let items = read_items(global, command)?;
    let (text, _) = list_text(items.clone());
    let digest = Digest::of(Algorithm::Sha256, text.as_bytes()).to_string();
    let today = command.checks.today.map_or_else(now, |today| Ok(Some(today)))?;
    let mut run = FleetRun::new(digest, command.shard, options(&command.checks));
    run.today = today.map(|today| today.to_string()).unwrap_or_default();
    let folder = ResultFolder::open(&command.out, &mut run, command.checks.today.is_some(), &text)?;
    let layers = command.limits.layers.clone().unwrap_or_else(|| folder.layers());
    fs::create_dir_all(&layers).map_err(|error| unwritable(&layers, &error))?;
    let all = shard_items(&items, command.shard);
    let outcomes = folder.outcomes()?;
    let is_done = |item: &FleetItem| {
        outcomes.contains(&outcome_file(item, OutcomeKind::Result))
            || !command.retry && outcomes.contains(&outcome_file(item, OutcomeKind::Failure))
    };
    let waiting: Vec<&FleetItem> = all.iter().copied().filter(|item| !is_done(item)).collect();
    let work = RunWork {
        command,
        run: &run,
        folder: &folder,
        layers: &layers,
        blobs: BlobCache::new(&layers, command.limits.layer_space),
        memory: memory(command),
        of: all.len(),
        done: AtomicUsize::new(all.len() - waiting.len()),
        failures: AtomicUsize::new(0),
        stop: OnceLock::new(),
        output: Mutex::new(()),
    };
    let layers_run = work.blobs.begin_run().map_err(|error| unwritable(&layers, &error))?;
    let before = work.blobs.uses();
    let start = Instant::now();
    let is_interrupted = work.check_all(&waiting);
    let mut summary = summarize(&folder, &all, &waiting, command)?;
    summary.seconds = start.elapsed().as_secs_f64();
    summary.jobs = jobs(command).min(waiting.len());
    let BlobUse { fetched_bytes, reused_bytes } = work.blobs.uses();
    summary.fetched_bytes = fetched_bytes.saturating_sub(before.fetched_bytes);
    summary.reused_bytes = reused_bytes.saturating_sub(before.reused_bytes);
    let written = folder.write_summary(&summary.text());
    drop(layers_run);
    if command.limits.layers.is_none() && summary.missing == 0 {
        // What is left of it is removed by the next run.
        let _ = fs::remove_dir_all(&layers);
    }
    if let Some(failure) = work.stop.into_inner() {
        return Err(failure);
    }
    written?;
    let failures = failed_items(&folder, &all);
    write(global, &summary, &failures, &command.out)?;
    if is_interrupted {
        let what = format!("interrupted; {} left", count(summary.missing as u64, "item"));
        let help = "run the same command again: it continues where it stopped".to_owned();
        return Err(CommandFailure::Because { what, help: Some(help) });
    }
    Ok(if summary.failures > 0 { FOUND } else { CLEAN })
}

/// Writes what the run did in the format asked for.
fn write(global: &Global, summary: &RunSummary, failures: &[FailureRecord], out: &Path) -> Result<(), CommandFailure> {
    match global.format {
        Format::Json => print(global, &summary.text()),
        _ => print_page(global, &report::fleet_run(summary, failures, &out.to_string_lossy())),
    }
}

/// The items of the list; with every line that is wrong said.
fn read_items(global: &Global, command: &Arguments) -> Result<Vec<FleetItem>, CommandFailure> {
    let source = read_named(&command.list)?;
    let list = read_list(source.text());
    for problem in list.problems.iter().take(SHOWN_PROBLEMS) {
        let column = if problem.column > 0 { format!(":{}", problem.column) } else { String::new() };
        let what = format!("{}:{}{column}: {}", source.name(), problem.line, problem.message);
        terminal::error(global, &what, None);
    }
    if !list.problems.is_empty() {
        let lines = count(list.problems.len() as u64, "line");
        let what = format!("`{}` has {lines} without an item, so nothing was checked", source.name());
        return Err(CommandFailure::Because {
            what,
            help: Some("write the list with `dockopt fleet list`".to_owned()),
        });
    }
    if list.duplicates > 0 {
        terminal::note(&format!("{} in the list left out", count(list.duplicates as u64, "duplicate")));
    }
    Ok(list.items)
}

/// The options that change results.
fn options(checks: &FleetChecks) -> Vec<String> {
    let mut options = Vec::new();
    if let Some(platform) = &checks.platform {
        options.push(format!("--platform={platform}"));
    }
    if checks.no_history {
        options.push("--no-history".to_owned());
    }
    if checks.config.no_config {
        options.push("--no-config".to_owned());
    }
    if let Some(config) = &checks.config.config {
        options.push(format!("--config={}", config.display()));
    }
    options
}

fn jobs(command: &Arguments) -> usize {
    let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    command.limits.jobs.map_or_else(processors, NonZeroUsize::get)
}

/// Bytes of memory for all items together.
fn memory(command: &Arguments) -> u64 {
    let default = || free_memory().map_or(u64::MAX, |free| free / 4 * 3);
    command.limits.memory.unwrap_or_else(default)
}

/// What the folder says of the items of the run.
fn summarize(
    folder: &ResultFolder,
    all: &[&FleetItem],
    waiting: &[&FleetItem],
    command: &Arguments,
) -> Result<RunSummary, CommandFailure> {
    let outcomes = folder.outcomes()?;
    let has = |item: &FleetItem, kind| outcomes.contains(&outcome_file(item, kind));
    let results = all.iter().filter(|item| has(item, OutcomeKind::Result)).count();
    let is_failed = |item: &&&FleetItem| !has(item, OutcomeKind::Result) && has(item, OutcomeKind::Failure);
    let failures = all.iter().filter(is_failed).count();
    let uses = folder.uses();
    let names: std::collections::BTreeSet<&str> = waiting.iter().map(|item| item.name()).collect();
    Ok(RunSummary {
        schema: RunSummary::SCHEMA.to_owned(),
        shard: command.shard.to_string(),
        items: all.len(),
        results,
        failures,
        kept: all.len() - waiting.len(),
        missing: all.len() - results - failures,
        cpu_seconds: uses
            .iter()
            .filter(|item| names.contains(&*item.item))
            .filter_map(|item| item.cpu_seconds)
            .fold(0.0, |sum, seconds| sum + seconds),
        memory_bytes: uses.iter().filter_map(|item| item.memory_bytes).max(),
        ..RunSummary::default()
    })
}

/// The items without a result, and why.
fn failed_items(folder: &ResultFolder, all: &[&FleetItem]) -> Vec<FailureRecord> {
    all.iter().filter_map(|item| folder.failure(item)).collect()
}

/// What the threads of a run share.
struct RunWork<'a> {
    command: &'a Arguments,
    run: &'a FleetRun,
    folder: &'a ResultFolder,
    layers: &'a Path,
    blobs: BlobCache,
    memory: u64,
    of: usize,
    done: AtomicUsize,
    failures: AtomicUsize,
    /// Why the run cannot continue.
    stop: OnceLock<CommandFailure>,
    /// Lines of progress are whole.
    output: Mutex<()>,
}

impl RunWork<'_> {
    /// Checks all items; whether somebody interrupted it.
    fn check_all(&self, waiting: &[&FleetItem]) -> bool {
        let interrupts = Interrupts::hold_back();
        let queue = RunQueue::new(waiting, self.command.limits.per_registry.get(), self.memory);
        let jobs = jobs(self.command).min(waiting.len());
        self.show_progress();
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    let is_stopped = || interrupts.is_interrupted() || self.stop.get().is_some();
                    while let Some((index, item)) = queue.next(&is_stopped) {
                        let gives_way = Cell::new(false);
                        let is_ended = || is_stopped() || gives_way.get();
                        let set_memory = |bytes| gives_way.set(gives_way.get() || queue.set_memory(index, bytes));
                        let memory = self.check(item, &is_ended, &set_memory);
                        if gives_way.get() && matches!(memory, Ok(None)) {
                            queue.postpone(index);
                            continue;
                        }
                        let memory = memory.unwrap_or_else(|error| {
                            // The first one is said.
                            let _ = self.stop.set(unwritable(&self.command.out, &error));
                            None
                        });
                        queue.finish(index, memory);
                    }
                });
            }
        });
        let is_interrupted = interrupts.is_interrupted();
        // The summary comes first.
        std::mem::forget(interrupts);
        is_interrupted
    }

    /// Checks one item and keeps what came of it; the most memory that it took.
    ///
    /// # Errors
    /// The folder of results cannot be written.
    fn check(&self, item: &FleetItem, stop: &dyn Fn() -> bool, memory: &dyn Fn(u64)) -> io::Result<Option<u64>> {
        let file = self.folder.begin_result()?;
        let mut command = self.process(item)?;
        command.stdout(file.as_file().try_clone()?);
        let limits = ProgramLimits { time: Duration::from_secs(self.command.limits.timeout), memory: self.memory };
        let run = run_limited(&mut command, limits, stop, memory)?;
        if run.end == ProgramEnd::Interrupted {
            return Ok(None);
        }
        let failure = self.failure(item, &run, &file)?;
        match &failure {
            None => self.folder.keep_result(file, item)?,
            Some(failure) => self.folder.keep_failure(&failure.text(), item)?,
        }
        let used = ItemUse {
            item: item.name().to_owned(),
            seconds: run.seconds,
            cpu_seconds: run.cpu_seconds,
            memory_bytes: run.memory_bytes,
        };
        self.folder.add_use(&used.line())?;
        self.tell(item, failure.as_ref(), run.seconds);
        Ok(run.memory_bytes)
    }

    /// The process that checks an item.
    fn process(&self, item: &FleetItem) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([if item.is_image() { "image" } else { "audit" }, "--format=json", "--quiet", "--color=never"]);
        command.arg("--ends-with-input");
        let is_for_images = |option: &&String| !option.starts_with("--no-history");
        let is_for_folders = |option: &&String| !option.starts_with("--platform=");
        let checks = &self.command.checks;
        if item.is_image() {
            command.args(self.run.options.iter().filter(is_for_images));
            command.args(checks.access.registry_ca.iter().map(|file| format!("--registry-ca={}", file.display())));
            command.args(checks.access.insecure_registry.iter().map(|host| format!("--insecure-registry={host}")));
            command.arg("--blobs").arg(self.layers);
            command.arg(format!("--blob-space={}", self.command.limits.layer_space));
            command.arg(format!("--patience={}", self.command.limits.patience));
        } else {
            command.args(["--fail-on=none", &format!("--today={}", self.run.today)]);
            command.args(self.run.options.iter().filter(is_for_folders));
        }
        // As many threads as there are processors for each.
        if std::env::var_os("RAYON_NUM_THREADS").is_none() {
            let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
            command.env("RAYON_NUM_THREADS", (processors / jobs(self.command)).max(1).to_string());
        }
        command.arg("--").arg(item.name());
        Ok(command)
    }

    /// Why an item has no result; `None` where it has one.
    ///
    /// # Errors
    /// The result could not be written.
    fn failure(&self, item: &FleetItem, run: &LimitedRun, file: &NamedTempFile) -> io::Result<Option<FailureRecord>> {
        let messages = String::from_utf8_lossy(&run.messages);
        let line_of = |word: &str| messages.lines().find_map(|line| line.trim_start().strip_prefix(word));
        let line_of = |word: &str| line_of(word).map(str::to_owned);
        let limits = &self.command.limits;
        let (exit, reason, help) = match run.end {
            ProgramEnd::Exit(status) => {
                if messages.lines().any(|line| line.starts_with(UNWRITTEN)) {
                    return Err(io::Error::from(io::ErrorKind::StorageFull));
                }
                let is_whole = matches!(status.code(), Some(0 | 1));
                if is_whole || status.code().is_some() && has_result(item, &fs::read(file.path())?) {
                    return Ok(None);
                }
                let what = match status.code() {
                    Some(_) => {
                        let reason = line_of("error: ").unwrap_or_else(|| "it failed without a message".to_owned());
                        // The place of an excerpt.
                        line_of("--> ").map(|place| format!("{place}: {reason}")).unwrap_or(reason)
                    }
                    None => format!("it was killed ({status}), perhaps because the machine has too little memory"),
                };
                (status.code(), what, line_of("help: "))
            }
            ProgramEnd::TimedOut => {
                let what = format!("it took longer than {} s", limits.timeout);
                (None, what, Some("allow more with `--timeout`, and try it again with `--retry`".to_owned()))
            }
            ProgramEnd::TooLarge | ProgramEnd::Interrupted => {
                let what = format!("it took more than {} of memory", bytes(self.memory));
                (None, what, Some("allow more with `--memory`, and try it again with `--retry`".to_owned()))
            }
        };
        Ok(Some(FailureRecord::new(item, exit, reason, help)))
    }

    /// Says that an item has ended.
    fn tell(&self, item: &FleetItem, failure: Option<&FailureRecord>, seconds: f64) {
        let _whole = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if failure.is_some() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        if self.command.progress == ProgressForm::Json {
            let line = ProgressLine {
                done,
                of: self.of,
                failures: self.failures.load(Ordering::Relaxed),
                item: item.name().to_owned(),
                failure: failure.map(|failure| failure.reason.clone()),
                seconds,
            };
            terminal::write_message(format!("{}\n", line.text()).as_bytes());
        }
        self.show_progress();
    }

    fn show_progress(&self) {
        match self.command.progress {
            ProgressForm::Line => {
                let failures = match self.failures.load(Ordering::Relaxed) {
                    0 => String::new(),
                    failures => format!(", {failures} failed"),
                };
                let done = self.done.load(Ordering::Relaxed);
                progress::doing(&format!("checking {}: {done} done{failures}", count(self.of as u64, "item")));
            }
            ProgressForm::Json | ProgressForm::None => progress::pause(),
        }
    }
}
