use super::*;
use crate::finding::{FileEdit, Severity};
use crate::text::Span;

/// A rule that replaces each occurrence of a text.
type Rewrite = (&'static str, &'static str, &'static str, bool);

fn find(rules: &[Rewrite], sources: &[Source]) -> Vec<Finding> {
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
        codes: Vec::new(),
        severity: Severity::Warning,
        file: FileId(0),
        span,
        labels: Vec::new(),
        instruction_line: None,
        stage: None,
        message: format!("{rule}: {text}"),
        help: None,
        notes: Vec::new(),
        hidden_by: None,
        impact: Vec::new(),
        fixes: vec![Fix { title: "replace".into(), safety, edits }],
    }
}

#[track_caller]
fn check(rules: &[Rewrite], input: &str, expected: &str) -> FixOutcome {
    let sources = [Source::of("f", input)];
    let outcome = fix(&sources, FixLevel::Safe, |now: &[Source]| find(rules, now));
    let after = outcome.changes.first().map_or(input.as_bytes(), |change| &change.after);
    assert_eq!(String::from_utf8_lossy(after), expected);
    let again = [Source::new("f", after.to_vec()).unwrap()];
    assert_eq!(fix(&again, FixLevel::Safe, |now: &[Source]| find(rules, now)).changes, []);
    outcome
}

#[test]
fn fixes_are_applied_until_nothing_is_left() {
    let outcome = check(&[("a-to-b", "a", "b", true), ("b-to-c", "b", "c", true)], "a x b", "c x c");
    assert_eq!(outcome.applied.len(), 3);
    assert_eq!(outcome.remaining, []);
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
    assert_eq!(check(&rules, "a", "a").remaining.len(), 1);
    let outcome = fix(&[Source::of("f", "a")], FixLevel::Unsafe, |now: &[Source]| find(&rules, now));
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
    let outcome = fix(&[Source::of("Dockerfile", "FROM x")], FixLevel::Safe, |now: &[Source]| match now.len() {
        1 => vec![finding("no-file", Target::New(".dockerignore".into()), Span::at(0), ".git\n", true); 2],
        _ => find(&[("git", ".git", "**/.git", true)], now).into_iter().filter(|_| false).collect(),
    });
    assert_eq!(outcome.changes.len(), 1);
    assert_eq!(outcome.changes[0].target, Target::New(".dockerignore".into()));
    assert_eq!((outcome.changes[0].before.as_ref(), &outcome.changes[0].after[..]), (None, &b".git\n"[..]));
    assert_eq!(outcome.applied.len(), 1);
}

#[test]
fn spans_over_invalid_bytes_are_not_replaced() {
    let sources = [Source::new("f", b"a\xffa b\xff".to_vec()).unwrap()];
    let rules = [("over", "a\u{fffd}a", "x", true), ("beside", "b", "c", true)];
    let outcome = fix(&sources, FixLevel::Safe, |now: &[Source]| find(&rules, now));
    assert_eq!(outcome.changes[0].after, b"a\xffa c\xff");
}

#[test]
fn edits_outside_of_the_text_are_not_applied() {
    let outcome = fix(&[Source::of("f", "aé")], FixLevel::Safe, |_: &[Source]| {
        vec![
            finding("outside", Target::File(FileId(0)), Span::new(2, 9), "", true),
            finding("cut", Target::File(FileId(0)), Span::new(2, 3), "", true),
            finding("elsewhere", Target::File(FileId(7)), Span::new(0, 1), "", true),
        ]
    });
    assert!(outcome.changes.is_empty());
    assert_eq!(outcome.remaining.len(), 3);
}

/// Rules that insert at one place, each its own text unless it is there.
fn inserted(names: &[&'static str], now: &[Source]) -> Vec<Finding> {
    let absent = names.iter().filter(|name| !now[0].text().contains(**name));
    absent.map(|name| finding(name, Target::File(FileId(0)), Span::at(1), name, true)).collect()
}

#[test]
fn insertions_at_one_place_come_one_after_another() {
    let names = ["<a>", "<b>", "<c>", "<d>", "<e>", "<f>", "<g>", "<h>", "<i>", "<j>", "<k>", "<l>", "<m>"];
    let outcome = fix(&[Source::of("f", "xy")], FixLevel::Safe, |now: &[Source]| inserted(&names, now));
    assert_eq!(outcome.contradicting, Vec::<&str>::new());
    let text = String::from_utf8(outcome.changes[0].after.clone()).unwrap();
    assert_eq!(text, "x<m><l><k><j><i><h><g><f><e><d><c><b><a>y");
}

#[test]
fn rules_that_contradict_in_one_file_are_applied_to_another() {
    let rules = [("there", "a", "b", true), ("back", "b", "a", true)];
    let sources = [Source::of("f", "a b"), Source::of("g", "a")];
    let outcome = fix(&sources, FixLevel::Safe, |now: &[Source]| {
        let mut findings = find(&rules, now);
        // `back` does not look at the second file.
        findings
            .retain(|finding| finding.rule == "there" || finding.fixes[0].edits[0].target == Target::File(FileId(0)));
        findings
    });
    assert_eq!(outcome.contradicting, ["back", "there"]);
    assert_eq!(outcome.changes.len(), 1);
    assert_eq!((outcome.changes[0].name.as_str(), &outcome.changes[0].after[..]), ("g", &b"b"[..]));
}

/// Refuses a file that holds a word.
struct Strict<'a>(&'a [Rewrite], &'a str);

impl FindingSource for Strict<'_> {
    fn findings(&mut self, sources: &[Source]) -> Vec<Finding> {
        find(self.0, sources)
    }

    fn refuses(&self, _: FileId, before: &Source, after: &Source, _: &BTreeSet<&'static str>) -> Option<String> {
        let holds = |source: &Source| source.text().contains(self.1);
        (!holds(before) && holds(after)).then(|| "it holds the word".to_owned())
    }
}

#[test]
fn harmful_fixes_are_skipped_and_reported() {
    let rules = [("good", "a", "A", true), ("bad", "b", "B", true), ("other", "c", "C", true)];
    let sources = [Source::of("f", "a b c"), Source::of("g", "b")];
    let outcome = fix(&sources, FixLevel::Safe, Strict(&rules, " B"));
    let texts: Vec<&[u8]> = outcome.changes.iter().map(|change| &*change.after).collect();
    assert_eq!(texts, [&b"A b C"[..], b"B"]);
    let refused = RefusedRule { rule: "bad", file: "f".into(), why: "it holds the word".into() };
    assert_eq!((outcome.refused, outcome.remaining.len()), (vec![refused], 1));
    // Two that are wrong only together: the later one is left out.
    let outcome = fix(&[Source::of("f", "a b")], FixLevel::Safe, Strict(&rules, "A B"));
    assert_eq!((&outcome.changes[0].after[..], outcome.refused[0].rule), (&b"A b"[..], "bad"));
    // Another fix of the same rule is applied.
    let rules = [("bad", "a", "A", true), ("bad", "b", "B", true), ("bad", "c", "C", true)];
    let outcome = fix(&[Source::of("f", "a b c")], FixLevel::Safe, Strict(&rules, "B"));
    assert_eq!((&outcome.changes[0].after[..], outcome.refused.len()), (&b"A b C"[..], 1));
}
