//! Python projects: pip, uv, poetry, pdm and pipenv.

mod lock;
mod modules;
mod pyproject;
mod requirements;
mod setup;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::closure::Closure;
use super::project::{Ecosystem, Install, Project, Scope, Tool};
use super::select::{is_installed, is_requirements};
use super::toml_text::{self, Table};
use super::tree::{Tree, folder_of, in_folder, name_of};
use super::words::first_line;

pub use self::modules::has_wheels;
pub(super) use self::modules::installs;

/// More requirements files of one folder than these get no way to install of their own.
const MOST_REQUIREMENTS: usize = 32;

/// The Python projects of a context: each folder with a manifest is one, workspace members too.
pub(super) fn projects(tree: &mut Tree) -> Vec<Project> {
    let mut out = Vec::new();
    for root in roots(tree) {
        out.extend(project(tree, &root));
    }
    super::project::join_workspaces(&mut out);
    out
}

/// Folders with a manifest; requirements in a folder of that name belong to the folder around it.
fn roots(tree: &Tree) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for path in tree.paths() {
        let folder = folder_of(path);
        let manifest = matches!(name_of(path), "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile");
        if (!manifest && !is_requirements(path)) || is_installed(path) {
            continue;
        }
        roots.insert(if manifest { folder } else { owner_of_requirements(folder) }.to_string());
    }
    roots
}

fn owner_of_requirements(folder: &str) -> &str {
    if matches!(name_of(folder), "requirements" | "reqs") { folder_of(folder) } else { folder }
}

fn project(tree: &mut Tree, root: &str) -> Option<Project> {
    let mut project = Project::new(root, Ecosystem::Python);
    let pyproject = in_folder(root, "pyproject.toml");
    let table = toml_text::table(tree, &pyproject);
    let described = table.as_ref().is_some_and(pyproject::describes_a_project);
    if let Some(table) = table.as_ref().filter(|_| described) {
        pyproject::read(tree, &mut project, &pyproject, table);
    }
    let pipfile = in_folder(root, "Pipfile");
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
    let table = table.filter(|_| described);
    installs_of(tree, &mut project, table.as_ref(), pipfile_table.as_ref(), &requirements);
    let version_file = in_folder(root, ".python-version");
    if let Some(version) = tree.text(&version_file).and_then(first_line) {
        project.speaks(version, &version_file);
    }
    project.modules = own_modules(tree, root);
    Some(project.settle())
}

/// The ways to install, by precedence: what has a lock first.
fn installs_of(
    tree: &mut Tree,
    project: &mut Project,
    table: Option<&Table>,
    pipfile: Option<&Table>,
    requirements: &[String],
) {
    let mut locks: Vec<String> = Vec::new();
    if let Some(table) = table {
        for (tool, lock) in [(Tool::Uv, "uv.lock"), (Tool::Poetry, "poetry.lock"), (Tool::Pdm, "pdm.lock")] {
            let lock = in_folder(&project.root, lock);
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
        let lock = Some(in_folder(&project.root, "Pipfile.lock")).filter(|lock| tree.has(lock));
        locks.extend(lock.clone());
        let install = install_pipenv(tree, project, table, lock);
        project.installs.push(Arc::new(install));
    }
    if let [first, others @ ..] = locks.as_slice() {
        for other in others {
            let tool = project.installs.first().map_or("", |install| install.tool.name());
            tree.problem(other, None, &format!("stands beside `{}`; {tool} is taken", name_of(first)));
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
fn requirements_of(tree: &Tree, root: &str) -> Vec<String> {
    let mut out = Vec::new();
    for folder in ["", "requirements", "reqs"] {
        let folder = if folder.is_empty() { root.to_string() } else { in_folder(root, folder) };
        for (name, is_folder) in tree.children(&folder) {
            let path = in_folder(&folder, name);
            let constraints = name.contains("constraints");
            let owned = owner_of_requirements(&folder) == root;
            if !is_folder && owned && !constraints && name.ends_with(".txt") && is_requirements(&path) {
                out.push(path);
            }
        }
    }
    out.sort_by_key(|path| (requirements::scope_of(path), name_of(path) != "requirements.txt", path.len()));
    out
}

fn read_pipfile(project: &mut Project, path: &str, table: &Table) {
    project.manifests.push(path.into());
    for (section, scope) in [("packages", Scope::Run), ("dev-packages", Scope::Dev)] {
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

fn install_pipenv(tree: &mut Tree, project: &Project, table: &Table, lock: Option<String>) -> Install {
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
    closure.install(Tool::Pipenv, &in_folder(&project.root, "Pipfile"), lock, locked)
}

/// The first parts of module names in the folder and in `src` below it.
fn own_modules(tree: &Tree, root: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for folder in [root.to_string(), in_folder(root, "src")] {
        for (name, is_folder) in tree.children(&folder) {
            let inside = in_folder(&folder, name);
            if let Some(module) = name.strip_suffix(".py") {
                out.insert(module.to_string());
            } else if is_folder && tree.below(&inside).take(1000).any(|path| path.ends_with(".py")) {
                out.insert(name.to_string());
            }
        }
    }
    out
}

/// The parts of a specifier, which stand in any order.
pub(super) fn specifiers(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = text.split(',').map(|part| part.split_whitespace().collect()).collect();
    parts.sort();
    parts
}

/// A distribution's name as PEP 503 compares it.
pub fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if !matches!(c, '-' | '_' | '.') {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out
}

/// Name and the rest of a PEP 508 requirement: `a[x]>=1; marker` gives `a` and `>=1`. `None` when it begins with no
/// name.
pub(super) fn requirement(text: &str) -> Option<(String, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let mut rest = text[end..].trim_start();
    if rest.starts_with('[') {
        rest = rest.split_once(']')?.1;
    }
    // ` ;` begins a marker; a `;` inside of a URL is not preceded by a blank.
    let marker = if rest.trim_start().starts_with('@') { " ;" } else { ";" };
    Some((normal(&text[..end]), rest.split(marker).next().unwrap_or_default().trim()))
}

#[cfg(test)]
mod tests;
