//! The probes that `deploy emit --for kubernetes` writes say what the healthchecks say: run in the containers, or asked as
//! Kubernetes asks, while a program is not ready, while it is, and when it is killed.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dockopt::yaml::{self, YamlNode};

use super::Engine;

/// Ready as long as a file says so.
const SERVER: &str = "import http.server, os\n\
    class Answer(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        ready = os.path.exists('/tmp/ready')\n        \
    self.send_response(200 if ready and self.path.startswith('/health') else 503)\n        self.end_headers()\n\
    http.server.ThreadingHTTPServer(('', 8000), Answer).serve_forever()\n";

/// Stays when the server is killed, so that checks still run.
const START: &str = "python /app/server.py &\nwhile :; do sleep 1; done\n";

const ASK: &str = "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:8000/health?from=ask', timeout=2)\n";

const DOCKERFILE: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY server.py ask.py start.sh ./\nEXPOSE 8000\n\
    CMD [\"sh\", \"/app/start.sh\"]\nHEALTHCHECK --interval=1s --timeout=3s --retries=1 \
    CMD python -c \"import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health')\"\n";

const CHECKS: [(&str, &str); 4] = [
    // The image's, which asks over HTTP.
    ("page", "{interval: 1s}"),
    ("words", "{test: [CMD, python, /app/ask.py], interval: 1s, timeout: 3s, retries: 1}"),
    (
        "shell",
        "{test: [CMD-SHELL, 'test \"$$(cat /tmp/ready)\" = yes && python /app/ask.py'], interval: 1s, timeout: 3s, retries: 1}",
    ),
    ("device", "{test: [CMD, bash, -c, 'exec 3<>/dev/tcp/127.0.0.1/8000'], interval: 1s, timeout: 3s, retries: 1}"),
];

/// A compose project of the test, taken down with its end.
struct Project<'e> {
    engine: &'e Engine,
    folder: tempfile::TempDir,
    name: String,
}

impl<'e> Project<'e> {
    fn start(engine: &'e Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut compose = "services:\n".to_owned();
        for (name, check) in CHECKS {
            let _ = write!(compose, "  {name}:\n    build: ./app\n    healthcheck: {check}\n");
        }
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("app")).unwrap();
        write("compose.yaml", &compose);
        write("app/Dockerfile", DOCKERFILE);
        write("app/server.py", SERVER);
        write("app/ask.py", ASK);
        write("app/start.sh", START);
        let project = Self { engine, folder, name: format!("dockopt-test-cluster-{}", std::process::id()) };
        project.compose(&["up", "--detach", "--build"]);
        project
    }

    fn compose(&self, arguments: &[&str]) -> String {
        let folder = self.folder.path().to_str().unwrap();
        let all = ["compose", "--project-directory", folder, "--project-name", &self.name];
        self.engine.text(&[&all[..], arguments].concat())
    }

    fn container(&self, service: &str) -> String {
        self.compose(&["ps", "--quiet", service])
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let folder = self.folder.path().to_str().unwrap();
        let all = ["compose", "--project-directory", folder, "--project-name", &self.name];
        self.engine.run(&[&all[..], &["down", "--timeout=0", "--volumes", "--rmi=local"]].concat());
    }
}

/// What a probe does.
#[derive(Debug)]
enum Probe {
    Page { path: String, port: u16 },
    Port(u16),
    Words(Vec<String>),
}

/// The readiness probe of the only container of a service's Deployment, and whether it has one of life.
fn readiness(folder: &Path, service: &str) -> (Probe, bool) {
    let text = std::fs::read_to_string(folder.join(format!("deploy/kubernetes/{service}.yaml"))).unwrap();
    for document in text.split("\n---\n") {
        let tree = yaml::read(document);
        let Some(root) = tree.root() else { continue };
        if root.get("kind").and_then(YamlNode::text) != Some("Deployment") {
            continue;
        }
        let steps = ["spec", "template", "spec", "containers"];
        let containers = steps.iter().try_fold(root, |node, step| node.get(step)).unwrap();
        let container = containers.items().next().unwrap();
        let probe = container.get("readinessProbe").unwrap();
        let text = |node: YamlNode, key: &str| node.get(key).and_then(YamlNode::text).unwrap_or_default().to_owned();
        let probe = if let Some(page) = probe.get("httpGet") {
            Probe::Page { path: text(page, "path"), port: text(page, "port").parse().unwrap() }
        } else if let Some(socket) = probe.get("tcpSocket") {
            Probe::Port(text(socket, "port").parse().unwrap())
        } else {
            let words = probe.get("exec").and_then(|exec| exec.get("command")).unwrap();
            // Kubernetes writes `$(` for `$$(` (API reference, Container, command).
            let words = words.items().filter_map(YamlNode::text).map(|word| word.replace("$$(", "$("));
            Probe::Words(words.collect())
        };
        return (probe, container.get("livenessProbe").is_some());
    }
    panic!("no Deployment in {text}")
}

/// What Kubernetes makes of a probe: 200 to 399 of a page within the time, a port that takes a connection, a command that ends with 0.
fn passes(engine: &Engine, container: &str, probe: &Probe) -> bool {
    let connect = |port: u16| {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = engine.text(&["inspect", "--format", format, container]);
        TcpStream::connect_timeout(&format!("{address}:{port}").parse().unwrap(), Duration::from_secs(3)).ok()
    };
    match probe {
        Probe::Port(port) => connect(*port).is_some(),
        Probe::Words(words) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            engine.run(&[&["exec", container][..], &words].concat()).status.success()
        }
        Probe::Page { path, port } => {
            let Some(mut stream) = connect(*port) else { return false };
            stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            if stream.read_to_string(&mut answer).is_err() {
                return false;
            }
            let status = answer.split(' ').nth(1).and_then(|word| word.parse::<u16>().ok());
            status.is_some_and(|status| (200..400).contains(&status))
        }
    }
}

/// Waits until the engine says of a container whether it is healthy, as is expected.
fn wait_for(engine: &Engine, container: &str, is_healthy: bool) {
    let wanted = if is_healthy { "healthy" } else { "unhealthy" };
    let started = Instant::now();
    loop {
        let status = engine.text(&["inspect", "--format", "{{.State.Health.Status}}", container]);
        if status == wanted {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{status} is not {wanted}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn probes_say_what_the_healthchecks_say() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::start(&engine);
    let folder = project.folder.path();
    let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let output =
        dockopt.args(["deploy", "emit", "--for", "kubernetes", "--write"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let probes = CHECKS.map(|(service, _)| (service, project.container(service), readiness(folder, service)));
    let check = |state: &str, verdict: &dyn Fn(&str) -> bool| {
        for (service, container, (probe, _)) in &probes {
            let is_healthy = verdict(service);
            wait_for(&engine, container, is_healthy);
            assert_eq!(passes(&engine, container, probe), is_healthy, "{service} {state}: {probe:?}");
        }
    };
    assert!(matches!(probes[0].2.0, Probe::Page { port: 8000, .. }), "{probes:?}");
    assert!(matches!(probes[1].2.0, Probe::Words(_)) && matches!(probes[2].2.0, Probe::Words(_)), "{probes:?}");
    assert!(matches!(probes[3].2.0, Probe::Port(8000)), "{probes:?}");
    // No healthcheck restarts a container.
    assert!(probes.iter().all(|(.., (_, has_liveness))| !has_liveness));
    // A port answers before the program is ready: what only connects says no more.
    check("not ready", &|service| service == "device");
    for (_, container, _) in &probes {
        engine.text(&["exec", container, "sh", "-c", "echo yes >/tmp/ready"]);
    }
    check("ready", &|_| true);
    for (_, container, _) in &probes {
        let kill = "for p in /proc/[0-9]*; do grep -q [s]erver.py $p/cmdline && kill -9 ${p#/proc/}; done; true";
        engine.text(&["exec", container, "sh", "-c", kill]);
    }
    check("killed", &|_| false);
}
