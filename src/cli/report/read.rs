//! Reads results from files.

use std::path::Path;

use super::ci::masked;
use crate::cli::args::Global;
use crate::cli::output::CommandFailure;
use crate::cli::terminal;
use crate::finding::Mask;
use crate::load::{LoadError, read_source};
use crate::results::{ReadResult, read_result};

/// Bytes that a result may have.
const LIMIT: u64 = 256 << 20;

/// Results that one report reads.
const MOST_FILES: usize = 1_000;

/// Reads results. Every file that is wrong is reported, and then nothing is written.
pub(super) fn read_all(global: &Global, paths: &[impl AsRef<Path>]) -> Result<Vec<ReadResult>, CommandFailure> {
    if paths.len() > MOST_FILES {
        let what = format!("{} files are more than the {MOST_FILES} that one report joins", paths.len());
        return Err(CommandFailure::Because { what, help: Some("join them in several reports".to_owned()) });
    }
    let mut read = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        match read_one(path) {
            Ok(result) => read.push(result),
            Err((what, help)) => terminal::error(global, &what, Some(&help)),
        }
    }
    if read.len() < paths.len() { Err(CommandFailure::Said) } else { Ok(read) }
}

/// Reads a result; else what is wrong, and what to do.
pub(super) fn read_one(path: &Path) -> Result<ReadResult, (String, String)> {
    let name = path.display();
    let text = read_text(path)?;
    // One that was written by hand or by an older version may hold secrets.
    let masked = Mask::json(&text);
    let read = read_result(masked.as_ref().unwrap_or(&text).as_bytes());
    let read = match &masked {
        // The text as it was has the place of an error.
        Some(_) => read.or_else(|error| read_result(text.as_bytes()).and(Err(error))),
        None => read,
    };
    read.map_err(|error| {
        let place = error.place().map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        (Mask::default().apply(&format!("`{name}{place}` {error}")), error.help())
    })
}

/// The text of a result, without the tokens of the job; else what is wrong, and what to do.
fn read_text(path: &Path) -> Result<String, (String, String)> {
    let source = read_source(path, LIMIT).map_err(|error| {
        let help = match &error {
            LoadError::Missing(_) => {
                "check the path; write it with `dockopt COMMAND --format json --output FILE`".to_owned()
            }
            LoadError::Folder(_) => "pass the files in it".to_owned(),
            LoadError::Utf16(_) => "save it as UTF-8; `--output FILE` does".to_owned(),
            LoadError::Unreadable(..) | LoadError::Dangling(..) => error.help(),
            _ => "pass a JSON result of dockopt".to_owned(),
        };
        (error.to_string(), help)
    })?;
    Ok(without_tokens(source.text()))
}

/// The text of a result without secrets, also those that another version or another program left in it; else what is wrong,
/// and what to do.
pub(in crate::cli) fn read_masked(path: &Path) -> Result<String, (String, String)> {
    let text = read_text(path)?;
    Ok(Mask::json(&text).unwrap_or(text))
}

/// A JSON text without the tokens of the job. An escape (`\\u0073`) hides one from a search, so such a text is written again
/// from its values.
fn without_tokens(text: &str) -> String {
    let values = if text.contains("\\u") { serde_json::from_str::<serde_json::Value>(text).ok() } else { None };
    masked(values.map_or_else(|| text.to_owned(), |values| values.to_string()))
}
