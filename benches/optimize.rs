//! A rewrite without an engine of a context of 5,000 files: from process start, and the parts of it in one process; medians.
//!
//! The tree is the same in each run: two thirds sources of a service and its dashboard, the rest pictures and history.
//! `DOCKOPT_BENCH=smoke` takes a tenth of it, for CI.

#![allow(clippy::print_stdout, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dockopt::inputs::{Inputs, Need, Needs};
use dockopt::load::{EvidenceReader, GatherRequest, gather};
use dockopt::optimize::{Options, optimize};

const DOCKERFILE: &str = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\n\
                          CMD uvicorn service.main:app --host 0.0.0.0 --port 8000\n";

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (files, rounds) = if smoke { (500, 3) } else { (5_000, 25) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    tree(root, files);
    let (mut whole, mut gathered, mut evident, mut rewritten) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        whole.push(time(|| run(root)).1);
        let (inputs, took) = time(|| read(root));
        gathered.push(took);
        let (evidence, took) = time(|| EvidenceReader::new(&inputs).evidence(0));
        evident.push(took);
        assert!(!evidence.texts.is_empty(), "sources are read");
        let (optimized, took) = time(|| optimize(&inputs, 0, &evidence, &Options::new(&dockopt::rules::AllRules)));
        rewritten.push(took);
        assert!(optimized.highest().is_some(), "something is done");
    }
    println!("rewrite of a context of {files} files");
    println!("  dockopt optimize         {:8.1} ms, from process start", millis(whole));
    println!("  context and manifests    {:8.1} ms", millis(gathered));
    println!("  evidence                 {:8.1} ms", millis(evident));
    println!("  all levels                {:8.1} ms", millis(rewritten));
}

fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn millis(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn read(root: &Path) -> Inputs {
    let needs = [Need::ContextNames, Need::ContextBytes, Need::ContextTexts, Need::Projects];
    let request = GatherRequest {
        path: root.to_owned(),
        needs: needs.into_iter().collect::<Needs>(),
        ..GatherRequest::new(&dockopt::rules::AllRules)
    };
    gather(&request).expect("a context")
}

fn run(root: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(["optimize", "."]).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().expect("dockopt starts").success(), "it fails");
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn tree(root: &Path, files: usize) {
    put(&root.join("Dockerfile"), DOCKERFILE);
    put(&root.join("requirements.txt"), "fastapi==0.121.0\nuvicorn==0.38.0\n");
    put(&root.join("dashboard/package.json"), "{\"name\":\"dashboard\",\"dependencies\":{\"react\":\"^19\"}}");
    put(&root.join("service/main.py"), "from fastapi import FastAPI\napp = FastAPI()\n");
    for file in 0..files {
        let (path, text) = match file % 6 {
            0 | 1 => (format!("service/part{}/module{file}.py", file / 60), "def work(value):\n    return value + 1\n"),
            2 | 3 => {
                (format!("dashboard/src/part{}/view{file}.tsx", file / 60), "export const View = () => <p>Hello</p>;\n")
            }
            4 => (format!("dashboard/public/images/i{file}.png"), "x"),
            _ => (format!(".git/objects/{:02x}/o{file}", file % 256), "x"),
        };
        put(&root.join(path), &text.repeat(1 + file % 160));
    }
}
