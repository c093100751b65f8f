//! See `rules/compose-gate-slow.md`.

use super::compose_readiness::listed;
use super::{ComposeContext, KeyChange};
use crate::compose::NewValue;
use crate::compose::project::ComposeValue;
use crate::finding::{Findings, Safety};
use crate::stack::{CheckTiming, HEALTHY};

super::compose_rule!("compose-gate-slow", check);

/// Waiting for the first check that long is worth a word: seconds.
const LONG: f64 = 15.0;
const WHY_INTERVAL: &str = "the check runs more often while the service starts";
const WHY_PERIOD: &str = "failures in the first seconds do not count, and the check runs more often then";

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
        out.push(match change {
            Some((key, value, why)) => {
                let path = vec!["services", service.name, "healthcheck", key];
                let change = KeyChange::Set(path, NewValue::Inline(value));
                cx.fixed(finding, "ask sooner while it starts", Safety::Unsafe(why.to_owned()), &[change])
            }
            None => finding,
        });
    }
}

fn waits(names: &[&str]) -> String {
    format!("{} {}", listed(names), if names.len() == 1 { "waits" } else { "wait" })
}
