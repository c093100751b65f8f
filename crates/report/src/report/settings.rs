//! `--show-settings`: each file with what holds for it.

use super::layout::{clean, width};

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
pub fn settings(files: &[(String, Vec<SettingRow>)]) -> String {
    if files.is_empty() {
        return "no file found\n".to_owned();
    }
    let texts: Vec<String> = files.iter().map(|(name, rows)| of_file(name, rows)).collect();
    texts.join("\n")
}

fn of_file(name: &str, rows: &[SettingRow]) -> String {
    let most = |text: fn(&SettingRow) -> &str| rows.iter().map(|row| width(&clean(text(row)))).max().unwrap_or(0);
    let (keys, values) = (most(|row| &row.key), most(|row| &row.value).min(60));
    let mut out = format!("{}\n", clean(name));
    for row in rows {
        let (key, value) = (clean(&row.key), clean(&row.value));
        let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width(text)));
        out.push_str(&format!("  {key}{}  {value}{}  {}\n", pad(&key, keys), pad(&value, values), clean(&row.origin)));
    }
    out
}
