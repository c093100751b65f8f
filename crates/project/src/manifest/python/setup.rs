//! `setup.py`, `setup.cfg`, and projects that only pip's own build can install.

use super::requirement::{extras, normal, requirement};
use crate::manifest::closure::Closure;
use crate::manifest::project::{DependencyScope, GroupKind, Install, PackageGroup, Project, Tool};
use crate::manifest::toml_text::{self, TomlTable};
use crate::manifest::tree::{ManifestTree, resolve};
use crate::manifest::words::{quoted, without_comment};
use crate::text::path;

/// Reads what setuptools' own files say. A `setup.cfg` that only configures tools is none.
pub(super) fn read(tree: &mut ManifestTree, project: &mut Project) {
    let setup = path::child(&project.root, "setup.py");
    if tree.has(&setup) {
        project.manifests.push(setup);
    }
    let path = path::child(&project.root, "setup.cfg");
    let Some(text) = tree.text(&path) else { return };
    if !text.lines().any(|line| matches!(line.trim(), "[metadata]" | "[options]")) {
        return;
    }
    project.manifests.push(path.clone());
    let (mut section, mut key) = ("", "");
    for line in text.lines() {
        let indented = line.starts_with([' ', '\t']);
        let line = without_comment(line, "#");
        if line.is_empty() {
            continue;
        }
        let value = if indented {
            line
        } else if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            (section, key) = (name.trim(), "");
            continue;
        } else if let Some((name, value)) = line.split_once('=') {
            key = name.trim();
            value.trim()
        } else {
            continue;
        };
        setting(project, &path, section, key, value);
    }
}

fn setting(project: &mut Project, path: &str, section: &str, key: &str, value: &str) {
    match (section, key) {
        ("metadata", "name") if !value.is_empty() => project.name = Some(normal(value)),
        ("options", "python_requires") => project.speaks(value, path),
        ("options", "install_requires") => {
            if let Some((name, demand)) = requirement(value) {
                project.depend(&name, DependencyScope::Run, Some(demand));
                project.extras.extend(extras(value).map(|extra| (name.clone(), extra)));
            }
        }
        ("options.extras_require", _) => {
            if let Some((name, demand)) = requirement(value) {
                let group = PackageGroup { package: name.clone(), name: key.to_owned(), kind: GroupKind::Extra };
                project.groups.insert(group);
                project.depend(&name, DependencyScope::Optional, Some(demand));
            }
        }
        _ => {}
    }
}

/// `pip install .`: builds the project, so that it needs more than manifests.
pub(super) fn install(
    tree: &mut ManifestTree,
    project: &Project,
    manifest: &str,
    table: Option<&TomlTable>,
) -> Install {
    let mut closure = Closure::default();
    closure.take_there(tree, &project.root, &["setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "pip.conf"]);
    if let Some(table) = table {
        take_named_files(tree, &mut closure, &project.root, table);
    }
    let setup = path::child(&project.root, "setup.py");
    if let Some(text) = tree.text(&setup) {
        // Files that the program names: requirements, README, VERSION.
        for line in text.lines() {
            for word in quoted(without_comment(line, "#")) {
                let path = resolve(&project.root, word).ok().filter(|path| tree.has(path));
                if let Some(path) = path {
                    closure.add(path);
                }
            }
        }
        closure.open("`setup.py` is a program and may read any file");
    }
    closure.open("pip builds the project from its sources to install it");
    closure.install(Tool::Pip, manifest, None, None)
}

/// The files that `[project]` names and that building it reads.
fn take_named_files(tree: &ManifestTree, closure: &mut Closure, root: &str, table: &TomlTable) {
    for keys in [["project", "readme"], ["project", "license"]] {
        let Some(value) = toml_text::value(table, &keys) else { continue };
        let text = if keys[1] == "readme" { toml_text::text_or(value, "file") } else { None };
        let file = text.or_else(|| value.get("file").and_then(|file| file.get_ref().as_str()));
        if let Some(file) = file {
            closure.take(tree, root, file);
        }
    }
}
