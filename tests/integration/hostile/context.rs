//! Build contexts with everything that a file system allows.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use rustix::fs::{Mode, OFlags, mkdirat, openat};

use super::file::pipe;
use super::{Ran, crowd, folder_with, put, run};

fn all(folder: &tempfile::TempDir) -> Vec<Ran> {
    let runs: [&[&str]; 4] =
        [&["audit", "."], &["audit", ".", "--format", "json"], &["context", "ls", "--all"], &["fix", ".", "--unsafe"]];
    runs.iter().map(|arguments| run(folder.path(), arguments)).collect()
}

#[test]
fn loops_pipes_sockets_and_sparse_files_are_looked_at_not_into() {
    let folder = folder_with(
        "Dockerfile",
        "FROM python:3.13\nCOPY . .\nCOPY a/up l* /x/\nRUN pip install -r requirements.txt\n",
    );
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    symlink("..", at("a/up")).unwrap();
    symlink("/", at("l1")).unwrap();
    symlink("l3", at("l2")).unwrap();
    symlink("l2", at("l3")).unwrap();
    symlink("/dev/zero", at("requirements.txt")).unwrap();
    pipe(&at("package.json"));
    let _socket = UnixListener::bind(at("s")).unwrap();
    fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
    fs::File::create(at("uv.lock")).unwrap().set_len(1 << 40).unwrap();
    fs::create_dir(at("pyproject.toml")).unwrap();
    fs::create_dir(at("shut")).unwrap();
    fs::set_permissions(at("shut"), fs::Permissions::from_mode(0o0)).unwrap();
    let ran = all(&folder);
    fs::set_permissions(at("shut"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(ran[2].stdout.contains("sparse"), "{}", ran[2].stdout);
}

#[test]
fn ignore_files_of_git_without_an_end_are_not_read() {
    let kinds: [&dyn Fn(&std::path::Path); 3] =
        [&|path| symlink("/dev/zero", path).unwrap(), &|path| pipe(path), &|path| {
            fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
        }];
    for put_endless in kinds {
        for name in ["Dockerfile", "a/Dockerfile"] {
            let folder = folder_with("Dockerfile", "FROM python:3.13\nCOPY . .\nRUN pip install -r requirements.txt\n");
            let file = folder.path().join(name).with_file_name(".gitignore");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), "FROM python:3.13\n").unwrap();
            put_endless(&file);
            fs::create_dir(folder.path().join(".git")).unwrap();
            let ran = all(&folder);
            assert!(ran[1].stdout.contains("it is no regular file of at most 1 MiB"), "{}", ran[1].stdout);
            run(folder.path(), &["compose", "emit", "."]);
            run(folder.path(), &["cache", "predict", "."]);
        }
    }
}

#[test]
fn names_that_a_terminal_obeys_are_neutralised() {
    let folder = folder_with("Dockerfile", "FROM a\nCOPY . .\nRUN npm ci\n");
    for name in [
        &b"line\nbreak"[..],
        b"esc\x1b[2Jape\x1b]0;title\x07",
        b"bad\xff\xfeutf8",
        "bidi\u{202e}txt.exe\u{2066}".as_bytes(),
        "c1\u{9b}31m".as_bytes(),
        b"\x01\x7f\r",
        b"-rf",
        b" ",
    ] {
        let name = OsString::from_vec(name.to_vec());
        fs::create_dir_all(folder.path().join(&name).join("node_modules")).unwrap();
        fs::write(folder.path().join(&name).join("node_modules/x.js"), "12345678").unwrap();
        fs::write(folder.path().join(&name).join("package.json"), "{").unwrap();
        fs::write(folder.path().join(&name).join("Dockerfile"), "FROM b\nCOPY . .\nCMD x\n").unwrap();
    }
    for (index, ran) in all(&folder).iter().enumerate() {
        let obeyed = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}".contains(c);
        // Behind a name with blanks, git ends the line of a diff with a tab.
        for out in [&ran.stdout, &ran.stderr].map(|out| out.replace("\t\n", "\n")) {
            assert!(!out.contains(obeyed), "run {index} prints {:?}", out.chars().find(|c| obeyed(*c)));
        }
    }
}

#[test]
fn deep_folders_and_paths_beyond_the_limit_end() {
    let folder = folder_with("Dockerfile", "FROM a\nCOPY . .\nCOPY **/x /y\nCOPY --parents **/*.js /z\n");
    let deep = "deep/".repeat(64);
    put(&folder, &format!("{deep}node_modules/x/package.json"), "{}");
    put(&folder, &format!("{deep}Dockerfile"), "FROM b\nCOPY ../../.. .\n");
    // Longer than PATH_MAX: only step by step.
    let name = "n".repeat(200);
    let mut at = rustix::fs::open(folder.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..40 {
        mkdirat(&at, &name, Mode::RWXU).unwrap();
        at = openat(&at, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    openat(&at, "package.json", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
    all(&folder);
}

#[test]
fn many_dockerfiles_share_one_context() {
    let folder = folder_with("package.json", "{}");
    let many = 40;
    for index in 0..many {
        let text = "FROM node:22\nCOPY package.json src ./\nCOPY src src\nRUN npm ci\nCMD node a\n";
        put(&folder, &format!("deploy/d{index}/Dockerfile"), text);
        for file in 0..20 {
            put(&folder, &format!("src/m{index}/f{file}.js"), "x");
        }
    }
    let ran = run(folder.path(), &["audit", ".", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["builds"].as_array().unwrap().len(), many);
}

#[test]
fn many_entries_in_one_folder_and_many_copies_end() {
    let copies = "COPY . .\nCOPY f* /x/\nCOPY f1 f2 f3 /y/\n".repeat(crowd() / 100);
    let folder = folder_with("Dockerfile", format!("FROM a\n{copies}CMD x\n"));
    for index in 0..crowd() / 5 {
        put(&folder, &format!("f{index}"), "");
    }
    all(&folder);
}
