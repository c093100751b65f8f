//! See `rules/compose-check-program-missing.md`.

use super::ComposeContext;
use super::compose_readiness::{lacking_program, listed, with_known_test};
use crate::finding::{Findings, Severity};
use crate::stack::HEALTHY;

super::compose_rule!("compose-check-program-missing", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some((program, image)) = lacking_program(service, check) else { continue };
        let waits = |condition: &str| condition == HEALTHY;
        let awaiting: Vec<&str> = cx
            .stack()
            .dependents(service.name)
            .filter(|(_, dependency)| waits(dependency.condition) && dependency.is_required)
            .map(|(dependent, _)| dependent.name)
            .collect();
        let effect = if awaiting.is_empty() {
            "it never succeeds".to_owned()
        } else {
            format!("it never succeeds, and {} never starts", listed(&awaiting))
        };
        let message = format!("the check of `{}` calls `{program}`, which {image} lacks: {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if awaiting.is_empty() { finding.lowered(Severity::Warning) } else { finding };
        let help = match service.known.filter(|known| known.check.is_none() && !known.has_own_check) {
            Some(_) => "this tag has no program that can ask; use a tag that has one (`-alpine`), or remove the check",
            None => "ask with a program that the image has, or install it in the final stage",
        };
        out.push(with_known_test(cx, service, finding.help(help)));
    }
}
