//! Short forms ─► long forms (compose-go's `transform` package), defaults, and what must not stand together.

use super::error::ProjectError;
use super::merge::dependency;
use super::paths::{PathRules, Step};
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposeValue};
use super::volume;

/// Brings a project into its long form.
pub(super) fn lengthen(value: &mut ComposeValue) -> Result<(), ProjectError> {
    walk(value, Some(PathRules::root()), Step::Form)
}

/// Adds what is implied.
pub(super) fn set_defaults(value: &mut ComposeValue) -> Result<(), ProjectError> {
    walk(value, Some(PathRules::root()), Step::Default)
}

/// Checks what the schema cannot say.
pub(super) fn check(value: &mut ComposeValue) -> Result<(), ProjectError> {
    walk(value, Some(PathRules::root()), Step::Check)
}

fn walk(value: &mut ComposeValue, rules: Option<&'static PathRules>, step: Step) -> Result<(), ProjectError> {
    let Some(rules) = rules else { return Ok(()) };
    if let Some(how) = rules.how(step) {
        match step {
            Step::Form => form(value, how)?,
            Step::Default => default(value, how)?,
            _ => test(value, how)?,
        }
        // Only these look into what they made.
        if !matches!((step, how), (Step::Form, "build" | "extends" | "gpus" | "external")) {
            return Ok(());
        }
    }
    match &mut value.data {
        ComposeData::Map(map) => {
            for (key, entry) in map.iter_mut() {
                walk(&mut entry.value, rules.at(key), step)?;
            }
        }
        ComposeData::List(items) => {
            for item in items {
                walk(item, rules.item(), step)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn wrong(value: &ComposeValue, expected: &str) -> ProjectError {
    value.error(format!("must be {expected}, not {}", value.kind()))
}

fn form(value: &mut ComposeValue, how: &str) -> Result<(), ProjectError> {
    match how {
        "text" if !matches!(value.data, ComposeData::Text(_)) => {
            *value = ComposeValue::text(value.display(), value.place);
        }
        "list" => {
            if let ComposeData::Text(_) = value.data {
                *value = ComposeValue::new(ComposeData::List(vec![value.clone()]), value.place);
            }
        }
        "file_mount" => under(value, "source", false)?,
        "build" => under(value, "context", false)?,
        "extends" => under(value, "service", false)?,
        "key_values" => key_values(value)?,
        "dependencies" => dependencies(value)?,
        "env_files" => env_files(value)?,
        "gpus" => gpus(value)?,
        "names" => names(value)?,
        "volume" => long_form(value, volume::volume)?,
        "device" => long_form(value, volume::device)?,
        "ports" => ports(value)?,
        "ssh" => ssh(value)?,
        "ulimit" if !matches!(value.data, ComposeData::Map(_) | ComposeData::Integer(_)) => {
            return Err(wrong(value, "a whole number or a mapping"));
        }
        "external" => external(value)?,
        _ => {}
    }
    Ok(())
}

/// A text becomes a mapping with it under a key.
fn under(value: &mut ComposeValue, key: &str, nothing: bool) -> Result<(), ProjectError> {
    match &value.data {
        ComposeData::Map(_) => Ok(()),
        ComposeData::Text(_) => {
            let mut map = ComposeMap::default();
            map.set(key, value.clone());
            value.data = ComposeData::Map(map);
            Ok(())
        }
        ComposeData::Null if nothing => Ok(()),
        _ => Err(wrong(value, "a string or a mapping")),
    }
}

fn long_form(
    value: &mut ComposeValue,
    read: fn(&str, Option<super::value::ComposePlace>) -> Result<ComposeValue, String>,
) -> Result<(), ProjectError> {
    match &value.data {
        ComposeData::Map(_) => Ok(()),
        ComposeData::Text(text) => {
            *value = read(text, value.place).map_err(|message| value.error(message))?;
            Ok(())
        }
        _ => Err(wrong(value, "a string or a mapping")),
    }
}

fn key_values(value: &mut ComposeValue) -> Result<(), ProjectError> {
    let items = match &value.data {
        ComposeData::Map(_) => return Ok(()),
        ComposeData::List(items) => items,
        _ => return Err(wrong(value, "a list or a mapping")),
    };
    let mut map = ComposeMap::default();
    for item in items {
        let Some((key, text)) = item.as_text().and_then(|text| text.split_once('=')) else {
            return Err(item.error("must be `name=value`"));
        };
        map.set(key, ComposeValue::text(text, item.place));
    }
    value.data = ComposeData::Map(map);
    Ok(())
}

fn dependencies(value: &mut ComposeValue) -> Result<(), ProjectError> {
    match &mut value.data {
        ComposeData::Map(map) => {
            for (_, entry) in map.iter_mut() {
                let ComposeData::Map(settings) = &mut entry.value.data else {
                    return Err(wrong(&entry.value, "a mapping"));
                };
                let ComposeData::Map(implied) = dependency(None).data else { continue };
                for (key, entry) in implied.into_entries() {
                    if !settings.contains(&key) {
                        settings.insert(key, entry);
                    }
                }
            }
            Ok(())
        }
        ComposeData::List(items) => {
            let mut map = ComposeMap::default();
            for item in items {
                let Some(name) = item.as_text() else { return Err(wrong(item, "the name of a service")) };
                map.insert(name, ComposeEntry { key: item.place, value: dependency(item.place) });
            }
            value.data = ComposeData::Map(map);
            Ok(())
        }
        _ => Err(wrong(value, "a list or a mapping")),
    }
}

fn env_files(value: &mut ComposeValue) -> Result<(), ProjectError> {
    if let ComposeData::Text(_) = value.data {
        value.data = ComposeData::List(vec![value.clone()]);
    }
    let ComposeData::List(items) = &mut value.data else { return Err(wrong(value, "a string or a list")) };
    for item in items {
        under(item, "path", true)?;
        let place = item.place;
        if let Some(map) = item.as_map_mut()
            && !map.contains("required")
        {
            map.set("required", ComposeValue::new(ComposeData::Bool(true), place));
        }
    }
    Ok(())
}

fn gpus(value: &mut ComposeValue) -> Result<(), ProjectError> {
    match &value.data {
        ComposeData::List(_) => Ok(()),
        ComposeData::Text(_) => {
            let mut map = ComposeMap::default();
            map.set("count", ComposeValue::text("all", value.place));
            value.data = ComposeData::List(vec![ComposeValue::new(ComposeData::Map(map), value.place)]);
            Ok(())
        }
        _ => Err(wrong(value, "`all` or a list")),
    }
}

fn names(value: &mut ComposeValue) -> Result<(), ProjectError> {
    let ComposeData::List(items) = &value.data else { return Ok(()) };
    let mut map = ComposeMap::default();
    for item in items {
        let Some(name) = item.as_text() else { return Err(wrong(item, "a string")) };
        map.insert(name, ComposeEntry { key: item.place, value: ComposeValue::new(ComposeData::Null, item.place) });
    }
    value.data = ComposeData::Map(map);
    Ok(())
}

fn ports(value: &mut ComposeValue) -> Result<(), ProjectError> {
    let ComposeData::List(items) = &mut value.data else { return Err(wrong(value, "a list")) };
    let mut long = Vec::with_capacity(items.len());
    for item in std::mem::take(items) {
        match &item.data {
            ComposeData::Integer(number) => {
                long.extend(volume::ports(&number.to_string(), item.place).map_err(|message| item.error(message))?);
            }
            ComposeData::Text(text) => {
                long.extend(volume::ports(text, item.place).map_err(|message| item.error(message))?);
            }
            ComposeData::Map(_) => long.push(item),
            _ => return Err(wrong(&item, "a port, a string or a mapping")),
        }
    }
    *items = long;
    Ok(())
}

fn ssh(value: &mut ComposeValue) -> Result<(), ProjectError> {
    let items = match &value.data {
        ComposeData::Map(_) => return Ok(()),
        ComposeData::List(items) => items,
        _ => return Err(wrong(value, "a list or a mapping")),
    };
    let mut map = ComposeMap::default();
    for item in items {
        let text = item.as_text().ok_or_else(|| wrong(item, "a string"))?;
        let value = match text.split_once('=') {
            Some((_, path)) => ComposeValue::text(path, item.place),
            None if text == "default" => ComposeValue::new(ComposeData::Null, item.place),
            None => {
                return Err(item.error(format!("`{text}` is no key of ssh")).help("write `default` or `name=path`"));
            }
        };
        let key = text.split('=').next().unwrap_or(text);
        map.insert(key, ComposeEntry { key: item.place, value });
    }
    value.data = ComposeData::Map(map);
    Ok(())
}

/// `external: {name: x}`, the old form of `external: true` with a `name`.
fn external(value: &mut ComposeValue) -> Result<(), ProjectError> {
    if value.is_null() {
        return Ok(());
    }
    let place = value.place;
    let Some(map) = value.as_map_mut() else { return Err(ProjectError::at(place, "must be a mapping")) };
    let Some(ComposeData::Map(external)) = map.get("external").map(|value| value.data.clone()) else { return Ok(()) };
    let place = map.get("external").and_then(|value| value.place);
    map.set("external", ComposeValue::new(ComposeData::Bool(true), place));
    let Some(name) = external.get("name") else { return Ok(()) };
    match map.get("name") {
        Some(known) if !known.equals(name) => {
            Err(name.error("`name` and `external.name` differ").help("keep `name` only"))
        }
        Some(_) => Ok(()),
        None => {
            map.set("name", name.clone());
            Ok(())
        }
    }
}

fn default(value: &mut ComposeValue, how: &str) -> Result<(), ProjectError> {
    let place = value.place;
    let Some(map) = value.as_map_mut() else {
        return if matches!(how, "secret" | "devices") { Err(wrong(value, "a mapping")) } else { Ok(()) };
    };
    let mut add = |key: &str, text: &str| {
        if !map.contains(key) {
            map.set(key, ComposeValue::text(text, place));
        }
    };
    match how {
        "context" => add("context", "."),
        "port" => {
            add("protocol", "tcp");
            add("mode", "ingress");
        }
        "secret" => {
            let source = map.get("source").map_or_else(|| "<nil>".to_owned(), ComposeValue::display);
            if !map.contains("target") {
                map.set("target", ComposeValue::text(format!("/run/secrets/{source}"), place));
            }
        }
        _ => {
            if !map.contains("count") && !map.contains("device_ids") {
                map.set("count", ComposeValue::text("all", place));
            }
        }
    }
    Ok(())
}

fn test(value: &mut ComposeValue, how: &str) -> Result<(), ProjectError> {
    let value = &*value;
    match how {
        "path" if value.as_text().is_none_or(str::is_empty) => Err(value.error("must not be empty")),
        "external" => {
            let Some(map) = value.as_map() else { return Ok(()) };
            if map.get("external").and_then(ComposeValue::as_bool) != Some(true) {
                return Ok(());
            }
            let other = map.iter().find(|(key, _)| !["name", "external"].contains(key) && !key.starts_with("x-"));
            other.map_or(Ok(()), |(key, entry)| {
                Err(ProjectError::at(entry.key, format!("`external` and `{key}` exclude each other")))
            })
        }
        "config" => file_object(value, &["file", "environment", "content"]),
        "secret" => file_object(value, &["file", "environment"]),
        "port" => match value.get("host_ip") {
            Some(ip) if !ip.as_text().is_some_and(volume::is_address) => {
                Err(ip.error(format!("`{}` is no IP address", ip.display())))
            }
            _ => Ok(()),
        },
        "devices" if value.get("count").is_some() && value.get("device_ids").is_some() => {
            Err(value.error("`count` and `device_ids` exclude each other"))
        }
        _ => Ok(()),
    }
}

/// A config or secret: one source, or one elsewhere.
fn file_object(value: &ComposeValue, keys: &[&str]) -> Result<(), ProjectError> {
    let Some(map) = value.as_map() else { return Err(wrong(value, "a mapping")) };
    match keys.iter().filter(|key| map.contains(key)).count() {
        0 if !map.contains("driver") && !map.contains("external") => {
            Err(value.error(format!("one of {} must be set", keys.join(", "))))
        }
        0 | 1 => Ok(()),
        _ => Err(value.error(format!("only one of {} may be set", keys.join(", ")))),
    }
}
