//! The program from outside: exit codes, streams, colours, files, bad input.

use crate::dockopt::{Dockopt, Ran};

/// Fires a warning with a safe fix, and nothing else.
const SHELL_FORM: &str = "FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n";
const FIXED: &str = "FROM debian:12.5\nUSER 1000\nCMD [\"python3\", \"main.py\"]\n";

fn with(text: impl AsRef<[u8]>) -> Dockopt {
    Dockopt::new().file("Dockerfile", text)
}

#[test]
fn a_clean_file_is_reported_to_be_so() {
    let ran = with(FIXED).args(["lint"]).run().code(0);
    assert_eq!((&*ran.stdout, &*ran.stderr), ("nothing found in 1 file\n", ""));
}

#[test]
fn findings_end_with_1_from_the_severity_asked_for() {
    for (arguments, code) in [
        (&["lint"][..], 1),
        (&["lint", "--fail-on", "error"], 0),
        (&["lint", "--fail-on=info"], 1),
        (&["lint", "--fail-on=none"], 0),
        (&["lint", "--format", "json"], 1),
        (&["lint", "--ignore", "dl3025"], 0),
        (&["lint", "--ignore", "floating-base,JSONArgsRecommended"], 0),
        (&["lint", "--select", "security"], 0),
        (&["lint", "--select", "runtime"], 1),
        (&["lint", "--select", "all", "--ignore", "all"], 0),
    ] {
        assert_eq!(with(SHELL_FORM).args(arguments.iter().copied()).run().code, code, "{arguments:?}");
    }
}

#[test]
fn results_go_to_standard_output_and_nothing_else_does() {
    let ran = with(SHELL_FORM).args(["lint"]).run();
    assert!(ran.stdout.starts_with("warning[shell-form-command]: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("--> Dockerfile:3:"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    let json = with(SHELL_FORM).args(["lint", "--format=json"]).run().json();
    assert_eq!(json["schema"], "dockopt.lint/1");
    assert_eq!(json["findings"][0]["rule"], "shell-form-command");
    assert_eq!(json["findings"][0]["span"]["start"]["line"], 3);
}

#[test]
fn colour_follows_the_flag_then_the_environment() {
    let coloured = |ran: Ran| ran.stdout.contains('\u{1b}');
    assert!(!coloured(with(SHELL_FORM).args(["lint"]).run()));
    assert!(coloured(with(SHELL_FORM).args(["lint", "--color=always"]).run()));
    assert!(coloured(with(SHELL_FORM).args(["lint"]).env("FORCE_COLOR", "1").run()));
    assert!(!coloured(with(SHELL_FORM).args(["lint"]).env("FORCE_COLOR", "0").run()));
    assert!(!coloured(with(SHELL_FORM).args(["lint"]).env("FORCE_COLOR", "1").env("NO_COLOR", "1").run()));
    assert!(coloured(with(SHELL_FORM).args(["lint", "--color=always"]).env("NO_COLOR", "1").run()));
    assert!(!coloured(with(SHELL_FORM).args(["lint", "--color=never"]).env("FORCE_COLOR", "1").run()));
    assert!(!coloured(with(SHELL_FORM).args(["lint", "--format=json", "--color=always"]).run()));
}

#[test]
fn nothing_of_a_file_reaches_the_terminal_as_a_command() {
    let text = "FROM debian:12.5\nUSER 1000\nCMD serve \u{1b}[2J \u{9b}31m \u{202e}x\n";
    for command in [&["lint"][..], &["audit"], &["fix"], &["lint", "--color=never"]] {
        let ran = with(text).args(command.iter().copied()).env("COLUMNS", "40").run();
        let raw = ran.stdout.contains(['\u{1b}', '\u{9b}', '\u{202e}']);
        // A diff that is piped is for `patch`: it has the file's own bytes.
        assert_eq!(raw, command == ["fix"], "{command:?}: {}", ran.stdout);
    }
}

#[test]
fn standard_input_is_linted_under_its_name() {
    let ran = Dockopt::new().input(SHELL_FORM).args(["lint", "-", "--stdin-filename", "api/Dockerfile"]).run().code(1);
    assert!(ran.stdout.contains("--> api/Dockerfile:3:"), "{}", ran.stdout);
    let twice = Dockopt::new().args(["lint", "-", "-"]).run().code(2);
    twice.complains(&["error: standard input can be read only once", "help: "]);
    let named = with(FIXED).args(["lint", "--stdin-filename", "x"]).run().code(2);
    named.complains(&["standard input is not read"]);
}

#[test]
fn only_the_dockerfile_of_the_option_is_checked() {
    let folder = || Dockopt::new().file("two/a/Dockerfile", SHELL_FORM).file("two/b/Dockerfile", SHELL_FORM);
    for arguments in [
        &["lint", "-f", "two/a/Dockerfile", "two"][..],
        &["lint", "-f", "two/a/Dockerfile", "two/b/Dockerfile"],
        &["lint", "-f", "two/a/Dockerfile"],
        &["audit", "-f", "two/a/Dockerfile", "two"],
        &["fix", "-f", "two/a/Dockerfile", "--check", "--format=json", "two"],
    ] {
        let ran = folder().args(arguments.iter().copied()).run().code(1);
        assert!(ran.stdout.contains("two/a/Dockerfile"), "{arguments:?}: {}", ran.stdout);
        assert!(!ran.stdout.contains("two/b"), "{arguments:?}: {}", ran.stdout);
    }
    let report = folder().args(["lint", "-f", "two/a/Dockerfile", "two", "--format=json"]).run().code(1).json();
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{report}");
}

#[test]
fn bad_input_is_met_with_place_and_remedy() {
    let lint = |dockopt: Dockopt| dockopt.args(["lint", "--output", "out"]).run();
    let refused = |ran: Ran, expected: &[&str]| {
        let ran = ran.code(2).complains(expected).complains(&["\nhelp: "]);
        assert!(!ran.has("out"));
    };
    refused(lint(Dockopt::new()), &["error: `Dockerfile` does not exist"]);
    refused(lint(Dockopt::new().file("Dockerfile/x", "")), &["`Dockerfile` is a folder", "dockopt audit Dockerfile"]);
    refused(lint(with(b"\x7fELF\0\0\0")), &["`Dockerfile` is not a text"]);
    refused(lint(with(b"\xff\xfeF\0R\0")), &["`Dockerfile` is encoded in UTF-16"]);
    refused(lint(with(vec![b'#'; (16 << 20) + 1])), &["`Dockerfile` is larger than 16 MiB"]);
    refused(Dockopt::new().args(["lint", "a/none", "-o", "out"]).run(), &["`a/none` does not exist"]);
    for command in ["audit", "fix", "context ls"] {
        let arguments = command.split(' ').chain(["none"]);
        Dockopt::new().args(arguments).run().code(2).complains(&["`none` does not exist", "help: "]);
    }
}

#[test]
fn fixing_says_what_the_builder_refuses() {
    let text = "FROM debian:12.5\nUSER 1000\nEXPOSE 99999\nCMD python3 main.py\n";
    let ran = with(text).args(["fix"]).run().code(1);
    assert!(ran.stderr.contains("error: the builder rejects this: invalid containerPort: 99999"), "{}", ran.stderr);
    let json = with(text).args(["fix", "--format=json"]).run().code(1).json();
    assert_eq!(json["problems"][0]["line"], 3);
    // Three names of one file.
    let ran = with(SHELL_FORM).args(["fix", "Dockerfile", "./Dockerfile", "."]).run().code(0);
    assert_eq!(ran.stderr, "would fix 1 finding in 1 file; apply with `--write`\n");
}

#[test]
fn unreadable_inputs_are_reported_once() {
    for command in ["lint", "audit"] {
        let dockopt = with("FROM debian:12.5\nCOPY . .\nUSER 1000\n").file(".dockerignore", vec![b'#'; 17 << 20]);
        let ran = dockopt.args([command]).run().code(2);
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
        assert!(!ran.stdout.contains("error: "), "{}", ran.stdout);
    }
}

#[test]
fn a_byte_order_mark_is_not_seen() {
    let ran = with("\u{feff}FROM a:b:c\n").args(["lint"]).run().code(1);
    assert!(ran.stdout.contains("--> Dockerfile:1:1"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 | FROM a:b:c\n"), "{}", ran.stdout);
}

#[test]
fn an_array_of_numbers_is_one_problem() {
    let json = with("FROM a:1\nRUN [1,2]\n").args(["lint", "--format=json"]).run().code(1).json();
    assert_eq!(json["problems"].as_array().unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn unreadable_files_and_pipes_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    if let Some(dockopt) = with(FIXED).args(["lint"]).unprivileged() {
        let path = dockopt.path().join("Dockerfile");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        dockopt.run().code(2).complains(&["`Dockerfile` cannot be read"]);
    }
    let dockopt = Dockopt::new().args(["lint"]);
    symlink("/dev/zero", dockopt.path().join("Dockerfile")).unwrap();
    dockopt.run().code(2).complains(&["is not a regular file"]);
    let dockopt = Dockopt::new().args(["lint"]);
    symlink("Dockerfile", dockopt.path().join("Dockerfile")).unwrap();
    dockopt.run().code(2).complains(&["`Dockerfile` is a symbolic link that leads back to itself"]);
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let ran = with(SHELL_FORM).args(["lint", "none", "Dockerfile"]).run().code(2);
    assert!(ran.stdout.contains("shell-form-command"), "{}", ran.stdout);
    assert!(ran.stderr.contains("`none` does not exist"), "{}", ran.stderr);
}

#[test]
fn rejections_by_the_builder_are_findings() {
    for text in ["", "\n# only a comment\n", "FROM debian:12.5\nRUNN ls\n"] {
        let ran = with(text).args(["lint"]).run().code(1);
        assert!(ran.stdout.starts_with("error: ") && ran.stdout.contains("--> Dockerfile"), "{}", ran.stdout);
    }
    let ran = with(b"FROM debian:12.5\nLABEL a=\xff\nUSER 1000\n").args(["lint"]).run().code(0);
    assert!(ran.stdout.contains("warning: this byte is not UTF-8"), "{}", ran.stdout);
    assert!(ran.stdout.contains("--> Dockerfile:2:9"), "{}", ran.stdout);
}

#[test]
fn late_rejections_by_the_builder_are_errors() {
    for (text, code, level) in [
        ("FROM a:1\nRUN --mount=type=foo,target=/x true\n", 1, "error: "),
        ("FROM a:1\nEXPOSE 99999\n", 1, "error: "),
        ("FROM a:1\nENV A=${B^^}\n", 1, "error: "),
        ("FROM a:1\nSTOPSIGNAL FOO\n", 1, "error: "),
        ("FROM a:b:c\n", 1, "error: "),
        ("FROM a:1\nLABEL a=\"b\n", 1, "error: "),
        ("FROM a:1\nCOPY --chmod=9999 a b\n", 1, "error: "),
        ("FROM a:1\nCOPY --from=9 a b\n", 1, "error: there is no stage 9"),
        ("FROM a:1\nRUN cat <<EOF;\nx\nEOF\n", 1, "error: unterminated heredoc"),
        ("ARG PORT=99999\nFROM a:1\nARG PORT\nEXPOSE $PORT\n", 1, "error: "),
        // A stage that the target does not need, a template, what comes from outside.
        ("FROM a:1\nEXPOSE 99999\nFROM b:1\n", 0, "warning: "),
        ("FROM ${templateOption:image}\n", 0, "nothing found"),
        ("ARG IMAGE\nFROM $IMAGE:1\n", 0, "nothing found"),
        ("FROM a:1\nARG PORT\nEXPOSE $PORT/none\n", 0, "nothing found"),
    ] {
        for command in ["lint", "audit"] {
            let ran = with(text)
                .args(
                    [command, ".", "--fail-on=error", "--ignore=all"]
                        .into_iter()
                        .filter(|word| command == "audit" || *word != "."),
                )
                .run();
            assert_eq!(ran.code, code, "{command}: {text}{}", ran.stdout);
            assert!(command == "audit" || ran.stdout.starts_with(level), "{text}{}", ran.stdout);
            assert!(ran.stdout.matches("error: ").count() <= 1, "{text}{}", ran.stdout);
        }
    }
    let text = with("ARG PORT=99999\nFROM a:1\nARG PORT\nEXPOSE $PORT\n");
    text.args(["lint", "--ignore=all", "--build-arg=PORT=80"]).run().code(0);
}

#[test]
fn an_unknown_target_is_an_error_and_hides_nothing() {
    let json = with(SHELL_FORM).args(["lint", "--target=nope", "--format=json"]).run().code(1).json();
    assert_eq!(json["problems"][0]["error"], true);
    assert_eq!(json["findings"][0]["rule"], "shell-form-command");
}

#[test]
fn unknown_names_are_met_with_the_closest_one() {
    let ran = Dockopt::new().args(["explain", "shell-form-comand"]).run().code(2);
    ran.complains(&["error: unknown rule `shell-form-comand`", "did you mean `shell-form-command`?"]);
    let ran = with(FIXED).args(["lint", "--select", "securty"]).run().code(2);
    ran.complains(&["unknown rule, category or group `securty`", "did you mean `security`?"]);
    Dockopt::new().args(["explain", "quux"]).run().code(2).complains(&["`dockopt rules` lists all rules"]);
    Dockopt::new().args(["lnt"]).run().code(2).complains(&["lint"]);
    Dockopt::new().run().code(2).complains(&["Usage: dockopt"]);
    Dockopt::new().args(["audit", "--today", "tomorrow"]).run().code(2).complains(&["YYYY-MM-DD"]);
    let ran = with(FIXED).args(["lint"]).env("SOURCE_DATE_EPOCH", "soon").run().code(2);
    ran.complains(&["SOURCE_DATE_EPOCH is `soon`"]);
}

#[test]
fn help_and_version_are_results() {
    for (arguments, expected) in
        [(&["--help"][..], "Usage: dockopt"), (&["lint", "--help"], "--stdin-filename"), (&["--version"], "dockopt 0")]
    {
        let ran = Dockopt::new().args(arguments.iter().copied()).run().code(0);
        assert!(ran.stdout.contains(expected), "{}", ran.stdout);
        assert!(!ran.stdout.contains("debug"), "`debug` is hidden: {}", ran.stdout);
    }
}

#[test]
fn a_closed_pipe_is_nobodys_fault() {
    for arguments in [&["lint"][..], &["rules"], &["--help"], &["explain", "DL3025"], &["fix"]] {
        let (code, stderr) = with(SHELL_FORM).args(arguments.iter().copied()).run_into_closed_pipe();
        assert_eq!((code, &*stderr), (0, ""), "{arguments:?}");
    }
}

#[test]
fn a_result_can_go_to_a_file() {
    let ran = with(SHELL_FORM).args(["lint", "--format=json", "--output", "out.json"]).run().code(1);
    assert_eq!(ran.stdout, "");
    assert!(ran.read("out.json").starts_with("{\n  \"schema\": \"dockopt.lint/1\""));
    let ran = with(SHELL_FORM).args(["lint", "-o", "none/out.json"]).run().code(2);
    ran.complains(&["the folder of `none/out.json` does not exist", "help: "]);
}

#[test]
fn fix_shows_then_writes_then_changes_nothing() {
    let ran = with(SHELL_FORM).args(["fix"]).run().code(0);
    assert!(ran.stdout.starts_with("--- a/Dockerfile\n+++ b/Dockerfile\n@@ "), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n-CMD python3 main.py\n+CMD [\"python3\", \"main.py\"]\n"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "would fix 1 finding in 1 file; apply with `--write`\n");
    assert_eq!(ran.read("Dockerfile"), SHELL_FORM);

    let ran = with(SHELL_FORM).args(["fix", "--check"]).run().code(1);
    assert_eq!((&*ran.stdout, &*ran.read("Dockerfile")), ("", SHELL_FORM));

    let ran = with(SHELL_FORM).args(["fix", "--write", "."]).run().code(0);
    assert_eq!((&*ran.stdout, &*ran.stderr), ("", "fixed 1 finding in 1 file\n"));
    assert_eq!(ran.read("Dockerfile"), FIXED);

    let ran = with(FIXED).args(["fix", "--check"]).run().code(0);
    assert_eq!(ran.stderr, "nothing to fix\n");
    with(FIXED).args(["fix", "--check", "--write"]).run().code(2).complains(&["cannot be used with"]);
}

#[test]
fn a_file_that_two_paths_name_is_fixed_once() {
    let ran = with(SHELL_FORM).args(["fix", "--write", "Dockerfile", "Dockerfile"]).run().code(0);
    assert_eq!(ran.read("Dockerfile"), FIXED);
    // One path that fails keeps all files as they were.
    let ran = with(SHELL_FORM).args(["fix", "--write", "Dockerfile", "none"]).run().code(2);
    assert_eq!(ran.read("Dockerfile"), SHELL_FORM);
}

#[test]
fn one_file_that_cannot_be_written_keeps_all_as_they_were() {
    let dockopt = with(SHELL_FORM).file("b/Dockerfile", SHELL_FORM).args(["fix", "--write"]);
    let path = dockopt.path().join("b/Dockerfile");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let ran = dockopt.run().code(2).complains(&["`b/Dockerfile` cannot be written", "nothing was changed"]);
    assert_eq!(ran.read("Dockerfile"), SHELL_FORM);
}

#[test]
fn the_diff_can_be_applied() {
    for text in [SHELL_FORM.to_owned(), SHELL_FORM.replace('\n', "\r\n"), SHELL_FORM.trim_end().to_owned()] {
        let ran = with(&text).file("sub/Dockerfile", &text).args(["fix", "--diff"]).run().code(0);
        let patched = with(&text).file("sub/Dockerfile", &text).input(ran.stdout).apply();
        for path in ["Dockerfile", "sub/Dockerfile"] {
            assert_eq!(patched.read(path), text.replace("python3 main.py", "[\"python3\", \"main.py\"]"));
        }
    }
}

#[test]
fn a_folder_without_a_dockerfile_is_listed_as_a_context() {
    let folder = || Dockopt::new().file("src/a.py", "a = 1\n").file(".env", "A=b\n").file(".dockerignore", "*.md\n");
    let ran = folder().file("README.md", "x").args(["context", "ls"]).run().code(0);
    assert!(
        ran.stdout.starts_with(".   15 B in 3 files\n  filtered by .dockerignore\n  no Dockerfile"),
        "{}",
        ran.stdout
    );
    let json = folder().args(["context", "ls", "--format=json"]).run().code(0).json();
    assert_eq!((&json["dockerfile"], &json["context"]["files"]), (&serde_json::Value::Null, &3.into()));
    let bare = Dockopt::new().file("Dockerfile", FIXED).args(["context", "ls"]).run().code(0);
    assert!(bare.stdout.contains("no Dockerfile copies from this folder"), "{}", bare.stdout);
}

#[test]
fn the_next_command_finds_the_same_build() {
    let dockopt = Dockopt::new().file("deploy/api.Dockerfile", SHELL_FORM);
    let ran = dockopt.args(["audit", "--file", "deploy/api.Dockerfile"]).run().code(1);
    assert!(ran.stdout.contains("\nNext:  dockopt fix . --file deploy/api.Dockerfile --diff "), "{}", ran.stdout);
    let fixed = ran.again(["fix", ".", "--file", "deploy/api.Dockerfile", "--write"]).code(0);
    assert_eq!(fixed.read("deploy/api.Dockerfile"), FIXED);
}

#[test]
fn rules_are_listed_and_explained() {
    let ran = Dockopt::new().args(["rules"]).run().code(0);
    assert!(ran.stdout.contains("  shell-form-command"), "{}", ran.stdout);
    let json = Dockopt::new().args(["rules", "--format=json"]).run().json();
    assert_eq!(json["rules"].as_array().unwrap().len(), dockopt::rules::ALL.len());
    let rules = Dockopt::new().args(["rules", "--format=json", "--select=DL3009"]).run().json();
    assert_eq!(rules["rules"].as_array().unwrap().len(), 1);
    for rule in dockopt::rules::ALL.iter() {
        let ran = Dockopt::new().args(["explain", rule.name]).run().code(0);
        assert!(ran.stdout.starts_with(&format!("{}: {}\n", rule.name, rule.metadata().summary)), "{}", ran.stdout);
        assert!(!ran.stdout.contains("```") && !ran.stdout.contains("\nsummary: "), "{}", ran.stdout);
    }
}
