//! A second run of `fix --unsafe` and of `optimize` changes nothing: over the fixtures, the projects and the examples of the
//! pages, each in a folder of its own, as they are and with what a developer's machine adds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::dockopt::{Dockopt, copy};
use crate::tier::cases;

/// The files of a folder by their paths, without git's own.
fn texts(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut texts = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                texts.insert(path, bytes);
            }
        }
    }
    texts
}

/// The files that a second run changes, by the command.
fn changed_again(folder: Dockopt, name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ran = folder.args(["version"]).run();
    for command in [&["fix", ".", "--unsafe", "--write"][..], &["optimize", ".", "--write"]] {
        ran = ran.again(command.iter().copied());
        let before = texts(ran.path());
        ran = ran.again(command.iter().copied());
        for (path, text) in texts(ran.path()).iter().filter(|(path, text)| before.get(*path) != Some(text)) {
            wrong.push(format!(
                "{name}: `{}` changes {}:\n{}",
                command.join(" "),
                path.display(),
                String::from_utf8_lossy(text)
            ));
        }
    }
    wrong
}

/// What lies in a checkout that people work in, and what git ignores there.
fn with_own_files(folder: Dockopt) -> Dockopt {
    let ignored = fs::read_to_string(folder.path().join(".gitignore")).unwrap_or_default();
    folder
        .file(".gitignore", format!("{ignored}\n.env\nnode_modules\n.venv\n__pycache__\n.next\ndist\n"))
        .file("README.md", "x\n")
        .file("tests/__pycache__/a.pyc", "x")
}

#[test]
fn nothing_changes_again_in_projects() {
    let mut folders: Vec<PathBuf> = Vec::new();
    for parent in ["tests/projects", "fixtures"] {
        folders.extend(fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
    }
    folders.sort();
    let mut wrong = Vec::new();
    for path in cases(folders, 10) {
        let name = path.display().to_string();
        let folder = || {
            let folder = Dockopt::new();
            copy(&path, folder.path());
            folder
        };
        wrong.extend(changed_again(folder(), &name));
        wrong.extend(changed_again(with_own_files(folder()), &format!("{name} with files of a developer")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_changes_again_in_examples_of_pages() {
    let mut pages: Vec<PathBuf> = fs::read_dir("rules").unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut wrong = Vec::new();
    for path in cases(pages, 15) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let page = fs::read_to_string(&path).unwrap();
        let mut examples: Vec<Vec<(String, String)>> = Vec::new();
        let mut blocks = page.split("\n```");
        blocks.next();
        for block in blocks.step_by(2) {
            let (kind, text) = block.split_once('\n').unwrap_or((block, ""));
            let file = kind.split(' ').find_map(|word| word.strip_prefix("path="));
            match (kind, file) {
                ("dockerfile", None) => examples.push(vec![("Dockerfile".to_owned(), format!("{text}\n"))]),
                (kind, Some(file)) if !kind.contains("fixed") && !file.contains("..") => {
                    if let Some(files) = examples.last_mut() {
                        files.push((file.to_owned(), format!("{text}\n")));
                    }
                }
                _ => {}
            }
        }
        for files in examples {
            let folder = files.iter().fold(Dockopt::new(), |folder, (path, text)| folder.file(path, text));
            wrong.extend(changed_again(folder, &name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a program loads its `.env` is known from its packages and sources, whoever the user is and whatever starts it.
#[test]
fn what_loads_variables_is_known_in_each_run() {
    let node = "FROM node:22\nWORKDIR /app\nADD . /app\nRUN npm install\nCMD npm start\n";
    let package = |more: &str, start: &str| {
        format!("{{\"name\":\"a\",\"dependencies\":{{\"express\":\"4\"{more}}},\"scripts\":{{\"start\":\"{start}\"}}}}")
    };
    let python = "FROM python:3.12\nWORKDIR /app\nCOPY . /app\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD python manage.py runserver 0.0.0.0:8000\n";
    let server = "require('express')().listen(3000)";
    let loading = "require('dotenv').config(); require('express')().listen(3000)";
    for (dockerfile, files, is_excluded) in [
        (
            node,
            vec![("package.json", package(",\"dotenv\":\"16\"", "node index.js")), ("index.js", server.to_owned())],
            false,
        ),
        (
            node,
            vec![("package.json", package("", "node --env-file=.env index.js")), ("index.js", server.to_owned())],
            false,
        ),
        (node, vec![("package.json", package("", "node index.js")), ("index.js", loading.to_owned())], false),
        (node, vec![("package.json", package("", "node index.js")), ("index.js", server.to_owned())], true),
        (
            python,
            vec![
                ("requirements.txt", "django==5.1\npython-dotenv==1.0\n".to_owned()),
                ("manage.py", "x = 1\n".to_owned()),
            ],
            false,
        ),
    ] {
        let folder = Dockopt::new().file("Dockerfile", dockerfile).file(".gitignore", ".env\n");
        let folder = files.iter().fold(folder, |folder, (path, text)| folder.file(path, text));
        let ran = folder.args(["fix", ".", "--unsafe", "--write"]).run();
        let read = |path: &Path| fs::read_to_string(path.join(".dockerignore")).unwrap_or_default();
        let first = read(ran.path());
        assert_eq!(first.contains(".env"), is_excluded, "{files:?}: {first}");
        let again = ran.again(["fix", ".", "--unsafe", "--write"]);
        assert_eq!(read(again.path()), first, "{files:?}");
    }
}
