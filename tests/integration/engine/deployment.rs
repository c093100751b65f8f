//! `dockopt deploy emit`: what it writes replaces containers on a real engine without a lost request.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use dockopt::release::{DeploymentPhase, DeploymentRecord, DeploymentRecords};

use super::{Engine, PATIENCE};

mod engines;
mod plan;
mod scripts;
mod steps;

/// A server that says its version, is slow where it is asked to, and ends at once when it is told to stop.
const SERVER: &str = r#"
import http.server, os, signal, socketserver, threading, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
version = open("/version").read().strip()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        time.sleep(2 if self.path == "/slow" else 0.01)
        bad = (version.startswith("sick") or os.path.exists("/broken")) and self.path == "/health" or version.startswith("faulty") and self.path == "/"
        body = version.encode()
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()
    def log_message(self, *_): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 256
threading.Thread(target=Server(("", 9000), Handler).serve_forever, daemon=True).start()
Server(("", 8000), Handler).serve_forever()
"#;

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY server.py /\nARG VERSION=v1\nRUN echo $VERSION >/version\nEXPOSE 8000\n\
    CMD [\"python3\", \"/server.py\"]\n\
    HEALTHCHECK --interval=1s --start-period=20s --start-interval=500ms CMD \
    python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health').read()\" || { echo with $TOKEN; exit 1; }\n";

/// A project of nginx in front of the server, set up for deployments.
struct Project<'e> {
    engine: &'e Engine,
    folder: tempfile::TempDir,
    name: String,
}

impl<'e> Project<'e> {
    /// The files of the author.
    fn new(engine: &'e Engine, what: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(" dockopt-test-;$(touch canary)' ").tempdir().unwrap();
        let name = format!("dockopt-test-{what}-{}", std::process::id());
        let write = |file: &str, text: &str| write(folder.path(), file, text);
        write("api/server.py", SERVER);
        write("api/Dockerfile", DOCKERFILE);
        write("web/default.conf", "server { listen 80; location / { proxy_pass http://api:8000; } }\n");
        write(
            "compose.yaml",
            &format!(
                "name: {name}\nservices:\n  api:\n    build:\n      context: api\n      args: {{VERSION: \"${{VERSION:-v1}}\"}}\n    \
                 environment: {{TOKEN: hush-canary}}\n    restart: unless-stopped\n  web:\n    image: nginx:1.30\n    ports: [\"127.0.0.1::80\"]\n    volumes: \
                 [\"./web:/etc/nginx/conf.d:ro\"]\n    depends_on:\n      api: {{condition: service_healthy}}\n"
            ),
        );
        Self { engine, folder, name }
    }

    fn start(engine: &'e Engine, what: &str) -> Self {
        let project = Self::new(engine, what);
        project.set_up();
        project
    }

    /// Writes the files of `deploy emit`, and starts the project.
    fn set_up(&self) {
        let emitted = self.emit(&["--write"]);
        assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
        self.compose(&["up", "--detach", "--build", "--wait", "--quiet-pull"]);
        // HAProxy finds two seconds later that a server is there which was not when it started.
        self.version();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn emit(&self, options: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        command.args(["deploy", "emit", "--for", "haproxy"]).args(options).arg(self.path()).output().unwrap()
    }

    /// What `deploy verify` says, and its exit code.
    fn verify(&self, options: &[&str]) -> (Option<i32>, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        command.args(["deploy", "verify", "--format=json", "--requests=500"]).arg(self.path()).args(options);
        let output = command.env("BUILDX_BUILDER", "default").output().unwrap();
        let result = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
        });
        crate::fixtures::keeps_schema(include_str!("../../../schemas/deploy-verify.schema.json"), &result);
        (output.status.code(), result)
    }

    /// Names of this engine's containers, networks, volumes and images that a copy has.
    fn copies(&self) -> Vec<String> {
        let lists: [&[&str]; 4] = [
            &["ps", "--all", "--format={{.Names}}"],
            &["network", "ls", "--format={{.Name}}"],
            &["volume", "ls", "--format={{.Name}}"],
            &["image", "ls", "--format={{.Repository}}"],
        ];
        let all = lists.into_iter().map(|list| self.engine.text(list)).collect::<String>();
        // A nonce has eighteen digits.
        let is_of_copy = |name: &&str| {
            let rest = name.strip_prefix("dockopt-").unwrap_or_default();
            rest.len() >= 18 && rest.bytes().take(18).all(|byte| byte.is_ascii_hexdigit())
        };
        all.lines().filter(is_of_copy).map(str::to_owned).collect()
    }

    #[track_caller]
    fn compose(&self, arguments: &[&str]) -> String {
        let folder = self.path().to_str().unwrap();
        self.engine.text(&[&["compose", "--project-directory", folder], arguments].concat())
    }

    fn script(&self, version: &str, options: &[&str]) -> Command {
        self.shell(&[], version, options)
    }

    /// The script, run by a shell with options.
    fn shell(&self, shell_options: &[&str], version: &str, options: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(shell_options)
            .arg(self.path().join("deploy/deploy.sh"))
            .args(["--watch", "2"])
            .args(options)
            .env("VERSION", version);
        command.envs(self.engine.host.iter().map(|host| ("DOCKER_HOST", host)));
        command.env("BUILDX_BUILDER", "default").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the script, and gives its exit code and what it said.
    fn deploy(&self, version: &str, options: &[&str]) -> (Option<i32>, String) {
        let output = self.script(version, options).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Runs the script as soon as no other one does: what a killed one was running, a build or a start, holds the lock until that
    /// ends.
    fn deploy_when_free(&self, version: &str) -> (Option<i32>, String) {
        let started = Instant::now();
        loop {
            let (code, said) = self.deploy(version, &[]);
            if code != Some(2) || started.elapsed() > PATIENCE {
                return (code, said);
            }
        }
    }

    /// The record of the script, which has no problem and no value of a variable.
    fn records(&self) -> Vec<DeploymentRecord> {
        let text = std::fs::read_to_string(self.path().join("deploy/record.jsonl")).unwrap();
        assert!(!text.contains("hush"), "{text}");
        let read = DeploymentRecords::read(&text);
        assert_eq!(read.problems, [], "{text}");
        read.records
    }

    fn containers(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.compose(&["ps", "--all", "--quiet", "api"]).lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    fn port(&self) -> u16 {
        let address = self.compose(&["port", "web", "80"]);
        address.trim().rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The version that nginx passes on, asked from inside.
    fn version_inside(&self) -> String {
        let ask = "import urllib.request as u; print(u.urlopen('http://web/', timeout=5).read().decode())";
        let folder = self.path().to_str().unwrap();
        let arguments = ["compose", "--project-directory", folder, "exec", "-T", "api", "python3", "-c", ask];
        let started = Instant::now();
        loop {
            let output = self.engine.run(&arguments);
            if output.status.success() {
                return String::from_utf8(output.stdout).unwrap().trim().to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "{}", String::from_utf8_lossy(&output.stderr));
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The version that answers; asked until one does.
    fn version(&self) -> String {
        // The ports of a second engine are in a network of their own.
        if self.engine.host.is_some() {
            return self.version_inside();
        }
        let port = self.port();
        let started = Instant::now();
        loop {
            let answer = TcpStream::connect(("127.0.0.1", port))
                .ok()
                .and_then(|stream| ask(&mut BufReader::new(stream), "GET", "/"));
            match answer {
                Some(Answer { status: 200, text, .. }) => return text,
                other => assert!(started.elapsed() < PATIENCE, "{:?}", other.map(|answer| answer.status)),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let folder = self.path().to_str().unwrap().to_owned();
        self.engine.run(&[
            "compose",
            "--project-directory",
            &folder,
            "down",
            "--timeout=0",
            "--volumes",
            "--rmi=local",
        ]);
        let images = self.engine.run(&["image", "ls", "--quiet", "--filter", &format!("reference={}-api", self.name)]);
        for id in String::from_utf8_lossy(&images.stdout).lines() {
            self.engine.run(&["image", "rm", "--force", id]);
        }
    }
}

/// A whole answer.
struct Answer {
    status: u16,
    text: String,
    /// Whether the server ends the connection behind it.
    is_last: bool,
}

/// Asks once; `None` where no whole answer comes.
fn ask(stream: &mut BufReader<TcpStream>, method: &str, path: &str) -> Option<Answer> {
    let body = if method == "POST" { "x".repeat(500) } else { String::new() };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.get_mut().write_all(head.as_bytes()).ok()?;
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut is_last) = (0, false);
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            // A server ends a connection behind some number of requests.
            Some((name, value)) => is_last |= name.eq_ignore_ascii_case("connection") && value.trim() == "close",
            None => break,
        }
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text).ok()?;
    Some(Answer { status, text: String::from_utf8_lossy(&text).into_owned(), is_last })
}

/// Clients that ask until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<BTreeMap<String, usize>>>,
}

impl Load {
    fn start(port: u16) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn at(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let kinds =
            [("GET", "/", false, 3), ("GET", "/", true, 3), ("POST", "/", false, 2), ("GET", "/slow", false, 2)];
        let kinds = kinds.into_iter().flat_map(|(method, path, keeps, count)| vec![(method, path, keeps); count]);
        let clients = kinds.map(|(method, path, keeps)| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut answers = BTreeMap::new();
                let mut kept: Option<BufReader<TcpStream>> = None;
                while !stop.load(Ordering::Relaxed) {
                    let mut stream = kept.take().or_else(|| Some(BufReader::new(TcpStream::connect(address).ok()?)));
                    let answer = stream.as_mut().and_then(|stream| ask(stream, method, path));
                    let text = match &answer {
                        Some(answer) if answer.status == 200 => answer.text.clone(),
                        other => format!("{method} {path}, kept {keeps}: {:?}", other.as_ref().map(|it| it.status)),
                    };
                    *answers.entry(text).or_default() += 1;
                    kept = stream.filter(|_| keeps && answer.as_ref().is_some_and(|answer| !answer.is_last));
                    std::thread::sleep(Duration::from_millis(if answer.is_some() { 2 } else { 20 }));
                }
                answers
            })
        });
        Self { clients: clients.collect(), stop }
    }

    /// How often each version answered; what is no version is a lost request.
    fn answers(self) -> BTreeMap<String, usize> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = BTreeMap::new();
        for client in self.clients {
            for (text, count) in client.join().unwrap() {
                *all.entry(text).or_default() += count;
            }
        }
        all
    }
}

/// How many requests no version answered.
fn lost(answers: &BTreeMap<String, usize>) -> usize {
    answers.iter().filter(|(text, _)| !text.starts_with('v')).map(|(_, count)| count).sum()
}

/// Writes a file of a project.
fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn versions(answers: &BTreeMap<String, usize>) -> Vec<&str> {
    answers.keys().map(String::as_str).collect()
}

/// A good deployment, a refused one, one back, and one that was taken back: each has its phases, and what was counted.
fn check_records(records: &[DeploymentRecord]) {
    use DeploymentPhase::{Image, Migrate, Remove, Settle, Start, Switch, Undo};
    let phases = |record: &DeploymentRecord| record.steps.iter().map(|(phase, _)| *phase).collect::<Vec<_>>();
    let good = vec![Settle, Image, Migrate, Start, Switch, Remove];
    let refused = vec![Settle, Image, Migrate, Start, Undo];
    let taken_back = vec![Settle, Image, Migrate, Start, Switch, Undo];
    assert_eq!(records.iter().map(phases).collect::<Vec<_>>(), [good.clone(), refused, good, taken_back]);
    for record in records {
        let sum: f64 = record.steps.iter().map(|(_, seconds)| seconds).sum();
        assert!((sum - record.seconds).abs() < 0.5 + record.seconds * 0.05, "{record:?}");
        assert!(record.containers.len() == 1 && record.old_containers.as_ref().is_some_and(|old| old.len() == 1));
        let is_id = |id: &Option<String>| id.as_ref().is_some_and(|id| id.starts_with("sha256:"));
        assert!(is_id(&record.from_id) && is_id(&record.to_id) && record.from_id != record.to_id, "{record:?}");
    }
    let [first, unhealthy, back, faulty] = records else { panic!("{records:?}") };
    assert_eq!((&first.from, &back.to), (&back.to, &first.from));
    assert!(back.is_rollback() && !first.is_rollback());
    let probe = unhealthy.probe.as_deref().unwrap_or_default();
    assert!(probe.contains("HTTP Error 500") && probe.ends_with("with ***"), "{probe}");
    assert!([first, back, faulty].iter().all(|record| record.probe.is_none()), "{records:?}");
    let watched = |record: &DeploymentRecord| record.watched.iter().map(|share| share.percent).collect::<Vec<_>>();
    assert_eq!([first, unhealthy, faulty].map(watched), [vec![100], vec![], vec![5]]);
    assert!(first.watched[0].requests > 50 && first.watched[0].errors == 0 && faulty.watched[0].errors > 0);
    assert_eq!(first.limits.map(|limits| (limits.watch, limits.errors)), Some((2, 1)));
}

/// From one version to the next under load, and back behind a prune; a version that never gets healthy leaves the old
/// container alone, one that answers with errors is taken back.
#[test]
fn a_deployment_loses_no_request() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::start(&engine, "deploy");
    let load = Load::start(project.port());
    let (code, said) = project.deploy("v2", &[]);
    assert_eq!(code, Some(0), "{said}");
    let second = project.containers();
    let (code, said) = project.deploy("sick", &[]);
    assert!(code == Some(1) && said.contains("HTTP Error 500"), "{said}");
    assert_eq!(project.containers(), second);
    engine.text(&["image", "prune", "--force"]);
    let (code, said) = project.deploy("", &["rollback"]);
    assert_eq!(code, Some(0), "{said}");
    let answers = load.answers();
    assert_eq!(versions(&answers), ["v1", "v2"], "{answers:?}");
    let total: usize = answers.values().sum();
    super::say(&format!("{total} requests, none lost"));
    // Compose and the next run of `emit` leave all of it as it is.
    let before = project.containers();
    project.compose(&["up", "--detach"]);
    assert_eq!((project.containers(), project.version()), (before, "v1".to_owned()));
    assert_eq!(project.emit(&["--check"]).status.code(), Some(0));
    let load = Load::start(project.port());
    let (code, said) = project.deploy("faulty", &["--strategy", "canary"]);
    load.answers();
    assert!(code == Some(1) && said.contains("too many errors"), "{said}");
    assert_eq!(project.version(), "v1");
    let records = project.records();
    assert_eq!(records.iter().map(|record| record.exit).collect::<Vec<_>>(), [0, 1, 0, 1]);
    check_records(&records);
    // The folder's name is never run.
    assert!(!project.path().join("canary").exists() && !Path::new("canary").exists());
}

/// What was switched is served behind restarts; the second of two scripts at once ends.
#[test]
fn a_switch_survives_restarts() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::start(&engine, "restarts");
    let (code, said) = project.deploy("v2", &[]);
    assert_eq!(code, Some(0), "{said}");
    for service in ["edge", "api", "web"] {
        project.compose(&["restart", "--timeout=1", service]);
        assert_eq!(project.version(), "v2", "after a restart of {service}");
    }
    // Two at once: the second one says so.
    let mut first = project.script("v5", &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (lock, started) = (format!("name={}-deploy-lock", project.name), Instant::now());
    while engine.text(&["ps", "--quiet", "--filter", &lock]).is_empty() && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(100));
    }
    let (code, said) = project.deploy("v6", &[]);
    assert!(code == Some(2) && said.contains("another deployment is running"), "{code:?} {said}");
    assert!(first.wait().unwrap().success());
    assert_eq!(project.version(), "v5");
}

/// In a copy: nothing is lost, each version answers, the unhealthy one is refused with what its check said. The project itself is
/// not started, and nothing is left.
#[test]
fn a_deployment_is_proved_in_a_copy() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "verify");
    let before = std::fs::read_dir(project.path()).unwrap().count();
    let (code, result) = project.verify(&["--slow-path=/slow"]);
    assert_eq!((code, &result["is_proved"], &result["lost"]), (Some(0), &true.into(), &0.into()), "{result:#}");
    let steps = result["steps"].as_array().unwrap();
    let answered = |step: usize, version: &str| steps[step]["versions"][version].as_u64().unwrap_or_default();
    for (step, version) in [(0, "1"), (0, "2"), (1, "2"), (2, "2"), (2, "1")] {
        assert!(answered(step, version) > 20, "{step} {version}: {result:#}");
    }
    assert_eq!((&steps[1]["exit_code"], answered(1, "unhealthy")), (&1.into(), 0));
    assert!(steps[1]["log"].to_string().contains("Connection refused"), "{result:#}");
    for kind in ["new", "kept", "post", "slow"] {
        assert!(steps[0]["requests"][kind]["answered"].as_u64() > Some(2), "{kind}: {result:#}");
    }
    assert_eq!(std::fs::read_dir(project.path()).unwrap().count(), before);
    assert_eq!(project.containers(), Vec::<String>::new());
    super::say(&format!("{} requests, none lost", result["requests"]));
}

/// A script of the author that recreates the container loses requests, and takes a version into service that never gets healthy.
#[test]
fn a_script_of_the_author_is_tried() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "script");
    std::fs::write(project.path().join("deploy.sh"), "#!/bin/sh\ndocker compose up --detach --build api\n").unwrap();
    let (code, result) = project.verify(&["--script=deploy.sh"]);
    assert_eq!(code, Some(1), "{result:#}");
    let steps = result["steps"].as_array().unwrap();
    let cause = steps[0]["problems"].to_string();
    assert!(cause.contains("answers of status 502") && cause.contains("(version 1) stopped at"), "{result:#}");
    assert!(steps[1]["problems"].to_string().contains("a version that never gets healthy was asked"), "{result:#}");
    let text = std::fs::read_to_string(project.path().join("api/Dockerfile")).unwrap();
    assert_eq!(text, DOCKERFILE);
    // What names something of this engine would change it.
    let holder = format!("{}-holder", project.name);
    engine.text(&["create", "--name", &holder, "nginx:1.30"]);
    std::fs::write(project.path().join("deploy.sh"), format!("docker restart {holder}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let refused = command.args(["deploy", "verify", "--script=deploy.sh"]).arg(project.path()).output().unwrap();
    engine.text(&["rm", &holder]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains(&holder), "{said}");
}

/// A run that is killed leaves things behind, which are found and removed.
#[test]
fn what_a_killed_run_left_is_removed() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "killed");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(["deploy", "verify"]).arg(project.path()).env("BUILDX_BUILDER", "default");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The script is running then.
    assert!(lines.map_while(Result::ok).any(|line| line.starts_with("version 1 -> 2")));
    std::thread::sleep(Duration::from_secs(4));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = project.copies();
    let edge = left.iter().find(|name| name.ends_with("-edge-1")).unwrap_or_else(|| panic!("{left:?}")).clone();
    let nonce = edge.strip_suffix("-edge-1").unwrap().to_owned();
    let started = Instant::now();
    loop {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        let output = command.args(["deploy", "verify", "--clean-up"]).output().unwrap();
        let left: Vec<String> = project.copies().into_iter().filter(|name| name.starts_with(&nonce)).collect();
        // The script may have started something at that moment.
        if output.status.success() && left.is_empty() {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{left:?}");
    }
}

/// The stack file is one that docker reads.
#[test]
fn a_stack_file_is_accepted() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "stack");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let emitted = command.args(["deploy", "emit", "--for=swarm", "--write"]).arg(project.path()).output().unwrap();
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    let file = project.path().join("deploy/stack.yaml");
    let read = engine.text(&["stack", "config", "--compose-file", file.to_str().unwrap()]);
    for part in ["order: start-first", "failure_action: rollback", "image: nginx:1.30"] {
        assert!(read.contains(part), "{part}: {read}");
    }
}
