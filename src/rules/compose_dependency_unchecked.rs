//! See `rules/compose-dependency-unchecked.md`.

use super::ComposeContext;
use super::compose_readiness::{listed, with_known_check};
use crate::finding::Findings;
use crate::stack::{COMPLETED, HEALTHY, ServiceCheck, ServiceProgram};

super::compose_rule!("compose-dependency-unchecked", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        if !matches!(service.check, ServiceCheck::Missing) || service.is_job {
            continue;
        }
        let dependents: Vec<_> = cx.stack().dependents(service.name).collect();
        // Who waits for its health is told that it never comes; who waits for its end, that is all there is.
        if dependents.iter().any(|(_, dependency)| [HEALTHY, COMPLETED].contains(&dependency.condition)) {
            continue;
        }
        // A condition that is written is somebody's choice.
        let names: Vec<&str> = dependents
            .iter()
            .filter(|(_, dependency)| dependency.place.is_some() && dependency.condition_place.is_none())
            .map(|(dependent, _)| dependent.name)
            .collect();
        let is_known = matches!(service.program, ServiceProgram::OfImage | ServiceProgram::Server)
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
        let Some(finding) = cx.finding(service.place, message) else { continue };
        out.push(with_known_check(
            cx,
            service,
            finding.help("add a `healthcheck` that asks what the others need from it"),
        ));
    }
}
