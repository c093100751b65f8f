//! Rules about proxies that keep from a program who asked it, and programs that do not listen to them.

use super::replaced::{is_passed_to, items};
use crate::build::{Build, Reference};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::finding::Findings;
use crate::rules::ComposeContext;
use crate::stack::{StackService, nginx_statements};
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-forwarded-headers-ignored" => compose_forwarded_headers_ignored;
    "compose-proxy-headers-missing" => compose_proxy_headers_missing;
}

/// nginx sends the name of its upstream as Host, and no address of the client, unless it is told to.
fn compose_proxy_headers_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let files = cx.proxies(service).iter().filter(|file| file.proxy == "nginx");
        let sources: Vec<_> = files.map(|file| &file.source).collect();
        let statements = || sources.iter().flat_map(|source| nginx_statements(source.text()));
        // Which headers another file sets, nobody sees here.
        let is_told = |statement: &str| {
            let mut words = statement.split_whitespace();
            match words.next() {
                // `Connection` and `Upgrade` are of the connection, and tell nothing of who asked.
                Some("proxy_set_header") => words.next().is_some_and(is_of_request),
                Some("include") => {
                    words.next().is_some_and(|name| !name.contains("mime.types") && !name.contains("conf.d"))
                }
                _ => false,
            }
        };
        if statements().any(is_told) {
            continue;
        }
        let Some((source, line)) = sources.iter().find_map(|source| Some((source, passing_line(source.text())?)))
        else {
            continue;
        };
        let name = path::relative(source.name(), &cx.project().folder).unwrap_or(source.name());
        let message = format!(
            "`{}` passes requests on without their host and the address of the client ({name}:{line}): the program sees those of \
             the proxy",
            service.name
        );
        let Some(finding) = cx.finding(cx.image_place(service), message) else { continue };
        let help = "next to `proxy_pass`, set `proxy_set_header Host $host;`, `X-Forwarded-For $proxy_add_x_forwarded_for;` and \
                    `X-Forwarded-Proto $scheme;`";
        out.push(finding.help(help));
    }
}

/// The option without which a server reads no headers of proxies at all.
const SWITCH: &str = "--proxy-headers";

/// A server that trusts no proxy but one on its own address takes the proxy for the client.
fn compose_forwarded_headers_ignored(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(proxy) = proxy_of(cx, service) else { continue };
        let Some((server, option)) = distrusting_server(service) else { continue };
        let is_off = option == SWITCH;
        let trusted = if is_off { "no proxy" } else { "no proxy but one at `127.0.0.1`" };
        let message = format!(
            "`{server}` of `{}` believes {trusted}: behind `{proxy}` it sees the proxy's address as the client and http as the scheme",
            service.name
        );
        let place = service.value.get("command").filter(|value| !value.is_null()).and_then(|value| value.place);
        let Some(finding) = cx.finding(place.or(service.place), message) else { continue };
        let value = if is_off { "" } else { "='*'" };
        let help = format!("start it with `{option}{value}`, as long as only the proxy reaches it");
        out.push(finding.help(help));
    }
}

/// The proxy of the project that passes requests to a service: by its configuration, by labels, or because it waits for it.
fn proxy_of<'a>(cx: &ComposeContext<'a>, service: &StackService<'a>) -> Option<&'a str> {
    let is_front = |other: &&StackService| {
        let image = other.image_name().map(Reference::of);
        image.is_some_and(|image| data::PROXY_IMAGES.contains(image.short_name()))
            && !items(other.value, "ports").is_empty()
    };
    let mut fronts = cx.services().filter(is_front);
    let is_labelled = || {
        let labels = service.value.get("labels").and_then(ComposeValue::as_map);
        labels.into_iter().flat_map(ComposeMap::iter).any(|(name, _)| name.starts_with("traefik.http."))
    };
    let front = fronts.find(|front| front.dependencies.iter().any(|known| known.name == service.name));
    if let Some(front) = front {
        return Some(front.name);
    }
    if is_passed_to(cx.input, service.name) {
        return super::replaced::passing_proxies(cx.input, service.name).into_iter().next();
    }
    is_labelled().then_some("traefik")
}

/// The server that a service starts and that is not told whose headers it may believe, with the option that tells it.
fn distrusting_server(service: &StackService) -> Option<(&'static str, &'static str)> {
    // In the network of another container the proxy may be next to it.
    if service.text("network_mode").is_some() {
        return None;
    }
    let started = service.started()?;
    let build = Build::new(&started);
    let stage = build.target()?;
    let server = build.listening(stage)?.server;
    let row = data::FORWARDED_HEADERS.row(server)?;
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let is_set = |wanted: &str| {
        build.env_value(stage, wanted).is_some()
            || variables.into_iter().flat_map(ComposeMap::iter).any(|(name, _)| name == wanted)
    };
    let launch = build.launch(stage)?;
    let invocations = launch.script().invocations();
    let mut words = invocations.iter().flat_map(|call| call.args).map(crate::shell::Word::text);
    // A socket that is a file has no address.
    let is_told = words.any(|word| word == "--uds" || data::words(row[1]).any(|option| word.starts_with(option)));
    (!is_told && !data::words(row[2]).any(is_set)).then(|| (row[0], data::words(row[1]).next().unwrap_or_default()))
}

/// Whether a header says which host was asked, or by whom.
fn is_of_request(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header == "host" || header == "forwarded" || header.starts_with("x-forwarded-") || header.starts_with("x-real-")
}

/// The number of the first line that passes HTTP requests on.
fn passing_line(text: &str) -> Option<usize> {
    let passes = |statement: &str| statement.starts_with("proxy_pass ") && statement.contains("http");
    text.lines().position(|line| nginx_statements(line).any(passes)).map(|line| line + 1)
}
