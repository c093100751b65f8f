//! The files of the folders around builds that start containers or name images: each folder is listed once in a run, and
//! each file with commands read once. Many builds have the same folders above them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::load::file::read_source;
use crate::manifest::FileKind;
use crate::text::path::is_compose;

/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;

/// Bytes that a recipe may have.
const LIMIT: u64 = 1 << 20;

/// Folders that projects keep compose files in.
const SUBFOLDERS: [&str; 8] = [".devcontainer", ".docker", "compose", "deploy", "deployment", "docker", "infra", "ops"];

/// Where a forge keeps its files.
const FORGE: &str = ".github";

/// What was listed and read so far.
#[derive(Debug, Default)]
pub(super) struct FolderFiles {
    folders: Mutex<BTreeMap<PathBuf, Arc<ListedFolder>>>,
    texts: Mutex<BTreeMap<PathBuf, Option<Arc<str>>>>,
    /// The folder that the program runs in.
    here: OnceLock<Option<PathBuf>>,
}

/// What is in a folder, by name; paths are as the user would type them.
#[derive(Debug, Default)]
struct ListedFolder {
    composes: Vec<PathBuf>,
    /// Recipes and pipelines.
    commands: Vec<PathBuf>,
    /// Which of the [`SUBFOLDERS`] may be there.
    subfolders: Vec<&'static str>,
    /// Whether [`FORGE`] may be there.
    has_forge: bool,
}

impl FolderFiles {
    /// The compose files in the folders, then those in the folders in them that projects keep them in.
    pub(super) fn composes(&self, folders: &[PathBuf]) -> Vec<PathBuf> {
        let listed: Vec<Arc<ListedFolder>> = folders.iter().map(|folder| self.list(folder)).collect();
        let mut files: Vec<PathBuf> = listed.iter().flat_map(|folder| folder.composes.iter().cloned()).collect();
        for (folder, listed) in folders.iter().zip(&listed) {
            for name in &listed.subfolders {
                files.extend(self.list(&folder.join(name)).composes.iter().cloned());
            }
        }
        files
    }

    /// The recipes and pipelines in the folders, then those in the folders that forges keep them in.
    pub(super) fn commands(&self, folders: &[PathBuf]) -> Vec<PathBuf> {
        let listed: Vec<Arc<ListedFolder>> = folders.iter().map(|folder| self.list(folder)).collect();
        let mut files: Vec<PathBuf> = listed.iter().flat_map(|folder| folder.commands.iter().cloned()).collect();
        for (folder, listed) in folders.iter().zip(&listed) {
            if listed.has_forge {
                files.extend(self.list(&folder.join(FORGE).join("workflows")).commands.iter().cloned());
            }
        }
        files
    }

    /// The text of a recipe or pipeline; `None` where it cannot be read.
    pub(super) fn text(&self, path: &Path) -> Option<Arc<str>> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(path) {
            return known.clone();
        }
        let text = read_source(path, LIMIT).ok().map(|source| Arc::from(source.text()));
        texts.insert(path.to_owned(), text.clone());
        text
    }

    fn list(&self, folder: &Path) -> Arc<ListedFolder> {
        let lock = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(folder) {
            return Arc::clone(known);
        }
        let here = self.here.get_or_init(|| Path::new(".").canonicalize().ok());
        let listed = Arc::new(ListedFolder::read(folder, here.as_deref()));
        lock().insert(folder.to_owned(), Arc::clone(&listed));
        listed
    }
}

impl ListedFolder {
    fn read(folder: &Path, here: Option<&Path>) -> Self {
        let mut listed = Self::default();
        let Ok(entries) = fs::read_dir(folder) else { return listed };
        let holds_pipelines = folder.ends_with("workflows");
        let mut count = 0;
        for entry in entries.take(ENTRIES) {
            count += 1;
            let Ok(entry) = entry else { continue };
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            listed.has_forge |= name == FORGE;
            listed.subfolders.extend(SUBFOLDERS.iter().find(|subfolder| **subfolder == name));
            let is_command = holds_pipelines || FileKind::of(name).holds_commands();
            let is_compose = is_compose(name);
            if !(is_command || is_compose) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            let path = display_path(&entry.path(), here);
            if is_compose {
                listed.composes.push(path.clone());
            }
            if is_command {
                listed.commands.push(path);
            }
        }
        if count == ENTRIES {
            // What was not looked at may be one of them.
            (listed.subfolders, listed.has_forge) = (SUBFOLDERS.to_vec(), true);
        }
        listed.composes.sort();
        listed.commands.sort();
        listed.subfolders.sort_unstable();
        listed
    }
}

/// Below the folder at hand as the user would type it, else whole.
fn display_path(path: &Path, here: Option<&Path>) -> PathBuf {
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in
            ["compose.yaml", "Makefile", "docker/compose.prod.yaml", ".github/workflows/ci.yml", "other/compose.yaml"]
        {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "all:\n").unwrap();
        }
        let files = FolderFiles::default();
        let folders = [root.clone()];
        assert_eq!(files.composes(&folders), [root.join("compose.yaml"), root.join("docker/compose.prod.yaml")]);
        assert_eq!(files.commands(&folders), [root.join("Makefile"), root.join(".github/workflows/ci.yml")]);
        assert_eq!(files.text(&root.join("Makefile")).as_deref(), Some("all:\n"));
        fs::remove_dir_all(&root).unwrap();
        assert_eq!((files.composes(&folders).len(), files.commands(&folders).len()), (2, 2));
        assert_eq!(files.text(&root.join("Makefile")).as_deref(), Some("all:\n"));
    }
}
