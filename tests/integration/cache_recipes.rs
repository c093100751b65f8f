//! `cache predict` and `cache history` where a compose file says how to build.

use crate::cache_history::{commit, git};
use crate::dockopt::Dockopt;

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn project(compose: &str) -> Dockopt {
    let dockopt = Dockopt::new();
    let at = dockopt.path();
    git(at, &["init", "-q"]);
    let dockerfile = "FROM debian:13 AS base\nARG MODE\nRUN echo $MODE\nCOPY a /a\nFROM base AS run\nRUN true\n";
    commit(at, "first", &[("app/Dockerfile", dockerfile), ("app/a", "1"), ("compose.yaml", compose), ("README", "")]);
    dockopt
}

#[test]
fn arguments_of_an_older_compose_file_are_those_of_its_commit() {
    let compose =
        |mode| format!("services:\n  app:\n    build:\n      context: app\n      args:\n        MODE: {mode}\n");
    let dockopt = project(&compose("p3"));
    commit(dockopt.path(), "second", &[("compose.yaml", &compose("p4"))]);
    let ran = dockopt.args(["cache", "predict", "--since", "HEAD~1", "."]).run().code(0);
    assert!(words(&ran.stdout).contains("variable `MODE` changed from `p3` to `p4`"), "{}", ran.stdout);
    let ran = ran.again(["cache", "history", "."]).code(0);
    assert!(words(&ran.stdout).contains("in 1 commit `compose.yaml` has other build arguments"), "{}", ran.stdout);
    // What the command line says stays.
    let ran = ran.again(["cache", "predict", "--since", "HEAD~1", "--build-arg", "MODE=x", "."]).code(0);
    assert!(!ran.stdout.contains("changed from"), "{}", ran.stdout);
}

#[test]
fn a_dockerfile_inside_a_compose_file_is_compared() {
    let compose = |command| {
        format!(
            "services:\n  app:\n    build:\n      context: app\n      dockerfile_inline: |\n        FROM debian:13\n        \
             COPY a /a\n        RUN {command}\n"
        )
    };
    let dockopt = project(&compose("true"));
    let ran = dockopt.args(["cache", "predict", "compose.yaml"]).run().code(0);
    assert!(ran.stdout.contains("all 2 steps are cached"), "{}", ran.stdout);
    std::fs::write(ran.path().join("compose.yaml"), compose("false")).unwrap();
    let ran = ran.again(["cache", "predict", "compose.yaml"]).code(0);
    assert!(ran.stdout.contains("1 of 2 steps reruns"), "{}", ran.stdout);
    let ran = ran.again(["cache", "history", "compose.yaml"]).code(2);
    assert!(ran.stderr.contains("the Dockerfile is inside `compose.yaml`"), "{}", ran.stderr);
}

#[test]
fn a_copy_of_the_project_and_files_outside_the_context_are_known() {
    let dockopt = project("services:\n  app:\n    build: app\n");
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("app")).unwrap();
    for file in ["app/Dockerfile", "app/a", "compose.yaml", "README"] {
        std::fs::copy(dockopt.path().join(file), copy.path().join(file)).unwrap();
    }
    std::fs::write(dockopt.path().join("app/a"), "2").unwrap();
    let since = copy.path().to_str().unwrap().to_owned();
    let ran = dockopt.args(["cache", "predict", "--since", &since, "."]).run().code(0);
    let text = words(&ran.stdout);
    assert!(text.contains("`a` changed") && !text.contains("is gone"), "{}", ran.stdout);
    let ran = ran.again(["cache", "predict", "--touch", "README", "app"]).code(0);
    assert!(ran.stdout.contains("`README` is not in the build context: it changes no step"), "{}", ran.stdout);
}
