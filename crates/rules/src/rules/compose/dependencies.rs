//! Rules about what services wait for.

use std::collections::BTreeMap;

use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::manifest::FileKind;
use crate::rules::compose::undeclared::{awaited, check_asks, condition};
use crate::rules::shared::compose_readiness::{asks_late, names_in_settings, with_known_check};
use crate::rules::{ComposeContext, KeyChange};
use crate::shell::{Word, from_exec, program::Kind, program::Program};
use crate::stack::{
    COMPLETED, CheckTiming, Dependency, HEALTHY, STARTED, ServiceCheck, ServiceProgram, StackService, awaited_hosts,
};
use crate::text::{Span, listed, path};
use crate::yaml::NewValue;

crate::rules::family! {
    of_compose
    "compose-dependency-not-awaited" => compose_dependency_not_awaited;
    "compose-dependency-unchecked" => compose_dependency_unchecked;
    "compose-awaited-check-missing" => compose_awaited_check_missing;
    "compose-gate-slow" => compose_gate_slow;
    "compose-migration-repeated" => compose_migration_repeated;
    "compose-one-shot-restarts" => compose_one_shot_restarts;
}

const NOT_AWAITED: &str = "the service starts later, and not at all where a check or a job fails";

fn compose_dependency_not_awaited(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let short: Vec<&Dependency> = service
            .dependencies
            .iter()
            .filter(|dependency| dependency.place.is_some() && dependency.condition_place.is_none())
            .filter(|dependency| is_needed_at_start(cx, service, dependency.name))
            .collect();
        let with = |wanted: &str| -> Vec<&str> {
            let early = short.iter().filter(|dependency| condition(cx, dependency.name) == wanted);
            early.map(|dependency| dependency.name).collect()
        };
        let (unready, running) = (with(HEALTHY), with(COMPLETED));
        let first = short.iter().find(|dependency| condition(cx, dependency.name) != STARTED);
        let Some(first) = first else { continue };
        let mut what = Vec::new();
        for (names, end) in [(&unready, "ready"), (&running, "done")] {
            if !names.is_empty() {
                let verb = if names.len() == 1 { "is" } else { "are" };
                what.push(format!("{} {verb} {end}", listed(names)));
            }
        }
        let message = format!(
            "`{}` starts before {}: {}",
            service.name,
            what.join(" and before "),
            if first.is_implied {
                "Compose waits for the start only where `depends_on` does not name it"
            } else {
                "the short form of `depends_on` waits for the start only"
            }
        );
        let Some(finding) = cx.finding(first.place, message) else { continue };
        let is_shown = short.iter().filter_map(|dependency| cx.stack().service(dependency.name)).any(|target| {
            condition(cx, target.name) != STARTED && (target.is_job || names_in_settings(service, target))
        });
        let finding = if is_shown { finding } else { finding.lowered(Severity::Info) };
        let conditions: Vec<&str> = [(&unready, HEALTHY), (&running, COMPLETED)]
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(_, condition)| condition)
            .collect();
        let help = format!("write `condition: {}`", conditions.join("` and `condition: "));
        let changes: Vec<KeyChange> = awaited(cx, service, None);
        let safety = Safety::Unsafe(NOT_AWAITED.to_owned());
        out.push(cx.fixed(finding.help(help), "wait until they are ready", safety, &changes));
    }
    for finding in cx.services().filter_map(|service| pause(cx, service)) {
        out.push(finding);
    }
}

/// Whether a service needs another one, or the end of its work, at its start, and can wait for it.
fn is_needed_at_start(cx: &ComposeContext, service: &StackService, name: &str) -> bool {
    let target = cx.stack().service(name);
    target.is_none_or(|target| (target.is_job || !asks_late(service, target)) && !check_asks(cx, target, service))
}

/// A pause before a service does its work: it waits for a time and not for what it needs.
fn pause(cx: &ComposeContext, service: &StackService) -> Option<Finding> {
    let key = if service.words("entrypoint").is_empty() { "command" } else { "entrypoint" };
    let value = service.value.get(key)?;
    let words = [service.words("entrypoint"), service.words("command")].concat();
    let script = from_exec(&words.into_iter().map(|word| (word, Span::at(0))).collect::<Vec<_>>());
    let script = script.innermost();
    let invocations = script.invocations();
    let pause = invocations.first().filter(|first| first.is("sleep") && script.is_top(&first.command.place))?;
    let seconds = pause.args.first().map(Word::text).filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))?;
    // Behind a last pause nothing is done.
    if invocations.len() < 2 || !script.compounds.is_empty() || service.dependencies.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` sleeps for {seconds} s before its work, however long what it needs takes to be ready",
        service.name
    );
    let place = value.place.or_else(|| ComposeValue::as_list(value)?.first()?.place);
    let help = "leave `sleep` out, and wait with `condition: service_healthy`";
    Some(cx.finding(place, message)?.lowered(Severity::Info).help(help))
}

fn compose_dependency_unchecked(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let is_needed_late = service.known.is_some_and(|known| known.is_needed_late());
        if !matches!(service.check, ServiceCheck::Missing) || service.is_job || is_needed_late {
            continue;
        }
        let dependents: Vec<_> = cx.stack().dependents(service.name).collect();
        // Who waits for its health is told that it never comes; who waits for its end, that is all there is.
        if dependents.iter().any(|(_, dependency)| [HEALTHY, COMPLETED].contains(&dependency.condition)) {
            continue;
        }
        // A condition that is written is somebody's choice. A front end asks when people do.
        let names: Vec<&str> = dependents
            .iter()
            .filter(|(_, dependency)| dependency.place.is_some() && dependency.condition_place.is_none())
            .filter(|(dependent, _)| !asks_late(dependent, service))
            .map(|(dependent, _)| dependent.name)
            .collect();
        let runs_server = service.program.is_server();
        // A script in the image of a database starts the database in most cases.
        let is_script = |word: &&str| FileKind::of(word).is_shell() || Program::of(path::name(word)).is(Kind::Shell);
        let runs_script =
            !service.words("entrypoint").is_empty() || service.words("command").first().is_some_and(is_script);
        let is_database = service.program == ServiceProgram::Unknown
            && runs_script
            && service.known.is_some_and(|known| known.is_backend());
        let is_known = (runs_server || is_database)
            && service.known.is_some_and(|known| known.check.is_some() && known.is_sourced);
        if names.is_empty() || !(is_known || service.is_built) {
            continue;
        }
        let verb = if names.len() == 1 { "needs" } else { "need" };
        let message = format!(
            "{} {verb} `{}`, which has no healthcheck: nobody can wait until it is ready",
            listed(&names),
            service.name
        );
        let Some(finding) = cx.finding(cx.image_place(service), message) else { continue };
        let is_shown = dependents.iter().any(|(dependent, _)| {
            names.contains(&dependent.name)
                && names_in_settings(dependent, service)
                && !awaited_hosts(dependent).iter().any(|awaited| awaited.host == service.name)
        });
        let finding = if is_shown { finding } else { finding.lowered(Severity::Info) };
        out.push(with_known_check(
            cx,
            service,
            finding.help("add a `healthcheck` that asks what the others need from it"),
        ));
    }
}

const CHECK_MISSING: &str = "the service does not start where the other one fails";

fn compose_awaited_check_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for dependency in service.dependencies.iter().filter(|dependency| dependency.condition == HEALTHY) {
            let Some(target) = cx.stack().service(dependency.name).filter(|target| target.check.is_absent()) else {
                continue;
            };
            let what = match target.check {
                ServiceCheck::Off(_) => "whose healthcheck is turned off",
                _ => "which has no healthcheck",
            };
            let message =
                format!("`{}` waits for the health of `{}`, {what}: it never starts", service.name, target.name);
            let Some(finding) = cx.finding(dependency.condition_place, message) else { continue };
            if target.is_job {
                let path = vec!["services", service.name, "depends_on", target.name, "condition"];
                let change = KeyChange::Set(path, NewValue::Inline(COMPLETED.to_owned()));
                let finding =
                    finding.help("it does its work and ends: write `condition: service_completed_successfully`");
                out.push(cx.fixed(finding, "wait for its end", Safety::Unsafe(CHECK_MISSING.to_owned()), &[change]));
                continue;
            }
            let finding = finding.help("add a `healthcheck` to it, or wait with `condition: service_started`");
            out.push(match target.check {
                ServiceCheck::Missing => with_known_check(cx, target, finding),
                _ => finding,
            });
        }
    }
}

/// Waiting for the first check that long is worth a word: seconds.
const LONG: f64 = 15.0;

const WHY_INTERVAL: &str = "the check runs more often while the service starts";

const WHY_PERIOD: &str = "failures in the first seconds do not count, and the check runs more often then";

fn compose_gate_slow(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let dependents = cx.stack().dependents(service.name).filter(|(_, dependency)| dependency.condition == HEALTHY);
        let names: Vec<&str> = dependents.map(|(dependent, _)| dependent.name).collect();
        let timing = CheckTiming::of(service);
        if names.is_empty() {
            continue;
        }
        // While it starts, the engine asks by another interval.
        let (key, message, help, change) = if timing.start_period > 0.0 {
            if timing.interval >= timing.start_interval || check.setting("start_interval").is_some() {
                continue;
            }
            let message = format!(
                "in `start_period` `{}` is checked every {} s, and not every {} s: {} longer",
                service.name,
                timing.start_interval,
                timing.interval,
                waits(&names)
            );
            // Older versions of Compose refuse it: one that is there shows that the version takes it.
            let is_taken = cx
                .services()
                .any(|other| other.check.written().is_some_and(|check| check.setting("start_interval").is_some()));
            let interval = if is_taken { check.setting("interval").map(ComposeValue::display) } else { None };
            let change = interval.map(|interval| ("start_interval", interval, WHY_INTERVAL));
            let help = "write `start_interval` too (Docker 25 and later); without `start_period`, failures count from the start";
            ("start_period", message, help, change)
        } else {
            if timing.interval < LONG {
                continue;
            }
            let message = format!(
                "the first check of `{}` comes after {} s, and {} for it however soon it is ready",
                service.name,
                timing.interval,
                waits(&names)
            );
            let help =
                "write `interval: 5s`, or a `start_period`, in which the engine asks every 5 s (Docker 25 and later)";
            let known = service.known.and_then(|known| known.timing().find(|(name, _)| *name == "start_period"));
            let period = known.map_or("30s", |(_, period)| period);
            ("interval", message, help, Some(("start_period", period.to_owned(), WHY_PERIOD)))
        };
        let place = check.setting(key).and_then(|value| value.place).or(check.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        let finding = finding.help(help);
        out.push(finding.with(change, |finding, (key, value, why)| {
            let path = vec!["services", service.name, "healthcheck", key];
            let change = KeyChange::Set(path, NewValue::Inline(value));
            cx.fixed(finding, "ask sooner while it starts", Safety::Unsafe(why.to_owned()), &[change])
        }));
    }
}

fn waits(names: &[&str]) -> String {
    format!("{} {}", listed(names), if names.len() == 1 { "waits" } else { "wait" })
}

fn compose_migration_repeated(cx: &ComposeContext, out: &mut Findings) {
    let mut by_command: BTreeMap<&str, Vec<&StackService>> = BTreeMap::new();
    for service in cx.services() {
        let words = [service.words("entrypoint"), service.words("command")].concat().join(" ");
        for command in data::MIGRATIONS.keys().filter(|command| words.contains(command)) {
            by_command.entry(command).or_default().push(service);
        }
    }
    for (command, services) in by_command.into_iter().filter(|(_, services)| services.len() > 1) {
        let names: Vec<&str> = services.iter().map(|service| service.name).collect();
        for service in &services[1..] {
            let message = format!("{} each run `{command}` when they start, at the same time", listed(&names));
            let value = ["command", "entrypoint"].iter().find_map(|key| service.value.get(key));
            let place = value.and_then(|value| value.place.or_else(|| value.as_list()?.first()?.place));
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(
                "run it in a service of its own with `restart: on-failure`, and let the others wait for it with \
                 `condition: service_completed_successfully`",
            ));
        }
    }
}

const RESTARTS: &str = "the service is not started again after it ended";

fn compose_one_shot_restarts(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| ["always", "unless-stopped"].contains(&service.restart())) {
        let dependents =
            cx.stack().dependents(service.name).filter(|(_, dependency)| dependency.condition == COMPLETED);
        let names: Vec<&str> = dependents.map(|(dependent, _)| dependent.name).collect();
        if names.is_empty() {
            continue;
        }
        let verb = if names.len() == 1 { "waits" } else { "wait" };
        let message = format!(
            "{} {verb} until `{}` has ended, which its restart policy `{}` never lets it",
            listed(&names),
            service.name,
            service.restart()
        );
        let place = service.value.get("restart").and_then(|value| value.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        let finding = finding.help("write `restart: on-failure:3`, or leave it out");
        let change =
            KeyChange::Set(vec!["services", service.name, "restart"], NewValue::Inline("on-failure:3".to_owned()));
        out.push(cx.fixed(finding, "restart it after failures only", Safety::Unsafe(RESTARTS.to_owned()), &[change]));
    }
}
