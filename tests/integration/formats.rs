//! Every format of findings, from outside: shapes, exit codes, files, what has no format.

use std::path::Path;
use std::process::Command;

use dockopt::report::Format;
use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

/// Commands of terminals and workflows, markup, formulas, mentions: everything that some reader obeys.
const HOSTILE: &str = "FROM debian:12.5 AS a\nUSER 1000\nENV X=\"\u{1b}[2J\u{9b}m\u{7f}\u{202e}\u{2028}<b>]]>@me|\"\n\
    CMD serve \"::error::\u{1b}[2J</details>\u{9b}\u{202e}\" =1+1\nBOGUS \u{1b}]0;x\u{7} ::warning::x\n";

fn formats() -> impl Iterator<Item = &'static str> {
    Format::ALL.iter().map(|format| format.name())
}

fn run(dockopt: Dockopt, command: &str, format: &str) -> Ran {
    dockopt.args(command.split(' ').chain(["--format", format])).run()
}

/// The schema as OASIS publishes it: a crate has it, and cargo knows where.
pub(crate) fn sarif_schema() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let listed = Command::new(cargo).args(["metadata", "--format-version=1", "--locked"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&listed.stderr)));
    let packages = listed["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    let mut schema: Value =
        serde_json::from_slice(&std::fs::read(manifest.with_file_name("src/schema.json")).unwrap()).unwrap();
    // Its pattern for the name of a language, which is not written here, is no regular expression.
    for part in ["run", "toolComponent"] {
        schema["definitions"][part]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    schema
}

#[test]
fn sarif_keeps_the_schema_of_the_standard() {
    let validator = jsonschema::options().should_validate_formats(true).build(&sarif_schema()).unwrap();
    let hostile = || Dockopt::new().file("a b/Docker#file", HOSTILE).args(["lint", "a b/Docker#file"]);
    let unreadable = || Dockopt::new().file("Dockerfile", HOSTILE).args(["lint", "Dockerfile", "none"]);
    let tracker = |command: &[&'static str]| Dockopt::new().dir("task-tracker").args(command.iter().copied());
    for (dockopt, exit) in [
        (hostile(), 1),
        (unreadable(), 2),
        (tracker(&["audit", ".", "--select=all"]), 1),
        (tracker(&["lint", "backend/Dockerfile", "dashboard/Dockerfile", "--select=all"]), 1),
        (Dockopt::new().dir("secrets").args(["lint", "Dockerfile", "broken.Dockerfile"]), 1),
        (Dockopt::new().file("Dockerfile", "").args(["lint"]), 1),
        (Dockopt::new().args(["audit"]), 0),
    ] {
        let log = dockopt.args(["--format=sarif"]).run().code(exit).json();
        let errors: Vec<String> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(log["runs"][0]["invocations"][0]["exitCode"], exit);
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }
    let mut wrong = hostile().args(["--format=sarif"]).run().json();
    wrong["runs"][0]["results"][0]["level"] = "style".into();
    assert!(!validator.is_valid(&wrong));
    let location = &wrong["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "a%20b/Docker%23file");
}

#[test]
fn sarif_edits_are_those_of_fix() {
    let text = "FROM debian:12.5\nUSER 1000\n# é 𝄞\nCMD é𝄞 python3 main.py\n";
    let log = Dockopt::new().file("Dockerfile", text).args(["lint", "--format=sarif"]).run().json();
    let result = &log["runs"][0]["results"][0];
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    let (region, inserted) = (&replacement["deletedRegion"], replacement["insertedContent"]["text"].as_str().unwrap());
    // Columns in characters, not in UTF-16 units.
    let at = |line: &str, column: &str| {
        let (line, column) = (region[line].as_u64().unwrap(), region[column].as_u64().unwrap());
        let start: usize = text.split_inclusive('\n').take(usize::try_from(line).unwrap() - 1).map(str::len).sum();
        let inside: usize = text[start..].chars().take(usize::try_from(column).unwrap() - 1).map(char::len_utf8).sum();
        start + inside
    };
    let (start, end) = (at("startLine", "startColumn"), at("endLine", "endColumn"));
    assert_eq!(u64::try_from(start).unwrap(), region["byteOffset"].as_u64().unwrap());
    assert_eq!(u64::try_from(end - start).unwrap(), region["byteLength"].as_u64().unwrap());
    let fixed = format!("{}{inserted}{}", &text[..start], &text[end..]);
    let ran = Dockopt::new().file("Dockerfile", text).args(["fix", "--write"]).run();
    assert_eq!(fixed, ran.read("Dockerfile"));
}

#[test]
fn lines_of_json_keep_their_schema() {
    for command in ["audit --select=all", "lint Dockerfile none"] {
        let dockopt = Dockopt::new().dir("task-tracker").file("Dockerfile", HOSTILE);
        for line in run(dockopt, command, "jsonl").stdout.lines() {
            crate::fixtures::keeps_schema(
                include_str!("../../schemas/jsonl.schema.json"),
                &serde_json::from_str(line).unwrap(),
            );
        }
    }
}

#[test]
fn a_line_of_json_is_what_json_has() {
    let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let lines = schema(include_str!("../../schemas/jsonl.schema.json"));
    let lint = schema(include_str!("../../schemas/lint.schema.json"));
    for kind in ["finding", "problem", "skipped"] {
        let mut schema = lines["$defs"][format!("{kind}_line")].clone();
        schema["properties"].as_object_mut().unwrap().remove("type");
        schema["required"].as_array_mut().unwrap().retain(|name| name != "type");
        assert_eq!(schema, lint["$defs"][kind], "{kind}");
    }
    for part in ["place", "span", "label", "impact", "edit", "fix"] {
        assert_eq!(lines["$defs"][part], lint["$defs"][part], "{part}");
    }
}

#[test]
fn unreadable_inputs_are_reported_in_every_format() {
    for format in ["json", "jsonl", "sarif", "gitlab", "checkstyle", "junit", "github", "oneline", "csv", "markdown"] {
        let ran = run(Dockopt::new(), "lint none", format).code(2);
        assert!(ran.stdout.contains("does not exist"), "{format}: {}", ran.stdout);
    }
}

#[test]
fn the_format_changes_no_exit_code() {
    let clean = "FROM debian:12.5\nUSER 1000\nCMD [\"true\"]\n";
    for (text, command, code) in [
        (clean, "lint", 0),
        (HOSTILE, "lint", 1),
        (HOSTILE, "audit", 1),
        ("FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n", "lint --fail-on=error", 0),
        ("FROM debian:12.5\nUSER 1000\nBOGUS\n", "lint --ignore=all", 1),
        (clean, "lint Dockerfile none", 2),
    ] {
        for format in formats() {
            let ran = run(Dockopt::new().file("Dockerfile", text), command, format).code(code);
            let mentions = |text: &str| ran.stdout.contains(text) || ran.stderr.contains(text);
            assert!(code != 2 || ran.stderr.contains("`none` does not exist"), "{format}");
            // What the builder refuses is in every format.
            assert!(!text.contains("BOGUS") || mentions("unknown instruction"), "{format}: {}", ran.stdout);
        }
    }
}

#[test]
fn every_format_goes_to_a_file() {
    for format in formats() {
        let dockopt = || Dockopt::new().file("Dockerfile", HOSTILE);
        let ran = dockopt().args(["lint", "--output=out", "--format", format]).run().code(1);
        assert_eq!(ran.stdout, "");
        assert_eq!(ran.read("out"), run(dockopt(), "lint", format).stdout, "{format}");
        assert!(ran.read("out").is_empty() || ran.read("out").ends_with('\n'), "{format}");
    }
}

#[test]
fn no_format_moves_the_cursor_or_calls_a_workflow() {
    for format in formats() {
        for command in ["lint", "audit --all"] {
            let ran = run(Dockopt::new().file("Dockerfile", HOSTILE), command, format);
            for text in [&ran.stdout, &ran.stderr] {
                let raw = text.chars().find(|c| "\u{1b}\u{7f}\u{9b}\u{202e}\u{2028}\0\u{7}".contains(*c));
                assert_eq!(raw, None, "{format}: {text}");
                let calls = text.lines().any(|line| line.starts_with("::"));
                assert_eq!(calls, format == "github" && text == &ran.stdout, "{format}: {text}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn the_name_of_a_file_is_hostile_too() {
    let name = "a\n::error::x\u{1b}[2J|<b>,:%";
    for format in formats() {
        let ran = Dockopt::new().file(name, HOSTILE).args(["lint", name, "--format", format]).run().code(1);
        assert!(!ran.stdout.contains('\u{1b}'), "{format}: {}", ran.stdout);
        assert!(!ran.stdout.lines().any(|line| line.starts_with("::error::x")), "{format}: {}", ran.stdout);
    }
}

#[test]
fn skipped_rules_are_reported() {
    let text = "FROM debian:12.5\nUSER 1000\nCOPY . .\nCMD [\"true\"]\n";
    for format in formats() {
        let ran = run(Dockopt::new().file("Dockerfile", text), "lint", format);
        let output = format!("{}{}", ran.stdout, ran.stderr);
        assert!(output.contains("useless-context"), "{format}: {output}");
    }
}

#[test]
fn paths_are_those_of_the_repository_in_ci() {
    let text = "FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n";
    for (format, variable, path) in [
        ("github", "GITHUB_WORKSPACE", "file=sub/Dockerfile,"),
        ("sarif", "GITHUB_WORKSPACE", "\"uri\": \"sub/Dockerfile\""),
        ("gitlab", "CI_PROJECT_DIR", "\"path\": \"sub/Dockerfile\""),
    ] {
        for (root, name) in [(".", "./sub/../sub/Dockerfile"), ("sub/..", "sub/Dockerfile"), ("none", "sub/Dockerfile")]
        {
            let dockopt = Dockopt::new().file("sub/Dockerfile", text);
            let root = dockopt.path().join(root).to_string_lossy().into_owned();
            let ran = dockopt.args(["lint", name, "--format", format]).env(variable, &root).run().code(1);
            assert!(ran.stdout.contains(path), "{format} {root}: {}", ran.stdout);
        }
        // The folder of a step is another one than the repository's.
        let dockopt = Dockopt::new().file("Dockerfile", text);
        let folder = dockopt.path().canonicalize().unwrap();
        let root = folder.parent().unwrap().to_string_lossy().into_owned();
        let ran = dockopt.args(["lint", "--format", format]).env(variable, &root).run().code(1);
        let path = format!("{}/Dockerfile", folder.file_name().unwrap().to_string_lossy());
        assert!(ran.stdout.contains(&path), "{format}: {}", ran.stdout);
    }
}

#[test]
fn a_command_without_a_format_says_which_it_has() {
    let pages = "[possible values: text, json, markdown, html]";
    let commands = [
        ("fix", "[possible values: text, json]"),
        ("rules", pages),
        ("explain DL3025", pages),
        ("context ls", pages),
        ("cache history", pages),
    ];
    for (command, known) in commands {
        for format in formats().filter(|name| !known.contains(name)) {
            let ran = run(Dockopt::new().file("Dockerfile", HOSTILE), command, format).code(2);
            ran.complains(&[&format!("invalid value '{format}' for '--format"), known]);
            let arguments = ["--format", format].into_iter().chain(command.split(' '));
            let ran = Dockopt::new().file("Dockerfile", HOSTILE).args(arguments).run().code(2);
            ran.complains(&[&format!("invalid value '{format}' for '--format"), known]);
        }
    }
    let ran = run(Dockopt::new(), "lint", "sarrif").code(2);
    ran.complains(&["sarrif", "sarif"]);
}

#[test]
fn sarif_tells_what_is_hidden() {
    let text =
        "FROM debian:12.5\nUSER 1000\n# dockopt ignore=shell-form-command reason: it is one\nCMD python3 main.py\n";
    let log = Dockopt::new().file("Dockerfile", text).args(["lint", "--format=sarif"]).run().code(0).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let hidden = results.iter().find(|result| result["ruleId"] == "shell-form-command").unwrap();
    assert_eq!(hidden["suppressions"][0]["kind"], "inSource");
    let schema = sarif_schema();
    assert!(jsonschema::options().build(&schema).unwrap().is_valid(&log));
}
