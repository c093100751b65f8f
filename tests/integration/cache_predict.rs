//! `cache predict`: what a change reruns, in a folder and in a git repository.

use serde_json::Value;

use crate::cache_history::{git, with_submodule};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const DOCKERFILE: &str = "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . .\nARG MODE=1\n\
                          RUN npm run build\nFROM nginx:1.27\nCOPY --from=build /app/dist /usr/share/nginx/html\n";

fn project() -> Dockopt {
    Dockopt::new()
        .file("Dockerfile", DOCKERFILE)
        .file(".dockerignore", "*.md\n.git\n")
        .file("package.json", "{}")
        .file("src/main.js", "1")
        .file("notes.md", "1")
}

fn json(ran: &Ran) -> Value {
    let json = ran.json();
    keeps_schema(include_str!("../../schemas/cache-predict.schema.json"), &json);
    json
}

/// The verdicts of the first build's steps.
fn verdicts(json: &Value) -> Vec<&str> {
    json["builds"][0]["steps"].as_array().unwrap().iter().map(|step| step["verdict"].as_str().unwrap()).collect()
}

const SOURCE_CHANGED: [&str; 6] = ["cached", "cached", "cached", "reruns", "reruns", "may_rerun"];

#[test]
fn a_touched_file_reruns_the_steps_that_take_it() {
    let ran = project().args(["cache", "predict", "--touch", "src/main.js", "--format", "json"]).run().code(0);
    let found = json(&ran);
    assert_eq!(verdicts(&found), SOURCE_CHANGED);
    let steps = &found["builds"][0]["steps"];
    assert_eq!(steps[3]["files"][0]["path"], "src/main.js");
    assert_eq!(steps[3]["line"], 5);
    assert_eq!(steps[4]["reasons"][0], "it builds on `[build 5/6] COPY . .`, which reruns");
    let all = json(&ran.again(["cache", "predict", "--touch", "package.json", "--format", "json"]));
    assert_eq!(verdicts(&all), ["cached", "reruns", "reruns", "reruns", "reruns", "may_rerun"]);
}

#[test]
fn a_file_that_is_not_sent_changes_nothing_and_that_is_said() {
    let ran = project().args(["cache", "predict", "--touch", "notes.md"]).run().code(0);
    assert!(ran.stdout.contains("all 6 steps are cached"), "{}", ran.stdout);
    assert!(ran.stdout.contains("`notes.md` is left out by .dockerignore"), "{}", ran.stdout);
}

#[test]
fn arguments_and_other_dockerfiles_are_changes_too() {
    let ran = project().args(["cache", "predict", "--change-build-arg", "MODE=2", "--format", "json"]).run().code(0);
    assert_eq!(verdicts(&json(&ran)), ["cached", "cached", "cached", "cached", "reruns", "may_rerun"]);
    assert!(ran.stdout.contains("the variable `MODE` changed from `1` to `2` in line 6"), "{}", ran.stdout);
    let other = DOCKERFILE.replace("npm install", "npm ci");
    let ran = project().file("new.Dockerfile", &other);
    let ran =
        ran.args(["cache", "predict", "-f", "Dockerfile", "--against", "new.Dockerfile", "--format", "json"]).run();
    assert_eq!(verdicts(&json(&ran.code(0)))[2..4], ["reruns", "reruns"]);
}

#[test]
fn what_the_builder_rejects_is_not_predicted() {
    let ran = project().file("Dockerfile", "FROM debian:13\nCOPPY . .\n").args([
        "cache",
        "predict",
        "--touch",
        "src/main.js",
    ]);
    let ran = ran.run().code(2);
    assert!(ran.stderr.contains("the builder rejects `Dockerfile`") && ran.stderr.contains("line 2"), "{}", ran.stderr);
    let ran = project().args(["cache", "predict", "--touch", "src/main.js", "--target", "nosuch"]).run().code(2);
    assert!(ran.stderr.contains("target stage `nosuch` could not be found"), "{}", ran.stderr);
}

#[test]
fn another_base_image_is_named() {
    let text = "ARG BASE=debian:13\nFROM $BASE\nADD https://localhost/x /x\nRUN true\n";
    let ran = Dockopt::new().file("Dockerfile", text).file("x", "1");
    let ran = ran.args(["cache", "predict", "--change-build-arg", "BASE=debian:12"]).run().code(0);
    assert!(ran.stdout.contains("FROM debian:12") && ran.stdout.contains("the base image changed"), "{}", ran.stdout);
    let same = ran.again(["cache", "predict", "--touch", "x"]).code(0);
    assert!(same.stdout.contains("may rerun: that depends on what is downloaded"), "{}", same.stdout);
}

#[test]
fn other_dockerfiles_are_predicted_beside_a_new_one() {
    let ran = project().args(["cache", "predict", "--touch", "src/main.js"]).run().code(0);
    let folder = ran.path().to_owned();
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "first"]] {
        git(&folder, arguments);
    }
    std::fs::write(folder.join("new.Dockerfile"), "FROM debian:13\nCOPY . /a\n").unwrap();
    let ran = ran.again(["cache", "predict"]).code(0);
    assert!(ran.stdout.contains("`new.Dockerfile` is new"), "{}", ran.stdout);
    assert!(ran.stderr.contains("`new.Dockerfile` is not in HEAD; it is left out"), "{}", ran.stderr);
}

#[test]
fn a_git_folder_that_is_sent_changes_with_each_commit() {
    let ran =
        project().file(".dockerignore", "*.md\n").args(["cache", "predict", "--touch", "src/main.js"]).run().code(0);
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    for message in ["first", "second", "third"] {
        git(&folder, &["commit", "-q", "--allow-empty", "-m", message]);
    }
    let same = ran.again(["cache", "predict"]).code(0);
    assert!(same.stdout.contains("all 6 steps are cached"), "{}", same.stdout);
    let commit = same.again(["cache", "predict", "--since", "HEAD~1", "--format", "json"]).code(0);
    assert_eq!(verdicts(&json(&commit)), SOURCE_CHANGED);
    let history = commit.again(["cache", "history"]).code(0);
    assert!(history.stdout.contains("2 of 2 ") && history.stdout.contains(".git/HEAD 2"), "{}", history.stdout);
    std::fs::write(folder.join(".dockerignore"), "*.md\n.git\n.dockerignore\n").unwrap();
    git(&folder, &["commit", "-q", "-a", "-m", "ignored"]);
    git(&folder, &["commit", "-q", "--allow-empty", "-m", "fifth"]);
    let commit = history.again(["cache", "predict", "--since", "HEAD~1"]).code(0);
    assert!(commit.stdout.contains("all 6 steps are cached"), "{}", commit.stdout);
}

#[test]
fn the_working_tree_is_compared_with_a_commit() {
    let ran = project().args(["cache", "predict"]).run().code(2);
    assert!(ran.stderr.contains("is not in a git repository"), "{}", ran.stderr);
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    let same = ran.again(["cache", "predict"]).code(0);
    assert!(same.stdout.contains("all 6 steps are cached"), "{}", same.stdout);
    std::fs::write(folder.join("src/main.js"), "2").unwrap();
    std::fs::write(folder.join("src/new.js"), "2").unwrap();
    let changed = same.again(["cache", "predict", "--format", "json"]).code(0);
    assert_eq!(verdicts(&json(&changed)), SOURCE_CHANGED);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "second"]);
    let since = changed.again(["cache", "predict", "--since", "HEAD~1", "--format", "json"]).code(0);
    assert_eq!(verdicts(&json(&since)), SOURCE_CHANGED);
    let none = since.again(["cache", "predict", "--since", "nothing"]).code(2);
    assert!(none.stderr.contains("nothing"), "{}", none.stderr);
}

#[test]
fn a_log_says_how_long_the_rebuild_takes() {
    let log = "#7 [build 4/6] RUN npm install\n#7 DONE 60.5s\n\n#8 [build 5/6] COPY . .\n#8 DONE 0.5s\n\n\
               #9 [build 6/6] RUN npm run build\n#9 DONE 20.0s\n";
    let ran = project().file("build.log", log);
    let ran = ran.args(["cache", "predict", "--touch", "src/main.js", "--log", "build.log"]).run().code(0);
    assert!(ran.stdout.contains("2 of 6 steps rerun (≈ 21 s, measured)"), "{}", ran.stdout);
    let json = json(&ran.again(["cache", "predict", "--touch=src/main.js", "--log=build.log", "--format=json"]));
    assert_eq!(json["builds"][0]["rerun_seconds"], 20.5);
}

#[test]
fn a_log_is_explained_by_what_changed_since_a_commit() {
    let log = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
               #5 [build 1/6] FROM docker.io/library/node:22\n#5 CACHED\n\n#6 [build 2/6] WORKDIR /app\n#6 CACHED\n\n\
               #7 [build 3/6] COPY package.json ./\n#7 CACHED\n\n#8 [build 4/6] RUN npm install\n#8 DONE 60.5s\n\n\
               #9 [build 5/6] COPY . .\n#9 DONE 0.5s\n\n#10 [build 6/6] RUN npm run build\n#10 DONE 20.0s\n";
    let ran = project().file("build.log", log).args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    std::fs::write(folder.join("src/main.js"), "2").unwrap();
    let explained = ran.again(["cache", "explain", "build.log", ".", "--before", "HEAD", "--format", "json"]).code(0);
    let json = explained.json();
    let reason = |name: &str| {
        let steps = json["builds"][0]["steps"].as_array().unwrap();
        steps.iter().find(|step| step["name"].as_str().unwrap().contains(name)).unwrap()["reason"].clone()
    };
    assert_eq!(reason("COPY . ."), "`src/main.js` changed");
    assert!(reason("npm install").as_str().unwrap().contains("the builder has lost the record"), "{json}");
    let alone = explained.again(["cache", "explain", "build.log", "--before", "HEAD"]).code(2);
    assert!(alone.stderr.contains("--before needs the Dockerfile"), "{}", alone.stderr);
}

#[test]
fn the_files_of_a_submodule_are_compared() {
    let inner = tempfile::tempdir().unwrap();
    let dockerfile = "FROM debian:13\nCOPY vendor/inner/src /src\nRUN make\nCOPY . /all\n";
    let ran = with_submodule(dockerfile, inner.path()).args(["cache", "predict", "--format", "json"]).run().code(0);
    let folder = ran.path().to_owned();
    assert_eq!(verdicts(&json(&ran)), ["cached"; 3]);
    // What git ignores there is the same before and after; an edit is not.
    std::fs::write(folder.join("vendor/inner/src/x.c"), "3").unwrap();
    let edited = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    assert_eq!(verdicts(&edited), ["reruns"; 3]);
    assert_eq!(edited["builds"][0]["steps"][0]["files"][0]["path"], "vendor/inner/src/x.c");
    git(&folder.join("vendor/inner"), &["checkout", "-q", "src/x.c"]);
    std::fs::write(folder.join("vendor/inner/new.c"), "3").unwrap();
    let added = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    assert_eq!(verdicts(&added), ["cached", "cached", "reruns"]);
    std::fs::remove_file(folder.join("vendor/inner/new.c")).unwrap();
    let text = json(&ran.again(["cache", "predict", "--since", "HEAD~1", "--format", "json"]).code(0));
    assert_eq!((verdicts(&text), &text["builds"][0]["partial"]), (vec!["reruns"; 3], &false.into()));
}

#[test]
fn a_context_in_a_submodule_is_refused_with_the_reason() {
    let inner = tempfile::tempdir().unwrap();
    let dockopt = with_submodule("FROM debian:13\nCOPY x.c /\n", inner.path());
    let arguments = ["cache", "predict", "vendor/inner/src", "--file", "Dockerfile"];
    let ran = dockopt.args(arguments).run().code(2);
    assert!(ran.stderr.contains("`vendor/inner/src` is in the submodule `vendor/inner`"), "{}", ran.stderr);
    let history = ran.again(["cache", "history", "vendor/inner/src", "--file", "Dockerfile"]).code(2);
    assert!(history.stderr.contains("is in the submodule `vendor/inner`"), "{}", history.stderr);
}

#[test]
fn a_submodule_that_is_not_there_makes_the_answer_partial() {
    let inner = tempfile::tempdir().unwrap();
    let dockerfile = "FROM debian:13\nCOPY vendor/inner/src /src\nCOPY . /all\n";
    let ran = with_submodule(dockerfile, inner.path()).args(["--version"]).run().code(0);
    let folder = ran.path().to_owned();
    git(&folder, &["submodule", "deinit", "-q", "-f", "--all"]);
    // Its repository is still there: only the work tree lacks the files.
    let since = |commit: &str| json(&ran.again(["cache", "predict", "--since", commit, "--format", "json"]).code(0));
    assert_eq!(verdicts(&since("HEAD")), ["cached"; 2]);
    assert_eq!(since("HEAD")["builds"][0]["partial"], true);
    std::fs::remove_dir_all(folder.join(".git/modules")).unwrap();
    assert_eq!(verdicts(&since("HEAD")), ["cached"; 2]);
    let before = since("HEAD~1");
    assert_eq!((verdicts(&before), &before["builds"][0]["partial"]), (vec!["reruns"; 2], &true.into()));
    let notes = before["builds"][0]["notes"].to_string();
    assert!(notes.contains("`vendor/inner` counts as changed") && notes.contains("submodule update --init"), "{notes}");
    // Checked out again without its history: what changed since is not known, so everything counts as changed.
    git(&folder, &["submodule", "-q", "init"]);
    let url = format!("file://{}", inner.path().display());
    git(&folder, &["config", "submodule.vendor/inner.url", &url]);
    git(&folder, &["submodule", "update", "-q", "--depth", "1"]);
    let shallow = since("HEAD~1");
    assert_eq!((verdicts(&shallow), &shallow["builds"][0]["partial"]), (vec!["reruns"; 2], &true.into()), "{shallow}");
}

#[test]
fn a_renamed_dockerfile_is_compared_with_its_older_name() {
    let ran = project().args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    std::fs::create_dir(folder.join("docker")).unwrap();
    git(&folder, &["mv", "Dockerfile", "docker/web.Dockerfile"]);
    git(&folder, &["commit", "-q", "-m", "renamed"]);
    let edited = DOCKERFILE.replace("npm run build", "npm run all");
    std::fs::write(folder.join("docker/web.Dockerfile"), &edited).unwrap();
    git(&folder, &["commit", "-q", "-am", "edited"]);
    let arguments =
        ["cache", "predict", ".", "--file", "docker/web.Dockerfile", "--since", "HEAD~2", "--format", "json"];
    let since = json(&ran.again(arguments).code(0));
    let notes = since["builds"][0]["notes"].to_string();
    assert!(notes.contains("in HEAD~2 the Dockerfile is `Dockerfile`"), "{notes}");
    // `COPY . .` takes the file under its new name.
    assert_eq!(verdicts(&since), SOURCE_CHANGED);
    // Of another branch: there is no line of first parents to it.
    git(&folder, &["checkout", "-q", "--orphan", "other"]);
    git(&folder, &["commit", "-q", "-m", "other"]);
    let since =
        json(&ran.again(["cache", "predict", ".", "-f", "docker/web.Dockerfile", "--since=main~2", "--format=json"]));
    assert!(since["builds"][0]["notes"].to_string().contains("the Dockerfile is `Dockerfile`"), "{since}");
}

#[test]
fn what_does_not_exist_is_not_changed() {
    let ran = project().args(["cache", "predict", "--touch", "src/mian.js"]).run().code(2);
    let ran = ran.complains(&["error: `src/mian.js` does not exist", "help: did you mean `src/main.js`?"]);
    let elsewhere = ran.again(["cache", "predict", "--touch", "main.js"]).code(2);
    elsewhere.complains(&["error: `main.js` does not exist", "help: did you mean `src/main.js`?"]);
    let none = ran.again(["cache", "predict", "--touch", "qqqqqqqq"]).code(2);
    none.complains(&["error: `qqqqqqqq` does not exist", "help: name a file or folder of the build context"]);
    let ignored = ran.again(["cache", "predict", "--touch", "notes.md"]).code(0);
    assert!(ignored.stdout.contains("`notes.md` is left out by .dockerignore"), "{}", ignored.stdout);
    let all = json(&ran.again(["cache", "predict", "--touch", ".", "--format", "json"]).code(0));
    assert_eq!(verdicts(&all), ["cached", "reruns", "reruns", "reruns", "reruns", "may_rerun"]);
    let argument = ran.again(["cache", "predict", "--change-build-arg", "MOED=2"]).code(2);
    argument.complains(&["error: `Dockerfile` has no `ARG MOED`", "help: did you mean `MODE`?"]);
    let argument = ran.again(["cache", "predict", "--change-build-arg", "VERSION=2"]).code(2);
    argument.complains(&["error: `Dockerfile` has no `ARG VERSION`", "help: its arguments: MODE"]);
    let value = ran.again(["cache", "predict", "--change-build-arg", "MODE"]).code(2);
    value.complains(&["error: `--change-build-arg MODE` has no value"]);
    let proxy =
        json(&ran.again(["cache", "predict", "--change-build-arg", "HTTP_PROXY=x", "--format", "json"]).code(0));
    assert_eq!(verdicts(&proxy), ["cached"; 6]);
}

#[test]
fn a_copy_of_a_deleted_file_fails() {
    let ran = project().args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    std::fs::remove_file(folder.join("package.json")).unwrap();
    let failed = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    assert_eq!(verdicts(&failed), ["cached", "fails", "not_run", "not_run", "not_run", "not_run"]);
    assert_eq!(failed["builds"][0]["reruns"], 0);
    let text = ran.again(["cache", "predict"]).code(0).stdout;
    assert!(text.contains("`package.json` is not in the build context: the build fails here"), "{text}");
    assert!(text.contains("the build fails at line 3") && !text.contains("steps rerun"), "{text}");
}

#[test]
fn swapped_variables_are_named() {
    let text = |first: &str, second: &str| format!("FROM debian:13\nENV {first}\nENV {second}\nRUN true\n");
    let ran = Dockopt::new().file("Dockerfile", text("A=1", "B=2")).file("new/Dockerfile", text("B=2", "A=1"));
    let ran = ran.args(["cache", "predict", "-f", "Dockerfile", "--against", "new/Dockerfile"]).run().code(0);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the same in another order: `B` now comes before `A` in line 2"), "{}", ran.stdout);
}

/// Writes a file with a time of its last change.
fn write_at(file: &std::path::Path, text: &str, seconds: u64) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    std::fs::File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
}

#[test]
fn folders_are_compared_without_git() {
    let ran = Dockopt::new().args(["--version"]).run();
    let folder = ran.path().to_owned();
    for (copy, main, time) in [("a/app", "1", 1_000), ("b/app", "2", 2_000), ("c/app", "3", 1_000)] {
        let copy = folder.join(copy);
        write_at(&copy.join("src/main.js"), main, time);
        write_at(&copy.join("Dockerfile"), DOCKERFILE, 1_000);
        write_at(&copy.join(".dockerignore"), "Dockerfile\n.dockerignore\n", 1_000);
        write_at(&copy.join("package.json"), "{}", 1_000);
    }
    let predict = |before: &str, after: &str| {
        json(&ran.again(["cache", "predict", after, "--since", before, "--format", "json"]).code(0))
    };
    let changed = predict("a/app", "b/app");
    assert_eq!(verdicts(&changed), SOURCE_CHANGED);
    assert_eq!(changed["builds"][0]["steps"][3]["reasons"][0], "`src/main.js` changed");
    assert_eq!(verdicts(&predict("a/app", "a/app")), ["cached"; 6]);
    // Another text of the same size and time: the builder does not transfer it.
    let trap = predict("a/app", "c/app");
    let missed = ["cached", "cached", "cached", "may_rerun", "may_rerun", "may_rerun"];
    assert_eq!(verdicts(&trap), missed);
    assert!(trap["builds"][0]["steps"][3]["reasons"][0].as_str().unwrap().contains("may wrongly say CACHED"), "{trap}");
    // Whatever a copy is called, it stands for an earlier state of the project.
    std::fs::rename(folder.join("c/app"), folder.join("c/other")).unwrap();
    assert_eq!(predict("a/app", "c/other")["builds"][0]["steps"], trap["builds"][0]["steps"]);
    let log = "#8 [build 4/6] RUN npm install\n#8 CACHED\n\n#9 [build 5/6] COPY . .\n#9 DONE 0.5s\n";
    std::fs::write(folder.join("build.log"), log).unwrap();
    for arguments in [&["b/app", "--before", "a/app"][..], &["a/app", "--before", "a/app", "--at", "b/app"]] {
        let arguments = ["cache", "explain", "build.log"].into_iter().chain(arguments.iter().copied());
        let explained = ran.again(arguments.chain(["--format", "json"])).code(0).json();
        assert_eq!(explained["builds"][0]["steps"][1]["reason"], "`src/main.js` changed", "{explained}");
    }
    let nothing = ran.again(["cache", "explain", "build.log", "a/app", "--before", "nothing"]).code(2);
    assert!(nothing.stderr.contains("is not in a git repository"), "{}", nothing.stderr);
    // A commit against a folder.
    git(&folder.join("a/app"), &["init", "-q"]);
    git(&folder.join("a/app"), &["add", "-A"]);
    git(&folder.join("a/app"), &["commit", "-q", "-m", "first"]);
    std::fs::write(folder.join("a/app/.dockerignore"), ".git\nDockerfile\n.dockerignore\n").unwrap();
    git(&folder.join("a/app"), &["commit", "-q", "-a", "-m", "ignored"]);
    let arguments = ["cache", "explain", "build.log", "a/app", "--before", "HEAD", "--at", "b/app", "--format", "json"];
    let mixed = ran.again(arguments).code(0).json();
    assert_eq!(mixed["builds"][0]["steps"][1]["reason"], "`src/main.js` changed", "{mixed}");
}

#[test]
fn new_empty_folders_are_copied() {
    let ran = project().file(".gitignore", "build/\n").args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    let predict = || json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    // Ignored by git, so nothing is known of it; the same is true of a folder with ignored files only.
    for ignored in ["src/build", "src/other/build"] {
        std::fs::create_dir_all(folder.join(ignored)).unwrap();
        std::fs::write(folder.join(ignored).join("x.o"), "1").unwrap();
    }
    assert_eq!(verdicts(&predict()), ["cached"; 6]);
    std::fs::create_dir_all(folder.join("src/more/empty")).unwrap();
    let found = predict();
    assert_eq!(verdicts(&found), SOURCE_CHANGED);
    assert_eq!(found["builds"][0]["steps"][3]["reasons"][0], "`src/more/empty` is new");
}

#[cfg(unix)]
#[test]
fn what_git_does_not_record_is_said() {
    use std::os::unix::fs::PermissionsExt;

    let ran = project().args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    let notes = || {
        let found = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
        assert_eq!(verdicts(&found), ["cached"; 6]);
        found["builds"][0]["notes"].to_string()
    };
    assert_eq!(notes(), "[]");
    let mode = |file: &str, mode: u32| {
        std::fs::set_permissions(folder.join(file), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("notes.md", 0o600);
    assert_eq!(notes(), "[]", "it is left out by .dockerignore");
    mode("src/main.js", 0o600);
    let expected = "`src/main.js` has the mode 600, which git does not record: if it had another one in the last build, \
                    the step of line 5 reruns";
    assert!(notes().contains(expected), "{}", notes());
    mode("src/main.js", 0o644);
    std::fs::write(folder.join(".dockerignore"), "*.md\n").unwrap();
    git(&folder, &["commit", "-q", "-am", "second"]);
    assert!(notes().contains("the context has the `.git` folder"), "{}", notes());
    std::fs::write(folder.join("Dockerfile"), "FROM debian:13\nCOPY src /src\n").unwrap();
    git(&folder, &["commit", "-q", "-am", "third"]);
    let narrow = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    assert_eq!(narrow["builds"][0]["notes"].to_string(), "[]");
}

#[test]
fn a_dockerfile_that_is_renamed_and_not_committed_is_followed() {
    let ran = project().args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    std::fs::create_dir(folder.join("docker")).unwrap();
    git(&folder, &["mv", "Dockerfile", "docker/web.Dockerfile"]);
    let edited = DOCKERFILE.replace("npm run build", "npm run all");
    std::fs::write(folder.join("docker/web.Dockerfile"), &edited).unwrap();
    std::fs::write(folder.join("src/main.js"), "2").unwrap();
    git(&folder, &["commit", "-q", "-m", "other", "src/main.js"]);
    let predict = |since: &str| {
        let arguments =
            ["cache", "predict", ".", "--file", "docker/web.Dockerfile", "--since", since, "--format", "json"];
        json(&ran.again(arguments).code(0))
    };
    for since in ["HEAD", "HEAD~1"] {
        let found = predict(since);
        let notes = found["builds"][0]["notes"].to_string();
        assert!(notes.contains(&format!("in {since} the Dockerfile is `Dockerfile`")), "{notes}");
        assert_eq!(verdicts(&found), SOURCE_CHANGED);
    }
    // Of another text it is another Dockerfile.
    std::fs::write(folder.join("docker/web.Dockerfile"), "FROM debian:13\nRUN true\n").unwrap();
    let arguments = ["cache", "predict", ".", "--file", "docker/web.Dockerfile"];
    assert!(ran.again(arguments).code(2).stderr.contains("is not in HEAD"));
}

#[test]
fn a_state_of_an_older_commit_is_named() {
    let dockerfile = |value: &str| format!("FROM debian:13\nENV A={value}\nRUN make\nRUN more\n");
    let ran = Dockopt::new().file("Dockerfile", dockerfile("1")).args(["--version"]).run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    std::fs::write(folder.join("Dockerfile"), dockerfile("2")).unwrap();
    git(&folder, &["commit", "-q", "-am", "second"]);
    git(&folder, &["commit", "-q", "--allow-empty", "-m", "third"]);
    std::fs::write(folder.join("Dockerfile"), dockerfile("1")).unwrap();
    let back = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    assert_eq!(verdicts(&back), ["reruns", "reruns"]);
    let expected =
        "`[2/3] RUN make` and 1 more are as in HEAD~2: cached if the builder has built it and keeps its records";
    assert!(back["builds"][0]["notes"].to_string().contains(expected), "{back}");
    std::fs::write(folder.join("Dockerfile"), dockerfile("3")).unwrap();
    let fresh = json(&ran.again(["cache", "predict", "--format", "json"]).code(0));
    assert_eq!(fresh["builds"][0]["notes"].to_string(), "[]");
}
