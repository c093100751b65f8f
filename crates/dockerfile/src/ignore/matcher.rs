//! Decides paths against an ordered list of patterns. Two views exist: the walk that chooses what is sent, where an
//! entry inherits from its directory which patterns took that, and the check that BuildKit's `CopyIgnoredFile` uses.
//! They differ: in a walk a pattern that was not tried on a directory is not inherited.

use std::collections::HashMap;

use crate::ignore::name::clean;
use crate::ignore::pattern::{Form, PatternRefusal, admit};

/// A compiled list of patterns.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    patterns: Vec<(Form, bool)>,
    index: Index,
    /// Where exceptions may bring something back below an excluded directory: their texts, each with a final slash,
    /// sorted; `None` when one has wildcards, so that every directory must be looked into.
    exceptions: Option<Vec<Box<str>>>,
    /// Whether a pattern is one of those that BuildKit's check takes for "everything".
    everything: bool,
}

/// The patterns that took a directory, ascending: what its entries start from. The root's is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchedPatterns(Vec<u32>);

/// The decision on one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the path is left out.
    pub excluded: bool,
    /// The index of the pattern that had the last word; `None` when none matched.
    pub decided_by: Option<usize>,
    /// For the entries below, when the path is a directory.
    pub inherited: MatchedPatterns,
}

/// Finds the patterns that can take a path without trying each.
#[derive(Clone, Debug, Default)]
struct Index {
    exact: HashMap<Box<str>, Vec<u32>>,
    /// `dir/**`, by `dir/`.
    below: HashMap<Box<str>, Vec<u32>>,
    /// `**/name`, by `name`.
    named: HashMap<Box<str>, Vec<u32>>,
    /// By the last byte that the path must have.
    ending: HashMap<u8, Vec<u32>>,
    /// Tried on every path.
    others: Vec<u32>,
}

/// The steps that all patterns together may take in memory; only counted repetitions by the thousand get there.
const SIZE_MAX: usize = 4_000_000;

impl Matcher {
    /// Compiles patterns as the engine is given them: lines of an ignore file, or the values of `--exclude`. A pattern
    /// keeps its index; blank ones match nothing.
    ///
    /// # Errors
    /// The first pattern that the engine refuses.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, PatternRefusal> {
        let admitted = patterns.into_iter().map(admit).collect::<Result<Vec<_>, _>>()?;
        let forms = admitted.into_iter().map(Option::unwrap_or_default);
        Ok(Self::of(forms))
    }

    /// Compiles admitted patterns: the text without `!`, and whether there was one.
    pub(crate) fn of(patterns: impl IntoIterator<Item = (String, bool)>) -> Self {
        let mut matcher = Self { exceptions: Some(Vec::new()), ..Self::default() };
        let mut size = 0;
        for (text, negated) in patterns {
            if negated {
                matcher.add_exception(&text);
            } else {
                matcher.everything |= matches!(&*text, "*" | "**" | "**/*");
            }
            let form =
                Some(Form::of(&text)).filter(|form| size + form.size() <= SIZE_MAX).unwrap_or(Form::Uncompilable);
            size += form.size();
            matcher.index.add(&form, matcher.patterns.len() as u32);
            matcher.patterns.push((form, negated));
        }
        if let Some(exceptions) = &mut matcher.exceptions {
            exceptions.sort_unstable();
        }
        matcher
    }

    fn add_exception(&mut self, text: &str) {
        let bare = text.strip_suffix("/**").unwrap_or(text);
        let bare = bare.strip_suffix("/*").unwrap_or(bare);
        if bare.contains(['*', '[', ']', '?', '^', '\\']) {
            self.exceptions = None;
        } else if let Some(exceptions) = &mut self.exceptions {
            exceptions.push(format!("{bare}/").into());
        }
    }

    /// Whether there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a pattern begins with `!`.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|(_, negated)| *negated)
    }

    /// How many patterns are tried on a path at worst, those aside that its name rules out at once. A caller that walks
    /// untrusted trees multiplies it with the number of entries and refuses what would take hours.
    pub fn tried_per_path(&self) -> usize {
        self.index.others.len() + self.index.ending.values().map(Vec::len).max().unwrap_or(0)
    }

    /// Decides an entry during a walk: `path` from the root, without slash at either end, and what its directory's
    /// verdict handed down.
    ///
    /// # Errors
    /// When a pattern is tried that passed the engine's check but does not compile there.
    pub fn decide(&self, path: &str, above: &MatchedPatterns) -> Result<Verdict, PatternRefusal> {
        let mut candidates = Vec::new();
        self.index.candidates(path, &mut candidates);
        let mut verdict = Verdict::default();
        let mut above = above.0.iter().copied().peekable();
        let mut candidates = candidates.into_iter().peekable();
        loop {
            let next = match (above.peek(), candidates.peek()) {
                (None, None) => return Ok(verdict),
                (Some(&a), Some(&o)) => a.min(o),
                (Some(&index), None) | (None, Some(&index)) => index,
            };
            let inherited = above.next_if_eq(&next).is_some();
            candidates.next_if_eq(&next);
            let (form, negated) = &self.patterns[next as usize];
            // A pattern that could change nothing is not tried, so what it takes is not handed down either.
            if inherited || (*negated == verdict.excluded && form.matches_path(path).ok_or(PatternRefusal::Syntax)?) {
                verdict.inherited.0.push(next);
                verdict.excluded = !negated;
                verdict.decided_by = Some(next as usize);
            }
        }
    }

    /// Whether a walk stays out of an excluded directory, since no exception could match below it.
    pub fn prunes(&self, directory: &str) -> bool {
        let Some(exceptions) = &self.exceptions else { return false };
        let inside = format!("{directory}/");
        let at = exceptions.partition_point(|text| **text < *inside);
        !exceptions.get(at).is_some_and(|text| text.starts_with(&inside))
    }

    /// Whether a file that a walk lets through still arrives empty: its content is asked for in the view of
    /// [`Self::matches_only`], and a file that is excluded there is taken for one that has gone since.
    pub fn empties(&self, path: &str, verdict: &Verdict) -> bool {
        // Without a pattern that took it, or what is above it, both views agree.
        verdict.decided_by.is_some() && !verdict.excluded && self.matches_only(path).is_ok_and(|(excluded, _)| excluded)
    }

    /// Whether a path is left out in the view of BuildKit's checks, with the pattern that decided: each pattern is tried
    /// on the path and on all directories above it. Not what is sent; see [`Self::decide`].
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn matches_only(&self, path: &str) -> Result<(bool, Option<usize>), PatternRefusal> {
        let mut candidates = Vec::new();
        // Go's parent of `/name` is `/`, that of `/dir/name` is `/dir`.
        let root = (path.rfind('/') == Some(0)).then_some(1);
        let ends = path.match_indices('/').map(|(at, _)| at).chain(root).chain([path.len()]);
        for end in ends {
            let mut matching = Vec::new();
            self.index.candidates(&path[..end], &mut matching);
            for &candidate in &matching {
                // One that does not compile is kept as a candidate: it fails when its turn comes.
                if self.patterns[candidate as usize].0.matches_path(&path[..end]).unwrap_or(true) {
                    candidates.push(candidate);
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let (mut excluded, mut decided_by) = (false, None);
        for candidate in candidates {
            let (form, negated) = &self.patterns[candidate as usize];
            if *negated != excluded {
                continue;
            }
            if matches!(form, Form::Uncompilable) {
                return Err(PatternRefusal::Syntax);
            }
            (excluded, decided_by) = (!negated, Some(candidate as usize));
        }
        Ok((excluded, decided_by))
    }
}

impl Matcher {
    /// Whether BuildKit warns that a COPY or ADD source is ignored (`CopyIgnoredFile`), with the pattern that it met.
    /// `source` as in the instruction, variables expanded. It says nothing where there are exceptions, nor of the
    /// context's root unless a pattern takes all of it.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn warns_of(&self, source: &str) -> Result<Option<usize>, PatternRefusal> {
        let source = clean(source);
        let root = source == "." || source == "/";
        if self.has_exceptions() || root && !self.everything {
            return Ok(None);
        }
        Ok(self.matches_only(&source)?.1)
    }
}

impl Index {
    fn add(&mut self, form: &Form, number: u32) {
        let list = match form {
            Form::Exact(text) => self.exact.entry(text.clone()).or_default(),
            Form::Prefix(text) if text.ends_with('/') => self.below.entry(text.clone()).or_default(),
            Form::Suffix(text) if text.len() > 1 && text.starts_with('/') => {
                self.named.entry(text[1..].into()).or_default()
            }
            Form::Suffix(tail) | Form::Steps { tail, .. } => match tail.as_bytes().last() {
                Some(&last) => self.ending.entry(last).or_default(),
                None => &mut self.others,
            },
            Form::Prefix(_) | Form::Uncompilable => &mut self.others,
        };
        list.push(number);
    }

    /// Adds every pattern that may take the path, ascending and once.
    fn candidates(&self, path: &str, out: &mut Vec<u32>) {
        let extend = |out: &mut Vec<u32>, list: Option<&Vec<u32>>| out.extend(list.into_iter().flatten());
        extend(out, self.exact.get(path));
        extend(out, path.as_bytes().last().and_then(|last| self.ending.get(last)));
        out.extend(&self.others);
        if !self.below.is_empty() || !self.named.is_empty() {
            extend(out, self.named.get(path));
            for (at, _) in path.match_indices('/') {
                extend(out, self.below.get(&path[..=at]));
                extend(out, self.named.get(&path[at + 1..]));
            }
        }
        out.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: excluded, the deciding pattern.
    fn check(patterns: &[&str], path: &str, expected: (bool, Option<usize>)) {
        let matcher = Matcher::new(patterns.iter().copied()).unwrap();
        let mut verdict = Verdict::default();
        for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
            verdict = matcher.decide(&path[..end], &verdict.inherited).unwrap();
        }
        assert_eq!((verdict.excluded, verdict.decided_by), expected, "{patterns:?} on {path:?}");
    }

    #[test]
    fn the_last_match_decides_and_is_named() {
        check(&["*", "!src/app.py"], "src/app.py", (false, Some(1)));
        check(&["*", "!src/app.py"], "src/b.py", (true, Some(0)));
        check(&["a", "b"], "c", (false, None));
        check(&["**/*.md", "!README.md", "README.md"], "README.md", (true, Some(2)));
        check(&["docs/**", " ", "!docs/a"], "docs/a/b", (false, Some(2)));
    }

    #[test]
    fn an_exception_holds_for_a_directory_only_if_that_was_excluded() {
        check(&["*/*", "!tmp"], "tmp/x", (true, Some(0)));
        let matcher = Matcher::new(["*/*", "!tmp"]).unwrap();
        assert_eq!(matcher.matches_only("tmp/x"), Ok((false, Some(1))));
    }

    #[test]
    fn buildkit_warns_of_ignored_sources() {
        let warns =
            |patterns: &[&str], source: &str| Matcher::new(patterns.iter().copied()).unwrap().warns_of(source).unwrap();
        assert_eq!(warns(&["x", "docs"], "docs/a"), Some(1));
        assert_eq!(warns(&["docs", "!docs/a"], "docs/b"), None);
        assert_eq!((warns(&["*.md"], "."), warns(&["x", "*"], "./")), (None, Some(1)));
        assert_eq!((warns(&["a"], "/a"), warns(&["/"], "/a"), warns(&["[^b]"], "/a")), (None, Some(0), Some(0)));
    }

    #[test]
    fn directories_are_pruned_unless_an_exception_lies_below() {
        let matcher = Matcher::new(["*", "!src/app.py", "!web/**"]).unwrap();
        assert!(matcher.prunes("docs") && matcher.prunes("sr") && matcher.prunes("src/util"));
        assert!(!matcher.prunes("src") && !matcher.prunes("web"));
        assert!(!Matcher::new(["*", "!**/x"]).unwrap().prunes("docs"));
        assert!(Matcher::new(["*"]).unwrap().prunes("docs"));
    }

    #[test]
    fn a_pattern_that_does_not_compile_fails_only_when_tried() {
        let matcher = Matcher::new(["a", "[b-a]"]).unwrap();
        assert_eq!(matcher.decide("x", &MatchedPatterns::default()), Err(PatternRefusal::Syntax));
        assert_eq!(matcher.matches_only("a/x").unwrap(), (true, Some(0)));
        assert!(matcher.decide("a", &MatchedPatterns::default()).unwrap().excluded);
        assert_eq!(matcher.matches_only("x"), Err(PatternRefusal::Syntax));
    }

    #[test]
    fn many_patterns_are_not_tried_one_by_one() {
        let texts: Vec<String> = (0..100_000)
            .map(|n| match n % 4 {
                0 => format!("dir{n}/file"),
                1 => format!("**/name{n}"),
                2 => format!("dir{n}/**"),
                _ => format!("**/*.e{n}x"),
            })
            .collect();
        let matcher = Matcher::new(texts.iter().map(String::as_str)).unwrap();
        let deep = "d/".repeat(1000) + "name1";
        let mut verdict = Verdict::default();
        for end in deep.match_indices('/').map(|(at, _)| at).chain([deep.len()]) {
            verdict = matcher.decide(&deep[..end], &verdict.inherited).unwrap();
        }
        assert_eq!(verdict.decided_by, Some(1));
    }
}
