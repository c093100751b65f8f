//! Layers of images that an engine built, the lines that made them, and their bytes beside what the engine says: in the
//! engine's own store (overlay2), and in containerd's.
//!
//! For a layer that it built, an engine with its own store says the bytes of its files, as dockopt does; for one that it
//! pulled or imported, the bytes of the targets of symbolic links besides. In containerd's store it says what the unpacked
//! layer takes of the disk: whole blocks of 4,096 bytes for each file and folder, and one for the root.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::second::SecondEngine;
use super::{Engine, Image};
use crate::dockopt::Dockopt;

/// The fixture, and the lines of its Dockerfile that make layers.
const BACKEND: &str = "fixtures/task-tracker/backend";
const LINES: [u64; 5] = [3, 9, 11, 13, 15];
/// What a file or folder takes more than it holds, at most.
const BLOCK: u64 = 4096;

fn dockopt(engine: &Engine) -> Dockopt {
    let host = engine.host.clone().or_else(|| std::env::var("DOCKER_HOST").ok());
    host.iter().fold(Dockopt::new(), |run, host| run.env("DOCKER_HOST", host))
}

/// Bytes of each step of the history, the lowest first.
fn history(engine: &Engine, tag: &str) -> Vec<u64> {
    let history_text = engine.text(&["history", "--human=false", "--format", "{{.Size}}", tag]);
    history_text.lines().rev().map(|size| size.parse().unwrap()).collect()
}

/// Checks what dockopt says of the layers above the base. `name`: what it is to read.
#[track_caller]
fn check(engine: &Engine, name: &str, tag: &str, how: &str) {
    let dockerfile = Path::new(BACKEND).canonicalize().unwrap().join("Dockerfile");
    let arguments = ["image", name, "--format=json", "--no-packages", "--no-duplicates", "--file"];
    let ran = dockopt(engine).args(arguments).args([dockerfile.to_str().unwrap()]).run().code(0);
    let image = &ran.json()["images"][0];
    let history_text = history(engine, tag);
    let in_blocks = engine.text(&["info", "--format", "{{.DriverStatus}}"]).contains("containerd.snapshotter");
    let mut lines = Vec::new();
    let number = |value: &Value| value.as_u64().unwrap();
    for layer in image["layers"].as_array().unwrap() {
        let theirs = history_text[number(&layer["history"]) as usize];
        let (file_bytes, entries) = (number(&layer["file_bytes"]), number(&layer["entries"]));
        let line = layer["origin"]["line"].as_u64();
        let origin = line.map_or("base".to_owned(), |line| format!("line {line}"));
        let mut out = std::io::stdout();
        writeln!(out, "{origin:8} {file_bytes:11} bytes, docker history {theirs:11}: +{}", theirs - file_bytes)
            .unwrap();
        let most = match (line, in_blocks) {
            (Some(_), false) => file_bytes,
            (None, false) => file_bytes + entries * BLOCK,
            // Tables of big folders.
            (_, true) => file_bytes + (entries + 1) * BLOCK + file_bytes / 100,
        };
        assert!((file_bytes..=most).contains(&theirs), "{layer}");
        let Some(line) = line else {
            assert_eq!(layer["in_base"], true, "{layer}");
            continue;
        };
        assert_eq!(
            (&layer["origin"]["how"], &layer["origin"]["confidence"]),
            (&how.into(), &"exact".into()),
            "{layer}"
        );
        lines.push(line);
    }
    assert_eq!(lines, LINES);
    assert_eq!(image["notices"], serde_json::json!([]));
}

#[test]
fn layers_have_their_lines_and_their_bytes() {
    let Some(engine) = Engine::find() else { return };
    let (image, _) = engine.image(Path::new(BACKEND));
    check(&engine, &format!("docker:{}", image.tag), &image.tag, "history");
}

#[test]
fn layers_have_their_lines_in_the_store_of_containerd() {
    // It is given base images of a gigabyte.
    let images = ["python:3.13", "ghcr.io/astral-sh/uv:latest"];
    let Some(second) = SecondEngine::start(None, &images) else { return };
    let engine = &second.engine;
    let build = |arguments: &[&str]| {
        let tag = format!("dockopt-test:{}-second", std::process::id());
        let all = [&["--network=host", "--tag", &tag][..], arguments].concat();
        let built = engine.build(Path::new(BACKEND), &all);
        assert!(built.ok, "{}", built.log);
        Image { engine, tag }
    };
    let image = build(&["--provenance=false"]);
    check(engine, &format!("docker:{}", image.tag), &image.tag, "history");
    let image = build(&["--provenance=mode=max"]);
    check(engine, &format!("docker:{}", image.tag), &image.tag, "provenance");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    let output = format!("--output=type=oci,dest={}", file.display());
    let exported = engine.build(Path::new(BACKEND), &["--network=host", "--provenance=mode=max", &output]);
    assert!(exported.ok, "{}", exported.log);
    check(engine, file.to_str().unwrap(), &image.tag, "provenance");
}

#[test]
fn an_image_gives_findings_their_prices() {
    let Some(engine) = Engine::find() else { return };
    let context = tempfile::tempdir().unwrap();
    let text = format!(
        "FROM debian:trixie-slim\nWORKDIR /app\n# The lists stay.\n\
        RUN apt-get update && apt-get install -y --no-install-recommends tree\n\
        COPY app.py .\nCMD [\"python3\", \"/app/app.py\", \"{}\"]\n",
        std::process::id()
    );
    fs::write(context.path().join("Dockerfile"), &text).unwrap();
    fs::write(context.path().join("app.py"), "print(1)\n").unwrap();
    let (image, _) = engine.image(context.path());
    let find = "find /var/lib/apt/lists -type f ! -name lock -printf '%s\\n'";
    let listed = engine.text(&["run", "--rm", &image.tag, "sh", "-c", find]);
    let bytes: u64 = listed.lines().map(|size| size.parse::<u64>().unwrap()).sum();
    for name in [&*image.tag, "auto"] {
        let run = dockopt(&engine).file("Dockerfile", &text).file("app.py", "print(1)\n");
        let ran = run.args(["audit", ".", "--fail-on=none", "--image", name, "--format=json"]).run().code(0);
        let result = ran.json();
        let findings = result["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == "apt-lists-kept").unwrap();
        let impact = &finding["impact"][0];
        assert_eq!(impact["kind"], "disk_bytes", "{finding}");
        assert_eq!((&impact["basis"], &impact["saves"]), (&"measured".into(), &bytes.into()), "{finding}");
        assert_eq!(impact["evidence"], format!("image `{}`", image.tag), "{finding}");
    }
}
