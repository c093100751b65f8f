//! The configuration of `HAProxy`.

use super::plan::{DeploymentPlan, ReplacedService};

/// Times are long, as `HAProxy` stands behind other proxies and adds no limit of its own; `http-server-close` opens a
/// connection for each request, so that none is sent down one that the server is closing.
const START: &str =
    "# Written by dockopt. The lines `server` are rewritten by deploy.sh: which container gets requests.
global
    stats socket ipv4@127.0.0.1:9999 level admin
    log stdout format raw local0 notice
defaults
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 24h
    timeout http-request 1m
    timeout http-keep-alive 10m
resolvers docker
    nameserver dns 127.0.0.11:53
    hold valid 1s
";

/// The port inside of the container under which `HAProxy` takes the host's requests for one of several services of the same port.
const HOST_PORTS: u16 = 20_000;

/// The configuration; `existing`: the one that is there, whose servers are kept.
pub(super) fn configuration(plan: &DeploymentPlan, existing: Option<&String>) -> String {
    let mut text = START.to_owned();
    for (service, port) in plan.routed() {
        let (name, number) = (&service.name, port.number);
        let backend = backend_name(service, number);
        let mode = if port.is_http { "http" } else { "tcp" };
        text.push_str(&format!("frontend to-{backend}\n    mode {mode}\n"));
        if is_shared(plan, number) {
            text.push_str(&format!("    bind {}:{number}\n", plan.address(service.network)));
            if !port.published.is_empty() {
                text.push_str(&format!("    bind :{}\n", host_port(plan, name, number)));
            }
        } else {
            text.push_str(&format!("    bind :{number}\n"));
        }
        text.push_str(&format!("    default_backend {backend}\nbackend {backend}\n    mode {mode}\n"));
        if port.is_http {
            text.push_str("    option http-server-close\n");
        }
        for slot in 1..=2 * service.count {
            let server = format!("{backend}-{slot}");
            // Before the first deployment the service's own name leads to its containers.
            let first = if slot == 1 { (name.as_str(), 100) } else { ("none.invalid", 0) };
            let (container, weight) =
                existing.and_then(|text| server_of(text, &server)).unwrap_or_else(|| (first.0.to_owned(), first.1));
            text.push_str(&format!(
                "    server {server} {container}:{number} weight {weight} check inter 1s resolvers docker init-addr libc,none\n"
            ));
        }
    }
    text
}

/// The name of the servers of a port: that of the service, and for all but its main port the number behind it.
fn backend_name(service: &ReplacedService, number: u16) -> String {
    let is_main = service.ports.first().is_some_and(|port| port.number == number);
    if is_main { service.name.clone() } else { format!("{}:{number}", service.name) }
}

/// The container and the weight of a server that a configuration has.
fn server_of(text: &str, server: &str) -> Option<(String, u32)> {
    let line = text.lines().find(|line| line.split_whitespace().take(2).eq(["server", server]))?;
    let mut words = line.split_whitespace().skip(2);
    let (container, _) = words.next()?.rsplit_once(':')?;
    let weight = words.skip_while(|word| *word != "weight").nth(1)?.parse().ok()?;
    Some((container.to_owned(), weight))
}

/// Whether several services have a port.
fn is_shared(plan: &DeploymentPlan, number: u16) -> bool {
    plan.routed().filter(|(_, port)| port.number == number).count() > 1
}

/// The port of the container that a port of the host leads to.
pub(super) fn host_port(plan: &DeploymentPlan, name: &str, number: u16) -> u16 {
    let at = plan.routed().position(|(service, port)| service.name == name && port.number == number);
    if is_shared(plan, number) {
        HOST_PORTS + u16::try_from(at.unwrap_or_default()).unwrap_or_default()
    } else {
        number
    }
}
