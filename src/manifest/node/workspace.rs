//! Workspaces: which packages are members.

use super::Packages;
use crate::manifest::json;
use crate::manifest::tree::{Tree, in_folder};
use crate::manifest::wildcard;
use crate::manifest::words::{unquote, without_comment};

/// The folders of the members of the workspace whose root is `root`; none when it isn't one.
pub(super) fn members(tree: &mut Tree, root: &str, packages: &Packages) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    if let Some(workspaces) = packages.get(root).and_then(|package| package.get("workspaces")) {
        let list = if workspaces.is_array() { Some(workspaces) } else { workspaces.get("packages") };
        patterns.extend(json::texts(list).map(Into::into));
    }
    if let Some(text) = tree.text(&in_folder(root, "pnpm-workspace.yaml")) {
        patterns.extend(pnpm_patterns(text));
    }
    patterns.truncate(wildcard::MOST_PATTERNS);
    if patterns.is_empty() {
        return Vec::new();
    }
    let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
    let mut out = Vec::new();
    for folder in packages.range(prefix.clone()..).map(|(folder, _)| folder) {
        let Some(inside) = folder.strip_prefix(&prefix) else { break };
        if !inside.is_empty() && is_member(&patterns, inside) {
            out.push(folder.clone());
        }
    }
    out
}

/// A `!pattern` takes members away, wherever it stands.
fn is_member(patterns: &[String], inside: &str) -> bool {
    let (without, with): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
    with.iter().any(|pattern| wildcard::matches(pattern, inside))
        && !without.iter().any(|pattern| wildcard::matches(&pattern[1..], inside))
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
        if let Some(rest) = content.strip_prefix("packages:").filter(|_| line.starts_with("packages")) {
            inside = true;
            let flow = rest.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            out.extend(flow.into_iter().flat_map(|list| list.split(',')).map(|item| unquote(item).to_string()));
        } else if let Some(item) = content.strip_prefix("- ").filter(|_| inside) {
            out.push(unquote(item).to_string());
        } else {
            inside = false;
        }
    }
    out
}
