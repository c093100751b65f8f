//! What `cache predict` and `cache history` may say for certain: the build context that files of the project name, modes of
//! folders, steps that moved, names of images and hosts, and reasons that fit their verdicts.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cache_history::{commit, git};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const DOCKERFILE: &str = "FROM debian:13\nWORKDIR /app\nCOPY src src\nCOPY . .\nRUN make\n";

/// A Dockerfile in a folder of its own, with sources there and at the top, in a repository with these files besides.
fn project(files: &[(&str, &str)]) -> Ran {
    let dockopt = Dockopt::new();
    git(dockopt.path(), &["init", "-q"]);
    let own = [("packaging/Dockerfile", DOCKERFILE), ("packaging/src/a.c", "1"), ("src/a.c", "1")];
    commit(dockopt.path(), "first", &[&own[..], files].concat());
    commit(dockopt.path(), "second", &[("src/a.c", "2")]);
    fs::write(dockopt.path().join("src/a.c"), "3").unwrap();
    dockopt.args(["--version"]).run().code(0)
}

fn build(ran: &Ran, arguments: &[&str]) -> Value {
    let arguments = ["cache", "predict", "--format=json"].into_iter().chain(arguments.iter().copied());
    let json = ran.again(arguments).code(0).json();
    keeps_schema(include_str!("../../schemas/cache-predict.schema.json"), &json);
    assert_eq!(json["builds"].as_array().unwrap().len(), 1, "{json}");
    json["builds"][0].clone()
}

fn verdicts(build: &Value) -> Vec<&str> {
    build["steps"].as_array().unwrap().iter().map(|step| step["verdict"].as_str().unwrap()).collect()
}

fn reasons(build: &Value, step: usize) -> Vec<&str> {
    build["steps"][step]["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect()
}

/// Files that build `packaging/Dockerfile` with the top as the context, and how they are named.
const RECIPES: [(&str, &str, &str); 8] = [
    ("Makefile", "image:\n\tdocker build -f packaging/Dockerfile -t app .\n", "Makefile:2"),
    ("justfile", "image:\n    podman build --file=packaging/Dockerfile .\n", "justfile:2"),
    (
        "scripts/build.sh",
        "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\ndocker build -f packaging/Dockerfile .\n",
        "build.sh:3",
    ),
    (
        ".github/workflows/ci.yml",
        "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          file: packaging/Dockerfile\n",
        "ci.yml:4",
    ),
    (
        "compose.yaml",
        "services:\n  app:\n    build:\n      context: .\n      dockerfile: packaging/Dockerfile\n",
        "compose.yaml",
    ),
    (
        "deploy/compose.yaml",
        "services:\n  app:\n    build:\n      context: ..\n      dockerfile: packaging/Dockerfile\n",
        "compose.yaml",
    ),
    (
        "packaging/compose.yaml",
        "services:\n  app:\n    build:\n      context: ..\n      dockerfile: packaging/Dockerfile\n",
        "compose.yaml",
    ),
    (
        "docker-bake.hcl",
        "target \"app\" {\n  context = \".\"\n  dockerfile = \"packaging/Dockerfile\"\n}\n",
        "docker-bake.hcl",
    ),
];

#[test]
fn the_context_that_a_file_names_is_used_and_said() {
    for (file, text, by) in RECIPES {
        let ran = project(&[(file, text)]);
        for path in ["packaging/Dockerfile", "packaging", "."] {
            let build = build(&ran, &[path]);
            assert_eq!(verdicts(&build), ["cached", "reruns", "reruns", "reruns"], "{file}, {path}: {build}");
            assert_eq!(reasons(&build, 1), ["`src/a.c` changed"], "{file}, {path}: {build}");
            let notes = build["notes"].to_string();
            assert!(notes.contains(by) && notes.contains("the build context is `.`"), "{file}, {path}: {notes}");
        }
        let history = ran.again(["cache", "history", "packaging/Dockerfile", "--format=json"]).code(0).json();
        assert_eq!(history["tables"][0]["steps"][2]["reruns"], 1, "{file}: {history}");
        assert!(history["notices"].to_string().contains("the build context is `.`"), "{file}: {history}");
        let context = ran.again(["context", "ls", "packaging/Dockerfile"]).code(0);
        assert!(context.stderr.contains("the build context is `.`"), "{file}: {}", context.stderr);
        for arguments in [&["audit"][..], &["optimize"]] {
            let ran = ran.again(arguments.iter().copied().chain(["packaging/Dockerfile"]));
            let text = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains("the build context is `.`"), "{file}, {arguments:?}: {text}");
        }
    }
}

#[test]
fn no_copy_is_called_cached_where_files_name_several_contexts() {
    let makefile = ("Makefile", "image:\n\tdocker build -f packaging/Dockerfile -t app .\n");
    let compose = ("compose.yaml", "services:\n  app:\n    build: packaging\n");
    let script = ("build.sh", "docker build packaging\n");
    for files in [[makefile, compose], [makefile, script]] {
        let ran = project(&files);
        fs::write(ran.path().join("src/a.c"), "2").unwrap();
        for path in ["packaging/Dockerfile", "packaging", "."] {
            let build = build(&ran, &[path]);
            assert_eq!(verdicts(&build), ["cached", "may_rerun", "may_rerun", "may_rerun"], "{path}: {build}");
            assert!(reasons(&build, 1)[0].starts_with("the build context may be another: "), "{build}");
            assert_eq!(build["partial"], true);
            let text = ran.again(["cache", "predict", path]).code(0).stdout;
            assert!(!text.contains("all 4 steps") && text.contains("depends on the build context"), "{text}");
        }
        let history = ran.again(["cache", "history", "packaging/Dockerfile", "--format=json"]).code(0).json();
        assert_eq!(history["tables"][0]["steps"][2]["may_rerun"], 1, "{history}");
        assert_eq!(history["partial"], true);
    }
    // Each service's own context is another build, not a doubt.
    let services = "services:\n  a:\n    build:\n      context: .\n      dockerfile: packaging/Dockerfile\n  b:\n    build: packaging\n";
    let ran = project(&[("compose.yaml", services)]);
    let builds = ran.again(["cache", "predict", ".", "--format=json"]).code(0).json();
    assert_eq!(verdicts(&builds["builds"][0])[1..], ["reruns", "reruns", "reruns"], "{builds}");
    assert_eq!(verdicts(&builds["builds"][1]), ["cached"; 4], "{builds}");
}

#[test]
fn the_folder_that_is_typed_is_the_context_and_files_may_contradict_it() {
    let ran = project(&[("Makefile", "image:\n\tdocker build -f packaging/Dockerfile -t app .\n")]);
    let typed = |context: &str| build(&ran, &[context, "--file", "packaging/Dockerfile"]);
    assert_eq!(verdicts(&typed("packaging")), ["cached", "may_rerun", "may_rerun", "may_rerun"]);
    let agreed = typed(".");
    assert_eq!(verdicts(&agreed), ["cached", "reruns", "reruns", "reruns"]);
    assert_eq!(agreed["partial"], false);
    // A text for people counts only where nothing else builds it.
    let readme = ("README.md", "Run `docker build packaging`.\n");
    let ran = project(&[("Makefile", "image:\n\tdocker build -f packaging/Dockerfile .\n"), readme]);
    assert_eq!(build(&ran, &["packaging/Dockerfile"])["partial"], false);
    let ran = project(&[readme]);
    assert_eq!(verdicts(&build(&ran, &["packaging/Dockerfile"])), ["cached"; 4]);
}

#[test]
fn files_next_to_a_dockerfile_and_above_it_are_read_without_a_repository() {
    let ran = Dockopt::new()
        .file("packaging/Dockerfile", DOCKERFILE)
        .file("packaging/src/a.c", "1")
        .file("src/a.c", "1")
        .file("Makefile", "image:\n\tdocker build -f packaging/Dockerfile -t app .\n")
        .args(["context", "ls", "packaging/Dockerfile"])
        .run()
        .code(0);
    assert!(ran.stderr.contains("Makefile:2: the build context is `.`"), "{}", ran.stderr);
}

#[cfg(unix)]
fn set_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn modes_of_files_and_folders_count_in_copies_of_a_project() {
    let ran = Dockopt::new().args(["--version"]).run();
    let folder = ran.path().to_owned();
    for copy in ["old/app", "new/other"] {
        for (file, text) in [("Dockerfile", DOCKERFILE), ("src/a.c", "1"), ("src/run.sh", "1"), (".dockerignore", "")] {
            let file = folder.join(copy).join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            set_mode(&file, 0o644);
        }
        set_mode(&folder.join(copy).join("src"), 0o755);
    }
    let predict = || build(&ran, &["new/other", "--since", "old/app"]);
    assert_eq!(verdicts(&predict()), ["cached"; 4]);
    let log = "#8 [3/5] COPY src src\n#8 DONE 0.5s\n\n#9 [4/5] COPY . .\n#9 DONE 0.5s\n";
    fs::write(folder.join("build.log"), log).unwrap();
    for (place, mode, usual) in [("src/run.sh", 0o755, 0o644), ("src/a.c", 0o664, 0o644), ("src", 0o700, 0o755)] {
        set_mode(&folder.join("new/other").join(place), mode);
        let reason = format!("`{place}` has another mode");
        let predicted = predict();
        let first = &reasons(&predicted, 1)[0];
        assert!(first.starts_with(&reason), "{place}: {first}");
        let explained = ["cache", "explain", "build.log", "new/other", "--before", "old/app", "--format=json"];
        let explained = ran.again(explained).code(0).json();
        let explained = explained["builds"][0]["steps"][0]["reason"].as_str().unwrap().to_owned();
        assert!(explained.starts_with(&reason), "{place}: {explained}");
        set_mode(&folder.join("new/other").join(place), usual);
    }
    // Git records of a mode whether a file is executable.
    git(&folder.join("old/app"), &["init", "-q"]);
    commit(&folder.join("old/app"), "first", &[(".dockerignore", ".git\n")]);
    fs::write(folder.join("new/other/.dockerignore"), ".git\n").unwrap();
    let explained = |place: &str, mode: u32| {
        set_mode(&folder.join("new/other").join(place), mode);
        let arguments = ["cache", "explain", "build.log", "old/app", "--before", "HEAD", "--at", "new/other"];
        ran.again(arguments.into_iter().chain(["--format=json"])).code(0).json()["builds"][0]["steps"][0]["reason"]
            .clone()
    };
    let nothing = explained("src/a.c", 0o664);
    assert!(nothing.as_str().unwrap().starts_with("nothing that it depends on changed since HEAD"), "{nothing}");
    assert_eq!(explained("src/run.sh", 0o755), "`src/run.sh` has another mode");
}

/// What becomes of a committed build with another Dockerfile.
fn rewritten(before: &str, after: &str) -> Value {
    let dockopt = Dockopt::new();
    git(dockopt.path(), &["init", "-q"]);
    commit(
        dockopt.path(),
        "first",
        &[("Dockerfile", before), (".dockerignore", "*\n!a\n!b\n"), ("a", "1"), ("b", "1")],
    );
    fs::write(dockopt.path().join("Dockerfile"), after).unwrap();
    build(&dockopt.args(["--version"]).run(), &["."])
}

#[test]
fn steps_that_moved_are_the_steps_that_they_were() {
    let head = "FROM debian:13\nWORKDIR /w\n";
    let moved = "the earlier build has it on top of other steps";
    for (first, second) in
        [("COPY a /a\n", "COPY b /b\n"), ("RUN make a\n", "RUN make b\n"), ("COPY a /a\n", "RUN make\n")]
    {
        let build = rewritten(&format!("{head}{first}{second}"), &format!("{head}{second}{first}"));
        assert_eq!(verdicts(&build), ["cached", "reruns", "reruns"], "{build}");
        assert_eq!(reasons(&build, 1), [moved], "{build}");
        assert!(!build.to_string().contains("no such step"), "{build}");
    }
    // Into another stage, and behind what is new.
    let one = format!("{head}COPY a /a\nRUN make\n");
    let two = format!("FROM debian:13 AS base\nRUN apt-get update\n{head}COPY b /b\nRUN make\nCOPY a /a\n");
    let build = rewritten(&one, &two);
    assert_eq!(
        build["steps"].as_array().unwrap().last().unwrap()["reasons"][0],
        "it builds on `[stage-1 3/5] COPY b /b`, which reruns"
    );
    assert!(!reasons(&build, 2).contains(&"the earlier build has no such step"), "{build}");
}

#[test]
fn names_of_one_image_and_of_one_platform_are_equal() {
    let with = |image: &str| format!("FROM {image}\nRUN make\nCOPY --from={image} /etc/os-release /r\n");
    for other in
        ["docker.io/library/debian:13", "index.docker.io/library/debian:13", "library/debian:13", "docker.io/debian:13"]
    {
        let build = rewritten(&with("debian:13"), &with(other));
        assert_eq!(verdicts(&build), ["cached", "cached"], "{other}: {build}");
    }
    assert_eq!(verdicts(&rewritten(&with("debian"), &with("debian:latest"))), ["cached", "cached"]);
    let digest = format!("@sha256:{}", "ab".repeat(32));
    let pinned = (with(&format!("debian:13{digest}")), with(&format!("docker.io/library/debian{digest}")));
    assert_eq!(verdicts(&rewritten(&pinned.0, &pinned.1)), ["cached", "cached"]);
    for other in ["debian:12", "quay.io/library/debian:13", "acme/debian:13", "localhost/debian:13"] {
        let build = rewritten(&with("debian:13"), &with(other));
        assert_eq!(verdicts(&build)[..2], ["reruns", "reruns"], "{other}: {build}");
    }
    let platform = |name: &str| format!("FROM --platform={name} debian:13\nRUN make\n");
    assert_eq!(verdicts(&rewritten(&platform("linux/x86_64"), &platform("linux/amd64"))), ["cached"]);
    assert_eq!(verdicts(&rewritten(&platform("linux/arm64"), &platform("linux/arm64/v8"))), ["cached"]);
    assert_eq!(verdicts(&rewritten(&platform("linux/arm64"), &platform("linux/amd64")))[1], "reruns");
}

#[test]
fn the_host_name_enters_the_key_of_each_run() {
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).file("src/a.c", "1").args(["--version"]).run();
    let change = |value: &str| build(&ran, &["--change-build-arg", &format!("BUILDKIT_SANDBOX_HOSTNAME={value}")]);
    let named = change("one");
    assert_eq!(verdicts(&named), ["cached", "cached", "cached", "reruns"]);
    assert!(
        reasons(&named, 3)[0].contains("`BUILDKIT_SANDBOX_HOSTNAME`, the host name in every RUN, is new"),
        "{named}"
    );
    // As the engine: the name that it gives without the argument counts too, an empty one does not.
    assert_eq!(verdicts(&change("buildkitsandbox"))[3], "reruns");
    assert_eq!(verdicts(&change("")), ["cached"; 4]);
}

#[test]
fn uncommitted_changes_are_said_where_another_change_is_looked_at() {
    let dockopt = Dockopt::new();
    git(dockopt.path(), &["init", "-q"]);
    let dockerfile = "FROM debian:13\nARG MODE=1\nCOPY src src\nRUN make\n";
    commit(dockopt.path(), "first", &[("Dockerfile", dockerfile), ("src/a.c", "1"), ("src/b.c", "1")]);
    let ran = dockopt.args(["--version"]).run();
    let changes = [["--change-build-arg", "MODE=2"], ["--touch", "src/b.c"]];
    for change in changes {
        assert_eq!(build(&ran, &change)["notes"], serde_json::json!([]));
    }
    fs::write(ran.path().join("src/a.c"), "2").unwrap();
    fs::write(ran.path().join("other"), dockerfile).unwrap();
    for change in changes.into_iter().chain([["--against", "other"]]) {
        let notes = build(&ran, &change)["notes"].to_string();
        let help = if change[0] == "--touch" { "leave out `--touch`" } else { "add `--since HEAD`" };
        for words in ["uncommitted changes count as built already", "2 steps", "`src/a.c` changed", help] {
            assert!(notes.contains(words), "{change:?}: {notes}");
        }
        let arguments = if change[0] == "--touch" { vec![] } else { vec![change[0], change[1], "--since", "HEAD"] };
        let counted = build(&ran, &arguments);
        assert_eq!(counted["notes"], serde_json::json!([]), "{counted}");
        assert!(reasons(&counted, 0)[0].contains("`src/a.c` changed"), "{counted}");
    }
}

#[test]
fn a_step_that_reruns_has_a_certain_reason() {
    let dockerfile = "FROM debian:13 AS build\nCOPY src src\nRUN make\nFROM debian:13\nCOPY src src\n\
                      COPY --from=build /out /out\nRUN --mount=from=build,target=/b true\nCOPY --from=build --chmod=755 /x /x\n";
    let ran = Dockopt::new().file("Dockerfile", dockerfile).file("src/a.c", "1").args(["--version"]).run();
    let touched = build(&ran, &["--touch", "src/a.c"]);
    let other = ran.path().join("other");
    fs::write(&other, dockerfile.replace("--chmod=755", "--chmod=700")).unwrap();
    let both = build(&ran, &["--touch", "src/a.c", "--against", "other"]);
    for build in [&touched, &both] {
        for step in build["steps"].as_array().unwrap().iter().filter(|step| step["verdict"] == "reruns") {
            assert!(!step["reasons"].as_array().unwrap().is_empty(), "{step}");
            assert!(!step["reasons"].to_string().contains(" may "), "{step}");
        }
    }
    let text = ran.again(["cache", "predict", "--touch", "src/a.c"]).code(0).stdout;
    assert!(!text.contains("which may be another than before"), "{text}");
    // A step on one that may rerun, with a change of its own, names its own.
    let of = |command: &str| {
        format!(
            "FROM debian:13 AS build\nCOPY src src\nFROM debian:13\nCOPY --from=build /src /s\nRUN {command}\nRUN b\n"
        )
    };
    fs::write(ran.path().join("Dockerfile"), of("a")).unwrap();
    fs::write(&other, of("c")).unwrap();
    let own = build(&ran, &["--touch", "src/a.c", "--against", "other"]);
    assert_eq!(verdicts(&own), ["reruns", "may_rerun", "reruns", "reruns"]);
    assert_eq!(reasons(&own, 2), ["its command changed"]);
    assert_eq!(reasons(&own, 3), ["it builds on `[stage-1 3/4] RUN c`, which reruns"]);
}

#[test]
fn equal_commands_are_the_same_step_before_parts_of_a_command_are() {
    let dockerfile = "FROM debian:13\nCOPY . .\nRUN apt-get update && make tools\nRUN make tools\nRUN make app\n";
    let other = "FROM debian:13\nRUN make tools\nCOPY . .\nRUN apt-get update && make tools\nRUN make app\nRUN apt-get update\n";
    let dockopt = Dockopt::new();
    git(dockopt.path(), &["init", "-q"]);
    commit(dockopt.path(), "first", &[("Dockerfile", dockerfile), ("a", "1")]);
    commit(dockopt.path(), "second", &[("a", "2")]);
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("other.Dockerfile");
    fs::write(&file, other).unwrap();
    let ran = dockopt.args(["cache", "history", "--format=json", "--against", file.to_str().unwrap()]).run().code(0);
    let json = ran.json();
    let steps = |table: usize| json["tables"][table]["steps"].as_array().unwrap();
    for step in steps(1).iter().filter(|step| step["kind"] == "run") {
        let text = |step: &Value| step["name"].as_str().unwrap().split_once("] ").unwrap().1.to_owned();
        let same = step["same_as"].as_u64().map(|index| text(&steps(0)[usize::try_from(index).unwrap()]));
        let is_new = text(step) == "RUN apt-get update";
        assert_eq!(same, (!is_new).then(|| text(step)), "{step}");
        assert!(step["part_of"].is_null(), "{step}");
    }
}
