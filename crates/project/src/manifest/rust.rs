//! Cargo packages and workspaces.

mod lock;
mod manifest;

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::de::DeValue;

use self::manifest::{CargoPackages, dependency_tables};
use super::closure::Closure;
use super::file_kind::FileKind;
use super::project::{Ecosystem, EntryPoint, Project, Tool};
use super::toml_text::{self, TomlTable};
use super::tree::{ManifestTree, ancestors, resolve};
use super::wildcard::{MOST_PATTERNS, Patterns};
use crate::data;
use crate::text::path;

/// The Rust projects of a context: each folder with a `Cargo.toml` is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let mut packages = CargoPackages::new();
    for path in tree.paths_where(|name| name == "Cargo.toml") {
        if let Some(table) = toml_text::table(tree, path) {
            packages.insert(path::parent(path).to_string(), table);
        }
    }
    let mut out: Vec<Project> = packages.keys().map(|root| project(tree, root, &packages)).collect();
    super::project::join_workspaces(&mut out);
    out
}

fn project(tree: &mut ManifestTree, root: &str, packages: &CargoPackages) -> Project {
    let mut project = Project::new(root, Ecosystem::Rust);
    let path = path::child(root, "Cargo.toml");
    project.manifests.push(path.clone());
    let Some(table) = packages.get(root) else { return project };
    project.name = toml_text::text(table, &["package", "name"]).map(Into::into);
    for keys in [["package", "rust-version"].as_slice(), &["workspace", "package", "rust-version"]] {
        project.speaks(toml_text::text(table, keys).unwrap_or_default(), &path);
    }
    for (_, list, scope) in dependency_tables(table) {
        for (name, value) in list {
            let demand = toml_text::text_or(value.get_ref(), "version");
            let package = value.get_ref().get("package").and_then(|name| name.get_ref().as_str());
            let package = package.unwrap_or(name.get_ref());
            project.depend(package, scope, demand);
            // A feature says which database a crate talks to: `sqlx/postgres`.
            let features = value.get_ref().get("features").and_then(|features| features.get_ref().as_array());
            let features = features.into_iter().flatten().filter_map(|feature| feature.get_ref().as_str());
            for name in features.map(|feature| format!("{package}/{feature}")) {
                if data::CLIENT_LIBRARIES.rows().any(|row| row[0] == "rust" && row[1] == name) {
                    project.depend(&name, scope, None);
                }
            }
        }
    }
    entry_points(tree, &mut project, table);
    let mut closure = Closure::default();
    take_settings(tree, &mut closure, &mut project);
    let members = members(tree, &mut closure, root, packages);
    for folder in members.iter().map(String::as_str).chain([root]) {
        take_package(tree, &mut closure, folder, packages);
    }
    closure.open("cargo wants a source file, or a stub, for each target");
    let lock = Some(path::child(root, "Cargo.lock")).filter(|lock| tree.has(lock));
    let folders: Vec<String> = members.iter().cloned().chain([root.to_owned()]).collect();
    let locked = lock.as_deref().and_then(|lock| lock::locked(tree, lock, root, &folders, packages));
    project.members = if table.contains_key("workspace") { members } else { Vec::new() };
    project.installs.push(Arc::new(closure.install(Tool::Cargo, &path, lock, locked)));
    project.normalise()
}

/// The folders that the package in `folder` names as path dependencies.
fn path_dependencies(table: &TomlTable) -> Vec<String> {
    let shared = toml_text::value(table, &["workspace", "dependencies"]).and_then(DeValue::as_table);
    let patches = toml_text::members(table, &["patch"]).filter_map(|(_, value)| value.as_table());
    let lists = dependency_tables(table).into_iter().map(|(_, list, _)| list);
    let mut out = Vec::new();
    for list in lists.chain(shared).chain(patches) {
        let paths = list.iter().filter_map(|(_, value)| value.get_ref().get("path")?.get_ref().as_str());
        out.extend(paths.map(Into::into));
    }
    out
}

/// The members of the workspace, and the path dependencies below the root, which are members too; other path
/// dependencies are taken whole.
fn members(tree: &ManifestTree, closure: &mut Closure, root: &str, packages: &CargoPackages) -> Vec<String> {
    let Some(table) = packages.get(root) else { return Vec::new() };
    let patterns = Patterns::new(toml_text::texts(table, &["workspace", "members"]));
    let without: Vec<&str> = toml_text::texts(table, &["workspace", "exclude"]).take(MOST_PATTERNS).collect();
    let mut folders = BTreeSet::new();
    let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
    for folder in packages.range(prefix.clone()..).map(|(folder, _)| folder) {
        let Some(inside) = folder.strip_prefix(&prefix) else { break };
        let excluded = without.iter().any(|path| path::is_within(inside, path));
        if !inside.is_empty() && !excluded && patterns.matches(inside) {
            folders.insert(folder.clone());
        }
    }
    let mut waiting: Vec<String> = folders.iter().cloned().chain([root.to_string()]).collect();
    while let Some(folder) = waiting.pop() {
        let Some(table) = packages.get(&folder) else { continue };
        for path in path_dependencies(table) {
            match resolve(&folder, &path) {
                Ok(path) if packages.contains_key(&path) && path.starts_with(&prefix) => {
                    if path != root && folders.insert(path.clone()) {
                        waiting.push(path);
                    }
                }
                _ => _ = closure.take(tree, &folder, &path),
            }
        }
    }
    folders.into_iter().collect()
}

fn take_package(tree: &ManifestTree, closure: &mut Closure, folder: &str, packages: &CargoPackages) {
    closure.add(path::child(folder, "Cargo.toml"));
    let build = packages.get(folder).and_then(|table| toml_text::value(table, &["package", "build"]));
    if build.and_then(DeValue::as_bool) == Some(false) {
        return;
    }
    let build = path::join(folder, build.and_then(DeValue::as_str).unwrap_or("build.rs"));
    if tree.has(&build) {
        closure.open(format!("`{build}` is a program and may read any file"));
        closure.add(build);
    }
}

/// Settings of cargo and rustup, which are looked for from the folder upwards.
fn take_settings(tree: &mut ManifestTree, closure: &mut Closure, project: &mut Project) {
    let root = project.root.clone();
    for folder in ancestors(&root) {
        for name in [".cargo/config.toml", ".cargo/config"] {
            let path = path::child(folder, name);
            if tree.has(&path) {
                closure.add(path);
                closure.take_there(tree, folder, &["vendor"]);
            }
        }
        for name in ["rust-toolchain.toml", "rust-toolchain"] {
            let path = path::child(folder, name);
            if !tree.has(&path) {
                continue;
            }
            closure.add(path.as_str());
            let text = tree.text(&path).unwrap_or_default();
            let channel = if text.contains("[toolchain]") {
                let table = toml_text::table(tree, &path).unwrap_or_default();
                toml_text::text(&table, &["toolchain", "channel"]).map(Into::into)
            } else {
                super::words::first_line(text).map(String::from)
            };
            project.speaks(&channel.unwrap_or_default(), &path);
        }
    }
}

/// Binaries: `[[bin]]`, `src/main.rs`, `src/bin/*`.
fn entry_points(tree: &ManifestTree, project: &mut Project, table: &TomlTable) {
    let mut add = |name: &str, target: String| {
        if project.entry_points.iter().all(|entry| entry.name != name) {
            project.entry_points.push(EntryPoint { name: name.into(), target });
        }
    };
    for bin in toml_text::items(toml_text::value(table, &["bin"])) {
        let text = |key| bin.get(key).and_then(|value| value.get_ref().as_str());
        add(text("name").unwrap_or_default(), text("path").unwrap_or_default().into());
    }
    let root = project.root.clone();
    if let (true, Some(name)) =
        (tree.has(&path::child(&root, "src/main.rs")), toml_text::text(table, &["package", "name"]))
    {
        add(name, "src/main.rs".into());
    }
    for (name, is_folder) in tree.children(&path::child(&root, "src/bin")) {
        let file = if is_folder { format!("src/bin/{name}/main.rs") } else { format!("src/bin/{name}") };
        if tree.has(&path::child(&root, &file)) && FileKind::of(&file).is_source_of(Ecosystem::Rust) {
            add(FileKind::of(name).source_stem(Ecosystem::Rust), file);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn workspaces_and_paths() {
        check(
            r#"
-- Cargo.toml --
[workspace]
members = ["crates/*"]
exclude = ["crates/old"]
[workspace.package]
rust-version = "1.80"
[workspace.dependencies]
axum = "0.7"
-- rust-toolchain.toml --
[toolchain]
channel = "1.82"
-- Cargo.lock --
[[package]]
name = "axum"
version = "0.7.9"
-- crates/api/Cargo.toml --
[package]
name = "api"
[[bin]]
name = "serve"
path = "src/serve.rs"
[dependencies]
axum = { workspace = true }
inner = { path = "../../inner" }
outer = { path = "../../../outer" }
[target.'cfg(unix)'.dev-dependencies]
nix = "0.29"
-- crates/api/build.rs --
-- crates/api/src/main.rs --
-- crates/api/src/bin/tool.rs --
-- crates/old/Cargo.toml --
[package]
name = "old"
-- inner/Cargo.toml --
[package]
name = "inner"
-- .cargo/config.toml --
"#,
            "
            [] Rust -
            language: 1.80, 1.82
            members: crates/api, inner
            cargo 1: .cargo/config.toml Cargo.lock Cargo.toml crates/api/Cargo.toml crates/api/build.rs inner/Cargo.toml rust-toolchain.toml
            missing: ../outer
            open: `crates/api/build.rs` is a program and may read any file
            open: cargo wants a source file, or a stub, for each target
            [crates/api] Rust api
            language: 1.82
            uses: axum
            needs: axum=0.7.9, inner, dev nix, outer
            programs: serve=src/serve.rs, api=src/main.rs, tool=src/bin/tool.rs
            of []
            [crates/old] Rust old
            language: 1.82
            cargo -: .cargo/config.toml crates/old/Cargo.toml rust-toolchain.toml
            open: cargo wants a source file, or a stub, for each target
            [inner] Rust inner
            language: 1.82
            of []
            ",
        );
    }

    #[test]
    fn excluded_folders_end_at_a_slash_and_build_scripts_may_lie_outside() {
        check(
            r#"
-- Cargo.toml --
[workspace]
members = ["crates/*"]
exclude = ["crates/old/"]
-- crates/old/Cargo.toml --
[package]
name = "old"
-- crates/older/Cargo.toml --
[package]
name = "older"
build = "../shared.rs"
-- crates/shared.rs --
"#,
            "
            [] Rust -
            members: crates/older
            cargo -: Cargo.toml crates/older/Cargo.toml crates/shared.rs
            open: `crates/shared.rs` is a program and may read any file
            open: cargo wants a source file, or a stub, for each target
            [crates/old] Rust old
            cargo -: crates/old/Cargo.toml
            open: cargo wants a source file, or a stub, for each target
            [crates/older] Rust older
            of []
            ",
        );
    }
}
