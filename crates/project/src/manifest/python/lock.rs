//! The lock files of uv, poetry, pdm and pipenv.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use super::requirement::{normal, requirement, specifiers};
use crate::manifest::json;
use crate::manifest::locked::{LockEntry, LockedPackages};
use crate::manifest::project::{DependencyScope, Project};
use crate::manifest::toml_text;
use crate::manifest::tree::ManifestTree;

/// `uv.lock`: run-time is what the projects in it reach without their development groups. Extras count as run-time:
/// whether they are installed is the command's to say. `manifest` is the pyproject.toml that it was written for.
pub(super) fn uv(tree: &mut ManifestTree, path: &str, manifest: &DeTable) -> Option<LockedPackages> {
    let table = toml_text::table(tree, path)?;
    let mut entries = Vec::new();
    let mut roots = BTreeSet::new();
    let mut demands = None;
    let mut fits = differs(&table, manifest, "requires-python").then_some(false);
    for package in toml_text::items(toml_text::value(&table, &["package"])) {
        let Some(name) = text(package, "name") else { continue };
        if package
            .get("source")
            .is_some_and(|source| ["editable", "virtual"].iter().any(|kind| text(source.get_ref(), kind) == Some(".")))
        {
            let differs_in_version = package.as_table().is_some_and(|package| differs(package, manifest, "version"));
            fits = fits.or(differs_in_version.then_some(false));
            demands = package.get("metadata").map(|metadata| uv_demands(metadata.get_ref()));
        }
        let mut needs: Vec<String> = names(package.get("dependencies").map(toml::Spanned::get_ref)).collect();
        if let Some(extras) = package.get("optional-dependencies").and_then(|extras| extras.get_ref().as_table()) {
            needs.extend(extras.iter().flat_map(|(_, list)| names(Some(list.get_ref()))));
        }
        let is_local = ["editable", "virtual"]
            .iter()
            .any(|kind| package.get("source").is_some_and(|s| s.get_ref().get(*kind).is_some()));
        let name = normal(name);
        if is_local {
            roots.insert(name.clone());
        }
        let version = text(package, "version").map(Into::into);
        entries.push(LockEntry {
            name,
            version,
            needs,
            scripts: is_built(package),
            archive_bytes: archive_bytes(package),
            ..LockEntry::default()
        });
    }
    Some(LockedPackages { demands, fits, ..LockedPackages::new(entries, (!roots.is_empty()).then_some(roots)) })
}

/// Whether a lock file says something else of the project than its manifest does. uv's `--locked` refuses such a file.
fn differs(locked: &DeTable, manifest: &DeTable, key: &str) -> bool {
    let locked = locked.get(key).and_then(|value| value.get_ref().as_str());
    let wanted = toml_text::value(manifest, &["project", key]).and_then(DeValue::as_str);
    locked.zip(wanted).is_some_and(|(locked, wanted)| specifiers(locked) != specifiers(wanted))
}

/// What the project asked for when uv wrote the lock: `requires-dist`, and `requires-dev` by group.
fn uv_demands(metadata: &DeValue) -> BTreeMap<String, String> {
    let mut demands = BTreeMap::new();
    let list = |key: &str| metadata.get(key).map(toml::Spanned::get_ref);
    let groups = list("requires-dev").and_then(DeValue::as_table).into_iter().flatten().map(|(_, list)| list.get_ref());
    for entry in list("requires-dist").into_iter().chain(groups).flat_map(|list| toml_text::items(Some(list))) {
        if let Some(name) = text(entry, "name") {
            demands.insert(normal(name), text(entry, "specifier").unwrap_or_default().to_owned());
        }
    }
    demands
}

/// `poetry.lock` (main group `main`) and `pdm.lock` (`default`). poetry tells the groups since 2.0 and a category before
/// 1.5, pdm the groups; where nothing is told, the graph tells. `dev_groups` are the groups that are not extras.
pub(super) fn grouped(
    tree: &mut ManifestTree,
    path: &str,
    project: &Project,
    main: &str,
    dev_groups: &BTreeSet<String>,
) -> Option<LockedPackages> {
    let table = toml_text::table(tree, path)?;
    let mut entries = Vec::new();
    for package in toml_text::items(toml_text::value(&table, &["package"])) {
        let Some(name) = text(package, "name") else { continue };
        let needs = match package.get("dependencies").map(toml::Spanned::get_ref) {
            Some(DeValue::Table(table)) => table.iter().map(|(name, _)| normal(name.get_ref())).collect(),
            list => toml_text::items(list).filter_map(DeValue::as_str).filter_map(requirement).map(|r| r.0).collect(),
        };
        let dev_only = dev_only(package, main, dev_groups);
        let version = text(package, "version").map(Into::into);
        entries.push(LockEntry {
            name: normal(name),
            version,
            needs,
            dev_only,
            scripts: is_built(package),
            ..LockEntry::default()
        });
    }
    let runs = project.dependencies.iter().filter(|dependency| dependency.scope != DependencyScope::Dev);
    let roots: BTreeSet<String> = runs.map(|dependency| dependency.name.clone()).collect();
    Some(LockedPackages::new(entries, Some(roots)))
}

/// Whether a package has no wheel for Linux with glibc, so that it is built where it is installed; `None` where the lock
/// lists no files of it.
fn is_built(package: &DeValue) -> Option<bool> {
    let files = files(package);
    let is_listed = !files.is_empty() || package.get("sdist").is_some();
    is_listed.then(|| !files.iter().any(|(name, _)| is_for_linux(name)))
}

/// The files that a lock file lists for a package, its source archive aside, with their bytes.
fn files<'p>(package: &'p DeValue<'_>) -> Vec<(&'p str, Option<u64>)> {
    let list = |key: &str| toml_text::items(package.get(key).map(toml::Spanned::get_ref));
    let file = |file| {
        let name = text(file, "file").or_else(|| text(file, "url")).or_else(|| text(file, "path"))?;
        Some((name, size(file)))
    };
    list("wheels").chain(list("files")).filter_map(file).collect()
}

fn size(file: &DeValue) -> Option<u64> {
    file.get("size")?.get_ref().as_integer()?.as_str().parse().ok()
}

/// Whether a wheel can be installed on Linux with glibc.
fn is_for_linux(name: &str) -> bool {
    name.ends_with(".whl") && (name.ends_with("-any.whl") || name.contains("manylinux") || name.contains("-linux_"))
}

/// The bytes of the file that an install on Linux downloads: the largest wheel that fits, as those of several versions of
/// Python differ little, else the source archive. `None` where the lock file records no sizes.
fn archive_bytes(package: &DeValue) -> Option<u64> {
    let is_usual = |name: &str| is_for_linux(name) && (name.ends_with("-any.whl") || name.contains("x86_64"));
    let files = files(package);
    let wheels = files.iter().filter(|(name, _)| is_usual(name)).filter_map(|(_, bytes)| *bytes);
    wheels.max().or_else(|| size(package.get("sdist")?.get_ref()))
}

/// Whether a package is in groups of development only; `None` when that isn't told, or it is of an extra.
fn dev_only(package: &DeValue, main: &str, dev_groups: &BTreeSet<String>) -> Option<bool> {
    let Some(groups) = package.get("groups") else {
        return text(package, "category").map(|category| category == "dev");
    };
    let groups: Vec<&str> = toml_text::items(Some(groups.get_ref())).filter_map(DeValue::as_str).collect();
    if groups.contains(&main) {
        return Some(false);
    }
    groups.iter().all(|group| dev_groups.contains(*group)).then_some(true)
}

/// `Pipfile.lock`: `default` and `develop`.
pub(super) fn pipenv(tree: &mut ManifestTree, path: &str) -> Option<LockedPackages> {
    let object = json::object(tree, path)?;
    let mut entries = Vec::new();
    for (section, dev) in [("default", false), ("develop", true)] {
        for (name, package) in json::members(&object, section) {
            let version = package.get("version").and_then(serde_json::Value::as_str);
            let version = version.map(|version| version.trim_start_matches('=').into());
            entries.push(LockEntry { name: normal(name), version, dev_only: Some(dev), ..LockEntry::default() });
        }
    }
    Some(LockedPackages::new(entries, None))
}

fn text<'t>(package: &'t DeValue, key: &str) -> Option<&'t str> {
    package.get(key)?.get_ref().as_str()
}

/// The names in a list of `{ name = "x" }`.
fn names<'t>(list: Option<&'t DeValue>) -> impl Iterator<Item = String> + use<'t> {
    toml_text::items(list).filter_map(|item| text(item, "name")).map(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_download_is_the_wheel_for_linux_else_the_source() {
        let bytes = |text: &str| {
            let table = DeTable::parse(text).unwrap();
            archive_bytes(&DeValue::Table(table.into_inner()))
        };
        let wheels = "wheels = [{ url = 'a-1-cp313-macosx_x86_64.whl', size = 9 }, \
                      { url = 'a-1-cp312-manylinux_2_17_x86_64.whl', size = 5 }, \
                      { url = 'a-1-cp313-manylinux_2_17_x86_64.whl', size = 6 }, \
                      { url = 'a-1-cp313-manylinux_2_17_aarch64.whl', size = 8 }]\nsdist = { url = 'a.tar.gz', size = 2 }";
        assert_eq!(bytes(wheels), Some(6));
        assert_eq!(bytes("wheels = [{ url = 'a-1-py3-none-any.whl', size = 3 }]"), Some(3));
        assert_eq!(bytes("sdist = { url = 'a.tar.gz', size = 2 }"), Some(2));
        assert_eq!(bytes("wheels = [{ url = 'a-1-py3-none-any.whl' }]"), None);
    }
}
