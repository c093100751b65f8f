//! Settings and comments, from outside: which file counts, what it changes, what is wrong with it, what is hidden.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

/// Two findings of the default rules: DL3007 in line 1 (a warning), DL3009 in line 2.
const DOCKERFILE: &str =
    "FROM debian:latest\nRUN apt-get update && apt-get install -y --no-install-recommends curl\nUSER 1000\n";

fn lint(project: Dockopt, arguments: &[&str]) -> Ran {
    // With `--own` the settings or the arguments select.
    let selects_itself = arguments.contains(&"--own");
    let select =
        ["--select=DL3007,DL3009,unused-suppression,unexplained-suppression"].into_iter().filter(|_| !selects_itself);
    let rest = arguments.iter().copied().filter(|argument| *argument != "--own");
    project.args(["lint", "--format=json"]).args(select).args(rest).run()
}

/// Findings as `CODE:line`, by the first of their names.
fn findings_of(ran: &Ran, list: &str) -> Vec<String> {
    let json = ran.json();
    let findings = json[list].as_array().unwrap();
    let format_finding = |finding: &Value| {
        let name = finding["aliases"][0].as_str().or(finding["rule"].as_str()).unwrap();
        let line = finding["span"]["start"]["line"].as_u64().or(finding["line"].as_u64()).unwrap();
        format!("{name}:{line}")
    };
    findings.iter().map(format_finding).collect()
}

#[track_caller]
fn check(project: Dockopt, arguments: &[&str], expected: &[&str]) -> Ran {
    let ran = lint(project, arguments);
    assert_eq!(findings_of(&ran, "findings"), expected, "{}", ran.stderr);
    ran
}

#[test]
fn the_nearest_settings_count() {
    let project = || {
        Dockopt::new()
            .file(".git/HEAD", "")
            .file("dockopt.toml", "ignore = [\"DL3007\"]\n")
            .file("a/b/Dockerfile", DOCKERFILE)
            .file("c/.hadolint.yaml", "ignored: [DL3009]\n")
            .file("c/d/Dockerfile", DOCKERFILE)
            .file("e/.hadolint.yml", "ignored: [DL3009]\n")
            .file("e/dockopt.toml", "")
            .file("e/Dockerfile", DOCKERFILE)
    };
    check(project(), &["--own", "--select=default", "--ignore=DL3007", "a/b/Dockerfile"], &["DL3009:2"]);
    check(project(), &["--own", "a/b/Dockerfile"], &["DL3009:2"]);
    check(project(), &["--own", "c/d/Dockerfile"], &["DL3007:1"]);
    check(project(), &["--own", "e/Dockerfile"], &["DL3007:1", "DL3009:2"]);
    check(project(), &["--own", "--no-config", "a/b/Dockerfile"], &["DL3007:1", "DL3009:2"]);
    check(project(), &["--own", "--config=c/.hadolint.yaml", "a/b/Dockerfile"], &["DL3007:1"]);
    check(project(), &["--own", "a/b/Dockerfile", "c/d/Dockerfile"], &["DL3009:2", "DL3007:1"]);
    // What is above the repository is somebody else's.
    let above = Dockopt::new().file("dockopt.toml", "ignore = [\"all\"]\n").file("r/.git/HEAD", "");
    check(above.file("r/Dockerfile", DOCKERFILE), &["--own", "r/Dockerfile"], &["DL3007:1", "DL3009:2"]);
    let stdin = Dockopt::new().file("dockopt.toml", "ignore = [\"DL3007\"]\n").input(DOCKERFILE);
    check(stdin, &["--own", "-"], &["DL3009:2"]);
}

#[test]
fn the_command_line_overrides_the_settings() {
    let toml = || {
        Dockopt::new()
            .file("dockopt.toml", "select = [\"DL3007\"]\nignore = [\"DL3009\"]\n")
            .file("Dockerfile", DOCKERFILE)
    };
    check(toml(), &["--own"], &["DL3007:1"]);
    check(toml(), &["--own", "--select=default"], &["DL3007:1"]);
    check(toml(), &["--own", "--select=DL3009"], &["DL3009:2"]);
    check(toml(), &["--own", "--ignore=DL3007"], &[]);
    // hadolint's own list holds whatever is selected.
    let yaml = || Dockopt::new().file(".hadolint.yaml", "ignored:\n  - DL3009\n").file("Dockerfile", DOCKERFILE);
    check(yaml(), &["--own", "--select=DL3009,DL3007"], &["DL3007:1"]);
}

#[test]
fn files_extend_files_and_sections_go_over_both() {
    let project = || {
        Dockopt::new()
            .file("dockopt.toml", "extends = [\"shared/team.toml\"]\nextend-select = [\"house\"]\n[[paths]]\nmatch = \"old/**\"\nignore = [\"DL3007\"]\n[paths.rules.DL3009]\nseverity = \"info\"\n")
            .file("shared/team.toml", "extends = \"base.toml\"\nselect = [\"DL3007\"]\n[rules.DL3009]\nseverity = \"error\"\n")
            .file("shared/base.toml", "[groups]\nhouse = [\"DL3009\"]\n")
            .file("old/Dockerfile", DOCKERFILE)
            .file("new/Dockerfile", DOCKERFILE)
    };
    let new = check(project(), &["--own", "new/Dockerfile"], &["DL3007:1", "DL3009:2"]).code(1);
    assert_eq!(new.json()["findings"][1]["severity"], "error");
    let old = check(project(), &["--own", "old/Dockerfile"], &["DL3009:2"]).code(0);
    assert_eq!(old.json()["findings"][0]["severity"], "info");
    for (base, message) in [
        ("extends = \"dockopt.toml\"\n", "`dockopt.toml` extends this file, which is a cycle"),
        ("extends = \"none.toml\"\n", "`none.toml` does not exist"),
    ] {
        let project = Dockopt::new().file("dockopt.toml", base).file("Dockerfile", DOCKERFILE);
        lint(project, &["--own"]).code(2).complains(&[message, "dockopt.toml:1:11"]);
    }
    let mut deep = Dockopt::new().file("Dockerfile", DOCKERFILE).file("dockopt.toml", "extends = \"0.toml\"\n");
    for level in 0..12 {
        deep = deep.file(&format!("{level}.toml"), format!("extends = \"{}.toml\"\n", level + 1));
    }
    lint(deep, &["--own"]).code(2).complains(&["more than 8 files extend each other"]);
}

#[test]
fn invalid_settings_are_errors_with_their_place() {
    for (text, place, message, help) in [
        ("selct = []\n", "1:1", "unknown key `selct`", "did you mean `select`?"),
        ("select = [\"DL309\"]\n", "1:11", "unknown rule, category or group `DL309`", "did you mean"),
        ("\n[rules.apt-list-kept]\nseverity = \"info\"\n", "2:8", "`apt-list-kept`", "did you mean `apt-lists-kept`?"),
        ("[rules.DL3009]\nsevrity = \"info\"\n", "2:1", "`DL3009` has no option `sevrity`", "did you mean `severity`?"),
        ("[rules.DL3009]\nseverity = \"eror\"\n", "2:12", "unknown severity `eror`", "did you mean `error`?"),
        ("fail-on = 1\n", "1:11", "expected a string, found a number", ""),
        ("require-reason = \"yes\"\n", "1:18", "expected true or false, found a string", ""),
        ("[[ignore]]\nrule = \"DL3009\"\nuntil = \"soon\"\n", "3:9", "`soon` is not a date", "YYYY-MM-DD"),
        ("[[ignore]]\nreason = \"x\"\n", "1:1", "the entry does not name a rule", "add `rule"),
        ("[[paths]]\nignore = []\n", "1:1", "does not select any paths", "add `match"),
        ("[[paths]]\nmatch = \"a[\"\n", "2:9", "`a[` is not a valid glob", ""),
        ("[labels.schema]\na = \"txt\"\n", "2:5", "unknown type `txt`", "did you mean `text`?"),
        ("select = [\n", "", "", ""),
        ("ignore = [\"DL3009\"]\n[[ignore]]\nrule = \"DL3007\"\n", "2:3", "duplicate key", "combine both in one list"),
    ] {
        let ran = lint(Dockopt::new().file("dockopt.toml", text).file("Dockerfile", DOCKERFILE), &["--own"]).code(2);
        ran.complains(&[&format!("dockopt.toml:{place}"), message, help]);
    }
    let yaml = Dockopt::new().file("Dockerfile", DOCKERFILE);
    lint(yaml.file(".hadolint.yaml", "failure-threshold: eror\n"), &["--own"])
        .code(2)
        .complains(&[".hadolint.yaml:1:20", "did you mean `error`?"]);
    let missing = Dockopt::new().file("Dockerfile", DOCKERFILE);
    lint(missing, &["--own", "--config=none.toml"]).code(2).complains(&["`none.toml` does not exist"]);
}

#[test]
fn keys_that_hadolint_does_not_know_are_a_note() {
    let project = Dockopt::new()
        .file("Dockerfile", DOCKERFILE)
        .file(".hadolint.yaml", "ignred: [DL3009]\nignored: [DL9999, SC2086]\n");
    let ran = check(project, &["--own"], &["DL3007:1", "DL3009:2"]).code(1);
    assert_eq!(ran.json()["problems"][0]["message"], "hadolint has no key `ignred`");
    assert_eq!(ran.json()["problems"][0]["error"], false);
}

#[test]
fn severities_and_thresholds_make_the_exit_code() {
    let run = |name: &str, settings: &str, arguments: &[&str]| {
        let project = Dockopt::new().file("Dockerfile", DOCKERFILE).file(name, settings);
        lint(project, arguments).code
    };
    assert_eq!(run("dockopt.toml", "fail-on = \"error\"\n", &[]), 0);
    assert_eq!(run("dockopt.toml", "fail-on = \"error\"\n", &["--fail-on=warning"]), 1);
    assert_eq!(
        run("dockopt.toml", "[rules.size]\nseverity = \"style\"\n[rules.DL3007]\nseverity = \"info\"\n", &[]),
        0
    );
    assert_eq!(run("dockopt.toml", "fail-on = \"error\"\n[rules.DL3009]\nseverity = \"error\"\n", &[]), 1);
    assert_eq!(run(".hadolint.yaml", "failure-threshold: error\n", &[]), 0);
    assert_eq!(run(".hadolint.yaml", "failure-threshold: error\noverride:\n  error: [DL3009]\n", &[]), 1);
    assert_eq!(run(".hadolint.yaml", "no-fail: true\noverride:\n  error: [DL3009]\n", &[]), 0);
    assert_eq!(run(".hadolint.yaml", "no-fail: true\n", &["--fail-on=warning"]), 1);
    // The builder fails for its own checks when it is told to; so does dockopt.
    let strict = |first: &str| {
        let project = Dockopt::new().file("Dockerfile", format!("{first}FROM debian:12\nWORKDIR app\nUSER 1000\n"));
        project.args(["lint", "--fail-on=error"]).run().code
    };
    assert_eq!(
        (strict(""), strict("# check=error=true\n"), strict("# check=skip=WorkdirRelativePath;error=true\n")),
        (0, 1, 0)
    );
}

#[test]
fn a_suppression_ends_on_its_day() {
    let text = DOCKERFILE.replace("RUN", "# dockopt ignore=DL3009 until=2026-11-20 reason: the mirror\nRUN");
    let run = |today: &str| {
        Dockopt::new()
            .file("Dockerfile", &text)
            .args(["lint", "--format=json", "--select=DL3009", "--today", today])
            .run()
    };
    let before = run("2026-11-20");
    assert_eq!(
        (findings_of(&before, "findings"), findings_of(&before, "suppressed")),
        (vec![], vec!["DL3009:3".to_owned()])
    );
    let after = run("2026-11-21");
    assert_eq!(findings_of(&after, "findings"), ["DL3009:3"]);
    assert_eq!(after.json()["findings"][0]["notes"][0], "a suppression hid this until 2026-11-20");
}

#[test]
fn reasons_are_asked_for_where_settings_want_them() {
    let text = format!("# dockopt ignore=DL3007\n{DOCKERFILE}");
    let project = |settings: &str| Dockopt::new().file("Dockerfile", &text).file("dockopt.toml", settings);
    check(project("require-reason = true\n"), &[], &["unexplained-suppression:1", "DL3009:3"]);
    check(project("inline-ignores = false\n"), &[], &["DL3007:2", "DL3009:3"]);
    check(project(""), &[], &["DL3009:3"]);
}

#[test]
fn fix_removes_unused_suppressions() {
    let toml =
        "[[ignore]]\nrules = [\"DL3007\", \"DL3009\"]\n\n# kept\n[[ignore]]\nrule = \"DL3007\"\npath = \"other/**\"\n";
    let text = "# dockopt ignore=DL3007,DL3009\n# hadolint ignore=DL3009\nFROM debian:12\n# hadolint ignore=DL3008\nUSER 1000\n";
    let project =
        Dockopt::new().file("dockopt.toml", toml).file("Dockerfile", text).file("other/Dockerfile", DOCKERFILE);
    let ran = project.args(["fix", "--write", "--select=unused-suppression,DL3007,DL3009", "Dockerfile"]).run();
    // DL3008 did not run, and of the settings one file does not tell.
    let text = "# hadolint ignore=DL3009\nFROM debian:12\n# hadolint ignore=DL3008\nUSER 1000\n";
    assert_eq!(ran.read("Dockerfile"), text, "{}", ran.stderr);
    assert_eq!(ran.read("dockopt.toml"), toml);
    // Whoever wrote it may still run hadolint.
    let unsafely = ["fix", "--write", "--unsafe", "--select=unused-suppression,DL3007,DL3009", "Dockerfile"];
    let ran = ran.again(unsafely);
    assert_eq!(ran.read("Dockerfile"), "FROM debian:12\n# hadolint ignore=DL3008\nUSER 1000\n", "{}", ran.stderr);
    let ran = ran.again(["fix", "--write", "--select=unused-suppression,DL3007,DL3009", "."]);
    assert_eq!(ran.read("dockopt.toml"), toml);
    let ran = ran.again(["lint", "--select=unused-suppression,DL3007,DL3009", "other/Dockerfile", "--format=oneline"]);
    assert_eq!(ran.stdout, "", "{}", ran.stderr);
}

#[test]
fn unused_entries_are_removed_from_the_settings() {
    let toml = "fail-on = \"error\"\n\n[[ignore]]\nrules = [\"DL3007\", \"DL3009\"]\n\n[[ignore]]\nrule = \"DL3007\"\npath = \"./Dockerfile\"\n";
    let project =
        Dockopt::new().file("dockopt.toml", toml).file("Dockerfile", "FROM debian:12\nRUN apt-get update\nUSER 1000\n");
    let ran = project.args(["fix", "--write", "--select=unused-suppression,DL3007,DL3009", "."]).run();
    assert_eq!(
        ran.read("dockopt.toml"),
        "fail-on = \"error\"\n\n[[ignore]]\nrules = [\"DL3009\"]\n\n",
        "{}",
        ran.stderr
    );
}

#[test]
fn comments_that_hide_nothing_by_mistake_are_reported() {
    let text = format!("# dockopt ignore=latest-bse\n{DOCKERFILE}");
    let ran = check(Dockopt::new().file("Dockerfile", text), &[], &["DL3007:2", "DL3009:3"]);
    assert_eq!(ran.json()["problems"][0]["message"], "unknown rule, category or group `latest-bse`");
    assert!(ran.json()["problems"][0]["help"].as_str().unwrap().contains("`latest-base`"));
}

/// A Dockerfile with every kind of comment that hadolint knows, and some that it only seems to.
const HADOLINT: &str = "\
# hadolint global ignore=DL3020,DL3059
# hadolint ignore=DL3007
FROM debian:latest AS build
# hadolint ignore=DL3009,DL3008 # lists are needed
RUN apt-get update && apt-get install -y curl
# hadolint ignore=DL3009

RUN apt-get update && apt-get install -y wget
# hadolint ignore=DL3009
# hadolint ignore=DL3015
RUN apt-get update && apt-get install -y git
ADD a /a
# hadolint ignore=DL3000 because
WORKDIR app
# hadolint ignore=DL3000
WORKDIR app
RUN cd /a && sudo make
# hadolint stage ignore=DL3007,DL3025
FROM ubuntu:latest
RUN apt-get update \\
  # hadolint ignore=DL3009
  && apt-get install -y nginx
# hadolint ignore=DL3002
USER root
ADD b /b
CMD nginx -g 'daemon off;'
FROM debian
COPY --from=build /a /a
CMD sleep 1
# hadolint ignore=dl3025
ENTRYPOINT /bin/x
";

/// What hadolint 2.15.1 reports without settings and comments.
const REPORTED: &str = "DL3000:14 DL3000:16 DL3002:24 DL3003:17 DL3004:17 DL3006:27 DL3007:3 DL3007:19 DL3008:5 \
    DL3008:8 DL3008:11 DL3008:20 DL3015:5 DL3015:8 DL3015:11 DL3015:20 DL3020:12 DL3020:25 DL3025:26 DL3025:29 \
    DL3025:31 DL3066:24";

/// What of it hadolint ignores with them.
const IGNORED: &str = "DL3000:16 DL3002:24 DL3004:17 DL3007:3 DL3008:5 DL3015:11 DL3020:12 DL3020:25 DL3025:26";

#[test]
fn the_same_findings_are_ignored_as_by_hadolint() {
    let codes = |arguments: &[&str]| -> BTreeSet<String> {
        let project = Dockopt::new().file("Dockerfile", HADOLINT).file("off.toml", "inline-ignores = false\n").file(
            ".hadolint.yaml",
            "ignored: [DL3004, SC2046, DL9999]\noverride:\n  error:\n    - DL3015\n  info: [DL3008]\n",
        );
        let ran = project.args(["lint", "--select=all", "--format=json"]).args(arguments.iter().copied()).run();
        let json = ran.json();
        let mut codes = BTreeSet::new();
        for finding in json["findings"].as_array().unwrap() {
            for alias in finding["aliases"].as_array().unwrap() {
                codes.insert(format!("{}:{}", alias.as_str().unwrap(), finding["instruction_line"]));
            }
        }
        codes
    };
    let set = |text: &str| -> BTreeSet<String> { text.split_whitespace().map(str::to_owned).collect() };
    let (all, remaining) = (codes(&["--config=off.toml"]), codes(&[]));
    // Only what both report can be compared.
    let both: BTreeSet<String> = all.intersection(&set(REPORTED)).cloned().collect();
    let ours: BTreeSet<String> = both.difference(&remaining).cloned().collect();
    let theirs: BTreeSet<String> = both.intersection(&set(IGNORED)).cloned().collect();
    assert_eq!(ours, theirs);
    assert!(both.len() >= 10 && theirs.len() >= 4, "{both:?}");
}
