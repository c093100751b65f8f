//! What a command does to the containers of a host, to their images and to what is around them.

use super::flow::FlowCommand;
use crate::data;
use crate::rules::workflow::steps::docker_words;
use crate::shell::{Flag, Invocation, Word, arguments_of_command, parse};
use crate::sources::patterns;
use crate::text::{Span, listed, path};
use crate::workflow::ComposeCall;

/// Meanings in `data/source_patterns.tsv`.
const PROXY: &str = "word of the name of a proxy";
const CLIENT: &str = "program that asks a server";

/// Names that a message has room for.
pub(super) const NAMED: usize = 3;

/// Containers that a command starts or stops.
#[derive(Clone, Debug, Default)]
pub(super) struct Containers {
    /// The call of Compose that names them.
    pub compose: Option<ComposeCall>,
    /// The folder that Compose runs in, as it is written.
    pub folder: Option<String>,
    /// Services of Compose, or containers and services of Docker, as they are written; empty for all of a project.
    pub names: Vec<String>,
    /// Whether they are all containers of the host, of whatever project.
    pub is_everything: bool,
}

/// What a command does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// It starts containers or puts new ones in their place, and does not wait for their end.
    Start(Containers),
    /// It starts those again that are there.
    Restart(Containers),
    /// It stops or removes containers.
    Stop(Containers),
    /// A proxy reads its configuration again; the container or service that it runs in, where it is named.
    Reload(Option<String>),
    /// It lets time pass: so many seconds, where they are known.
    Sleep(Option<u32>),
    /// It asks a server or an engine how a container is.
    Probe,
    /// It changes the schema of a database.
    Schema(SchemaChange),
    /// It deletes images that no container uses: all, or those without a name; only those of a label or an age, where some
    /// are left out.
    Prune { is_all: bool, limit: Option<PruneLimit> },
    /// It pulls, builds or loads images.
    Fetch,
    /// Anything else.
    Other,
}

/// Which images a prune leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PruneLimit {
    /// Those that were made in the last hours, so many; and where that is written.
    Hours(u32, Span),
    /// Others, and those of a time that is not known.
    Other,
}

/// A change of the schema of a database.
#[derive(Clone, Debug)]
pub(super) struct SchemaChange {
    /// Whether it goes to the newest schema.
    pub is_up: bool,
    /// The words that say so.
    pub words: String,
    /// The containers that it runs in; `None` outside of one, and in one that only this command makes.
    pub inside: Option<Containers>,
}

impl Action {
    /// What a command does.
    pub(super) fn of(command: &FlowCommand) -> Self {
        let invocation = &command.command.invocation;
        if let Some(call) = ComposeCall::of(command.script, &command.command) {
            let folder = command.command.folder.as_ref().map(|folder| folder.text.clone());
            return of_compose(&call, folder, invocation);
        }
        match invocation.program {
            Some("sleep") => Self::Sleep(seconds(invocation.args)),
            Some("echo" | "printf" | "grep") | None => Self::Other,
            Some("docker") => match of_docker(invocation) {
                Self::Stop(stopped) => Self::Stop(Containers { is_everything: is_everything(command), ..stopped }),
                action => action,
            },
            Some(program) if patterns::words(CLIENT).any(|name| name == program) => Self::Probe,
            Some(program) => {
                let words: Vec<&str> =
                    std::iter::once(invocation.path.text()).chain(invocation.args.iter().map(Word::text)).collect();
                let via = invocation.via.iter().map(|wrapper| wrapper.program);
                let is_launched = via.into_iter().any(|name| name == program);
                of_words(&words, None).unwrap_or(if is_launched { Self::Probe } else { Self::Other })
            }
        }
    }

    /// Whether it starts or stops containers.
    pub(super) fn moves_containers(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Stop(_))
    }
}

impl Containers {
    /// Whether a command for these is for others, too.
    pub(super) fn share(&self, others: &Self) -> bool {
        self.is_everything || self.folder == others.folder && self.may_share(others)
    }

    /// Whether it may be, where the folder is another one as it is written.
    pub(super) fn may_share(&self, others: &Self) -> bool {
        let has_same = || self.names.iter().any(|name| others.names.contains(name));
        let texts = |call: &ComposeCall| -> Vec<String> {
            let files = call.files.iter().map(|(file, _)| file.text.clone());
            files.chain(call.project.iter().map(|name| format!("-p {}", name.text))).collect()
        };
        match (&self.compose, &others.compose) {
            (Some(a), Some(b)) => {
                texts(a) == texts(b) && (self.names.is_empty() || others.names.is_empty() || has_same())
            }
            (None, None) => has_same(),
            _ => false,
        }
    }

    /// Their names for a message, and what they do, which is said otherwise of one than of more.
    pub(super) fn description(&self, singular: &str, plural: &str) -> String {
        let names = match self.names.len() {
            0 => "all services".to_owned(),
            1..=NAMED => listed(&self.names.iter().map(String::as_str).collect::<Vec<_>>()),
            count => format!("{count} services"),
        };
        let verb = if self.names.len() == 1 { singular } else { plural };
        format!("{names} {verb}")
    }
}

/// The seconds that `sleep` takes.
fn seconds(words: &[Word]) -> Option<u32> {
    let seconds = |word: &Word| {
        let text = word.value()?;
        let (number, factor) = match text.as_bytes().last()? {
            b's' => (&text[..text.len() - 1], 1),
            b'm' => (&text[..text.len() - 1], 60),
            b'h' => (&text[..text.len() - 1], 3_600),
            _ => (text, 1),
        };
        let whole = number.split('.').next().unwrap_or(number);
        Some(if whole.is_empty() { 0 } else { whole.parse::<u32>().ok()?.saturating_mul(factor) })
    };
    words.iter().map(seconds).sum()
}

fn of_compose(call: &ComposeCall, folder: Option<String>, invocation: &Invocation) -> Action {
    let has = |names: &[&str]| call.options.iter().any(|(name, _)| names.contains(&name.as_str()));
    let names: Vec<String> = call.services.iter().map(|service| service.text.clone()).collect();
    let migrates = names.iter().any(|name| name.starts_with("migrat"));
    let verb = call.command.clone();
    let containers = Containers { names, folder, compose: Some(call.clone()), is_everything: false };
    match &*verb {
        "up" if has(&["-d", "--detach", "--wait"]) && !has(&["--no-start"]) => Action::Start(containers),
        "run" | "up" if migrates => Action::Schema(SchemaChange {
            is_up: true,
            words: format!("docker compose {verb} {}", containers.names.join(" ")),
            inside: None,
        }),
        "start" | "restart" => Action::Restart(containers),
        "kill" if has(&["-s", "--signal"]) => signal(invocation, &containers.names),
        "down" | "stop" | "kill" | "rm" => Action::Stop(containers),
        "exec" | "run" => {
            let service = call.services.first().map(|service| service.place.span);
            let Some(service) = service.zip(containers.names.first()).map(|(_, name)| name.clone()) else {
                return Action::Other;
            };
            let at = invocation.args.iter().position(|word| word.text() == service);
            let words = at.map_or(&[][..], |at| &invocation.args[at + 1..]);
            let inside = if verb == "exec" { Some(&containers) } else { None };
            of_inner(words, inside)
        }
        "pull" | "build" => Action::Fetch,
        _ => Action::Other,
    }
}

fn of_docker(invocation: &Invocation) -> Action {
    let words = docker_words(invocation);
    let start = invocation.args.len() - words.len();
    let (verb, rest) = match words[..] {
        ["container", verb, ..] => (verb, start + 2),
        [first @ ("image" | "system" | "stack" | "service" | "buildx"), verb, ..] => {
            return of_object(first, verb, invocation, start + 2);
        }
        [verb, ..] => (verb, start + 1),
        [] => return Action::Other,
    };
    let args = &invocation.args[rest..];
    let (flags, operands) = arguments_of_command("docker", verb, args);
    let names: Vec<String> = operands.iter().map(|word| word.text().to_owned()).collect();
    let has = |flags: &[Flag], names: &[&str]| flags.iter().any(|flag| names.contains(&&*flag.name));
    let containers = |names: Vec<String>| Containers { names, ..Containers::default() };
    match verb {
        "run" | "exec" => {
            let Some(first) = operands.first() else { return Action::Other };
            let is_before = |flag: &Flag| flag.span.start < first.span.start;
            let flags: Vec<Flag> = flags.into_iter().filter(is_before).collect();
            let at = args.iter().position(|word| std::ptr::eq(word, *first)).unwrap_or(args.len() - 1);
            if verb == "exec" {
                return of_inner(&args[at + 1..], Some(&containers(vec![first.text().to_owned()])));
            }
            let name = flags.iter().find(|flag| flag.name == "--name").and_then(|flag| flag.value.as_ref());
            if has(&flags, &["-d", "--detach"]) {
                return Action::Start(containers(name.map(|name| name.text.to_owned()).into_iter().collect()));
            }
            of_inner(&args[at + 1..], None)
        }
        "start" | "restart" => Action::Restart(containers(names)),
        "kill" if has(&flags, &["-s", "--signal"]) => signal(invocation, &names),
        "stop" | "rm" | "kill" => Action::Stop(containers(names)),
        "pull" | "build" | "load" => Action::Fetch,
        "inspect" => Action::Probe,
        _ => Action::Other,
    }
}

/// `docker image …`, `docker service …`.
fn of_object(object: &str, verb: &str, invocation: &Invocation, rest: usize) -> Action {
    let (flags, operands) = arguments_of_command("docker", object, &invocation.args[rest..]);
    let last = |words: &[&Word]| Containers {
        names: words.last().map(|word| word.text().to_owned()).into_iter().collect(),
        ..Containers::default()
    };
    let has = |names: &[&str]| flags.iter().any(|flag| names.contains(&&*flag.name));
    match (object, verb) {
        ("stack", "deploy") | ("service", "update" | "create") => Action::Start(last(&operands)),
        ("stack" | "service", "rm") => Action::Stop(last(&operands)),
        ("image" | "system", "prune") => Action::Prune { is_all: has(&["-a", "--all"]), limit: prune_limit(&flags) },
        ("image", "pull" | "build" | "load") | ("buildx", "build" | "bake") => Action::Fetch,
        ("image", "inspect") => Action::Probe,
        _ => Action::Other,
    }
}

/// What the filters of a prune say.
fn prune_limit(flags: &[Flag]) -> Option<PruneLimit> {
    let mut limit = None;
    for filter in flags.iter().filter(|flag| flag.name == "--filter") {
        let hours = || {
            let value = filter.value.as_ref()?;
            let hours = value.text.strip_prefix("until=")?.strip_suffix('h')?.parse().ok()?;
            Some(PruneLimit::Hours(hours, value.span))
        };
        limit = Some(if limit.is_some() { PruneLimit::Other } else { hours().unwrap_or(PruneLimit::Other) });
    }
    limit
}

/// Whether a command stops all containers that there are: `docker stop $(docker ps -q)`, `docker ps -q | xargs docker stop`.
fn is_everything(command: &FlowCommand) -> bool {
    let invocation = &command.command.invocation;
    let lists_all = |text: &str| {
        // Any other word chooses some of them.
        let is_all = |word: &str| {
            let letters = word.trim_start_matches('-');
            word.starts_with('-') && (letters.chars().all(|c| "aq".contains(c)) || matches!(letters, "all" | "quiet"))
        };
        let text = text.trim_matches(['$', '(', ')', '`', '"', ' ', '|']);
        let calls = ["docker ps", "docker container ls", "docker container ps"];
        let rest = calls.iter().find_map(|call| text.strip_prefix(call));
        rest.is_some_and(|rest| rest.split_whitespace().all(is_all))
    };
    let text = |span: Span| command.script.text.slice(span.range());
    if invocation.is_via("xargs") {
        let before = command.before_in_pipe();
        return before.is_some_and(|span| lists_all(text(span)));
    }
    invocation.args.iter().any(|word| word.is_dynamic() && lists_all(text(word.span)))
}

/// `kill -s HUP`: a proxy reads its configuration again.
fn signal(invocation: &Invocation, names: &[String]) -> Action {
    let is_reload = |word: &Word| {
        let text = word.text();
        let text = text.rsplit('=').next().unwrap_or(text);
        matches!(text.strip_prefix("SIG").unwrap_or(text), "HUP" | "USR2")
    };
    let is_proxy = |name: &&String| patterns::words(PROXY).any(|word| name.to_ascii_lowercase().contains(word));
    let is_reload = invocation.args.iter().any(is_reload);
    match names.iter().find(is_proxy) {
        Some(name) if is_reload => Action::Reload(Some(name.clone())),
        _ if is_reload => Action::Other,
        _ => Action::Stop(Containers { names: names.to_vec(), ..Containers::default() }),
    }
}

/// What a command does that runs in a container.
fn of_inner(words: &[Word], inside: Option<&Containers>) -> Action {
    let texts: Vec<&str> = words.iter().map(Word::text).collect();
    let [first, rest @ ..] = &texts[..] else { return Action::Other };
    if let ("sh" | "bash" | "ash", [option, script, ..]) = (path::name(first), rest)
        && option.starts_with('-')
        && option.ends_with('c')
    {
        let parsed = parse(script);
        let commands = parsed.invocations();
        let of_command = |command: &Invocation| {
            let words: Vec<&str> = std::iter::once(command.path).chain(command.args).map(Word::text).collect();
            of_words(&words, inside)
        };
        return commands.iter().find_map(of_command).unwrap_or(Action::Other);
    }
    if patterns::words(CLIENT).any(|name| name == path::name(first)) {
        return Action::Probe;
    }
    of_words(&texts, inside).unwrap_or(Action::Other)
}

/// What the words of a command say in `data/proxy_reloads.tsv` and `data/schema_commands.tsv`.
fn of_words(words: &[&str], inside: Option<&Containers>) -> Option<Action> {
    if data::PROXY_RELOADS.keys().any(|command| end_of(words, command).is_some()) {
        return Some(Action::Reload(inside.and_then(|inside| inside.names.first().cloned())));
    }
    for row in data::SCHEMA_COMMANDS.rows() {
        let &[command, word, way, ..] = row else { continue };
        let Some(end) = end_of(words, command) else { continue };
        if word == "-" || words[end..].contains(&word) {
            let words = if word == "-" { command.to_owned() } else { format!("{command} {word}") };
            return Some(Action::Schema(SchemaChange { is_up: way == "up", words, inside: inside.cloned() }));
        }
    }
    None
}

/// Where the words of a known command end among others; folders of the first do not count.
fn end_of(words: &[&str], command: &str) -> Option<usize> {
    let (first, rest) = command.split_once(' ').unwrap_or((command, ""));
    let is_first = |word: &str| {
        let folder = word.strip_suffix(first);
        folder.is_some_and(|folder| folder.is_empty() || folder.ends_with('/') || first.contains('/'))
    };
    let rest = rest.split_ascii_whitespace();
    let end_after = |at: usize| {
        let mut end = at + 1;
        for known in rest.clone() {
            if words.get(end) != Some(&known) {
                return None;
            }
            end += 1;
        }
        Some(end)
    };
    words.iter().enumerate().filter(|(_, word)| is_first(word)).find_map(|(at, _)| end_after(at))
}
