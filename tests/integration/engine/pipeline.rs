//! The jobs of a pipeline that `ci emit` wrote, as a runner runs them, with an engine and a registry: what does not start gets
//! no tag, what does gets the digest that was started, and nothing is built twice.

use std::fs;
use std::path::Path;
use std::process::Command;

use dockopt::yaml::{self, YamlNode, YamlTree};

use super::remote_cache::{CacheEngine, REGISTRY};
use crate::cache_history::git;
use crate::dockopt::Dockopt;

/// Where the engine of this test lives.
const FOLDER: &str = "/var/lib/dockopt-pipeline-engine";

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY page /srv/page\nWORKDIR /srv\n\
    HEALTHCHECK --interval=1s --retries=3 CMD [\"python\", \"-c\", \"import urllib.request as u; \
    u.urlopen('http://localhost:8000/page')\"]\nCMD [\"python\", \"-m\", \"http.server\", \"8000\"]\n";

const COMPOSE: &str = "services:\n  web:\n    build: ./web\n    depends_on:\n      events:\n        condition: service_started\n  \
    events:\n    image: nats:2.12-alpine\n";

/// The scripts of a job of GitLab, its own variables among them, as one script.
fn script(tree: &YamlTree, job: &str, template: &str) -> String {
    let job = tree.root().unwrap().get(job).unwrap();
    let variables = job.get("variables").into_iter().flat_map(YamlNode::entries);
    let set = variables.map(|entry| {
        let (name, value) = (entry.key.text().unwrap(), entry.value.text().unwrap_or_default());
        // What GitLab itself gives comes from the environment.
        if value.starts_with("$CI_") {
            format!("{name}={value}\n")
        } else {
            format!("{name}='{}'\n", value.replace("$$", "$"))
        }
    });
    let scripts = tree.root().unwrap().get(template).unwrap().get("script").unwrap();
    let lines = scripts.items().filter_map(YamlNode::text).map(|text| format!("{text}\n"));
    format!("set -eu\n{}{}", set.collect::<String>(), lines.collect::<String>())
}

/// Runs a script in the network of the engine; whether it succeeded, and what it said.
fn run(engine: &CacheEngine, folder: &Path, script: &str, commit: &str) -> (bool, String) {
    let process = engine.second.inspect("{{.State.Pid}}");
    let mut command = Command::new("nsenter");
    command.args(["--target", &process, "--net", "sh", "-c", script]).current_dir(folder);
    command.env("DOCKER_HOST", engine.second.engine.host.as_deref().unwrap());
    command.env("IMAGES", format!("{REGISTRY}/Acme/Shop")).env("PUSH", "true");
    command.env("CI_COMMIT_SHA", commit).env("CI_COMMIT_TAG", "v1.2.3");
    let ran = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    (ran.status.success(), text)
}

/// The tags of an image in the registry.
fn tags(engine: &CacheEngine, folder: &Path) -> Vec<String> {
    let ask = format!(
        "python3 -c \"import urllib.request as u; print(u.urlopen('http://{REGISTRY}/v2/acme/shop/web/tags/list').read().decode())\""
    );
    let (ok, text) = run(engine, folder, &ask, "");
    if !ok {
        return Vec::new();
    }
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut tags: Vec<String> =
        answer["tags"].as_array().into_iter().flatten().filter_map(|tag| Some(tag.as_str()?.to_owned())).collect();
    tags.sort();
    tags
}

#[test]
fn only_what_starts_gets_a_tag() {
    let images = ["debian:trixie-slim", "python:3.13-slim", "nats:2.12-alpine"];
    let Some(engine) = CacheEngine::start(FOLDER, &images) else { return };
    let broken = DOCKERFILE.replace("COPY page /srv/page\n", "");
    let project =
        Dockopt::new().file("web/Dockerfile", DOCKERFILE).file("web/page", "x\n").file("compose.yaml", COMPOSE);
    let ran = project.args(["ci", "emit", "gitlab", "--write"]).run().code(0);
    let folder = ran.path();
    let pipeline = ran.read(".gitlab-ci.yml");
    let tree = yaml::read(&pipeline);
    let commit = |message: &str| {
        git(folder, &["add", "--all"]);
        git(folder, &["commit", "-q", "-m", message]);
        git(folder, &["rev-parse", "HEAD"]).trim().to_owned()
    };
    fs::write(folder.join("web/Dockerfile"), broken).unwrap();
    git(folder, &["init", "-q"]);
    let first = commit("first");
    let build = script(&tree, "image-web", ".image");
    let (ok, text) = run(&engine, folder, &build, &first);
    assert!(!ok && text.contains("did not start: running unhealthy"), "{text}");
    assert_eq!(tags(&engine, folder), [""; 0], "{text}");
    let versions = script(&tree, "versions", "versions").replace("TRIES='60'", "TRIES=1");
    let (ok, text) = run(&engine, folder, &versions, &first);
    assert!(!ok && text.contains("has no tested image of"), "{text}");

    fs::write(folder.join("web/Dockerfile"), DOCKERFILE).unwrap();
    let second = commit("second");
    let (ok, text) = run(&engine, folder, &build, &second);
    assert!(ok && text.contains("-web-1: running healthy"), "{text}");
    let (_, started) = text.split_once("pushed what was started: ").unwrap();
    let (_, digest) = started.lines().next().unwrap().split_once('@').unwrap();
    let (ok, text) = run(&engine, folder, &script(&tree, "tag", "tag"), &second);
    assert!(ok, "{text}");
    let (ok, text) = run(&engine, folder, &versions, &second);
    assert!(ok, "{text}");
    let all = tags(&engine, folder);
    assert!(all.contains(&second) && all.contains(&"1.2.3".to_owned()) && all.contains(&"1.2".to_owned()), "{all:?}");
    let digests = fs::read_to_string(folder.join("digests")).unwrap();
    assert_eq!(digests.trim(), format!("web={REGISTRY}/acme/shop/web@{digest}"));

    // The same files again, under another commit: nothing is built, and the tag of that commit is of the same image.
    fs::remove_dir_all(folder.join("keys")).unwrap();
    fs::write(folder.join("README.md"), "x\n").unwrap();
    let third = commit("third");
    let (ok, text) = run(&engine, folder, &build, &third);
    assert!(ok && text.contains("is there: yes") && !text.contains("started-web"), "{text}");
    let (ok, text) = run(&engine, folder, &script(&tree, "tag", "tag"), &third);
    assert!(ok, "{text}");
    // A version that is there is not moved to another image.
    fs::write(folder.join("web/page"), "y\n").unwrap();
    let fourth = commit("fourth");
    assert!(run(&engine, folder, &build, &fourth).0 && run(&engine, folder, &script(&tree, "tag", "tag"), &fourth).0);
    let (ok, text) = run(&engine, folder, &versions, &fourth);
    assert!(!ok && text.contains("1.2.3 is there, and is another image"), "{text}");
}
