//! Counts the instructions that six commands take on small fixed inputs, under valgrind's callgrind, and compares them with
//! the recorded counts: more than 5 % above is an error that names the functions that grew. Then, under strace, what five
//! commands ask the file system in a folder of 200 projects beside each other: more than 5 % above names what was asked most.
//!
//! `cargo bench --profile dev --bench instructions` compares, with `-- --record` it writes `benches/instructions/counts.tsv` and
//! `calls.tsv`.
//! What is counted is the program that the tests use, so that nothing is compiled for it; unoptimized counts do not depend on
//! how the compiler splits and inlines code, and a loop too many is a loop too many in both. A run has one thread, a fixed
//! date and no engine.

#![allow(clippy::print_stdout, missing_docs)]

#[path = "instructions/callgrind.rs"]
mod callgrind;
#[path = "instructions/calls.rs"]
mod calls;
#[path = "instructions/inputs.rs"]
mod inputs;
#[allow(dead_code, unreachable_pub)] // Another benchmark uses the rest of it.
#[path = "image/make.rs"]
mod make;
#[path = "instructions/record.rs"]
mod record;
#[allow(dead_code, clippy::unwrap_used)] // Tests use the rest of it.
#[path = "../tests/integration/image/zoo/tar.rs"]
mod tar;

use std::path::Path;
use std::process::{Command, ExitCode};

use rayon::prelude::*;

use callgrind::Profile;
use calls::FileCalls;
use record::{Record, judge};

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/counts.tsv");

const CALLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/calls.tsv");

/// Each command with its arguments, in the folder that `inputs` fills; the longest first in both halves, which two
/// processors begin with.
const COMMANDS: [(&str, &[&str]); 6] = [
    ("audit", &["audit", "project"]),
    ("lint", &["lint", "lint/go/Dockerfile", "lint/java/Dockerfile", "lint/node/Dockerfile", "lint/python/Dockerfile"]),
    ("cache history", &["cache", "history", "history", "--commits", "12"]),
    ("optimize", &["optimize", "project"]),
    ("compose check", &["compose", "check", "compose"]),
    ("image", &["image", "small.plain.tar", "--format", "json"]),
];

fn main() -> ExitCode {
    let is_asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    if is_asked("--smoke") || std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke") {
        println!("instructions are counted in a step of their own");
        return ExitCode::SUCCESS;
    }
    if !cfg!(debug_assertions) {
        println!(
            "instructions are counted with the development profile: cargo bench --profile dev --bench instructions"
        );
        return ExitCode::SUCCESS;
    }
    let (Some(valgrind), Some(_)) = (first_line("valgrind", &["--version"]), first_line("strace", &["--version"]))
    else {
        println!("valgrind or strace is missing: install them (Debian: apt-get install valgrind strace)");
        return if std::env::var_os("CI").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    };
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let rustc = first_line(&rustc, &["--version"]).unwrap_or_else(|| "unknown rustc".to_owned());
    let toolchain = format!("{rustc}, {}, {valgrind}", std::env::consts::ARCH);
    let folder = tempfile::tempdir().expect("a temporary folder");
    inputs::write(folder.path()).expect("the inputs");
    let count = |&(name, arguments): &(&'static str, &[&str])| (name, profile(folder.path(), name, arguments));
    let profiles: Vec<(&str, Profile)> = COMMANDS.par_iter().with_max_len(1).map(count).collect();
    let neighbours = folder.path().join("neighbours");
    inputs::write_neighbours(&neighbours).expect("the inputs");
    let count = |&(name, arguments): &(&'static str, &[&str])| (name, FileCalls::of_run(&neighbours, name, arguments));
    let calls: Vec<(&str, FileCalls)> = calls::COMMANDS.iter().map(count).collect();
    if is_asked("--record") {
        std::fs::write(RECORD, Record::new(toolchain, &profiles).to_text()).expect("the record");
        std::fs::write(CALLS, calls::record(&calls)).expect("the record");
        println!("recorded in {RECORD} and {CALLS}");
        return ExitCode::SUCCESS;
    }
    let record = Record::read(&std::fs::read_to_string(RECORD).expect("the record"));
    let verdict = judge(&record, &toolchain, &profiles);
    println!("{}", verdict.text);
    let (text, has_more_calls) = calls::judge(&std::fs::read_to_string(CALLS).expect("the record"), &calls);
    println!("{text}");
    if verdict.is_failure || has_more_calls { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The first line that a program prints; `None` where it cannot be started.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

/// Runs a command under callgrind.
fn profile(folder: &Path, name: &str, arguments: &[&str]) -> Profile {
    let out = folder.join(format!("{}.callgrind", name.replace(' ', "-")));
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--dump-line=no", "--compress-strings=no", "--compress-pos=no", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(env!("CARGO_BIN_EXE_dockopt")).args(arguments);
    // Nothing of the machine enters: no settings of a user, no engine, no clock.
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder).env("RAYON_NUM_THREADS", "1");
    command.env("SOURCE_DATE_EPOCH", "1763942400").env("DOCKER_HOST", "unix:///nowhere").current_dir(folder);
    let output = command.output().expect("valgrind starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code < 2), "{name} failed:\n{said}");
    assert!(!output.stdout.is_empty(), "{name} says nothing:\n{said}");
    Profile::read(&std::fs::read_to_string(out).expect("what callgrind wrote"))
}
