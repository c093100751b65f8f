//! Usual work of a large size, with the time and memory that it may take, beside other programs where they do the same.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::image::{Form, Kind, make};
use crate::projects::direction;
use crate::run::{Took, run};

/// A line of the table.
struct Work {
    /// What is done.
    name: &'static str,
    /// Writes what it is done with.
    make: fn(&Path),
    /// Arguments of dockopt.
    command: &'static str,
    /// Another program with its arguments.
    peer: Option<&'static str>,
    /// What it may take.
    goal: &'static str,
}

const WORK: &[Work] = &[
    Work {
        name: "lint of 1,000 Dockerfiles",
        make: |root| direction("dockerfiles", root, 1_000),
        command: "lint .",
        peer: Some("hadolint --no-fail services/*/Dockerfile"),
        goal: ">= 200 x hadolint, <= 50 MB",
    },
    Work {
        name: "plain image of 388 MB",
        make: |root| {
            let kind = Kind { name: "plain", bytes: 388_000_000, files: 9_000, layers: 6, whiteouts: 20 };
            make(&kind, Form::Plain, root).expect("an image");
        },
        command: "image plain.plain.tar --format json",
        peer: Some("openssl dgst -sha256 plain.plain.tar"),
        goal: "<= 1.15 x the CPU of openssl",
    },
    Work {
        name: "ci check of 1,000 workflows",
        make: |root| direction("workflows", root, 1_000),
        command: "ci check .",
        peer: None,
        goal: "0.5 s",
    },
    Work {
        name: "optimize of 75 Dockerfiles",
        make: |root| direction("dockerfiles", root, 75),
        command: "optimize --check .",
        peer: None,
        goal: "600: at most 9 x of it",
    },
    Work {
        name: "optimize of 200 Dockerfiles",
        make: |root| direction("dockerfiles", root, 200),
        command: "optimize --check .",
        peer: None,
        goal: "0.5 s",
    },
    Work {
        name: "optimize of 600 Dockerfiles",
        make: |root| direction("dockerfiles", root, 600),
        command: "optimize --check .",
        peer: None,
        goal: "at most 9 x of 75",
    },
    Work {
        name: "optimize of a Dockerfile of 10 MB",
        make: |root| direction("run-lines", root, 180_000),
        command: "optimize .",
        peer: None,
        goal: "2 s, 200 MB",
    },
    Work {
        name: "deploy emit of 5,000 services",
        make: |root| direction("own-services", root, 5_000),
        command: "deploy emit --for kubernetes .",
        peer: None,
        goal: "1.5 s",
    },
];

/// Commands in a checkout that is named, and what each may take.
const COMMANDS: &[(&str, &str)] =
    &[("lint .", "0.6 s"), ("audit .", "0.8 s"), ("compose check .", "0.2 s"), ("lint php-fpm/Dockerfile", "0.15 s")];

/// Prints the table: the least of several runs, in turns with the other program.
pub fn print(program: &OsStr, checkout: Option<&str>, only: Option<&str>, rounds: usize) {
    println!("{:36} {:>8} {:>8} {:>8}  goal", "work", "wall s", "CPU s", "peak MB");
    for work in WORK.iter().filter(|work| only.is_none_or(|only| work.name.contains(only))) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        (work.make)(folder.path());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds.max(1) {
            ours.push(took(program, work.command, folder.path()));
            theirs.extend(work.peer.and_then(|peer| peer_took(peer, folder.path())));
        }
        row(work.name, &ours, work.goal);
        if let Some(peer) = work.peer.filter(|_| !theirs.is_empty()) {
            row(&format!("  {}", peer.split(' ').next().unwrap_or_default()), &theirs, "");
        }
    }
    for (command, goal) in COMMANDS {
        let Some(folder) = checkout else { return };
        let times: Vec<Took> = (0..rounds.max(1)).map(|_| took(program, command, Path::new(folder))).collect();
        row(command, &times, goal);
    }
}

fn row(name: &str, times: &[Took], goal: &str) {
    let Some(least) = times.iter().min_by_key(|took| took.cpu) else { return };
    let wall = times.iter().map(|took| took.wall).min().unwrap_or_default();
    let (wall, cpu, peak) = (wall.as_secs_f64(), least.cpu.as_secs_f64(), least.peak as f64 / 1e6);
    println!("{name:36} {wall:8.2} {cpu:8.2} {peak:8.1}  {goal}");
}

fn took(program: &OsStr, arguments: &str, folder: &Path) -> Took {
    let mut command = Command::new(program);
    command.args(arguments.split(' ')).current_dir(folder);
    run(&mut command)
}

/// What another program takes; `None` where it is not on PATH.
fn peer_took(peer: &str, folder: &Path) -> Option<Took> {
    let mut words = peer.split(' ');
    let name = words.next()?;
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).find(|place| place.join(name).is_file())?;
    let arguments = words.flat_map(|word| match word.split_once("/*/") {
        Some((above, file)) => paths_below(folder, above, file),
        None => vec![word.into()],
    });
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder);
    Some(run(&mut command))
}

/// The file of this name in each folder below another.
fn paths_below(folder: &Path, above: &str, file: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(above)).expect("a folder").flatten();
    entries.map(|entry| Path::new(above).join(entry.file_name()).join(file)).collect()
}
