//! The projects below a folder that git keeps, whatever a build context takes of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::{DOCKERFILE_LIMIT, read_source};
use super::projects::read_manifests;
use super::tree_walk::{may_be_entered, tree_walk};
use crate::manifest::Project;
use crate::text::Source;

/// Entries of folders that are looked at.
const ENTRIES: usize = 200_000;

/// Folders of packages and of tools, which no project of the folder lies in.
const SKIPPED: [&str; 4] = ["node_modules", ".git", ".venv", "site-packages"];

/// The projects below a folder.
pub struct FolderProjects {
    /// By folder, then ecosystem.
    pub projects: Vec<Project>,
    /// The paths of all files below the folder, sorted.
    pub paths: Vec<String>,
    texts: BTreeMap<String, Source>,
}

impl FolderProjects {
    /// Reads the manifests below a folder; what git ignores is left out.
    pub fn read(root: &Path) -> Self {
        let is_skipped = |name: &str| SKIPPED.contains(&name);
        let walk = tree_walk(root)
            .filter_entry(move |entry| !is_skipped(&entry.file_name().to_string_lossy()) && may_be_entered(entry))
            .build();
        let files = walk.take(ENTRIES).filter_map(Result::ok);
        let files = files.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let below = |place: &Path| Some(place.strip_prefix(root).ok()?.to_str()?.replace('\\', "/"));
        let mut paths: Vec<String> = files.filter_map(|entry| below(entry.path())).collect();
        paths.sort();
        let read = read_manifests(root, &paths);
        Self { projects: read.manifests.projects, paths, texts: read.texts }
    }

    /// The text of a file below the folder; nothing where it is not there or cannot be read.
    pub fn text_of(&self, root: &Path, place: &str) -> Option<String> {
        match self.texts.get(place) {
            Some(source) => Some(source.text().to_owned()),
            None => Some(read_source(&root.join(place), DOCKERFILE_LIMIT).ok()?.text().to_owned()),
        }
    }
}

/// The files of a folder that have one of these names, in any case of letters; sorted.
pub fn files_named(folder: &Path, names: &[&str]) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(ENTRIES).filter_map(Result::ok);
    let all = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_wanted = |name: &String| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut files: Vec<String> = all.filter(is_wanted).filter(|name| folder.join(name).is_file()).collect();
    files.sort();
    files
}
