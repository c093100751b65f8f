//! How long a program may need until it answers (`data/slow_starts.tsv`).

use crate::build::is_command;
use crate::data;
use crate::manifest::Ecosystem;

/// Seconds that a start takes at most where nothing is known to take longer.
const SECONDS: u32 = 30;

/// Seconds at the start in which failed checks do not count: by the commands of the start, or by a package of the program.
pub fn start_seconds(lines: &[Vec<String>], has_package: impl Fn(Ecosystem, &str) -> bool) -> u32 {
    let is_of_program = |row: &data::Row| match row[1].split_once(' ') {
        Some((ecosystem, package)) => Ecosystem::of(ecosystem).is_some_and(|known| has_package(known, package)),
        None => lines.iter().any(|line| is_command(line, row[0])),
    };
    let seconds = data::SLOW_STARTS.rows().filter(is_of_program).filter_map(|row| row[2].parse().ok());
    seconds.max().unwrap_or(SECONDS)
}
