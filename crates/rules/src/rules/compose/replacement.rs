//! Rules about services whose containers are replaced by newer ones: what keeps old and new from running side by side, and
//! what loses requests in between. Off unless selected: the file alone does not say that a service is replaced.

use std::collections::BTreeSet;

use super::undeclared::is_own_code;
use crate::build::{Build, Reference};
use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeValue, duration_nanoseconds};
use crate::data;
use crate::finding::{Findings, Safety};
use crate::inputs::{ComposeInput, ProxyConfiguration};
use crate::rules::start::main_process::last_command;
use crate::rules::{ComposeContext, KeyChange};
use crate::shell::program::{Program, options::ProgramOptions};
use crate::shell::{Command, Word, parse};
use crate::sources::patterns;
use crate::stack::{Stack, StackService, passed_hosts, proxied_hosts, server_groups};
use crate::text::{Source, listed, path};
use crate::yaml::NewValue;

crate::rules::family! {
    of_compose
    "compose-port-fixed" => compose_port_fixed;
    "compose-name-fixed" => compose_name_fixed;
    "compose-check-missing" => compose_check_missing;
    "compose-proxy-address-kept" => compose_proxy_address_kept;
    "compose-update-config-ignored" => compose_update_config_ignored;
    "compose-grace-too-short" => compose_grace_too_short;
    "compose-data-file-shared" => compose_data_file_shared;
    "compose-shell-keeps-signal" => compose_shell_keeps_signal;
}

/// Seconds that Docker gives a container to stop where nothing else is written (`docker stop`, `--timeout`).
const GRACE: u64 = 10;

/// The services of a compose file whose containers a deployment replaces: those of the project's own programs that do not end
/// by themselves.
pub fn replaced_services<'a>(
    input: &'a ComposeInput,
    stack: &'a Stack<'a>,
) -> impl Iterator<Item = &'a StackService<'a>> {
    stack.services.iter().filter(move |service| {
        let is_proxy = input.proxies.get(service.name).is_some_and(|files| !files.is_empty());
        is_own_code(service) && !service.is_job && !is_proxy && !is_backend(service) && !is_companion(service)
    })
}

/// Whether a service runs a program of others that serves those of the project (`data/companion_images.tsv`).
fn is_companion(service: &StackService) -> bool {
    let (Some(image), false) = (service.image_name(), service.is_built) else { return false };
    let name = path::name(Reference::of(image).short_name());
    let fits = |pattern: &str| match pattern.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => name == pattern,
    };
    data::COMPANION_IMAGES.rows().any(|row| fits(row[0]))
}

/// A word of a name that says that a service is one of two that take turns.
const COLORS: [&str; 2] = ["blue", "green"];

/// Whether a service of the same name but for the colour runs while this one does, so that each may have a name and ports
/// of its own: they are replaced by turns.
fn has_twin(cx: &ComposeContext, service: &StackService) -> bool {
    let other = |name: &str| {
        let [blue, green] = COLORS;
        let is_word = |color: &str| name.split(['-', '_', '.']).any(|word| word == color);
        match (is_word(blue), is_word(green)) {
            (true, false) => Some(name.replace(blue, green)),
            (false, true) => Some(name.replace(green, blue)),
            _ => None,
        }
    };
    let Some(twin) = other(service.name) else { return false };
    cx.services().any(|known| known.name == twin && !shares_name_or_port(known, service))
}

/// Whether two services have a name or a port of the host that only one of them can have.
fn shares_name_or_port(service: &StackService, other: &StackService) -> bool {
    let fixed = |service: &StackService| {
        let name = service.value.get("container_name").map(ComposeValue::display);
        let ports = items(service.value, "ports").iter();
        let published = ports.filter_map(|port| port.get("published").map(ComposeValue::display));
        name.into_iter().chain(published).filter(|text| !text.is_empty()).collect::<BTreeSet<_>>()
    };
    !fixed(service).is_disjoint(&fixed(other))
}

pub(super) fn replaced<'a>(cx: &ComposeContext<'a>) -> impl Iterator<Item = &'a StackService<'a>> + use<'a> {
    replaced_services(cx.input, cx.stack())
}

fn is_backend(service: &StackService) -> bool {
    service.known.is_some_and(|known| known.is_backend())
}

fn items<'v>(value: &'v ComposeValue, key: &str) -> &'v [ComposeValue] {
    value.get(key).and_then(ComposeValue::as_list).unwrap_or_default()
}

/// A port of the host that one container takes, so that no second one starts beside it.
fn compose_port_fixed(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx).filter(|service| !has_twin(cx, service)) {
        for port in items(service.value, "ports") {
            let text = |key: &str| port.get(key).map(ComposeValue::display).filter(|text| !text.is_empty());
            let (Some(target), Some(published)) = (text("target"), text("published")) else { continue };
            if published.contains(['-', '$']) || published == "0" {
                continue;
            }
            let message = format!(
                "`{}` takes port {published} of the host: a new container starts only when the old one is gone",
                service.name
            );
            let Some(finding) = cx.finding(port.place, message) else { continue };
            out.push(finding.help(format!(
                "publish the port of a proxy that stays, and let it pass requests on to `{}:{target}`",
                service.name
            )));
        }
    }
}

/// A name that only one container can have.
fn compose_name_fixed(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx).filter(|service| !has_twin(cx, service)) {
        let Some(name) = service.value.get("container_name") else { continue };
        let message = format!(
            "`{}` has a fixed container name: a new container starts only when the old one is gone",
            service.name
        );
        let Some(finding) = cx.finding(name.place, message) else { continue };
        let finding = finding.help("leave `container_name` out: others reach it by the name of the service");
        let why = "commands that use the container's name must use that of the service (`docker compose exec`)";
        let change = KeyChange::Remove(vec!["services", service.name, "container_name"]);
        out.push(cx.fixed(finding, "leave the name to Compose", Safety::Unsafe(why.to_owned()), &[change]));
    }
}

/// Without a healthcheck `up --wait` is over when the container has started.
fn compose_check_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        let is_known = service.is_built && service.image.is_some();
        // Nothing is sent to a worker before it is ready: it takes its work.
        if !is_known || !service.check.is_absent() || !gets_requests(cx, service) {
            continue;
        }
        let message = format!("`{}` has no healthcheck: nobody can wait until a new container is ready", service.name);
        let Some(finding) = cx.finding(service.place, message) else { continue };
        out.push(
            finding.help("write a `healthcheck` that fails until the program answers (`dockopt compose emit` does)"),
        );
    }
}

/// Whether requests come to a service, as far as is known: it listens, or a proxy names it.
fn gets_requests(cx: &ComposeContext, service: &StackService) -> bool {
    let is_passed_to = |configuration: &ProxyConfiguration| {
        proxied_hosts(configuration.proxy, &configuration.source, None).iter().any(|known| known.host == service.name)
    };
    let exposes = |build: &Build| {
        let target = build.target().or(build.stages().last());
        target.is_some_and(|stage| !build.exposed_ports(stage).is_empty())
    };
    service.listening().is_some()
        || service.image.as_ref().is_some_and(|input| exposes(&Build::new(input)))
        || ["ports", "expose"].iter().any(|key| !items(service.value, key).is_empty())
        || cx.services().flat_map(|proxy| cx.proxies(proxy)).any(is_passed_to)
}

/// nginx and `HAProxy` look a name up when they start, and keep the address. Caddy asks again for each connection that it
/// opens, Traefik asks the engine.
fn compose_proxy_address_kept(cx: &ComposeContext, out: &mut Findings) {
    let targets: BTreeSet<&str> = replaced(cx).map(|service| service.name).collect();
    if cx.compose_use().proxy_reloader.is_some() {
        return;
    }
    for service in cx.services() {
        let fixed = fixed_hosts(service);
        let targets = targets.difference(&fixed).copied().collect();
        for configuration in cx.proxies(service) {
            let source = &configuration.source;
            let name = source.name();
            let name = path::relative(name, &cx.project().folder).unwrap_or(name);
            let kept = kept_hosts(configuration.proxy, source, &targets);
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

/// The names that a service has an address for by itself: something stays there while containers are replaced.
fn fixed_hosts<'v>(service: &StackService<'v>) -> BTreeSet<&'v str> {
    let list = service.value.get("extra_hosts").and_then(ComposeValue::as_list).unwrap_or_default();
    list.iter().filter_map(|item| item.as_text()?.split(['=', ':']).next()).collect()
}

/// The hosts among `targets` whose addresses a proxy keeps, each with the first line that names it and what helps.
fn kept_hosts<'s>(proxy: &str, source: &'s Source, targets: &BTreeSet<&str>) -> Vec<(&'s str, usize, String)> {
    let groups: BTreeSet<&str> = server_groups(source).collect();
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
            let variable =
                format!("`resolver 127.0.0.11 valid=1s;`, `set $target {host};` and the variable in `proxy_pass`");
            (line_of_host(source, host), format!("reload nginx behind each replacement, or write {variable}"))
        } else {
            let section = "a section `resolvers docker` with `nameserver dns 127.0.0.11:53`";
            let word = "`resolvers docker init-addr last,libc,none` behind the server";
            (line_of_server(source, host), format!("write {section}, and {word}"))
        };
        kept.push((host, line, help));
    }
    kept
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

/// Keys of `deploy` that only swarms read.
const IGNORED: [&str; 2] = ["update_config", "rollback_config"];

/// `deploy.update_config` is for swarms: `docker compose` does not read it (docker/compose#13149).
fn compose_update_config_ignored(cx: &ComposeContext, out: &mut Findings) {
    if cx.compose_use().stack_deployer.is_some() {
        return;
    }
    for service in cx.services() {
        let Some(deploy) = service.value.get("deploy").and_then(ComposeValue::as_map) else { continue };
        // Others are those that Compose adds.
        let mut written = deploy.iter().filter(|(_, entry)| entry.key.or(entry.value.place).is_some());
        let is_all = written.all(|(key, _)| IGNORED.contains(&key));
        for key in IGNORED {
            let Some(entry) = deploy.entry(key) else { continue };
            let message = format!("`{key}` has no effect with `docker compose`: only swarms update services this way");
            let Some(finding) = cx.finding(entry.key.or(entry.value.place), message) else { continue };
            let finding = finding.help("deploy with `docker stack deploy`, or replace the containers by a script");
            let why =
                "a swarm that deploys the file by a command that is not in the repository would no longer have it";
            let mut path = vec!["services", service.name, "deploy"];
            path.extend((!is_all).then_some(key));
            let change = KeyChange::Remove(path);
            out.push(cx.fixed(finding, "leave it out", Safety::Unsafe(why.to_owned()), &[change]));
        }
    }
}

/// What says how long a request may take.
struct LongestRequest {
    seconds: u64,
    /// As it is written: `--timeout 120`.
    text: String,
}

/// The engine kills what has not stopped in time.
fn compose_grace_too_short(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        let written = service.value.get("stop_grace_period");
        let grace = match written.map(|value| duration_nanoseconds(&value.display())) {
            None => GRACE,
            Some(Some(nanoseconds)) => u64::try_from(nanoseconds).unwrap_or_default() / 1_000_000_000,
            Some(None) => continue,
        };
        let Some(longest) = longest_request(cx, service).filter(|longest| longest.seconds > grace) else { continue };
        let message = format!(
            "`{}` is killed {grace} s after it is told to stop, and a request may take {} s (`{}`)",
            service.name, longest.seconds, longest.text
        );
        let place = written.and_then(|value| value.place).or(service.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        let value = format!("{}s", longest.seconds.saturating_add(5));
        let finding = finding.help(format!("write `stop_grace_period: {value}`"));
        let change = KeyChange::Set(vec!["services", service.name, "stop_grace_period"], NewValue::Inline(value));
        let why = Safety::Unsafe("a program that does not react to the signal runs on for that long".to_owned());
        out.push(cx.fixed(finding, "give it the time of a request", why, &[change]));
    }
}

fn longest_request(cx: &ComposeContext, service: &StackService) -> Option<LongestRequest> {
    let command = start_words(service);
    let command =
        command.iter().map(|words| of_command(words)).max_by_key(|longest| longest.as_ref().map(|it| it.seconds));
    let proxies = cx.services().flat_map(|proxy| cx.proxies(proxy)).filter(|known| known.proxy == "nginx");
    let of_proxies = proxies.filter_map(|known| of_proxy(&known.source, service.name));
    command.flatten().into_iter().chain(of_proxies).max_by_key(|longest| longest.seconds)
}

/// The commands that a service starts.
pub(super) fn start_words(service: &StackService) -> Vec<Vec<String>> {
    let words = |key: &str| service.words(key).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let written = [words("entrypoint"), words("command")].concat();
    if !written.is_empty() {
        return vec![written];
    }
    let Some(input) = &service.image else { return Vec::new() };
    let build = Build::new(input);
    let last = build.target().or(build.stages().last());
    last.map_or_else(Vec::new, |stage| build.start_lines(stage))
}

/// The option of a server that says how long a request may take (`data/program_options.tsv`).
fn of_command(words: &[String]) -> Option<LongestRequest> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let start =
        words.iter().position(|word| !ProgramOptions::of(path::name(word)).with("request-seconds").is_empty())?;
    let options = ProgramOptions::of(path::name(words[start]));
    let longest = words[start..].iter().enumerate().filter_map(|(at, word)| {
        let (name, attached) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        if !options.has(name, "request-seconds") {
            return None;
        }
        let value = attached.or_else(|| words.get(start + at + 1).copied())?;
        Some(LongestRequest { seconds: value.parse().ok()?, text: format!("{name} {value}") })
    });
    longest.max_by_key(|longest| longest.seconds)
}

/// `proxy_read_timeout` of a configuration that passes requests to this service alone.
fn of_proxy(source: &Source, host: &str) -> Option<LongestRequest> {
    let hosts: BTreeSet<&str> = passed_hosts(source, None).into_iter().map(|evidence| evidence.host).collect();
    let groups: BTreeSet<&str> = server_groups(source).collect();
    if hosts.difference(&groups).ne([&host]) {
        return None;
    }
    let lines = plain_request_lines(source.text()).filter_map(|line| {
        let statement = line.split('#').next()?.trim().strip_suffix(';')?;
        let (name, value) = statement.split_once(char::is_whitespace)?;
        let value = value.trim();
        let seconds = value.strip_suffix('s').unwrap_or(value).parse().ok()?;
        patterns::words("directive of nginx with the longest answer")
            .any(|word| word == name)
            .then(|| LongestRequest { seconds, text: format!("{name} {value}") })
    });
    lines.max_by_key(|longest| longest.seconds)
}

/// The lines of a configuration of nginx without those of locations that pass sockets of the web on: what they wait for is a silence,
/// not an answer.
fn plain_request_lines(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("location").filter(|block| !block.to_ascii_lowercase().contains("upgrade"));
    blocks.flat_map(str::lines)
}

/// A shell that starts a program and waits for it passes no signal on.
fn compose_shell_keeps_signal(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        for key in ["entrypoint", "command"] {
            let words = service.words(key);
            let [program, "-c", text, ..] = words[..] else { continue };
            if !Program::of(path::name(program)).is_shell() || !shell_stays(text) {
                continue;
            }
            let place = items(service.value, key).get(2).and_then(|item| item.place);
            let message = format!(
                "`{}` runs its program in a shell (PID 1), which passes no signal on: it is killed with its requests",
                service.name
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help("write `exec` before the last command"));
        }
    }
}

/// Whether a shell runs the last command of a text beside itself. A text of one command is handed over by some shells.
fn shell_stays(text: &str) -> bool {
    let script = parse(text);
    let name = last_command(&script).and_then(Command::name).and_then(Word::value);
    let is_program = name.is_some_and(|name| name != "exec" && !Program::of(path::name(name)).needs_no_exec());
    script.commands.len() > 1 && script.compounds.is_empty() && is_program
}

/// A database in a file: two programs that write it wait for each other, and fail.
fn compose_data_file_shared(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        let Some((name, place, file)) = data_file(service) else { continue };
        let volumes = items(service.value, "volumes");
        let is_kept = |volume: &ComposeValue| {
            let target = volume.get("target").and_then(ComposeValue::as_text).unwrap_or_default();
            !target.is_empty() && path::is_within(&file, target)
        };
        if !volumes.iter().any(is_kept) {
            continue;
        }
        let message = format!(
            "`{}` keeps its data in `{file}` (`{name}`): an old and a new container cannot both write it",
            service.name
        );
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(
            finding.help("use a database server before you replace it while it runs, or stop it first and say so"),
        );
    }
}

/// The database file that a variable of a service names: the variable, its place, the file.
fn data_file<'a>(service: &'a StackService) -> Option<(&'a str, Option<ComposePlace>, String)> {
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let variable = |(name, entry): (&'a str, &'a ComposeEntry)| {
        let (scheme, rest) = entry.value.as_text()?.split_once("://")?;
        let is_sqlite = scheme.split('+').next() == Some("sqlite") || scheme == "file" && rest.contains(".db");
        // `sqlite:////data/a.db`: three slashes stand before a path, which begins with one.
        let file = rest.split('?').next()?.strip_prefix('/')?;
        (is_sqlite && file.starts_with('/')).then(|| (name, entry.key.or(entry.value.place), path::normalize(file)))
    };
    variables.into_iter().flat_map(ComposeMap::iter).find_map(variable)
}
