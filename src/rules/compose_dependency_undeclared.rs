//! See `rules/compose-dependency-undeclared.md`.

use std::collections::BTreeSet;

use super::ComposeContext;
use super::compose_readiness::awaited;
use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::data;
use crate::finding::{Finding, Findings, Safety};
use crate::stack::StackService;
use crate::text::{Span, path};

super::compose_rule!("compose-dependency-undeclared", check);

const WHY: &str = "the service starts later, and not at all where the other one fails";

/// Where a variable is written: a file of variables, or a place of a compose file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin<'p> {
    File(&'p str),
    Text(u32, Span),
}

fn check(cx: &ComposeContext, out: &mut Findings) {
    let shared = shared_origins(cx);
    // Together with these, no dependency may close a circle.
    let mut proposed: Vec<(&str, &str)> = Vec::new();
    for service in cx.services() {
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        let mut evidence: Vec<Evidence> = Vec::new();
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            let (Some(value), false) = (entry.value.as_text(), is_for_others(name)) else { continue };
            // What several services are given, each may use or not; databases use no others of their kind.
            let origin = origin(service, entry);
            let is_shared = origin.is_some_and(|origin| shared.contains(&origin));
            let is_of_file = matches!(origin, Some(Origin::File(_)));
            if is_shared && !is_own_code(cx, service) || is_of_file && is_backend(service) {
                continue;
            }
            let place: Option<ComposePlace> = entry.key.or(entry.value.place);
            evidence.extend(hosts(name, value).into_iter().map(|host| Evidence { host, name, place }));
        }
        evidence.extend(awaited_hosts(service));
        for Evidence { host, name, place } in evidence {
            let Some(target) = cx.stack().service(host).filter(|target| is_backend(target)) else { continue };
            let is_ordered =
                cx.stack().waits_for(service, host, &proposed) || cx.stack().waits_for(target, service.name, &proposed);
            if target.name == service.name || is_ordered || !cx.stack().reaches(service, target) {
                continue;
            }
            let message = format!("`{}` uses `{}` (`{name}`), but does not wait for it", service.name, target.name);
            let Some(finding) = cx.finding(place, message) else { continue };
            proposed.push((service.name, target.name));
            out.push(declared(cx, service, target, finding.help("add it to `depends_on`")));
        }
    }
}

/// What shows that a service needs another one.
struct Evidence<'p> {
    host: &'p str,
    /// The variable, or the program that waits.
    name: &'p str,
    place: Option<ComposePlace>,
}

/// The hosts that a service waits for in `entrypoint` and `command`: `wait-for-it.sh db:5432`, `nc -z db 5432`.
fn awaited_hosts<'p>(service: &StackService<'p>) -> Vec<Evidence<'p>> {
    let lists = ["entrypoint", "command"].map(|key| service.value.get(key).and_then(ComposeValue::as_list));
    let mut evidence = Vec::new();
    let mut waiter = None;
    for item in lists.into_iter().flatten().flatten() {
        let text = item.as_text().unwrap_or_default();
        for word in text.split(|c: char| c.is_whitespace() || ";&|()'\"".contains(c)).filter(|word| !word.is_empty()) {
            if data::WAIT_PROGRAMS.contains(path::name(word)) {
                waiter = Some(path::name(word));
            }
            let Some(name) = waiter else { continue };
            let word = word.split_once('=').map_or(word, |(_, value)| value);
            let address = word.split_once("://").map_or(word, |(_, rest)| rest);
            let host = address.split([':', '/']).next().unwrap_or_default();
            evidence.push(Evidence { host, name, place: item.place });
        }
    }
    evidence
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

/// Where a service has a variable from.
fn origin<'p>(service: &StackService<'p>, entry: &'p ComposeEntry) -> Option<Origin<'p>> {
    let place = entry.key.or(entry.value.place)?;
    let files = service.value.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default();
    let file = files.iter().find(|file| file.place == Some(place));
    Some(match file.and_then(|file| file.get("path")?.as_text()) {
        Some(path) => Origin::File(path),
        None => Origin::Text(place.file.0, place.span),
    })
}

/// The origins of variables that several services have.
fn shared_origins<'p>(cx: &ComposeContext<'p>) -> BTreeSet<Origin<'p>> {
    let (mut seen, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for service in cx.services() {
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        let origins: BTreeSet<_> =
            variables.into_iter().flat_map(ComposeMap::iter).filter_map(|(_, entry)| origin(service, entry)).collect();
        for origin in origins {
            if !seen.insert(origin) {
                shared.insert(origin);
            }
        }
    }
    shared
}

/// Whether a service runs the project's own code: it is built, or its image is that of one that is.
fn is_own_code(cx: &ComposeContext, service: &StackService) -> bool {
    let image = service.text("image");
    let builds = |other: &StackService| other.is_built && other.text("image") == image;
    service.is_built || image.is_some() && cx.services().any(builds)
}

/// The finding with the dependency added to those that are there.
fn declared(cx: &ComposeContext, service: &StackService, target: &StackService, finding: Finding) -> Finding {
    let title = format!("wait for `{}`", target.name);
    cx.fixed(finding, &title, Safety::Unsafe(WHY.to_owned()), &awaited(cx, service, Some(target.name)))
}
