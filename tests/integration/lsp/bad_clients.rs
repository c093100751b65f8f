//! Clients that lie, shout, go away or may not read what they ask about.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, able, uri};
use super::{at, session};
use crate::dockopt::Dockopt;

const TEXT: &str = "FROM debian:12.5\nUSER 1000\nCMD python3 main.py\n";

#[test]
fn versions_and_places_that_cannot_be_are_survived() {
    let (_folder, mut client, uri) =
        session("FROM debian:12.5\nLABEL a=\"😀\"\nUSER 1000\nCMD python3 main.py\n", &able());
    let range = |line: u32, from: u32, to: u32| json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
    // Version 0 behind 1, a place in the middle of a pair, a range the wrong way round, lines that are not there.
    client.edit(&uri, 0, &json!([{ "range": range(1, 10, 10), "text": "x" }]));
    client.edit(&uri, -5, &json!([{ "range": range(2, 9, 5), "text": "1001" }]));
    client.edit(
        &uri,
        -5,
        &json!([{ "range": range(4_000_000, 7, 9), "text": "# end\n" }, { "range": range(9, 0, 0), "text": "" }]),
    );
    client.edit("file:///not/open", 1, &json!([{ "text": "FROM x\n" }]));
    let found = client.diagnostics(&uri, -5);
    assert!(super::codes(&found).contains(&"shell-form-command"), "{found:?}");
    assert!(client.request("textDocument/hover", &at(&uri, u32::MAX, u32::MAX)).is_ok());
    assert_eq!(client.end(), 0);
}

#[test]
fn what_is_not_known_is_answered() {
    let (_folder, mut client, uri) = session(TEXT, &able());
    for (method, params) in [
        ("textDocument/hover", json!({ "textDocument": { "uri": uri } })),
        ("textDocument/codeAction", json!({ "textDocument": { "uri": uri }, "range": 3 })),
        ("textDocument/nothing", json!({ "textDocument": { "uri": uri } })),
        ("dockopt/nothing", json!(null)),
        ("initialize", json!({})),
        ("codeAction/resolve", json!({ "title": "x", "data": { "uri": "file:///not/open", "what": "fix-all" } })),
        ("workspace/executeCommand", json!({ "command": "rm", "arguments": [] })),
    ] {
        assert!(client.request(method, &params).is_err(), "{method}");
    }
    assert_eq!(client.request("textDocument/hover", &at("file:///not/open", 0, 0)).unwrap(), Value::Null);
    assert_eq!(client.request("textDocument/hover", &at("untitled:1", 0, 0)).unwrap(), Value::Null);
    client.request("shutdown", &Value::Null).unwrap();
    assert!(client.request("textDocument/hover", &at(&uri, 0, 0)).is_err(), "after the end");
}

#[test]
fn a_session_ends_however_the_client_goes() {
    let (_folder, client, _) = session(TEXT, &able());
    assert_eq!(client.hang_up(), 1, "it went without a word");
    let (_folder, mut client, _) = session(TEXT, &able());
    client.notify("exit", &Value::Null);
    assert_eq!(client.hang_up(), 1, "exit without shutdown");
    let (_folder, client, _) = session(TEXT, &able());
    assert_eq!(client.end(), 0);
    assert_eq!(Client::spawn(&[]).hang_up(), 2, "no session");
    let mut client = Client::spawn(&[]);
    client.send(&json!("nonsense"));
    assert_eq!(client.hang_up(), 2, "no message");
}

#[test]
fn changes_that_come_faster_than_they_are_checked_are_joined() {
    let (_folder, mut client, uri) = session(TEXT, &able());
    client.diagnostics(&uri, 1);
    let mut text = TEXT.to_owned();
    for version in 2..=200 {
        text.push_str("# more\n");
        client.change(&uri, version, &text);
        std::thread::sleep(Duration::from_millis(if version % 20 == 0 { 20 } else { 0 }));
    }
    let found = client.diagnostics(&uri, 200);
    assert!(super::codes(&found).contains(&"shell-form-command"));
}

#[test]
fn questions_are_answered_for_the_text_as_it_is() {
    let (_folder, mut client, uri) = session(TEXT, &able());
    client.change(&uri, 2, "FROM debian:12.5\nUSER 1000\n\n\nCMD python3 main.py\n");
    let hover = client.request("textDocument/hover", &at(&uri, 4, 1)).unwrap();
    assert!(hover["contents"]["value"].as_str().unwrap().contains("shell-form-command"), "{hover}");
    client.change(&uri, 3, TEXT);
    let id = client.ask("textDocument/hover", &at(&uri, 2, 1));
    client.notify("$/cancelRequest", &json!({ "id": id }));
    let _ = client.answer(id);
}

#[test]
fn five_hundred_documents_are_all_checked() {
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uris: Vec<String> =
        (0..500).map(|number| client.open(&root.join(format!("{number}.Dockerfile")), TEXT)).collect();
    for uri in &uris {
        let found = client.diagnostics(uri, 1);
        assert!(super::codes(&found).contains(&"shell-form-command"), "{uri}");
    }
}

#[test]
fn memory_stays_flat() {
    let (_folder, mut client, uri) = session(TEXT, &able());
    let edit = |client: &mut Client, from: i32, count: i32| {
        for version in from..from + count {
            let text = format!("{TEXT}# {version}\n").repeat(20);
            client.change(&uri, version, &text);
            client.diagnostics(&uri, version);
        }
    };
    edit(&mut client, 2, 30);
    let before = client.memory();
    edit(&mut client, 32, 150);
    let after = client.memory();
    assert!(after < before + before / 4 + 4_096, "{before} KiB before, {after} KiB after");
}

#[test]
fn two_roots_and_none_are_served() {
    let (first, second) = (Dockopt::new(), Dockopt::new());
    let roots = [first.path().canonicalize().unwrap(), second.path().canonicalize().unwrap()];
    let mut client = Client::spawn(&[]);
    let folders: Vec<Value> = roots.iter().map(|root| json!({ "uri": uri(root), "name": "x" })).collect();
    let params = json!({ "processId": null, "rootUri": null, "workspaceFolders": folders, "capabilities": able() });
    client.request("initialize", &params).unwrap();
    for root in &roots {
        let uri = client.open(&root.join("Dockerfile"), TEXT);
        assert!(super::codes(&client.diagnostics(&uri, 1)).contains(&"shell-form-command"), "{uri}");
    }
    let mut client = Client::spawn(&[]);
    client.request("initialize", &json!({ "processId": null, "rootUri": null, "capabilities": {} })).unwrap();
    let uri = client.open(&roots[0].join("Dockerfile"), TEXT);
    assert!(super::codes(&client.diagnostics(&uri, 1)).contains(&"shell-form-command"));
}

#[cfg(unix)]
#[test]
fn a_workspace_that_may_not_be_read_is_survived() {
    use std::os::unix::fs::PermissionsExt;
    let dockopt = Dockopt::new().file("closed/x", "");
    let root = dockopt.path().canonicalize().unwrap();
    let closed = root.join("closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let (mut client, _) = Client::start(&closed, &able(), &json!({}));
    let uri = client.open(&closed.join("Dockerfile"), TEXT);
    let found = client.diagnostics(&uri, 1);
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(super::codes(&found).contains(&"shell-form-command"));
}

#[cfg(unix)]
#[test]
fn no_program_is_started_unless_the_workspace_is_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let dockopt = Dockopt::new()
        .file("Dockerfile", "FROM debian:12.5\nRUN echo $X\nUSER 1\n")
        .file("dockopt.toml", "shellcheck = true\n")
        .file("bin/shellcheck", "#!/bin/sh\ntouch \"$MARK\"\nexit 1\n");
    let root = dockopt.path().canonicalize().unwrap();
    let program = root.join("bin/shellcheck");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mark = root.join("mark");
    let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap());
    for trusted in [false, true] {
        let mut client = Client::spawn(&[("PATH", &path), ("MARK", &mark.display().to_string())]);
        let params = json!({
            "processId": null, "rootUri": uri(&root), "capabilities": able(), "initializationOptions": { "trusted": trusted },
        });
        client.request("initialize", &params).unwrap();
        let uri = client.open(&root.join("Dockerfile"), "FROM debian:12.5\nRUN echo $X\nUSER 1\n");
        client.diagnostics(&uri, 1);
        client.request("textDocument/codeLens", &json!({ "textDocument": { "uri": uri } })).unwrap();
        client.listen(Duration::from_millis(500));
        assert_eq!(mark.exists(), trusted, "trusted: {trusted}");
        assert_eq!(client.end(), 0);
    }
}
