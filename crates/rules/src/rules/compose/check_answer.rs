//! Rules about what a healthcheck in a compose file tells.

use crate::build::{looks_for_process, shell_search};
use crate::compose::escaped;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::{Finding, Findings, Severity};
use crate::inputs::local_urls;
use crate::rules::ComposeContext;
use crate::rules::compose_context::unfixed;
use crate::rules::shared::compose_check_edit::{RawTest, word_end};
use crate::rules::shared::compose_readiness::{
    client, constant_end, has_word, lacks_password, never_effect, other_listener, other_program, with_known_test,
    with_test, work,
};
use crate::rules::start::healthchecks::{SELF, SELF_HELP, SELF_TITLE, bracketed, lenient_request, unread_request};
use crate::shell::{Invocation, Script, Word, from_exec, parse};
use crate::stack::{CheckScript, HEALTHY, KnownService, ServiceSettings, StackService, WrittenCheck, usual_test};
use crate::text::{Span, listed};

crate::rules::family! {
    of_compose
    "compose-check-always-healthy" => compose_check_always_healthy;
    "compose-check-never-healthy" => compose_check_never_healthy;
    "compose-check-process-only" => compose_check_process_only;
    "compose-check-reply-ignored" => compose_check_reply_ignored;
    "compose-check-during-setup" => compose_check_during_setup;
}

fn compose_check_always_healthy(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some(end) = constant_end(check) else {
            check_search(cx, service, check, out);
            continue;
        };
        let message = format!("the check of `{}` ends with `{end}`, so it always reports healthy", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = finding.help("check that the service answers or does its work, or remove the check");
        let finding = with_known_test(cx, service, finding);
        let failing = if finding.fixes.is_empty() && !finding.notes.iter().any(|note| note.starts_with("not fixed")) {
            RawTest::of(cx, service).and_then(|test| test.with_failure())
        } else {
            None
        };
        out.push(finding.with(failing, |finding, test| with_test(cx, service, finding, &test, "let the check fail")));
    }
}

/// Reports a check that finds its own shell.
fn check_search(cx: &ComposeContext, service: &StackService, check: &WrittenCheck, out: &mut Findings) {
    let CheckScript { script, is_exec } = check.script();
    let Some(pattern) = shell_search(&script, is_exec) else { return };
    let message = format!("the check of `{}` finds its own shell: {SELF}", service.name);
    let Some(finding) = cx.finding(check.place, message) else { return };
    let finding = finding.help(SELF_HELP);
    if service.known.is_some_and(|known| known.check.is_some()) {
        out.push(with_known_test(cx, service, finding));
        return;
    }
    let quoted = |quote: char, text: &str| format!("{quote}{text}{quote}");
    let changed = RawTest::of(cx, service).and_then(|test| {
        let text = pattern.text();
        let new = quoted('\'', &bracketed(text));
        let mut olds = [quoted('\'', text), quoted('"', text), text.to_owned()].into_iter();
        olds.find_map(|old| test.with_text(&old, &new))
    });
    out.push(finding.with(changed, |finding, test| with_test(cx, service, finding, &test, SELF_TITLE)));
}

fn compose_check_never_healthy(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let (Some(check), Some(what)) = (service.check.written(), fault(cx, service)) else {
            continue;
        };
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
pub(in crate::rules) fn fault(cx: &ComposeContext, service: &StackService) -> Option<String> {
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
    local_urls(text).map(|url| url.port).collect()
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

fn compose_check_process_only(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let script = check.script().script;
        let Some(program) = looks_for_process(script.innermost()) else { continue };
        if service.check_tells_nothing() {
            continue;
        }
        let waiting = waiting(cx, service);
        let is_server = service.known.is_some_and(|known| known.is_exact && known.check.is_some());
        // Without either, it may be all that can be asked.
        if waiting.is_empty() && !(is_server && service.program.is_server()) {
            continue;
        }
        let effect = match waiting.len() {
            0 => "a server that hangs, or is still starting, counts as healthy".to_owned(),
            1 => format!("{} does not wait until it is ready", listed(&waiting)),
            _ => format!("{} do not wait until it is ready", listed(&waiting)),
        };
        let message = format!("the check of `{}` only looks for a process (`{program}`): {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        out.push(with_known_test(cx, service, finding.help("ask it for what it does: a page, a reply, a query")));
    }
}

/// The services that wait for its health.
fn waiting<'a>(cx: &ComposeContext<'a>, service: &StackService<'a>) -> Vec<&'a str> {
    let dependents = cx.stack().dependents(service.name);
    dependents.filter(|(_, dependency)| dependency.condition == HEALTHY).map(|(dependent, _)| dependent.name).collect()
}

fn compose_check_reply_ignored(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let script = check.script().script;
        let script = script.innermost();
        let (message, help) = if let Some(program) = unread_ping(script, service.known) {
            let what = format!(
                "the check of `{}` does not look at the reply: `{program} ping` succeeds for error replies too",
                service.name
            );
            (what, "test the reply: `… ping | grep -q '^PONG$'`")
        } else if lenient_request(script).is_some() {
            let what = format!(
                "curl without `-f` succeeds for any response: `{}` counts as healthy with status 500",
                service.name
            );
            (what, "add `-f`")
        } else if let Some(request) = unread_request(script) {
            let what = format!(
                "`{}` succeeds for any response: `{}` counts as healthy with status 500",
                request.function, service.name
            );
            (what, request.help)
        } else {
            continue;
        };
        // Without a file to load, a cache has no time in which it answers with an error.
        let is_cache = unread_ping(script, service.known).is_some() && !keeps_data(service);
        if is_cache && waiting(cx, service).is_empty() {
            continue;
        }
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if is_cache { finding.lowered(Severity::Info) } else { finding };
        let finding = finding.help(help);
        let test = RawTest::of(cx, service);
        let is_ping = unread_ping(script, service.known).is_some();
        // Where to ask and with which password stays as it is; a bare ping knows neither.
        let is_bare = script.commands.first().is_some_and(|ping| ping.words.len() == 2 && ping.assignments.is_empty());
        let changed = match test {
            Some(test) if lenient_request(script).is_some() => test.with_arguments("curl", &["-f"]),
            Some(test) if is_ping && !is_bare => reading_test(&test),
            _ => None,
        };
        let page = if is_ping { None } else { lenient_request(script).and_then(|curl| uncertain_page(&curl)) };
        // A check that reads the reply must ask where the server listens, with its password.
        let elsewhere = if changed.is_some() { other_listener(cx, service) } else { None };
        if let Some(why) = page.map(str::to_owned).or(elsewhere) {
            out.push(unfixed(finding, &why));
            continue;
        }
        out.push(match changed {
            Some(test) => with_test(cx, service, finding, &test, "fail where the reply is an error"),
            None if is_ping && is_bare => with_known_test(cx, service, finding),
            None => finding,
        });
    }
}

/// Whether a service has a volume, a file of settings or an option by which its data stays, so that it is loaded at a start.
fn keeps_data(service: &StackService) -> bool {
    let has_volume = service.value.get("volumes").and_then(ComposeValue::as_list).is_some_and(|list| !list.is_empty());
    let words = [service.words("entrypoint"), service.words("command")].concat();
    has_volume
        || words.iter().any(|word| {
            word.contains("append") || word.contains(".conf") || word.contains("save") || word.contains("replica")
        })
}

/// Why the page that curl asks for may answer with an error although the server works.
fn uncertain_page(curl: &Invocation) -> Option<&'static str> {
    let words = || curl.args.iter().map(Word::text);
    let is_head =
        |word: &str| word == "--head" || word.starts_with('-') && !word.starts_with("--") && word.contains('I');
    if words().any(is_head) {
        return Some("servers may answer HEAD requests with an error; ask for a page that exists, without `-I`");
    }
    let url = words().find(|word| !word.starts_with('-'))?;
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
    path.trim_matches('/').is_empty().then_some("the server may have no page at `/`; ask for a page that exists")
}

/// The check with a look at the reply behind the ping.
fn reading_test(test: &RawTest) -> Option<RawTest> {
    let line = test.command_line()?.replace("incr ping", "ping");
    let at = word_end(&line, "ping").or_else(|| word_end(&line, "PING"))?;
    let (before, after) = line.split_at(at);
    Some(test.with_line(format!("{before} | grep -q {}{after}", escaped("'^PONG$'"))))
}

/// The client of a check that is nothing but a ping, whose exit code does not depend on the reply.
fn unread_ping(script: &Script, known: Option<KnownService>) -> Option<&str> {
    let invocations = script.invocations();
    let (ping, rest) = invocations.split_first()?;
    // The known check reads the reply of the same client.
    let program = ping.program?;
    let reads_reply = |check: &str| check.contains(&format!("{program} ping | grep"));
    if !known.and_then(|known| known.check).is_some_and(reads_reply) {
        return None;
    }
    let reads_status = |invocation: &Invocation| invocation.args.iter().any(|word| word.is("-e"));
    let says_ping = ping.args.iter().any(|word| word.text().eq_ignore_ascii_case("ping"));
    let is_plain = ping.command.place.pipe_len == 1 && rest.iter().all(|other| other.is("exit"));
    (says_ping && is_plain && !reads_status(ping)).then_some(program)
}

fn compose_check_during_setup(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        if service.known.is_none_or(|known| known.trap.is_none()) {
            continue;
        }
        let Some(early) = answered_early(service, check) else { continue };
        let server = early.host.as_ref().map_or_else(|| "the default address".to_owned(), |host| format!("`{host}`"));
        let message = format!(
            "the check of `{}` succeeds too early: at the first start, `{}` reaches a temporary server at {server} that only sets up the data",
            service.name, early.program
        );
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let is_awaited = cx.stack().dependents(service.name).any(|(_, dependency)| dependency.condition == HEALTHY);
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Info) };
        let help = format!("ask `{}`, where only the final server listens", early.final_host);
        out.push(fixed(cx, service, &early, finding.help(help)));
    }
}

/// The finding with the address of the final server in the check, the rest of which stays.
fn fixed(cx: &ComposeContext, service: &StackService, early: &EarlyClient, finding: Finding) -> Finding {
    if let Some(work) = service.check.written().and_then(work) {
        return unfixed(finding, &format!("the check also does work (`{}`), which must stay", work.trim()));
    }
    if let Some(why) = other_program(service).or_else(|| other_listener(cx, service)) {
        return unfixed(finding, &why);
    }
    let Some(test) = RawTest::of(cx, service) else { return with_known_test(cx, service, finding) };
    let is_address = early.final_host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let changed = match early.word.as_deref().zip(early.host.as_deref()) {
        Some((word, host)) if is_address => test.with_text(word, &word.replace(host, early.final_host)),
        None if is_address => test.with_arguments(&early.program, &["-h", early.final_host]),
        // Only a shell can find the address out.
        word => {
            let test = test.command_line().map(|line| test.with_line(line));
            let quoted = format!("\"{}\"", early.final_host);
            // In single quotes a shell replaces nothing.
            let is_literal = |test: &RawTest| {
                let line = test.command_line().unwrap_or_default();
                word.is_some_and(|(word, _)| line.contains(&format!("'{word}")))
            };
            if test.as_ref().is_some_and(is_literal) {
                return with_known_test(cx, service, finding);
            }
            test.and_then(|test| match word {
                Some((word, host)) => test.with_text(word, &word.replace(host, &escaped(&quoted))),
                None => test.with_arguments(&early.program, &["--host", &quoted]),
            })
        }
    };
    match changed {
        Some(test) => with_test(cx, service, finding, &test, "ask where only the final server listens"),
        None => unfixed(finding, "the address cannot be put into this check without knowing what else it does"),
    }
}

/// A client of a check that the server of the setup answers.
struct EarlyClient {
    program: String,
    /// The host that it is given.
    host: Option<String>,
    /// The word that holds the host.
    word: Option<String>,
    /// Where only the final server listens.
    final_host: &'static str,
}

/// The client that asks the server of the setup.
fn answered_early(service: &StackService, check: &WrittenCheck) -> Option<EarlyClient> {
    let script = check.script().script;
    for invocation in script.invocations() {
        let Some(program) = invocation.program else { continue };
        let Some(&[_, options, hosts, variable, final_host, when, ..]) = data::SETUP_CLIENTS.row(program) else {
            continue;
        };
        if !service.is_set_up(when) {
            continue;
        }
        // A variable of the container names the host.
        if service.value.get("environment").is_some_and(|variables| variables.get(variable).is_some()) {
            continue;
        }
        let early = |host: &str| data::words(hosts).any(|known| known == host);
        let client = EarlyClient { program: program.to_owned(), host: None, word: None, final_host };
        match host(&invocation, options) {
            // A client of URLs has no default address.
            None if options == "-" => {}
            None => return Some(client),
            Some((host, word)) if early(host) => {
                return Some(EarlyClient { host: Some(host.to_owned()), word: Some(word.to_owned()), ..client });
            }
            Some(_) => {}
        }
    }
    None
}

/// The host that a client is given and the word that holds it; a value that is made at run time is some other one.
fn host<'s>(invocation: &Invocation<'s>, options: &'static str) -> Option<(&'s str, &'s str)> {
    let mut words = invocation.args.iter();
    while let Some(word) = words.next() {
        let text = word.text();
        // A URL or `host:port/database` names it too.
        let address = text.split_once("://").map_or(text, |(_, rest)| rest);
        let address = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
        let name = address.split(['/', ':', '?']).next().unwrap_or_default();
        let is_name = name == "localhost" || name.starts_with('$');
        if text.contains("://") || is_name && name.len() < text.len() && !text.starts_with('-') {
            return Some((name, text));
        }
        for option in data::words(options) {
            if text == option {
                return words.next().map(|word| (word.text(), word.text()));
            }
            let behind = text.strip_prefix(option);
            match behind {
                Some(rest) if option.starts_with("--") => {
                    if let Some(value) = rest.strip_prefix('=') {
                        return Some((value, text));
                    }
                }
                Some(rest) if !rest.is_empty() && !text.starts_with("--") => return Some((rest, text)),
                _ => {}
            }
        }
    }
    None
}
