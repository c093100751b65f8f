//! `fix --diff` gives what the real `git apply` takes, whatever the files hold, are called and lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BEFORE: &str = "FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n";
const AFTER: &str = "FROM debian:12.5\nUSER 1000\nCMD [\"python3\", \"main.py\"]\n";

/// A folder of files, inside of a repository or not.
struct Case {
    folder: tempfile::TempDir,
    repository: bool,
}

impl Case {
    fn new(files: &[(&str, &[u8])], repository: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let case = Self { folder, repository };
        if repository {
            case.git(".", &["init", "-q"], None);
        }
        case
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn git(&self, from: &str, arguments: &[&str], input: Option<&Path>) {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(self.path(from)).env("GIT_CEILING_DIRECTORIES", self.folder.path());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").stdin(Stdio::null());
        if let Some(input) = input {
            git.stdin(fs::File::open(input).unwrap());
        }
        let output = git.output().unwrap();
        let text = input.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && stderr.is_empty(), "{stderr}\n{text:?}");
    }

    /// Fixes twice, with `--write` and by applying the diff: both come to the same.
    #[track_caller]
    fn check(&self, from: &str, arguments: &[&str], changed: &[&str]) {
        let patch = tempfile::NamedTempFile::new().unwrap();
        let run = |last: &[&str]| {
            let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
            dockopt.arg("fix").args(arguments).args(last).current_dir(self.path(from)).env_clear();
            let output = dockopt.stdin(Stdio::null()).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && !stderr.contains("refuses"), "{stderr}");
            output.stdout
        };
        fs::write(patch.path(), run(&["--diff"])).unwrap();
        let state = || -> Vec<_> {
            let read = |path: &&str| (fs::read(self.path(path)).ok(), mode(&self.path(path)));
            changed.iter().map(read).collect()
        };
        let before = state();
        run(&["--write"]);
        let written = state();
        for ((path, old), (bytes, mode)) in changed.iter().zip(before).zip(&written) {
            assert_ne!(&old.0, bytes, "{path} is not changed");
            assert!(old.1.is_none() || old.1 == *mode, "{path}: {mode:?}");
            match old.0 {
                Some(bytes) => fs::write(self.path(path), bytes).unwrap(),
                None => fs::remove_file(self.path(path)).unwrap(),
            }
        }
        self.git(from, &["apply", "--whitespace=nowarn", "-"], Some(patch.path()));
        assert_eq!(state(), written, "{from} {arguments:?} in a repository: {}", self.repository);
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).ok().map(|file| file.mode())
}

#[cfg(not(unix))]
fn mode(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|_| 0)
}

#[track_caller]
fn check(files: &[(&str, &[u8])], from: &str, arguments: &[&str], changed: &[&str]) {
    for repository in [false, true] {
        Case::new(files, repository).check(from, arguments, changed);
    }
}

#[test]
fn any_file_is_read_without_panic() {
    let text = BEFORE;
    let bare = text.trim_end();
    for text in
        [text, bare, &text.replace('\n', "\r\n"), &bare.replace('\n', "\r\n"), &text.replace("USER", "\n\nUSER")]
    {
        check(&[("Dockerfile", text.as_bytes())], ".", &[], &["Dockerfile"]);
    }
    check(
        &[("Dockerfile", b"# \xff\xfe \r x\nFROM debian:12.5\nUSER 1000\nCMD python3 main.py\n# \x1b[31m\xc3\n")],
        ".",
        &[],
        &["Dockerfile"],
    );
    let long = format!("{BEFORE}{}USER 1000\nCMD python3 main.py", "# a\n".repeat(50));
    check(&[("Dockerfile", long.as_bytes())], ".", &[], &["Dockerfile"]);
    let case = Case::new(&[("Dockerfile", BEFORE.as_bytes())], false);
    case.check(".", &[], &["Dockerfile"]);
    assert_eq!(fs::read_to_string(case.path("Dockerfile")).unwrap(), AFTER);
}

#[test]
fn roles_do_not_depend_on_names() {
    let mut names = vec![
        "a b/Dockerfile",
        "a 'b'/Dockerfile",
        "été/Dockerfile.日本",
        "a/b/c/d/Dockerfile",
        "-x/Dockerfile",
        " /Dockerfile",
        "a 2026-11-20 10:00:00/Dockerfile.2026-11-20 10:00:00",
    ];
    if cfg!(unix) {
        names.extend([
            "a\"b\"/Dockerfile",
            "a\\b/Dockerfile",
            "a\nb/Dockerfile",
            "a\tb\u{7f}/Dockerfile.\u{1}",
            "a//b c\t/Dockerfile",
            "a\u{202e}b\u{9b}/Dockerfile",
        ]);
    }
    for name in names {
        check(&[(name, BEFORE.as_bytes())], ".", &[], &[name]);
        check(&[(name, BEFORE.as_bytes()), ("x/Dockerfile", BEFORE.as_bytes())], ".", &[], &[name, "x/Dockerfile"]);
    }
}

#[test]
fn wherever_it_lies_and_wherever_it_is_run() {
    let files: &[(&str, &[u8])] = &[("sub/Dockerfile", BEFORE.as_bytes()), ("sub/deep/Dockerfile", BEFORE.as_bytes())];
    check(files, "sub", &[], &["sub/Dockerfile", "sub/deep/Dockerfile"]);
    check(files, "sub", &["deep"], &["sub/deep/Dockerfile"]);
    check(files, "sub", &["./deep/../Dockerfile", "deep/Dockerfile"], &["sub/Dockerfile", "sub/deep/Dockerfile"]);
    check(files, "sub/deep", &["../deep/Dockerfile"], &["sub/deep/Dockerfile"]);
    let case = Case::new(files, true);
    let absolute = case.path("sub/deep/Dockerfile");
    case.check("sub", &[absolute.to_str().unwrap()], &["sub/deep/Dockerfile"]);
    let dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"))
        .args(["fix", "../Dockerfile"])
        .current_dir(case.path("sub/deep"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&dockopt.stderr).into_owned();
    assert!(stderr.contains("outside this folder, which `git apply` rejects"), "{stderr}");
}

#[test]
fn a_new_file_and_an_empty_one() {
    let files: &[(&str, &[u8])] = &[
        ("web/Dockerfile", b"FROM node:22-slim\nCOPY . /app\nUSER 1000\n"),
        ("web/.git/objects/pack", &[0; 12_000]),
        ("web/server.js", b"1"),
    ];
    check(files, ".", &["web"], &["web/.dockerignore"]);
    check(files, "web", &[], &["web/.dockerignore"]);
    let mut more = files.to_vec();
    more.push(("web/.dockerignore", b"*.md"));
    check(&more, ".", &[], &["web/.dockerignore"]);
    more.pop();
    more.push(("web/.dockerignore", b""));
    check(&more, ".", &[], &["web/.dockerignore"]);
}

#[cfg(unix)]
#[test]
fn modes_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    for (link, real, from) in
        [("Dockerfile", "docker/prod", "."), ("a/Dockerfile", "b/x y", "."), ("sub/Dockerfile", "sub/real", "sub")]
    {
        for repository in [false, true] {
            let case = Case::new(&[(real, BEFORE.as_bytes())], repository);
            fs::create_dir_all(case.path(link).parent().unwrap()).unwrap();
            symlink(case.path(real), case.path(link)).unwrap();
            fs::set_permissions(case.path(real), fs::Permissions::from_mode(0o755)).unwrap();
            case.check(from, &[case.path(link).to_str().unwrap()], &[real]);
            assert!(fs::symlink_metadata(case.path(link)).unwrap().is_symlink());
        }
    }
}
