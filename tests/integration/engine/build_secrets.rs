//! A secret in a build argument is in the image's history; after the repair of pipeline and Dockerfile the same command
//! builds an image that was given the secret and does not have it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Engine, Image};
use crate::dockopt::Dockopt;

const CANARY: &str = "zu7Quahroh3Ieng5tr4cker";

const DOCKERFILE: &str = "FROM debian:trixie-slim\nARG API_TOKEN\n\
                          RUN test -n \"$API_TOKEN\" && printf '%s' \"$API_TOKEN\" | md5sum >/sum\nRUN echo done >/done\n";

const OLD_FRONT_END: &str = "# syntax=docker/dockerfile:1.4\nFROM debian:trixie-slim\nARG API_TOKEN\n\
                             RUN printf '%s' \"$API_TOKEN\" | md5sum >/sum\n";

fn workflow(step: &str) -> String {
    format!(
        "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n{step}"
    )
}

const COMMAND: &str = "      - run: docker build --build-arg API_TOKEN=$API_TOKEN -t $TAG .\n        env:\n          \
                       API_TOKEN: ${{ secrets.API_TOKEN }}\n";

const ACTION: &str = "      - uses: docker/build-push-action@v6\n        with:\n          context: .\n          \
                      build-args: |\n            VERSION=1\n            API_TOKEN=${{ secrets.API_TOKEN }}\n";

/// Builds as the pipeline says.
fn build<'e>(engine: &'e Engine, folder: &Path, command: &str, tag: &str) -> Image<'e> {
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-ec", command]).stdin(Stdio::null());
    shell.env("TAG", tag).env("API_TOKEN", CANARY).env("BUILDX_BUILDER", "default").env("DOCKER_BUILDKIT", "1");
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    Image { engine, tag: tag.to_owned() }
}

/// Whether history and saved image have the secret.
fn leaks(engine: &Engine, tag: &str) -> (bool, bool) {
    let history = engine.text(&["history", "--no-trunc", tag]).contains(CANARY);
    let saved = engine.run(&["save", tag]);
    assert!(saved.status.success());
    (history, saved.stdout.windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()))
}

fn sum(engine: &Engine, tag: &str) -> String {
    engine.text(&["run", "--rm", tag, "cat", "/sum"])
}

/// The command of a step: as written, or what its action does with these inputs.
fn command(workflow: &str) -> String {
    if let Some((_, run)) = workflow.split_once("- run: ") {
        return run.lines().next().unwrap().to_owned();
    }
    let option = if workflow.contains("secrets: API_TOKEN=${{ secrets.API_TOKEN }}") {
        "--secret id=API_TOKEN,env=API_TOKEN"
    } else {
        "--build-arg API_TOKEN=$API_TOKEN"
    };
    format!("docker build {option} --build-arg VERSION=1 -t $TAG .")
}

#[test]
fn repaired_builds_keep_no_secret() {
    let Some(engine) = Engine::find() else { return };
    for (number, step) in [COMMAND, ACTION].into_iter().enumerate() {
        let text = workflow(step);
        let file = ".github/workflows/ci.yml";
        let project = Dockopt::new().file("Dockerfile", DOCKERFILE).file(file, &text);
        let tags = ["before", "after"].map(|when| format!("dockopt-test:{}-{when}-{number}", std::process::id()));
        let before = build(&engine, project.path(), &command(&text), &tags[0]);
        assert_eq!(leaks(&engine, &before.tag), (true, true));
        let fixed =
            project.args(["ci", "fix", ".", "--unsafe", "--write", "--select=secret-as-build-argument"]).run().code(0);
        let (repaired, dockerfile) = (fixed.read(file), fixed.read("Dockerfile"));
        assert!(!dockerfile.contains("ARG") && !repaired.contains("API_TOKEN=$API_TOKEN"), "{dockerfile}{repaired}");
        assert_eq!(dockerfile.matches("--mount").count(), 1, "{dockerfile}");
        let after = build(&engine, fixed.path(), &command(&repaired), &tags[1]);
        assert_eq!(leaks(&engine, &after.tag), (false, false), "{repaired}");
        assert_eq!(sum(&engine, &before.tag), sum(&engine, &after.tag), "{dockerfile}");
    }
}

#[test]
fn old_front_ends_read_the_secret_from_its_file() {
    let Some(engine) = Engine::find() else { return };
    let project = Dockopt::new().file("Dockerfile", OLD_FRONT_END).file(".github/workflows/ci.yml", workflow(COMMAND));
    let fixed =
        project.args(["ci", "fix", ".", "--unsafe", "--write", "--select=secret-as-build-argument"]).run().code(0);
    // The front end's image is not on each engine: the engine's own builds the same.
    let dockerfile = fixed.read("Dockerfile").replace("# syntax=docker/dockerfile:1.4\n", "");
    assert!(dockerfile.contains("RUN --mount=type=secret,id=API_TOKEN API_TOKEN=\"$(cat"), "{dockerfile}");
    std::fs::write(fixed.path().join("Dockerfile"), dockerfile).unwrap();
    let tag = format!("dockopt-test:{}-old", std::process::id());
    let image = build(&engine, fixed.path(), &command(&fixed.read(".github/workflows/ci.yml")), &tag);
    assert_eq!(leaks(&engine, &image.tag), (false, false));
    let expected = Command::new("sh").args(["-c", &format!("printf %s {CANARY} | md5sum")]).output().unwrap();
    assert_eq!(sum(&engine, &image.tag), String::from_utf8_lossy(&expected.stdout).trim());
}
