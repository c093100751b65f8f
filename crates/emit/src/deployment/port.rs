//! The port of a service that requests come to, and whether they are HTTP.

use std::collections::BTreeSet;

use crate::build::{Build, ExposedPorts};
use crate::compose::project::ComposeValue;
use crate::inputs::ComposeInput;
use crate::stack::{StackService, proxied_hosts};

/// Where requests come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestPort {
    pub(super) number: u16,
    /// Whether `HAProxy` can read the requests.
    pub(super) is_http: bool,
}

/// The port of a service: that which proxies name, else that of its server, else what it publishes or exposes. `None` for
/// programs that listen nowhere.
///
/// # Errors
/// When there are several.
pub(super) fn request_port(compose: &ComposeInput, service: &StackService) -> Result<Option<RequestPort>, String> {
    let (proxied, is_http) = proxied_ports(compose, service.name);
    let listening = service.listening().and_then(|listening| Some(listening.port?.0));
    let published = numbers(service, "ports", Some("target"));
    let exposed = || numbers(service, "expose", None).into_iter().chain(image_ports(service)).collect();
    let ports = [proxied, listening.into_iter().collect(), published, exposed()];
    let Some(ports) = ports.into_iter().find(|ports: &BTreeSet<u16>| !ports.is_empty()) else { return Ok(None) };
    let mut ports = ports.into_iter();
    match (ports.next(), ports.next()) {
        (Some(number), None) => Ok(Some(RequestPort { number, is_http })),
        (Some(first), Some(second)) => Err(format!(
            "`{}` answers on several ports ({first}, {second}): HAProxy can stand in for one",
            service.name
        )),
        _ => Ok(None),
    }
}

/// The ports that proxies pass requests on to, and whether all of it is plain HTTP.
fn proxied_ports(compose: &ComposeInput, name: &str) -> (BTreeSet<u16>, bool) {
    let mut ports = BTreeSet::new();
    let mut is_http = true;
    for configuration in compose.proxies.values().flatten() {
        let evidence = proxied_hosts(configuration.proxy, &configuration.source, None);
        if !evidence.iter().any(|known| known.host == name) {
            continue;
        }
        let text = configuration.source.text();
        let is_plain = |directive: &str| !directive.ends_with("_pass") || directive == "proxy_pass";
        let is_encrypted = text.contains(&format!("https://{name}"));
        is_http &= !is_encrypted && evidence.iter().all(|known| is_plain(known.name) && known.name != "php_fastcgi");
        let written = written_ports(text, name);
        if written.is_empty() {
            ports.insert(if is_encrypted { 443 } else { 80 });
        }
        ports.extend(written);
    }
    (ports, is_http)
}

/// The ports behind a host's name: `api:8000`.
fn written_ports(text: &str, name: &str) -> BTreeSet<u16> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let places = code.flat_map(|line| line.match_indices(name).map(move |(at, _)| (line, at)));
    let ports = places.filter_map(|(line, at)| {
        let rest = line[at + name.len()..].strip_prefix(':')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if line[..at].ends_with(is_name) { None } else { rest[..end].parse().ok() }
    });
    ports.collect()
}

/// The port numbers in a list of a service.
fn numbers(service: &StackService, list: &str, key: Option<&str>) -> BTreeSet<u16> {
    let items = service.value.get(list).and_then(ComposeValue::as_list).unwrap_or_default().iter();
    let values = items.filter_map(|item| key.map_or(Some(item), |key| item.get(key)));
    values.filter_map(|value| value.display().split('/').next()?.parse().ok()).collect()
}

/// The ports that the image of a service exposes.
fn image_ports(service: &StackService) -> Vec<u16> {
    let Some(input) = &service.image else { return Vec::new() };
    let build = Build::new(input);
    let target = build.target().or(build.stages().last());
    let ports = target.map(|stage| build.exposed_ports(stage)).unwrap_or_default();
    ports.iter().filter_map(ExposedPorts::only).collect()
}
