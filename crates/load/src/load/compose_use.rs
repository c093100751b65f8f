//! Reads the scripts, pipelines and texts for people around compose files, for what they say of those.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::file::{display_path, read_source};
use super::recipes::may_build;
use crate::build::Reference;
use crate::data;
use crate::inputs::{ComposeUse, ScriptUse};
use crate::manifest::FileRole;
use crate::text::Source;

/// Folders above a compose file that are looked at.
const FOLDERS: usize = 6;

/// Files of a folder that are looked at.
const FILES: usize = 100;

/// Names in a folder that are looked at for folders of scripts.
const ENTRIES: usize = 1_000;

/// Bytes that one may have.
const LIMIT: u64 = 256 << 10;

/// Reads the texts of folders, each once.
pub(super) struct ComposeUseReader<'d> {
    disk: &'d Disk,
    /// Whether rules about deployments ask, which is about any image.
    is_asked_always: bool,
    /// The folder that was asked for, where rules about deployments ask.
    root: Option<PathBuf>,
    texts: BTreeMap<PathBuf, Vec<ScriptUse>>,
    /// The folders directly in a folder that are called after scripts.
    script_folders: BTreeMap<PathBuf, Vec<PathBuf>>,
}

impl<'d> ComposeUseReader<'d> {
    /// `for_deployments`: rules about deployments ask, which is about any image. `root`: the path that was asked for.
    pub(super) fn new(for_deployments: bool, root: &str, disk: &'d Disk) -> Self {
        let root = std::path::absolute(root).ok().filter(|root| for_deployments && root.is_dir());
        Self { disk, is_asked_always: for_deployments, root, texts: BTreeMap::new(), script_folders: BTreeMap::new() }
    }

    /// What the texts between a compose file and the top of its repository say of it, if a rule may ask.
    pub(super) fn read(&mut self, file: &Path, source: &Source) -> ComposeUse {
        if !self.is_asked_always && !source.text().lines().any(may_ask) {
            return ComposeUse::default();
        }
        let Ok(file) = std::path::absolute(file) else { return ComposeUse::default() };
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in file.ancestors().skip(1).take(FOLDERS) {
            folders.push(folder.to_owned());
            let known = self.script_folders.entry(folder.to_owned()).or_insert_with(|| script_folders(folder));
            folders.extend(known.iter().cloned());
            if self.disk.exists(&folder.join(".git")) {
                folders.push(folder.join(".github/workflows"));
                break;
            }
        }
        // Of a file that is in no repository, what was asked for belongs to it.
        if !folders.last().is_some_and(|last| last.ends_with(".github/workflows")) {
            let project_folder = file.parent().unwrap_or(&file);
            let root = self.root.as_deref().filter(|root| file.starts_with(root));
            folders.retain(|folder| folder.starts_with(root.unwrap_or(project_folder)));
            folders.extend(root.map(|root| root.join(".github/workflows")));
        }
        for folder in &folders {
            self.texts.entry(folder.clone()).or_insert_with(|| texts_of(folder));
        }
        let top = folders.iter().find(|folder| self.disk.exists(&folder.join(".git")));
        let texts = folders.iter().flat_map(|folder| &self.texts[folder]);
        let compose_use = ComposeUse::of(&display_path(&file), texts);
        let name = top.and_then(|top| top.file_name()).unwrap_or_default();
        ComposeUse { repository: name.to_string_lossy().into_owned(), ..compose_use }
    }
}

/// Whether a line names a version of the file's format, what only swarms read, a proxy, or an image without a
/// version.
fn may_ask(line: &str) -> bool {
    let line = line.trim();
    let image = line.strip_prefix("image:").map(str::trim);
    let has_version = |image: &str| {
        let tag = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
        tag.is_some_and(|(_, tag)| tag.contains(|c: char| c.is_ascii_digit() || c == '$'))
    };
    let is_of_swarms = line.starts_with("update_config:") || line.starts_with("rollback_config:");
    let is_proxy = image.is_some_and(|image| data::PROXY_IMAGES.contains(Reference::of(image).short_name()));
    is_of_swarms || is_proxy || line.starts_with("version:") || image.is_some_and(|image| !has_version(image))
}

/// The folders below a folder that are called after scripts.
fn script_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).take(ENTRIES);
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_of_scripts(path)).collect();
    folders.sort();
    folders
}

/// Whether a path is a folder that is called after scripts.
pub(super) fn is_of_scripts(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    FileRole::of_folder(&name) == Some(FileRole::Script) && path.symlink_metadata().is_ok_and(|entry| entry.is_dir())
}

fn texts_of(folder: &Path) -> Vec<ScriptUse> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let may_tell = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        may_build(path, &name) || !name.contains('.') || name.ends_with("ci.yml") || name.ends_with(".ps1")
    };
    let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|entry| entry.is_file());
    let wanted = paths.into_iter().filter(may_tell).filter(is_file).take(FILES);
    let sources = wanted.filter_map(|path| read_source(&path, LIMIT).ok());
    sources.map(|source| ScriptUse::of(source.name(), source.text())).collect()
}
