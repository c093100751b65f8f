//! The folder of the program that a Dockerfile in a folder of its own is for: `docker/php/Dockerfile` beside `backend/`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, Subfolder};
use super::tree_walk::{may_be_entered, tree_walk};
use crate::build::{Build, Reference, StageBase};
use crate::data;
use crate::manifest::FileKind;

/// Folders above a Dockerfile that are tried.
const HIGHEST: usize = 8;

/// Entries of a folder that are looked at.
const ENTRIES: usize = 1_000;

/// How far below a Dockerfile code is looked for.
const DEPTH: usize = 4;

/// The folder that has the manifest of the program whose sources a build copies as a whole: the nearest above, or the only one
/// beside it. `None` where the Dockerfile's own folder holds a program, and where several may be meant.
pub(super) fn source_folder(
    dockerfile_folder: &Path,
    build: &Build,
    root: Option<&Path>,
    disk: &Disk,
) -> Option<PathBuf> {
    let manifests = manifests_of_base(build);
    let has_manifest = |folder: &Path| disk.has_any(folder, &manifests);
    if manifests.is_empty() || has_manifest(dockerfile_folder) || holds_code(dockerfile_folder) {
        return None;
    }
    for folder in above(dockerfile_folder, root, disk) {
        if has_manifest(&folder) {
            return Some(folder);
        }
        let beside: Vec<Arc<Vec<Subfolder>>> =
            manifests.iter().map(|name| disk.subfolders_with(&folder, name)).collect();
        let beside =
            beside.iter().flat_map(|holders| holders.iter()).filter(|holder| !holder.is_link && !holder.is_hidden);
        let mut beside = beside.map(|holder| &holder.path);
        if let Some(first) = beside.next() {
            let is_only = beside.all(|path| path == first) && !names_folder(build, first);
            return is_only.then(|| first.clone());
        }
    }
    None
}

/// Whether a Dockerfile has the name of a folder as a part of a path: it is built above that.
fn names_folder(build: &Build, folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let text = build.input().file.source().text();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.any(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).any(|part| part == name))
}

/// The manifests of the programs that the base images of the stages run which copy the whole context.
fn manifests_of_base(build: &Build) -> Vec<&'static str> {
    let stages =
        build.needed_transfers().filter(|(_, transfer)| transfer.is_of_whole_context()).map(|(stage, _)| stage);
    let rows = stages.filter_map(|stage| match build.root_base(stage) {
        StageBase::Image(name) => data::SOURCE_IMAGES.row(Reference::of(name).short_name()),
        _ => None,
    });
    rows.flat_map(|row| data::words(row[1])).collect()
}

/// Whether code lies in a folder or somewhat below it.
fn holds_code(folder: &Path) -> bool {
    let entries = tree_walk(folder)
        .max_depth(Some(DEPTH))
        .filter_entry(may_be_entered)
        .build()
        .filter_map(Result::ok)
        .take(ENTRIES);
    let mut names = entries.filter_map(|entry| entry.file_name().to_str().map(str::to_owned));
    names.any(|name| FileKind::of(&name).has_code())
}

/// The folders above, nearest first: up to `root` where one was asked for, else up to the repository's top.
pub(super) fn above(folder: &Path, root: Option<&Path>, disk: &Disk) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut at = folder.to_owned();
    for _ in 0..HIGHEST {
        if root.is_some_and(|root| at == root) || (root.is_none() && disk.exists(&at.join(".git"))) {
            break;
        }
        // The root of the file system is nobody's context.
        let Some(parent) = at.parent().filter(|parent| parent.parent().is_some() || !parent.has_root()) else { break };
        at = if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() };
        folders.push(at.clone());
        if at == Path::new(".") {
            break;
        }
    }
    folders
}
