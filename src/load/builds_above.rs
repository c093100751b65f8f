//! Compose and bake files above what was asked for, which say how the Dockerfiles in it are built.

use std::path::{Path, PathBuf};

use super::compose::lists_builds;
use super::file::join_path;
use crate::text::Source;

/// Folders above that are looked into.
const HIGHEST: usize = 8;

/// Such files of one folder.
const FILES: usize = 20;

/// The folder of a repository: what is above it belongs to something else.
const GIT_FOLDER: &str = ".git";

/// The compose and bake files in the folders above a path, each with its folder, up to the top of the git repository. None
/// outside of a repository.
pub(super) fn files_above(path: &Path) -> Vec<(PathBuf, PathBuf, Source)> {
    let Ok(real) = path.canonicalize() else { return Vec::new() };
    let start = if real.is_dir() { real.clone() } else { real.parent().unwrap_or(&real).to_owned() };
    let typed = if real.is_dir() { path } else { path.parent().unwrap_or(path) };
    let folders: Vec<&Path> = start.ancestors().take(HIGHEST + 1).collect();
    let Some(top) = folders.iter().position(|folder| folder.join(GIT_FOLDER).exists()) else { return Vec::new() };
    let mut files = Vec::new();
    let mut folder = typed.to_owned();
    // What is in the folder itself is found without this, but not for a Dockerfile.
    let first = usize::from(real.is_dir());
    for step in 0..=top {
        if step >= first {
            files.extend(files_of(&folder).into_iter().map(|(file, source)| (folder.clone(), file, source)));
        }
        folder = join_path(&folder, Path::new(".."));
    }
    files
}

fn files_of(folder: &Path) -> Vec<(PathBuf, Source)> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(listed).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| lists_builds(name));
    names.sort();
    names.truncate(FILES);
    let read = |name: String| {
        let path = join_path(folder, Path::new(&name));
        let source = super::read_source(&path, super::DOCKERFILE_LIMIT).ok()?;
        Some((path, source))
    };
    names.into_iter().filter_map(read).collect()
}
