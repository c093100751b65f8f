//! `dockopt ci emit`: which images are published, and what they are started with.

use dockopt::yaml::{self, YamlNode};

use crate::ci_emit::{GITHUB, emit, scripts_of_github, value};
use crate::dockopt::{Dockopt, Ran};

/// The legs of the matrix of images: the texts of some of their keys.
fn legs(ran: &Ran, keys: &[&str]) -> Vec<Vec<String>> {
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    let Some(legs) = value(&tree, &["jobs", "images", "strategy", "matrix", "include"]) else { return Vec::new() };
    let get = |leg: &YamlNode, key: &str| leg.get(key).and_then(YamlNode::text).unwrap_or_default().trim().to_owned();
    legs.items().map(|leg| keys.iter().map(|key| get(&leg, key)).collect()).collect()
}

/// The script that starts images.
fn start_script(ran: &Ran) -> String {
    let workflow = ran.read(GITHUB[0]);
    let scripts = scripts_of_github(&yaml::read(&workflow), "images");
    scripts.into_iter().find(|(name, _)| name == "Start").unwrap().1
}

const WEB: &str = "FROM node:22 AS development\nWORKDIR /app\nCOPY package.json .\nCMD [\"npm\", \"run\", \"dev\"]\n\
                   FROM development AS builder\nCOPY src src\nRUN npm run build\nFROM nginx:1.29\nCOPY --from=builder /app/dist /usr/share/nginx/html\n";

fn web() -> Dockopt {
    Dockopt::new()
        .file("web/Dockerfile", WEB)
        .file("web/package.json", "{\"name\": \"web\", \"scripts\": {\"dev\": \"vite\", \"build\": \"vite build\"}}\n")
        .file("web/src/main.js", "1\n")
}

#[test]
fn the_last_stage_is_published_and_not_that_of_developers() {
    let compose = "services:\n  web:\n    build: {context: web, target: development}\n    volumes: [\"./web:/app\"]\n    depends_on: [db]\n  \
                   db: {image: \"postgres:17\"}\n";
    let ran = emit(web().file("compose.yaml", compose), &["github", "--write"]).code(0);
    // What the service has besides its stage holds for the image too, its folder of sources does not.
    assert_eq!(
        legs(&ran, &["image", "options", "services", "unmounted"]),
        [["web", "", "web", "web"].map(str::to_owned).to_vec()]
    );
    assert!(
        ran.stderr.contains("its stage `development`, which is for developers: the pipeline builds the last stage")
    );
}

#[test]
fn files_for_production_are_what_an_image_is_started_with() {
    let dockerfile = WEB.replace("FROM nginx:1.29\n", "FROM nginx:1.29 AS prod\n");
    let compose = "services:\n  web:\n    build: {context: web, target: development}\n    volumes: [\"./web:/app\"]\n  db: {image: \"postgres:17\"}\n";
    let production = "services:\n  web:\n    build: {context: web, target: prod}\n    depends_on: [db]\n";
    let project = web().file("web/Dockerfile", dockerfile).file("compose.yaml", compose);
    let ran = emit(project.file("compose.prod.yaml", production), &["github", "--write"]).code(0);
    assert_eq!(
        legs(&ran, &["image", "options", "services"]),
        [["web", "--target\nprod", "web"].map(str::to_owned).to_vec()]
    );
    let workflow = ran.read(GITHUB[0]);
    assert!(workflow.contains("COMPOSE: \"compose.yaml compose.prod.yaml\"\n"), "{workflow}");
    assert!(
        ran.stderr.contains("web/Dockerfile: its stage `development` is for developers: no image"),
        "{}",
        ran.stderr
    );
}

#[test]
fn images_of_developers_and_tests_are_left_out() {
    let project = Dockopt::new()
        .file("api/Dockerfile", "FROM python:3.13\nCOPY app.py /\nCMD [\"python\", \"/app.py\"]\n")
        .file("api/Dockerfile.dev", "FROM python:3.13\nCOPY app.py /\nCMD [\"python\", \"/app.py\", \"--reload\"]\n")
        .file("api/app.py", "print(1)\n")
        .file("e2e/Dockerfile", "FROM node:22\nCOPY run.js /\nCMD [\"node\", \"/run.js\"]\n")
        .file("e2e/run.js", "1\n")
        .file(".devcontainer/Dockerfile", "FROM debian:13\nRUN apt-get update\n")
        .file("one/Dockerfile", "FROM golang:1.25 AS build\nARG SERVICE\nWORKDIR /src/$SERVICE\nCOPY . .\nRUN go build -o /app\nFROM scratch\nCOPY --from=build /app /app\nCMD [\"/app\"]\n")
        .file("one/go.mod", "module one\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(legs(&ran, &["image", "file"]), [["api", "api/Dockerfile"].map(str::to_owned).to_vec()]);
    for why in [
        "api/Dockerfile.dev is left out: it is for development, tests or examples",
        "e2e/Dockerfile is left out: it is for development, tests or examples",
        ".devcontainer/Dockerfile is left out: it is for development, tests or examples",
        "one/Dockerfile is left out: it needs a build argument that has no default",
    ] {
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
    }
}

#[test]
fn an_image_without_the_sources_that_are_mounted_is_left_out() {
    let compose = "services:\n  api:\n    build: docker/app\n    volumes: [\"./internal:/internal\"]\n";
    let project = Dockopt::new()
        .file("compose.yaml", compose)
        .file("docker/app/Dockerfile", "FROM golang:1.25\nCOPY start.sh /\nCMD [\"/start.sh\"]\n")
        .file("docker/app/start.sh", "#!/bin/sh\ngo run .\n")
        .file("internal/main.go", "package main\nfunc main() {}\n")
        .file("internal/go.mod", "module internal\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(legs(&ran, &["image"]), Vec::<Vec<String>>::new());
    assert!(
        ran.stderr.contains(
            "docker/app/Dockerfile is left out: its containers get their sources from the machine (`internal`)"
        )
    );
}

/// The compose file of production lies below; what a proxy looks up at its start is started before it.
#[test]
fn each_compose_file_of_the_repository_is_asked() {
    let compose = "services:\n  web:\n    build: {context: ../.., dockerfile: web/Dockerfile}\n    environment: {KEY: \"${KEY:?set it}\"}\n    \
                   volumes: [\"./nginx.conf:/etc/nginx/conf.d/default.conf:ro\"]\n  api: {image: \"traefik/whoami:v1.11\"}\n";
    let project = Dockopt::new()
        .file("web/Dockerfile", "FROM nginx:1.29\nCOPY web/index.html /usr/share/nginx/html/\n")
        .file("web/index.html", "<p>\n")
        .file("deploy/docker/docker-compose.yml", compose)
        .file("deploy/docker/nginx.conf", "server {\n  listen 80;\n  location / { proxy_pass http://api:80; }\n}\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(legs(&ran, &["image", "services", "needs"]), [["web", "web", "api"].map(str::to_owned).to_vec()]);
    assert!(ran.read(GITHUB[0]).contains("COMPOSE: deploy/docker/docker-compose.yml\n"), "{}", ran.read(GITHUB[0]));
    let start = start_script(&ran);
    assert!(start.starts_with("export KEY=") && start.contains("compose up --detach $NEEDS"), "{start}");
}

#[test]
fn what_would_end_at_its_start_is_not_started() {
    let project = Dockopt::new()
        .file("Dockerfile", "FROM python:3.13\nCOPY app.py entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\n")
        .file("app.py", "print(1)\n")
        .file("entrypoint.sh", "#!/bin/sh\necho \"${DATABASE_URL:?set it}\"\nexec python /app.py\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(legs(&ran, &["seconds"]), [["0".to_owned()].to_vec()]);
    assert!(ran.stderr.contains("is built and not started: entrypoint.sh ends where `DATABASE_URL` is not set"));
    assert!(start_script(&ran).contains("is not started: no compose file gives it what it needs"));
}

#[test]
fn what_is_kept_back_again_is_no_input() {
    let project = Dockopt::new()
        .file("Dockerfile", "FROM node:22\nCOPY . .\nCMD [\"node\", \"/src/a.js\"]\n")
        .file(".dockerignore", "*\n!src\nsrc/tests\n")
        .file("src/a.js", "1\n")
        .file("src/tests/a.js", "1\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let inputs = &legs(&ran, &["inputs"])[0][0];
    assert!(inputs.contains(":(glob)src/**") && inputs.contains(":(exclude,glob)src/tests/**"), "{inputs}");
}

/// A service that takes an image of the repository by its name runs it; one of somebody else's does not.
#[test]
fn services_name_the_images_of_the_repository() {
    let compose = "services:\n  api:\n    image: shop/shop-api:${VERSION:-latest}\n    environment: {DATABASE_URL: \"postgres://db/x\"}\n  \
                   db: {image: \"postgres:17\"}\n  other: {image: \"acme/their-web:1\"}\n";
    let project = Dockopt::new()
        .file("deploy/compose.yaml", compose)
        .file("services/api/Dockerfile", "FROM python:3.13\nCOPY app.py /\nCMD [\"python\", \"/app.py\"]\n")
        .file("services/api/app.py", "print(1)\n")
        .file("services/web/Dockerfile", "FROM nginx:1.29\nCOPY index.html /usr/share/nginx/html/\n")
        .file("services/web/index.html", "<p>\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let expected = [["api", "api"], ["web", ""]].map(|leg| leg.map(str::to_owned).to_vec());
    assert_eq!(legs(&ran, &["image", "services"]), expected);
    let workflow = ran.read(GITHUB[0]);
    assert!(workflow.lines().nth(1).is_some_and(|line| line.starts_with("# - ")), "{workflow}");
}

/// A program that talks to a database which no compose file starts would end, or wait for ever.
#[test]
fn what_needs_a_database_is_not_started_by_itself() {
    let project = Dockopt::new()
        .file("Dockerfile", "FROM node:22\nCOPY . .\nCMD [\"node\", \"index.js\"]\n")
        .file("index.js", "require('pg')\n")
        .file("package.json", "{\"name\": \"x\", \"dependencies\": {\"pg\": \"8\"}}\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(legs(&ran, &["seconds"]), [["0".to_owned()].to_vec()]);
    let comments = ran.read(GITHUB[0]).lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join(" ");
    assert!(comments.contains("is built and not started: its program talks to postgres"), "{comments}");
}

/// An image that serves and ends by itself did not start; one that does its work did.
#[test]
fn what_serves_and_ends_did_not_start() {
    let project = Dockopt::new().file("Dockerfile", "FROM debian:13\nCMD [\"true\"]\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let start = start_script(&ran);
    let folder = tempfile::tempdir().unwrap();
    let docker = "#!/bin/sh\ncase \"$*\" in\n  *State.Status*) echo 'exited unchecked 0 0' ;;\n  *ExposedPorts*) echo \"$PORTS\" ;;\n  \
                  *json*) case $2 in inspect) echo \"$IMAGE_WORDS\" ;; *) echo words ;; esac ;;\n  *Image*) echo image ;;\n  *) echo c ;;\nesac\n";
    let program = folder.path().join("docker");
    std::fs::write(&program, docker).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let run = |ports: &str, words: &str| {
        let mut shell = std::process::Command::new("bash");
        shell.args(["-eo", "pipefail", "-c", &start]).env("PATH", &path).env("PORTS", ports).env("IMAGE_WORDS", words);
        shell.envs([("NAME", "x"), ("SERVICES", ""), ("SECONDS_TO_START", "3"), ("tag", "x:1"), ("COMPOSE", "")]);
        shell.output().unwrap().status.success()
    };
    assert!(run("", "words"));
    assert!(!run("80/tcp ", "words"));
    assert!(run("80/tcp ", "others"));
}

/// A check that cannot fail says nothing: its service counts as one without a check, and each such service is named.
#[test]
fn a_check_that_cannot_fail_proves_no_start() {
    let check = |test: &str| format!("    healthcheck: {{test: [\"CMD-SHELL\", \"{test}\"]}}\n");
    let service = |name: &str, more: &str| format!("  {name}:\n    build: ./api\n    command: {name}\n{more}");
    let compose = ["services:\n".to_owned()]
        .into_iter()
        .chain([
            service("web", &check("curl -f http://localhost/")),
            service("worker", &check("exit 0")),
            service("mailer", &check("pgrep -f mailer || exit 1")),
            service("clock", ""),
        ])
        .collect::<String>();
    let project = Dockopt::new()
        .file("compose.yaml", compose)
        .file("api/Dockerfile", "FROM python:3.13\nCOPY app.py /\nCMD [\"python\", \"/app.py\"]\n")
        .file("api/app.py", "print(1)\n")
        .file(
            "alone/Dockerfile",
            "FROM debian:13\nCOPY x /\nHEALTHCHECK CMD curl -f localhost || true\nCMD [\"cat\"]\n",
        )
        .file("alone/x", "")
        .file("none/Dockerfile", "FROM debian:13\nCOPY x /\nHEALTHCHECK NONE\nCMD [\"cat\"]\n")
        .file("none/x", "");
    let ran = emit(project, &["github", "--write"]).code(0);
    for note in [
        "without a health check: `clock` of `api` and `none`;",
        "with a health check that cannot fail: `alone`, `mailer` of `api` and `worker` of `api`;",
    ] {
        assert!(ran.stderr.contains(note), "{note}: {}", ran.stderr);
    }
    let mut unchecked = legs(&ran, &["image", "unchecked"]);
    unchecked.sort();
    let expected = [["alone", "alone"], ["api", "mailer worker"], ["none", ""]];
    assert_eq!(unchecked, expected.map(|leg| leg.map(str::to_owned).to_vec()));
    // The engine calls each healthy, and one was restarted since.
    let docker = "#!/bin/sh\ncase \"$*\" in\n  *compose.service*) echo \"$SERVICE\" ;;\n  *State.Status*State.Health*) echo 'running healthy' ;;\n  \
                  *State.Status*) echo 'running unchecked 0 1' ;;\n  *) echo c ;;\nesac\n";
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("docker");
    std::fs::write(&program, docker).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let start = start_script(&ran);
    let run = |name: &str, service: &str, unchecked: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-euc", &start]).env("PATH", &path).env("SERVICE", service).env("UNCHECKED", unchecked);
        shell.envs([
            ("NAME", name),
            ("SERVICES", service),
            ("SECONDS_TO_START", "2"),
            ("tag", "x:1"),
            ("COMPOSE", "c"),
        ]);
        shell.env("UNMOUNTED", "").output().unwrap().status.success()
    };
    assert!(run("api", "web", "mailer worker") && run("none", "", ""));
    assert!(!run("api", "worker", "mailer worker") && !run("alone", "", "alone"));
}
