//! What is wrong with a build context: what `audit` and `context ls` say, and how they end.

use crate::dockopt::{Dockopt, Ran};

fn project(dockerfile: &str, ignore: &str) -> Dockopt {
    let with = Dockopt::new().file("Dockerfile", dockerfile).file(".dockerignore", ignore);
    with.file("a.txt", "1").file("src/app.py", "12").file("node_modules/x/big.js", vec![b'x'; 200_000])
}

/// `expected`: the exit code of both commands, and what stands in both outputs.
fn check(dockerfile: &str, ignore: &str, code: i32, expected: &[&str]) {
    for command in [&["audit", "--select", "useless-context"][..], &["context", "ls"]] {
        let ran = project(dockerfile, ignore).args(command.iter().copied()).run().code(code);
        let output = ran.stdout + &ran.stderr;
        for text in expected {
            assert_eq!(output.matches(text).count(), 1, "{command:?}: {text}\n{output}");
        }
    }
}

#[test]
fn a_source_that_is_not_there_is_reported_with_its_place() {
    let left_out = "`a.txt` is excluded by .dockerignore line 2 (`*.txt`)";
    check("FROM debian:13.1\nCOPY src a.txt /x/\n", "node_modules\n*.txt\n", 1, &[left_out, "Dockerfile:2:10"]);
    check("FROM debian:13.1\nCOPY src dist /x/\n", "node_modules", 0, &["`dist` is not in the build context"]);
    let unneeded = "FROM debian:13.1 AS a\nCOPY a.txt /\nFROM debian:13.1\nCOPY src /\n";
    check(unneeded, "node_modules\n*.txt\n", 0, &[left_out]);
    let remote = "FROM debian:13.1\nCOPY src /\nCOPY --from=busybox:1.37 /no /no\nCOPY <<E /e\nE\nCOPY n*.txt /\n";
    check(remote, "node_modules", 0, &[]);
}

#[test]
fn a_pattern_that_fails_late_is_reported_once() {
    let message = "the build fails with `syntax error in pattern`";
    check("FROM debian:13.1\nCOPY . /x/\n", "node_modules\n[b-a]\n", 1, &[message, ".dockerignore:2:1"]);
    let ran = project("FROM debian:13.1\nCOPY . /x/\n", "[b-a]\n").args(["audit"]).run();
    assert!(ran.stdout.contains("fix .dockerignore") && !ran.stdout.contains("run `dockopt audit`"), "{}", ran.stdout);
}

#[test]
fn only_the_needed_stages_copies_are_listed() {
    let text = "FROM debian:13.1 AS a\nCOPY src /a\nFROM debian:13.1 AS b\nCOPY a.txt /b\n";
    let ran = project(text, "node_modules").file("b.Dockerfile", text).args(["context", "ls", "--target", "b"]).run();
    assert!(!ran.stdout.contains("COPY src /a"), "{}", ran.stdout);
    assert!(ran.stdout.contains("for Dockerfile\n") && ran.stdout.contains("for b.Dockerfile\n"), "{}", ran.stdout);
}

#[test]
fn another_dockerfile_keeps_what_it_takes() {
    let installs = "FROM node:22\nCOPY . /app\nRUN npm ci\n";
    let findings = |other: &str| {
        let dockopt = project(installs, "*.txt\n").file("dev.Dockerfile", other);
        let ran = dockopt.args(["fix", "--diff", "--select", "useless-context", "."]).run();
        ran.stdout.contains("+**/node_modules")
    };
    assert!(findings(installs), "both install anew");
    assert!(findings("FROM node:22\nCOPY src /app\n"), "it takes nothing of it");
    assert!(!findings("FROM node:22\nCOPY . /app\n"), "it installs nothing");
    assert!(!findings("FROM node:22 AS a\nCOPY node_modules /n\nFROM node:22\n"), "it names it");
}

/// Closes a folder and runs it; nothing where nobody can be found for whom it is closed.
#[cfg(unix)]
fn run_closed(dockopt: Dockopt, folder: &str) -> Option<Ran> {
    use std::os::unix::fs::PermissionsExt;
    let dockopt = dockopt.unprivileged()?;
    let path = dockopt.path().join(folder);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let ran = dockopt.run();
    // So that it can be removed.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Some(ran)
}

#[cfg(unix)]
#[test]
fn a_closed_folder_is_not_an_empty_one() {
    for command in ["audit", "context ls"] {
        let dockopt = project("FROM debian:13.1\nCOPY . /\n", "node_modules").args(command.split(' ').chain(["src"]));
        let Some(ran) = run_closed(dockopt, "src") else { return };
        ran.code(2).complains(&["`src` cannot be read"]);
    }
}

#[cfg(unix)]
#[test]
fn a_closed_directory_is_a_trouble_unless_excluded() {
    for (ignored, closed) in [("", true), ("shut", false), ("shut\n!shut/x", false), ("other", true)] {
        let dockopt = Dockopt::new().file("Dockerfile", "FROM debian:13.1\nCOPY . /\n").file("shut/x", "12345");
        let dockopt = dockopt.file(".dockerignore", ignored).args(["context", "ls"]);
        let Some(ran) = run_closed(dockopt, "shut") else { return };
        let is_reported = ran.stdout.contains("directory `shut` cannot be read");
        assert_eq!(is_reported, closed, "{ignored:?}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn an_archive_is_recognized_by_its_content() {
    // A header's name, its checksum at 148, and the rest empty: what tar begins with.
    let mut header = [0; 1024];
    header[..1].copy_from_slice(b"a");
    let sum = 8 * u32::from(b' ') + u32::from(b'a');
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let compressed = [0x1f, 0x8b, 8, 0];
    let dockerfile = "FROM debian:13.1\nADD bundle data.bin /a/\nADD notes bundle /b/\nADD notes folder /c/\n";
    let project = Dockopt::new().file("Dockerfile", dockerfile).file("bundle", header).file("data.bin", compressed);
    let project = project.file("notes", "1\n").file("folder/bundle", header);
    let ran = project.args(["fix", "--write", "--select", "add-local-file"]).run();
    let expected = dockerfile.replace("ADD notes folder", "COPY notes folder");
    assert_eq!(ran.read("Dockerfile"), expected, "{}", ran.stderr);
}

/// An ignore file next to a Dockerfile whose context is another folder, or under a wrong name.
#[test]
fn an_ignore_file_that_nothing_reads_is_named() {
    let dockerfile = "FROM alpine:3.22\nCOPY src /app\nCOPY . /all\n";
    for (path, unread) in [
        ("docker/Dockerfile", Some("docker/.dockerignore")),
        ("build/web.Dockerfile", Some("build/.dockerignore")),
        ("Dockerfile", Some("dockerignore")),
        ("docker/Dockerfile.read", None),
    ] {
        let ignore = unread.map_or_else(|| format!("{path}.dockerignore"), str::to_owned);
        let folder = Dockopt::new().file(path, dockerfile).file("src/a.txt", "a").file(&ignore, "node_modules\n");
        let ran = folder.args(["context", "ls", "."]).run();
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(said.contains(&format!("nothing reads `{ignore}`")), unread.is_some(), "{path}: {said}");
    }
}
