//! The packages of a Node workspace: which sources `import "@shop/shared/server"` loads, and which `node apps/live` starts.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::data;
use crate::manifest::{FileKind, FileRole};
use crate::text::path;

/// The packages among some files, below their root.
#[derive(Default)]
pub(super) struct WorkspacePackages<'t> {
    /// Folders by names.
    by_name: HashMap<String, &'t str>,
    /// What starts and is loaded by its name, by folders.
    main: BTreeMap<&'t str, Option<String>>,
    /// The paths of all sources.
    sources: Vec<&'t str>,
}

impl<'t> WorkspacePackages<'t> {
    pub(super) fn of(texts: &'t BTreeMap<String, String>) -> Self {
        let mut packages = Self::default();
        for (place, text) in texts.iter().filter(|(place, _)| place.ends_with("/package.json")) {
            let Ok(Value::Object(manifest)) = serde_json::from_str(text) else { continue };
            let text = |key: &str| manifest.get(key).and_then(Value::as_str).map(str::to_owned);
            let folder = path::parent(place);
            packages.main.insert(folder, text("main"));
            if let Some(name) = text("name") {
                packages.by_name.insert(name, folder);
            }
        }
        if !packages.main.is_empty() {
            packages.sources = texts.keys().map(String::as_str).filter(|path| FileKind::of(path).has_code()).collect();
        }
        packages
    }

    /// The folder of the innermost package around a file; empty where it is the root.
    pub(super) fn around<'f>(&self, file: &'f str) -> &'f str {
        let mut folders = std::iter::successors(Some(path::parent(file)), |folder| {
            (!folder.is_empty()).then(|| path::parent(folder))
        });
        folders.find(|folder| self.main.contains_key(folder)).unwrap_or_default()
    }

    /// The sources that an import loads from another package; all of it where the file is not found.
    pub(super) fn imported(&self, module: &str, files_at: impl Fn(&str) -> Vec<&'t str>) -> Vec<&'t str> {
        let end =
            module.match_indices('/').nth(usize::from(module.starts_with('@'))).map_or(module.len(), |(at, _)| at);
        let Some(folder) = self.by_name.get(&module[..end]) else { return Vec::new() };
        let rest = module[end..].trim_matches('/');
        let main = self.main.get(folder).cloned().flatten();
        let wanted = if rest.is_empty() { main.as_deref().unwrap_or_default() } else { rest };
        let files = of_package(folder, wanted, &files_at);
        if files.is_empty() { self.all(folder) } else { files }
    }

    /// The sources that a path of a command starts, where it leads into a package: `apps/live`, `/app/worker/dist/index.js`.
    /// Empty where the file is made by a tool.
    pub(super) fn started(&self, command: &str, files_at: impl Fn(&str) -> Vec<&'t str>) -> Option<Vec<&'t str>> {
        let parts: Vec<&str> = command.split('/').collect();
        let (folder, rest) = (0..parts.len()).find_map(|start| {
            (start + 1..=parts.len()).rev().find_map(|end| {
                let folder = parts[start..end].join("/");
                let (known, _) = self.main.get_key_value(folder.as_str())?;
                Some((*known, parts[end..].join("/")))
            })
        })?;
        let main = self.main.get(folder).cloned().flatten();
        let wanted = if rest.is_empty() { main.unwrap_or_default() } else { rest };
        Some(of_package(folder, &wanted, &files_at))
    }

    fn all(&self, folder: &str) -> Vec<&'t str> {
        self.sources.iter().copied().filter(|source| path::is_within(source, folder)).collect()
    }
}

/// The files of a package at a path in it, also where the path is that of a compiled file.
fn of_package<'t>(folder: &str, wanted: &str, files_at: &impl Fn(&str) -> Vec<&'t str>) -> Vec<&'t str> {
    let plain = path::normalize(wanted);
    let (first, below) = plain.split_once('/').unwrap_or(("", plain.as_str()));
    let is_compiled = data::FOLDER_NAMES.has(first, "compiled") || FileRole::of_folder(first) == Some(FileRole::Output);
    let below = if is_compiled { below } else { plain.as_str() };
    // `dist/src/server` is `src/server`.
    let inner = below.strip_prefix("src/").unwrap_or(below);
    let places = [plain.clone(), below.to_owned(), format!("src/{inner}"), inner.to_owned()];
    let mut files: Vec<&str> = Vec::new();
    for place in places {
        for file in files_at(&path::normalize(&path::child(folder, place.trim_end_matches('/')))) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

/// Whether the text before a quoted word makes it the name of a module: `from`, `import(`, `require(`.
pub(super) fn is_imported(before: &str) -> bool {
    let before = before.trim_end();
    ["from", "import", "import(", "require("].iter().any(|word| before.ends_with(word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::sources::imports::Sources;

    fn reached(command: &str, file: &str) -> Option<bool> {
        let texts = [
            ("apps/live/package.json", r#"{"name": "live", "main": "./dist/start.mjs"}"#),
            ("apps/live/src/start.ts", "import { log } from \"@shop/logger\";\nimport x from \"@/lib/x\";\n"),
            ("apps/live/src/lib/x.ts", ""),
            ("apps/live/src/unused.ts", ""),
            ("packages/logger/package.json", r#"{"name": "@shop/logger"}"#),
            ("packages/logger/src/index.ts", "export * from './level';\n"),
            ("packages/logger/src/level.ts", ""),
            ("packages/logger/src/other.ts", ""),
            ("packages/editor/src/live.ts", ""),
            ("worker/package.json", r#"{"name": "worker"}"#),
            ("worker/src/index.ts", "import { a } from \"@shop/data/src/server\";\n"),
            ("packages/data/package.json", r#"{"name": "@shop/data"}"#),
            ("packages/data/src/server/index.ts", "import '../env';\n"),
            ("packages/data/src/env.ts", ""),
        ];
        let texts: BTreeMap<String, String> =
            texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let sources = Sources::new(&texts);
        sources.reachable_from(sources.files_started_by(command)).loads(file)
    }

    #[test]
    fn packages_of_a_workspace_are_followed() {
        for (command, file, expected) in [
            ("node apps/live", "apps/live/src/start.ts", Some(true)),
            ("node apps/live", "apps/live/src/lib/x.ts", Some(true)),
            ("node apps/live", "packages/logger/src/level.ts", Some(true)),
            ("node apps/live", "packages/logger/src/other.ts", Some(false)),
            ("node apps/live", "packages/editor/src/live.ts", Some(false)),
            ("node /app/worker/dist/index.js", "packages/data/src/env.ts", Some(true)),
            ("node /app/worker/dist/index.js", "apps/live/src/start.ts", Some(false)),
            // The tools make that file, so nobody knows what it loads.
            ("node ./worker/server.js", "packages/data/src/env.ts", None),
        ] {
            assert_eq!(reached(command, file), expected, "{command} {file}");
        }
    }
}
