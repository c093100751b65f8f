//! What sources import.

use std::collections::BTreeSet;

use crate::manifest::Project;
use crate::optimize::scene::Scene;

/// Endings of sources.
const SOURCES: [&str; 8] = ["js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx"];

/// Folders of what a running program does not read.
const ASIDE: [&str; 18] = [
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    "spec",
    "e2e",
    "cypress",
    "stories",
    "node_modules",
    "dist",
    "build",
    "coverage",
    "scripts",
    "tools",
    "seeds",
    "seeders",
    "benchmarks",
    "docs",
];

/// The package's name in an import; `None` for paths and what Node.js has.
pub(super) fn package(module: &str) -> Option<&str> {
    if module.starts_with(['.', '/', '#', '~']) || module.starts_with("node:") || module.is_empty() {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let end = module.match_indices('/').nth(parts - 1).map_or(module.len(), |(at, _)| at);
    Some(&module[..end])
}

/// The first of the packages that a source imports, and that source. With `entries` only what can be reached from these
/// files is looked at.
pub(in crate::optimize::node) fn first(
    scene: &Scene,
    project: &Project,
    packages: &BTreeSet<&str>,
    entries: Option<&BTreeSet<String>>,
) -> Option<(String, String)> {
    let texts = &scene.evidence.texts;
    let prefix = if project.root.is_empty() { String::new() } else { format!("{}/", project.root) };
    if let Some(entries) = entries {
        let mut waiting: Vec<String> = entries.iter().filter_map(|entry| resolved(scene, &prefix, entry)).collect();
        let mut seen = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            let Some(text) = texts.get(&path).filter(|_| seen.insert(path.clone())) else { continue };
            let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            for module in modules(text) {
                if let Some(found) = package(module).filter(|name| packages.contains(name)) {
                    return Some((found.to_owned(), path));
                }
                waiting.extend(module.starts_with('.').then(|| resolved(scene, &folder, module)).flatten());
            }
        }
        return None;
    }
    let names: Vec<&str> = packages.iter().copied().collect();
    let sources = scene.evidence.perhaps_holding(&names);
    sources.filter(|(path, _)| path.strip_prefix(&prefix).is_some_and(runs)).find_map(|(path, text)| {
        let found = modules(text).filter_map(package).find(|name| packages.contains(name))?;
        Some((found.to_owned(), path.clone()))
    })
}

/// The file that a path without ending means.
fn resolved(scene: &Scene, folder: &str, path: &str) -> Option<String> {
    let whole = crate::optimize::node::literal::inner(&format!("{folder}{path}"))?;
    let texts = &scene.evidence.texts;
    let stem = whole.rsplit_once('.').filter(|(_, ending)| SOURCES.contains(ending)).map(|(stem, _)| stem);
    let stems = [Some(whole.as_str()), stem];
    let named =
        stems.into_iter().flatten().flat_map(|stem| SOURCES.iter().map(move |ending| format!("{stem}.{ending}")));
    let inside = SOURCES.iter().map(|ending| format!("{whole}/index.{ending}"));
    std::iter::once(whole.clone()).chain(named).chain(inside).find(|path| texts.contains_key(path))
}

/// Whether a file is a source that a running program may read.
fn runs(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    if folders.split('/').any(|folder| ASIDE.contains(&folder) || (folder.starts_with('.') && folder.len() > 1)) {
        return false;
    }
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let aside = [".test", ".spec", ".e2e-spec", ".stories", ".config", ".conf", ".d", ".setup", "rc"];
    let tool =
        ["gulpfile", "Gruntfile", "setupTests", "seed", "webpack.", "jest.", "karma.", "rollup.", "vitest.", "vite."];
    SOURCES.contains(&ending)
        && !aside.iter().any(|end| stem.ends_with(end))
        && !tool.iter().any(|start| stem.starts_with(start))
        && !stem.starts_with('.')
}

/// The modules that a source imports; those of types only are left out.
fn modules(text: &str) -> impl Iterator<Item = &str> {
    let quoted = |line: &&str| memchr::memchr2(b'"', b'\'', line.as_bytes()).is_some();
    text.lines().filter(quoted).filter_map(|line| {
        let line = line.trim_start();
        if line.starts_with(['/', '*']) || line.starts_with("import type ") || line.starts_with("export type ") {
            return None;
        }
        let after = |word: &str| line.split_once(word).map(|(_, rest)| rest.trim_start());
        let rest = after("require(")
            .or_else(|| after("import("))
            .or_else(|| after(" from ").filter(|_| line.starts_with(['i', 'e', '}'])))
            .or_else(|| line.strip_prefix("import ").map(str::trim_start))?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split_once(quote).map(|(module, _)| module)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_read() {
        let text = "import a from 'a'\nimport type { T } from \"t\"\nconst b = require(\"@s/b/x\")\nimport './c.js'\n} from 'd'\n// require('e')\nimport \"f/register\";";
        let found: Vec<_> = modules(text).filter_map(package).collect();
        assert_eq!(found, ["a", "@s/b", "d", "f"]);
    }

    #[test]
    fn tests_and_configurations_are_aside() {
        for (path, expected) in [
            ("src/a.ts", true),
            ("src/a.test.ts", false),
            ("tests/a.js", false),
            ("vite.config.ts", false),
            ("src/types.d.ts", false),
            ("server.mjs", true),
        ] {
            assert_eq!(runs(path), expected, "{path}");
        }
    }
}
