//! Rules about databases in a compose file: their data, passwords and ports.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::build::{Reference, names_developers};
use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::data;
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::rules::ComposeContext;
use crate::rules::shared::written_secrets::written_values;
use crate::secret;
use crate::stack::{KnownService, StackService, known_service};
use crate::text::{FileId, Span, path};
use crate::yaml;

crate::rules::family! {
    of_compose
    "compose-data-folder-refused" => compose_data_folder_refused;
    "compose-data-volume-missing" => compose_data_volume_missing;
    "compose-database-published" => compose_database_published;
    "compose-secret-in-clear" => compose_secret_in_clear;
}

/// What an image refuses (`data/refused_folders.tsv`).
struct RefusedFolder {
    folder: &'static str,
    instead: &'static str,
}

fn compose_data_folder_refused(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let Some(refused) = refused_folder(service, image) else { continue };
        for volume in service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default() {
            let target = volume.get("target").and_then(ComposeValue::as_text).unwrap_or_default();
            if target.trim_end_matches('/') != refused.folder {
                continue;
            }
            let message = format!("`{image}` does not start with a volume at `{}`", refused.folder);
            let Some(finding) = cx.finding(volume.place, message) else { continue };
            let help = format!(
                "mount it at `{}`; data of an older version must be upgraded first, or the older version be kept as the tag",
                refused.instead
            );
            out.push(finding.help(help));
        }
    }
}

fn refused_folder(service: &StackService, image: &str) -> Option<RefusedFolder> {
    let known = service.known.filter(|known| known.is_exact)?;
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let is_set = |name: &str| variables.into_iter().flat_map(ComposeMap::iter).any(|(variable, _)| variable == name);
    let &[_, folder, from, newest, instead, unless, ..] = data::REFUSED_FOLDERS.row(known.name)? else { return None };
    let version = version(image).or_else(|| newest.parse().ok())?;
    (version >= from.parse::<u32>().ok()? && !is_set(unless)).then_some(RefusedFolder { folder, instead })
}

/// The folder that the version of an image keeps its data in, where that differs from the versions before.
pub(in crate::rules) fn data_folder_of_version(service: &str, image: &str) -> Option<&'static str> {
    let &[_, _, from, newest, instead, ..] = data::REFUSED_FOLDERS.row(service)? else { return None };
    let version = version(image).or_else(|| newest.parse().ok())?;
    (version >= from.parse::<u32>().ok()?).then_some(instead)
}

/// The version of Postgres in a tag: 18 of `18.1-alpine3.22` and of `0.8.1-pg18`; `None` where it has none.
pub(in crate::rules) fn version(image: &str) -> Option<u32> {
    let tag = Reference::of(image).tag?;
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    tag.split('-').find_map(|part| number(part.strip_prefix("pg")?)).or_else(|| number(tag))
}

/// A database of the project that keeps data in a folder.
pub(super) struct DataService<'a> {
    pub(super) service: &'a StackService<'a>,
    pub(super) known: KnownService,
    pub(super) image: &'a str,
    /// The folder that its image declares as a volume.
    pub(super) declared: &'static str,
    /// The one that the version of the image uses.
    pub(super) folder: &'static str,
}

/// The databases of a project that keep data in a folder (`data/data_folders.tsv`).
pub(super) fn data_services<'a>(cx: &ComposeContext<'a>) -> impl Iterator<Item = DataService<'a>> {
    cx.services().filter_map(|service| {
        let image = cx.chosen_image(service)?;
        let known = service.known.filter(|known| known.is_exact)?;
        let &[_, declared, ..] = data::DATA_FOLDERS.row(known.name)? else { return None };
        let folder = data_folder_of_version(known.name, image).unwrap_or(declared);
        Some(DataService { service, known, image, declared, folder })
    })
}

fn compose_data_volume_missing(cx: &ComposeContext, out: &mut Findings) {
    for DataService { service, known, image, folder, .. } in data_services(cx) {
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        let target = |volume: &ComposeValue| {
            let target = volume.get("target").and_then(ComposeValue::as_text)?;
            Some(target.trim_end_matches('/').to_owned())
        };
        let targets: Vec<String> = volumes.iter().filter_map(target).collect();
        if service.is_job || is_elsewhere(service) || is_for_tests(cx, service) {
            continue;
        }
        let holds = |target: &String| path::is_within(target, folder);
        if targets.iter().any(holds) || cx.twins(service).any(has_volumes) {
            continue;
        }
        let above = volumes.iter().find(|volume| target(volume).is_some_and(|target| path::is_within(folder, &target)));
        let (place, message) = match above {
            // Without the version it is not known which folder the image declares.
            Some(_) if known.name != "mysql" && known.name != "mariadb" && version(image).is_none() => continue,
            Some(volume) => (
                volume.place,
                format!(
                    "`{image}` keeps its data in a volume of its own at `{folder}`, below this one, which stays empty"
                ),
            ),
            None => (
                service.value.get("image").and_then(|value| value.place),
                format!(
                    "`{}` has no volume for `{folder}`: after `docker compose down` it starts with an empty database",
                    service.name
                ),
            ),
        };
        let Some(finding) = cx.finding(place, message) else { continue };
        let help = match above {
            Some(_) => format!("mount it at `{folder}`"),
            None => format!("mount a named volume at `{folder}`, or `tmpfs` where the data may be lost"),
        };
        out.push(finding.help(help));
    }
}

fn has_volumes(service: &ComposeValue) -> bool {
    service.get("volumes").and_then(ComposeValue::as_list).is_some_and(|volumes| !volumes.is_empty())
}

/// Whether the service keeps its data in another folder, in that of another service, or in memory.
fn is_elsewhere(service: &StackService) -> bool {
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let mut names = variables.into_iter().flat_map(ComposeMap::iter).map(|(name, _)| name);
    let line = [service.words("entrypoint"), service.words("command")].concat().join(" ").to_ascii_lowercase();
    let moves = |word: &str| line.contains(word);
    names.any(|name| name == "PGDATA")
        || ["volumes_from", "tmpfs", "entrypoint"].iter().any(|key| !service.words(key).is_empty())
        || moves("datadir")
        || moves("dbpath")
        || moves("data_directory")
        || moves("--config")
}

/// Whether a name says that the data are for development, tests, a pipeline or examples.
fn is_for_tests(cx: &ComposeContext, service: &StackService) -> bool {
    let mut names = vec![service.name, cx.name()];
    names.extend(service.profiles());
    let is_pipeline = |name: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ci");
    names.into_iter().any(|name| names_developers(name) || is_pipeline(name))
}

const WHY: &str = "other machines cannot reach the port any more";

fn compose_database_published(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for port in service.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default() {
            let text = |key: &str| port.get(key).map(ComposeValue::display);
            let is_open = text("host_ip").is_none_or(|address| ["", "0.0.0.0", "::"].contains(&address.as_str()));
            let (Some(target), Some(published)) = (text("target"), text("published")) else { continue };
            if !is_open || !is_private(service, &target) {
                continue;
            }
            let message = format!("`{}` publishes port {published} on all addresses of the host", service.name);
            let Some(finding) = cx.finding(port.place, message) else { continue };
            let finding = finding.help(
                "services reach it without `ports`; for tools on the host write `127.0.0.1:` before the port: Docker's rules come \
                 before those of the host's firewall",
            );
            // Only the short form is one text.
            let short = cx.text_at(port.place).and_then(|text| local(text, &published));
            let noted = |note: String| Finding { notes: vec![note], ..finding.clone() };
            let outside = short.as_ref().and_then(|_| told_address(service.value, &published));
            out.push(match (short, outside) {
                (Some(_), Some((variable, address))) => noted(format!(
                    "not fixed, because `{variable}` names `{address}`, which clients of other machines reach"
                )),
                (Some(text), None) => {
                    // Compose joins the ports of files: equal ones are one, of two addresses the second cannot be bound.
                    let joined_file = cx.joined_file(service, |twin| place_of_published(twin, &published));
                    let safety = Safety::Unsafe(match joined_file {
                        Some(name) => format!("{WHY}; `{name}` publishes it too and has to be changed with it"),
                        None => WHY.to_owned(),
                    });
                    cx.replaced(finding, "publish it on 127.0.0.1", safety, port.place, &text)
                }
                (None, _) => finding,
            });
        }
    }
}

/// Where a service publishes a port of the host.
fn place_of_published(service: &ComposeValue, port: &str) -> Option<ComposePlace> {
    let ports = service.get("ports").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_it = |other: &&ComposeValue| other.get("published").is_some_and(|published| published.display() == port);
    ports.iter().find(is_it)?.place
}

/// The variable of a service that tells clients an address of the host for a port, and that address:
/// `EXTERNAL://host.docker.internal:9092`. A name without a dot (a service, `localhost`), the
/// container and this host alone are no such address.
fn told_address(service: &ComposeValue, port: &str) -> Option<(String, String)> {
    let variables = service.get("environment").and_then(ComposeValue::as_map)?;
    variables.iter().find_map(|(name, entry)| {
        let value = entry.value.display();
        let mut listeners = value.split(',').filter_map(|listener| listener.split_once("://"));
        let address = listeners.find_map(|(_, address)| {
            let (host, listened) = address.rsplit_once(':')?;
            let is_here = host == "0.0.0.0" || host.starts_with("127.");
            (listened == port && host.contains('.') && !is_here).then_some(address)
        })?;
        Some((name.to_owned(), address.to_owned()))
    })
}

/// Whether a port is that of a database: the image is known, or nothing else has such a port.
fn is_private(service: &StackService, port: &str) -> bool {
    let Ok(port) = port.parse::<u16>() else { return false };
    let serves = |known: KnownService| known.is_private() && known.ports().any(|known| known == port);
    match service.known {
        Some(known) => serves(known),
        None if service.is_built => false,
        None => data::BACKENDS.with("by-port").filter_map(known_service).any(serves),
    }
}

/// `"5432:5432"` with the address in front; `None` of other forms.
fn local(text: &str, published: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| ['"', '\''].contains(c));
    let inside = match quote {
        Some(quote) => text.strip_prefix(quote)?.strip_suffix(quote)?,
        None => text,
    };
    let quote = quote.unwrap_or('"');
    // A variable of Compose that holds the port alone.
    let variable = inside.strip_prefix("${").and_then(|rest| rest.split_once("}:"));
    let is_variable = variable.is_some_and(|(_, target)| !target.contains([':', '$']));
    (inside.starts_with(&format!("{published}:")) || is_variable).then(|| format!("{quote}127.0.0.1:{inside}{quote}"))
}

const HELP: &str = "take it from a variable (`${…}` with `.env` outside of git), or from `secrets`";

const HELP_LINE: &str = "let the program read it from a file of `secrets` or from a variable of its container; in a shell \
                         that is `$$NAME`";
const HELP_BUILD: &str =
    "arguments stay in the history of the image: use `build.secrets` and `RUN --mount=type=secret`";

fn compose_secret_in_clear(cx: &ComposeContext, out: &mut Findings) {
    add_service_secrets(cx, out);
    let place = |finding: &Finding| (finding.rule, finding.file, finding.instruction_line);
    let known: BTreeSet<_> = out.iter().map(place).collect();
    other_secrets(cx)
        .into_iter()
        .filter(|finding| !known.contains(&place(finding)))
        .for_each(|finding| out.push(finding));
}

/// The secrets in labels, extensions, contents of configs and whatever else the file has.
fn other_secrets(cx: &ComposeContext) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, source) in (0..).zip(&cx.project().sources) {
        let is_of_variables = cx.project().cut_values.iter().any(|value| value.place.file == FileId(number));
        if is_of_variables || source.hidden(secret::hidden_parts).ranges.is_empty() {
            continue;
        }
        findings.extend(secret_in_comments(cx, number, source.text()));
        let tree = yaml::read(source.text());
        for value in tree.root().into_iter().flat_map(|root| written_values(source.text(), root)) {
            let is_of_service = value.keys.first().is_some_and(|key| key == "services");
            let key = value.keys.get(2).map_or("", String::as_str);
            let is_known = ["environment", "command", "entrypoint", "healthcheck"].contains(&key)
                || key == "build" && value.keys.get(3).is_some_and(|key| key == "args");
            if is_of_service && is_known {
                continue;
            }
            let message = format!("{} is in the file: anyone who can read the repository has it", value.subject());
            let place = ComposePlace { file: FileId(number), span: value.span };
            let Some(finding) = cx.finding(Some(place), message) else { continue };
            let finding = finding.help(HELP);
            findings.push(if value.is_sure { finding } else { finding.lowered(Severity::Warning) });
        }
    }
    findings
}

/// The secrets in the comments of a file: one finding, at the first.
fn secret_in_comments(cx: &ComposeContext, number: u32, text: &str) -> Option<Finding> {
    let mut start = 0_u32;
    let mut places: Vec<Span> = Vec::new();
    for line in text.split_inclusive('\n') {
        let comment = if line.trim_start().starts_with('#') { line.find('#') } else { line.find(" #") };
        if let Some(at) = comment {
            let from = start + at as u32;
            let span = |range: Range<usize>| Span::new(from + range.start as u32, from + range.end as u32);
            places.extend(secret::reportable(&line[at..]).into_iter().map(|known| span(known.range)));
        }
        start += line.len() as u32;
    }
    let first = *places.first()?;
    let more = if places.len() > 1 { format!(", and {} more", places.len() - 1) } else { String::new() };
    let message = format!(
        "what looks like a password or a token is in a comment{more}: anyone who can read the repository has it"
    );
    let finding = cx.finding(Some(ComposePlace { file: FileId(number), span: first }), message)?;
    Some(finding.help("revoke it, and delete the comment").lowered(Severity::Warning))
}

fn add_service_secrets(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        // A password of a test's database opens nothing else.
        let severity = |finding: Finding| {
            if is_for_tests(cx, service) { finding.lowered(Severity::Info) } else { finding }
        };
        let arguments = service.value.get("build").and_then(|build| build.get("args"));
        for (pairs, help) in [(service.value.get("environment"), HELP), (arguments, HELP_BUILD)] {
            for (name, entry) in pairs.and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter) {
                let (Some(value), Some(text)) = (entry.value.as_text(), cx.text_at(entry.value.place)) else {
                    continue;
                };
                let message =
                    format!("the value of `{name}` is in the file: anyone who can read the repository has it");
                let finding = cx.finding(entry.key.or(entry.value.place), message).map(severity);
                let Some(finding) = finding else { continue };
                if let Some(variable) = secret_default(name, text) {
                    out.push(with_default(finding, variable));
                } else if secret::written_in(name, value).iter().any(|hidden| text.contains(hidden.as_str())) {
                    out.push(finding.help(help));
                }
            }
        }
        committed_secrets(cx, service).into_iter().map(severity).for_each(|finding| out.push(finding));
        let check = service.value.get("healthcheck").and_then(|check| check.get("test"));
        let keys = ["entrypoint", "command"].map(|key| (key, service.value.get(key)));
        for (key, value) in keys.into_iter().chain([("test", check)]) {
            let words = value.and_then(ComposeValue::as_list).unwrap_or_default();
            let Some((place, variable)) = written_password(cx, service, key, words) else { continue };
            let message = format!("a password is in `{key}` of `{}`: `docker inspect` and `ps` show it", service.name);
            let Some(finding) = cx.finding(place, message).map(severity) else { continue };
            out.push(match variable {
                Some(variable) => with_default(finding, variable),
                None => finding.help(HELP_LINE),
            });
        }
    }
}

/// The environment files of a service that git has with secrets in them.
fn committed_secrets(cx: &ComposeContext, service: &StackService) -> Vec<Finding> {
    let list = |key: &str| service.value.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let mut findings = Vec::new();
    for file in list("env_file") {
        let Some(path) = file.get("path").and_then(ComposeValue::as_text) else { continue };
        if !cx.is_committed(path) || secret::is_example_file(path::name(path)) {
            continue;
        }
        let of_file = variables.into_iter().flat_map(ComposeMap::iter);
        let mut of_file = of_file.filter(|(_, entry)| entry.value.place == file.place);
        let is_secret = |(name, entry): &(&str, &ComposeEntry)| {
            entry.value.as_text().is_some_and(|value| !secret::written_in(name, value).is_empty())
        };
        let Some((name, _)) = of_file.find(is_secret) else { continue };
        let shown = path::seen_from(path, &cx.project().folder);
        let message =
            format!("git has `{shown}` with the value of `{name}`: anyone who can read the repository has it");
        let Some(finding) = cx.finding(file.place, message) else { continue };
        findings.push(finding.help("take the file out of git, list it in .gitignore, and replace the secret"));
    }
    findings
}

fn with_default(finding: Finding, variable: &str) -> Finding {
    finding.help(format!("leave the default out: `${{{variable}:?}}`, with its value in an `.env` outside of git"))
}

/// The variable of Compose in a text that has a secret as its default; `name`: what the text is the value of.
fn secret_default<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    let holds = |(variable, default): &(&str, &str)| {
        [name, variable].iter().any(|name| !secret::written_in(name, default).is_empty())
    };
    secret::defaults(text).into_iter().find(holds).map(|(variable, _)| variable)
}

/// Where a password stands in a command line, and the variable whose default it is.
fn written_password<'p>(
    cx: &ComposeContext<'p>,
    service: &StackService,
    key: &str,
    words: &'p [ComposeValue],
) -> Option<(Option<ComposePlace>, Option<&'p str>)> {
    let line: Vec<&str> = words.iter().filter_map(ComposeValue::as_text).collect();
    // Options alone are those of the server that the image starts.
    let is_options = key == "command" && line.first().is_some_and(|word| word.starts_with('-'));
    let server = if is_options { service.known.and_then(|known| known.server_program()) } else { None };
    let line: Vec<&str> = server.into_iter().chain(line).collect();
    let hidden = secret::certain_in(&line.join(" "));
    let mut seen = None;
    words.iter().find_map(|word| {
        // All words of one scalar stand at its place, and the text there has one answer.
        if seen.replace(word.place) == Some(word.place) {
            return None;
        }
        let text = cx.text_at(word.place)?;
        if let Some(variable) = secret_default("", text) {
            return Some((word.place, Some(variable)));
        }
        let is_written = |value: &String| !secret::is_filler(value) && text.contains(value.as_str());
        let written = hidden.iter().find(|value| is_written(value))?;
        let is_default = |(_, default): &(&'p str, &str)| default.contains(written.as_str());
        let variable = secret::defaults(text).into_iter().find(is_default).map(|(variable, _)| variable);
        Some((word.place, variable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_program() {
        for (image, expected) in [
            ("postgres", None),
            ("postgres:18", Some(18)),
            ("postgres:18.1-alpine3.22", Some(18)),
            ("pgvector/pgvector:pg17", Some(17)),
            ("pgvector/pgvector:0.8.1-pg18-trixie", Some(18)),
            ("postgres:alpine3.22", None),
            ("postgres:latest@sha256:0", None),
        ] {
            assert_eq!(version(image), expected, "{image}");
        }
    }
}
