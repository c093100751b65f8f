//! The rule about services that are killed before their requests are done.

use std::collections::BTreeSet;

use super::replaced::{replaced, start_words};
use crate::compose::project::duration_nanoseconds;
use crate::finding::{Findings, Safety};
use crate::rules::{ComposeContext, KeyChange};
use crate::shell::program::options::ProgramOptions;
use crate::sources::patterns;
use crate::stack::{StackService, group_servers, looked_up_hosts, nginx_statements, passed_hosts};
use crate::text::{Source, path};
use crate::yaml::NewValue;

crate::rules::family! {
    of_compose
    "compose-grace-too-short" => compose_grace_too_short;
}

/// Seconds that Docker gives a container to stop where nothing else is written (`docker stop`, `--timeout`).
const GRACE: u64 = 10;

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

/// Seconds without a word of `proxy_read_timeout` and its likes (nginx docs: `ngx_http_proxy_module`).
const NGINX_DEFAULT: u64 = 60;

/// `proxy_read_timeout` of a configuration that passes all requests to this service, or to a group with it.
fn of_proxy(source: &Source, host: &str) -> Option<LongestRequest> {
    if !targets(source).contains(&host) {
        return None;
    }
    let statements = plain_request_lines(source.text()).flat_map(nginx_statements);
    let lines = statements.filter_map(|statement| {
        let (name, value) = statement.split_once(char::is_whitespace)?;
        let value = value.trim();
        let seconds = value.strip_suffix('s').unwrap_or(value).parse().ok()?;
        // What nginx does anyway tells nothing of this program.
        (seconds != NGINX_DEFAULT
            && patterns::words("directive of nginx with the longest answer").any(|word| word == name))
        .then(|| LongestRequest { seconds, text: format!("{name} {value}") })
    });
    lines.max_by_key(|longest| longest.seconds)
}

/// The hosts that a configuration passes all requests to; none where it has several targets.
fn targets(source: &Source) -> Vec<&str> {
    let passed = passed_hosts(source, None);
    let named = passed.iter().filter(|evidence| evidence.name != "server").map(|evidence| evidence.host);
    let targets: BTreeSet<&str> = named.chain(looked_up_hosts(source)).collect();
    let mut targets = targets.into_iter();
    let (Some(target), None) = (targets.next(), targets.next()) else { return Vec::new() };
    let servers = group_servers(source, target);
    if servers.is_empty() { vec![target] } else { servers }
}

/// The lines of a configuration of nginx without those of locations that pass sockets of the web on: what they wait for is a silence,
/// not an answer.
fn plain_request_lines(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("location").filter(|block| !block.to_ascii_lowercase().contains("upgrade"));
    blocks.flat_map(str::lines)
}
