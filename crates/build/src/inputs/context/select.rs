//! What one source of COPY or ADD takes from a context, as the builder's copy does: symlinks named by the source are
//! followed inside the context, wildcards stop at slashes, a directory stands for its contents.

use crate::ignore::{MatchedPatterns, Matcher, check_path_pattern, has_wildcard, path_match};
use crate::inputs::context::answer::{Selection, SourceError, SourceOutcome};
use crate::inputs::context::entry::{Amount, ContextEntryKind, EntryId, ExcludedEntry};
use crate::inputs::context::path::{RelativePath, relative};
use crate::inputs::context::tree::BuildContext;
use crate::text::path;

/// The flags of COPY or ADD that change what a source takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selector<'s> {
    /// `--parents`: the source is a pattern with `**`, and `/./` in it marks where the kept path begins.
    pub parents: bool,
    /// `--exclude`: applied below a directory that is taken, to the path from there. A file that the source itself names
    /// is taken all the same, whatever BuildKit's reference says of `hom*`; so does its copy.
    pub exclude: &'s [&'s str],
}

/// What `source` (variables expanded, neither a URL nor a repository) takes of the context.
///
/// # Errors
/// When the builder refuses the source or an `--exclude` for its form.
pub fn select(context: &BuildContext, source: &str, selector: Selector<'_>) -> Result<Selection, SourceError> {
    let key = format!("{}\0{}\0{source}", selector.parents, selector.exclude.join("\0"));
    context.memory.selection(key, || look(context, source, selector))
}

fn look(context: &BuildContext, source: &str, selector: Selector<'_>) -> Result<Selection, SourceError> {
    let excludes = Matcher::new(selector.exclude.iter().copied())?;
    if !selector.parents {
        let plain = relative(source);
        let tops = tops(context, &plain)?;
        let copy = Copy { excludes: &excludes, includes: None };
        return collect(context, tops, &copy, || context.excluded_above(&plain).cloned());
    }
    let (base, pattern) = source.split_once("/./").unwrap_or(("/", source));
    let (base, pattern) = (relative(base), relative(pattern));
    let includes = Matcher::new([&*pattern])?;
    let tops = tops(context, &base)?;
    let copy = Copy { excludes: &excludes, includes: (!pattern.is_empty()).then_some(&includes) };
    let full = path::join(&base, &pattern);
    if pattern.is_empty() {
        // The builder drops an empty pattern, and a list without patterns includes nothing.
        return collect(context, SourceMatches::Found(Vec::new()), &copy, || None);
    }
    let mut selection = collect(context, tops, &copy, || context.excluded_above(&full).cloned())?;
    if selection.outcome == SourceOutcome::Found && selection.entries.is_empty() {
        let required = !has_wildcard(&base) && !has_wildcard(&pattern);
        selection.outcome = if required {
            SourceOutcome::Missing(context.excluded_above(&full).cloned())
        } else {
            SourceOutcome::NothingMatches
        };
    }
    Ok(selection)
}

/// What a source names.
enum SourceMatches {
    Missing,
    Found(Vec<Option<EntryId>>),
}

fn tops(context: &BuildContext, source: &str) -> Result<SourceMatches, SourceError> {
    let parts: Vec<&str> = source.split('/').filter(|part| !part.is_empty()).collect();
    let fixed = parts.iter().take_while(|part| !has_wildcard(part)).count();
    let LookupEnd::Entry(base) = follow(context, None, &parts[..fixed].join("/"))? else {
        return Ok(SourceMatches::Missing);
    };
    if fixed == parts.len() {
        return Ok(SourceMatches::Found(vec![base]));
    }
    let pattern = parts[fixed..].join("/");
    check_path_pattern(&pattern).map_err(|_| SourceError::Pattern)?;
    let mut targets = Vec::new();
    let mut path = RelativePath::new(context);
    let mut matched: Option<EntryId> = None;
    for id in context.descendants(base) {
        if matched.is_some_and(|above| context.is_below(id, above)) {
            continue;
        }
        if !path_match(&pattern, path.to(id)).is_ok_and(|matches| matches) {
            continue;
        }
        matched = Some(id);
        let entry = context.entry(id);
        if entry.kind == ContextEntryKind::Symlink {
            match follow(context, context.parent(id), entry.name)? {
                LookupEnd::Entry(target) => targets.push(target),
                LookupEnd::Nothing => return Ok(SourceMatches::Missing),
            }
        } else {
            targets.push(Some(id));
        }
    }
    Ok(SourceMatches::Found(targets))
}

/// The links that one look-up may follow, as in the builder.
const LINKS_MAX: u32 = 255;

/// Where a look-up ends.
enum LookupEnd {
    Nothing,
    /// `None` is the root.
    Entry(Option<EntryId>),
}

/// Looks a path up from a directory, symlinks followed as if the context were a whole file system.
fn follow(context: &BuildContext, from: Option<EntryId>, path: &str) -> Result<LookupEnd, SourceError> {
    let mut waiting: Vec<&str> = path.split('/').rev().collect();
    let mut at = from;
    let mut links = 0;
    while let Some(part) = waiting.pop() {
        match part {
            "" | "." => continue,
            ".." => {
                at = at.and_then(|id| context.parent(id));
                continue;
            }
            _ => {}
        }
        if at.is_some_and(|id| context.entry(id).kind != ContextEntryKind::Directory) {
            return Ok(LookupEnd::Nothing);
        }
        let Some(id) = context.child(at, part) else { return Ok(LookupEnd::Nothing) };
        let Some(target) = context.entry(id).target else {
            at = Some(id);
            continue;
        };
        links += 1;
        if links > LINKS_MAX {
            return Err(SourceError::TooManyLinks);
        }
        if target.starts_with('/') {
            at = None;
        }
        waiting.extend(target.split('/').rev());
    }
    Ok(LookupEnd::Entry(at))
}

struct Copy<'m> {
    excludes: &'m Matcher,
    includes: Option<&'m Matcher>,
}

fn collect(
    context: &BuildContext,
    tops: SourceMatches,
    copy: &Copy<'_>,
    why: impl FnOnce() -> Option<ExcludedEntry>,
) -> Result<Selection, SourceError> {
    let (outcome, tops) = match tops {
        SourceMatches::Missing => (SourceOutcome::Missing(why()), Vec::new()),
        SourceMatches::Found(tops) if tops.is_empty() => (SourceOutcome::NothingMatches, tops),
        SourceMatches::Found(tops) => (SourceOutcome::Found, tops),
    };
    let mut entries = Vec::new();
    let mut distinct = tops.clone();
    distinct.sort_unstable();
    distinct.dedup();
    for top in distinct {
        match top.filter(|id| context.entry(*id).kind != ContextEntryKind::Directory) {
            Some(file) => entries.push(file),
            None => below(context, top, copy, &mut entries)?,
        }
    }
    entries.sort_unstable();
    entries.dedup();
    let mut amount = Amount::default();
    for entry in entries.iter().map(|id| context.entry(*id)).filter(|entry| entry.kind != ContextEntryKind::Directory) {
        amount.add(entry.amount);
    }
    Ok(Selection { outcome, tops, entries: entries.into(), amount })
}

/// Adds what is copied of a directory's contents.
fn below(
    context: &BuildContext,
    top: Option<EntryId>,
    copy: &Copy<'_>,
    out: &mut Vec<EntryId>,
) -> Result<(), SourceError> {
    if copy.excludes.is_empty() && copy.includes.is_none() {
        out.extend(context.descendants(top));
        return Ok(());
    }
    let mut path = RelativePath::new(context);
    let mut open: Vec<(EntryId, bool, MatchedPatterns, MatchedPatterns)> = Vec::new();
    let mut skipped: Option<EntryId> = None;
    for id in context.descendants(top) {
        if skipped.is_some_and(|above| context.is_below(id, above)) {
            continue;
        }
        while open.last().is_some_and(|(above, ..)| !context.is_below(id, *above)) {
            open.pop();
        }
        let none = MatchedPatterns::default();
        let (above_include, above_exclude) = open.last().map_or((&none, &none), |(_, _, i, e)| (i, e));
        let path = path.to(id);
        let include = copy.includes.map(|matcher| matcher.decide(path, above_include)).transpose()?;
        let exclude = copy.excludes.decide(path, above_exclude)?;
        let is_taken = include.as_ref().is_none_or(|verdict| verdict.excluded) && !exclude.excluded;
        if is_taken {
            out.push(id);
            for (directory, copied, ..) in open.iter_mut().rev().take_while(|(_, copied, ..)| !copied) {
                *copied = true;
                out.push(*directory);
            }
        }
        if context.entry(id).kind != ContextEntryKind::Directory {
            continue;
        }
        if exclude.excluded && !copy.excludes.has_exceptions() {
            skipped = Some(id);
        } else {
            open.push((id, is_taken, include.unwrap_or_default().inherited, exclude.inherited));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: paths that are copied, without directories; or how the source fails.
    fn check(source: &str, selector: Selector<'_>, expected: Result<&[&str], SourceOutcome>) {
        let context = BuildContext::of(&[
            ("a.txt", 1),
            ("b.md", 2),
            ("docs/a.txt", 4),
            ("docs/img/x.png", 8),
            ("docs2/y", 16),
            ("empty/", 0),
            ("src/lib/z.rs", 32),
            ("[x]", 64),
            ("link -> docs/img", 0),
            ("file -> /docs/../a.txt", 0),
            ("out -> ../../a.txt", 0),
            ("gone -> nowhere", 0),
            ("self -> self", 0),
        ]);
        let selection = select(&context, source, selector).unwrap();
        let files = selection.entries.iter().filter(|id| context.entry(**id).kind != ContextEntryKind::Directory);
        let files: Vec<String> = files.map(|id| context.path(*id)).collect();
        match expected {
            Ok(expected) => {
                assert_eq!(
                    (selection.outcome, &*files),
                    (SourceOutcome::Found, &*expected.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>()),
                    "{source:?}"
                );
            }
            Err(outcome) => assert_eq!((selection.outcome, files.len()), (outcome, 0), "{source:?}"),
        }
    }

    #[test]
    fn sources_name_what_the_builder_finds() {
        let plain = Selector::default();
        check("a.txt", plain, Ok(&["a.txt"]));
        check("/./docs/../a.txt", plain, Ok(&["a.txt"]));
        check("../../a.txt", plain, Ok(&["a.txt"]));
        check("docs/", plain, Ok(&["docs/a.txt", "docs/img/x.png"]));
        check("empty", plain, Ok(&[]));
        check("link", plain, Ok(&["docs/img/x.png"]));
        check("link/x.png", plain, Ok(&["docs/img/x.png"]));
        check("file", plain, Ok(&["a.txt"]));
        check("out", plain, Ok(&["a.txt"]));
        check("*.txt", plain, Ok(&["a.txt"]));
        check("doc*", plain, Ok(&["docs/a.txt", "docs/img/x.png", "docs2/y"]));
        check("docs/*", plain, Ok(&["docs/a.txt", "docs/img/x.png"]));
        check("[[]x]", plain, Ok(&["[x]"]));
        check("l?nk/*", plain, Err(SourceOutcome::NothingMatches));
        check("link/*", plain, Ok(&["docs/img/x.png"]));
        check("*.zip", plain, Err(SourceOutcome::NothingMatches));
        check("none", plain, Err(SourceOutcome::Missing(None)));
        check("a.txt/x", plain, Err(SourceOutcome::Missing(None)));
        check("gon?", plain, Err(SourceOutcome::Missing(None)));
    }

    #[test]
    fn everything_below_the_root_is_taken_by_a_dot() {
        let context = BuildContext::of(&[("a", 1), ("b/c", 2)]);
        for source in [".", "/", "./", "b/..", "../"] {
            let selection = select(&context, source, Selector::default()).unwrap();
            assert_eq!(
                (selection.tops, selection.entries.len(), selection.amount.bytes),
                (vec![None], 3, 3),
                "{source:?}"
            );
        }
    }

    #[test]
    fn exclude_works_below_directories_only() {
        let without = |exclude| Selector { parents: false, exclude };
        check("docs", without(&["**/*.png"]), Ok(&["docs/a.txt"]));
        check("docs", without(&["img"]), Ok(&["docs/a.txt"]));
        check("docs", without(&["*", "!img/x.png"]), Ok(&["docs/img/x.png"]));
        check("a.txt", without(&["*.txt"]), Ok(&["a.txt"]));
        check("*.txt", without(&["*.txt"]), Ok(&["a.txt"]));
    }

    #[test]
    fn parents_takes_patterns() {
        let parents = Selector { parents: true, exclude: &[] };
        check("**/*.txt", parents, Ok(&["a.txt", "docs/a.txt"]));
        check("src/lib", parents, Ok(&["src/lib/z.rs"]));
        check("src/./lib", parents, Ok(&["src/lib/z.rs"]));
        check("src/./nope", parents, Err(SourceOutcome::Missing(None)));
        check("**/nope", parents, Err(SourceOutcome::NothingMatches));
        check(".", parents, Err(SourceOutcome::NothingMatches));
    }

    #[test]
    fn forms_that_the_builder_refuses_are_errors() {
        let context = BuildContext::of(&[("a", 1), ("self -> self", 0)]);
        let error = |source: &str, exclude: &[&str]| {
            select(&context, source, Selector { parents: false, exclude }).unwrap_err()
        };
        assert_eq!(error("a[", &[]), SourceError::Pattern);
        assert_eq!(error(".", &["!"]), SourceError::Negation);
        assert_eq!(error("self", &[]), SourceError::TooManyLinks);
    }
    #[test]
    fn circles_and_crowds_end() {
        let links: Vec<String> = (0..20_000).map(|n| format!("l{n} -> d/../d")).collect();
        let mut files: Vec<(&str, u64)> = links.iter().map(|link| (&**link, 0)).collect();
        files.extend([("d/x", 1), ("d/up -> ..", 0)]);
        let context = BuildContext::of(&files);
        let selection = select(&context, "l*", Selector::default()).unwrap();
        assert_eq!((selection.tops.len(), selection.amount.bytes), (20_000, 1));
        assert_eq!(select(&context, &"d/up/".repeat(10), Selector::default()).unwrap().tops, [None]);
    }
}
