//! How the CPU time of commands grows with a project: each command on projects of four and of sixteen times a size, in
//! several directions, with the ratio of the two. What is linear takes four times as long; the bar is 4.8.
//!
//! What the program takes for a project of one is subtracted as its start. `--program PATH` measures another build of
//! dockopt; `--only NAME` takes one direction and `--command NAME` one command; `--factor N` multiplies all sizes;
//! `--rounds N` takes the least of several runs. `DOCKOPT_BENCH=smoke` takes a fiftieth of the sizes, for CI.
//!
//! `--table` measures usual work of a large size instead, beside hadolint and openssl where they are on PATH; `--checkout FOLDER`
//! adds commands in a checkout of laradock/laradock.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs, unreachable_pub)]

#[allow(dead_code)] // The benchmark of images uses the rest of it.
#[path = "image/make.rs"]
mod image;
#[path = "growth/projects.rs"]
mod projects;
#[allow(dead_code)] // The benchmark of images uses the rest of it.
#[path = "image/run.rs"]
mod run;
#[path = "growth/table.rs"]
mod table;
#[allow(dead_code, clippy::unwrap_used)] // Tests use the rest of it.
#[path = "../tests/integration/image/zoo/tar.rs"]
mod tar;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use projects::DIRECTIONS;
use run::{Took, run};

/// How many times as long sixteen times the size may take as four times the size.
const BAR: f64 = 4.8;

/// Shorter times tell nothing of growth.
const SHORTEST: Duration = Duration::from_millis(100);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |flag: &str| arguments.iter().skip_while(|argument| *argument != flag).nth(1).cloned();
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || arguments.iter().any(|argument| argument == "--smoke" || argument == "--test");
    let number = |flag: &str| value(flag).and_then(|number| number.parse::<usize>().ok());
    let settings = Settings {
        program: value("--program").map_or_else(|| env!("CARGO_BIN_EXE_dockopt").into(), OsString::from),
        command: value("--command"),
        rounds: number("--rounds").unwrap_or(1),
        sizes: if smoke { (number("--factor").unwrap_or(1), 50) } else { (number("--factor").unwrap_or(1), 1) },
    };
    let only = value("--only");
    if arguments.iter().any(|argument| argument == "--table") {
        return table::print(&settings.program, value("--checkout").as_deref(), only.as_deref(), settings.rounds);
    }
    println!(
        "{:14} {:16} {:>7} {:>9} {:>9} {:>7} {:>8}",
        "direction", "command", "16x", "t(4x)", "t(16x)", "ratio", "peak MB"
    );
    for direction in DIRECTIONS.iter().filter(|direction| only.as_ref().is_none_or(|only| only == direction.name)) {
        measure(direction, &settings);
    }
}

/// What is asked of the benchmark.
struct Settings {
    program: OsString,
    command: Option<String>,
    rounds: usize,
    /// What sizes are multiplied with, and divided by.
    sizes: (usize, usize),
}

/// Prints a line for each command in one direction.
fn measure(direction: &projects::Direction, settings: &Settings) {
    let is_asked =
        |command: &&&str| settings.command.as_deref().is_none_or(|asked| asked == projects::name_of(command));
    let commands: Vec<&&str> = direction.commands.iter().filter(is_asked).collect();
    if commands.is_empty() {
        return;
    }
    let size = (direction.size * settings.sizes.0 / settings.sizes.1).max(1);
    let folders = [1, 4 * size, 16 * size].map(|size| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        (direction.make)(folder.path(), size);
        folder
    });
    for command in commands {
        let [start, small, large] = [0, 1, 2].map(|at: usize| took(command, folders[at].path(), settings));
        let (small_time, large_time) = (small.cpu.saturating_sub(start.cpu), large.cpu.saturating_sub(start.cpu));
        let ratio = large_time.as_secs_f64() / small_time.as_secs_f64().max(0.01);
        let verdict = match (large_time < SHORTEST, ratio <= BAR) {
            (true, _) => "short",
            (false, true) => "held",
            (false, false) => "MISSED",
        };
        println!(
            "{:14} {:16} {:7} {:9.2} {:9.2} {ratio:7.2} {:8.1} {verdict}",
            direction.name,
            projects::name_of(command),
            16 * size,
            small_time.as_secs_f64(),
            large_time.as_secs_f64(),
            large.peak as f64 / 1e6
        );
    }
}

/// What a command takes in a folder at least.
fn took(arguments: &str, folder: &Path, settings: &Settings) -> Took {
    let once = |_| {
        let mut command = Command::new(&settings.program);
        command.args(arguments.split(' ')).current_dir(folder);
        run(&mut command)
    };
    (0..settings.rounds.max(1)).map(once).min_by_key(|took| took.cpu).unwrap_or_default()
}
