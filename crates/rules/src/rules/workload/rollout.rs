//! Rules about what is lost while new pods replace old ones.

use crate::build::Build;
use crate::finding::Findings;
use crate::manifest::FileKind;
use crate::rules::workload_context::{RunProgram, WorkloadContext};
use crate::shell::program::{Kind, Program};
use crate::text::path;
use crate::workload::{Container, Platform, Setting, Workload, WorkloadRole};

crate::rules::family! {
    of_workload
    "drain-missing" => drain_missing;
    "grace-shorter-than-drain" => grace_shorter_than_drain;
    "rolls-with-less-capacity" => rolls_with_less_capacity;
    "rolls-with-outage" => rolls_with_outage;
}

/// Seconds from the signal to stop until a container is killed (Kubernetes docs: pod lifecycle).
const GRACE: i64 = 30;

/// The signal to stop and the news that a pod is gone travel at the same time.
fn drain_missing(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let is_kept = !container.pre_stop.is_absent() || workload.kind != "Deployment" || container.ports.is_empty();
        // Where all pods stop before new ones start, requests are lost whatever one of them does.
        let is_gap = workload.rollout.strategy.value().is_some_and(|strategy| strategy == "Recreate");
        if is_gap || !cx.is_rolled_out(workload) {
            continue;
        }
        let Some(program) = cx.program(workload, container) else { continue };
        if is_kept || !ends_at_signal(container, &program) {
            continue;
        }
        let Some(service) = cx.service(workload) else { continue };
        let message = format!(
            "`{}` is told to stop while the Service `{}` still sends it requests: it has no `preStop`",
            container.name, service.name
        );
        let help = "write `lifecycle: {preStop: {sleep: {seconds: 5}}}` (Kubernetes 1.30 and later), or let the program answer on for \
                    some seconds after the signal";
        out.push(cx.finding(container.span, message).help(help));
    }
}

/// Whether the program of a container ends at the signal to stop, as far as its first word tells: a shell in front of it keeps the
/// signal for itself, and an interpreter without a handler ignores it as process 1 (signal(7), kill(2)).
fn ends_at_signal(container: &Container, program: &RunProgram) -> bool {
    let ends = |words: &[String]| {
        let Some((first, rest)) = words.split_first() else { return false };
        let name = Program::of(path::name(first));
        let is_script = name.is(Kind::Interpreter) && rest.first().is_none_or(|word| !word.starts_with("-m"));
        !name.is_shell() && !is_script && !FileKind::of(path::name(first)).is_shell()
    };
    match &container.command {
        Setting::Known(words, _) if !words.is_empty() => return ends(words),
        Setting::Absent => {}
        _ => return false,
    }
    let Some(image) = program.image() else { return false };
    let build = Build::new(image);
    let Some(stage) = build.target() else { return false };
    // That of the base image is a server that ends.
    let Some(launch) = build.launch(stage) else { return true };
    let words = launch.script().commands.first().map(|command| &command.words);
    let words = words.map(|words| words.iter().map(|word| word.text().to_owned()).collect::<Vec<_>>());
    launch.is_exec() && words.is_some_and(|words| ends(&words))
}

/// Seconds that the kubelet leaves a container to stop, whatever is written (kubernetes, `kuberuntime_container.go`:
/// `minimumGracePeriodInSeconds`).
const LEAST_GRACE: i64 = 2;

/// What `preStop` waits for is taken from the time to stop.
fn grace_shorter_than_drain(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Setting::Known(pre_stop, span) = &container.pre_stop else { continue };
        let (Some(seconds), Some(grace)) = (pre_stop.seconds, workload.grace_seconds.value_or(GRACE)) else { continue };
        if seconds < grace || !cx.is_rolled_out(workload) {
            continue;
        }
        let message = format!(
            "`preStop` of `{}` waits {seconds} s, and the container has {grace} s for all: its program has {LEAST_GRACE} s to stop",
            container.name
        );
        let place = workload.grace_seconds.span().unwrap_or(*span);
        let help = format!("write `terminationGracePeriodSeconds: {}`", seconds.saturating_add(GRACE));
        out.push(cx.finding(place, message).help(help));
    }
}

/// For a while nobody answers.
fn rolls_with_outage(cx: &WorkloadContext, out: &mut Findings) {
    if !cx.is_used() {
        return;
    }
    for workload in &cx.content().workloads {
        match workload.platform {
            Platform::Kubernetes => deployment_outage(cx, workload, out),
            Platform::Ecs => {}
        }
    }
    for service in &cx.content().task_services {
        let Setting::Known(0, span) = service.minimum_percent else { continue };
        if service.replicas.value() == Some(&0) || service.links.is_empty() {
            continue;
        }
        let message = format!(
            "the service `{}` may stop all of its tasks before new ones run: for a while nobody answers",
            service.name
        );
        out.push(cx.finding(span, message).help("keep at least 100 %: ECS then starts new tasks first"));
    }
}

fn deployment_outage(cx: &WorkloadContext, workload: &Workload, out: &mut Findings) {
    if workload.kind != "Deployment" || workload.role != WorkloadRole::Server || workload.replicas.value() == Some(&0) {
        return;
    }
    let Some(service) = cx.service(workload) else { return };
    let name = workload.name.as_deref().unwrap_or(&service.name);
    if let Setting::Known(strategy, span) = &workload.rollout.strategy
        && strategy == "Recreate"
    {
        // Nobody calls a database a service with an outage: its folder takes one program at a time.
        let is_own = workload.containers.iter().any(|container| cx.program(workload, container).is_some());
        if is_own {
            let message = format!(
                "`{name}` stops all of its pods before new ones start: the Service `{}` answers nobody meanwhile",
                service.name
            );
            let help = "write `type: RollingUpdate` with `maxUnavailable: 0`; a volume that only one node may mount needs another place first";
            out.push(cx.finding(*span, message).help(help));
        }
        return;
    }
    let Setting::Known(unavailable, span) = &workload.rollout.max_unavailable else { return };
    if cx.is_scaled(workload) {
        return;
    }
    let Some(replicas) = workload.replicas.value_or(1) else { return };
    let Some(count) = unavailable_pods(unavailable, replicas).filter(|count| *count >= replicas) else { return };
    let message = format!(
        "`{name}` has {replicas} {}, and a rollout may take away {count}: the Service `{}` answers nobody meanwhile",
        if replicas == 1 { "pod" } else { "pods" },
        service.name
    );
    out.push(cx.finding(*span, message).help("write `maxUnavailable: 0` and `maxSurge: 1`"));
}

/// Pods that go before new ones are ready, and do their part of the work no more.
fn rolls_with_less_capacity(cx: &WorkloadContext, out: &mut Findings) {
    for workload in cx.content().workloads.iter().filter(|workload| workload.kind == "Deployment") {
        let rollout = &workload.rollout;
        let Setting::Known(unavailable, span) = &rollout.max_unavailable else { continue };
        let Some(replicas) = workload.replicas.value().copied().filter(|count| *count > 1) else { continue };
        let count = unavailable_pods(unavailable, replicas).unwrap_or(0);
        let is_rolling = rollout.strategy.value().is_none_or(|strategy| strategy == "RollingUpdate");
        // A quarter is what a cluster allows where nothing is written (Kubernetes docs: Deployments).
        let is_large = count.saturating_mul(4) > replicas && count < replicas;
        if !is_large || !is_rolling || cx.is_scaled(workload) || !cx.is_rolled_out(workload) {
            continue;
        }
        let message = format!(
            "{count} of the {replicas} pods of `{}` may be away during each rollout: the others take their requests",
            workload.name.as_deref().unwrap_or_default()
        );
        let help = "write `maxUnavailable: 0` and `maxSurge: 1`: new pods are then ready before old ones go";
        out.push(cx.finding(*span, message).help(help));
    }
}

/// How many pods may be away; a share is rounded down.
fn unavailable_pods(text: &str, replicas: i64) -> Option<i64> {
    match text.strip_suffix('%') {
        Some(share) => Some(share.parse::<i64>().ok()?.checked_mul(replicas)? / 100),
        None => text.parse().ok(),
    }
}
