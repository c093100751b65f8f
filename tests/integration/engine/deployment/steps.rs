//! The script of `deploy emit` step by step: killed at each of them, shares of a canary, an old version that is broken already, a
//! queue.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::super::{Engine, PATIENCE, is_full};
use super::{Load, Project, ask, lost, versions};

/// Steps as `sh -x` shows them, from the start of the new container on or before it.
const STEPS: [(&str, &str); 10] = [
    ("", "+ docker tag"),
    ("", " build api"),
    ("starting api", " up -d --no-deps"),
    ("starting api", "+ healthy"),
    ("starting api", "+ join api"),
    ("starting api", "+ share 100"),
    ("starting api", "+ observe"),
    ("starting api", "+ mv deploy/next.yaml deploy/api.yaml"),
    ("starting api", "+ docker stop"),
    ("starting api", "+ docker rm"),
];

/// Killed at a step, it leaves one version that answers and no lock; the next run finishes or undoes.
#[test]
fn a_script_that_is_killed_at_a_step_is_finished_by_the_next() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::start(&engine, "steps");
    let steps = STEPS.iter().enumerate().filter(|(number, _)| is_full() || [2, 5, 7].contains(number));
    for (number, (after, step)) in steps {
        let mut command = project.shell(&["-x"], &format!("v3{number}"), &[]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(after.is_empty() || lines.any(|line| line.contains(after)), "{after} was not reached");
        assert!(lines.any(|line| line.starts_with('+') && line.contains(step.trim_start_matches("+ "))), "{step}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(project.version().starts_with('v'), "killed at {step}");
        let next = format!("v4{number}");
        let (code, said) = project.deploy_when_free(&next);
        assert_eq!(code, Some(0), "killed at {step}: {said}");
        assert_eq!((project.version(), project.containers().len()), (next, 1), "killed at {step}");
    }
}

/// With 5, 25 and 50 % of the requests the new version answers so many of 600 (`DOCKOPT_FULL=1`: 1,500), give or take
/// two of a hundred.
#[test]
fn a_canary_gets_its_share() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::start(&engine, "canary");
    let port = project.port();
    let requests = if is_full() { 1500 } else { 600 };
    let mut child =
        project.script("v2", &["--strategy", "canary", "--watch", "25"]).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut shares = Vec::new();
    for line in lines {
        let Some(percent) = line.split_once(" % of the requests to the new version").map(|(text, _)| text) else {
            continue;
        };
        let percent: f64 = percent.split_whitespace().last().unwrap().parse().unwrap();
        let answers = answers_of(port, requests);
        let count = answers.get("v2").copied().unwrap_or_default();
        assert_eq!(answers.values().sum::<usize>(), requests, "{answers:?}");
        #[allow(clippy::cast_precision_loss, reason = "at most 1,500")]
        let share = count as f64 * 100.0 / requests as f64;
        assert!((share - percent).abs() <= 2.0, "{share} instead of {percent} %");
        shares.push(share);
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(shares.len(), 4);
    super::super::say(&format!("shares of the new version: {shares:?}"));
}

/// An image that is not built here is the one that the author's file names for the service, not for what it waits for; with
/// `remove` what is in service stays.
#[test]
fn the_image_of_a_service_is_deployed_and_stays() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "pulled");
    let path = project.path().join("compose.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, rest) = text.split_once("    build:").unwrap();
    let (_, rest) = rest.split_once("    environment:").unwrap();
    let image = format!("{}-api:1", project.name);
    let waits = "\n  aside:\n    image: nginx:1.30\n  web:";
    let check = "healthcheck: {test: [CMD, python3, -c, \"import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health')\"], \
                 interval: 1s, start_period: 20s, start_interval: 500ms}";
    let service = format!("{start}    image: {image}\n    {check}\n    depends_on: [aside]\n    environment:{rest}");
    let text = service.replace("\n  web:", waits);
    std::fs::write(&path, text).unwrap();
    let build = |version: &str| {
        let argument = format!("--build-arg=VERSION={version}");
        let built = engine.build(&project.path().join("api"), &["--tag", &image, &argument]);
        assert!(built.ok, "{}", built.log);
    };
    build("v1");
    project.set_up();
    for version in ["v2", "v3", "v4"] {
        build(version);
        let (code, said) = project.deploy("", &[]);
        assert_eq!((code, project.version()), (Some(0), version.to_owned()), "{said}");
    }
    // Without a newer image, and without room for one.
    let (code, said) = project.deploy("", &[]);
    assert!(code == Some(1) && said.contains("this host has no newer image"), "{said}");
    assert_eq!(project.full_disk(), (Some(1), "v4".to_owned()));
    build("v5");
    let (code, said) = project.deploy("", &["remove"]);
    assert_eq!((code, project.version()), (Some(0), "v4".to_owned()), "{said}");
    assert_eq!(project.compose(&["ps", "--quiet", "edge"]), "");
}

impl Project<'_> {
    /// The exit code of the script where a pull finds no room, as a `docker` in front of the real one says it, and the version in
    /// service.
    fn full_disk(&self) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().unwrap();
        let wrapper = folder.path().join("docker");
        let docker = std::env::var("DOCKER").unwrap_or_else(|_| "/usr/bin/docker".to_owned());
        let text = format!(
            "#!/bin/sh\n[ \"$1\" != pull ] || {{ echo 'failed to register layer: write /app: no space left on device' >&2; exit 1; }}\nexec {docker} \"$@\"\n"
        );
        std::fs::write(&wrapper, text).unwrap();
        std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let output = self.script("", &[]).env("PATH", path).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("the disk is full"), "{output:?}");
        (output.status.code(), self.version())
    }
}

/// Answers to so many requests of several clients, by version.
fn answers_of(port: u16, count: usize) -> BTreeMap<String, usize> {
    let answers = Mutex::new(BTreeMap::new());
    let clients = 6;
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                for _ in 0..count / clients {
                    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                    let answer = ask(&mut BufReader::new(stream), "GET", "/").unwrap();
                    assert_eq!(answer.status, 200);
                    *answers.lock().unwrap().entry(answer.text).or_default() += 1;
                }
            });
        }
    });
    answers.into_inner().unwrap()
}

/// A new version replaces one whose check fails already; what the first installation loses is said.
#[test]
fn a_broken_version_is_replaced_and_the_installation_is_measured() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "hotfix");
    // A port that stays when nginx is created again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let path = project.path().join("compose.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("127.0.0.1::80", &format!("127.0.0.1:{port}:80"));
    std::fs::write(&path, text).unwrap();
    project.compose(&["up", "--detach", "--build", "--wait", "--quiet-pull"]);
    let load = Load::start(project.port());
    assert!(project.emit(&["--write"]).status.success());
    let began = Instant::now();
    project.compose(&["up", "--detach"]);
    project.version();
    let seconds = began.elapsed().as_secs_f64();
    let answers = load.answers();
    let lost = lost(&answers);
    let all = answers.values().sum::<usize>();
    super::super::say(&format!("the first installation took {seconds:.1} s and lost {lost} of {all} requests"));
    assert!(lost > 0, "{answers:?}");
    let old = project.containers();
    engine.text(&["exec", &old[0], "touch", "/broken"]);
    let started = Instant::now();
    while !engine.text(&["inspect", "--format={{.State.Health.Status}}", &old[0]]).contains("unhealthy") {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(200));
    }
    let load = Load::start(project.port());
    let (code, said) = project.deploy("v2", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(versions(&load.answers()), ["v1", "v2"]);
    assert_eq!(project.version(), "v2");
    // Nothing that the author wrote into the environment is in what the script writes.
    assert!(project.records().len() == 1 && !said.contains("hush-canary"), "{said}");
}

const QUEUE: &str = r#"
import http.server, threading, time
jobs, leases, done, lock = list(range(200)), {}, set(), threading.Lock()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with lock:
            now = time.time()
            # A job that nobody acknowledged in time is given out again.
            for job in [job for job, until in leases.items() if until < now]:
                del leases[job]
                jobs.append(job)
            body = str(len(done))
            if self.path.startswith("/done/"):
                job = int(self.path[6:])
                leases.pop(job, None)
                done.add(job)
            elif self.path == "/job":
                job = jobs.pop(0) if jobs else None
                body = "" if job is None else str(job)
                if job is not None:
                    leases[job] = now + 5
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 9000), Handler).serve_forever()
"#;

const WORKER: &str = r#"
import signal, sys, time, urllib.request
stopping = False
def stop(*_):
    global stopping
    stopping = True
signal.signal(signal.SIGTERM, stop)
get = lambda path: urllib.request.urlopen("http://queue:9000" + path).read().decode()
while not stopping:
    job = get("/job")
    time.sleep(0.15)
    if job:
        get("/done/" + job)
"#;

/// A worker that acknowledges late is replaced while it works: no job of 200 is lost.
#[test]
fn a_worker_is_replaced_without_a_lost_job() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "queue");
    let write = |name: &str, text: &str| std::fs::write(project.path().join(name), text).unwrap();
    write("queue.py", QUEUE);
    write("api/worker.py", WORKER);
    let dockerfile = "FROM python:3.13-slim\nCOPY worker.py /\nARG VERSION=v1\nRUN echo $VERSION >/version\n\
        CMD [\"python3\", \"/worker.py\"]\nHEALTHCHECK --interval=1s --start-interval=500ms --start-period=10s CMD \
        [\"python3\", \"-c\", \"import urllib.request as u; u.urlopen('http://queue:9000/').read()\"]\n";
    write("api/Dockerfile", dockerfile);
    write(
        "compose.yaml",
        &format!(
            "name: {}\nservices:\n  queue:\n    image: python:3.13-slim\n    command: [python3, /queue.py]\n    ports: \
             [\"127.0.0.1::9000\"]\n    volumes: [\"./queue.py:/queue.py:ro\"]\n  api:\n    build:\n      context: api\n      args: \
             {{VERSION: \"${{VERSION:-v1}}\"}}\n    init: true\n    depends_on: [queue]\n",
            project.name
        ),
    );
    let emitted = project.emit(&["--service=api", "--write"]);
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    project.compose(&["up", "--detach", "--build", "--quiet-pull"]);
    let done = || {
        let address = project.compose(&["port", "queue", "9000"]);
        let port: u16 = address.trim().rsplit(':').next().unwrap().parse().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        std::io::Write::write_all(&mut &stream, b"GET / HTTP/1.0\r\n\r\n").ok()?;
        BufReader::new(stream).lines().map_while(Result::ok).last()?.parse::<u32>().ok()
    };
    let (code, said) = project.deploy("v2", &["api"]);
    assert_eq!(code, Some(0), "{said}");
    let before = done().unwrap_or_default();
    assert!(before < 200, "the worker was ready before it was replaced");
    let started = Instant::now();
    while done() != Some(200) {
        assert!(started.elapsed() < PATIENCE, "{:?} of 200 jobs are done", done());
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(project.containers().len(), 1);
    super::super::say(&format!("200 of 200 jobs are done, {before} before the old worker was gone"));
}

/// Requests come to the port that nginx names and to one that is published; on a third that is published nobody listens.
#[test]
fn a_service_of_several_ports_loses_no_request() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "ports");
    let text = std::fs::read_to_string(project.path().join("compose.yaml")).unwrap();
    let text = text.replace("    restart:", "    ports: [\"127.0.0.1::9000\", \"127.0.0.1::9009\"]\n    restart:");
    let text =
        text.replace("    image: nginx", "    environment: {METRICS_URL: \"http://api:9000/\"}\n    image: nginx");
    std::fs::write(project.path().join("compose.yaml"), text).unwrap();
    project.set_up();
    let address = project.compose(&["port", "edge", "9000"]);
    let address: std::net::SocketAddr = address.trim().parse().unwrap();
    let answers = || ask(&mut BufReader::new(TcpStream::connect(address).ok()?), "GET", "/");
    let started = Instant::now();
    while answers().is_none_or(|answer| answer.status != 200) {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(100));
    }
    let loads = [Load::start(project.port()), Load::at(address)];
    for version in ["v2", "v3"] {
        let (code, said) = project.deploy(version, &[]);
        assert_eq!(code, Some(0), "{said}");
    }
    for load in loads {
        let answers = load.answers();
        assert_eq!(versions(&answers), ["v1", "v2", "v3"], "{answers:?}");
    }
    // Which containers get requests is kept for each port.
    project.compose(&["restart", "--timeout=1", "edge"]);
    assert_eq!(project.version(), "v3");
    let saved = std::fs::read_to_string(project.path().join("deploy/edge/haproxy.cfg")).unwrap();
    let name = project.compose(&["ps", "--format={{.Name}}", "api"]);
    for port in ["8000", "9000", "9009"] {
        assert!(saved.contains(&format!(" {}:{port} weight 100 ", name.trim())), "{saved}");
    }
}
