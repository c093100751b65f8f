//! See `rules/compose-check-process-only.md`.

use super::ComposeContext;
use super::compose_readiness::{constant_end, listed, with_known_test};
use super::healthcheck_always_healthy::shell_search;
use super::process_check::looks_for_process;
use crate::finding::Findings;
use crate::stack::{CheckScript, HEALTHY, StackService};

super::compose_rule!("compose-check-process-only", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let CheckScript { script, is_exec } = check.script();
        let Some(program) = looks_for_process(script.innermost()) else { continue };
        if constant_end(check).is_some() || shell_search(&script, is_exec).is_some() {
            continue;
        }
        let waiting = waiting(cx, service);
        let is_server = service.known.is_some_and(|known| known.is_exact && known.check.is_some());
        // Without either, it may be all that can be asked.
        if waiting.is_empty() && !(is_server && service.program.is_server()) {
            continue;
        }
        let effect = match waiting.len() {
            0 => "a server that hangs, or is still starting, counts as healthy".to_owned(),
            1 => format!("{} does not wait until it is ready", listed(&waiting)),
            _ => format!("{} do not wait until it is ready", listed(&waiting)),
        };
        let message = format!("the check of `{}` only looks for a process (`{program}`): {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        out.push(with_known_test(cx, service, finding.help("ask it for what it does: a page, a reply, a query")));
    }
}

/// The services that wait for its health.
fn waiting<'a>(cx: &ComposeContext<'a>, service: &StackService<'a>) -> Vec<&'a str> {
    let dependents = cx.stack().dependents(service.name);
    dependents.filter(|(_, dependency)| dependency.condition == HEALTHY).map(|(dependent, _)| dependent.name).collect()
}
