//! The whole program on a monorepo beside the physical limit (a bare parallel walk with metadata of the same tree), and
//! how long `lint` takes from process start; interleaved in one run, medians.
//!
//! The tree is the same in each run: 200,000 files in nine build contexts, the root's around those of eight services.
//! `DOCKOPT_BENCH=smoke` takes a hundredth of it, for CI.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::Scope;

mod timing;

use self::timing::{median, millis, ratio, time, watch_memory};

const SERVICES: usize = 8;

const NODE: &str = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD node index.js\n";
const PYTHON: &str =
    "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python main.py\n";
const ROOT: &str = "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nCOPY services services\n\
                    RUN npm run build\nFROM nginx:1.27\nCOPY --from=build /app /usr/share/nginx/html\n";

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (files, rounds, dockerfiles) = if smoke { (2_000, 3, 100) } else { (200_000, 7, 1_000) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    monorepo(root, files);
    let lines = crowd(&root.join("crowd"), dockerfiles);

    let (mut walks, mut audits, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        walks.push(time(|| walk(&root.join("repo"))));
        audits.push(time(|| peak = peak.max(run(root, &["audit", "repo"]))));
    }
    let (walk, audit) = (median(walks), median(audits));
    println!("audit of {files} files, {} builds", SERVICES + 1);
    println!("  bare walk with metadata  {:8.1} ms", millis(walk));
    println!("  dockopt audit            {:8.1} ms  {:.2} × the walk", millis(audit), ratio(audit, walk));
    println!("  peak memory              {:8.1} MB", peak as f64 / 1e3);

    let one = root.join("repo/services/s0/Dockerfile");
    let (mut starts, mut singles, mut all_runs) = (Vec::new(), Vec::new(), Vec::new());
    let many: Vec<String> = (0..dockerfiles).map(|n| format!("crowd/d{n}/Dockerfile")).collect();
    let all: Vec<&str> = ["lint"].into_iter().chain(many.iter().map(String::as_str)).collect();
    for _ in 0..rounds * 5 {
        starts.push(time(|| _ = run(root, &["--version"])));
        singles.push(time(|| _ = run(root, &["lint", one.to_str().expect("UTF-8")])));
    }
    for _ in 0..rounds {
        all_runs.push(time(|| _ = run(root, &all)));
    }
    let (start, lint, together) = (median(starts), median(singles), median(all_runs));
    println!("lint, from process start");
    println!("  dockopt --version        {:8.2} ms", millis(start));
    println!("  one Dockerfile           {:8.2} ms  {:.2} × that", millis(lint), ratio(lint, start));
    let rate = lines as f64 / together.as_secs_f64() / 1e3;
    println!(
        "  {dockerfiles} Dockerfiles        {:8.1} ms  {lines} lines, {rate:.0} thousand a second",
        millis(together)
    );
}

/// Runs the program; its largest resident set in kB, as far as it was seen (Linux), else 0.
fn run(folder: &Path, arguments: &[&str]) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(arguments).current_dir(folder).stdout(Stdio::null());
    let mut child = command.spawn().expect("dockopt starts");
    let peak = if arguments.first() == Some(&"audit") { watch_memory(&mut child) } else { 0 };
    let code = child.wait().expect("it ends").code();
    assert!(code.is_some_and(|code| code < 2), "{arguments:?} failed");
    peak
}

/// Every entry is looked at once, nothing is kept.
fn walk(root: &Path) {
    fn list<'s>(scope: &Scope<'s>, folder: &Path, bytes: &'s AtomicU64) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                let folder = entry.path();
                scope.spawn(move |scope| list(scope, &folder, bytes));
            } else {
                bytes.fetch_add(facts.len(), Ordering::Relaxed);
            }
        }
    }
    let bytes = AtomicU64::new(0);
    rayon::scope(|scope| list(scope, root, &bytes));
    assert!(bytes.into_inner() > 0, "an empty tree");
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// Services side by side, in the root's context too: three fifths of all files in `node_modules`, the rest sources.
fn monorepo(root: &Path, files: usize) {
    let repo = root.join("repo");
    put(&repo.join("Dockerfile"), ROOT);
    put(&repo.join("package.json"), "{\"workspaces\":[\"services/*\"],\"dependencies\":{\"react\":\"^18\"}}");
    for service in 0..SERVICES {
        let own = repo.join(format!("services/s{service}"));
        put(&own.join("Dockerfile"), if service % 2 == 0 { NODE } else { PYTHON });
        put(&own.join("package.json"), &format!("{{\"name\":\"s{service}\",\"dependencies\":{{\"express\":\"^4\"}}}}"));
        put(&own.join("requirements.txt"), "fastapi==0.1\n");
        for file in 0..files / SERVICES {
            let ending = ["py", "ts", "js", "json", "png"][file % 5];
            let path = match file % 10 {
                0..6 => format!("node_modules/p{}/lib/d{}/f{file}.js", file / 60, file % 3),
                _ => format!("src/m{}/part{}/f{file}.{ending}", file / 40 % 50, file / 2_000),
            };
            put(&own.join(path), &"x".repeat(file % 97));
        }
    }
}

/// Dockerfiles of some forty lines each; their lines together.
fn crowd(folder: &Path, count: usize) -> usize {
    let mut lines = 0;
    for number in 0..count {
        let mut text =
            format!("# Service {number}\nARG VERSION=3.{}\nFROM python:${{VERSION}} AS build\n", number % 14);
        for step in 0..6 {
            text.push_str(&format!("# Step {step} of {number}\nRUN apt-get update \\\n && apt-get install -y \\\n      curl p{step} \\\n && true\n"));
        }
        text.push_str("ENV A=b \\\n    PYTHONPATH=/app\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n");
        text.push_str("EXPOSE 8000\nUSER app\nCMD python main.py\n");
        lines += text.lines().count();
        put(&folder.join(format!("d{number}/Dockerfile")), &text);
    }
    lines
}
