//! `cache predict` and `cache history` with named build contexts.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cache_history::git;
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const DOCKERFILE: &str = "FROM debian:13\nWORKDIR /app\nCOPY main.c ./\nCOPY --from=lib src /lib\n\
                          RUN --mount=type=bind,from=lib,source=tools,target=/t sh /t/x.sh\nRUN make\n";

const BUILD: [&str; 4] = ["app", "--build-context", "lib=lib", "--format=json"];

/// A repository with an app and a folder that it takes as a named context.
fn project(dockerfile: &str) -> (Ran, PathBuf) {
    let ran = Dockopt::new()
        .file("app/Dockerfile", dockerfile)
        .file("app/main.c", "1")
        .file("lib/src/a.c", "1")
        .file("lib/src/a.md", "1")
        .file("lib/tools/x.sh", "1")
        .file("lib/.dockerignore", "**/*.md\n")
        .args(["--version"])
        .run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    commit(&folder, "first");
    (ran, folder)
}

fn commit(folder: &Path, message: &str) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", message]);
}

fn predict(ran: &Ran, more: &[&str]) -> Value {
    let arguments = ["cache", "predict"].into_iter().chain(BUILD).chain(more.iter().copied());
    let json = ran.again(arguments).code(0).json();
    keeps_schema(include_str!("../../schemas/cache-predict.schema.json"), &json);
    json["builds"][0].clone()
}

fn verdicts(build: &Value) -> Vec<&str> {
    build["steps"].as_array().unwrap().iter().map(|step| step["verdict"].as_str().unwrap()).collect()
}

const COPIED: [&str; 5] = ["cached", "cached", "reruns", "reruns", "reruns"];
const MOUNTED: [&str; 5] = ["cached", "cached", "cached", "reruns", "reruns"];

#[test]
fn files_of_a_named_folder_are_compared() {
    let (ran, folder) = project(DOCKERFILE);
    assert_eq!(verdicts(&predict(&ran, &[])), ["cached"; 5]);
    fs::write(folder.join("lib/src/a.md"), "2").unwrap();
    assert_eq!(verdicts(&predict(&ran, &[])), ["cached"; 5]);
    fs::write(folder.join("lib/tools/x.sh"), "2").unwrap();
    let mounted = predict(&ran, &[]);
    assert_eq!(verdicts(&mounted), MOUNTED);
    assert_eq!(mounted["steps"][3]["reasons"][0], "`lib:tools/x.sh` changed");
    fs::write(folder.join("lib/src/new.c"), "2").unwrap();
    let copied = predict(&ran, &[]);
    assert_eq!(verdicts(&copied), COPIED);
    assert_eq!(copied["steps"][2]["files"][0]["path"], "lib:src/new.c");
    commit(&folder, "second");
    assert_eq!(verdicts(&predict(&ran, &["--since", "HEAD"])), ["cached"; 5]);
    assert_eq!(verdicts(&predict(&ran, &["--since", "HEAD~1"])), COPIED);
    fs::write(folder.join("lib/.dockerignore"), "**/*.md\nsrc/new.c\n").unwrap();
    assert_eq!(predict(&ran, &[])["steps"][2]["reasons"][0], "`lib:src/new.c` is now left out by .dockerignore");
}

#[test]
fn a_file_of_a_named_folder_can_be_touched() {
    let (ran, _) = project(DOCKERFILE);
    let touched = predict(&ran, &["--touch", "lib/tools/x.sh"]);
    assert_eq!(verdicts(&touched), MOUNTED);
    assert_eq!(touched["compared"], "`lib:tools/x.sh` changed");
    let ignored = predict(&ran, &["--touch", "lib/src/a.md"]);
    assert_eq!(verdicts(&ignored), ["cached"; 5]);
    assert!(ignored["notes"].to_string().contains("left out by .dockerignore"), "{ignored}");
    let nothing = ran.again(["cache", "predict", "app", "--build-context", "lib=lib", "--touch", "lib/src/b.c"]);
    assert!(nothing.code(2).stderr.contains("`lib/src/b.c` does not exist"));
}

#[test]
fn folders_that_commits_lack_make_the_answer_partial() {
    let (ran, folder) = project(DOCKERFILE);
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("src")).unwrap();
    let named = format!("lib={}", outside.path().display());
    let since = |context: &str| {
        ran.again(["cache", "predict", "app", "--build-context", context, "--format=json"]).code(0).json()["builds"][0]
            .clone()
    };
    let unknown = ["cached", "cached", "may_rerun", "may_rerun", "may_rerun"];
    for (context, why) in [
        (named.as_str(), "is not in the repository"),
        ("lib=nowhere", "the folder `nowhere` does not exist"),
        ("lib=target:base", "it is the result of another build, `target:base`"),
    ] {
        let build = since(context);
        assert_eq!(verdicts(&build), unknown, "{build}");
        assert_eq!(build["partial"], true);
        assert!(build["notes"].to_string().contains(why), "{build}");
        assert!(build["steps"][2]["reasons"][0].as_str().unwrap().contains(why), "{build}");
    }
    assert_eq!(verdicts(&since("lib=docker-image://debian:13")), ["cached"; 5]);
    fs::write(folder.join("app/main.c"), "2").unwrap();
    commit(&folder, "second");
    let history = ran.again(["cache", "history", "app", "--build-context", &named, "--format=json"]).code(0).json();
    assert_eq!(history["partial"], true);
    assert!(history["notices"].to_string().contains("is not in the repository"), "{history}");
}

#[test]
fn steps_on_top_of_a_named_folder_run_in_each_build() {
    let dockerfile = "FROM lib AS all\nWORKDIR /made\nCOPY main.c .\nFROM debian:13\nCOPY --from=all /src /src\n\
                      COPY --from=all /made /made\n";
    let (ran, folder) = project(dockerfile);
    let same = predict(&ran, &[]);
    assert_eq!(verdicts(&same), ["reruns", "reruns", "cached", "may_rerun"]);
    assert!(same["steps"][0]["reasons"][0].as_str().unwrap().contains("the named context `lib`"), "{same}");
    fs::write(folder.join("lib/src/a.c"), "2").unwrap();
    assert_eq!(verdicts(&predict(&ran, &[])), ["reruns", "reruns", "reruns", "reruns"]);
    // A stage of that name is replaced.
    let replaced = "FROM debian:13 AS lib\nRUN make\nFROM debian:13\nCOPY --from=lib /src /src\n";
    let (ran, folder) = project(replaced);
    assert_eq!(verdicts(&predict(&ran, &[])), ["cached"]);
    fs::write(folder.join("lib/src/a.c"), "2").unwrap();
    assert_eq!(predict(&ran, &[])["steps"][0]["reasons"][0], "`lib:src/a.c` changed");
}

#[test]
fn a_history_reads_the_named_folders_of_each_commit() {
    let (ran, folder) = project(DOCKERFILE);
    for (message, file) in [("a", "lib/src/a.c"), ("b", "lib/src/a.md"), ("c", "lib/tools/x.sh"), ("d", "app/main.c")] {
        fs::write(folder.join(file), message).unwrap();
        commit(&folder, message);
    }
    let history = ["cache", "history"].into_iter().chain(BUILD);
    let history = ran.again(history).code(0).json();
    let steps = history["tables"][0]["steps"].as_array().unwrap();
    let reruns: Vec<(&str, u64)> =
        steps.iter().map(|step| (step["name"].as_str().unwrap(), step["reruns"].as_u64().unwrap())).collect();
    let of = |text: &str| reruns.iter().find(|(step, _)| step.contains(text)).unwrap().1;
    assert_eq!((of("main.c"), of("--from=lib"), of("type=bind"), of("RUN make")), (1, 2, 3, 3), "{reruns:?}");
    assert!(history.to_string().contains("lib:tools/x.sh"), "{history}");
}

#[test]
fn named_contexts_of_compose_and_bake_are_seen_from_their_file() {
    let (ran, folder) = project(DOCKERFILE);
    let compose = "services:\n  app:\n    build:\n      context: app\n      additional_contexts:\n        lib: ./lib\n";
    let bake = "target \"app\" {\n  context = \"app\"\n  contexts = { lib = \"lib\" }\n}\n";
    fs::write(folder.join("lib/tools/x.sh"), "2").unwrap();
    for (file, text) in [("compose.yaml", compose), ("docker-bake.hcl", bake)] {
        fs::write(folder.join(file), text).unwrap();
        let found = ran.again(["cache", "predict", ".", "--format=json"]).code(0).json();
        assert_eq!(verdicts(&found["builds"][0]), MOUNTED, "{found}");
        fs::remove_file(folder.join(file)).unwrap();
    }
}

#[test]
fn copies_of_a_project_have_copies_of_its_named_folders() {
    let (ran, folder) = project(DOCKERFILE);
    for copy in ["old/app", "old/lib/src", "old/lib/tools"] {
        fs::create_dir_all(folder.join(copy)).unwrap();
    }
    for file in ["app/Dockerfile", "app/main.c", "lib/src/a.c", "lib/src/a.md", "lib/tools/x.sh", "lib/.dockerignore"] {
        fs::copy(folder.join(file), folder.join("old").join(file)).unwrap();
    }
    assert_eq!(verdicts(&predict(&ran, &["--since", "old/app"])), ["cached"; 5]);
    fs::write(folder.join("lib/tools/x.sh"), "22").unwrap();
    assert_eq!(verdicts(&predict(&ran, &["--since", "old/app"])), MOUNTED);
    fs::remove_dir_all(folder.join("old/lib")).unwrap();
    let partial = predict(&ran, &["--since", "old/app"]);
    assert!(partial["notes"].to_string().contains("`old/app` has no copy of the folder `lib`"), "{partial}");
}
