//! Rules about services whose containers are replaced by newer ones: what keeps old and new from running side by side, and
//! what loses requests in between. Off unless selected: the file alone does not say that a service is replaced.

use std::collections::BTreeSet;

use super::replaced::{has_twin, is_passed_to, items, passing_proxies, replaced, start_words, twin_name};
use crate::build::{Build, Sh, starts_scheduler, starts_worker};
use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::finding::{Finding, Findings, Safety};
use crate::rules::start::main_process::last_command;
use crate::rules::{ComposeContext, KeyChange};
use crate::shell::program::Program;
use crate::shell::{Command, Word, parse};
use crate::stack::{StackService, fixed_addresses, hosts};
use crate::text::{listed, path};

crate::rules::family! {
    of_compose
    "compose-port-fixed" => compose_port_fixed;
    "compose-name-fixed" => compose_name_fixed;
    "compose-check-missing" => compose_check_missing;
    "compose-update-config-ignored" => compose_update_config_ignored;
    "compose-data-file-shared" => compose_data_file_shared;
    "compose-shell-keeps-signal" => compose_shell_keeps_signal;
}

/// A port of the host that one container takes, so that no second one starts beside it.
fn compose_port_fixed(cx: &ComposeContext, out: &mut Findings) {
    let unset = cx.project().unset_starts();
    for service in replaced(cx).filter(|service| !has_twin(cx, service)) {
        if shares_host(service) {
            port_of_host(cx, service, out);
            continue;
        }
        for port in items(service.value, "ports") {
            let text = |key: &str| port.get(key).map(ComposeValue::display).filter(|text| !text.is_empty());
            let (Some(target), Some(published)) = (text("target"), text("published")) else { continue };
            if published.contains(['-', '$']) || published == "0" {
                continue;
            }
            // What stands in for a variable without a value is nobody's port.
            let is_known = !port.holds_place(&|place| unset.contains(&place.start()));
            let (ports, address) = if is_known {
                (format!("port {published} of the host"), format!("{}:{target}", service.name))
            } else {
                let written = cx.text_at(port.place).map(|text| text.trim_matches(['"', '\'']));
                let written = written.filter(|text| !text.contains(char::is_whitespace));
                let written = written.map_or_else(String::new, |text| format!(" (`{text}`)"));
                (format!("a port of the host{written}"), service.name.to_owned())
            };
            let name = service.name;
            let message = format!("`{name}` takes {ports}: a new container starts only when the old one is gone");
            let Some(finding) = cx.finding(port.place, message) else { continue };
            let is_local = port.get("host_ip").and_then(ComposeValue::as_text).is_some_and(|ip| ip.starts_with("127."));
            out.push(with_port_help(cx, finding, name, &address, is_local));
        }
    }
}

/// Whether a service has no network of its own, so that `ports` means nothing.
fn shares_host(service: &StackService) -> bool {
    service.text("network_mode") == Some("host")
}

/// A service without a network of its own listens on ports of the host.
fn port_of_host(cx: &ComposeContext, service: &StackService, out: &mut Findings) {
    let Some(mode) = service.value.get("network_mode") else { return };
    if !gets_requests(cx, service) {
        return;
    }
    let message = format!(
        "`{}` listens on ports of the host (`network_mode: host`): a new container starts only when the old one is gone",
        service.name
    );
    let Some(finding) = cx.finding(mode.place, message) else { return };
    out.push(
        finding.help("leave `network_mode` out, and let a proxy pass requests on to it in a network of the project"),
    );
}

/// What to do about a port of the host; `is_local`: only the host itself reaches it.
fn with_port_help(cx: &ComposeContext, finding: Finding, service: &str, address: &str, is_local: bool) -> Finding {
    let mut proxies = passing_proxies(cx.input, service);
    // One of a profile that the service is not in may not be started.
    let profiles = |name: &str| {
        let known = cx.services().find(|known| known.name == name);
        known.map(|known| items(known.value, "profiles").iter().map(ComposeValue::display).collect::<BTreeSet<_>>())
    };
    let own_profiles = profiles(service).unwrap_or_default();
    let is_started =
        |name: &str| profiles(name).is_some_and(|others| others.is_empty() || !others.is_disjoint(&own_profiles));
    proxies.retain(|proxy| is_started(proxy));
    if !proxies.is_empty() {
        let (proxies, verb) = (listed(&proxies), if proxies.len() > 1 { "pass" } else { "passes" });
        return finding.help(format!("leave the port out: {proxies} {verb} requests on to `{service}`"));
    }
    if is_local {
        return finding.help(format!(
            "run two of `{service}` that take turns, each with a port of its own, and let the proxy of the host pass requests on to the new one; or run the proxy as a service, and let it pass them on to `{address}`"
        ));
    }
    finding.help(format!("publish the port of a proxy that stays, and let it pass requests on to `{address}`"))
}

/// A name or an address that only one container can have.
fn compose_name_fixed(cx: &ComposeContext, out: &mut Findings) {
    // No request is lost while a worker is not there, and of what plans tasks or polls a second one would do harm.
    let is_unasked = |service: &StackService| {
        let is_read = service.is_built && service.image.is_some();
        is_read && !gets_requests(cx, service) && !is_named_by_others(cx, service)
    };
    let only_works = |service: &&StackService| {
        items(service.value, "ports").is_empty() && (is_worker(service) || is_unasked(service))
    };
    for service in replaced(cx).filter(|service| !has_twin(cx, service) && !only_works(service)) {
        fixed_name(cx, service, out);
        for address in fixed_addresses(service.value) {
            let message = format!(
                "`{}` has a fixed address ({}): a new container starts only when the old one is gone",
                service.name,
                address.display()
            );
            let Some(finding) = cx.finding(address.place, message) else { continue };
            let proxies = passing_proxies(cx.input, service.name);
            out.push(finding.help(if proxies.is_empty() {
                "leave the address out: others reach it by the name of the service".to_owned()
            } else {
                // nginx and HAProxy keep an address for as long as they run.
                format!(
                    "leave the address out, and let {} look `{}` up again (`dockopt explain compose-proxy-address-kept`)",
                    listed(&proxies),
                    service.name
                )
            }));
        }
    }
}

fn fixed_name(cx: &ComposeContext, service: &StackService, out: &mut Findings) {
    let Some(name) = service.value.get("container_name") else { return };
    let message =
        format!("`{}` has a fixed container name: a new container starts only when the old one is gone", service.name);
    let Some(finding) = cx.finding(name.place, message) else { return };
    let written = name.display();
    let proxies = passing_proxies(cx.input, &written);
    if written != service.name && !proxies.is_empty() {
        out.push(finding.help(format!(
            "leave `container_name` out, and name `{}` instead of `{written}` in the configuration of {}",
            service.name,
            listed(&proxies)
        )));
        return;
    }
    if shares_host(service) {
        out.push(finding.help("leave `container_name` out"));
        return;
    }
    let finding = finding.help("leave `container_name` out: others reach it by the name of the service");
    let why = "commands that use the container's name must use that of the service (`docker compose exec`)";
    let change = KeyChange::Remove(vec!["services", service.name, "container_name"]);
    out.push(cx.fixed(finding, "leave the name to Compose", Safety::Unsafe(why.to_owned()), &[change]));
}

/// Without a healthcheck `up --wait` is over when the container has started.
fn compose_check_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        let is_known = service.is_built && service.image.is_some();
        // Nothing is sent to a worker before it is ready: it takes its work.
        if !is_known || !service.check.is_absent() || !gets_requests(cx, service) || is_awaited(cx, service) {
            continue;
        }
        let message = format!("`{}` has no healthcheck: nobody can wait until a new container is ready", service.name);
        let Some(finding) = cx.finding(service.place, message) else { continue };
        out.push(
            finding.help("write a `healthcheck` that fails until the program answers (`dockopt compose emit` does)"),
        );
    }
}

/// Whether a script waits until a new container answers.
fn is_awaited(cx: &ComposeContext, service: &StackService) -> bool {
    let ports =
        items(service.value, "ports").iter().filter_map(|port| port.get("published").map(ComposeValue::display));
    let ports: Vec<String> = ports.collect();
    let names = [Some(service.name), service.text("container_name")];
    names.into_iter().flatten().any(|name| cx.compose_use().waits_for(name, &ports))
}

/// Whether requests come to a service, as far as is known: it listens, or a proxy names it or the one that it takes turns with.
fn gets_requests(cx: &ComposeContext, service: &StackService) -> bool {
    let exposes = |build: &Build| {
        let target = build.target().or(build.stages().last());
        target.is_some_and(|stage| !build.exposed_ports(stage).is_empty())
    };
    let names = std::iter::once(service.name.to_owned()).chain(twin_name(service.name));
    service.listening().is_some()
        // What its image exposes is for another command.
        || service.image.as_ref().is_some_and(|input| exposes(&Build::new(input))) && !is_worker(service)
        || ["ports", "expose"].iter().any(|key| !items(service.value, key).is_empty())
        || names.into_iter().any(|name| is_passed_to(cx.input, &name))
}

/// Whether another service waits for this one, or has its address in a variable.
fn is_named_by_others(cx: &ComposeContext, service: &StackService) -> bool {
    let others = cx.services().filter(|other| other.name != service.name);
    others.into_iter().any(|other| {
        let variables = other.value.get("environment").and_then(ComposeValue::as_map);
        let entries = variables.into_iter().flat_map(ComposeMap::iter);
        let mut addresses = entries.map(|(name, entry)| (name, entry.value.display()));
        other.dependencies.iter().any(|dependency| dependency.name == service.name)
            || addresses.any(|(name, value)| hosts(name, &value).contains(&service.name))
    })
}

/// Whether a service works on tasks, or plans them.
fn is_worker(service: &StackService) -> bool {
    let commands = start_words(service);
    let mut lines = commands.iter().map(|words| words.join(" "));
    lines.any(|line| starts_worker(&line) || starts_scheduler(&line))
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

/// A shell that starts a program and waits for it passes no signal on.
fn compose_shell_keeps_signal(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        for key in ["entrypoint", "command"] {
            let words = service.words(key);
            let [program, "-c", text, ..] = words[..] else { continue };
            let program = path::name(program);
            if !Program::of(program).is_shell() || !shell_stays(shell_of(service, program), text) {
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

/// Which shell a program of an image is.
fn shell_of(service: &StackService, program: &str) -> Sh {
    match program {
        "bash" => return Sh::Bash,
        "ash" => return Sh::Ash,
        "dash" => return Sh::Dash,
        _ => {}
    }
    let Some(input) = &service.image else { return Sh::Unknown };
    let build = Build::new(input);
    build.target().map_or(Sh::Unknown, |stage| build.system_shell(stage))
}

/// Whether a shell runs the last command of a text beside itself. A text of one command is handed over by some shells, and not by
/// that of Debian.
fn shell_stays(sh: Sh, text: &str) -> bool {
    let script = parse(text);
    let name = last_command(&script).and_then(Command::name).and_then(Word::value);
    let is_program = name.is_some_and(|name| name != "exec" && !Program::of(path::name(name)).needs_no_exec());
    let is_kept = script.commands.len() > 1 || sh == Sh::Dash;
    is_kept && !sh.gives_way(&script) && script.compounds.is_empty() && is_program
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
        let file = database_file(name, entry.value.as_text()?)?;
        Some((name, entry.key.or(entry.value.place), path::normalize(file)))
    };
    variables.into_iter().flat_map(ComposeMap::iter).find_map(variable)
}

/// The absolute path of a database file: `sqlite:////data/a.db`, or `/data/a.db` in `DB_PATH`.
fn database_file<'v>(name: &str, value: &'v str) -> Option<&'v str> {
    let Some((scheme, rest)) = value.split_once("://") else {
        let name = name.to_ascii_uppercase();
        let is_named = ["DB", "DATABASE", "SQLITE"].iter().any(|word| name.split('_').any(|part| part == *word));
        let is_file = [".db", ".sqlite", ".sqlite3"].iter().any(|end| value.ends_with(end));
        return (is_named && is_file && value.starts_with('/')).then_some(value);
    };
    let is_sqlite = scheme.split('+').next() == Some("sqlite") || scheme == "file" && rest.contains(".db");
    // Three slashes stand before a path, which begins with one.
    let file = rest.split('?').next()?.strip_prefix('/')?;
    (is_sqlite && file.starts_with('/')).then_some(file)
}
