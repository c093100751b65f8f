//! `dockopt compose emit --just`: recipes are added to a justfile, and nothing of it is changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::compose_emit::{project, run};

/// A program with its database, and a server without a version.
const COMPOSE: &str = "services:\n  db:\n    image: postgres:17\n    environment: {POSTGRES_PASSWORD: a}\n    healthcheck: {test: [\"CMD-SHELL\", \"pg_isready -h 127.0.0.1\"]}\n    volumes: [\"data:/var/lib/postgresql/data\"]\n  api:\n    build: .\n    depends_on: {db: {condition: service_healthy}}\nvolumes:\n  data: {}\n";

const DOCKERFILE: &str =
    "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nUSER 1000\nCMD [\"python\", \"-m\", \"http.server\", \"8000\"]\n";

/// The justfile after a run, and what the run says.
fn just(folder: &Path) -> (String, String) {
    let (code, text) = run(folder, &["compose", "emit", "--just", "--write"]);
    assert_eq!(code, 0, "{text}");
    (fs::read_to_string(folder.join("justfile")).unwrap_or_default(), text)
}

/// The justfile of a project with this one.
fn with_justfile(before: &str) -> (String, String) {
    let folder = project(&[("compose.yaml", COMPOSE), ("Dockerfile", DOCKERFILE), ("justfile", before)]);
    let (after, text) = just(folder.path());
    assert!(after.starts_with(before), "{after}");
    let (code, second) = run(folder.path(), &["compose", "emit", "--just", "--check"]);
    assert_eq!(code, 0, "a second run would write again: {second}");
    check_by_just(folder.path());
    (after, text)
}

/// The names of recipes, as far as they stand at the start of a line.
fn recipes(text: &str) -> Vec<&str> {
    let heads = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.ends_with(':'));
    heads.filter_map(|line| line.split([' ', ':']).next()).collect()
}

/// Asks `just` itself, where it is installed, whether it reads the file.
fn check_by_just(folder: &Path) {
    let program = std::env::var_os("DOCKOPT_JUST").unwrap_or_else(|| "just".into());
    let Ok(list) = Command::new(program).args(["--list", "--unsorted"]).current_dir(folder).output() else { return };
    assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
}

#[test]
fn the_recipes_of_a_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg("fixtures/task-tracker/.").arg(folder.path()).status().unwrap();
    assert!(copied.success());
    let before = fs::read_to_string(folder.path().join("justfile")).unwrap();
    let (after, text) = just(folder.path());
    let golden = "tests/integration/compose_emit/task-tracker.just";
    let added = after.strip_prefix(&before).unwrap();
    if std::env::var_os("BLESS").is_some() {
        fs::write(golden, added).unwrap();
    }
    assert_eq!(added, fs::read_to_string(golden).unwrap());
    assert!(text.contains("justfile has `lint` and `test` already, which stay as they are"), "{text}");
    assert!(text.contains("`services` does not wait for nats, whose check never succeeds"), "{text}");
    check_by_just(folder.path());
    let (code, text) = run(folder.path(), &["compose", "emit", "--just", "--check"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_folder_without_a_justfile_gets_one() {
    let folder = project(&[("Dockerfile", DOCKERFILE), ("compose.yaml", COMPOSE)]);
    let (code, text) = run(folder.path(), &["compose", "emit", "--just", "--check"]);
    assert_eq!(code, 1, "{text}");
    let (text, _) = just(folder.path());
    assert!(
        text.starts_with("# List the recipes\ndefault:\n    @just --list\n\n# Start db and wait until it is ready\n"),
        "{text}"
    );
    let names = recipes(&text);
    assert_eq!(
        names,
        [
            "default",
            "services",
            "rebuild",
            "services-stop",
            "services-clean",
            "services-clean-all",
            "db-nuclear-reset",
            "health-check"
        ]
    );
    let (code, reasons) = run(folder.path(), &["compose", "emit", "--just", "--explain"]);
    assert_eq!(code, 0, "{reasons}");
    fs::remove_file(folder.path().join("justfile")).unwrap();
    let (_, reasons) = run(folder.path(), &["compose", "emit", "--just", "--explain"]);
    assert!(reasons.contains("it asks first, since `--volumes` removes the data"), "{reasons}");
}

#[test]
fn recipes_that_are_there_stay() {
    let imported = "import 'more.just'\nmod rebuild\nalias services := up\n\nup:\n    docker compose up\n\n[confirm]\nservices-clean:\n    echo\n";
    let folder = project(&[
        ("compose.yaml", COMPOSE),
        ("Dockerfile", DOCKERFILE),
        ("justfile", imported),
        ("more.just", "health-check:\n    echo\n"),
        ("rebuild.just", "one:\n    echo\n"),
    ]);
    let (after, text) = just(folder.path());
    assert!(after.starts_with(imported), "{after}");
    assert_eq!(recipes(&after[imported.len()..]), ["services-stop", "services-clean-all", "db-nuclear-reset"]);
    assert!(text.contains("`services`, `rebuild`, `services-clean` and `health-check` already"), "{text}");
    check_by_just(folder.path());
}

#[test]
fn ends_of_lines_and_settings_are_kept() {
    let (after, _) = with_justfile("a:\r\n    echo 1\r\n");
    assert!(after.contains("\r\n\r\n# Start db and wait until it is ready\r\nservices:\r\n    docker"), "{after:?}");
    assert!(!after.replace("\r\n", "").contains('\n'), "{after:?}");
    let (after, _) = with_justfile("a:\n    echo 1");
    assert!(after.contains("    echo 1\n\n# Start db"), "{after}");
    let (after, _) = with_justfile("\u{feff}a:\n    echo 1\n");
    assert!(after.starts_with('\u{feff}'), "{after:?}");
    let (after, _) = with_justfile("set working-directory := 'x'\n\na:\n    echo 1\n");
    assert!(after.contains("\n    cd {{ quote(justfile_directory()) }} && docker compose stop\n"), "{after}");
    let (after, _) = with_justfile("set shell := ['pwsh', '-c']\n\na:\n    echo 1\n");
    assert!(after.contains("services-stop:\n    #!/usr/bin/env sh\n    set -eu\n    docker compose stop\n"), "{after}");
    let (after, _) = with_justfile("set positional-arguments\nset export\n\nservice := 'x'\n\na:\n    echo 1\n");
    assert!(
        after.contains(
            "rebuild service_name:\n    docker compose up --detach --build --no-deps {{ quote(service_name) }}\n"
        ),
        "{after}"
    );
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    for (text, reason) in [
        ("a := (\n", "a string or bracket that is not closed"),
        ("a:\n    echo\n\nwhat is this\n", "justfile:4 is no item"),
        ("import 'missing.just'\n", "`missing.just` was not read"),
    ] {
        let folder = project(&[("compose.yaml", COMPOSE), ("Dockerfile", DOCKERFILE), ("justfile", text)]);
        let (after, output) = just(folder.path());
        assert_eq!(after, text);
        assert!(output.contains("justfile is left as it is") && output.contains(reason), "{output}");
    }
    let folder = project(&[("compose.yaml", COMPOSE), ("Dockerfile", DOCKERFILE)]);
    fs::write(folder.path().join(".justfile"), b"a:\n    echo \xff\n").unwrap();
    let (_, output) = run(folder.path(), &["compose", "emit", "--just", "--write"]);
    assert!(output.contains(".justfile is left as it is"), "{output}");
    fs::write(folder.path().join("Justfile"), "a:\n    echo\n").unwrap();
    let (_, output) = run(folder.path(), &["compose", "emit", "--just", "--write"]);
    assert!(output.contains("just takes neither"), "{output}");
    fs::remove_file(folder.path().join(".justfile")).unwrap();
    let (code, output) = run(folder.path(), &["compose", "emit", "--just", "--write"]);
    assert!(code == 0 && output.contains("Justfile"), "{output}");
    assert!(fs::read_to_string(folder.path().join("Justfile")).unwrap().starts_with("a:\n    echo\n\n# Start db"));
}

#[test]
fn names_are_quoted() {
    let compose = "services:\n  web.1_a:\n    build: .\n    profiles: [\"it's {{x}}\"]\n    command: alembic upgrade head\n    restart: \"no\"\n";
    let manifest = "{\"scripts\": {\"test\": \"vitest run\"}, \"devDependencies\": {\"vitest\": \"3\"}}";
    let folder =
        project(&[("compose.yaml", compose), ("Dockerfile", DOCKERFILE), ("it's {{a}} $(id)/package.json", manifest)]);
    let (after, _) = just(folder.path());
    assert!(after.contains("test:\n    cd 'it'\\''s {{{{a}} $(id)' && npm test\n"), "{after}");
    assert!(after.contains("docker compose --profile '*' down\n"), "{after}");
    check_by_just(folder.path());
}

#[test]
fn a_folder_without_services_gets_the_checks_of_its_projects() {
    let folder =
        project(&[("pyproject.toml", "[project]\nname = \"a\"\n[dependency-groups]\ndev = [\"ruff\"]\n[tool.uv]\n")]);
    let (after, _) = just(folder.path());
    assert_eq!(recipes(&after), ["default", "fmt-check", "lint"], "{after}");
    let folder = project(&[("notes.txt", "")]);
    let (after, text) = just(folder.path());
    assert!(after.is_empty() && text.contains("nothing to write"), "{text}");
}

#[test]
fn scripts_that_deploy_are_called() {
    let emitted = "#!/bin/sh\n# Replaces containers. Written by dockopt.\n";
    let of = |files: &[(&str, &str)]| {
        let folder = project(&[&[("compose.yaml", COMPOSE), ("Dockerfile", DOCKERFILE)], files].concat());
        just(folder.path()).0
    };
    let text = of(&[("ops/deploy.sh", emitted)]);
    assert!(text.contains("deploy *arguments:\n    sh ops/deploy.sh {{ arguments }}\n"), "{text}");
    assert!(text.contains("rollback *arguments:\n    sh ops/deploy.sh rollback {{ arguments }}\n"), "{text}");
    let text = of(&[("scripts/deploy.sh", "#!/usr/bin/env bash\n"), ("scripts/rollback.sh", "#!/bin/sh\n")]);
    assert!(text.contains("    bash scripts/deploy.sh {{ arguments }}\n"), "{text}");
    assert!(text.contains("    sh scripts/rollback.sh {{ arguments }}\n"), "{text}");
    assert!(!of(&[("tools/deploy.sh", "#!/bin/sh\n")]).contains("deploy"));
}
