//! Finds the Dockerfiles under a path, respecting .gitignore.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::exclusion::Exclusion;
use super::file::{display_path, lists_builds};
use super::looked_at::{note_folder, note_glimpse};
use super::recipes::may_build;
use super::request::{GatherRequest, ManifestSelection};
use super::tree_walk::{obstacle, tree_walk, unreadable_ignore_file};
use super::workloads::is_manifest;
use crate::data;
use crate::dockerfile::Template;
use crate::inputs::InputProblem;
use crate::manifest::{ContentKind, FileKind, FileRole};
use crate::text::path::{self, is_compose};
use crate::workflow::pipeline_kind;
use ignore::{DirEntry, WalkState};

/// What a walk for Dockerfiles found.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    /// Dockerfiles, sorted.
    pub dockerfiles: Vec<PathBuf>,
    /// Compose and bake files, sorted.
    pub compose: Vec<PathBuf>,
    /// Files that may say how images are built besides.
    pub recipes: Vec<PathBuf>,
    /// Pipelines, sorted.
    pub pipelines: Vec<PathBuf>,
    /// Files that may be manifests, sorted; only where they are asked for.
    pub manifests: Vec<PathBuf>,
    /// Dockerfiles that are inputs of tests, sorted: nobody builds them.
    pub test_inputs: Vec<PathBuf>,
    /// Folders with the name of a Dockerfile or a compose file, sorted.
    pub folders: Vec<PathBuf>,
    /// Folders that could not be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

impl Discovery {
    /// What was not read of the tree.
    pub(super) fn problems(&self) -> impl Iterator<Item = InputProblem> {
        self.unreadable.iter().map(|(path, why)| InputProblem {
            code: "folder-unreadable",
            file: display_path(path),
            place: None,
            fatal: false,
            message: format!("cannot be read: {why}"),
            help: Some("check what it is and its permissions; Dockerfiles in it were not checked".into()),
        })
    }
}

/// Paths with folders replaced by the Dockerfiles and compose files below them, as `audit` finds them; and what was not
/// read of the folders.
pub fn files_to_lint(paths: Vec<PathBuf>, request: &GatherRequest) -> (Vec<PathBuf>, Vec<InputProblem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        let discovery = discover(&path, request);
        problems.extend(discovery.problems());
        let is_checked = |file: &PathBuf| is_compose(&file.to_string_lossy()) && !is_test_input(&path, file);
        let composes = discovery.compose.into_iter().filter(is_checked);
        files.extend(discovery.dockerfiles.into_iter().chain(composes));
    }
    (files, problems)
}

/// Where workflows are, below the top of a project.
pub(super) const WORKFLOWS: &str = ".github/workflows";

/// All Dockerfiles under `root`, in parallel.
pub(super) fn discover(root: &Path, request: &GatherRequest) -> Discovery {
    let exclusion = Arc::new(Exclusion::read(root, &request.configuration, &request.exclude, request.rules));
    let discovery = Mutex::new(Discovery::default());
    let unread = Arc::new(Mutex::new(Vec::new()));
    if let Some(file) = unreadable_ignore_file(root) {
        let why = "it is no regular file of at most 1 MiB, so no file hides others".to_owned();
        lock(&discovery).unreadable.push((file, why));
    }
    let walk = tree_walk(root)
        .filter_entry({
            let (unread, exclusion) = (Arc::clone(&unread), Arc::clone(&exclusion));
            move |entry| {
                if is_skipped(entry) || exclusion.holds(entry.path()) {
                    return false;
                }
                obstacle(entry).map(|file| lock(&unread).push(file)).is_none()
            }
        })
        .threads(std::thread::available_parallelism().map_or(1, usize::from))
        .build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) => {
                    visit(root, &entry, &discovery);
                    if request.workloads == ManifestSelection::All {
                        note_manifest(root, &entry, &discovery);
                    }
                }
                Err(error) => note_error(&error, &discovery),
            }
            WalkState::Continue
        })
    });
    let mut discovery = discovery.into_inner().unwrap_or_else(PoisonError::into_inner);
    let why = "it is no regular file of at most 1 MiB, so its folder was left out";
    let unread = std::mem::take(&mut *lock(&unread));
    discovery.unreadable.extend(unread.into_iter().map(|file| (file, why.to_owned())));
    add_ignored_workflows(root, &exclusion, &mut discovery.pipelines);
    discovery.dockerfiles.sort();
    discovery.compose.sort();
    discovery.pipelines.sort();
    discovery.manifests.sort();
    discovery.test_inputs.sort();
    leave_out_twins(&mut discovery.dockerfiles);
    discovery.folders.sort();
    add_empty_folders(&mut discovery);
    if discovery.dockerfiles.is_empty() && discovery.compose.is_empty() {
        discovery.dockerfiles = std::mem::take(&mut discovery.test_inputs);
    }
    discovery.unreadable.sort();
    discovery
}

/// Workflows that a .gitignore names: git and GitHub have them all the same once they were added.
fn add_ignored_workflows(root: &Path, exclusion: &Exclusion, pipelines: &mut Vec<PathBuf>) {
    let folder = root.join(WORKFLOWS);
    note_folder(&folder);
    let known: BTreeSet<PathBuf> = pipelines.iter().cloned().collect();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_workflow = |path: &Path| {
            let below = path.strip_prefix(root).unwrap_or(path);
            pipeline_kind(&below.to_string_lossy().replace('\\', "/")).is_some()
        };
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file
            && !known.contains(&path)
            && is_workflow(&path)
            && !exclusion.holds(&path)
            && !exclusion.holds(&folder)
        {
            pipelines.push(path);
        }
    }
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

/// A folder that is called `Dockerfile` and holds none, and one that is called as a compose file: a build or a project
/// that was meant fails there. As a file of the list, reading it says so.
fn add_empty_folders(discovery: &mut Discovery) {
    for folder in std::mem::take(&mut discovery.folders) {
        let files = discovery.dockerfiles.iter().chain(&discovery.compose).chain(&discovery.test_inputs);
        let holds = files.into_iter().any(|file| file.starts_with(&folder));
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match DEFAULT_NAMES.contains(&name) {
            true if !holds => discovery.dockerfiles.push(folder),
            false if !holds => discovery.compose.push(folder),
            _ => {}
        }
    }
}

/// Names that builders look for.
const DEFAULT_NAMES: [&str; 2] = ["Dockerfile", "Containerfile"];

fn visit(root: &Path, entry: &DirEntry, discovery: &Mutex<Discovery>) {
    let Some(name) = entry.file_name().to_str() else { return };
    let is_workflow = is_in_workflows(entry.path());
    let compose = lists_builds(name) && !is_workflow;
    if entry.path().is_dir() {
        if entry.depth() > 0
            && (is_compose(name) || DEFAULT_NAMES.contains(&name))
            && !is_test_input(root, entry.path())
        {
            lock(discovery).folders.push(entry.path().to_owned());
        }
        return;
    }
    let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
    if pipeline_kind(&below.to_string_lossy().replace('\\', "/")).is_some()
        && !entry.path_is_symlink()
        && !is_test_input(root, entry.path())
        && !is_dead_workflow(root, entry.path())
    {
        lock(discovery).pipelines.push(entry.path().to_owned());
    }
    // A file that lists builds is read where it lies. An entry that is not a file stays in the list: reading it reports why.
    let is_listed = || !compose || !entry.path_is_symlink() || !entry.path().is_file();
    if !compose && (is_workflow || !is_dockerfile(name, entry.path())) {
        if may_build(entry.path(), name) && !entry.path_is_symlink() {
            lock(discovery).recipes.push(entry.path().to_owned());
        }
        return;
    }
    if !is_listed() {
        return;
    }
    let mut discovery = lock(discovery);
    let list = match compose {
        true => &mut discovery.compose,
        false if is_test_input(root, entry.path()) => &mut discovery.test_inputs,
        false => &mut discovery.dockerfiles,
    };
    list.push(entry.path().to_owned());
}

fn note_manifest(root: &Path, entry: &DirEntry, discovery: &Mutex<Discovery>) {
    let is_named_so = entry.file_name().to_str().is_some_and(is_manifest);
    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
    if is_named_so && is_file && !is_in_workflows(entry.path()) && !is_test_input(root, entry.path()) {
        lock(discovery).manifests.push(entry.path().to_owned());
    }
}

/// Whether a file lies in a folder of workflows, which may be the one that is looked at: no Compose file, whatever it is called.
fn is_in_workflows(file: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    path::is_workflow_place(&file.to_string_lossy().replace('\\', "/"))
}

/// Whether a file lies where GitHub would run it as a workflow at the top of a repository, and is below it: nobody runs
/// it. The folder that was searched may be such a top, and one with a `.git` is.
fn is_dead_workflow(root: &Path, file: &Path) -> bool {
    let folder = file.parent().filter(|folder| folder.ends_with(WORKFLOWS));
    let top = folder.and_then(Path::parent).and_then(Path::parent);
    top.is_some_and(|top| top != root && !top.join(".git").exists())
}

fn note_error(error: &ignore::Error, discovery: &Mutex<Discovery>) {
    let text = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    lock(discovery).unreadable.push((path_of(error).unwrap_or_default(), text));
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child.clone()),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether it is a folder that holds other people's Dockerfiles or none at all, whatever .gitignore says.
fn is_skipped(entry: &DirEntry) -> bool {
    entry.depth() > 0
        && entry.file_type().is_some_and(|kind| kind.is_dir())
        && entry.file_name().to_str().is_some_and(|name| data::FOLDER_NAMES.has(name, "passed"))
}

/// Whether a Dockerfile lies in a folder of inputs for tests below the folder that is looked at: a linter's tests hold
/// hundreds of faulty ones.
pub(super) fn is_test_input(root: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut is_test = false;
    for folder in below.parent().into_iter().flat_map(Path::components) {
        let Some(name) = folder.as_os_str().to_str().map(str::to_ascii_lowercase) else { continue };
        if data::NAME_WORDS.has(&name, "test-data") || is_test && data::NAME_WORDS.has(&name, "test-input") {
            return true;
        }
        is_test |= FileRole::of_folder(&name) == Some(FileRole::Test);
    }
    false
}

/// Whether a file is a Dockerfile, by its name; what has the name of source code, by how it begins.
fn is_dockerfile(name: &str, path: &Path) -> bool {
    if !is_name(name) {
        return false;
    }
    let kind = FileKind::of(name);
    match kind.nature() {
        ContentKind::Code | ContentKind::Shell => begins_like_dockerfile(path),
        // `dockerfile-0.3.3.wasm` is a plugin.
        _ if name.contains(['-', '_']) && name.contains('.') && kind.may_be_dockerfile() => {
            begins_like_dockerfile(path)
        }
        _ => kind.may_be_dockerfile(),
    }
}

/// `Dockerfile`, `Dockerfile.dev`, `api.Dockerfile`, `Dockerfile-dev`, `Containerfile` and their like, and their templates.
fn is_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with('~') {
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

/// Whether the first instruction is FROM or ARG: `Dockerfile.php` is a variant, `dockerfile.ex` code that writes one. In
/// capitals, as code begins with `from` too.
fn begins_like_dockerfile(path: &Path) -> bool {
    /// Bytes that comments at the top may take.
    const LIMIT: u64 = 16 << 10;
    let mut start = Vec::new();
    note_glimpse(path);
    // To open a pipe waits for a writer.
    if !path.is_file() || !File::open(path).is_ok_and(|file| file.take(LIMIT).read_to_end(&mut start).is_ok()) {
        return false;
    }
    let text = String::from_utf8_lossy(&start);
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    matches!(first.split_whitespace().next(), Some("FROM" | "ARG"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::test_rules::NoRules;

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
            assert!(is_dockerfile(name, Path::new("")), "{name}");
        }
        for name in
            ["Dockerfile.j2", "Dockerfile.dev.tmpl", "api.Dockerfile.template", "Dockerfile.in", "Dockerfile.m4"]
        {
            assert!(is_dockerfile(name, Path::new("")), "{name}");
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
            assert!(!is_dockerfile(name, Path::new("")), "{name}");
        }
    }

    #[test]
    fn inputs_of_tests_are_recognized_by_their_folders() {
        let is_so = |path: &str| is_test_input(Path::new("r"), &Path::new("r").join(path));
        for path in [
            "testdata/projects/local_docker_action/Dockerfile",
            "tests/patterns/dockerfile/from.dockerfile",
            "test/linters/trivy/good/Dockerfile",
            "pkg/scan/testdata/Dockerfile",
            "tests/fixtures/app/Dockerfile",
        ] {
            assert!(is_so(path), "{path}");
        }
        for path in
            ["Dockerfile", "tests/Dockerfile", "tests/e2e/Dockerfile", "fixtures/app/Dockerfile", "good/Dockerfile"]
        {
            assert!(!is_so(path), "{path}");
        }
    }

    #[test]
    fn workflows_below_the_top_of_a_repository_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for top in ["", "sub", "other"] {
            let workflows = folder.path().join(top).join(WORKFLOWS);
            std::fs::create_dir_all(&workflows).unwrap();
            std::fs::write(workflows.join("ci.yml"), "on: push\njobs: {}\n").unwrap();
        }
        std::fs::create_dir(folder.path().join("other").join(".git")).unwrap();
        let workflows_below = |root: &Path| {
            let files = discover(root, &GatherRequest::new(&NoRules)).pipelines;
            let below = files.iter().map(|file| display_path(file.strip_prefix(root).unwrap()));
            below.collect::<Vec<_>>()
        };
        let workflow = ".github/workflows/ci.yml";
        assert_eq!(workflows_below(folder.path()), [workflow.to_owned(), format!("other/{workflow}")]);
        assert_eq!(workflows_below(&folder.path().join("sub")), [workflow]);
    }

    #[test]
    fn workflows_named_like_compose_files_are_workflows() {
        let folder = tempfile::tempdir().unwrap();
        for place in [WORKFLOWS, ".gitea/workflows", ".forgejo/workflows"] {
            let workflows = folder.path().join(place);
            std::fs::create_dir_all(&workflows).unwrap();
            for name in ["docker-compose.yml", "compose.yaml", "docker-compose.build.yml", "dockerfile.yml"] {
                std::fs::write(workflows.join(name), "on: push\njobs: {}\n").unwrap();
            }
        }
        std::fs::write(folder.path().join("compose.yaml"), "services: {}\n").unwrap();
        let request = GatherRequest::new(&NoRules);
        let files = discover(folder.path(), &request);
        assert_eq!(files.compose, [folder.path().join("compose.yaml")]);
        assert_eq!((files.dockerfiles.len(), files.pipelines.len()), (0, 4));
        // The folder itself may be looked at.
        let files = discover(&folder.path().join(WORKFLOWS), &request);
        assert_eq!((files.compose.len(), files.dockerfiles.len()), (0, 0));
    }

    #[test]
    fn files_named_like_code_tell_by_their_first_instruction() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, text: &str, expected: bool| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert_eq!(is_dockerfile(name, &path), expected, "{name}: {text}");
        };
        check("dockerfile.ex", "defmodule Livebook.Hubs.Dockerfile do\nend\n", false);
        check("dockerfile.php", "<?php\n", false);
        check("dockerfile.go", "package docker\n\nconst text = `\nFROM a\n`\n", false);
        check("dockerfile.py", "# FROM a\nfrom docker import build\n", false);
        check("Dockerfile.sh", "#!/bin/sh\ndocker build .\n", false);
        check("dockerfile.cs", "", false);
        check("Dockerfile.php", "# syntax=docker/dockerfile:1\n\nFROM php:8\n", true);
        check("Dockerfile.go", "ARG A=1\nFROM golang:$A\n", true);
        check("Dockerfile.rs", "\u{feff}FROM rust:1\n", true);
        check("go.Dockerfile", "", true);
    }
}
