//! The files that tell which variables a compose project reads and gets: sources, settings, scripts, pipelines and files
//! of variables, in the folders that were asked for, the projects' and those of their builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ignore::DirEntry;
use rayon::prelude::*;

use super::compose_project::working_folder;
use super::file::read_source;
use super::git::{git_folder, tracked_paths};
use super::tree_walk::{may_be_entered, tree_walk};
use crate::compose::project::{ComposeProject, ComposeValue};
use crate::data;
use crate::inputs::Inputs;
use crate::manifest::{ContentKind, FileKind};
use crate::text::path;
use crate::variables::{VariableFile, VariableInput, is_environment_file};

/// Bytes that a file may have whose code may read variables.
const CODE_LIMIT: u64 = 2 << 20;

/// Bytes that any other file may have.
const LIMIT: u64 = 512 << 10;

/// Bytes that a file may have of which nothing is known.
const UNKNOWN_LIMIT: u64 = 64 << 10;

/// Bytes of all together.
const ALL: u64 = 64 << 20;

/// Files.
const MOST: usize = 20_000;

/// Entries of folders that are looked at.
const ENTRIES: usize = 500_000;

/// Folders above one that may hold its repository.
const HIGHEST: usize = 32;

/// The files around the projects of some inputs; `paths`: what was asked for.
pub fn variable_input(paths: &[PathBuf], inputs: &Inputs) -> VariableInput {
    let current = current_folder();
    let projects: Vec<&ComposeProject> =
        inputs.composes.iter().filter_map(|compose| compose.reading.project.as_deref()).collect();
    let named: BTreeSet<String> = inputs
        .composes
        .iter()
        .flat_map(|compose| compose.request.env_files.iter().map(|file| absolute_path(&current, Path::new(file))))
        .chain(projects.iter().flat_map(|project| environment_files(project)))
        .collect();
    let mut walk = VariableWalk::default();
    for root in roots(&current, paths, &projects) {
        walk.walk(Path::new(&root));
    }
    for file in &named {
        walk.files.entry(file.clone()).or_insert_with(|| (path::name(file).to_owned(), false));
    }
    walk.read(&current, &named)
}

/// The folder of this process, by the name that the shell has for it.
pub fn current_folder() -> PathBuf {
    working_folder(std::env::var("PWD").ok().as_ref())
}

/// A path as an absolute one, without links followed.
pub fn absolute_path(current: &Path, path: &Path) -> String {
    let text = current.join(path).to_string_lossy().into_owned();
    if text == "/" { text } else { format!("/{}", path::normalize(&text).trim_start_matches('/')) }
}

/// The files of variables that services name.
fn environment_files(project: &ComposeProject) -> Vec<String> {
    let services = project.services().map(|(_, service)| service);
    let files =
        services.flat_map(|service| service.get("env_file").and_then(ComposeValue::as_list).unwrap_or_default());
    files
        .filter_map(|file| file.get("path")?.as_text())
        .filter(|path| path.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

/// The folders to walk, none in another one: what was asked for, the folders of projects, and the contexts of builds that
/// belong to the same repository, or lie at most two folders above.
fn roots(current: &Path, paths: &[PathBuf], projects: &[&ComposeProject]) -> Vec<String> {
    let mut roots: BTreeSet<String> = BTreeSet::new();
    roots.extend(paths.iter().map(|path| absolute_path(current, path)).filter(|path| Path::new(path).is_dir()));
    for project in projects {
        let folder = Path::new(&project.folder);
        let top = folder.ancestors().take(HIGHEST).find(|at| at.join(".git").symlink_metadata().is_ok());
        let highest = top.or_else(|| folder.ancestors().take(3).last()).unwrap_or(folder);
        let contexts = project.services().filter_map(|(_, service)| service.get("build")?.get("context")?.as_text());
        let is_near = |context: &&str| Path::new(context).starts_with(highest) && Path::new(context).is_dir();
        roots.extend(contexts.filter(is_near).map(str::to_owned));
        roots.insert(project.folder.clone());
    }
    let all = roots.clone();
    roots.retain(|root| !all.iter().any(|above| path::is_below(root, above)));
    roots.into_iter().filter(|root| root != "/").collect()
}

/// What a walk has met.
#[derive(Default)]
struct VariableWalk {
    /// By their absolute paths: the path below the root, and whether git keeps the file.
    files: BTreeMap<String, (String, bool)>,
    is_cut: bool,
}

impl VariableWalk {
    fn walk(&mut self, root: &Path) {
        let tracked = TrackedFiles::of(root);
        let entries = tree_walk(root).filter_entry(|entry| !is_skipped(entry) && may_be_entered(entry)).build();
        let mut folders = BTreeSet::new();
        for (count, entry) in entries.enumerate() {
            if count >= ENTRIES || self.files.len() >= MOST {
                self.is_cut = true;
                break;
            }
            let Ok(entry) = entry else { continue };
            let Some(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.insert(entry.path().to_owned());
            } else if kind.is_file() && is_wanted(&entry) {
                self.add(root, entry.path(), tracked.as_ref(), true);
            }
        }
        // Files of variables are there although git ignores them.
        for folder in folders {
            let entries = fs::read_dir(&folder).into_iter().flatten().take(ENTRIES).filter_map(Result::ok);
            let is_file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
            for entry in entries.filter(|entry| is_environment_file(&entry.file_name().to_string_lossy())) {
                if is_file(&entry) {
                    self.add(root, &entry.path(), tracked.as_ref(), false);
                }
            }
        }
    }

    fn add(&mut self, root: &Path, path: &Path, tracked: Option<&TrackedFiles>, is_kept: bool) {
        let Some(text) = path.to_str() else { return };
        let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let is_committed = tracked.map_or(is_kept, |tracked| tracked.has(&below));
        self.files.entry(text.to_owned()).or_insert((below, is_committed));
    }

    /// Reads the files, those of variables first.
    fn read(self, current: &Path, named: &BTreeSet<String>) -> VariableInput {
        let mut skipped = Vec::new();
        let is_environment = |path: &String| named.contains(path) || is_environment_file(path::name(path));
        let mut wanted: Vec<(String, (String, bool))> = self.files.into_iter().collect();
        wanted.sort_by_key(|(path, _)| (!is_environment(path), !may_read(path)));
        let mut room = ALL;
        wanted.retain(|(path, _)| {
            let Ok(metadata) = fs::symlink_metadata(path) else { return false };
            let limit = match FileKind::of(path).nature() {
                _ if may_read(path) => CODE_LIMIT,
                ContentKind::Unknown if !is_environment(path) => UNKNOWN_LIMIT,
                _ => LIMIT,
            };
            let fits = metadata.is_file() && metadata.len() <= limit && metadata.len() <= room;
            room -= if fits { metadata.len() } else { 0 };
            if metadata.is_file() && !fits && may_read(path) {
                skipped.push(near(current, path).to_string_lossy().into_owned());
            }
            fits
        });
        let files = wanted.into_par_iter().filter_map(|(path, (below, is_committed))| {
            let shown = near(current, &path);
            let source = read_source(shown, CODE_LIMIT).or_else(|_| read_source(Path::new(&path), CODE_LIMIT)).ok()?;
            let is_environment = is_environment(&path);
            Some(VariableFile { path, below, source, is_environment, is_committed })
        });
        let mut files: Vec<VariableFile> = files.collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        VariableInput { files, skipped, is_cut: self.is_cut }
    }
}

fn is_skipped(entry: &DirEntry) -> bool {
    entry.depth() > 0
        && entry.file_type().is_some_and(|kind| kind.is_dir())
        && entry.file_name().to_str().is_some_and(|name| name == ".git" || data::FOLDER_NAMES.has(name, "passed"))
}

/// Whether it is a text that people wrote and that may name variables.
fn is_wanted(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str() else { return false };
    let kind = FileKind::of(name);
    // Scripts and settings of servers often have no ending.
    let may_be_text = kind.nature() == ContentKind::Unknown;
    kind.is_evidence()
        || kind.is_recipe()
        || kind.nature() == ContentKind::Documentation
        || may_be_text
        || is_environment_file(name)
}

/// A path as the user would type it.
fn near<'p>(current: &Path, path: &'p str) -> &'p Path {
    Path::new(path).strip_prefix(current).unwrap_or(Path::new(path))
}

/// Whether a file may read variables: data and texts only name them.
fn may_read(path: &str) -> bool {
    let kind = FileKind::of(path);
    kind.has_code() || kind.is_shell() || kind.nature() == ContentKind::Schema
}

/// What git tracks below a folder.
struct TrackedFiles {
    /// The folder's path below the repository's top.
    prefix: String,
    paths: BTreeSet<String>,
}

impl TrackedFiles {
    /// `None` outside of a repository.
    fn of(root: &Path) -> Option<Self> {
        let real = root.canonicalize().ok()?;
        let top = real.ancestors().take(HIGHEST).find(|at| at.join(".git").symlink_metadata().is_ok())?;
        let paths = tracked_paths(&git_folder(&top.join(".git"))?);
        let prefix = real.strip_prefix(top).ok()?.to_str()?.to_owned();
        Some(Self { prefix, paths })
    }

    fn has(&self, below: &str) -> bool {
        self.paths.contains(&path::join(&self.prefix, below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_variables_are_read_though_git_ignores_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (path, text) in [
            (".gitignore", ".env\nbuild/\n"),
            (".env", "A=1\n"),
            (".env.example", "A=\n"),
            ("app.py", "import os\n"),
            ("build/app.py", "import os\n"),
            ("node_modules/a/index.js", "x"),
            ("start", "#!/bin/sh\n"),
            ("photo.png", "x"),
        ] {
            let full = root.join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        fs::write(root.join("large.js"), vec![b'x'; CODE_LIMIT as usize + 1]).unwrap();
        fs::write(root.join("binary.py"), b"a\0b").unwrap();
        let input = variable_input(std::slice::from_ref(&root), &Inputs::default());
        let files: Vec<(&str, bool)> =
            input.files.iter().map(|file| (file.below.as_str(), file.is_committed)).collect();
        let expected =
            [(".env", false), (".env.example", true), (".gitignore", true), ("app.py", true), ("start", true)];
        assert_eq!(files, expected);
        assert_eq!((input.skipped.len(), input.is_cut), (1, false));
    }
}
