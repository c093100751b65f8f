//! See `rules/compose-dependency-not-awaited.md`.

use super::compose_gate::{awaited, check_asks, condition};
use super::compose_readiness::{asks_late, listed};
use super::{ComposeContext, KeyChange};
use crate::compose::project::ComposeValue;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::shell::{Word, from_exec};
use crate::stack::{COMPLETED, Dependency, HEALTHY, STARTED, StackService};
use crate::text::Span;

super::compose_rule!("compose-dependency-not-awaited", check);

const WHY: &str = "the service starts later, and not at all where a check or a job fails";

fn check(cx: &ComposeContext, out: &mut Findings) {
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
        let conditions: Vec<&str> = [(&unready, HEALTHY), (&running, COMPLETED)]
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(_, condition)| condition)
            .collect();
        let help = format!("write `condition: {}`", conditions.join("` and `condition: "));
        let changes: Vec<KeyChange> = awaited(cx, service, None);
        let safety = Safety::Unsafe(WHY.to_owned());
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
