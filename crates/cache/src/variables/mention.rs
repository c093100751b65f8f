//! Where names are mentioned: what is named in no file can be read by none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::input::{FileUse, VariableFile, VariableInput};
use crate::manifest::{ContentKind, FileKind};
use crate::text::path;

/// Bytes of a name that is looked for.
const LONGEST: usize = 200;

/// What files say of a name.
#[derive(Clone, Copy, Default)]
struct Mention {
    /// Code, scripts or settings name it.
    is_named: bool,
    /// A script, a pipeline or a text for people gives it a value.
    is_assigned: bool,
}

/// Which names are mentioned.
pub(super) struct Mentions<'n> {
    names: HashMap<&'n str, Mention>,
    /// Words of names of packages that the project depends on, in small letters.
    packages: BTreeSet<String>,
}

impl<'n> Mentions<'n> {
    /// Looks for names in capital letters, whatever the letters of the text are.
    pub(super) fn of(input: &VariableInput, names: &'n BTreeSet<String>) -> Self {
        let wanted: HashMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let parts: Vec<BTreeMap<usize, Mention>> =
            input.files.par_iter().map(|file| mentions_of_file(file, &wanted)).collect();
        let mut all = vec![Mention::default(); names.len()];
        for (at, mention) in parts.into_iter().flatten() {
            all[at].is_named |= mention.is_named;
            all[at].is_assigned |= mention.is_assigned;
        }
        let packages = input.files.iter().filter(|file| is_manifest(&file.path)).flat_map(package_words).collect();
        Self { names: names.iter().map(String::as_str).zip(all).collect(), packages }
    }

    /// Whether code, scripts or settings name it.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.get(&*name.to_ascii_uppercase()).is_some_and(|mention| mention.is_named)
    }

    /// Whether a script, a pipeline or a text for people gives it a value.
    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.names.get(&*name.to_ascii_uppercase()).is_some_and(|mention| mention.is_assigned)
    }

    /// Whether its first word is that of a package: `UVICORN_PORT`.
    pub(super) fn is_of_package(&self, name: &str) -> bool {
        let word = name.split('_').next().unwrap_or_default().to_ascii_lowercase();
        word.len() > 2 && self.packages.contains(&word)
    }
}

fn mentions_of_file(file: &VariableFile, wanted: &HashMap<&str, usize>) -> BTreeMap<usize, Mention> {
    let mut found_names: BTreeMap<usize, Mention> = BTreeMap::new();
    let (usage, text) = (file.usage(), file.source.text());
    if usage == FileUse::Environment {
        return found_names;
    }
    let kind = FileKind::of(&file.below);
    let is_configuration = kind.nature() == ContentKind::Config;
    let runs = kind.is_shell() || kind.holds_commands() || kind.is_of_forge() || file.below.starts_with('.');
    let is_manifest = is_manifest(&file.path);
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = 0;
    let mut upper = String::new();
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        if at - start < 2 || at - start > LONGEST {
            continue;
        }
        upper.clear();
        upper.push_str(&text[start..at]);
        upper.make_ascii_uppercase();
        let Some(index) = wanted.get(upper.as_str()) else { continue };
        let before = text[..start].strip_suffix('{').unwrap_or(&text[..start]);
        let is_expanded = before.ends_with('$');
        let is_exact = text[start..at] == upper;
        let is_given = is_exact && (bytes.get(at) == Some(&b'=') || runs && bytes.get(at) == Some(&b':'));
        let mention = found_names.entry(*index).or_default();
        match usage {
            FileUse::Compose => {
                mention.is_named |= before.ends_with("$$");
                mention.is_assigned |= is_given && is_in_comment(text, start);
            }
            FileUse::Dockerfile => mention.is_named |= is_expanded || before.ends_with("env."),
            FileUse::Documentation => mention.is_assigned |= is_given,
            FileUse::Program | FileUse::Environment => {
                mention.is_named = true;
                mention.is_assigned |= is_given && (runs || is_manifest || is_configuration);
            }
        }
    }
    found_names
}

fn is_in_comment(text: &str, at: usize) -> bool {
    /// Bytes of a comment that are looked at.
    const LINE: usize = 500;
    let start = text.floor_char_boundary(at.saturating_sub(LINE));
    text[start..at].rsplit('\n').next().unwrap_or_default().trim_start().starts_with('#')
}

/// Whether a file lists packages that the project depends on.
fn is_manifest(path: &str) -> bool {
    let name = path::name(path);
    name.starts_with("requirements") && FileKind::of(name).nature() != ContentKind::Code
        || crate::data::FILE_TOPICS.has(&name.to_ascii_lowercase(), "manifest")
}

/// The words of names of packages in a list of them.
fn package_words(file: &VariableFile) -> BTreeSet<String> {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || "-_@/.".contains(c));
    let words = file.source.text().split(is_separator).filter(|word| !word.is_empty());
    let parts = words.flat_map(|word| word.split(['-', '_', '@', '/', '.']));
    parts.filter(|part| part.len() > 2).map(str::to_ascii_lowercase).collect()
}
