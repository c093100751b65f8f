//! The values of a project: mappings, lists and scalars, each with the place that it was written at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::text::{FileId, Span};

/// A place in one of the files of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComposePlace {
    /// The file: its index in [`super::ComposeProject::sources`].
    pub file: FileId,
    /// Where in it.
    pub span: Span,
}

impl ComposePlace {
    /// The file, and the offset of its start.
    pub fn start(self) -> (FileId, u32) {
        (self.file, self.span.start)
    }
}

/// A value and where it was written. What Compose adds by itself has no place; what a short form stands for has that of
/// the short form.
#[derive(Clone, Debug, Default)]
pub struct ComposeValue {
    /// The value.
    pub data: ComposeData,
    /// Where it was written.
    pub place: Option<ComposePlace>,
}

/// What a value is, by the types of YAML as go-yaml resolves them.
#[derive(Clone, Debug, Default)]
pub enum ComposeData {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number above those.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A date or time, as written: Compose takes it nowhere but under keys that it does not know.
    Time(Box<str>),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<ComposeValue>),
    /// Keys with values.
    Map(ComposeMap),
}

/// The value under a key.
#[derive(Clone, Debug, Default)]
pub struct ComposeEntry {
    /// Where the key was written.
    pub key: Option<ComposePlace>,
    /// The value.
    pub value: ComposeValue,
}

impl ComposeEntry {
    /// Whether something of it is written in one of the files.
    pub fn is_written_in(&self, files: &dyn Fn(FileId) -> bool) -> bool {
        self.key.is_some_and(|place| files(place.file)) || self.value.holds_place(&|place| files(place.file))
    }

    /// The files that something of it is written in.
    pub fn files(&self) -> BTreeSet<FileId> {
        let mut files: BTreeSet<FileId> = self.key.iter().map(|place| place.file).collect();
        self.value.add_files(&mut files);
        files
    }
}

/// A mapping by its keys.
#[derive(Clone, Debug, Default)]
pub struct ComposeMap(BTreeMap<String, ComposeEntry>);

impl ComposeValue {
    /// A value at a place.
    pub fn new(data: ComposeData, place: Option<ComposePlace>) -> Self {
        Self { data, place }
    }

    /// A text at a place.
    pub fn text(text: impl Into<String>, place: Option<ComposePlace>) -> Self {
        Self::new(ComposeData::Text(text.into()), place)
    }

    /// Whether it, or something in it, was written at such a place.
    pub fn holds_place(&self, is_place: &dyn Fn(ComposePlace) -> bool) -> bool {
        self.place.is_some_and(is_place)
            || match &self.data {
                ComposeData::List(items) => items.iter().any(|item| item.holds_place(is_place)),
                ComposeData::Map(map) => {
                    map.iter().any(|(_, entry)| entry.key.is_some_and(is_place) || entry.value.holds_place(is_place))
                }
                _ => false,
            }
    }

    fn add_files(&self, files: &mut BTreeSet<FileId>) {
        files.extend(self.place.map(|place| place.file));
        match &self.data {
            ComposeData::List(items) => items.iter().for_each(|item| item.add_files(files)),
            ComposeData::Map(map) => {
                for (_, entry) in map.iter() {
                    files.extend(entry.key.map(|place| place.file));
                    entry.value.add_files(files);
                }
            }
            _ => {}
        }
    }

    /// The value under a key of a mapping; `None` of anything else.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// The mapping that it is.
    pub fn as_map(&self) -> Option<&ComposeMap> {
        if let ComposeData::Map(map) = &self.data { Some(map) } else { None }
    }

    /// The mapping that it is, to change it.
    pub fn as_map_mut(&mut self) -> Option<&mut ComposeMap> {
        if let ComposeData::Map(map) = &mut self.data { Some(map) } else { None }
    }

    /// The list that it is.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let ComposeData::List(list) = &self.data { Some(list) } else { None }
    }

    /// The text that it is.
    pub fn as_text(&self) -> Option<&str> {
        if let ComposeData::Text(text) = &self.data { Some(text) } else { None }
    }

    /// The truth value that it is.
    pub fn as_bool(&self) -> Option<bool> {
        if let ComposeData::Bool(value) = self.data { Some(value) } else { None }
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.data, ComposeData::Null)
    }

    /// Whether both are the same, wherever they were written.
    #[allow(clippy::float_cmp)] // Both were read from texts.
    pub fn equals(&self, other: &Self) -> bool {
        use ComposeData as Data;
        match (&self.data, &other.data) {
            (Data::Null, Data::Null) => true,
            (Data::Bool(a), Data::Bool(b)) => a == b,
            (Data::Integer(a), Data::Integer(b)) => a == b,
            (Data::Unsigned(a), Data::Unsigned(b)) => a == b,
            (Data::Float(a), Data::Float(b)) => a == b,
            (Data::Time(a), Data::Time(b)) => a == b,
            (Data::Text(a), Data::Text(b)) => a == b,
            (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Data::Map(a), Data::Map(b)) => {
                let same = |((key, a), (other, b)): ((&str, &ComposeEntry), (&str, &ComposeEntry))| {
                    key == other && a.value.equals(&b.value)
                };
                a.len() == b.len() && a.iter().zip(b.iter()).all(same)
            }
            _ => false,
        }
    }

    /// Values in it and itself; a long text counts for more than one.
    pub fn size(&self) -> usize {
        1 + match &self.data {
            ComposeData::List(list) => list.iter().map(Self::size).sum(),
            ComposeData::Map(map) => map.iter().map(|(_, entry)| entry.value.size()).sum(),
            ComposeData::Text(text) => text.len() / 64,
            _ => 0,
        }
    }

    /// What messages call its type.
    pub fn kind(&self) -> &'static str {
        match self.data {
            ComposeData::Null => "empty",
            ComposeData::Bool(_) => "a boolean",
            ComposeData::Integer(_) | ComposeData::Unsigned(_) | ComposeData::Float(_) => "a number",
            ComposeData::Time(_) => "a date",
            ComposeData::Text(_) => "a string",
            ComposeData::List(_) => "a list",
            ComposeData::Map(_) => "a mapping",
        }
    }

    /// As Go prints it (`%v`), which is how Compose makes texts of other values.
    pub fn display(&self) -> String {
        let mut out = String::new();
        self.print(&mut out);
        out
    }

    fn print(&self, out: &mut String) {
        match &self.data {
            ComposeData::Null => out.push_str("<nil>"),
            ComposeData::Bool(value) => _ = write!(out, "{value}"),
            ComposeData::Integer(value) => _ = write!(out, "{value}"),
            ComposeData::Unsigned(value) => _ = write!(out, "{value}"),
            ComposeData::Float(value) => out.push_str(&float_text(*value)),
            ComposeData::Time(text) => out.push_str(text),
            ComposeData::Text(text) => out.push_str(text),
            ComposeData::List(list) => {
                out.push('[');
                for (index, item) in list.iter().enumerate() {
                    out.push_str(if index > 0 { " " } else { "" });
                    item.print(out);
                }
                out.push(']');
            }
            ComposeData::Map(map) => {
                out.push_str("map[");
                for (index, (key, entry)) in map.iter().enumerate() {
                    _ = write!(out, "{}{key}:", if index > 0 { " " } else { "" });
                    entry.value.print(out);
                }
                out.push(']');
            }
        }
    }
}

/// A number as Go prints it: with an exponent below 1e-4 and from 1e6 on.
fn float_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}

impl ComposeMap {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&ComposeValue> {
        Some(&self.0.get(key)?.value)
    }

    /// The value under a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut ComposeValue> {
        Some(&mut self.0.get_mut(key)?.value)
    }

    /// Key and value with their places.
    pub fn entry(&self, key: &str) -> Option<&ComposeEntry> {
        self.0.get(key)
    }

    /// Whether a key has a value.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: impl Into<String>, entry: ComposeEntry) {
        self.0.insert(key.into(), entry);
    }

    /// Sets the value of a key that is written nowhere.
    pub fn set(&mut self, key: &str, value: ComposeValue) {
        self.0.insert(key.to_owned(), ComposeEntry { key: value.place, value });
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<ComposeEntry> {
        self.0.remove(key)
    }

    /// Keys with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ComposeEntry)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Keys with their values, by name, to change the values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut ComposeEntry)> {
        self.0.iter_mut().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Keys with their values, by name.
    pub fn into_entries(self) -> impl Iterator<Item = (String, ComposeEntry)> {
        self.0.into_iter()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the entries for which the test holds.
    pub fn retain(&mut self, mut test: impl FnMut(&str, &ComposeEntry) -> bool) {
        self.0.retain(|key, entry| test(key, entry));
    }
}
