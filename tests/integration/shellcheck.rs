//! `--shellcheck`: what another program says joins the report, and only where it is asked for.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::dockopt::{Dockopt, Ran};

const DOCKERFILE: &str = "FROM debian:12\nRUN make \\\n  # why\n  && echo \"$lost\"\nUSER 1000\n";

/// What the stand-in for `ShellCheck` says about the script of the Dockerfile.
const ANSWER: &str = r#"{"comments":[{"file":"0","line":3,"endLine":3,"column":17,"endColumn":22,"level":"warning","code":2154,"message":"lost is referenced but not assigned."}]}"#;

/// A run with a stand-in for `ShellCheck`, which leaves a file where it ran.
fn fake(files: &[(&str, &str)], arguments: &str) -> Ran {
    let mut dockopt = Dockopt::new().file("Dockerfile", DOCKERFILE);
    for (path, text) in files {
        dockopt = dockopt.file(path, text);
    }
    let folder = dockopt.path().to_owned();
    let script = format!("#!/bin/sh\n: >'{}/ran'\nprintf '%s' '{ANSWER}'\n", folder.display());
    let dockopt = dockopt.file("bin/shellcheck", script);
    fs::set_permissions(folder.join("bin/shellcheck"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.join("bin");
    dockopt.args(arguments.split(' ')).env("PATH", path.to_str().unwrap()).run()
}

fn is_found(files: &[(&str, &str)], arguments: &str) -> bool {
    fake(files, arguments).stdout.contains("SC2154")
}

#[test]
fn shellcheck_findings_have_their_place_in_the_dockerfile() {
    let findings = fake(&[], "lint --shellcheck --select shellcheck --format=json").code(1).json();
    let finding = &findings["findings"][0];
    assert_eq!(findings["findings"].as_array().unwrap().len(), 1);
    assert_eq!(finding["rule"], "shellcheck");
    assert_eq!(finding["aliases"], serde_json::json!(["SC2154"]));
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["message"], "lost is referenced but not assigned (SC2154)");
    assert_eq!((&finding["span"]["start"]["line"], &finding["span"]["start"]["column"]), (&4.into(), &12.into()));
    assert_eq!((&finding["span"]["end"]["line"], &finding["span"]["end"]["column"]), (&4.into(), &17.into()));
    assert!(is_found(&[], "audit --shellcheck --all ."));
}

#[test]
fn every_format_has_its_code() {
    for format in dockopt::report::Format::ALL {
        let ran = fake(&[], &format!("lint --shellcheck --format={}", format.name()));
        assert!(ran.stdout.contains("SC2154"), "{}: {}", format.name(), ran.stdout);
    }
}

#[test]
fn shellcheck_runs_if_it_is_the_only_selected_rule() {
    let is_run = |files: &[(&str, &str)], arguments: &str| fake(files, arguments).path().join("ran").exists();
    assert!(!is_run(&[], "lint"));
    assert!(!is_run(&[], "lint --select all"));
    assert!(!is_run(&[], "audit ."));
    assert!(!is_run(&[("dockopt.toml", "shellcheck = false\n")], "lint"));
    assert!(!is_run(&[("dockopt.toml", "shellcheck = true\n")], "fix ."));
    assert!(!is_run(&[], "lint --shellcheck --ignore shellcheck"));
    assert!(is_run(&[("dockopt.toml", "shellcheck = true\n")], "lint"));
    assert!(is_run(&[("dockopt.toml", "[[paths]]\nmatch = [\"Dockerfile\"]\nshellcheck = true\n")], "audit ."));
    assert!(is_run(&[], "lint --select shellcheck"));
    assert!(is_run(&[], "lint --select SC2154"));
}

#[test]
fn shellcheck_codes_are_hidden_and_rated_individually() {
    let lint = "lint --shellcheck";
    assert!(is_found(&[], lint));
    assert!(!is_found(&[], "lint --shellcheck --ignore sc2154"));
    assert!(is_found(&[], "lint --shellcheck --ignore SC2155,SC2010"));
    assert!(is_found(&[], "lint --select SC2154"));
    assert!(!is_found(&[], "lint --select SC2010"));
    assert!(!is_found(&[("dockopt.toml", "ignore = [\"SC2154\"]\n")], lint));
    assert!(is_found(&[("dockopt.toml", "ignore = [\"SC2010\"]\n")], lint));
    assert!(!is_found(&[("dockopt.toml", "[[ignore]]\nrule = \"SC2154\"\nreason = \"known\"\n")], lint));
    assert!(!is_found(&[("dockopt.toml", "[rules.SC2154]\nseverity = \"off\"\n")], lint));
    assert!(!is_found(&[(".hadolint.yaml", "ignored:\n  - SC2154\n")], lint));
    for (comment, is_shown) in [
        ("# hadolint ignore=SC2154", false),
        ("# hadolint ignore=SC2010", true),
        ("# hadolint global ignore=SC2154", false),
        ("# dockopt ignore=SC2154", false),
        ("# dockopt ignore=SC2010", true),
        ("# dockopt ignore=shellcheck", false),
    ] {
        let text = DOCKERFILE.replace("RUN", &format!("{comment}\nRUN"));
        assert_eq!(
            is_found(&[("Dockerfile", &text)], "lint --shellcheck --ignore unused-suppression"),
            is_shown,
            "{comment}"
        );
    }
    let text = format!("# dockopt ignore-file=sc2154\n{DOCKERFILE}");
    assert!(!is_found(&[("Dockerfile", &text)], "lint --shellcheck"));
    let rated = fake(&[("dockopt.toml", "[rules.SC2154]\nseverity = \"error\"\n")], "lint --shellcheck --format=json");
    let rated = rated.json();
    let ours = rated["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "shellcheck").unwrap();
    assert_eq!(ours["severity"], "error");
    // A later run without the comment that hides it would find it again.
    let added = fake(&[], "lint --shellcheck --select shellcheck --add-ignores=known");
    assert!(fs::read_to_string(added.path().join("Dockerfile")).unwrap().contains("# dockopt ignore=shellcheck"));
    added.code(0);
}

#[test]
fn a_missing_program_is_a_message() {
    let dockopt = || Dockopt::new().file("Dockerfile", DOCKERFILE).env("PATH", "/nonexistent");
    let ran = dockopt().args(["lint", "--shellcheck"]).run().code(2);
    assert!(ran.stderr.contains("ShellCheck is not installed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("apt-get install shellcheck"), "{}", ran.stderr);
    dockopt().args(["lint", "--select", "shell-form"]).run().code(0);
    let ran = dockopt().args(["lint", "--shellcheck", "--format=json"]).run().code(2);
    assert!(ran.json()["problems"].to_string().contains("ShellCheck is not installed"), "{}", ran.stdout);
}

/// The Dockerfiles of the rule's page with their findings.
fn examples() -> Vec<(String, Vec<String>)> {
    let page = fs::read_to_string("rules/shellcheck.md").unwrap();
    let mut examples: Vec<(String, Vec<String>)> = Vec::new();
    for fence in page.split("\n```").collect::<Vec<_>>().chunks(2) {
        let Some((info, body)) = fence.get(1).and_then(|fence| fence.split_once('\n')) else { continue };
        match info {
            "dockerfile" => examples.push((format!("{body}\n"), Vec::new())),
            "findings" => examples.last_mut().unwrap().1.extend(body.lines().map(str::to_owned)),
            _ => {}
        }
    }
    examples
}

/// The places and codes of the page are those of the real program, which `tests/run` looks for and CI has.
#[test]
fn the_real_program_says_what_the_page_says() {
    let Some(program) = std::env::var_os("DOCKOPT_SHELLCHECK").filter(|program| !program.is_empty()) else {
        crate::engine::left_out("DOCKOPT_SHELLCHECK names no ShellCheck");
        return;
    };
    let folder = std::path::Path::new(&program).parent().unwrap().to_str().unwrap().to_owned();
    let mut seen = 0;
    for (text, expected) in examples() {
        let lint = Dockopt::new().file("Dockerfile", &text).env("PATH", &folder);
        let findings = lint.args(["lint", "--select", "shellcheck", "--format=json"]).run().json();
        let findings = findings["findings"].as_array().unwrap().iter();
        let at = |place: &serde_json::Value| format!("{}:{}", place["line"], place["column"]);
        let place =
            |finding: &serde_json::Value| format!("{}-{}", at(&finding["span"]["start"]), at(&finding["span"]["end"]));
        let places: Vec<String> =
            findings.map(|finding| format!("{} {}", place(finding), finding["aliases"][0].as_str().unwrap())).collect();
        for line in &expected {
            let (place, message) = line.split_once(' ').unwrap();
            let code = message.rsplit_once('(').unwrap().1.trim_end_matches(')');
            assert!(places.contains(&format!("{place} {code}")), "{line}\n{places:#?}");
            seen += 1;
        }
        assert!(!expected.is_empty() || places.is_empty(), "{text}\n{places:#?}");
    }
    assert!(seen >= 8, "the page shows {seen} findings");
}
