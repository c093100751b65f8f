//! Files and folders that are passed over where a folder is searched: `--exclude`, and `exclude` in dockopt.toml.

use std::path::{Path, PathBuf};

use super::settings::{SettingsSource, settings_in};
use crate::settings::{RuleFacts, SettingsPattern, documents};

/// Globs, each below a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclusion {
    /// The folder that is searched, as it was typed and without links.
    root: Option<(PathBuf, PathBuf)>,
    layers: Vec<(PathBuf, Vec<SettingsPattern>)>,
}

impl Exclusion {
    /// What is passed over below a folder: by the settings that hold there, and by the command line.
    pub(super) fn read(
        root: &Path,
        configuration: &SettingsSource,
        typed: &[SettingsPattern],
        rules: &dyn RuleFacts,
    ) -> Self {
        let mut layers = Vec::new();
        if let Some((folder, inputs)) = settings_in(root, configuration) {
            let (documents, _) = documents(&inputs, rules.names());
            layers.push((folder, documents.into_iter().flat_map(|(_, document)| document.exclude).collect()));
        }
        if let Ok(current) = Path::new(".").canonicalize() {
            layers.push((current, typed.to_vec()));
        }
        layers.retain(|(_, patterns): &(_, Vec<_>)| !patterns.is_empty());
        let real = if layers.is_empty() { None } else { root.canonicalize().ok() };
        Self { root: real.map(|real| (root.to_owned(), real)), layers }
    }

    /// Whether a path that the search came upon is passed over.
    pub(super) fn holds(&self, path: &Path) -> bool {
        let Some((root, real)) = &self.root else { return false };
        let Ok(below) = path.strip_prefix(root) else { return false };
        let full = real.join(below);
        self.layers.iter().any(|(folder, patterns)| {
            let Ok(below) = full.strip_prefix(folder) else { return false };
            let below = below.to_string_lossy().replace('\\', "/");
            !below.is_empty() && patterns.iter().any(|pattern| pattern.matches(&below))
        })
    }
}
