//! Composer projects.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::closure::Closure;
use super::json;
use super::locked::{LockEntry, LockedPackages};
use super::project::{DependencyScope, Ecosystem, EntryPoint, ManifestScript, Project, Tool};
use super::tree::{ManifestTree, is_installed};
use super::wildcard::{Patterns, is_pattern};
use crate::text::path;

/// Events whose scripts an install runs.
const RUN: [&str; 6] = [
    "pre-install-cmd",
    "post-install-cmd",
    "pre-autoload-dump",
    "post-autoload-dump",
    "post-root-package-install",
    "pre-operations-exec",
];

/// The PHP projects of a context: each folder with a `composer.json` is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let files = tree.paths_where(|name| name == "composer.json");
    files.into_iter().filter_map(|path| project(tree, path)).collect()
}

fn project(tree: &mut ManifestTree, path: &str) -> Option<Project> {
    let package = json::object(tree, path)?;
    let root = path::parent(path);
    let mut project = Project::new(root, Ecosystem::Php);
    project.manifests.push(path.into());
    project.name = json::text(&package, "name").map(Into::into);
    for (key, scope) in [("require", DependencyScope::Run), ("require-dev", DependencyScope::Dev)] {
        for (name, demand) in json::members(&package, key) {
            let demand = demand.as_str();
            match name {
                "php" => project.speaks(demand.unwrap_or_default(), path),
                name => project.depend(&name.to_lowercase(), scope, demand),
            }
        }
    }
    for (name, commands) in json::members(&package, "scripts") {
        let lines: Vec<&str> = commands.as_str().into_iter().chain(json::texts(Some(commands))).collect();
        project.scripts.push(ManifestScript { name: name.into(), command: lines.join(" && ") });
    }
    let bin = package.get("bin");
    for target in bin.and_then(Value::as_str).into_iter().chain(json::texts(bin)) {
        let name = path::name(target).into();
        project.entry_points.push(EntryPoint { name, target: target.into() });
    }
    let closure = closure(tree, root, &package);
    let lock = Some(path::child(root, "composer.lock")).filter(|lock| tree.has(lock));
    let locked = lock.as_deref().and_then(|lock| locked(tree, lock));
    project.installs.push(Arc::new(closure.install(Tool::Composer, path, lock, locked)));
    Some(project.normalise())
}

fn closure(tree: &ManifestTree, root: &str, package: &Map<String, Value>) -> Closure {
    let mut closure = Closure::default();
    closure.take_there(tree, root, &["symfony.lock"]);
    let repositories = package.get("repositories");
    let list = repositories.and_then(Value::as_array).into_iter().flatten();
    let map = repositories.and_then(Value::as_object).into_iter().flat_map(|map| map.values());
    let mut urls = Vec::new();
    for repository in list.chain(map) {
        let text = |key| repository.get(key).and_then(Value::as_str);
        if matches!(text("type"), Some("path" | "artifact")) {
            urls.extend(text("url"));
        }
    }
    take_repositories(tree, &mut closure, root, &urls);
    let patches = package.get("extra").and_then(|extra| extra.get("patches")).and_then(Value::as_object);
    for patch in patches.into_iter().flatten().flat_map(|(_, patches)| patches.as_object().into_iter().flatten()) {
        if let Some(path) = patch.1.as_str().filter(|path| !path.contains("://")) {
            closure.take(tree, root, path);
        }
    }
    for (name, _) in json::members(package, "scripts").filter(|(name, _)| RUN.contains(name)) {
        closure.open_unless("--no-scripts", &format!("script `{name}` runs"));
    }
    for key in ["autoload", "autoload-dev"] {
        let autoload = package.get(key).and_then(Value::as_object);
        for kind in ["classmap", "files"] {
            if autoload.is_some_and(|autoload| autoload.contains_key(kind)) {
                closure.open_unless("--no-autoloader", &format!("`{key}` lists `{kind}`, which is read"));
            }
        }
    }
    closure
}

/// A path repository may have wildcards: every folder that matches is taken.
fn take_repositories(tree: &ManifestTree, closure: &mut Closure, root: &str, urls: &[&str]) {
    let (patterns, plain): (Vec<&str>, Vec<&str>) = urls.iter().partition(|url| is_pattern(url));
    for url in plain {
        closure.take(tree, root, url);
    }
    if patterns.is_empty() {
        return;
    }
    let patterns = Patterns::new(patterns);
    for path in tree.below(root).filter(|path| path.ends_with("/composer.json") && !is_installed(path)) {
        let folder = path::parent(path);
        let inside = folder.strip_prefix(root).unwrap_or(folder).trim_start_matches('/');
        if patterns.matches(inside) {
            closure.take(tree, "", folder);
        }
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<LockPackage>,
    #[serde(default, rename = "packages-dev")]
    dev: Option<Vec<LockPackage>>,
}

#[derive(Deserialize)]
struct LockPackage {
    name: String,
    version: Option<String>,
}

fn locked(tree: &mut ManifestTree, path: &str) -> Option<LockedPackages> {
    let text = tree.text(path)?;
    let lock: Lock = json::read(tree, path, text)?;
    let run = lock.packages.into_iter().map(|package| (package, false));
    let dev = lock.dev.unwrap_or_default().into_iter().map(|package| (package, true));
    let entries = run.chain(dev).map(|(package, dev)| LockEntry {
        name: package.name.to_lowercase(),
        version: package.version,
        dev_only: Some(dev),
        ..LockEntry::default()
    });
    Some(LockedPackages::new(entries.collect(), None))
}

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn packages_and_paths() {
        check(
            r#"
-- composer.json --
{"name": "acme/shop", "require": {"php": "^8.2", "ext-intl": "*", "Laravel/Framework": "^11"}, "require-dev": {"phpunit/phpunit": "^11"},
 "repositories": [{"type": "path", "url": "packages/*"}], "autoload": {"files": ["a.php"]},
 "scripts": {"post-autoload-dump": ["@php artisan"], "test": "phpunit"}, "bin": ["bin/shop"]}
-- packages/one/composer.json --
{"name": "acme/one"}
-- vendor/x/y/composer.json --
{}
-- composer.lock --
{"packages": [{"name": "laravel/framework", "version": "v11.0.0"}], "packages-dev": null}
"#,
            "
            [] PHP acme/shop
            language: ^8.2
            uses: Laravel
            needs: ext-intl, laravel/framework=v11.0.0, dev phpunit/phpunit
            scripts: post-autoload-dump, test
            programs: shop=bin/shop
            composer 1: composer.json composer.lock
            folders: packages/one
            open: `autoload` lists `files`, which is read unless `--no-autoloader` is used
            open: script `post-autoload-dump` runs unless `--no-scripts` is used
            [packages/one] PHP acme/one
            composer -: packages/one/composer.json
            ",
        );
    }
}
