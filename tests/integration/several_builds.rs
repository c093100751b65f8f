//! The first screen of a repository with several builds: the summary, what is merged, and the order of it all.

use crate::dockopt::Dockopt;

const APP: &str = "FROM python:3.13-slim\nCOPY ca.crt /etc/ssl/\nWORKDIR /app\nCOPY logo.png main.py ./\nCMD [\"python\", \"main.py\"]\n";

fn repository() -> Dockopt {
    let compose = "services:\n  api:\n    build: api\n  db:\n    image: postgres:17\n    environment: {POSTGRES_PASSWORD: c4nary}\n";
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: docker build -t web web\n";
    let mut dockopt = Dockopt::new()
        .file("compose.yaml", compose)
        .file(".github/workflows/ci.yml", workflow)
        .file("tests/fixtures/Dockerfile", "FROM a\n")
        .file("README.md", "Build it with `docker build tools`.\n")
        .file(".devcontainer/Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y git\n")
        .file("web/Dockerfile", format!("{APP}HEALTHCHECK CMD curl -f http://localhost/\n"));
    for folder in ["api", "tools", "examples/one"] {
        dockopt = dockopt.file(&format!("{folder}/Dockerfile"), APP);
    }
    for folder in ["api", "web", "tools", "examples/one"] {
        for file in ["ca.crt", "logo.png", "main.py"] {
            dockopt = dockopt.file(&format!("{folder}/{file}"), "x");
        }
    }
    dockopt
}

/// Where texts stand in a screen, each after the one before it.
#[track_caller]
fn in_order(screen: &str, texts: &[&str]) {
    let mut rest = screen;
    for text in texts {
        rest =
            rest.split_once(text).unwrap_or_else(|| panic!("`{text}` is missing or stands too early in\n{screen}")).1;
    }
}

#[test]
fn a_summary_comes_first_and_notices_last() {
    let screen = repository().args(["audit"]).run().stdout;
    in_order(
        &screen,
        &[
            "5 builds, ",
            "built by compose files",
            "web/Dockerfile",
            "other builds",
            "tools/Dockerfile",
            "for development, tests and examples",
            ".devcontainer/Dockerfile",
            "First: what leaks a secret or never works",
            "[healthcheck-program-missing]",
            "In several files",
            "3 ×  no USER is set",
            "api/Dockerfile:1",
            "… 5 builds in full with --all",
            "is test data",
            "Next:",
        ],
    );
    let shipped = screen.split_once("other builds").unwrap().0;
    assert!(shipped.contains("api/Dockerfile") && !shipped.contains("tools/Dockerfile"), "{screen}");
    assert_eq!(screen.matches("[root-user]").count(), 1, "{screen}");
}

#[test]
fn everything_is_said_for_each_build_with_all() {
    let screen = repository().args(["audit", "--all"]).run().stdout;
    assert_eq!(screen.matches("[root-user]").count(), 4, "{screen}");
    assert!(screen.contains("test data") && screen.contains("nothing found"), "{screen}");
}

#[test]
fn an_example_of_a_source_change_is_a_file_that_people_edit() {
    let screen = Dockopt::new()
        .file("Dockerfile", APP)
        .file("ca.crt", "x")
        .file("logo.png", "x")
        .file("main.py", "x")
        .args(["audit"])
        .run()
        .stdout;
    assert!(screen.contains("A source change (main.py) reruns step 4, from line 4"), "{screen}");
    let only = "FROM nginx:1.29\nCOPY ca.crt /etc/ssl/\n";
    let screen = Dockopt::new().file("Dockerfile", only).file("ca.crt", "x").args(["audit"]).run().stdout;
    assert!(screen.contains("A source change (ca.crt) reruns step 2"), "{screen}");
}

#[test]
fn builds_share_a_context_and_each_has_its_own_example() {
    let dockerfile = "FROM node:22\nCOPY . .\nUSER node\nCMD [\"node\", \"index.js\"]\n";
    let compose = "services:\n  a: {build: {context: ., dockerfile: apps/a/Dockerfile}}\n  \
                   b: {build: {context: ., dockerfile: apps/b/Dockerfile}}\n";
    let screen = Dockopt::new()
        .file("compose.yaml", compose)
        .file("apps/a/Dockerfile", dockerfile)
        .file("apps/b/Dockerfile", dockerfile)
        .file("apps/a/src/server.ts", "x")
        .file("apps/b/src/server.ts", "x")
        .args(["audit", "--all"])
        .run()
        .stdout;
    in_order(&screen, &["(apps/a/src/server.ts)", "(apps/b/src/server.ts)"]);
}
