//! Runs a program within limits of time and memory, and tells what it took. What it took is known on Linux alone.

use std::fs;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::child::{end, group};

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Looks at whether it has ended for each look at its memory.
const LOOKS: u32 = 4;

/// Bytes of standard error that are kept: the first ones name the error.
const MESSAGES: u64 = 64 << 10;

/// Seconds of a tick of the processor's clock, as Linux shows it (`proc_pid_stat(5)`, `sysconf(_SC_CLK_TCK)`).
const TICK: f64 = 0.01;

/// What a program may take.
#[derive(Clone, Copy, Debug)]
pub struct ProgramLimits {
    /// From its start to its end.
    pub time: Duration,
    /// Bytes of memory at a time.
    pub memory: u64,
}

/// Why a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// By itself.
    Exit(ExitStatus),
    /// It took longer than it may.
    TimedOut,
    /// It took more memory than it may.
    TooLarge,
    /// Somebody wanted it to end.
    Interrupted,
}

/// A program that ran.
#[derive(Debug)]
pub struct LimitedRun {
    /// Why it ended.
    pub end: ProgramEnd,
    /// From its start to its end.
    pub seconds: f64,
    /// Seconds of processors.
    pub cpu_seconds: Option<f64>,
    /// The most memory at a time, in bytes.
    pub memory_bytes: Option<u64>,
    /// The start of its standard error.
    pub messages: Vec<u8>,
}

/// Runs a program, whose standard output the command says, until it ends or `stop` says so. `memory` hears how much it takes
/// at the moment, in bytes. Its standard input ends with this process, however that ends.
///
/// # Errors
/// When it can't be started.
pub fn run_limited(
    command: &mut Command,
    limits: ProgramLimits,
    stop: &dyn Fn() -> bool,
    memory: &dyn Fn(u64),
) -> io::Result<LimitedRun> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::piped()).stderr(writer);
    group(command);
    let start = Instant::now();
    let mut child = command.spawn()?;
    // Open until the program has ended.
    let input = child.stdin.take();
    // Our end of the pipe would keep it open.
    command.stderr(Stdio::null());
    let messages = thread::spawn(move || keep_start(reader));
    let (mut most, mut looks) = (None, 0);
    let (end, cpu_seconds) = loop {
        if has_ended(&mut child)? {
            let cpu_seconds = cpu_seconds(child.id());
            break (ProgramEnd::Exit(child.wait()?), cpu_seconds);
        }
        if looks % LOOKS == 0
            && let Some((now, peak)) = memory_bytes(child.id())
        {
            memory(now);
            most = most.max(Some(peak));
        }
        looks += 1;
        let early_end = match () {
            () if stop() => Some(ProgramEnd::Interrupted),
            () if start.elapsed() >= limits.time => Some(ProgramEnd::TimedOut),
            () if most.is_some_and(|most| most > limits.memory) => Some(ProgramEnd::TooLarge),
            () => None,
        };
        if let Some(early_end) = early_end {
            let cpu_seconds = cpu_seconds(child.id());
            end(&mut child);
            break (early_end, cpu_seconds);
        }
        thread::sleep(LOOK);
    };
    drop(input);
    memory(0);
    let seconds = start.elapsed().as_secs_f64();
    // A thread that only reads does not panic.
    let messages = messages.join().unwrap_or_default();
    Ok(LimitedRun { end, seconds, cpu_seconds, memory_bytes: most, messages })
}

/// The start of a stream, which is read to its end.
fn keep_start(mut reader: impl Read) -> Vec<u8> {
    let mut start = Vec::new();
    let _ = reader.by_ref().take(MESSAGES).read_to_end(&mut start);
    let _ = io::copy(&mut reader, &mut io::sink());
    start
}

/// Whether it has ended; what it took can still be read then.
#[cfg(target_os = "linux")]
fn has_ended(child: &mut Child) -> io::Result<bool> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    Ok(waitid(WaitId::Pid(Pid::from_child(child)), options)?.is_some())
}

#[cfg(not(target_os = "linux"))]
fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Bytes that a process has in memory, now and at most so far (`proc_pid_status(5)`).
fn memory_bytes(process: u32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let bytes_of = |field: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
    };
    Some((bytes_of("VmRSS:")?, bytes_of("VmHWM:")?))
}

/// Seconds of processors that a process took, in its own code and for it in the kernel (`proc_pid_stat(5)`, fields 14 and 15).
fn cpu_seconds(process: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok().map(f64::from);
    Some((ticks(11)? + ticks(12)?) * TICK)
}

/// Bytes of memory that this process and those that it starts may take together: what is free, and not more than its
/// control group may. `None` where the system does not tell.
pub fn free_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let free = line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)?;
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    Some(limit.map_or(free, |limit| limit.min(free)))
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)] // Every function here serves a test.
mod tests {
    use super::*;
    use std::cell::Cell;

    const LIMITS: ProgramLimits = ProgramLimits { time: Duration::from_mins(1), memory: 1 << 30 };

    fn shell(script: &str, limits: ProgramLimits, stop: &dyn Fn() -> bool) -> LimitedRun {
        let mut command = Command::new("sh");
        run_limited(command.args(["-c", script]).stdout(Stdio::null()), limits, stop, &|_| ()).unwrap()
    }

    #[test]
    fn what_a_program_takes_is_told() {
        let heard = Cell::new(0);
        let mut command = Command::new("sh");
        let script = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo why >&2; exit 3";
        let command = command.args(["-c", script]).stdout(Stdio::null());
        let run = run_limited(command, LIMITS, &|| false, &|bytes| heard.set(heard.get().max(bytes))).unwrap();
        assert!(matches!(run.end, ProgramEnd::Exit(status) if status.code() == Some(3)), "{run:?}");
        assert_eq!(run.messages, b"why\n");
        assert!(run.cpu_seconds.unwrap() > 0.0 && run.cpu_seconds.unwrap() <= run.seconds + 0.02, "{run:?}");
        assert!(heard.get() > 100_000 && run.memory_bytes.unwrap() >= heard.get(), "{run:?}");
    }

    #[test]
    fn limits_end_it() {
        let short = ProgramLimits { time: Duration::from_millis(100), ..LIMITS };
        assert_eq!(shell("sleep 60", short, &|| false).end, ProgramEnd::TimedOut);
        assert_eq!(shell("sleep 60", LIMITS, &|| true).end, ProgramEnd::Interrupted);
        let small = ProgramLimits { memory: 20 << 20, ..LIMITS };
        let run = shell("x=$(head -c 60000000 /dev/zero | tr '\\0' x); echo ${#x}; sleep 60", small, &|| false);
        assert_eq!(run.end, ProgramEnd::TooLarge, "{run:?}");
        assert!(free_memory().unwrap() > 1 << 20);
    }
}
