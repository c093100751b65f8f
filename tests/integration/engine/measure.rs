//! `dockopt measure` on a real engine: what it says, and that nothing of the user's is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Engine, PATIENCE};
use crate::fixtures::keeps_schema;

/// A context whose steps are told from those of all other tests.
fn context(base: &str) -> tempfile::TempDir {
    let context = tempfile::tempdir().unwrap();
    let nonce = format!("{}-{:?}", std::process::id(), Instant::now());
    let dockerfile = format!(
        "FROM {base}\nWORKDIR /srv\nCOPY . .\nRUN --mount=type=cache,target=/cache date >>/cache/times && \
         cat /cache/times >times && python -c 'sum(range(3_000_000))' && pip install --no-index -r requirements.txt\n\
         CMD [\"python\", \"main.py\"]\n"
    );
    for (name, text) in [
        ("Dockerfile", dockerfile.as_str()),
        ("main.py", &format!("print('{nonce}')\n")),
        ("requirements.txt", "pip\n"),
        ("notes/secret.txt", "not sent\n"),
        (".dockerignore", "notes\n"),
    ] {
        let path = context.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    context
}

/// What the user has in the engine, without what other tests make meanwhile.
fn state(engine: &Engine) -> BTreeSet<String> {
    let lines = |kind: &str, arguments: &[&str]| {
        let text = engine.text(arguments);
        text.lines().map(|line| format!("{kind} {line}")).collect::<Vec<_>>()
    };
    let mut all: BTreeSet<String> = BTreeSet::new();
    all.extend(lines("image", &["image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]));
    all.extend(lines("container", &["ps", "--all", "--format", "{{.ID}} {{.Image}} {{.Names}}"]));
    all.extend(lines("network", &["network", "ls", "--format", "{{.ID}} {{.Name}}"]));
    all.extend(lines("volume", &["volume", "ls", "--format", "{{.Name}}"]));
    all.extend(lines("builder", &["buildx", "ls", "--format", "{{.Name}} {{.DriverEndpoint}}"]));
    all
}

/// What a run may have left: names with its beginning, in the engine or in a folder.
fn leftovers(engine: &Engine, folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("dockopt-") && name != "dockopt-keep")
        .collect();
    let nonces = names.clone();
    names.extend(state(engine).into_iter().filter(|line| nonces.iter().any(|nonce| line.contains(nonce.as_str()))));
    names
}

/// `dockopt measure` with a folder of its own for what is temporary.
fn measure(context: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.env("TMPDIR", folder).env("BUILDX_BUILDER", "default").arg("measure").arg(context).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn started(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a step of the build runs in the engine.
pub(super) fn until_building(folder: &Path, child: &mut Child) {
    let start = Instant::now();
    let builds = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().count() >= 2;
    loop {
        assert!(start.elapsed() < PATIENCE, "no build begins");
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        let folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        if folders.into_iter().any(builds) {
            std::thread::sleep(Duration::from_secs(3));
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn builds_are_measured_in_turns_and_cleaned_up() {
    let Some(engine) = Engine::find() else { return };
    let (context, folder) = (context("python:3.13-slim"), tempfile::tempdir().unwrap());
    let better = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY requirements.txt .\nRUN pip install --no-index -r requirements.txt\n\
                  COPY . .\nCMD [\"python\", \"main.py\"]\n";
    fs::write(context.path().join("notes/Dockerfile"), better).unwrap();
    let other = context.path().join("notes/Dockerfile");
    let before = fs::read_dir(context.path()).unwrap().count();
    let arguments = ["--file", "", "--against", "", "--rounds", "2", "--format", "json"];
    let mut arguments = arguments.map(str::to_owned);
    arguments[1] = context.path().join("Dockerfile").display().to_string();
    arguments[3] = other.display().to_string();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = measure(context.path(), folder.path(), &arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let json: Value = serde_json::from_slice(&ran.stdout).unwrap();
    keeps_schema(include_str!("../../../schemas/measure.schema.json"), &json);
    assert_eq!((json["source"].as_str(), json["dependency"].as_str()), (Some("main.py"), Some("requirements.txt")));
    let runs = |build: usize| json["builds"][build]["runs"].as_array().unwrap().clone();
    let scenarios: Vec<String> = runs(0).iter().map(|run| run["scenario"].as_str().unwrap().to_owned()).collect();
    assert_eq!(scenarios, ["cold", "unchanged", "source", "dependency"].repeat(2));
    let ran_steps = |run: &Value, part: &str| {
        run["steps"].as_array().unwrap().iter().any(|step| step["name"].as_str().unwrap().contains(part))
    };
    for (build, reruns_install) in [(0, true), (1, false)] {
        for round in runs(build).chunks(4) {
            assert!(ran_steps(&round[0], "pip install"), "cold: all runs");
            assert!(!ran_steps(&round[1], "pip install"), "unchanged: nothing runs");
            assert_eq!(ran_steps(&round[2], "pip install"), reruns_install, "source");
            assert!(ran_steps(&round[3], "pip install"), "dependency");
        }
        let image = &json["builds"][build]["image"];
        let number = |name: &str| image[name].as_u64().unwrap();
        assert!(
            number("disk_bytes") > number("pull_bytes") && number("pull_bytes") > number("base_pull_bytes"),
            "{image}"
        );
        // Where a change of the sources installs again, the layer holds pip's bytecode too: images of Python bring none.
        let most = if reruns_install { 10_000_000 } else { 100_000 };
        assert!((1..most).contains(&number("upload_bytes")), "{image}");
        let cpu = json["builds"][build]["runs"][0]["cpu_seconds"].as_f64();
        assert!(cpu.is_none_or(|cpu| cpu > 0.1 && cpu < 60.0), "{cpu:?}");
    }
    assert_eq!(leftovers(&engine, folder.path()), Vec::<String>::new());
    assert_eq!(fs::read_dir(context.path()).unwrap().count(), before, "the context is as it was");
}

#[test]
fn files_of_the_user_survive_an_interrupted_run() {
    let Some(engine) = Engine::find() else { return };
    let (context, folder) = (context("python:3.13-slim"), tempfile::tempdir().unwrap());
    let slow = "FROM python:3.13-slim\nCOPY . .\nRUN sleep 120\n";
    fs::write(context.path().join("Dockerfile"), slow).unwrap();
    // What has the names that we give, and is not ours.
    let tag = "dockopt-keep:1";
    engine.text(&["tag", "python:3.13-slim", tag]);
    fs::create_dir(folder.path().join("dockopt-keep")).unwrap();
    let network = format!("dockopt-keep-{}", std::process::id());
    engine.text(&["network", "create", "--label", "dockopt.run=keep", &network]);
    let is_foreign =
        |line: &String| line.contains("dockopt-keep") || line.starts_with("builder") || line.contains("python");
    let user = || state(&engine).into_iter().filter(is_foreign).collect::<BTreeSet<_>>();
    let before = user();

    for signal in ["INT", "TERM"] {
        let mut child = started(measure(context.path(), folder.path(), &[]));
        until_building(folder.path(), &mut child);
        let start = Instant::now();
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success()
        );
        let ended = child.wait().unwrap();
        assert!(start.elapsed() < PATIENCE, "{signal}: it goes on");
        assert!(!ended.success());
        assert_eq!(leftovers(&engine, folder.path()), Vec::<String>::new(), "{signal}");
        assert_eq!(user(), before, "{signal}");
    }

    // Ended by force nothing is cleaned, and nothing is broken; the next run takes it away.
    let mut child = started(measure(context.path(), folder.path(), &[]));
    until_building(folder.path(), &mut child);
    let nonce = leftovers(&engine, folder.path()).remove(0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(user(), before);
    let label = format!("dockopt.run={}", nonce.strip_prefix("dockopt-").unwrap());
    engine.text(&["tag", "python:3.13-slim", &format!("{nonce}:before")]);
    let container = engine.text(&["create", "--label", &label, "python:3.13-slim"]);
    let other = format!("{nonce}-net");
    engine.text(&["network", "create", "--label", &label, &other]);
    let ran = measure(context.path(), folder.path(), &["--clean-up"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{stderr}");
    assert_eq!(stderr, "removed 1 container, 1 network, 1 image name, 1 folder\n");
    assert!(!engine.text(&["ps", "--all", "--quiet", "--no-trunc"]).contains(&container));
    assert_eq!(leftovers(&engine, folder.path()), Vec::<String>::new());
    assert!(folder.path().join("dockopt-keep").is_dir());
    assert_eq!(user(), before);
    engine.text(&["network", "rm", &network]);
    engine.text(&["image", "rm", tag]);
}

#[test]
fn running_measurements_are_not_cleaned_up() {
    let Some(engine) = Engine::find() else { return };
    let (context, folder) = (context("python:3.13-slim"), tempfile::tempdir().unwrap());
    fs::write(context.path().join("Dockerfile"), "FROM python:3.13-slim\nCOPY . .\nRUN sleep 8\n").unwrap();
    let mut child = started(measure(context.path(), folder.path(), &["--scenarios", "cold"]));
    until_building(folder.path(), &mut child);
    let ran = measure(context.path(), folder.path(), &["--clean-up"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "nothing to clean up\n");
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(leftovers(&engine, folder.path()), Vec::<String>::new());
}
