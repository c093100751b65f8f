//! How two files, or a service and its base, come together: compose-go's `override` package. Mappings are merged key by
//! key, lists are put one behind the other, anything else is replaced; what differs stands in `data/compose_paths.tsv`.

use super::error::ProjectError;
use super::paths::{PathRules, Step};
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposePlace, ComposeValue};

/// Pairs of address pools that are compared at most.
const POOLS: usize = 10_000;

/// `over` on top of `base`: all of a project.
pub(super) fn merge(base: ComposeValue, over: ComposeValue) -> Result<ComposeValue, ProjectError> {
    values(base, over, Some(PathRules::root()))
}

/// A service on top of the one that it extends.
pub(super) fn extend(base: ComposeValue, service: ComposeValue) -> Result<ComposeValue, ProjectError> {
    let rules = PathRules::root().at("services").and_then(PathRules::item);
    values(base, service, rules)
}

type Rules = Option<&'static PathRules>;

fn values(base: ComposeValue, over: ComposeValue, rules: Rules) -> Result<ComposeValue, ProjectError> {
    if let Some(how) = rules.and_then(|rules| rules.how(Step::Merge)) {
        return special(how, base, over, rules);
    }
    if over.is_null() {
        return Ok(base);
    }
    let place = over.place;
    match (base.data, over.data) {
        (ComposeData::Map(base), ComposeData::Map(over)) => {
            Ok(ComposeValue::new(ComposeData::Map(maps(base, over, rules)?), place))
        }
        (ComposeData::List(mut base), ComposeData::List(over)) => {
            base.extend(over);
            Ok(ComposeValue::new(ComposeData::List(base), place))
        }
        (base @ (ComposeData::Map(_) | ComposeData::List(_)), over) => {
            let kind = ComposeValue::new(base, None).kind();
            Err(ProjectError::at(place, format!("{} cannot override {kind}", ComposeValue::new(over, None).kind())))
        }
        (_, over) => Ok(ComposeValue::new(over, place)),
    }
}

fn maps(mut base: ComposeMap, over: ComposeMap, rules: Rules) -> Result<ComposeMap, ProjectError> {
    for (key, entry) in over.into_entries() {
        let value = match base.remove(&key) {
            Some(old) => values(old.value, entry.value, rules.and_then(|rules| rules.at(&key)))?,
            None => entry.value,
        };
        base.insert(key, ComposeEntry { key: entry.key, value });
    }
    Ok(base)
}

fn special(how: &str, base: ComposeValue, over: ComposeValue, rules: Rules) -> Result<ComposeValue, ProjectError> {
    let place = over.place.or(base.place);
    match how {
        "sequence" => {
            let mut list = sequence(base);
            list.extend(sequence(over));
            Ok(ComposeValue::new(ComposeData::List(list), place))
        }
        "hosts" => {
            let mut list = sequence(base);
            for item in sequence(over) {
                if !list.iter().any(|known| known.equals(&item)) {
                    list.push(item);
                }
            }
            Ok(ComposeValue::new(ComposeData::List(list), place))
        }
        "build" => both(base, over, rules, build),
        "dependencies" => both(base, over, rules, |value| mapping(value, true)),
        "names" => both(base, over, rules, |value| mapping(value, false)),
        "logging" => logging(base, over, rules),
        "pools" => pools(base, over),
        _ => Ok(over),
    }
}

/// Merges two values once both are mappings.
fn both(
    base: ComposeValue,
    over: ComposeValue,
    rules: Rules,
    convert: impl Fn(ComposeValue) -> Option<ComposeMap>,
) -> Result<ComposeValue, ProjectError> {
    let place = over.place.or(base.place);
    let (base, over) = (convert(base), convert(over).unwrap_or_default());
    // Compose ends with a crash where something comes on top of nothing.
    let base = match base {
        None if !over.is_empty() => {
            return Err(ProjectError::at(
                place,
                "an earlier file leaves this key empty, and Compose cannot merge the two",
            )
            .help("take the empty key out of the earlier file"));
        }
        base => base.unwrap_or_default(),
    };
    Ok(ComposeValue::new(ComposeData::Map(maps(base, over, rules)?), place))
}

fn build(value: ComposeValue) -> Option<ComposeMap> {
    match value.data {
        ComposeData::Map(map) => Some(map),
        ComposeData::Text(text) => {
            let mut map = ComposeMap::default();
            map.set("context", ComposeValue::text(text, value.place));
            Some(map)
        }
        _ => None,
    }
}

/// A list of names as a mapping; `None` of what is neither.
fn mapping(value: ComposeValue, is_dependency: bool) -> Option<ComposeMap> {
    match value.data {
        ComposeData::Map(map) => Some(map),
        ComposeData::List(items) => {
            let mut map = ComposeMap::default();
            for item in items {
                let value = if is_dependency { dependency(item.place) } else { ComposeValue::default() };
                let ComposeData::Text(name) = item.data else { return None };
                map.insert(name, ComposeEntry { key: item.place, value });
            }
            Some(map)
        }
        _ => None,
    }
}

/// What the name of a service alone stands for in `depends_on`.
pub(super) fn dependency(place: Option<ComposePlace>) -> ComposeValue {
    let mut map = ComposeMap::default();
    map.set("condition", ComposeValue::text("service_started", place));
    map.set("required", ComposeValue::new(ComposeData::Bool(true), place));
    ComposeValue::new(ComposeData::Map(map), place)
}

/// A mapping as the list of `key=value` that it stands for.
fn sequence(value: ComposeValue) -> Vec<ComposeValue> {
    match value.data {
        ComposeData::Map(map) => {
            let mut list: Vec<ComposeValue> = Vec::new();
            for (key, entry) in map.into_entries() {
                let place = entry.key.map(|key| ComposePlace {
                    span: entry
                        .value
                        .place
                        .filter(|value| value.file == key.file)
                        .map_or(key.span, |value| key.span.to(value.span)),
                    ..key
                });
                match &entry.value.data {
                    ComposeData::Null => list.push(ComposeValue::text(key, place)),
                    ComposeData::List(items) => {
                        list.extend(
                            items
                                .iter()
                                .map(|item| ComposeValue::text(format!("{key}={}", item.display()), item.place)),
                        );
                    }
                    _ => list.push(ComposeValue::text(format!("{key}={}", entry.value.display()), place)),
                }
            }
            list.sort_by(|a, b| a.as_text().cmp(&b.as_text()));
            list
        }
        ComposeData::List(list) => list,
        ComposeData::Text(text) => vec![ComposeValue::text(text, value.place)],
        _ => Vec::new(),
    }
}

/// Options of another driver are none of this one's.
fn logging(base: ComposeValue, over: ComposeValue, rules: Rules) -> Result<ComposeValue, ProjectError> {
    let place = over.place;
    let (ComposeData::Map(base), ComposeData::Map(over)) = (base.data, over.data) else {
        return Err(ProjectError::at(place, "`logging` must be a mapping"));
    };
    let same = match (base.get("driver"), over.get("driver")) {
        (Some(a), Some(b)) => a.equals(b),
        _ => true,
    };
    let map = if same { maps(base, over, rules)? } else { over };
    Ok(ComposeValue::new(ComposeData::Map(map), place))
}

/// Address pools with the same subnet come together; in the order that Compose has.
fn pools(base: ComposeValue, over: ComposeValue) -> Result<ComposeValue, ProjectError> {
    let place = over.place;
    let error = || ProjectError::at(place, "`ipam.config` must be a list in each file");
    let (ComposeData::List(base), ComposeData::List(over)) = (base.data, over.data) else { return Err(error()) };
    if base.len().saturating_mul(over.len()) > POOLS {
        return Err(ProjectError::at(place, "`ipam.config` has too many entries"));
    }
    let subnet = |map: &ComposeMap| map.get("subnet").cloned().unwrap_or_default();
    let mut merged: Vec<ComposeMap> = Vec::new();
    for original in base {
        let mut right = mapping(original, false).ok_or_else(error)?;
        for item in &over {
            let left = mapping(item.clone(), false).ok_or_else(error)?;
            let known =
                |all: &[ComposeMap], map: &ComposeMap| all.iter().position(|old| subnet(old).equals(&subnet(map)));
            if !subnet(&left).equals(&subnet(&right)) && known(&merged, &left).is_none() {
                merged.push(left);
                continue;
            }
            right = maps(right, left, None)?;
            match known(&merged, &right) {
                Some(index) => merged[index] = right.clone(),
                None => merged.push(right.clone()),
            }
        }
    }
    let list = merged.into_iter().map(|map| ComposeValue::new(ComposeData::Map(map), place)).collect();
    Ok(ComposeValue::new(ComposeData::List(list), place))
}
