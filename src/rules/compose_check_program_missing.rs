//! See `rules/compose-check-program-missing.md`.

use super::ComposeContext;
use super::compose_readiness::{lacking_program, never_effect, with_known_test};
use super::healthcheck_program_missing::{module, route};
use crate::build::Build;
use crate::finding::{Findings, Severity};
use crate::stack::{StackService, WrittenCheck};

super::compose_rule!("compose-check-program-missing", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some((program, image)) = lacking_program(service, check) else {
            check_modules(cx, service, check, out);
            continue;
        };
        let (effect, is_awaited) = never_effect(cx, service);
        let message =
            format!("the check of `{}` calls the program `{program}`, which {image} lacks: {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
        let help = match service.known.filter(|known| known.check.is_none() && !known.has_own_check) {
            Some(_) => {
                "the image contains no program for a check; use a tag that has one (`-alpine`), or remove the check"
            }
            None => "ask with a program that the image has, or install it in the final stage",
        };
        out.push(with_known_test(cx, service, finding.help(help)));
    }
}

/// Reports a check that imports a module which the image does not install.
fn check_modules(cx: &ComposeContext, service: &StackService, check: &WrittenCheck, out: &mut Findings) {
    let Some((module, program)) = missing_module(cx, service, check) else { return };
    let (effect, is_awaited) = never_effect(cx, service);
    let message =
        format!("the check of `{}` imports `{module}`, which its image does not install: {effect}", service.name);
    let Some(finding) = cx.finding(check.place, message) else { return };
    let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
    out.push(finding.help(module::help(&program)));
}

/// A module that a check needs and the image does not install, and the program that imports it.
pub(super) fn missing_module(
    cx: &ComposeContext,
    service: &StackService,
    check: &WrittenCheck,
) -> Option<(String, String)> {
    let (sources, input) = (cx.checked_sources(service)?, service.image.as_ref()?);
    let build = Build::new(input);
    let stage = build.target()?;
    let script = check.script().script;
    script.invocations().into_iter().find_map(|invocation| {
        let (module, _) = module::missing((&build, &sources.projects), stage, &invocation)?;
        route::needs(&script, &invocation).then_some((module, invocation.program?.to_owned()))
    })
}
