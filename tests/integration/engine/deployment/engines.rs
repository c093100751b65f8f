//! What needs an engine of its own: that it is started again, and Swarm.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use super::super::say;
use super::super::second::SecondEngine;
use super::{DOCKERFILE, Load, Project, SERVER, lost, write};

const IMAGES: [&str; 3] = ["nginx:1.30", "haproxy:3.0", "python:3.13-slim"];

/// The version in service answers again without anybody's help, where the engine stops with its containers in the midst of
/// a deployment, too.
#[test]
fn what_is_in_service_survives_a_restart_of_the_engine() {
    let Some(second) = SecondEngine::start(Some("/var/lib/dockopt-restart-engine"), &IMAGES) else { return };
    let project = Project::new(&second.engine, "reboot");
    let path = project.path().join("compose.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("    image: nginx", "    restart: unless-stopped\n    image: nginx")).unwrap();
    project.set_up();
    let (code, said) = project.deploy("v2", &[]);
    assert_eq!(code, Some(0), "{said}");
    second.restart();
    assert_eq!(project.version(), "v2");

    let mut script = project.script("v3", &["--strategy", "canary", "--watch", "60"]).spawn().unwrap();
    let mut lines = BufReader::new(script.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("5 % of the requests")));
    script.kill().unwrap();
    script.wait().unwrap();
    second.restart();
    assert_eq!(project.version(), "v2");
    assert_eq!(project.containers().len(), 2);
    let (code, said) = project.deploy_when_free("v4");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((project.version(), project.containers().len()), ("v4".to_owned(), 1));
}

/// Swarm replaces what the stack file says, and takes back a version that never gets healthy. What it loses is said: Swarm's
/// own routing needs IPVS of the kernel, so that names are told here by DNS, which callers keep for a second.
#[test]
fn swarm_replaces_the_services_of_a_stack() {
    let Some(second) = SecondEngine::start(Some("/var/lib/dockopt-swarm-engine"), &IMAGES) else { return };
    let engine = &second.engine;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| write(folder.path(), name, text);
    write("api/server.py", SERVER);
    write("api/Dockerfile", &DOCKERFILE.replace("start-period=20s", "start-period=5s --timeout=5s"));
    write(
        "web/default.conf",
        "resolver 127.0.0.11 valid=1s;\nserver { listen 80; location / { set $api api:8000; proxy_pass http://$api; } }\n",
    );
    write(
        "compose.yaml",
        "name: stack\nservices:\n  api:\n    build: api\n    image: stack-api:${VERSION}\n    deploy: {endpoint_mode: dnsrr, \
         replicas: 2}\n  web:\n    image: nginx:1.30\n    ports: [{target: 80, published: '8080', mode: host}]\n    volumes: \
         ['./web:/etc/nginx/conf.d:ro']\n    deploy: {endpoint_mode: dnsrr}\n",
    );
    let mut emit = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    emit.args(["deploy", "emit", "--for", "swarm", "--write"]).arg(folder.path()).env("VERSION", "v1");
    let emitted = emit.output().unwrap();
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    // A run that was killed leaves the engine in its swarm.
    engine.run(&["swarm", "leave", "--force"]);
    engine.text(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
    for version in ["v1", "v2", "sick"] {
        let context = folder.path().join("api");
        let argument = format!("--build-arg=VERSION={version}");
        let built = engine.build(&context, &["--tag", &format!("stack-api:{version}"), &argument]);
        assert!(built.ok, "{}", built.log);
    }
    let stack = folder.path().join("deploy/stack.yaml");
    let deploy = |version: &str| {
        let mut command = Command::new(&engine.client);
        command.args(["stack", "deploy", "--detach=false", "--resolve-image=never", "--compose-file"]).arg(&stack);
        command.arg("stack").env("VERSION", version).env("DOCKER_HOST", engine.host.as_ref().unwrap());
        let output = command.stdin(Stdio::null()).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    deploy("v1");
    let load = Load::at(SocketAddr::new(second.address(), 8080));
    let mut images = Vec::new();
    for version in ["v2", "sick", "v1"] {
        let said = deploy(version);
        images.push(engine.text(&[
            "service",
            "inspect",
            "--format={{.Spec.TaskTemplate.ContainerSpec.Image}}",
            "stack_api",
        ]));
        assert_eq!(said.contains("rolled back"), version == "sick", "{version}: {said}");
    }
    let answers = load.answers();
    assert_eq!(images, ["stack-api:v2", "stack-api:v2", "stack-api:v1"]);
    say(&format!("Swarm lost {} of {} requests", lost(&answers), answers.values().sum::<usize>()));
    assert!(answers.contains_key("v1") && answers.contains_key("v2") && !answers.contains_key("sick"), "{answers:?}");
}
