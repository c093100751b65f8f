//! `--watch` of `lint` and `audit`: the check of the plain command is run again when something that it looked at changes.

mod paths;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use self::paths::{PathChange, WatchedPaths};
use super::args::{CheckOptions, Global};
use super::exit::CLEAN;
use super::interrupt::EndCode;
use super::output::{CommandFailure, CommandOutput, print_exact};
use super::{progress, terminal};
use crate::load::{looked_at, note_looks};

/// Between two looks at the files.
const PAUSE: Duration = Duration::from_millis(300);

/// How long files have to be still before they are checked: an editor writes in several steps.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// How long a check waits at most for files that are never still.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How much of the time is not spent on looking at the files.
const IDLE_SHARE: u32 = 20;

/// Files that the options of a check name.
pub(super) fn named_files(check: &CheckOptions) -> Vec<PathBuf> {
    let files = [&check.build.file, &check.config.config, &check.known.baseline];
    files.into_iter().flatten().cloned().collect()
}

/// Runs a check, and again when one of the named files or something that it looked at changes. Ends with Ctrl-C or when nobody
/// reads the output any more.
pub(super) fn watch(
    global: &Global,
    named: &[PathBuf],
    check: impl Fn() -> Result<CommandOutput, CommandFailure>,
) -> Result<u8, CommandFailure> {
    refuse_unwatchable(global, named)?;
    let mut paths = WatchedPaths::default();
    let mut last: Option<WatchRun> = None;
    let mut change = PathChange::Read;
    let mut is_told = false;
    // The first run is one as any other: Ctrl-C has its way.
    let mut end: Option<EndCode> = None;
    loop {
        note_looks();
        let (clock, start) = (SystemTime::now(), Instant::now());
        let run = WatchRun::of(global, &check);
        paths = paths.after_run(named, looked_at(), clock);
        progress::pause();
        // Something came or went near the files: that is worth a word only if it changes what is said.
        if change == PathChange::Read || last.as_ref() != Some(&run) {
            end.get_or_insert_with(|| EndCode::new(run.code)).set(run.code);
            match run.print(global, last.is_none(), paths.count()) {
                Ok(()) => {}
                Err(CommandFailure::Closed) => break,
                Err(failure) => return Err(failure),
            }
            last = Some(run);
        }
        if paths.is_cut() && !is_told {
            is_told = true;
            terminal::note(&paths.cut_notice());
        }
        let Some(next) = wait(&mut paths, start.elapsed()) else { break };
        change = next;
        progress::start_again("reading the files");
    }
    Ok(last.map_or(CLEAN, |run| run.code))
}

/// Fails where results go to one file, and where something that can be read once is named.
fn refuse_unwatchable(global: &Global, named: &[PathBuf]) -> Result<(), CommandFailure> {
    let because = |what: String, help: &str| CommandFailure::Because { what, help: Some(help.to_owned()) };
    if global.output.is_some() {
        let what = "`--watch` prints a result after each change, which `--output` cannot keep".to_owned();
        return Err(because(what, "leave out `--output`, or redirect standard output"));
    }
    if named.iter().any(|path| path == Path::new("-")) {
        let what = "`--watch` cannot watch standard input".to_owned();
        return Err(because(what, "pass the file's name"));
    }
    let is_special = |path: &&PathBuf| path.metadata().is_ok_and(|kind| !kind.is_file() && !kind.is_dir());
    if let Some(path) = named.iter().find(is_special) {
        let what = format!("`--watch` cannot read `{}` again, which is not a regular file", path.display());
        return Err(because(what, "pass a regular file"));
    }
    Ok(())
}

/// What a run of the check said.
#[derive(Debug, PartialEq, Eq)]
struct WatchRun {
    /// What came on standard error before the result.
    messages: Vec<u8>,
    /// The result; `None` where the check could not be done.
    output: Option<CommandOutput>,
    code: u8,
}

impl WatchRun {
    fn of(global: &Global, check: &impl Fn() -> Result<CommandOutput, CommandFailure>) -> Self {
        terminal::hold_messages();
        let (output, code) = match check() {
            Ok(output) => (Some(output.clone()), output.code),
            Err(failure) => (None, failure.tell(global)),
        };
        Self { messages: terminal::held_messages(), output, code }
    }

    /// Prints it as the plain command does; on a terminal it replaces the previous run.
    fn print(&self, global: &Global, is_first: bool, watched: usize) -> Result<(), CommandFailure> {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_screen = std::io::stdout().is_terminal() && !is_dumb;
        match (is_first, is_screen) {
            (true, _) => {}
            (false, true) => print_exact(global, b"\x1b[2J\x1b[H")?,
            // A line that is nothing in any format: readers of JSON skip it.
            (false, false) => print_exact(global, b"\n")?,
        }
        terminal::write_message(&self.messages);
        if let Some(output) = &self.output {
            output.write(global)?;
        }
        if is_screen {
            terminal::note(&format!("watching {watched} files and folders; Ctrl-C ends it"));
        }
        Ok(())
    }
}

/// Waits until paths change and are still again; `None` when nobody reads the output any more. `least` is how long the run took:
/// what changes all the time is not checked all the time.
fn wait(paths: &mut WatchedPaths, least: Duration) -> Option<PathChange> {
    let start = Instant::now();
    loop {
        let look = Instant::now();
        let mut states = paths.look();
        let cost = look.elapsed();
        if paths.is_changed(&states) {
            let first = Instant::now();
            loop {
                if !sleep(DEBOUNCE) {
                    return None;
                }
                let next = paths.look();
                let is_still = next == states || first.elapsed() >= LONGEST_WAIT;
                states = next;
                if is_still && start.elapsed() >= least {
                    break;
                }
            }
            // What changed may have changed back.
            if let Some(change) = paths.take_change(states) {
                return Some(change);
            }
        }
        if !sleep(PAUSE.max(cost * IDLE_SHARE)) {
            return None;
        }
    }
}

/// Sleeps; whether somebody still reads the output.
fn sleep(time: Duration) -> bool {
    let start = Instant::now();
    while let Some(rest) = time.checked_sub(start.elapsed()).filter(|rest| !rest.is_zero()) {
        if is_unread(rest) {
            return false;
        }
    }
    true
}

/// Whether nobody reads standard output any more; returns after a time, or when that is so.
#[cfg(unix)]
fn is_unread(time: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = std::io::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let polled = Timespec::try_from(time).map(|time| poll(&mut fds, Some(&time)));
    let events = fds[0].revents();
    if events.intersects(PollFlags::ERR | PollFlags::HUP) {
        return true;
    }
    // A signal, or an output that cannot be asked.
    if !matches!(polled, Ok(Ok(0))) {
        thread::sleep(time);
    }
    false
}

#[cfg(not(unix))]
fn is_unread(time: Duration) -> bool {
    thread::sleep(time);
    false
}
