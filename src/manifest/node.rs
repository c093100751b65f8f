//! Node projects: npm, both yarns, pnpm and bun, with workspaces.

mod install;
mod lifecycle;
mod lock;
mod modules;
mod workspace;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::framework::Framework;
use super::json;
use super::project::{Ecosystem, EntryPoint, Project, Scope, Script};
use super::tree::{Tree, folder_of, in_folder};
use super::words::first_line;

pub(super) use self::modules::installs;

/// The packages of a context: what each folder's `package.json` holds.
type Packages = BTreeMap<String, Map<String, Value>>;

/// The Node projects of a context: each folder with a `package.json` is one.
pub(super) fn projects(tree: &mut Tree) -> Vec<Project> {
    let mut packages = Packages::new();
    for path in tree.wanted(|name| name == "package.json") {
        if let Some(package) = json::object(tree, path) {
            packages.insert(folder_of(path).to_string(), package);
        }
    }
    let mut out = Vec::new();
    for (root, package) in &packages {
        let mut project = described(tree, root, package);
        project.members = workspace::members(tree, root, &packages);
        for install in install::installs(tree, &project, &packages) {
            project.installs.push(Arc::new(install));
        }
        out.push(project.settle());
    }
    super::project::join_workspaces(&mut out);
    out
}

/// What the package itself says.
fn described(tree: &mut Tree, root: &str, package: &Map<String, Value>) -> Project {
    let mut project = Project::new(root, Ecosystem::Node);
    let path = in_folder(root, "package.json");
    project.name = json::text(package, "name").map(Into::into);
    project.manifests.push(path.clone());
    let engines = package.get("engines").and_then(|engines| engines.get("node"));
    let volta = package.get("volta").and_then(|volta| volta.get("node"));
    for version in [engines, volta].into_iter().flatten().filter_map(Value::as_str) {
        project.speaks(version, &path);
    }
    for name in [".nvmrc", ".node-version"] {
        let path = in_folder(root, name);
        if let Some(version) = tree.text(&path).and_then(first_line) {
            project.speaks(version, &path);
        }
    }
    for (key, scope) in [
        ("dependencies", Scope::Run),
        ("devDependencies", Scope::Dev),
        ("optionalDependencies", Scope::Optional),
        ("peerDependencies", Scope::Optional),
    ] {
        for (name, demand) in json::members(package, key) {
            project.depend(name, scope, demand.as_str());
        }
    }
    for (name, command) in json::members(package, "scripts") {
        if let Some(command) = command.as_str() {
            project.scripts.push(Script { name: name.into(), command: command.into() });
        }
    }
    entry_points(&mut project, package);
    for (name, is_folder) in tree.children(root) {
        if !is_folder {
            project.frameworks.extend(by_configuration(name));
        }
    }
    project
}

fn entry_points(project: &mut Project, package: &Map<String, Value>) {
    let own = project.name.clone().unwrap_or_default();
    let mut add = |name: &str, target: &Value| {
        if let Some(target) = target.as_str() {
            project.entry_points.push(EntryPoint { name: name.into(), target: target.into() });
        }
    };
    if let Some(main) = package.get("main") {
        add("", main);
    }
    match package.get("bin") {
        Some(Value::Object(programs)) => programs.iter().for_each(|(name, target)| add(name, target)),
        Some(target) => add(own.rsplit('/').next().unwrap_or_default(), target),
        None => {}
    }
}

/// The framework whose configuration file is called so.
fn by_configuration(name: &str) -> Option<Framework> {
    if name == "angular.json" {
        return Some(Framework::Angular);
    }
    if name == "nest-cli.json" {
        return Some(Framework::Nest);
    }
    let (stem, ending) = name.rsplit_once('.')?;
    if !matches!(ending, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts") {
        return None;
    }
    Some(match stem {
        "next.config" => Framework::Next,
        "vite.config" => Framework::Vite,
        "nuxt.config" => Framework::Nuxt,
        "astro.config" => Framework::Astro,
        "gatsby-config" => Framework::Gatsby,
        "remix.config" => Framework::Remix,
        "vue.config" => Framework::VueCli,
        _ => return None,
    })
}
