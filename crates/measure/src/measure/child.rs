//! Runs another program: reads its lines as they come, and stops it with all its child processes on a timeout or an
//! interrupt.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of a line; what is longer is cut.
const LINE: u64 = 8 << 20;

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// From the friendly request to end until the other one.
const FRIENDLY: Duration = Duration::from_secs(10);

/// For the last lines of a program that has ended.
const LAST: Duration = Duration::from_secs(5);

/// What became of a program.
#[derive(Debug)]
pub(super) enum End {
    /// It ended by itself.
    Ended(ExitStatus),
    /// It took longer than it may.
    TimedOut,
    /// Somebody wanted it to end.
    Interrupted,
}

/// A program that ran.
#[derive(Debug)]
pub(super) struct ProgramRun {
    pub end: End,
    /// From its start to its end.
    pub took: Duration,
}

/// Runs a program and hands every line of its standard error to `heard`; standard output is not looked at.
///
/// # Errors
/// When it can't be started.
pub(super) fn run(
    command: &mut Command,
    limit: Duration,
    stop: &dyn Fn() -> bool,
    heard: impl FnMut(&[u8]) + Send + 'static,
) -> io::Result<ProgramRun> {
    let (reader, writer) = io::pipe()?;
    command.stdout(Stdio::null()).stderr(writer);
    follow(command, limit, stop, reader, heard)
}

/// As [`run`], for a program that also writes messages to its standard output.
///
/// # Errors
/// When it can't be started.
pub(super) fn run_with_output(
    command: &mut Command,
    limit: Duration,
    stop: &dyn Fn() -> bool,
    heard: impl FnMut(&[u8]) + Send + 'static,
) -> io::Result<ProgramRun> {
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    follow(command, limit, stop, reader, heard)
}

fn follow(
    command: &mut Command,
    limit: Duration,
    stop: &dyn Fn() -> bool,
    reader: io::PipeReader,
    mut heard: impl FnMut(&[u8]) + Send + 'static,
) -> io::Result<ProgramRun> {
    group(command);
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn()?;
    // Our ends of the pipe would keep it open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, receiver) = mpsc::channel::<()>();
    thread::spawn(move || {
        lines(reader, &mut heard);
        drop((sender, heard));
    });
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break End::Ended(status);
        }
        if stop() {
            end(&mut child);
            break End::Interrupted;
        }
        if start.elapsed() >= limit {
            end(&mut child);
            break End::TimedOut;
        }
        thread::sleep(LOOK);
    };
    let took = start.elapsed();
    // Who holds the other end of the pipe without being the program is not waited for.
    let _: Result<(), RecvTimeoutError> = receiver.recv_timeout(LAST);
    Ok(ProgramRun { end, took })
}

fn lines(from: impl Read, heard: &mut impl FnMut(&[u8])) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => heard(line.trim_ascii_end()),
        }
    }
}

#[cfg(unix)]
pub(super) fn group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
pub(super) fn group(_: &mut Command) {}

/// Asks all that the program started to end, and ends it.
#[cfg(unix)]
pub(super) fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // One that has ended is not there to be asked.
    let signal = |signal| group.map(|group| kill_process_group(group, signal));
    let _ = signal(Signal::TERM);
    let start = Instant::now();
    while start.elapsed() < FRIENDLY && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(LOOK);
    }
    // What it started may live on without it.
    let _ = signal(Signal::KILL);
    let _ = child.wait();
}

#[cfg(not(unix))]
pub(super) fn end(child: &mut Child) {
    let _ = FRIENDLY;
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)] // Every function here serves a test.
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn shell(script: &str, limit: Duration, stop: &dyn Fn() -> bool) -> (ProgramRun, Vec<String>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard_lines = Arc::clone(&lines);
        let heard = move |line: &[u8]| heard_lines.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
        let ran = run(Command::new("sh").args(["-c", script]), limit, stop, heard).unwrap();
        let lines = lines.lock().unwrap().clone();
        (ran, lines)
    }

    #[test]
    fn lines_are_heard_and_the_end_is_told() {
        let (ran, lines) = shell("echo a >&2; echo b; echo c >&2; exit 3", Duration::from_secs(10), &|| false);
        assert!(matches!(ran.end, End::Ended(status) if status.code() == Some(3)), "{ran:?}");
        assert_eq!(lines, ["a", "c"]);
    }

    #[test]
    fn a_program_ends_with_all_that_it_started() {
        let file = tempfile::tempdir().unwrap();
        let path = file.path().join("alive");
        let script = format!("(trap '' TERM; sleep 1; echo >'{}') & wait", path.display());
        let (ran, _) = shell(&script, Duration::from_millis(100), &|| false);
        assert!(matches!(ran.end, End::TimedOut), "{ran:?}");
        thread::sleep(Duration::from_millis(1200));
        assert!(!path.exists(), "what it started lives on");
        let (ran, _) = shell("sleep 60", Duration::from_mins(1), &|| true);
        assert!(matches!(ran.end, End::Interrupted) && ran.took < Duration::from_secs(5), "{ran:?}");
    }
}
