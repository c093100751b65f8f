//! See `rules/compose-dependency-unchecked.md`.

use super::ComposeContext;
use super::compose_readiness::{asks_late, listed, with_known_check};
use crate::finding::Findings;
use crate::manifest::FileKind;
use crate::shell::program::{Kind, Program};
use crate::stack::{COMPLETED, HEALTHY, ServiceCheck, ServiceProgram};
use crate::text::path;

super::compose_rule!("compose-dependency-unchecked", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
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
        out.push(with_known_check(
            cx,
            service,
            finding.help("add a `healthcheck` that asks what the others need from it"),
        ));
    }
}
