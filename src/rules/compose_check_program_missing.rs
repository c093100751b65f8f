//! See `rules/compose-check-program-missing.md`.

use super::ComposeContext;
use super::compose_readiness::{lacking_program, never_effect, with_known_test};
use crate::finding::{Findings, Severity};

super::compose_rule!("compose-check-program-missing", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some((program, image)) = lacking_program(service, check) else { continue };
        let (effect, is_awaited) = never_effect(cx, service);
        let message = format!("the check of `{}` calls `{program}`, which {image} lacks: {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
        let help = match service.known.filter(|known| known.check.is_none() && !known.has_own_check) {
            Some(_) => "this tag has no program that can ask; use a tag that has one (`-alpine`), or remove the check",
            None => "ask with a program that the image has, or install it in the final stage",
        };
        out.push(with_known_test(cx, service, finding.help(help)));
    }
}
