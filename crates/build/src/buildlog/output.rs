//! What a step printed: how much, its end, and where it printed nothing for long.

/// Bytes of the end that are kept.
const TAIL: usize = 8 << 10;

/// Pauses that are kept.
const PAUSES: usize = 3;

/// Bytes of a line before a pause.
const LINE: usize = 200;

/// A pause shorter than this is not worth a line, in seconds.
const SHORTEST: f64 = 0.5;

/// What a step printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Bytes, line ends among them.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Whether the builder left out some of it.
    pub is_clipped: bool,
    /// The longest times in which it printed nothing, the longest first.
    pub pauses: Vec<Pause>,
    tail: Vec<u8>,
    /// Seconds at which the last line came, and that line.
    last: (f64, Vec<u8>),
}

/// A time in which a step printed nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pause {
    /// Its length in seconds.
    pub seconds: f64,
    /// The line before it; empty at the step's start.
    pub after: String,
}

impl Output {
    /// Takes a line without its end, printed at a second of the step if the form says so.
    pub(super) fn line(&mut self, text: &[u8], at: Option<f64>) {
        self.bytes += text.len() as u64 + 1;
        self.lines += 1;
        self.append(text);
        self.append(b"\n");
        if let Some(at) = at {
            self.pause(at);
            self.last.0 = at;
            self.last.1.clear();
            self.last.1.extend_from_slice(&text[..text.len().min(LINE)]);
        }
    }

    /// Takes bytes as they came, printed at a second of the step if the form says so.
    pub(super) fn chunk(&mut self, bytes: &[u8], at: Option<f64>) {
        self.bytes += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.append(bytes);
        if let Some(at) = at {
            self.pause(at);
            let line = bytes.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap_or_default();
            self.last = (at, line[..line.len().min(LINE)].to_vec());
        }
    }

    /// Notes that the step ended after some seconds.
    pub(super) fn end(&mut self, seconds: f64) {
        if self.lines > 0 {
            self.pause(seconds);
        }
    }

    fn pause(&mut self, at: f64) {
        let seconds = at - self.last.0;
        let is_long = self.pauses.len() < PAUSES || self.pauses.last().is_some_and(|last| last.seconds < seconds);
        if seconds >= SHORTEST && is_long {
            let after = String::from_utf8_lossy(&self.last.1).trim_end().to_owned();
            self.pauses.push(Pause { seconds, after });
            self.pauses.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
            self.pauses.truncate(PAUSES);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL)..];
        if self.tail.len() + bytes.len() > 2 * TAIL {
            let over = self.tail.len() + bytes.len() - TAIL;
            self.tail.drain(..over.min(self.tail.len()));
        }
        self.tail.extend_from_slice(bytes);
    }

    /// Replaces what is kept of the texts by others.
    pub(super) fn map_texts(&mut self, map: &dyn Fn(&str) -> String) {
        for pause in &mut self.pauses {
            pause.after = map(&pause.after);
        }
        self.tail = map(&self.tail()).into_bytes();
        self.last.1.clear();
    }

    /// The end of what it printed.
    pub fn tail(&self) -> String {
        String::from_utf8_lossy(&self.tail[self.tail.len().saturating_sub(TAIL)..]).into_owned()
    }
}
