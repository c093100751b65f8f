//! What is known, new and fixed.

use super::*;

fn known(file: &str, text: &str) -> BaselineFinding {
    BaselineFinding { file: file.into(), rule: "r".into(), fingerprint: format!("{text:0>16}") }
}

fn baseline(findings: &[(&str, &str, u64)]) -> Baseline {
    let findings = findings.iter().map(|(file, text, count)| (known(file, text), *count)).collect();
    Baseline { command: "lint".into(), findings }
}

fn seen(files: &[&str], gone: &[&str]) -> RunScope {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    RunScope { files: set(files), gone: set(gone), rules: set(&["r"]) }
}

#[track_caller]
fn check(before: &Baseline, findings: &[(&str, &str)], scope: &RunScope, is_known: &[bool], fixed: u64) -> Baseline {
    let findings: Vec<BaselineFinding> = findings.iter().map(|(file, text)| known(file, text)).collect();
    let comparison = before.compare(&findings, scope);
    assert_eq!((&*comparison.is_known, comparison.fixed), (is_known, fixed));
    comparison.pruned
}

#[test]
fn known_findings_are_counted() {
    let before = baseline(&[("a", "1", 2), ("a", "2", 1), ("b", "1", 1)]);
    let now = seen(&["a", "b"], &[]);
    let all = [("a", "1"), ("a", "1"), ("a", "2"), ("b", "1")];
    assert_eq!(check(&before, &all, &now, &[true; 4], 0), before);
    check(
        &before,
        &[("a", "1"), ("a", "1"), ("a", "1"), ("a", "2"), ("b", "1")],
        &now,
        &[true, true, false, true, true],
        0,
    );
    // One is fixed: of two equal ones one is left.
    let pruned = check(&before, &[("a", "1"), ("b", "1")], &now, &[true; 2], 2);
    assert_eq!(pruned, baseline(&[("a", "1", 1), ("b", "1", 1)]));
}

#[test]
fn only_checked_files_are_fixed() {
    let before = baseline(&[("a", "1", 1), ("b", "1", 1)]);
    assert_eq!(check(&before, &[], &seen(&["a"], &[]), &[], 1), baseline(&[("b", "1", 1)]));
    assert_eq!(check(&before, &[], &RunScope { rules: BTreeSet::new(), ..seen(&["a", "b"], &[]) }, &[], 0), before);
    assert_eq!(check(&before, &[], &seen(&[], &["b"]), &[], 1), baseline(&[("a", "1", 1)]));
}

#[test]
fn findings_of_a_renamed_file_stay_known() {
    let before = baseline(&[("a", "1", 1), ("a", "2", 1), ("a", "3", 1)]);
    let (moved, gone) = ([("b", "1"), ("b", "2"), ("b", "9")], seen(&["b"], &["a"]));
    let pruned = check(&before, &moved, &gone, &[true, true, false], 1);
    assert_eq!(pruned, baseline(&[("b", "1", 1), ("b", "2", 1)]));
    // A copy is no new name, a file with one finding in common is another one, and so is one that is known.
    check(&before, &moved, &seen(&["b"], &[]), &[false; 3], 0);
    check(&before, &[("b", "1")], &gone, &[false], 3);
    let both = baseline(&[("a", "1", 1), ("b", "9", 1)]);
    check(&both, &[("b", "1"), ("b", "9")], &gone, &[false, true], 1);
    // One file can't be two.
    let second = baseline(&[("a", "1", 1), ("c", "1", 1)]);
    check(&second, &[("b", "1")], &seen(&["b"], &["a", "c"]), &[true], 1);
}

#[test]
fn writing_replaces_what_was_looked_at() {
    let before = baseline(&[("a", "1", 3), ("b", "1", 1), ("c", "1", 1)]);
    let after = before.with("lint", vec![known("a", "2"), known("a", "2")], &seen(&["a"], &["c"]));
    assert_eq!(after, baseline(&[("a", "2", 2), ("b", "1", 1)]));
    // A file that could not be read whole: what is found is not counted twice.
    let after = before.with("lint", vec![known("a", "1")], &seen(&[], &[]));
    assert_eq!(after, baseline(&[("a", "1", 1), ("b", "1", 1), ("c", "1", 1)]));
}

#[test]
fn a_bad_file_is_refused() {
    let entry = "{\"file\":\"a\",\"rule\":\"r\",\"fingerprint\":\"0123456789abcdef\",\"count\":1}";
    let file = |schema: &str, entries: &str| {
        Baseline::read(&format!("{{\"schema\":\"{schema}\",\"command\":\"lint\",\"findings\":[{entries}]}}"))
    };
    let twice = file(BASELINE_SCHEMA, &format!("{entry},{entry}")).unwrap();
    assert_eq!(twice.findings.values().copied().collect::<Vec<_>>(), [2]);
    for (result, message) in [
        (file("dockopt.baseline/2", ""), "its schema is `dockopt.baseline/2`, not `dockopt.baseline/1`"),
        (file(BASELINE_SCHEMA, &entry.replace("012", "xyz")), "finding 1: a fingerprint is 16 hexadecimal digits"),
        (file(BASELINE_SCHEMA, &entry.replace(":1}", ":0}")), "finding 1: a count is at least 1"),
        (file(BASELINE_SCHEMA, &entry.replace("\"rule\":\"r\",", "")), "column 115: missing field `rule`"),
        (Baseline::read(""), "line 1, column 0: EOF while parsing a value"),
        (Baseline::read("<<<<<<< HEAD"), "line 1, column 1: expected value"),
        (Baseline::read("[]"), "line 1"),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let most = entry.replace(":1}", ":18446744073709551615}");
    assert!(file(BASELINE_SCHEMA, &format!("{most},{most}")).is_ok());
}
