//! See `rules/compose-dependency-undeclared.md`.

use std::collections::BTreeSet;

use super::ComposeContext;
use super::compose_gate::{awaited, can_wait};
use super::compose_readiness::is_viewer;
use crate::compose::project::{ComposeEntry, ComposeMap, ComposeValue};
use crate::data;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::stack::{Evidence, EvidenceKind, ServiceProgram, Stack, StackService, awaited_hosts, hosts, passed_hosts};
use crate::text::{Span, listed};

super::compose_rule!("compose-dependency-undeclared", check);

const WHY_JOB: &str = "the services start later, and not at all where the job fails";
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
    // What collects from others starts without them.
    let is_collector = |service: &&StackService| service.known.is_some_and(|known| known.is_needed_late());
    for service in cx.services().filter(|service| !is_collector(service)) {
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        let mut evidence: Vec<Evidence> = Vec::new();
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            let (Some(value), false) = (entry.value.as_text(), is_for_others(name)) else { continue };
            // What several services are given, each may use or not; databases use no others of their kind.
            let origin = origin(service, entry);
            let is_shared = origin.is_some_and(|origin| shared.contains(&origin));
            let is_of_file = matches!(origin, Some(Origin::File(_)));
            let may_ignore_it = service.is_job || !is_own_code(service);
            if is_shared && may_ignore_it || is_of_file && is_backend(service) {
                continue;
            }
            let (kind, place) = (EvidenceKind::Address, entry.key.or(entry.value.place));
            evidence.extend(hosts(name, value).into_iter().map(|host| Evidence { kind, host, name, place }));
        }
        evidence.extend(awaited_hosts(service));
        evidence.extend(
            cx.proxies(service)
                .iter()
                .filter(|known| known.proxy == "nginx")
                .flat_map(|known| passed_hosts(&known.source, service.place)),
        );
        for Evidence { kind, host, name, place } in evidence {
            let counts = |target: &&StackService| kind != EvidenceKind::Address || is_backend(target);
            let Some(target) = cx.stack().service(host).filter(counts) else { continue };
            let is_ordered =
                cx.stack().waits_for(service, host, &proposed) || cx.stack().waits_for(target, service.name, &proposed);
            let is_there = cx.stack().reaches(service, target) && Stack::is_started_with(service, target);
            if target.name == service.name || is_ordered || !is_there {
                continue;
            }
            let message = match kind {
                EvidenceKind::Proxy => format!(
                    "`{}` passes requests to `{}` (`{name}`), but does not wait for it: nginx ends where a name is not known yet",
                    service.name, target.name
                ),
                _ => format!("`{}` uses `{}` (`{name}`), but does not wait for it", service.name, target.name),
            };
            let Some(finding) = cx.finding(place, message) else { continue };
            let finding = if is_viewer(service) { finding.lowered(Severity::Info) } else { finding };
            proposed.push((service.name, target.name));
            out.push(declared(cx, service, target, finding.help("add it to `depends_on`")));
        }
    }
    jobs(cx, &proposed, out);
}

/// Jobs that nobody waits for.
fn jobs(cx: &ComposeContext, proposed: &[(&str, &str)], out: &mut Findings) {
    for job in cx.services().filter(|service| service.program == ServiceProgram::Ends) {
        if cx.stack().dependents(job.name).next().is_some() || job.is_restarted() {
            continue;
        }
        let line = [job.words("entrypoint"), job.words("command")].concat().join(" ");
        let Some(migration) = data::MIGRATIONS.keys().find(|command| line.contains(command)) else { continue };
        let waits = |service: &StackService| {
            let stack = cx.stack();
            stack.waits_for(service, job.name, proposed) || stack.waits_for(job, service.name, proposed)
        };
        let early: Vec<&StackService> = cx
            .services()
            .filter(|service| service.name != job.name && !service.is_job && Stack::is_started_with(service, job))
            .filter(|service| has_same_code(service, job) && !waits(service))
            .collect();
        let names: Vec<&str> = early.iter().map(|service| service.name).collect();
        if names.is_empty() {
            continue;
        }
        let verb = if names.len() == 1 { "does" } else { "do" };
        let message =
            format!("`{}` runs `{migration}`, and {} {verb} not wait until it is done", job.name, listed(&names));
        let Some(finding) = cx.finding(job.place, message) else { continue };
        let finding = finding.help("wait with `condition: service_completed_successfully`");
        let changes: Vec<_> = early.iter().flat_map(|service| awaited(cx, service, Some(job.name))).collect();
        let title = format!("wait until `{}` is done", job.name);
        out.push(cx.fixed(finding, &title, Safety::Unsafe(WHY_JOB.to_owned()), &changes));
    }
}

/// Whether two services run the same image or are built from the same folder.
fn has_same_code(service: &StackService, other: &StackService) -> bool {
    let image = service.text("image");
    let part = |service: &StackService, key: &str| {
        Some(service.value.get("build")?.get(key).and_then(ComposeValue::as_text).unwrap_or_default().to_owned())
    };
    let is_same_build = ["context", "dockerfile"].iter().all(|key| part(service, key) == part(other, key));
    image.is_some() && image == other.text("image") || service.is_built && other.is_built && is_same_build
}

/// Whether a variable names an address for browsers, for other machines or for what only watches.
fn is_for_others(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    data::ADDRESS_WORDS.with("for-others").any(|word| upper.contains(word))
}

fn is_backend(service: &StackService) -> bool {
    service.known.is_some_and(|known| known.is_backend())
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

/// Whether a service may run the project's own code: it is built, or nothing is known of its image.
fn is_own_code(service: &StackService) -> bool {
    service.is_built || service.known.is_none() && !is_viewer(service)
}

/// The finding with the dependency added to those that are there.
fn declared(cx: &ComposeContext, service: &StackService, target: &StackService, finding: Finding) -> Finding {
    let verb = if can_wait(cx, target) { "wait for" } else { "start after" };
    let title = format!("{verb} `{}`", target.name);
    cx.fixed(finding, &title, Safety::Unsafe(WHY.to_owned()), &awaited(cx, service, Some(target.name)))
}
