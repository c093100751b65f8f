//! A file that dockopt cannot read is named by each command that would have read it, with exit code 2, and no command that writes
//! replaces, hides or deletes it.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    NulBytes,
    Utf16,
    Size,
    Mode,
    Pipe,
    Folder,
    LinkOutside,
    LinkToNothing,
}

/// Those that make each command fail that would have read the file.
const UNREADABLE: [Reason; 6] =
    [Reason::NulBytes, Reason::Utf16, Reason::Size, Reason::Mode, Reason::Pipe, Reason::LinkToNothing];

const ALL: [Reason; 8] = [
    Reason::NulBytes,
    Reason::Utf16,
    Reason::Size,
    Reason::Mode,
    Reason::Pipe,
    Reason::Folder,
    Reason::LinkOutside,
    Reason::LinkToNothing,
];

const COMPOSE: &str = "services:\n  web:\n    build: .\n    ports:\n      - \"8000:8000\"\n    healthcheck:\n      test: [CMD, python, -c, 'import app']\n";

const DOCKERFILE: &str =
    "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install flask\nEXPOSE 8000\nCMD [\"python\", \"app.py\"]\n";

const APP: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\n@app.get('/health')\ndef health():\n    return os.environ['LEVEL']\n\napp.run('0.0.0.0', 8000)\n";

/// A project that each command has something to do in.
fn fill(folder: &Path) {
    let files = [
        ("Dockerfile", DOCKERFILE),
        ("compose.yaml", COMPOSE),
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.2\n"),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::create_dir_all(folder.join(".git/refs")).unwrap();
    fs::create_dir_all(folder.join(".git/objects")).unwrap();
    fs::write(folder.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
}

/// Puts a file there that cannot be read, with what would be in it.
fn plant(path: &Path, text: &str, reason: Reason) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let other =
        path.parent().unwrap().ancestors().find(|above| above.join("outside").is_dir()).map(|top| top.join("outside"));
    match reason {
        Reason::NulBytes => fs::write(path, format!("{text}# \0\n")).unwrap(),
        Reason::Utf16 => {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            fs::write(path, [0xff, 0xfe].into_iter().chain(units).collect::<Vec<_>>()).unwrap();
        }
        Reason::Size => fs::write(path, format!("{text}# {}\n", "x".repeat(17 << 20))).unwrap(),
        Reason::Mode => {
            fs::write(path, text).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
        }
        Reason::Pipe => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        Reason::Folder => fs::create_dir(path).unwrap(),
        Reason::LinkOutside => {
            let target = other.unwrap().join(path.file_name().unwrap());
            fs::write(&target, text).unwrap();
            symlink(target, path).unwrap();
        }
        Reason::LinkToNothing => symlink("nowhere", path).unwrap(),
    }
}

/// What lies below a folder, by path: of a file its bytes, else what it is.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let bytes = match () {
                () if kind.is_symlink() => fs::read_link(&path).unwrap().to_string_lossy().into_owned().into_bytes(),
                () if kind.is_dir() => {
                    open.push(path.clone());
                    b"folder".to_vec()
                }
                () if kind.is_file() => readable(&path),
                () => b"special".to_vec(),
            };
            found.insert(path, bytes);
        }
    }
    found
}

/// The bytes of a file that its own user may not read.
fn readable(path: &Path) -> Vec<u8> {
    let mode = fs::metadata(path).unwrap().permissions();
    if mode.mode() & 0o400 != 0 {
        return fs::read(path).unwrap();
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let bytes = fs::read(path).unwrap();
    fs::set_permissions(path, mode).unwrap();
    bytes
}

/// A copy of the program that every user can reach.
struct ReachableProgram {
    folder: tempfile::TempDir,
}

impl ReachableProgram {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_dockopt"), folder.path().join("dockopt")).unwrap();
        Self { folder }
    }

    /// Runs a command in a folder, as a user for whom modes count.
    fn run(&self, folder: &Path, command: &str) -> Output {
        let program = self.folder.path().join("dockopt");
        let words = || command.split(' ');
        let is_root = rustix::process::geteuid().is_root();
        let mut run = if is_root { Command::new("setpriv") } else { Command::new(&program) };
        if is_root {
            run.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
            give_away(folder.parent().unwrap());
        }
        run.args(words()).current_dir(folder).env("SOURCE_DATE_EPOCH", "1790000000");
        run.stdin(Stdio::null()).output().unwrap()
    }
}

/// Gives a folder with all in it to the user that [`run`] uses.
fn give_away(folder: &Path) {
    let status = Command::new("chown").args(["-hR", "65534:65534"]).arg(folder).status().unwrap();
    assert!(status.success());
}

/// A folder of a project in one that holds `outside`, too.
fn project() -> (tempfile::TempDir, PathBuf) {
    let top = tempfile::tempdir().unwrap();
    fs::set_permissions(top.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = top.path().join("project");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(top.path().join("outside")).unwrap();
    fill(&folder);
    (top, folder)
}

/// Commands that write.
const WRITERS: [&str; 18] = [
    "compose emit . --write",
    "compose emit . --write --prod",
    "compose emit . --write --dev",
    "compose emit . --write --just",
    "compose fix . --write --unsafe",
    "fix . --write --unsafe",
    "optimize . --write --level 6",
    "optimize . --to rewritten",
    "ci emit github . --write",
    "ci emit gitlab . --write",
    "ci fix . --write --unsafe",
    "deploy emit . --for haproxy --write",
    "deploy emit . --for swarm --write",
    "deploy emit . --for kubernetes --write",
    "deploy emit . --for ecs --write",
    "init . --write",
    "init . --write --ci github",
    "init . --write --ci gitlab",
];

/// The files that a command writes in the project, with what it writes, below its folder.
fn written_files(program: &ReachableProgram, command: &str) -> Vec<(PathBuf, String)> {
    let (_top, folder) = project();
    let before = contents(&folder);
    program.run(&folder, command);
    let after = contents(&folder);
    let is_new =
        |(path, bytes): &(&PathBuf, &Vec<u8>)| bytes.as_slice() != b"folder" && before.get(*path) != Some(*bytes);
    let files = after.iter().filter(is_new);
    files
        .map(|(path, bytes)| {
            (path.strip_prefix(&folder).unwrap().to_owned(), String::from_utf8_lossy(bytes).into_owned())
        })
        .collect()
}

#[test]
fn no_command_that_writes_loses_a_file_that_it_cannot_read() {
    let program = ReachableProgram::new();
    let mut count = 0;
    for command in WRITERS {
        let mut files = written_files(&program, command);
        // What others might write, or read in place of it.
        files.extend(["docker-compose.yml", "compose.override.yaml"].map(|name| (name.into(), COMPOSE.to_owned())));
        for (file, text) in files {
            for reason in ALL {
                let (top, folder) = project();
                let place = folder.join(&file);
                if place.is_dir() {
                    continue;
                }
                plant(&place, &text.replace("dockopt", "somebody"), reason);
                let is_planted = |path: &Path| path == place || path.starts_with(top.path().join("outside"));
                let planted = |all: BTreeMap<PathBuf, Vec<u8>>| -> BTreeMap<PathBuf, Vec<u8>> {
                    all.into_iter().filter(|(path, _)| is_planted(path)).collect()
                };
                let before = planted(contents(top.path()));
                let output = program.run(&folder, command);
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(planted(contents(top.path())), before, "{command}: {file:?}, {reason:?}\n{stderr}");
                count += 1;
            }
        }
    }
    assert!(count > 200, "{count}");
}

/// Commands with the file that they read and cannot: in a folder, and where it is named.
const READERS: [(&str, &[&str]); 5] = [
    (
        "compose.yaml",
        &[
            "lint .",
            "audit .",
            "fix .",
            "optimize --check .",
            "context ls .",
            "ci check .",
            "deploy check .",
            "compose check .",
            "compose fix .",
            "compose graph .",
            "compose env .",
            "compose emit .",
            "deploy emit . --for haproxy",
            "lint compose.yaml",
            "audit compose.yaml",
            "fix compose.yaml",
            "deploy check compose.yaml",
            "compose check compose.yaml",
            "compose fix compose.yaml",
            "compose graph compose.yaml",
            "compose env compose.yaml",
        ],
    ),
    (
        "compose.override.yaml",
        &[
            "lint .",
            "audit .",
            "fix .",
            "optimize --check .",
            "ci check .",
            "deploy check .",
            "compose check .",
            "compose emit .",
        ],
    ),
    (
        "Dockerfile",
        &[
            "lint .",
            "audit .",
            "fix .",
            "optimize --check .",
            "context ls .",
            "ci check .",
            "compose emit .",
            "lint Dockerfile",
            "audit Dockerfile",
            "fix Dockerfile",
            "optimize --check Dockerfile",
        ],
    ),
    (
        "docker-bake.hcl",
        &["audit .", "fix .", "optimize --check .", "context ls .", "ci check .", "lint docker-bake.hcl"],
    ),
    (".dockerignore", &["lint .", "audit .", "fix .", "optimize --check .", "context ls ."]),
];

#[test]
fn files_that_cannot_be_read_are_named_by_each_command() {
    let program = ReachableProgram::new();
    let mut passed = Vec::new();
    for (file, commands) in READERS {
        for reason in UNREADABLE {
            let (_top, folder) = project();
            plant(&folder.join(file), "services:\n  web:\n    build: .\n", reason);
            for command in commands {
                for flag in ["", " --exit-zero"] {
                    let has_flag =
                        ["lint", "audit", "compose check", "ci check"].iter().any(|known| command.starts_with(known));
                    if !flag.is_empty() && !has_flag {
                        continue;
                    }
                    let output = program.run(&folder, &format!("{command}{flag}"));
                    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                    if output.status.code() != Some(2) || !stderr.contains(file) {
                        passed
                            .push(format!("{command}{flag}: {file}, {reason:?}: {:?}\n{stderr}", output.status.code()));
                    }
                }
            }
        }
    }
    assert_eq!(passed, Vec::<String>::new(), "{}", passed.join("\n"));
}
