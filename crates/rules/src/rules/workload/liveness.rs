//! Rules about what starts a container again, and what holds requests off.

use crate::data;
use crate::finding::Findings;
use crate::rules::workload_context::WorkloadContext;
use crate::shell::{Word, from_exec};
use crate::text::{Span, path};
use crate::workload::{Container, Platform, Probe, ProbeAction, Setting, TIMEOUT, WorkloadRole};

crate::rules::family! {
    of_workload
    "cron-job-overlaps" => cron_job_overlaps;
    "liveness-equals-readiness" => liveness_equals_readiness;
    "liveness-touches-dependency" => liveness_touches_dependency;
    "startup-budget-too-short" => startup_budget_too_short;
    "readiness-missing-behind-service" => readiness_missing_behind_service;
}

/// A container that is only not ready is killed.
fn liveness_equals_readiness(cx: &WorkloadContext, out: &mut Findings) {
    for (_, container) in cx.containers() {
        let (Setting::Known(liveness, span), Some(readiness)) = (&container.liveness, container.readiness.value())
        else {
            continue;
        };
        let patience = |probe: &Probe| probe.patience().zip(probe.timeout.value_or(TIMEOUT));
        let is_patient = patience(liveness)
            .zip(patience(readiness))
            .is_none_or(|(live, ready)| live.0 > ready.0 || live.1 > ready.1);
        let readiness_path = named_readiness(&liveness.action);
        if !is_same(&liveness.action, &readiness.action) || is_patient && readiness_path.is_none() {
            continue;
        }
        let message = match readiness_path {
            Some(path) if is_patient => format!(
                "the livenessProbe of `{}` asks `{path}`, as its readinessProbe does: while what it waits for is away, all containers are killed",
                container.name
            ),
            _ => format!(
                "the livenessProbe of `{}` is its readinessProbe: a container that is only not ready is killed",
                container.name
            ),
        };
        let help = "remove the livenessProbe, or ask for something that depends on nothing else, with three times the patience";
        out.push(cx.finding(*span, message).help(help));
    }
}

/// The path of a probe whose last name says that it tells whether a program is ready, and not whether it is alive.
fn named_readiness(action: &ProbeAction) -> Option<&str> {
    let ProbeAction::Http(request) = action else { return None };
    let path = request.path.value()?;
    let name = path::name(path).to_ascii_lowercase();
    (name.starts_with("ready") || name.starts_with("readiness")).then_some(path.as_str())
}

/// Whether two probes certainly do the same.
fn is_same(first: &ProbeAction, other: &ProbeAction) -> bool {
    match (first, other) {
        (ProbeAction::Http(a), ProbeAction::Http(b)) => {
            a.path.value().is_some() && a.path.value() == b.path.value() && a.port.value() == b.port.value()
        }
        (ProbeAction::Exec(a), ProbeAction::Exec(b)) => a.value().is_some() && a.value() == b.value(),
        // That a port is open depends on nothing else.
        _ => false,
    }
}

/// A container is killed because another one is away.
fn liveness_touches_dependency(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Setting::Known(liveness, span) = &container.liveness else { continue };
        let help = "remove the livenessProbe, or ask for something that touches nothing outside of the program; let the readinessProbe ask";
        if let Some(host) = asked_host(container, liveness) {
            let message = format!(
                "the livenessProbe of `{}` asks `{host}`: while that is away, this container is killed again and again",
                container.name
            );
            out.push(cx.finding(*span, message).help(help));
            continue;
        }
        let ProbeAction::Http(http) = &liveness.action else { continue };
        let Some(path) = http.path.value() else { continue };
        let Some(program) = cx.program(workload, container) else { continue };
        if program.sources().is_some_and(|sources| sources.with_others.contains(path)) {
            let message = format!(
                "the livenessProbe of `{}` asks for `{path}`, whose handler asks a database: while that is away, the container is \
                 killed again and again",
                container.name
            );
            out.push(cx.finding(http.path.span().unwrap_or(*span), message).help(help));
        }
    }
}

/// Another host that a probe asks with a client (`data/check_clients.tsv`).
fn asked_host(container: &Container, probe: &Probe) -> Option<String> {
    let ProbeAction::Exec(Setting::Known(words, _)) = &probe.action else { return None };
    let argv: Vec<(&str, Span)> = words.iter().map(|word| (word.as_str(), Span::at(0))).collect();
    let script = from_exec(&argv);
    script.invocations().into_iter().find_map(|invocation| {
        let row = data::CHECK_CLIENTS.row(invocation.program?)?;
        let options: Vec<&str> = data::words(row[3]).filter(|word| word.starts_with('-')).collect();
        let mut words = invocation.args.iter().map(Word::text);
        let host = loop {
            let word = words.next()?;
            if options.contains(&word) {
                break words.next()?;
            }
            if let Some(host) = options.iter().find_map(|option| word.strip_prefix(option)?.strip_prefix('=')) {
                break host;
            }
        };
        let is_plain = host.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let is_itself = ["localhost", "127.0.0.1", "0.0.0.0"].contains(&host) || host == container.name;
        (is_plain && !host.is_empty() && !is_itself && !host.starts_with('-')).then(|| host.to_owned())
    })
}

/// A container is killed before it may be ready.
fn startup_budget_too_short(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let (key, probe, span) = match (&container.startup, &container.liveness) {
            (Setting::Known(probe, span), _) => ("startupProbe", probe, *span),
            (Setting::Absent, Setting::Known(probe, span)) => ("livenessProbe", probe, *span),
            _ => continue,
        };
        let Some(budget) = probe.budget() else { continue };
        let Some(program) = cx.program(workload, container) else { continue };
        let checks = program.checks();
        let Some(shortest) = checks.iter().min_by(|a, b| a.start_period.total_cmp(&b.start_period)) else { continue };
        #[allow(clippy::cast_possible_truncation, reason = "seconds that people write")]
        let start = shortest.start_period as i64;
        if start <= budget {
            continue;
        }
        let message = format!(
            "the {key} of `{}` gives up after {budget} s, and the healthcheck of `{}` ({}) lets its start take {start} s",
            container.name,
            program.name(),
            shortest.place
        );
        let failures = start.unsigned_abs().div_ceil(5);
        let help = format!("write a `startupProbe` with `periodSeconds: 5` and `failureThreshold: {failures}`");
        out.push(cx.finding(span, message).help(help));
    }
}

/// Runs of a `CronJob` that begin while one of before still works, as many as there are.
fn cron_job_overlaps(cx: &WorkloadContext, out: &mut Findings) {
    for workload in cx.content().workloads.iter().filter(|workload| workload.kind == "CronJob") {
        let details = &workload.details;
        let may_overlap = match &details.concurrency {
            Setting::Absent => true,
            policy => policy.value().is_some_and(|policy| policy == "Allow"),
        };
        if !may_overlap || !details.deadline.is_absent() || !cx.is_used() {
            continue;
        }
        let message = format!(
            "a run of `{}` that hangs is never ended, and the next ones start next to it: they do the same work at once",
            workload.name.as_deref().unwrap_or_default()
        );
        let help = "write `concurrencyPolicy: Forbid`, and `activeDeadlineSeconds` in the spec of the `jobTemplate`";
        out.push(cx.finding(workload.span, message).help(help));
        return;
    }
}

/// A new pod gets requests before it can answer.
fn readiness_missing_behind_service(cx: &WorkloadContext, out: &mut Findings) {
    for workload in &cx.content().workloads {
        let is_open = |container: &Container| container.readiness.is_absent();
        let is_meant = workload.platform == Platform::Kubernetes && workload.role == WorkloadRole::Server;
        if !is_meant || !cx.is_rolled_out(workload) || !workload.containers.iter().all(is_open) {
            continue;
        }
        let Some(service) = cx.service(workload) else { continue };
        // Of several containers the one whose port is written.
        let mut served = workload.containers.iter().filter(|container| !container.ports.is_empty());
        let (([container], ..) | (_, Some(container), None)) =
            (workload.containers.as_slice(), served.next(), served.next())
        else {
            continue;
        };
        let message = format!(
            "`{}` has no readinessProbe: the Service `{}` sends it requests as soon as it is started",
            container.name, service.name
        );
        out.push(
            cx.finding(container.span, message).help("write a `readinessProbe` that asks what the healthcheck asks"),
        );
    }
}
