//! See `rules/compose-dependency-not-awaited.md`.

use super::compose_readiness::{condition, listed};
use super::{ComposeContext, KeyChange};
use crate::compose::NewValue;
use crate::finding::{Findings, Safety};
use crate::stack::{Dependency, HEALTHY, StackService};

super::compose_rule!("compose-dependency-not-awaited", check);

const WHY: &str = "the service starts later, and not at all where a check fails";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let short: Vec<&Dependency> = service
            .dependencies
            .iter()
            .filter(|dependency| dependency.place.is_some() && dependency.condition_place.is_none())
            .collect();
        let early: Vec<&str> = short
            .iter()
            .filter(|dependency| condition(cx.stack(), dependency.name) == HEALTHY)
            .map(|dependency| dependency.name)
            .collect();
        let Some(first) = short.iter().find(|dependency| early.contains(&dependency.name)) else { continue };
        let verb = if early.len() == 1 { "is" } else { "are" };
        let message = format!(
            "`{}` starts before {} {verb} ready: the short form of `depends_on` waits for the start only",
            service.name,
            listed(&early)
        );
        let Some(finding) = cx.finding(first.place, message) else { continue };
        let finding = finding.help("write `condition: service_healthy`");
        out.push(cx.fixed(finding, "wait until they are ready", Safety::Unsafe(WHY.to_owned()), &[long(cx, service)]));
    }
}

/// `depends_on` in its long form; only what is written, not what Compose implies.
fn long<'s>(cx: &ComposeContext, service: &StackService<'s>) -> KeyChange<'s> {
    let mut written: Vec<&Dependency> =
        service.dependencies.iter().filter(|dependency| dependency.place.is_some()).collect();
    // In the order of the file.
    written.sort_by_key(|dependency| dependency.place.map(|place| (place.file, place.span)));
    let entries = written.into_iter().map(|dependency| {
        let condition = NewValue::Inline(condition(cx.stack(), dependency.name).to_owned());
        (dependency.name.to_owned(), NewValue::Mapping(vec![("condition".to_owned(), condition)]))
    });
    KeyChange::Set(vec!["services", service.name, "depends_on"], NewValue::Mapping(entries.collect()))
}
