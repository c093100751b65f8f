//! Paths that are no Dockerfile, and Dockerfiles that are no file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{folder_with, put, run};

pub(super) fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
}

/// A folder where `Dockerfile` is what `make` makes of its path: lint, fix and audit say `message`, and audit of the
/// folder around it ends too.
#[track_caller]
fn check(make: impl Fn(&Path), message: &str) {
    let folder = tempfile::tempdir().unwrap();
    make(&folder.path().join("Dockerfile"));
    for command in ["lint", "fix", "audit"] {
        let ran = run(folder.path(), &[command, "Dockerfile"]);
        assert!(ran.code == 2 && ran.stderr.contains(message), "{command}: {} {}", ran.code, ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    run(folder.path(), &["audit", "."]);
    run(folder.path(), &["context", "ls", "."]);
    run(folder.path(), &["lint", "--format", "json"]);
}

#[test]
fn a_pipe_is_not_waited_for() {
    check(pipe, "is not a regular file");
}

#[test]
fn devices_and_sockets_are_refused() {
    check(|path| symlink("/dev/zero", path).unwrap(), "is not a regular file");
    check(|path| symlink("/dev/tty", path).unwrap(), "is not a regular file");
    check(|path| drop(UnixListener::bind(path).unwrap()), "is not a regular file");
}

#[test]
fn links_in_a_circle_and_to_nothing_are_refused() {
    check(|path| symlink("Dockerfile", path).unwrap(), "leads back to itself");
    check(|path| symlink("nowhere", path).unwrap(), "does not exist");
    check(|path| symlink("Dockerfile/Dockerfile", path).unwrap(), "leads back to itself");
}

#[test]
fn folders_and_huge_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("Dockerfile")).unwrap();
    assert!(run(folder.path(), &["lint"]).stderr.contains("is a folder"));
    run(folder.path(), &["audit"]);
    // A terabyte of nothing, and what claims to be empty.
    check(|path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap(), "is larger than");
    check(|path| symlink("/proc/self/mem", path).unwrap(), "cannot be read");
}

#[test]
fn a_file_that_grows_ends() {
    let folder = folder_with("Dockerfile", "FROM a\n");
    let path = folder.path().join("Dockerfile");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            // Bounded, in case nobody stops it.
            for _ in 0..2_000 {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                file.write_all(b"RUN apt-get update\n").unwrap();
            }
        });
        for _ in 0..5 {
            assert!(run(folder.path(), &["lint"]).code < 2);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_invalid_ignore_file_is_reported() {
    for make in
        [pipe, |path: &Path| symlink(".dockerignore", path).unwrap(), |path: &Path| fs::create_dir(path).unwrap()]
    {
        let folder = folder_with("Dockerfile", "FROM a\nCOPY . .\n");
        put(&folder, "a/b", "");
        make(&folder.path().join(".dockerignore"));
        for arguments in [&["lint"][..], &["audit", "."], &["context", "ls"], &["fix", "--unsafe"]] {
            run(folder.path(), arguments);
        }
    }
}

#[test]
fn huge_ignore_files_end() {
    let many = super::crowd();
    let cases = [
        "!\n".repeat(many),
        "**/a*b?c[d-f]\n!a/**/b\n".repeat(many),
        "*".repeat(many),
        "**/".repeat(many),
        format!("{}\n", "a*".repeat(many)),
        "[".repeat(many),
        "((((a+)+)+)+\n{1,1000}{1,1000}\n".repeat(many / 10),
        "\u{feff}\r\r\n\0".repeat(many),
    ];
    for text in &cases {
        let folder = folder_with("Dockerfile", "FROM a\nCOPY . .\n");
        put(&folder, ".dockerignore", text);
        put(&folder, &format!("{}b", "aaaaaa/".repeat(30)), "");
        for arguments in [&["lint"][..], &["audit", "."], &["context", "ls"]] {
            run(folder.path(), arguments);
        }
    }
}
