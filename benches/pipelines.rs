//! `ci check` with its default rules over the workflows of one repository, by folder and by name. Both are processes as users
//! start them.
//!
//! The files are the same in each run. `DOCKOPT_BENCH=smoke` takes a fiftieth of them, for CI.

#![allow(clippy::print_stdout, missing_docs)]

mod timing;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use timing::{median, millis, ratio, time, watch_memory};

/// Workflows as projects have them; `{n}` differs from file to file.
const TEMPLATES: [&str; 2] = [include_str!("pipelines/images.txt"), include_str!("pipelines/deploy.txt")];

const DOCKERFILE: &str = "FROM python:3.13-slim AS runtime\nWORKDIR /app\nCOPY requirements.txt .\n\
    RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\nCMD [\"python\", \"-m\", \"app\"]\n";

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (count, rounds) = if smoke { (20, 1) } else { (1_000, 9) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (paths, lines) = files(folder.path(), count);
    println!("ci check of {count} workflows, {lines} lines");
    let mut medians = Vec::new();
    for (name, arguments) in [("a folder", vec![".".to_owned()]), ("each file named", paths)] {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
            command.args(["ci", "check", "--fail-on", "none"]).args(&arguments).current_dir(folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        // Files and program are read once before anything is timed.
        let mut child = command().spawn().expect("it starts");
        let memory = watch_memory(&mut child);
        assert!(child.wait().expect("it ends").success(), "the check works");
        let run = || {
            command().status().expect("it starts");
        };
        let times: Vec<_> = (0..rounds).map(|_| time(run)).collect();
        let least = times.iter().min().copied().unwrap_or_default();
        let (median, memory) = (median(times), memory / 1_000);
        println!("  {name:16} {:8.1} ms  (least of {rounds}: {:.1})  {memory} MB", millis(median), millis(least));
        medians.push(median);
    }
    println!("  each file named against a folder: {:.2} times", ratio(medians[1], medians[0]));
}

/// The files' paths below the folder, and their lines together.
fn files(folder: &Path, count: usize) -> (Vec<String>, usize) {
    let (mut paths, mut lines) = (Vec::new(), 0);
    fs::create_dir_all(folder.join(".github/workflows")).expect("a folder");
    fs::create_dir_all(folder.join(".git")).expect("a folder");
    fs::write(folder.join("Dockerfile"), DOCKERFILE).expect("a file");
    for number in 0..count {
        let text = TEMPLATES[number % TEMPLATES.len()].replace("{n}", &number.to_string());
        lines += text.lines().count();
        let path = format!(".github/workflows/w{number}.yml");
        fs::write(folder.join(&path), text).expect("a file");
        paths.push(path);
    }
    (paths, lines)
}
