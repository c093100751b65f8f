//! Findings of an image that are one for people: the same rule, made by the same line, in one tree of files.

use std::collections::HashMap;

use super::state::{FindingState, ProjectState};
use crate::finding::Severity;

impl ProjectState {
    /// How many findings people read: those of a group are one.
    pub fn finding_count(&self) -> usize {
        groups(&self.findings).len()
    }
}

/// Whether a finding of an image is one with those that differ from it in their path alone. What costs bytes or is a warning
/// stays apart.
pub fn is_one_of_many(severity: Severity, has_cost: bool) -> bool {
    severity <= Severity::Info && !has_cost
}

/// What is said of findings that differ in their paths alone: the message of the first, and how many paths more there are.
pub fn joined_message(message: &str, paths: &[&str]) -> String {
    let more = paths.len().saturating_sub(1);
    if more == 0 {
        return message.to_owned();
    }
    let word = if more == 1 { "path" } else { "paths" };
    let folder = common_folder(paths);
    let below = if folder.is_empty() { String::new() } else { format!(" below `{folder}`") };
    format!("{message}, and {more} more {word}{below}")
}

/// Findings in groups of those that differ in their path alone.
pub(super) fn groups(findings: &[FindingState]) -> Vec<Vec<&FindingState>> {
    let mut groups: Vec<Vec<&FindingState>> = Vec::new();
    let mut known: HashMap<(&str, &str, Option<u32>), usize> = HashMap::new();
    for finding in findings {
        let is_joined = finding.command == "image" && is_one_of_many(finding.severity(), finding.cost.is_some());
        let key = (finding.rule.as_str(), finding.file.as_str(), finding.line);
        match known.get(&key) {
            Some(at) if is_joined => groups[*at].push(finding),
            _ => {
                if is_joined {
                    known.insert(key, groups.len());
                }
                groups.push(vec![finding]);
            }
        }
    }
    groups
}

/// A group as the finding that people read; `None` of nothing.
pub(super) fn joined(group: &[&FindingState]) -> Option<FindingState> {
    let (first, others) = group.split_first()?;
    let mut finding = (*first).clone();
    let paths: Vec<&str> = group.iter().map(|finding| finding.image_path().unwrap_or_default()).collect();
    finding.message = joined_message(&finding.message, &paths);
    finding.also.extend(others.iter().flat_map(|other| other.fingerprints()).map(str::to_owned));
    Some(finding)
}

/// The longest folder that all paths are in; empty if that is the root.
fn common_folder<'a>(paths: &[&'a str]) -> &'a str {
    let Some((first, others)) = paths.split_first() else { return "" };
    let ends = first.match_indices('/').map(|(at, _)| at).rev();
    let mut folders = ends.map(|at| &first[..at]);
    let is_above = |folder: &&str| {
        others.iter().all(|other| other.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/')))
    };
    folders.find(is_above).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_folder_ends_at_a_name() {
        let folder = |paths: &[&str]| common_folder(paths).to_owned();
        assert_eq!(folder(&["/root/.cache/uv/.lock", "/root/.cache/uv/a/b.lock"]), "/root/.cache/uv");
        assert_eq!(folder(&["/ab/x", "/abc/x"]), "");
        assert_eq!(folder(&["", "/a"]), "");
    }
}
