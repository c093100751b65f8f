//! `lint` and `audit` agree: what one says of a Dockerfile, the other does not take back.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use dockopt::rules::{Status, Subject};

use crate::dockopt::{Dockopt, copy};
use crate::tier::cases;

/// Rule, file, line, message.
type Place = (String, String, u64, String);

fn places(result: &Value) -> BTreeSet<Place> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let place = |finding: &Value| {
        let line = finding["span"]["start"]["line"].as_u64().unwrap();
        (text(&finding["rule"]), text(&finding["file"]), line, text(&finding["message"]))
    };
    result["findings"].as_array().unwrap().iter().map(place).collect()
}

/// Rules whose pages name facts beyond the Dockerfile, or that judge what others find; `lint` searches no folder for
/// pipelines.
fn rules_with_facts() -> BTreeSet<String> {
    let page = |rule: &&&'static dockopt::rules::Rule| {
        let metadata = rule.metadata();
        metadata.needs.iter().chain(metadata.wants.iter()).next().is_some()
            || matches!(metadata.subject, Subject::Suppressions | Subject::Workflow | Subject::Workload)
    };
    dockopt::rules::ALL.iter().filter(page).map(|rule| rule.name.to_owned()).collect()
}

/// Whether a rule runs in `audit` alone without being asked: it looks at what `lint` does not search for.
fn is_of_audit(rule: &str) -> bool {
    dockopt::rules::find(rule).unwrap().metadata().status == Status::Audit
}

#[track_caller]
fn agree(folder: Dockopt, least: usize) {
    let ran = folder.args(["audit", ".", "--format=json", "--select=all"]).run();
    // Whether a file is there that a RUN tests for, only the build context says.
    let has_test = |file: &str| ran.read(file).contains("[ -f ");
    let lint = ran.again(["lint", ".", "--format=json", "--select=all"]).json();
    let (audit, lint) = (places(&ran.json()), places(&lint));
    assert!(lint.len() >= least, "{} findings", lint.len());
    // `audit` may say more of the same finding: what compose files around it call.
    let known: BTreeSet<_> = audit.iter().map(|(rule, file, line, _)| (rule, file, line)).collect();
    let is_missed = |(rule, file, line, _): &&Place| !is_of_audit(rule) && !known.contains(&(rule, file, line));
    let taken_back: Vec<&Place> = lint.iter().filter(is_missed).collect();
    assert!(taken_back.is_empty(), "`audit` takes back what `lint` says:\n{taken_back:#?}");
    let with_facts = rules_with_facts();
    let missed = audit.difference(&lint).filter(|(rule, file, ..)| !with_facts.contains(rule) && !has_test(file));
    let missed: Vec<&Place> = missed.collect();
    assert!(missed.is_empty(), "`lint` misses what needs no facts:\n{missed:#?}");
}

#[test]
fn lint_and_audit_agree_on_fixtures_and_projects() {
    let folder = Dockopt::new();
    for (from, to) in [("fixtures", "fixture-files"), ("tests/projects", "projects")] {
        copy(Path::new(from), &folder.path().join(to));
    }
    agree(folder, 300);
}

/// Each Dockerfile in a rule's page, with the files that are written next to it, in a folder of its own.
#[test]
fn lint_and_audit_agree_on_the_examples_of_the_pages() {
    let mut folder = Dockopt::new();
    let mut pages: Vec<PathBuf> = fs::read_dir("rules").unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    for path in cases(pages, 120) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let page = fs::read_to_string(&path).unwrap();
        let mut number = 0;
        let mut blocks = page.split("\n```");
        blocks.next();
        for block in blocks.step_by(2) {
            let (kind, text) = block.split_once('\n').unwrap_or((block, ""));
            let file = kind.split(' ').find_map(|word| word.strip_prefix("path="));
            let file = match (kind, file) {
                ("dockerfile", None) => {
                    number += 1;
                    "Dockerfile"
                }
                (_, Some(file)) if !file.contains("..") => file,
                _ => continue,
            };
            folder = folder.file(&format!("{name}-{number}/app/{file}"), format!("{text}\n"));
        }
    }
    agree(folder, 300);
}

/// What the Dockerfile alone leaves open is decided by the build context, where one is there.
#[test]
fn lint_looks_at_the_context_behind_a_finding() {
    let node = |start: &str| {
        format!(
            "FROM node:22-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nUSER node\nEXPOSE 8080\nCMD [{start}]\n"
        )
    };
    let rules = |folder: Dockopt| {
        let lint = folder.args(["lint", "--format=json"]).run().json();
        places(&lint).into_iter().map(|(rule, ..)| rule).collect::<BTreeSet<String>>()
    };
    // A placeholder is no secret.
    let copied = "FROM alpine:3.22\nCOPY .env /app/\n";
    let with_env = |text: &str| rules(Dockopt::new().file("Dockerfile", copied).file(".env", text).file("a.sh", ""));
    assert!(!with_env("DATABASE_PASSWORD=changeme\nAPI_KEY=your-key-here\n").contains("secret-file-copied"));
    assert!(with_env("DATABASE_PASSWORD=f83hQz91LmVx\n").contains("secret-file-copied"));
    assert!(rules(Dockopt::new().file("Dockerfile", copied)).contains("secret-file-copied"), "gitignored");
    // Without go.mod nothing is downloaded.
    let go = "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\nUSER 65532\nENTRYPOINT [\"/app\"]\n";
    let go_file = |folder: Dockopt| rules(folder.file("Dockerfile", go)).contains("sources-before-dependencies");
    assert!(!go_file(Dockopt::new().file("main.go", "package main\nfunc main() {}\n")));
    let module = "module example.com/a\ngo 1.25\nrequire github.com/go-chi/chi/v5 v5.2.1\n";
    assert!(go_file(Dockopt::new().file("main.go", "package main\n").file("go.mod", module)));
    assert!(go_file(Dockopt::new()), "the folder is not the context");
    // A start script that gives root up.
    let script = "#!/bin/sh\nchown -R app /data\nexec gosu app \"$@\"\n";
    let started = "FROM debian:13-slim\nRUN useradd app\nCOPY start.sh /\nEXPOSE 80\nENTRYPOINT [\"/start.sh\"]\nCMD [\"/srv/server\"]\n";
    let started_with = |script: &str| rules(Dockopt::new().file("Dockerfile", started).file("start.sh", script));
    assert!(!started_with(script).contains("root-user"));
    assert!(started_with("#!/bin/sh\nexec \"$@\"\n").contains("root-user"));
    // Vite's preview has a finding of its own in `audit`.
    let manifest = r#"{"name":"a","scripts":{"preview":"vite preview"},"devDependencies":{"vite":"7.0.0"}}"#;
    let folder = Dockopt::new().file("package.json", manifest).file("package-lock.json", "{}").file("src/main.ts", "");
    assert!(!rules(folder.file("Dockerfile", node(r#""npm", "run", "preview""#))).contains("npm-as-main-process"));
    assert!(rules(Dockopt::new().file("Dockerfile", node(r#""npm", "start""#))).contains("npm-as-main-process"));
}

/// A context beyond the bound is not read: the Dockerfile alone decides.
#[test]
fn lint_leaves_large_contexts_alone() {
    let folder = Dockopt::new()
        .file("Dockerfile", "FROM alpine:3.22\nCOPY .env /app/\n")
        .file(".env", "DATABASE_PASSWORD=changeme\n")
        .file("a.sh", "");
    for part in 0..21 {
        let below = folder.path().join(format!("many/{part}"));
        fs::create_dir_all(&below).unwrap();
        (0..1_000).for_each(|number| fs::write(below.join(number.to_string()), "").unwrap());
    }
    let ran = folder.args(["lint", "--format=json"]).run();
    assert!(places(&ran.json()).iter().any(|(rule, ..)| rule == "secret-file-copied"));
}

/// However the path of a Dockerfile is written, the compose file above it counts, outside of a repository too.
#[test]
fn a_path_has_one_answer_however_it_is_written() {
    let folder = Dockopt::new();
    copy(Path::new("fixtures/task-tracker"), folder.path());
    let backend = folder.path().join("backend");
    let absolute = backend.display().to_string();
    let typed = [
        (folder.path(), "backend"),
        (folder.path(), "./backend"),
        (folder.path(), "backend/"),
        (folder.path(), "backend/Dockerfile"),
        (folder.path(), "dashboard/../backend"),
        (folder.path(), &absolute),
        (&backend, "."),
        (&backend, "Dockerfile"),
        (&backend, "../backend"),
    ];
    for command in [&["audit"][..], &["fix", "--unsafe"], &["optimize"]] {
        let mut first: Option<(&str, String)> = None;
        for (current, path) in typed {
            let mut dockopt = std::process::Command::new(env!("CARGO_BIN_EXE_dockopt"));
            dockopt.current_dir(current).args(command).args([path, "--format=json"]);
            let output = dockopt.env_clear().env("SOURCE_DATE_EPOCH", "1795132800").output().unwrap();
            let result: Value = serde_json::from_slice(&output.stdout).unwrap();
            let answer = if command[0] == "audit" {
                let answer: Vec<_> =
                    places(&result).into_iter().map(|(rule, _, line, text)| (rule, line, text)).collect();
                format!("{answer:#?}")
            } else {
                let changes = result["changes"].as_array().unwrap().iter();
                // The first two lines name the file.
                let lines = changes.flat_map(|change| change["diff"].as_str().unwrap().lines().skip(2));
                lines.collect::<Vec<_>>().join("\n")
            };
            assert!(answer.len() > 100, "{command:?} {path}: {answer}");
            match &first {
                Some((known, expected)) => assert_eq!(&answer, expected, "{command:?}: {path} and {known}"),
                None => first = Some((path, answer)),
            }
        }
    }
}

/// A compose file that mounts the sources says that the image is for development.
#[test]
fn lint_reads_the_compose_files_behind_a_finding() {
    let server = |line: &str| format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{line}\n");
    let reload = server("CMD uvicorn main:app --reload");
    let mounted = "services:\n  api:\n    build: .\n    volumes:\n      - .:/app\n";
    let beside = "services:\n  api:\n    build:\n      context: .\n      dockerfile: docker/Dockerfile\n    volumes:\n      - .:/app\n";
    let plain = "services:\n  api:\n    build: .\n";
    let on_demand = "services:\n  api:\n    build: .\n    profiles: [tools]\n";
    for (dockerfile, compose, is_reported) in [
        ("Dockerfile", mounted, false),
        ("docker/Dockerfile", beside, false),
        ("Dockerfile", plain, true),
        ("Dockerfile", on_demand, true),
    ] {
        let folder = Dockopt::new().file(dockerfile, &reload).file("compose.yaml", compose);
        let folder = folder.file("main.py", "print(1)\n").file("requirements.txt", "uvicorn==0.40.0\n");
        let ran = folder.args(["lint", dockerfile, "--format=json", "--select=development-server"]).run();
        let audit = ran.again(["audit", dockerfile, "--format=json", "--select=development-server"]).json();
        let (lint, audit) = (places(&ran.json()), places(&audit));
        assert_eq!((lint.len(), &lint), (usize::from(is_reported), &audit), "{dockerfile} {compose}");
    }
}

/// What `optimize` would change is announced in an audit: by a finding whose page names the pass, or by one for rewrites.
fn announced_passes(audit: &Value) -> BTreeSet<(String, &'static str)> {
    let mut announced = BTreeSet::new();
    for finding in audit["findings"].as_array().unwrap() {
        let (rule, file) = (finding["rule"].as_str().unwrap(), finding["file"].as_str().unwrap().to_owned());
        for pass in &dockopt::rules::find(rule).unwrap().metadata().passes {
            announced.insert((file.clone(), *pass));
        }
    }
    announced
}

/// The folders of the shipped fixtures and of the test projects.
fn folders_of_projects() -> Vec<std::path::PathBuf> {
    let mut folders = Vec::new();
    for parent in ["fixtures", "tests/projects"] {
        let paths = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
        // Its settings turn rules off, and say nothing to `optimize`.
        folders.extend(paths.filter(|path| path.is_dir() && !path.ends_with("settings")));
    }
    folders.sort();
    folders
}

/// `audit` is the sum: what `compose check`, `ci check` and `lint` find is found, and where it finds nothing, `optimize` changes
/// nothing. With its Dockerfiles and without them.
#[test]
fn audit_says_what_the_other_commands_know() {
    for folder in cases(folders_of_projects(), 12) {
        for has_dockerfiles in [true, false] {
            let project = Dockopt::new();
            copy(&folder, project.path());
            if !has_dockerfiles {
                for name in ["Dockerfile", "backend/Dockerfile", "dashboard/Dockerfile"] {
                    let _ = fs::remove_file(project.path().join(name));
                }
            }
            check_sum(&project.args(["audit", ".", "--format=json", "--exit-zero"]).run(), &folder);
        }
    }
}

fn file_and_message(finding: &Value) -> (&str, &str) {
    (finding["file"].as_str().unwrap(), finding["message"].as_str().unwrap())
}

/// The notes of the findings of a file.
fn notes_of<'a>(audit: &'a Value, file: &'a str) -> impl Iterator<Item = &'a str> {
    let findings = audit["findings"].as_array().into_iter().flatten().filter(move |finding| finding["file"] == file);
    findings.flat_map(|finding| finding["notes"].as_array().into_iter().flatten()).filter_map(Value::as_str)
}

fn check_sum(ran: &crate::dockopt::Ran, folder: &Path) {
    let audit = ran.json();
    let known = places(&audit);
    let known: BTreeSet<_> = known.iter().map(|(rule, file, line, _)| (rule, file, line)).collect();
    for command in [&["lint"][..], &["compose", "check"], &["ci", "check"]] {
        let words = command.iter().copied().chain([".", "--format=json", "--exit-zero"]);
        let other = ran.again(words.collect::<Vec<_>>());
        if other.stdout.trim().is_empty() {
            continue;
        }
        let places = places(&other.json());
        let missed: Vec<&Place> =
            places.iter().filter(|(rule, file, line, _)| !known.contains(&(rule, file, line))).collect();
        assert!(missed.is_empty(), "{}: `audit` does not say what {command:?} does:\n{missed:#?}", folder.display());
    }
    let rewrite = ran.again(["optimize", ".", "--format=json", "--plan", "--no-history"]).json();
    let announced = announced_passes(&audit);
    let rewrites: BTreeSet<(&str, &str)> = audit["findings"].as_array().unwrap().iter().map(file_and_message).collect();
    let titles: std::collections::BTreeMap<&str, &str> =
        dockopt::optimize::passes().map(|pass| (pass.id, pass.title)).collect();
    let is_named = |fix: &str| {
        let rule = fix.rsplit('(').next().unwrap().trim_end_matches(')');
        audit["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == rule)
    };
    let fixes = audit["findings"].as_array().unwrap().iter().flat_map(|finding| finding["fixes"].as_array().unwrap());
    let titles_of_fixes: BTreeSet<&str> = fixes.map(|fix| fix["title"].as_str().unwrap()).collect();
    let is_offered = |fix: &str| titles_of_fixes.contains(fix);
    for build in rewrite["builds"].as_array().unwrap() {
        let file = build["dockerfile"].as_str().unwrap();
        for level in build["rungs"].as_array().unwrap() {
            for step in level["steps"].as_array().unwrap() {
                let (pass, what) = (step["pass"].as_str().unwrap(), step["what"].as_str().unwrap());
                let is_row = |(known, text): &(&str, &str)| *known == file && text.contains(titles[pass]);
                // A message has room for some titles only: the notes name every step.
                let is_noted = || notes_of(&audit, file).any(|note| note.starts_with(&format!("{what}: ")));
                let is_of = |known: &str| known == file || known.ends_with("ignore");
                let is_said = announced.iter().any(|(known, by)| *by == pass && is_of(known))
                    || rewrites.iter().any(is_row)
                    || is_noted()
                    || what.split("; ").all(|fix| is_named(fix) || is_offered(fix));
                assert!(is_said, "{}: `audit` does not say that `optimize` {what} ({pass}, {file})", folder.display());
            }
        }
    }
}
