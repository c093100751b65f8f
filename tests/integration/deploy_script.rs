//! What the emitted `deploy.sh` prints and records of a container that is not healthy, with a stand-in for the engine's client.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::dockopt::Dockopt;

/// Answers as the engine does of one unhealthy container.
const DOCKER: &str = r#"#!/bin/sh
case "$*" in
  *'len .State.Health.Log'*) echo 2 ;;
  *'index .State.Health.Log 1'*) printf 'cannot reach postgres://app:hunter-42-pass@db/shop\nwith plum-canary-77\n' ;;
  *'range .State.Health.Log'*) printf 'first: plum-canary-77\ncannot reach postgres://app:hunter-42-pass@db/shop\nwith plum-canary-77\n' ;;
  *'range .Config.Env'*) printf 'API_TOKEN=plum-canary-77\nDATABASE_URL=postgres://app:hunter-42-pass@db/shop\nPORT=8000\n' ;;
  *.State.Status*) echo 'running unhealthy' ;;
  logs*) echo 'listening on 8000'; echo 'error: token plum-canary-77 refused, hunter-42-pass too' >&2 ;;
esac
"#;

const COMPOSE: &str = "services:\n  nginx:\n    image: nginx:1.28\n    ports: [\"8080:80\"]\n    volumes: [\"./nginx.conf:/etc/nginx/conf.d/default.conf:ro\"]\n  \
    api:\n    build: .\n    stop_grace_period: 90s\n";

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY app.py /app.py\nEXPOSE 8000\nHEALTHCHECK --interval=5s --start-period=20s \
    CMD curl -f http://127.0.0.1:8000/health\nCMD [\"python\", \"/app.py\"]\n";

#[test]
fn words_of_a_failing_check_are_masked_on_the_screen_and_in_the_record() {
    let ran = Dockopt::new()
        .file("compose.yaml", COMPOSE)
        .file("Dockerfile", DOCKERFILE)
        .file("app.py", "")
        .file("nginx.conf", "server {\n    listen 80;\n    location / { proxy_pass http://api:8000; }\n}\n")
        .args(["deploy", "emit", "--for", "haproxy", "--write"])
        .run()
        .code(0);
    let script = ran.read("deploy/deploy.sh");
    // The functions alone, up to what reads the arguments.
    let functions = script.split_once("\nimage='' migrate=''").unwrap().0;
    let functions: String =
        functions.lines().filter(|line| !line.starts_with("cd ")).fold(String::new(), |text, line| text + line + "\n");
    let folder = tempfile::tempdir().unwrap();
    let docker = folder.path().join("docker");
    fs::write(&docker, DOCKER).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    let call = "healthy shop-api-2 2 || echo \"code $?\"; echo \"record: $probe\"";
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh").env("PATH", path).args(["-c", &format!("{functions}\n{call}")]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(
        shown,
        "first: ***\ncannot reach ***\nwith ***\nlistening on 8000\nerror: token *** refused, *** too\ncode 1\n\
         record: cannot reach *** with ***\n"
    );
}
