//! Colour and width of where a text goes; messages to standard error.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::args::{Color, Global};
use super::progress;
use crate::finding::Mask;
use crate::report::{Layout, clean, without_commands};

/// The layout of standard output.
pub(super) fn stdout(global: &Global) -> Layout {
    // A file is read by programs and by people later: it has no width.
    let terminal = global.output.is_none() && std::io::stdout().is_terminal();
    let links = terminal && colour(global, terminal) && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
    Layout { width: terminal.then(columns).flatten(), colour: colour(global, terminal), links }
}

/// `--color`, then `NO_COLOR`, then `FORCE_COLOR` and `CLICOLOR_FORCE`, then whether somebody looks.
fn colour(global: &Global, terminal: bool) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match global.color {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        None | Some(Color::Auto) if is_set("NO_COLOR") => false,
        None | Some(Color::Auto) if global.output.is_some() => false,
        None | Some(Color::Auto) => {
            let forced = ["FORCE_COLOR", "CLICOLOR_FORCE"]
                .iter()
                .any(|name| is_set(name) && std::env::var_os(name).is_none_or(|value| value != "0"));
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            forced || (terminal && !dumb)
        }
    }
}

/// Columns of the terminal; COLUMNS where it is set.
fn columns() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<u16>().ok());
    let columns = set.or_else(|| terminal_size::terminal_size().map(|size| size.0.0));
    columns.filter(|columns| *columns > 0).map(usize::from)
}

/// An error with what to do about it.
pub(super) fn error(global: &Global, what: &str, help: Option<&str>) {
    print_status(global, "error", "\u{1b}[1;91m", what);
    if let Some(help) = help {
        print_status(global, "help", "\u{1b}[1;96m", help);
    }
}

/// The layout of standard error.
pub(super) fn stderr(global: &Global) -> Layout {
    let terminal = std::io::stderr().is_terminal();
    Layout { width: terminal.then(columns).flatten(), colour: colour(global, terminal), links: false }
}

/// A text that is laid out already.
pub(super) fn excerpt(text: &str) {
    write_message(job_text(text).as_bytes());
}

/// Messages that are held back, while they are.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds messages back, until [`held_messages`] takes them.
pub(super) fn hold_messages() {
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
}

/// The messages since [`hold_messages`]; further ones are written at once.
pub(super) fn held_messages() -> Vec<u8> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
}

/// Writes a message to standard error, or keeps it where messages are held back.
pub(super) fn write_message(message: &[u8]) {
    if let Some(messages) = HELD.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        messages.extend_from_slice(message);
        return;
    }
    let _hidden = progress::hide();
    // Nobody can be told that standard error is closed.
    let _ = std::io::stderr().lock().write_all(message);
}

/// `--quiet`.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Whether [`note`] prints nothing.
pub(super) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// A remark that is no result.
pub(super) fn note(what: &str) {
    if QUIET.load(Ordering::Relaxed) {
        return;
    }
    let what = Mask::default().apply(what);
    let mut lines = String::new();
    for line in what.lines() {
        lines.push_str(&job_text(&clean(line)));
        lines.push('\n');
    }
    write_message(lines.as_bytes());
}

/// A text as a job of GitHub may print it: the runner reads the output of each step and obeys lines that are commands.
/// Anywhere else it stays as it is.
pub(super) fn job_text(text: &str) -> Cow<'_, str> {
    let is_job = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    if is_job { without_commands(text) } else { Cow::Borrowed(text) }
}

/// Whether standard output goes to a file, whose text no job reads.
pub(super) fn is_file() -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let stdout = std::io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
        stdout.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
    }
    #[cfg(not(unix))]
    false
}

fn print_status(global: &Global, kind: &str, style: &str, what: &str) {
    let terminal = std::io::stderr().is_terminal();
    // An address or a message of an engine may hold a login.
    let what = Mask::default().apply(what);
    let text = clean(&what);
    let text = job_text(&text);
    let (on, off) = if colour(global, terminal) { (style, "\u{1b}[0m") } else { ("", "") };
    write_message(format!("{on}{kind}{off}: {text}\n").as_bytes());
}
