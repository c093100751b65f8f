//! The settings of tools that stand in `pyproject.toml`.

use toml::de::{DeTable, DeValue};

use crate::manifest::toml_text;

/// The text of a `pyproject.toml`, asked for settings of tools.
#[derive(Debug)]
pub struct ToolTables<'t> {
    table: DeTable<'t>,
}

impl<'t> ToolTables<'t> {
    /// Reads the text as far as it can be read.
    pub fn parse(text: &'t str) -> Self {
        Self { table: DeTable::parse_recoverable(text).0.into_inner() }
    }

    /// Whether a key or a table stands there: `tool.pytest`.
    pub fn has(&self, keys: &[&str]) -> bool {
        toml_text::value(&self.table, keys).is_some()
    }

    /// Whether a text or a list stands there that is not empty: `tool.mypy.files`.
    pub fn has_values(&self, keys: &[&str]) -> bool {
        let value = toml_text::value(&self.table, keys);
        value.and_then(DeValue::as_str).is_some_and(|text| !text.trim().is_empty())
            || toml_text::items(value).next().is_some()
    }
}
