//! See `rules/compose-one-shot-restarts.md`.

use super::compose_readiness::listed;
use super::{ComposeContext, KeyChange};
use crate::compose::NewValue;
use crate::finding::{Findings, Safety};
use crate::stack::COMPLETED;

super::compose_rule!("compose-one-shot-restarts", check);

const WHY: &str = "the service is not started again after it ended";

fn check(cx: &ComposeContext, out: &mut Findings) {
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
        out.push(cx.fixed(finding, "restart it after failures only", Safety::Unsafe(WHY.to_owned()), &[change]));
    }
}
