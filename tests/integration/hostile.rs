//! Inputs made to hurt: each ends with a result or a clear message, within bounded processor time and memory.
//! `DOCKOPT_FULL=1` tries more than twice the size, and all rules: `fix` needs a round for each thousand findings of a rule.
//! Times are of the processor, so that a busy machine changes nothing. What grows faster than its input is also found by
//! `benches/growth`.
#![cfg(target_os = "linux")]

mod context;
mod dockerfile;
mod file;
mod manifest;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::tier::is_full;

/// Address space of a run, in KiB: a bomb ends it.
const MEMORY: u32 = 2_000_000;

/// Processor seconds of a run. What is linear takes a tenth of it without optimisation.
const SECONDS: u32 = 20;

/// Seconds after which a run hangs, whatever else the machine does.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often something is repeated.
fn crowd() -> usize {
    if is_full() { 5_000 } else { 2_000 }
}

/// What a run gave.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in a folder under limits; the run ends well: no signal, no panic, something said.
#[track_caller]
fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let limits = format!("ulimit -v {MEMORY}; ulimit -t {SECONDS}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_dockopt")]).args(arguments).current_dir(folder);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || text(&mut stdout));
    let err = std::thread::spawn(move || text(&mut stderr));
    let code = wait(&mut child);
    let (stdout, stderr) = (out.join().unwrap(), err.join().unwrap());
    let context =
        || format!("{arguments:?} in {}: {}", folder.display(), stderr.chars().take(2_000).collect::<String>());
    let code = code.unwrap_or_else(|| panic!("ended by a signal or for its time: {}", context()));
    assert!((0..=2).contains(&code) && !stderr.contains("panicked"), "{code}: {}", context());
    assert!(code != 2 || stderr.contains("error: "), "no message: {}", context());
    Ran { code, stdout, stderr }
}

fn text(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).expect("output in UTF-8")
}

fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with one file.
fn folder_with(path: &str, bytes: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, path, bytes);
    folder
}

fn put(folder: &tempfile::TempDir, path: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
