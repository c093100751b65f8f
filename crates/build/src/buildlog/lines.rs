//! A log of lines: recognizes the form of each line (plain, terminal, legacy, JSON), and which build it belongs to. The
//! prefixes of CI systems are removed by `prefix`.

use memchr::memchr;
use serde_json::Value;

use super::document::{self, DocumentKind};
use super::foreign::{NotABuildLog, Sample};
use super::legacy::{self, LegacyRun};
use super::logged_build::{BuildLog, DOCUMENT, LogForm, LoggedBuild, MOST_BUILDS};
use super::plain::{self, PlainRun};
use super::rawjson::{Message, Splitter, StatusLog};
use super::terminal::{self, TerminalRun};
use super::{prefix, spans};
use crate::text::exact_bytes;

/// Bytes of a line of text.
const LINE: usize = 64 << 10;

/// Streams of one log: what several programs wrote, each with a name before its lines.
const STREAMS: usize = 64;

/// Spans of a trace.
const SPANS: usize = 200_000;

/// Reads lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end is not here yet.
    buffer: Vec<u8>,
    cut: u64,
    is_cut: bool,
    sample: Sample,
    unknown_prefix: prefix::UnknownPrefix,
    unnamed: Stream,
    /// By the name before their lines.
    named: Vec<(Vec<u8>, Stream)>,
}

impl Lines {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.buffer.is_empty() {
                let most = line_limit(line);
                self.cut += u64::from(line.len() > most);
                self.line(&line[..line.len().min(most)]);
            } else {
                self.keep(line);
                let line = std::mem::take(&mut self.buffer);
                self.line(&line);
                self.buffer = line;
                self.buffer.clear();
            }
            self.is_cut = false;
        }
        self.keep(bytes);
    }

    /// Keeps a part of a line, within bounds.
    fn keep(&mut self, part: &[u8]) {
        let most = line_limit(if self.buffer.is_empty() { part } else { &self.buffer });
        let part_end = part.len().min(most.saturating_sub(self.buffer.len()));
        if part_end < part.len() && !self.is_cut {
            self.is_cut = true;
            self.cut += 1;
        }
        self.buffer.extend_from_slice(&part[..part_end]);
    }

    fn line(&mut self, line: &[u8]) {
        self.sample.line(line);
        let bare = prefix::strip(line);
        match prefix::stream_name(bare.text) {
            Some((name, rest)) => match self.stream(name, rest) {
                Some(stream) => stream.line(rest, bare.clock),
                None => self.unnamed_line(&bare),
            },
            None => self.unnamed_line(&bare),
        }
    }

    fn unnamed_line(&mut self, bare: &prefix::BareLine) {
        let text = match bare.text.first() {
            Some(b'#' | b'{') | None => bare.text,
            Some(_) => self.unknown_prefix.strip(bare.text, plain::is_first),
        };
        self.unnamed.line(text, bare.clock);
    }

    /// The stream of a name; `None` if the name is only text before a bar.
    fn stream(&mut self, name: &[u8], rest: &[u8]) -> Option<&mut Stream> {
        if let Some(at) = self.named.iter().position(|(known, _)| known == name) {
            return Some(&mut self.named[at].1);
        }
        if self.named.len() == STREAMS || !is_start(rest) {
            return None;
        }
        self.named.push((name.to_vec(), Stream::default()));
        self.named.last_mut().map(|(_, stream)| stream)
    }

    /// What the log says.
    pub(super) fn finish(mut self) -> Result<BuildLog, NotABuildLog> {
        if !self.buffer.is_empty() {
            let line = std::mem::take(&mut self.buffer);
            self.line(&line);
        }
        let mut log = BuildLog::default();
        let (mut has_cache_records, mut has_documents, mut foreign, mut is_cut) = (false, false, None, false);
        let named = std::mem::take(&mut self.named).into_iter().map(|(name, stream)| (Some(name), stream));
        for (name, mut stream) in [(None, self.unnamed)].into_iter().chain(named) {
            has_cache_records |= stream.has_cache_records;
            has_documents |= stream.has_documents;
            foreign = foreign.or_else(|| stream.foreign.take());
            is_cut |= stream.splitter.is_open();
            for mut build in stream.finish() {
                if let Some(name) = &name {
                    build.name = Some(super::logged_build::short_text(name));
                }
                log.builds.push(build);
            }
        }
        // Metadata that a client prints after a build adds nothing to it.
        if log.builds.iter().any(|build| !build.steps.is_empty()) {
            log.builds.retain(|build| !build.steps.is_empty() || build.error.is_some());
        }
        log.builds.sort_by_key(|build| build.started);
        if self.cut > 0 {
            log.notices.push(format!(
                "{} lines were longer than {}; their ends were left out",
                self.cut,
                exact_bytes(LINE as u64)
            ));
        }
        match log.builds.is_empty() {
            false => Ok(log),
            true if self.sample.is_inspection() => {
                let mut build = LoggedBuild::new(LogForm::History);
                for line in self.sample.lines() {
                    document::inspected_line(&mut build, line);
                }
                log.builds.push(build);
                Ok(log)
            }
            true if is_cut => Err(NotABuildLog::cut_document()),
            true if has_cache_records => Err(NotABuildLog::cache_records()),
            true if has_documents => Err(foreign.unwrap_or_else(NotABuildLog::document)),
            true => Err(self.sample.recognize()),
        }
    }
}

/// The bytes of a line that are read. JSON values may be on a single line.
fn line_limit(start: &[u8]) -> usize {
    if start.first() == Some(&b'{') { DOCUMENT } else { LINE }
}

/// Whether a line may be the first of a build.
fn is_start(line: &[u8]) -> bool {
    plain::is_start(line) || legacy::is_start(line) || terminal::head(line).is_some()
}

/// The build that is being read.
#[derive(Debug, Default)]
enum Run {
    #[default]
    Nothing,
    Plain(Box<PlainRun>),
    Terminal(Box<TerminalRun>),
    Legacy(Box<LegacyRun>),
    Status(Box<StatusLog>),
}

/// The lines of one program.
#[derive(Debug, Default)]
struct Stream {
    run: Run,
    builds: Vec<LoggedBuild>,
    splitter: Splitter,
    spans: Vec<spans::Span>,
    has_cache_records: bool,
    has_documents: bool,
    /// A result of dockopt that is no build log.
    foreign: Option<NotABuildLog>,
}

impl Stream {
    fn line(&mut self, line: &[u8], clock: Option<&[u8]>) {
        if self.splitter.continues(line) || (line.first() == Some(&b'{') && !self.is_inside_legacy()) {
            if let Some(value) = self.splitter.line(line) {
                self.value(&value);
            }
            return;
        }
        if let Some((number, rest)) = plain::number(line)
            && self.plain(line, number, rest, clock)
        {
            return;
        }
        if let Run::Legacy(run) = &mut self.run
            && !run.is_before(line)
        {
            // A step of the legacy builder may print whatever it likes.
            if !run.is_over() || !is_start(line) {
                run.line(line, clock);
                return;
            }
        }
        self.other(line, clock);
    }

    fn is_inside_legacy(&self) -> bool {
        matches!(&self.run, Run::Legacy(run) if !run.is_over())
    }

    /// Takes a line with a number; the answer is whether it is one of a plain log.
    fn plain(&mut self, line: &[u8], number: u32, rest: &[u8], clock: Option<&[u8]>) -> bool {
        let is_inside_legacy = self.is_inside_legacy();
        if let Run::Plain(run) = &mut self.run {
            if !run.is_over(number, rest) {
                run.step_line(number, rest, clock);
                return true;
            }
        } else if is_inside_legacy || !plain::is_start(line) {
            return false;
        }
        let mut run = Box::<PlainRun>::default();
        run.step_line(number, rest, clock);
        self.begin(Run::Plain(run));
        true
    }

    /// Takes a line without a number.
    fn other(&mut self, line: &[u8], clock: Option<&[u8]>) {
        if let Some((seconds, is_finished)) = terminal::head(line) {
            if !matches!(&self.run, Run::Terminal(run) if !run.is_over(seconds)) {
                self.begin(Run::Terminal(Box::default()));
            }
            if let Run::Terminal(run) = &mut self.run {
                run.begin(seconds, is_finished);
            }
        } else if legacy::is_start(line) {
            let mut run = Box::new(LegacyRun::new());
            run.line(line, clock);
            self.begin(Run::Legacy(run));
        } else {
            match &mut self.run {
                Run::Plain(run) => run.other_line(line),
                Run::Terminal(run) => run.line(line),
                Run::Status(log) => log.word(line),
                Run::Legacy(_) | Run::Nothing => {}
            }
        }
    }

    /// Takes a JSON value.
    fn value(&mut self, bytes: &[u8]) {
        if let Ok(message) = serde_json::from_slice::<Message>(bytes)
            && message.is_status()
        {
            match &mut self.run {
                Run::Status(log) if !log.is_over(&message) => log.message(message),
                _ => {
                    let mut log = Box::<StatusLog>::default();
                    log.message(message);
                    self.begin(Run::Status(log));
                }
            }
            return;
        }
        let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
        match document::classify(&value) {
            DocumentKind::Builds(builds) => {
                let room = MOST_BUILDS.saturating_sub(self.builds.len());
                self.builds.extend(builds.into_iter().take(room));
            }
            DocumentKind::Span(span) if self.spans.len() < SPANS => self.spans.push(span),
            DocumentKind::Span(_) => {}
            DocumentKind::CacheRecord => self.has_cache_records = true,
            DocumentKind::Foreign(error) => (self.foreign, self.has_documents) = (Some(error), true),
            DocumentKind::Other => self.has_documents = true,
        }
    }

    /// Ends the build that is being read and begins another.
    fn begin(&mut self, run: Run) {
        let build = match std::mem::replace(&mut self.run, run) {
            Run::Nothing => return,
            Run::Plain(run) => run.finish(),
            Run::Terminal(run) => run.finish(),
            Run::Legacy(run) => run.finish(),
            Run::Status(log) => log.build(),
        };
        if self.builds.len() < MOST_BUILDS {
            self.builds.push(build);
        }
    }

    fn finish(mut self) -> Vec<LoggedBuild> {
        self.begin(Run::Nothing);
        if !self.spans.is_empty() {
            self.builds.push(spans::build(std::mem::take(&mut self.spans)));
        }
        if let Some(last) = self.builds.last_mut().filter(|build| build.form.is_json()) {
            last.is_cut |= self.splitter.is_open();
        }
        self.builds
    }
}
