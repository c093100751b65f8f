//! See `rules/compose-check-never-healthy.md`.

use super::ComposeContext;
use super::compose_readiness::{client, has_word, lacks_password, never_effect, with_known_test};
use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::{Findings, Severity};
use crate::shell::{Invocation, Script, Word, from_exec, parse};
use crate::stack::{KnownService, ServiceSettings, StackService, WrittenCheck, usual_test};
use crate::text::Span;

super::compose_rule!("compose-check-never-healthy", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let (Some(check), Some(what)) = (service.check.written(), fault(cx, service)) else { continue };
        let (effect, is_awaited) = never_effect(cx, service);
        let message = format!("the check of `{}` {what}: {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
        out.push(match service.listening().and_then(|listening| listening.port) {
            Some((port, _)) if service.known.is_none() => finding.help(format!("ask port {port}")),
            _ => with_known_test(cx, service, finding.help("ask as the server is configured")),
        });
    }
}

/// What in the check of a service contradicts how its server is configured.
pub(super) fn fault(cx: &ComposeContext, service: &StackService) -> Option<String> {
    let check = service.check.written()?;
    let Some(known) = service.known else { return other_port(service, check) };
    let settings = ServiceSettings::of(cx.project(), service).ok()?;
    if !service.program.is_server() || !known.is_exact {
        return None;
    }
    let script = check.script().script;
    let (row, invocation) = client(service, &script)?;
    if !script.innermost().compounds.is_empty() || !script.problems.is_empty() {
        return None;
    }
    CheckCall { service, check, known, settings, row, invocation }.contradiction()
}

/// That a check asks another port than that of the program in its container.
fn other_port(service: &StackService, check: &WrittenCheck) -> Option<String> {
    let ports = local_ports(&check.text())?;
    let first = ports.first()?;
    let listening = service.listening()?;
    let (port, _) = listening.port?;
    let server = listening.server;
    (!ports.contains(&port)).then(|| format!("asks port {first}, but `{server}` listens on {port}"))
}

/// The ports of the URLs in a check that mean its own container; `None` where one is not known.
fn local_ports(text: &str) -> Option<Vec<u16>> {
    let mut ports = Vec::new();
    for (at, separator) in text.match_indices("://") {
        let rest = &text[at + separator.len()..];
        let authority = rest.split(['/', '?', '#', ' ', '\'', '"', ')']).next().unwrap_or_default();
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        if !["localhost", "127.0.0.1", "0.0.0.0"].contains(&host) {
            continue;
        }
        let default = if text[..at].ends_with("https") { 443 } else { 80 };
        ports.push(if port.is_empty() { default } else { port.parse().ok()? });
    }
    Some(ports)
}

/// The client of a check, and the server that it asks.
struct CheckCall<'a> {
    service: &'a StackService<'a>,
    check: &'a WrittenCheck<'a>,
    known: KnownService,
    settings: ServiceSettings,
    /// Of `data/check_clients.tsv`.
    row: data::Row,
    /// The client.
    invocation: Invocation<'a>,
}

impl CheckCall<'_> {
    /// What in the check contradicts how the server is configured.
    fn contradiction(&self) -> Option<String> {
        // Another host is another server.
        if !self.asks_itself() {
            return None;
        }
        let option = if self.reads_pong() { lacks_password(self.service, &self.settings) } else { None };
        if let Some(option) = option {
            return Some(format!("gives no password, which the server asks for (`{option}`)"));
        }
        if self.uses_port() && self.settings.option(self.row[6]).is_some() {
            return Some("asks a port, but `command` leaves the server only its socket".to_owned());
        }
        self.other_port().or_else(|| self.other_protocol())
    }

    fn host(&self) -> Option<&str> {
        option_value(&self.invocation, self.row[3])
    }

    fn asks_itself(&self) -> bool {
        let is_local =
            |host: &str| ["localhost", "127.0.0.1", "::1", "0.0.0.0"].contains(&host) || host.starts_with('/');
        let text = self.check.text();
        let urls =
            text.split("://").skip(1).map(|rest| rest.split(['/', '?', '"', '\'', ' ']).next().unwrap_or_default());
        let mut hosts = urls.map(|authority| {
            let host = authority.rsplit('@').next().unwrap_or_default();
            host.rsplit_once(':').map_or(host, |(host, _)| host)
        });
        // In its own container its name means itself.
        self.host().is_none_or(|host| is_local(host) || host == self.service.name)
            && hosts.all(|host| is_local(host) || host == self.service.name)
    }

    /// Whether the client goes by a port and not by a socket.
    fn uses_port(&self) -> bool {
        match self.host() {
            Some(host) => !(host.starts_with('/') || host == "localhost" && self.row[3].contains("socket")),
            None => self.row[2] != "-" && !self.row[3].contains("socket") && self.row[6] == "-",
        }
    }

    fn reads_pong(&self) -> bool {
        let text = self.check.text();
        text.to_ascii_uppercase().contains("PONG") || has_word(&text, "-e")
    }

    /// Another port than that of the server.
    fn other_port(&self) -> Option<String> {
        let is_variable = |word: &str| !word.starts_with('-');
        let variables = self.service.value.get("environment");
        let is_set = |name: &str| variables.is_some_and(|variables| variables.get(name).is_some());
        let is_socket = self.row[3].contains("socket") && !self.uses_port();
        if self.row[2] == "-" || is_socket || data::words(self.row[2]).filter(|word| is_variable(word)).any(is_set) {
            return None;
        }
        // A URL or `host:port` may name it, and so may what a shell puts in.
        let is_open = |word: &&Word| {
            word.text().contains("://") || word.text().contains(':') && !word.text().contains(['{', '('])
        };
        if self.invocation.args.iter().any(|word| is_open(&word)) || self.check.text().contains('$') {
            return None;
        }
        let expected = script_of(&usual_test(&self.known, &self.settings).ok()?);
        let invocations = expected.invocations();
        let mut clients =
            invocations.iter().filter_map(|known| Some((data::CHECK_CLIENTS.row(known.program?)?, known)));
        let (client, usual) = clients.find(|(client, _)| client[2] != "-")?;
        let default = self.known.ports().next()?;
        let port_of = |invocation: &Invocation, options: &'static str| match option_value(invocation, options) {
            Some(text) => text.parse::<u16>().ok(),
            None => Some(default),
        };
        let (check_port, server_port) = (port_of(&self.invocation, self.row[2])?, port_of(usual, client[2])?);
        (check_port != server_port).then(|| format!("asks port {check_port}, but the server listens on {server_port}"))
    }

    /// The variables of the container, with the defaults of those of Compose; `None` where one has no value.
    fn variables(&self) -> Option<Vec<(String, Option<String>)>> {
        let variables = self.service.value.get("environment");
        let value = |name: &str| variables?.get(name).map(ComposeValue::display).filter(|value| !value.is_empty());
        let pairs = self.settings.variables.iter().map(|(name, known)| {
            let known = if known.is_none() { value(name)? } else { known.clone()? };
            Some((name.clone(), Some(known)))
        });
        pairs.collect()
    }

    /// HTTP where the server speaks HTTPS only, or no login where it asks for one.
    fn other_protocol(&self) -> Option<String> {
        let text = self.check.text();
        let settings = ServiceSettings { variables: self.variables()?, ..self.settings.clone() };
        let known_test = usual_test(&self.known, &settings).ok()?.join(" ");
        let port = self.known.ports().next()?;
        let asks = |scheme: &str| {
            let mut urls = text.match_indices(scheme).map(|(at, _)| &text[at + scheme.len()..]);
            urls.any(|rest| {
                rest.split(['/', '?', '"', '\'', ' ']).next().is_some_and(|host| host.ends_with(&format!(":{port}")))
            })
        };
        if !known_test.contains("https://") && !known_test.contains("http://")
            || !data::words(self.row[4]).any(|way| way == "--header")
        {
            return None;
        }
        if known_test.contains("https://") && asks("http://") {
            return Some("asks over HTTP, but the server answers HTTPS only as long as its security is on".to_owned());
        }
        let is_strict = self.invocation.is("wget") || has_word(&text, "-f") || has_word(&text, "--fail");
        let gives = data::words(self.row[4]).any(|way| has_word(&text, way));
        (has_word(&known_test, "-u") && is_strict && !gives && (asks("http://") || asks("https://")))
            .then(|| "gives no login, which the server asks for".to_owned())
    }
}

/// The commands of a test in words.
fn script_of(test: &[String]) -> Script {
    match test {
        [form, line] if form == "CMD-SHELL" => parse(line),
        [_, words @ ..] => from_exec(&words.iter().map(|word| (word.as_str(), Span::at(0))).collect::<Vec<_>>()),
        [] => parse(""),
    }
}

/// The value of the first of some options.
fn option_value<'s>(invocation: &Invocation<'s>, options: &'static str) -> Option<&'s str> {
    let mut words = invocation.args.iter().map(Word::text);
    while let Some(word) = words.next() {
        for option in data::words(options).filter(|option| option.starts_with('-')) {
            if word == option {
                return words.next();
            }
            match word.strip_prefix(option) {
                Some(rest) if option.starts_with("--") => {
                    if let Some(value) = rest.strip_prefix('=') {
                        return Some(value);
                    }
                }
                Some(rest) => return Some(rest),
                None => {}
            }
        }
    }
    None
}
