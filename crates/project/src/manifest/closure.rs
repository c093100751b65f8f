//! Collects the files that an install step needs.

use std::collections::BTreeSet;

use super::locked::LockedPackages;
use super::project::{Install, InstallScript, OpenReason, Tool};
use super::tree::{ManifestTree, resolve};
use crate::text::path;

/// A closure of files in the making.
#[derive(Clone, Default)]
pub(super) struct Closure {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    missing: BTreeSet<String>,
    open: BTreeSet<OpenReason>,
    scripts: BTreeSet<InstallScript>,
}

impl Closure {
    /// Takes a file that is known to be there.
    pub(super) fn add(&mut self, path: impl Into<String>) {
        self.files.insert(path.into());
    }

    /// Takes `relative`, named by a file in `folder`: a file, a whole folder, or what is missing. Gives its path when
    /// it is a file.
    pub(super) fn take(&mut self, tree: &ManifestTree, folder: &str, relative: &str) -> Option<String> {
        match resolve(folder, relative) {
            Ok(path) if tree.has(&path) => {
                self.files.insert(path.clone());
                Some(path)
            }
            Ok(path) if tree.has_folder(&path) => {
                self.folders.insert(path);
                None
            }
            Ok(path) | Err(path) => {
                self.missing.insert(path);
                None
            }
        }
    }

    /// Takes those of `names` that are in `folder`, files or whole folders.
    pub(super) fn take_there(&mut self, tree: &ManifestTree, folder: &str, names: &[&str]) {
        for name in names {
            let path = path::child(folder, name);
            if tree.has(&path) {
                self.files.insert(path);
            } else if tree.has_folder(&path) {
                self.folders.insert(path);
            }
        }
    }

    /// Takes all that another closure took.
    pub(super) fn join(&mut self, other: &Self) {
        for (ours, others) in
            [(&mut self.files, &other.files), (&mut self.folders, &other.folders), (&mut self.missing, &other.missing)]
        {
            for text in others {
                if !ours.contains(text) {
                    ours.insert(text.clone());
                }
            }
        }
        self.open.extend(other.open.iter().cloned());
    }

    /// Says why more may be read than what is taken.
    pub(super) fn open(&mut self, reason: impl Into<String>) {
        self.open.insert(OpenReason { text: reason.into(), avoided_by: None });
    }

    /// Says why more may be read than what is taken, unless the install has an option.
    pub(super) fn open_unless(&mut self, option: &'static str, reason: &str) {
        let text = format!("{reason} unless `{option}` is used");
        self.open.insert(OpenReason { text, avoided_by: Some(option) });
    }

    /// Notes a script of which more may be read than what is taken.
    pub(super) fn runs(&mut self, script: InstallScript) {
        self.scripts.insert(script);
    }

    /// The finished way to install. Files inside of taken folders are not named twice.
    pub(super) fn install(
        mut self,
        tool: Tool,
        manifest: &str,
        lock: Option<String>,
        locked: Option<LockedPackages>,
    ) -> Install {
        self.files.insert(manifest.into());
        self.files.extend(lock.clone());
        let folders = self.folders;
        let inside = |path: &str| super::tree::ancestors(path::parent(path)).any(|up| folders.contains(up));
        let files = self.files.iter().filter(|path| !inside(path)).cloned().collect();
        let outer = folders.iter().filter(|path| path.is_empty() || !inside(path)).cloned().collect();
        Install {
            tool,
            manifest: manifest.into(),
            lock,
            files,
            folders: outer,
            missing: self.missing.into_iter().collect(),
            open: self.open.into_iter().collect(),
            scripts: self.scripts.into_iter().collect(),
            pinned: None,
            names: BTreeSet::new(),
            locked,
        }
    }
}
