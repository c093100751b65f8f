//! `dockopt cache` beside the program that knows the same data best: history beside `git log --name-only`, a prediction
//! beside `git status`, a log beside a pass over its lines; interleaved in one run, medians.
//!
//! The inputs are the same in each run: 1,000 commits of a repository of 5,000 files, a context of 50,000 files, a log of
//! 100 MB. `DOCKOPT_BENCH=smoke` takes a fiftieth of it, for CI.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

mod timing;

use self::timing::{median, millis, ratio, time, watch_memory};

const DOCKERFILE: &str = "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n\
                          FROM nginx:1.27\nCOPY --from=build /app/dist /usr/share/nginx/html\n";

fn main() {
    let is_smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (part, rounds) = if is_smoke { (50, 3) } else { (1, 7) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    if Command::new("git").arg("--version").output().is_err() {
        println!("git is missing: nothing to compare with");
        return;
    }

    let (files, commits) = (5_000 / part, 1_000 / part);
    repository(&root.join("history"), files, commits);
    let count = commits.to_string();
    let (mut logs, mut histories, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        logs.push(time(|| git(&root.join("history"), &["log", "--first-parent", "--name-only", "-n", &count])));
        let arguments = ["cache", "history", "history", "--commits", &count];
        histories.push(time(|| peak = peak.max(run(root, &arguments))));
    }
    println!("cache history of {commits} commits, {files} files");
    report("git log --name-only", median(logs), "dockopt cache history", median(histories));
    println!("  peak memory                  {:8.1} MB", peak as f64 / 1e3);

    let files = 50_000 / part;
    repository(&root.join("context"), files, 1);
    fs::write(root.join("context/src/d0/f0.js"), "changed\n").expect("a file");
    git(&root.join("context"), &["status", "--short"]);
    let (mut statuses, mut predictions) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        statuses.push(time(|| git(&root.join("context"), &["status", "--short"])));
        predictions.push(time(|| _ = run(root, &["cache", "predict", "context"])));
    }
    println!("cache predict with one change in {files} files");
    report("git status", median(statuses), "dockopt cache predict", median(predictions));

    let lines = log(&root.join("build.log"), 100_000_000 / part);
    let (mut passes, mut explanations) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        passes.push(time(|| {
            let text = fs::read(root.join("build.log")).expect("the log");
            assert_eq!(memchr::memchr_iter(b'\n', &text).count(), lines);
        }));
        explanations.push(time(|| _ = run(root, &["cache", "explain", "build.log"])));
    }
    println!("cache explain of {lines} lines, {} MB", 100 / part);
    report("a pass over the bytes", median(passes), "dockopt cache explain", median(explanations));
}

fn report(peer: &str, theirs: Duration, name: &str, ours: Duration) {
    println!("  {peer:<27}{:9.1} ms", millis(theirs));
    println!("  {name:<27}{:9.1} ms  {:.2} × that", millis(ours), ratio(ours, theirs));
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").args(arguments).current_dir(folder).stdout(Stdio::null()).status();
    assert!(status.expect("git starts").success(), "git {arguments:?}");
}

/// Runs the program; its largest resident set in kB, as far as it was seen (Linux), else 0.
fn run(folder: &Path, arguments: &[&str]) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("dockopt starts");
    let peak = watch_memory(&mut child);
    let code = child.wait().expect("it ends").code();
    assert!(code.is_some_and(|code| code < 2), "{arguments:?} failed");
    peak
}

/// A repository with as many files and commits; each commit after the first changes a source file, every tenth the
/// manifest too.
fn repository(folder: &Path, files: usize, commits: usize) {
    fs::create_dir_all(folder).expect("a folder");
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git starts");
    let mut stream = String::new();
    for commit in 0..commits {
        let time = 1_700_000_000 + commit * 3_600;
        _ = writeln!(stream, "commit refs/heads/main\ncommitter a <a@b> {time} +0000\ndata 1\nx");
        if commit == 0 {
            put(&mut stream, "Dockerfile", DOCKERFILE);
            put(&mut stream, "package.json", "{}");
            (0..files).for_each(|file| put(&mut stream, &source(file), &format!("file {file}\n")));
        } else {
            put(&mut stream, &source(commit * 37 % files), &format!("commit {commit}\n"));
            if commit % 10 == 0 {
                put(&mut stream, "package.json", &format!("{{\"version\": \"{commit}\"}}"));
            }
        }
    }
    import.stdin.take().expect("a pipe").write_all(stream.as_bytes()).expect("git reads");
    assert!(import.wait().expect("git ends").success(), "git fast-import");
    git(folder, &["reset", "--hard", "--quiet"]);
}

fn source(file: usize) -> String {
    format!("src/d{}/f{}.js", file / 50, file % 50)
}

fn put(stream: &mut String, path: &str, text: &str) {
    _ = writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len());
}

/// A plain log of this size; returns its lines.
fn log(path: &Path, bytes: usize) -> usize {
    let mut text = String::with_capacity(bytes + 1_000);
    for (number, name) in ["[1/4] FROM node:22", "[2/4] COPY . .", "[3/4] RUN npm ci"].iter().enumerate() {
        _ = writeln!(text, "#{} {name}\n#{} DONE 0.5s\n", number + 5, number + 5);
    }
    text.push_str("#8 [4/4] RUN npm run build\n");
    let mut line = 0;
    while text.len() < bytes {
        _ = writeln!(text, "#8 {}.{:03} transforming module {line} of the application", line / 1_000, line % 1_000);
        line += 1;
    }
    text.push_str("#8 DONE 60.0s\n");
    fs::write(path, &text).expect("the log");
    text.bytes().filter(|byte| *byte == b'\n').count()
}
