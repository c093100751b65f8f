//! `--progress=tty`: frames that a terminal draws over each other, each with all steps or the last ones.

use std::collections::HashMap;

use super::logged_build::{LogForm, LogStep, LoggedBuild, MOST_STEPS, MOST_TRANSFERS, StepStatus, short_text};
use super::plain::{add_transfer, seconds, transfer};
use super::prefix::without_escapes;
use super::trailer::Trailer;

/// Bytes from which on equal beginnings of two names mean that one was cut.
const CUT: usize = 40;

/// A build that is being read.
#[derive(Debug, Default)]
pub(super) struct TerminalRun {
    /// The steps of the frame that is being read.
    frame: Vec<LogStep>,
    /// The steps of earlier frames, by name.
    seen: HashMap<String, LogStep>,
    /// Their names in the order of their appearance.
    order: Vec<String>,
    seconds: Option<f64>,
    is_finished: bool,
    is_open: bool,
    trailer: Trailer,
}

/// The seconds in the head of a frame, and whether it is the last one: `[+] Building 1.0s (19/19) FINISHED`.
pub(super) fn head(line: &[u8]) -> Option<(f64, bool)> {
    let line = without_escapes(line);
    let rest = line.trim_ascii_start().strip_prefix(b"[+] Building ")?;
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let seconds = seconds(words.next()?)?;
    Some((seconds, words.any(|word| word == b"FINISHED")))
}

impl TerminalRun {
    /// Whether a frame belongs to another build.
    pub(super) fn is_over(&self, seconds: f64) -> bool {
        self.seconds.is_some_and(|known| seconds < known)
    }

    /// Begins a frame.
    pub(super) fn begin(&mut self, seconds: f64, is_finished: bool) {
        self.keep_frame();
        (self.seconds, self.is_finished, self.is_open) = (Some(seconds), is_finished, true);
    }

    fn keep_frame(&mut self) {
        for step in self.frame.drain(..) {
            if !self.seen.contains_key(&step.name) {
                if self.order.len() == MOST_STEPS {
                    continue;
                }
                self.order.push(step.name.clone());
            }
            self.seen.insert(step.name.clone(), step);
        }
    }

    /// Takes a line.
    pub(super) fn line(&mut self, line: &[u8]) {
        // Steps that ended are blue where the terminal has colours.
        let is_blue = memchr::memmem::find(line, b"\x1b[34m").is_some();
        let text = without_escapes(line);
        let Some(rest) = text.strip_prefix(b" => ") else {
            self.is_open = false;
            self.trailer.line(&text);
            return;
        };
        if !self.is_open {
            return;
        }
        match rest.strip_prefix(b"=> ") {
            Some(status) => self.status(status),
            None => self.step(rest, is_blue),
        }
    }

    fn status(&mut self, text: &[u8]) {
        let Some(step) = self.frame.last_mut() else { return };
        if let Some(output) = text.strip_prefix(b"# ") {
            step.output.line(output.trim_ascii_end(), None);
        } else if step.transfers.len() < MOST_TRANSFERS / MOST_STEPS {
            add_transfer(&mut step.transfers, transfer(text));
        }
    }

    fn step(&mut self, text: &[u8], is_blue: bool) {
        if self.frame.len() == MOST_STEPS {
            return;
        }
        let text = text.trim_ascii_end();
        let time = text.iter().rposition(|byte| *byte == b' ');
        let (text, seconds) = match time.and_then(|at| Some((at, seconds(&text[at + 1..])?))) {
            Some((at, seconds)) => (text[..at].trim_ascii_end(), Some(seconds)),
            None => (text, None),
        };
        let marks = [
            (&b"CACHED "[..], StepStatus::Cached),
            (b"ERROR ", StepStatus::Error),
            (b"CANCELED ", StepStatus::Canceled),
        ];
        let mark = marks.iter().find_map(|(mark, status)| Some((text.strip_prefix(*mark)?, *status)));
        let running = if self.is_finished || is_blue { StepStatus::Done } else { StepStatus::Unfinished };
        let (name, status) = mark.unwrap_or((text, running));
        self.frame.push(LogStep { name: short_text(name), status, seconds, ..LogStep::default() });
    }

    /// The build.
    pub(super) fn finish(mut self) -> LoggedBuild {
        let mut build = LoggedBuild::new(LogForm::Terminal);
        build.seconds = self.seconds;
        build.is_cut = !self.is_finished;
        if self.is_finished {
            build.steps = std::mem::take(&mut self.frame);
        } else {
            self.keep_frame();
            let steps = self.order.iter().filter_map(|name| self.seen.remove(name));
            build.steps = without_cut_names(steps.collect());
        }
        build.error = self.trailer.error();
        build.complete();
        build
    }
}

/// Removes steps whose name is another's that was cut for a narrower column; the later one stays.
fn without_cut_names(steps: Vec<LogStep>) -> Vec<LogStep> {
    let mut last: HashMap<Vec<u8>, usize> = HashMap::new();
    let key = |step: &LogStep| step.name.bytes().take(CUT).collect::<Vec<u8>>();
    let is_same =
        |a: &LogStep, b: &LogStep| a.name.len() >= CUT && (a.name.starts_with(&b.name) || b.name.starts_with(&a.name));
    let mut kept: Vec<LogStep> = Vec::with_capacity(steps.len());
    for step in steps {
        if let Some(at) = last.get(&key(&step)).copied().filter(|at| is_same(&kept[*at], &step)) {
            kept[at] = step;
        } else {
            last.insert(key(&step), kept.len());
            kept.push(step);
        }
    }
    kept
}
