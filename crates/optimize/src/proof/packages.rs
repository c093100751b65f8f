//! Compares installed packages, whatever their path: every package of the original must be in the rewrite, unless only
//! the build or development needs it.

use super::difference::ImageDifference;
use super::explanation::Explanation;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::check::{Check, Observation};
use super::declared_config::DeclaredConfig;
use super::image_side::ImageSide;
use crate::data;
use crate::image::packages::{BundledModule, Ecosystem, ImagePackages, Package};
use crate::image::{EntryKind, PathId};
use crate::manifest;
use crate::text::path;

/// An ecosystem, a name as it compares them, a version.
type Key = (Ecosystem, String, String);

/// Compares what is installed.
pub(super) fn check(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> Check {
    let mut seen = Observation::default();
    let environments = environments(before, declared);
    let (old, new) = (listed(before, &environments), listed(after, &[]));
    let lost: Vec<(&Key, u32)> =
        old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(key, at)| (key, *at)).collect();
    let reached = reached(&before.packages, &old, &new, declared);
    let mut explained: BTreeMap<Explanation, Vec<String>> = BTreeMap::new();
    for (key, at) in lost {
        let other = new.keys().find(|other| (other.0, &other.1) == (key.0, &key.1));
        match (why_gone(before, after, declared, &reached, key, at), other) {
            (Some(why), _) => explained.entry(why).or_default().push(key.1.clone()),
            (None, Some(other)) => seen.fail(ImageDifference::PackageVersion {
                name: key.1.clone(),
                after: other.2.clone(),
                before: key.2.clone(),
            }),
            (None, None) => seen.fail(ImageDifference::PackageMissing {
                name: key.1.clone(),
                version: key.2.clone(),
                ecosystem: key.0.name().to_owned(),
            }),
        }
    }
    for (why, mut names) in explained {
        names.dedup();
        let (count, listed_names) = (names.len(), names.iter().take(8).cloned().collect::<Vec<_>>().join(", "));
        let more = if count > 8 { format!(" and {} more", count - 8) } else { String::new() };
        seen.explain(ImageDifference::Removed { names: format!("{listed_names}{more}"), explanation: why });
    }
    if !environments.is_empty() {
        let named = environments.iter().map(|folder| format!("`{folder}`")).collect::<Vec<_>>().join(", ");
        seen.explain(ImageDifference::ContextEnvironment { folders: named });
    }
    contents((before, &environments), after, (&old, &new), declared, &mut seen);
    built(before, after, &mut seen);
    let kept_count = old.keys().filter(|key| new.contains_key(*key)).count();
    seen.explain(ImageDifference::SamePackages { count: kept_count.to_string() });
    seen.check("packages")
}

/// Environments of Python that the original copied from the build context and starts nothing of, and that the rewrite
/// keeps out: some developer's.
fn environments(before: &ImageSide, declared: &DeclaredConfig) -> Vec<String> {
    let kept_out = declared.brought.iter().filter(|(_, path)| declared.ignored.contains(*path));
    let folders = kept_out.filter_map(|(place, _)| place.strip_suffix("/pyvenv.cfg"));
    let config = before.config();
    let words = config.env.iter().map(|(_, value)| value).chain(config.entrypoint.iter().chain(&config.cmd).flatten());
    let words: Vec<&String> = words.collect();
    folders.filter(|folder| !words.iter().any(|word| word.contains(*folder))).map(str::to_owned).collect()
}

fn is_in(folders: &[String], path: &str) -> bool {
    folders.iter().any(|folder| path::is_below(path, folder))
}

/// Distributions of languages that a distribution's manager did not install, but those in folders that count for nothing.
fn listed(side: &ImageSide, aside: &[String]) -> BTreeMap<Key, u32> {
    let packages = &side.packages.packages;
    let mut listed = BTreeMap::new();
    for (at, package) in (0..).zip(packages) {
        let in_system = package
            .part_of
            .and_then(|owner| packages.get(owner as usize))
            .is_some_and(|owner| owner.ecosystem.is_system());
        let place = side.text(package.place);
        let is_own = package.ecosystem == Ecosystem::Node && !place.contains("/node_modules/");
        let built = matches!(package.ecosystem, Ecosystem::Go | Ecosystem::Rust | Ecosystem::Java);
        if !package.ecosystem.is_system()
            && !in_system
            && !is_own
            && !built
            && !is_of_npm(&place)
            && !is_vendored(&place)
            && !is_cached(&place)
            && !is_in(aside, &place)
        {
            listed.entry(key(package)).or_insert(at);
        }
    }
    listed
}

/// Whether it is of npm itself, which brings packages of the same names as programs use, with fewer files.
fn is_of_npm(path: &str) -> bool {
    path.contains("lib/node_modules/npm/")
}

/// Whether another distribution of Python brings it as a part of itself: `setuptools/_vendor/zipp-3.23.0.dist-info`. It goes
/// and stays with that one, whose files are compared.
fn is_vendored(path: &str) -> bool {
    path.contains("-packages/") && path.contains("/_vendor/")
}

/// Whether it lies unpacked in what a package manager keeps to install from, where no program looks for it.
fn is_cached(path: &str) -> bool {
    data::FOLDER_NAMES.with("cached").any(|folder| path::has_folders(path, folder))
}

fn key(package: &Package) -> Key {
    let name = match package.ecosystem {
        Ecosystem::Python => manifest::python_name(&package.name),
        _ => package.name.to_string(),
    };
    (package.ecosystem, name, package.version.to_string())
}

fn language(ecosystem: Ecosystem) -> Option<manifest::Ecosystem> {
    Some(match ecosystem {
        Ecosystem::Python => manifest::Ecosystem::Python,
        Ecosystem::Node => manifest::Ecosystem::Node,
        Ecosystem::Ruby => manifest::Ecosystem::Ruby,
        Ecosystem::Php => manifest::Ecosystem::Php,
        Ecosystem::Go => manifest::Ecosystem::Go,
        Ecosystem::Rust => manifest::Ecosystem::Rust,
        Ecosystem::Java => manifest::Ecosystem::Java,
        _ => return None,
    })
}

/// What is reached from some packages of the original.
struct ReachablePackages {
    /// From those that the rewrite has, and those that manifests want at run time.
    shipped: BTreeSet<u32>,
    /// From those that only development wants.
    development: BTreeSet<u32>,
    /// From tools that install.
    tools: BTreeSet<u32>,
}

fn reached(
    packages: &ImagePackages,
    old: &BTreeMap<Key, u32>,
    new: &BTreeMap<Key, u32>,
    declared: &DeclaredConfig,
) -> ReachablePackages {
    let (mut shipped, mut development, mut tools) = (Vec::new(), Vec::new(), Vec::new());
    for (key, &at) in old {
        let wanted = language(key.0).and_then(|language| declared.dependencies.get(&(language, key.1.clone())));
        match wanted {
            Some(true) => shipped.push(at),
            Some(false) => development.push(at),
            None if new.contains_key(key) => shipped.push(at),
            None => {}
        }
        if is_tool(&key.1) && wanted != Some(&true) {
            tools.push(at);
        }
    }
    let all = &packages.packages;
    ReachablePackages {
        shipped: closure(all, shipped),
        development: closure(all, development),
        tools: closure(all, tools),
    }
}

fn closure(packages: &[Package], mut todo: Vec<u32>) -> BTreeSet<u32> {
    let mut reached = BTreeSet::new();
    while let Some(at) = todo.pop() {
        if reached.insert(at)
            && let Some(package) = packages.get(at as usize)
        {
            todo.extend(&package.needs);
        }
    }
    reached
}

fn why_gone(
    before: &ImageSide,
    after: &ImageSide,
    declared: &DeclaredConfig,
    reached: &ReachablePackages,
    key: &Key,
    at: u32,
) -> Option<Explanation> {
    let package = before.packages.packages.get(at as usize)?;
    let place = before.text(package.place);
    let locked =
        language(key.0).and_then(|language| declared.locked.get(&(language, key.1.clone()))).copied().flatten();
    let is_declared = language(key.0).and_then(|language| declared.dependencies.get(&(language, key.1.clone())));
    let of_tool = |rest: &str| is_tool(rest.split('/').next().unwrap_or(rest));
    let global = place.split_once("lib/node_modules/").is_some_and(|(_, rest)| of_tool(rest));
    let in_tool = global || ["/npm/node_modules/", "/corepack/", "/opt/yarn"].iter().any(|part| place.contains(part));
    if key.0 == Ecosystem::Node && (in_tool || declared.replaces_server) {
        return Some(Explanation::NotRun);
    }
    if key.0 == Ecosystem::Node && declared.traces_files {
        return Some(Explanation::NotTraced);
    }
    if key.0 == Ecosystem::Node
        && after.program("node").is_none()
        && !super::system_assumptions::starts(before, declared, "node")
    {
        return Some(Explanation::NoNodeProgram);
    }
    let home = place.split_once("/node_modules/").map_or("", |(home, _)| home);
    if key.0 == Ecosystem::Node && declared.bundles_sites && declared.names(home) {
        return Some(Explanation::BundledSite);
    }
    if (package.development == Some(true) || locked == Some(true)) && is_declared != Some(&true) {
        return Some(Explanation::LockedDevDependency);
    }
    if is_declared == Some(&true) {
        return None;
    }
    let installs = is_tool(&key.1);
    if reached.shipped.contains(&at) {
        return None;
    }
    if installs || reached.tools.contains(&at) {
        return Some(Explanation::InstallTool);
    }
    if package.editable || declared.names_project(language(key.0)?, &key.1) {
        return Some(Explanation::ProjectItself);
    }
    if is_declared == Some(&false) || reached.development.contains(&at) {
        return Some(Explanation::DevDependency);
    }
    None
}

/// Node's packages by their folders.
fn modules(side: &ImageSide) -> HashMap<PathId, u32> {
    let nodes = side.packages.packages.iter().enumerate().filter(|(_, package)| package.ecosystem == Ecosystem::Node);
    nodes.filter_map(|(at, package)| Some((package.place, u32::try_from(at).ok()?))).collect()
}

/// Whose a file is. pnpm links files of the same contents to each other, so that of Node's packages goes by its path.
fn owner(side: &ImageSide, folders: &HashMap<PathId, u32>, path: PathId) -> Option<u32> {
    let parent = |path: &PathId| if *path == PathId::ROOT { None } else { Some(side.image.paths.parent(*path)) };
    let nearest = std::iter::successors(Some(path), parent).find_map(|path| folders.get(&path).copied());
    let owner =
        |at: &u32| side.packages.packages.get(*at as usize).is_some_and(|package| package.ecosystem != Ecosystem::Node);
    nearest.or_else(|| side.packages.owner(path).filter(owner))
}

/// Whether distributions of one name and version have all their files; compiled Python and records of installers left out.
fn contents(
    (before, aside): (&ImageSide, &[String]),
    after: &ImageSide,
    (old, new): (&BTreeMap<Key, u32>, &BTreeMap<Key, u32>),
    declared: &DeclaredConfig,
    seen: &mut Observation,
) {
    let mut traced_count = 0;
    let count = |side: &ImageSide, aside: &[String]| {
        let mut count: BTreeMap<Key, BTreeMap<u32, usize>> = BTreeMap::new();
        let folders = modules(side);
        for (path, id) in side.tree.members() {
            let Some(owner) = owner(side, &folders, path) else { continue };
            let Some(package) = side.packages.packages.get(owner as usize) else { continue };
            if package.ecosystem.is_system() || side.image.entry(id).kind == EntryKind::Directory {
                continue;
            }
            // The project's own record lists its sources, which are compared as the application's.
            let place = side.text(package.place);
            if package.editable || place.contains(".egg-info") && !place.contains("-packages/") {
                continue;
            }
            let text = side.text(path);
            if is_cached(&text) || is_in(aside, &text) {
                continue;
            }
            let is_compiled = text.strip_suffix(".pyc").is_some()
                || text.contains(".dist-info/")
                || text.contains(".egg-info")
                || text.contains("/.cache/")
                || text.contains("/cache/") && text.strip_suffix(".gem").is_some();
            if !is_compiled && !text.contains("/bin/") && !is_of_npm(&text) {
                *count.entry(key(package)).or_default().entry(owner).or_default() += 1;
            }
        }
        let most = |copies: BTreeMap<u32, usize>| copies.into_values().max().unwrap_or_default();
        count.into_iter().map(|(key, copies)| (key, most(copies))).collect::<BTreeMap<_, _>>()
    };
    let (had, has) = (count(before, aside), count(after, &[]));
    for (key, many) in had.iter().filter(|(key, _)| old.contains_key(*key) && new.contains_key(*key)) {
        let now = has.get(key).copied().unwrap_or_default();
        if now < *many && key.0 == Ecosystem::Node && declared.traces_files {
            traced_count += 1;
        } else if now < *many {
            seen.fail(ImageDifference::PackageFiles {
                name: key.1.clone(),
                version: key.2.clone(),
                after: now.to_string(),
                before: many.to_string(),
            });
        }
    }
    if traced_count > 0 {
        let names = format!("files of {traced_count} packages");
        seen.explain(ImageDifference::Removed { names, explanation: Explanation::NotTraced });
    }
}

/// Modules that were built into programs and archives of the same name.
fn built(before: &ImageSide, after: &ImageSide, seen: &mut Observation) {
    let parts = |side: &ImageSide| {
        let mut parts: BTreeMap<String, Vec<BundledModule>> = BTreeMap::new();
        for package in
            side.packages.packages.iter().filter(|package| !package.parts.is_empty() && package.part_of.is_none())
        {
            parts.insert(
                String::from_utf8_lossy(side.image.paths.name(package.place)).into_owned(),
                package.parts.clone(),
            );
        }
        parts
    };
    let (old, new) = (parts(before), parts(after));
    for (name, had) in &old {
        let Some(has) = new.get(name) else { continue };
        for part in had.iter().filter(|part| !has.contains(part)) {
            seen.fail(ImageDifference::ModuleMissing {
                name: name.clone(),
                module: part.name.to_string(),
                version: part.version.to_string(),
            });
        }
        if had == has {
            seen.explain(ImageDifference::SameModules { name: name.clone(), count: had.len().to_string() });
        }
    }
}

/// Whether a package installs or builds others, so that no program needs it to run.
fn is_tool(name: &str) -> bool {
    name == "bundler" || data::PYTHON_PACKAGES.has(name, "tool") || data::NODE_PACKAGES.has(name, "tool")
}
