//! The legacy builder of Docker (`Step n/m : …`) and buildah (`STEP n/m: …`): one step after the other, every
//! instruction is one, and what a step prints has no mark.

use jiff::Timestamp;

use super::logged_build::{
    BuildError, LogForm, LogStep, LogTransfer, LoggedBuild, MOST_STEPS, StepStatus, seconds_between, short_text,
    timestamp,
};
use super::plain::transfer;
use super::prefix::without_escapes;
use super::step_name::StepKind;
use super::step_name::StepLabel;
use crate::dockerfile::Keyword;

/// What the builder says first.
const CONTEXT: &[u8] = b"Sending build context to Docker daemon";

/// A build that is being read.
#[derive(Debug)]
pub(super) struct LegacyRun {
    build: LoggedBuild,
    /// The stages so far, by name.
    stages: Vec<String>,
    is_over: bool,
    /// Whether the last step has its result.
    has_result: bool,
    is_running: bool,
}

/// A step's line.
pub(super) struct StepLine<'a> {
    form: LogForm,
    number: (u32, u32),
    text: &'a [u8],
}

/// Reads the line that begins a step.
pub(super) fn step_line(line: &[u8]) -> Option<StepLine<'_>> {
    let (form, rest) = match line.strip_prefix(b"Step ") {
        Some(rest) => (LogForm::Legacy, rest),
        None => (LogForm::Buildah, stage_mark(line).strip_prefix(b"STEP ")?),
    };
    let colon = memchr::memchr(b':', &rest[..rest.len().min(24)])?;
    let numbers = std::str::from_utf8(&rest[..colon]).ok()?.trim_end();
    let number = match numbers.split_once('/') {
        Some((number, of)) => (number.parse().ok()?, of.parse().ok()?),
        None if form == LogForm::Buildah => (numbers.parse().ok()?, 0),
        None => return None,
    };
    Some(StepLine { form, number, text: rest[colon + 1..].trim_ascii_start() })
}

/// What stands behind the number of a stage: `[1/2] STEP 1/3: …`.
fn stage_mark(line: &[u8]) -> &[u8] {
    let is_mark = line.first() == Some(&b'[') && line.get(1).is_some_and(u8::is_ascii_digit);
    let end = if is_mark { memchr::memchr(b']', &line[..line.len().min(16)]) } else { None };
    end.map_or(line, |end| line[end + 1..].trim_ascii_start())
}

/// Whether a line may be the first of a build.
pub(super) fn is_start(line: &[u8]) -> bool {
    line.starts_with(CONTEXT) || step_line(line).is_some()
}

impl LegacyRun {
    pub(super) fn new() -> Self {
        Self {
            build: LoggedBuild::new(LogForm::Legacy),
            stages: Vec::new(),
            is_over: false,
            has_result: false,
            is_running: false,
        }
    }

    /// Whether a line begins another build.
    pub(super) fn is_before(&self, line: &[u8]) -> bool {
        let has_steps = self.build.steps.iter().any(|step| step.label.is_instruction());
        if line.starts_with(CONTEXT) {
            return has_steps;
        }
        has_steps && self.is_over && step_line(line).is_some()
    }

    /// Whether the build ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes a line.
    pub(super) fn line(&mut self, line: &[u8], clock: Option<&[u8]>) {
        let line = without_escapes(line);
        let now = clock.and_then(|clock| timestamp(std::str::from_utf8(clock).ok()?));
        self.build.started = self.build.started.or(now);
        self.build.ended = now.or(self.build.ended);
        if let Some(rest) = line.strip_prefix(CONTEXT) {
            self.context(rest);
        } else if let Some(step) = step_line(&line) {
            self.end_step(now);
            self.begin_step(&step, now);
        } else if self.build.steps.is_empty() || self.is_over {
            // Before the first step, and after the last.
        } else if line.starts_with(b"Successfully built ") || line.starts_with(b"COMMIT") {
            self.has_result = true;
            self.end_step(now);
            self.is_over = self.build.form == LogForm::Legacy || line.starts_with(b"COMMIT ");
        } else if let Some(mark) = arrow(&line) {
            self.mark(mark);
        } else {
            self.text(&line, now);
        }
    }

    fn context(&mut self, rest: &[u8]) {
        let bytes = transfer(&[b"context ", rest.trim_ascii()].concat()).bytes;
        let context =
            LogTransfer { id: "transferring context:".to_owned(), bytes, is_done: true, ..LogTransfer::default() };
        let name = "Sending build context to Docker daemon".to_owned();
        let label = StepLabel { kind: StepKind::Context, text: name.clone(), ..StepLabel::default() };
        let step = LogStep { name, label, status: StepStatus::Done, transfers: vec![context], ..LogStep::default() };
        self.build.steps.retain(|step| step.label.kind != StepKind::Context);
        self.build.steps.push(step);
        self.has_result = true;
    }

    fn begin_step(&mut self, line: &StepLine<'_>, now: Option<Timestamp>) {
        if self.build.steps.len() == MOST_STEPS {
            return;
        }
        self.build.form = line.form;
        let text = short_text(line.text);
        let mut words = text.split_whitespace();
        let keyword = Keyword::of(words.next().unwrap_or_default());
        if keyword == Keyword::From {
            let words: Vec<&str> = words.collect();
            let name = words.iter().position(|word| word.eq_ignore_ascii_case("as")).and_then(|at| words.get(at + 1));
            self.stages.push(name.map_or_else(|| format!("stage-{}", self.stages.len()), |name| (*name).to_owned()));
        }
        let label = StepLabel {
            kind: StepKind::Instruction(keyword),
            stage: self.stages.last().cloned(),
            number: Some(line.number),
            text: text.clone(),
            ..StepLabel::default()
        };
        self.build.steps.push(LogStep { name: text, label, started: now, ..LogStep::default() });
        (self.has_result, self.is_running) = (false, false);
    }

    /// A step lasts until the next one begins.
    fn end_step(&mut self, now: Option<Timestamp>) {
        let Some(step) = self.build.steps.last_mut().filter(|step| step.label.is_instruction()) else { return };
        if step.ended.is_none() {
            step.ended = now;
            step.seconds = step.started.zip(now).map(|(from, to)| seconds_between(from, to));
        }
        if step.status == StepStatus::Unfinished {
            step.status = StepStatus::Done;
        }
    }

    fn mark(&mut self, mark: Mark) {
        let Some(step) = self.build.steps.last_mut().filter(|step| step.label.is_instruction()) else { return };
        match mark {
            Mark::Cached => step.status = StepStatus::Cached,
            Mark::Running => self.is_running = true,
            Mark::Removed => self.is_running = false,
            Mark::Result => {
                self.has_result = true;
                if step.status == StepStatus::Unfinished {
                    step.status = StepStatus::Done;
                }
            }
        }
    }

    fn text(&mut self, line: &[u8], now: Option<Timestamp>) {
        let Some(step) = self.build.steps.last_mut().filter(|step| step.label.is_instruction()) else { return };
        if is_failure(line) && !self.has_result {
            let message = short_text(line);
            step.status = StepStatus::Error;
            step.error = Some(message.clone());
            self.build.error = Some(BuildError { message, place: None });
            self.end_step(now);
            self.is_over = true;
        } else if self.is_running || self.build.form == LogForm::Buildah {
            let at = step.started.zip(now).map(|(from, to)| seconds_between(from, to));
            step.output.line(line, at);
        }
    }

    /// The build.
    pub(super) fn finish(mut self) -> LoggedBuild {
        // buildah ends a build in several ways; its steps are numbered.
        self.build.is_cut = self.build.form == LogForm::Legacy && !self.is_over;
        let all = self.stages.len();
        for step in &mut self.build.steps {
            if all <= 1 {
                step.label.stage = None;
            }
        }
        self.build.complete();
        self.build
    }
}

#[derive(Clone, Copy)]
enum Mark {
    Cached,
    Running,
    Removed,
    Result,
}

/// The mark behind an arrow. A step may print arrows too: only those with an ID count.
fn arrow(line: &[u8]) -> Option<Mark> {
    let rest = line.strip_prefix(b" ---> ").or_else(|| line.strip_prefix(b"--> "))?;
    let is_id = |word: &[u8]| word.len() >= 11 && word.iter().all(u8::is_ascii_hexdigit);
    if rest.starts_with(b"Using cache") {
        return Some(Mark::Cached);
    }
    let id = rest.rsplit(|byte| *byte == b' ').next().unwrap_or(rest);
    if !is_id(id) {
        return None;
    }
    let is = |start: &[u8]| rest.starts_with(start);
    Some(match rest {
        _ if is(b"Running in ") => Mark::Running,
        _ if is(b"Removed intermediate container ") => Mark::Removed,
        _ => Mark::Result,
    })
}

/// Whether a line is the builder's message about the step that failed.
fn is_failure(line: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(line, needle).is_some();
    (line.starts_with(b"The command '") && has(b"returned a non-zero code: "))
        || line.starts_with(b"COPY failed: ")
        || line.starts_with(b"ADD failed: ")
        || (line.starts_with(b"Error: ") && has(b"building at STEP "))
}
