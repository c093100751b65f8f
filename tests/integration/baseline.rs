//! `--baseline`: an old project starts at zero and can't get worse.

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

/// Three findings: one for the base, one for the lists, one for the shell form.
const OLD: &str = "FROM debian:latest\nUSER 1000\nRUN apt-get update && apt-get install -y curl\nCMD python3 main.py\n";

/// The rules that find them.
const RULES: &str = "--select=apt-lists-kept,latest-base,shell-form-command";

fn old(text: &str) -> Dockopt {
    Dockopt::new().file("api/Dockerfile", text)
}

/// The baseline of [`OLD`] in `known.json`, then another text.
fn then(text: &str) -> Ran {
    let ran = old(OLD).args(["lint", "api/Dockerfile", RULES, "--write-baseline", "known.json"]).run().code(0);
    assert_eq!(ran.stdout, "no new findings in 1 file\n");
    assert_eq!(ran.stderr, "3 findings recorded in `known.json`\n");
    std::fs::write(ran.path().join("api/Dockerfile"), text).unwrap();
    ran
}

/// Lints against the baseline: the exit code, the rules that are new, and what is known and fixed.
#[track_caller]
fn check(ran: &Ran, code: i32, new: &[&str], known: u64, fixed: u64) -> Ran {
    let ran = ran.again(["lint", "api/Dockerfile", RULES, "--baseline", "known.json", "--format=json"]).code(code);
    let json = ran.json();
    keeps_schema(include_str!("../../schemas/lint.schema.json"), &json);
    let rules: Vec<&str> =
        json["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, new);
    assert_eq!((json["baselined"].as_u64(), json["baseline_fixed"].as_u64()), (Some(known), Some(fixed)));
    ran
}

/// What the version at commit 52a042e wrote for the Dockerfile of `fixtures/formats` (docs/baseline.md of that commit).
const WRITTEN_EARLIER: &str = r#"{
  "schema": "dockopt.baseline/1",
  "command": "lint",
  "findings": [
    {"file":"Dockerfile","rule":"apt-lists-kept","fingerprint":"f019dfed441fdf35","count":1},
    {"file":"Dockerfile","rule":"shell-form-command","fingerprint":"70283dd0f02e9993","count":1}
  ]
}
"#;

#[test]
fn a_baseline_of_an_earlier_version_is_valid() {
    let project = Dockopt::new().dir("formats").file("earlier.json", WRITTEN_EARLIER);
    let arguments = ["lint", "--select=apt-lists-kept,shell-form-command", "--baseline=earlier.json", "--format=json"];
    let json = project.args(arguments).run().code(0).json();
    assert_eq!((json["baselined"].as_u64(), json["baseline_fixed"].as_u64()), (Some(2), Some(0)));
}

#[test]
fn the_file_is_sorted_and_has_a_finding_per_line() {
    let ran = then(OLD);
    let text = ran.read("known.json");
    keeps_schema(include_str!("../../schemas/baseline.schema.json"), &serde_json::from_str(&text).unwrap());
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("    {\"file\":\"api/Dockerfile\",")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines.is_sorted());
    // The same findings give the same bytes, from whatever folder and by whatever name.
    let full = ran.path().join("api/Dockerfile").to_string_lossy().into_owned();
    let again = ran.again(["lint", &full, RULES, "--write-baseline", "./api/../known.json"]).code(0);
    assert_eq!(again.read("known.json"), text);
    let none = Dockopt::new().file("Dockerfile", "FROM debian:12.5\nUSER 1000\nCMD [\"true\"]\n");
    let none = none.args(["lint", "--write-baseline", "none.json"]).run().code(0);
    assert!(none.read("none.json").ends_with("\"findings\": []\n}\n"));
}

#[test]
fn known_findings_are_hidden_and_counted() {
    let ran = check(&then(OLD), 0, &[], 3, 0);
    let text = ran.again(["lint", "api/Dockerfile", RULES, "--baseline=known.json", "--fail-on=style"]).code(0);
    assert_eq!(text.stdout, "no new findings in 1 file\n");
    assert_eq!(text.stderr, "3 known findings not shown (baseline `known.json`)\n");
    let without = text.again(["lint", "api/Dockerfile", RULES, "--format=json"]).code(1).json();
    assert!(without["baselined"].is_null() && without["baseline_fixed"].is_null());
}

#[test]
fn moved_and_reformatted_lines_keep_their_fingerprints() {
    check(
        &then(&format!("# syntax=docker/dockerfile:1\n\n{}", OLD.replace("USER", "# why\nENV A=b\nUSER"))),
        0,
        &[],
        3,
        0,
    );
    let laid_out = "from debian:latest\r\nUSER 1000\r\nrun   apt-get  update \\\r\n    # lists\r\n    && apt-get install -y \\\r\n  \
        curl\r\nCMD python3   main.py";
    check(&then(laid_out), 0, &[], 3, 0);
}

#[test]
fn one_more_is_new_even_when_it_is_equal() {
    let more = OLD.replace("CMD", "RUN apt-get update && apt-get install -y curl\nCMD");
    check(&then(&more), 1, &["apt-lists-kept"], 3, 0);
    check(&then(&OLD.replace("debian", "ubuntu")), 1, &["latest-base"], 2, 1);
    // What the builder refuses is never known.
    let ran = then(&format!("{OLD}BOGUS\n")).again(["lint", "api/Dockerfile", RULES, "--baseline=known.json"]).code(1);
    assert!(ran.stdout.starts_with("error: "), "{}", ran.stdout);
}

#[test]
fn fixed_findings_can_be_removed() {
    let ran = check(&then(&OLD.replace("CMD python3 main.py", "CMD [\"python3\", \"main.py\"]")), 0, &[], 2, 1);
    let output = ran.again(["lint", "api/Dockerfile", RULES, "--baseline=known.json"]).code(0);
    assert!(output.stderr.ends_with("1 known finding is fixed; `--prune-baseline` removes it from `known.json`\n"));
    // A run that does not look at it says nothing, and keeps it.
    for narrow in [&[RULES, "--ignore=shell-form-command"][..], &["--select=apt-lists-kept"]] {
        let arguments = ["lint", "api/Dockerfile", "--baseline=known.json", "--prune-baseline"];
        let other = then(&OLD.replace("CMD python3 main.py", "CMD [\"true\"]"));
        let ran = other.again(arguments.into_iter().chain(narrow.iter().copied())).code(0);
        assert_eq!(ran.read("known.json").matches("\"file\"").count(), 3, "{narrow:?}");
    }
    let pruned = output.again(["lint", "api/Dockerfile", RULES, "--baseline=known.json", "--prune-baseline"]).code(0);
    assert!(pruned.stderr.ends_with("1 fixed finding removed from `known.json`\n"), "{}", pruned.stderr);
    let pruned = check(&pruned, 0, &[], 2, 0);
    std::fs::write(pruned.path().join("api/Dockerfile"), OLD).unwrap();
    check(&pruned, 1, &["shell-form-command"], 2, 0);
}

#[test]
fn a_renamed_file_stays_known_and_a_copy_does_not() {
    let moved = |copies: bool| {
        let ran = then(OLD);
        std::fs::create_dir(ran.path().join("web")).unwrap();
        std::fs::copy(ran.path().join("api/Dockerfile"), ran.path().join("web/Dockerfile")).unwrap();
        if !copies {
            std::fs::remove_file(ran.path().join("api/Dockerfile")).unwrap();
        }
        ran.again(["lint", "web/Dockerfile", RULES, "--baseline=known.json", "--prune-baseline", "--format=json"])
    };
    let renamed = moved(false).code(0);
    assert_eq!(renamed.json()["baselined"], 3);
    assert_eq!(renamed.read("known.json").matches("\"file\":\"web/Dockerfile\"").count(), 3);
    let copy = moved(true).code(1);
    assert_eq!((copy.json()["baselined"].as_u64(), copy.json()["findings"].as_array().unwrap().len()), (Some(0), 3));
    assert_eq!(copy.read("known.json").matches("\"file\":\"api/Dockerfile\"").count(), 3);
}

#[test]
fn audit_has_a_baseline_too() {
    let tracker = Dockopt::new().dir("task-tracker").args(["audit", "--write-baseline", "known.json"]).run().code(0);
    assert!(tracker.stdout.contains("no new findings"), "{}", tracker.stdout);
    let json = tracker.again(["audit", "--baseline", "known.json", "--format=json"]).code(0);
    keeps_schema(include_str!("../../schemas/audit.schema.json"), &json.json());
    assert!(json.json()["builds"].as_array().unwrap().iter().all(|build| build["findings"] == serde_json::json!([])));
    // New ones are shown with the right builds.
    let path = json.path().join("dashboard/Dockerfile");
    let text = std::fs::read_to_string(&path).unwrap() + "ENV API_TOKEN=abcdefgh12345678\n";
    std::fs::write(&path, text).unwrap();
    let json = json.again(["audit", "--baseline", "known.json", "--format=json"]).code(1).json();
    let build = json["builds"].as_array().unwrap().iter().find(|build| build["dockerfile"] == "dashboard/Dockerfile");
    for index in build.unwrap()["findings"].as_array().unwrap() {
        let finding = &json["findings"][usize::try_from(index.as_u64().unwrap()).unwrap()];
        assert_eq!(finding["file"], "dashboard/Dockerfile");
    }
    // What lint does not look at is neither fixed nor dropped by it.
    let lint = Dockopt::new().dir("task-tracker").args(["audit", "backend", "--write-baseline=known.json"]).run();
    let lint = lint.again(["lint", "backend/Dockerfile", "--baseline=known.json", "--format=json"]).code(0);
    assert_eq!(lint.json()["baseline_fixed"], 0);
    for change in [&["--baseline", "known.json", "--prune-baseline"][..], &["--write-baseline", "known.json"]] {
        let ran = Dockopt::new().dir("task-tracker").file("known.json", lint.read("known.json"));
        let ran = ran.args(["lint", "backend/Dockerfile"].into_iter().chain(change.iter().copied())).run().code(2);
        ran.complains(&["`known.json` is a baseline of `dockopt audit`", "help: "]);
    }
}

#[test]
fn a_bad_baseline_is_an_error() {
    let with =
        |text: &str| old(OLD).file("known.json", text).args(["lint", "api/Dockerfile", RULES, "--baseline=known.json"]);
    for (text, output) in [
        ("", "`known.json` is not a valid baseline: line 1, column 0"),
        ("<<<<<<< HEAD\n", "`known.json` is not a valid baseline: line 1, column 1"),
        (
            "{\"schema\":\"dockopt.baseline/9\",\"command\":\"lint\",\"findings\":[]}",
            "its schema is `dockopt.baseline/9`",
        ),
        ("{\"schema\":\"dockopt.baseline/1\",\"command\":\"lint\"}", "missing field `findings`"),
    ] {
        with(text).run().code(2).complains(&[output, "help: restore it from version control"]);
        // Nor is a file overwritten that is something else.
        let ran =
            old(OLD).file("known.json", text).args(["lint", "api/Dockerfile", "--write-baseline=known.json"]).run();
        assert_eq!(ran.code(2).complains(&[output]).read("known.json"), text);
    }
    let ran = old(OLD).args(["lint", "api/Dockerfile", "--baseline=none.json"]).run().code(2);
    ran.complains(&["`none.json` does not exist", "help: create it with `dockopt lint --write-baseline none.json`"]);
    old(OLD).args(["lint", "--prune-baseline"]).run().code(2).complains(&["--baseline"]);
    let ran = old(OLD).args(["lint", "api/Dockerfile", "--write-baseline=no/known.json"]).run().code(2);
    ran.complains(&["the folder of `no/known.json` does not exist"]);
}
