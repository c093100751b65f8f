//! What the builder fetches of a context: not all that `.dockerignore` lets through, but what the reachable stages name
//! in COPY, ADD and bind mounts, and where symlinks among it lead.

use std::collections::BTreeSet;

use crate::ignore::{MatchedPatterns, Matcher, clean, has_wildcard, path_match};
use crate::inputs::context::answer::SentFiles;
use crate::inputs::context::entry::{Amount, ContextEntryKind, EntryId};
use crate::inputs::context::path::{RelativePath, relative};
use crate::inputs::context::tree::BuildContext;
use crate::text::path;

/// What a build with these sources fetches: COPY and ADD sources from the context and bind mount sources, of all stages
/// that the target needs, variables expanded; without URLs.
pub fn sent(context: &BuildContext, sources: &[&str]) -> SentFiles {
    context.memory.sent(sources.join("\0"), || look(context, sources))
}

fn look(context: &BuildContext, sources: &[&str]) -> SentFiles {
    let plain: Vec<String> = sources.iter().map(|source| relative(source)).collect();
    let whole = plain.iter().any(String::is_empty);
    let patterns = if whole { Vec::new() } else { with_targets(context, &plain) };
    // A list that names the root through a symlink holds everything, as the builder then drops the list.
    let whole = whole || patterns.iter().any(|pattern| pattern == ".");
    let included = |id: &EntryId| context.entry(*id).kind != ContextEntryKind::Directory;
    let files: Vec<EntryId> = match Matcher::new(patterns.iter().map(String::as_str)) {
        _ if whole => context.entries().filter(included).collect(),
        _ if patterns.iter().all(|pattern| is_plain(pattern)) => find_paths(context, &patterns),
        Ok(matcher) => matching(context, &matcher),
        // The builder fails before it fetches anything.
        Err(_) => Vec::new(),
    };
    let mut amount = Amount::default();
    for id in &files {
        amount.add(context.entry(*id).amount);
    }
    SentFiles { files: files.into(), amount, whole }
}

/// Whether a pattern means the path that it spells, in each of the engine's ways to match.
fn is_plain(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|character| character.is_alphanumeric() || "/._-@".contains(character))
}

/// What [`matching`] finds for plain paths, without a look at all the rest.
fn find_paths(context: &BuildContext, paths: &[String]) -> Vec<EntryId> {
    let mut tops: Vec<EntryId> = paths.iter().filter_map(|path| context.find(path)).collect();
    tops.sort_unstable();
    tops.dedup_by(|below, above| below == above || context.is_below(*below, *above));
    let all = tops.into_iter().flat_map(|top| std::iter::once(top).chain(context.descendants(Some(top))));
    all.filter(|id| context.entry(*id).kind != ContextEntryKind::Directory).collect()
}

fn matching(context: &BuildContext, matcher: &Matcher) -> Vec<EntryId> {
    let mut files = Vec::new();
    let mut path = RelativePath::new(context);
    let mut open: Vec<(EntryId, MatchedPatterns)> = Vec::new();
    let root = MatchedPatterns::default();
    for id in context.entries() {
        while open.last().is_some_and(|(above, _)| !context.is_below(id, *above)) {
            open.pop();
        }
        let Ok(verdict) = matcher.decide(path.to(id), open.last().map_or(&root, |(_, above)| above)) else {
            return Vec::new();
        };
        if context.entry(id).kind == ContextEntryKind::Directory {
            open.push((id, verdict.inherited));
        } else if verdict.excluded {
            files.push(id);
        }
    }
    files
}

/// The sources and the targets of the symlinks on their way, each link taken once. The builder also follows links that the
/// ignore file keeps back; those are unknown here.
fn with_targets(context: &BuildContext, sources: &[String]) -> Vec<String> {
    let mut resolved = BTreeSet::new();
    let mut waiting: Vec<String> = sources.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        let path = clean(path.trim_start_matches('/'));
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let current = &path[..end];
            let targets = links(context, current);
            let last = end == path.len();
            if (last || !targets.is_empty()) && !resolved.insert(current.to_owned()) {
                break;
            }
            if !targets.is_empty() {
                let rest = &path[end..];
                waiting
                    .extend(targets.iter().rev().map(|target| relative(&format!("{target}{rest}"))).map(root_as_dot));
                break;
            }
        }
    }
    resolved.into_iter().collect()
}

fn root_as_dot(path: String) -> String {
    if path.is_empty() { ".".to_owned() } else { path }
}

/// Where the symlinks of that name lead, as paths from the root; the last component may have wildcards.
fn links(context: &BuildContext, path: &str) -> Vec<String> {
    let (directory, name) = path::split(path);
    let holder = context.find(directory);
    if holder.is_none() && !directory.is_empty() {
        return Vec::new();
    }
    let named: Vec<EntryId> = if has_wildcard(name) {
        context.children(holder).filter(|id| path_match(name, context.entry(*id).name) == Ok(true)).collect()
    } else {
        context.child(holder, name).into_iter().collect()
    };
    let targets = named.iter().filter_map(|id| context.entry(*id).target);
    targets.map(|target| path::join(directory, target)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sources: &[&str], expected: &[&str]) {
        let context = BuildContext::of(&[
            ("a", 1),
            ("docs/x", 2),
            ("docs/y/z", 4),
            ("lib/l", 8),
            ("to -> docs/y", 0),
            ("up -> .", 0),
            ("c1 -> c2", 0),
            ("c2 -> c1", 0),
            ("docs2/q", 16),
        ]);
        let sent = sent(&context, sources);
        assert_eq!(sent.files.iter().map(|id| context.path(*id)).collect::<Vec<_>>(), expected, "{sources:?}");
    }

    #[test]
    fn only_named_blobs_are_fetched() {
        check(&[], &[]);
        check(&["a", "/docs/"], &["a", "docs/x", "docs/y/z"]);
        check(&["doc*"], &["docs/x", "docs/y/z", "docs2/q"]);
        check(&["to/z"], &["docs/y/z", "to"]);
        check(&["t*"], &["docs/y/z", "to"]);
        check(&["c1"], &["c1", "c2"]);
        check(&["nothing"], &[]);
        assert_eq!(
            sent(&BuildContext::of(&[("a", 1), ("b/c", 2)]), &["b/.."]),
            SentFiles { files: [0, 2].map(id).into(), amount: Amount { files: 2, bytes: 3 }, whole: true }
        );
        assert!(sent(&BuildContext::of(&[("a", 1), ("up -> .", 0)]), &["up"]).whole);
    }

    fn id(number: usize) -> EntryId {
        BuildContext::of(&[("a", 1), ("b/c", 2)]).entries().nth(number).unwrap()
    }
}
