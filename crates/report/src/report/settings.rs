//! `--show-settings`: each file with what holds for it.

use super::page::{Column, Page, Section, Table, path, plain};

/// A setting that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The file that says so.
    pub origin: String,
}

/// The settings of files, for people.
pub fn settings(files: &[(String, Vec<SettingRow>)]) -> Page {
    let mut page = Page::new("Settings");
    if files.is_empty() {
        page.push(plain("no file found"));
    }
    for (name, rows) in files {
        let rows = rows.iter().map(|row| vec![plain(&row.key), plain(&row.value), path(&row.origin)]);
        let table = Table::new(&[Column::Left, Column::Wrapped, Column::Path], rows.collect());
        page.push(Section::new(path(name)).with(table.with_quiet_head(&["setting", "value", "from"])));
    }
    page
}
