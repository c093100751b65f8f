//! Rules about images and hosts in compose files.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::{EdgeKind, Reference};
use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeValue, GapKind};
use crate::data;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::rules::base::bases::{EndOfLife, FloatingReason, floats, is_public, without_digest};
use crate::rules::{ComposeContext, KeyChange};
use crate::sources::patterns;
use crate::stack::StackService;

crate::rules::family! {
    of_compose
    "compose-image-unpinned" => compose_image_unpinned;
    "compose-end-of-life-image" => compose_end_of_life_image;
    "compose-external-name" => compose_external_name;
    "compose-port-clash" => compose_port_clash;
    "compose-version-obsolete" => compose_version_obsolete;
    "compose-image-variable-missing" => compose_image_variable_missing;
}

fn compose_image_unpinned(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        let what = match floats(image, EdgeKind::From) {
            Some(FloatingReason::Untagged) => format!("`{image}` has no tag"),
            Some(FloatingReason::Latest | FloatingReason::Channel) => format!("`{image}` names no version"),
            None => continue,
        };
        if !is_public(image) || cx.compose_use().builds_image(Reference::of(image).short_name()) {
            continue;
        }
        // Somebody wants the newest one at each start.
        if service.text("pull_policy").is_some_and(|policy| !["missing", "if_not_present", "never"].contains(&policy)) {
            continue;
        }
        let environment = service.value.get("environment").and_then(ComposeValue::as_map);
        let upgrades = |name: &str| patterns::words("upgrades its data by itself").any(|word| word == name);
        if environment.into_iter().flat_map(ComposeMap::iter).any(|(name, _)| upgrades(name)) {
            continue;
        }
        let message = format!("{what}: the next pull may bring another version");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write the version that is in use as the tag"));
    }
}

fn compose_end_of_life_image(cx: &ComposeContext, out: &mut Findings) {
    let Some(today) = cx.today() else { return };
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let Some(ended) = EndOfLife::of(image, today) else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        let image = without_digest(image);
        let message = format!("`{image}` no longer receives security fixes: {}", ended.reasons());
        let Some(finding) = cx.finding(place, message) else { continue };
        let help = ended.help(today, &BTreeSet::new());
        let keeps_data = service.known.is_some_and(|known| known.is_private());
        let upgrade = if keeps_data { "; upgrade its data as its documentation says" } else { "" };
        out.push(finding.help(format!("{help}{upgrade}")));
    }
}

/// The text of a key.
pub(super) fn text<'v>(value: &'v ComposeValue, key: &str) -> Option<&'v str> {
    value.get(key).and_then(ComposeValue::as_text)
}

fn compose_external_name(cx: &ComposeContext, out: &mut Findings) {
    for (section, entry) in cx.project().model.iter() {
        for (name, part) in entry.value.as_map().into_iter().flat_map(ComposeMap::iter) {
            if part.value.get("external").and_then(ComposeValue::as_bool) != Some(true) {
                continue;
            }
            let Some(texts) = cx.texts(&[section, name, "external", "name"]) else { continue };
            for place in cx.places_of(&[section, name, "external"]) {
                let message = format!("`external.name` of `{name}` is obsolete, and Compose warns about it");
                let help = format!("write `external: true` and `name: {}`", texts.join(" "));
                let Some(finding) = cx.finding(Some(place), message) else { continue };
                out.push(finding.help(help));
            }
        }
    }
}

fn compose_port_clash(cx: &ComposeContext, out: &mut Findings) {
    // By protocol and port: who has it, and on which address.
    let mut by_port: BTreeMap<(String, String), Vec<(&str, String)>> = BTreeMap::new();
    let disabled = |name: &str| cx.stack().service(name).is_some_and(|service| service.value.get("profiles").is_some());
    let publishes = |service: &&StackService| text(service.value, "network_mode").is_none_or(|mode| mode == "bridge");
    for service in cx.services().filter(|service| !disabled(service.name)).filter(publishes) {
        for port in service.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default() {
            let shown = |key: &str| port.get(key).map(ComposeValue::display).unwrap_or_default();
            let (port_text, address) = (shown("published"), shown("host_ip"));
            // A range is one for any of its ports.
            if port_text.is_empty() || port_text == "0" || port_text.contains('-') || is_variable(cx, port.place) {
                continue;
            }
            let owners = by_port.entry((shown("protocol"), port_text.clone())).or_default();
            let clash = owners.iter().find(|(_, other)| is_same_address(other, &address)).cloned();
            owners.push((service.name, address));
            let Some((other, _)) = clash else { continue };
            let whose = if other == service.name { "itself".to_owned() } else { format!("`{other}`") };
            let message = format!("port {port_text} of the host is published by {whose} too: only one of them starts");
            let Some(finding) = cx.finding(port.place, message) else { continue };
            out.push(finding.help("publish another port of the host"));
        }
    }
}

fn is_variable(cx: &ComposeContext, place: Option<ComposePlace>) -> bool {
    cx.text_at(place).is_some_and(|text| text.contains('$'))
}

/// Whether a port cannot be bound on both addresses: `0.0.0.0` is each of IPv4 alone, `::` each of IPv6, and none is each of both.
fn is_same_address(a: &str, b: &str) -> bool {
    let is_same_family = a.contains(':') == b.contains(':');
    let is_all = |address: &str| ["0.0.0.0", "::"].contains(&address);
    a == b || a.is_empty() || b.is_empty() || is_same_family && (is_all(a) || is_all(b))
}

fn compose_version_obsolete(cx: &ComposeContext, out: &mut Findings) {
    if is_for_swarm(cx) {
        return;
    }
    for place in &cx.project().versions {
        let message = "Compose ignores `version`, and warns about it";
        let Some(finding) = cx.finding(Some(*place), message) else { continue };
        let finding = finding.help("remove it: the features that can be used depend on the installed Compose alone");
        out.push(cx.fixed(finding, "remove `version`", Safety::Safe, &[KeyChange::Remove(vec!["version"])]));
    }
}

/// Whether the file is also one of a swarm's stacks, whose command reads `version`: a text or a comment says so, or it has
/// settings that only a swarm uses.
fn is_for_swarm(cx: &ComposeContext) -> bool {
    let mut comments = cx.text().lines().filter_map(|line| line.split_once('#'));
    let is_setting = |key: &str| patterns::words("a setting of swarms").any(|word| word == key);
    cx.compose_use().stack_deployer.is_some()
        || comments.any(|(_, comment)| patterns::shows(comment, "deploys to a swarm"))
        || cx.services().any(|service| {
            let deploy = service.value.get("deploy").and_then(ComposeValue::as_map);
            // Compose adds an empty `placement` by itself.
            deploy.into_iter().flat_map(ComposeMap::iter).any(|(key, entry)| entry.key.is_some() && is_setting(key))
        })
}

const WHY_VARIABLE: &str = "scripts of the project may read the old name";

/// A variable that a service gets.
struct ServiceVariable<'p> {
    name: &'p str,
    value: Option<&'p str>,
    place: Option<ComposePlace>,
}

/// A variable whose name is nearly one that the image reads.
struct Misspelling<'v, 'p> {
    variable: &'v ServiceVariable<'p>,
    read_name: &'static str,
}

fn compose_image_variable_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let name = Reference::of(image).short_name();
        let variables = variables(service);
        let misspelling = misspelling(name, &variables);
        let mut is_reported = false;
        if starts_itself(cx, service) && gets_all(cx, service) {
            for row in data::START_VARIABLES.rows() {
                let Some(problem) = problem(row, image, &variables) else { continue };
                let near = misspelling.as_ref().filter(|it| problem.wanted.contains(&it.read_name));
                let place = match (&near, problem.place) {
                    (Some(it), _) => it.variable.place,
                    (None, Some(place)) => Some(place),
                    (None, None) => service.value.get("image").and_then(|value| value.place),
                };
                let Some(finding) = cx.finding(place, problem.message(service, image)) else { continue };
                is_reported |= near.is_some();
                out.push(match near {
                    Some(it) => renamed(cx, finding, it),
                    None => finding.help(problem.help()),
                });
            }
        }
        let Some(it) = misspelling else { continue };
        if is_reported {
            continue;
        }
        let message = format!("`{image}` does not read `{}`", it.variable.name);
        let Some(finding) = cx.finding(it.variable.place, message) else { continue };
        out.push(renamed(cx, finding.lowered(Severity::Warning), &it));
    }
}

fn renamed(cx: &ComposeContext, finding: Finding, it: &Misspelling) -> Finding {
    let finding = finding.help(format!("did you mean `{}` instead of `{}`?", it.read_name, it.variable.name));
    let title = format!("rename it to `{}`", it.read_name);
    // In the form of a list the place is that of name and value.
    match cx.text_at(it.variable.place) {
        Some(text) if text == it.variable.name => {
            cx.replaced(finding, &title, Safety::Unsafe(WHY_VARIABLE.to_owned()), it.variable.place, it.read_name)
        }
        _ => finding,
    }
}

/// What the entry point of an image refuses.
struct StartProblem {
    /// The variables of which it wants one; none where a value is refused.
    wanted: Vec<&'static str>,
    /// What makes it want them.
    with: Option<&'static str>,
    place: Option<ComposePlace>,
}

impl StartProblem {
    fn message(&self, service: &StackService, image: &str) -> String {
        let name = service.name;
        match (self.with, &self.wanted[..]) {
            (Some(with), []) => format!("`{image}` ends at its first start where `{with}`"),
            (Some(with), [first, ..]) => {
                format!("`{name}` ends at its first start: `{image}` gets `{with}` without `{first}`")
            }
            (None, [only]) => format!("`{name}` ends at its first start: `{image}` gets no `{only}`"),
            (None, wanted) => format!("`{name}` ends at its first start: `{image}` gets none of {}", listed(wanted)),
        }
    }

    fn help(&self) -> String {
        match self.wanted.first() {
            Some(first) => format!("set `{first}`"),
            None => "choose another value".to_owned(),
        }
    }
}

/// Some names, of many the first ones.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match &shown[..] {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => shown.join(""),
    }
}

fn problem(row: data::Row, image: &str, variables: &[ServiceVariable]) -> Option<StartProblem> {
    let &[images, first, with, wanted, ..] = row else { return None };
    let reference = Reference::of(image);
    if !data::words(images).any(|name| name == reference.short_name()) || is_before(reference.tag, first) {
        return None;
    }
    let has = |setting: &str| {
        let (name, value) = setting.split_once('=').map_or((setting, None), |(name, value)| (name, Some(value)));
        variables.iter().find(|it| it.name == name && (value.is_none() || it.value.is_none() || it.value == value))
    };
    let condition = if with == "-" { None } else { Some(has(with)?) };
    let wanted: Vec<&'static str> = if wanted == "-" { Vec::new() } else { data::words(wanted).collect() };
    if wanted.iter().any(|setting| has(setting).is_some()) {
        return None;
    }
    // A value that only the place where it runs knows is not refused.
    if wanted.is_empty() && condition.is_none_or(|it| it.value.is_none()) {
        return None;
    }
    Some(StartProblem {
        wanted,
        with: Some(with).filter(|with| *with != "-"),
        place: condition.and_then(|it| it.place),
    })
}

/// Whether a tag is older than the first version of its series, or than all series.
fn is_before(tag: Option<&str>, first: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().unwrap_or_default();
    let version = numbers(tag.and_then(|tag| tag.split('-').next()).unwrap_or_default());
    let series: Vec<Vec<u32>> = data::words(first).map(numbers).filter(|numbers| !numbers.is_empty()).collect();
    let is_old = |first: &Vec<u32>| {
        version.len() == first.len() && version[..first.len() - 1] == first[..first.len() - 1] && version < *first
    };
    let oldest = series.iter().map(|first| first[0]).min();
    series.iter().any(is_old) || oldest.zip(version.first()).is_some_and(|(oldest, major)| *major < oldest)
}

fn variables<'p>(service: &StackService<'p>) -> Vec<ServiceVariable<'p>> {
    let entries = service.value.get("environment").and_then(ComposeValue::as_map);
    let entries = entries.into_iter().flat_map(ComposeMap::iter);
    let variable = |(name, entry): (&'p str, &'p ComposeEntry)| ServiceVariable {
        name,
        value: entry.value.as_text(),
        place: entry.key.or(entry.value.place),
    };
    entries.map(variable).collect()
}

/// Whether the entry point of the image starts its server.
fn starts_itself(cx: &ComposeContext, service: &StackService) -> bool {
    let command = service.words("command");
    let is_server = |word: &&str| word.starts_with('-') || service.known.is_some_and(|known| known.is_started_by(word));
    let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    let source = |volume: &ComposeValue| Some(volume.get("source")?.as_text()?.to_owned());
    // Data that are there already are started without.
    let is_external = |name: &str| {
        let volumes = cx.project().model.get("volumes");
        volumes.and_then(|all| all.get(name)?.get("external")?.as_bool()) == Some(true)
    };
    service.words("entrypoint").is_empty()
        && command.first().is_none_or(is_server)
        && !volumes.iter().filter_map(source).any(|name| is_external(&name))
}

/// Whether all variables of a service are known: no file of variables is missing, and no other file adds some.
fn gets_all(cx: &ComposeContext, service: &StackService) -> bool {
    let files = service.value.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_optional = |file: &ComposeValue| file.get("required").and_then(ComposeValue::as_bool) == Some(false);
    let mut gaps = cx.project().gaps.iter().map(|gap| gap.kind);
    let lacks_file = gaps.any(|kind| kind != GapKind::EnvironmentFile || !files.is_empty());
    let is_set = |value: Option<&ComposeValue>| value.is_some_and(|value| !value.is_null());
    let adds = |twin: &ComposeValue| ["environment", "env_file"].iter().any(|key| is_set(twin.get(key)));
    !files.iter().any(is_optional) && !lacks_file && !cx.twins(service).any(adds)
}

/// The first variable whose name is nearly one that the image reads and does not get.
fn misspelling<'v, 'p>(image: &str, variables: &'v [ServiceVariable<'p>]) -> Option<Misspelling<'v, 'p>> {
    let mut rows = data::IMAGE_VARIABLES.rows();
    let row = rows.find(|row| data::words(row[0]).any(|name| name == image))?;
    let known: Vec<&'static str> = data::words(row[1]).collect();
    let is_set = |name: &str| variables.iter().any(|it| it.name == name);
    let of_scripts =
        |it: &&ServiceVariable| known.contains(&it.name) || it.name.ends_with(|c: char| c.is_ascii_digit());
    variables.iter().filter(|it| !of_scripts(it)).find_map(|variable| {
        let is_near = |name: &&&str| {
            // Names that differ in more than letters are those of the project's own.
            let distance = strsim::osa_distance(name, variable.name);
            distance <= 2 && distance * 6 <= name.len() && !is_set(name)
        };
        let read_name = known.iter().filter(is_near).min_by_key(|name| strsim::osa_distance(name, variable.name))?;
        Some(Misspelling { variable, read_name })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_have_a_first_version() {
        let first = "10.12 11.7 12.2";
        for (tag, expected) in [
            (None, false),
            (Some("11.6-alpine"), true),
            (Some("11.7"), false),
            (Some("11"), false),
            (Some("11.10"), false),
            (Some("12.1"), true),
            (Some("13.0"), false),
            (Some("9.6"), true),
            (Some("alpine"), false),
        ] {
            assert_eq!(is_before(tag, first), expected, "{tag:?}");
        }
        assert!(!is_before(Some("5.6"), "-"));
    }
}
