//! The ports of a service that requests come to, and whether they are HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::build::{Build, ExposedPorts};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::inputs::ComposeInput;
use crate::stack::{Stack, StackService, hosts, proxied_hosts};

/// Where requests come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestPort {
    pub(super) number: u16,
    /// Whether `HAProxy` can read the requests.
    pub(super) is_http: bool,
    /// The ports of the host that lead to it, without that of the container: `127.0.0.1:8080`.
    pub(super) published: Vec<String>,
}

/// The ports of a service, its main one first: those that proxies and variables of other services name, that of its server, and
/// those that it publishes; where there are none, the one that it exposes. Empty for programs that listen nowhere.
///
/// # Errors
/// When nothing tells which of several ports is asked, or one is not TCP.
pub(super) fn request_ports(
    compose: &ComposeInput,
    named: &NamedAddresses,
    service: &StackService,
) -> Result<Vec<RequestPort>, String> {
    let (proxied, is_http) = proxied_ports(compose, service.name);
    let published = published_ports(service)?;
    let addresses: Vec<&str> = named.of_others(service.name).collect();
    let named_ports: BTreeSet<u16> = addresses.iter().flat_map(|text| written_ports(text, service.name)).collect();
    let listening = service.listening().and_then(|listening| Some(listening.port?.0));
    let server = if proxied.is_empty() { listening } else { listening.filter(|port| proxied.contains(port)) };
    let mut numbers: Vec<u16> = server.into_iter().collect();
    for number in proxied.iter().chain(&named_ports).chain(published.keys()) {
        if !numbers.contains(number) {
            numbers.push(*number);
        }
    }
    if numbers.is_empty() {
        numbers.extend(exposed_port(service)?);
    }
    let check = service.value.get("healthcheck").map(ComposeValue::display).unwrap_or_default();
    let is_asked_by_http = |number: u16| {
        let urls = [service.name, "localhost", "127.0.0.1"].map(|host| format!("http://{host}:{number}"));
        addresses.iter().copied().chain([check.as_str()]).any(|text| urls.iter().any(|url| has_word(text, url)))
    };
    let port = |(at, number): (usize, u16)| RequestPort {
        number,
        // The main port is one of HTTP where nothing else is known; of the others only those that are asked so.
        is_http: if proxied.contains(&number) { is_http } else { at == 0 && is_http || is_asked_by_http(number) },
        published: published.get(&number).cloned().unwrap_or_default(),
    };
    Ok(numbers.into_iter().enumerate().map(port).collect())
}

/// The ports of a service that proxies and variables of other services name.
pub(crate) fn called_ports(compose: &ComposeInput, named: &NamedAddresses, service: &StackService) -> BTreeSet<u16> {
    let mut ports = proxied_ports(compose, service.name).0;
    ports.extend(named.of_others(service.name).flat_map(|text| written_ports(text, service.name)));
    ports
}

/// Whether a text has a word that no digit follows.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[at + word.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// The values of variables that may be addresses, by the hosts in them.
pub(crate) struct NamedAddresses<'p>(BTreeMap<String, Vec<NamedAddress<'p>>>);

/// A service, and the value of one of its variables.
type NamedAddress<'p> = (&'p str, Rc<str>);

impl<'p> NamedAddresses<'p> {
    /// Those of all services.
    pub(crate) fn of(stack: &Stack<'p>) -> Self {
        let mut named: BTreeMap<String, Vec<NamedAddress>> = BTreeMap::new();
        for service in &stack.services {
            let variables = service.value.get("environment").and_then(ComposeValue::as_map);
            for (variable, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
                let value: Rc<str> = entry.value.display().into();
                let hosts: BTreeSet<&str> = hosts(variable, &value).into_iter().collect();
                for host in hosts {
                    named.entry(host.to_owned()).or_default().push((service.name, Rc::clone(&value)));
                }
            }
        }
        Self(named)
    }

    /// The values of other services' variables that may be addresses of a service.
    fn of_others<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.0.get(name).into_iter().flatten();
        all.filter(move |(service, _)| *service != name).map(|(_, value)| &**value)
    }
}

/// The one port that a service exposes, in the compose file or in its image.
fn exposed_port(service: &StackService) -> Result<Option<u16>, String> {
    let items = service.value.get("expose").and_then(ComposeValue::as_list).unwrap_or_default().iter();
    let written = items.filter_map(|value| value.display().split('/').next()?.parse().ok());
    let ports: BTreeSet<u16> = written.chain(image_ports(service)).collect();
    let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
    match ports.first() {
        Some(_) if ports.len() > 1 => Err(format!(
            "`{}` exposes several ports ({}), and no file says which of them is asked: name it in `ports`, or in an address of \
             who asks, such as `http://{}:{}`",
            service.name,
            texts.join(", "),
            service.name,
            texts[0]
        )),
        first => Ok(first.copied()),
    }
}

/// The ports of the container that are published, each with the ports of the host that lead there.
pub(super) fn published_ports(service: &StackService) -> Result<BTreeMap<u16, Vec<String>>, String> {
    let text =
        |value: &ComposeValue, key: &str| value.get(key).map(ComposeValue::display).filter(|text| !text.is_empty());
    let mut ports: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for item in service.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default() {
        let Some(target) = text(item, "target").and_then(|target| target.parse().ok()) else { continue };
        if let Some(protocol) = text(item, "protocol").filter(|protocol| protocol != "tcp") {
            return Err(format!(
                "`{}` publishes port {target} of {}, which HAProxy does not pass on",
                service.name,
                protocol.to_ascii_uppercase()
            ));
        }
        // Without a number the engine chooses one.
        let number = text(item, "published").unwrap_or_default();
        ports.entry(target).or_default().push(match text(item, "host_ip") {
            Some(address) => format!("{address}:{number}"),
            None => number,
        });
    }
    Ok(ports)
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

/// The ports that the image of a service exposes.
pub(crate) fn image_ports(service: &StackService) -> Vec<u16> {
    let Some(input) = &service.image else { return Vec::new() };
    let build = Build::new(input);
    let target = build.target().or(build.stages().last());
    let ports = target.map(|stage| build.exposed_ports(stage)).unwrap_or_default();
    ports.iter().filter_map(ExposedPorts::only).collect()
}
