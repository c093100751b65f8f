//! What sources import.

use std::collections::BTreeSet;

use crate::manifest::{Ecosystem, FileKind, Project};
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::sources::imports::Sources;
use crate::text::path;

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
pub(in crate::optimize::languages::node) fn first(
    input: &PassInput,
    project: &Project,
    packages: &BTreeSet<&str>,
    entries: Option<&BTreeSet<String>>,
) -> Option<(String, String)> {
    let texts = &input.evidence.texts;
    if let Some(entries) = entries {
        let sources = Sources::new(texts);
        let mut waiting: Vec<&str> =
            entries.iter().flat_map(|entry| sources.files_at(&path::join(&project.root, entry))).collect();
        let mut seen = BTreeSet::new();
        while let Some(file) = waiting.pop() {
            let Some(text) = texts.get(file) else { continue };
            if !seen.insert(file) {
                continue;
            }
            for module in modules(text) {
                if let Some(package) = package(module).filter(|name| packages.contains(name)) {
                    return Some((package.to_owned(), file.to_owned()));
                }
                if module.starts_with('.') {
                    waiting.extend(sources.files_at(&path::join(path::parent(file), module)));
                }
            }
        }
        return None;
    }
    let names: Vec<&str> = packages.iter().copied().collect();
    let sources = input.evidence.perhaps_holding(&names);
    let reach = LazyReach::new(input);
    let mut sources = sources.filter(|(path, _)| path::is_within(path, &project.root) && runs(&reach, path));
    sources.find_map(|(path, text)| {
        let package = modules(text).filter_map(package).find(|name| packages.contains(name))?;
        Some((package.to_owned(), path.clone()))
    })
}

/// Whether a file is a source that a running program may read.
fn runs(reach: &LazyReach, path: &str) -> bool {
    let hidden = |part: &str| part.starts_with('.') && part.len() > 1;
    FileKind::of(path).is_source_of(Ecosystem::Node) && !path.split('/').any(hidden) && !reach.is_for_development(path)
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
            .or_else(|| if line.starts_with(['i', 'e', '}']) { after(" from ") } else { None })
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
        let packages: Vec<_> = modules(text).filter_map(package).collect();
        assert_eq!(packages, ["a", "@s/b", "d", "f"]);
    }
}
