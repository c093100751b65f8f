//! Applies the fixes of findings, checks again, and so on until nothing is left to apply. Owns choice and order;
//! knows no rule by name: two rules that undo each other are found out by their effect.

mod round;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fix, Safety, Target};
use crate::text::{FileId, Source};

/// Rounds of applying and checking before a rule's fixes count as endless.
pub const ROUNDS: usize = 10;

/// Which fixes may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Those that cannot change what the image does.
    Safe,
    /// All.
    Unsafe,
}

impl Level {
    /// Whether a fix may be applied.
    pub const fn allows(self, fix: &Fix) -> bool {
        matches!((self, &fix.safety), (Self::Unsafe, _) | (_, Safety::Safe))
    }
}

/// What fixing comes to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The files that change, in the order of their targets.
    pub changes: Vec<Change>,
    /// What was mended, in the order of doing; spans are those of the text at that time.
    pub applied: Vec<Applied>,
    /// What is found afterwards; spans are those of the texts after the change.
    pub left: Vec<Finding>,
    /// Rules whose fixes undo each other or never end; none of theirs is applied.
    pub contradicting: Vec<&'static str>,
}

/// A file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub target: Target,
    /// Its name, as messages call it.
    pub name: String,
    /// Its bytes before; `None` when it is new.
    pub before: Option<Vec<u8>>,
    /// Its bytes afterwards.
    pub after: Vec<u8>,
}

/// A finding with the fix that mended it.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The finding.
    pub finding: Finding,
    /// Its file's name.
    pub file: String,
    /// The index of the fix in [`Finding::fixes`].
    pub fix: usize,
}

/// Applies what `level` allows to a fixpoint. `check` says what is found in the sources as they then are; new files
/// stand behind the given ones, and are named as their [`Target::New`].
///
/// Running it again on the result changes nothing.
pub fn fix(sources: &[Source], level: Level, mut check: impl FnMut(&[Source]) -> Vec<Finding>) -> Outcome {
    let mut blocked = BTreeSet::new();
    loop {
        match attempt(sources, level, &blocked, &mut check) {
            Ok(mut outcome) => {
                outcome.contradicting = blocked.into_iter().collect();
                return outcome;
            }
            // Each attempt names at least one rule more, so this ends.
            Err(endless) => blocked.extend(endless),
        }
    }
}

/// The outcome, or the rules whose fixes don't come to an end together.
fn attempt(
    sources: &[Source],
    level: Level,
    blocked: &BTreeSet<&'static str>,
    check: &mut impl FnMut(&[Source]) -> Vec<Finding>,
) -> Result<Outcome, BTreeSet<&'static str>> {
    let mut now = sources.to_vec();
    let mut applied = Vec::new();
    let mut seen = vec![state(&now)];
    // Rules that changed something, by round.
    let mut active: Vec<BTreeSet<&'static str>> = Vec::new();
    loop {
        let findings = check(&now);
        let chosen = round::choose(&findings, &now, level, blocked);
        if chosen.is_empty() {
            return Ok(Outcome { changes: changes(sources, &now), applied, left: findings, contradicting: Vec::new() });
        }
        active.push(chosen.iter().map(|(finding, _)| findings[*finding].rule).collect());
        if active.len() > ROUNDS {
            return Err(active.pop().unwrap_or_default());
        }
        let Some(next) = round::apply(&findings, &chosen, &now) else {
            return Err(active.pop().unwrap_or_default());
        };
        let names = now;
        now = next;
        let state = state(&now);
        if let Some(before) = seen.iter().position(|known| *known == state) {
            return Err(active[before..].iter().flatten().copied().collect());
        }
        seen.push(state);
        for (index, fix) in chosen {
            let finding = findings[index].clone();
            let file = names.get(finding.file.0 as usize).map_or_else(String::new, |source| source.name().to_owned());
            applied.push(Applied { finding, file, fix });
        }
    }
}

fn state(sources: &[Source]) -> Vec<(String, Vec<u8>)> {
    sources.iter().map(|source| (source.name().to_owned(), source.bytes().to_vec())).collect()
}

fn changes(before: &[Source], after: &[Source]) -> Vec<Change> {
    let mut changes = BTreeMap::new();
    for (index, source) in after.iter().enumerate() {
        let old = before.get(index).map(|old| old.bytes().to_vec());
        let name = source.name().to_owned();
        let target = match old {
            Some(_) => Target::File(FileId(index as u32)),
            None => Target::New(name.clone()),
        };
        if old.as_deref() != Some(source.bytes()) {
            let change = Change { target: target.clone(), name, before: old, after: source.bytes().to_vec() };
            changes.insert(target, change);
        }
    }
    changes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FileEdit, Severity};
    use crate::text::Span;

    /// A rule that replaces each occurrence of a text.
    type Rewrite = (&'static str, &'static str, &'static str, bool);

    fn found(rules: &[Rewrite], sources: &[Source]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            for &(rule, old, new, safe) in rules {
                for (at, _) in source.text().match_indices(old) {
                    let span = Span::new(at as u32, (at + old.len()) as u32);
                    findings.push(finding(rule, Target::File(FileId(index as u32)), span, new, safe));
                }
            }
        }
        findings
    }

    fn finding(rule: &'static str, target: Target, span: Span, text: &str, safe: bool) -> Finding {
        let safety = if safe { Safety::Safe } else { Safety::Unsafe("it may".into()) };
        let edits = vec![FileEdit { target, span, text: text.into() }];
        Finding {
            rule,
            severity: Severity::Warning,
            file: FileId(0),
            span,
            labels: Vec::new(),
            instruction_line: None,
            stage: None,
            message: rule.into(),
            help: None,
            notes: Vec::new(),
            impact: Vec::new(),
            fixes: vec![Fix { title: "replace".into(), safety, edits }],
        }
    }

    #[track_caller]
    fn check(rules: &[Rewrite], input: &str, expected: &str) -> Outcome {
        let sources = [Source::of("f", input)];
        let outcome = fix(&sources, Level::Safe, |now| found(rules, now));
        let after = outcome.changes.first().map_or(input.as_bytes(), |change| &change.after);
        assert_eq!(String::from_utf8_lossy(after), expected);
        let again = [Source::new("f", after.to_vec()).unwrap()];
        assert_eq!(fix(&again, Level::Safe, |now| found(rules, now)).changes, []);
        outcome
    }

    #[test]
    fn fixes_are_applied_until_nothing_is_left() {
        let outcome = check(&[("a-to-b", "a", "b", true), ("b-to-c", "b", "c", true)], "a x b", "c x c");
        assert_eq!(outcome.applied.len(), 3);
        assert_eq!(outcome.left, []);
        assert_eq!(outcome.changes[0].before.as_deref(), Some(&b"a x b"[..]));
    }

    #[test]
    fn overlapping_fixes_wait_for_the_next_round() {
        check(&[("first", "ab", "A", true), ("second", "bc", "C", true)], "abc", "Ac");
        check(&[("neighbours", "a", "b", true)], &"a".repeat(999), &"b".repeat(999));
    }

    #[test]
    fn unsafe_fixes_are_left_unless_asked_for() {
        let rules = [("risky", "a", "b", false)];
        assert_eq!(check(&rules, "a", "a").left.len(), 1);
        let outcome = fix(&[Source::of("f", "a")], Level::Unsafe, |now| found(&rules, now));
        assert_eq!(outcome.changes[0].after, b"b");
    }

    #[test]
    fn rules_that_undo_each_other_change_nothing() {
        let rules = [("there", "a", "b", true), ("back", "b", "a", true), ("other", "x", "y", true)];
        let outcome = check(&rules, "a x", "a y");
        assert_eq!(outcome.contradicting, ["back", "there"]);
        assert_eq!(check(&[("endless", "a", "aa", true)], "a", "a").contradicting, ["endless"]);
    }

    #[test]
    fn a_new_file_is_seen_by_the_next_round() {
        let outcome = fix(&[Source::of("Dockerfile", "FROM x")], Level::Safe, |now| match now.len() {
            1 => vec![finding("no-file", Target::New(".dockerignore".into()), Span::at(0), ".git\n", true); 2],
            _ => found(&[("git", ".git", "**/.git", true)], now).into_iter().filter(|_| false).collect(),
        });
        assert_eq!(outcome.changes.len(), 1);
        assert_eq!(outcome.changes[0].target, Target::New(".dockerignore".into()));
        assert_eq!((outcome.changes[0].before.as_ref(), &outcome.changes[0].after[..]), (None, &b".git\n"[..]));
        assert_eq!(outcome.applied.len(), 1);
    }

    #[test]
    fn what_covers_a_bad_byte_is_not_replaced() {
        let sources = [Source::new("f", b"a\xffa b\xff".to_vec()).unwrap()];
        let rules = [("over", "a\u{fffd}a", "x", true), ("beside", "b", "c", true)];
        let outcome = fix(&sources, Level::Safe, |now| found(&rules, now));
        assert_eq!(outcome.changes[0].after, b"a\xffa c\xff");
    }

    #[test]
    fn edits_outside_of_the_text_are_not_applied() {
        let outcome = fix(&[Source::of("f", "aé")], Level::Safe, |_| {
            vec![
                finding("outside", Target::File(FileId(0)), Span::new(2, 9), "", true),
                finding("cut", Target::File(FileId(0)), Span::new(2, 3), "", true),
                finding("elsewhere", Target::File(FileId(7)), Span::new(0, 1), "", true),
            ]
        });
        assert!(outcome.changes.is_empty());
        assert_eq!(outcome.left.len(), 3);
    }
}
