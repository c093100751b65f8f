//! What one file tells about packages, in few bytes.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use twox_hash::XxHash3_128;

use super::list::FileList;
use super::result::{BundledModule, Ecosystem, SystemRelease};

/// Longest name or version that is kept, in characters.
const LONGEST_WORD: usize = 256;

/// What one file's contents tell about packages.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageFact(pub(super) PackageFactKind);

/// A name where only equality counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NameHash(u64);

impl NameHash {
    /// Of these bytes.
    pub(super) fn of(name: &[u8]) -> Self {
        Self(XxHash3_128::oneshot(name) as u64)
    }

    /// Of both of them.
    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0.rotate_left(23) ^ other.0.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

/// What a package needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// Its name, or that of something that it provides.
    pub(super) name: NameHash,
    /// Whether the next need serves as well.
    pub(super) or_next: bool,
    /// Whether it counts only for a package that nothing else explains (an extra, an optional peer).
    pub(super) weak: bool,
}

impl Need {
    /// A plain one.
    pub(super) fn of(name: &[u8]) -> Self {
        Self { name: NameHash::of(name), or_next: false, weak: false }
    }
}

/// A package as a database or its own metadata has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    pub(super) name: Box<str>,
    pub(super) version: Box<str>,
    pub(super) architecture: Box<str>,
    pub(super) essential: bool,
    /// Only development needs it, as its manager says.
    pub(super) development: Option<bool>,
    pub(super) needs: Box<[Need]>,
    pub(super) provides: Box<[NameHash]>,
    /// Packages that pulled it in without naming it (apk's `install_if`).
    pub(super) pulled_by: Box<[NameHash]>,
    /// What it owns, where the same file tells.
    pub(super) files: FileList,
    /// Files that it needs, whoever owns them (rpm).
    pub(super) needs_files: FileList,
}

/// A program, or a jar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProgramFact {
    pub(super) ecosystem: Ecosystem,
    pub(super) name: Box<str>,
    pub(super) version: Box<str>,
    pub(super) parts: Box<[BundledModule]>,
}

/// What a package.json, or a composer.json, says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Manifest {
    pub(super) record: Record,
    /// What only development of it needs.
    pub(super) development_needs: Box<[Need]>,
}

/// What npm's hidden lock file says of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HiddenLockEntry {
    /// The path relative to the project: `node_modules/x`.
    pub(super) place: NameHash,
    pub(super) development: bool,
    pub(super) optional: bool,
    pub(super) peer: bool,
}

/// A path that dpkg keeps elsewhere: from, to, and the package that keeps the first one.
pub(super) type Diversion = (Box<[u8]>, Box<[u8]>, NameHash);

/// See [`PackageFact`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PackageFactKind {
    /// A system's database, or one stanza of it.
    Database(Box<[Record]>),
    /// Paths below the root, or below the folder of the file's own folder.
    Files(FileList),
    /// Names that somebody asked for, or that nobody asked for, as the file's name says.
    Names(Box<[NameHash]>),
    /// Paths that dpkg keeps elsewhere.
    Diversions(Box<[Diversion]>),
    /// One package's own metadata.
    Metadata(Box<Record>),
    /// A package or a project of Node or PHP.
    Manifest(Box<Manifest>),
    /// Places with their marks.
    Locked(Box<[HiddenLockEntry]>),
    /// Composer's packages, with their folders relative to the file's.
    Vendored(Box<[(Record, Box<[u8]>)]>),
    /// A program, or a jar.
    Program(Box<ProgramFact>),
    /// Who installed a Python package.
    Installer(Box<str>),
    /// A Python package whose code is elsewhere.
    Editable,
    /// The distribution.
    Release(SystemRelease),
    /// Why the file could not be read, to stand after its path.
    Unread(&'static str),
}

impl PackageFact {
    /// About how many bytes it takes, for readers that bound the sum.
    pub(crate) fn heap(&self) -> usize {
        let record = |record: &Record| {
            size_of::<Record>()
                + record.name.len()
                + record.version.len()
                + record.needs.len() * size_of::<Need>()
                + (record.provides.len() + record.pulled_by.len()) * size_of::<NameHash>()
                + record.files.heap()
                + record.needs_files.heap()
        };
        size_of::<Self>()
            + match &self.0 {
                PackageFactKind::Database(records) => records.iter().map(record).sum(),
                PackageFactKind::Files(files) => files.heap(),
                PackageFactKind::Names(names) => names.len() * size_of::<NameHash>(),
                PackageFactKind::Diversions(all) => all.iter().map(|(from, to, _)| from.len() + to.len() + 40).sum(),
                PackageFactKind::Metadata(metadata) => record(metadata),
                PackageFactKind::Manifest(manifest) => {
                    record(&manifest.record) + manifest.development_needs.len() * size_of::<Need>()
                }
                PackageFactKind::Locked(places) => places.len() * size_of::<HiddenLockEntry>(),
                PackageFactKind::Vendored(all) => {
                    all.iter().map(|(package, folder)| record(package) + folder.len() + 16).sum()
                }
                PackageFactKind::Program(program) => {
                    program.parts.iter().map(|part| part.name.len() + part.version.len() + 32).sum::<usize>() + 64
                }
                PackageFactKind::Installer(name) => name.len(),
                PackageFactKind::Release(release) => release.id.len() + release.version.len(),
                PackageFactKind::Editable | PackageFactKind::Unread(_) => 0,
            }
    }
}

/// A name or a version of bytes: what is no UTF-8 as U+FFFD, shortened.
pub(super) fn word(bytes: &[u8]) -> Box<str> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST_WORD)]);
    text.trim().chars().take(LONGEST_WORD).collect()
}

/// A text of JSON; empty where something else stands.
#[derive(Debug, Default)]
pub(super) struct JsonText(pub(super) Box<str>);

/// Keys of a JSON object, with whether `optional` stands in the value; empty where something else stands.
#[derive(Debug, Default)]
pub(super) struct Keys(pub(super) Vec<NameHash>);

/// Texts of a JSON list; empty where something else stands.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<NameHash>);

/// A truth value of JSON; false where something else stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JsonBool(pub(super) bool);

/// Skips whatever a visitor of JSON does not want.
macro_rules! lenient {
    ($($method:ident: $type:ty),*) => {
        $(fn $method<E: serde::de::Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("any value")
        }
    };
}

macro_rules! skip_map {
    () => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

macro_rules! skip_list {
    () => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = JsonText;
            lenient!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            skip_map!();
            skip_list!();
            fn visit_str<E>(self, text: &str) -> Result<JsonText, E> {
                Ok(JsonText(word(text.as_bytes())))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for JsonBool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TruthVisitor;
        impl<'de> Visitor<'de> for TruthVisitor {
            type Value = JsonBool;
            lenient!(visit_str: &str, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            skip_map!();
            skip_list!();
            fn visit_bool<E>(self, value: bool) -> Result<JsonBool, E> {
                Ok(JsonBool(value))
            }
        }
        deserializer.deserialize_any(TruthVisitor)
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;
        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;
            lenient!(visit_bool: bool, visit_str: &str, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            skip_list!();
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<std::borrow::Cow<'_, str>, IgnoredAny>()? {
                    keys.push(NameHash::of(key.as_bytes()));
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_any(KeysVisitor)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;
            lenient!(visit_bool: bool, visit_str: &str, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            skip_map!();
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element::<JsonText>()? {
                    texts.push(NameHash::of(text.0.as_bytes()));
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}
