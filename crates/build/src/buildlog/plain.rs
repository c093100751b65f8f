//! `--progress=plain`: each line has the number of its step, and lines of parallel steps are mixed.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::logged_build::{
    LogForm, LogStep, LogTransfer, LoggedBuild, MOST_STEPS, MOST_TRANSFERS, StepStatus, short_text, timestamp,
};
use super::step_name;
use super::trailer::Trailer;

/// Steps whose names are looked at for a second build in the same stream.
const FIRST: u32 = 1;

/// A build that is being read.
#[derive(Debug, Default)]
pub(super) struct PlainRun {
    steps: Vec<LogStep>,
    /// The step of each number.
    numbers: HashMap<u32, usize>,
    /// The number of the last line, and its step.
    last: Option<(u32, usize)>,
    transfers: usize,
    has_instructions: bool,
    trailer: Trailer,
    started: Option<Timestamp>,
    /// The last time before a line, as written.
    clock: Vec<u8>,
}

/// The number of a line's step and the rest.
pub(super) fn number(line: &[u8]) -> Option<(u32, &[u8])> {
    let rest = line.strip_prefix(b"#")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 6 {
        return None;
    }
    let number = rest[..digits].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    match &rest[digits..] {
        [] => Some((number, &[])),
        [b' ', rest @ ..] => Some((number, rest)),
        _ => None,
    }
}

/// Whether a line may be the first of a build.
pub(super) fn is_start(line: &[u8]) -> bool {
    let Some((number, rest)) = number(line) else { return false };
    let header = rest.starts_with(b"[") && memchr::memchr(b']', rest).is_some();
    let driver = number == 0 && rest.starts_with(b"building with ");
    driver || header || outcome(rest).is_some() || output(rest).is_some() || is_layer(rest)
}

/// Whether a line is the first of a log: the driver's, or the header of step 1, which loads the Dockerfile.
pub(super) fn is_first(line: &[u8]) -> bool {
    number(line).is_some_and(|(number, rest)| match number {
        0 => rest.starts_with(b"building with "),
        1 => rest.starts_with(b"[internal] "),
        _ => false,
    })
}

fn is_layer(rest: &[u8]) -> bool {
    [&b"sha256:"[..], b"extracting sha256:", b"transferring "].iter().any(|start| rest.starts_with(start))
}

/// How a step ended, and the seconds that the line gives.
fn outcome(rest: &[u8]) -> Option<(StepStatus, Option<f64>)> {
    match rest.first()? {
        b'C' if rest == b"CACHED" => Some((StepStatus::Cached, None)),
        b'C' if rest == b"CANCELED" => Some((StepStatus::Canceled, None)),
        b'D' if rest == b"DONE" => Some((StepStatus::Done, None)),
        b'D' => Some((StepStatus::Done, Some(seconds(rest.strip_prefix(b"DONE ")?)?))),
        b'E' if rest.starts_with(b"ERROR: ") => Some((StepStatus::Error, None)),
        _ => None,
    }
}

/// `1.2s`.
pub(super) fn seconds(word: &[u8]) -> Option<f64> {
    let digits = word.strip_suffix(b"s")?;
    let is_number =
        digits.first()?.is_ascii_digit() && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if is_number { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

/// The second and the text of a line that a step printed: `0.418 text`.
fn output(rest: &[u8]) -> Option<(f64, &[u8])> {
    if !rest.first()?.is_ascii_digit() {
        return None;
    }
    let end = memchr::memchr(b' ', &rest[..rest.len().min(10)]).unwrap_or(rest.len());
    let (mut whole, mut scale, mut has_point) = (0_u32, 1_u32, false);
    for byte in rest[..end].iter().take(9) {
        match byte {
            b'.' if !has_point => has_point = true,
            b'0'..=b'9' => {
                whole = whole * 10 + u32::from(byte - b'0');
                scale *= if has_point { 10 } else { 1 };
            }
            _ => return None,
        }
    }
    (has_point && end < 10).then(|| (f64::from(whole) / f64::from(scale), rest.get(end + 1..).unwrap_or_default()))
}

/// `11.53MB`.
fn amount(word: &[u8]) -> Option<u64> {
    let letters = word.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let (number, unit) = word.split_at(letters);
    let number: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let unit = std::str::from_utf8(unit).ok()?;
    let (step, prefix) = match unit.strip_suffix("iB") {
        Some(prefix) => (1024.0, prefix),
        None => (1000.0, unit.strip_suffix('B')?),
    };
    let power = match prefix {
        "" => 0,
        "k" | "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and saturates")]
    Some((number * f64::powi(step, power)).round() as u64)
}

/// A status: `sha256:… 11.53MB / 33.05MB 0.2s done`. Anything without figures is a name alone.
pub(super) fn transfer(text: &[u8]) -> LogTransfer {
    let mut transfer = LogTransfer::default();
    let mut rest = text.trim_ascii_end();
    let word = |rest: &[u8]| rest.iter().rposition(|byte| *byte == b' ');
    if let Some(before) = rest.strip_suffix(b" done") {
        (rest, transfer.is_done) = (before.trim_ascii_end(), true);
    }
    if let Some((at, seconds)) = word(rest).and_then(|at| Some((at, seconds(&rest[at + 1..])?))) {
        (rest, transfer.seconds) = (rest[..at].trim_ascii_end(), Some(seconds));
    }
    if let Some((at, bytes)) = word(rest).and_then(|at| Some((at, amount(&rest[at + 1..])?))) {
        (rest, transfer.bytes) = (rest[..at].trim_ascii_end(), Some(bytes));
        let before = rest.strip_suffix(b" /").map(<[u8]>::trim_ascii_end);
        if let Some((at, current, before)) =
            before.and_then(|before| word(before).and_then(|at| Some((at, amount(&before[at + 1..])?, before))))
        {
            transfer.total = transfer.bytes.replace(current);
            rest = before[..at].trim_ascii_end();
        }
    }
    transfer.id = short_text(rest);
    transfer
}

/// Adds a status to those of a step, or replaces what is known of it.
pub(super) fn add_transfer(all: &mut Vec<LogTransfer>, transfer: LogTransfer) {
    match all.iter().rposition(|known| known.id == transfer.id) {
        Some(at) => {
            let known = &mut all[at];
            known.bytes = transfer.bytes.or(known.bytes);
            known.total = transfer.total.or(known.total);
            known.seconds = transfer.seconds.or(known.seconds);
            known.is_done |= transfer.is_done;
        }
        None => all.push(transfer),
    }
}

impl PlainRun {
    /// Whether a line begins another build.
    pub(super) fn is_over(&self, number: u32, rest: &[u8]) -> bool {
        if number > FIRST || self.steps.is_empty() {
            return false;
        }
        if number == 0 {
            return rest.starts_with(b"building with ");
        }
        let Some(step) = self.numbers.get(&number).map(|at| &self.steps[*at]) else { return false };
        let is_ended = step.status != StepStatus::Unfinished;
        let is_first = rest.starts_with(b"[internal] load ") && (self.has_instructions || self.trailer.is_failed());
        rest.starts_with(b"[") && is_ended && (is_first || short_text(rest) != step.name)
    }

    /// Takes a line of a step.
    pub(super) fn step_line(&mut self, number: u32, rest: &[u8], clock: Option<&[u8]>) {
        if let Some(clock) = clock {
            self.clock.clear();
            self.clock.extend_from_slice(clock);
        }
        if number == 0 {
            self.started = self.now();
            return;
        }
        let Some(at) = self.step_of(number, rest) else { return };
        if let Some((seconds, text)) = output(rest) {
            let step = &mut self.steps[at];
            step.output.is_clipped |= text.starts_with(b"[output clipped, ");
            step.output.line(text, Some(seconds));
        } else if let Some((status, seconds)) = outcome(rest) {
            self.end(at, status, seconds, rest);
        } else if rest == b"..." || rest.is_empty() {
            // The printer turns to another step.
        } else if let Some(warning) = rest.strip_prefix(b"WARN: ") {
            if self.transfers < MOST_TRANSFERS {
                self.transfers += 1;
                self.steps[at].warnings.push(short_text(warning));
            }
        } else if self.steps[at].name.as_bytes() != &rest[..rest.len().min(super::logged_build::TEXT)] {
            let before = self.steps[at].transfers.len();
            if self.transfers < MOST_TRANSFERS {
                add_transfer(&mut self.steps[at].transfers, transfer(rest));
                self.transfers += self.steps[at].transfers.len() - before;
            }
        }
    }

    /// The step of a number. The first line of a number is the step's name, unless the log begins in its middle.
    fn step_of(&mut self, number: u32, rest: &[u8]) -> Option<usize> {
        if let Some((_, at)) = self.last.filter(|last| last.0 == number) {
            return Some(at);
        }
        let at = match self.numbers.get(&number) {
            Some(at) => *at,
            None if self.steps.len() == MOST_STEPS => return None,
            None => {
                let is_name = outcome(rest).is_none() && output(rest).is_none() && !is_layer(rest) && rest != b"...";
                let name = if is_name { short_text(rest) } else { String::new() };
                self.has_instructions |= step_name::label(&name, &BTreeSet::new()).is_instruction();
                self.steps.push(LogStep { name, started: self.now(), ..LogStep::default() });
                self.numbers.insert(number, self.steps.len() - 1);
                self.steps.len() - 1
            }
        };
        self.last = Some((number, at));
        Some(at)
    }

    fn end(&mut self, at: usize, status: StepStatus, seconds: Option<f64>, rest: &[u8]) {
        let now = self.now();
        let step = &mut self.steps[at];
        step.ended = now.or(step.ended);
        // A step that was loaded from the cache may be printed again when its layers were pulled.
        if step.status != StepStatus::Cached {
            step.status = status;
        }
        step.seconds = seconds.or(step.seconds);
        if let Some(seconds) = seconds {
            step.output.end(seconds);
        }
        if status == StepStatus::Error {
            step.error = Some(short_text(rest.strip_prefix(b"ERROR: ").unwrap_or(rest)));
        }
    }

    fn now(&self) -> Option<Timestamp> {
        if self.clock.is_empty() { None } else { timestamp(std::str::from_utf8(&self.clock).ok()?) }
    }

    /// Takes a line that belongs to no step.
    pub(super) fn other_line(&mut self, line: &[u8]) {
        self.trailer.line(line);
    }

    /// The build.
    pub(super) fn finish(mut self) -> LoggedBuild {
        let mut build = LoggedBuild::new(LogForm::Plain);
        build.started = self.started;
        build.ended = self.now();
        for step in &mut self.steps {
            // No time is printed for a cached step: it has none unless its layers were pulled.
            if step.status == StepStatus::Cached && step.seconds.is_none() && step.transfers.is_empty() {
                step.seconds = Some(0.0);
            }
        }
        build.steps = self.steps;
        build.is_check = self.trailer.is_check();
        build.error = self.trailer.error();
        build.complete();
        build
    }
}
