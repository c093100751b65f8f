//! See `rules/compose-gate-slow.md`.

use super::ComposeContext;
use super::compose_readiness::listed;
use crate::compose::project::{ComposeValue, duration_nanoseconds};
use crate::finding::Findings;
use crate::stack::{HEALTHY, WrittenCheck};

super::compose_rule!("compose-gate-slow", check);

/// The time between two checks where none is written (engine default).
const INTERVAL: i64 = 30_000_000_000;

/// Waiting for the first check that long is worth a word.
const LONG: i64 = 15_000_000_000;

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let dependents = cx.stack().dependents(service.name).filter(|(_, dependency)| dependency.condition == HEALTHY);
        let names: Vec<&str> = dependents.map(|(dependent, _)| dependent.name).collect();
        let interval = duration(check, "interval").unwrap_or(INTERVAL);
        // While it starts, the engine asks every 5 seconds.
        if names.is_empty() || interval < LONG || duration(check, "start_period").is_some_and(|period| period > 0) {
            continue;
        }
        let message = format!(
            "the first check of `{}` comes after {} s, and {} for it however soon it is ready",
            service.name,
            interval / 1_000_000_000,
            waits(&names)
        );
        let place = check.setting("interval").and_then(|value| value.place).or(check.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write `interval: 5s`, or a `start_period`, in which the engine asks every 5 s"));
    }
}

fn waits(names: &[&str]) -> String {
    format!("{} {}", listed(names), if names.len() == 1 { "waits" } else { "wait" })
}

fn duration(check: &WrittenCheck, key: &str) -> Option<i64> {
    duration_nanoseconds(check.setting(key).and_then(ComposeValue::as_text)?)
}
