//! Reads a build log as it comes: it may be larger than memory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::file::{open_pipe, unwritten_pipe};
use crate::buildlog::{BuildLog, Reader};
use crate::failure::{Failure, FailureKind};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// What a log is called in messages; `-` is standard input.
pub fn build_log_name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// What a reader must know of a log or a measurement that has no time of the steps that it was given for.
pub fn untimed_steps(path: &Path) -> String {
    format!(
        "`{}` has no time of a step of these builds: give the log or the measurement of a build in which they ran",
        build_log_name(path)
    )
}

/// Reads the log in a file, or on standard input.
///
/// # Errors
/// The file cannot be read, or is no build log.
pub fn read_build_log(path: &Path) -> Result<BuildLog, Failure> {
    let name = build_log_name(path);
    let setup = |what: String, help: &str| Failure::new(FailureKind::Setup, what, help);
    let unreadable = |error: &io::Error| {
        setup(format!("`{name}` cannot be read: {error}"), "pass the file of a build log; `-` reads standard input")
    };
    let mut source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
        if metadata.is_dir() {
            return Err(setup(format!("`{name}` is a folder"), "pass the file of a build log"));
        }
        let file = if metadata.is_file() { File::open(path) } else { open_pipe(path) };
        Box::new(file.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => setup(
                unwritten_pipe(&name),
                "start the build that writes to it first, or pass `-` and the log on standard input",
            ),
            _ => unreadable(&error),
        })?)
    };
    let mut reader = Reader::default();
    let mut buffer = vec![0; CHUNK];
    let mut is_first = true;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                let bytes = buffer.get(..read).unwrap_or_default();
                if std::mem::take(&mut is_first) && is_binary(bytes) {
                    let what = format!("`{name}` is not a text file (it contains NUL bytes)");
                    return Err(setup(what, "pass the file of a build log"));
                }
                reader.push(bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(&error)),
        }
    }
    reader.finish().map_err(|error| setup(format!("`{name}` {}", error.what), &error.help))
}

/// Whether a log begins with NUL bytes, which a device may give for ever. A compressed record has them further on.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0; 4])
}
