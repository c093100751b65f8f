//! The rule about services that stay down after a crash.

use super::images::text;
use super::replaced::{items, start_words};
use crate::build::{is_command, starts_worker};
use crate::compose::is_on_demand;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::{Findings, Safety};
use crate::rules::{ComposeContext, KeyChange};
use crate::stack::{ServiceProgram, StackService};
use crate::text::{listed, path};
use crate::yaml::NewValue;

crate::rules::family! {
    of_compose
    "compose-restart-missing" => compose_restart_missing;
    "compose-worker-stopped-early" => compose_worker_stopped_early;
}

/// Without a policy the engine starts nothing again, neither after a crash nor after a reboot.
fn compose_restart_missing(cx: &ComposeContext, out: &mut Findings) {
    if is_for_developers(cx) || cx.compose_use().stack_deployer.is_some() || !is_deployed(cx) {
        return;
    }
    let mut services: Vec<&StackService> = cx.services().filter(|service| stays_down(cx, service)).collect();
    services.sort_by_key(|service| service.place.map(|place| (place.file.0, place.span.start)));
    let Some(first) = services.first() else { return };
    let names: Vec<&str> = services.iter().map(|service| service.name).collect();
    let (verb, pronoun, stay) = if names.len() == 1 { ("has", "it", "stays") } else { ("have", "they", "stay") };
    let message = format!(
        "{} {verb} no restart policy: after a crash or a reboot of the host {pronoun} {stay} down",
        listed(&names)
    );
    let Some(finding) = cx.finding(first.place, message) else { return };
    let policy = || NewValue::Inline("unless-stopped".to_owned());
    let change = |name| KeyChange::Set(vec!["services", name, "restart"], policy());
    let changes: Vec<KeyChange> = names.iter().map(|name| change(*name)).collect();
    let why = Safety::Unsafe("a program that always fails is started again and again".to_owned());
    let finding = finding.help("write `restart: unless-stopped`");
    out.push(cx.fixed(finding, "start them again", why, &changes));
}

/// A worker that is told to stop ends the task that it has begun, for as long as the engine lets it: ten seconds.
fn compose_worker_stopped_early(cx: &ComposeContext, out: &mut Findings) {
    if is_for_developers(cx) || cx.compose_use().stack_deployer.is_some() || !is_deployed(cx) {
        return;
    }
    let has_time = |value: &ComposeValue| value.get("stop_grace_period").is_some();
    let mut workers: Vec<(&StackService, String)> = Vec::new();
    for service in cx.services().filter(|service| !has_time(service.value) && !cx.twins(service).any(has_time)) {
        let text = start_words(service).iter().map(|words| words.join(" ")).find(|line| starts_worker(line));
        let queue = || {
            let lines = start_words(service);
            let mut rows = data::PORTLESS_PROGRAMS.rows().filter(|row| row[1] == "tasks");
            rows.find(|row| lines.iter().any(|words| is_command(words, row[0]))).map(|row| row[0].to_owned())
        };
        if let Some(program) = text.map(|line| worker_name(&line)).or_else(queue)
            && cx.text_at(service.place).is_some()
        {
            workers.push((service, program));
        }
    }
    workers.sort_by_key(|(service, _)| service.place.map(|place| (place.file.0, place.span.start)));
    let Some((first, program)) = workers.first() else { return };
    let names: Vec<&str> = workers.iter().map(|(service, _)| service.name).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let message = format!(
        "{} {verb} killed 10 s after the signal to stop: a task of `{program}` that takes longer is cut off at each deployment",
        listed(&names)
    );
    let Some(finding) = cx.finding(first.place, message) else { return };
    out.push(finding.help("set `stop_grace_period` to more than the longest task takes"));
}

/// The program of a line that starts a worker: `celery`.
fn worker_name(line: &str) -> String {
    let is_known = |word: &&str| data::WORKER_PROGRAMS.rows().any(|row| row[1] == *word || *word == "celery");
    let mut words = line.split_whitespace().map(path::name);
    words.find(is_known).unwrap_or("the worker").to_owned()
}

/// Whether a service runs for long, and nothing starts it again.
fn stays_down(cx: &ComposeContext, service: &StackService) -> bool {
    let value = service.value;
    let is_true = |key: &str| value.get(key).and_then(ComposeValue::as_bool) == Some(true);
    let replicas = value.get("deploy").and_then(|deploy| deploy.get("replicas")).or_else(|| value.get("scale"));
    let is_whole = service.is_built || value.get("image").is_some();
    let ends = service.is_job || matches!(service.program, ServiceProgram::Ends | ServiceProgram::Idle);
    let is_by_hand = is_on_demand(value) || is_true("tty") || is_true("stdin_open");
    is_whole
        && !ends
        && !is_by_hand
        && !has_policy(value)
        && replicas.is_none_or(|count| count.display() != "0")
        && cx.text_at(service.place).is_some()
        && !cx.twins(service).any(has_policy)
}

/// Whether a service says whether it is started again; `no` is a choice, too.
fn has_policy(service: &ComposeValue) -> bool {
    let of_deploy = service.get("deploy").and_then(|deploy| deploy.get("restart_policy"));
    service.get("restart").or(of_deploy).is_some()
}

/// Whether the file shows that it runs where nobody sits next to it: a front at the ports of the web, policies of other services,
/// limits, or its name.
pub(super) fn is_deployed(cx: &ComposeContext) -> bool {
    let is_front = |port: &ComposeValue| {
        let published = port.get("published").map(ComposeValue::display);
        published.is_some_and(|port| ["80", "443"].contains(&port.as_str()))
    };
    let is_limited = |value: &ComposeValue| {
        let resources = value.get("deploy").and_then(|deploy| deploy.get("resources"));
        let limits = resources.and_then(|resources| resources.get("limits"));
        limits.is_some() || ["logging", "read_only", "mem_limit"].iter().any(|key| value.get(key).is_some())
    };
    let shows_it = |service: &StackService| {
        let is_restarted =
            has_policy(service.value) && service.value.get("restart").is_none_or(|it| it.display() != "no");
        is_restarted || is_limited(service.value) || items(service.value, "ports").iter().any(is_front)
    };
    let is_named = |word: &str| data::NAME_WORDS.has(word, "production");
    words_of(path::name(cx.name())).any(is_named) || cx.compose_use().deployer.is_some() || cx.services().any(shows_it)
}

/// Whether developers start the file: its name or folder says so, or sources of the host are mounted or watched.
pub(super) fn is_for_developers(cx: &ComposeContext) -> bool {
    let is_named =
        |word: &str| data::NAME_WORDS.has(word, "developers-only") || ["tests", "examples", "override"].contains(&word);
    let folder = &cx.project().folder;
    let holds_sources = |service: &StackService| {
        let contexts = cx.services().filter_map(|other| text(other.value.get("build")?, "context"));
        let contexts: Vec<&str> = contexts.chain([folder.as_str()]).collect();
        items(service.value, "volumes").iter().any(|volume| {
            let source = text(volume, "source");
            let is_bind = text(volume, "type") == Some("bind");
            is_bind && source.is_some_and(|source| contexts.iter().any(|context| path::is_within(context, source)))
        })
    };
    words_of(cx.name()).any(is_named)
        || cx.services().any(|service| {
            service.value.get("develop").is_some() || service.is_for_developers() || holds_sources(service)
        })
}

/// The words of a path.
fn words_of(path: &str) -> impl Iterator<Item = &str> {
    path.split(|c: char| !c.is_ascii_alphanumeric())
}
