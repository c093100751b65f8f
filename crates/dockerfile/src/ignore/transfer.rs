//! What the builder sends of a given list of paths: the walk over a tree that exists only as text. The effectful walk
//! over a real folder decides with the same [`Matcher`].

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::ignore::file::parse;
use crate::ignore::matcher::{MatchedPatterns, Matcher};
use crate::ignore::pattern::PatternRefusal;
use crate::text::{Source, path};

/// What a transfer sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Files, sorted by their bytes.
    pub included: Vec<String>,
    /// Directories, each with a final slash: those not excluded, and those above something included.
    pub included_dirs: Vec<String>,
    /// Why the build fails instead.
    pub error: Option<PatternRefusal>,
}

/// A path that Linux can't open is in no context.
const PATH_MAX: usize = 4096;

/// Walks `paths` (a final slash marks an empty directory; directories above are implied) under the ignore file `text`.
pub fn transfer(text: &str, paths: &[String]) -> Transfer {
    let file = parse(&Source::of(".dockerignore", text));
    let sent = match file.error() {
        Some(refusal) => Err(refusal),
        None => walk(&file.matcher(), paths),
    };
    sent.unwrap_or_else(|refusal| Transfer { error: Some(refusal), ..Transfer::default() })
}

fn walk(matcher: &Matcher, paths: &[String]) -> Result<Transfer, PatternRefusal> {
    let paths = paths.iter().map(String::as_str).filter(|path| path.len() < PATH_MAX);
    let mut directories = HashSet::new();
    let mut entries = BTreeMap::new();
    for path in paths {
        for (at, _) in path.match_indices('/').filter(|(at, _)| *at > 0) {
            directories.insert(&path[..at]);
            entries.insert(key(&path[..at]), &path[..at]);
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        entries.insert(key(path), path);
    }
    let mut sent: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<(&str, MatchedPatterns)> = Vec::new();
    let mut pruned: Option<&str> = None;
    let root = MatchedPatterns::default();
    for path in entries.into_values() {
        if pruned.is_some_and(|directory| path::is_below(path, directory)) {
            continue;
        }
        while open.last().is_some_and(|(directory, _)| !path::is_below(path, directory)) {
            open.pop();
        }
        let verdict = matcher.decide(path, open.last().map_or(&root, |(_, inherited)| inherited))?;
        let is_directory = directories.contains(path);
        if verdict.excluded && is_directory && matcher.prunes(path) {
            pruned = Some(path);
            continue;
        }
        if !verdict.excluded {
            sent.insert(path);
            for (directory, _) in open.iter().rev() {
                if !sent.insert(directory) {
                    break;
                }
            }
        }
        if is_directory {
            open.push((path, verdict.inherited));
        }
    }
    let (included_dirs, included): (Vec<&str>, Vec<&str>) =
        sent.into_iter().partition(|path| directories.contains(path));
    let mut included_dirs: Vec<String> = included_dirs.into_iter().map(|path| format!("{path}/")).collect();
    included_dirs.sort_unstable();
    Ok(Transfer { included: included.into_iter().map(str::to_owned).collect(), included_dirs, error: None })
}

/// Sorts paths in the order of a walk: what is below a directory comes right after it.
fn key(path: &str) -> String {
    path.replace('/', "\0")
}

#[cfg(test)]
mod tests;
