//! See `rules/compose-check-localhost.md`.

use super::ComposeContext;
use super::compose_context::unfixed;
use super::compose_readiness::{is_node, lacking_program};
use crate::build::{Build, Libc, StageBase, libc};
use crate::data;
use crate::finding::{Findings, Safety};
use crate::shell::Invocation;
use crate::stack::StackService;

super::compose_rule!("compose-check-localhost", check);

const WHY: &str = "a server that listens on ::1 only is not reached any more";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        // In a request that a shell writes, the URL may be a header.
        let Some(check) = service.check.written().filter(|check| !check.text().contains("/dev/tcp/")) else { continue };
        // Other clients try 127.0.0.1 next.
        let script = check.script().script;
        let is_first_only = |name: &str| data::FIRST_ADDRESS_CLIENTS.contains(name);
        let mut calls = script.invocations().into_iter();
        let asks = |call: &Invocation| call.args.iter().any(|word| has_local_url(word.text()));
        if !calls.any(|call| call.program.is_some_and(is_first_only) && asks(&call)) || has_glibc(service) {
            continue;
        }
        // Another rule reports the missing program; a server on :: answers on both addresses, and one of
        // Node does so unless its sources, which are not here, say otherwise.
        if lacking_program(service, check).is_some()
            || service.is_dual_stack()
            || cx.checked_sources(service).map_or_else(|| is_node(service), |sources| sources.is_dual_stack)
        {
            continue;
        }
        for (word, place) in check.words.iter().zip(&check.places) {
            if !has_local_url(word) {
                continue;
            }
            let message = format!(
                "the check of `{}` asks `localhost`, which may mean ::1, where few servers listen",
                service.name
            );
            let Some(finding) = cx.finding(*place, message) else { continue };
            if word.contains("https://localhost") {
                let why = "the server's certificate may be for `localhost` only";
                out.push(unfixed(finding, why));
                break;
            }
            let finding = finding.help("write 127.0.0.1");
            let text = cx.text_at(*place).filter(|text| has_local_url(text));
            out.push(match text.map(|text| text.replace("://localhost", "://127.0.0.1")) {
                Some(text) => cx.replaced(finding, "ask 127.0.0.1", Safety::Unsafe(WHY.to_owned()), *place, &text),
                None => finding,
            });
            break;
        }
    }
}

/// Whether the image of a service has glibc: its programs are not those of `busybox`.
fn has_glibc(service: &StackService) -> bool {
    let Some(input) = &service.image else { return false };
    let build = Build::new(input);
    let Some(stage) = build.target() else { return false };
    matches!(build.root_base(stage), StageBase::Image(base) if matches!(libc(base), Some(Libc::Glibc(_))))
}

/// Whether a text has a URL whose host is `localhost`.
fn has_local_url(text: &str) -> bool {
    text.match_indices("://localhost").any(|(at, host)| {
        let next = text[at + host.len()..].chars().next();
        next.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
    })
}
