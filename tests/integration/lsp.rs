//! The language server: the same findings as the commands, edits that clients apply, clients that behave badly.

mod background;
mod bad_clients;
mod changes;
mod client;
mod editors;
mod edits;
mod same_findings;

use std::path::Path;

use serde_json::{Value, json};

use self::client::{Client, able};
use crate::dockopt::Dockopt;

/// A folder with one Dockerfile, and a session in it.
fn session(text: &str, capabilities: &Value) -> (Dockopt, Client, String) {
    let dockopt = Dockopt::new().file("Dockerfile", text);
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, capabilities, &json!({ "audit": false }));
    let uri = client.open(&root.join("Dockerfile"), text);
    (dockopt, client, uri)
}

/// The shipped fixture, and a session in it with the Dockerfile of its backend open; its address and its text.
fn tracker() -> (Dockopt, Client, String, String) {
    let dockopt = Dockopt::new().dir("task-tracker");
    let root = dockopt.path().canonicalize().unwrap();
    let file = root.join("backend/Dockerfile");
    let text = text_of(&file);
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&file, &text);
    (dockopt, client, uri, text)
}

fn at(uri: &str, line: u32, character: u32) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } })
}

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|found| found["code"].as_str().unwrap()).collect()
}

#[test]
fn places_are_those_of_the_encoding() {
    // The words before the finding: bytes, units of UTF-16, and what a tab and CR LF change.
    for (text, line, (utf8, utf16)) in [
        ("FROM debian:12.5\nRUN echo 😀 && sudo make\nUSER 1\n", 1, (17, 15)),
        ("FROM debian:12.5\r\nRUN\techo é &&\tsudo make\r\nUSER 1\r\n", 1, (15, 14)),
        ("FROM debian:12.5\nUSER 1\nLABEL a=\"😀😀\" b=\"é日\" c=$nothing\n", 2, (31, 24)),
        ("FROM debian:12.5\r\nUSER 1\r\nLABEL a=\"👩\u{200d}🚀\"\tb=$nothing\r\n", 2, (24, 18)),
        ("\u{feff}FROM debian:12.5\nUSER 1\nRUN \\\n\t# 😀\n\techo 😀 && sudo make\n", 4, (14, 12)),
    ] {
        for (encoding, character) in [("utf-8", utf8), ("utf-16", utf16)] {
            let (_folder, mut client, uri) = session(text, &json!({ "general": { "positionEncodings": [encoding] } }));
            let found = client.diagnostics(&uri, 1);
            let places: Vec<_> = found.iter().map(|found| &found["range"]["start"]).collect();
            let place = json!({ "line": line, "character": character });
            assert!(places.contains(&&place), "{text:?} {encoding}: {place} is not in {places:?}");
        }
    }
}

#[test]
fn a_finding_has_its_rule_price_and_help() {
    let text = "FROM debian:12.5\nRUN apt-get update && apt-get install -y --no-install-recommends curl\nUSER 1\n";
    let (_folder, mut client, uri) = session(text, &able());
    let found = client.diagnostics(&uri, 1);
    let lists = found.iter().find(|found| found["code"] == "apt-lists-kept").unwrap();
    let message = lists["message"].as_str().unwrap();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "the package lists fetched here stay in the layer");
    assert!(lines[1].starts_with("costs ~") && lines[1].contains("(typical: "), "{message}");
    assert!(lines.last().unwrap().starts_with("help: "), "{message}");
    assert!(lists["codeDescription"]["href"].as_str().unwrap().ends_with("/rules/apt-lists-kept.md"));
    let hover = client.request("textDocument/hover", &at(&uri, 1, 6)).unwrap();
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("apt-lists-kept") && text.contains("typical"), "{text}");
    assert_eq!(client.end(), 0);
}

#[test]
fn unused_and_old_things_are_drawn_so() {
    let text = "FROM debian:12.5\nENV A b\n# dockopt ignore=shell-form-command\nRUN true\nUSER 1\nCMD [\"a\"]\n";
    let dockopt = Dockopt::new().file("dockopt.toml", "extend-select = [\"legacy-key-value\"]\n");
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&root.join("Dockerfile"), text);
    let found = client.diagnostics(&uri, 1);
    let tags = |code: &str| found.iter().find(|found| found["code"] == code).map(|found| found["tags"].clone());
    assert_eq!(tags("unused-suppression"), Some(json!([1])), "{:?}", codes(&found));
    assert_eq!(tags("legacy-key-value"), Some(json!([2])), "{:?}", codes(&found));
}

#[test]
fn names_are_found_completed_and_changed() {
    let text = "ARG BASE=debian:12.5\nFROM $BASE AS build\nARG V=1\nRUN echo $V > /x\n\nFROM scratch\nCOPY --from=build /x /\nUSER 1\n";
    let (_folder, mut client, uri) = session(text, &able());
    let definition = |client: &mut Client, line, character| {
        let found = client.request("textDocument/definition", &at(&uri, line, character)).unwrap();
        found["range"]["start"].clone()
    };
    assert_eq!(definition(&mut client, 6, 14), json!({ "line": 1, "character": 14 }));
    assert_eq!(definition(&mut client, 3, 11), json!({ "line": 2, "character": 4 }));
    assert_eq!(definition(&mut client, 1, 7), json!({ "line": 0, "character": 4 }));
    let mut rename = at(&uri, 6, 13);
    rename["newName"] = "compile".into();
    let edit = client.request("textDocument/rename", &rename).unwrap();
    assert_eq!(edit["documentChanges"][0]["edits"].as_array().unwrap().len(), 2, "{edit}");
    rename["newName"] = "No Name".into();
    assert!(
        client.request("textDocument/rename", &rename).unwrap_err()["message"].as_str().unwrap().contains("No Name")
    );
    let labels = |client: &mut Client, line, character| -> Vec<String> {
        let items = client.request("textDocument/completion", &at(&uri, line, character)).unwrap();
        items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    };
    assert!(labels(&mut client, 4, 0).contains(&"HEALTHCHECK".to_owned()));
    assert_eq!(labels(&mut client, 6, 12), ["build"]);
    assert!(labels(&mut client, 6, 7).contains(&"--chown=".to_owned()));
    let variables = labels(&mut client, 3, 10);
    assert!(variables.contains(&"V".to_owned()) && !variables.contains(&"BASE".to_owned()), "{variables:?}");
    let outline = client.request("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } })).unwrap();
    let names: Vec<_> = outline.as_array().unwrap().iter().map(|part| part["name"].clone()).collect();
    assert_eq!(names, ["ARG BASE=debian:12.5", "build", "stage-1"]);
    let folds = client.request("textDocument/foldingRange", &json!({ "textDocument": { "uri": uri } })).unwrap();
    assert!(folds.as_array().unwrap().iter().any(|fold| fold["startLine"] == 5 && fold["endLine"] == 7), "{folds}");
}

#[test]
fn services_and_rules_are_completed() {
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let compose = "services:\n  api:\n    image: a:1\n    depends_on:\n      - \n  db:\n    image: postgres:17\n";
    let uri = client.open(&root.join("compose.yaml"), compose);
    let labels = |client: &mut Client, uri: &str, line, character| -> Vec<String> {
        let items = client.request("textDocument/completion", &at(uri, line, character)).unwrap();
        items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(labels(&mut client, &uri, 4, 8), ["db"]);
    let hover = client.request("textDocument/hover", &at(&uri, 6, 14)).unwrap();
    assert!(hover["contents"]["value"].as_str().unwrap().contains("pg_isready"), "{hover}");
    let settings = client.open(&root.join("dockopt.toml"), "ignore = [\"\nfail-on = \"\n[rules.apt]\n\n");
    assert!(labels(&mut client, &settings, 0, 11).contains(&"apt-lists-kept".to_owned()));
    assert_eq!(labels(&mut client, &settings, 1, 11), ["error", "warning", "info", "style", "none"]);
    assert!(labels(&mut client, &settings, 2, 10).contains(&"apt-lists-kept".to_owned()));
    let dockerfile = client.open(&root.join("Dockerfile"), "# dockopt ignore=root-user,\nFROM a:1\n");
    let rules = labels(&mut client, &dockerfile, 0, 27);
    assert!(rules.contains(&"apt-lists-kept".to_owned()) && !rules.contains(&"root-user".to_owned()));
}

/// The text of a file.
fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
