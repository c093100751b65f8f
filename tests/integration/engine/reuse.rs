//! Two builds of one Dockerfile on an engine: `image diff` says which steps the build cache was used for.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Engine;
use crate::dockopt::Dockopt;

const DOCKERFILE: &str =
    "FROM debian:trixie-slim\nWORKDIR /w\nCOPY a /a\nRUN echo a > /c\nCOPY b /b\nRUN head -c 20 /dev/urandom > /d\n";

/// What `image diff` says of the steps above the base, and the line of the first miss.
fn reuse(engine: &Engine, folder: &Path, before: &str, after: &str) -> (Vec<String>, Option<u64>) {
    let dockerfile = folder.join("Dockerfile");
    let dockerfile = dockerfile.to_str().unwrap();
    let host = engine.host.clone().or_else(|| std::env::var("DOCKER_HOST").ok());
    let dockopt = host.iter().fold(Dockopt::new(), |run, host| run.env("DOCKER_HOST", host));
    let names = [format!("docker:{before}"), format!("docker:{after}")];
    let arguments = ["image", "diff", &names[0], &names[1], "--format=json", "--file-a", dockerfile, "--file-b"];
    let result = dockopt.args(arguments).args([dockerfile]).run().code(0).json();
    let layers = result["layers"].as_array().unwrap();
    let steps = layers.iter().filter(|layer| layer["origin_after"]["line"].is_u64());
    let words = steps.map(|layer| layer["reuse"].as_str().unwrap().to_owned()).collect();
    let miss = result["build_cache"]["first_miss"].as_u64();
    (words, miss.and_then(|index| layers[index as usize]["origin_after"]["line"].as_u64()))
}

#[test]
fn steps_of_two_builds_are_reused_or_rebuilt() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Nobody has built these files before.
    let unique = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("Dockerfile", DOCKERFILE.to_owned());
    write("a", format!("a {unique}"));
    write("b", format!("b {unique}"));
    let (first, _) = engine.image(folder.path());
    write("b", format!("b2 {unique}"));
    let (second, _) = engine.image(folder.path());
    let (words, line) = reuse(&engine, folder.path(), &first.tag, &second.tag);
    assert_eq!(words, ["reused", "reused", "reused", "rebuilt_changed", "rebuilt_changed"]);
    assert_eq!(line, Some(5));
    assert_eq!(reuse(&engine, folder.path(), &first.tag, &first.tag).1, None);

    let tag = format!("{}-again", second.tag);
    let built = engine.build(folder.path(), &["--no-cache", "--tag", &tag]);
    assert!(built.ok, "{}", built.log);
    let third = super::Image { engine: &engine, tag };
    let (words, line) = reuse(&engine, folder.path(), &second.tag, &third.tag);
    assert_eq!(words[1..4], ["rebuilt_equal", "rebuilt_equal", "rebuilt_equal"], "{words:?}");
    assert!(words[4] == "rebuilt_changed" && line.is_some_and(|line| line <= 3), "{words:?} {line:?}");
}
