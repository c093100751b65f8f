//! Node projects: npm, both yarns, pnpm and bun, with workspaces.

mod demands;
mod install;
mod lifecycle;
mod lock;
mod modules;
mod native;
mod workspace;

use std::sync::Arc;

use serde_json::{Map, Value};

use self::workspace::WorkspacePackages;
use super::file_kind::FileKind;
use super::framework::Framework;
use super::json;
use super::project::{DependencyScope, Ecosystem, EntryPoint, ManifestScript, Project};
use super::tree::ManifestTree;
use super::words::first_line;
use crate::text::path;

pub use self::lifecycle::INSTALL_SCRIPTS;
pub(super) use self::modules::installs;

/// The Node projects of a context: each folder with a `package.json` is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let mut packages = WorkspacePackages::new();
    for path in tree.paths_where(|name| name == "package.json") {
        if let Some(package) = json::object(tree, path) {
            packages.insert(path::parent(path).to_string(), package);
        }
    }
    let mut out = Vec::new();
    for (root, package) in &packages {
        let mut project = described(tree, root, package);
        project.members = workspace::members(tree, root, &packages);
        for install in install::installs(tree, &project, &packages) {
            project.installs.push(Arc::new(install));
        }
        out.push(project.normalise());
    }
    super::project::join_workspaces(&mut out);
    out
}

/// What the package itself says.
fn described(tree: &mut ManifestTree, root: &str, package: &Map<String, Value>) -> Project {
    let mut project = Project::new(root, Ecosystem::Node);
    let path = path::child(root, "package.json");
    project.name = json::text(package, "name").map(Into::into);
    project.manifests.push(path.clone());
    let engines = package.get("engines").and_then(|engines| engines.get("node"));
    let volta = package.get("volta").and_then(|volta| volta.get("node"));
    for version in [engines, volta].into_iter().flatten().filter_map(Value::as_str) {
        project.speaks(version, &path);
    }
    for name in [".nvmrc", ".node-version"] {
        let path = path::child(root, name);
        if let Some(version) = tree.text(&path).and_then(first_line) {
            project.speaks(version, &path);
        }
    }
    for (key, scope) in [
        ("dependencies", DependencyScope::Run),
        ("devDependencies", DependencyScope::Dev),
        ("optionalDependencies", DependencyScope::Optional),
        ("peerDependencies", DependencyScope::Optional),
    ] {
        for (name, demand) in json::members(package, key) {
            project.depend(name, scope, demand.as_str());
        }
    }
    for (name, command) in json::members(package, "scripts") {
        if let Some(command) = command.as_str() {
            project.scripts.push(ManifestScript { name: name.into(), command: command.into() });
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
    let package_name = project.name.clone().unwrap_or_default();
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
        Some(target) => add(path::name(&package_name), target),
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
    let kind = FileKind::of(name);
    if !kind.is_source_of(Ecosystem::Node) {
        return None;
    }
    Some(match kind.without_ending() {
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

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn npm_workspace() {
        check(
            r#"
-- package.json --
{"name": "root", "private": true, "engines": {"node": ">=20"}, "workspaces": ["apps/*", "!apps/old"],
 "scripts": {"postinstall": "npm run -s patch && npx prisma generate --schema=db/schema.prisma", "patch": "patch-package", "prepare": "husky || true"}}
-- apps/web/package.json --
{"name": "web", "dependencies": {"next": "^15", "local": "file:../../libs/local", "archive": "file:./a.tgz"}, "devDependencies": {"typescript": "5"},
 "scripts": {"build": "next build", "start": "next start"}}
-- apps/old/package.json --
{"name": "old"}
-- libs/local/package.json --
{"name": "local", "main": "index.js"}
-- apps/web/next.config.mjs --
-- patches/x.patch --
-- .npmrc --
-- db/schema.prisma --
-- package-lock.json --
{"lockfileVersion": 3, "packages": {"": {"name": "root"}, "apps/web": {"name": "web"}, "node_modules/web": {"resolved": "apps/web", "link": true},
 "node_modules/next": {"version": "15.1.0", "dependencies": {"postcss": "8"}}, "node_modules/typescript": {"version": "5.6.2", "dev": true},
 "node_modules/next/node_modules/postcss": {"version": "8.4"}}}
"#,
            "
            [] Node root
            language: >=20
            scripts: patch, postinstall, prepare
            members: apps/web
            npm 4: .npmrc apps/web/package.json db/schema.prisma libs/local/package.json package-lock.json package.json
            folders: patches
            missing: apps/web/a.tgz
            [apps/old] Node old
            npm -: apps/old/package.json
            [apps/web] Node web
            uses: Next.js
            needs: archive, local, next=15.1.0, dev typescript=5.6.2
            scripts: build, start
            of []
            [libs/local] Node local
            programs: =index.js
            npm -: libs/local/package.json
            ",
        );
    }

    #[test]
    fn yarns_pnpm_bun() {
        check(
            r#"
-- a/package.json --
{"dependencies": {"express": "^4"}, "scripts": {"preinstall": "node scripts/check.js"}}
-- a/scripts/check.js --
-- a/yarn.lock --
# yarn lockfile v1

"@types/x@^1", "@types/x@^2":
  version "1.2.3"

express@^4:
  version "4.21.0"
  dependencies:
    "@types/x" "^1"
-- b/package.json --
{"packageManager": "yarn@4.5.0", "dependencies": {"vite": "patch:vite@npm%3A5#~/.yarn/patches/vite.patch"}}
-- b/.yarn/patches/vite.patch --
-- b/.yarn/releases/yarn-4.5.0.cjs --
-- b/.yarnrc.yml --
-- b/yarn.lock --
__metadata:
  version: 8

"vite@npm:5, vite@patch:x":
  version: 5.4.0
-- c/package.json --
{"dependencies": {"fastify": "5"}, "devDependencies": {"tsx": "4"}, "pnpm": {"patchedDependencies": {"fastify@5": "patches/f.patch"}}}
-- c/pnpm-workspace.yaml --
packages:
  - 'pkgs/*'  # all
  - "!pkgs/x"
catalog:
  - no
-- c/pkgs/y/package.json --
{"name": "y"}
-- c/pkgs/x/package.json --
{"name": "x"}
-- c/patches/f.patch --
-- c/pnpm-lock.yaml --
lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      no: 1
packages:
  fastify@5.0.0:
    resolution: {integrity: x}
  '@scope/dep@1.0.0':
    resolution: {integrity: x}
snapshots:
  fastify@5.0.0(peer@1):
    dependencies:
      '@scope/dep': 1.0.0
  '@scope/dep@1.0.0': {}
-- d/package.json --
{"dependencies": {"hono": "4"}}
-- d/bun.lock --
{"packages": {"hono": ["hono@4.6.0", "", {}, "sha"],},}
-- d/package-lock.json --
{"packages": {"": {}}}
-- e/package.json --
{"name": "e",}
"#,
            "
            [a] Node -
            uses: Express
            needs: express=4.21.0
            scripts: preinstall
            yarn 2: a/package.json a/scripts/check.js a/yarn.lock
            open: script `preinstall` runs `node`, which may read any file
            [b] Node -
            uses: Vite
            needs: vite=5.4.0
            yarn 1: b/.yarnrc.yml b/package.json b/yarn.lock
            folders: b/.yarn/patches, b/.yarn/releases
            [c] Node -
            uses: Fastify
            needs: fastify=5.0.0, dev tsx
            members: c/pkgs/y
            pnpm 2: c/package.json c/pkgs/y/package.json c/pnpm-lock.yaml c/pnpm-workspace.yaml
            folders: c/patches
            [c/pkgs/x] Node x
            npm -: c/pkgs/x/package.json
            [c/pkgs/y] Node y
            of [c]
            [d] Node -
            uses: Hono
            needs: hono
            npm 0: d/package-lock.json d/package.json
            bun 1: d/bun.lock d/package.json
            ! d/bun.lock: is next to `package-lock.json`: npm installs where no command says which
            ! d/package-lock.json: `package-lock.json` lacks `hono` from `package.json`, so `npm ci` fails
            ! e/package.json@13: trailing comma
            ",
        );
    }

    #[test]
    fn modules_that_are_there() {
        let text = r#"-- package.json --
{"name": "own", "dependencies": {"@s/run": "1"}, "devDependencies": {"dev": "1"}}
-- package-lock.json --
{"packages": {"node_modules/@s/run": {"version": "1"}, "node_modules/deep": {"version": "1"}, "node_modules/dev": {"version": "1", "dev": true},
 "node_modules/deep/node_modules/deeper": {"version": "1"}}}
"#;
        let check = crate::manifest::tests::installed(text);
        check("node:fs/promises", Some(true), Some(true));
        check("@s/run/sub", Some(true), Some(true));
        check("deep", Some(true), Some(true));
        check("deeper", None, None);
        check("dev", Some(false), Some(true));
        check("axios", Some(false), Some(false));
        check("./x", None, None);
        check("own", None, None);
    }
}
