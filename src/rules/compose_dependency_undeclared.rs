//! See `rules/compose-dependency-undeclared.md`.

use super::compose_readiness::condition;
use super::{ComposeContext, KeyChange};
use crate::compose::NewValue;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeValue};
use crate::data;
use crate::finding::{Finding, Findings, Safety};
use crate::stack::StackService;

super::compose_rule!("compose-dependency-undeclared", check);

const WHY: &str = "the service starts later, and not at all where the other one fails";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let mut seen: Vec<&str> = Vec::new();
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            let (Some(value), false) = (entry.value.as_text(), is_for_others(name)) else { continue };
            for host in hosts(name, value) {
                let Some(target) = cx.stack().service(host).filter(|target| is_backend(target)) else { continue };
                let is_ordered = cx.stack().waits_for(service, host) || cx.stack().waits_for(target, service.name);
                if target.name == service.name || seen.contains(&target.name) || is_ordered {
                    continue;
                }
                seen.push(target.name);
                let message = format!("`{}` uses `{}` (`{name}`), but does not wait for it", service.name, target.name);
                let place: Option<ComposePlace> = entry.key.or(entry.value.place);
                let Some(finding) = cx.finding(place, message) else { continue };
                out.push(declared(cx, service, target, finding.help("add it to `depends_on`")));
            }
        }
    }
}

/// Whether a variable names an address for browsers, for other machines or for what only watches.
fn is_for_others(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    data::ADDRESS_WORDS.with("for-others").any(|word| upper.contains(word))
}

fn is_backend(service: &StackService) -> bool {
    service.known.is_some_and(|known| known.is_backend())
}

/// The hosts that a value names: those of URLs, and all of it under a name that says so.
fn hosts<'v>(name: &str, value: &'v str) -> Vec<&'v str> {
    let mut hosts = Vec::new();
    for part in value.split([',', ' ']) {
        if let Some((_, rest)) = part.split_once("://") {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            hosts.push(host.split(':').next().unwrap_or_default());
        } else if data::ADDRESS_WORDS.with("address").any(|word| name.to_ascii_uppercase().ends_with(word)) {
            hosts.push(part.split(':').next().unwrap_or_default());
        }
    }
    hosts
}

/// The finding with the dependency added to those that are there.
fn declared(cx: &ComposeContext, service: &StackService, target: &StackService, finding: Finding) -> Finding {
    let condition_of = |name: &str| {
        let condition = NewValue::Inline(condition(cx.stack(), name).to_owned());
        NewValue::Mapping(vec![("condition".to_owned(), condition)])
    };
    let path = ["services", service.name, "depends_on"];
    let mut written: Vec<_> = service.dependencies.iter().filter(|dependency| dependency.place.is_some()).collect();
    written.sort_by_key(|dependency| dependency.place.map(|place| (place.file, place.span)));
    let is_long = written.iter().any(|dependency| dependency.condition_place.is_some());
    let change = if is_long {
        KeyChange::Set(path.into_iter().chain([target.name]).collect(), condition_of(target.name))
    } else {
        let names = written.iter().map(|dependency| dependency.name).chain([target.name]);
        let entries = names.map(|name| (name.to_owned(), condition_of(name)));
        KeyChange::Set(path.to_vec(), NewValue::Mapping(entries.collect()))
    };
    let title = format!("wait for `{}`", target.name);
    cx.fixed(finding, &title, Safety::Unsafe(WHY.to_owned()), &[change])
}
