//! The command that an audit names does what is promised of it: the command is run, and the project audited again.

use std::fs;

use crate::dockopt::Dockopt;

/// What the first screen promises of `dockopt optimize`.
struct Promise {
    /// What is typed after `optimize`.
    words: Vec<String>,
    removed: usize,
    before: usize,
}

/// Reads the promise; `None` where none is made.
fn promise(screen: &str) -> Option<Promise> {
    let screen = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, rest) = screen.split_once("dockopt optimize ")?;
    let (line, rest) = rest.split_once(" --diff")?;
    let why: Vec<&str> = rest.split_once("removes ")?.1.split_whitespace().take(3).collect();
    Some(Promise {
        words: line.split(' ').map(str::to_owned).collect(),
        removed: why[0].parse().unwrap(),
        before: why[2].parse().unwrap(),
    })
}

/// Findings in Dockerfiles and ignore files.
fn findings(ran: &crate::dockopt::Ran) -> usize {
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let files = findings.iter().map(|finding| finding["file"].as_str().unwrap());
    files.filter(|file| file.contains("Dockerfile") || file.ends_with(".dockerignore")).count()
}

/// Whether a promise was made; it is kept.
fn is_promised(name: &str, dockopt: Dockopt) -> bool {
    let ran = dockopt.args(["audit", "."]).run();
    let Some(promise) = promise(&ran.stdout) else { return false };
    let words = || promise.words.iter().map(String::as_str);
    let audit = || ["audit", "--format", "json"].into_iter().chain(words());
    let ran = ran.again(audit());
    let before = findings(&ran);
    assert_eq!(before, promise.before, "{name}");
    let ran = ran.again(["optimize", "--write"].into_iter().chain(words())).code(0).again(audit());
    assert_eq!(before - findings(&ran), promise.removed, "{name}");
    true
}

#[test]
fn optimize_removes_as_many_findings_as_an_audit_promises() {
    let mut names: Vec<String> = fs::read_dir("tests/projects")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| fs::exists(format!("tests/projects/{name}/project.toml")).unwrap())
        .collect();
    names.sort();
    let half = names.len().div_ceil(2);
    let (promised, others) = std::thread::scope(|scope| {
        let parts = names.chunks(half).map(|names| {
            scope.spawn(|| names.iter().filter(|name| is_promised(name, Dockopt::new().project(name))).count())
        });
        let parts: Vec<_> = parts.collect::<Vec<_>>().into_iter().map(|part| part.join().unwrap()).collect();
        (parts.iter().sum::<usize>(), names.len())
    });
    assert!(promised * 2 > others, "{promised} of {others} projects");
}

#[test]
fn of_several_builds_one_is_named() {
    assert!(is_promised("task-tracker", Dockopt::new().dir("task-tracker")));
}

#[test]
fn commands_that_supply_prices_are_named_where_prices_are_missing() {
    let screen = Dockopt::new().project("flask-pip").args(["audit"]).run().stdout;
    assert!(screen.contains("dockopt measure .") && screen.contains("dockopt audit . --image auto"), "{screen}");
    let cheap = "FROM debian:12.5\nSHELL [\"/bin/sh\"]\nRUN echo | tee a\nUSER 1000\nCMD [\"true\"]\n";
    let screen = Dockopt::new().file("Dockerfile", cheap).args(["audit"]).run().stdout;
    assert!(!screen.contains("dockopt measure") && !screen.contains("--image"), "{screen}");
}

#[test]
fn fix_fixes_as_many_findings_as_an_audit_promises() {
    let shared = |service: &str| format!("  {service}: {{build: {{context: ., dockerfile: {service}/Dockerfile}}}}\n");
    let dockerfile = "FROM python:3.13-slim\nCOPY . .\nUSER 1000\nCMD python app.py\n";
    let several = Dockopt::new()
        .file("compose.yaml", format!("version: '3'\nservices:\n{}{}", shared("a"), shared("b")))
        .file("a/Dockerfile", dockerfile)
        .file("b/Dockerfile", dockerfile)
        .file(".git/objects/pack/x", vec![0; 900_000])
        .file("app.py", "");
    let mut promised = 0;
    for dockopt in [several, Dockopt::new().dir("task-tracker"), Dockopt::new().project("flask-pip")] {
        let ran = dockopt.args(["audit", "."]).run();
        let number = |command: &str| -> Option<usize> {
            ran.stdout.split_once(command)?.1.split_whitespace().take(8).find_map(|word| word.parse().ok())
        };
        let Some(safe) = number("dockopt fix . --diff") else { continue };
        let more = number("dockopt fix . --unsafe --diff").unwrap_or(0);
        let fixed = ran.again(["fix", ".", "--diff"]).stderr;
        assert!(fixed.contains(&format!("would fix {safe} finding")), "{safe}: {fixed}");
        assert_eq!(fixed.contains("with `--unsafe`"), more > 0, "{more}: {fixed}");
        assert!(more == 0 || fixed.contains(&format!("{more} more ha")), "{more}: {fixed}");
        let fixed = ran.again(["fix", ".", "--unsafe", "--diff"]).stderr;
        assert!(fixed.contains(&format!("would fix {} finding", safe + more)), "{more}: {fixed}");
        promised += 1;
    }
    assert_eq!(promised, 3);
}

#[test]
fn what_no_command_repairs_is_explained_first() {
    let dockerfile =
        "FROM alpine:3.22\nENV API_TOKEN=ghp_4nW1kTz8sVq2yXb7cRd5fGh3jLm6pQ9tUv0w\nUSER 1000\nCMD [\"true\"]\n";
    let screen = Dockopt::new().file("Dockerfile", dockerfile).args(["audit", "."]).run().stdout;
    let (_, next) = screen.split_once("Next:").unwrap();
    assert!(next.trim_start().starts_with("dockopt explain secret-"), "{screen}");
    assert!(next.contains("explains how to repair Dockerfile:2 by hand"), "{screen}");
}

#[test]
fn builds_that_cannot_run_are_not_measured() {
    let dockerfile = "FROM node:22-slim\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n";
    let project =
        |dockopt: Dockopt| dockopt.file("package.json", "{}").file("package-lock.json", "{}").file("a.js", "");
    let screen = project(Dockopt::new().file("Dockerfile", dockerfile)).args(["audit", "."]).run().stdout;
    assert!(screen.contains("dockopt measure ."), "{screen}");
    let broken = dockerfile.replace("CMD", "COPY dist/missing /x\nCMD");
    let screen = project(Dockopt::new().file("Dockerfile", broken)).args(["audit", "."]).run().stdout;
    assert!(!screen.contains("dockopt measure"), "{screen}");
}
