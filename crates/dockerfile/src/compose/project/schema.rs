//! Keys and types of a project, by the table of `data/compose_attributes.tsv`.

use std::sync::OnceLock;

use hashbrown::HashMap;
use regex::Regex;

use super::error::ProjectError;
use super::value::{ComposeData, ComposeMap, ComposeValue};
use crate::data::COMPOSE_ATTRIBUTES;

/// What a value may be.
#[derive(Debug)]
enum Type {
    Any,
    Null,
    Bool,
    Text,
    Number,
    Integer(Option<i64>, Option<i64>),
    Object,
    Shape(&'static str),
    /// Whether two entries may be equal, and what they are.
    List(bool, Vec<Type>),
    /// Which keys it takes, and what is under them.
    Map(Keys, Vec<Type>),
    Words(Vec<&'static str>),
    Like(Regex),
}

/// The keys of a mapping that has no keys of Compose's own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keys {
    Any,
    /// Names, and no others.
    Names,
    /// Names; under other keys anything.
    SomeNames,
    /// Words in small letters; under other keys anything.
    Lower,
}

/// A mapping with keys of Compose's own.
#[derive(Debug, Default)]
struct Shape {
    attributes: HashMap<&'static str, Attribute>,
    is_open: bool,
    is_closed: bool,
}

#[derive(Debug)]
struct Attribute {
    accepts: Vec<Type>,
    is_required: bool,
    /// How the model prints it.
    model: &'static str,
}

fn shapes() -> &'static HashMap<&'static str, Shape> {
    static SHAPES: OnceLock<HashMap<&'static str, Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut shapes: HashMap<&'static str, Shape> = HashMap::new();
        for row in COMPOSE_ATTRIBUTES.rows() {
            let shape = shapes.entry(row[0]).or_default();
            match (row[1], row[2]) {
                ("*", accepts) => {
                    shape.is_open = accepts == "open";
                    shape.is_closed = accepts == "closed";
                }
                (key, accepts) => {
                    let attribute =
                        Attribute { accepts: types(accepts), is_required: key.ends_with('!'), model: row[3] };
                    shape.attributes.insert(key.trim_end_matches('!'), attribute);
                }
            }
        }
        shapes
    })
}

/// The attributes of a shape with how the model prints them.
pub(super) fn printed(shape: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let attributes = shapes().get(shape).map(|shape| shape.attributes.iter());
    attributes.into_iter().flatten().map(|(key, attribute)| (*key, attribute.model)).filter(|(_, model)| *model != "-")
}

/// Alternatives of a cell.
fn types(cell: &'static str) -> Vec<Type> {
    let (mut parts, mut open, mut start) = (Vec::new(), 0, 0);
    for (at, c) in cell.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            '|' if open == 0 => {
                parts.push(&cell[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&cell[start..]);
    parts.into_iter().map(alternative).collect()
}

fn alternative(part: &'static str) -> Type {
    if let Some(shape) = part.strip_prefix('=') {
        return Type::Shape(shape);
    }
    let (name, inside) = part.split_once('(').map_or((part, ""), |(name, rest)| (name, &rest[..rest.len() - 1]));
    match name {
        "null" => Type::Null,
        "boolean" => Type::Bool,
        "string" => Type::Text,
        "number" => Type::Number,
        "integer" => {
            let (low, high) = inside.split_once("..").unwrap_or_default();
            Type::Integer(low.parse().ok(), high.parse().ok())
        }
        "object" => Type::Object,
        "list" => Type::List(false, types(inside)),
        "set" => Type::List(true, types(inside)),
        "map" => Type::Map(Keys::Any, types(inside)),
        "names" => Type::Map(Keys::Names, types(inside)),
        "named" => Type::Map(Keys::SomeNames, types(inside)),
        "lower" => Type::Map(Keys::Lower, types(inside)),
        "one" => Type::Words(inside.split(' ').collect()),
        "like" => Regex::new(&inside.replace('/', "|")).map_or(Type::Text, Type::Like),
        _ => Type::Any,
    }
}

/// Checks keys and types of a whole project.
pub(super) fn check(project: &ComposeValue) -> Result<(), ProjectError> {
    shape(project, "project").map_err(|failure| *failure.error)
}

/// Something wrong, and how deep it stands: the deepest is what is meant.
struct Failure {
    depth: usize,
    error: Box<ProjectError>,
}

impl Failure {
    fn new(error: ProjectError) -> Self {
        Self { depth: 0, error: Box::new(error) }
    }

    fn deeper(mut self) -> Self {
        self.depth += 1;
        self
    }
}

fn any_of(value: &ComposeValue, types: &[Type]) -> Result<(), Failure> {
    let mut deepest: Option<Failure> = None;
    for kind in types {
        match fits(value, kind) {
            Ok(()) => return Ok(()),
            Err(failure) if failure.depth > 0 || failure.error.help.is_some() => {
                if deepest.as_ref().is_none_or(|known| failure.depth > known.depth) {
                    deepest = Some(failure);
                }
            }
            Err(failure) if types.len() == 1 => deepest = Some(failure),
            Err(_) => {}
        }
    }
    Err(deepest.unwrap_or_else(|| {
        let expected: Vec<String> = types.iter().map(name).collect();
        let expected = match expected.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => expected.join(""),
        };
        Failure::new(value.error(format!("must be {expected}, not {}", value.kind())))
    }))
}

fn name(kind: &Type) -> String {
    match kind {
        Type::Any => "anything".to_owned(),
        Type::Null => "empty".to_owned(),
        Type::Bool => "a boolean".to_owned(),
        Type::Text | Type::Like(_) => "a string".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::Integer(..) => "a whole number".to_owned(),
        Type::Words(words) => format!("one of `{}`", words.join("`, `")),
        Type::Object | Type::Shape(_) | Type::Map(..) => "a mapping".to_owned(),
        Type::List(..) => "a list".to_owned(),
    }
}

fn fits(value: &ComposeValue, kind: &Type) -> Result<(), Failure> {
    let is_fit = match (kind, &value.data) {
        (Type::Shape(name), ComposeData::Map(_)) => return shape(value, name),
        (Type::List(unique, types), ComposeData::List(items)) => return list(items, *unique, types),
        (Type::Map(keys, types), ComposeData::Map(map)) => return mapping(map, *keys, types),
        (Type::Integer(low, high), _) => match whole(value) {
            Some(number) => {
                let in_range = low.is_none_or(|low| number >= i128::from(low))
                    && high.is_none_or(|high| number <= i128::from(high));
                if !in_range {
                    let text = match (low, high) {
                        (Some(low), Some(high)) => format!("must lie between {low} and {high}"),
                        (low, _) => format!("must be {} or more", low.unwrap_or_default()),
                    };
                    return Err(Failure::new(value.error(text)).deeper());
                }
                true
            }
            None => false,
        },
        (Type::Words(words), ComposeData::Text(text)) => {
            if !words.contains(&text.as_str()) {
                let error = value.error(format!("must be {}, not `{text}`", name(kind)));
                return Err(Failure::new(suggest(error, text, words.iter().copied())));
            }
            true
        }
        (Type::Like(pattern), ComposeData::Text(text)) => {
            if !pattern.is_match(text) {
                return Err(Failure::new(value.error(format!("`{text}` does not have the form `{pattern}`"))).deeper());
            }
            true
        }
        (Type::Any, _)
        | (Type::Null, ComposeData::Null)
        | (Type::Bool, ComposeData::Bool(_))
        | (Type::Text, ComposeData::Text(_))
        | (Type::Number, ComposeData::Integer(_) | ComposeData::Unsigned(_) | ComposeData::Float(_))
        | (Type::Object, ComposeData::Map(_)) => true,
        _ => false,
    };
    if is_fit {
        return Ok(());
    }
    Err(Failure::new(value.error(format!("must be {}, not {}", name(kind), value.kind()))))
}

/// The whole number that a value is; `1.0` is one.
fn whole(value: &ComposeValue) -> Option<i128> {
    match value.data {
        ComposeData::Integer(number) => Some(number.into()),
        ComposeData::Unsigned(number) => Some(number.into()),
        ComposeData::Float(number) if number.fract() == 0.0 => Some(number as i128),
        _ => None,
    }
}

fn list(items: &[ComposeValue], unique: bool, types: &[Type]) -> Result<(), Failure> {
    for item in items {
        any_of(item, types).map_err(Failure::deeper)?;
    }
    if unique {
        let mut seen: HashMap<String, Vec<&ComposeValue>> = HashMap::new();
        for item in items {
            let alike = seen.entry(item.display()).or_default();
            if alike.iter().any(|known| known.equals(item)) {
                return Err(Failure::new(item.error("stands twice in this list")).deeper());
            }
            alike.push(item);
        }
    }
    Ok(())
}

/// Whether a text can be the name of a service, as those of other parts can be too.
pub fn is_service_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn mapping(map: &ComposeMap, keys: Keys, types: &[Type]) -> Result<(), Failure> {
    for (key, entry) in map.iter() {
        let fits = match keys {
            Keys::Any => !key.is_empty(),
            Keys::Names | Keys::SomeNames => is_service_name(key),
            Keys::Lower => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()),
        };
        match (fits, keys) {
            (true, _) => any_of(&entry.value, types).map_err(Failure::deeper)?,
            (false, Keys::SomeNames | Keys::Lower) => {}
            (false, _) => {
                let message = format!("`{key}` is not a name: it may have letters, digits, `.`, `_` and `-`");
                return Err(Failure::new(ProjectError::at(entry.key, message)).deeper());
            }
        }
    }
    Ok(())
}

fn shape(value: &ComposeValue, name: &str) -> Result<(), Failure> {
    let Some(shape) = shapes().get(name) else { return Ok(()) };
    let Some(map) = value.as_map() else {
        return Err(Failure::new(value.error(format!("must be a mapping, not {}", value.kind()))));
    };
    let mut failure: Option<Failure> = None;
    for (key, entry) in map.iter() {
        let result = match shape.attributes.get(key) {
            Some(attribute) => any_of(&entry.value, &attribute.accepts).map_err(Failure::deeper),
            None if shape.is_open || (key.starts_with("x-") && !shape.is_closed) => Ok(()),
            // It is no deeper than what is known already, and the word that was meant is dear to find.
            None if failure.is_some() => Ok(()),
            None => {
                let error = ProjectError::at(entry.key.or(entry.value.place), format!("unknown key `{key}`"));
                Err(Failure::new(suggest(error, key, shape.attributes.keys().copied())).deeper())
            }
        };
        if let Err(deeper) = result
            && failure.as_ref().is_none_or(|known| deeper.depth > known.depth)
        {
            failure = Some(deeper);
        }
    }
    let missing = shape.attributes.iter().filter(|(key, attribute)| attribute.is_required && !map.contains(key));
    match (failure, missing.map(|(key, _)| *key).min()) {
        (Some(failure), _) => Err(failure),
        (None, Some(key)) => {
            Err(Failure::new(value.error(format!("`{key}` is missing")).help(format!("add `{key}`"))).deeper())
        }
        (None, None) => Ok(()),
    }
}

/// Names the word that was meant, where one is near.
fn suggest<'w>(error: ProjectError, text: &str, words: impl Iterator<Item = &'w str>) -> ProjectError {
    // A name of that length is no slip.
    if text.len() > 60 {
        return error;
    }
    let near = words.map(|word| (strsim::damerau_levenshtein(word, text), word)).min();
    match near {
        Some((distance, word)) if distance <= 1 + text.len() / 4 => error.help(format!("did you mean `{word}`?")),
        _ => error,
    }
}
