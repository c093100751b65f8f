//! `dockopt compose verify` on a real engine: good and bad stacks, faults, and that nothing is left.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Engine, PATIENCE, is_full};
use crate::fixtures::keeps_schema;

/// A store that answers late, a job, a server that asks the store in its check, a worker whose check is a lie, and one
/// without a check.
const STACK: &str = r#"x-check: &check {interval: 1s, timeout: 5s, retries: 2, start_period: 60s, start_interval: 500ms}
services:
  store:
    image: python:3.13-slim
    container_name: dockopt-test-store
    command: ["sh", "-c", "sleep 1; exec python -m http.server 8000"]
    ports: ["PORT:8000"]
    volumes: ["data:/data", "./folder:/folder"]
    healthcheck:
      test: ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/', timeout=4)"]
      <<: *check
  setup:
    image: debian:trixie-slim
    command: ["sh", "-c", "grep -q text /folder/file && touch /folder/written"]
    healthcheck: {test: "true"}
    volumes: ["./folder:/folder"]
    depends_on: {store: {condition: service_healthy}}
  api:
    image: python:3.13-slim
    restart: unless-stopped
    command: ["python", "-m", "http.server", "8000"]
    depends_on: {store: {condition: service_healthy}, setup: {condition: service_completed_successfully}}
    healthcheck:
      test: ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('http://dockopt-test-store:8000/', timeout=2); u.urlopen('http://127.0.0.1:8000/', timeout=2)"]
      <<: *check
  worker:
    image: debian:trixie-slim
    command: ["sleep", "infinity"]
    init: true
    depends_on: {store: {condition: service_healthy}}
    healthcheck: {test: "exit 0", interval: 1s, timeout: 5s, retries: 2}
  web:
    image: debian:trixie-slim
    command: ["sleep", "infinity"]
    init: true
    depends_on: [api]
volumes: {data: {}}
"#;

/// A server that starts before the store answers, one that ends in a loop, one whose check fails, and one that waits for it.
const RACES: &str = r#"services:
  store:
    image: python:3.13-slim
    command: ["sh", "-c", "sleep 3; exec python -m http.server 8000"]
  api:
    image: python:3.13-slim
    command: ["python", "-c", "import urllib.request as u; u.urlopen('http://store:8000/')"]
    depends_on: [store]
  loop:
    image: debian:trixie-slim
    command: ["sh", "-c", "echo no store >&2; exit 4"]
    restart: unless-stopped
    depends_on: [store]
  sick:
    image: debian:trixie-slim
    command: ["sleep", "infinity"]
    init: true
    environment: {TOKEN: geheim-und-lang}
    healthcheck: {test: "echo no table, $$TOKEN; exit 7", interval: 1s, timeout: 1s, retries: 4}
  after:
    image: debian:trixie-slim
    command: ["sleep", "infinity"]
    depends_on: {sick: {condition: service_healthy}}
"#;

/// A service that is never healthy.
const NEVER: &str = r#"services:
  never: {image: "debian:trixie-slim", command: [sleep, infinity], init: true, healthcheck: {test: "false", interval: 1s, retries: 900}}
"#;

/// A project in a folder of its own, and a folder for temporary files.
struct Project {
    project: tempfile::TempDir,
    folder: tempfile::TempDir,
}

impl Project {
    fn new(compose: &str) -> Self {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("compose.yaml"), compose).unwrap();
        Self { project, folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        command.env("TMPDIR", self.folder.path()).current_dir(self.project.path()).stdin(Stdio::null());
        command.args(["compose", "verify"]).args(arguments);
        command
    }

    /// What it says, and its code; nothing is left.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, parts: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        self.look_at(&output, code, parts);
        output
    }

    #[track_caller]
    fn look_at(&self, output: &Output, code: i32, parts: &[&str]) {
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0, "{text}");
        self.is_clean();
    }

    /// Nothing that this project's runs created is in the engine.
    #[track_caller]
    fn is_clean(&self) {
        let output = self.command(&["--clean-up"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains("nothing to clean up"), "{stderr}");
    }

    /// A run that has started the container of a service.
    fn spawn(&self, engine: &Engine, service: &str) -> Child {
        let command = self.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while !self.runs(engine, service) {
            assert!(start.elapsed() < PATIENCE, "`{service}` was not started");
            std::thread::sleep(Duration::from_millis(100));
        }
        command
    }

    fn runs(&self, engine: &Engine, service: &str) -> bool {
        let Some(nonce) = self.nonce() else { return false };
        let name = format!("name=dockopt-{nonce}-{service}-1");
        !engine.text(&["ps", "--quiet", "--filter", &name]).is_empty()
    }

    /// The nonce of the run that has a folder.
    fn nonce(&self) -> Option<String> {
        let entry = fs::read_dir(self.folder.path()).unwrap().next()?.unwrap();
        entry.file_name().to_str()?.strip_prefix("dockopt-").map(str::to_owned)
    }
}

fn json(output: &Output) -> Value {
    let json = serde_json::from_slice(&output.stdout).unwrap();
    keeps_schema(include_str!("../../../schemas/compose-verify.schema.json"), &json);
    json
}

/// The services of a list that have a value.
fn names<'j>(list: &'j Value, key: &str, value: &str) -> Vec<&'j str> {
    let entries = list.as_array().unwrap().iter().filter(|entry| entry[key] == value);
    entries.map(|entry| entry["service"].as_str().unwrap()).collect()
}

#[test]
fn a_stack_is_proved_but_for_the_check_that_lies() {
    let Some(engine) = Engine::find() else { return };
    // What the project publishes and how it calls its container is taken.
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let project = Project::new(&STACK.replace("PORT", &port.local_addr().unwrap().port().to_string()));
    let folder = project.project.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("file"), "text").unwrap();
    let output = project.check(&["--delay", "1", "--seed", "3", "--format", "json"], 1, &[]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the user's folder is not written to");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("killing the server of api") && stderr.contains("stopping the servers of worker"),
        "{stderr}"
    );
    let json = json(&output);
    let start = &json["starts"][0];
    assert_eq!(start["problems"], serde_json::json!([]), "{json:#}");
    let containers = &start["containers"];
    assert_eq!(names(containers, "state", "completed"), ["setup"]);
    assert_eq!(names(containers, "state", "healthy").len(), 3);
    let time = |service: &str, key: &str| {
        let container = containers.as_array().unwrap().iter().find(|container| container["service"] == service);
        container.unwrap()[key].as_f64().unwrap()
    };
    assert!(time("store", "ready") >= 1.0 + time("store", "delay"), "{json:#}");
    assert!(time("store", "ready") <= time("setup", "started") && time("setup", "ready") <= time("api", "started"));
    assert_eq!(json["unchecked"], serde_json::json!(["web"]));
    let outages = json["outages"].as_array().unwrap();
    let noticed = |service: &str| {
        let outage = outages.iter().find(|outage| outage["service"] == service).unwrap();
        outage["unhealthy_after"].as_f64().is_some_and(|after| after <= outage["limit"].as_f64().unwrap())
    };
    assert!(noticed("store") && noticed("api") && !noticed("worker"), "{json:#}");
    assert_eq!(names(&json["outage_problems"], "kind", "outage-unnoticed"), ["worker"]);
    let store = outages.iter().find(|outage| outage["service"] == "store").unwrap();
    assert_eq!(store["blind_dependents"], serde_json::json!(["worker"]), "{json:#}");
    let crash = &json["crashes"][0];
    assert_eq!((&crash["service"], &crash["obstacle"]), (&serde_json::json!("api"), &Value::Null), "{json:#}");
    assert!(crash["recovered_after"].is_number(), "{json:#}");
    let volumes = engine.text(&["volume", "ls", "--quiet"]);
    assert!(!volumes.lines().any(|name| name.ends_with("_data") && name.starts_with("dockopt-")), "{volumes}");
    if is_full() {
        let good = STACK.replace("PORT", "80");
        fs::write(project.project.path().join("compose.yaml"), good).unwrap();
        project.check(&["--cold-starts", "10", "--delay", "2", "--no-outages"], 0, &["proved in 10 starts", "--seed"]);
    }
}

#[test]
fn races_are_shown_with_what_was_printed() {
    if Engine::find().is_none() {
        return;
    }
    let project = Project::new(RACES);
    let output = project.check(&["--timeout", "60", "--format", "json"], 1, &[]);
    let json = json(&output);
    let problems = &json["starts"][0]["problems"];
    assert_eq!(names(problems, "kind", "ended"), ["api"], "{json:#}");
    assert_eq!(names(problems, "kind", "restarted"), ["loop"]);
    assert_eq!(names(problems, "kind", "unhealthy"), ["sick"]);
    assert_eq!(names(&json["starts"][0]["containers"], "state", "not started"), ["after"]);
    assert!(json["outages"].is_null());
    let text = json.to_string();
    assert!(text.contains("no table, ***") && text.contains("no store") && !text.contains("geheim"), "{json:#}");
}

#[test]
fn faults_of_a_start_leave_nothing() {
    let Some(engine) = Engine::find() else { return };
    let missing = Project::new("services: {a: {image: 'dockopt-none.invalid/x:1'}}\n");
    missing.check(
        &[],
        2,
        &["the image `dockopt-none.invalid/x:1` of `a` is not in the engine and cannot be pulled", "docker load"],
    );
    let project = Project::new(NEVER);
    project.check(
        &["--timeout", "15"],
        1,
        &["`never` was not healthy within 15 s", "last failure of its check (code 1)"],
    );
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let child = project.spawn(&engine, "never");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let ended = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        assert_eq!(ended, Some(code));
        assert!(String::from_utf8_lossy(&output.stderr).contains("everything that dockopt created is removed"));
        project.is_clean();
    }
    let mut child = project.spawn(&engine, "never");
    let nonce = project.nonce().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        project.runs(&engine, "never") && Path::new(project.folder.path()).join(format!("dockopt-{nonce}")).exists()
    );
    let output = project.command(&["--clean-up"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("removed 1 container, 1 network, 1 folder"), "{stderr}");
    project.is_clean();
}

#[test]
fn an_engine_that_is_lost_during_a_start_is_reported() {
    const SOCKET: &str = "/var/run/docker.sock";
    let Some(engine) = Engine::find() else { return };
    if std::env::var_os("DOCKER_HOST").is_some() || !Path::new(SOCKET).exists() {
        super::left_out("the engine is not at its usual place");
        return;
    }
    let sockets = tempfile::tempdir().unwrap();
    let (way, path) = (super::faults::Way::default(), sockets.path().join("s"));
    way.open(&path, SOCKET);
    let project = Project::new(NEVER);
    let host = format!("unix://{}", path.display());
    let mut command = project.command(&[]);
    let command = command.env("DOCKER_HOST", host).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while !project.runs(&engine, "never") {
        assert!(start.elapsed() < PATIENCE, "`never` was not started");
        std::thread::sleep(Duration::from_millis(100));
    }
    way.cut();
    let output = command.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("not removed: ") && stderr.contains("the Docker engine at"), "{stderr}");
    let output = project.command(&["--clean-up"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("removed 1 container, 1 network, 1 folder"));
    project.is_clean();
}

/// A copy of the first users' project, with the certificates that it makes for itself; `None` where there is no openssl.
fn tracker() -> Option<Project> {
    let project = Project::new("");
    let folder = project.project.path();
    let copied = Command::new("cp").arg("-r").arg("fixtures/task-tracker/.").arg(folder).status().unwrap();
    assert!(copied.success());
    let certificates = folder.join("nginx/certs");
    fs::create_dir(&certificates).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.current_dir(&certificates).args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]);
    let certified = openssl.args(["-keyout", "server.key", "-out", "server.crt"]).stderr(Stdio::null()).status();
    if certified.is_ok_and(|status| status.success()) {
        return Some(project);
    }
    super::left_out("there is no openssl");
    None
}

/// The first users' stack: what is wrong in it is found, and with that repaired it starts ten times out of ten with slow
/// servers.
#[test]
fn the_tracker_races_before_and_starts_after_its_repair() {
    if Engine::find().is_none() || !is_full() {
        return;
    }
    let Some(project) = tracker() else { return };
    let folder = project.project.path();
    let output = project.check(&["--format", "json"], 1, &[]);
    let before = json(&output);
    assert_eq!(names(&before["starts"][0]["problems"], "kind", "unhealthy"), ["nats"], "{before:#}");
    let text = fs::read_to_string(folder.join("compose.yaml")).unwrap();
    fs::write(folder.join("compose.yaml"), repaired(&text)).unwrap();
    let ten = ["--cold-starts", "10", "--delay", "2", "--seed", "1", "--no-outages", "--format", "json"];
    let after = json(&project.check(&ten, 0, &[]));
    assert_eq!(after["starts"].as_array().unwrap().len(), 10);
    assert_eq!(names(&after["starts"][0]["containers"], "state", "completed"), ["migrate"]);
    let outages = json(&project.check(&["--format", "json"], 0, &[]));
    assert_eq!(outages["outage_problems"], serde_json::json!([]), "{outages:#}");
    assert_eq!(outages["outages"].as_array().unwrap().len(), 2, "{outages:#}");
}

/// The file that `compose emit` writes for the first users' stack starts in its order with slow servers: once, and ten times in
/// the full tier, which also stops and kills each server.
#[test]
fn the_tracker_starts_with_the_file_that_emit_writes() {
    if Engine::find().is_none() {
        return;
    }
    let Some(project) = tracker() else { return };
    let folder = project.project.path();
    fs::remove_file(folder.join("compose.yaml")).unwrap();
    let mut command = Command::new(super::program());
    let emitted = command.args(["compose", "emit", "--write"]).current_dir(folder).output().unwrap();
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    fs::write(folder.join(".env"), "POSTGRES_PASSWORD=a1b2c3\nSECRET_KEY=d4e5f6\n").unwrap();
    let count = if is_full() { 10 } else { 1 };
    let starts = count.to_string();
    let cold = ["--cold-starts", &starts, "--delay", "2", "--seed", "1", "--no-outages", "--format", "json"];
    let mut output = project.command(&cold).output().unwrap();
    // A machine that is busy with other tests may be too slow for one start.
    if output.status.code() == Some(1) && !is_full() {
        output = project.command(&cold).output().unwrap();
    }
    project.look_at(&output, 0, &[]);
    let json_of_starts = json(&output);
    let all = json_of_starts["starts"].as_array().unwrap();
    assert_eq!(all.len(), count);
    for start in all {
        assert_eq!(names(&start["containers"], "state", "completed"), ["migrate"], "{start:#}");
        assert_eq!(
            names(&start["containers"], "state", "healthy").into_iter().collect::<BTreeSet<_>>(),
            BTreeSet::from(["api", "dashboard", "nats", "nginx", "postgres", "worker"]),
            "{start:#}"
        );
    }
    if is_full() {
        let outages = json(&project.check(&["--format", "json"], 0, &[]));
        assert_eq!(outages["outage_problems"], serde_json::json!([]), "{outages:#}");
        assert_eq!(outages["outages"].as_array().unwrap().len(), 6, "{outages:#}");
    }
}

/// A change of a source reaches the containers that `compose emit --watch` says it does.
#[test]
fn a_watched_source_reaches_its_containers() {
    if Engine::find().is_none() || !is_full() {
        return;
    }
    let Some(project) = tracker() else { return };
    let folder = project.project.path();
    fs::remove_file(folder.join("compose.yaml")).unwrap();
    let emitted = Command::new(super::program())
        .args(["compose", "emit", "--write", "--dev", "--watch"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    fs::write(folder.join(".env"), "POSTGRES_PASSWORD=a1b2c3\nSECRET_KEY=d4e5f6\n").unwrap();
    let name = format!("dockopt-watch-{}", std::process::id());
    let compose = |arguments: &[&str]| {
        let mut command = Command::new("docker");
        command.args(["compose", "-p", &name, "-f", "compose.yaml", "-f", "compose.dev.yaml"]).args(arguments);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let up = compose(&["up", "-d", "--build", "--wait"]).output().unwrap();
    let mut watcher = compose(&["watch", "--no-up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let source = folder.join("backend/app/main.py");
    let text = fs::read_to_string(&source).unwrap();
    let ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/openapi.json').read())";
    let has_changed = (0..30).any(|round| {
        // The watcher needs a moment until it looks.
        fs::write(&source, text.replace("Task tracker", &format!("Watched {round}"))).unwrap();
        std::thread::sleep(Duration::from_secs(2));
        let answer = compose(&["exec", "-T", "api", "python", "-c", ask]).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).contains("Watched")
    });
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    let down = compose(&["down", "-v", "--rmi", "local"]).output().unwrap();
    assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
    assert!(has_changed && down.status.success(), "no change of `backend/app/main.py` reached `api`");
}

/// The stack with checks that tell the truth, conditions, and a job for the migrations.
fn repaired(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in [
        ("pg_isready -U", "pg_isready -h 127.0.0.1 -U"),
        (
            "      interval: 10s\n      timeout: 5s\n      retries: 5\n\n  nats",
            "      interval: 2s\n      timeout: 5s\n      retries: 5\n      start_period: 120s\n\n  nats",
        ),
        (
            "    healthcheck:\n      test: [\"CMD\", \"nats\", \"rtt\"]\n      interval: 10s\n      timeout: 5s\n      retries: 5\n",
            "",
        ),
        // The check of its image asks the port of the api.
        (
            "    healthcheck:\n      test: [\"CMD-SHELL\", \"exit 0\"]\n      interval: 30s\n",
            "    healthcheck: {disable: true}\n",
        ),
        (
            "      interval: 30s\n      timeout: 10s\n      retries: 3\n",
            "      interval: 3s\n      timeout: 5s\n      retries: 3\n      start_period: 120s\n",
        ),
        ("condition: service_started\n      dashboard", "condition: service_healthy\n      dashboard"),
        (
            "  dashboard:\n    build",
            "  migrate:\n    build: ./backend\n    image: task-tracker-backend:${VERSION:-latest}\n    command: alembic upgrade head\n    \
          environment: *backend-environment\n    depends_on: {postgres: {condition: service_healthy}}\n\n  dashboard:\n    build",
        ),
    ] {
        assert!(text.contains(from), "`{from}` is not in:\n{text}");
        text = text.replacen(from, to, 1);
    }
    let waits = "    depends_on:\n      - postgres\n      - nats\n";
    text.replace(
        waits,
        "    depends_on: {migrate: {condition: service_completed_successfully}, nats: {condition: service_started}}\n",
    )
}
