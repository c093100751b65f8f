//! See `rules/compose-check-reply-ignored.md`.

use super::ComposeContext;
use super::code_request::unread_request;
use super::compose_check_edit::{RawTest, word_end};
use super::compose_context::unfixed;
use super::compose_readiness::{other_listener, with_known_test, with_test};
use super::healthcheck_always_healthy::lenient_request;
use crate::compose::escaped;
use crate::compose::project::ComposeValue;
use crate::finding::{Findings, Severity};
use crate::shell::{Invocation, Script, Word};
use crate::stack::{KnownService, StackService};

super::compose_rule!("compose-check-reply-ignored", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let script = check.script().script;
        let script = script.innermost();
        let (message, help) = if let Some(program) = unread_ping(script, service.known) {
            let what = format!(
                "the check of `{}` does not look at the reply: `{program} ping` succeeds for error replies too",
                service.name
            );
            (what, "test the reply: `… ping | grep -q '^PONG$'`")
        } else if lenient_request(script).is_some() {
            let what = format!(
                "curl without `-f` succeeds for any response: `{}` counts as healthy with status 500",
                service.name
            );
            (what, "add `-f`")
        } else if let Some(request) = unread_request(script) {
            let what = format!(
                "`{}` succeeds for any response: `{}` counts as healthy with status 500",
                request.function, service.name
            );
            (what, request.help)
        } else {
            continue;
        };
        let Some(finding) = cx.finding(check.place, message) else { continue };
        // Without a file to load, a cache has no time in which it answers with an error.
        let is_cache = unread_ping(script, service.known).is_some() && !keeps_data(service);
        let finding = if is_cache { finding.lowered(Severity::Info) } else { finding };
        let finding = finding.help(help);
        let test = RawTest::of(cx, service);
        let is_ping = unread_ping(script, service.known).is_some();
        // Where to ask and with which password stays as it is; a bare ping knows neither.
        let is_bare = script.commands.first().is_some_and(|ping| ping.words.len() == 2 && ping.assignments.is_empty());
        let changed = match test {
            Some(test) if lenient_request(script).is_some() => test.with_arguments("curl", &["-f"]),
            Some(test) if is_ping && !is_bare => reading_test(&test),
            _ => None,
        };
        let page = if is_ping { None } else { lenient_request(script).and_then(|curl| uncertain_page(&curl)) };
        // A check that reads the reply must ask where the server listens, with its password.
        let elsewhere = if changed.is_some() { other_listener(cx, service) } else { None };
        if let Some(why) = page.map(str::to_owned).or(elsewhere) {
            out.push(unfixed(finding, &why));
            continue;
        }
        out.push(match changed {
            Some(test) => with_test(cx, service, finding, &test, "fail where the reply is an error"),
            None if is_ping && is_bare => with_known_test(cx, service, finding),
            None => finding,
        });
    }
}

/// Whether a service has a volume, a file of settings or an option by which its data stays, so that it is loaded at a start.
fn keeps_data(service: &StackService) -> bool {
    let has_volume = service.value.get("volumes").and_then(ComposeValue::as_list).is_some_and(|list| !list.is_empty());
    let words = [service.words("entrypoint"), service.words("command")].concat();
    has_volume
        || words.iter().any(|word| {
            word.contains("append") || word.contains(".conf") || word.contains("save") || word.contains("replica")
        })
}

/// Why the page that curl asks for may answer with an error although the server works.
fn uncertain_page(curl: &Invocation) -> Option<&'static str> {
    let words = || curl.args.iter().map(Word::text);
    let is_head =
        |word: &str| word == "--head" || word.starts_with('-') && !word.starts_with("--") && word.contains('I');
    if words().any(is_head) {
        return Some("servers may answer HEAD requests with an error; ask for a page that exists, without `-I`");
    }
    let url = words().find(|word| !word.starts_with('-'))?;
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
    path.trim_matches('/').is_empty().then_some("the server may have no page at `/`; ask for a page that exists")
}

/// The check with a look at the reply behind the ping.
fn reading_test(test: &RawTest) -> Option<RawTest> {
    let line = test.command_line()?.replace("incr ping", "ping");
    let at = word_end(&line, "ping").or_else(|| word_end(&line, "PING"))?;
    let (before, after) = line.split_at(at);
    Some(test.with_line(format!("{before} | grep -q {}{after}", escaped("'^PONG$'"))))
}

/// The client of a check that is nothing but a ping, whose exit code does not depend on the reply.
fn unread_ping(script: &Script, known: Option<KnownService>) -> Option<&str> {
    let invocations = script.invocations();
    let (ping, rest) = invocations.split_first()?;
    // The known check reads the reply of the same client.
    let program = ping.program?;
    let reads_reply = |check: &str| check.contains(&format!("{program} ping | grep"));
    if !known.and_then(|known| known.check).is_some_and(reads_reply) {
        return None;
    }
    let reads_status = |invocation: &Invocation| invocation.args.iter().any(|word| word.is("-e"));
    let says_ping = ping.args.iter().any(|word| word.text().eq_ignore_ascii_case("ping"));
    let is_plain = ping.command.place.pipe_len == 1 && rest.iter().all(|other| other.is("exit"));
    (says_ping && is_plain && !reads_status(ping)).then_some(program)
}
