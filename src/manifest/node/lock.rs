//! The lock files of npm, yarn, pnpm and bun.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::manifest::json;
use crate::manifest::locked::{Entry, Locked};
use crate::manifest::project::Tool;
use crate::manifest::tree::Tree;
use crate::manifest::words::unquote;

/// What stands in these files where a package comes from a repository.
const GIT: [&str; 5] = ["\"git+", "\"git://", ".git#", "@git+", "type: git"];

/// What the file holds. `run` are the direct run-time dependencies, for the formats that don't tell development apart.
/// `direct` are all of them with what the manifest asks for.
pub(super) fn read(
    tree: &mut Tree,
    tool: Tool,
    path: &str,
    run: BTreeSet<String>,
    direct: &BTreeMap<String, String>,
) -> Option<Locked> {
    // The old binary form of bun can't be read.
    if path.ends_with(".lockb") {
        return None;
    }
    let text = tree.text(path)?;
    let from_git = GIT.iter().any(|sign| text.contains(sign));
    let locked = match tool {
        Tool::Npm => npm(tree, path, text),
        Tool::YarnClassic | Tool::YarnBerry => {
            Some(Locked { demands: Some(super::demands::yarn(text, direct)), ..Locked::new(yarn(text), Some(run)) })
        }
        Tool::Pnpm => Some(Locked { demands: super::demands::pnpm(text), ..Locked::new(pnpm(text), Some(run)) }),
        _ => {
            let plain = json::plain(text);
            let lock: Value = json::read(tree, path, &plain)?;
            Some(Locked { demands: super::demands::bun(&lock), ..Locked::new(bun(&lock), Some(run)) })
        }
    }?;
    Some(Locked { from_git, ..locked })
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

fn demands(text: &str) -> Option<BTreeMap<String, String>> {
    let root = serde_json::from_str::<NpmRoots>(text).ok()?.packages?.root?;
    let all = [root.peer_dependencies, root.optional_dependencies, root.dev_dependencies, root.dependencies];
    Some(all.into_iter().flatten().collect())
}

fn npm(tree: &mut Tree, path: &str, text: &str) -> Option<Locked> {
    let lock: NpmLock = json::read(tree, path, text)?;
    let mut entries = Vec::new();
    let of = |name: &str, package: &NpmPackage, importable| Entry {
        name: name.into(),
        version: package.version.as_deref().map(Into::into),
        needs: Vec::new(),
        // A package that is both of development and optional depends on what else is left out.
        dev_only: (!package.dev_optional).then_some(package.dev),
        importable: Some(importable),
        scripts: lock.packages.is_some().then_some(package.scripts),
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
    Some(Locked { demands: demands(text), ..Locked::new(entries, None) })
}

/// Both forms of `yarn.lock`: a head line per package, then indented fields.
fn yarn(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
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
            entries.push(Entry { name: name.into(), ..Entry::default() });
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
        } else if in_needs {
            // A scoped name is quoted and holds neither blank nor colon.
            entry.needs.push(unquote(key).into());
        }
    }
    entries.retain(|entry| entry.name != "__metadata");
    entries
}

/// `pnpm-lock.yaml` of the versions 5 to 9: keys of `packages` and `snapshots`, two blanks per level.
fn pnpm(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
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
                if let Some(entry) = entries.last_mut().filter(|_| content == "requiresBuild: true") {
                    entry.scripts = Some(true);
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
fn pnpm_entry(key: &str) -> Entry {
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
    Entry { name: name.into(), version: (!version.is_empty()).then(|| version.into()), ..Entry::default() }
}

/// `packages` of `bun.lock`: `"key": ["name@version", registry, { "dependencies": … }, hash]`.
fn bun(lock: &Value) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (key, package) in lock.get("packages").and_then(Value::as_object).into_iter().flatten() {
        let Some(list) = package.as_array() else { continue };
        let Some(identity) = list.first().and_then(Value::as_str) else { continue };
        let name = name_before_version(identity);
        let mut needs = Vec::new();
        for fields in list.iter().filter_map(Value::as_object) {
            for section in ["dependencies", "optionalDependencies", "peerDependencies"] {
                needs.extend(json::members(fields, section).map(|(name, _)| name.to_string()));
            }
        }
        let version = identity.get(name.len() + 1..).map(Into::into);
        entries.push(Entry { name: name.into(), version, needs, importable: Some(key == name), ..Entry::default() });
    }
    entries
}

/// The name in `name@version`; the first character may be the scope's `@`.
fn name_before_version(text: &str) -> &str {
    let start = usize::from(text.starts_with('@'));
    let end = text[start..].find('@').map_or(text.len(), |at| at + start);
    &text[..end]
}
