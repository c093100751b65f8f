//! See `rules/compose-proxy-host-unknown.md`.

use std::collections::BTreeSet;

use super::ComposeContext;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::finding::Findings;
use crate::inputs::ProxyConfiguration;
use crate::settings::closest;
use crate::stack::{StackService, proxied_hosts, server_groups};
use crate::text::path;

super::compose_rule!("compose-proxy-host-unknown", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
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
