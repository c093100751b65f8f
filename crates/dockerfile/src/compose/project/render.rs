//! The tree ─► the model that Compose prints: each attribute in its type, those without a value left out (the structs of
//! compose-go's `types` package, as mapstructure fills them and Go's JSON prints them).

use std::collections::BTreeMap;

use super::amount::{bytes, duration_nanoseconds, duration_text, words};
use super::error::ProjectError;
use super::interpolate::{boolean, integer, number};
use super::schema::printed;
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposeValue};

type Rendered = Result<Option<ComposeValue>, ProjectError>;

/// Renders a mapping of this shape.
pub(super) fn render(value: &ComposeValue, shape: &str) -> Result<ComposeValue, ProjectError> {
    let Some(map) = value.as_map() else {
        return Err(value.error(format!("must be a mapping, not {}", value.kind())));
    };
    let mut out = ComposeMap::default();
    for (key, model) in printed(shape) {
        let (name, model) = model.split_once(':').unwrap_or((key, model));
        let entry = map.entry(key);
        let rendered = match entry.filter(|entry| !entry.value.is_null()) {
            Some(entry) => attribute(&entry.value, model)?,
            None => absent(model)?,
        };
        if let Some(value) = rendered {
            out.insert(name, ComposeEntry { key: entry.and_then(|entry| entry.key), value });
        }
    }
    Ok(ComposeValue::new(ComposeData::Map(out), value.place))
}

/// What is printed for an attribute that is not there.
fn absent(model: &str) -> Rendered {
    Ok(match model.strip_prefix('=') {
        Some(shape) if !shape.ends_with('?') => {
            let empty = ComposeValue::new(ComposeData::Map(ComposeMap::default()), None);
            Some(render(&empty, shape)?)
        }
        _ => match model {
            "words" => Some(ComposeValue::default()),
            "text!" => Some(ComposeValue::text("", None)),
            "switch!" => Some(ComposeValue::new(ComposeData::Bool(false), None)),
            "integer!" | "short!" => Some(ComposeValue::new(ComposeData::Integer(0), None)),
            "bytes!" => Some(ComposeValue::text("0", None)),
            _ => None,
        },
    })
}

fn attribute(value: &ComposeValue, model: &str) -> Rendered {
    if let Some(shape) = model.strip_prefix('=') {
        return render(value, shape.trim_end_matches('?')).map(Some);
    }
    if let Some(inside) = model.strip_suffix(')') {
        let (kind, inside) = inside.split_once('(').unwrap_or_default();
        return if kind == "list" { list(value, inside) } else { mapping(value, inside, kind == "names") };
    }
    let (kind, keeps_empty) = match model.strip_suffix(['?', '!']) {
        Some(kind) => (kind, true),
        None => (model, model == "words"),
    };
    let data = scalar(value, kind)?;
    let is_empty = match &data {
        ComposeData::Bool(value) => !value,
        ComposeData::Integer(number) => *number == 0,
        ComposeData::Float(number) => *number == 0.0,
        ComposeData::Text(text) => {
            text.is_empty() || (kind == "bytes" && text == "0") || (kind == "duration" && text == "0s")
        }
        ComposeData::List(items) => items.is_empty(),
        ComposeData::Map(map) => map.is_empty(),
        _ => true,
    };
    Ok((keeps_empty || !is_empty).then(|| ComposeValue::new(data, value.place)))
}

fn list(value: &ComposeValue, inside: &str) -> Rendered {
    let Some(items) = value.as_list() else { return Err(wrong(value, "a list")) };
    let shape = inside.trim_start_matches('=');
    let items = items
        .iter()
        .map(|item| if item.is_null() { Ok(ComposeValue::default()) } else { render(item, shape) })
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!items.is_empty()).then(|| ComposeValue::new(ComposeData::List(items), value.place)))
}

/// Keys of the user's own. `keeps_extensions`: whether a key with `x-` is one of them.
fn mapping(value: &ComposeValue, inside: &str, keeps_extensions: bool) -> Rendered {
    let Some(map) = value.as_map() else { return Err(wrong(value, "a mapping")) };
    let mut out = ComposeMap::default();
    for (key, entry) in map.iter() {
        if key.starts_with("x-") && !keeps_extensions {
            continue;
        }
        let rendered = match inside.strip_prefix('=') {
            _ if entry.value.is_null() => ComposeValue::new(ComposeData::Null, entry.value.place),
            Some(shape) => render(&entry.value, shape.trim_end_matches('?'))?,
            None => ulimit(&entry.value)?,
        };
        out.insert(key, ComposeEntry { key: entry.key, value: rendered });
    }
    Ok((!out.is_empty()).then(|| ComposeValue::new(ComposeData::Map(out), value.place)))
}

fn wrong(value: &ComposeValue, expected: &str) -> ProjectError {
    value.error(format!("must be {expected}, not {}", value.kind()))
}

fn scalar(value: &ComposeValue, kind: &str) -> Result<ComposeData, ProjectError> {
    Ok(match kind {
        "text" => ComposeData::Text(text(value)?),
        "texts" => list_of(value, false, text)?,
        "string_list" => {
            list_of(value, true, |item| item.as_text().map(str::to_owned).ok_or_else(|| wrong(item, "a string")))?
        }
        "number_list" => list_of(value, true, |item| Ok(item.display()))?,
        "switch" => ComposeData::Bool(switch(value)?),
        "integer" => ComposeData::Integer(whole(value, true)?),
        "whole" | "short" => ComposeData::Integer(whole(value, false)?),
        "float" | "cpus" => float(value)?,
        "bytes" => ComposeData::Text(size(value)?.to_string()),
        "duration" => {
            let text = value.display();
            let length = duration_nanoseconds(&text).ok_or_else(|| {
                value
                    .error(format!("`{text}` is no duration"))
                    .help("write a number with a unit: `30s`, `1m30s`, `500ms`")
            })?;
            ComposeData::Text(duration_text(length))
        }
        "mode" => ComposeData::Text(format!("0{:o}", mode(value)?)),
        "words" => command(value)?,
        "test" => test(value)?,
        "mapping" | "labels" => ComposeData::Map(texts(value, true, false)?),
        "variables" => ComposeData::Map(texts(value, true, true)?),
        "options" => ComposeData::Map(texts(value, false, false)?),
        "text_map" => text_map(value)?,
        "text_lists" => text_lists(value)?,
        "hosts" => hosts(value)?,
        "ssh" => ssh(value)?,
        "count" => count(value)?,
        _ => value.data.clone(),
    })
}

fn text(value: &ComposeValue) -> Result<String, ProjectError> {
    match &value.data {
        ComposeData::Text(text) => Ok(text.clone()),
        ComposeData::Integer(number) => Ok(number.to_string()),
        ComposeData::Null => Ok(String::new()),
        _ => Err(wrong(value, "a string").help("put it in quotes")),
    }
}

fn list_of(
    value: &ComposeValue,
    takes_text: bool,
    item: impl Fn(&ComposeValue) -> Result<String, ProjectError>,
) -> Result<ComposeData, ProjectError> {
    let items = match &value.data {
        ComposeData::List(items) => items.as_slice(),
        ComposeData::Text(_) if takes_text => std::slice::from_ref(value),
        _ => return Err(wrong(value, "a list")),
    };
    let items = items.iter().map(|value| Ok(ComposeValue::text(item(value)?, value.place)));
    Ok(ComposeData::List(items.collect::<Result<_, ProjectError>>()?))
}

fn switch(value: &ComposeValue) -> Result<bool, ProjectError> {
    match &value.data {
        ComposeData::Bool(value) => Ok(*value),
        ComposeData::Text(text) => boolean(text).ok_or_else(|| wrong(value, "`true` or `false`")),
        _ => Err(wrong(value, "a boolean")),
    }
}

fn whole(value: &ComposeValue, signed: bool) -> Result<i64, ProjectError> {
    let number = match &value.data {
        ComposeData::Integer(number) => Some(*number),
        ComposeData::Unsigned(number) => i64::try_from(*number).ok(),
        ComposeData::Float(number) => Some(*number as i64),
        ComposeData::Text(text) if signed => integer(text),
        _ => None,
    };
    match number {
        Some(number) if signed || number >= 0 => Ok(number),
        Some(_) => Err(value.error("must be 0 or more")),
        None => Err(wrong(value, "a whole number")),
    }
}

#[allow(clippy::cast_precision_loss)] // Compose keeps 32 bits of it.
fn float(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    let number = match &value.data {
        ComposeData::Integer(number) => Some(*number as f64),
        ComposeData::Unsigned(number) => Some(*number as f64),
        ComposeData::Float(number) => Some(*number),
        ComposeData::Text(text) => number(text),
        _ => None,
    };
    let number = number.ok_or_else(|| wrong(value, "a number"))?;
    // Compose keeps 32 bits, and prints the shortest text that gives them back.
    Ok(ComposeData::Float((number as f32).to_string().parse().unwrap_or(number)))
}

fn size(value: &ComposeValue) -> Result<i64, ProjectError> {
    match &value.data {
        ComposeData::Integer(number) => Ok(*number),
        ComposeData::Text(text) => bytes(text).ok_or_else(|| {
            value
                .error(format!("`{text}` is no size"))
                .help("write a number of bytes, with a unit where you like: `512m`, `1.5g`")
        }),
        // As Compose has it: other types are dropped.
        _ => Ok(0),
    }
}

fn mode(value: &ComposeValue) -> Result<i64, ProjectError> {
    match &value.data {
        ComposeData::Integer(number) => Ok(*number),
        ComposeData::Text(text) => {
            i64::from_str_radix(text, 8).map_err(|_| value.error(format!("`{text}` is no octal number: write `0440`")))
        }
        _ => Err(wrong(value, "an octal number")),
    }
}

fn command(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    match &value.data {
        ComposeData::Text(line) => {
            let words = words(line).ok_or_else(|| {
                value.error("a quote or bracket of the command line is not closed").help("write the command as a list")
            })?;
            let words = words.into_iter().map(|word| ComposeValue::text(word, value.place)).collect();
            Ok(ComposeData::List(words))
        }
        ComposeData::List(_) => {
            list_of(value, false, |item| item.as_text().map(str::to_owned).ok_or_else(|| wrong(item, "a string")))
        }
        _ => Ok(ComposeData::Null),
    }
}

fn test(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    match &value.data {
        ComposeData::Text(text) => {
            let words = ["CMD-SHELL", text].map(|word| ComposeValue::text(word, value.place));
            Ok(ComposeData::List(words.into()))
        }
        _ => list_of(value, false, |item| item.as_text().map(str::to_owned).ok_or_else(|| wrong(item, "a string"))),
    }
}

/// A mapping without the keys that begin with `x-`: Compose puts them together under one key.
fn without_extensions(map: &ComposeMap) -> ComposeMap {
    let mut out = map.clone();
    let mut extensions = ComposeMap::default();
    for (key, entry) in map.iter().filter(|(key, _)| key.starts_with("x-")) {
        out.remove(key);
        extensions.insert(key, entry.clone());
    }
    if !extensions.is_empty() {
        let text = ComposeValue::new(ComposeData::Map(extensions), None).display();
        out.set("#extensions", ComposeValue::text(text, None));
    }
    out
}

/// A mapping, or a list of `name=value`. `keeps_null`: a name without a value has none; else it is empty.
fn texts(value: &ComposeValue, takes_list: bool, keeps_null: bool) -> Result<ComposeMap, ProjectError> {
    let nothing = || if keeps_null { ComposeData::Null } else { ComposeData::Text(String::new()) };
    let mut out = ComposeMap::default();
    match &value.data {
        ComposeData::Map(map) => {
            for (key, entry) in without_extensions(map).into_entries() {
                let data = if entry.value.is_null() { nothing() } else { ComposeData::Text(entry.value.display()) };
                out.insert(key, ComposeEntry { key: entry.key, value: ComposeValue::new(data, entry.value.place) });
            }
        }
        ComposeData::List(items) if takes_list => {
            for item in items {
                let text = item.display();
                let (key, data) = match text.split_once('=') {
                    Some((key, value)) => (key, ComposeData::Text(value.to_owned())),
                    None => (text.as_str(), nothing()),
                };
                if keeps_null && key.ends_with(char::is_whitespace) {
                    return Err(item.error(format!("the variable `{key}` has a space before `=`")));
                }
                out.insert(key, ComposeEntry { key: item.place, value: ComposeValue::new(data, item.place) });
            }
        }
        _ => return Err(wrong(value, "a mapping")),
    }
    Ok(out)
}

fn text_map(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    let Some(map) = value.as_map() else { return Err(wrong(value, "a mapping")) };
    let mut out = ComposeMap::default();
    for (key, entry) in map.iter() {
        let value = ComposeValue::text(text(&entry.value)?, entry.value.place);
        out.insert(key, ComposeEntry { key: entry.key, value });
    }
    Ok(ComposeData::Map(out))
}

fn text_lists(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    let Some(map) = value.as_map() else { return Err(wrong(value, "a mapping")) };
    let mut out = ComposeMap::default();
    for (key, entry) in without_extensions(map).into_entries() {
        let items = match &entry.value.data {
            ComposeData::List(items) => {
                items.iter().map(|item| ComposeValue::text(item.display(), item.place)).collect()
            }
            _ => vec![ComposeValue::text(entry.value.display(), entry.value.place)],
        };
        let value = ComposeValue::new(ComposeData::List(items), entry.value.place);
        out.insert(key, ComposeEntry { key: entry.key, value });
    }
    Ok(ComposeData::Map(out))
}

fn hosts(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    let mut all: BTreeMap<String, Vec<(String, ComposeValue)>> = BTreeMap::new();
    match &value.data {
        ComposeData::Map(map) => {
            for (host, entry) in map.iter() {
                let addresses = match &entry.value.data {
                    ComposeData::List(items) => items.iter().map(|item| (item.display(), item.clone())).collect(),
                    ComposeData::Null => vec![(String::new(), entry.value.clone())],
                    _ => vec![(entry.value.display(), entry.value.clone())],
                };
                all.insert(host.to_owned(), addresses);
            }
        }
        ComposeData::List(items) => {
            for item in items {
                let text = item.display();
                let Some((host, addresses)) = text.split_once('=').or_else(|| text.split_once(':')) else {
                    return Err(item.error(format!("`{text}` names no address")).help("write `host=address`"));
                };
                let addresses = addresses.split(',').map(|address| (address.to_owned(), item.clone()));
                all.entry(host.to_owned()).or_default().extend(addresses);
            }
        }
        _ => return Err(wrong(value, "a list or a mapping")),
    }
    let mut out: Vec<(String, ComposeValue)> = Vec::new();
    for (host, addresses) in all {
        if host.is_empty() || host.contains([':', '=']) {
            return Err(value.error(format!("`{host}` is not a name of a host")));
        }
        for (address, item) in addresses {
            let plain =
                address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|rest| !rest.is_empty());
            out.push((format!("{host}={}", plain.unwrap_or(&address)), item));
        }
    }
    out.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(ComposeData::List(out.into_iter().map(|(text, item)| ComposeValue::text(text, item.place)).collect()))
}

/// Keys of ssh: `default`, or `name=path`.
fn ssh(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    let Some(map) = value.as_map() else { return Err(wrong(value, "a list or a mapping")) };
    let key = |(name, entry): (&str, &ComposeEntry)| {
        let path = if entry.value.is_null() { String::new() } else { entry.value.display() };
        let text = if path.is_empty() { name.to_owned() } else { format!("{name}={path}") };
        ComposeValue::text(text, entry.key.or(entry.value.place))
    };
    Ok(ComposeData::List(map.iter().map(key).collect()))
}

fn count(value: &ComposeValue) -> Result<ComposeData, ProjectError> {
    match &value.data {
        ComposeData::Integer(number) => Ok(ComposeData::Integer(*number)),
        ComposeData::Text(text) if text.eq_ignore_ascii_case("all") => Ok(ComposeData::Integer(-1)),
        ComposeData::Text(text) => {
            let number = integer(text).ok_or_else(|| value.error(format!("`{text}` is neither `all` nor a number")))?;
            Ok(ComposeData::Integer(number))
        }
        _ => Err(wrong(value, "`all` or a number")),
    }
}

fn ulimit(value: &ComposeValue) -> Result<ComposeValue, ProjectError> {
    let mut map = ComposeMap::default();
    match &value.data {
        ComposeData::Integer(0) => {}
        ComposeData::Integer(_) => return Ok(value.clone()),
        ComposeData::Map(limits) => {
            for key in ["soft", "hard"] {
                let Some(entry) = limits.entry(key) else { continue };
                match entry.value.data {
                    ComposeData::Integer(0) => {}
                    ComposeData::Integer(_) => map.insert(key, entry.clone()),
                    _ => return Err(wrong(&entry.value, "a whole number")),
                }
            }
        }
        _ => return Err(wrong(value, "a whole number or a mapping")),
    }
    Ok(ComposeValue::new(ComposeData::Map(map), value.place))
}
