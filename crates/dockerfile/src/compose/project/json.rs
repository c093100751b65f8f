//! The project as JSON: what `docker compose config --format json` prints.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::ComposeProject;
use super::value::{ComposeData, ComposeMap, ComposeValue};

impl ComposeProject {
    /// The model as Compose prints it: without what no service uses, `$` doubled.
    pub fn json(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".to_owned(), Value::from(dollars(&self.name)));
        let services = self.model.get("services").and_then(ComposeValue::as_map);
        let services = services.into_iter().flat_map(ComposeMap::iter).map(|(name, entry)| {
            let mut service = entry.value.clone();
            if let Some(map) = service.as_map_mut() {
                map.remove("env_file");
            }
            (dollars(name), json(&service))
        });
        out.insert("services".to_owned(), Value::Object(services.collect()));
        for section in ["networks", "volumes", "secrets", "configs"] {
            let names = self.names(section);
            let Some(map) = self.model.get(section).and_then(ComposeValue::as_map) else { continue };
            let used = map.iter().filter(|(name, _)| names.contains(*name));
            let mut used: Map<String, Value> = used.map(|(name, entry)| (dollars(name), json(&entry.value))).collect();
            if section == "configs" {
                // What comes from a variable is not printed.
                for config in used.values_mut().filter_map(Value::as_object_mut) {
                    if config.contains_key("environment") {
                        config.remove("content");
                    }
                }
            }
            if !used.is_empty() {
                out.insert(section.to_owned(), Value::Object(used));
            }
        }
        for (key, entry) in self.model.iter().filter(|(key, _)| key.starts_with("x-")) {
            let mut value = json(&entry.value);
            clear_empty(&mut value);
            out.insert(dollars(key), value);
        }
        Value::Object(out)
    }

    /// The networks, volumes, secrets or configs that active services use.
    fn names(&self, section: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let sources = |list: Option<&ComposeValue>| {
            let items = list.and_then(ComposeValue::as_list).unwrap_or_default();
            let source = |item: &ComposeValue| item.get("source").and_then(ComposeValue::as_text).map(str::to_owned);
            items.iter().filter_map(source).collect::<Vec<_>>()
        };
        for (_, service) in self.services() {
            match section {
                "networks" => {
                    let networks = service.get(section).and_then(ComposeValue::as_map);
                    names.extend(networks.into_iter().flat_map(ComposeMap::iter).map(|(name, _)| name.to_owned()));
                }
                "volumes" => {
                    let items = service.get(section).and_then(ComposeValue::as_list).unwrap_or_default();
                    let volumes =
                        items.iter().filter(|item| item.get("type").and_then(ComposeValue::as_text) == Some("volume"));
                    names.extend(volumes.filter_map(|item| item.get("source")?.as_text()).map(str::to_owned));
                }
                _ => {
                    names.extend(sources(service.get(section)));
                    let build = service.get("build").filter(|_| section == "secrets");
                    names.extend(sources(build.and_then(|build| build.get("secrets"))));
                }
            }
        }
        names
    }
}

/// Under keys of the user's own Compose prints empty lists as nothing.
fn clear_empty(value: &mut Value) {
    match value {
        Value::Array(items) if items.is_empty() => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(clear_empty),
        Value::Object(map) => map.values_mut().for_each(clear_empty),
        _ => {}
    }
}

fn dollars(text: &str) -> String {
    text.replace('$', "$$")
}

fn json(value: &ComposeValue) -> Value {
    match &value.data {
        ComposeData::Null => Value::Null,
        ComposeData::Bool(value) => Value::from(*value),
        ComposeData::Integer(value) => Value::from(*value),
        ComposeData::Unsigned(value) => Value::from(*value),
        ComposeData::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Value::from(*value as i64),
        ComposeData::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
        ComposeData::Time(text) => Value::from(dollars(text)),
        ComposeData::Text(text) => Value::from(dollars(text)),
        ComposeData::List(items) => Value::Array(items.iter().map(json).collect()),
        ComposeData::Map(map) => {
            Value::Object(map.iter().map(|(key, entry)| (dollars(key), json(&entry.value))).collect())
        }
    }
}
