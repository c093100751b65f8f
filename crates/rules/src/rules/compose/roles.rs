//! Rules about services that take tasks, and run an image that others run too.

use super::replaced::{is_passed_to, items};
use crate::build::{Build, is_command, starts_scheduler, starts_worker};
use crate::compose::project::ComposeValue;
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Severity};
use crate::inputs::local_urls;
use crate::rules::ComposeContext;
use crate::rules::shared::compose_readiness::never_effect;
use crate::shell::Word;
use crate::stack::{COMPLETED, HEALTHY, ServiceCheck, StackService};
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-check-without-port" => compose_check_without_port;
    "compose-dependency-on-worker" => compose_dependency_on_worker;
    "compose-worker-starts-server" => compose_worker_starts_server;
}

/// A check of the image that asks a port, and a command that opens none.
fn compose_check_without_port(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| matches!(service.check, ServiceCheck::OfImage)) {
        let Some(port) = asked_port(service) else { continue };
        let words = [service.words("entrypoint"), service.words("command")].concat();
        let Some(program) = portless_program(&words) else { continue };
        let (effect, is_awaited) = never_effect(cx, service);
        let message = format!(
            "`{}` has the check of its image, which asks port {port}, and `{program}` opens none: {effect}",
            service.name
        );
        let place = ["command", "entrypoint"].iter().find_map(|key| service.value.get(key)?.place).or(service.place);
        let Some(finding) = cx.finding(place, message) else { continue };
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
        let help =
            "write a `healthcheck` that asks this program, or turn the other one off: `healthcheck: {disable: true}`";
        out.push(finding.help(help));
    }
}

/// A server that waits for a worker, which nobody can ask: tasks wait in the queue until it runs.
fn compose_dependency_on_worker(cx: &ComposeContext, out: &mut Findings) {
    let is_server = |service: &&StackService| {
        let has_ports = || items(service.value, "ports").iter().any(|port| port.get("target").is_some());
        !is_worker(service) && !service.is_job && (service.listening().is_some() || has_ports())
    };
    for service in cx.services().filter(is_server) {
        let line = [service.words("entrypoint"), service.words("command")].concat().join(" ");
        // Flower and its likes show what workers do.
        let known = service.listening().map(|listening| listening.server);
        if known.is_none() && data::WORKER_PROGRAMS.rows().any(|row| line.contains(row[1])) || line.contains("flower") {
            continue;
        }
        for dependency in service.dependencies.iter().filter(|known| !known.is_implied && known.condition != COMPLETED)
        {
            let Some(target) = cx.stack().service(dependency.name).filter(|target| !target.is_job) else { continue };
            let words = [target.words("entrypoint"), target.words("command")].concat();
            let Some(program) = portless_program(&words) else { continue };
            let effect = match dependency.condition {
                HEALTHY => "it starts later, and not at all while the worker is not healthy",
                _ => "it starts later, and not at all where the worker cannot be created",
            };
            let message = format!(
                "`{}` waits for `{}`, and nobody asks a worker (`{program}` opens no port): {effect}",
                service.name, target.name
            );
            let Some(finding) = cx.finding(dependency.place, message) else { continue };
            out.push(finding.help("leave the dependency out: tasks wait in the queue until a worker takes them"));
        }
    }
}

/// The port of its own container that the HEALTHCHECK of a service's image asks.
fn asked_port(service: &StackService) -> Option<u16> {
    let build = Build::new(service.image.as_ref()?);
    let (index, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
    let script = build.code(index)?.script.innermost();
    let invocations = script.invocations();
    // Another question may be enough for it.
    let is_alone = invocations.iter().skip(1).all(|call| call.is("exit") || call.is("false"));
    if !script.compounds.is_empty() || !is_alone {
        return None;
    }
    local_urls(build.input().file.source().slice(instruction.span)).next()?.port
}

/// The program of a command line that takes tasks, or starts them by the clock, and opens no port.
fn portless_program(words: &[&str]) -> Option<String> {
    let line = words.join(" ");
    // A shell may start a server next to it.
    if line.contains(['&', '|']) {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(row) = data::PORTLESS_PROGRAMS.rows().find(|row| is_command(&words, row[0])) {
        return Some(row[0].to_owned());
    }
    if !starts_worker(&line) && !starts_scheduler(&line) {
        return None;
    }
    let known = data::WORKER_PROGRAMS.rows().map(|row| row[1]).chain(["celery", "rqscheduler"]);
    let known: Vec<&str> = known.collect();
    let is_known = |word: &&&str| known.contains(&path::name(word));
    Some(words.iter().find(is_known).map_or(line.clone(), |word| path::name(word).to_owned()))
}

/// A worker that starts what its image starts, as the service next to it does: a second server.
fn compose_worker_starts_server(cx: &ComposeContext, out: &mut Findings) {
    let workers = cx.services().filter(|service| is_worker(service) && !service.is_job);
    let is_asked =
        |service: &StackService| !items(service.value, "ports").is_empty() || is_passed_to(cx.input, service.name);
    for service in workers.filter(|service| !is_asked(service)) {
        let mut others = cx.services().filter(|other| !is_worker(other) && !other.is_job);
        let Some(other) = others.find(|other| has_same_image(service, other) && has_same(service, other, "entrypoint"))
        else {
            continue;
        };
        let Some(what) = same_start(service, other) else { continue };
        let message = format!("`{}` starts {what}, as `{}` does: it takes no tasks", service.name, other.name);
        let Some(finding) = cx.finding(service.place, message) else { continue };
        out.push(
            finding.help("write as its `command` what takes the tasks: `celery -A app worker`, `node worker.js`, …"),
        );
    }
}

/// Whether a service is called after what takes tasks.
fn is_worker(service: &StackService) -> bool {
    let mut words = service.name.split(['-', '_', '.']);
    words.any(|word| data::NAME_WORDS.has(&word.to_ascii_lowercase(), "worker"))
}

/// Whether two services run the same image: they build it in the same way, or name it.
fn has_same_image(service: &StackService, other: &StackService) -> bool {
    let is_built_alike = || service.is_built && other.is_built && has_same(service, other, "build");
    let is_named_alike = || service.text("image").is_some_and(|image| other.text("image") == Some(image));
    is_named_alike() || service.text("image").is_none() && other.text("image").is_none() && is_built_alike()
}

/// Whether two services have the same under a key, or neither has it.
fn has_same(service: &StackService, other: &StackService, key: &str) -> bool {
    match (filled(service, key), filled(other, key)) {
        (Some(value), Some(other)) => value.equals(other),
        (None, None) => true,
        _ => false,
    }
}

fn filled<'p>(service: &StackService<'p>, key: &str) -> Option<&'p ComposeValue> {
    service.value.get(key).filter(|value| !value.is_null())
}

/// What a program in a container can tell one service from another by, next to its command.
const SEEN: [&str; 5] = ["environment", "volumes", "configs", "secrets", "hostname"];

/// What decides what a relative command starts.
const FOLDER: &str = "working_dir";

/// What both services start, where it is the same for certain.
fn same_start(service: &StackService, other: &StackService) -> Option<String> {
    let is_written = filled(service, "command").is_some();
    if !has_same(service, other, "command") || !has_same(service, other, FOLDER) {
        return None;
    }
    // A program may choose its role by a variable, a server that is started by its name does not.
    let server = || {
        let started = service.started()?;
        let build = Build::new(&started);
        let launch = build.launch(build.target()?)?;
        let is_open = launch.script().invocations().iter().flat_map(|call| call.args).any(Word::is_dynamic);
        let listening = if is_open { None } else { service.listening() };
        listening.map(|listening| format!("`{}`", listening.server))
    };
    if let Some(server) = server() {
        return Some(server);
    }
    SEEN.iter().all(|key| has_same(service, other, key)).then(|| {
        let what = if is_written { "the same command" } else { "what its image starts" };
        what.to_owned()
    })
}
