//! `deploy report` as JSON.

use serde::Serialize;

use crate::release::{
    DeploymentOutcome, DeploymentRecord, DeploymentReport, HandedService, PhaseTime, RecordLimits, ThresholdCheck,
    WatchedShare,
};
use crate::report::json;
use crate::wire::{Head, list, object};

/// The result as JSON, as `schemas/deploy-report.schema.json` describes it. `file`: the record as it was named.
pub fn deploy_report_json(report: &DeploymentReport, file: &str) -> String {
    let trend = &report.trend;
    let (failed, brought) = trend.failures();
    let (recovery_seconds, recoveries) = trend.recovery_seconds().unzip();
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.deploy-report/1", "."),
        record: file,
        last: run(&report.last, report.outcome()),
        phases: list(&report.phases, phase),
        thresholds: list(&report.checks, threshold),
        trend: object! {
            runs: list(&trend.runs, |(record, outcome)| run(record, *outcome)),
            span_seconds: trend.span,
            per_week: trend.per_week,
            brought: brought,
            failed: failed,
            taken_back: trend.count(DeploymentOutcome::TakenBack),
            idle: trend.count(DeploymentOutcome::Idle),
            recovery_seconds: recovery_seconds,
            recoveries: recoveries.unwrap_or_default(),
            open: list(trend.recoveries.iter().filter(|recovery| recovery.good.is_none()), |recovery| {
                let record = &trend.runs[recovery.failure].0;
                object! { service: &record.service, time: &record.time }
            }),
        },
        services: list(&report.services, |handed| service(handed, file)),
        questions: list(&report.questions, |open| object! { question: &open.text, answer: &open.answer }),
        problems: list(&report.problems, |(line, what)| object! { line: line, what: what }),
    })
}

fn run(record: &DeploymentRecord, outcome: DeploymentOutcome) -> impl Serialize + '_ {
    object! {
        line: record.line,
        time: &record.time,
        service: &record.service,
        command: record.command.as_deref(),
        strategy: record.strategy.as_deref(),
        from: &record.from,
        to: &record.to,
        from_id: record.from_id.as_deref(),
        to_id: record.to_id.as_deref(),
        image: record.image.as_deref(),
        containers: &record.containers,
        old_containers: record.old_containers.as_deref(),
        seconds: record.seconds,
        steps: list(&record.steps, |(phase, seconds)| object! { phase: phase.name(), seconds: seconds }),
        watched: list(&record.watched, share),
        limits: record.limits.map(limits),
        probe: record.probe.as_deref(),
        exit_code: record.exit,
        result: &record.result,
        outcome: outcome.name(),
    }
}

fn share(share: &WatchedShare) -> impl Serialize + use<> {
    object! {
        percent: share.percent,
        requests: share.requests,
        errors: share.errors,
        milliseconds: share.milliseconds,
    }
}

fn limits(limits: RecordLimits) -> impl Serialize {
    object! { watch_seconds: limits.watch, error_percent: limits.errors, milliseconds: limits.milliseconds }
}

fn phase(time: &PhaseTime) -> impl Serialize + use<> {
    let (median, of) = time.earlier.unzip();
    let verdict = time.verdict().map(crate::release::PlanVerdict::name);
    object! {
        phase: if let [phase] = time.phases[..] { Some(phase.name()) } else { None },
        phases: list(&time.phases, |phase| phase.name()),
        seconds: time.seconds,
        earlier_median: median,
        earlier: of.unwrap_or_default(),
        plan: time.bounds.map(|bounds| object! { at_least: bounds.least, at_most: bounds.most }),
        verdict: verdict,
        is_cut: time.is_cut,
    }
}

fn threshold(check: &ThresholdCheck) -> impl Serialize + use<> {
    object! {
        #[serde(flatten)]
        share: share(&check.share),
        limits: limits(check.limits),
        share_of_errors: check.error_percent(),
        has_too_many_errors: check.has_too_many_errors(),
        is_too_slow: check.is_too_slow(),
    }
}

fn service<'s>(service: &'s HandedService, file: &str) -> impl Serialize + use<'s> {
    let facts = &service.facts;
    let project = service.is_known.then(|| {
        object! {
            group: &facts.group,
            addresses: &facts.addresses,
            ports: &facts.ports,
            containers: facts.count,
            check: facts.check.as_ref().and_then(|check| check.command.as_deref()),
            check_path: facts.check_path.as_deref(),
            check_timing: facts.check.as_ref().map(|timing| object! {
                interval_seconds: timing.interval,
                timeout_seconds: timing.timeout,
                retries: timing.retries,
                start_period_seconds: timing.start_period,
            }),
            start_seconds: facts.start_limit,
            drain_seconds: facts.drain_limit,
        }
    });
    let (image, since) = service.image.as_ref().map(|(image, since)| (image, since)).unzip();
    object! {
        service: &facts.name,
        project: project,
        image: image,
        since: since,
        rollback_image: service.rollback_image.as_deref(),
        rollback_command: service.rollback_command(file),
        usual: service.baseline.as_ref().map(|base| object! {
            #[serde(flatten)]
            share: share(&base.share),
            watched_seconds: base.seconds,
            time: &base.time,
        }),
        limits: service.limits.map(limits),
    }
}
