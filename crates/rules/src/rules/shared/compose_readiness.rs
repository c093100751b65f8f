//! What the rules about compose files share: whether a check says anything, which check fits an image, and how names are
//! listed.

use crate::build::{Build, CheckTranslation, Programs, Reference, WorkerLine, constant_command, translate_check};
use crate::compose::escaped;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Safety};
use crate::rules::compose_context::unfixed;
use crate::rules::shared::compose_check_edit::RawTest;
use crate::rules::shared::needed_commands::NeededCommands;
use crate::rules::{ComposeContext, KeyChange};
use crate::shell::{Invocation, Script};
use crate::stack::{
    CheckScript, CheckTiming, Dependency, HEALTHY, STARTED, ServiceCheck, ServiceSettings, StackService, WrittenCheck,
    awaited_hosts, configured_test,
};
use crate::text::listed;
use crate::yaml::NewValue;

/// Why another check is a risk.
const WHY_CHECK: &str = "a container that fails the new check becomes unhealthy";

/// What a check that cannot fail ends with.
pub(in crate::rules) fn constant_end(check: &WrittenCheck) -> Option<String> {
    let CheckScript { script, is_exec } = check.script();
    let last = constant_command(&script, is_exec)?;
    let words: Vec<&str> = last.words.iter().map(crate::shell::Word::text).collect();
    Some(words.join(" "))
}

/// The program that a check needs and the image lacks, and the image's name in messages.
pub(in crate::rules) fn lacking_program(service: &StackService, check: &WrittenCheck) -> Option<(String, String)> {
    let build = Build::new(service.image.as_ref()?);
    program_lacking_in(&build, &check.script().script, check.is_shell())
}

/// The program that commands need and the final image lacks, and the image's name in messages.
pub(in crate::rules) fn program_lacking_in(
    build: &Build,
    script: &Script,
    needs_shell: bool,
) -> Option<(String, String)> {
    let programs = Programs::of(build, build.target()?);
    if needs_shell && programs.lacks("sh") {
        return Some(("/bin/sh".to_owned(), programs.image_name()));
    }
    let needed = NeededCommands::of(script);
    for invocation in script.invocations() {
        let wrapper = invocation.via.first().map(|wrapper| wrapper.program).filter(|program| programs.lacks(program));
        let lacking = wrapper.or(invocation.program).filter(|program| programs.lacks(program));
        if let (Some(program), true) = (lacking, needed.has_program(&invocation)) {
            return Some((program.to_owned(), programs.image_name()));
        }
    }
    None
}

/// The change after which the written check of a service does not give up before its image's first start is over: with a
/// gate, `up` would then fail. `None` where it is patient enough or nothing is known of the image.
///
/// # Errors
/// Why the check cannot be changed, in one sentence without a full stop.
pub(in crate::rules) fn patient_check<'a>(
    cx: &ComposeContext<'a>,
    service: &StackService<'a>,
) -> Result<Option<KeyChange<'a>>, String> {
    let (Some(_), Some(known)) = (service.check.written(), service.known) else { return Ok(None) };
    let Some(start) = known.start_seconds() else { return Ok(None) };
    let timing = CheckTiming::of(service);
    let shortest = timing.shortest();
    if shortest >= start {
        return Ok(None);
    }
    // In a start period the engine asks every 5 s, however short the interval is.
    let (key, value) = if timing.interval < timing.start_interval {
        ("retries", format!("{:.0}", (start / timing.interval).ceil()))
    } else {
        ("start_period", format!("{start:.0}s"))
    };
    let change = KeyChange::Set(vec!["services", service.name, "healthcheck", key], NewValue::Inline(value));
    let why = |_| {
        format!(
            "the check of `{}` may give up after {shortest:.0} s, and its first start may take {start:.0} s",
            service.name
        )
    };
    cx.edit(&change).map_err(why)?;
    Ok(Some(change))
}

/// The `test` of the check that fits a service, or the reason why no check is known.
fn fitting_test(cx: &ComposeContext, service: &StackService) -> Result<RawTest, String> {
    let known = service.known.ok_or("no check is known for its image")?;
    if service.is_job {
        return Err(format!("`{}` does its work and ends: wait for its end", service.name));
    }
    if let Some(why) = other_program(service) {
        return Err(why);
    }
    if !known.is_exact {
        return Err("its image is not the well-known one, and may be set up in another way".to_owned());
    }
    let test = configured_test(&known, &ServiceSettings::of(cx.project(), service)?)?;
    // On the network of the host, its name stands for other addresses.
    if service.text("network_mode") == Some("host") && test.iter().any(|word| word.contains("hostname -i")) {
        return Err("on the network of the host its own address is not known".to_owned());
    }
    Ok(RawTest::of_words(test))
}

/// Whether a service shows others to people, so that it may start before them.
pub(in crate::rules) fn is_viewer(service: &StackService) -> bool {
    service.image_name().is_some_and(|image| data::VIEWER_IMAGES.contains(Reference::of(image).short_name()))
}

/// Whether a service passes requests on, and answers with an error while the one behind it is not ready.
pub(in crate::rules) fn is_proxy(service: &StackService) -> bool {
    service.base_name().is_some_and(|image| data::PROXY_IMAGES.contains(Reference::of(&image).short_name()))
}

/// Whether a service does without another one at its start: it asks only once people open its pages or something happens
/// (viewers, proxies, collectors, front ends of a service that the project builds), or asks no other service at all. Who
/// waits for another one in its command needs it.
pub(in crate::rules) fn asks_late(service: &StackService, target: &StackService) -> bool {
    let is_backend = target.known.is_some_and(|known| known.is_backend());
    let collects = !is_backend && service.known.is_some_and(|known| known.is_needed_late());
    let is_late = is_viewer(service)
        || is_proxy(service)
        || is_alone(service)
        || collects
        || target.is_built && target.known.is_none() && is_front_end(service);
    is_late && !awaited_hosts(service).iter().any(|awaited| awaited.host == target.name)
}

/// Whether what a service is given names another one, or what runs there: its variables, its command. A service with
/// variables of which none does is not set up to ask it; without any, its sources may name it.
pub(in crate::rules) fn names_in_settings(service: &StackService, target: &StackService) -> bool {
    let aliases = target.value.get("container_name").and_then(ComposeValue::as_text);
    let names: Vec<&str> = std::iter::once(target.name).chain(aliases).collect();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let names_it = |text: &str| text.split(|c: char| !is_word(c)).any(|word| names.contains(&word));
    let product = target.known.map(|known| known.name.to_ascii_uppercase());
    let is_backend = target.known.is_some_and(|known| known.is_backend());
    let asks_for_it = |variable: &str| {
        let variable = variable.to_ascii_uppercase();
        product.as_deref().is_some_and(|product| variable.contains(product))
            || variable.contains(&target.name.to_ascii_uppercase().replace('-', "_"))
            || is_backend && variable.split('_').any(|part| ["DB", "DATABASE", "PG"].contains(&part))
    };
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let is_set_up = variables.is_some_and(|variables| variables.iter().next().is_some());
    let mut variables = variables.into_iter().flat_map(ComposeMap::iter);
    !is_set_up
        || service.value.get("env_file").is_some()
        || variables.any(|(name, entry)| asks_for_it(name) || entry.value.as_text().is_none_or(names_it))
        || ["entrypoint", "command"].iter().any(|key| service.words(key).iter().any(|word| names_it(word)))
        || ["links", "volumes_from"].iter().any(|key| service.value.get(key).is_some())
}

/// Whether a service runs a server that asks no other one.
fn is_alone(service: &StackService) -> bool {
    service.image_name().is_some_and(|image| data::STANDALONE_IMAGES.contains(Reference::of(image).short_name()))
}

/// Whether a service runs Node or Bun.
pub(in crate::rules) fn is_node(service: &StackService) -> bool {
    service.base_name().is_some_and(|base| ["node", "oven/bun"].contains(&Reference::of(&base).short_name()))
}

/// Whether a service is a front end: it serves pages, or has variables that a bundler writes into them, or is called so.
fn is_front_end(service: &StackService) -> bool {
    let is_called_so = || service.name.split(['-', '_', '.']).any(|word| data::NAME_WORDS.has(word, "front-end"));
    let is_bundled = || {
        let build = service.value.get("build").and_then(|build| build.get("args"));
        let maps = [build, service.value.get("environment")];
        let entries = maps.into_iter().flatten().filter_map(ComposeValue::as_map).flat_map(ComposeMap::iter);
        entries.map(|(name, _)| name).any(crate::secret::is_bundled)
    };
    service.serves_pages() || is_node(service) && (is_called_so() || is_bundled())
}

/// Why a service may run something else than the server of its image.
pub(in crate::rules) fn other_program(service: &StackService) -> Option<String> {
    let key = if service.words("entrypoint").is_empty() { "command" } else { "entrypoint" };
    (!service.program.is_server()).then(|| format!("its `{key}` may start something else than the server of its image"))
}

/// What comes of a check that never succeeds, and whether a service waits for it.
pub(in crate::rules) fn never_effect(cx: &ComposeContext, service: &StackService) -> (String, bool) {
    let dependents = cx.stack().dependents(service.name);
    let waiting = dependents.filter(|(_, dependency)| dependency.condition == HEALTHY && dependency.is_required);
    let names: Vec<&str> = waiting.map(|(dependent, _)| dependent.name).collect();
    match names.len() {
        0 => ("the check never succeeds".to_owned(), false),
        1 => (format!("the check never succeeds, and {} never starts", listed(&names)), true),
        _ => (format!("the check never succeeds, and {} never start", listed(&names)), true),
    }
}

/// Why the server of a service may listen elsewhere than its image has it: its command or a file of settings. Variables
/// are known to the clients too.
pub(in crate::rules) fn other_listener(cx: &ComposeContext, service: &StackService) -> Option<String> {
    let known = service.known?;
    let settings = match ServiceSettings::of(cx.project(), service) {
        Ok(settings) => settings,
        Err(why) => return Some(why),
    };
    let variables = ServiceSettings { variables: settings.variables.clone(), ..ServiceSettings::default() };
    if let Some(option) = lacks_password(service, &settings) {
        return Some(format!("its command has `{option}`, and the check gives no password"));
    }
    match (configured_test(&known, &settings), configured_test(&known, &variables)) {
        (Err(why), Ok(_)) => Some(why),
        (Ok(test), Ok(usual)) => {
            let (test, usual) = (test.join(" "), usual.join(" "));
            let written = service.check.written().map(WrittenCheck::text).unwrap_or_default();
            let is_new = |number: &&str| number.len() > 1 && !numbers(&usual).any(|known| known == *number);
            let number =
                numbers(&test).filter(is_new).find(|number| !numbers(&written).any(|known| known == *number))?;
            Some(format!("its command sets {number}, which the check does not ask"))
        }
        _ => None,
    }
}

/// The row of `data/check_clients.tsv` for the client that a check asks its server with, and its call.
pub(in crate::rules) fn client<'s>(service: &StackService, script: &'s Script) -> Option<(data::Row, Invocation<'s>)> {
    let known = service.known?;
    script.invocations().into_iter().find_map(|invocation| {
        let row = data::CHECK_CLIENTS.row(invocation.program?)?;
        data::words(row[1]).any(|name| name == known.name).then_some((row, invocation))
    })
}

/// The option with which a server asks for a password that the check does not give.
pub(in crate::rules) fn lacks_password(service: &StackService, settings: &ServiceSettings) -> Option<&'static str> {
    let check = service.check.written()?;
    let script = check.script().script;
    let (row, _) = client(service, &script)?;
    let option = data::words(row[5]).find(|name| settings.option(name).is_some_and(|value| !value.is_empty()))?;
    // A password of Compose that is empty asks for none.
    let words = service.words("entrypoint").into_iter().chain(service.words("command")).collect::<Vec<_>>().join(" ");
    let after = words.split_once(option).map_or("", |(_, after)| after.trim_start_matches(['=', ' ']));
    if after.is_empty() || after.starts_with('-') {
        return None;
    }
    let text = check.text();
    let variables = service.value.get("environment");
    let is_given = |way: &str| has_word(&text, way) || variables.is_some_and(|variables| variables.get(way).is_some());
    (!data::words(row[4]).any(is_given)).then_some(option)
}

/// Whether a command line has an option, a variable or a sign that gives a login.
pub(in crate::rules) fn has_word(text: &str, way: &str) -> bool {
    if !way.starts_with('-') {
        return text.contains(way);
    }
    // Letters may stand together: `-fsu`.
    let letter = if way.len() == 2 { way.chars().last() } else { None };
    text.split_whitespace().any(|word| {
        let is_letters = word.starts_with('-') && !word.starts_with("--");
        word == way
            || word.strip_prefix(way).is_some_and(|rest| rest.starts_with('=') || letter.is_some())
            || is_letters && letter.is_some_and(|letter| word.contains(letter))
    })
}

/// The numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty())
}

/// What a check does besides asking.
pub(in crate::rules) fn work(check: &WrittenCheck) -> Option<&'static str> {
    let text = check.text().to_lowercase();
    data::CHECK_WORK.keys().find(|words| text.contains(&words.to_lowercase()))
}

/// The finding with the check that fits the service's image in place of the written one.
pub(in crate::rules) fn with_known_test(cx: &ComposeContext, service: &StackService, finding: Finding) -> Finding {
    let finding = with_early_dependents(cx, service, finding);
    if let Some(work) = service.check.written().and_then(work) {
        return unfixed(finding, &format!("the check also does work (`{}`), which must stay", work.trim()));
    }
    if service.known.is_none_or(|known| known.check.is_none()) {
        if let Some(test) = translated_test(cx, service) {
            return with_test(cx, service, finding, &test, "request the same URL with a program of the image");
        }
        return finding
            .with(worker_test(service), |finding, test| with_test(cx, service, finding, &test, "ask the worker"));
    }
    let test = match fitting_test(cx, service) {
        Ok(test) => test,
        Err(why) => return unfixed(finding, &why),
    };
    if service.check.written().is_some_and(|check| test.is(check)) {
        return finding;
    }
    with_test(cx, service, finding, &test, "use the check that fits the image")
}

/// The check of a service as a request by a program that its image has, where its own program is missing.
fn translated_test(cx: &ComposeContext, service: &StackService) -> Option<RawTest> {
    let check = service.check.written()?;
    lacking_program(service, check)?;
    let build = Build::new(service.image.as_ref()?);
    let CheckTranslation { words, url, .. } = translate_check(&build, build.target()?, &check.script().script)?;
    // Variables of Compose in the address stay as they are written.
    let raw_url = match RawTest::of(cx, service)?.url() {
        Some(raw) if raw.contains('$') && url.contains("://127.0.0.1") => raw.replace("://localhost", "://127.0.0.1"),
        Some(raw) if raw.contains('$') => raw,
        _ => url.clone(),
    };
    let words = words.iter().map(|word| escaped(word).replace(&escaped(&url), &raw_url));
    Some(RawTest::of_words(std::iter::once("CMD".to_owned()).chain(words).collect()))
}

/// The check that asks the worker which a service starts.
fn worker_test(service: &StackService) -> Option<RawTest> {
    let written = service.words("command");
    let text = if written.is_empty() {
        let build = Build::new(service.image.as_ref()?);
        let (_, instruction) = build.last(build.target()?, Keyword::Cmd)?;
        build.input().file.str(instruction.rest).to_owned()
    } else {
        written.join(" ")
    };
    let variables = service.value.get("environment");
    let is_set = |name: &str| variables.is_some_and(|variables| variables.get(name).is_some());
    let words = WorkerLine::of(&text)?.check(&is_set)?;
    // Only a shell knows variables.
    let check = if words.iter().any(|word| word.contains('$')) {
        vec!["CMD-SHELL".to_owned(), escaped(&words.join(" "))]
    } else {
        std::iter::once("CMD".to_owned()).chain(words.iter().map(|word| escaped(word))).collect()
    };
    Some(RawTest::of_words(check))
}

/// The finding with a note on the services that wait for the start only: the check may be the reason.
fn with_early_dependents(cx: &ComposeContext, service: &StackService, mut finding: Finding) -> Finding {
    let dependents = cx.stack().dependents(service.name);
    let is_early = |dependency: &Dependency| dependency.condition == STARTED && dependency.condition_place.is_some();
    let names: Vec<&str> =
        dependents.filter(|(_, dependency)| is_early(dependency)).map(|(dependent, _)| dependent.name).collect();
    if !names.is_empty() {
        let verb = if names.len() == 1 { "waits" } else { "wait" };
        finding.notes.push(format!(
            "{} {verb} for its start only (`condition: service_started`): write `service_healthy` there once the check works",
            listed(&names)
        ));
    }
    finding
}

/// The finding with another check.
pub(in crate::rules) fn with_test(
    cx: &ComposeContext,
    service: &StackService,
    finding: Finding,
    test: &RawTest,
    title: &str,
) -> Finding {
    let path = vec!["services", service.name, "healthcheck", "test"];
    let mut changes = vec![KeyChange::Set(path, test.value())];
    let mut title = title.to_owned();
    // Who waits for it would wait in vain where a stricter check gives up during the first start.
    if cx.stack().dependents(service.name).any(|(_, dependency)| dependency.condition == HEALTHY) {
        match patient_check(cx, service) {
            Ok(Some(change)) => {
                changes.push(change);
                title.push_str(", and give the first start its time");
            }
            Ok(None) => {}
            Err(why) => return unfixed(finding, &why),
        }
    }
    cx.fixed(finding, &title, Safety::Unsafe(WHY_CHECK.to_owned()), &changes)
}

/// The finding with a healthcheck for a service that has none, where one is known for its image.
pub(in crate::rules) fn with_known_check(cx: &ComposeContext, service: &StackService, finding: Finding) -> Finding {
    if service.known.is_none_or(|known| known.check.is_none()) {
        return finding;
    }
    let title = format!("add a healthcheck to `{}`", service.name);
    match check_to_add(cx, service) {
        Ok(change) => cx.fixed(finding, &title, Safety::Unsafe(WHY_CHECK.to_owned()), &[change]),
        Err(why) => unfixed(finding, &why),
    }
}

/// The change that adds the check of its image to a service without a check, or the reason why no check is added.
pub(in crate::rules) fn check_to_add<'a>(
    cx: &ComposeContext<'a>,
    service: &StackService<'a>,
) -> Result<KeyChange<'a>, String> {
    let (ServiceCheck::Missing, Some(known)) = (&service.check, service.known) else {
        return Err("the service may have a check".to_owned());
    };
    let test = fitting_test(cx, service)?.value();
    let path = vec!["services", service.name, "healthcheck"];
    let change = if cx.has_key(&path) {
        KeyChange::Set(path.into_iter().chain(["test"]).collect(), test)
    } else {
        let timing = known.timing().map(|(name, value)| (name.to_owned(), NewValue::Inline(value.to_owned())));
        let entries = std::iter::once(("test".to_owned(), test)).chain(timing);
        KeyChange::Set(path, NewValue::Mapping(entries.collect()))
    };
    cx.edit(&change)?;
    Ok(change)
}
