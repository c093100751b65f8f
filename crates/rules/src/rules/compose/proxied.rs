//! The rule about proxies that keep the address of a service.

use std::collections::BTreeSet;

use super::replaced::{items, passing_proxies, replaced};
use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::Findings;
use crate::rules::ComposeContext;
use crate::stack::{
    StackService, fixed_addresses, group_servers, nginx_statements, passed_address, proxied_hosts, reached_hosts,
    server_groups,
};
use crate::text::{Source, listed, path};

crate::rules::family! {
    of_compose
    "compose-proxy-address-kept" => compose_proxy_address_kept;
}

/// nginx and `HAProxy` look a name up when they start, and keep the address. Caddy asks again for each connection that it
/// opens, Traefik asks the engine.
fn compose_proxy_address_kept(cx: &ComposeContext, out: &mut Findings) {
    // A container with an address of its own is replaced by one with the same.
    let moves = |service: &&StackService| fixed_addresses(service.value).next().is_none();
    let targets: BTreeSet<&str> = replaced(cx).filter(moves).map(|service| service.name).collect();
    if cx.compose_use().proxy_reloader.is_some() {
        return;
    }
    for service in cx.services() {
        let fixed = fixed_hosts(service);
        let configurations = cx.proxies(service);
        let reached = reached_hosts(configurations);
        let is_asked = |host: &&str| reached.contains(host) && !is_passed_by(cx, service, host);
        let targets: BTreeSet<&str> = targets.difference(&fixed).copied().filter(is_asked).collect();
        let groups: BTreeSet<&str> = configurations.iter().flat_map(|known| server_groups(&known.source)).collect();
        for configuration in configurations {
            let source = &configuration.source;
            let name = source.name();
            let name = path::relative(name, &cx.project().folder).unwrap_or(name);
            let kept = kept_hosts(configuration.proxy, source, &targets, &groups);
            let Some((first, line, help)) = kept.first() else { continue };
            let hosts: Vec<&str> = kept.iter().map(|(host, ..)| *host).collect();
            let message = format!(
                "`{}` looks {} up once ({name}:{line}): after a replacement with another address all requests fail",
                service.name,
                listed(&hosts)
            );
            let Some(mut finding) = cx.finding(cx.image_place(service), message) else { continue };
            if hosts.len() > 1 {
                let others = kept.iter().skip(1).map(|(host, line, _)| format!("`{host}` in line {line}"));
                finding
                    .notes
                    .push(format!("`{first}` is named in line {line}, {}", others.collect::<Vec<_>>().join(", ")));
            }
            out.push(finding.help(help.clone()));
        }
    }
}

/// Whether another proxy passes requests to a host, and this one gets its own from there: nobody asks the host through it.
fn is_passed_by(cx: &ComposeContext, proxy: &StackService, host: &str) -> bool {
    let publishes = !items(proxy.value, "ports").is_empty();
    let in_front = passing_proxies(cx.input, proxy.name);
    let behind = passing_proxies(cx.input, host);
    !publishes && in_front.iter().any(|other| behind.contains(other))
}

/// The names that a service has an address for by itself: something stays there while containers are replaced.
fn fixed_hosts<'v>(service: &StackService<'v>) -> BTreeSet<&'v str> {
    let list = service.value.get("extra_hosts").and_then(ComposeValue::as_list).unwrap_or_default();
    list.iter().filter_map(|item| item.as_text()?.split(['=', ':']).next()).collect()
}

/// The hosts among `targets` whose addresses a proxy keeps, each with the first line that names it and what helps.
/// `groups`: those of all files of the proxy.
fn kept_hosts<'s>(
    proxy: &str,
    source: &'s Source,
    targets: &BTreeSet<&str>,
    groups: &BTreeSet<&str>,
) -> Vec<(&'s str, usize, String)> {
    let mut reported = BTreeSet::new();
    let mut kept = Vec::new();
    for evidence in proxied_hosts(proxy, source, None) {
        let host = evidence.host;
        let is_kept = match proxy {
            "nginx" => !(groups.contains(host) && evidence.name != "server" || is_resolved(source, host)),
            "haproxy" => !has_resolvers(source, host),
            _ => false,
        };
        if !is_kept || !targets.contains(host) || !reported.insert(host) {
            continue;
        }
        let (line, help) = if proxy == "nginx" {
            (
                line_of_host(source, host),
                format!("reload nginx behind each replacement, or {}", nginx_help(source, host)),
            )
        } else {
            let section = "a section `resolvers docker` with `nameserver dns 127.0.0.11:53`";
            let word = "`resolvers docker init-addr last,libc,none` behind the server";
            (line_of_server(source, host), format!("write {section}, and {word}"))
        };
        kept.push((host, line, help));
    }
    kept
}

/// What makes nginx look a host up again. With a variable in it, `proxy_pass` takes what stands behind the host for the whole path.
fn nginx_help(source: &Source, host: &str) -> String {
    let resolver = "write `resolver 127.0.0.11 valid=1s;`";
    if let Some(group) = server_groups(source).find(|group| group_servers(source, group).contains(&host)) {
        return format!(
            "{resolver} and in `upstream {group}` both `zone {group} 64k;` and `resolve` behind the server (nginx 1.27.3)"
        );
    }
    let passed = nginx_statements(source.text()).filter_map(passed_address);
    let has_path = |(_, address): &(&str, &str)| {
        address.split_once('/').is_some_and(|(authority, _)| authority.split(':').next() == Some(host))
    };
    if passed.into_iter().any(|passed| has_path(&passed)) {
        let group = format!("upstream {host}_servers {{ zone {host}_servers 64k; server {host}:PORT resolve; }}");
        return format!("{resolver} and `{group}` (nginx 1.27.3), and the name of the group in `proxy_pass`");
    }
    format!("{resolver}, `set $target {host};` and the variable in `proxy_pass`")
}

/// Whether `HAProxy` looks a server up again while it runs: `resolvers` behind it, or in `default-server` (`HAProxy`'s
/// configuration manual, "Server IP address resolution using DNS").
fn has_resolvers(source: &Source, host: &str) -> bool {
    let has =
        |line: &str| line.split_whitespace().take_while(|word| !word.starts_with('#')).any(|word| word == "resolvers");
    let is_of_host = |line: &str| line.trim_start().starts_with("default-server") || names_server(line, host);
    source.text().lines().any(|line| is_of_host(line) && has(line))
}

/// Whether a line of `HAProxy`'s configuration has a server of this name.
fn names_server(line: &str, host: &str) -> bool {
    let address = line.trim_start().strip_prefix("server ").and_then(|rest| rest.split_whitespace().nth(1));
    address.is_some_and(|address| address.split(':').next() == Some(host))
}

/// The first line with a server of this name.
fn line_of_server(source: &Source, host: &str) -> usize {
    source.text().lines().position(|line| names_server(line, host)).map_or(1, |at| at + 1)
}

/// Whether a server of a group is looked up again: `server api:8000 resolve;` (nginx 1.27.3).
fn is_resolved(source: &Source, host: &str) -> bool {
    let is_of_host = |line: &str| line.trim_start().starts_with("server") && line.contains(host);
    let is_again = |line: &str| line.split([' ', ';', '\t']).any(|word| word == "resolve");
    source.text().lines().any(|line| is_of_host(line) && is_again(line))
}

/// The first line that passes requests to a host.
fn line_of_host(source: &Source, host: &str) -> usize {
    let names = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        let mut words = code.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.$".contains(c)));
        let passes = code.split([' ', '\t', '{', ';']).any(|word| data::PROXY_DIRECTIVES.row(word).is_some());
        passes && words.any(|word| word == host)
    };
    source.text().lines().position(names).map_or(1, |at| at + 1)
}
