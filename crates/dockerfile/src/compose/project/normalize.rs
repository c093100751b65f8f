//! What follows from other keys: the default network, implied dependencies, names of volumes and networks, values of
//! build arguments (compose-go's `loader/normalize.go`).

use std::collections::BTreeMap;

use super::error::ProjectError;
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use super::volume::clean;

/// Namespaces that a service may share with another one.
const NAMESPACES: [&str; 5] = ["network_mode", "ipc", "pid", "uts", "cgroup"];

/// Completes a project. `name`: the project's.
pub(super) fn normalize(
    model: &mut ComposeMap,
    name: &str,
    variables: &BTreeMap<String, String>,
) -> Result<(), ProjectError> {
    add_networks(model)?;
    for (service, value) in services(model)? {
        let Some(map) = value.as_map_mut() else {
            return Err(value.error(format!("the service `{service}` must be a mapping, not {}", value.kind())));
        };
        complete(map, variables)?;
    }
    for section in ["networks", "volumes", "configs", "secrets"] {
        set_names(model, section, name)?;
    }
    Ok(())
}

fn services(model: &mut ComposeMap) -> Result<Vec<(String, &mut ComposeValue)>, ProjectError> {
    let Some(value) = model.get_mut("services") else { return Ok(Vec::new()) };
    let error = value.error("`services` must be a mapping");
    let map = value.as_map_mut().ok_or(error)?;
    Ok(map.iter_mut().map(|(name, entry)| (name.to_owned(), &mut entry.value)).collect())
}

fn mapping(data: ComposeMap) -> ComposeValue {
    ComposeValue::new(ComposeData::Map(data), None)
}

/// Services that name no network are in the one called `default`.
fn add_networks(model: &mut ComposeMap) -> Result<(), ProjectError> {
    let mut uses_default = false;
    for (service, value) in services(model)? {
        let error = value.error(format!("the service `{service}` must be a mapping, not {}", value.kind()));
        let map = value.as_map_mut().ok_or(error)?;
        if map.contains("provider") || map.contains("network_mode") {
            continue;
        }
        let networks = map.get("networks").and_then(ComposeValue::as_map);
        if networks.is_none_or(ComposeMap::is_empty) {
            let mut networks = ComposeMap::default();
            networks.set("default", ComposeValue::default());
            map.set("networks", mapping(networks));
        }
        uses_default |=
            map.get("networks").is_some_and(|networks| networks.as_map().is_some_and(|map| map.contains("default")));
    }
    if !uses_default {
        return Ok(());
    }
    if model.get("networks").is_none_or(ComposeValue::is_null) {
        model.set("networks", mapping(ComposeMap::default()));
    }
    let networks = model.get_mut("networks").and_then(ComposeValue::as_map_mut);
    if let Some(networks) = networks.filter(|networks| !networks.contains("default")) {
        networks.set("default", ComposeValue::default());
    }
    Ok(())
}

fn complete(service: &mut ComposeMap, variables: &BTreeMap<String, String>) -> Result<(), ProjectError> {
    if let Some(policy) = service.get_mut("pull_policy")
        && policy.as_text() == Some("if_not_present")
    {
        policy.data = ComposeData::Text("missing".to_owned());
    }
    if let Some(build) = service.get_mut("build") {
        let place = build.place;
        let error = build.error(format!("must be a string or a mapping, not {}", build.kind()));
        let build = build.as_map_mut().ok_or(error)?;
        if !build.contains("dockerfile") && !build.contains("dockerfile_inline") {
            build.set("dockerfile", ComposeValue::text("Dockerfile", place));
        }
        if let Some(args) = build.get_mut("args") {
            resolve(args, variables, false);
        }
    }
    if let Some(environment) = service.get_mut("environment") {
        resolve(environment, variables, true);
    }
    imply_dependencies(service)?;
    if let Some(ComposeData::List(volumes)) = service.get_mut("volumes").map(|volumes| &mut volumes.data) {
        for volume in volumes {
            let error = volume.error("a volume needs a `target`");
            let target = volume.as_map_mut().and_then(|map| map.get_mut("target"));
            let Some(ComposeData::Text(target)) = target.map(|target| &mut target.data) else { return Err(error) };
            *target = if target.is_empty() { ".".to_owned() } else { clean(target) };
        }
    }
    Ok(())
}

/// Names without a value get that of the project's variables; without one they stay, or go.
fn resolve(value: &mut ComposeValue, variables: &BTreeMap<String, String>, keep: bool) {
    match &mut value.data {
        ComposeData::List(items) => items.retain_mut(|item| {
            let Some(text) = item.as_text() else { return false };
            if text.contains('=') {
                return true;
            }
            match variables.get(text) {
                Some(value) => {
                    item.data = ComposeData::Text(format!("{text}={value}"));
                    true
                }
                None => keep,
            }
        }),
        ComposeData::Map(map) => {
            for (name, entry) in map.iter_mut() {
                if entry.value.is_null()
                    && let Some(value) = variables.get(name)
                {
                    entry.value.data = ComposeData::Text(value.clone());
                }
            }
            map.retain(|_, entry| keep || !entry.value.is_null());
        }
        _ => {}
    }
}

/// A dependency that follows from another key.
fn implied(restart: bool, place: Option<ComposePlace>) -> ComposeEntry {
    let mut map = ComposeMap::default();
    map.set("condition", ComposeValue::text("service_started", place));
    map.set("restart", ComposeValue::new(ComposeData::Bool(restart), place));
    map.set("required", ComposeValue::new(ComposeData::Bool(true), place));
    ComposeEntry { key: place, value: ComposeValue::new(ComposeData::Map(map), place) }
}

fn imply_dependencies(service: &mut ComposeMap) -> Result<(), ProjectError> {
    let mut dependencies = Vec::new();
    for link in texts(service, "links")? {
        let parts: Vec<&str> = link.0.split(':').collect();
        let name = if parts.len() == 2 { parts[0] } else { link.0.as_str() };
        dependencies.push((name.to_owned(), implied(true, link.1)));
    }
    for key in NAMESPACES {
        let Some(value) = service.get(key) else { continue };
        let Some(text) = value.as_text() else { return Err(value.error("must be a string")) };
        if let Some(name) = text.strip_prefix("service:") {
            dependencies.push((name.to_owned(), implied(true, value.place)));
        }
    }
    for source in texts(service, "volumes_from")? {
        if !source.0.starts_with("container:") {
            let name = source.0.split(':').next().unwrap_or_default();
            dependencies.push((name.to_owned(), implied(false, source.1)));
        }
    }
    if dependencies.is_empty() {
        return Ok(());
    }
    if service.get("depends_on").is_none_or(ComposeValue::is_null) {
        service.set("depends_on", mapping(ComposeMap::default()));
    }
    let Some(known) = service.get_mut("depends_on").and_then(ComposeValue::as_map_mut) else { return Ok(()) };
    for (name, entry) in dependencies {
        if !known.contains(&name) {
            known.insert(name, entry);
        }
    }
    Ok(())
}

fn texts(service: &ComposeMap, key: &str) -> Result<Vec<(String, Option<ComposePlace>)>, ProjectError> {
    let items = service.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
    items
        .iter()
        .map(|item| match item.as_text() {
            Some(text) => Ok((text.to_owned(), item.place)),
            None => Err(item.error("must be a string")),
        })
        .collect()
}

/// What has no name is called by its key; with the project's name before it where it is the project's own.
fn set_names(model: &mut ComposeMap, section: &str, project: &str) -> Result<(), ProjectError> {
    let Some(section) = model.get_mut(section) else { return Ok(()) };
    let error = section.error("must be a mapping");
    for (key, entry) in section.as_map_mut().ok_or(error)?.iter_mut() {
        let place = entry.value.place.or(entry.key);
        if entry.value.is_null() {
            entry.value.data = ComposeData::Map(ComposeMap::default());
        }
        let error = entry.value.error("must be a mapping");
        let map = entry.value.as_map_mut().ok_or(error)?;
        if map.get("name").is_some_and(|name| !name.is_null()) {
            continue;
        }
        let is_external = map.get("external").is_some_and(|external| match &external.data {
            ComposeData::Bool(value) => *value,
            ComposeData::Text(text) => ["1", "t", "T", "true", "TRUE", "True"].contains(&text.as_str()),
            _ => false,
        });
        let name = if is_external { key.to_owned() } else { format!("{project}_{key}") };
        map.set("name", ComposeValue::text(name, place));
    }
    Ok(())
}
