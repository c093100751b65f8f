//! What git answers is what is answered here; damaged repositories are refused with a message.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::failure::FailureKind;

/// A repository that git makes.
struct Sandbox {
    folder: tempfile::TempDir,
}

fn git_in(folder: &Path, args: &[&str]) -> String {
    let ran = Command::new("git")
        .args(["-c", "core.autocrlf=false", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "")
        .envs(["AUTHOR", "COMMITTER"].iter().flat_map(|role| {
            let day = "2026-11-01T12:00:00Z".to_owned();
            [
                (format!("GIT_{role}_NAME"), "a".to_owned()),
                (format!("GIT_{role}_EMAIL"), "a@b".to_owned()),
                (format!("GIT_{role}_DATE"), day),
            ]
        }))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{args:?}: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

impl Sandbox {
    fn init(args: &[&str]) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        sandbox.git(&[&["init", "-q"], args].concat());
        sandbox
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        git_in(self.folder.path(), args)
    }

    fn write(&self, file: &str, text: &str) {
        let full = self.folder.path().join(file);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    fn open(&self) -> Repository {
        Repository::discover(self.folder.path()).unwrap().unwrap()
    }

    /// Five commits on `main`, one of them a merge of `side`; a long file, so that packs have deltas; two tags.
    fn with_history(args: &[&str]) -> Self {
        let sandbox = Self::init(args);
        let long = |last: &str| (0..2_000).map(|line| format!("line {line}\n")).collect::<Vec<_>>().concat() + last;
        sandbox.write("a/long.txt", &long("1"));
        sandbox.write("Dockerfile", "FROM scratch\n");
        sandbox.commit("one");
        sandbox.write("a/long.txt", &long("2"));
        sandbox.write("a/b/c.txt", "c");
        sandbox.commit("two\n\nwith a body");
        sandbox.git(&["tag", "-a", "v1.0", "-m", "annotated"]);
        sandbox.git(&["checkout", "-q", "-b", "side"]);
        sandbox.write("side.txt", "s");
        sandbox.commit("aside");
        sandbox.git(&["checkout", "-q", "main"]);
        sandbox.write("a/long.txt", &long("3"));
        sandbox.commit("three");
        sandbox.git(&["merge", "-q", "--no-ff", "-m", "merged", "side"]);
        sandbox.write("a/long.txt", &long("4"));
        sandbox.commit("four");
        sandbox.git(&["tag", "light"]);
        sandbox
    }
}

/// What `git rev-parse` prints for each name, against what is resolved.
fn check_names(folder: &Path, names: &[&str]) {
    let repository = Repository::discover(folder).unwrap().unwrap();
    for name in names {
        let expected = git_in(folder, &["rev-parse", &format!("{name}^{{commit}}")]);
        let id = repository.resolve(name).map_err(|failure| format!("{name}: {}", failure.what)).unwrap();
        assert_eq!(id.to_string(), expected.trim(), "{name}");
    }
}

const NAMES: [&str; 13] = [
    "HEAD",
    "@",
    "main",
    "side",
    "v1.0",
    "light",
    "refs/heads/main",
    "heads/side",
    "tags/v1.0",
    "HEAD~2",
    "HEAD^",
    "HEAD~1^2",
    "@~^2~1",
];

fn check_history(folder: &Path) {
    let repository = Repository::discover(folder).unwrap().unwrap();
    let history = repository.first_parents(repository.resolve("HEAD").unwrap(), 100).unwrap();
    let lines = history.commits.iter().map(|commit| {
        let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
        format!("{} {} {} {} {}\n", commit.id, commit.tree, parents.join(" "), commit.seconds, commit.summary)
    });
    assert_eq!(lines.collect::<String>(), git_in(folder, &["log", "--first-parent", "--format=%H %T %P %ct %s"]));
    assert!(matches!(history.end, HistoryEnd::Root), "{:?}", history.end);
    for commit in &history.commits {
        let mut listed = BTreeMap::new();
        list(&repository, commit.tree, "", &mut listed);
        let expected = git_in(folder, &["ls-tree", "-r", "--full-tree", &commit.id.to_string()]);
        assert_eq!(listed.values().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat(), expected);
    }
}

fn list(repository: &Repository, tree: ObjectId, above: &str, lines: &mut BTreeMap<String, String>) {
    for entry in repository.tree(tree).unwrap() {
        let path = format!("{above}{}", entry.name);
        let (mode, kind) = match entry.kind {
            TreeEntryKind::Folder => {
                list(repository, entry.id, &format!("{path}/"), lines);
                continue;
            }
            TreeEntryKind::File => ("100644", "blob"),
            TreeEntryKind::Executable => ("100755", "blob"),
            TreeEntryKind::Link => ("120000", "blob"),
            TreeEntryKind::Submodule => ("160000", "commit"),
        };
        lines.insert(path.clone(), format!("{mode} {kind} {}\t{path}", entry.id));
    }
}

#[test]
fn loose_and_packed_objects_and_references_are_those_of_git() {
    let sandbox = Sandbox::with_history(&[]);
    check_names(&sandbox.path(), &NAMES);
    check_history(&sandbox.path());
    sandbox.git(&["gc", "-q", "--aggressive"]);
    check_names(&sandbox.path(), &NAMES);
    check_history(&sandbox.path());
    let repository = sandbox.open();
    let head = repository.commit(repository.resolve("HEAD").unwrap()).unwrap();
    let long = repository.entry_at(head.tree, "./a/long.txt").unwrap().unwrap();
    let text = repository.blob(long.id, 1 << 20).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), fs::read_to_string(sandbox.path().join("a/long.txt")).unwrap());
    assert_eq!(repository.blob(long.id, 10).unwrap_err().kind, FailureKind::Broken);
    assert!(repository.entry_at(head.tree, "a/long.txt/x").unwrap().is_none());
    assert!(repository.entry_at(head.tree, "b").unwrap().is_none());
    let short = &head.id.to_string()[..7];
    assert_eq!(repository.resolve(short).unwrap(), head.id);
    assert_eq!(repository.resolve(&format!("{short}~1")).unwrap(), head.parents[0]);
}

#[test]
fn linked_work_trees_bare_repositories_and_borrowed_objects_are_opened() {
    let sandbox = Sandbox::with_history(&[]);
    let around = tempfile::tempdir().unwrap();
    let place = |name: &str| around.path().canonicalize().unwrap().join(name);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    sandbox.git(&["worktree", "add", "-q", "-b", "elsewhere", &text(&place("linked")), "HEAD~1"]);
    check_names(&place("linked"), &["HEAD", "main", "elsewhere", "v1.0"]);
    check_history(&place("linked").join("a"));
    let linked = Repository::discover(&place("linked").join("a/long.txt")).unwrap().unwrap();
    assert_eq!(linked.work_tree().unwrap(), place("linked"));
    assert_eq!(linked.work_files("a").unwrap().len(), 2);
    sandbox.git(&["clone", "-q", "--bare", ".", &text(&place("bare"))]);
    check_history(&place("bare"));
    let bare = Repository::discover(&place("bare")).unwrap().unwrap();
    assert!(bare.work_tree().is_none() && bare.work_files("").unwrap_err().what.contains("has no work tree"));
    sandbox.git(&["clone", "-q", "--shared", ".", &text(&place("shared"))]);
    check_history(&place("shared"));
    check_names(&place("shared"), &["origin/main", "origin", "remotes/origin/side"]);
}

#[test]
fn sha256_and_reftable() {
    let sandbox = Sandbox::with_history(&["--object-format=sha256"]);
    check_names(&sandbox.path(), &NAMES);
    check_history(&sandbox.path());
    assert!(sandbox.open().work_files("").unwrap().iter().all(|file| file.state == WorkFileState::Unchanged));
    let folder = tempfile::tempdir().unwrap();
    let init = Command::new("git").args(["init", "-q", "--ref-format=reftable"]).current_dir(folder.path()).output();
    if !init.unwrap().status.success() {
        return; // git before 2.45
    }
    let sandbox = Sandbox { folder };
    let failure = sandbox.open().resolve("HEAD").unwrap_err();
    assert!(failure.what.contains("which has no commit"), "{failure}");
    for number in 0..60 {
        sandbox.commit(&number.to_string());
        if number % 2 == 0 {
            sandbox.git(&["branch", &format!("topic/{number}")]);
            sandbox.git(&["tag", "-a", "-m", "tag", &format!("v{number}")]);
        }
    }
    sandbox.git(&["branch", "-D", "topic/4"]);
    sandbox.git(&["pack-refs"]);
    sandbox.git(&["branch", "-D", "topic/6"]);
    let hash = sandbox.git(&["rev-parse", "HEAD"]);
    let names = ["HEAD", "topic/2", "heads/topic/8", "refs/heads/topic/58", "v0", "tags/v50", "HEAD~3", hash.trim()];
    check_names(&sandbox.path(), &names);
    for gone in ["topic/4", "topic/6"] {
        assert!(sandbox.open().resolve(gone).unwrap_err().what.contains("is called"), "{gone}");
    }
    let tree = tempfile::tempdir().unwrap();
    let tree = tree.path().join("tree");
    sandbox.git(&["worktree", "add", "-q", "-b", "side", tree.to_str().unwrap(), "topic/10"]);
    check_names(&tree, &["HEAD", "side", "topic/2"]);
}

#[test]
fn names_without_a_commit_are_refused() {
    let sandbox = Sandbox::with_history(&[]);
    let repository = sandbox.open();
    for (name, message) in [
        ("nothing", "no branch, tag or commit is called `nothing`"),
        ("", "not the name of a commit"),
        ("HEAD..main", "not the name of a commit"),
        ("HEAD:a", "not the name of a commit"),
        ("main@{1}", "not the name of a commit"),
        ("HEAD~x", "not the name of a commit"),
        ("HEAD~99", "does not exist"),
        ("HEAD^3", "does not exist"),
        ("-x", "no branch, tag or commit"),
        ("../../etc", "not the name of a commit"),
        ("0000000000000000000000000000000000000001", "is missing"),
    ] {
        let failure = repository.resolve(name).unwrap_err();
        assert!(failure.what.contains(message), "{name}: {failure}");
    }
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    assert!(repository.resolve(tree.trim()).unwrap_err().what.contains("is a tree, not a commit"));
    let empty = Sandbox::init(&[]).open().resolve("HEAD").unwrap_err();
    assert!(empty.what.contains("`main`, which has no commit"), "{empty}");
    assert!(Repository::discover(Path::new("/proc")).unwrap().is_none());
}

#[test]
fn shallow_and_partial_clones_say_so() {
    let sandbox = Sandbox::with_history(&[]);
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    let around = tempfile::tempdir().unwrap();
    let url = format!("file://{}", sandbox.path().display());
    git_in(around.path(), &["clone", "-q", "--depth", "2", &url, "shallow"]);
    let shallow = Repository::discover(&around.path().join("shallow")).unwrap().unwrap();
    assert!(shallow.is_shallow() && !sandbox.open().is_shallow());
    let history = shallow.first_parents(shallow.resolve("HEAD").unwrap(), 100).unwrap();
    assert!(history.commits.len() == 2 && matches!(history.end, HistoryEnd::Shallow), "{history:?}");
    let older = shallow.resolve("HEAD~2").unwrap_err();
    assert!(older.what.contains("shallow") && older.help.contains("fetch-depth: 0"), "{older:?}");
    git_in(around.path(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "partial"]);
    let partial = Repository::discover(&around.path().join("partial")).unwrap().unwrap();
    let head = partial.commit(partial.resolve("HEAD").unwrap()).unwrap();
    let long = partial.entry_at(head.tree, "a/long.txt").unwrap().unwrap();
    assert!(partial.blob(long.id, 1 << 20).unwrap_err().what.contains("not in this partial clone"));
}

#[test]
fn a_history_ends_before_a_damaged_commit() {
    let sandbox = Sandbox::with_history(&[]);
    let id = sandbox.git(&["rev-parse", "HEAD~3"]);
    let file = sandbox.path().join(".git/objects").join(&id[..2]).join(id[2..].trim());
    let clear = |bytes: &[u8]| {
        fs::remove_file(&file).unwrap();
        fs::write(&file, bytes).unwrap();
    };
    let read = || {
        let repository = sandbox.open();
        let history = repository.first_parents(repository.resolve("HEAD").unwrap(), 100).unwrap();
        assert_eq!(history.commits.len(), 3);
        let HistoryEnd::Unreadable(failure) = history.end else { panic!("{history:?}") };
        failure
    };
    clear(b"nonsense");
    assert!(read().what.contains("is damaged"), "{:?}", read());
    fs::remove_file(&file).unwrap();
    assert!(read().what.contains("is missing"), "{:?}", read());
}

#[test]
fn the_work_tree_is_compared_as_git_status_does() {
    let sandbox = Sandbox::with_history(&[]);
    sandbox.write(".gitignore", "*.log\nout/\n!keep.log\n");
    for (file, text) in
        [("same.txt", "aaaa"), ("gone.txt", "x"), ("run.sh", "x"), ("kept.txt", "k"), ("forced.log", "f")]
    {
        sandbox.write(file, text);
    }
    sandbox.git(&["add", "-f", "forced.log"]);
    sandbox.commit("five");
    // Right after the commit, with the same size: times alone do not show it.
    sandbox.write("same.txt", "bbbb");
    sandbox.write("a/b/c.txt", "longer");
    fs::remove_file(sandbox.path().join("gone.txt")).unwrap();
    sandbox.write("new/deep/x.txt", "n");
    sandbox.write("out/ignored.txt", "n");
    sandbox.write("x.log", "n");
    sandbox.write("keep.log", "n");
    sandbox.write("inner/y.txt", "n");
    git_in(&sandbox.path().join("inner"), &["init", "-q"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(sandbox.path().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("kept.txt", sandbox.path().join("link")).unwrap();
        fs::remove_file(sandbox.path().join("side.txt")).unwrap();
        symlink("kept.txt", sandbox.path().join("side.txt")).unwrap();
    }
    let expected = if cfg!(unix) {
        "M a/b/c.txt\n? keep.log\n? link\n? new/deep/x.txt\nM run.sh\nM same.txt\nM side.txt\n"
    } else {
        "M a/b/c.txt\n? keep.log\n? new/deep/x.txt\nM same.txt\n"
    };
    let files = sandbox.open().work_files("").unwrap();
    let differing = files.iter().filter_map(|file| match file.state {
        WorkFileState::Unchanged => None,
        WorkFileState::Changed => Some(format!("M {}\n", file.path)),
        WorkFileState::Untracked => Some(format!("? {}\n", file.path)),
    });
    assert_eq!(differing.collect::<String>(), expected);
    assert!(!files.iter().any(|file| ["gone.txt", "x.log", "out/ignored.txt"].contains(&file.path.as_str())));
    for file in files.iter().filter(|file| file.kind != TreeEntryKind::Link) {
        assert_eq!(file.id.to_string(), sandbox.git(&["hash-object", &file.path]).trim(), "{}", file.path);
    }
    let below: Vec<String> = sandbox.open().work_files("a").unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(below, ["b/c.txt", "long.txt"]);
}

#[test]
fn files_as_a_checkout_writes_them_are_unchanged() {
    let sandbox = Sandbox::init(&[]);
    let large = "large\n".repeat(100);
    let hash = crate::image::Digest::of(crate::image::Algorithm::Sha256, large.as_bytes()).hex();
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 600\n");
    for name in ["same.bin", "other.bin", "shorter.bin"] {
        sandbox.write(name, &pointer);
    }
    sandbox.write("lines.txt", "a\nb\n");
    sandbox.write("words.txt", "a\nb\n");
    sandbox.commit("as git-lfs stores them");
    sandbox.write("same.bin", &large);
    sandbox.write("other.bin", &large.replace('l', "L"));
    sandbox.write("shorter.bin", &large[1..]);
    sandbox.write("lines.txt", "a\r\nb\r\n");
    sandbox.write("words.txt", "a\r\nc\r\n");
    let changed = |sandbox: &Sandbox| {
        let files = sandbox.open().work_files("").unwrap();
        let changed = files.into_iter().filter(|file| file.state == WorkFileState::Changed);
        changed.map(|file| file.path).collect::<Vec<String>>().join(" ")
    };
    assert_eq!(changed(&sandbox), "lines.txt other.bin shorter.bin words.txt");
    sandbox.git(&["config", "core.autocrlf", "true"]);
    assert_eq!(changed(&sandbox), "other.bin shorter.bin words.txt");
    sandbox.git(&["config", "core.autocrlf", "false"]);
    sandbox.write(".gitattributes", "# text\n*.txt text=auto\n");
    assert_eq!(changed(&sandbox), "other.bin shorter.bin words.txt");
}

#[test]
fn a_submodule_is_the_commit_that_is_checked_out() {
    let (outer, inner) = (Sandbox::with_history(&[]), Sandbox::with_history(&[]));
    outer.git(&["submodule", "add", "-q", inner.path().to_str().unwrap(), "vendor/inner"]);
    outer.commit("with a submodule");
    let module = |state| {
        let files = outer.open().work_files("vendor").unwrap();
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!((files[0].kind, files[0].state), (TreeEntryKind::Submodule, state), "{files:?}");
        files[0].id
    };
    let before = module(WorkFileState::Unchanged);
    let inside = outer.path().join("vendor/inner");
    check_names(&inside, &["HEAD", "origin/side", "v1.0"]);
    git_in(&inside, &["checkout", "-q", "HEAD~1"]);
    assert_ne!(module(WorkFileState::Changed), before);
    check_history(&outer.path());
}

/// Everything that is read of a repository, however damaged it is.
fn read_everything(folder: &Path) -> usize {
    let Ok(Some(repository)) = Repository::discover(folder) else { return 0 };
    let _ = repository.work_files("");
    let _ = tracked_paths(&folder.join(".git"));
    let mut read = 0;
    for name in ["HEAD", "side", "v1.0~1", "light^2", "abcd", "ab12"] {
        let Ok(id) = repository.resolve(name) else { continue };
        let Ok(history) = repository.first_parents(id, 20) else { continue };
        for commit in history.commits {
            let mut folders = vec![commit.tree];
            while let Some(folder) = folders.pop().filter(|_| read < 1_000) {
                for entry in repository.tree(folder).unwrap_or_default() {
                    read += 1;
                    if entry.kind == TreeEntryKind::Folder {
                        folders.push(entry.id);
                    } else {
                        let _ = repository.blob(entry.id, 1 << 16);
                    }
                }
            }
        }
    }
    read
}

#[test]
fn damaged_files_of_a_repository_never_panic() {
    let sandbox = Sandbox::with_history(&[]);
    sandbox.git(&["gc", "-q"]);
    let git_dir = sandbox.path().join(".git");
    let mut files: Vec<PathBuf> =
        fs::read_dir(git_dir.join("objects/pack")).unwrap().map(|file| file.unwrap().path()).collect();
    files.extend(["HEAD", "index", "packed-refs", "config"].map(|name| git_dir.join(name)));
    assert!(read_everything(&sandbox.path()) > 30);
    let rounds = if std::env::var_os("DOCKOPT_FULL").is_some() { 400 } else { 40 };
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below.max(1)
    };
    for file in files {
        let intact = fs::read(&file).unwrap();
        for round in 0..rounds {
            let mut bytes = intact.clone();
            match round % 4 {
                0 => bytes.truncate(next(intact.len())),
                _ => {
                    for _ in 0..=next(8) {
                        let at = next(bytes.len());
                        bytes[at] = [0, 0xff, 0x80, bytes[at] ^ (1 << next(8))][next(4)];
                    }
                }
            }
            // Packs are read-only, and mapped by nothing now.
            fs::remove_file(&file).unwrap();
            fs::write(&file, &bytes).unwrap();
            read_everything(&sandbox.path());
        }
        fs::remove_file(&file).unwrap();
        fs::write(&file, &intact).unwrap();
    }
    assert!(read_everything(&sandbox.path()) > 30);
}
