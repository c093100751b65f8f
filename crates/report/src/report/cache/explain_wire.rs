//! `cache explain` for programs, as `schemas/cache-explain.schema.json` describes it.

use serde::Serialize;

use super::explain::{ExplainedBuild, ExplainedLog};
use crate::buildlog::{LogStep, StepKind};
use crate::report::json;
use crate::wire::{Head, list, object};

/// The log as JSON; `root` is the folder of the Dockerfile.
pub fn cache_explanation_json(log: &ExplainedLog, root: &str) -> String {
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.cache-explain/1", root),
        #[serde(rename = "log")]
        file: &log.name,
        builds: list(&log.builds, build),
        notices: &log.notices,
    })
}

fn build(build: &ExplainedBuild) -> impl Serialize {
    let logged = &build.logged;
    let (cacheable_steps, cached_steps) = build.cached();
    let causes = &build.explanation.causes;
    let stages = list(&build.explanation.stages, |stage| {
        object! {
            target: stage.target.as_deref(),
            platform: stage.platform.as_deref(),
            stage: stage.stage.as_deref(),
            steps: &stage.steps,
            first_miss: stage.steps.iter().copied().find(|at| causes.contains_key(at)),
        }
    });
    let path = &build.explanation.critical_path;
    object! {
        form: logged.form.name(),
        name: logged.name.as_deref(),
        dockerfile: logged.dockerfile.as_deref(),
        started: logged.started.map(|time| time.to_string()),
        ended: logged.ended.map(|time| time.to_string()),
        seconds: logged.seconds,
        totals: logged.totals.map(|totals| {
            object! { steps: totals.total, completed: totals.completed, cached: totals.cached }
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
        error: logged.error.as_ref().map(|error| object! {
            message: &error.message,
            file: error.place.as_ref().map(|(file, _)| file.as_str()),
            line: error.place.as_ref().map(|(_, line)| *line),
        }),
        steps: list(logged.steps.iter().enumerate(), |(at, logged)| step(build, at, logged)),
        stages,
        critical_path: object! { steps: &path.steps, seconds: path.seconds, is_exact: path.is_exact },
    }
}

fn step<'a>(build: &'a ExplainedBuild, at: usize, step: &'a LogStep) -> impl Serialize {
    let label = &step.label;
    let place = build.places.get(at).and_then(Option::as_ref);
    object! {
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
        begins_after: build.start(at),
        inputs: step.inputs.as_deref(),
        file: place.map(|(file, _)| file.as_str()),
        line: place.map(|(_, line)| *line),
        first_miss: build.explanation.causes.get(&at).copied(),
        reason: build.reason(at),
        transfers: list(&step.transfers, |transfer| {
            object! { id: &transfer.id, bytes: transfer.bytes, total: transfer.total, seconds: transfer.seconds }
        }),
        output_bytes: step.output.bytes,
        output_lines: step.output.lines,
        output_is_clipped: step.output.is_clipped,
        pauses: list(&step.output.pauses, |pause| object! { seconds: pause.seconds, after: &pause.after }),
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
