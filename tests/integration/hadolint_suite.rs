//! Rules against hadolint's own test suite, where `DOCKOPT_HADOLINT_SUITE` names a checkout of hadolint (the figures here:
//! 8f936c5, August 2026); else the test says that it is left out. hadolint is GPL: nothing of its suite is kept here.
//!
//! Each call of `ruleCatches`, `ruleCatchesNot`, their `onBuild` twins and `assertChecks` in a spec is one case: a code, how
//! often it has to be found, and a Dockerfile, most of them fragments without FROM. What dockopt answers otherwise stands in
//! `tests/vectors/hadolint-suite-differences.tsv`: the case's hash (the first 12 digits of the SHA-256 of code, expectation,
//! settings and linted text, a line each, see [`Case::hash`]), the code, what differs, and the reason. Nothing else may differ.

mod haskell;
mod tokens;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dockopt::dockerfile::{self, Keyword};
use dockopt::text::Source;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::haskell::{Call, Expected};
use crate::dockopt::Dockopt;

const DIFFERENCES: &str = "tests/vectors/hadolint-suite-differences.tsv";

/// Cases that were read of the suite: fewer mean that this reader, or the suite, has changed.
const READ: usize = 1104;

struct Case {
    /// Spec and line, for people.
    place: String,
    call: Call,
    text: String,
}

impl Case {
    fn new(place: String, call: Call) -> Self {
        let text = linted(&call);
        Self { place, call, text }
    }

    fn expectation(&self) -> String {
        match self.call.expected {
            Expected::Some => "some".to_owned(),
            Expected::Times(times) => times.to_string(),
        }
    }

    /// The same for cases that ask the same.
    fn hash(&self) -> String {
        let settings = self.call.arguments.join(" ");
        let request = format!("{}\n{}\n{settings}\n{}", self.call.code, self.expectation(), self.text);
        Sha256::digest(request).iter().take(6).fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    }

    fn counts(&self, alias: &str) -> bool {
        match self.call.code.as_str() {
            "*" => {
                let is_theirs = alias.starts_with("DL") || alias.starts_with("SC");
                is_theirs && !self.call.ignored.iter().any(|ignored| ignored == alias)
            }
            "SC" => alias.starts_with("SC"),
            code => alias == code,
        }
    }

    /// `missed` or `extra`, if the answer is not what the suite expects.
    fn difference(&self, answer: &Value) -> Option<&'static str> {
        let findings = answer["findings"].as_array().unwrap();
        let has_code = |finding: &&Value| {
            finding["aliases"].as_array().unwrap().iter().any(|alias| self.counts(alias.as_str().unwrap()))
        };
        let times = findings.iter().filter(has_code).count();
        match self.call.expected {
            Expected::Some if times == 0 => Some("missed"),
            Expected::Times(expected) if times < expected => Some("missed"),
            Expected::Times(expected) if times > expected => Some("extra"),
            _ => None,
        }
    }
}

#[test]
fn rules_agree_with_hadolints_own_suite() {
    let Some(suite) = std::env::var_os("DOCKOPT_HADOLINT_SUITE").filter(|folder| !folder.is_empty()) else {
        say("hadolint's own suite: left out, DOCKOPT_HADOLINT_SUITE names no checkout of hadolint\n");
        return;
    };
    let (cases, unread) = read(&Path::new(&suite).join("test"));
    let answers = answers(&cases);
    let mut reasons = reasons();
    let (mut differing, mut unexplained) = (0, Vec::new());
    for (case, answer) in cases.iter().zip(&answers) {
        let Some(difference) = case.difference(answer) else { continue };
        differing += 1;
        let key = format!("{}\t{}\t{difference}", case.hash(), case.call.code);
        if let Some(met) = reasons.get_mut(&key) {
            *met = true;
        } else {
            let onbuild = if case.call.onbuild { ", as ONBUILD" } else { "" };
            unexplained.push(format!(
                "{key}\n  {}, expected {}{onbuild}\n{}",
                case.place,
                case.expectation(),
                case.text
            ));
        }
    }
    let agreed = cases.len() - differing;
    say(&format!("hadolint's own suite: {agreed} of {} cases as expected, {} not read\n", cases.len(), unread.len()));
    for place in &unread {
        say(&format!("hadolint's own suite: not read: {place}\n"));
    }
    assert!(unexplained.is_empty(), "no reason in {DIFFERENCES}:\n{}", unexplained.join("\n"));
    let stale: Vec<String> = reasons.into_iter().filter(|(_, met)| !met).map(|(key, _)| key).collect();
    assert!(stale.is_empty(), "{DIFFERENCES}: these do not differ, or are no case:\n{}", stale.join("\n"));
    assert!(cases.len() >= READ, "{} cases were read, {READ} once were", cases.len());
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn say(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

/// The cases of all specs, and the places of calls that could not be read.
fn read(folder: &Path) -> (Vec<Case>, Vec<String>) {
    let mut specs = Vec::new();
    collect(folder, &mut specs);
    specs.sort();
    let (mut cases, mut unread) = (Vec::new(), Vec::new());
    for path in specs {
        let name = path.strip_prefix(folder).unwrap().display();
        let (calls, lines) = haskell::calls(&fs::read_to_string(&path).unwrap());
        unread.extend(lines.into_iter().map(|line| format!("{name}:{line}")));
        for call in calls {
            cases.push(Case::new(format!("{name}:{}", call.line), call));
        }
    }
    (cases, unread)
}

fn collect(folder: &Path, specs: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, specs);
        } else if path.to_string_lossy().ends_with("Spec.hs") {
            specs.push(path);
        }
    }
}

/// The text as the spec has it, each RUN behind ONBUILD where the spec asks for that.
fn linted(call: &Call) -> String {
    let mut text = call.dockerfile.clone();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let file = dockerfile::parse(&Source::of("Dockerfile", text.as_str()));
    let mut edits = Vec::new();
    if call.onbuild {
        let runs = file.instructions().iter().filter(|instruction| instruction.keyword == Keyword::Run);
        edits.extend(runs.map(|run| (run.span.start, "ONBUILD ")));
    }
    for (at, more) in edits.into_iter().rev() {
        text.insert_str(at as usize, more);
    }
    text
}

fn answers(cases: &[Case]) -> Vec<Value> {
    let mut lines = String::new();
    for (index, case) in cases.iter().enumerate() {
        // Rules that are off by default are on in the suite.
        let arguments: Vec<&str> = ["DL1001", "DL3057"]
            .into_iter()
            .filter(|code| case.call.code == **code)
            .chain(case.call.arguments.iter().map(String::as_str))
            .collect();
        let line = json!({ "id": index, "dockerfile": case.text, "hadolint_args": arguments });
        writeln!(lines, "{line}").unwrap();
    }
    let ran =
        Dockopt::new().file("cases.jsonl", &lines).args(["debug", "vectors", "lint", "cases.jsonl"]).run().code(0);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// The rows of the differences without their reasons, none of them met yet.
fn reasons() -> BTreeMap<String, bool> {
    let table = fs::read_to_string(DIFFERENCES).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let (key, reason) = row.rsplit_once('\t').unwrap();
        assert!(key.split('\t').count() == 3 && reason.len() > 10, "`{row}` has its reason");
        (key.to_owned(), false)
    })
    .collect()
}
