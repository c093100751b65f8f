//! `--progress=rawjson`, `buildctl --trace` and `history logs`: a stream of JSON values, each on one line or on several,
//! and lines of the client between them.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::logged_build::{DOCUMENT, LogForm, LoggedBuild, TEXT, timestamp};
use super::trailer::Trailer;
use super::vertices::{StatusUpdate, VertexGroup, VertexUpdate, Vertices};

/// Lines of the client that are kept.
const WORDS: usize = 40;

/// One message of the builder.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    vertexes: Option<Vec<Vertex>>,
    statuses: Option<Vec<Status>>,
    logs: Option<Vec<Log>>,
    warnings: Option<Vec<Warning>>,
}

#[derive(Debug, Deserialize)]
struct Vertex {
    #[serde(default)]
    digest: String,
    inputs: Option<Vec<String>>,
    #[serde(default)]
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: String,
    #[serde(rename = "progressGroup")]
    group: Option<VertexGroup>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    id: String,
    #[serde(default)]
    vertex: String,
    #[serde(default)]
    current: i64,
    #[serde(default)]
    total: i64,
    timestamp: Option<String>,
    started: Option<String>,
    completed: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Log {
    #[serde(default)]
    vertex: String,
    #[serde(default)]
    data: String,
    timestamp: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Warning {
    #[serde(default)]
    vertex: String,
    #[serde(default)]
    short: String,
}

impl Message {
    /// Whether it is a message of a build at all.
    pub(super) fn is_status(&self) -> bool {
        self.vertexes.is_some() || self.statuses.is_some() || self.logs.is_some() || self.warnings.is_some()
    }
}

/// Joins the lines of one JSON value.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    value: Vec<u8>,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Splitter {
    /// Whether a value is incomplete.
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Whether a line may continue the open value.
    pub(super) fn continues(&self, line: &[u8]) -> bool {
        self.is_open() && line.first().is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'}' | b']' | b'"'))
    }

    /// Takes a line; the answer is a complete value. Whatever follows it on its line is left out.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if !self.continues(line) {
            self.clear();
        }
        for (at, byte) in line.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.value.extend_from_slice(&line[..=at]);
                        let value = std::mem::take(&mut self.value);
                        self.clear();
                        return Some(value);
                    }
                }
                _ => {}
            }
        }
        if self.value.len() + line.len() >= DOCUMENT {
            self.clear();
        } else if self.is_open() {
            self.value.extend_from_slice(line);
            self.value.push(b'\n');
        }
        None
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Reads the messages of one build.
#[derive(Debug, Default)]
pub struct StatusLog {
    vertices: Vertices,
    splitter: Splitter,
    trailer: Trailer,
    words: VecDeque<String>,
}

impl StatusLog {
    /// Takes a line of the client's output.
    pub fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        if !line.starts_with(b"{") && !self.splitter.continues(line) {
            self.word(line);
            return;
        }
        let Some(value) = self.splitter.line(line) else { return };
        match serde_json::from_slice::<Message>(&value) {
            Ok(message) if message.is_status() => self.message(message),
            _ => self.word(&value),
        }
    }

    /// Takes a line of the client in words.
    pub(super) fn word(&mut self, line: &[u8]) {
        self.trailer.line(line);
        if self.words.len() == WORDS {
            self.words.pop_front();
        }
        self.words.push_back(String::from_utf8_lossy(&line[..line.len().min(TEXT)]).into_owned());
    }

    /// What the client said in words, the last lines.
    pub fn words(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Whether a message belongs to another build.
    pub(super) fn is_over(&self, message: &Message) -> bool {
        let vertexes = message.vertexes.iter().flatten();
        vertexes.into_iter().any(|vertex| self.vertices.is_over(&vertex.name, &vertex.digest))
    }

    pub(super) fn message(&mut self, message: Message) {
        let time = |text: Option<String>| text.as_deref().and_then(timestamp);
        for vertex in message.vertexes.into_iter().flatten() {
            self.vertices.vertex(VertexUpdate {
                digest: vertex.digest,
                inputs: vertex.inputs.unwrap_or_default(),
                name: vertex.name,
                started: time(vertex.started),
                completed: time(vertex.completed),
                cached: vertex.cached,
                error: vertex.error,
                group: vertex.group,
            });
        }
        for status in message.statuses.into_iter().flatten() {
            self.vertices.status(&StatusUpdate {
                id: status.id,
                vertex: status.vertex,
                current: status.current,
                total: status.total,
                timestamp: time(status.timestamp),
                started: time(status.started),
                completed: time(status.completed),
            });
        }
        for log in message.logs.into_iter().flatten() {
            if let Ok(data) = STANDARD.decode(&log.data) {
                self.vertices.output(&log.vertex, &data, time(log.timestamp));
            }
        }
        for warning in message.warnings.into_iter().flatten() {
            if let Ok(short) = STANDARD.decode(&warning.short) {
                self.vertices.warning(&warning.vertex, &short);
            }
        }
    }

    /// The build as far as it was reported.
    pub fn build(&self) -> LoggedBuild {
        let mut build = self.vertices.build(LogForm::RawJson);
        if let Some(error) = self.trailer.clone().error() {
            build.error = Some(error);
        }
        build
    }
}
