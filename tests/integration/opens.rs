//! What a run opens: editors and hooks wait for `lint`, so it must not look around.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

use crate::dockopt::Dockopt;

/// A project with everything that a curious program would open.
fn project() -> Dockopt {
    let dockerfile = "FROM python:3.13\nCOPY requirements.txt app ./\nRUN pip install -r requirements.txt\n\
                      HEALTHCHECK CMD python -c 'import httpx'\nCMD python main.py\n";
    let compose = "services:\n  a: {build: {dockerfile_inline: FROM scratch}}\n  b: {build: ./web}\n";
    Dockopt::new()
        .file("package.json", "{}")
        .file(".git/HEAD", "ref: refs/heads/main\n")
        .file("api/Dockerfile", dockerfile)
        .file("api/.dockerignore", "*.log\n")
        .file("api/requirements.txt", "httpx\n")
        .file("api/pyproject.toml", "[project]\nname = \"api\"\n")
        .file("api/app/main.py", "")
        .file("api/compose.yaml", "services: {}\n")
        .file("api/other.Dockerfile", "FROM scratch\n")
        .file("still/Dockerfile", "FROM debian:12.5\nUSER 1000\nCMD [\"true\"]\n")
        .file("still/uv.lock", "")
        .file("set/dockopt.toml", "extends = \"base.toml\"\n")
        .file("set/base.toml", "")
        .file("set/other.toml", "")
        .file("set/.hadolint.yaml", "ignored: []\n")
        .file("set/x/Dockerfile", "FROM scratch\n")
        .file("in/compose.yaml", compose)
        .file("in/.dockerignore", "*.log\n")
        .file("in/web/Dockerfile", "FROM scratch\n")
}

/// The files and folders below the run's folder that it opens, the folder itself as `.`.
fn opened(run: Dockopt, arguments: &[&str]) -> BTreeSet<String> {
    let run = run.args(arguments.iter().copied());
    let root = run.path().to_owned();
    let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
    let mut watched = BTreeMap::new();
    for folder in folders(&root) {
        let watch = inotify::add_watch(&queue, &folder, WatchFlags::OPEN).unwrap();
        watched.insert(watch, folder);
    }
    // The temporary folder outlives the watches: it is removed with what this holds.
    let ran = run.run();
    assert!(ran.code < 2, "{}", ran.stderr);
    let mut buffer = vec![MaybeUninit::uninit(); 1 << 16];
    let mut events = inotify::Reader::new(&queue, &mut buffer);
    let mut opened = BTreeSet::new();
    while let Ok(event) = events.next() {
        assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW));
        let Some(folder) = watched.get(&event.wd()) else { continue };
        let path = event.file_name().map_or(folder.clone(), |name| folder.join(name.to_str().unwrap()));
        let below = path.strip_prefix(&root).unwrap().to_str().unwrap();
        opened.insert(if below.is_empty() { ".".to_owned() } else { below.to_owned() });
    }
    opened
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    folders
}

#[track_caller]
fn check(arguments: &[&str], expected: &[&str]) {
    let opened = opened(project(), arguments);
    assert_eq!(opened.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{arguments:?}");
}

#[test]
fn lint_opens_the_file_and_its_ignore_file_and_nothing_else() {
    check(&["lint", "still/Dockerfile"], &["still/Dockerfile"]);
    check(&["lint", "api/other.Dockerfile"], &["api/.dockerignore", "api/other.Dockerfile"]);
    check(&["lint", "--select=security", "still/Dockerfile"], &["still/Dockerfile"]);
}

#[test]
fn lint_opens_the_context_behind_a_finding_that_it_may_disprove() {
    // The folder above is listed too: a compose file there may say how the image is run.
    let api = [
        ".",
        "api",
        "api/.dockerignore",
        "api/Dockerfile",
        "api/app",
        "api/compose.yaml",
        "api/pyproject.toml",
        "api/requirements.txt",
    ];
    check(&["lint", "api/Dockerfile"], &api);
    check(&["lint", "--format", "json", "api/Dockerfile"], &api);
    let ignored = "--ignore=sources-before-dependencies,cache-mount-missing,full-base,root-user,apt-lists-kept,pip-cache-kept,\
                   healthcheck-always-healthy";
    // The folder is listed in place of a question for each name.
    check(&["lint", ignored, "api/Dockerfile"], &["api", "api/.dockerignore", "api/Dockerfile"]);
}

#[test]
fn lint_opens_the_dockerfiles_of_the_services_of_a_compose_file() {
    // The folders of builds are listed: whether their Dockerfiles are there.
    let opened = ["in", "in/.dockerignore", "in/compose.yaml", "in/web", "in/web/Dockerfile"];
    check(&["lint", "in/compose.yaml"], &opened);
}

#[test]
fn lint_opens_the_settings_in_force() {
    check(&["lint", "set/x/Dockerfile"], &["set/base.toml", "set/dockopt.toml", "set/x/Dockerfile"]);
    check(&["lint", "--no-config", "set/x/Dockerfile"], &["set/x/Dockerfile"]);
    check(&["lint", "--config", "set/.hadolint.yaml", "set/x/Dockerfile"], &["set/.hadolint.yaml", "set/x/Dockerfile"]);
}

#[test]
fn an_unused_context_is_not_walked() {
    // Where a rewrite looks for what starts the image, folders are listed.
    check(&["audit", "still/Dockerfile"], &[".", "still", "still/Dockerfile"]);
}

#[test]
fn an_audit_is_seen_to_open_more() {
    // Else the tests above could not fail.
    let opened = opened(project(), &["audit", "api"]);
    // The sources too: what `optimize` would save is worked out with them.
    for path in ["api", "api/Dockerfile", "api/requirements.txt", "api/app/main.py"] {
        assert!(opened.contains(path), "{path} is not in {opened:?}");
    }
    // Its scripts may say how the Dockerfile is built.
    assert!(opened.contains("package.json") && !opened.contains("still/uv.lock"), "{opened:?}");
}
