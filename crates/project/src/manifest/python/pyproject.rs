//! `pyproject.toml`: `[project]`, and the tables of uv, poetry and pdm.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::groups::read_groups;
use super::lock;
use super::requirement::{extras, normal, requirement};
use crate::data;
use crate::manifest::closure::Closure;
use crate::manifest::project::{DependencyScope, EntryPoint, Install, ManifestScript, Project, Tool};
use crate::manifest::toml_text::{self, TomlTable};
use crate::manifest::tree::{ManifestTree, resolve};
use crate::manifest::wildcard::Patterns;
use crate::text::path;

/// Whether the file is about a project, not only about linters.
pub(super) fn describes_a_project(table: &TomlTable) -> bool {
    let has_key = |keys: &[&str]| toml_text::value(table, keys).is_some();
    has_key(&["project"])
        || has_key(&["build-system"])
        || has_key(&["dependency-groups"])
        || has_key(&["tool", "poetry"])
        || has_key(&["tool", "pdm"])
        || has_key(&["tool", "uv"])
}

/// Whether the file is written for the tool.
pub(super) fn is_of(table: &TomlTable, tool: Tool) -> bool {
    let key = tool.name();
    let backend = toml_text::text(table, &["build-system", "build-backend"]).unwrap_or_default();
    toml_text::value(table, &["tool", key]).is_some()
        || (tool == Tool::Uv && backend.starts_with("uv_build"))
        || (tool == Tool::Pdm && backend.starts_with("pdm."))
        || (tool == Tool::Poetry && backend.starts_with("poetry."))
}

/// Reads names, dependencies, scripts and workspace members.
pub(super) fn read(tree: &ManifestTree, project: &mut Project, path: &str, table: &TomlTable) {
    project.manifests.push(path.into());
    let name =
        toml_text::text(table, &["project", "name"]).or_else(|| toml_text::text(table, &["tool", "poetry", "name"]));
    project.name = name.map(normal);
    if let Some(version) = toml_text::text(table, &["project", "requires-python"]) {
        project.speaks(version, path);
    }
    for text in toml_text::texts(table, &["project", "dependencies"]) {
        depend(project, text, DependencyScope::Run);
    }
    for (_, list) in toml_text::members(table, &["project", "optional-dependencies"]) {
        depend_all(project, list, DependencyScope::Optional);
    }
    for (name, list) in toml_text::members(table, &["dependency-groups"]) {
        let is_run = data::DEPENDENCY_GROUPS.has(name, "run");
        depend_all(project, list, if is_run { DependencyScope::Run } else { DependencyScope::Dev });
    }
    for (_, list) in toml_text::members(table, &["tool", "pdm", "dev-dependencies"]) {
        depend_all(project, list, DependencyScope::Dev);
    }
    for text in toml_text::texts(table, &["tool", "uv", "dev-dependencies"]) {
        depend(project, text, DependencyScope::Dev);
    }
    read_poetry(project, path, table);
    for keys in [["project", "scripts"].as_slice(), &["project", "gui-scripts"], &["tool", "poetry", "scripts"]] {
        for (name, value) in toml_text::members(table, keys) {
            let target = toml_text::text_or(value, "reference").or_else(|| toml_text::text_or(value, "callable"));
            let target = target.unwrap_or_default().to_string();
            project.entry_points.push(EntryPoint { name: name.into(), target });
        }
    }
    for (name, value) in toml_text::members(table, &["tool", "pdm", "scripts"]) {
        add_script(project, name, value);
    }
    read_groups(project, table);
    project.members = members(tree, &project.root, table);
    project.is_package = is_package(table);
}

/// Whether the tools install the project itself, and not only what it needs: their own setting tells, else whether it can
/// be built.
fn is_package(table: &TomlTable) -> bool {
    let keys = [["tool", "uv", "package"], ["tool", "poetry", "package-mode"], ["tool", "pdm", "distribution"]];
    let is_package = keys.iter().find_map(|keys| toml_text::value(table, keys)?.as_bool());
    let has_key = |keys: &[&str]| toml_text::value(table, keys).is_some();
    is_package.unwrap_or_else(|| has_key(&["build-system"]) || has_key(&["tool", "poetry", "name"]))
}

fn read_poetry(project: &mut Project, path: &str, table: &TomlTable) {
    let mut sections = vec![(vec!["tool", "poetry", "dependencies"], DependencyScope::Run)];
    sections.push((vec!["tool", "poetry", "dev-dependencies"], DependencyScope::Dev));
    for (group, value) in toml_text::members(table, &["tool", "poetry", "group"]) {
        let optional = value.get("optional").and_then(|value| value.get_ref().as_bool()) == Some(true);
        let scope = if optional { DependencyScope::Optional } else { DependencyScope::Dev };
        let scope = if group == "main" { DependencyScope::Run } else { scope };
        sections.push((vec!["tool", "poetry", "group", group, "dependencies"], scope));
    }
    for (keys, scope) in sections {
        for (name, value) in toml_text::members(table, &keys) {
            let demand = toml_text::text_or(value, "version");
            if name == "python" {
                project.speaks(demand.unwrap_or_default(), path);
                continue;
            }
            let optional = value.get("optional").and_then(|value| value.get_ref().as_bool()) == Some(true);
            project.depend(&normal(name), if optional { DependencyScope::Optional } else { scope }, demand);
        }
    }
}

/// Adds a script that stands as a text or as a table with `cmd`, `shell` or `call`.
pub(super) fn add_script(project: &mut Project, name: &str, value: &DeValue) {
    let commands = ["cmd", "shell", "call"].iter().find_map(|key| toml_text::text_or(value, key));
    if let Some(command) = commands {
        project.scripts.push(ManifestScript { name: name.into(), command: command.into() });
    }
}

fn depend(project: &mut Project, text: &str, scope: DependencyScope) {
    if let Some((name, demand)) = requirement(text) {
        project.depend(&name, scope, Some(demand));
        project.extras.extend(extras(text).map(|extra| (name.clone(), extra)));
    }
}

fn depend_all(project: &mut Project, list: &DeValue, scope: DependencyScope) {
    for text in toml_text::items(Some(list)).filter_map(DeValue::as_str) {
        // pdm writes editable ones as pip does.
        depend(project, text.strip_prefix("-e ").unwrap_or(text), scope);
    }
}

/// The folders of a uv workspace's members, without the root itself.
fn members(tree: &ManifestTree, root: &str, table: &TomlTable) -> Vec<String> {
    let patterns = |key| Patterns::new(toml_text::texts(table, &["tool", "uv", "workspace", key]));
    let (with, without) = (patterns("members"), patterns("exclude"));
    folders_with(tree, root, "pyproject.toml")
        .filter(|(_, inside)| with.matches(inside) && !without.matches(inside))
        .map(|(folder, _)| folder.to_string())
        .collect()
}

/// Folders below `root` that hold a file called `name`, with their path seen from `root`.
fn folders_with<'t>(tree: &'t ManifestTree, root: &'t str, name: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let paths = tree.below(root).filter(move |path| path::name(path) == name).map(path::parent);
    paths
        .filter(move |folder| *folder != root && !crate::manifest::tree::is_installed(&format!("{folder}/x")))
        .map(move |folder| (folder, folder.strip_prefix(root).unwrap_or(folder).trim_start_matches('/')))
}

/// The way to install with one of the three tools, without the project itself (`--no-install-project`, `--no-root`,
/// `--no-self`).
pub(super) fn install(
    tree: &mut ManifestTree,
    project: &Project,
    table: &TomlTable,
    tool: Tool,
    lock: Option<String>,
) -> Install {
    let root = project.root.as_str();
    let mut closure = Closure::default();
    closure.take_there(tree, root, &[".python-version"]);
    match tool {
        Tool::Uv => closure.take_there(tree, root, &["uv.toml"]),
        Tool::Poetry => closure.take_there(tree, root, &["poetry.toml"]),
        _ => closure.take_there(tree, root, &["pdm.toml", ".pdm.toml"]),
    }
    take_paths(tree, &mut closure, project, root, table);
    for member in &project.members {
        let path = path::child(member, "pyproject.toml");
        closure.add(path.as_str());
        if let Some(table) = toml_text::table(tree, &path) {
            take_paths(tree, &mut closure, project, member, &table);
        }
    }
    let locked = lock.as_deref().and_then(|lock| match tool {
        Tool::Uv => lock::uv(tree, lock, table),
        Tool::Poetry => lock::grouped(tree, lock, project, "main", &dev_groups(table)),
        _ => lock::grouped(tree, lock, project, "default", &dev_groups(table)),
    });
    closure.install(tool, &path::child(root, "pyproject.toml"), lock, locked)
}

/// The names of the groups for development.
fn dev_groups(table: &TomlTable) -> BTreeSet<String> {
    let mut out = BTreeSet::from(["dev".to_string()]);
    for keys in [["dependency-groups"].as_slice(), &["tool", "pdm", "dev-dependencies"], &["tool", "poetry", "group"]] {
        out.extend(toml_text::members(table, keys).map(|(name, _)| name.to_string()));
    }
    out.remove("main");
    out
}

/// Takes the path dependencies of the file in `folder`: those that are built are needed whole.
fn take_paths(tree: &ManifestTree, closure: &mut Closure, project: &Project, folder: &str, table: &TomlTable) {
    let mut paths: Vec<&str> = Vec::new();
    let mut sections = vec![vec!["tool", "uv", "sources"], vec!["tool", "poetry", "dependencies"]];
    sections.push(vec!["tool", "poetry", "dev-dependencies"]);
    for (group, _) in toml_text::members(table, &["tool", "poetry", "group"]) {
        sections.push(vec!["tool", "poetry", "group", group, "dependencies"]);
    }
    for keys in sections {
        for (_, value) in toml_text::members(table, &keys) {
            // uv: one source, or a list of them with markers.
            for value in std::iter::once(value).chain(toml_text::items(Some(value))) {
                paths.extend(value.get("path").and_then(|path| path.get_ref().as_str()));
            }
        }
    }
    for path in paths {
        let is_member = resolve(folder, path).is_ok_and(|path| project.members.contains(&path) || path == project.root);
        if !is_member {
            closure.take(tree, folder, path);
        }
    }
    let lists = ["project", "dependency-groups"].map(|key| toml_text::value(table, &[key]));
    for text in lists.into_iter().flatten().flat_map(|table| file_urls(table)) {
        closure.take(tree, folder, text);
    }
}

/// The paths of `name @ file:…` and `-e file:…` requirements (pdm writes `${PROJECT_ROOT}`).
fn file_urls<'t>(table: &'t DeValue) -> Vec<&'t str> {
    let mut out = Vec::new();
    let lists = table.as_table().into_iter().flatten().map(|(_, value)| value.get_ref());
    for list in lists {
        for text in toml_text::items(Some(list)).filter_map(DeValue::as_str) {
            let Some((_, path)) = text.split_once("file:") else { continue };
            let path = path.trim_start_matches('/').trim_start_matches("${PROJECT_ROOT}/");
            out.extend(path.split(['#', ' ']).next());
        }
    }
    out
}
