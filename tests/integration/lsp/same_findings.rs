//! Once a text settles, its diagnostics are the findings of `lint` on the same text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dockopt_testing::Random;
use serde_json::{Value, json};

use super::client::{Client, able};
use super::{text_of, tracker};
use crate::dockopt::Dockopt;

/// Rule, message and place of each finding that `lint` gives of a file, as a client sees them.
fn lint(folder: &Path, file: &str) -> Vec<(String, String, [u64; 4])> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(["lint", "--format=json", file]).current_dir(folder).env("SOURCE_DATE_EPOCH", "1795132800");
    let output = command.output().unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    let number = |place: &Value, key: &str| place[key].as_u64().unwrap();
    let findings = result["findings"].as_array().unwrap().iter().filter(|finding| finding["file"] == file);
    let all = findings.map(|finding| {
        let (start, end) = (&finding["span"]["start"], &finding["span"]["end"]);
        let place = [number(start, "line"), number(start, "column"), number(end, "line"), number(end, "column")];
        (finding["rule"].as_str().unwrap().to_owned(), finding["message"].as_str().unwrap().to_owned(), place)
    });
    let mut all: Vec<_> = all.collect();
    let problems = result["problems"].as_array().unwrap().iter().filter(|problem| problem["file"] == file);
    all.extend(problems.map(|problem| (String::new(), problem["message"].as_str().unwrap().to_owned(), [0; 4])));
    all.sort();
    all
}

/// The same of what was published; columns are counted in characters, as `lint` does.
fn published(diagnostics: &[Value]) -> Vec<(String, String, [u64; 4])> {
    let all = diagnostics.iter().map(|found| {
        let (start, end) = (&found["range"]["start"], &found["range"]["end"]);
        let number = |place: &Value, key: &str| place[key].as_u64().unwrap() + 1;
        let place = [number(start, "line"), number(start, "character"), number(end, "line"), number(end, "character")];
        let message = found["message"].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
        let is_finding = found["codeDescription"].is_object();
        let code = found["code"].as_str().unwrap().to_owned();
        if is_finding { (code, message, place) } else { (String::new(), message, [0; 4]) }
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

/// Dockerfiles of the fixtures and of the test projects.
fn dockerfiles() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("fixtures"), PathBuf::from("tests/projects")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap().to_string_lossy().contains("Dockerfile") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// What people type, and what breaks a text.
const PIECES: [&str; 14] = [
    "RUN apt-get update && apt-get install -y curl\n",
    "\n",
    " ",
    "FROM scratch\n",
    "😀",
    "\\\n",
    "USER 1000\n",
    "COPY . .\n",
    "# dockopt ignore=root-user\n",
    "--from=build ",
    "é\t",
    "RUN <<EOF\necho a\nEOF\n",
    "\"",
    "CMD node server.js\n",
];

/// An edit at random as the client sends it, and the text after it. Places are in characters: the client counts UTF-32.
fn edit(random: &mut Random, text: &str) -> (Value, String) {
    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let first = random.below(bounds.len());
    let last = (first + random.below(2) * random.below(30)).min(bounds.len() - 1);
    let new = PIECES[random.below(PIECES.len())];
    let place = |at: usize| {
        let line = text[..at].matches('\n').count();
        let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
        json!({ "line": line, "character": text[start..at].chars().count() })
    };
    let range = json!({ "start": place(bounds[first]), "end": place(bounds[last]) });
    let after = format!("{}{new}{}", &text[..bounds[first]], &text[bounds[last]..]);
    (json!([{ "range": range, "text": new }]), after)
}

#[test]
fn random_edits_end_in_the_findings_of_lint() {
    let (count, edits) = if crate::tier::is_full() { (usize::MAX, 100) } else { (24, 20) };
    let capabilities = json!({ "general": { "positionEncodings": ["utf-32"] } });
    let mut random = Random::new(50);
    let all = dockerfiles();
    let step = all.len().div_ceil(count.min(all.len()));
    for file in all.iter().step_by(step) {
        let dockopt = Dockopt::new();
        let root = dockopt.path().canonicalize().unwrap();
        // A CR alone is the end of a line for clients only.
        let mut text = text_of(file).replace('\r', "");
        std::fs::write(root.join("Dockerfile"), &text).unwrap();
        let (mut client, _) = Client::start(&root, &capabilities, &json!({ "audit": false }));
        let uri = client.open(&root.join("Dockerfile"), &text);
        for version in 0..edits {
            let (changes, after) = edit(&mut random, &text);
            text = after;
            client.edit(&uri, version + 2, &changes);
        }
        let found = client.diagnostics(&uri, edits + 1);
        std::fs::write(root.join("Dockerfile"), &text).unwrap();
        assert_eq!(published(&found), lint(&root, "Dockerfile"), "{}:\n{text}", file.display());
        assert_eq!(client.end(), 0);
    }
}

#[test]
fn every_kind_of_file_is_checked() {
    let dockopt = Dockopt::new()
        .file("Dockerfile", "FROM debian:12.5\nCOPY . .\nUSER 1\nCMD python3 main.py\n")
        .file(".dockerignore", "/a\n**/\n!\n")
        .file("compose.yaml", "services:\n  db:\n    image: postgres:latest\n    depends_on: [nobody]\n")
        .file(".github/workflows/ci.yml", "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n")
        .file("dockopt.toml", "fail-on = \"eror\"\n");
    let root = dockopt.path().canonicalize().unwrap();
    std::fs::create_dir(root.join(".git")).unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({ "audit": false }));
    let settings = client.open(&root.join("dockopt.toml"), "fail-on = \"eror\"\n");
    let found = client
        .published_when(&settings, |published| published["diagnostics"].as_array().is_some_and(|all| !all.is_empty()));
    assert!(found[0]["message"].as_str().unwrap().starts_with("unknown severity `eror`"), "{found:?}");
    let dockerfile = client.open(&root.join("Dockerfile"), &text_of(&root.join("Dockerfile")));
    let found = client.diagnostics(&dockerfile, 1);
    assert!(found[0]["message"].as_str().unwrap().starts_with("dockopt.toml:1: unknown severity `eror`"), "{found:?}");
    std::fs::remove_file(root.join("dockopt.toml")).unwrap();
    client.notify("textDocument/didClose", &json!({ "textDocument": { "uri": settings } }));
    for file in [".dockerignore", "compose.yaml", ".github/workflows/ci.yml"] {
        let uri = client.open(&root.join(file), &text_of(&root.join(file)));
        let found = client
            .published_when(&uri, |published| published["diagnostics"].as_array().is_some_and(|all| !all.is_empty()));
        assert!(!found.is_empty(), "{file}");
    }
}

#[test]
fn open_settings_and_ignore_files_count_before_they_are_saved() {
    let dockopt = Dockopt::new().file("Dockerfile", "FROM debian:12.5\nUSER 1\nCMD python3 main.py\n");
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({ "audit": false }));
    let uri = client.open(&root.join("Dockerfile"), "FROM debian:12.5\nUSER 1\nCMD python3 main.py\n");
    let has = |published: &Value| published["diagnostics"].to_string().contains("shell-form-command");
    client.published_when(&uri, has);
    let settings = client.open(&root.join("dockopt.toml"), "ignore = [\"shell-form-command\"]\n");
    client.published_when(&uri, |published| !has(published));
    client.notify("textDocument/didClose", &json!({ "textDocument": { "uri": settings } }));
    client.published_when(&uri, has);
    std::fs::write(root.join("dockopt.toml"), "ignore = [\"shell-form-command\"]\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", &json!({ "changes": [{ "uri": settings, "type": 1 }] }));
    client.published_when(&uri, |published| !has(published));
    assert!(client.asked.iter().any(|asked| asked["method"] == "client/registerCapability"), "{:?}", client.asked);
}

#[test]
fn a_saved_text_has_the_findings_of_audit_too() {
    let (dockopt, mut client, uri, text) = tracker();
    let is_of_audit = |published: &Value| published["diagnostics"].to_string().contains("dockopt audit");
    let found = client.published_when(&uri, is_of_audit);
    let audit = dockopt.args(["audit", "backend/Dockerfile", "--format=json", "--no-history"]).run().json();
    let rules = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<BTreeSet<String>>();
    let of_file =
        audit["findings"].as_array().unwrap().iter().filter(|finding| finding["file"] == "backend/Dockerfile");
    // What a rewrite would change, an editor shows when it is asked for.
    let of_rules = of_file.map(|finding| finding["rule"].as_str().unwrap()).filter(|rule| *rule != "rewrite-possible");
    let expected = rules(of_rules.collect());
    assert_eq!(rules(super::codes(&found)), expected);
    let lenses = client.request("textDocument/codeLens", &json!({ "textDocument": { "uri": uri } })).unwrap();
    let titles = lenses.to_string();
    assert!(titles.contains("reruns") && titles.contains(" files"), "{titles}");
    client.edit(&uri, 2, &json!([{ "text": text.replace("vim", "") }]));
    client.published_when(&uri, |published| published["version"] == 2 && !is_of_audit(published));
}
