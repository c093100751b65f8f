//! `dockopt fleet list`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::cli::args::{FleetList, Global, TagSelection, set_patience};
use crate::cli::exit::CLEAN;
use crate::cli::output::{CommandFailure, print_exact};
use crate::cli::{progress, terminal};
use crate::engine::{Engine, EngineOptions};
use crate::failure::{Failure, FailureKind};
use crate::fleet::{FleetItem, LIST_BYTES, list_text, newest_tag};
use crate::load::{
    FolderRepositories, GatherRequest, LoadError, SettingsSource, read_source, read_stdin, repositories_below,
};
use crate::remote::{self, ImageOrigin, Registry, RegistryOptions, RegistryReference};
use crate::report::count;
use crate::rules::AllRules;
use crate::text::Source;

/// Items whose names are shown in a message.
const SHOWN: usize = 5;

/// How many times larger an image is unpacked, about.
const UNPACKED: u64 = 3;

/// Requests to one registry at a time.
const AT_A_TIME: usize = 4;

pub(super) fn run(global: &Global, command: &FleetList) -> Result<u8, CommandFailure> {
    if command.folder.is_empty() && command.images.is_empty() && command.registry.is_empty() && !command.engine {
        return Err(CommandFailure::Because {
            what: "no source for the list".to_owned(),
            help: Some("add `--folder`, `--images`, `--registry` or `--engine`".to_owned()),
        });
    }
    let mut items = Vec::new();
    items.extend(limited(command, folders(command)));
    items.extend(limited(command, image_files(command)?));
    for registry in &command.registry {
        items.extend(limited(command, of_registry(command, registry)?));
    }
    if command.engine {
        items.extend(limited(command, of_engine(command)?));
    }
    if !command.no_bases {
        add_bases(command, &mut items);
    }
    let count_of = |is_image: bool| items.iter().filter(|item| item.is_image() == is_image).count() as u64;
    let (folders, images) = (count_of(false), count_of(true));
    let (text, duplicates) = list_text(items);
    if text.is_empty() {
        return Err(CommandFailure::Because {
            what: "the list is empty, so it is not written".to_owned(),
            help: Some("check the sources, the patterns, and what the account may read".to_owned()),
        });
    }
    print_exact(global, text.as_bytes())?;
    if duplicates > 0 {
        terminal::note(&format!("{} left out", count(duplicates as u64, "duplicate")));
    }
    terminal::note(&format!("{}, {}", count(folders, "folder"), count(images, "image")));
    Ok(CLEAN)
}

/// The first items of a source that are asked for.
fn limited(command: &FleetList, mut items: Vec<FleetItem>) -> Vec<FleetItem> {
    items.sort();
    items.truncate(command.limit.unwrap_or(usize::MAX));
    items
}

/// Whether the patterns select a path or a repository.
fn is_selected(command: &FleetList, name: &str) -> bool {
    let name = name.trim_start_matches("./");
    (command.patterns.is_empty() || command.patterns.iter().any(|pattern| pattern.matches(name)))
        && !command.exclude.iter().any(|pattern| pattern.matches(name))
}

/// The repositories of folders, with what was left out said.
fn folders(command: &FleetList) -> Vec<FleetItem> {
    let request = GatherRequest { configuration: SettingsSource::Nearest, ..GatherRequest::new(&AllRules) };
    let mut items = Vec::new();
    for root in &command.folder {
        progress::doing("looking for repositories");
        let FolderRepositories { folders, without_files, unreadable } = repositories_below(root, &request);
        for (path, why) in unreadable {
            terminal::note(&format!("warning: `{}` cannot be read: {why}", path.display()));
        }
        if !without_files.is_empty() {
            let what = count(without_files.len() as u64, "folder");
            let names = without_files.iter().map(|path| path.display().to_string());
            terminal::note(&format!("{what} without a Dockerfile or a compose file left out: {}", first_names(names)));
        }
        for path in folders {
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            match path.to_str() {
                Some(folder) if is_selected(command, &below) => {
                    push_valid(&mut items, FleetItem::Folder { folder: folder.to_owned() });
                }
                Some(_) => {}
                None => terminal::note(&format!("warning: `{}` left out: its name is not UTF-8", path.display())),
            }
        }
    }
    items
}

/// Adds an item unless nobody could look at it, which is said.
fn push_valid(items: &mut Vec<FleetItem>, item: FleetItem) {
    match item.problem() {
        None => items.push(item),
        Some(problem) => terminal::note(&format!("warning: `{item}` left out: {problem}")),
    }
}

/// A few names, and how many more there are.
fn first_names(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let mut text = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// A list from a file, or from standard input for `-`.
pub(super) fn read_named(path: &Path) -> Result<Source, LoadError> {
    if path.as_os_str() == "-" { read_stdin("standard input", LIST_BYTES) } else { read_source(path, LIST_BYTES) }
}

/// The images that files name.
fn image_files(command: &FleetList) -> Result<Vec<FleetItem>, CommandFailure> {
    let mut items = Vec::new();
    for path in &command.images {
        let source = read_named(path)?;
        for (index, line) in source.text().lines().enumerate() {
            let name = line.trim();
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            let (image, repository) = image_name(name).map_err(|why| CommandFailure::Because {
                what: format!("{}:{}: {why}", source.name(), index + 1),
                help: Some("write one name of an image per line, such as `registry.example/api:1.0`".to_owned()),
            })?;
            if is_selected(command, &repository) {
                items.push(FleetItem::of_image(image));
            }
        }
    }
    Ok(items)
}

/// The name of an image with the prefix that says where it is, and its repository: a name without a prefix is of a registry.
/// Each image of a registry has one name, however it is written.
fn image_name(name: &str) -> Result<(String, String), String> {
    let (prefix, bare) = match name.split_once(':') {
        Some((prefix @ ("file" | "oci" | "docker" | "registry"), bare)) => (prefix, bare),
        _ => ("registry", name),
    };
    if bare.is_empty() {
        return Err(format!("nothing follows `{name}`"));
    }
    if matches!(prefix, "file" | "oci") {
        return Ok((name.to_owned(), bare.to_owned()));
    }
    let reference: RegistryReference = bare.parse().map_err(|error: remote::ReferenceError| error.to_string())?;
    let full = if prefix == "registry" { format!("registry:{reference}") } else { name.to_owned() };
    Ok((full, reference.repository))
}

fn failure(failure: Failure) -> CommandFailure {
    CommandFailure::Because { what: failure.what, help: Some(failure.help) }
}

/// The images of a registry, or of one of its repositories.
fn of_registry(command: &FleetList, name: &str) -> Result<Vec<FleetItem>, CommandFailure> {
    let name = name.trim_end_matches('/');
    let options = patient(command);
    let (host, repositories) = if let Some((host, repository)) = name.split_once('/') {
        (host, vec![repository.to_owned()])
    } else {
        progress::doing("asking the registry for its repositories");
        (name, remote::repositories(name, &options).map_err(failure)?)
    };
    let selected: Vec<String> =
        repositories.into_iter().filter(|repository| is_selected(command, repository)).collect();
    progress::doing(&format!("asking for the tags of {}", count(selected.len() as u64, "repository")));
    let hosts = UnreachableHosts::default();
    let answers = at_a_time(&selected, |repository| {
        let reference = format!("{host}/{repository}").parse::<RegistryReference>();
        let reference = reference.map_err(|error| LeftOut::Repository(error.to_string()))?;
        hosts.ask(host, || tags_of(command, &reference, &options).map(|tags| (reference.clone(), tags)))
    });
    let mut items = Vec::new();
    for (repository, answer) in selected.iter().zip(answers) {
        match answer {
            Ok((reference, tags)) => {
                for tag in tags {
                    let reference = RegistryReference { tag: Some(tag), ..reference.clone() };
                    push_valid(&mut items, FleetItem::of_image(format!("registry:{reference}")));
                }
            }
            Err(LeftOut::Repository(why)) => {
                terminal::note(&format!("warning: `{host}/{repository}` left out: {why}"));
            }
            // A list that lacks what a registry has would be taken for all of it.
            Err(LeftOut::Registry(error)) => return Err(failure(error)),
        }
    }
    Ok(items)
}

/// Why the images of a repository are not in the list.
enum LeftOut {
    /// It has none, or may not be read.
    Repository(String),
    /// The registry cannot be read at the moment.
    Registry(Failure),
}

impl From<Failure> for LeftOut {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Missing | FailureKind::Denied | FailureKind::Refused => Self::Repository(failure.what),
            _ => Self::Registry(failure),
        }
    }
}

/// Hosts that did not answer: they are not asked again.
#[derive(Default)]
struct UnreachableHosts {
    failures: Mutex<BTreeMap<String, Failure>>,
}

impl UnreachableHosts {
    /// Asks a host, unless it did not answer before.
    fn ask<T>(&self, host: &str, ask: impl FnOnce() -> Result<T, LeftOut>) -> Result<T, LeftOut> {
        let failures = || self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failures().get(host) {
            return Err(LeftOut::Registry(failure.clone()));
        }
        let answer = ask();
        if let Err(LeftOut::Registry(failure)) = &answer
            && matches!(failure.kind, FailureKind::Unreachable | FailureKind::Limited)
        {
            failures().insert(host.to_owned(), failure.clone());
        }
        answer
    }
}

/// How registries are reached, with the patience of a command that nobody waits for.
fn patient(command: &FleetList) -> RegistryOptions {
    let mut options = command.access.options();
    set_patience(&mut options, command.patience);
    options
}

/// Does something for each item, a few at a time.
fn at_a_time<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    match rayon::ThreadPoolBuilder::new().num_threads(AT_A_TIME).build() {
        Ok(pool) => pool.install(|| items.par_iter().map(&work).collect()),
        Err(_) => items.iter().map(work).collect(),
    }
}

/// The tags of a repository that are asked for; else why there are none.
fn tags_of(
    command: &FleetList,
    reference: &RegistryReference,
    options: &RegistryOptions,
) -> Result<Vec<String>, LeftOut> {
    let left_out = |why: &str| LeftOut::Repository(why.to_owned());
    let registry = Registry::new(reference, options)?;
    let mut tags = registry.tags()?;
    tags.sort();
    // A registry may list names that are not valid as tags.
    let is_tag = |tag: &String| format!("{}/a:{tag}", reference.registry).parse::<RegistryReference>().is_ok();
    let count = tags.len();
    tags.retain(|tag| is_tag(tag) && !tag.contains('@'));
    if tags.is_empty() {
        return Err(left_out(if count > 0 { "it has no valid tags" } else { "it has no tags" }));
    }
    match command.tags {
        TagSelection::All => Ok(tags),
        TagSelection::Newest => {
            let names: Vec<&str> = tags.iter().map(String::as_str).collect();
            let newest = newest_tag(&names).map(str::to_owned);
            let why = "no tag says which is the newest; use `--tags newest-by-date` or `--tags all`";
            newest.map(|tag| vec![tag]).ok_or_else(|| left_out(why))
        }
        TagSelection::NewestByDate => {
            let mut newest = None;
            for tag in tags {
                let origin = registry.origin(&tag, command.platform.as_ref(), true)?;
                newest = newest.max(origin.created.map(|created| (created, tag)));
            }
            let newest = newest.map(|(_, tag)| vec![tag]);
            newest.ok_or_else(|| left_out("no image says when it was built"))
        }
    }
}

/// The images of the engine that have a name.
fn of_engine(command: &FleetList) -> Result<Vec<FleetItem>, CommandFailure> {
    progress::doing("asking the engine for its images");
    let engine = Engine::connect(&EngineOptions::of_process()).map_err(failure)?;
    let images = engine.images().map_err(failure)?;
    let mut items = Vec::new();
    for (tag, size) in images.into_iter().flat_map(|image| image.tags.into_iter().map(move |tag| (tag, image.size))) {
        let Ok(reference) = tag.parse::<RegistryReference>() else { continue };
        if is_selected(command, &reference.repository) {
            let mut item = (None, None);
            if !command.no_bases {
                let image = engine.find(&tag, command.platform.as_ref()).ok().flatten();
                item = (image.and_then(|image| image.diff_ids.first().cloned()), Some(size / UNPACKED));
            }
            items.push(FleetItem::Image { image: format!("docker:{tag}"), base: item.0, bytes: item.1 });
        }
    }
    Ok(items)
}

/// Asks registries what images are built on.
fn add_bases(command: &FleetList, items: &mut [FleetItem]) {
    let options = patient(command);
    progress::doing("asking registries what the images are built on");
    let hosts = UnreachableHosts::default();
    let origins = at_a_time(items, |item| {
        let FleetItem::Image { image, base: None, .. } = item else { return Ok(None) };
        let Some(name) = image.strip_prefix("registry:") else { return Ok(None) };
        let Ok(reference) = name.parse::<RegistryReference>() else { return Ok(None) };
        let ask = || {
            let registry = Registry::new(&reference, &options)?;
            Ok(registry.origin(&reference.version(), command.platform.as_ref(), false)?)
        };
        hosts.ask(&reference.registry, ask).map(Some).map_err(|why| match why {
            LeftOut::Repository(why) => why,
            LeftOut::Registry(failure) => failure.what,
        })
    });
    let mut unknown = Vec::new();
    for (item, origin) in items.iter_mut().zip(origins) {
        match (item, origin) {
            (FleetItem::Image { base, bytes, .. }, Ok(Some(origin))) => {
                let ImageOrigin { lowest_layer, bytes: stored, .. } = origin;
                (*base, *bytes) = (lowest_layer.map(|layer| layer.to_string()), Some(stored));
            }
            (item, Err(why)) => unknown.push((item.name().to_owned(), why)),
            _ => {}
        }
    }
    if let Some((_, why)) = unknown.first() {
        let images = count(unknown.len() as u64, "image");
        let names = first_names(unknown.iter().map(|(name, _)| name.clone()));
        terminal::note(&format!("warning: bases and sizes of {images} are unknown ({names}): {why}"));
    }
}
