//! The lock files of npm, yarn, pnpm and bun.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::manifest::json;
use crate::manifest::locked::{LockEntry, LockedPackages};
use crate::manifest::project::Tool;
use crate::manifest::tree::ManifestTree;
use crate::manifest::words::unquote;

/// What stands in these files where a package comes from a repository.
const GIT: [&str; 5] = ["\"git+", "\"git://", ".git#", "@git+", "type: git"];

/// What the file holds. `run` are the direct run-time dependencies, for the formats that don't tell development apart.
/// `direct` are all of them with what the manifest asks for.
pub(super) fn read(
    tree: &mut ManifestTree,
    tool: Tool,
    path: &str,
    run: BTreeSet<String>,
    direct: &BTreeMap<String, String>,
) -> Option<LockedPackages> {
    // The old binary form of bun can't be read.
    if path.ends_with(".lockb") {
        return None;
    }
    let text = tree.text(path)?;
    let format = format(tool, text);
    let from_git = GIT.iter().any(|sign| text.contains(sign));
    let locked = match tool {
        Tool::Npm => npm(tree, path, text),
        Tool::YarnClassic | Tool::YarnBerry => Some(LockedPackages {
            demands: Some(super::demands::yarn(text, direct)),
            ..LockedPackages::new(yarn(text), Some(run))
        }),
        Tool::Pnpm => {
            Some(LockedPackages { demands: super::demands::pnpm(text), ..LockedPackages::new(pnpm(text), Some(run)) })
        }
        _ => {
            let plain = json::plain_json(text);
            let lock: Value = json::read(tree, path, &plain)?;
            Some(LockedPackages { demands: super::demands::bun(&lock), ..LockedPackages::new(bun(&lock), Some(run)) })
        }
    }?;
    Some(LockedPackages { from_git, format, ..locked })
}

/// The version of the format that a lock file says it has: `3` of npm, `5.4` of pnpm, `8` of newer yarn, `1` of the older.
fn format(tool: Tool, text: &str) -> Option<String> {
    let (before, key) = match tool {
        Tool::Npm => ("", "\"lockfileVersion\":"),
        Tool::Pnpm => ("", "lockfileVersion:"),
        Tool::YarnBerry => ("__metadata:", "version:"),
        Tool::YarnClassic => return Some("1".to_owned()),
        _ => return None,
    };
    let (_, rest) = text.split_once(before)?;
    let (_, rest) = rest.split_once(key)?;
    let version = rest.lines().next()?.split(',').next()?.trim();
    Some(unquote(version).to_owned())
}

/// `package-lock.json`: `packages` since version 2, else `dependencies`.
#[derive(Deserialize)]
struct NpmLock<'a> {
    #[serde(borrow)]
    packages: Option<BTreeMap<Cow<'a, str>, NpmPackage<'a>>>,
    #[serde(borrow)]
    dependencies: Option<BTreeMap<Cow<'a, str>, NpmPackage<'a>>>,
}

#[derive(Deserialize)]
struct NpmPackage<'a> {
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(default)]
    dev: bool,
    #[serde(default, rename = "devOptional")]
    dev_optional: bool,
    #[serde(default, rename = "hasInstallScript")]
    scripts: bool,
    /// Values are versions, since version 2 of the file.
    #[allow(clippy::zero_sized_map_values, reason = "a set cannot be read from an object")]
    #[serde(default, borrow)]
    dependencies: BTreeMap<Cow<'a, str>, IgnoredAny>,
    #[allow(clippy::zero_sized_map_values, reason = "a set cannot be read from an object")]
    #[serde(default, borrow, rename = "optionalDependencies")]
    optional_dependencies: BTreeMap<Cow<'a, str>, IgnoredAny>,
    /// Of version 1; a switch in the project itself.
    requires: Option<Value>,
    os: Option<Value>,
    cpu: Option<Value>,
}

impl NpmPackage<'_> {
    fn needs(&self) -> Vec<String> {
        let requires = self.requires.as_ref().and_then(Value::as_object).into_iter().flat_map(|all| all.keys());
        let named = self.dependencies.keys().chain(self.optional_dependencies.keys()).map(|name| &**name);
        named.chain(requires.map(String::as_str)).map(Into::into).collect()
    }

    fn is_elsewhere(&self) -> bool {
        is_elsewhere(&words(self.os.as_ref()), &SYSTEMS) || is_elsewhere(&words(self.cpu.as_ref()), &PROCESSORS)
    }
}

/// Systems and processors of images, as npm calls them.
const SYSTEMS: [&str; 1] = ["linux"];
const PROCESSORS: [&str; 2] = ["x64", "arm64"];

/// Whether a list of names, `!` before those that are left out, holds none of ours.
fn is_elsewhere(list: &[&str], ours: &[&str]) -> bool {
    let fits = |ours_word: &&str| {
        let named = list.iter().any(|word| word == ours_word);
        let left_out = list.iter().any(|word| word.strip_prefix('!') == Some(*ours_word));
        named || !left_out && list.iter().all(|word| word.starts_with('!') || *word == "any")
    };
    !ours.iter().any(fits)
}

/// One word, or a list of words.
fn words(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The project itself in `package-lock.json`.
#[derive(Deserialize)]
struct NpmRoots {
    packages: Option<NpmRoot>,
}

#[derive(Deserialize)]
struct NpmRoot {
    #[serde(rename = "")]
    root: Option<NpmDemands>,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct NpmDemands {
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
}

fn locked_demands(text: &str) -> Option<BTreeMap<String, String>> {
    let root = serde_json::from_str::<NpmRoots>(text).ok()?.packages?.root?;
    let all = [root.peer_dependencies, root.optional_dependencies, root.dev_dependencies, root.dependencies];
    Some(all.into_iter().flatten().collect())
}

fn npm(tree: &mut ManifestTree, path: &str, text: &str) -> Option<LockedPackages> {
    let lock: NpmLock = json::read(tree, path, text)?;
    let mut entries = Vec::new();
    let of = |name: &str, package: &NpmPackage, importable| LockEntry {
        name: name.into(),
        version: package.version.as_deref().map(Into::into),
        needs: package.needs(),
        elsewhere: package.is_elsewhere(),
        // A package that is both of development and optional depends on what else is left out.
        dev_only: (!package.dev_optional).then_some(package.dev),
        importable: Some(importable),
        scripts: lock.packages.is_some().then_some(package.scripts),
        archive_bytes: None,
    };
    if let Some(packages) = &lock.packages {
        for (key, package) in packages {
            let Some((before, name)) = key.rsplit_once("node_modules/") else { continue };
            entries.push(of(name, package, before.is_empty()));
        }
    } else {
        let dependencies = lock.dependencies.iter().flatten();
        entries.extend(dependencies.map(|(name, package)| of(name, package, true)));
    }
    Some(LockedPackages { demands: locked_demands(text), ..LockedPackages::new(entries, None) })
}

/// Both forms of `yarn.lock`: a head line per package, then indented fields.
fn yarn(text: &str) -> Vec<LockEntry> {
    let mut entries: Vec<LockEntry> = Vec::new();
    let mut in_needs = false;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if indent == 0 {
            let head = content.trim_end_matches(':').split(',').next().unwrap_or_default();
            let name = name_before_version(unquote(head).trim_start_matches('"'));
            entries.push(LockEntry { name: name.into(), ..LockEntry::default() });
            in_needs = false;
            continue;
        }
        let Some(entry) = entries.last_mut() else { continue };
        let (key, value) = content.split_once([' ', ':']).unwrap_or((content, ""));
        if indent == 2 {
            in_needs = matches!(content, "dependencies:" | "optionalDependencies:");
            if key == "version" {
                entry.version = Some(unquote(value).into());
            }
            // `conditions: os=darwin & cpu=x64`
            if key == "conditions" {
                let of = |name: &str| -> Vec<&str> {
                    let parts = value.split(['&', '|', '(', ')', ' ']);
                    parts.filter_map(|part| part.strip_prefix(name)?.strip_prefix('=')).collect()
                };
                entry.elsewhere = is_elsewhere(&of("os"), &SYSTEMS) || is_elsewhere(&of("cpu"), &PROCESSORS);
            }
        } else if in_needs {
            // A scoped name is quoted and holds neither blank nor colon.
            entry.needs.push(unquote(key).into());
        }
    }
    entries.retain(|entry| entry.name != "__metadata");
    entries
}

/// `pnpm-lock.yaml` of the versions 5 to 9: keys of `packages` and `snapshots`, two blanks per level.
fn pnpm(text: &str) -> Vec<LockEntry> {
    let mut entries: Vec<LockEntry> = Vec::new();
    let (mut inside, mut in_needs) = (false, false);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match indent {
            0 => inside = matches!(content, "packages:" | "snapshots:"),
            _ if !inside => {}
            2 => {
                let key = unquote(content.trim_end_matches("{}").trim().trim_end_matches(':'));
                entries.push(pnpm_entry(key));
                in_needs = false;
            }
            4 => {
                in_needs = matches!(content, "dependencies:" | "optionalDependencies:");
                if let Some(entry) = entries.last_mut()
                    && content == "requiresBuild: true"
                {
                    entry.scripts = Some(true);
                }
                let list = |name: &str| -> Vec<&str> {
                    let written = content.strip_prefix(name).map_or("", |rest| rest.trim_matches(['[', ']']));
                    written.split(',').map(|split| unquote(split.trim())).filter(|part| !part.is_empty()).collect()
                };
                let elsewhere = is_elsewhere(&list("os: "), &SYSTEMS) || is_elsewhere(&list("cpu: "), &PROCESSORS);
                if let Some(entry) = entries.last_mut() {
                    entry.elsewhere |= elsewhere;
                }
                let dev = content.strip_prefix("dev: ").map(|dev| dev == "true");
                if let (Some(entry), Some(dev)) = (entries.last_mut(), dev) {
                    entry.dev_only = Some(dev);
                }
            }
            6 if in_needs => {
                let key = content.split_once(": ").map_or(content, |(key, _)| key);
                if let Some(entry) = entries.last_mut() {
                    entry.needs.push(unquote(key).into());
                }
            }
            _ => {}
        }
    }
    entries
}

/// `/name@1.0.0(peer)`, `name@1.0.0`, and the older `/name/1.0.0_peer`.
fn pnpm_entry(key: &str) -> LockEntry {
    let key = key.split('(').next().unwrap_or_default();
    let plain = key.strip_prefix('/').unwrap_or(key);
    let name = name_before_version(plain);
    let (name, version) = if name.len() < plain.len() {
        (name, &plain[name.len() + 1..])
    } else {
        // `react/18.2.0`, as old ones have it.
        plain.rfind('/').map_or((plain, ""), |slash| (&plain[..slash], &plain[slash + 1..]))
    };
    let version = version.split('_').next().unwrap_or_default();
    LockEntry { name: name.into(), version: (!version.is_empty()).then(|| version.into()), ..LockEntry::default() }
}

/// `packages` of `bun.lock`: `"key": ["name@version", registry, { "dependencies": … }, hash]`.
fn bun(lock: &Value) -> Vec<LockEntry> {
    let mut entries = Vec::new();
    for (key, package) in lock.get("packages").and_then(Value::as_object).into_iter().flatten() {
        let Some(list) = package.as_array() else { continue };
        let Some(identity) = list.first().and_then(Value::as_str) else { continue };
        let name = name_before_version(identity);
        let mut needs = Vec::new();
        let mut elsewhere = false;
        for fields in list.iter().filter_map(Value::as_object) {
            elsewhere |= is_elsewhere(&words(fields.get("os")), &SYSTEMS)
                || is_elsewhere(&words(fields.get("cpu")), &PROCESSORS);
            for section in ["dependencies", "optionalDependencies", "peerDependencies"] {
                needs.extend(json::members(fields, section).map(|(name, _)| name.to_string()));
            }
        }
        let version = identity.get(name.len() + 1..).map(Into::into);
        entries.push(LockEntry {
            name: name.into(),
            version,
            needs,
            importable: Some(key == name),
            elsewhere,
            ..LockEntry::default()
        });
    }
    entries
}

/// The name in `name@version`; the first character may be the scope's `@`.
fn name_before_version(text: &str) -> &str {
    let start = usize::from(text.starts_with('@'));
    let end = text[start..].find('@').map_or(text.len(), |at| at + start);
    &text[..end]
}
