//! `dockopt history`, and the file that it reads.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::args::{Global, History};
use super::exit::CLEAN;
use super::output::{CommandFailure, print, print_page};
use super::terminal;
use crate::finding::Mask;
use crate::load::{LoadError, read_source};
use crate::report::{self, Format};
use crate::results::{HistoryRecord, ProjectHistory};

/// Bytes that a record may have.
pub(super) const LIMIT: u64 = 256 << 20;

pub(super) fn run(global: &Global, command: &History) -> Result<u8, CommandFailure> {
    let file = &command.file;
    let source = read_source(file, LIMIT).map_err(|error| match error {
        LoadError::Missing(_) => CommandFailure::Because {
            what: error.to_string(),
            help: Some(format!("write it with `dockopt report … --record {}`", file.display())),
        },
        error => error.into(),
    })?;
    let mut history = read_records(source.text());
    for (line, what) in &history.problems {
        terminal::note(&format!("warning: {}:{line}: {what}", file.display()));
    }
    if history.records.is_empty() {
        return Err(CommandFailure::Because {
            what: format!("`{}` has no records", file.display()),
            help: Some(format!("add one with `dockopt report … --record {}`", file.display())),
        });
    }
    // Those before are not listed, but the first one that is listed is compared with them.
    history.earlier = history.records.len().saturating_sub(command.last as usize);
    match global.format {
        Format::Json => print(global, &report::history_json(&history))?,
        _ => print_page(global, &report::history(&history))?,
    }
    Ok(CLEAN)
}

/// The records of a text.
fn read_records(text: &str) -> ProjectHistory {
    ProjectHistory::read(&masked_lines(text))
}

/// Lines of JSON without secrets: those that were written by hand or by an older version may hold some.
pub(super) fn masked_lines(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match Mask::json(line) {
        Some(masked) => Cow::Owned(masked + "\n"),
        None => Cow::Borrowed(line),
    });
    lines.collect()
}

/// The record in a file; a missing one is empty.
///
/// # Errors
/// The file cannot be read.
pub(super) fn read_history(file: &Path) -> Result<ProjectHistory, CommandFailure> {
    match read_source(file, LIMIT) {
        Ok(source) => Ok(read_records(source.text())),
        Err(LoadError::Missing(_)) => Ok(ProjectHistory::default()),
        Err(error) => Err(error.into()),
    }
}

/// Adds a record to a file, in one write: what is there stays as it is, and two runs at once add two lines.
///
/// # Errors
/// The file cannot be written.
pub(super) fn append(file: &Path, record: &HistoryRecord) -> Result<(), CommandFailure> {
    try_append(file, &record.line()).map_err(|error| CommandFailure::Because {
        what: format!("`{}` cannot be written: {error}", file.display()),
        help: Some("check the permissions of the file and its folder".to_owned()),
    })
}

fn try_append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut last = [b'\n'];
    // A line that was not written to its end must not swallow the next one.
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let start = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{start}{line}").as_bytes())?;
    file.flush()
}
