//! `Cargo.lock`: its packages, and whether it fits the manifests that it was written for.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};
use toml::de::DeValue;

use super::manifest::{CargoPackages, dependency_tables};
use crate::manifest::locked::{LockEntry, LockedPackages};
use crate::manifest::toml_text::{self, TomlTable};
use crate::manifest::tree::ManifestTree;

/// A package as the lock file has it.
struct CargoLockPackage {
    name: String,
    version: String,
    /// From where it is fetched; none of the workspace's own.
    source: Option<String>,
    /// Names, with the version where there are several of one.
    needs: Vec<(String, Option<String>)>,
}

/// Reads a lock file; `folders` are those of the workspace's packages, its root among them.
pub(super) fn locked(
    tree: &mut ManifestTree,
    path: &str,
    root: &str,
    folders: &[String],
    all: &CargoPackages,
) -> Option<LockedPackages> {
    let table = toml_text::table(tree, path)?;
    let packages: Vec<CargoLockPackage> =
        toml_text::items(toml_text::value(&table, &["package"])).filter_map(package).collect();
    let form = toml_text::value(&table, &["version"]).and_then(DeValue::as_integer).map(ToString::to_string);
    let known = matches!(form.as_deref(), Some("3" | "4")) && !table.contains_key("patch");
    let fits = if known { all.get(root).and_then(|root| fits(&packages, root, folders, all)) } else { None };
    let entry = |cargo_lock_package: CargoLockPackage| LockEntry {
        name: cargo_lock_package.name,
        version: Some(cargo_lock_package.version).filter(|version| !version.is_empty()),
        needs: cargo_lock_package.needs.into_iter().map(|(name, _)| name).collect(),
        ..LockEntry::default()
    };
    Some(LockedPackages { fits, ..LockedPackages::new(packages.into_iter().map(entry).collect(), None) })
}

fn package(package: &DeValue) -> Option<CargoLockPackage> {
    let text = |key| package.get(key).and_then(|value| value.get_ref().as_str());
    // `cc`, `cc 1.0.83`, `cc 1.0.83 (registry…)`
    let needed = package.get("dependencies").and_then(|list| list.get_ref().as_array()).into_iter().flatten();
    let needs = needed.filter_map(|need| {
        let mut words = need.get_ref().as_str()?.split(' ');
        Some((words.next()?.to_owned(), words.next().map(Into::into)))
    });
    Some(CargoLockPackage {
        name: text("name")?.to_owned(),
        version: text("version").unwrap_or_default().to_owned(),
        source: text("source").map(Into::into),
        needs: needs.collect(),
    })
}

/// Whether nothing of the lock file would change: each manifest has what it asks for, and nothing else is there. `None`
/// where something is asked for that only cargo compares.
fn fits(packages: &[CargoLockPackage], root: &TomlTable, folders: &[String], all: &CargoPackages) -> Option<bool> {
    if root.contains_key("patch") || root.contains_key("replace") {
        return None;
    }
    let manifests = folders.iter().map(|folder| all.get(folder)).collect::<Option<Vec<_>>>()?;
    let package_manifests = manifests.into_iter().filter(|table| table.contains_key("package"));
    let mut waiting = Vec::new();
    for manifest in package_manifests {
        let (name, version) = own_name(manifest, root)?;
        let is_project = |cargo_lock_package: &CargoLockPackage| {
            cargo_lock_package.source.is_none()
                && cargo_lock_package.name == name
                && cargo_lock_package.version == version
        };
        let Some(index) = packages.iter().position(is_project) else { return Some(false) };
        if !has_its_dependencies(packages, &packages[index], manifest, root)? {
            return Some(false);
        }
        waiting.push(index);
    }
    let mut reached: BTreeSet<usize> = waiting.iter().copied().collect();
    while let Some(index) = waiting.pop() {
        for need in &packages[index].needs {
            let Some(index) = packages.iter().position(|package| is_meant(package, need)) else { return Some(false) };
            if reached.insert(index) {
                waiting.push(index);
            }
        }
    }
    Some(reached.len() == packages.len())
}

fn is_meant(package: &CargoLockPackage, (name, version): &(String, Option<String>)) -> bool {
    package.name == *name && version.as_ref().is_none_or(|version| package.version == *version)
}

/// Whether a version meets a requirement; `None` where one of them cannot be read.
fn satisfies(version: &str, requirement: &str) -> Option<bool> {
    Some(VersionReq::parse(requirement).ok()?.matches(&Version::parse(version).ok()?))
}

/// Name and version of a package of the workspace.
fn own_name<'t>(manifest: &'t TomlTable, root: &'t TomlTable) -> Option<(&'t str, &'t str)> {
    let name = toml_text::text(manifest, &["package", "name"])?;
    let version = match toml_text::value(manifest, &["package", "version"]) {
        None => "0.0.0",
        Some(DeValue::String(version)) => version,
        Some(_) => toml_text::text(root, &["workspace", "package", "version"])?,
    };
    Some((name, version))
}

/// Whether an entry lists what its manifest asks for, in versions that answer to that.
fn has_its_dependencies(
    packages: &[CargoLockPackage],
    entry: &CargoLockPackage,
    manifest: &TomlTable,
    root: &TomlTable,
) -> Option<bool> {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for (_, list, _) in dependency_tables(manifest) {
        for (key, value) in list {
            let inherited = value.get_ref().get("workspace").and_then(|value| value.get_ref().as_bool()) == Some(true);
            let value = if inherited {
                toml_text::value(root, &["workspace", "dependencies", key.get_ref()])?
            } else {
                value.get_ref()
            };
            let text = |key| value.get(key).and_then(|value| value.get_ref().as_str());
            if ["git", "registry", "registry-index", "artifact"].iter().any(|key| value.get(*key).is_some()) {
                return None;
            }
            let name = text("package").unwrap_or(key.get_ref());
            let requirement = toml_text::text_or(value, "version");
            let outside = text("path").is_none();
            let mut answer = Some(false);
            for need in entry.needs.iter().filter(|(package_name, _)| package_name == name) {
                let indexes =
                    packages.iter().find(|package| is_meant(package, need) && package.source.is_some() == outside);
                let fits = indexes.map_or(Some(false), |package| {
                    requirement.map_or(Some(true), |it| satisfies(&package.version, it))
                });
                answer = if answer == Some(true) || fits == Some(true) { Some(true) } else { answer.and(fits) };
            }
            if !answer? {
                return Some(false);
            }
            wanted.insert(name.to_owned());
        }
    }
    Some(wanted == entry.needs.iter().map(|(name, _)| name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use crate::manifest::projects;
    use crate::manifest::tests::files;

    const MANIFEST: &str = r#"-- Cargo.toml --
[workspace]
members = ["crates/*"]
[workspace.package]
version = "1.0.0"
[workspace.dependencies]
log = "0.4"
-- crates/a/Cargo.toml --
[package]
name = "a"
version.workspace = true
[dependencies]
log.workspace = true
b = { path = "../b" }
[target.'cfg(unix)'.dev-dependencies]
other = { package = "cc", version = ">=1.0, <2" }
-- crates/b/Cargo.toml --
[package]
name = "b"
version = "0.2.0"
"#;

    const LOCK: &str = r#"-- Cargo.lock --
version = 4
[[package]]
name = "a"
version = "1.0.0"
dependencies = ["b", "cc", "log"]
[[package]]
name = "b"
version = "0.2.0"
[[package]]
name = "cc"
version = "1.2.3"
source = "registry+https://example.com"
[[package]]
name = "log"
version = "0.4.20"
source = "registry+https://example.com"
"#;

    #[track_caller]
    fn check(manifest: (&str, &str), lock: (&str, &str), expected: Option<bool>) {
        let changed = |text: &str, (from, to): (&str, &str)| {
            assert!(text.contains(from));
            text.replacen(from, to, 1)
        };
        let text = changed(MANIFEST, manifest) + &changed(LOCK, lock);
        let result = projects(&files(&text));
        let member = result.projects.iter().find(|project| project.name.as_deref() == Some("a")).unwrap();
        assert_eq!(member.is_in_sync(member.install().unwrap()), expected, "{text}");
    }

    #[test]
    fn lock_files_fit_or_not() {
        let same = ("a", "a");
        check(same, same, Some(true));
        check(("log = \"0.4\"", "log = \"0.5\""), same, Some(false));
        check(("log = \"0.4\"", "log = { git = \"x\" }"), same, None);
        check(("log.workspace = true\n", ""), same, Some(false));
        check(("b = {", "once_cell = \"1\"\nb = {"), same, Some(false));
        check(("version = \"1.0.0\"", "version = \"1.0.1\""), same, Some(false));
        check(same, ("\"b\", \"cc\"", "\"cc\""), Some(false));
        check(same, ("version = \"1.2.3\"", "version = \"2.0.0\""), Some(false));
        check(
            same,
            (
                "[[package]]\nname = \"log\"",
                "[[package]]\nname = \"old\"\nversion = \"1.0.0\"\n[[package]]\nname = \"log\"",
            ),
            Some(false),
        );
        check(same, ("version = \"1.2.3\"", "version = \"2.0.0-rc.1\""), Some(false));
        check((">=1.0, <2", ">=1.3.0-rc.1, <2"), ("version = \"1.2.3\"", "version = \"1.3.0-rc.2+x\""), Some(true));
        check((">=1.0, <2", "latest"), same, None);
        check(same, ("version = 4", "version = 9"), None);
        check(("[workspace.dep", "[patch.crates-io]\nlog = { path = \"x\" }\n[workspace.dep"), same, None);
    }
}
