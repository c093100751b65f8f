//! What helps to adopt dockopt on an old repository.

use std::fs;
use std::path::Path;

use crate::dockopt::Dockopt;
use crate::fixtures::keeps_schema;

const OLD: &str = "# syntax=docker/dockerfile:1
FROM debian
# hadolint ignore=DL3009
RUN sudo apt-get update && apt-get install -y curl
  # dockopt ignore=shell-form-command reason: known
CMD python3 main.py
";

fn dockerfiles(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            dockerfiles(&path, paths);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("Dockerfile")) {
            paths.push(path);
        }
    }
}

#[test]
fn added_comments_hide_all_counted_findings() {
    let ran = Dockopt::new().file("Dockerfile", OLD).args(["lint", "--add-ignores", "--fail-on=style"]).run().code(0);
    let text = ran.read("Dockerfile");
    // The directive stays first, hadolint's comment stays next to its instruction, dockopt's own is extended.
    assert!(text.starts_with("# syntax=docker/dockerfile:1\n# dockopt ignore"), "{text}");
    assert!(text.contains("\n# hadolint ignore=DL3009\nRUN sudo apt-get"), "{text}");
    assert!(text.contains("reason: found when dockopt was introduced\n# hadolint ignore=DL3009\n"), "{text}");
    let before = text.clone();
    let ran = ran.again(["lint", "--fail-on=style"]).code(0);
    assert!(!ran.stdout.contains("warning["), "{}", ran.stdout);
    let ran = ran.again(["lint", "--add-ignores", "--fail-on=style"]).code(0);
    assert_eq!(ran.stdout, "0 findings hidden by comments in 0 files\n");
    assert_eq!(ran.read("Dockerfile"), before);
}

#[test]
fn only_counted_findings_are_hidden_with_the_given_reason() {
    let old = OLD.replace("# hadolint ignore=DL3009\n", "");
    let dockopt = Dockopt::new().file("Dockerfile", &old).file("dockopt.toml", "require-reason = true\n");
    let ran = dockopt.args(["lint", "--add-ignores=ticket 12", "--fail-on=error"]).run().code(0);
    assert_eq!(ran.read("Dockerfile"), old);
    let ran = ran.again(["lint", "--add-ignores=ticket 12", "--format=json"]).code(0);
    let json = ran.json();
    assert_eq!(json["schema"], "dockopt.add-ignores/1");
    assert!(json["hidden"].as_u64().unwrap() > 0, "{json}");
    assert!(ran.read("Dockerfile").contains(" reason: ticket 12\n"));
    ran.again(["lint"]).code(0);
    let empty = Dockopt::new().file("Dockerfile", OLD).args(["lint", "--add-ignores= "]).run().code(2);
    empty.complains(&["the reason given to `--add-ignores` is empty"]);
    let stdin = Dockopt::new().input(OLD).args(["lint", "-", "--add-ignores"]).run().code(2);
    stdin.complains(&["cannot be changed in place", "help: pass the file"]);
}

#[test]
fn an_extended_comment_keeps_its_words() {
    let text = "FROM debian:12.5\nUSER 1000\n# dockopt ignore=floating-base reason: known\r\nCMD python3 main.py\r\n";
    let ran = Dockopt::new().file("Dockerfile", text).args(["lint", "--add-ignores"]).run().code(0);
    let expected = text.replace("=floating-base", "=floating-base,shell-form-command");
    assert_eq!(ran.read("Dockerfile"), expected);
    // One that ends is left as it is.
    let ending = text.replace("reason", "until=2027-01-31 reason");
    let ran = Dockopt::new().file("Dockerfile", &ending).args(["lint", "--add-ignores"]).run().code(0);
    let comment = "# dockopt ignore=shell-form-command reason: found when dockopt was introduced\r\nCMD";
    assert_eq!(ran.read("Dockerfile"), ending.replace("CMD", comment));
}

#[test]
fn comments_where_the_settings_forbid_them_hide_nothing() {
    let dockopt = Dockopt::new().file("Dockerfile", OLD).file("dockopt.toml", "inline-ignores = false\n");
    let ran = dockopt.args(["lint", "--add-ignores"]).run().code(1);
    assert!(ran.stdout.contains("findings of these rules cannot be hidden by a comment: "), "{}", ran.stdout);
}

#[test]
fn rejections_by_the_builder_still_fail() {
    let text = "FROM debian:12.5\nUSER 1000\nNONSENSE\nCMD python3 main.py\n";
    let ran = Dockopt::new().file("Dockerfile", text).args(["lint", "--add-ignores"]).run().code(1);
    assert!(ran.stdout.contains("inputs that the builder rejects cannot be hidden"), "{}", ran.stdout);
    ran.again(["lint"]).code(1);
}

#[test]
fn every_project_passes_after_the_comments() {
    let dockopt = Dockopt::new();
    let mut paths = Vec::new();
    for folder in ["tests/projects", "fixtures"] {
        dockerfiles(Path::new(folder), &mut paths);
    }
    assert!(paths.len() > 40, "{}", paths.len());
    let mut names = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let name = format!("{number}/Dockerfile");
        fs::create_dir_all(dockopt.path().join(number.to_string())).unwrap();
        fs::copy(path, dockopt.path().join(&name)).unwrap();
        names.push(name);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Two rules are about comments, those that hide findings among them.
    let rules = ["--select=all", "--ignore=inline-suppression,unexplained-suppression,definition-comment"];
    let arguments = ["lint", "--fail-on=style"].into_iter().chain(rules).chain(names);
    let arguments: Vec<&str> = arguments.collect();
    let ran = dockopt.args(arguments.iter().copied().chain(["--add-ignores"])).run().code(0);
    assert!(ran.stdout.contains("findings hidden by comments in"), "{}", ran.stdout);
    ran.again(arguments).code(0);
}

#[test]
fn statistics_count_the_findings_of_each_rule() {
    let ran = Dockopt::new().dir("task-tracker").args(["lint", "backend/Dockerfile", "--format=json"]).run();
    let findings = ran.json()["findings"].as_array().unwrap().len();
    let ran = ran.again(["lint", "backend/Dockerfile", "--statistics", "--format=json"]);
    let json = ran.json();
    keeps_schema(include_str!("../../schemas/statistics.schema.json"), &json);
    let rules = json["rules"].as_array().unwrap();
    assert_eq!(rules.iter().map(|rule| rule["count"].as_u64().unwrap()).sum::<u64>(), findings as u64);
    assert!(rules.is_sorted_by_key(|rule| std::cmp::Reverse(rule["count"].as_u64())));
    let ran = ran.again(["lint", "backend/Dockerfile", "--statistics"]).code(1);
    assert!(ran.stdout.starts_with("count  severity  rule"), "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with(&format!("{findings} findings of {} rules in 1 file\n", rules.len())),
        "{}",
        ran.stdout
    );
    let ran = ran.again(["lint", "backend/Dockerfile", "--statistics", "--format=sarif"]).code(2);
    ran.complains(&[
        "invalid value 'sarif' for '--format <FORMAT>' with '--statistics'",
        "[possible values: text, json, markdown, html]",
    ]);
}

#[test]
fn a_rule_is_off_where_its_severity_is() {
    let text = "FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n";
    for (settings, code) in [
        ("[rules.shell-form-command]\nseverity = \"off\"\n", 0),
        ("[rules.DL3025]\nseverity = \"off\"\n", 0),
        ("[rules.runtime]\nseverity = \"off\"\n", 0),
        ("[[paths]]\nmatch = \"Dockerfile\"\n[paths.rules.shell-form-command]\nseverity = \"off\"\n", 0),
        ("[[paths]]\nmatch = \"other\"\n[paths.rules.shell-form-command]\nseverity = \"off\"\n", 1),
    ] {
        Dockopt::new().file("Dockerfile", text).file("dockopt.toml", settings).args(["lint"]).run().code(code);
    }
    let ran = Dockopt::new().file("Dockerfile", text).file("dockopt.toml", "[rules.all]\nseverity = \"of\"\n");
    ran.args(["lint"]).run().code(2).complains(&["unknown severity `of`", "did you mean `off`?"]);
}

#[test]
fn quiet_prints_results_only_and_verbose_what_is_used() {
    let clean = "FROM debian:12.5\nUSER 1000\nCMD [\"python3\", \"main.py\"]\n";
    let ran = Dockopt::new().file("Dockerfile", clean).args(["lint", "-q"]).run().code(0);
    assert_eq!((&*ran.stdout, &*ran.stderr), ("", ""));
    let ran = Dockopt::new().file("Dockerfile", OLD).args(["fix", "--quiet", "--unsafe"]).run().code(0);
    assert!(ran.stdout.starts_with("--- a/Dockerfile"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    let dockopt = Dockopt::new().file("a/Dockerfile", clean).file("dockopt.toml", "ignore = [\"root-user\"]\n");
    let ran = dockopt.args(["lint", "-v", "a/Dockerfile"]).run().code(0);
    for part in ["checking `a/Dockerfile`", "settings `dockopt.toml`", " rules\n", "finished in "] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    ran.again(["lint", "-q", "-v"]).code(2).complains(&["cannot be used with"]);
}

#[test]
fn a_category_is_explained_by_its_rules() {
    let named = |arguments: &[&str]| {
        let ran = Dockopt::new().args(arguments.iter().copied().chain(["--format=json"])).run().code(0);
        ran.json()["rules"].as_array().unwrap().iter().map(|rule| rule["name"].to_string()).collect::<Vec<_>>()
    };
    let security = named(&["explain", "security"]);
    assert!(security.len() > 3, "{security:?}");
    assert_eq!(security, named(&["rules", "security"]));
    assert_eq!(security, named(&["rules", "--select=security"]));
    assert_eq!(named(&["rules", "DL3009", "shell-form-command"]).len(), 2);
    let ran = Dockopt::new().args(["rules", "securty"]).run().code(2);
    ran.complains(&["unknown rule, category or group `securty`", "did you mean"]);
    let ran = Dockopt::new().args(["explain", "securty"]).run().code(2);
    ran.complains(&["unknown rule `securty`"]);
}

#[test]
fn help_shows_the_formats_of_the_command_and_examples() {
    for (command, formats) in [
        ("lint", "hadolint-json"),
        ("fix", "[default: text] [possible values: text, json]"),
        ("measure", "[default: text] [possible values: text, json, markdown, html]"),
    ] {
        let ran = Dockopt::new().args([command, "--help"]).run().code(0);
        let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(formats), "{text}");
        assert_eq!(ran.stdout.matches(&format!("\n  dockopt {command}")).count(), 2, "{}", ran.stdout);
    }
}

#[test]
fn a_comment_in_a_template_may_hide_what_is_rendered() {
    let template = "# check=skip=WorkdirRelativePath\nFROM alpine:3.22\nWORKDIR {{ folder }}\nRUN {{ install }}\n";
    let plain = "# check=skip=WorkdirRelativePath\nFROM alpine:3.22\n";
    for (name, text, idle) in [("Dockerfile.j2", template, false), ("Dockerfile", plain, true)] {
        let ran = Dockopt::new().file(name, text).args(["lint", name]).run();
        assert_eq!(ran.stdout.contains("suppression is unused"), idle, "{name}: {}", ran.stdout);
    }
}
