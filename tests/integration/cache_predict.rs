//! `cache predict`: what a change reruns, in a folder and in a git repository.

use serde_json::Value;

use crate::cache_history::git;
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
    assert!(history.stdout.contains("2 of 2  ") && history.stdout.contains(".git/HEAD 2"), "{}", history.stdout);
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
