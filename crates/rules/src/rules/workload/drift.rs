//! Whether the probes of a container ask what its healthcheck asks, and what its program answers.

use std::collections::BTreeSet;

use crate::build::Build;
use crate::endpoint::is_health_path;
use crate::finding::{Finding, Findings};
use crate::inputs::WorkloadInput;
use crate::rules::workload_context::{RunProgram, WorkloadContext};
use crate::rules::workload_index::ProgramCheck;
use crate::shell::from_exec;
use crate::stack::{CheckRequest, check_request};
use crate::text::{Span, joined};
use crate::workload::{Container, HttpProbe, Probe, ProbeAction, Setting, TargetGroup, TargetLink};

crate::rules::family! {
    of_workload
    "probe-differs-from-healthcheck" => probe_differs_from_healthcheck;
    "probe-path-unknown" => probe_path_unknown;
    "probe-port-not-exposed" => probe_port_not_exposed;
}

/// What a platform asks a container for, as far as it is known.
struct Question<'a> {
    /// Who asks: `readinessProbe`.
    asker: &'static str,
    path: Option<(&'a str, Span)>,
    port: Option<(i64, Span)>,
    /// The file that says so.
    file: &'a WorkloadInput,
}

impl<'a> Question<'a> {
    fn of_probe(cx: &WorkloadContext<'a>, asker: &'static str, http: &'a HttpProbe) -> Self {
        let path = http.path.value().map(String::as_str).zip(http.path.span());
        Self { asker, path, port: http.port.value().copied().zip(http.port.span()), file: cx.input }
    }
}

fn bare(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

/// The platform and the engine ask one program for different things.
fn probe_differs_from_healthcheck(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Some(program) = cx.program(workload, container) else { continue };
        let checks: Vec<(ProgramCheck, CheckRequest)> =
            program.checks().into_iter().filter_map(|check| Some((check.clone(), check.request?))).collect();
        if checks.is_empty() {
            continue;
        }
        let mut questions = Vec::new();
        if let Some((key, probe)) = gate(container) {
            if let ProbeAction::Http(http) = &probe.action {
                questions.push(Question::of_probe(cx, key, http));
            }
            out_of_exec(cx, (key, probe), (&program, container, &checks), out);
        }
        for (_, link, group) in cx.links(workload, container) {
            questions.extend(group.and_then(|group| question_of_group(cx, link, group)));
        }
        for question in questions {
            if let Some(finding) = difference(cx, &question, &program, container, &checks) {
                out.push(finding);
            }
        }
        out_of_task(cx, (&program, container, &checks), out);
    }
}

/// The probe that decides whether a container gets requests, or else the only one that it has.
fn gate(container: &Container) -> Option<(&'static str, &Probe)> {
    let all: Vec<_> = container.probes().collect();
    let of_key = |key: &str| all.iter().find(|(known, ..)| *known == key).map(|(key, probe, _)| (*key, *probe));
    of_key("readinessProbe").or_else(|| of_key("startupProbe")).or_else(|| of_key("livenessProbe"))
}

fn question_of_group<'a>(
    cx: &WorkloadContext<'a>,
    link: &'a TargetLink,
    group: &'a TargetGroup,
) -> Option<Question<'a>> {
    let is_http = match &group.protocol {
        Setting::Known(protocol, _) => protocol.to_ascii_uppercase().starts_with("HTTP"),
        Setting::Absent => true,
        Setting::Unknown => false,
    };
    let (file, span) = cx.place_of_group(group)?;
    let path = match &group.path {
        // What a load balancer asks for where nothing is written (AWS docs: target group health checks).
        Setting::Absent => Some(("/", span)),
        path => path.value().map(String::as_str).zip(path.span()),
    };
    let port = match &group.check_port {
        Setting::Known(port, span) if port != "traffic-port" => Some((port.parse().ok()?, *span)),
        Setting::Unknown => None,
        _ if std::ptr::eq(file, cx.input) => link.port.value().copied().zip(link.port.span()),
        _ => None,
    };
    is_http.then_some(Question { asker: "health check of the target group", path, port, file })
}

/// What a question and all checks of a program differ in.
fn difference(
    cx: &WorkloadContext,
    question: &Question,
    program: &RunProgram,
    container: &Container,
    checks: &[(ProgramCheck, CheckRequest)],
) -> Option<Finding> {
    let is_same_path = |request: &CheckRequest| question.path.is_none_or(|(path, _)| bare(path) == bare(&request.path));
    let is_same_port = |request: &CheckRequest| question.port.is_none_or(|(port, _)| port == i64::from(request.port));
    if checks.iter().any(|(_, request)| is_same_path(request) && is_same_port(request)) {
        return None;
    }
    let (check, request) = &checks[0];
    let (what, place) = (program.name(), &check.place);
    let asker = question.asker;
    if let Some((path, span)) = question.path
        && !is_same_path(request)
    {
        let sources = program.sources();
        let is_unnamed = sources.is_some_and(|sources| sources.unnamed.contains(path));
        // Another path of the kind may be there on purpose.
        if is_health_path(bare(path)) && !is_unnamed {
            return None;
        }
        let message = format!(
            "the {asker} of `{}` asks for `{path}`, the healthcheck of `{what}` ({place}) for `{}`",
            container.name, request.path
        );
        let mut finding = cx.finding_in(question.file, span, message);
        if is_unnamed {
            finding.notes.push(format!("no source of `{what}` names `{path}`"));
        }
        return Some(
            finding.help(format!("ask for `{}` in both, or for what says that the program is ready", request.path)),
        );
    }
    let (port, span) = question.port?;
    // It may listen elsewhere there.
    if is_same_port(request) || container.may_get_number(port) {
        return None;
    }
    let message = format!(
        "the {asker} of `{}` asks port {port}, the healthcheck of `{what}` ({place}) port {}",
        container.name, request.port
    );
    Some(
        cx.finding_in(question.file, span, message)
            .help(format!("write port {}, or tell the program its port", request.port)),
    )
}

/// Reports an exec probe whose request differs.
fn out_of_exec(
    cx: &WorkloadContext,
    (key, probe): (&'static str, &Probe),
    (program, container, checks): (&RunProgram, &Container, &[(ProgramCheck, CheckRequest)]),
    out: &mut Findings,
) {
    let ProbeAction::Exec(Setting::Known(words, span)) = &probe.action else { return };
    let Some(request) = exec_request(words) else { return };
    let path = Some((request.path.as_str(), *span));
    let question = Question { asker: key, path, port: Some((i64::from(request.port), *span)), file: cx.input };
    if let Some(finding) = difference(cx, &question, program, container, checks) {
        out.push(finding);
    }
}

fn exec_request(words: &[String]) -> Option<CheckRequest> {
    let argv: Vec<(&str, Span)> = words.iter().map(|word| (word.as_str(), Span::at(0))).collect();
    check_request(&from_exec(&argv), true)
}

/// Reports a check of ECS whose request differs.
fn out_of_task(
    cx: &WorkloadContext,
    (program, container, checks): (&RunProgram, &Container, &[(ProgramCheck, CheckRequest)]),
    out: &mut Findings,
) {
    let Some(check) = container.check.value() else { return };
    let Setting::Known(words, span) = &check.words else { return };
    let script = match &words[..] {
        [form, line] if form == "CMD-SHELL" => check_request(&crate::shell::parse(line), false),
        [form, words @ ..] if form == "CMD" => exec_request(words),
        _ => None,
    };
    let Some(request) = script else { return };
    let path = Some((request.path.as_str(), *span));
    let question =
        Question { asker: "healthCheck", path, port: Some((i64::from(request.port), *span)), file: cx.input };
    if let Some(finding) = difference(cx, &question, program, container, checks) {
        out.push(finding);
    }
}

/// A probe asks for a path that the program does not have.
fn probe_path_unknown(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        let Some(program) = cx.program(workload, container) else { continue };
        let Some(sources) = program.sources() else { continue };
        let compared = gate(container).map(|(key, _)| key);
        let has_request = program.checks().iter().any(|check| check.request.is_some());
        let mut seen = BTreeSet::new();
        for (key, probe, _) in container.probes() {
            let ProbeAction::Http(http) = &probe.action else { continue };
            let Some((path, span)) = http.path.value().zip(http.path.span()) else { continue };
            // What differs from the healthcheck is said there.
            let is_said = has_request
                && compared == Some(key)
                && !program
                    .checks()
                    .iter()
                    .any(|check| check.request.as_ref().is_some_and(|request| bare(&request.path) == bare(path)));
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
            program.checks().iter().filter_map(|check| Some(i64::from(check.request.as_ref()?.port))).collect();
        // A port that the manifest names besides is that of the program: EXPOSE may be out of date.
        let is_written = |port: i64| container.ports.iter().any(|written| written.number.value() == Some(&port));
        let is_known = |port: i64| {
            exposed.contains(&port) || checked.contains(&port) || container.may_get_number(port) || is_written(port)
        };
        let mut ports: Vec<(String, i64, Span)> = Vec::new();
        if checked.is_empty() {
            ports.extend(container.probes().filter_map(|(key, probe, _)| probe_port(key, probe)));
        }
        for (_, link, _) in cx.links(workload, container) {
            if let Setting::Known(port, span) = link.port
                && holds_link(cx, link)
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

/// Whether the service that a link belongs to is in this file.
fn holds_link(cx: &WorkloadContext, link: &TargetLink) -> bool {
    cx.content().task_services.iter().flat_map(|service| &service.links).any(|known| std::ptr::eq(known, link))
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
