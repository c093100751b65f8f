//! Whether a path that a compose file names is there, and else whether something makes it before the services start: what
//! git ignores, and what a script or a text for people names, is not there after a clone.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::compose_use::is_of_scripts;
use super::evidence::git_ignores;
use super::file::read_source;
use super::git::{git_folder, tracked_paths};
use super::looked_at::note_folder;
use crate::manifest::{ContentKind, FileKind};
use crate::secret;
use crate::text::Source;

/// Files of a folder that are read.
const FILES: usize = 60;

/// Names in a folder that are looked at.
const ENTRIES: usize = 2_000;

/// Bytes that one may have.
const LIMIT: u64 = 256 << 10;

/// Folders above a project that are looked at for the top of its repository.
const FOLDERS: usize = 12;

/// Looks for the paths of a project.
pub(super) struct PathFinder {
    /// The folder of the project.
    folder: PathBuf,
    /// The top of its repository, or the folder.
    top: PathBuf,
    /// The texts that may tell how a file is made.
    texts: OnceCell<Vec<Source>>,
    /// What git has, as seen from the top.
    tracked: OnceCell<BTreeSet<String>>,
}

impl PathFinder {
    pub(super) fn new(folder: &str) -> Self {
        let folder = PathBuf::from(folder);
        let top = folder.ancestors().take(FOLDERS).find(|above| above.join(".git").symlink_metadata().is_ok());
        let top = top.unwrap_or(&folder).to_owned();
        Self { folder, top, texts: OnceCell::new(), tracked: OnceCell::new() }
    }

    /// Whether something may make an absolute path; `None` where it is there, or lies outside of the repository.
    pub(super) fn find(&self, path: &str) -> Option<bool> {
        let path = Path::new(path);
        if !path.starts_with(&self.top) || path == self.folder || path.symlink_metadata().is_ok() {
            return None;
        }
        let parent = path.ancestors().skip(1).find(|above| above.is_dir())?;
        note_folder(parent);
        let is_ignored = || path.ancestors().take_while(|at| *at != parent).any(|at| git_ignores(at, at != path));
        Some(is_usual(path) || is_ignored() || has_template(path, parent) || self.is_named(path))
    }

    /// Whether git has the file at an absolute path.
    pub(super) fn is_committed(&self, path: &str) -> bool {
        let Some(path) = Path::new(path).strip_prefix(&self.top).ok().and_then(Path::to_str) else { return false };
        let read = || git_folder(&self.top.join(".git")).map(|folder| tracked_paths(&folder)).unwrap_or_default();
        self.tracked.get_or_init(read).contains(path)
    }

    /// Whether a text names the file, or the folder that is not there.
    fn is_named(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return true };
        self.texts.get_or_init(|| self.read_texts()).iter().any(|text| text.text().contains(name))
    }

    /// The scripts and the texts for people in the folders of the project and at the top, and in those called after scripts.
    fn read_texts(&self) -> Vec<Source> {
        let mut folders = vec![self.top.clone()];
        if self.folder != self.top {
            folders.push(self.folder.clone());
        }
        let below: Vec<PathBuf> =
            folders.iter().flat_map(|folder| entries(folder)).filter(|path| is_of_scripts(path)).collect();
        folders.extend(below);
        folders.push(self.top.join(".github/workflows"));
        folders.iter().flat_map(|folder| texts_of(folder)).collect()
    }
}

/// A file of variables with the usual name is never committed.
fn is_usual(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".env")
}

/// Whether a file that is copied to make this one lies where it would be: `app.env.example`.
fn has_template(path: &Path, folder: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return true };
    let stem = name.trim_start_matches('.').split('.').next().unwrap_or_default();
    let is_template = |other: &str| {
        let lower = other.to_ascii_lowercase();
        lower.contains(&stem.to_ascii_lowercase()) && secret::is_example_file(&lower)
    };
    path.parent() == Some(folder)
        && entries(folder).iter().filter_map(|other| other.file_name()?.to_str()).any(is_template)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(ENTRIES).filter_map(Result::ok);
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn texts_of(folder: &Path) -> Vec<Source> {
    let may_tell = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let nature = FileKind::of(&name).nature();
        let is_text = matches!(nature, ContentKind::Shell | ContentKind::Documentation | ContentKind::Build);
        is_text
            || !name.trim_start_matches('.').contains('.')
            || folder.ends_with("workflows")
            || name == "package.json"
    };
    let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|entry| entry.is_file());
    let wanted = entries(folder).into_iter().filter(may_tell).filter(is_file).take(FILES);
    wanted.filter_map(|path| read_source(&path, LIMIT).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_something_makes_is_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().canonicalize().unwrap();
        for (name, text) in [
            (".gitignore", "certs/\n*.secret\n"),
            ("app.env.example", "A=1\n"),
            ("nginx.conf", "events {}\n"),
            ("Makefile", "setup:\n\ttouch acme.json\n"),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let finder = PathFinder::new(folder.to_str().unwrap());
        let find = |name: &str| finder.find(folder.join(name).to_str().unwrap());
        assert_eq!(find("nginx.conf"), None);
        assert_eq!(finder.find("/srv/other.conf"), None);
        for name in ["certs/a.pem", "db.secret", "app.env", "acme.json", ".env"] {
            assert_eq!(find(name), Some(true), "{name}");
        }
        for name in ["nginx.prod.conf", "db/init.sql", "missing.env"] {
            assert_eq!(find(name), Some(false), "{name}");
        }
    }
}
