//! JSON documents about builds that are no logs: metadata files, history, provenance, traces.

use serde_json::Value;

use super::foreign::NotABuildLog;
use super::logged_build::{BuildError, LogForm, LoggedBuild, StepTotals, seconds_between, timestamp};
use super::measurement;
use super::spans;
use super::trailer::builder_message;

/// What a document is.
pub(super) enum DocumentKind {
    /// Builds, with or without steps.
    Builds(Vec<LoggedBuild>),
    /// A span of a record's trace.
    Span(spans::Span),
    /// A record of the build cache: `docker buildx du --format json`.
    CacheRecord,
    /// A result of dockopt that is no build log.
    Foreign(NotABuildLog),
    /// Anything else.
    Other,
}

/// Says what a JSON value is.
pub(super) fn classify(value: &Value) -> DocumentKind {
    let has = |key: &str| value.get(key).is_some();
    match measurement::read(value) {
        Some(Ok(builds)) => return DocumentKind::Builds(builds),
        Some(Err(error)) => return DocumentKind::Foreign(error),
        None => {}
    }
    if let Some(build) = metadata(value) {
        return DocumentKind::Builds(vec![build]);
    }
    let builds = || value.as_object().map(|object| object.values().filter_map(metadata).collect::<Vec<_>>());
    if let Some(targets) = builds().filter(|builds| !builds.is_empty()) {
        return DocumentKind::Builds(targets);
    }
    if has("cached_steps") && has("total_steps") {
        return DocumentKind::Builds(vec![listed(value)]);
    }
    if has("NumTotalSteps") || (has("Ref") && has("StartedAt")) {
        return DocumentKind::Builds(vec![inspected(value)]);
    }
    if is_provenance(value) || value.get("predicate").is_some_and(is_provenance) {
        return DocumentKind::Builds(vec![LoggedBuild::new(LogForm::Provenance)]);
    }
    if let Some(builds) = spans::of_jaeger(value) {
        return DocumentKind::Builds(builds);
    }
    if has("SpanContext") && has("StartTime") {
        return spans::of_value(value).map_or(DocumentKind::Other, DocumentKind::Span);
    }
    if has("Reclaimable") && has("UsageCount") {
        return DocumentKind::CacheRecord;
    }
    DocumentKind::Other
}

/// The build of a metadata file.
fn metadata(value: &Value) -> Option<LoggedBuild> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let name = text("buildx.build.ref").or_else(|| text("containerimage.digest"));
    if name.is_none() && value.get("buildx.build.provenance").is_none() {
        return None;
    }
    let mut build = LoggedBuild::new(LogForm::Metadata);
    build.name = name.map(str::to_owned);
    Some(build)
}

/// A line of `buildx history ls --format json`.
fn listed(value: &Value) -> LoggedBuild {
    let count = |key: &str| value.get(key).and_then(Value::as_u64).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut build = LoggedBuild::new(LogForm::History);
    let totals =
        StepTotals { total: count("total_steps"), completed: count("completed_steps"), cached: count("cached_steps") };
    build.totals = Some(totals);
    build.name = ["ref", "name"].map(text).into_iter().find(|name| !name.is_empty()).map(str::to_owned);
    set_times(&mut build, text("created_at"), text("completed_at"));
    if text("status") == "Error" {
        build.error = Some(BuildError { message: "the list gives no reason".to_owned(), place: None });
    }
    build
}

/// `buildx history inspect --format json`.
fn inspected(value: &Value) -> LoggedBuild {
    let count = |key: &str| value.get(key).and_then(Value::as_u64).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut build = LoggedBuild::new(LogForm::History);
    let totals = StepTotals {
        total: count("NumTotalSteps"),
        completed: count("NumCompletedSteps"),
        cached: count("NumCachedSteps"),
    };
    build.totals = Some(totals);
    build.name = Some(text("Ref").to_owned()).filter(|name| !name.is_empty());
    build.dockerfile = Some(text("Dockerfile").to_owned()).filter(|name| !name.is_empty());
    set_times(&mut build, text("StartedAt"), text("CompletedAt"));
    let message = value.pointer("/Error/Message").and_then(Value::as_str);
    build.error = message.map(|message| BuildError { message: builder_message(message).to_owned(), place: None });
    build
}

fn set_times(build: &mut LoggedBuild, started: &str, ended: &str) {
    (build.started, build.ended) = (timestamp(started), timestamp(ended));
    build.seconds = build.started.zip(build.ended).map(|(from, to)| seconds_between(from, to));
}

fn is_provenance(value: &Value) -> bool {
    value.get("buildDefinition").is_some() || (value.get("buildType").is_some() && value.get("materials").is_some())
}

/// `buildx history inspect` as text: a line of it.
pub(super) fn inspected_line(build: &mut LoggedBuild, line: &str) {
    let Some((key, value)) = line.split_once(':') else { return };
    let value = value.trim();
    match key {
        "Ref" => build.name = Some(value.to_owned()),
        "Dockerfile" => build.dockerfile = Some(value.to_owned()),
        "Duration" => build.seconds = duration(value).or(build.seconds),
        "Build Steps" => build.totals = totals(value).or(build.totals),
        _ => {}
    }
}

/// `20/20 (55% cached)`.
fn totals(text: &str) -> Option<StepTotals> {
    let (counts, percent) = text.split_once(" (").unwrap_or((text, ""));
    let (completed, total) = counts.split_once('/')?;
    let (completed, total): (u64, u64) = (completed.parse().ok()?, total.parse().ok()?);
    let percent: u64 = percent.split_once('%').and_then(|(percent, _)| percent.parse().ok()).unwrap_or_default();
    let cached = total.checked_mul(percent.min(100))?.checked_add(50)? / 100;
    Some(StepTotals { total, completed, cached })
}

/// `1m 7.4s`, `1h2m3s`.
fn duration(text: &str) -> Option<f64> {
    let mut sum = 0.0;
    let mut number = String::new();
    for letter in text.chars().filter(|letter| *letter != ' ') {
        let factor = match letter {
            '0'..='9' | '.' => {
                number.push(letter);
                continue;
            }
            'h' => 3600.0,
            'm' => 60.0,
            's' => 1.0,
            _ => return None,
        };
        sum += factor * number.parse::<f64>().ok()?;
        number.clear();
    }
    number.is_empty().then_some(sum)
}
