//! Runs a program and tells what it took.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// What a run took.
#[derive(Clone, Copy, Default)]
pub struct Took {
    /// From start to end.
    pub wall: Duration,
    /// User and system time of the process, to 10 ms.
    pub cpu: Duration,
    /// Largest resident set in bytes, as far as it was seen.
    pub peak: u64,
    /// Whether it gave a result.
    pub ok: bool,
}

/// Runs it to its end. The kernel keeps the times of a process that has ended until it is waited for.
pub fn run(command: &mut Command) -> Took {
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let folder = format!("/proc/{}", child.id());
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or_default()).expect("a process");
    let watcher = std::thread::spawn({
        let folder = folder.clone();
        move || {
            let mut peak = 0;
            // A process that has ended has no resident set any more.
            while let Some(seen) = resident(&folder) {
                peak = seen;
                std::thread::sleep(Duration::from_millis(1));
            }
            peak
        }
    });
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it ends");
    let wall = start.elapsed();
    let cpu = ticks(&folder).map_or(Duration::ZERO, |ticks| Duration::from_millis(ticks * 10));
    let peak = watcher.join().unwrap_or(0);
    let ok = child.wait().is_ok_and(|status| status.success());
    Took { wall, cpu, peak, ok }
}

fn resident(folder: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("{folder}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

/// User and system time in hundredths of a second (`proc_pid_stat(5)`, fields 14 and 15).
fn ticks(folder: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("{folder}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}
