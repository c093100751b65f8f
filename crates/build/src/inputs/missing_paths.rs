//! Files and folders of the host that a compose project names and that are not there.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::project::{ComposeEntry, ComposeMap, ComposePlace, ComposeProject, ComposeValue};
use crate::manifest::{ContentKind, FileKind};
use crate::text::path;

/// What a project needs a path for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathUse {
    /// The context of a build, or a further one.
    Context,
    /// Variables of a service.
    EnvironmentFile,
    /// A file that is mounted: a configuration, a script.
    MountedFile,
    /// The file of a secret or of a config.
    Resource,
}

/// A path that a project names.
#[derive(Clone, Debug)]
pub struct NamedPath<'p> {
    /// The path, absolute.
    pub path: String,
    /// The service, secret or config.
    pub owner: &'p str,
    /// What it is needed for.
    pub path_use: PathUse,
    /// The value that names it.
    pub value: &'p ComposeValue,
}

/// A file or folder that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPath {
    /// Its path, as seen from the project's folder.
    pub path: String,
    /// Whether something may make it before the start: git ignores it, or a text names it.
    pub is_made: bool,
}

/// The paths that the services, secrets and configs of a project need; those that a variable without a value names are
/// left out.
pub fn named_paths(project: &ComposeProject) -> Vec<NamedPath<'_>> {
    let mut paths = Vec::new();
    for (owner, service) in project.services() {
        paths.extend(contexts(owner, service));
        paths.extend(environment_files(owner, service));
        paths.extend(mounted_files(owner, service));
    }
    paths.extend(["secrets", "configs"].iter().flat_map(|section| resources(project, section)));
    let unset = project.unset_starts();
    let is_known = |path: &NamedPath| !path.value.holds_place(&|place: ComposePlace| unset.contains(&place.start()));
    paths.retain(is_known);
    paths
}

fn named_path<'p>(
    owner: &'p str,
    path_use: PathUse,
    value: &'p ComposeValue,
    path: Option<&str>,
) -> Option<NamedPath<'p>> {
    let path = path.filter(|path| path.starts_with('/'))?.to_owned();
    Some(NamedPath { path, owner, path_use, value })
}

fn contexts<'p>(owner: &'p str, service: &'p ComposeValue) -> Vec<NamedPath<'p>> {
    let Some(build) = service.get("build") else { return Vec::new() };
    let others = build.get("additional_contexts").and_then(ComposeValue::as_map);
    let others = others.into_iter().flat_map(ComposeMap::iter).map(|(_, entry)| &entry.value);
    let contexts = build.get("context").into_iter().chain(others);
    contexts.filter_map(|value| named_path(owner, PathUse::Context, value, value.as_text())).collect()
}

fn environment_files<'p>(owner: &'p str, service: &'p ComposeValue) -> Vec<NamedPath<'p>> {
    let files = service.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_required = |file: &&ComposeValue| file.get("required").and_then(ComposeValue::as_bool) != Some(false);
    let path = |file: &'p ComposeValue| {
        named_path(owner, PathUse::EnvironmentFile, file, file.get("path").and_then(ComposeValue::as_text))
    };
    files.iter().filter(is_required).filter_map(path).collect()
}

/// The environment files of a project that `is_committed`, absolute.
pub fn committed_files(project: &ComposeProject, is_committed: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let files = project
        .services()
        .flat_map(|(_, service)| service.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default());
    let paths: BTreeSet<&str> = files.filter_map(|file| file.get("path")?.as_text()).collect();
    paths.into_iter().filter(|path| is_committed(path)).map(str::to_owned).collect()
}

fn mounted_files<'p>(owner: &'p str, service: &'p ComposeValue) -> Vec<NamedPath<'p>> {
    let text = |value: &'p ComposeValue, key: &str| value.get(key).and_then(ComposeValue::as_text);
    let volumes = service.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_file = |volume: &&'p ComposeValue| {
        let (source, target) = (text(volume, "source").unwrap_or_default(), text(volume, "target").unwrap_or_default());
        text(volume, "type") == Some("bind") && are_files(source, target)
    };
    volumes
        .iter()
        .filter(is_file)
        .filter_map(|volume| named_path(owner, PathUse::MountedFile, volume, text(volume, "source")))
        .collect()
}

/// Whether what is mounted is a file by both names: folders have names with a dot, too (`conf.d`).
fn are_files(source: &str, target: &str) -> bool {
    let ending = |path: &str| path::name(path).trim_start_matches('.').rsplit_once('.').map(|(_, end)| end.to_owned());
    let is_known = |path: &str| FileKind::of(path::name(path)).nature() != ContentKind::Unknown;
    let is_long = ending(source).is_some_and(|end| end.len() > 1);
    let is_same = is_long && ending(source) == ending(target);
    is_long && is_known(source) && is_known(target) || is_same && (is_known(source) || path::is_below(target, "/etc"))
}

fn resources<'p>(project: &'p ComposeProject, section: &str) -> Vec<NamedPath<'p>> {
    let resources = project.model.get(section).and_then(ComposeValue::as_map);
    let resources = resources.into_iter().flat_map(ComposeMap::iter);
    let file = |(name, entry): (&'p str, &'p ComposeEntry)| {
        let file = entry.value.get("file")?;
        named_path(name, PathUse::Resource, file, file.as_text())
    };
    resources.filter_map(file).collect()
}

/// The paths of a project that are not there. `find` tells of an absolute path whether something may make it; `None` where
/// it is there, or lies where nothing is known.
pub fn missing_paths(project: &ComposeProject, find: &dyn Fn(&str) -> Option<bool>) -> BTreeMap<String, MissingPath> {
    let mut missing = BTreeMap::new();
    let folders = shared_folders(project);
    for NamedPath { path, .. } in &named_paths(project) {
        if missing.contains_key(path) {
            continue;
        }
        let Some(is_made) = find(path) else { continue };
        // A service that has the folder, or one above it, may write it.
        let is_shared = folders.iter().any(|folder| path::is_below(path, folder));
        let shown = path::seen_from(path, &project.folder);
        missing.insert(path.clone(), MissingPath { path: shown, is_made: is_made || is_shared });
    }
    missing
}

/// The folders of the host below the project's that services may write.
fn shared_folders(project: &ComposeProject) -> Vec<String> {
    let text = |value: &ComposeValue, key: &str| Some(value.get(key)?.as_text()?.to_owned());
    let mounts = project
        .services()
        .flat_map(|(_, service)| service.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default());
    let writable = mounts.filter(|volume| volume.get("read_only").and_then(ComposeValue::as_bool) != Some(true));
    let folders = writable.filter(|volume| text(volume, "type").as_deref() == Some("bind"));
    let below = |folder: &String| path::is_below(folder, &project.folder);
    folders.filter_map(|volume| text(volume, "source")).filter(below).collect()
}
