//! Workspaces: which packages are members.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::manifest::json;
use crate::manifest::tree::ManifestTree;
use crate::manifest::wildcard::Patterns;
use crate::manifest::words::{unquote, without_comment};
use crate::text::path;

/// The folders of the members of the workspace whose root is `root`; none when it isn't one.
pub(super) fn members(tree: &mut ManifestTree, root: &str, packages: &WorkspacePackages) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    if let Some(workspaces) = packages.get(root).and_then(|package| package.get("workspaces")) {
        let list = if workspaces.is_array() { Some(workspaces) } else { workspaces.get("packages") };
        patterns.extend(json::texts(list).map(Into::into));
    }
    if let Some(text) = tree.text(&path::child(root, "pnpm-workspace.yaml")) {
        patterns.extend(pnpm_patterns(text));
    }
    if patterns.is_empty() {
        return Vec::new();
    }
    // A `!pattern` takes members away, wherever it stands.
    let (without, with): (Vec<&str>, Vec<&str>) =
        patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    let with = Patterns::new(with);
    let without = Patterns::new(without.iter().map(|pattern| &pattern[1..]));
    let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
    let mut out = Vec::new();
    for folder in packages.range(prefix.clone()..).map(|(folder, _)| folder) {
        let Some(inside) = folder.strip_prefix(&prefix) else { break };
        if !inside.is_empty() && with.matches(inside) && !without.matches(inside) {
            out.push(folder.clone());
        }
    }
    out
}

/// The items below `packages:`, as block or flow list.
fn pnpm_patterns(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let content = without_comment(line, "#");
        if content.is_empty() {
            continue;
        }
        if let Some(rest) = content.strip_prefix("packages:")
            && line.starts_with("packages")
        {
            inside = true;
            let flow = rest.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            out.extend(flow.into_iter().flat_map(|list| list.split(',')).map(|item| unquote(item).to_string()));
        } else if let Some(item) = content.strip_prefix("- ")
            && inside
        {
            out.push(unquote(item).to_string());
        } else {
            inside = false;
        }
    }
    out
}

/// The packages of a context: what each folder's `package.json` holds.
pub(super) type WorkspacePackages = BTreeMap<String, Map<String, Value>>;
