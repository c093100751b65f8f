//! The builds that a project names.

use std::collections::{BTreeMap, BTreeSet};

use super::inline::inline;
use super::project::{
    ComposeEntry, ComposeMap, ComposePlace, ComposeProject, ComposeValue, GapKind, Leniency, ProjectFile, ProjectFiles,
    ProjectGap, ProjectNeed, ProjectRequest, Reading, project,
};
use crate::data;
use crate::text::{FileId, Source, Span, path};
use crate::yaml::{self, NodeKind, YamlNode, YamlTree};

/// Dockerfiles inside of the files of one project that are looked at.
const INLINE: usize = 100;

/// Empty lines before all of them together, which stand for the lines of the file.
const LEAD: u32 = 1_000_000;

/// The builds of a compose or bake file.
#[derive(Clone, Debug, Default)]
pub struct Compose {
    /// Services with a build, in order.
    pub services: Vec<Service>,
    /// What is wrong with it.
    pub problems: Vec<ComposeProblem>,
    /// What only the tool itself knows.
    pub unknown: Vec<ComposeProblem>,
}

/// Something wrong, in one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeProblem {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

/// A service that is built.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools)] // four independent facts
pub struct Service {
    /// Its name.
    pub name: String,
    /// The context, as seen from the project's folder; `None` where it is that folder.
    pub context: Option<String>,
    /// The Dockerfile's path below the context.
    pub dockerfile: Option<String>,
    /// The Dockerfile itself, as Compose hands it to the builder.
    pub inline: Option<Source>,
    /// The stage to build.
    pub target: Option<String>,
    /// Arguments whose value is known.
    pub args: Vec<(String, String)>,
    /// Other contexts by their names, folders as seen from the project's folder.
    pub contexts: Vec<(String, String)>,
    /// The user that it runs as.
    pub user: Option<String>,
    /// The signal that stops it.
    pub stop_signal: Option<String>,
    /// Whether its container starts below an init.
    pub has_init: bool,
    /// Whether it gets more rights than other containers: `privileged`, capabilities, devices, the engine.
    pub has_rights: bool,
    /// Whether it has the network of the host or of another container, or a variable says all addresses (`0.0.0.0`).
    pub is_opened: bool,
    /// Whether it is started by hand only, and nobody calls it: it has a profile and no port.
    pub is_on_demand: bool,
    /// Container paths of mounts that it may write to.
    pub mounts: Vec<String>,
    /// The command of its healthcheck, as text.
    pub check: Option<String>,
    /// Whether its environment says that it runs for developers: `APP_ENV: dev`.
    pub is_for_development: bool,
    /// The words of its `entrypoint` and `command`; empty if the image gives them.
    pub command: Vec<String>,
    /// The variables of its environment that are numbers, such as ports.
    pub numbers: Vec<(String, String)>,
    /// Whether a variable for a port has no value, or a file of variables is named, and one of the project is not there.
    pub lacks_variables: bool,
    /// The files of the project that its build is written in, by their numbers there.
    pub written_in: BTreeSet<FileId>,
}

/// The Dockerfiles inside of a compose file, read without other files.
pub fn inline_dockerfiles(source: &Source) -> Vec<Source> {
    let services = written_project(source, "/").map(|project| builds(&project, FileId(0), &|_| true).services);
    services.into_iter().flatten().filter_map(|service| service.inline).collect()
}

/// What is written in a compose file of a folder, read without other files.
pub fn written_project(source: &Source, folder: &str) -> Option<ComposeProject> {
    let path = path::child(folder, "compose.yaml");
    let mut known = ProjectFiles::default();
    known.insert(&path, ProjectFile::Text(source.clone()));
    let request = ProjectRequest {
        files: vec![path],
        folder: folder.to_owned(),
        profiles: vec!["*".to_owned()],
        leniency: Leniency::Omissions,
        ..ProjectRequest::default()
    };
    loop {
        match project(&request, &known) {
            Reading::Read(project) => return Some(*project),
            Reading::Refused { .. } => return None,
            Reading::Needs(needs) => {
                for need in needs {
                    match need {
                        ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                        ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
                    }
                }
            }
        }
    }
}

/// The builds of a project of which something is written in a file or in its parts; of Dockerfiles inside of files those that
/// stand there.
pub fn builds(project: &ComposeProject, file: FileId, is_part: &dyn Fn(FileId) -> bool) -> Compose {
    let is_looked_at = &|other: FileId| other == file || is_part(other);
    let unset = project.unset_starts();
    let mut reader = BuildReader { project, is_looked_at, unset, trees: BTreeMap::new(), visited: BTreeSet::new() };
    let mut compose = Compose::default();
    let (mut count, mut lead) = (INLINE, LEAD);
    let services = project.model.get("services").and_then(ComposeValue::as_map);
    let mut services: Vec<_> = services.into_iter().flat_map(ComposeMap::iter).collect();
    services.sort_by_key(|(_, entry)| order(entry));
    for (name, entry) in services {
        let Some(build) = entry.value.as_map().and_then(|service| service.entry("build")) else { continue };
        if !build.is_written_in(is_looked_at) || build.value.is_null() {
            continue;
        }
        let mut service = reader.service(name, &entry.value, build);
        if let Some(text) = build.value.get("dockerfile_inline").filter(|text| text.as_text() != Some("")) {
            let Some((place, embedded)) = reader.inline(text) else { continue };
            let before = embedded.embedding().map_or(0, |embedding| embedding.host.line(place.span.start));
            let (Some(remaining), Some(room)) = (count.checked_sub(1), lead.checked_sub(before)) else {
                let message =
                    format!("there are too many Dockerfiles; the one of the service `{name}` was not checked");
                let span = if place.file == file { place.span } else { Span::at(0) };
                compose.problems.push(ComposeProblem { span, message });
                continue;
            };
            (count, lead) = (remaining, room);
            service.inline = Some(embedded);
        }
        compose.services.push(service);
    }
    compose
}

/// The variables of a service.
fn variables(service: &ComposeValue) -> impl Iterator<Item = (&str, &ComposeEntry)> {
    service.get("environment").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter)
}

/// Entries in the order in which they are written.
fn order(entry: &ComposeEntry) -> Option<(FileId, u32)> {
    entry.key.map(|place| (place.file, place.span.start))
}

struct BuildReader<'p> {
    project: &'p ComposeProject,
    is_looked_at: &'p dyn Fn(FileId) -> bool,
    /// Where texts start whose variables have no value.
    unset: BTreeSet<(FileId, u32)>,
    /// The files that Dockerfiles stand in.
    trees: BTreeMap<FileId, YamlTree>,
    /// Where those stand that were read: a service may take another's by an alias.
    visited: BTreeSet<(FileId, u32)>,
}

impl BuildReader<'_> {
    fn service(&self, name: &str, service: &ComposeValue, entry: &ComposeEntry) -> Service {
        let build = &entry.value;
        let text = |value: &ComposeValue, key: &str| {
            value.get(key)?.as_text().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let pairs = |key: &str| {
            let map = build.get(key).and_then(ComposeValue::as_map);
            let pairs = map.into_iter().flat_map(ComposeMap::iter).filter(|(_, entry)| !entry.value.is_null());
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_by_key(|(_, entry)| order(entry));
            pairs.into_iter().map(|(name, entry)| (name.to_owned(), &entry.value)).collect::<Vec<_>>()
        };
        let known = |(name, value): (String, &ComposeValue)| {
            let text = value.as_text().map_or_else(|| value.display(), str::to_owned);
            (!name.contains('$') && !text.contains('$')).then_some((name, text))
        };
        let contexts = pairs("additional_contexts").into_iter();
        Service {
            name: name.to_owned(),
            context: build.get("context").and_then(|value| self.near(value)),
            dockerfile: text(build, "dockerfile"),
            inline: None,
            target: text(build, "target").filter(|target| !target.contains('$')),
            args: pairs("args").into_iter().filter_map(known).collect(),
            contexts: contexts.filter_map(|(name, value)| Some((name, self.near(value)?))).collect(),
            user: text(service, "user"),
            stop_signal: text(service, "stop_signal"),
            has_init: is_true(service.get("init")),
            has_rights: has_rights(service),
            is_opened: is_opened(service),
            is_on_demand: is_on_demand(service),
            mounts: written_mounts(service),
            check: self.check_text(service),
            is_for_development: is_for_development(service),
            command: self.command_words(service),
            numbers: self.numbers(service),
            lacks_variables: self.lacks_variables(service),
            written_in: entry.files(),
        }
    }

    /// Whether what a service is given is not known in full: without the file, Compose does not start it.
    fn lacks_variables(&self, service: &ComposeValue) -> bool {
        let is_file = |gap: &ProjectGap| gap.kind == GapKind::EnvironmentFile;
        let is_port = |(name, entry): (&str, &ComposeEntry)| name.contains("PORT") && self.is_unset(&entry.value);
        service.get("env_file").is_some() && self.project.gaps.iter().any(is_file) || variables(service).any(is_port)
    }

    /// Whether the text of a value names a variable without a value.
    fn is_unset(&self, value: &ComposeValue) -> bool {
        value.place.is_some_and(|place| self.unset.contains(&place.start()))
    }

    /// The words of a list; as they are written where they name a variable without a value.
    fn words<'v>(&'v self, list: &'v ComposeValue) -> Vec<&'v str> {
        let mut words = Vec::new();
        // The words of a text all have its place.
        let mut place = None;
        for item in list.as_list().unwrap_or_default() {
            if !self.is_unset(item) {
                words.extend(item.as_text());
            } else if place != item.place {
                place = item.place;
                let written = self.project.text(item.place).unwrap_or_default();
                words.extend(written.trim_matches(['"', '\'']).split_whitespace());
            }
        }
        words
    }

    /// The variables of a service that are numbers.
    fn numbers(&self, service: &ComposeValue) -> Vec<(String, String)> {
        let known = variables(service).filter(|(_, entry)| !self.is_unset(&entry.value));
        let texts = known.map(|(name, entry)| (name, entry.value.display()));
        let is_number = |text: &str| (1..6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        texts.filter(|(_, text)| is_number(text)).map(|(name, text)| (name.to_owned(), text)).collect()
    }

    /// The command of a service's healthcheck.
    fn check_text(&self, service: &ComposeValue) -> Option<String> {
        let words = self.words(service.get("healthcheck")?.get("test")?);
        Some(words.get(1..)?.join(" "))
    }

    /// The words that a service starts instead of the image's.
    fn command_words(&self, service: &ComposeValue) -> Vec<String> {
        let lists = ["entrypoint", "command"].into_iter().filter_map(|key| service.get(key));
        lists.flat_map(|list| self.words(list)).map(str::to_owned).collect()
    }

    /// A path as seen from the project's folder, or as it is written where that is absolute; else the text.
    fn near(&self, value: &ComposeValue) -> Option<String> {
        let text = value.as_text()?;
        if !text.starts_with('/') {
            return Some(text.to_owned());
        }
        let near = self.project.near_path(text);
        let is_absolute = || self.project.text(value.place).is_some_and(|written| written.contains(text));
        Some(if near.starts_with("..") && is_absolute() { text.to_owned() } else { near })
    }

    /// The Dockerfile that a text is, and where it is written; `None` in files that are not looked at, and for one that was read
    /// before.
    fn inline(&mut self, text: &ComposeValue) -> Option<(ComposePlace, Source)> {
        let place = text.place.filter(|place| (self.is_looked_at)(place.file))?;
        let host = self.project.sources.get(place.file.0 as usize)?;
        let tree = self.trees.entry(place.file).or_insert_with(|| yaml::read(host.text()));
        let node = tree.documents().find_map(|root| node_at(root, place.span))?;
        let node = node.target().unwrap_or(node);
        if !matches!(node.kind(), Some(NodeKind::Scalar(_))) {
            return None;
        }
        let place = ComposePlace { span: node.span(), ..place };
        let is_first = self.visited.insert((place.file, place.span.start));
        if is_first { Some((place, inline(host, node)?)) } else { None }
    }
}

/// The scalar or alias that stands at a place.
fn node_at(node: YamlNode, span: Span) -> Option<YamlNode> {
    if node.span() == span && (node.is_alias() || matches!(node.kind(), Some(NodeKind::Scalar(_)))) {
        return Some(node);
    }
    if node.is_alias() {
        return None;
    }
    let entries = node.entries().flat_map(|entry| [entry.key, entry.value]);
    node.items().chain(entries).find_map(|child| node_at(child, span))
}

/// Whether a service asks for rights that only root can use.
fn has_rights(service: &ComposeValue) -> bool {
    let items = |key: &str| service.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    // Any user may listen on low ports in a container.
    let is_port =
        |item: &ComposeValue| item.as_text().is_some_and(|text| text.trim_start_matches("CAP_") == "NET_BIND_SERVICE");
    // Whoever may talk to the engine is root on its host.
    let is_engine = |mount: &ComposeValue| target(mount).is_some_and(|target| target.ends_with("docker.sock"));
    is_true(service.get("privileged"))
        || !items("devices").is_empty()
        || items("cap_add").iter().any(|item| !is_port(item))
        || items("volumes").iter().any(is_engine)
}

/// Whether a server in its container is reached wherever it listens, or a variable tells it to listen at all addresses.
fn is_opened(service: &ComposeValue) -> bool {
    let says_all = |value: &str| value.contains("0.0.0.0") || value == "::" || value.contains("://*");
    service.get("network_mode").and_then(ComposeValue::as_text).is_some_and(|mode| mode != "bridge")
        || variables(service).any(|(_, entry)| says_all(&entry.value.display()))
}

/// Whether a service is started by hand only, and nobody calls it: it has a profile and no port.
pub fn is_on_demand(service: &ComposeValue) -> bool {
    let has = |key: &str| service.get(key).and_then(ComposeValue::as_list).is_some_and(|items| !items.is_empty());
    let is_started_again = service.get("restart").is_some_and(|restart| restart.display() != "no");
    has("profiles") && !has("ports") && !has("expose") && !is_started_again
}

/// Whether a variable of a service names a mode for developers.
pub fn is_for_development(service: &ComposeValue) -> bool {
    let Some(variables) = service.get("environment") else { return false };
    data::MODE_VARIABLES.rows().any(|row| {
        let value = variables.get(row[0]).map(ComposeValue::display);
        value.is_some_and(|value| data::words(row[1]).any(|mode| mode == value))
    })
}

fn written_mounts(service: &ComposeValue) -> Vec<String> {
    let volumes = service.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    let written = volumes.iter().filter(|mount| !is_true(mount.get("read_only")));
    let targets = written.filter_map(target).filter(|target| target.starts_with('/'));
    targets.map(|target| target.trim_end_matches('/').to_owned()).collect()
}

fn target(mount: &ComposeValue) -> Option<&str> {
    mount.get("target")?.as_text()
}

fn is_true(value: Option<&ComposeValue>) -> bool {
    value.and_then(ComposeValue::as_bool) == Some(true)
}
