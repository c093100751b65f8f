//! Rules about the command of a healthcheck in a compose file.

use crate::build::{Build, Libc, Reference, StageBase, libc};
use crate::compose::escaped_texts;
use crate::compose::project::ComposePlace;
use crate::data;
use crate::finding::{Findings, Safety, Severity};
use crate::rules::compose_context::unfixed;
use crate::rules::scripts::shell_language::bashism_for;
use crate::rules::shared::compose_check_edit::RawTest;
use crate::rules::shared::compose_readiness::{is_node, lacking_program, never_effect, with_known_test, with_test};
use crate::rules::shared::exec_form::{ends_with_variable, is_operator};
use crate::rules::shared::needed_commands::NeededCommands;
use crate::rules::start::healthcheck_program_missing::{first_missing_module, help_for_module};
use crate::rules::{ComposeContext, KeyChange};
use crate::shell::Invocation;
use crate::stack::{StackService, WrittenCheck};

crate::rules::family! {
    of_compose
    "compose-check-needs-shell" => compose_check_needs_shell;
    "compose-check-variable-unescaped" => compose_check_variable_unescaped;
    "compose-check-program-missing" => compose_check_program_missing;
    "compose-check-bashism" => compose_check_bashism;
    "compose-check-path-unknown" => compose_check_path_unknown;
    "compose-check-localhost" => compose_check_localhost;
}

const NEEDS_SHELL: &str = "the check does what it looks like, so its result may differ";

fn compose_check_needs_shell(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        if check.words == ["CMD-SHELL", "NONE"] {
            let message = format!("the check of `{}` runs a program `NONE`: it is always unhealthy", service.name);
            let Some(finding) = cx.finding(check.place, message) else { continue };
            let finding = finding.help("write `test: [\"NONE\"]`, or `disable: true`");
            let change =
                KeyChange::Set(vec!["services", service.name, "healthcheck", "test"], escaped_texts(&["NONE"]));
            let safety = Safety::Unsafe("the container has no health any more".to_owned());
            out.push(cx.fixed(finding, "turn the check off", safety, &[change]));
            continue;
        }
        if let Some(word) = ignored_word(check) {
            let message = format!(
                "`CMD-SHELL` takes one command line: `{word}` is not passed to the program in the check of `{}`",
                service.name
            );
            let Some(finding) = cx.finding(check.place, message) else { continue };
            let finding = finding.help("write the command line as one string, or `CMD` in front of words");
            let test = RawTest::of(cx, service).and_then(|test| test.joined());
            out.push(
                finding.with(test, |finding, test| with_test(cx, service, finding, &test, "make it one command line")),
            );
            continue;
        }
        let Some(word) = shell_word(check) else { continue };
        let message =
            format!("the check of `{}` has no shell: `{word}` is passed to the program as it stands", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = finding.help("write `CMD-SHELL` with the command line as one string");
        out.push(finding.with(command_line(check), |finding, line| {
            let value = escaped_texts(&["CMD-SHELL", &line]);
            let change = KeyChange::Set(vec!["services", service.name, "healthcheck", "test"], value);
            cx.fixed(finding, "run the check in a shell", Safety::Unsafe(NEEDS_SHELL.to_owned()), &[change])
        }));
    }
}

/// Whether the words of a check do not reach the program as they are meant.
pub(in crate::rules) fn is_misread(check: &WrittenCheck) -> bool {
    check.words == ["CMD-SHELL", "NONE"] || ignored_word(check).is_some() || shell_word(check).is_some()
}

/// A word behind the command line of a check, which becomes an argument of the shell.
fn ignored_word<'c>(check: &WrittenCheck<'c>) -> Option<&'c str> {
    let line = check.words.get(1)?;
    if !check.is_shell() || line.contains(['$', '"', '\'']) {
        return None;
    }
    check.words.get(2).copied()
}

/// A word that only a shell understands, of a check that runs without one.
fn shell_word<'c>(check: &WrittenCheck<'c>) -> Option<&'c str> {
    let words = if check.is_shell() { return None } else { check.words.get(1..)? };
    // Behind a shell's own option everything is its text.
    if words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')) {
        return None;
    }
    words.iter().skip(1).find(|word| is_operator(word) || ends_with_variable(word)).copied()
}

/// The words as one command line, where each is what a shell makes of it again.
fn command_line(check: &WrittenCheck) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,%+".contains(c);
    let mut line = Vec::new();
    for word in check.words.get(1..)? {
        if is_operator(word) || (!word.is_empty() && word.chars().all(is_plain)) {
            line.push((*word).to_owned());
        } else if ends_with_variable(word) {
            line.push(format!("\"{word}\""));
        } else if !word.contains('\'') {
            line.push(format!("'{word}'"));
        } else {
            return None;
        }
    }
    Some(line.join(" "))
}

fn compose_check_variable_unescaped(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for (place, name) in lost_variables(cx, service) {
            let message = format!(
                "`${name}` in the check of `{}` is replaced before the container starts, by nothing: the variable \
                 is set in the container only",
                service.name
            );
            let Some(finding) = cx.finding(Some(place), message) else { continue };
            let finding = finding.help(format!("write `$${name}`"));
            let text = cx.text_at(Some(place)).map(|text| escaped(text, name));
            out.push(finding.with(text, |finding, text| {
                let why = "the check asks with the value of the variable, which it did not before".to_owned();
                cx.replaced(finding, "double the `$`", Safety::Unsafe(why), Some(place), &text)
            }));
        }
    }
}

/// The variables of a container that Compose replaces by nothing in its check, and where.
pub(in crate::rules) fn lost_variables<'a>(
    cx: &ComposeContext<'a>,
    service: &StackService<'a>,
) -> Vec<(ComposePlace, &'a str)> {
    let mut lost = Vec::new();
    let (Some(check), Some(variables)) = (service.check.written(), service.value.get("environment")) else {
        return lost;
    };
    for place in check.places.iter().copied().flatten() {
        let unset = cx.project().unset.iter().filter(|unset| unset.place == Some(place));
        for name in unset.map(|unset| unset.name.as_str()) {
            // One that the file also takes from outside is meant to be replaced.
            let is_given = variables.get(name).is_some_and(|value| !value.is_null());
            if is_given && !is_used_elsewhere(cx, name) && !lost.contains(&(place, name)) {
                lost.push((place, name));
            }
        }
    }
    lost
}

/// Whether the project uses a variable of Compose outside of checks.
fn is_used_elsewhere(cx: &ComposeContext, name: &str) -> bool {
    let in_check =
        |place| cx.services().any(|service| service.check.written().is_some_and(|check| check.places.contains(&place)));
    cx.project().unset.iter().any(|unset| unset.name == name && !in_check(unset.place))
}

/// A text with the `$` of a variable doubled, where that is not done yet.
pub(super) fn escaped(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let behind = &from[1..];
        if let Some(after) = behind.strip_prefix('$') {
            out.push_str("$$");
            rest = after;
            continue;
        }
        let inside = behind.strip_prefix('{').unwrap_or(behind);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_it = inside.strip_prefix(name).is_some_and(|after| !after.starts_with(is_name));
        out.push_str(if is_it { "$$" } else { "$" });
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn compose_check_bashism(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written().filter(|check| check.is_shell()) else { continue };
        let Some(image) = &service.image else { continue };
        let build = Build::new(image);
        let Some(sh) = build.target().map(|stage| build.system_shell(stage)) else { continue };
        // SHELL and links change it.
        let text = image.file.source().text();
        if text.contains("SHELL") || text.contains("/bin/sh") || lacking_program(service, check).is_some() {
            continue;
        }
        let script = check.script().script;
        let Some((bashism, shell)) = bashism_for(&script, sh) else { continue };
        let (effect, is_awaited) = never_effect(cx, service);
        let what = bashism.what.split(':').next().unwrap_or_default();
        let message = format!("the check of `{}` runs in {shell}, which {what}: {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
        out.push(finding.help("start it with bash (`[\"CMD\", \"bash\", \"-c\", \"…\"]`), or use POSIX syntax"));
    }
}

fn compose_check_program_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some((program, image)) = lacking_program(service, check) else {
            check_modules(cx, service, check, out);
            continue;
        };
        let (effect, is_awaited) = never_effect(cx, service);
        let message =
            format!("the check of `{}` calls the program `{program}`, which {image} lacks: {effect}", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
        let help = match service.known.filter(|known| known.check.is_none() && !known.has_own_check) {
            Some(_) if has_alpine_tag(service) => {
                "the image contains no program for a check; use a tag that has one (`-alpine`), or remove the check"
            }
            Some(_) => {
                "the image contains no program for a check: remove it, and let those that wait try again until they are answered"
            }
            None => "ask with a program that the image has, or install it in the final stage",
        };
        out.push(with_known_test(cx, service, finding.help(help)));
    }
}

/// Whether the image of a service is known to have tags on Alpine, which brings a shell and wget.
fn has_alpine_tag(service: &StackService) -> bool {
    let Some(image) = service.image_name() else { return false };
    let name = Reference::of(image).short_name();
    data::BASE_IMAGES.rows().any(|row| row[0] == name && row[1].contains("alpine"))
}

/// Reports a check that imports a module which the image does not install.
fn check_modules(cx: &ComposeContext, service: &StackService, check: &WrittenCheck, out: &mut Findings) {
    let Some((module, program)) = missing_module(cx, service, check) else { return };
    let (effect, is_awaited) = never_effect(cx, service);
    let message =
        format!("the check of `{}` imports `{module}`, which its image does not install: {effect}", service.name);
    let Some(finding) = cx.finding(check.place, message) else { return };
    let finding = if is_awaited { finding } else { finding.lowered(Severity::Warning) };
    out.push(finding.help(help_for_module(&program)));
}

/// A module that a check needs and the image does not install, and the program that imports it.
pub(in crate::rules) fn missing_module(
    cx: &ComposeContext,
    service: &StackService,
    check: &WrittenCheck,
) -> Option<(String, String)> {
    let (sources, input) = (cx.checked_sources(service)?, service.image.as_ref()?);
    let build = Build::new(input);
    let stage = build.target()?;
    let script = check.script().script;
    let needed = NeededCommands::of(&script);
    script.invocations().into_iter().find_map(|invocation| {
        let (module, _) = first_missing_module((&build, &sources.projects), stage, &invocation)?;
        needed.has_program(&invocation).then_some((module, invocation.program?.to_owned()))
    })
}

fn compose_check_path_unknown(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let (Some(check), Some(path)) = (service.check.written(), unnamed_path(cx, service)) else { continue };
        let message = format!("the check of `{}` asks for `/{path}`, which no source file of it names", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        out.push(finding.help("ask for a path that the program answers, or add a route for it"));
    }
}

/// A path that the check of a service asks for and that no source file of its program names.
pub(in crate::rules) fn unnamed_path<'a>(cx: &ComposeContext<'a>, service: &StackService) -> Option<&'a str> {
    if service.known.is_some() || service.check.written().is_none() {
        return None;
    }
    cx.checked_sources(service)?.unnamed_paths.first().map(String::as_str)
}

const LOCALHOST: &str = "a server that listens on ::1 only is not reached any more";

fn compose_check_localhost(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        // In a request that a shell writes, the URL may be a header.
        let Some(check) = service.check.written().filter(|check| !check.text().contains("/dev/tcp/")) else { continue };
        // Other clients try 127.0.0.1 next.
        let script = check.script().script;
        let is_first_only = |name: &str| data::FIRST_ADDRESS_CLIENTS.contains(name);
        let mut calls = script.invocations().into_iter();
        let asks = |call: &Invocation| call.args.iter().any(|word| has_local_url(word.text()));
        if !calls.any(|call| call.program.is_some_and(is_first_only) && asks(&call)) || has_glibc(service) {
            continue;
        }
        // Another rule reports the missing program; a server on :: answers on both addresses, and one of
        // Node does so unless its sources, which are not here, say otherwise.
        if lacking_program(service, check).is_some()
            || service.is_dual_stack()
            || cx.checked_sources(service).map_or_else(|| is_node(service), |sources| sources.is_dual_stack)
        {
            continue;
        }
        for (word, place) in check.words.iter().zip(&check.places) {
            if !has_local_url(word) {
                continue;
            }
            let message = format!(
                "the check of `{}` asks `localhost`, which may mean ::1, where few servers listen",
                service.name
            );
            let Some(finding) = cx.finding(*place, message) else { continue };
            if word.contains("https://localhost") {
                let why = "the server's certificate may be for `localhost` only";
                out.push(unfixed(finding, why));
                break;
            }
            let finding = finding.help("write 127.0.0.1");
            let text = cx.text_at(*place).filter(|text| has_local_url(text));
            out.push(finding.with(text.map(|text| text.replace("://localhost", "://127.0.0.1")), |finding, text| {
                cx.replaced(finding, "ask 127.0.0.1", Safety::Unsafe(LOCALHOST.to_owned()), *place, &text)
            }));
            break;
        }
    }
}

/// Whether the image of a service has glibc: its programs are not those of `busybox`.
fn has_glibc(service: &StackService) -> bool {
    let Some(input) = &service.image else { return false };
    let build = Build::new(input);
    let Some(stage) = build.target() else { return false };
    matches!(build.root_base(stage), StageBase::Image(base) if matches!(libc(base), Some(Libc::Glibc(_))))
}

/// Whether a text has a URL whose host is `localhost`.
fn has_local_url(text: &str) -> bool {
    text.match_indices("://localhost").any(|(at, host)| {
        let next = text[at + host.len()..].chars().next();
        next.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
    })
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn only_the_variable_is_escaped() {
        assert_eq!(escaped("a $A ${A:-b} $$A $AB ${B} $(A)", "A"), "a $$A $${A:-b} $$A $AB ${B} $(A)");
    }
}
