//! `compose check` with its default rules over a folder of ordinary compose files, one project each; and with their names as
//! arguments. Both are processes as users start them.
//!
//! The files are the same in each run. `DOCKOPT_BENCH=smoke` takes a fiftieth of them, for CI.

#![allow(clippy::print_stdout, missing_docs)]

mod timing;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use timing::{median, millis, ratio, time, watch_memory};

/// Compose files as projects have them; `{n}` and `{v}` differ from file to file.
const TEMPLATES: [&str; 4] = [
    include_str!("compose/tasks.txt"),
    include_str!("compose/shop.txt"),
    include_str!("compose/search.txt"),
    include_str!("compose/blog.txt"),
];

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (count, rounds) = if smoke { (10, 1) } else { (500, 9) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (paths, lines) = files(folder.path(), count);
    println!("compose check of {count} files, {lines} lines");
    let mut first = None;
    for (name, arguments) in [("a folder", vec![".".to_owned()]), ("each file named", paths)] {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
            command.args(["compose", "check"]).args(&arguments).current_dir(folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        // Files and program are read once before anything is timed.
        let mut child = command().spawn().expect("it starts");
        let memory = watch_memory(&mut child);
        assert_eq!(child.wait().expect("it ends").code(), Some(1), "the files have findings");
        let run = || {
            command().status().expect("it starts");
        };
        let times: Vec<_> = (0..rounds).map(|_| time(run)).collect();
        let least = times.iter().min().copied().unwrap_or_default();
        let (median, memory) = (median(times), memory / 1_000);
        let beside = ratio(median, *first.get_or_insert(median));
        println!(
            "  {name:16} {:8.1} ms  (least of {rounds}: {:.1})  {memory} MB  ×{beside:.2}",
            millis(median),
            millis(least)
        );
    }
}

/// The files' paths below the folder, and their lines together. Every second project is built from a Dockerfile.
fn files(folder: &Path, count: usize) -> (Vec<String>, usize) {
    let (mut paths, mut lines) = (Vec::new(), 0);
    for number in 0..count {
        let template = TEMPLATES[number % TEMPLATES.len()];
        let text = template.replace("{n}", &number.to_string()).replace("{v}", &(number % 5 + 13).to_string());
        lines += text.lines().count();
        let project = folder.join(format!("p{number}"));
        fs::create_dir_all(&project).expect("a folder");
        fs::write(project.join("compose.yaml"), text).expect("a file");
        if number % 2 == 0 {
            fs::write(project.join("Dockerfile"), DOCKERFILE).expect("a file");
        }
        paths.push(format!("p{number}/compose.yaml"));
    }
    (paths, lines)
}

const DOCKERFILE: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\n\
    COPY . .\nEXPOSE 8000\nCMD [\"uvicorn\", \"app.main:app\", \"--host\", \"0.0.0.0\"]\n";
