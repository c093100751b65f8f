//! What the `Cargo.toml` of each folder holds.

use std::collections::BTreeMap;

use crate::manifest::project::DependencyScope;
use crate::manifest::toml_text::{self, TomlTable};

/// By folder.
pub(super) type CargoPackages<'a> = BTreeMap<String, TomlTable<'a>>;

/// The tables of dependencies, also those of targets and patches, with the scope; patches and the workspace's own list
/// have none of their own.
pub(super) fn dependency_tables<'t, 'a>(
    table: &'t TomlTable<'a>,
) -> Vec<(&'static str, &'t TomlTable<'a>, DependencyScope)> {
    let mut out = Vec::new();
    let targets = toml_text::members(table, &["target"]).filter_map(|(_, value)| value.as_table());
    for table in std::iter::once(table).chain(targets) {
        for (name, scope) in [
            ("dependencies", DependencyScope::Run),
            ("dev-dependencies", DependencyScope::Dev),
            ("build-dependencies", DependencyScope::Build),
        ] {
            let list = table.get(name).and_then(|value| value.get_ref().as_table());
            out.extend(list.map(|list| (name, list, scope)));
        }
    }
    out
}
