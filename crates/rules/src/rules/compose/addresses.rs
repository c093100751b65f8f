//! Rules about addresses and ports that mean nothing in a container.

use std::collections::BTreeMap;

use crate::compose::project::{ComposeEntry, ComposeMap, ComposeValue};
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::rules::compose::images::text;
use crate::rules::{ComposeContext, KeyChange};
use crate::stack::{Stack, StackService, hosts};
use crate::text::listed;

crate::rules::family! {
    of_compose
    "compose-localhost-address" => compose_localhost_address;
    "compose-ports-unused" => compose_ports_unused;
    "compose-build-repeated" => compose_build_repeated;
}

/// Names of the container itself.
const SELF: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

fn compose_localhost_address(cx: &ComposeContext, out: &mut Findings) {
    let is_server = |service: &StackService| service.known.is_some_and(|known| known.is_private());
    // A server tells its own address, and a shared network has one `localhost`.
    let asks = |service: &&StackService| !is_server(service) && text(service.value, "network_mode").is_none();
    for service in cx.services().filter(asks) {
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            let Some(target) = asked_server(cx, service, (name, entry)) else { continue };
            let message = format!(
                "`{name}` looks for `{}` in the container of `{}` itself: each service has a `localhost` of its own",
                target.name, service.name
            );
            let Some(finding) = cx.finding(entry.key.or(entry.value.place), message) else { continue };
            out.push(finding.help(format!("write `{}` as the host", target.name)));
        }
    }
}

/// The server that a variable means with `localhost`, by its port or its name.
fn asked_server<'a>(
    cx: &ComposeContext<'a>,
    service: &StackService<'a>,
    (name, entry): (&str, &ComposeEntry),
) -> Option<&'a StackService<'a>> {
    let value = entry.value.as_text()?;
    let host = SELF.iter().find(|host| hosts(name, value).contains(host))?;
    // A file of variables may be meant for the host, and a variable for any place.
    let is_written = cx.text_at(entry.value.place).is_some_and(|text| text.contains(host) && !text.contains('$'));
    if !is_written {
        return None;
    }
    let behind = value.split(&format!("{host}:")).nth(1).unwrap_or_default();
    let port: Option<u16> = behind.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let served_port = service.listening().and_then(|listening| listening.port).map(|(port, _)| port);
    let lower = format!("{name}={value}").to_ascii_lowercase();
    let mut servers = cx.services().filter(|server| {
        let is_other = server.name != service.name && cx.stack().reaches(service, server);
        is_other && Stack::is_started_with(service, server)
    });
    servers.find(|server| {
        let Some(known) = server.known.filter(dockopt_build::stack::KnownService::is_private) else { return false };
        match port {
            Some(port) => known.ports().any(|known| known == port) && served_port != Some(port),
            None => lower.starts_with(known.name) || lower.contains(&format!("={}://", known.name)),
        }
    })
}

fn compose_ports_unused(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(mode) = text(service.value, "network_mode") else { continue };
        let ports = service.value.get("ports").filter(|ports| ports.as_list().is_some_and(|ports| !ports.is_empty()));
        let Some(first) = ports.and_then(ComposeValue::as_list).and_then(<[ComposeValue]>::first) else { continue };
        let name = service.name;
        let finding = if ["host", "none"].contains(&mode) {
            let message = format!("`{name}` has `network_mode: {mode}`: its `ports` have no effect");
            let Some(finding) = cx.finding(first.place, message) else { continue };
            let change = KeyChange::Remove(vec!["services", name, "ports"]);
            let finding = finding.help("remove one of the two").lowered(Severity::Warning);
            cx.fixed(finding, "remove `ports`", Safety::Safe, &[change])
        } else if mode.starts_with("service:") || mode.starts_with("container:") {
            let message =
                format!("the engine refuses `{name}`: it uses the network of another container and has `ports`");
            let Some(finding) = cx.finding(first.place, message) else { continue };
            finding.help("publish the ports where the network belongs to")
        } else {
            continue;
        };
        out.push(finding);
    }
}

fn compose_build_repeated(cx: &ComposeContext, out: &mut Findings) {
    let mut groups: BTreeMap<[&str; 3], Vec<&StackService>> = BTreeMap::new();
    for service in cx.services().filter(|service| service.is_built) {
        let Some(build) = service.value.get("build") else { continue };
        let key = ["context", "dockerfile", "target"].map(|key| text(build, key).unwrap_or_default());
        groups.entry(key).or_default().push(service);
    }
    let repeated: Vec<Vec<&StackService>> = groups.into_values().map(same_builds).filter(|all| all.len() > 1).collect();
    // One says it for the file.
    let Some(finding) = repeated.iter().find_map(|services| repeated_build(cx, services)) else { return };
    out.push(finding);
}

/// The services whose builds are those of the first in all, and whose images have other names.
fn same_builds<'s, 'a>(services: Vec<&'s StackService<'a>>) -> Vec<&'s StackService<'a>> {
    let Some(first) = services.first().copied() else { return services };
    let (build, image) = (first.value.get("build"), first.text("image"));
    let is_same = |other: &&StackService| match (build, other.value.get("build")) {
        (Some(build), Some(other_build)) => build.equals(other_build),
        _ => false,
    };
    let has_other_name = |other: &&StackService| image.is_none() || other.text("image") != image;
    let others = services.iter().skip(1).copied().filter(|other| is_same(other) && has_other_name(other));
    let others: Vec<&StackService> = others.collect();
    std::iter::once(first).chain(others).collect()
}

fn repeated_build(cx: &ComposeContext, services: &[&StackService]) -> Option<Finding> {
    let names: Vec<&str> = services.iter().map(|service| service.name).collect();
    let place = services.get(1)?.value.get("build")?.place;
    let message = format!(
        "{} build the same image, each under a name of its own: it is built and exported {} times",
        listed(&names),
        names.len()
    );
    let finding = cx.finding(place.or(services.get(1)?.place), message)?;
    Some(finding.help(format!(
        "give `{}` an `image:` as its name, and the others the same `image:` without `build`",
        names.first()?
    )))
}
