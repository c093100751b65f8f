//! Findings of an image that are one for people: the same rule, made by the same line, in one tree of files.

use std::collections::HashMap;

use super::state::FindingState;
use crate::finding::Severity;

/// Findings with those in one that differ in their path alone. A finding that costs bytes or is a warning stays apart.
pub(super) fn grouped(findings: Vec<FindingState>) -> Vec<FindingState> {
    let mut groups: Vec<(FindingState, Vec<String>)> = Vec::new();
    let mut known: HashMap<(String, String, Option<u32>), usize> = HashMap::new();
    for finding in findings {
        let is_joined = finding.command == "image" && finding.cost.is_none() && finding.severity() <= Severity::Info;
        let key = (finding.rule.clone(), finding.file.clone(), finding.line);
        let path = finding.image_path().unwrap_or_default().to_owned();
        match known.get(&key) {
            Some(at) if is_joined => groups[*at].1.push(path),
            _ => {
                if is_joined {
                    known.insert(key, groups.len());
                }
                groups.push((finding, vec![path]));
            }
        }
    }
    groups.into_iter().map(|(finding, paths)| joined(finding, &paths)).collect()
}

fn joined(mut finding: FindingState, paths: &[String]) -> FindingState {
    let more = paths.len() - 1;
    if more > 0 {
        let paths_word = if more == 1 { "path" } else { "paths" };
        let folder = common_folder(paths);
        let below = if folder.is_empty() { String::new() } else { format!(" below `{folder}`") };
        finding.message = format!("{}, and {more} more {paths_word}{below}", finding.message);
    }
    finding
}

/// The longest folder that all paths are in; empty if that is the root.
fn common_folder(paths: &[String]) -> &str {
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
        let folder = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            common_folder(&paths).to_owned()
        };
        assert_eq!(folder(&["/root/.cache/uv/.lock", "/root/.cache/uv/a/b.lock"]), "/root/.cache/uv");
        assert_eq!(folder(&["/ab/x", "/abc/x"]), "");
        assert_eq!(folder(&["", "/a"]), "");
    }
}
