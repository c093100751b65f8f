//! Finds the Dockerfiles under a path, respecting .gitignore.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::compose::lists_builds;
use crate::data;
use crate::dockerfile::Template;
use crate::manifest::FileKind;
use ignore::{DirEntry, WalkBuilder, WalkState};

/// What a walk for Dockerfiles found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Dockerfiles, sorted.
    pub dockerfiles: Vec<PathBuf>,
    /// Compose and bake files, sorted.
    pub compose: Vec<PathBuf>,
    /// Folders that could not be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// All Dockerfiles under `root`, in parallel.
pub(super) fn discover(root: &Path) -> Found {
    let found = Mutex::new(Found::default());
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| !is_skipped(entry))
        .threads(std::thread::available_parallelism().map_or(1, usize::from))
        .build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) => visit(&entry, &found),
                Err(error) => note_error(&error, &found),
            }
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.dockerfiles.sort();
    found.compose.sort();
    leave_out_twins(&mut found.dockerfiles);
    found.unreadable.sort();
    found
}

/// A Dockerfile that a found link leads to is the same build twice: the link, higher up as a rule, says more of where it is
/// built.
fn leave_out_twins(dockerfiles: &mut Vec<PathBuf>) {
    let is_link = |path: &PathBuf| path.symlink_metadata().is_ok_and(|kind| kind.file_type().is_symlink());
    let links = dockerfiles.iter().filter(|path| is_link(path));
    let targets: BTreeSet<PathBuf> = links.filter_map(|link| link.canonicalize().ok()).collect();
    if !targets.is_empty() {
        let is_twin = |path: &PathBuf| path.canonicalize().is_ok_and(|real| targets.contains(&real));
        dockerfiles.retain(|path| is_link(path) || !is_twin(path));
    }
}

fn visit(entry: &DirEntry, found: &Mutex<Found>) {
    if !entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
        return;
    }
    let Some(name) = entry.file_name().to_str() else { return };
    let compose = lists_builds(name);
    // A link to a folder or to nothing is no Dockerfile; a file that lists builds is read where it lies.
    let is_file = || entry.path().is_file() && !(compose && entry.path_is_symlink());
    if !(compose || is_dockerfile(name)) || !is_file() {
        return;
    }
    let mut found = lock(found);
    let list = if compose { &mut found.compose } else { &mut found.dockerfiles };
    list.push(entry.path().to_owned());
}

fn note_error(error: &ignore::Error, found: &Mutex<Found>) {
    let text = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    lock(found).unreadable.push((path_of(error).unwrap_or_default(), text));
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child.clone()),
        _ => None,
    }
}

fn lock(found: &Mutex<Found>) -> std::sync::MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether it is a folder that holds other people's Dockerfiles or none at all, whatever .gitignore says.
fn is_skipped(entry: &DirEntry) -> bool {
    entry.depth() > 0
        && entry.file_type().is_some_and(|kind| kind.is_dir())
        && entry.file_name().to_str().is_some_and(|name| data::FOLDER_NAMES.has(name, "passed"))
}

/// `Dockerfile`, `Dockerfile.dev`, `api.Dockerfile`, `Dockerfile-dev`, `Containerfile` and their like, and their templates.
fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // `Dockerfile.rs` is code, and no variant.
    if lower.ends_with('~') || !FileKind::of(name).may_be_dockerfile() {
        return false;
    }
    let template = Template::of_name(&lower).and(lower.rsplit_once('.'));
    let stem = template.map_or(lower.as_str(), |(stem, _)| stem);
    ["dockerfile", "containerfile"].iter().any(|word| {
        let rest = stem.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
            || stem.strip_suffix(word).is_some_and(|head| head.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "api.Dockerfile",
            "web.dockerfile",
            "Dockerfile-ci",
            "Containerfile",
            "Dockerfile.alpine3.20",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in
            ["Dockerfile.j2", "Dockerfile.dev.tmpl", "api.Dockerfile.template", "Dockerfile.in", "Dockerfile.m4"]
        {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.md",
            "dockerfile.rs",
            "Dockerfiles",
            "mydockerfile",
            "Dockerfile~",
            "dockerfile-parser.go",
            "Dockerfile.txt",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
