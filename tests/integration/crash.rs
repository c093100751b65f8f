//! A full disk, a crash, Ctrl-C: whatever ends a run that writes, each file is the old one or the new one.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const BEFORE: &str = "FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n";
const AFTER: &str = "FROM debian:12.5\nUSER 1000\nCMD [\"python3\", \"main.py\"]\n";

/// Files that one run changes.
const FILES: usize = 40;

fn fill(folder: &Path) {
    for number in 0..FILES {
        let folder_of_run = folder.join(format!("d{}", number % 7));
        fs::create_dir_all(&folder_of_run).unwrap();
        fs::write(folder_of_run.join(format!("Dockerfile.{number}")), BEFORE).unwrap();
    }
}

/// How many files are new, and the names of what does not belong there; fails when one is neither old nor new.
fn state(folder: &Path) -> (usize, Vec<String>) {
    let (mut new, mut strange) = (0, Vec::new());
    for number in 0..7 {
        for entry in fs::read_dir(folder.join(format!("d{number}"))).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.starts_with("Dockerfile.") {
                strange.push(name);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert!(text == BEFORE || text == AFTER, "{name}: {text:?}");
            new += usize::from(text == AFTER);
        }
    }
    (new, strange)
}

fn start(folder: &Path) -> Child {
    let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    dockopt.args(["fix", "--write"]).current_dir(folder).env_clear();
    dockopt.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Ends runs after delays all over their time; what each left, and what is left after another run.
fn ended_by(signal: Signal) -> Vec<[(usize, Vec<String>); 2]> {
    let time = {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let started = std::time::Instant::now();
        assert!(start(folder.path()).wait().unwrap().success());
        assert_eq!(state(folder.path()), (FILES, Vec::new()));
        started.elapsed()
    };
    let rounds: u32 = if crate::tier::is_full() { 60 } else { 12 };
    let mut states = Vec::new();
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let mut child = start(folder.path());
        std::thread::sleep(
            time.mul_f64(f64::from(round) / f64::from(rounds)) + Duration::from_micros(u64::from(round % 7) * 130),
        );
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&child), signal);
        child.wait().unwrap();
        let left = state(folder.path());
        assert!(start(folder.path()).wait().unwrap().success());
        states.push([left, state(folder.path())]);
    }
    states
}

#[test]
fn ctrl_c_changes_all_files_or_none_and_leaves_nothing_behind() {
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        for [(new, strange), _] in ended_by(signal) {
            assert!(new == 0 || new == FILES, "{signal:?}: {new} of {FILES} are changed");
            assert_eq!(strange, Vec::<String>::new(), "{signal:?}");
        }
    }
}

#[test]
fn a_crash_leaves_no_half_of_a_file() {
    for [(_, left), after] in ended_by(Signal::KILL) {
        // A leftover is a whole file of its own, which no tool takes for a Dockerfile; there is one for each file at most.
        assert!(left.iter().all(|name| name.starts_with(".dockopt-")) && left.len() <= FILES, "{left:?}");
        assert_eq!(after, (FILES, Vec::new()));
    }
}

/// Runs a shell's text in a folder with the program as `$0`.
fn shell(folder: &Path, text: &str) -> Output {
    let mut sh = Command::new("sh");
    sh.args(["-c", text, env!("CARGO_BIN_EXE_dockopt")]).current_dir(folder);
    sh.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn refused(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("cannot be written: "), "{stderr}");
    assert!(stderr.contains("help: free some space; nothing was changed"), "{stderr}");
}

#[test]
fn a_limit_of_size_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    refused(&shell(folder.path(), "ulimit -f 0; exec \"$0\" fix --write"));
    assert_eq!(state(folder.path()), (0, Vec::new()));
    refused(&shell(
        folder.path(),
        "ulimit -f 0; exec \"$0\" lint d0/Dockerfile.0 --format=json --output d0/Dockerfile.7",
    ));
    assert_eq!(state(folder.path()), (0, Vec::new()));
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mount = "mkdir disk && mount -t tmpfs -o size=300k none disk 2>/dev/null && cd disk || exit 77";
    let fill = format!(
        "for n in $(seq {FILES}); do mkdir -p d$((n % 7)); printf '%s' \"$TEXT\" > d$((n % 7))/Dockerfile.$n; done; mkdir -p d0; \
         dd if=/dev/zero of=filler bs=1k count=400 2>/dev/null; truncate -s -8k filler"
    );
    let text = format!("{mount}; TEXT='{BEFORE}'; {fill}; \"$0\" fix --write; code=$?; cp -a d? ..; exit $code");
    let mut unshare = Command::new("unshare");
    unshare.args(["-m", "sh", "-c", &text, env!("CARGO_BIN_EXE_dockopt")]).current_dir(folder.path());
    let output = match unshare.stdin(Stdio::null()).output() {
        Ok(output)
            if output.status.code() != Some(77) && !String::from_utf8_lossy(&output.stderr).contains("unshare") =>
        {
            output
        }
        _ => return println!("skipped: no file system can be mounted here"),
    };
    refused(&output);
    assert_eq!(state(folder.path()), (0, Vec::new()));
}
