//! Counts what a run asks the file system, under strace, and compares the counts with the recorded ones: a question that every
//! neighbour of a file is asked takes few instructions, and most of the time of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// The command that records.
const AGAIN: &str = "cargo bench --profile dev --bench instructions -- --record";
/// Percent above the record that are an error.
const LIMIT: u64 = 5;
/// Names that are listed where there are too many calls.
const NAMED: usize = 10;

/// Each command with its arguments, in the folder of many projects beside each other.
pub(crate) const COMMANDS: [(&str, &[&str]); 5] = [
    ("lint", &["lint", "."]),
    ("audit", &["audit", "."]),
    ("compose check", &["compose", "check", "."]),
    ("ci check", &["ci", "check", "."]),
    ("deploy check", &["deploy", "check", "."]),
];

/// The calls of a run on the file system.
#[derive(Debug, Default)]
pub(crate) struct FileCalls {
    pub(crate) total: u64,
    /// By the name of the file or folder that is asked about.
    names: BTreeMap<String, u64>,
}

impl FileCalls {
    /// Runs a command of dockopt in a folder.
    pub(crate) fn of_run(folder: &Path, name: &str, arguments: &[&str]) -> Self {
        let out = folder.join(format!("../{}.strace", name.replace(' ', "-")));
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "4096", "-e", "trace=%file,getdents64", "-o"]).arg(&out);
        command.arg(env!("CARGO_BIN_EXE_dockopt")).args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder).env("RAYON_NUM_THREADS", "1");
        command.env("SOURCE_DATE_EPOCH", "1763942400").env("DOCKER_HOST", "unix:///nowhere").current_dir(folder);
        let output = command.output().expect("strace starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some_and(|code| code < 2), "{name} failed:\n{said}");
        Self::read(&std::fs::read_to_string(out).expect("what strace wrote"))
    }

    /// Counts the lines that strace wrote.
    pub(crate) fn read(text: &str) -> Self {
        let mut calls = Self::default();
        for line in text.lines().filter(|line| line.contains('(')) {
            calls.total += 1;
            let path = line.split('"').nth(1).unwrap_or("(an open folder)");
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
            *calls.names.entry(name.to_owned()).or_default() += 1;
        }
        calls
    }

    /// The names that are asked about most.
    fn frequent_names(&self) -> String {
        let mut names: Vec<(&String, &u64)> = self.names.iter().collect();
        names.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let names: Vec<String> = names.iter().take(NAMED).map(|(name, count)| format!("{name} {count}")).collect();
        names.join(", ")
    }
}

/// The text of a record.
pub(crate) fn record(counted: &[(&str, FileCalls)]) -> String {
    let mut text = format!("# Calls on the file system of a run, written by `{AGAIN}`\n");
    for (command, calls) in counted {
        _ = writeln!(text, "{command}\t{}", calls.total);
    }
    text
}

/// Compares counts with the recorded ones: what is said, and whether there are too many calls.
pub(crate) fn judge(record: &str, counted: &[(&str, FileCalls)]) -> (String, bool) {
    let known: BTreeMap<&str, u64> = record
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect();
    let (mut text, mut is_failure) = (String::new(), false);
    for (command, calls) in counted {
        let before = known.get(command).copied().unwrap_or_default();
        _ = writeln!(text, "{command:<14} {:>6} calls on the file system, {before} recorded", calls.total);
        if calls.total * 100 > before * (100 + LIMIT) {
            is_failure = true;
            _ = writeln!(text, "  asked about most: {}", calls.frequent_names());
        }
    }
    if is_failure {
        _ = writeln!(
            text,
            "more calls than recorded: ask `load::Disk`, which asks once, or if they are wanted, record them with `{AGAIN}`"
        );
    }
    (text, is_failure)
}
