//! `include`: other projects whose services, volumes, networks, secrets, configs and models become part of this one
//! (compose-go's `loader/include.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::environment;
use super::error::{ProjectError, Stop};
use super::files::ProjectFile;
use super::loader::{Loader, Scope, Variables};
use super::locations::{absolute, go_join, is_remote, relative};
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::text::path;

/// How deep projects may be included.
const DEPTH: usize = 50;

/// An entry of `include`.
pub(super) struct IncludeEntry {
    paths: Vec<(String, Option<ComposePlace>)>,
    folder: String,
    env_files: Vec<(String, Option<ComposePlace>)>,
}

impl IncludeEntry {
    /// A file of it that lies elsewhere.
    pub(super) fn remote(&self) -> Option<(&str, Option<ComposePlace>)> {
        let (path, place) = self.paths.iter().find(|(path, _)| is_remote(path))?;
        Some((path, *place))
    }
}

/// Takes the entries of `include` out of a document.
pub(super) fn take_entries(document: &mut ComposeValue) -> Result<Vec<IncludeEntry>, ProjectError> {
    let Some(entry) = document.as_map_mut().and_then(|map| map.remove("include")) else { return Ok(Vec::new()) };
    if entry.value.is_null() {
        return Ok(Vec::new());
    }
    let Some(items) = entry.value.as_list() else { return Err(entry.value.error("`include` must be a list")) };
    items.iter().map(read_entry).collect()
}

fn read_entry(item: &ComposeValue) -> Result<IncludeEntry, ProjectError> {
    if let Some(text) = item.as_text() {
        let paths = vec![(text.to_owned(), item.place)];
        return Ok(IncludeEntry { paths, folder: String::new(), env_files: Vec::new() });
    }
    let Some(map) = item.as_map() else { return Err(item.error("must be a path or a mapping")) };
    let texts = |key: &str| match map.get(key) {
        None => Ok(Vec::new()),
        Some(value) => match &value.data {
            ComposeData::Null => Ok(Vec::new()),
            ComposeData::Text(text) => Ok(vec![(text.clone(), value.place)]),
            ComposeData::List(items) => items
                .iter()
                .map(|item| match item.as_text() {
                    Some(text) => Ok((text.to_owned(), item.place)),
                    None => Err(item.error("must be a path")),
                })
                .collect(),
            _ => Err(value.error("must be a path or a list of paths")),
        },
    };
    let folder = match map.get("project_directory") {
        Some(value) if !value.is_null() => {
            value.as_text().map(str::to_owned).ok_or_else(|| value.error("must be a path"))?
        }
        _ => String::new(),
    };
    Ok(IncludeEntry { paths: texts("path")?, folder, env_files: texts("env_file")? })
}

/// Asks for all files of all entries, so that none of them costs a round of its own.
pub(super) fn ask_for_files(entries: &[IncludeEntry], scope: &Scope, loader: &mut Loader) -> Result<(), Stop> {
    let mut paths = Vec::new();
    for entry in entries.iter().filter(|entry| entry.remote().is_none()) {
        let folder = folder_of(entry, scope);
        let named = entry.paths.iter().map(|(path, _)| absolute(&scope.folder, path));
        let project_folder = Some(&entry.folder).filter(|folder| !folder.is_empty() && !folder.starts_with('/'));
        let environments = environment_files(entry, &folder, scope).into_iter().map(|(file, _)| file);
        paths.extend(named.chain(project_folder.map(|folder| go_join(&scope.folder, folder))).chain(environments));
    }
    let paths: Vec<String> = paths.iter().map(|path| absolute(&loader.request.folder, path)).collect();
    loader.lookup.ask(paths)
}

/// The folder that relative paths of the files of an entry are seen from.
fn folder_of(entry: &IncludeEntry, scope: &Scope) -> String {
    let Some((first, _)) = entry.paths.first() else { return entry.folder.clone() };
    if entry.folder.is_empty() {
        path::parent(&absolute(&scope.folder, first)).to_owned()
    } else if entry.folder.starts_with('/') {
        entry.folder.clone()
    } else {
        go_join(&scope.working, &entry.folder)
    }
}

/// The environment files of an entry: those that it names, else the `.env` of its folder.
fn environment_files(entry: &IncludeEntry, folder: &str, scope: &Scope) -> NamedFiles {
    if entry.env_files.is_empty() {
        return vec![(go_join(folder, ".env"), None)];
    }
    let named = |(file, place): &(String, Option<ComposePlace>)| {
        (if file.starts_with('/') { file.clone() } else { go_join(&scope.working, file) }, *place)
    };
    entry.env_files.iter().map(named).collect()
}

/// Files with the places that name them.
type NamedFiles = Vec<(String, Option<ComposePlace>)>;

/// The files of an entry and how they are read. `included`: the files above, down to the one that has the entry.
pub(super) fn included_files(
    entry: &IncludeEntry,
    scope: &Scope,
    included: &[String],
    loader: &mut Loader,
) -> Result<(NamedFiles, Scope), Stop> {
    let mut files = Vec::new();
    let (folder, mut working) = (folder_of(entry, scope), String::new());
    for (index, (path, place)) in entry.paths.iter().enumerate() {
        if is_remote(path) {
            return Err(ProjectError::at(*place, format!("`{path}` lies elsewhere, and is not fetched")).into());
        }
        let local = absolute(&scope.folder, path);
        let real = absolute(&loader.request.folder, &local);
        if index == 0 {
            if entry.folder.is_empty() {
                working = relative(&scope.folder, path::parent(&local));
            } else if entry.folder.starts_with('/') {
                working.clone_from(&entry.folder);
            } else {
                let named = go_join(&scope.folder, &entry.folder);
                let is_folder =
                    matches!(loader.lookup.file(&absolute(&loader.request.folder, &named))?, ProjectFile::Folder);
                working = relative(&scope.folder, if is_folder { &named } else { path::parent(&named) });
            }
            if included.contains(&real) || included.len() > DEPTH {
                let chain = included.iter().map(String::as_str).chain([real.as_str()]).collect::<Vec<_>>().join(" → ");
                return Err(ProjectError::at(*place, format!("files include each other in a circle: {chain}")).into());
            }
        }
        files.push((real, *place));
    }
    let values = own_variables(entry, &folder, scope, loader)?;
    let environment = Arc::new(Variables::below(&scope.environment, values));
    let included = included.to_vec();
    let scope = Scope { folder, working, environment, included };
    Ok((files, scope))
}

/// The variables of the environment files of an included project.
fn own_variables(
    entry: &IncludeEntry,
    folder: &str,
    scope: &Scope,
    loader: &mut Loader,
) -> Result<BTreeMap<String, String>, Stop> {
    let mut variables = BTreeMap::new();
    for (file, place) in environment_files(entry, folder, scope) {
        let file = absolute(&loader.request.folder, &file);
        // Nobody names the `.env` of a folder: it may be missing.
        if entry.env_files.is_empty()
            && !matches!(loader.lookup.file(&file)?, ProjectFile::Text(_) | ProjectFile::Unreadable(_))
        {
            continue;
        }
        let lookup = |name: &str| scope.environment.get(name).cloned();
        environment::read_file(&file, place, false, &mut variables, &lookup, loader)?;
    }
    Ok(variables)
}

/// Adds the parts of an included project. The same part twice is fine when nothing differs.
pub(super) fn import(model: ComposeValue, document: &mut ComposeValue) -> Result<(), ProjectError> {
    let (ComposeData::Map(mut model), Some(target)) = (model.data, document.as_map_mut()) else { return Ok(()) };
    for section in ["services", "volumes", "networks", "secrets", "configs", "models"] {
        let Some(ComposeEntry { key, value }) = model.remove(section) else { continue };
        let ComposeData::Map(parts) = value.data else { continue };
        if !target.contains(section) {
            let empty = ComposeValue::new(ComposeData::Map(ComposeMap::default()), value.place);
            target.insert(section, ComposeEntry { key, value: empty });
        }
        let Some(section_value) = target.get_mut(section) else { continue };
        let error = section_value.error(format!("`{section}` must be a mapping"));
        let Some(parts_known) = section_value.as_map_mut() else { return Err(error) };
        for (name, part) in parts.into_entries() {
            match parts_known.entry(&name) {
                Some(known) if known.value.equals(&part.value) => {}
                Some(known) => {
                    let message = format!("`{section}.{name}` is also defined by an included file");
                    return Err(ProjectError::at(known.key.or(known.value.place), message)
                        .help("give one of them another name, or override it in a second file with `-f`"));
                }
                None => parts_known.insert(name, part),
            }
        }
    }
    Ok(())
}
