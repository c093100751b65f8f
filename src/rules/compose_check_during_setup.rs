//! See `rules/compose-check-during-setup.md`.

use super::ComposeContext;
use super::compose_check_edit::RawTest;
use super::compose_context::unfixed;
use super::compose_readiness::{other_listener, other_program, with_known_test, with_test, work};
use crate::compose::escaped;
use crate::data;
use crate::finding::{Finding, Findings, Severity};
use crate::shell::Invocation;
use crate::stack::{HEALTHY, StackService, WrittenCheck};

super::compose_rule!("compose-check-during-setup", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        if service.known.is_none_or(|known| known.trap.is_none()) {
            continue;
        }
        let Some(early) = answered_early(service, check) else { continue };
        let server = early.host.as_ref().map_or_else(|| "the default address".to_owned(), |host| format!("`{host}`"));
        let message = format!(
            "the check of `{}` succeeds too early: at the first start, `{}` reaches a temporary server at {server} that only sets up the data",
            service.name, early.program
        );
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let is_awaited = cx.stack().dependents(service.name).any(|(_, dependency)| dependency.condition == HEALTHY);
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Info) };
        let help = format!("ask `{}`, where only the final server listens", early.final_host);
        out.push(fixed(cx, service, &early, finding.help(help)));
    }
}

/// The finding with the address of the final server in the check, the rest of which stays.
fn fixed(cx: &ComposeContext, service: &StackService, early: &EarlyClient, finding: Finding) -> Finding {
    if let Some(work) = service.check.written().and_then(work) {
        return unfixed(finding, &format!("the check also does work (`{}`), which must stay", work.trim()));
    }
    if let Some(why) = other_program(service).or_else(|| other_listener(cx, service)) {
        return unfixed(finding, &why);
    }
    let Some(test) = RawTest::of(cx, service) else { return with_known_test(cx, service, finding) };
    let is_address = early.final_host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let changed = match early.word.as_deref().zip(early.host.as_deref()) {
        Some((word, host)) if is_address => test.with_text(word, &word.replace(host, early.final_host)),
        None if is_address => test.with_arguments(&early.program, &["-h", early.final_host]),
        // Only a shell can find the address out.
        word => {
            let test = test.command_line().map(|line| test.with_line(line));
            let quoted = format!("\"{}\"", early.final_host);
            // In single quotes a shell replaces nothing.
            let is_literal = |test: &RawTest| {
                let line = test.command_line().unwrap_or_default();
                word.is_some_and(|(word, _)| line.contains(&format!("'{word}")))
            };
            if test.as_ref().is_some_and(is_literal) {
                return with_known_test(cx, service, finding);
            }
            test.and_then(|test| match word {
                Some((word, host)) => test.with_text(word, &word.replace(host, &escaped(&quoted))),
                None => test.with_arguments(&early.program, &["--host", &quoted]),
            })
        }
    };
    match changed {
        Some(test) => with_test(cx, service, finding, &test, "ask where only the final server listens"),
        None => unfixed(finding, "the address cannot be put into this check without knowing what else it does"),
    }
}

/// A client of a check that the server of the setup answers.
struct EarlyClient {
    program: String,
    /// The host that it is given.
    host: Option<String>,
    /// The word that holds the host.
    word: Option<String>,
    /// Where only the final server listens.
    final_host: &'static str,
}

/// The client that asks the server of the setup.
fn answered_early(service: &StackService, check: &WrittenCheck) -> Option<EarlyClient> {
    let script = check.script().script;
    for invocation in script.invocations() {
        let Some(program) = invocation.program else { continue };
        let Some(&[_, options, hosts, variable, final_host, when, ..]) = data::SETUP_CLIENTS.row(program) else {
            continue;
        };
        if !service.is_set_up(when) {
            continue;
        }
        // A variable of the container names the host.
        if service.value.get("environment").is_some_and(|variables| variables.get(variable).is_some()) {
            continue;
        }
        let early = |host: &str| data::words(hosts).any(|known| known == host);
        let client = EarlyClient { program: program.to_owned(), host: None, word: None, final_host };
        match host(&invocation, options) {
            None => return Some(client),
            Some((host, word)) if early(host) => {
                return Some(EarlyClient { host: Some(host.to_owned()), word: Some(word.to_owned()), ..client });
            }
            Some(_) => {}
        }
    }
    None
}

/// The host that a client is given and the word that holds it; a value that is made at run time is some other one.
fn host<'s>(invocation: &Invocation<'s>, options: &'static str) -> Option<(&'s str, &'s str)> {
    let mut words = invocation.args.iter();
    while let Some(word) = words.next() {
        let text = word.text();
        // A URL or `host:port/database` names it too.
        let address = text.split_once("://").map_or(text, |(_, rest)| rest);
        let address = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
        let name = address.split(['/', ':', '?']).next().unwrap_or_default();
        let is_name = name == "localhost" || name.starts_with('$');
        if text.contains("://") || is_name && name.len() < text.len() && !text.starts_with('-') {
            return Some((name, text));
        }
        for option in data::words(options) {
            if text == option {
                return words.next().map(|word| (word.text(), word.text()));
            }
            let behind = text.strip_prefix(option);
            match behind {
                Some(rest) if option.starts_with("--") => {
                    if let Some(value) = rest.strip_prefix('=') {
                        return Some((value, text));
                    }
                }
                Some(rest) if !rest.is_empty() && !text.starts_with("--") => return Some((rest, text)),
                _ => {}
            }
        }
    }
    None
}
