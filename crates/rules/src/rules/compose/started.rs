//! Rules about what the services of a compose file start by `command` and `entrypoint`.

use crate::build::{Build, LoopbackOrigin};
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::finding::Findings;
use crate::rules::ComposeContext;
use crate::rules::shared::exec_form::{is_command_line, is_operator, separate_words};
use crate::rules::start::exec_words::spaced_program;
use crate::rules::start::main_process::manager_as_main_process;
use crate::stack::StackService;
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-command-needs-shell" => compose_command_needs_shell;
    "compose-loopback-only" => compose_loopback_only;
    "compose-npm-as-main-process" => compose_npm_as_main_process;
    "compose-program-with-space" => compose_program_with_space;
}

/// A list passes its words to the program as they stand; of a text Compose reads what stands before an operator.
fn compose_command_needs_shell(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for key in ["entrypoint", "command"] {
            let Some(items) = service.value.get(key).and_then(ComposeValue::as_list) else { continue };
            let Some(place) = items.first().map(|item| item.place) else { continue };
            let written = cx.text_at(place).unwrap_or_default();
            let has_words = || service.words(key).first().is_some_and(|word| !is_command_line(word));
            let is_text = items.iter().all(|item| item.place == place)
                && (items.len() > 1 || written.contains(char::is_whitespace) && has_words());
            let name = service.name;
            let (message, line, place) = if is_text {
                let Some(dropped) = dropped_part(written) else { continue };
                let message = format!("Compose leaves out `{dropped}` in `{key}` of `{name}`: it starts no shell");
                (message, written.trim_matches(['"', '\'']).to_owned(), place)
            } else {
                let words = service.words(key);
                let Some((program, word)) = passed_operator(&words) else { continue };
                let message = format!(
                    "`{word}` and what follows it in `{key}` of `{name}` are passed to `{program}` as arguments: Compose starts no shell"
                );
                (message, words.join(" "), service.value.get(key).and_then(|value| value.place))
            };
            let Some(finding) = cx.finding(place, message) else { continue };
            // What a program reads may be a password.
            let line = if line.contains('<') { "…".to_owned() } else { line.replace('"', "\\\"") };
            out.push(finding.help(format!("write `{key}: sh -c \"{line}\"`, with `exec` before the last program")));
        }
    }
}

/// The program of a list, and a word that only a shell understands.
fn passed_operator<'w>(words: &[&'w str]) -> Option<(&'w str, &'w str)> {
    let (first, rest) = words.split_first()?;
    let program = path::name(first);
    let is_of_program = |word: &str| word == ";" && program == "find";
    let word = rest.iter().find(|word| is_operator(word) && !is_of_program(word))?;
    Some((program, word))
}

/// What Compose leaves out of a command that is one text: it reads up to the first operator outside of quotes
/// (compose-go, `ShellCommand`; go-shellwords, `Parse`).
fn dropped_part(written: &str) -> Option<&str> {
    // In quotes of YAML, quotes of the command may be escaped; a block has its mark in front.
    let text = match written.chars().next()? {
        quote @ ('"' | '\'') => written.strip_prefix(quote)?.strip_suffix(quote)?,
        '|' | '>' => written.split_once('\n')?.1,
        _ => written,
    };
    if text.contains('\\') || text.contains("''") {
        return None;
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'' | '`') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ';' | '&' | '|' | '<' | '>') => {
                let rest = text[at..].trim().lines().next().unwrap_or_default();
                // Behind `<<<` may be a password: the sign alone is shown.
                if rest.starts_with('<') {
                    return Some(rest.split(|letter| letter != '<').next().unwrap_or_default());
                }
                return rest.contains(char::is_alphanumeric).then_some(rest);
            }
            _ => {}
        }
    }
    None
}

/// Nobody reaches a server that listens on the loopback address of its container.
fn compose_loopback_only(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        // What the image starts by itself is said of its Dockerfile.
        let sets_something = ["command", "entrypoint", "environment"].iter().any(|key| is_filled(service, key));
        let is_of_other_stage = builds_other_stage(service);
        if !sets_something && !is_of_other_stage || shares_network(cx, service) {
            continue;
        }
        let has_own_command = !service.words("command").is_empty() || !service.words("entrypoint").is_empty();
        let Some(known) = service.loopback_server() else { continue };
        let is_of_service = has_own_command || is_of_other_stage || matches!(known.origin, LoopbackOrigin::Variable(_));
        let dependents: Vec<&str> = cx.stack().dependents(service.name).map(|(other, _)| other.name).collect();
        let effect = match (is_filled(service, "ports"), dependents.first()) {
            (true, _) => "nobody reaches it through the published port".to_owned(),
            (false, Some(first)) => format!("`{first}`, which waits for it, does not reach it"),
            (false, None) => continue,
        };
        if !is_of_service {
            continue;
        }
        let (name, server, host) = (service.name, &known.server, &known.host);
        let message = match &known.origin {
            LoopbackOrigin::Default => {
                format!("`{server}` of `{name}` listens only on {host} by default: {effect}")
            }
            LoopbackOrigin::Variable(variable) => {
                format!("`{server}` of `{name}` listens only on {host}, as `{variable}` says: {effect}")
            }
            LoopbackOrigin::Word | LoopbackOrigin::Script(_) | LoopbackOrigin::Source { .. } => {
                format!("`{server}` of `{name}` listens only on {host}: {effect}")
            }
        };
        let Some(finding) = cx.finding(place_of(service), message) else { continue };
        out.push(finding.help(match known.option {
            Some((option, _)) => format!("listen on 0.0.0.0: `{option} 0.0.0.0`"),
            None => "listen on 0.0.0.0".to_owned(),
        }));
    }
}

/// Whether a service builds a stage that the last one is not based on: what is said of the Dockerfile is not said of it.
fn builds_other_stage(service: &StackService) -> bool {
    let (Some(input), true) = (&service.image, service.is_built) else { return false };
    let build = Build::new(input);
    let (Some(target), Some(last)) = (build.target(), build.stages().last()) else { return false };
    !build.chain(last).any(|stage| stage.index == target.index)
}

/// Whether a service has a list or mapping that is not empty.
fn is_filled(service: &StackService, key: &str) -> bool {
    let Some(value) = service.value.get(key) else { return false };
    let is_map = value.as_map().is_some_and(|map| map.iter().next().is_some());
    is_map || value.as_list().is_some_and(|list| !list.is_empty())
}

/// Whether a service has the network of the host or of another container, or another one has that of the service.
fn shares_network(cx: &ComposeContext, service: &StackService) -> bool {
    let mode = format!("service:{}", service.name);
    service.text("network_mode").is_some_and(|mode| mode != "bridge")
        || cx.services().any(|other| other.text("network_mode") == Some(mode.as_str()))
}

/// Where a service says what it starts.
fn place_of(service: &StackService) -> Option<ComposePlace> {
    let key = |key: &str| service.value.get(key).filter(|value| !value.is_null()).and_then(|value| value.place);
    key("command").or_else(|| key("entrypoint")).or_else(|| key("environment")).or(service.place)
}

/// A package manager that a service starts does not forward the signal that stops it.
fn compose_npm_as_main_process(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        // An init may signal the whole group.
        let has_init = service.value.get("init").and_then(ComposeValue::as_bool) == Some(true);
        // What the image starts by itself is said of its Dockerfile.
        let has_own_command = is_filled(service, "command") || is_filled(service, "entrypoint");
        if has_init || !has_own_command || service.is_for_developers() {
            continue;
        }
        let Some(started) = service.started() else { continue };
        let build = Build::new(&started);
        let Some(program) = build.target().and_then(|stage| manager_as_main_process(&build, stage)) else { continue };
        let message = format!(
            "{program} runs as PID 1 of `{}` and does not forward signals: the program is killed instead of being asked to stop",
            service.name
        );
        let Some(finding) = cx.finding(place_of(service), message) else { continue };
        out.push(finding.help("start the program directly, for example `node server.js`"));
    }
}

/// The first word of a list is the name of a program.
fn compose_program_with_space(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for (key, word, place) in spaced_words(service) {
            let message = format!(
                "`{word}` in `{key}` of `{}` is one word, so a program with this name is looked for: {}",
                service.name,
                if key == "healthcheck" { "the check always fails" } else { "the container never starts" }
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(match separate_words(word) {
                Some(words) => format!("write each word by itself: `[{words}]`"),
                None => "write `[\"sh\", \"-c\", \"…\"]`".to_owned(),
            }));
        }
    }
}

/// The command lines that stand where a service names a program.
fn spaced_words<'a>(service: &StackService<'a>) -> Vec<(&'static str, &'a str, Option<ComposePlace>)> {
    let mut spaced = Vec::new();
    let first_of = |key: &str| service.value.get(key).and_then(ComposeValue::as_list).and_then(|items| items.first());
    let text = |value: &'a ComposeValue| value.as_text().filter(|text| is_command_line(text));
    if let Some(word) = first_of("entrypoint").and_then(text) {
        spaced.push(("entrypoint", word, first_of("entrypoint").and_then(|value| value.place)));
    } else if let Some(value) = first_of("command")
        && let Some(word) = text(value)
        && starts(service, word)
    {
        spaced.push(("command", word, value.place));
    }
    if let Some(check) = service.check.written().filter(|check| !check.is_shell())
        && let Some(word) = check.words.get(1).filter(|word| is_command_line(word))
    {
        spaced.push(("healthcheck", *word, check.place));
    }
    spaced
}

/// Whether a container of the service starts a word as a program, by what is known of the entry point of its image.
fn starts(service: &StackService, word: &str) -> bool {
    let Some(started) = service.started() else { return false };
    let build = Build::new(&started);
    build.target().and_then(|stage| spaced_program(&build, stage)).as_deref() == Some(word)
}

#[cfg(test)]
mod tests {
    use super::dropped_part;

    #[test]
    fn compose_reads_up_to_an_operator() {
        for (written, expected) in [
            ("npm run migrate && npm start", Some("&& npm start")),
            ("\"python a.py > /log\"", Some("> /log")),
            ("sh -c echo a; sleep 1", Some("; sleep 1")),
            ("sh -c \"a && b\"", None),
            ("\"sh -c 'a && b'\"", None),
            ("find / -exec rm {} ;", None),
            ("npm start", None),
            ("\"sh -c \\\"a && b\\\"\"", None),
        ] {
            assert_eq!(dropped_part(written), expected, "{written}");
        }
    }
}
