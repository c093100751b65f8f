//! See `rules/compose-check-during-setup.md`.

use super::ComposeContext;
use super::compose_readiness::with_known_test;
use crate::data;
use crate::finding::Findings;
use crate::shell::{Invocation, Word};
use crate::stack::{StackService, WrittenCheck};

super::compose_rule!("compose-check-during-setup", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        if service.known.is_none_or(|known| known.trap.is_none()) {
            continue;
        }
        let Some((program, server)) = answered_early(service, check) else { continue };
        let message = format!(
            "the check of `{}` succeeds during the first start: `{program}` asks {server}, where the setup of the image \
             answers too",
            service.name
        );
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let help = "ask where only the final server listens";
        out.push(with_known_test(cx, service, finding.help(help)));
    }
}

/// The client that asks the server of the setup, and where it asks.
fn answered_early(service: &StackService, check: &WrittenCheck) -> Option<(String, String)> {
    let script = check.script().script;
    for invocation in script.invocations() {
        let Some(program) = invocation.program else { continue };
        let Some(&[_, options, hosts, variable, ..]) = data::SETUP_CLIENTS.row(program) else { continue };
        // A variable of the container names the host.
        if service.value.get("environment").is_some_and(|variables| variables.get(variable).is_some()) {
            continue;
        }
        let host = host(&invocation, options);
        let early = |host: &str| data::words(hosts).any(|known| known == host);
        match host {
            None => return Some((program.to_owned(), "the default address".to_owned())),
            Some(host) if early(host) => return Some((program.to_owned(), format!("`{host}`"))),
            Some(_) => {}
        }
    }
    None
}

/// The host that a client is told; a value that is made at run time is some other one.
fn host<'s>(invocation: &Invocation<'s>, options: &'static str) -> Option<&'s str> {
    let mut words = invocation.args.iter();
    while let Some(word) = words.next() {
        for option in data::words(options) {
            let text = word.text();
            if text == option {
                return words.next().map(Word::text);
            }
            let behind = text.strip_prefix(option);
            match behind {
                Some(rest) if option.starts_with("--") => {
                    if let Some(value) = rest.strip_prefix('=') {
                        return Some(value);
                    }
                }
                Some(rest) if !rest.is_empty() && !text.starts_with("--") => return Some(rest),
                _ => {}
            }
        }
    }
    None
}
