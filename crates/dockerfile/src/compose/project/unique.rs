//! Entries of lists that stand for the same thing: the last one counts, at the place of the first (compose-go's
//! `override.EnforceUnicity`).

use hashbrown::HashMap;

use super::error::ProjectError;
use super::paths::{PathRules, Step};
use super::value::{ComposeData, ComposeMap, ComposeValue};
use super::volume::volume_target;

/// Leaves one entry for each thing in all lists that the table names.
pub(super) fn enforce(value: &mut ComposeValue) -> Result<(), ProjectError> {
    walk(value, Some(PathRules::root()))
}

fn walk(value: &mut ComposeValue, rules: Option<&'static PathRules>) -> Result<(), ProjectError> {
    let Some(rules) = rules else { return Ok(()) };
    match &mut value.data {
        ComposeData::Map(map) => {
            for (key, entry) in map.iter_mut() {
                walk(&mut entry.value, rules.at(key))?;
            }
        }
        ComposeData::List(items) => {
            let Some(how) = rules.how(Step::Unique) else { return Ok(()) };
            let mut unique: Vec<ComposeValue> = Vec::with_capacity(items.len());
            let mut places = HashMap::new();
            for item in std::mem::take(items) {
                match places.entry(key_of(&item, how)?) {
                    hashbrown::hash_map::Entry::Occupied(place) => unique[*place.get()] = item,
                    hashbrown::hash_map::Entry::Vacant(place) => {
                        place.insert(unique.len());
                        unique.push(item);
                    }
                }
            }
            *items = unique;
        }
        _ => {}
    }
    Ok(())
}

/// What two entries must differ in.
fn key_of(item: &ComposeValue, how: &str) -> Result<String, ProjectError> {
    match (&item.data, how) {
        (ComposeData::Text(text), "key") => Ok(text.split('=').next().unwrap_or(text).to_owned()),
        (_, "key") => Err(item.error(format!("an entry of this list must be a string, not {}", item.kind()))),
        (ComposeData::Text(text), "volume") => volume_target(text).map_err(|message| item.error(message)),
        (ComposeData::Map(map), "volume") => text_of(item, map, "target", "a volume"),
        (ComposeData::Text(text), "device") => {
            let mut parts = text.split(':');
            let source = parts.next().unwrap_or_default();
            Ok(parts.next().unwrap_or(source).to_owned())
        }
        (ComposeData::Map(map), "device") => text_of(item, map, "target", "a device"),
        (_, "config") => file_mount(item, ""),
        (_, "secret") => file_mount(item, "/run/secrets"),
        (ComposeData::Text(text), "env_file" | "expose" | "port") => Ok(text.clone()),
        (ComposeData::Integer(number), "expose" | "port") => Ok(number.to_string()),
        (ComposeData::Map(map), "env_file") => text_of(item, map, "path", "an environment file"),
        (_, "expose") => {
            Err(item.error(format!("a port of `expose` must be a string or a whole number, not {}", item.kind())))
        }
        (ComposeData::Map(map), "port") => port(item, map),
        _ => Ok(String::new()),
    }
}

fn text_of(item: &ComposeValue, map: &ComposeMap, key: &str, what: &str) -> Result<String, ProjectError> {
    let text = map.get(key).and_then(ComposeValue::as_text);
    text.map(str::to_owned).ok_or_else(|| item.error(format!("{what} needs a `{key}`")))
}

fn file_mount(item: &ComposeValue, folder: &str) -> Result<String, ProjectError> {
    match &item.data {
        ComposeData::Text(text) => Ok(format!("{folder}/{text}")),
        ComposeData::Map(map) if map.contains("target") => text_of(item, map, "target", "the entry"),
        ComposeData::Map(map) => {
            Ok(format!("{folder}/{}", map.get("source").map_or("<nil>".to_owned(), ComposeValue::display)))
        }
        _ => Err(item.error(format!("must be a string or a mapping, not {}", item.kind()))),
    }
}

fn port(item: &ComposeValue, map: &ComposeMap) -> Result<String, ProjectError> {
    let Some(target) = map.get("target") else { return Err(item.error("a port needs a `target`")) };
    // Numbers and texts are not the same to Compose.
    let show = |key: &str, default: &str| {
        map.get(key).map_or(default.to_owned(), |value| format!("{} {}", value.kind(), value.display()))
    };
    let (ip, published) = (show("host_ip", "a string 0.0.0.0"), show("published", ""));
    Ok(format!("{ip}:{published}:{}/{}", target.display(), show("protocol", "a string tcp")))
}
