//! Spans of a trace, as `buildx history trace` prints them for Jaeger and as build records hold them. Only what was
//! executed or loaded has a span; cached steps that nobody needed have none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::logged_build::{LogForm, LoggedBuild, timestamp};
use super::vertices::{VertexUpdate, Vertices};

/// A span about a vertex.
#[derive(Debug)]
pub(super) struct Span {
    name: String,
    vertex: String,
    started: Timestamp,
    ended: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecordSpan {
    name: String,
    start_time: String,
    end_time: String,
    attributes: Option<Vec<Attribute>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    key: String,
    value: AttributeValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeValue {
    value: Value,
}

#[derive(Deserialize)]
struct Jaeger {
    data: Vec<JaegerTrace>,
}

#[derive(Deserialize)]
struct JaegerTrace {
    spans: Vec<JaegerSpan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JaegerSpan {
    operation_name: String,
    /// In microseconds since 1970.
    start_time: i64,
    /// In microseconds.
    duration: i64,
    #[serde(default)]
    tags: Vec<JaegerTag>,
}

#[derive(Deserialize)]
struct JaegerTag {
    key: String,
    value: Value,
}

/// The spans of a build record: a stream of JSON values.
pub(super) fn of_record(bytes: &[u8]) -> Vec<Span> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<RecordSpan>();
    values.map_while(Result::ok).filter_map(of_record_span).collect()
}

fn of_record_span(span: RecordSpan) -> Option<Span> {
    let vertex = span.attributes?.into_iter().find(|attribute| attribute.key == "vertex")?;
    let vertex = vertex.value.value.as_str()?.to_owned();
    Some(Span { name: span.name, vertex, started: timestamp(&span.start_time)?, ended: timestamp(&span.end_time)? })
}

/// The spans of a single value of a record's stream.
pub(super) fn of_value(value: &Value) -> Option<Span> {
    of_record_span(RecordSpan::deserialize(value).ok()?)
}

/// The builds of a trace for Jaeger; `None` if the document is not such a trace.
pub(super) fn of_jaeger(value: &Value) -> Option<Vec<LoggedBuild>> {
    let jaeger = Jaeger::deserialize(value).ok()?;
    let span = |span: JaegerSpan| {
        let vertex = span.tags.iter().find(|tag| tag.key == "vertex")?.value.as_str()?.to_owned();
        let started = Timestamp::from_microsecond(span.start_time).ok()?;
        let ended = Timestamp::from_microsecond(span.start_time.checked_add(span.duration)?).ok()?;
        Some(Span { name: span.operation_name, vertex, started, ended })
    };
    let traces = jaeger.data.into_iter();
    Some(traces.map(|trace| build(trace.spans.into_iter().filter_map(span).collect())).collect())
}

/// The build that spans describe.
pub(super) fn build(spans: Vec<Span>) -> LoggedBuild {
    let mut vertices = Vertices::default();
    // The key alone was computed for a vertex that has no span of another kind.
    let mut keys: BTreeMap<String, VertexUpdate> = BTreeMap::new();
    let mut others = Vec::new();
    for span in spans {
        let (name, is_key, cached) =
            match (span.name.strip_prefix("cache request: "), span.name.strip_prefix("load cache: ")) {
                (Some(name), _) => (name, true, false),
                (_, Some(name)) => (name, false, true),
                _ => (span.name.as_str(), false, false),
            };
        let update = VertexUpdate {
            digest: span.vertex.clone(),
            name: name.to_owned(),
            started: Some(span.started),
            completed: Some(span.ended),
            cached,
            ..VertexUpdate::default()
        };
        if is_key {
            keys.insert(span.vertex, update);
        } else {
            keys.remove(&span.vertex);
            others.push(update);
        }
    }
    for update in &others {
        keys.remove(&update.digest);
    }
    for mut update in keys.into_values() {
        update.cached = !update.name.contains("FROM ") && !update.name.starts_with("[internal]");
        vertices.vertex(update);
    }
    for update in others {
        vertices.vertex(update);
    }
    let mut build = vertices.build(LogForm::Trace);
    for step in &mut build.steps {
        step.inputs = None;
    }
    build
}
