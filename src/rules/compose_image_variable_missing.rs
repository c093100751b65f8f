//! See `rules/compose-image-variable-missing.md`.

use super::ComposeContext;
use crate::build::Reference;
use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeValue, GapKind};
use crate::data;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::stack::StackService;

super::compose_rule!("compose-image-variable-missing", check);

const WHY: &str = "scripts of the project may read the old name";

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

fn check(cx: &ComposeContext, out: &mut Findings) {
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
            cx.replaced(finding, &title, Safety::Unsafe(WHY.to_owned()), it.variable.place, it.read_name)
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
