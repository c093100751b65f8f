//! How far the reading of an image has come, on standard error, a line for each layer that is being read. Only where
//! somebody looks.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::cli::args::Global;
use crate::cli::terminal;
use crate::image;
use crate::report::{bytes, clean, count};

/// Nothing is shown of a reading that is over before.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(100);
/// Lines at most.
const LINES: usize = 6;
/// Columns of a bar.
const BAR: u64 = 20;

/// The state of a reading.
pub(super) struct Progress(Option<Mutex<ProgressState>>);

struct ProgressState {
    columns: usize,
    started: Instant,
    drawn: Instant,
    /// Lines that are on the screen.
    lines: usize,
    finished: u64,
    /// Of each blob that is being read: bytes read, bytes in all.
    open: BTreeMap<String, (u64, Option<u64>)>,
}

impl Progress {
    /// Shown where standard error is a terminal.
    pub(super) fn new(global: &Global) -> Self {
        if !std::io::stderr().is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return Self::silent();
        }
        let now = Instant::now();
        let columns = terminal::stderr(global).width.unwrap_or(80);
        let state = ProgressState { columns, started: now, drawn: now, lines: 0, finished: 0, open: BTreeMap::new() };
        Self(Some(Mutex::new(state)))
    }

    /// Shown nowhere.
    pub(super) const fn silent() -> Self {
        Self(None)
    }

    /// Takes in a step.
    pub(super) fn step(&self, step: &image::Progress<'_>) {
        let Some(state) = &self.0 else { return };
        // A thread that panicked left nothing half-done that could be shown wrongly.
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if step.total == Some(step.done) && step.done > 0 {
            state.open.remove(step.blob);
            state.finished += 1;
        } else {
            state.open.insert(step.blob.to_owned(), (step.done, step.total));
        }
        let now = Instant::now();
        if now - state.started >= PATIENCE && now - state.drawn >= PAUSE {
            state.drawn = now;
            state.draw();
        }
    }

    /// Takes away what is shown.
    pub(super) fn finish(&self) {
        let Some(state) = &self.0 else { return };
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.open.clear();
        state.finished = 0;
        if state.lines > 0 {
            state.draw();
        }
    }
}

impl ProgressState {
    fn draw(&mut self) {
        crate::cli::progress::pause();
        let mut out = String::new();
        if self.lines > 0 {
            out.push_str(&format!("\u{1b}[{}A\r\u{1b}[J", self.lines));
        }
        let mut lines: Vec<String> = self.open.iter().take(LINES).map(|(blob, far)| line(blob, *far)).collect();
        if self.finished > 0 {
            lines.push(format!("  {} read", count(self.finished, "blob")));
        }
        for line in &lines {
            out.extend(clean(line).chars().take(self.columns.saturating_sub(1)));
            out.push('\n');
        }
        self.lines = lines.len();
        // Nobody can be told that standard error is closed.
        let _ = std::io::stderr().lock().write_all(out.as_bytes());
    }
}

/// `  5f70bf18a086  ████████············  102 MB of 300 MB`.
fn line(blob: &str, (done, total): (u64, Option<u64>)) -> String {
    let name: String = blob.rsplit([':', '/']).next().unwrap_or(blob).chars().take(12).collect();
    let Some(total) = total.filter(|total| *total > 0) else { return format!("  {name:12}  {}", bytes(done)) };
    let full = done.min(total) * BAR / total;
    let bar: String = (0..BAR).map(|at| if at < full { '█' } else { '·' }).collect();
    format!("  {name:12}  {bar}  {} of {}", bytes(done), bytes(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_a_blob_is_read() {
        assert_eq!(
            line("sha256:0123456789abcdef", (50, Some(100))),
            "  0123456789ab  ██████████··········  50 B of 100 B"
        );
        assert_eq!(line("x/layer.tar", (5_000, None)), "  layer.tar     5 kB");
    }
}
