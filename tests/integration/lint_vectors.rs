//! Rules against hadolint's and BuildKit's recorded verdicts: each code that a rule has, in each case. Where the recorded
//! linter is wrong by the Dockerfile reference (`disputes`), the right verdict counts. What differs stands in
//! `tests/vectors/lint-differences.tsv` with its reason, and nothing else may.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;

use dockopt::rules::ALL;
use serde_json::Value;

use crate::dockopt::Dockopt;

type Lines<'v> = BTreeMap<&'v str, BTreeSet<u64>>;

#[test]
fn rules_agree_with_the_recorded_verdicts() {
    let text = fs::read_to_string("tests/vectors/lint.jsonl").unwrap();
    let ran = Dockopt::new().file("cases.jsonl", &text).args(["debug", "vectors", "lint", "cases.jsonl"]).run().code(0);
    let value = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let cases: Vec<Value> = text.lines().map(value).collect();
    let answers: Vec<Value> = ran.stdout.lines().map(value).collect();
    assert_eq!(cases.len(), answers.len());
    let known: BTreeSet<&str> = ALL.iter().flat_map(|rule| rule.metadata().aliases.iter().copied()).collect();
    let mut differing = BTreeSet::new();
    let (mut asked_count, mut mended) = (0, 0);
    let mut missed = missed_of_suite();
    for (case, answer) in cases.iter().zip(&answers) {
        let (expected, answer_value) = (recorded(case), answered(answer));
        for code in known.iter().filter(|code| is_judged(case, code)) {
            let none = BTreeSet::new();
            let (theirs, ours) = (expected.get(code).unwrap_or(&none), answer_value.get(code).unwrap_or(&none));
            let dispute = dispute(case, code);
            if theirs.is_empty() && ours.is_empty() && dispute.is_none() {
                continue;
            }
            asked_count += 1;
            let agrees = match dispute {
                None => theirs == ours,
                // One line too many, or one too few.
                Some("fp") => ours.len() < theirs.len() && ours.is_subset(theirs),
                Some(_) => !ours.is_empty(),
            };
            mended += usize::from(agrees && dispute.is_some());
            if dispute.is_none() && code.starts_with("DL") && !theirs.is_subset(ours) {
                missed.insert((*code).to_owned());
            }
            if !agrees {
                differing.insert(format!("{code}\t{}", case["id"].as_str().unwrap()));
            }
        }
    }
    assert_narrower(&missed);
    let table = fs::read_to_string("tests/vectors/lint-differences.tsv").unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let recorded_lines: BTreeSet<String> = rows
        .map(|row| {
            let (place, reason) = row.rsplit_once('\t').unwrap();
            assert!(reason.len() > 10, "`{row}` has its reason");
            place.to_owned()
        })
        .collect();
    let agreed = asked_count - differing.len();
    let line = format!(
        "\nverdicts of the rules: {agreed} of {asked_count} as recorded, {mended} of them where the linter errs\n"
    );
    // Past the test harness, which keeps what a test prints to itself when it passes.
    write!(std::io::stdout(), "{line}").unwrap();
    assert_eq!(differing, recorded_lines, "tests/vectors/lint-differences.tsv");
}

/// The codes that hadolint's own suite finds where no rule does.
fn missed_of_suite() -> BTreeSet<String> {
    let table = fs::read_to_string("tests/vectors/hadolint-suite-differences.tsv").unwrap();
    let cells = table.lines().filter(|line| !line.starts_with('#')).map(|row| row.split('\t').collect::<Vec<_>>());
    let missed = cells.filter(|cells| cells[1].starts_with("DL") && cells[2] == "missed");
    missed.map(|cells| cells[1].to_owned()).collect()
}

/// A comment for a code that hadolint reports more often is not called unused.
fn assert_narrower(missed: &BTreeSet<String>) {
    for code in missed {
        let is_declared = ALL.iter().any(|rule| rule.metadata().narrower.iter().any(|(known, _)| known == code));
        assert!(
            is_declared,
            "hadolint reports {code} where dockopt does not: `narrower: [{code} …]` on the rule's page"
        );
    }
}

fn pairs<'v>(case: &'v Value, linter: &str) -> impl Iterator<Item = (&'v str, u64)> {
    let pairs = case[linter].as_array().into_iter().flatten();
    pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_u64().unwrap()))
}

fn recorded(case: &Value) -> Lines<'_> {
    let mut lines = Lines::new();
    for (code, line) in pairs(case, "hadolint").chain(pairs(case, "buildkit")) {
        lines.entry(code).or_default().insert(line);
    }
    lines
}

fn answered(answer: &Value) -> Lines<'_> {
    let mut lines = Lines::new();
    for finding in answer["findings"].as_array().unwrap() {
        for alias in finding["aliases"].as_array().unwrap() {
            lines.entry(alias.as_str().unwrap()).or_default().insert(finding["line"].as_u64().unwrap_or(0));
        }
    }
    lines
}

fn dispute<'v>(case: &'v Value, code: &str) -> Option<&'v str> {
    let disputes = case["disputes"].as_array().into_iter().flatten();
    disputes.filter(|dispute| dispute["rule"] == code).find_map(|dispute| dispute["kind"].as_str())
}

/// Whether one of the two recorded linters has a verdict: it knows the code, and came to an end.
fn is_judged(case: &Value, code: &str) -> bool {
    if code.starts_with("DL") {
        let stopped = pairs(case, "hadolint").any(|(code, _)| code == "DL1000");
        return !case["hadolint"].is_null() && !stopped;
    }
    let is_check =
        code.bytes().all(|byte| byte.is_ascii_alphabetic()) && code.bytes().any(|byte| byte.is_ascii_lowercase());
    is_check && case["buildkit_error"].is_null()
}
