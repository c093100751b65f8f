//! What a lock file holds, whatever its format: packages, versions, and which are for development only.

use std::collections::{BTreeMap, BTreeSet};

/// The packages of a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedPackages {
    /// By name as the ecosystem compares it.
    pub packages: BTreeMap<String, LockedPackage>,
    /// What the project itself asks for, by name, as the file was written for it; `None` when it doesn't tell.
    pub demands: Option<BTreeMap<String, String>>,
    /// Whether it fits all manifests of its workspace, where its reader compares them itself (Cargo).
    pub fits: Option<bool>,
    /// Whether a package comes from a repository of git (told by the readers of Node's and Ruby's files).
    pub from_git: bool,
    /// The version of its format, as it names it (told by the readers of Node's files): `5.4`, `3`.
    pub format: Option<String>,
    /// Whether it lists systems, and none of them is that of images: a frozen install refuses it (Ruby's files).
    pub for_other_systems: bool,
}

/// One name in a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedPackage {
    /// Its version; of several, the one that the project itself sees when that is known, else the first.
    pub version: Option<String>,
    /// Whether only development dependencies need it; `None` when the file doesn't tell.
    pub dev_only: Option<bool>,
    /// Whether the project's own code finds it by name; `None` when the file doesn't tell.
    pub importable: Option<bool>,
    /// Whether a script of its own runs when it is installed (of Python: it has no wheel, so it is built); `None` when the
    /// file doesn't tell.
    pub scripts: Option<bool>,
    /// Names of what it depends on; empty where the file's reader does not say.
    pub needs: Vec<String>,
    /// Whether the file says that it is for other systems than Linux, or for other processors than images are built for.
    pub elsewhere: bool,
    /// The bytes that an install downloads for it; `None` when the file doesn't tell.
    pub archive_bytes: Option<u64>,
}

/// One entry as a lock file's reader gives it.
#[derive(Debug, Default)]
pub(super) struct LockEntry {
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// Names of what it depends on.
    pub(super) needs: Vec<String>,
    pub(super) dev_only: Option<bool>,
    pub(super) importable: Option<bool>,
    pub(super) scripts: Option<bool>,
    /// Whether it is for other systems or processors than those of images.
    pub(super) elsewhere: bool,
    pub(super) archive_bytes: Option<u64>,
}

impl LockedPackages {
    /// Joins entries of one name. Where no entry says what is for development, and `roots` (the names of the run-time
    /// dependencies) is given, what can't be reached from them is.
    pub(super) fn new(entries: Vec<LockEntry>, roots: Option<BTreeSet<String>>) -> Self {
        let has_dev_flags = entries.iter().any(|entry| entry.dev_only.is_some());
        let reached = if has_dev_flags { None } else { roots.map(|roots| reachable_names(&entries, roots)) };
        let mut packages: BTreeMap<String, LockedPackage> = BTreeMap::new();
        for entry in entries {
            let dev_only = match &reached {
                Some(reached) => Some(!reached.contains(&entry.name)),
                None => entry.dev_only,
            };
            let Some(known) = packages.get_mut(&entry.name) else {
                let LockEntry { name, version, importable, scripts, needs, elsewhere, archive_bytes, .. } = entry;
                let package = LockedPackage { version, dev_only, importable, scripts, needs, elsewhere, archive_bytes };
                packages.insert(name, package);
                continue;
            };
            if entry.importable == Some(true) && known.importable != Some(true) {
                known.version = entry.version;
                known.importable = entry.importable;
            } else if entry.importable.or(known.importable).is_none()
                && newer(entry.version.as_deref(), known.version.as_deref())
            {
                // Of those for several Pythons the newest is for the newest.
                known.version = entry.version;
            }
            known.needs.extend(entry.needs);
            known.elsewhere |= entry.elsewhere;
            known.archive_bytes = known.archive_bytes.max(entry.archive_bytes);
            known.scripts = match (known.scripts, entry.scripts) {
                (Some(a), Some(b)) => Some(a || b),
                (first, other) => first.or(other).filter(|scripts| *scripts),
            };
            known.dev_only = match (known.dev_only, dev_only) {
                (Some(a), Some(b)) => Some(a && b),
                _ => None,
            };
        }
        Self { packages, demands: None, fits: None, from_git: false, format: None, for_other_systems: false }
    }

    /// Whether `name` is installed, with or without the development dependencies; `None` when that isn't told.
    pub(super) fn installs(&self, name: &str, with_dev: bool) -> Option<bool> {
        let Some(package) = self.packages.get(name) else { return Some(false) };
        match package.dev_only {
            _ if with_dev => Some(true),
            Some(dev_only) => Some(!dev_only),
            None => None,
        }
    }
}

/// The names that can be reached from `roots`.
fn reachable_names(entries: &[LockEntry], roots: BTreeSet<String>) -> BTreeSet<String> {
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in entries {
        needs.entry(&entry.name).or_default().extend(entry.needs.iter().map(String::as_str));
    }
    let mut waiting: Vec<String> = roots.iter().cloned().collect();
    let mut reached = roots;
    while let Some(name) = waiting.pop() {
        for need in needs.remove(name.as_str()).unwrap_or_default() {
            if !reached.contains(need) {
                reached.insert(need.into());
                waiting.push(need.into());
            }
        }
    }
    reached
}

/// Whether a version is above another.
fn newer(option: Option<&str>, other: Option<&str>) -> bool {
    option.map(version_numbers) > other.map(version_numbers)
}

/// The numbers that a version begins with.
pub fn version_numbers(version: &str) -> Vec<u64> {
    version.trim().split('.').map_while(|part| part.parse().ok()).collect()
}
