//! What shows that a service needs another one: addresses in variables, programs that wait, the configuration of a proxy.

use std::collections::BTreeSet;

use super::StackService;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::data;
use crate::inputs::ProxyConfiguration;
use crate::text::{Source, path};

/// What shows that a service needs another one.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'p> {
    /// By what it shows.
    pub kind: EvidenceKind,
    /// The name of the other one.
    pub host: &'p str,
    /// The variable, the program that waits, or the directive.
    pub name: &'p str,
    /// Where it is written.
    pub place: Option<ComposePlace>,
}

/// By what a need shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// An address in a variable.
    Address,
    /// A program that waits for it.
    Waiter,
    /// Requests are passed to it.
    Proxy,
}

/// The hosts that a value names: those of URLs, and all of it under a name that says so.
pub fn hosts<'v>(name: &str, value: &'v str) -> Vec<&'v str> {
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

/// The hosts that a service waits for in `entrypoint` and `command`: `wait-for-it.sh db:5432`, `nc -z db 5432`.
pub fn awaited_hosts<'p>(service: &StackService<'p>) -> Vec<Evidence<'p>> {
    let lists = ["entrypoint", "command"].map(|key| service.value.get(key).and_then(ComposeValue::as_list));
    let mut evidence = Vec::new();
    let mut waiter = None;
    for item in lists.into_iter().flatten().flatten() {
        let text = item.as_text().unwrap_or_default();
        for word in text.split(|c: char| c.is_whitespace() || ";&|()'\"".contains(c)) {
            if data::WAIT_PROGRAMS.contains(path::name(word)) {
                waiter = Some(path::name(word));
                continue;
            }
            let Some(name) = waiter else { continue };
            // What the waiting program starts is behind these.
            if ["--", "do", "exec"].contains(&word) {
                waiter = None;
                continue;
            }
            let word = word.split_once('=').map_or(word, |(_, value)| value);
            let address = word.split_once("://").map_or(word, |(_, rest)| rest);
            let host = address.split([':', '/']).next().unwrap_or_default();
            evidence.push(Evidence { kind: EvidenceKind::Waiter, host, name, place: item.place });
        }
    }
    evidence
}

/// The hosts that a proxy passes requests to, as its configuration names them.
pub fn proxied_hosts<'p>(proxy: &str, source: &'p Source, place: Option<ComposePlace>) -> Vec<Evidence<'p>> {
    if proxy == "nginx" {
        return passed_hosts(source, place);
    }
    let mut evidence = Vec::new();
    for line in source.text().lines() {
        let line = line.trim_start().trim_start_matches("- ");
        let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
        let Some(name) = words.next() else { continue };
        let addresses: Vec<&str> = match (proxy, name) {
            // A name stands before the address.
            ("haproxy", "server") | ("traefik", "url") => words.skip(1).take(1).collect(),
            ("caddy", "reverse_proxy" | "php_fastcgi" | "to") => words.filter(|word| word.contains(':')).collect(),
            ("traefik", "url:" | "address:") => words.take(1).collect(),
            _ => continue,
        };
        for address in addresses {
            let address = address.trim_matches(['"', '\'', ',']);
            let address = address.split_once("://").map_or(address, |(_, rest)| rest);
            let host = address.split([':', '/']).next().unwrap_or_default();
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if !host.is_empty() && host.chars().all(is_name) {
                evidence.push(Evidence { kind: EvidenceKind::Proxy, host, name, place });
            }
        }
    }
    evidence
}

/// The names of groups of servers that a configuration of nginx defines.
pub fn server_groups(source: &Source) -> impl Iterator<Item = &str> {
    let lines = source.text().lines().filter_map(|line| line.trim_start().strip_prefix("upstream"));
    lines.filter_map(|rest| rest.split([' ', '\t', '{']).find(|word| !word.is_empty()))
}

/// The hosts that nginx passes requests to; a name in a variable is looked up when a request comes.
pub fn passed_hosts(source: &Source, place: Option<ComposePlace>) -> Vec<Evidence<'_>> {
    let mut evidence = Vec::new();
    for statement in nginx_statements(source.text()) {
        let Some((name, address)) = passed_address(statement) else { continue };
        let host = address.split([':', '/']).next().unwrap_or_default();
        if !host.contains('$') {
            evidence.push(Evidence { kind: EvidenceKind::Proxy, host, name, place });
        }
    }
    evidence
}

/// The hosts that nginx looks up when a request comes: those that `set` gives to a variable which requests are passed to.
pub fn looked_up_hosts(source: &Source) -> Vec<&str> {
    let statements: Vec<&str> = nginx_statements(source.text()).collect();
    let passed: Vec<&str> = statements
        .iter()
        .filter_map(|statement| Some(passed_address(statement)?.1))
        .filter(|it| it.contains('$'))
        .collect();
    let is_passed_to = |variable: &str| {
        let is_it = |address: &&str| address.split([':', '/']).next() == Some(variable);
        passed.iter().any(is_it)
    };
    let mut hosts = Vec::new();
    for statement in &statements {
        let mut words = statement.split_whitespace();
        let (Some("set"), Some(variable), Some(value)) = (words.next(), words.next(), words.next()) else { continue };
        let value = value.trim_matches(['"', '\'']);
        let address = value.split_once("://").map_or(value, |(_, rest)| rest);
        let host = address.split([':', '/']).next().unwrap_or_default();
        if !host.is_empty() && !host.contains('$') && is_passed_to(variable) {
            hosts.push(host);
        }
    }
    hosts
}

/// The hosts that a proxy passes requests to, by all of its files: the servers of a group of nginx are among them where requests
/// are passed to the group.
pub fn reached_hosts(files: &[ProxyConfiguration]) -> BTreeSet<&str> {
    let (nginx, others): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.proxy == "nginx");
    let of_others = others.iter().flat_map(|file| proxied_hosts(file.proxy, &file.source, None));
    let mut hosts: BTreeSet<&str> = of_others.map(|evidence| evidence.host).collect();
    let groups: BTreeSet<&str> = nginx.iter().flat_map(|file| server_groups(&file.source)).collect();
    let passed = nginx.iter().flat_map(|file| passed_hosts(&file.source, None));
    let passed = passed.filter(|evidence| evidence.name != "server").map(|evidence| evidence.host);
    let looked_up: Vec<&str> = nginx.iter().flat_map(|file| looked_up_hosts(&file.source)).collect();
    let mut names: BTreeSet<&str> = passed.chain(looked_up.iter().copied()).collect();
    // A variable that no `set` tells may name any group.
    let is_open = |file: &&ProxyConfiguration| {
        let mut addresses = nginx_statements(file.source.text()).filter_map(passed_address);
        addresses.any(|(_, address)| address.contains('$'))
    };
    if looked_up.is_empty() && nginx.iter().any(is_open) {
        names.extend(&groups);
    }
    for name in names {
        if groups.contains(name) {
            hosts.extend(nginx.iter().flat_map(|file| group_servers(&file.source, name)));
        } else {
            hosts.insert(name);
        }
    }
    hosts
}

/// The servers of one group of a configuration of nginx.
pub fn group_servers<'s>(source: &'s Source, group: &str) -> Vec<&'s str> {
    let mut servers = Vec::new();
    for block in source.text().split("upstream").skip(1) {
        let (head, rest) = block.split_once('{').unwrap_or_default();
        if head.trim() == group {
            let body = rest.split('}').next().unwrap_or_default();
            let addresses = nginx_statements(body).filter_map(passed_address).filter(|(name, _)| *name == "server");
            servers.extend(addresses.filter_map(|(_, address)| address.split([':', '/']).next()));
        }
    }
    servers
}

/// The statements of a configuration of nginx, without what ends them.
pub fn nginx_statements(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| line.split(['{', '}', ';'])).map(str::trim).filter(|statement| !statement.is_empty())
}

/// The directive of a statement that passes requests on, and the address that it names, without the scheme.
pub fn passed_address(statement: &str) -> Option<(&'static str, &str)> {
    let mut words = statement.split_whitespace();
    let (directive, value) = (words.next()?, words.next()?.trim_matches(['"', '\'']));
    let &[name, form, ..] = data::PROXY_DIRECTIVES.row(directive)? else { return None };
    match value.split_once("://") {
        Some((_, rest)) => Some((name, rest)),
        // `proxy_pass $target`: the variable may hold all of a URL.
        None if form == "url" => value.starts_with('$').then_some((name, value)),
        None => Some((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_proxies_are_read() {
        let text = "upstream app { server api:8000 weight=5; server backup backup; }\n\
                    server { listen 80; server_name x; # proxy_pass http://no;\n\
                    location / { proxy_pass http://web:3000/; } location /v { set $u http://v; proxy_pass $u; }\n\
                    location ~ php { fastcgi_pass php:9000; } location /g { grpc_pass grpc://rpc; proxy_pass http://$host; } }";
        let source = Source::of("nginx.conf", text);
        let hosts: Vec<&str> = passed_hosts(&source, None).iter().map(|evidence| evidence.host).collect();
        assert_eq!(hosts, ["api", "backup", "web", "php", "rpc"]);
    }

    #[test]
    fn hosts_in_variables_and_groups_are_read() {
        let text = "upstream app { server api:8000; server web:1; }\nupstream b { server other:1; }\n\
                    server { set $t one; location / { proxy_pass http://$t:3000; }\n\
                    location /v { set $u \"http://two:1\"; proxy_pass $u; }\n\
                    location /w { set $host_kept three; proxy_pass http://$t_more; } # set $t no;\n}";
        let source = Source::of("nginx.conf", text);
        assert_eq!(looked_up_hosts(&source), ["one", "two"]);
        assert_eq!(group_servers(&source, "app"), ["api", "web"]);
        assert_eq!(group_servers(&source, "b"), ["other"]);
        assert!(group_servers(&source, "c").is_empty());
    }

    /// A group that no request is passed to, one of another file, and one that is called like a service.
    #[test]
    fn groups_are_reached_by_what_is_passed_to_them() {
        let file = |text: &str| ProxyConfiguration { proxy: "nginx", source: Source::of("nginx.conf", text) };
        let groups = "upstream app { server api:8000; }\nupstream unused { server admin:1; }\nupstream web { server 127.0.0.1:3000; }";
        let site = "server { location / { proxy_pass http://app; } location /w { proxy_pass http://web; } location /x { proxy_pass http://x:1; } }";
        let hosts =
            |files: &[ProxyConfiguration]| reached_hosts(files).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(hosts(&[file(groups), file(site)]), ["127.0.0.1", "api", "x"]);
        let open = "map $host $pool { default app; } server { location / { proxy_pass http://$pool; } }";
        assert_eq!(hosts(&[file(groups), file(open)]), ["127.0.0.1", "admin", "api"]);
    }

    #[test]
    fn hosts_of_other_proxies_are_read() {
        let hosts = |proxy: &str, text: &str| {
            let source = Source::of("config", text);
            proxied_hosts(proxy, &source, None).iter().map(|evidence| evidence.host.to_owned()).collect::<Vec<_>>()
        };
        let text = "example.org {\n  reverse_proxy /api/* api:8000 http://web:3000 # no:1\n  php_fastcgi php:9000\n\
                    reverse_proxy {$HOST}:1\n reverse_proxy {\n to one:1 two:2\n} }";
        assert_eq!(hosts("caddy", text), ["api", "web", "php", "one", "two"]);
        let text = "backend app\n  server a api:8000 check\n  # server b no:1\n  server c 10.0.0.1:80\nfrontend x\n bind *:80\n";
        assert_eq!(hosts("haproxy", text), ["api", "10.0.0.1"]);
        let text = "http:\n  services:\n    a:\n      loadBalancer:\n        servers:\n          - url: \"http://api:8000\"\nentryPoints:\n  web:\n    address: \":80\"\n";
        assert_eq!(hosts("traefik", text), ["api"]);
        assert_eq!(hosts("traefik", "url = \"http://web:1/\"\n"), ["web"]);
    }

    #[test]
    fn hosts_of_addresses_are_read() {
        assert_eq!(hosts("AWS_ENDPOINT_URL", "http://minio:9000"), ["minio"]);
        assert_eq!(hosts("S3_ENDPOINT", "minio:9000"), ["minio"]);
        assert_eq!(hosts("BROKERS", "a:1,b:2"), Vec::<&str>::new());
        assert_eq!(hosts("KAFKA_BROKERS", "a:1,b:2"), ["a", "b"]);
    }
}
