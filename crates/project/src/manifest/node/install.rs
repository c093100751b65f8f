//! The files that `npm ci` and its likes need.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::workspace::WorkspacePackages;
use super::{lifecycle, lock};
use crate::manifest::closure::Closure;
use crate::manifest::json;
use crate::manifest::project::{Install, Project, Tool};
use crate::manifest::tree::{ManifestTree, resolve};
use crate::text::{listed, path};

/// The lock files of each tool, in the order of preference when nothing else decides.
const LOCKS: [(Tool, &str); 6] = [
    (Tool::Npm, "package-lock.json"),
    (Tool::Npm, "npm-shrinkwrap.json"),
    (Tool::YarnClassic, "yarn.lock"),
    (Tool::Pnpm, "pnpm-lock.yaml"),
    (Tool::Bun, "bun.lock"),
    (Tool::Bun, "bun.lockb"),
];

/// The ways to install, one per lock file; `packageManager` says which comes first.
pub(super) fn installs(tree: &mut ManifestTree, project: &Project, packages: &WorkspacePackages) -> Vec<Install> {
    let Some(package) = packages.get(&project.root) else { return Vec::new() };
    let wanted = json::text(package, "packageManager").and_then(tool_of);
    let mut managers: Vec<(Tool, Option<String>)> = Vec::new();
    for (tool, name) in LOCKS {
        let path = path::child(&project.root, name);
        let tool = if tool == Tool::YarnClassic { yarn(tree, &project.root, wanted) } else { tool };
        if tree.has(&path) && managers.iter().all(|(other, _)| *other != tool) {
            managers.push((tool, Some(path)));
        }
    }
    if let [(_, Some(_)), (_, Some(other)), ..] = managers.as_slice() {
        let manager = managers.iter().find(|(tool, _)| Some(*tool) == wanted).unwrap_or(&managers[0]);
        let first = manager.1.clone().unwrap_or_default();
        let other = if *other == first { managers[0].1.clone().unwrap_or_default() } else { other.clone() };
        let message =
            format!("is next to `{}`: {} installs where no command says which", path::name(&first), manager.0.name());
        tree.unused(&other, &message);
    }
    if managers.is_empty() {
        managers.push((wanted.unwrap_or(Tool::Npm), None));
    }
    managers.sort_by_key(|(tool, _)| wanted.is_some_and(|wanted| wanted != *tool));
    managers.into_iter().map(|(tool, lock)| install(tree, project, packages, tool, lock)).collect()
}

/// The tool of `pnpm@8.6.0+sha…`.
fn tool_of(text: &str) -> Option<Tool> {
    let (name, version) = text.split_once('@').unwrap_or((text, ""));
    Some(match name {
        "npm" => Tool::Npm,
        "yarn" if version.starts_with("1.") => Tool::YarnClassic,
        "yarn" => Tool::YarnBerry,
        "pnpm" => Tool::Pnpm,
        "bun" => Tool::Bun,
        _ => return None,
    })
}

/// Which yarn: the lock's own form tells, then its settings file.
fn yarn(tree: &mut ManifestTree, root: &str, wanted: Option<Tool>) -> Tool {
    let lock = path::child(root, "yarn.lock");
    if let Some(text) = tree.has(&lock).then(|| tree.text(&lock)).flatten() {
        if text.lines().any(|line| line == "__metadata:") {
            return Tool::YarnBerry;
        }
        if text.contains("# yarn lockfile v1") {
            return Tool::YarnClassic;
        }
    }
    let berry = tree.has(&path::child(root, ".yarnrc.yml")) || wanted == Some(Tool::YarnBerry);
    if berry { Tool::YarnBerry } else { Tool::YarnClassic }
}

fn install(
    tree: &mut ManifestTree,
    project: &Project,
    packages: &WorkspacePackages,
    tool: Tool,
    lock: Option<String>,
) -> Install {
    let root = project.root.as_str();
    let mut closure = Closure::default();
    closure.take_there(tree, root, settings(tool));
    let mut run = BTreeSet::new();
    for folder in std::iter::once(&project.root).chain(&project.members) {
        let Some(package) = packages.get(folder) else { continue };
        closure.add(path::child(folder, "package.json"));
        for key in ["dependencies", "optionalDependencies", "peerDependencies"] {
            run.extend(json::members(package, key).map(|(name, _)| name.to_string()));
        }
        take_local(tree, &mut closure, tool, folder, package);
        lifecycle::take(tree, &mut closure, folder, package);
        let generates = |key| json::members(package, key).any(|(name, _)| name == "@prisma/client");
        if ["dependencies", "devDependencies"].into_iter().any(generates) {
            lifecycle::take_schema(tree, &mut closure, folder, package);
        }
    }
    let direct = packages.get(root).map(direct).unwrap_or_default();
    let locked = lock.as_deref().and_then(|lock| lock::read(tree, tool, lock, run, &direct));
    if let (Some(locked), Some(lock), Some(package)) =
        (&locked, &lock, if tool == Tool::Npm { packages.get(root) } else { None })
    {
        let members = ["dependencies", "devDependencies"].iter().flat_map(|key| json::members(package, key));
        let missing = members.filter(|(name, _)| !locked.packages.contains_key(*name));
        let missing: Vec<&str> = missing.map(|(name, _)| name).collect();
        if !missing.is_empty() {
            let (lock_name, names) = (path::name(lock), listed(&missing));
            tree.problem(lock, None, &format!("`{lock_name}` lacks {names} from `package.json`, so `npm ci` fails"));
        }
    }
    let pinned = packages.get(root).and_then(|package| json::text(package, "packageManager")).map(str::to_owned);
    Install { pinned, ..closure.install(tool, &path::child(root, "package.json"), lock, locked) }
}

/// What the package asks for, by name.
fn direct(package: &Map<String, Value>) -> BTreeMap<String, String> {
    let sections = ["dependencies", "devDependencies", "optionalDependencies"];
    let members = sections.iter().flat_map(|key| json::members(package, key));
    members.filter_map(|(name, demand)| Some((name.to_string(), demand.as_str()?.to_string()))).collect()
}

/// Settings and programs that the tool reads beside the manifests. `.yarn/cache` is the whole zero-install store.
fn settings(tool: Tool) -> &'static [&'static str] {
    match tool {
        Tool::YarnClassic => &[".npmrc", ".yarnrc", ".yarn/releases"],
        Tool::YarnBerry => &[
            ".yarnrc.yml",
            ".yarn/releases",
            ".yarn/plugins",
            ".yarn/patches",
            ".yarn/cache",
            ".yarn/sdks",
            ".pnp.cjs",
            ".pnp.loader.mjs",
        ],
        Tool::Pnpm => &[".npmrc", "pnpm-workspace.yaml", ".pnpmfile.cjs", "patches"],
        Tool::Bun => &[".npmrc", "bunfig.toml"],
        _ => &[".npmrc"],
    }
}

/// Takes `file:`, `link:` and `portal:` dependencies and patches of the package in `folder`.
fn take_local(tree: &ManifestTree, closure: &mut Closure, tool: Tool, folder: &str, package: &Map<String, Value>) {
    for key in ["dependencies", "devDependencies", "optionalDependencies", "resolutions", "overrides"] {
        for demand in json::members(package, key).filter_map(|(_, demand)| demand.as_str()) {
            if demand.starts_with("patch:")
                && let Some((_, patch)) = demand.split_once('#')
            {
                // `~/` is the project's root in yarn.
                let patch = patch.trim_start_matches("~/").split("::").next().unwrap_or_default();
                if !patch.starts_with("optional!builtin") && !patch.starts_with("~builtin") {
                    closure.take(tree, folder, patch);
                }
                continue;
            }
            for (scheme, linked) in [("file:", tool == Tool::Npm), ("link:", true), ("portal:", true)] {
                if let Some(path) = demand.strip_prefix(scheme) {
                    take_package(tree, closure, folder, path, linked);
                }
            }
        }
    }
    for key in ["pnpm", "bun"] {
        let settings = package.get(key).and_then(Value::as_object);
        let patches = settings.into_iter().flat_map(|settings| json::members(settings, "patchedDependencies"));
        for patch in patches.filter_map(|(_, patch)| patch.as_str()) {
            closure.take(tree, folder, patch);
        }
    }
    for (_, patch) in json::members(package, "patchedDependencies") {
        if let Some(patch) = patch.as_str() {
            closure.take(tree, folder, patch);
        }
    }
}

/// A package by its path: an archive, a folder that is only linked (its manifest is read), or one that is copied.
fn take_package(tree: &ManifestTree, closure: &mut Closure, folder: &str, path: &str, linked: bool) {
    let manifest = resolve(folder, &format!("{path}/package.json")).ok().filter(|path| tree.has(path));
    match manifest {
        Some(manifest) if linked => closure.add(manifest),
        _ => _ = closure.take(tree, folder, path),
    }
}
