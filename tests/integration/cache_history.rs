//! `cache history` on repositories that git makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const DOCKERFILE: &str = "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n\
                          RUN npm run build\nCMD [\"node\", \"dist/app.js\"]\n";

pub(crate) const NAIVE: &str = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n";

pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let ran = Command::new("git")
        .args(["-c", "core.autocrlf=false", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"])
        .args(["-c", "user.name=a", "-c", "user.email=a@b"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "")
        .env("GIT_COMMITTER_DATE", "2026-11-01T12:00:00Z")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{args:?}: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

fn write(folder: &Path, file: &str, text: &str) {
    let full = folder.join(file);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    fs::write(full, text).unwrap();
}

/// Commits these files.
pub(crate) fn commit(folder: &Path, message: &str, files: &[(&str, &str)]) {
    for (file, text) in files {
        write(folder, file, text);
    }
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", message]);
}

pub(crate) const LOG: &str = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
                              #5 [2/5] WORKDIR /app\n#5 CACHED\n\n#6 [3/5] COPY . .\n#6 CACHED\n\n\
                              #7 [4/5] RUN npm ci --omit=dev\n#7 DONE 30.0s\n\n#8 [5/5] RUN npm run build\n#8 DONE 6.0s\n";

/// Seven commits: the project, a text, a source, a lock file, back to the text, a new option of the install, nothing.
pub(crate) fn project(dockerfile: &str) -> Dockopt {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    let files = [
        ("Dockerfile", dockerfile),
        (".dockerignore", ".git\nDockerfile\n.dockerignore\n*.md\n"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("src/app.js", "1"),
    ];
    commit(at, "the project", &files);
    commit(at, "a text", &[("README.md", "# a")]);
    commit(at, "a source", &[("src/app.js", "2")]);
    commit(at, "a lock file", &[("package-lock.json", "{ }")]);
    commit(at, "back", &[("src/app.js", "1"), ("package-lock.json", "{}")]);
    let option = dockerfile.replace("npm ci", "npm ci --omit=dev");
    commit(at, "the option", &[("Dockerfile", &option)]);
    commit(at, "nothing", &[]);
    dockopt
}

fn history(dockopt: Dockopt, args: &[&str]) -> (Value, Ran) {
    let ran = dockopt.args(["cache", "history", "--format", "json"]).args(args.iter().copied()).run().code(0);
    let json = ran.json();
    keeps_schema(include_str!("../../schemas/cache-history.schema.json"), &json);
    (json, ran)
}

/// The commits' states and steps, the newest first; FROM is left out.
fn rows(table: &Value) -> Vec<String> {
    let rows = table["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        row["steps"].as_str().map_or(row["state"].as_str().unwrap().to_owned(), |steps| steps[1..].to_owned())
    })
    .collect()
}

#[test]
fn each_commit_reruns_what_the_builder_would_rerun() {
    let (json, _) = history(project(DOCKERFILE), &[]);
    let table = &json["tables"][0];
    // WORKDIR, COPY of the manifests, install, COPY of all, build.
    assert_eq!(rows(table), [".....", "..###", ".....", ".####", "...##", ".....", "first"]);
    let step = |index: usize| &table["steps"][index];
    assert_eq!((&step(3)["reruns"], &step(3)["builds"]), (&2.into(), &6.into()), "{table}");
    assert_eq!(step(3)["causes"], serde_json::json!({ "files": 1, "dockerfile": 1 }));
    assert_eq!(step(3)["files"], serde_json::json!([{ "path": "package-lock.json", "builds": 1 }]));
    let files =
        serde_json::json!([{ "path": "package-lock.json", "builds": 1 }, { "path": "src/app.js", "builds": 1 }]);
    assert_eq!(step(5)["files"], files, "{table}");
    assert_eq!(json["end"], "root");
}

#[test]
fn a_fresh_builder_runs_everything() {
    let (json, _) = history(project(DOCKERFILE), &["--builder", "fresh", "--commits", "3"]);
    assert_eq!(rows(&json["tables"][0]), ["#####", "#####", "#####", "first"]);
    assert_eq!(json["end"], "limit");
}

#[test]
fn another_dockerfile_is_compared() {
    let dockopt = project(NAIVE);
    write(dockopt.path(), "other/Dockerfile", &DOCKERFILE.replace("npm ci", "npm ci --omit=dev"));
    write(dockopt.path(), "build.log", LOG);
    let args = ["Dockerfile", "--against", "other/Dockerfile", "--log", "build.log"];
    let (json, ran) = history(dockopt, &args);
    let (before, after) = (&json["tables"][0], &json["tables"][1]);
    assert_eq!(rows(before), ["....", "..##", "....", ".###", ".###", "....", "first"]);
    assert_eq!(rows(after), [".....", ".....", ".....", ".####", "...##", ".....", "first"]);
    assert_eq!(after["steps"][3]["same_as"], 3, "{after}");
    // 36 s three times in six builds; then 36 s once and 6 s once.
    assert_eq!(before["expected_seconds"], serde_json::json!({ "least": 18.0, "most": 18.0 }));
    assert_eq!(after["expected_seconds"], serde_json::json!({ "least": 7.0, "most": 7.0 }));
    let text = ran.again(["cache", "history"].into_iter().chain(args)).code(0).stdout;
    for part in [
        "`[4/5] RUN npm ci --omit=dev` reran in 3 of 6 commits; with `other/Dockerfile` it would have been 1",
        "`other/Dockerfile` would have saved 1 min 6 s in 6 commits",
        "src/app.js 1",
    ] {
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part}\n{text}");
    }
}

#[test]
fn the_rewrite_of_optimize_is_compared() {
    let (json, ran) = history(project(NAIVE).file("build.log", LOG), &["--against", "optimize", "--log", "build.log"]);
    let after = &json["tables"][1];
    assert_eq!(after["name"], "optimize");
    let steps = after["steps"].as_array().unwrap();
    let install = steps.iter().find(|step| step["name"].as_str().unwrap().contains("npm ci")).unwrap();
    // The same install with other words has the time of the log.
    assert_eq!((&install["reruns"], &install["same_as"]), (&1.into(), &3.into()), "{after}\n{}", ran.stderr);
    assert_eq!(install["seconds"], 30.0, "{after}");
}

#[test]
fn the_next_command_helps_against_what_reruns_most() {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    commit(at, "the project", &[("api/Dockerfile", NAIVE), ("api/package.json", "{}")]);
    commit(at, "a text", &[("README.md", "# a")]);
    commit(at, "another text", &[("README.md", "# b")]);
    let ran = dockopt.args(["cache", "history", ".", "--file", "api/Dockerfile"]).run().code(0);
    let line = "dockopt optimize . --file api/Dockerfile --level 0 --diff";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
    let diff = ran.again(line.split(' ').skip(1)).code(0).stdout;
    assert!(diff.contains("+.git"), "{diff}");
}

#[test]
fn a_dockerfile_in_the_context_is_priced_by_its_commits() {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    let dockerfile = |port: usize| format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nEXPOSE {port}\n");
    let files = [("package.json", "{}"), ("package-lock.json", "{}"), ("app.js", "0"), (".dockerignore", ".git\n")];
    commit(at, "the project", &files);
    for port in 1..=3 {
        commit(at, "the port", &[("Dockerfile", &dockerfile(port))]);
        commit(at, "a source", &[("app.js", &port.to_string())]);
    }
    commit(at, "both", &[("Dockerfile", &dockerfile(4)), ("app.js", "4")]);
    let rule = ["--select", "dockerfile-in-context"];
    let ran = dockopt.args(["audit", "--format", "json"]).args(rule).run();
    let json = ran.json();
    let finding = &json["findings"][0];
    assert_eq!(finding["rule"], "dockerfile-in-context", "{json}");
    let saves = &finding["impact"][0]["saves"];
    // The first commit with the Dockerfile fills the cache; of the six after it, one more changes the source, too.
    assert_eq!(
        finding["impact"][0]["evidence"].as_str().unwrap().split(',').next().unwrap(),
        "the step reran in 2 of the last 6 commits for no other file",
        "{saves}"
    );
    let ran = ran.again(["audit", "--no-history"].into_iter().chain(rule));
    assert!(!ran.stdout.contains("dockerfile-in-context"), "{}", ran.stdout);
    let ran = ran.again(["fix", "--unsafe", "--write"].into_iter().chain(rule)).code(0);
    assert_eq!(ran.read(".dockerignore"), ".git\nDockerfile\n.dockerignore\n");
    let ran = ran.again(["audit"].into_iter().chain(rule)).code(0);
    assert!(!ran.stdout.contains("dockerfile-in-context"), "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn modes_that_git_does_not_look_at_are_compared() {
    use std::os::unix::fs::PermissionsExt as _;

    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    let files = [("Dockerfile", "FROM debian:13\nCOPY . /app\n"), ("run.sh", "#!/bin/sh\n"), ("a.txt", "1")];
    commit(at, "the project", &files);
    let set_mode = |mode: u32| fs::set_permissions(at.join("run.sh"), fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o755);
    git(at, &["config", "core.fileMode", "false"]);
    let audit = ["audit", "--no-history", "--all", "--select", "file-mode-not-in-git"];
    let folder = at.to_owned();
    let ran = dockopt.args(audit).run();
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("`run.sh` is executable here, but not in a clone"), "{}", ran.stdout);
    git(&folder, &["update-index", "--chmod=+x", "run.sh"]);
    let ran = ran.again(audit);
    assert!(!ran.stdout.contains("file-mode-not-in-git"), "{}", ran.stdout);
    // Where git looks at the mode, `git status` shows a difference.
    fs::set_permissions(folder.join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = ran.again(audit);
    assert!(ran.stdout.contains("`run.sh` is not executable here"), "{}", ran.stdout);
    git(&folder, &["config", "core.fileMode", "true"]);
    let ran = ran.again(audit);
    assert!(!ran.stdout.contains("file-mode-not-in-git"), "{}", ran.stdout);
}

#[test]
fn a_plan_names_what_each_level_saves() {
    let plan = ["optimize", "--plan", "--log", "build.log"];
    let ran = project(NAIVE).file("build.log", LOG).args(plan).run().code(0);
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "`RUN npm ci --omit=dev` reran in 2 of 6 commits, would have been 1",
        "saves at least 30 s in 6 commits, by the log",
        "computed for the last 6 commits that build",
    ] {
        assert!(text.contains(part), "{part}\n{}\n{}", ran.stdout, ran.stderr);
    }
    let ran = ran.again(plan.iter().copied().chain(["--format", "json"])).code(0);
    let json = ran.json();
    keeps_schema(include_str!("../../schemas/optimize.schema.json"), &json);
    let build = &json["builds"][0];
    assert_eq!(build["history"], serde_json::json!({ "commits": 7, "builds": 6 }));
    let order = build["rungs"].as_array().unwrap().iter().find(|level| level["rung"] == 1).unwrap();
    let expected = serde_json::json!({
        "step": "RUN npm ci --omit=dev", "builds": 6,
        "before": { "reruns": 2, "may_rerun": 0 }, "after": { "reruns": 1, "may_rerun": 0 },
    });
    assert_eq!(
        (&order["history"]["steps"][0], &order["history"]["saved_seconds"]),
        (&expected, &30.0.into()),
        "{json}"
    );
    let without = ran.again(["optimize", "--plan", "--no-history"]);
    assert!(!without.stdout.contains("git history"), "{}", without.stdout);
    let untimed = without.again(["optimize", "--plan"]);
    assert!(
        !untimed.stdout.contains("by the log") && untimed.stdout.contains("would have been 1"),
        "{}",
        untimed.stdout
    );
    let other = untimed.again(["optimize", "--plan", "--log", "package.json"]).code(2);
    assert!(other.stderr.contains("`package.json` is a JSON document without build steps"), "{}", other.stderr);
}

#[test]
fn renamed_absent_and_rejected_dockerfiles_are_told() {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    commit(at, "without", &[("a.txt", "1")]);
    commit(
        at,
        "old name",
        &[("docker/Dockerfile", "FROM debian:13\nCOPY a.txt /a\nRUN true\n"), ("docker/a.txt", "1")],
    );
    commit(at, "broken", &[("docker/Dockerfile", "FROM debian:13\nCOPY a.txt /a\nRUN true\nCOPPY a.txt /b\n")]);
    commit(at, "repaired", &[("docker/Dockerfile", "FROM debian:13\nCOPY a.txt /a\nRUN true\n")]);
    git(at, &["mv", "docker", "image"]);
    commit(at, "moved", &[]);
    commit(at, "missing source", &[("image/Dockerfile", "FROM debian:13\nCOPY b.txt /a\nRUN true\n")]);
    commit(at, "new source", &[("image/b.txt", "2")]);
    let (json, ran) = history(dockopt, &["image"]);
    let states = ["##", "failed", "..", "..", "rejected", "first", "absent"];
    assert_eq!(rows(&json["tables"][0]), states, "{json}");
    assert_eq!(json["tables"][0]["rows"][1]["why"], "b.txt");
    assert!(json["notices"].to_string().contains("the Dockerfile is `docker/Dockerfile`"), "{json}");
    let text = ran.again(["cache", "history", "image"]).code(0).stdout;
    for part in ["whose Dockerfile the builder rejects (line 4:", "without the Dockerfile", "copies (`b.txt`)"] {
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part}\n{text}");
    }
}

#[test]
fn merges_count_once_and_shallow_clones_say_what_to_fetch() {
    let dockopt = project(DOCKERFILE);
    let at = dockopt.path();
    git(at, &["checkout", "-q", "-b", "side", "HEAD~2"]);
    commit(at, "aside", &[("src/side.js", "1")]);
    commit(at, "aside again", &[("src/side.js", "2")]);
    git(at, &["checkout", "-q", "main"]);
    git(at, &["merge", "-q", "--no-ff", "-m", "merged", "side"]);
    let url = format!("file://{}", at.display());
    git(at, &["clone", "-q", "--depth", "2", &url, "shallow"]);
    let (json, ran) = history(dockopt, &["Dockerfile"]);
    assert_eq!(rows(&json["tables"][0])[..2], ["...##", "....."]);
    assert_eq!(json["commits"].as_array().unwrap().len(), 8);
    let shallow = ran.again(["cache", "history", "shallow"]).code(0).stdout;
    assert!(shallow.contains("fetch-depth: 0"), "{shallow}");
}

#[test]
fn what_cannot_be_followed_is_told() {
    let plain = Dockopt::new().file("Dockerfile", DOCKERFILE).args(["cache", "history"]).run().code(2);
    assert!(plain.stderr.contains("is not in a git repository"), "{}", plain.stderr);
    git(plain.path(), &["init", "-q"]);
    let empty = plain.again(["cache", "history"]).code(2);
    assert!(empty.stderr.contains("has no commit"), "{}", empty.stderr);
    commit(empty.path(), "others", &[("a.txt", "1")]);
    git(empty.path(), &["rm", "-q", "--cached", "Dockerfile"]);
    git(empty.path(), &["commit", "-q", "--amend", "-m", "without"]);
    let uncommitted = empty.again(["cache", "history"]).code(2);
    assert!(uncommitted.stderr.contains("`Dockerfile` is in none of the last 1 commit"), "{}", uncommitted.stderr);
    let log = uncommitted.again(["cache", "history", "--log", "a.txt"]).code(2);
    assert!(log.stderr.contains("is in none of") || log.stderr.contains("`a.txt`"), "{}", log.stderr);
}

/// A project with a submodule in `vendor/inner` whose source is changed in the last of four commits.
pub(crate) fn with_submodule(dockerfile: &str, inner: &Path) -> Dockopt {
    git(inner, &["init", "-q"]);
    commit(inner, "inner", &[("src/x.c", "1"), ("notes.md", "1")]);
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    commit(at, "the project", &[("Dockerfile", dockerfile), (".dockerignore", ".git\n**/*.md\nDockerfile\n")]);
    git(at, &["submodule", "add", "-q", inner.to_str().unwrap(), "vendor/inner"]);
    commit(at, "a submodule", &[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")]);
    for (message, file) in [("its text", "notes.md"), ("its source", "src/x.c")] {
        commit(inner, message, &[(file, "2")]);
        git(&at.join("vendor/inner"), &["pull", "-q"]);
        commit(at, message, &[]);
    }
    dockopt
}

#[test]
fn the_files_of_submodules_are_compared() {
    let inner = tempfile::tempdir().unwrap();
    let dockerfile = "FROM debian:13\nCOPY vendor/inner/src /src\nRUN make\nCOPY . /all\n";
    let dockopt = with_submodule(dockerfile, inner.path());
    let folder = dockopt.path().to_owned();
    let (json, ran) = history(dockopt, &[]);
    // The first commit lacks the folder that is copied; the text is left out by .dockerignore.
    assert_eq!(rows(&json["tables"][0]), ["###", "...", "first", "failed"]);
    assert_eq!(json["tables"][0]["steps"][1]["files"][0]["path"], "vendor/inner/src/x.c");
    assert_eq!((&json["partial"], json["notices"].to_string().contains("Git LFS")), (&false.into(), true), "{json}");
    // A clone without the submodule knows only that its commit changed.
    git(&folder, &["submodule", "deinit", "-q", "-f", "--all"]);
    fs::remove_dir_all(folder.join(".git/modules")).unwrap();
    let without = ran.again(["cache", "history", "--format", "json"]).code(0).json();
    keeps_schema(include_str!("../../schemas/cache-history.schema.json"), &without);
    assert_eq!(rows(&without["tables"][0]), ["###", "###", "first", "failed"]);
    assert_eq!(without["partial"], true);
    assert!(
        without["notices"].to_string().contains("answer is partial: `vendor/inner` counts as changed"),
        "{without}"
    );
}

#[test]
fn an_audit_says_how_many_commits_paid() {
    let ran = project(NAIVE).args(["audit", "--select", "sources-before-dependencies"]).run();
    assert!(ran.stdout.contains("rerun in 2 of 6 commits"), "{}", ran.stdout);
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("reruns in 2 of 6 commits"), "{text}");
    let json = ran.again(["audit", "--select", "sources-before-dependencies", "--format", "json"]);
    let report = json.json();
    keeps_schema(include_str!("../../schemas/audit.schema.json"), &report);
    assert_eq!(report["builds"][0]["rerun"]["commits"], serde_json::json!({ "reruns": 2, "of": 6 }));
    assert!(report["findings"].to_string().contains("reruns in 2 of the last 6 commits, by git history"), "{report}");
    assert_eq!(report["notices"], serde_json::json!([]));
    let without = json.again(["audit", "--no-history", "--select", "sources-before-dependencies"]);
    assert!(!without.stdout.contains("commits"), "{}", without.stdout);
}

#[test]
fn an_audit_and_a_history_count_the_same() {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    commit(at, "first", &[("Dockerfile", NAIVE), (".dockerignore", ".git\n"), ("package.json", "{}")]);
    for number in 0..9 {
        let file = if number % 3 == 0 { "src/app.js" } else { "Dockerfile.md" };
        commit(at, "next", &[(file, &number.to_string())]);
    }
    let audit = dockopt.args(["audit", "--select", "sources-before-dependencies"]).run();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&audit.stdout).contains("reruns in 9 of 9 commits"), "{}", audit.stdout);
    let history = audit.again(["cache", "history"]).code(0);
    assert!(words(&history.stdout).contains("Dockerfile 9 commits of"), "{}", history.stdout);
    assert!(words(&history.stdout).contains("RUN npm ci 9 of 9"), "{}", history.stdout);
}

#[test]
fn an_audit_says_why_commits_have_no_price() {
    let project = project(NAIVE);
    let folder = project.path().to_owned();
    let audit = project.args(["audit", "."]).run();
    assert!(!audit.stdout.contains("no prices by commits"), "{}", audit.stdout);
    let shallow = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.display());
    git(shallow.path(), &["clone", "-q", "--depth", "3", &url, "clone"]);
    let clone = shallow.path().join("clone");
    let ran = audit.again(["audit", clone.to_str().unwrap()]);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no prices by commits: the clone is shallow and ends after 3 commits"), "{}", ran.stdout);
    assert!(words.contains("`fetch-depth: 0`"), "{}", ran.stdout);
    let quiet = ran.again(["audit", "--no-history", clone.to_str().unwrap()]);
    assert!(!quiet.stdout.contains("no prices by commits"), "{}", quiet.stdout);
    git(&clone, &["fetch", "-q", "--unshallow"]);
    git(&clone, &["reset", "-q", "--hard", "HEAD~4"]);
    let young = quiet.again(["audit", "--format", "json", clone.to_str().unwrap()]).json();
    let notices = young["notices"].to_string();
    assert!(notices.contains("has been built by fewer than 6 commits"), "{notices}");
    let tree = git(&clone, &["rev-parse", "HEAD~1^{tree}"]);
    let damaged = clone.join(".git/objects");
    git(&clone, &["repack", "-q", "-a", "-d", "-f"]);
    for pack in fs::read_dir(damaged.join("pack")).unwrap() {
        let pack = pack.unwrap().path();
        if pack.extension().is_some_and(|ending| ending == "pack") {
            let at = clone.join("objects.pack");
            fs::rename(&pack, &at).unwrap();
            fs::remove_file(pack.with_extension("idx")).unwrap();
            let pack = fs::File::open(&at).unwrap();
            let unpacked = Command::new("git").args(["unpack-objects", "-q"]).current_dir(&clone).stdin(pack).status();
            assert!(unpacked.unwrap().success());
        }
    }
    let (folder, file) = tree.trim().split_at(2);
    let object = damaged.join(folder).join(file);
    fs::remove_file(&object).unwrap();
    fs::write(&object, "damaged").unwrap();
    let ran = quiet.again(["audit", "--format", "json", clone.to_str().unwrap()]).json();
    let notices = ran["notices"].to_string();
    assert!(
        notices.contains("no prices by commits: a folder of a commit") && notices.contains("is damaged"),
        "{notices}"
    );
}

#[test]
fn a_rewrite_that_changes_nothing_leaves_the_plain_history() {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    commit(
        at,
        "first",
        &[("Dockerfile", "FROM scratch\nCOPY a /\nUSER 1000\n"), (".dockerignore", "*\n!a\n"), ("a", "1")],
    );
    commit(at, "second", &[("a", "2")]);
    let (json, ran) = history(dockopt, &["--against", "optimize"]);
    assert_eq!(json["tables"].as_array().unwrap().len(), 1);
    assert!(json["notices"].to_string().contains("`dockopt optimize` changes nothing in `Dockerfile`"), "{json}");
    let text = ran.again(["cache", "history", "--against", "optimize"]).code(0).stdout;
    assert!(text.contains("changes nothing in `Dockerfile`") && text.contains("1 of 1"), "{text}");
}

#[test]
fn a_log_of_another_build_is_told() {
    let log =
        "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#7 [2/2] RUN other\n#7 DONE 30.0s\n";
    let project = project(NAIVE).file("other.log", log);
    let (json, ran) = history(project, &["--log", "other.log", "--against", "optimize"]);
    let sentence = "`other.log` has no time of a step of these builds";
    assert!(json["notices"].to_string().contains(sentence), "{json}");
    let predicted = ran.again(["cache", "predict", "--log", "other.log", "--format", "json"]).code(0).json();
    assert!(predicted["builds"][0]["notes"].to_string().contains(sentence), "{predicted}");
}

#[test]
fn an_audit_names_the_step_that_commits_rerun() {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    let dockerfile = "FROM python:3.13\nWORKDIR /app\nCOPY early/ early/\nRUN make -C early\nCOPY . .\nRUN make\n";
    let files = [("Dockerfile", dockerfile), (".dockerignore", ".git\n"), ("early/a.py", ""), ("app/main.py", "")];
    commit(at, "first", &files);
    for number in 0..9 {
        let file = if number == 0 { "early/a.py" } else { "app/main.py" };
        commit(at, "next", &[(file, &number.to_string())]);
    }
    let ran = dockopt.args(["audit"]).run();
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("line 3 reruns in 1 of 9 commits, line 5 in 9"), "{}", ran.stdout);
    let json = ran.again(["audit", "--format", "json"]).json();
    keeps_schema(include_str!("../../schemas/audit.schema.json"), &json);
    let expected = serde_json::json!({ "reruns": 1, "of": 9, "later": { "line": 5, "reruns": 9 } });
    assert_eq!(json["builds"][0]["rerun"]["commits"], expected);
}

#[test]
fn the_parts_of_a_split_run_share_its_time() {
    let naive = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n";
    let split = "FROM node:22\nWORKDIR /app\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm run build\n";
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    commit(at, "first", &[("Dockerfile", naive), (".dockerignore", ".git\nother\n"), ("package.json", "{}")]);
    for number in 0..8 {
        let file = if number % 4 == 0 { "package.json" } else { "src/app.js" };
        commit(at, "next", &[(file, &number.to_string())]);
    }
    write(at, "other/Dockerfile", split);
    let log = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#5 [1/4] FROM docker.io/library/node:22\n\
        #5 DONE 0.1s\n\n#6 [2/4] WORKDIR /app\n#6 DONE 0.1s\n\n#7 [3/4] COPY . .\n#7 DONE 0.0s\n\n\
        #8 [4/4] RUN npm ci && npm run build\n#8 DONE 30.0s\n";
    write(at, "build.log", log);
    let args = ["Dockerfile", "--against", "other/Dockerfile", "--log", "build.log"];
    let (json, ran) = history(dockopt, &args);
    let steps = json["tables"][1]["steps"].as_array().unwrap();
    let parts: Vec<_> = steps.iter().filter(|step| step["part_of"] == 3).collect();
    assert_eq!(parts.len(), 2, "{json}");
    assert!(parts.iter().all(|part| part["seconds"].is_null() && part["same_as"].is_null()), "{json}");
    let text = ran.again(["cache", "history"].into_iter().chain(args)).code(0).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // All of it in two commits at least, and nothing at least in six.
    for part in [
        "RUN npm ci` reran in 8 of 8 commits; with `other/Dockerfile` it would have been 2",
        "`other/Dockerfile` would have saved at most 3 min in 8 commits, by the log",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
