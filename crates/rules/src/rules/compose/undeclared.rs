//! Rules about services that others need without saying so.

use std::collections::BTreeSet;

use crate::build::{Build, shell_search};
use crate::compose::project::{ComposeEntry, ComposeMap, ComposeValue, is_service_name};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::inputs::ProxyConfiguration;
use crate::rules::compose::check_answer;
use crate::rules::compose::check_command::{is_misread, lost_variables, missing_module, unnamed_path};
use crate::rules::shared::compose_readiness::{
    check_to_add, constant_end, is_viewer, lacking_program, patient_check, program_lacking_in,
};
use crate::rules::{ComposeContext, KeyChange};
use crate::settings::closest;
use crate::stack::{
    COMPLETED, CheckScript, Dependency, Evidence, EvidenceKind, HEALTHY, STARTED, ServiceCheck, ServiceProgram, Stack,
    StackService, WrittenCheck, awaited_hosts, hosts, passed_hosts, proxied_hosts, server_groups,
};
use crate::text::{Span, listed, path};
use crate::yaml::NewValue;

crate::rules::family! {
    of_compose
    "compose-dependency-undeclared" => compose_dependency_undeclared;
    "compose-proxy-host-unknown" => compose_proxy_host_unknown;
}

const WHY_JOB: &str = "the services start later, and not at all where the job fails";
const WHY: &str = "the service starts later, and not at all where the other one fails";

/// Where a variable is written: a file of variables, or a place of a compose file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin<'p> {
    File(&'p str),
    Text(u32, Span),
}

fn compose_dependency_undeclared(cx: &ComposeContext, out: &mut Findings) {
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
pub(super) fn is_own_code(service: &StackService) -> bool {
    service.is_built || service.known.is_none() && !is_viewer(service)
}

/// The finding with the dependency added to those that are there.
fn declared(cx: &ComposeContext, service: &StackService, target: &StackService, finding: Finding) -> Finding {
    let verb = if can_wait(cx, target) { "wait for" } else { "start after" };
    let title = format!("{verb} `{}`", target.name);
    cx.fixed(finding, &title, Safety::Unsafe(WHY.to_owned()), &awaited(cx, service, Some(target.name)))
}

fn compose_proxy_host_unknown(cx: &ComposeContext, out: &mut Findings) {
    let known = known_hosts(cx);
    for service in cx.services().filter(|service| !reaches_others(cx, service)) {
        let configurations = cx.proxies(service);
        let groups: BTreeSet<&str> = configurations.iter().flat_map(|known| server_groups(&known.source)).collect();
        let extra_hosts = extra_hosts(service);
        let mut reported = BTreeSet::new();
        for configuration in configurations.iter().filter(|known| is_read(known)) {
            for evidence in proxied_hosts(configuration.proxy, &configuration.source, None) {
                let host = evidence.host;
                let is_defined =
                    groups.contains(host) || known.contains(host) || extra_hosts.iter().any(|name| name == host);
                if is_defined || !is_service_host(host) || is_made_in_image(service, host) || !reported.insert(host) {
                    continue;
                }
                let what = match configuration.proxy {
                    "nginx" | "haproxy" => "it does not start",
                    _ => "its requests fail",
                };
                let name = configuration.source.name();
                let shown = path::relative(name, &cx.project().folder).unwrap_or(name);
                let message = format!(
                    "`{}` passes requests to `{host}` (`{}`), and no service is called so: {what}",
                    service.name, shown
                );
                let place = cx.image_place(service);
                let Some(finding) = cx.finding(place, message) else { continue };
                let names: Vec<&str> = cx.services().map(|service| service.name).collect();
                out.push(match closest(host, &names) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding.help("write the name of a service, or give a service this name as an alias"),
                });
            }
        }
    }
}

/// Whether the proxy reads a file: nginx takes those of its folders by their ending.
fn is_read(configuration: &ProxyConfiguration) -> bool {
    let ending = path::name(configuration.source.name()).rsplit_once('.').map(|(_, ending)| ending);
    configuration.proxy != "nginx" || matches!(ending, Some("conf" | "template"))
}

/// Names that only Docker's own name server can know: one word, no number, no placeholder.
fn is_service_host(host: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    host.contains(|c: char| c.is_ascii_lowercase())
        && host.chars().all(is_word)
        && host != "localhost"
        && host != "unix"
}

/// The names of all services of the project and of the compose files beside it, with their aliases.
fn known_hosts(cx: &ComposeContext) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for (name, service) in cx.services_of_folder() {
        hosts.insert(name.to_owned());
        hosts.extend(
            ["container_name", "hostname"].iter().filter_map(|key| Some(service.get(key)?.as_text()?.to_owned())),
        );
        let networks = service.get("networks").and_then(ComposeValue::as_map);
        for (_, network) in networks.into_iter().flat_map(ComposeMap::iter) {
            let aliases = network.value.get("aliases").and_then(ComposeValue::as_list).unwrap_or_default();
            hosts.extend(aliases.iter().filter_map(|alias| Some(alias.as_text()?.to_owned())));
        }
    }
    hosts
}

/// The names that a service gives to others by itself: `links`, `external_links`, `extra_hosts`.
fn extra_hosts(service: &StackService) -> Vec<String> {
    let keys = ["links", "external_links", "extra_hosts"];
    let texts = keys.iter().flat_map(|key| service.words(key));
    texts.flat_map(|text| text.split([':', '=']).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Whether a service may reach containers of other projects: it shares a network with them.
fn reaches_others(cx: &ComposeContext, service: &StackService) -> bool {
    let networks = cx.project().model.get("networks").and_then(ComposeValue::as_map);
    let is_external = |value: &ComposeValue| value.get("external").and_then(ComposeValue::as_bool) == Some(true);
    service.value.get("network_mode").is_some()
        || networks.into_iter().flat_map(ComposeMap::iter).any(|(_, network)| is_external(&network.value))
}

/// Whether the image's own Dockerfile or the service's settings speak of a name: it may be defined there.
fn is_made_in_image(service: &StackService, host: &str) -> bool {
    let dockerfile = service.image.as_ref().map_or("", |input| input.file.source().text());
    let line = [service.words("entrypoint"), service.words("command")].concat().join(" ");
    dockerfile.contains(host) || line.contains(host)
}

// What a service waits for: which condition fits a service that others need, and the changes that write it. A check that
// another rule reports is no gate.

/// What is wrong with the check of a service, so that waiting for it means nothing or never ends; without a subject.
fn check_fault(cx: &ComposeContext, service: &StackService) -> Option<String> {
    let lacks = |(program, image): (String, String)| format!("calls `{program}`, which {image} lacks");
    let Some(check) = service.check.written() else { return image_check_fault(service) };
    if let Some(end) = constant_end(check) {
        return Some(format!("ends with `{end}`, so it always reports healthy"));
    }
    let CheckScript { script, is_exec } = check.script();
    if shell_search(&script, is_exec).is_some() {
        return Some("finds its own shell, so it always reports healthy".to_owned());
    }
    if is_misread(check) {
        return Some("is not what its words look like".to_owned());
    }
    if let Some((_, name)) = lost_variables(cx, service).first() {
        return Some(format!("uses `${name}`, which Compose replaces by nothing"));
    }
    lacking_program(service, check)
        .map(lacks)
        .or_else(|| missing_module(cx, service, check).map(|(module, _)| format!("imports the missing `{module}`")))
        .or_else(|| check_answer::fault(cx, service))
        .or_else(|| unnamed_path(cx, service).map(|path| format!("asks for `/{path}`, which no source file names")))
}

/// What is wrong with the HEALTHCHECK of a service's Dockerfile.
fn image_check_fault(service: &StackService) -> Option<String> {
    let (ServiceCheck::OfImage, Some(input)) = (&service.check, &service.image) else { return None };
    let build = Build::new(input);
    let (index, _) = build.last(build.target()?, Keyword::Healthcheck)?;
    let code = build.code(index)?;
    if build.check_tells_nothing() {
        return Some("always reports healthy".to_owned());
    }
    let (program, image) = program_lacking_in(&build, &code.script, !code.is_exec())?;
    Some(format!("calls `{program}`, which {image} lacks"))
}

/// Whether a service is asked by a check that can succeed and can fail, so that waiting for it means something.
fn can_be_awaited(cx: &ComposeContext, service: &StackService) -> bool {
    matches!(service.check, ServiceCheck::OfImage | ServiceCheck::Written(_))
        && service.manual_start().is_none()
        && check_fault(cx, service).is_none()
}

/// What is to be waited for of a service.
pub(in crate::rules) fn condition(cx: &ComposeContext, name: &str) -> &'static str {
    match cx.stack().service(name) {
        // One that is started again has no end to wait for.
        Some(target) if target.is_job && target.is_restarted() => STARTED,
        Some(target) if target.is_job => COMPLETED,
        Some(target) if can_be_awaited(cx, target) => HEALTHY,
        _ => STARTED,
    }
}

/// Whether the written check of a service asks another one by its name, or one that waits for that: neither of both would
/// ever be ready if it waited for the check.
pub(in crate::rules) fn check_asks(cx: &ComposeContext, target: &StackService, other: &StackService) -> bool {
    let text = target.check.written().map(WrittenCheck::text).unwrap_or_default();
    let hosts = text.split(['\'', '"', ' ']).flat_map(|word| hosts("", word));
    let mut services = hosts.filter_map(|host| cx.stack().service(host)).filter(|service| service.name != target.name);
    services.any(|service| service.name == other.name || cx.stack().waits_for(service, other.name, &[]))
}

/// Why nothing can be written yet that waits for a service: once its check works, a condition that waits for its start
/// would look like a decision.
fn unready(cx: &ComposeContext, target: &StackService) -> Option<String> {
    if target.is_job {
        return None;
    }
    if let Some(step) = target.manual_start() {
        return Some(format!("`{}` is ready only after {step}, which nobody does while `up` waits", target.name));
    }
    let fault = check_fault(cx, target)?;
    Some(format!("the check of `{}` {fault}: repair it first", target.name))
}

/// Whether a service has, or can be given, something that others can wait for.
pub(in crate::rules) fn can_wait<'a>(cx: &ComposeContext<'a>, target: &StackService<'a>) -> bool {
    condition(cx, target.name) != STARTED || check_to_add(cx, target).is_ok()
}

/// The changes after which a service waits until all that it names in the short form, and `more`, is ready: conditions,
/// and healthchecks for those that have none yet.
pub(in crate::rules) fn awaited<'a>(
    cx: &ComposeContext<'a>,
    service: &StackService<'a>,
    more: Option<&'a str>,
) -> Vec<KeyChange<'a>> {
    let mut written: Vec<&Dependency> = service
        .dependencies
        .iter()
        .filter(|dependency| !dependency.is_implied && cx.text_at(dependency.place).is_some())
        .collect();
    // In the order of the file.
    written.sort_by_key(|dependency| dependency.place.map(|place| place.span));
    let is_long = written.iter().any(|dependency| dependency.condition_place.is_some());
    // What Compose implies stays implied, unless something is to be waited for.
    let implied = service.dependencies.iter().filter(|dependency| dependency.is_implied);
    let implied = implied.filter(|dependency| condition(cx, dependency.name) != STARTED);
    let (mut checks, mut entries) = (Vec::new(), Vec::new());
    if is_long {
        written.clear();
    }
    let names = written.into_iter().chain(implied).map(|known| (known.name, known.restarts));
    for (name, restarts) in names.chain(more.map(|name| (name, false))) {
        if let Some(why) = cx.stack().service(name).and_then(|target| unready(cx, target)) {
            return vec![KeyChange::Impossible(why)];
        }
        let asks_back = cx.stack().service(name).is_some_and(|target| check_asks(cx, target, service));
        let mut condition = if asks_back { STARTED } else { condition(cx, name) };
        if condition == HEALTHY {
            match cx.stack().service(name).map(|target| patient_check(cx, target)) {
                Some(Ok(change)) => checks.extend(change),
                Some(Err(why)) => return vec![KeyChange::Impossible(why)],
                None => {}
            }
        }
        if condition == STARTED
            && !asks_back
            && let Some(change) = cx.stack().service(name).and_then(|target| check_to_add(cx, target).ok())
        {
            condition = HEALTHY;
            checks.push(change);
        }
        let mut keys = vec![("condition".to_owned(), NewValue::Inline(condition.to_owned()))];
        keys.extend(restarts.then(|| ("restart".to_owned(), NewValue::Inline("true".to_owned()))));
        entries.push((name, NewValue::Mapping(keys)));
    }
    // Compose takes any text in the short form.
    if let Some((name, _)) = entries.iter().find(|(name, _)| !is_service_name(name)) {
        return vec![KeyChange::Impossible(format!("`{name}`, which it depends on, cannot be the name of a service"))];
    }
    let path = vec!["services", service.name, "depends_on"];
    if is_long {
        let below = |name| path.iter().copied().chain([name]).collect();
        checks.extend(entries.into_iter().map(|(name, value)| KeyChange::Set(below(name), value)));
    } else {
        let entries = entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        checks.push(KeyChange::Set(path, NewValue::Mapping(entries)));
    }
    checks
}
