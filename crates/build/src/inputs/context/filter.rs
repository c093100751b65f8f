//! A context under further ignore patterns: what a new .dockerignore leaves of it.

use crate::ignore::{MatchedPatterns, Matcher};
use crate::inputs::context::builder::ContextBuilder;
use crate::inputs::context::entry::{ContextEntryKind, EntryId, ExcludedEntry};
use crate::inputs::context::path::RelativePath;
use crate::inputs::context::tree::{BuildContext, ReadProblem, TroubleKind};

impl BuildContext {
    /// What is left when `matcher` decides too. It can't bring back what is not in the context; a pattern that the
    /// engine refuses leaves everything.
    #[must_use]
    pub fn without(&self, matcher: &Matcher) -> Self {
        let mut builder = ContextBuilder::new(self.root());
        let mut path = RelativePath::new(self);
        let mut open: Vec<(EntryId, MatchedPatterns, bool)> = Vec::new();
        let root = MatchedPatterns::default();
        for id in self.entries() {
            while open.last().is_some_and(|(above, ..)| !self.is_below(id, *above)) {
                open.pop();
                builder.leave();
            }
            let entry = self.entry(id);
            let full = path.to(id);
            let above = open.last();
            let Ok(verdict) = matcher.decide(full, above.map_or(&root, |(_, inherited, _)| inherited)) else {
                return self.clone();
            };
            let hidden = above.is_some_and(|(.., excluded)| *excluded);
            if let Some(pattern) = verdict.decided_by
                && verdict.excluded
                && !hidden
            {
                let directory = entry.kind == ContextEntryKind::Directory;
                builder.exclude(ExcludedEntry { path: full.into(), directory, pattern: pattern as u32 });
            }
            if entry.kind == ContextEntryKind::Directory {
                builder.enter(entry.name, entry.mode, verdict.excluded);
                open.push((id, verdict.inherited, verdict.excluded || hidden));
            } else if !verdict.excluded {
                let empty =
                    entry.kind == ContextEntryKind::File && entry.amount.bytes > 0 && matcher.empties(full, &verdict);
                let bytes = if empty { 0 } else { entry.amount.bytes };
                if empty {
                    builder.trouble(ReadProblem { path: full.into(), kind: TroubleKind::SentEmpty });
                }
                builder.add(entry.name, entry.kind, entry.mode, bytes, entry.target);
            }
        }
        for excluded in self.excluded() {
            builder.exclude(excluded.clone());
        }
        for trouble in self.troubles() {
            builder.trouble(trouble.clone());
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::ignore;
    use crate::inputs::context::BuildContext;
    use crate::text::Source;

    #[test]
    fn new_patterns_leave_less() {
        let context = BuildContext::of(&[("a/b.py", 1), (".git/HEAD", 2), ("a/x.log", 4), ("keep/x.log", 8)]);
        let file = ignore::parse(&Source::of(".dockerignore", ".git\n**/*.log\n!keep/x.log\n"));
        let remaining = context.without(&file.matcher());
        let paths: Vec<String> = remaining.entries().map(|id| remaining.path(id)).collect();
        assert_eq!(paths, ["a", "a/b.py", "keep", "keep/x.log"]);
        assert_eq!(remaining.total().bytes, 9);
        assert_eq!(remaining.excluded_above(".git/HEAD").map(|excluded_above| &*excluded_above.path), Some(".git"));
    }

    #[test]
    fn a_name_may_come_back_without_its_content() {
        let context = BuildContext::of(&[("docs/a.md", 1), ("docs/internal/b.md", 2), ("docs/internal/c", 4)]);
        let file = ignore::parse(&Source::of(".dockerignore", "**\n!**/*.md\ndocs/internal\n"));
        let remaining = context.without(&file.matcher());
        assert_eq!((remaining.total().files, remaining.total().bytes), (2, 1));
        let troubles: Vec<&str> = remaining.troubles().iter().map(|trouble| &*trouble.path).collect();
        assert_eq!(troubles, ["docs/internal/b.md"]);
    }
}
