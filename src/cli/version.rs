//! `--version --verbose`: which commit, and how old what dockopt knows of the world is.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::error::ErrorKind;

use super::exit::CLEAN;
use super::terminal;
use crate::data;
use crate::inputs::Date;

/// Days after which dated tables are old.
const YEAR: i64 = 365;

/// Whether a command line asks for all that there is to say of the version.
pub(super) fn is_asked_for(error: &clap::Error, arguments: &[OsString]) -> bool {
    let is_verbose = |argument: &&OsString| [OsStr::new("--verbose"), OsStr::new("-v")].contains(&argument.as_os_str());
    error.kind() == ErrorKind::DisplayVersion && arguments.iter().any(|argument| is_verbose(&argument))
}

/// Prints the version, the commit and the dates of the tables.
pub(super) fn print() -> ExitCode {
    use std::io::Write;
    let commit = option_env!("DOCKOPT_COMMIT").unwrap_or("not recorded (a development build)");
    let dates = || data::ALL.iter().flat_map(|table| table.rows().filter_map(|row| Date::parse(date_text(row)?)));
    let (oldest, newest) = (dates().min(), dates().max());
    let span = oldest
        .zip(newest)
        .map_or_else(|| "no dates".to_owned(), |(oldest, newest)| format!("{newest} (the oldest rows: {oldest})"));
    let text = format!("dockopt {}\ncommit  {commit}\ndata    {span}\n", env!("CARGO_PKG_VERSION"));
    // A closed pipe is nobody's fault.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(CLEAN)
}

/// Says so where the dates of releases are older than a year.
pub(super) fn warn_of_old_data(today: Option<Date>) {
    // Dates of one form are in the order of their texts, which costs less than to read each, at every start.
    let newest = data::RELEASES.rows().filter_map(date_text).max().and_then(Date::parse);
    if let Some((today, newest)) = today.zip(newest)
        && today.days_since(newest) > YEAR
    {
        terminal::note(&format!(
            "what dockopt knows of releases and images is from {newest}, more than a year ago: install a newer version"
        ));
    }
}

/// The date of a row: the cell before the last.
fn date_text(row: data::Row) -> Option<&'static str> {
    row.get(row.len().checked_sub(2)?).copied()
}
