//! Finds the repositories of a folder that many were checked out into.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::discover::discover;
use super::looked_at::note_folder;
use super::request::GatherRequest;

/// Levels below the folder: `host/group/team/repository`.
const LEVELS: usize = 4;

/// Folders that are looked at.
const MOST_FOLDERS: usize = 1_000_000;

/// The repositories below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderRepositories {
    /// Those with a Dockerfile or a compose file, sorted.
    pub folders: Vec<PathBuf>,
    /// Those with neither.
    pub without_files: Vec<PathBuf>,
    /// Folders that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// The git repositories in a folder, four levels deep, each as a whole; the folder itself where it is one. Where there is no
/// repository, the folders in it. Links are not followed.
pub fn repositories_below(root: &Path, request: &GatherRequest) -> FolderRepositories {
    let mut below = FolderRepositories::default();
    let (mut repositories, mut folders) = (Vec::new(), Vec::new());
    let mut queue = VecDeque::from([(root.to_owned(), 0)]);
    let mut count = 0;
    while let Some((folder, level)) = queue.pop_front() {
        count += 1;
        note_folder(&folder);
        if folder.join(".git").exists() {
            repositories.push(folder);
            continue;
        }
        if level == 1 {
            folders.push(folder.clone());
        }
        if level == LEVELS || count >= MOST_FOLDERS {
            continue;
        }
        match inner_folders(&folder) {
            Ok(inner) => queue.extend(inner.into_iter().map(|inner| (inner, level + 1))),
            Err(error) => below.unreadable.push((folder, error)),
        }
    }
    let all = if repositories.is_empty() { folders } else { repositories };
    let has_files: Vec<bool> = all.par_iter().map(|folder| has_files(folder, request)).collect();
    for (folder, has_files) in all.into_iter().zip(has_files) {
        let list = if has_files { &mut below.folders } else { &mut below.without_files };
        list.push(folder);
    }
    below.folders.sort();
    below.without_files.sort();
    below
}

/// The folders in a folder, sorted, without those of version control.
fn inner_folders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut inner = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.file_name().to_string_lossy().starts_with('.') {
            inner.push(entry.path());
        }
    }
    inner.sort();
    Ok(inner)
}

fn has_files(folder: &Path, request: &GatherRequest) -> bool {
    let discovery = discover(folder, request);
    !discovery.dockerfiles.is_empty() || !discovery.compose.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::test_rules::NoRules;

    #[test]
    fn repositories_are_found_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "FROM scratch\n").unwrap();
        };
        for path in ["git.example/team/api/.git/HEAD", "git.example/team/api/web/Dockerfile", "docs/.git", "docs/a.md"]
        {
            write(path);
        }
        write("loose/Dockerfile");
        let names = |folders: &[PathBuf]| -> Vec<String> {
            let below = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
            folders.iter().map(below).collect()
        };
        let below = repositories_below(folder.path(), &GatherRequest::new(&NoRules));
        assert_eq!(names(&below.folders), ["git.example/team/api"]);
        assert_eq!(names(&below.without_files), ["docs"]);
        // The folder is one of them.
        write(".git/HEAD");
        assert_eq!(names(&repositories_below(folder.path(), &GatherRequest::new(&NoRules)).folders), [""]);
        // Without a repository its folders count.
        for path in [".git", "docs/.git", "git.example/team/api/.git"] {
            let path = folder.path().join(path);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        let below = repositories_below(folder.path(), &GatherRequest::new(&NoRules));
        assert_eq!(names(&below.folders), ["git.example", "loose"]);
    }
}
