//! Texts and files that change while something is worked out: nothing is shown or written at places of another text.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, able};
use super::{at, codes, session};
use crate::dockopt::Dockopt;

const TEXT: &str = "FROM debian:12.5\nRUN sudo ls\nUSER 1\nCMD python3 main.py\n";

/// The lines of all findings, from 0.
fn lines(published: &[Value]) -> Vec<u64> {
    published.iter().map(|found| found["range"]["start"]["line"].as_u64().unwrap()).collect()
}

#[test]
fn a_file_that_another_program_changes_moves_nothing_in_an_open_text() {
    let dockopt = Dockopt::new().file("Dockerfile", TEXT).file("other.Dockerfile", "FROM scratch\n");
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&root.join("Dockerfile"), TEXT);
    let other = client.open(&root.join("other.Dockerfile"), "FROM scratch\n");
    client.diagnostics(&uri, 1);
    std::fs::write(root.join("Dockerfile"), format!("# a\n# b\n# c\n{TEXT}")).unwrap();
    client.notify("textDocument/didClose", &json!({ "textDocument": { "uri": other } }));
    client.notify("workspace/didChangeWatchedFiles", &json!({ "changes": [{ "uri": uri, "type": 2 }] }));
    client.listen(Duration::from_millis(800));
    client.request("textDocument/hover", &at(&uri, 1, 5)).unwrap();
    let found = client.diagnostics(&uri, 1);
    assert!(lines(&found).iter().all(|line| *line < 4), "{found:?}");
    let resolved = fix_all(&mut client, &uri).unwrap();
    let edits = resolved["edit"]["documentChanges"][0]["edits"].as_array().unwrap();
    assert!(edits.iter().all(|edit| edit["range"]["end"]["line"].as_u64().unwrap() <= 4), "{edits:?}");
}

fn fix_all(client: &mut Client, uri: &str) -> Result<Value, Value> {
    let data = json!({ "what": "fix-all", "uri": uri });
    client.request("codeAction/resolve", &json!({ "title": "x", "kind": "source.fixAll.dockopt", "data": data }))
}

#[test]
fn what_was_worked_out_for_another_text_is_refused() {
    let text = format!("{TEXT}{}", "RUN sudo ls\n".repeat(80));
    let (_folder, mut client, uri) = session(&text, &able());
    client.diagnostics(&uri, 1);
    let data = json!({ "what": "fix-all", "uri": uri });
    let id = client.ask("codeAction/resolve", &json!({ "title": "x", "data": data }));
    client.change(&uri, 2, &format!("# on top\n{text}"));
    match client.answer(id) {
        Err(error) => assert_eq!(error["code"], -32801, "{error}"),
        // It was done before the change came: the edit names the text that it is for.
        Ok(action) => assert_eq!(action["edit"]["documentChanges"][0]["textDocument"]["version"], 1, "{action}"),
    }
    client.diagnostics(&uri, 2);
    assert!(fix_all(&mut client, &uri).is_ok());
}

#[test]
fn a_document_that_is_opened_again_has_its_own_findings() {
    let (_folder, mut client, uri) = session(&format!("FROM debian:12.5\n{}", "RUN sudo ls\n".repeat(300)), &able());
    client.notify("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    let item = json!({ "uri": uri, "languageId": "dockerfile", "version": 2, "text": "FROM scratch\nUSER 1\n" });
    client.notify("textDocument/didOpen", &json!({ "textDocument": item }));
    let found = client.diagnostics(&uri, 2);
    assert!(!codes(&found).contains(&"sudo"), "{found:?}");
}

#[test]
fn nothing_is_said_of_other_files() {
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    for (name, text) in [
        ("Cargo.toml", "[package]\nname = \"a\"\n"),
        ("values.yaml", "RUN: apt-get install curl\n"),
        (".gitignore", "target\n"),
        ("main.tf", "resource \"a\" \"b\" {}\n"),
        ("notes.txt", "FROM a\nRUN sudo ls\n"),
    ] {
        let uri = client.open_as(&root.join(name), text, "plaintext");
        assert_eq!(client.diagnostics(&uri, 1), [] as [Value; 0], "{name}");
    }
}

#[test]
fn facts_of_a_context_come_back_after_another_file_was_touched() {
    let dockopt = Dockopt::new().dir("task-tracker");
    let root = dockopt.path().canonicalize().unwrap();
    let file = root.join("backend/Dockerfile");
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&file, &super::text_of(&file));
    let is_of_audit = |published: &Value| published["diagnostics"].to_string().contains("dockopt audit");
    client.published_when(&uri, is_of_audit);
    let compose = ["compose.yaml", "compose.yml", "docker-compose.yml"].map(|name| root.join(name));
    let compose = compose.iter().find(|path| path.exists()).unwrap();
    client.open(compose, &super::text_of(compose));
    client.listen(Duration::from_millis(600));
    client.published_when(&uri, is_of_audit);
}

#[test]
fn a_selection_of_many_findings_is_answered_soon() {
    let (_folder, mut client, uri) = session(&format!("FROM debian:12.5\n{}", "RUN sudo ls\n".repeat(900)), &able());
    client.diagnostics(&uri, 1);
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 5_000, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
    let start = std::time::Instant::now();
    let offered = client.request("textDocument/codeAction", &params).unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let titles = offered.to_string();
    assert!(titles.contains("Fix all safe") && titles.contains("Optimize this build"), "{titles}");
}

#[test]
fn a_stage_is_renamed_only_where_all_of_its_uses_are() {
    for (text, name, why) in [
        ("FROM alpine AS base\nFROM debian\nCOPY --from=base /a /b\n", "debian", "means an image"),
        ("FROM alpine AS base\nFROM debian\nCOPY --from=base /a /b\n", "scratch", "the empty image"),
        ("FROM alpine AS base\nFROM debian\nCOPY --from=\"base\" /a /b\n", "x", "line 3"),
        ("ARG S=base\nFROM alpine AS base\nFROM ${S}\n", "x", "line 3"),
        ("FROM alpine AS base\nFROM debian AS x\nCOPY --from=base /a /b\n", "x", "there is a stage `x`"),
    ] {
        let (_folder, mut client, uri) = session(text, &able());
        let line = u32::from(text.starts_with("ARG"));
        let mut params = at(&uri, line, 17);
        params["newName"] = name.into();
        let error = client.request("textDocument/rename", &params).expect_err(text);
        assert!(error["message"].as_str().unwrap().contains(why), "{text}: {error}");
    }
}

#[test]
fn all_uses_of_a_variable_and_an_anchor_are_found() {
    let text = "FROM debian:12.5\nARG V=1\nRUN echo $V ${V}\nRUN echo $V\nARG V=2\nRUN echo $V\n";
    let (_folder, mut client, uri) = session(text, &able());
    let mut params = at(&uri, 1, 4);
    params["context"] = json!({ "includeDeclaration": false });
    let uses = client.request("textDocument/references", &params).unwrap();
    let lines: Vec<_> = uses.as_array().unwrap().iter().map(|place| place["range"]["start"]["line"].clone()).collect();
    assert_eq!(lines, [2, 2, 3]);
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    let yaml = "x-a: &a\n  image: b:1\nservices:\n  c: *a\n  d: *a\n";
    let compose = client.open(&root.join("compose.yaml"), yaml);
    for (line, character) in [(0, 6), (3, 6), (4, 6)] {
        let mut params = at(&compose, line, character);
        params["context"] = json!({ "includeDeclaration": true });
        let places = client.request("textDocument/references", &params).unwrap();
        assert_eq!(places.as_array().map(Vec::len), Some(3), "{line}: {places}");
    }
}

#[test]
fn what_is_completed_is_right_where_it_is_put() {
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let mut number = 0;
    // `|` is the cursor; what the text becomes with the completion of that label, or that there is none.
    for (file, text, label, after) in [
        ("Dockerfile", "FROM a AS build\nFROM b\nRUN --mount=from=b|", "build", Some("RUN --mount=from=build")),
        ("Dockerfile", "FROM a\nRUN --mount=type=|", "--mount=", None),
        ("Dockerfile", "FROM a\nRUN npm ci --|", "--mount=", None),
        ("Dockerfile", "FROM a\nRUN --m|", "--mount=", Some("RUN --mount=")),
        ("Dockerfile", "FROM a\nARG VER\nRUN echo ${V|", "VER", Some("RUN echo ${VER")),
        ("Dockerfile", "FROM a\nARG VER\nCOPY ${VER}/src|", "VER", None),
        ("Dockerfile", "FROM a\nRUN echo $B|", "BUILDPLATFORM", None),
        ("Dockerfile", "FROM --platform=$B|", "BUILDPLATFORM", Some("FROM --platform=$BUILDPLATFORM")),
        (
            "compose.yaml",
            "services:\n  db:\n    image: a\n  api:\n    image: b\n    depends_on: |",
            "db",
            Some("    depends_on: [db]"),
        ),
        (
            "compose.yaml",
            "services:\n  db:\n    image: a\n  api:\n    image: b\n    depends_on:\n      -|",
            "db",
            Some("      - db"),
        ),
        ("compose.yaml", "services:\n  db:\n    image: a\n  api:\n    image: b\n    depends_on: [db, |", "db", None),
        (
            "compose.yaml",
            "services:\n  \"1\":\n    image: a\n  api:\n    image: b\n    depends_on:\n      - |",
            "1",
            Some("      - \"1\""),
        ),
        ("compose.yaml", "services:\n  db:\n    image: a\n  api:\n    image: b\n    # depends_on: |", "db", None),
        ("dockopt.toml", "select = [\"root-user\"|", "add-instead-of-copy", None),
        ("dockopt.toml", "select = ['root-u|", "root-user", Some("select = ['root-user")),
        ("dockopt.toml", "fail-on = |", "error", Some("fail-on = \"error\"")),
        ("dockopt.toml", "[[bud|", "budget", None),
        ("dockopt.toml", "# sel|", "select", None),
    ] {
        number += 1;
        let at_cursor = text.find('|').unwrap();
        let (line, character) =
            (text[..at_cursor].matches('\n').count() as u32, text[..at_cursor].lines().last().unwrap().len() as u32);
        let folder = root.join(format!("{number}"));
        std::fs::create_dir(&folder).unwrap();
        let uri = client.open(&folder.join(file), &text.replace('|', ""));
        let items = client.request("textDocument/completion", &at(&uri, line, character)).unwrap();
        let item = items.as_array().unwrap().iter().find(|item| item["label"] == label);
        let Some(expected) = after else {
            assert!(item.is_none(), "{text}: {item:?}");
            continue;
        };
        let edit = &item.unwrap_or_else(|| panic!("{text}: {items}"))["textEdit"];
        let last = text.replace('|', "").lines().last().unwrap().to_owned();
        let place = |key: &str| edit["range"][key]["character"].as_u64().unwrap() as usize;
        let completed =
            format!("{}{}{}", &last[..place("start")], edit["newText"].as_str().unwrap(), &last[place("end")..]);
        assert_eq!(completed, expected, "{text}");
    }
}

#[test]
fn lines_keep_their_ends() {
    let text = "FROM debian:12.5\r\nUSER 1\r\nCMD python3 main.py";
    let (_folder, mut client, uri) = session(text, &able());
    let range = json!({ "start": { "line": 2, "character": 0 }, "end": { "line": 2, "character": 3 } });
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
    let offered = client.request("textDocument/codeAction", &params).unwrap();
    let ignore =
        offered.as_array().unwrap().iter().find(|action| action["title"].as_str().unwrap().starts_with("Ignore"));
    let edits = &ignore.unwrap()["edit"]["documentChanges"][0]["edits"];
    assert!(edits[0]["newText"].as_str().unwrap().ends_with("\r\n"), "{edits}");
}

#[test]
fn addresses_are_those_of_the_client() {
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("a+b(c)")).unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({ "audit": false }));
    let uri = client.open(&root.join("a+b(c)/Dockerfile"), TEXT);
    let range = json!({ "start": { "line": 3, "character": 0 }, "end": { "line": 3, "character": 3 } });
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
    let offered = client.request("textDocument/codeAction", &params).unwrap();
    assert_eq!(offered[0]["edit"]["documentChanges"][0]["textDocument"]["uri"], uri.as_str());
    let error = fix_all(&mut client, &uri).expect_err("it was never saved");
    assert!(error["message"].as_str().unwrap().contains("save the file first"), "{error}");
}
