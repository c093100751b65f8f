//! One file ─► a [`Source`]: bounded, and refused with place and remedy where it can't be a text.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::looked_at::note_read;
use super::open_texts::open_text;
use crate::bake::is_bake;
use crate::inputs::InputProblem;
use crate::text::path::is_compose;
use crate::text::{Source, exact_bytes};

/// Bytes that a Dockerfile, a .dockerignore or a manifest may have. BuildKit's own limit for a Dockerfile is 2 MiB;
/// what it refuses for its size is still read here, and said.
pub const DOCKERFILE_LIMIT: u64 = 16 << 20;

/// Bytes that a compose or bake file may have.
pub(super) const COMPOSE_LIMIT: u64 = 1 << 20;

/// Bytes that tell a text from a program.
const PROBE: usize = 8 << 10;

/// Why a file is not read.
#[derive(Debug)]
pub enum LoadError {
    /// Nothing is there.
    Missing(PathBuf),
    /// A symbolic link, and what it leads to is not there.
    Dangling(PathBuf, PathBuf),
    /// A symbolic link that leads back to itself.
    LinkLoop(PathBuf),
    /// A folder.
    Folder(PathBuf),
    /// A socket, a device, a pipe.
    Special(PathBuf),
    /// The system refuses.
    Unreadable(PathBuf, io::Error),
    /// Larger than the limit in bytes.
    Huge(PathBuf, u64),
    /// No text.
    Binary(PathBuf),
    /// A text in UTF-16.
    Utf16(PathBuf),
}

/// Whether there is a file that begins as an object of JSON does.
pub fn begins_as_json(path: &Path) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut head = Vec::new();
    let read = is_file.then(|| File::open(path).and_then(|file| file.take(PROBE as u64).read_to_end(&mut head)));
    matches!(read, Some(Ok(_))) && head.trim_ascii_start().starts_with(b"{")
}

/// Whether a file of this name lists builds.
pub(super) fn lists_builds(name: &str) -> bool {
    is_compose(name) || is_bake(name)
}

impl LoadError {
    /// An error of the system.
    pub(super) fn of_system(path: &Path, error: io::Error) -> Self {
        if is_link_loop(&error) { Self::LinkLoop(path.into()) } else { Self::Unreadable(path.into(), error) }
    }

    /// The path as the user would type it.
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing(path)
            | Self::Dangling(path, _)
            | Self::LinkLoop(path)
            | Self::Folder(path)
            | Self::Special(path)
            | Self::Unreadable(path, _)
            | Self::Huge(path, _)
            | Self::Binary(path)
            | Self::Utf16(path) => path,
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Missing(_) => "check the path; `dockopt audit` finds the Dockerfiles under a folder".into(),
            Self::Dangling(..) | Self::LinkLoop(_) => "repair the link, or remove it".into(),
            Self::Folder(path) => format!("`dockopt audit {}` checks the builds in a folder", path.display()),
            Self::Special(_) => "pass a regular file, or `-` for standard input".into(),
            Self::Unreadable(..) => "check the permissions of the file and the folders above it".into(),
            Self::Huge(path, _) if lists_builds(&display_path(path)) => {
                "split it, or leave it out with `--exclude`".into()
            }
            Self::Huge(..) => "pass a Dockerfile; copy other content into the image with COPY".into(),
            Self::Binary(path) if lists_builds(&display_path(path)) => {
                "save it as text in UTF-8, or leave it out with `--exclude`".into()
            }
            Self::Binary(_) => "pass a Dockerfile".into(),
            Self::Utf16(_) => "save it as UTF-8, the only encoding that the builder reads".into(),
        }
    }

    /// What is wrong, without the path.
    pub fn describe(&self) -> String {
        match self {
            Self::Missing(_) => "does not exist".into(),
            Self::Dangling(_, target) => {
                format!("is a symbolic link to `{}`, which does not exist", target.display())
            }
            Self::LinkLoop(_) => "is a symbolic link that leads back to itself".into(),
            Self::Folder(_) => "is a folder, not a file".into(),
            Self::Special(_) => "is not a regular file".into(),
            Self::Unreadable(_, error) => format!("cannot be read: {error}"),
            Self::Huge(_, limit) => format!("is larger than {}", exact_bytes(*limit)),
            Self::Binary(_) => "is not a text file (it contains NUL bytes)".into(),
            Self::Utf16(_) => "is encoded in UTF-16".into(),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` {}", self.path().display(), self.describe())
    }
}

impl std::error::Error for LoadError {}

/// The path of a file below a folder, with slashes.
pub(super) fn path_below(file: &Path, top: &Path) -> Option<String> {
    let path = match file.strip_prefix(top) {
        Ok(typed) if top != Path::new(".") || !file.is_absolute() => typed.to_owned(),
        _ => file.canonicalize().ok()?.strip_prefix(top.canonicalize().ok()?).ok()?.to_owned(),
    };
    let text = path.to_string_lossy().replace('\\', "/");
    Some(text.trim_start_matches("./").to_owned())
}

/// Reads a text file of at most `limit` bytes. Messages will call it `path`, as the user typed it.
///
/// # Errors
/// When it is missing, no regular file, unreadable, too large, or no text.
pub fn read_source(path: &Path, limit: u64) -> Result<Source, LoadError> {
    source(path, read_bytes(path, limit)?, limit)
}

/// Reads a file that was found or named: what lists builds is read into a tree, and may be smaller only.
///
/// # Errors
/// As [`read_source`].
pub fn read_input(path: &Path) -> Result<Source, LoadError> {
    let limit = if lists_builds(&display_path(path)) { COMPOSE_LIMIT } else { DOCKERFILE_LIMIT };
    read_source(path, limit)
}

/// Reads a regular file of at most `limit` bytes, whatever is in it.
///
/// # Errors
/// As [`read_source`], but for its contents.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    note_read(path);
    if let Some(text) = open_text(path) {
        let is_huge = text.len() as u64 > limit;
        return if is_huge { Err(LoadError::Huge(path.into(), limit)) } else { Ok(text.as_bytes().to_vec()) };
    }
    let error_of = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => missing(path),
        io::ErrorKind::IsADirectory => LoadError::Folder(path.into()),
        _ => LoadError::of_system(path, error),
    };
    // Asked before opening: to open a pipe waits for a writer.
    let kind = fs::metadata(path).map_err(error_of)?;
    if kind.is_dir() {
        return Err(LoadError::Folder(path.into()));
    }
    if !kind.is_file() {
        return Err(LoadError::Special(path.into()));
    }
    let file = File::open(path).map_err(error_of)?;
    // What the listing says may be stale, or 0 under /proc: only what is read counts.
    let mut bytes = Vec::with_capacity(kind.len().min(limit) as usize);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(error_of)?;
    if bytes.len() as u64 > limit { Err(LoadError::Huge(path.into(), limit)) } else { Ok(bytes) }
}

/// Whether the system gave up following links (`ELOOP`), for which the standard library has no stable name.
fn is_link_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return {
        _ = error;
        false
    };
}

/// A path at which nothing can be read.
pub(super) fn missing(path: &Path) -> LoadError {
    match fs::read_link(path) {
        Ok(target) => LoadError::Dangling(path.into(), target),
        Err(_) => LoadError::Missing(path.into()),
    }
}

/// Reads a text that programs of other kinds read: what begins as UTF-16 is taken as such, as pip and editors take it.
///
/// # Errors
/// As [`read_source`].
pub(super) fn read_text(path: &Path, limit: u64) -> Result<Source, LoadError> {
    match read_source(path, limit) {
        Err(LoadError::Utf16(_)) => {
            let text = utf16(&read_bytes(path, limit)?).unwrap_or_default();
            Source::new(display_path(path), text.into_bytes()).map_err(|_| LoadError::Huge(path.into(), limit))
        }
        other => other,
    }
}

/// The text behind a byte order mark of UTF-16; Windows' shells write it where output is sent to a file.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Reads standard input as a text that messages call `name`.
///
/// # Errors
/// When it is unreadable, too large, or no text.
pub fn read_stdin(name: &str, limit: u64) -> Result<Source, LoadError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| LoadError::Unreadable(name.into(), error))?;
    source(Path::new(name), bytes, limit)
}

/// A text that is at hand, as the source of a file.
///
/// # Errors
/// As [`read_source`], but for what only a file on disk can be.
pub fn source_of_text(path: &Path, text: &str, limit: u64) -> Result<Source, LoadError> {
    source(path, text.as_bytes().to_vec(), limit)
}

fn source(path: &Path, bytes: Vec<u8>, limit: u64) -> Result<Source, LoadError> {
    if bytes.len() as u64 > limit {
        return Err(LoadError::Huge(path.into(), limit));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(LoadError::Utf16(path.into()));
    }
    if bytes.iter().take(PROBE).any(|byte| *byte == 0) {
        return Err(LoadError::Binary(path.into()));
    }
    Source::new(display_path(path), bytes).map_err(|_| LoadError::Huge(path.into(), limit))
}

/// How long somebody may take to open the other end of a pipe.
const PIPE: Duration = Duration::from_secs(10);

/// Opens a special file: opening a pipe blocks until another process opens the other end.
///
/// # Errors
/// `TimedOut` where nobody does.
pub(super) fn open_pipe(path: &Path) -> io::Result<File> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    // The thread ends with the process if nobody comes.
    thread::spawn(move || sender.send(File::open(path)));
    receiver.recv_timeout(PIPE).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What is said of a pipe that nobody writes to.
pub(super) fn unwritten_pipe(name: &str) -> String {
    format!("nothing was written to the pipe `{name}` for {} s", PIPE.as_secs())
}

/// One path below the other, without `.` and `..` where that says the same.
pub(super) fn join_path(folder: &Path, path: &Path) -> PathBuf {
    let mut joined = if folder == Path::new(".") { PathBuf::new() } else { folder.to_owned() };
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    if joined.as_os_str().is_empty() { PathBuf::from(".") } else { joined }
}

/// The folder of a file. That of a bare name is `.`: the empty path, which `Path::parent` gives, names no folder.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path as the user would type it.
pub(super) fn display_path(path: &Path) -> String {
    let below = path.strip_prefix(".").unwrap_or(path);
    let text = below.display().to_string();
    // A command would take it for an option; a dash alone is standard input.
    let is_like_option = text.starts_with('-') && (text.len() > 1 || below != path);
    match text.as_str() {
        "" => ".".to_owned(),
        _ if is_like_option => format!("./{text}"),
        _ => text,
    }
}

pub(super) fn problem(error: &LoadError) -> InputProblem {
    problem_with_help(error, error.help())
}

/// As [`problem`], of a file that nobody named: the help is what to do with it.
pub(super) fn problem_with_help(error: &LoadError, help: String) -> InputProblem {
    InputProblem {
        code: "file-unreadable",
        file: display_path(error.path()),
        place: None,
        fatal: true,
        message: error.to_string(),
        help: Some(help),
    }
}

/// Whether something is at a path: also a link to nothing, which is not the same as no file, and what an editor has not saved yet.
pub(super) fn is_taken(path: &Path) -> bool {
    note_read(path);
    path.symlink_metadata().is_ok() || open_text(path).is_some()
}

/// Why a special file, a folder or a link at a path is not read; `None` for a file.
pub(super) fn unfit(path: &Path) -> Option<LoadError> {
    match fs::metadata(path) {
        Ok(kind) if kind.is_file() => None,
        Ok(kind) if kind.is_dir() => Some(LoadError::Folder(path.into())),
        Ok(_) => Some(LoadError::Special(path.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(missing(path)),
        Err(error) => Some(LoadError::of_system(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Dockerfile");
        fs::write(&path, bytes).unwrap();
        let got = match read_source(&path, 16) {
            Ok(source) => source.text().to_owned(),
            Err(error) => error.describe(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn only_text_files_are_read() {
        check(b"FROM a\n", "FROM a\n");
        check(b"", "");
        check(b"FROM a\xff", "FROM a\u{fffd}");
        check(b"\x7fELF\0\0", "is not a text file (it contains NUL bytes)");
        check(b"\xff\xfeF\0", "is encoded in UTF-16");
        check(&[b'a'; 16], "aaaaaaaaaaaaaaaa");
        check(&[b'a'; 17], "is larger than 16 bytes");
    }

    #[test]
    fn other_programs_read_utf16() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("requirements.txt");
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_text(&path, 16).unwrap().text().to_owned()
        };
        assert_eq!(read(b"\xff\xfea\0=\0"), "a=");
        assert_eq!(read(b"\xfe\xff\0a\0="), "a=");
        assert_eq!(read(b"\xff\xfea\0="), "a");
        assert_eq!(read(b"a=1"), "a=1");
    }

    #[test]
    fn special_files_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let what = |path: &Path| read_source(path, 9).unwrap_err().describe();
        assert_eq!(what(folder.path()), "is a folder, not a file");
        assert_eq!(what(&folder.path().join("none")), "does not exist");
        fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(what(&folder.path().join("file/Dockerfile")), "does not exist");
        #[cfg(unix)]
        assert_eq!(what(Path::new("/dev/null")), "is not a regular file");
    }
}
