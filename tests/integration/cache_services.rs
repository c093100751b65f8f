//! `cache predict` and `cache explain` of builds that compose and bake files describe, and of logs of several builds.

use serde_json::Value;

use crate::cache_history::git;
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const DOCKERFILE: &str = "FROM debian:13\nARG KIND\nCOPY main.c ./\nRUN make\n";

const COMPOSE: &str = "services:\n  api:\n    build: {context: second}\n  worker:\n    build: {context: first}\n  cron:\n    image: cron\n";

const LOG: &str = "#1 [api internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
                   #2 [worker internal] load build definition from Dockerfile\n#2 DONE 0.0s\n\n\
                   #3 [api 2/3] COPY main.c ./\n#3 DONE 0.1s\n\n#4 [worker 2/3] COPY main.c ./\n#4 CACHED\n\n\
                   #5 [api 3/3] RUN make\n#5 DONE 7.0s\n\n#6 [worker 3/3] RUN make\n#6 DONE 2.0s\n\n";

/// Two services whose Dockerfiles are equal, in folders of other names.
fn services() -> Dockopt {
    Dockopt::new()
        .file("compose.yaml", COMPOSE)
        .file("first/Dockerfile", DOCKERFILE)
        .file("first/main.c", "1")
        .file("second/Dockerfile", DOCKERFILE)
        .file("second/main.c", "1")
        .file("build.log", LOG)
}

fn predictions(ran: &Ran) -> Value {
    let json = ran.json();
    keeps_schema(include_str!("../../schemas/cache-predict.schema.json"), &json);
    json["builds"].clone()
}

/// The Dockerfile, the services, and the seconds of RUN.
fn times(builds: &Value) -> Vec<(&str, String, Option<f64>)> {
    let build = |build: &'_ Value| {
        let run = build["steps"].as_array().unwrap().last().unwrap()["seconds"].as_f64();
        (build["services"].to_string(), run)
    };
    let builds = builds.as_array().unwrap().iter();
    builds.map(|found| (found["dockerfile"].as_str().unwrap(), build(found).0, build(found).1)).collect()
}

#[test]
fn seconds_of_a_log_are_those_of_the_service() {
    let arguments = ["cache", "predict", ".", "--touch", "main.c", "--log", "build.log", "--format=json"];
    let ran = services().args(["cache", "predict", ".", "--log", "build.log"]).run();
    git(ran.path(), &["init", "-q"]);
    git(ran.path(), &["add", "-A"]);
    git(ran.path(), &["commit", "-q", "-m", "first"]);
    let builds = predictions(&ran.again(arguments.into_iter().filter(|word| !["--touch", "main.c"].contains(word))));
    let expected = [
        ("first/Dockerfile", r#"["worker"]"#.to_owned(), Some(2.0)),
        ("second/Dockerfile", r#"["api"]"#.to_owned(), Some(7.0)),
    ];
    assert_eq!(times(&builds), expected);
    let text = ran.again(["cache", "predict", ".", "--log", "build.log"]).code(0).stdout;
    assert!(text.contains("second/Dockerfile for api   ") && text.contains("first/Dockerfile for worker   "), "{text}");
}

#[test]
fn a_logged_service_is_found_by_its_build() {
    let ran = services().args(["cache", "explain", "build.log", ".", "--format=json"]).run().code(0);
    let log = ran.json();
    let steps = log["builds"][0]["steps"].as_array().unwrap();
    let file = |name: &str| steps.iter().find(|step| step["name"] == name).unwrap()["file"].clone();
    assert_eq!(file("[api 3/3] RUN make"), "second/Dockerfile");
    assert_eq!(file("[worker 3/3] RUN make"), "first/Dockerfile");
}

#[test]
fn each_way_to_build_a_dockerfile_is_predicted() {
    let bake = "target \"small\" {\n  context = \".\"\n  args = { KIND = \"1\" }\n}\n\
                target \"large\" {\n  context = \".\"\n  args = { KIND = \"2\" }\n}\n\
                target \"other\" {\n  context = \".\"\n  args = { KIND = \"2\" }\n}\n";
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).file("main.c", "1").file("docker-bake.hcl", bake);
    let ran = ran.args(["cache", "predict", ".", "--change-build-arg", "KIND=2", "--format=json"]).run().code(0);
    let builds = predictions(&ran);
    let found = |build: &Value| (build["services"].to_string(), build["steps"][1]["verdict"].to_string());
    let found: Vec<(String, String)> = builds.as_array().unwrap().iter().map(found).collect();
    let row = |services: &str, verdict: &str| (services.to_owned(), verdict.to_owned());
    assert_eq!(found, [row(r#"["small"]"#, r#""reruns""#), row(r#"["large","other"]"#, r#""cached""#)]);
}

#[test]
fn what_a_log_lacks_is_said() {
    let log = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#5 [2/3] COPY main.c ./\n#5 DONE 0.1s\n\n";
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).file("main.c", "1").file("build.log", log);
    let arguments = ["cache", "predict", ".", "--touch", "main.c", "--log", "build.log", "--format=json"];
    let builds = predictions(&ran.args(arguments).run().code(0));
    let notes = builds[0]["notes"].to_string();
    assert!(
        notes.contains("1 of 2 steps is not in `build.log`, so their time is not known: `[3/3] RUN make`"),
        "{notes}"
    );
    let cut = format!("{log}#6 [3/3] RUN make\n#6 0.312 cc main.c\n");
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).file("main.c", "1").file("build.log", cut);
    let builds = predictions(&ran.args(arguments).run().code(0));
    let notes = builds[0]["notes"].to_string();
    assert!(notes.contains("`build.log` ends before its build does"), "{notes}");
    let failed = include_str!("../vectors/build_logs/plain-buildx0.29-engine28.5-copy-error.log");
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).file("main.c", "1").file("build.log", failed);
    let builds = predictions(&ran.args(arguments).run().code(0));
    assert!(builds[0]["notes"].to_string().contains("the build of `build.log` failed"), "{builds}");
}

#[test]
fn a_compose_file_above_says_how_a_dockerfile_is_built() {
    let compose = "services:\n  api:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n";
    let ran = Dockopt::new()
        .file("compose.yaml", compose)
        .file("api/Dockerfile", DOCKERFILE)
        .file("api/main.c", "1")
        .file("main.c", "1")
        .args(["--version"])
        .run();
    let folder = ran.path().to_owned();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    std::fs::write(folder.join("main.c"), "2").unwrap();
    for path in ["api", "api/Dockerfile", "."] {
        let builds = predictions(&ran.again(["cache", "predict", path, "--format=json"]).code(0));
        assert_eq!(builds[0]["services"][0], "api", "{path}: {builds}");
        assert_eq!(builds[0]["steps"][0]["reasons"][0], "`main.c` changed", "{path}: {builds}");
    }
    // What `--file` says counts more, but where a file says otherwise no COPY is called cached.
    let typed = |context| {
        let arguments = ["cache", "predict", context, "--file", "api/Dockerfile", "--format=json"];
        predictions(&ran.again(arguments).code(0))
    };
    let step = &typed("api")[0]["steps"][0];
    assert_eq!(step["verdict"], "may_rerun", "{step}");
    let why = "the build context may be another: compose.yaml (`api`) names `.`";
    assert_eq!(step["reasons"], serde_json::json!([why]), "{step}");
    assert_eq!(typed(".")[0]["steps"][0]["verdict"], "reruns");
}

#[test]
fn a_heading_names_all_dockerfiles() {
    let log = LOG.replace(
        "[worker internal] load build definition from Dockerfile",
        "[worker internal] load build definition from Dockerfile.w",
    );
    let ran = services().file("other.log", log).args(["cache", "explain", "other.log"]).run().code(0);
    assert!(ran.stdout.contains("plain log of Dockerfile, Dockerfile.w\n"), "{}", ran.stdout);
    let ran = ran.again(["cache", "explain", "build.log", "."]).code(0);
    assert!(ran.stdout.contains("plain log of first/Dockerfile, second/Dockerfile\n"), "{}", ran.stdout);
}

#[test]
fn platforms_and_commits_that_do_not_exist_are_errors() {
    let ran =
        services().args(["cache", "predict", "first", "--touch", "first/main.c", "--platform", "foo"]).run().code(2);
    assert!(ran.stderr.contains("\"foo\": unknown operating system or architecture"), "{}", ran.stderr);
    for command in ["lint", "audit"] {
        let ran = ran.again([command, "first/Dockerfile", "--platform", "linux/amd64,linux/"]).code(2);
        assert!(ran.stderr.contains("--platform"), "{}", ran.stderr);
    }
    let folder = ran.path();
    git(folder, &["init", "-q"]);
    git(folder, &["add", "-A"]);
    for message in ["first", "second", "third"] {
        git(folder, &["commit", "-q", "--allow-empty", "-m", message]);
    }
    let since = ran.again(["cache", "predict", "first", "--since", "HEAD~5"]).code(2);
    assert!(since.stderr.contains("`HEAD~5` does not exist: only 2 commits are older than `HEAD`"), "{}", since.stderr);
    let since = ran.again(["cache", "predict", "first", "--since", "HEAD~2^"]).code(2);
    assert!(since.stderr.contains("only 2 commits are older than `HEAD`"), "{}", since.stderr);
}

#[test]
fn a_build_without_steps_has_no_count() {
    let ran = Dockopt::new().file("Dockerfile", "FROM scratch\nCMD [\"x\"]\n").file("x", "1");
    let ran = ran.args(["cache", "predict", ".", "--change-build-arg", "HTTP_PROXY=x"]).run().code(0);
    assert!(ran.stdout.contains("the build has no step that runs or copies anything"), "{}", ran.stdout);
}
