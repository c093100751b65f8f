//! See `rules/compose-gate-slow.md`.

use super::ComposeContext;
use super::compose_readiness::listed;
use crate::finding::Findings;
use crate::stack::{CheckTiming, HEALTHY};

super::compose_rule!("compose-gate-slow", check);

/// Waiting for the first check that long is worth a word: seconds.
const LONG: f64 = 15.0;

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let dependents = cx.stack().dependents(service.name).filter(|(_, dependency)| dependency.condition == HEALTHY);
        let names: Vec<&str> = dependents.map(|(dependent, _)| dependent.name).collect();
        let timing = CheckTiming::of(service);
        if names.is_empty() {
            continue;
        }
        // While it starts, the engine asks by another interval.
        let (key, message, help) = if timing.start_period > 0.0 {
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
            ("start_period", message, "leave `start_period` out, or write `start_interval` too (Docker 25 and later)")
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
            ("interval", message, "write `interval: 5s`, or a `start_period`, in which the engine asks every 5 s")
        };
        let place = check.setting(key).and_then(|value| value.place).or(check.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help(help));
    }
}

fn waits(names: &[&str]) -> String {
    format!("{} {}", listed(names), if names.len() == 1 { "waits" } else { "wait" })
}
