//! Folders whose secrets are for show.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::data;

/// The names of such folders.
static FOR_SHOW: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let is_for_show = |row: &data::Row| row[1] == "folder" && ["test", "example", "documentation"].contains(&row[2]);
    data::FOLDER_KINDS.rows().filter(is_for_show).map(|row| row[0]).collect()
});

/// Whether values below a folder of this name are for show: it holds tests, examples or documents
/// (`data/folder_kinds.tsv`).
pub fn is_folder_for_show(name: &str) -> bool {
    let has_capitals = || name.bytes().any(|byte| byte.is_ascii_uppercase());
    FOR_SHOW.contains(name) || has_capitals() && FOR_SHOW.contains(name.to_ascii_lowercase().as_str())
}
