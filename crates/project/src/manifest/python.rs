//! Python projects: pip, uv, poetry, pdm and pipenv.

mod groups;
mod lock;
mod modules;
mod pyproject;
mod requirement;
mod requirements;
mod setup;
mod tool_tables;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::closure::Closure;
use super::file_kind::FileKind;
use super::project::{DependencyScope, Ecosystem, Install, Project, Tool};
use super::select::is_requirements;
use super::toml_text::{self, TomlTable};
use super::tree::{ManifestTree, is_installed};
use super::words::first_line;
use crate::text::path;

pub(super) use self::modules::installs;
pub use self::modules::{comes_compiled, has_wheels};
pub(super) use self::requirement::specifiers;
pub use self::requirement::{admits, normal};
pub use self::tool_tables::ToolTables;

/// More requirements files of one folder than these get no way to install of their own.
const MOST_REQUIREMENTS: usize = 32;

/// The Python projects of a context: each folder with a manifest is one, workspace members too.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let mut out = Vec::new();
    for root in roots(tree) {
        out.extend(project(tree, &root));
    }
    super::project::join_workspaces(&mut out);
    out
}

/// Folders with a manifest; requirements in a folder of that name belong to the folder around it.
fn roots(tree: &ManifestTree) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for path in tree.paths() {
        let folder = path::parent(path);
        let manifest = matches!(path::name(path), "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile");
        if (!manifest && !is_requirements(path)) || is_installed(path) {
            continue;
        }
        roots.insert(if manifest { folder } else { owner_of_requirements(folder) }.to_string());
    }
    roots
}

fn owner_of_requirements(folder: &str) -> &str {
    if matches!(path::name(folder), "requirements" | "reqs") { path::parent(folder) } else { folder }
}

fn project(tree: &mut ManifestTree, root: &str) -> Option<Project> {
    let mut project = Project::new(root, Ecosystem::Python);
    let pyproject = path::child(root, "pyproject.toml");
    let table = toml_text::table(tree, &pyproject);
    let described = table.as_ref().is_some_and(pyproject::describes_a_project);
    if let Some(table) = table.as_ref()
        && described
    {
        pyproject::read(tree, &mut project, &pyproject, table);
    }
    let pipfile = path::child(root, "Pipfile");
    let pipfile_table = toml_text::table(tree, &pipfile);
    if let Some(table) = &pipfile_table {
        read_pipfile(&mut project, &pipfile, table);
    }
    setup::read(tree, &mut project);
    let requirements = requirements_of(tree, root);
    project.manifests.extend(requirements.iter().cloned());
    if project.manifests.is_empty() {
        return None;
    }
    let table = if described { table } else { None };
    installs_of(tree, &mut project, table.as_ref(), pipfile_table.as_ref(), &requirements);
    let version_file = path::child(root, ".python-version");
    if let Some(version) = tree.text(&version_file).and_then(first_line) {
        project.speaks(version, &version_file);
    }
    project.modules = own_modules(tree, root);
    Some(project.normalise())
}

/// The ways to install, by precedence: what has a lock first.
fn installs_of(
    tree: &mut ManifestTree,
    project: &mut Project,
    table: Option<&TomlTable>,
    pipfile: Option<&TomlTable>,
    requirements: &[String],
) {
    let mut locks: Vec<String> = Vec::new();
    if let Some(table) = table {
        for (tool, lock) in [(Tool::Uv, "uv.lock"), (Tool::Poetry, "poetry.lock"), (Tool::Pdm, "pdm.lock")] {
            let lock = path::child(&project.root, lock);
            let has_lock = tree.has(&lock);
            if has_lock {
                locks.push(lock.clone());
            }
            if has_lock || pyproject::is_of(table, tool) {
                let lock = has_lock.then_some(lock);
                let install = pyproject::install(tree, project, table, tool, lock);
                project.installs.push(Arc::new(install));
            }
        }
    }
    if let Some(table) = pipfile {
        let lock = Some(path::child(&project.root, "Pipfile.lock")).filter(|lock| tree.has(lock));
        locks.extend(lock.clone());
        let install = install_pipenv(tree, project, table, lock);
        project.installs.push(Arc::new(install));
    }
    if let [first, others @ ..] = locks.as_slice() {
        for other in others {
            let tool = project.installs.first().map_or("", |install| install.tool.name());
            tree.unused(
                other,
                &format!("is next to `{}`: {tool} installs where no command says which", path::name(first)),
            );
        }
    }
    for path in requirements.iter().take(MOST_REQUIREMENTS) {
        let install = requirements::install(tree, project, path);
        project.installs.push(Arc::new(install));
    }
    if project.installs.is_empty()
        && let Some(manifest) = project.manifests.first().cloned()
    {
        let install = setup::install(tree, project, &manifest, table);
        project.installs.push(Arc::new(install));
    }
    // What has a lock comes first; the sort keeps the order otherwise.
    project.installs.sort_by_key(|install| install.lock.is_none() && install.tool != Tool::Pip);
}

/// Requirements files that can be installed, the main one first and those for development last.
fn requirements_of(tree: &ManifestTree, root: &str) -> Vec<String> {
    let mut out = Vec::new();
    for folder in ["", "requirements", "reqs"] {
        let folder = if folder.is_empty() { root.to_string() } else { path::child(root, folder) };
        for (name, is_folder) in tree.children(&folder) {
            let path = path::child(&folder, name);
            let constraints = name.contains("constraints");
            let owned = owner_of_requirements(&folder) == root;
            if !is_folder && owned && !constraints && name.ends_with(".txt") && is_requirements(&path) {
                out.push(path);
            }
        }
    }
    out.sort_by_key(|path| (requirements::scope_of(path), path::name(path) != "requirements.txt", path.len()));
    out
}

fn read_pipfile(project: &mut Project, path: &str, table: &TomlTable) {
    project.manifests.push(path.into());
    for (section, scope) in [("packages", DependencyScope::Run), ("dev-packages", DependencyScope::Dev)] {
        for (name, value) in toml_text::members(table, &[section]) {
            project.depend(&normal(name), scope, toml_text::text_or(value, "version"));
        }
    }
    for key in ["python_full_version", "python_version"] {
        if let Some(version) = toml_text::text(table, &["requires", key]) {
            project.speaks(version, path);
        }
    }
    for (name, value) in toml_text::members(table, &["scripts"]) {
        pyproject::add_script(project, name, value);
    }
}

fn install_pipenv(tree: &mut ManifestTree, project: &Project, table: &TomlTable, lock: Option<String>) -> Install {
    let mut closure = Closure::default();
    for section in ["packages", "dev-packages"] {
        for (_, value) in toml_text::members(table, &[section]) {
            for key in ["path", "file"] {
                let path = value.get(key).and_then(|value| value.get_ref().as_str());
                if let Some(path) = path.filter(|path| !path.contains("://")) {
                    closure.take(tree, &project.root, path);
                }
            }
        }
    }
    closure.take_there(tree, &project.root, &[".python-version"]);
    let locked = lock.as_deref().and_then(|lock| lock::pipenv(tree, lock));
    closure.install(Tool::Pipenv, &path::child(&project.root, "Pipfile"), lock, locked)
}

/// The first parts of module names in the folder and in `src` below it.
fn own_modules(tree: &ManifestTree, root: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for folder in [root.to_string(), path::child(root, "src")] {
        for (name, is_folder) in tree.children(&folder) {
            let inside = path::child(&folder, name);
            let is_source = |path: &str| FileKind::of(path).is_source_of(Ecosystem::Python);
            if is_source(name) {
                out.insert(FileKind::of(name).without_ending().to_string());
            } else if is_folder && tree.below(&inside).take(1000).any(is_source) {
                out.insert(name.to_string());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
