//! What `docker buildx build --progress=rawjson` says: one object of JSON per line, and words of the program itself.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

/// Steps that are kept; no build has as many.
const STEPS: usize = 20_000;

/// Bytes of what a step printed that are kept: its end.
const TAIL: usize = 16 << 10;

/// Characters of a name.
const NAME: usize = 500;

/// Lines of the program's own that are kept.
const WORDS: usize = 40;

/// What a build said so far.
#[derive(Debug, Default)]
pub(super) struct BuildLog {
    /// In the order of their first mention.
    order: Vec<String>,
    steps: BTreeMap<String, LogStep>,
    /// What the program said in words, the last lines.
    pub words: VecDeque<String>,
}

/// A step of a build.
#[derive(Debug, Default)]
pub(super) struct LogStep {
    pub name: String,
    pub cached: bool,
    pub error: String,
    /// The end of what it printed.
    pub tail: VecDeque<u8>,
    /// Whether it was begun.
    begun: bool,
    /// Starts and ends in nanoseconds; it may run several times.
    ran: BTreeMap<i128, i128>,
}

#[derive(Deserialize)]
struct LogLine {
    #[serde(default)]
    vertexes: Option<Vec<Vertex>>,
    #[serde(default)]
    logs: Option<Vec<LogOutput>>,
}

#[derive(Deserialize)]
struct Vertex {
    digest: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    started: Option<String>,
    #[serde(default)]
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct LogOutput {
    vertex: String,
    #[serde(default)]
    data: String,
}

impl LogStep {
    /// Seconds that it ran; `None` where it never ended.
    pub(super) fn seconds(&self) -> Option<f64> {
        let sum: i128 = self.ran.iter().map(|(start, end)| (end - start).max(0)).sum();
        #[allow(clippy::cast_precision_loss, reason = "a build of a year is exact enough")]
        (!self.ran.is_empty()).then_some(sum as f64 / 1e9)
    }

    /// Whether it runs, as far as was told.
    pub(super) fn has_begun_only(&self) -> bool {
        self.begun && self.ran.is_empty()
    }

    /// Whether it is the builder's own: reading the Dockerfile, sending the context, asking for metadata.
    pub(super) fn is_internal(&self) -> bool {
        self.name.starts_with("[internal]") || self.name.starts_with("resolving provenance")
    }
}

impl BuildLog {
    /// Takes a line; what is not understood is the program's own word.
    pub(super) fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let read = if line.starts_with(b"{") { serde_json::from_slice::<LogLine>(line).ok() } else { None };
        let Some(read) = read else {
            if self.words.len() == WORDS {
                self.words.pop_front();
            }
            let text = String::from_utf8_lossy(&line[..line.len().min(4 * NAME)]);
            self.words.push_back(text.into_owned());
            return;
        };
        for vertex in read.vertexes.unwrap_or_default() {
            self.vertex(vertex);
        }
        for said in read.logs.unwrap_or_default() {
            let (Some(step), Ok(data)) = (self.steps.get_mut(&said.vertex), STANDARD.decode(&said.data)) else {
                continue;
            };
            step.tail.extend(data);
            let over = step.tail.len().saturating_sub(TAIL);
            step.tail.drain(..over);
        }
    }

    fn vertex(&mut self, vertex: Vertex) {
        if !self.steps.contains_key(&vertex.digest) {
            if self.order.len() == STEPS {
                return;
            }
            self.order.push(vertex.digest.clone());
        }
        let step = self.steps.entry(vertex.digest).or_default();
        if !vertex.name.is_empty() {
            step.name = vertex.name.chars().take(NAME).collect();
        }
        step.cached |= vertex.cached;
        if !vertex.error.is_empty() {
            step.error = vertex.error;
        }
        let started = vertex.started.as_deref().and_then(unix_nanoseconds);
        step.begun |= started.is_some();
        if let (Some(start), Some(end)) = (started, vertex.completed.as_deref().and_then(unix_nanoseconds))
            && step.ran.len() < STEPS
        {
            step.ran.insert(start, end);
        }
    }

    /// All steps in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = &LogStep> {
        self.order.iter().filter_map(|digest| self.steps.get(digest))
    }

    /// The step that failed, which is not one that was only called off.
    pub(super) fn failed(&self) -> Option<&LogStep> {
        let failed = || self.steps().filter(|step| !step.error.is_empty());
        failed().find(|step| !step.error.contains("context canceled")).or_else(|| failed().next())
    }
}

/// A time of RFC 3339 in nanoseconds since 1970.
pub(super) fn unix_nanoseconds(text: &str) -> Option<i128> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_nanosecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> BuildLog {
        let mut log = BuildLog::default();
        for line in lines {
            log.line(line.as_bytes());
        }
        log
    }

    #[test]
    fn steps_have_names_times_and_ends() {
        let log = log(&[
            r#"{"vertexes":[{"digest":"a","name":"[internal] load .dockerignore","started":"2026-11-20T18:28:31.9Z","completed":"2026-11-20T18:28:32.1Z"},{"digest":"b","name":"[2/3] RUN x"}]}"#,
            r#"{"vertexes":[{"digest":"b","name":"[2/3] RUN x","started":"2026-02-28T23:59:59.5Z"}]}"#,
            r#"{"logs":[{"vertex":"b","stream":1,"data":"aGVsbG8K"},{"vertex":"none","data":"!"}]}"#,
            r#"{"vertexes":[{"digest":"b","started":"2026-02-28T23:59:59.5Z","completed":"2026-03-01T02:00:01+02:00","error":"exit code: 1"}]}"#,
            r#"{"vertexes":[{"digest":"c","name":"[3/3] COPY","started":"2026-11-20T18:28:31Z","completed":"2026-11-20T18:28:31Z","cached":true}]}"#,
            "ERROR: failed to build",
            "{not json",
        ]);
        let steps: Vec<_> = log.steps().map(|step| (step.name.as_str(), step.cached, step.seconds())).collect();
        assert_eq!(steps[1], ("[2/3] RUN x", false, Some(1.5)));
        assert_eq!(steps[2], ("[3/3] COPY", true, Some(0.0)));
        assert!(log.steps().next().unwrap().is_internal());
        let failed = log.failed().unwrap();
        assert_eq!(
            (failed.error.as_str(), failed.tail.iter().copied().collect::<Vec<u8>>()),
            ("exit code: 1", b"hello\n".to_vec())
        );
        assert_eq!(log.words, ["ERROR: failed to build", "{not json"]);
    }

    #[test]
    fn times_that_are_none_are_left_out() {
        for wrong in ["", "Z", "T", "2026-11-20", "2026-13-01T00:00:00Z", "x-y-zTa:b:cZ", "2026-11-20T1:2Z"] {
            assert_eq!(unix_nanoseconds(wrong), None, "{wrong}");
        }
        let day = unix_nanoseconds("2024-02-29T00:00:00Z").unwrap();
        assert_eq!(unix_nanoseconds("2024-03-01T00:00:00.000000001Z").unwrap() - day, 86_400_000_000_001);
        assert_eq!(unix_nanoseconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_nanoseconds("2026-11-20T18:41:01Z"), Some(1_795_200_061_000_000_000));
        assert_eq!(unix_nanoseconds("2026-11-20T19:41:01.5+01:00"), Some(1_795_200_061_500_000_000));
    }
}
