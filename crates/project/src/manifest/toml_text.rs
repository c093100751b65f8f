//! TOML texts as tables that borrow from the text; what is broken becomes a problem and the rest is still read.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::ManifestTree;

/// A table of a TOML file.
pub(super) type TomlTable<'a> = DeTable<'a>;

/// How many broken places of one file are told.
const MOST_PROBLEMS: usize = 5;

/// The table that a TOML file holds, as far as it can be read. Nesting is bounded by the reader (80).
pub(super) fn table<'a>(tree: &mut ManifestTree<'a>, path: &str) -> Option<TomlTable<'a>> {
    let text = tree.text(path)?;
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(MOST_PROBLEMS) {
        tree.problem(path, error.span(), error.message());
    }
    Some(table.into_inner())
}

/// The value at a path of keys.
pub(super) fn value<'t, 'a>(table: &'t TomlTable<'a>, keys: &[&str]) -> Option<&'t DeValue<'a>> {
    let (last, tables) = keys.split_last()?;
    let mut table = table;
    for key in tables {
        table = table.get(*key)?.get_ref().as_table()?;
    }
    table.get(*last).map(Spanned::get_ref)
}

/// The text at a path of keys.
pub(super) fn text<'t>(table: &'t TomlTable<'_>, keys: &[&str]) -> Option<&'t str> {
    value(table, keys)?.as_str()
}

/// The members of the table at a path of keys.
pub(super) fn members<'t, 'a>(
    table: &'t TomlTable<'a>,
    keys: &[&str],
) -> impl Iterator<Item = (&'t str, &'t DeValue<'a>)> + use<'t, 'a> {
    let members = value(table, keys).and_then(DeValue::as_table);
    members.into_iter().flatten().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
}

/// The members of a list.
pub(super) fn items<'t, 'a>(list: Option<&'t DeValue<'a>>) -> impl Iterator<Item = &'t DeValue<'a>> + use<'t, 'a> {
    list.and_then(DeValue::as_array).into_iter().flat_map(|list| list.iter()).map(Spanned::get_ref)
}

/// The texts of the list at a path of keys.
pub(super) fn texts<'t, 'a>(table: &'t TomlTable<'a>, keys: &[&str]) -> impl Iterator<Item = &'t str> + use<'t, 'a> {
    items(value(table, keys)).filter_map(DeValue::as_str)
}

/// A text that stands alone or under `key` of an inline table: `"1.2"`, `{ version = "1.2" }`.
pub(super) fn text_or<'t>(value: &'t DeValue<'_>, key: &str) -> Option<&'t str> {
    value.as_str().or_else(|| value.get(key)?.get_ref().as_str())
}
