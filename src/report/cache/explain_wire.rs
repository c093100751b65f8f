//! `cache explain` for programs, as `schemas/cache-explain.schema.json` describes it.

use serde::Serialize;

use super::explain::{ExplainedBuild, ExplainedLog};
use crate::buildlog::{LogStep, StepKind};
use crate::report::{json, wire};

#[derive(Serialize)]
struct Log<'a> {
    #[serde(flatten)]
    head: wire::Head<'a>,
    #[serde(rename = "log")]
    file: &'a str,
    builds: Vec<LogBuild<'a>>,
    notices: &'a [String],
}

#[derive(Serialize)]
struct LogBuild<'a> {
    form: &'static str,
    name: Option<&'a str>,
    dockerfile: Option<&'a str>,
    started: Option<String>,
    ended: Option<String>,
    seconds: Option<f64>,
    totals: Option<LogTotals>,
    is_check: bool,
    truncated: bool,
    cacheable_steps: usize,
    cached_steps: usize,
    context_bytes: Option<u64>,
    context_seconds: Option<f64>,
    export_seconds: Option<f64>,
    cache_import_seconds: Option<f64>,
    cache_export_seconds: Option<f64>,
    error: Option<LogError<'a>>,
    steps: Vec<Step<'a>>,
    stages: Vec<LogStage<'a>>,
    critical_path: LogPath<'a>,
}

#[derive(Serialize)]
struct LogTotals {
    steps: u64,
    completed: u64,
    cached: u64,
}

#[derive(Serialize)]
struct LogError<'a> {
    message: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct Step<'a> {
    name: &'a str,
    kind: &'static str,
    target: Option<&'a str>,
    platform: Option<&'a str>,
    stage: Option<&'a str>,
    number: Option<u32>,
    of: Option<u32>,
    status: &'static str,
    seconds: Option<f64>,
    started: Option<String>,
    ended: Option<String>,
    inputs: Option<&'a [usize]>,
    file: Option<&'a str>,
    line: Option<u32>,
    first_miss: Option<usize>,
    reason: Option<&'a str>,
    transfers: Vec<StepTransfer<'a>>,
    output_bytes: u64,
    output_lines: u64,
    output_is_clipped: bool,
    pauses: Vec<OutputPause<'a>>,
    error: Option<&'a str>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct StepTransfer<'a> {
    id: &'a str,
    bytes: Option<u64>,
    total: Option<u64>,
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct OutputPause<'a> {
    seconds: f64,
    after: &'a str,
}

#[derive(Serialize)]
struct LogStage<'a> {
    target: Option<&'a str>,
    platform: Option<&'a str>,
    stage: Option<&'a str>,
    steps: &'a [usize],
    first_miss: Option<usize>,
}

#[derive(Serialize)]
struct LogPath<'a> {
    steps: &'a [usize],
    seconds: f64,
    is_exact: bool,
}

/// The log as JSON; `root` is the folder of the Dockerfile.
pub fn cache_explanation_json(log: &ExplainedLog, root: &str) -> String {
    json::pretty(&Log {
        head: wire::Head::new("dockopt.cache-explain/1", root),
        file: &log.name,
        builds: log.builds.iter().map(build).collect(),
        notices: &log.notices,
    })
}

fn build(build: &ExplainedBuild) -> LogBuild<'_> {
    let logged = &build.logged;
    let (cacheable_steps, cached_steps) = build.cached();
    let causes = &build.explanation.causes;
    let stages = build.explanation.stages.iter().map(|stage| LogStage {
        target: stage.target.as_deref(),
        platform: stage.platform.as_deref(),
        stage: stage.stage.as_deref(),
        steps: &stage.steps,
        first_miss: stage.steps.iter().copied().find(|at| causes.contains_key(at)),
    });
    let path = &build.explanation.critical_path;
    LogBuild {
        form: logged.form.name(),
        name: logged.name.as_deref(),
        dockerfile: logged.dockerfile.as_deref(),
        started: logged.started.map(|time| time.to_string()),
        ended: logged.ended.map(|time| time.to_string()),
        seconds: logged.seconds,
        totals: logged.totals.map(|totals| LogTotals {
            steps: totals.total,
            completed: totals.completed,
            cached: totals.cached,
        }),
        is_check: logged.is_check,
        truncated: logged.is_truncated(),
        cacheable_steps,
        cached_steps,
        context_bytes: build.context_bytes(),
        context_seconds: build.seconds_of(StepKind::Context),
        export_seconds: build.seconds_of(StepKind::Export),
        cache_import_seconds: build.seconds_of(StepKind::CacheImport),
        cache_export_seconds: build.seconds_of(StepKind::CacheExport),
        error: logged.error.as_ref().map(|error| LogError {
            message: &error.message,
            file: error.place.as_ref().map(|(file, _)| file.as_str()),
            line: error.place.as_ref().map(|(_, line)| *line),
        }),
        steps: logged.steps.iter().enumerate().map(|(at, logged)| step(build, at, logged)).collect(),
        stages: stages.collect(),
        critical_path: LogPath { steps: &path.steps, seconds: path.seconds, is_exact: path.is_exact },
    }
}

fn step<'a>(build: &'a ExplainedBuild, at: usize, step: &'a LogStep) -> Step<'a> {
    let label = &step.label;
    let place = build.places.get(at).and_then(Option::as_ref);
    Step {
        name: &step.name,
        kind: kind(label.kind),
        target: label.target.as_deref(),
        platform: label.platform.as_deref(),
        stage: label.stage.as_deref(),
        number: label.number.map(|(number, _)| number),
        of: label.number.map(|(_, of)| of),
        status: step.status.as_str(),
        seconds: step.seconds,
        started: step.started.map(|time| time.to_string()),
        ended: step.ended.map(|time| time.to_string()),
        inputs: step.inputs.as_deref(),
        file: place.map(|(file, _)| file.as_str()),
        line: place.map(|(_, line)| *line),
        first_miss: build.explanation.causes.get(&at).copied(),
        reason: build.reason(at),
        transfers: step
            .transfers
            .iter()
            .map(|transfer| StepTransfer {
                id: &transfer.id,
                bytes: transfer.bytes,
                total: transfer.total,
                seconds: transfer.seconds,
            })
            .collect(),
        output_bytes: step.output.bytes,
        output_lines: step.output.lines,
        output_is_clipped: step.output.is_clipped,
        pauses: step
            .output
            .pauses
            .iter()
            .map(|pause| OutputPause { seconds: pause.seconds, after: &pause.after })
            .collect(),
        error: step.error.as_deref(),
        warnings: &step.warnings,
    }
}

fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Instruction(keyword) => keyword.as_str(),
        StepKind::Context => "context",
        StepKind::Internal => "internal",
        StepKind::Source => "source",
        StepKind::Export => "export",
        StepKind::CacheExport => "cache export",
        StepKind::CacheImport => "cache import",
    }
}
