//! `dockopt ci emit`: what the tag of an image follows from, worked out by the written scripts in a repository with commits.

use std::fs;
use std::path::Path;
use std::process::Command;

use dockopt::yaml::{self, YamlNode};

use crate::cache_history::git;
use crate::ci_emit::{GITHUB, GITLAB, emit, scripts_of_github, text, tracker, value};
use crate::dockopt::{Dockopt, Ran};

/// The script that looks an image up, with the variables that its job has.
struct LookUp {
    script: String,
    variables: Vec<(&'static str, String)>,
}

/// What a script found out.
#[derive(Debug)]
struct LookedUp {
    key: String,
    /// Whether the list of files is out of date.
    is_stale: bool,
}

const VARIABLES: [&str; 7] = ["NAME", "FILE", "CONTEXT", "PLATFORM", "OPTIONS", "INPUTS", "DEFINED"];

/// The look-ups of a written pipeline, one for each image.
fn looks(ran: &Ran, system: &str) -> Vec<LookUp> {
    if system == "gitlab" {
        let pipeline = ran.read(GITLAB);
        let tree = yaml::read(&pipeline);
        let script = text(&tree, &[".image", "script", "0"]);
        let jobs = tree.root().unwrap().entries();
        let legs = jobs.filter(|entry| entry.key.text().is_some_and(|name| name.starts_with("image-")));
        let look_up = |leg: YamlNode| {
            let get = |key: &str| leg.get("variables")?.get(key)?.text().map(|text| text.replace("$$", "$"));
            LookUp {
                script: script.clone(),
                variables: VARIABLES.map(|name| (name, get(name).unwrap_or_default())).to_vec(),
            }
        };
        return legs.map(|leg| look_up(leg.value)).collect();
    }
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    let script = scripts_of_github(&tree, "images").into_iter().find(|(name, _)| name == "Look up").unwrap().1;
    let legs = value(&tree, &["jobs", "images", "strategy", "matrix", "include"]).unwrap();
    let look_up = |leg: YamlNode| {
        let key = |name: &str| if name == "NAME" { "image".to_owned() } else { name.to_ascii_lowercase() };
        let get = |name: &str| leg.get(&key(name)).and_then(YamlNode::text).unwrap_or_default().to_owned();
        LookUp { script: script.clone(), variables: VARIABLES.map(|name| (name, get(name))).to_vec() }
    };
    legs.items().map(look_up).collect()
}

/// Runs a script in the present commit, as a shell of a runner does; the registry has nothing.
fn look_up(repository: &Path, shell: &str, look_up: &LookUp) -> LookedUp {
    let bin = tempfile::tempdir().unwrap();
    let docker = bin.path().join("docker");
    fs::write(&docker, "#!/bin/sh\nexit 1\n").unwrap();
    Command::new("chmod").arg("+x").arg(&docker).status().unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let script = format!("set -eu\n{}\necho \"KEY=$key\"\n", look_up.script);
    let mut words = shell.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["-c", &script]).current_dir(repository).env("PATH", path);
    command.env("IMAGES", "Registry/Shop").env("GITHUB_ENV", bin.path().join("env"));
    let ran = command.envs(look_up.variables.iter().cloned()).output().unwrap();
    let stdout = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(stdout.contains("registry/shop/"), "{stdout}");
    let key = stdout.lines().find_map(|line| line.strip_prefix("KEY=")).unwrap().to_owned();
    LookedUp { key, is_stale: stdout.contains("run dockopt ci emit again\n") }
}

/// The shells that runners have: that of the system, and `BusyBox`, which images of Docker have.
fn shells() -> Vec<&'static str> {
    let has_busybox = Command::new("busybox").arg("true").status().is_ok_and(|status| status.success());
    if has_busybox { vec!["sh", "busybox sh"] } else { vec!["sh"] }
}

fn commit(root: &Path) {
    git(root, &["add", "--all"]);
    git(root, &["commit", "-q", "-m", "x"]);
}

fn append(root: &Path, file: &str, line: &str) {
    let path = root.join(file);
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("{before}{line}\n")).unwrap();
}

/// Ten commits: the tag of an image changes when a file changes that it takes, or how it is built, and with nothing else.
#[test]
fn the_tag_of_an_image_follows_from_what_it_takes() {
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY package.json .\nCOPY src src\nRUN npm run build\n";
    let project = tracker()
        .file("dashboard/Dockerfile", dockerfile)
        .file("backend/.dockerignore", "tests\n*.md\n")
        .file("backend/NOTES.md", "x\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let root = ran.path();
    git(root, &["init", "-q"]);
    commit(root);
    let github = looks(&ran, "github");
    let keys = || [0, 1].map(|leg| look_up(root, "sh", &github[leg]).key);
    let mut before = keys();
    for (file, expected) in [
        ("README.md", [false, false]),
        ("backend/app/main.py", [true, false]),
        ("backend/tests/test_health.py", [false, false]),
        ("backend/NOTES.md", [false, false]),
        ("dashboard/src/App.tsx", [false, true]),
        ("dashboard/vite.config.ts", [false, false]),
        ("dashboard/package.json", [false, true]),
        ("backend/uv.lock", [true, false]),
        ("backend/.dockerignore", [true, false]),
        ("dashboard/Dockerfile", [false, true]),
    ] {
        let path = root.join(file);
        fs::write(&path, format!("{}\n", fs::read_to_string(&path).unwrap())).unwrap();
        commit(root);
        let after = keys();
        assert_eq!([before[0] != after[0], before[1] != after[1]], expected, "{file}");
        before = after;
    }
}

/// A change of what says which files an image takes, and a file that the list of the pipeline does not have.
struct Change {
    change: fn(&Path),
    newly_taken: &'static str,
}

fn backend() -> Dockopt {
    let dockerfile =
        "FROM python:3.13\nWORKDIR /app\nCOPY pyproject.toml .\nCOPY app app\nCMD [\"python\", \"-m\", \"app\"]\n";
    tracker().file("backend/Dockerfile", dockerfile).file("backend/.dockerignore", "tests\n")
}

#[test]
fn a_list_that_is_out_of_date_hides_no_change() {
    let changes = [
        Change {
            change: |root| append(root, "backend/Dockerfile", "COPY migrations migrations"),
            newly_taken: "backend/migrations/env.py",
        },
        Change {
            change: |root| {
                append(root, "backend/Dockerfile", "COPY . .");
                fs::remove_file(root.join("backend/.dockerignore")).unwrap();
            },
            newly_taken: "backend/tests/conftest.py",
        },
        // An ignore file of the Dockerfile's own comes before that of the context, even an empty one.
        Change {
            change: |root| fs::write(root.join("backend/Dockerfile.dockerignore"), "").unwrap(),
            newly_taken: "backend/tests/conftest.py",
        },
        Change {
            change: |root| append(root, ".gitmodules", "[submodule \"x\"]\n\tpath = backend/x"),
            newly_taken: "backend/x/file",
        },
        Change {
            change: |root| {
                fs::rename(root.join("backend/app"), root.join("backend/code")).unwrap();
                std::os::unix::fs::symlink("code", root.join("backend/app")).unwrap();
            },
            newly_taken: "backend/code/main.py",
        },
    ];
    for (number, Change { change, newly_taken }) in changes.into_iter().enumerate() {
        for (system, shell) in
            ["github", "gitlab"].into_iter().flat_map(|system| shells().into_iter().map(move |shell| (system, shell)))
        {
            let case = format!("{number} {system} {shell}");
            let ran = emit(backend(), &[system, "--write"]).code(0);
            let root = ran.path();
            git(root, &["init", "-q"]);
            commit(root);
            let backend = looks(&ran, system).swap_remove(0);
            let first = look_up(root, shell, &backend);
            assert!(!first.is_stale, "{case}");
            change(root);
            commit(root);
            let second = look_up(root, shell, &backend);
            assert!(second.is_stale && second.key != first.key, "{case}: {second:?}");
            append(root, newly_taken, "# x");
            commit(root);
            let third = look_up(root, shell, &backend);
            assert!(third.is_stale && third.key != second.key, "{case}: {third:?}");
            // What lies outside of the context counts no more than before.
            append(root, "README.md", "x");
            commit(root);
            assert_eq!(look_up(root, shell, &backend).key, third.key, "{case}");
            let ran = ran.again(["ci", "emit", system, "--check"]).code(1);
            let ran = ran.again(["ci", "emit", system, "--write"]).code(0);
            let backend = looks(&ran, system).swap_remove(0);
            assert!(!look_up(ran.path(), shell, &backend).is_stale, "{case}");
        }
    }
}

/// The digest is of bytes: neither the ends of lines nor an old encoding make a list look out of date.
#[test]
fn a_list_stays_up_to_date_in_another_clone() {
    let dockerfile = b"# M\xfcller\r\nFROM debian\r\nCOPY page /\r\n".to_vec();
    for context in ["", "web/"] {
        let project = Dockopt::new()
            .file(&format!("{context}Dockerfile"), dockerfile.clone())
            .file(&format!("{context}page"), "x\n")
            .file(&format!("{context}.dockerignore"), "\\n*.md\r\n");
        let ran = emit(project, &["github", "--write"]).code(0);
        let root = ran.path();
        git(root, &["init", "-q"]);
        commit(root);
        let image = looks(&ran, "github").swap_remove(0);
        let first = look_up(root, "sh", &image);
        let unix: Vec<u8> = dockerfile.iter().copied().filter(|byte| *byte != b'\r').collect();
        fs::write(root.join(context).join("Dockerfile"), unix).unwrap();
        let second = look_up(root, "sh", &image);
        assert!(!first.is_stale && !second.is_stale && first.key == second.key, "{context} {first:?} {second:?}");
        fs::write(root.join(context).join("Dockerfile"), "FROM debian\nCOPY . /\n").unwrap();
        append(root, &format!("{context}other"), "x");
        commit(root);
        let third = look_up(root, "sh", &image);
        append(root, &format!("{context}other"), "x");
        commit(root);
        assert!(third.is_stale && look_up(root, "sh", &image).key != third.key, "{context}");
    }
}

/// Of a submodule git knows the commit alone: an image that takes files of it, or lies in it, is built again with that.
#[test]
fn a_commit_of_a_submodule_is_a_change() {
    let library = Dockopt::new().file("image/Dockerfile", "FROM debian\nCOPY x /\n").file("image/x", "");
    git(library.path(), &["init", "-q"]);
    commit(library.path());
    let project = Dockopt::new().file("README.md", "x\n");
    let root = project.path().to_owned();
    git(&root, &["init", "-q"]);
    git(&root, &["submodule", "add", "-q", library.path().to_str().unwrap(), "library"]);
    commit(&root);
    let ran = emit(project, &["github", "--write"]).code(0);
    let image = looks(&ran, "github").swap_remove(0);
    let first = look_up(&root, "sh", &image);
    append(&root.join("library"), "image/x", "x");
    commit(&root.join("library"));
    commit(&root);
    let second = look_up(&root, "sh", &image);
    assert!(!first.is_stale && !second.is_stale && first.key != second.key, "{first:?} {second:?}");
    append(&root.join("library"), "image/Dockerfile", "COPY . /");
    commit(&root.join("library"));
    commit(&root);
    let third = look_up(&root, "sh", &image);
    append(&root.join("library"), "image/y", "x");
    commit(&root.join("library"));
    commit(&root);
    assert!(third.is_stale && look_up(&root, "sh", &image).key != third.key);
}
