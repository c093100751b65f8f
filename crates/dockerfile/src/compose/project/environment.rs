//! Variables from environment files, for the project and for its services, and names without a value.

use std::collections::BTreeMap;

use super::cut_value::CutValue;
use super::dotenv::{CutText, DotenvError, DotenvFault, dotenv_with_cuts, raw};
use super::error::{GapKind, ProjectError, Stop};
use super::files::ProjectFile;
use super::interpolate::template_error;
use super::loader::{Loader, Variables};
use super::locations::{absolute, relative};
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::text::Source;

/// Reads an environment file that must be there.
pub(super) fn read_file(
    path: &str,
    place: Option<ComposePlace>,
    is_raw: bool,
    variables: &mut BTreeMap<String, String>,
    lookup: &dyn Fn(&str) -> Option<String>,
    loader: &mut Loader,
) -> Result<(), Stop> {
    if loader.has_omissions(path) {
        return Ok(());
    }
    let source = loader.lookup.text(path, |message| {
        let help = match place {
            Some(_) => "write the file, or make it optional: `{path: …, required: false}`",
            None => "write the file, or name another one",
        };
        ProjectError::at(place, format!("the environment file {message}")).help(help)
    })?;
    let Some(mut room) = loader.room.bytes.checked_sub(source.text().len()) else {
        return Err(ProjectError::at(place, "the environment files are too large, or are read too often").into());
    };
    let mut cut = Vec::new();
    let read = if is_raw {
        raw(source.text(), variables, lookup)
    } else {
        dotenv_with_cuts(source.text(), variables, lookup, (&mut room, &mut cut))
    };
    loader.room.bytes = room;
    if !cut.is_empty() {
        let file = loader.number(path, source);
        let value = |CutText { name, span, text }| CutValue { name, place: ComposePlace { file, span }, text };
        let values: Vec<CutValue> = cut.into_iter().map(value).collect();
        let is_new = |value: &CutValue| !loader.cut.contains(value);
        let new: Vec<CutValue> = values.into_iter().filter(is_new).collect();
        loader.cut.extend(new);
    }
    read.map_err(|error| file_error(error, path, source, loader).into())
}

fn file_error(error: DotenvError, path: &str, source: &Source, loader: &mut Loader) -> ProjectError {
    let file = loader.number(path, source);
    let place = Some(ComposePlace { file, span: error.span });
    match error.fault {
        DotenvFault::Text(message) => ProjectError::at(place, message),
        DotenvFault::Value(error, text) => template_error(error, &text, place),
    }
}

/// Gives names in `environment` lists the values that the project's variables have.
pub(super) fn resolve_names(model: &mut ComposeValue, variables: &Variables) {
    let services = model.as_map_mut().and_then(|map| map.get_mut("services")).and_then(ComposeValue::as_map_mut);
    for (_, entry) in services.into_iter().flat_map(ComposeMap::iter_mut) {
        let environment = entry.value.as_map_mut().and_then(|map| map.get_mut("environment"));
        let Some(ComposeData::List(items)) = environment.map(|value| &mut value.data) else { continue };
        for item in items {
            if let Some(text) = item.as_text()
                && let Some(value) = variables.get(text)
            {
                item.data = ComposeData::Text(format!("{text}={value}"));
            }
        }
    }
}

/// The environment and label files of a service, absolute.
pub(super) fn paths(service: &ComposeValue, folder: &str) -> Vec<String> {
    let items = |key: &str| service.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    let files = items("env_file").iter().filter_map(|file| file.get("path")?.as_text());
    files
        .chain(items("label_file").iter().filter_map(ComposeValue::as_text))
        .map(|path| absolute(folder, path))
        .collect()
}

/// The variables of a service, those of its environment files among them (`WithServicesEnvironmentResolved`).
pub(super) fn complete(
    service: &mut ComposeMap,
    variables: &BTreeMap<String, String>,
    loader: &mut Loader,
) -> Result<(), Stop> {
    let mut written = match service.remove("environment").map(|entry| entry.value.data) {
        Some(ComposeData::Map(map)) => map,
        _ => ComposeMap::default(),
    };
    for (name, entry) in written.iter_mut() {
        if entry.value.is_null()
            && let Some(value) = variables.get(name)
        {
            entry.value.data = ComposeData::Text(value.clone());
        }
    }
    let text = |entry: &ComposeEntry| entry.value.as_text().map(str::to_owned);
    let mut all: BTreeMap<String, String> =
        written.iter().filter_map(|(name, entry)| Some((name.to_owned(), text(entry)?))).collect();
    let files = service.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default().to_vec();
    let mut origins: BTreeMap<String, Option<ComposePlace>> = BTreeMap::new();
    for file in files {
        let path = file.get("path").and_then(ComposeValue::as_text).unwrap_or_default();
        let path = absolute(&loader.request.folder, path);
        let is_required = file.get("required").and_then(ComposeValue::as_bool).unwrap_or(true);
        let format = file.get("format").and_then(ComposeValue::as_text).unwrap_or_default();
        if matches!(loader.lookup.file(&path)?, ProjectFile::Missing) && (!is_required || loader.is_lenient()) {
            if is_required {
                let shown = relative(&loader.request.folder, &path);
                let error = file.error(format!("the environment file `{shown}` does not exist"));
                let help = "write the file, or make it optional: `{path: …, required: false}`";
                loader.gap(GapKind::EnvironmentFile, error.help(help));
            }
            continue;
        }
        if !["", ".env", "raw"].contains(&format) {
            return Err(file
                .error(format!("`{format}` is no format of environment files: leave it out, or write `raw`"))
                .into());
        }
        let before = all.clone();
        let lookup =
            |name: &str| variables.get(name).cloned().or_else(|| written.get(name)?.as_text().map(str::to_owned));
        read_file(&path, file.place, format == "raw", &mut all, &lookup, loader)?;
        let changed = all.iter().filter(|(name, value)| before.get(*name) != Some(*value));
        origins.extend(changed.map(|(name, _)| (name.clone(), file.place)));
    }
    let mut environment = ComposeMap::default();
    for (name, value) in all {
        let place = origins.get(&name).copied().flatten();
        environment.insert(name, ComposeEntry { key: place, value: ComposeValue::text(value, place) });
    }
    for (name, entry) in written.into_entries() {
        environment.insert(name, entry);
    }
    if !environment.is_empty() {
        let value = ComposeValue::new(ComposeData::Map(environment), None);
        service.insert("environment", ComposeEntry { key: None, value });
    }
    labels(service, loader)
}

/// The labels of a service, those of its label files among them.
fn labels(service: &mut ComposeMap, loader: &mut Loader) -> Result<(), Stop> {
    let Some(files) = service.remove("label_file") else { return Ok(()) };
    let mut all = BTreeMap::new();
    for file in files.value.as_list().unwrap_or_default() {
        let path = absolute(&loader.request.folder, file.as_text().unwrap_or_default());
        let mut labels = BTreeMap::new();
        let known = all.clone();
        read_file(&path, file.place, false, &mut labels, &|name| known.get(name).cloned(), loader)?;
        all.extend(labels);
    }
    let mut labels = ComposeMap::default();
    for (name, value) in all {
        labels.set(&name, ComposeValue::text(value, files.value.place));
    }
    let key = service.entry("labels").and_then(|entry| entry.key);
    if let Some(ComposeData::Map(written)) = service.remove("labels").map(|entry| entry.value.data) {
        for (name, entry) in written.into_entries() {
            labels.insert(name, entry);
        }
    }
    if !labels.is_empty() {
        let value = ComposeValue::new(ComposeData::Map(labels), None);
        service.insert("labels", ComposeEntry { key, value });
    }
    Ok(())
}
