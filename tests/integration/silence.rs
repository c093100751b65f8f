//! No silence, no false success: what is not done, left out, slow or not there is said, and the exit code says so.

use std::fs;

use crate::dockopt::{Dockopt, Ran};

const REFUSED: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nCOPPY . .\nCOPY . .\n";
const FIXABLE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
const FIXED: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n";

/// A run that says something on standard error, whatever its result.
#[track_caller]
fn says(ran: Ran, expected: &[&str]) -> Ran {
    for text in expected {
        assert!(ran.stderr.contains(text), "{text:?} in {}", ran.stderr);
    }
    ran
}

#[test]
fn optimize_leaves_a_refused_dockerfile_as_it_is() {
    for arguments in [&["--write"][..], &["--diff"], &["--check"], &["--to", "elsewhere"], &["--plan"]] {
        let ran = Dockopt::new().file("Dockerfile", REFUSED).args(["optimize", "."]).args(arguments.iter().copied());
        let ran = says(ran.run().code(1), &["error: unknown instruction: COPPY", "Dockerfile:3:1"]);
        assert_eq!(ran.read("Dockerfile"), REFUSED, "{arguments:?}");
        assert!(!ran.has(".dockerignore") && !ran.has("elsewhere/Dockerfile"), "{arguments:?}");
    }
    let json = Dockopt::new().file("Dockerfile", REFUSED).args(["optimize", ".", "--format", "json"]).run().code(1);
    assert!(json.json()["builds"][0]["refused"].as_str().unwrap().contains("COPPY"));
    // A base that only a build argument names is no reason to refuse.
    let argument = "ARG BASE\nFROM $BASE\nRUN pip install x\n";
    let ran = Dockopt::new().file("Dockerfile", argument).args(["optimize", "."]).run();
    assert!(!ran.stderr.contains("the builder rejects it"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_in_the_place_of_one_is_an_error() {
    let fifo = |path: &std::path::Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    for name in ["Dockerfile", "compose.yaml", "a/api.Dockerfile"] {
        for kind in ["link", "folder", "pipe"] {
            for command in ["lint", "audit", "fix"] {
                if (kind, name) == ("folder", "a/api.Dockerfile") {
                    // A folder may have such a name.
                    continue;
                }
                let dockopt = Dockopt::new().file("other/Dockerfile", "FROM scratch\n");
                let path = dockopt.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let expected = match kind {
                    "link" => {
                        std::os::unix::fs::symlink("nowhere", &path).unwrap();
                        "is a symbolic link to `nowhere`, which does not exist"
                    }
                    "folder" => {
                        fs::create_dir(&path).unwrap();
                        "is a folder, not a file"
                    }
                    _ => {
                        fifo(&path);
                        "is not a regular file"
                    }
                };
                says(dockopt.args([command, "."]).run().code(2), &[expected, name]);
            }
        }
    }
    // A folder of Dockerfiles may be called so.
    Dockopt::new().file("Dockerfile/Dockerfile.web", "FROM scratch\n").args(["lint", "."]).run().code(0);
    let pipe = Dockopt::new();
    fifo(&pipe.path().join("image.tar"));
    says(pipe.args(["image", "image.tar"]).run().code(2), &["nothing was written to the pipe `image.tar`"]);
}

/// What may stand in the place of a file, with what is said of it.
#[cfg(unix)]
const NO_FILES: [(&str, &str); 4] = [
    ("link", "is a symbolic link to `nowhere`, which does not exist"),
    ("folder", "is a folder, not a file"),
    ("pipe", "is not a regular file"),
    ("device", "is not a regular file"),
];

#[cfg(unix)]
fn put_no_file(path: &std::path::Path, kind: &str) {
    use std::os::unix::fs::symlink;
    match kind {
        "link" => symlink("nowhere", path).unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        "pipe" => assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

#[cfg(unix)]
#[test]
fn ignore_files_and_settings_that_are_no_files_are_errors() {
    for name in [".dockerignore", "Dockerfile.dockerignore", "dockopt.toml", ".hadolint.yaml"] {
        for (kind, expected) in NO_FILES {
            for command in [&["lint", "."][..], &["audit", "."], &["fix", "."], &["context", "ls", "."]] {
                if command[0] == "context" && !name.ends_with("ignore") {
                    continue;
                }
                let dockopt = Dockopt::new().file("Dockerfile", "FROM debian:12\nCOPY . /app\n").file("a", "");
                put_no_file(&dockopt.path().join(name), kind);
                says(dockopt.args(command.iter().copied()).run().code(2), &[expected, name]);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn manifests_that_are_no_files_are_said() {
    let text = "FROM node:24\nCOPY . .\nRUN npm ci\n";
    for name in ["package.json", "package-lock.json", "requirements.txt"] {
        for (kind, expected) in NO_FILES {
            let dockopt = Dockopt::new().file("Dockerfile", text).file("go.mod", "module a\n");
            put_no_file(&dockopt.path().join(name), kind);
            let ran = dockopt.args(["audit", "."]).run();
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(said.contains(&format!("`{name}` {expected}, and was not read")), "{kind}: {said}");
        }
    }
    // Tests of resolvers have such folders.
    let ran = Dockopt::new().file("Dockerfile", text).file("test/package.json/a", "").args(["audit", "."]).run();
    assert!(!ran.stdout.contains("was not read") && !ran.stderr.contains("was not read"), "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn what_other_files_name_and_is_no_file_is_said() {
    let project = || {
        let text = "services:\n  a:\n    image: nginx:1.27\n    env_file: [app.env]\n";
        Dockopt::new().file("compose.yaml", text)
    };
    for (kind, expected) in NO_FILES {
        let dockopt = project();
        put_no_file(&dockopt.path().join("app.env"), kind);
        let ran = dockopt.args(["compose", "check"]).run();
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let expected = if kind == "link" { "does not exist" } else { expected };
        assert!(said.contains(expected) && said.contains("app.env"), "{kind}: {said}");
        assert!(!said.contains("cannot be read: is"), "{said}");
    }
    // Compose takes a folder for a Python environment, and a dangling link for no file.
    let dockopt = project().file("app.env", "");
    put_no_file(&dockopt.path().join(".env"), "link");
    let ran = dockopt.args(["compose", "check"]).run();
    assert!(ran.stdout.contains("`.env` is a symbolic link to `nowhere`"), "{}", ran.stdout);
    let dockopt = project().file("app.env", "");
    put_no_file(&dockopt.path().join("compose.override.yaml"), "device");
    says(dockopt.args(["compose", "check"]).run().code(2), &["compose.override.yaml", "is not a regular file"]);
}

#[cfg(unix)]
#[test]
fn no_pipe_or_device_is_waited_for() {
    // Its name may be that of source code, which is looked into.
    let dockopt = Dockopt::new().file("Dockerfile", "FROM scratch\n");
    put_no_file(&dockopt.path().join("dockerfile.php"), "pipe");
    dockopt.args(["lint", "."]).run().code(0);
    let dockopt = Dockopt::new();
    put_no_file(&dockopt.path().join("build.log"), "pipe");
    says(
        dockopt.args(["cache", "explain", "build.log"]).run().code(2),
        &["nothing was written to the pipe `build.log`"],
    );
    let dockopt = Dockopt::new();
    put_no_file(&dockopt.path().join("build.log"), "device");
    dockopt.args(["cache", "explain", "build.log"]).run().code(2);
    let dockopt = Dockopt::new().file("a/Dockerfile", FIXABLE).file("out/x", "");
    put_no_file(&dockopt.path().join("out/Dockerfile"), "pipe");
    says(dockopt.args(["optimize", "a", "--to", "out"]).run().code(2), &["out/Dockerfile` is not a regular file"]);
    let dockopt = Dockopt::new().file("package.json", "{}").file("Dockerfile", "FROM node:24\nCMD [\"node\"]\n");
    put_no_file(&dockopt.path().join("compose.yaml"), "pipe");
    says(dockopt.args(["compose", "emit"]).run().code(2), &["compose.yaml` is not a regular file"]);
}

#[test]
fn no_registry_is_asked_for_the_name_of_a_folder() {
    let ran = Dockopt::new().file("app/x", "").env("DOCKER_HOST", "tcp://127.0.0.1:1").args(["image", "app"]).run();
    let ran = ran.code(2).complains(&["the folder `app` is not an image"]);
    assert!(!ran.stderr.contains("docker.io"), "{}", ran.stderr);
}

#[test]
fn a_file_that_measure_cannot_change_is_an_error() {
    for (arguments, expected) in [
        (&["--source", "nosuch"][..], "`nosuch` does not exist in the build context"),
        (&["--dependency", "nosuch"], "`nosuch` does not exist in the build context"),
        (&["--source", "app/main.py"], "did you mean `main.py`?"),
        (&["--source", "logo.png"], "no comment is known for such files"),
        (&["--source", "kept.py"], "is excluded by .dockerignore"),
        (&["--source", "src"], "is not a file"),
        (&["--source", "main.py", "--scenarios", "cold"], "`--scenarios` leaves out `source`"),
    ] {
        let dockopt = Dockopt::new().env("DOCKER_HOST", "tcp://127.0.0.1:1").file("app/src/a.py", "");
        let dockopt = dockopt.file("app/Dockerfile", "FROM debian:12\nCOPY . .\n").file("app/main.py", "");
        let dockopt = dockopt.file("app/logo.png", "").file("app/kept.py", "").file("app/.dockerignore", "kept.py\n");
        dockopt.args(["measure", "app"]).args(arguments.iter().copied()).run().code(2).complains(&[expected]);
    }
}

#[test]
fn a_finding_of_two_results_counts_once_and_equal_files_count_each() {
    let ran = Dockopt::new().file("app/Dockerfile", FIXABLE).file("web/Dockerfile", FIXABLE).args(["rules"]).run();
    let write = |arguments: &[&str], name: &str| {
        ran.again(arguments.iter().copied().chain(["--format", "json", "--output", name]));
    };
    write(&["audit", "app", "--no-history"], "audit.json");
    write(&["lint", "app"], "lint.json");
    write(&["lint", "app/Dockerfile"], "file.json");
    write(&["audit", "web", "--no-history"], "web.json");
    let count = |files: &[&str]| {
        let ran = ran.again(["report"].into_iter().chain(files.iter().copied()).chain(["--format", "json"]));
        ran.json()["findings"]["new"].as_array().unwrap().len()
    };
    let one = count(&["audit.json"]);
    assert!(one > 0);
    assert_eq!(count(&["audit.json", "lint.json"]), one);
    assert_eq!(count(&["lint.json", "file.json", "audit.json"]), one);
    assert_eq!(count(&["audit.json", "web.json"]), 2 * one, "the same text in another folder");
}

#[test]
fn services_beyond_the_limit_are_said() {
    let services: Vec<String> = (0..600).map(|number| format!("  s{number}:\n    image: nginx:1.27\n")).collect();
    let text = format!("services:\n{}", services.concat());
    for command in [&["compose", "graph"][..], &["compose", "env"], &["compose", "check"], &["lint"]] {
        let ran = Dockopt::new().file("compose.yaml", &text).args(command.iter().copied()).args(["compose.yaml"]).run();
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("has 600 services: only the first 500"), "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let fix = |text: &str| Dockopt::new().input(text).args(["fix", "-"]);
    let ran = says(fix(FIXABLE).run().code(0), &["fixed 1 finding"]);
    assert_eq!(ran.stdout, FIXED);
    // What has nothing to fix comes back byte for byte.
    for text in ["FROM scratch", "FROM scratch\r\n", "\u{feff}FROM scratch\n", ""] {
        assert_eq!(fix(text).args(["--quiet"]).run().stdout, text, "{text:?}");
    }
    let ran = fix(FIXABLE).args(["--diff", "--stdin-filename", "api/Dockerfile"]).run().code(0);
    assert!(ran.stdout.contains("+++ b/api/Dockerfile"), "{}", ran.stdout);
    assert_eq!(fix(FIXABLE).args(["--check"]).run().code(1).stdout, "");
    assert_eq!(fix(FIXED).args(["--check"]).run().code(0).stdout, "");
    fix(FIXABLE).args(["--write"]).run().code(2).complains(&["leave out `--write`"]);
    fix(FIXABLE).args(["x"]).run().code(2).complains(&["standard input is fixed alone"]);
    let named = Dockopt::new().file("Dockerfile", FIXABLE).args(["fix", "--stdin-filename", "x"]).run().code(2);
    named.complains(&["standard input is not read"]);
}

#[test]
fn excluded_files_are_passed_over_where_a_folder_is_searched() {
    let project = || {
        let dockopt = Dockopt::new().file("app/Dockerfile", FIXABLE).file("legacy/a/Dockerfile", REFUSED);
        dockopt.file("legacy/compose.yaml", "services: {}\n")
    };
    let lint = |dockopt: Dockopt, arguments: &[&str]| {
        let ran = dockopt.args(["lint", ".", "--format", "oneline"]).args(arguments.iter().copied()).run();
        (ran.stdout.contains("app/Dockerfile"), ran.stdout.contains("legacy/"))
    };
    assert_eq!(lint(project(), &[]), (true, true));
    for glob in ["legacy", "legacy/", "legacy/**", "./legacy"] {
        assert_eq!(lint(project(), &["--exclude", glob]), (true, false), "{glob}");
    }
    assert_eq!(lint(project(), &["--exclude", "legacy", "--exclude", "*/Dockerfile"]), (false, false));
    let settings = || project().file("dockopt.toml", "exclude = [\"legacy\"]\n");
    assert_eq!(lint(settings(), &[]), (true, false));
    assert_eq!(lint(settings(), &["--no-config"]), (true, true));
    settings().args(["audit", "legacy/a/Dockerfile"]).run().code(1);
    let audit = settings().args(["audit", "."]).run();
    assert!(!audit.stdout.contains("legacy"), "{}", audit.stdout);
    project().args(["lint", ".", "--exclude", "[a"]).run().code(2).complains(&["--exclude"]);
}

#[test]
fn exit_zero_hides_findings_and_no_errors() {
    let run = |text: &str, command: &str| {
        Dockopt::new().file("Dockerfile", text).args([command, ".", "--exit-zero"]).run().code
    };
    for command in ["lint", "audit"] {
        assert_eq!((run(FIXABLE, command), run(REFUSED, command)), (0, 0), "{command}");
        Dockopt::new().args([command, "none", "--exit-zero"]).run().code(2);
    }
}

#[test]
fn show_settings_names_the_file_of_each_value() {
    let dockopt = Dockopt::new().file("team.toml", "fail-on = \"info\"\nignore = [\"root-user\"]\n");
    let dockopt = dockopt.file("dockopt.toml", "extends = [\"team.toml\"]\nfail-on = \"error\"\n");
    for command in ["lint", "audit"] {
        let ran = dockopt_in(&dockopt, command);
        let rows: Vec<Vec<&str>> = ran.lines().map(|line| line.split_whitespace().collect()).collect();
        for row in [
            &["app/Dockerfile"][..],
            &["select", "default", "default"],
            &["ignore", "root-user", "team.toml"],
            &["fail-on", "error", "dockopt.toml"],
        ] {
            assert!(rows.iter().any(|cells| cells == row), "{row:?} in {ran}");
        }
    }
}

fn dockopt_in(dockopt: &Dockopt, command: &str) -> String {
    let texts =
        ["team.toml", "dockopt.toml"].map(|name| (name, fs::read_to_string(dockopt.path().join(name)).unwrap()));
    let copy = texts.into_iter().fold(Dockopt::new(), |copy, (name, text)| copy.file(name, text));
    copy.file("app/Dockerfile", FIXABLE).args([command, ".", "--show-settings"]).run().code(0).stdout
}

#[test]
fn the_long_version_has_commit_and_date_of_the_data() {
    for arguments in [&["--version", "--verbose"][..], &["-V", "-v"]] {
        let ran = Dockopt::new().args(arguments.iter().copied()).run().code(0);
        let words: Vec<&str> = ran.stdout.split_whitespace().collect();
        assert!(words.contains(&"commit") && words.contains(&"data"), "{}", ran.stdout);
    }
    let short = Dockopt::new().args(["--version"]).run().code(0).stdout;
    assert_eq!(short.lines().count(), 1);
    let lint = |today: &str| Dockopt::new().file("Dockerfile", FIXED).args(["lint", "--today", today]).run().stderr;
    assert!(lint("2030-01-01").contains("more than a year ago"));
    assert!(!lint("2026-11-24").contains("more than a year ago"));
}

#[test]
fn optimize_says_what_it_replaces_elsewhere() {
    let ran = Dockopt::new().file("a/Dockerfile", FIXABLE).file("out/Dockerfile", "FROM scratch\n");
    ran.args(["optimize", "a", "--to", "out"])
        .run()
        .complains(&["replaced `out/Dockerfile`, which had other contents"]);
}

#[test]
fn a_printed_path_is_no_option() {
    let ran = Dockopt::new().file("-x/Dockerfile", FIXABLE).args(["audit", "./-x"]).run();
    assert!(ran.stdout.contains("./-x/Dockerfile") && ran.stdout.contains("dockopt fix ./-x"), "{}", ran.stdout);
    let ran = Dockopt::new().file("-x.Dockerfile", FIXABLE).args(["lint", ".", "--format", "oneline"]).run();
    assert!(ran.stdout.lines().all(|line| line.starts_with("./-x.Dockerfile:")), "{}", ran.stdout);
}

#[test]
fn messages_have_a_subject() {
    let package = r#"{"name": "a", "dependencies": {"bcryptjs": "1"}}"#;
    let lock = r#"{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}"#;
    let text = "FROM node:24\nCOPY package.json package-lock.json ./\nRUN npm ci\n";
    let ran = Dockopt::new().file("Dockerfile", text).file("package.json", package).file("package-lock.json", lock);
    let ran = ran.args(["audit", "."]).run();
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("`package-lock.json` lacks `bcryptjs` from `package.json`"), "{said}");
    let text = "FROM debian:12\nRUN find /srv -type d -exec chmod 777 {} \\;\n";
    let ran = Dockopt::new().file("Dockerfile", text).args(["lint", "--select", "world-writable"]).run();
    assert!(!ran.stdout.contains("`{}`"), "{}", ran.stdout);
}

#[test]
fn many_findings_of_one_rule_are_cut_and_said_to_be() {
    let text = format!("FROM debian:12\n{}", "WORKDIR a\n".repeat(3_000));
    let result = Dockopt::new().file("Dockerfile", &text).args(["lint", "--select=all", "--format=json"]).run().json();
    let findings = result["findings"].as_array().unwrap();
    let of_rule: Vec<_> = findings.iter().filter(|finding| finding["rule"] == "relative-workdir").collect();
    assert_eq!(of_rule.len(), 1_000);
    let noted = of_rule.iter().filter(|finding| finding["notes"].to_string().contains("are left out"));
    assert_eq!(noted.count(), 1);
}
