//! What goes wrong while builds are measured: a clear message, nothing left running, nothing half-written.

use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Engine;

/// A run of `dockopt measure` in a folder of its own.
struct Run {
    context: tempfile::TempDir,
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Run {
    fn new(dockerfile: &str) -> Self {
        let context = tempfile::tempdir().unwrap();
        fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
        fs::write(context.path().join("main.py"), "print(1)\n").unwrap();
        Self { context, folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        command.env("TMPDIR", self.folder.path()).env("BUILDX_BUILDER", "default").stdin(Stdio::null());
        command.envs(self.variables.iter().cloned());
        command.arg("measure").arg(self.context.path()).args(["--scenarios", "cold"]).args(arguments);
        command
    }

    /// What it says, and its code; nothing is left in its folder.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, parts: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
        }
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0, "{stderr}");
        output
    }
}

/// A socket that answers every request with the same text.
fn fake(path: &Path, version: &'static str) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let length = version.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{version}");
        }
    });
}

#[test]
fn missing_programs_are_reported_first() {
    let sockets = tempfile::tempdir().unwrap();
    let path = sockets.path().join("s");
    let host = format!("unix://{}", path.display());
    let run = Run::new("FROM scratch\nCOPY main.py /\n").variable("DOCKER_HOST", &host);
    run.check(&[], 2, &["is not running"]);
    fake(
        &path,
        r#"{"Platform":{"Name":"Fake"},"Version":"1","ApiVersion":"1.51","MinAPIVersion":"1.24","Os":"windows","Arch":"amd64"}"#,
    );
    run.check(&[], 2, &["runs Windows containers, which cannot be measured", "switch it to Linux containers"]);

    let path = sockets.path().join("linux");
    fake(
        &path,
        r#"{"Platform":{"Name":"Fake"},"Version":"1","ApiVersion":"1.51","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}"#,
    );
    let run = Run::new("FROM scratch\nCOPY main.py /\n").variable("DOCKER_HOST", &format!("unix://{}", path.display()));
    run.check(&["--platform", "linux/amd64,linux/arm64"], 2, &["are several platforms", "set one with --platform"]);
    let run = run.variable("DOCKER", "/bin/false");
    run.check(&[], 2, &["`/bin/false` has no buildx", "docker-buildx"]);
    let run = run.variable("DOCKER", "/none/docker");
    run.check(&[], 2, &["`/none/docker`, which is needed for builds, cannot be started"]);
}

#[test]
fn faults_of_a_build_are_reported_with_what_to_do() {
    if Engine::find().is_none() {
        return;
    }
    let base = Run::new("FROM dockopt-none.invalid/base:1\nCOPY . .\n");
    base.check(&[], 1, &["a base image is not in the engine and cannot be pulled", "`docker load`"]);

    let failing = Run::new("FROM python:3.13-slim\nCOPY . .\nRUN echo the-last-words && exit 3\n");
    let output = failing.check(&["--format", "json"], 1, &["the build failed at", "exit code: 3", "the-last-words"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    crate::fixtures::keeps_schema(include_str!("../../../schemas/measure.schema.json"), &json);
    assert_eq!(json["builds"][0]["failure"]["log"][0], "the-last-words");
    assert!(json["builds"][0]["image"].is_null());

    let broken = Run::new("FROM python:3.13-slim\nFRM x\n");
    broken.check(&[], 1, &["unknown instruction: FRM (did you mean FROM?)"]);
    let slow = Run::new("FROM python:3.13-slim\nCOPY . .\nRUN sleep 120\n");
    slow.check(&["--timeout", "15"], 1, &["the build was stopped after 15 s at `", "RUN sleep 120", "--timeout"]);

    let secret = Run::new(
        "FROM python:3.13-slim\nCOPY . .\nRUN --mount=type=secret,id=token,required=true test -s /run/secrets/token\n",
    );
    secret.check(&[], 2, &["the build needs a secret that was not passed", "--secret id=NAME"]);
    let file = secret.context.path().join("token");
    fs::write(&file, "geheim").unwrap();
    secret.check(&["--secret", &format!("id=token,src={}", file.display())], 0, &[]);
}

/// A folder of a megabyte; `None` where nobody may make one.
fn small(folder: &Path) -> Option<()> {
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m,mode=0700", "dockopt-test"]).arg(folder).output();
    mount.ok().filter(|output| output.status.success()).map(drop)
}

#[test]
fn a_full_disk_is_reported() {
    if Engine::find().is_none() {
        return;
    }
    let run = Run::new("FROM scratch\nCOPY . .\n");
    fs::write(run.context.path().join("large.py"), vec![b'#'; 3 << 20]).unwrap();
    if small(run.folder.path()).is_none() {
        super::left_out("a small file system can't be mounted");
        return;
    }
    let output = run.command(&[]).output().unwrap();
    let leftover_count = fs::read_dir(run.folder.path()).unwrap().count();
    assert!(Command::new("umount").arg(run.folder.path()).status().unwrap().success());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), leftover_count), (Some(2), 0), "{stderr}");
    assert!(stderr.contains("No space left on device") && stderr.contains("set TMPDIR"), "{stderr}");
}

/// Leads to an engine until it is cut.
#[derive(Clone, Default)]
pub(super) struct Way(Arc<Mutex<(bool, Vec<UnixStream>)>>);

impl Way {
    pub(super) fn open(&self, path: &Path, engine: &'static str) {
        let (listener, way) = (UnixListener::bind(path).unwrap(), self.clone());
        thread::spawn(move || {
            for inner in listener.incoming() {
                let (inner, outer) = (inner.unwrap(), UnixStream::connect(engine).unwrap());
                let mut state = way.0.lock().unwrap();
                if state.0 {
                    continue;
                }
                state.1.extend([inner.try_clone().unwrap(), outer.try_clone().unwrap()]);
                for (mut from, mut to) in [
                    (inner.try_clone().unwrap(), outer.try_clone().unwrap()),
                    (outer.try_clone().unwrap(), inner.try_clone().unwrap()),
                ] {
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
    }

    pub(super) fn cut(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        for stream in state.1.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn an_engine_that_is_lost_is_reported_and_cleaned_up_later() {
    const SOCKET: &str = "/var/run/docker.sock";
    if Engine::find().is_none() {
        return;
    }
    if std::env::var_os("DOCKER_HOST").is_some() || !Path::new(SOCKET).exists() {
        super::left_out("the engine is not at its usual place");
        return;
    }
    let sockets = tempfile::tempdir().unwrap();
    let (way, path) = (Way::default(), sockets.path().join("s"));
    way.open(&path, SOCKET);
    let mut run = Run::new("FROM python:3.13-slim\nCOPY . .\nRUN sleep 120\n");
    let command = run
        .command(&[])
        .env("DOCKER_HOST", format!("unix://{}", path.display()))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn();
    let mut command = command.unwrap();
    super::measure::until_building(run.folder.path(), &mut command);
    way.cut();
    let output = command.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("the connection to the engine was lost during a build")
            || stderr.contains("closed unexpectedly")
            || stderr.contains("stopped in the middle"),
        "{stderr}"
    );
    assert_eq!(fs::read_dir(run.folder.path()).unwrap().count(), 1, "its folder tells the next run: {stderr}");
    fs::write(run.context.path().join("Dockerfile"), "FROM scratch\nCOPY . .\n").unwrap();
    run.variables.clear();
    run.check(&[], 0, &[]);
}
