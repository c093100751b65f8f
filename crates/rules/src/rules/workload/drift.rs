//! Whether the probes of a container ask what its healthcheck asks, and what its program answers.

use std::collections::BTreeSet;

use super::asked::{AskedThing, CheckedContainer, bare, file_of};
use crate::build::Build;
use crate::finding::Findings;
use crate::rules::workload_context::{RunProgram, WorkloadContext};
use crate::rules::workload_index::ProgramCheck;
use crate::stack::CheckRequest;
use crate::text::{Span, joined};
use crate::workload::{Container, Probe, ProbeAction, Setting};

crate::rules::family! {
    of_workload
    "probe-differs-from-healthcheck" => probe_differs_from_healthcheck;
    "probe-path-unknown" => probe_path_unknown;
    "probe-port-not-exposed" => probe_port_not_exposed;
}

/// The platform and the engine ask one program for different things.
fn probe_differs_from_healthcheck(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Some(program) = cx.program(workload, container) else { continue };
        let checks: Vec<(ProgramCheck, CheckRequest)> = program
            .checks()
            .into_iter()
            .filter_map(|check| Some((check.clone(), check.request.filter(CheckRequest::can_fail)?)))
            .collect();
        if checks.is_empty() {
            continue;
        }
        let checked = CheckedContainer { container, program: &program, checks };
        let of_probe = gate(container).and_then(|(key, probe, span)| AskedThing::of_probe(cx, key, probe, span));
        let mut things: Vec<AskedThing> = of_probe.into_iter().collect();
        let links = cx.links(workload, container);
        let mut groups: Vec<AskedThing> =
            links.into_iter().filter_map(|(_, link, group)| AskedThing::of_group(cx, link, group)).collect();
        // Of several target groups each may lead to a port of its own.
        if groups.iter().any(|group| !group.has_other_port(&checked)) {
            groups.retain(|group| !group.has_other_port(&checked));
        }
        things.extend(groups);
        things.extend(container.check.value().and_then(|check| AskedThing::of_task(cx, check)));
        for finding in things.iter().filter_map(|thing| thing.finding(cx, &checked)) {
            out.push(finding);
        }
    }
}

/// The probe that decides whether a container gets requests, or else the only one that it has.
fn gate(container: &Container) -> Option<(&'static str, &Probe, Span)> {
    let all: Vec<_> = container.probes().collect();
    let of_key = |key: &str| all.iter().find(|(known, ..)| *known == key).copied();
    of_key("readinessProbe").or_else(|| of_key("startupProbe")).or_else(|| of_key("livenessProbe"))
}

/// A probe asks for a path that the program does not have.
fn probe_path_unknown(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Some(program) = cx.program(workload, container) else { continue };
        let Some(sources) = program.sources() else { continue };
        let compared = gate(container).map(|(key, ..)| key);
        let checks = program.checks();
        let paths: Vec<&str> = checks.iter().filter_map(|check| check.request.as_ref()?.path()).collect();
        let mut seen = BTreeSet::new();
        for (key, probe, _) in container.probes() {
            let ProbeAction::Http(http) = &probe.action else { continue };
            let Some((path, span)) = http.path.value().zip(http.path.span()) else { continue };
            // What differs from the healthcheck is said there.
            let is_said =
                !paths.is_empty() && compared == Some(key) && !paths.iter().any(|known| bare(known) == bare(path));
            if !sources.unnamed.contains(path) || is_said || !seen.insert(path) {
                continue;
            }
            let message = format!(
                "the {key} of `{}` asks for `{path}`, which no source of `{}` names",
                container.name,
                program.name()
            );
            out.push(cx.finding(span, message).help("ask for a path that the program answers, or add one"));
        }
    }
}

/// A platform asks a port that the image does not expose and nothing tells the program.
fn probe_port_not_exposed(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Some(program) = cx.program(workload, container) else { continue };
        let Some(exposed) = exposed_ports(&program) else { continue };
        let checked: Vec<i64> =
            program.checks().iter().filter_map(|check| Some(i64::from(check.request.as_ref()?.port()?))).collect();
        // A port that the manifest names besides is that of the program: EXPOSE may be out of date.
        let is_written = |port: i64| container.ports.iter().any(|written| written.number.value() == Some(&port));
        let is_known = |port: i64| {
            exposed.contains(&port) || checked.contains(&port) || container.may_get_number(port) || is_written(port)
        };
        let mut ports: Vec<(String, i64, Span)> = Vec::new();
        // That one is compared with the healthcheck.
        let compared = if checked.is_empty() { None } else { gate(container).map(|(key, ..)| key) };
        let others = container.probes().filter(|(key, ..)| compared != Some(*key));
        ports.extend(others.filter_map(|(key, probe, _)| probe_port(key, probe)));
        for (_, link, _) in cx.links(workload, container) {
            if let Setting::Known(port, span) = link.port
                && file_of(cx, link).is_some_and(|file| std::ptr::eq(file, cx.input))
            {
                ports.push(("service of ECS".to_owned(), port, span));
            }
        }
        let Some((asker, port, span)) = ports.into_iter().find(|(_, port, _)| !is_known(*port)) else { continue };
        let names = joined(&exposed.iter().map(i64::to_string).collect::<Vec<_>>());
        let message = format!("the {asker} of `{}` asks port {port}, and its image exposes {names}", container.name);
        out.push(
            cx.finding(span, message).help("write the port that the program listens on, or expose that of the probe"),
        );
    }
}

fn probe_port(key: &str, probe: &Probe) -> Option<(String, i64, Span)> {
    let port = match &probe.action {
        ProbeAction::Http(http) => &http.port,
        ProbeAction::Tcp(port) | ProbeAction::Grpc(port) => port,
        ProbeAction::Exec(_) | ProbeAction::Unknown => return None,
    };
    Some((key.to_owned(), *port.value()?, port.span()?))
}

/// The ports that the image of a program exposes; `None` where it exposes none, or one is not known.
fn exposed_ports(program: &RunProgram) -> Option<Vec<i64>> {
    let build = Build::new(program.image()?);
    let ports = build.all_exposed_ports(build.target()?)?;
    let all: Vec<i64> = ports.iter().flat_map(|known| known.ports.clone()).map(i64::from).collect();
    (!all.is_empty()).then_some(all)
}
