//! What a command does and for how long, on standard error, once it takes longer than a second. Only where somebody looks.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::args::Global;
use crate::report::clean;

/// Nothing is shown of what is over before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks at the clock.
const PAUSE: Duration = Duration::from_millis(100);

/// What is shown; `None` where nobody looks.
static STATE: Mutex<Option<ProgressLine>> = Mutex::new(None);

struct ProgressLine {
    columns: usize,
    what: String,
    /// When the command began.
    begun: Instant,
    /// When what it does now began.
    since: Instant,
    /// The seconds on the screen.
    shown: Option<u64>,
    is_paused: bool,
}

fn state() -> MutexGuard<'static, Option<ProgressLine>> {
    // A thread that panicked left nothing half-done that could be shown wrongly.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to show what is done, where standard error is a terminal of so many columns.
pub(super) fn start(global: &Global, columns: Option<usize>, what: &str) {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if global.quiet || is_dumb || !std::io::stderr().is_terminal() {
        return;
    }
    let columns = columns.unwrap_or(80);
    let now = Instant::now();
    let line = ProgressLine { columns, what: what.to_owned(), begun: now, since: now, shown: None, is_paused: false };
    *state() = Some(line);
    thread::spawn(|| {
        loop {
            thread::sleep(PAUSE);
            let mut state = state();
            let Some(line) = state.as_mut() else { return };
            line.draw();
        }
    });
}

/// Says what is done from now on: at once if the command has run for more than a second.
pub(super) fn doing(what: &str) {
    if let Some(line) = state().as_mut() {
        line.erase();
        what.lines().next().unwrap_or_default().clone_into(&mut line.what);
        line.since = Instant::now();
        line.is_paused = false;
        line.draw();
    }
}

/// Says what is done from now on, as at the start of a command: nothing of what is over within a second.
pub(super) fn start_again(what: &str) {
    if let Some(line) = state().as_mut() {
        line.begun = Instant::now();
    }
    doing(what);
}

/// Takes the line away until [`doing`]: something else is drawn.
pub(super) fn pause() {
    if let Some(line) = state().as_mut() {
        line.erase();
        line.is_paused = true;
    }
}

/// Takes the line away for good.
pub(super) fn finish() {
    if let Some(mut line) = state().take() {
        line.erase();
    }
}

/// Takes the line away while the guard lives: something is printed.
pub(super) fn hide() -> impl Drop {
    let mut state = state();
    if let Some(line) = state.as_mut() {
        line.erase();
    }
    state
}

impl ProgressLine {
    fn draw(&mut self) {
        let past = self.since.elapsed();
        if self.is_paused || self.begun.elapsed() < PATIENCE || self.shown == Some(past.as_secs()) {
            return;
        }
        self.shown = Some(past.as_secs());
        let text = line(&self.what, past);
        let text: String = text.chars().take(self.columns.saturating_sub(1)).collect();
        // Nobody can be told that standard error is closed.
        let _ = write!(std::io::stderr().lock(), "\r{text}\u{1b}[K");
    }

    fn erase(&mut self) {
        if self.shown.take().is_some() {
            let _ = std::io::stderr().lock().write_all(b"\r\x1b[K");
        }
    }
}

/// `reading the git history … 3 s`.
fn line(what: &str, past: Duration) -> String {
    let seconds = past.as_secs();
    let time = if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) };
    format!("{} … {time}", clean(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_and_how_long() {
        assert_eq!(line("reading the files", Duration::from_millis(1_900)), "reading the files … 1 s");
        assert_eq!(line("building\u{1b}[2J", Duration::from_secs(125)), "building␛[2J … 2 min 5 s");
    }
}
