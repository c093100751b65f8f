//! What a manifest says, in whatever language it is written. What only a later program knows is unknown.

use crate::text::Span;
use crate::yaml::{NodeKind, YamlNode};

/// Levels of a manifest that are read; what lies deeper is unknown.
const DEEPEST: usize = 100;

/// What a manifest says of a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Setting<T> {
    /// Nothing: its default holds.
    #[default]
    Absent,
    /// Something that only a later program knows: a variable, a reference, a patch.
    Unknown,
    /// This, and where it is written.
    Known(T, Span),
}

impl<T> Setting<T> {
    /// The value, where it is known.
    pub fn value(&self) -> Option<&T> {
        if let Self::Known(value, _) = self { Some(value) } else { None }
    }

    /// Where it is written, where it is known.
    pub fn span(&self) -> Option<Span> {
        if let Self::Known(_, span) = self { Some(*span) } else { None }
    }

    /// Whether the default certainly holds.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, or what holds where nothing is written; `None` where it is not known.
    pub fn value_or(&self, default: T) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Absent => Some(default),
            Self::Unknown => None,
            Self::Known(value, _) => Some(value.clone()),
        }
    }

    /// Takes away what is known of it.
    pub fn forget(&mut self) {
        *self = Self::Unknown;
    }
}

/// A value of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ManifestValue {
    pub(super) span: Span,
    pub(super) content: ManifestContent,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ManifestContent {
    Unknown,
    /// What another part of the project holds, by the name of that part: unknown too.
    Reference(String),
    Null,
    Scalar(String),
    List(Vec<ManifestValue>),
    Map(Vec<ManifestEntry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ManifestEntry {
    pub(super) key: String,
    pub(super) span: Span,
    pub(super) value: ManifestValue,
}

/// The value of nothing.
static NOTHING: ManifestValue = ManifestValue { span: Span::at(0), content: ManifestContent::Null };

impl ManifestValue {
    /// The value of a node, aliases and merge keys followed; `place` gives the places in the file.
    pub(super) fn of_yaml(node: YamlNode, place: &dyn Fn(Span) -> Span) -> Self {
        Self::of_node(node, place, DEEPEST)
    }

    fn of_node(node: YamlNode, place: &dyn Fn(Span) -> Span, depth: usize) -> Self {
        let span = place(node.span());
        let Some(below) = depth.checked_sub(1) else { return Self { span, content: ManifestContent::Unknown } };
        // `!Ref` and its likes of CloudFormation, and whatever else somebody invented.
        let is_foreign = node.tag().is_some_and(|tag| !tag.starts_with("tag:yaml.org"));
        let content = match node.kind() {
            _ if node.tag() == Some("!Ref") => reference(node.text()),
            _ if is_foreign => ManifestContent::Unknown,
            None => ManifestContent::Unknown,
            Some(NodeKind::Scalar(_)) => {
                node.value_text().map_or(ManifestContent::Null, |text| ManifestContent::Scalar(text.to_owned()))
            }
            Some(NodeKind::Sequence) => {
                ManifestContent::List(node.items().map(|item| Self::of_node(item, place, below)).collect())
            }
            Some(NodeKind::Mapping) => of_mapping(node, place, below),
        };
        Self { span, content }
    }

    /// The value under a key; null where there is none.
    pub(super) fn get(&self, key: &str) -> &Self {
        if self.is_unknown() {
            return self;
        }
        self.entry(key).map_or(&NOTHING, |entry| &entry.value)
    }

    /// The value that keys lead to, between dots.
    pub(super) fn at(&self, path: &str) -> &Self {
        path.split('.').fold(self, |value, key| value.get(key))
    }

    pub(super) fn entry(&self, key: &str) -> Option<&ManifestEntry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn entries(&self) -> &[ManifestEntry] {
        if let ManifestContent::Map(entries) = &self.content { entries } else { &[] }
    }

    pub(super) fn items(&self) -> &[Self] {
        if let ManifestContent::List(items) = &self.content { items } else { &[] }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.content, ManifestContent::Null)
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.content, ManifestContent::Unknown | ManifestContent::Reference(_))
    }

    /// The name of the part of the project that holds the value.
    pub(super) fn reference(&self) -> Option<&str> {
        if let ManifestContent::Reference(name) = &self.content { Some(name) } else { None }
    }

    /// A text, number or truth value as it is written.
    pub(super) fn text(&self) -> Option<&str> {
        if let ManifestContent::Scalar(text) = &self.content { Some(text) } else { None }
    }

    /// A text that no later program replaces.
    pub(super) fn constant(&self) -> Option<&str> {
        self.text().filter(|text| !is_placeholder(text))
    }

    /// The value as `read` takes it: absent where nothing is written, unknown where `read` makes nothing of it.
    pub(super) fn setting<T>(&self, read: impl FnOnce(&Self) -> Option<T>) -> Setting<T> {
        if self.is_null() {
            return Setting::Absent;
        }
        read(self).map_or(Setting::Unknown, |value| Setting::Known(value, self.span))
    }

    /// A text that no later program replaces.
    pub(super) fn text_setting(&self) -> Setting<String> {
        self.setting(|value| value.constant().map(str::to_owned))
    }

    /// A whole number.
    pub(super) fn number_setting(&self) -> Setting<i64> {
        self.setting(|value| value.constant()?.parse().ok())
    }

    /// A truth value.
    pub(super) fn switch_setting(&self) -> Setting<bool> {
        self.setting(|value| value.constant()?.parse().ok())
    }

    /// A list of texts.
    pub(super) fn words_setting(&self) -> Setting<Vec<String>> {
        self.setting(|value| {
            let ManifestContent::List(items) = &value.content else { return None };
            items.iter().map(|item| item.text().filter(|text| !text.contains("{{")).map(str::to_owned)).collect()
        })
    }

    /// The value with keys that begin with a small letter, all the way down: `CloudFormation`'s are capitals.
    pub(super) fn with_small_keys(self) -> Self {
        let content = match self.content {
            ManifestContent::List(items) => {
                ManifestContent::List(items.into_iter().map(Self::with_small_keys).collect())
            }
            ManifestContent::Map(entries) => {
                ManifestContent::Map(entries.into_iter().map(ManifestEntry::with_small_key).collect())
            }
            content => content,
        };
        Self { content, ..self }
    }
}

impl ManifestEntry {
    fn with_small_key(self) -> Self {
        let mut letters = self.key.chars();
        let key = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
        Self { key, value: self.value.with_small_keys(), ..self }
    }
}

fn reference(name: Option<&str>) -> ManifestContent {
    name.map_or(ManifestContent::Unknown, |name| ManifestContent::Reference(name.to_owned()))
}

fn of_mapping(node: YamlNode, place: &dyn Fn(Span) -> Span, depth: usize) -> ManifestContent {
    let mut entries: Vec<ManifestEntry> = Vec::new();
    let mut bases = Vec::new();
    for entry in node.entries() {
        let Some(key) = entry.key.text() else { continue };
        let value = ManifestValue::of_node(entry.value, place, depth);
        if key == "<<" {
            bases.push(value);
        } else {
            entries.push(ManifestEntry { key: key.to_owned(), span: place(entry.key.span()), value });
        }
    }
    // `Ref` and `Fn::Sub` as JSON writes them.
    if let [entry] = &entries[..] {
        if entry.key == "Ref" {
            return reference(entry.value.text());
        }
        if entry.key.starts_with("Fn::") {
            return ManifestContent::Unknown;
        }
    }
    for base in bases {
        let maps = if base.items().is_empty() { std::slice::from_ref(&base) } else { base.items() };
        for entry in maps.iter().flat_map(ManifestValue::entries) {
            if entries.iter().all(|other| other.key != entry.key) {
                entries.push(entry.clone());
            }
        }
    }
    ManifestContent::Map(entries)
}

/// Whether a later program puts something else in the place of a text, or of a part of it.
pub(super) fn is_placeholder(text: &str) -> bool {
    let trimmed = text.trim();
    ["{{", "${", "$(", "__", "@@"].iter().any(|mark| trimmed.contains(mark))
        || trimmed.starts_with(['$', '%'])
        || trimmed.contains('<') && trimmed.contains('>')
}
