//! What clients apply: fixes, comments that hide, all safe fixes, a rewrite; the same as the commands write.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Client, able};
use super::{session, text_of, tracker};
use crate::dockopt::Dockopt;

const TEXT: &str = "FROM debian:12.5\nRUN apt-get update && apt-get install -y curl\nUSER 1000\nCMD python3 main.py\n";

/// The actions for a whole text.
fn actions(client: &mut Client, uri: &str, only: &[&str]) -> Vec<Value> {
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 999, "character": 0 } });
    let mut context = json!({ "diagnostics": [] });
    if !only.is_empty() {
        context["only"] = json!(only);
    }
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
    client.request("textDocument/codeAction", &params).unwrap().as_array().unwrap().clone()
}

/// A text with the edits of an action; all of its places are in ASCII here.
fn applied(text: &str, edit: &Value) -> String {
    let changes = edit["documentChanges"].as_array().unwrap();
    let edits = changes.iter().flat_map(|change| change["edits"].as_array().into_iter().flatten());
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let offset = |place: &Value| {
        let line = place["line"].as_u64().unwrap() as usize;
        starts.get(line).map_or(text.len(), |start| start + place["character"].as_u64().unwrap() as usize)
    };
    let mut all: Vec<(usize, usize, &str)> = edits
        .map(|edit| (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]), edit["newText"].as_str().unwrap()))
        .collect();
    all.sort_by_key(|edit| edit.0);
    let mut after = text.to_owned();
    for (start, end, new) in all.into_iter().rev() {
        after.replace_range(start..end, new);
    }
    after
}

fn titled<'a>(actions: &'a [Value], title: &str) -> &'a Value {
    let found = actions.iter().find(|action| action["title"].as_str().unwrap().starts_with(title));
    found.unwrap_or_else(|| panic!("no action `{title}` in {actions:#?}"))
}

#[test]
fn a_fix_removes_its_finding_and_a_comment_hides_one() {
    let (_folder, mut client, uri) = session(TEXT, &able());
    let offered = actions(&mut client, &uri, &[]);
    let fix = titled(&offered, "use the exec form");
    assert_eq!((&fix["kind"], &fix["isPreferred"]), (&json!("quickfix"), &json!(true)));
    client.change(&uri, 2, &applied(TEXT, &fix["edit"]));
    let left = client.diagnostics(&uri, 2);
    assert!(!super::codes(&left).contains(&"shell-form-command"), "{left:?}");
    let comment = titled(&offered, "Ignore `shell-form-command`");
    let after = applied(TEXT, &comment["edit"]);
    assert!(after.contains("# dockopt ignore=shell-form-command reason: "), "{after}");
    client.change(&uri, 3, &after);
    let left = client.diagnostics(&uri, 3);
    let codes = super::codes(&left);
    assert!(!codes.contains(&"shell-form-command") && !codes.contains(&"unused-suppression"), "{codes:?}");
    assert!(actions(&mut client, &uri, &["refactor.extract"]).is_empty());
}

#[test]
fn unsafe_fixes_are_named_so() {
    let (_folder, mut client, uri) =
        session("FROM debian:12.5\nRUN apt-get update && apt-get install -y nginx\nCMD [\"nginx\"]\n", &able());
    let offered = actions(&mut client, &uri, &["quickfix"]);
    let risky: Vec<_> =
        offered.iter().filter(|action| action["title"].as_str().unwrap().contains("(unsafe: ")).collect();
    assert!(!risky.is_empty(), "{offered:#?}");
    assert!(risky.iter().all(|action| action["isPreferred"].is_null()));
}

#[test]
fn all_safe_fixes_are_those_of_the_command() {
    for name in ["task-tracker/backend", "task-tracker/dashboard", "dirty/before"] {
        let dockopt = Dockopt::new().dir(name);
        let root = dockopt.path().canonicalize().unwrap();
        let file = root.join("Dockerfile");
        let text = text_of(&file);
        let (mut client, _) = Client::start(&root, &able(), &json!({ "audit": false }));
        let uri = client.open(&file, &text);
        let offered = actions(&mut client, &uri, &["source.fixAll"]);
        let resolved = client.request("codeAction/resolve", &offered[0]).unwrap();
        let after = applied(&text, &resolved["edit"]);
        let ran = dockopt.args(["fix", "Dockerfile", "--write"]).run();
        assert_eq!(after, ran.read("Dockerfile"), "{name}");
        assert_ne!(after, text);
    }
}

#[test]
fn a_rewrite_is_shown_before_it_is_applied() {
    let (dockopt, mut client, uri, text) = tracker();
    let offered = actions(&mut client, &uri, &["refactor.rewrite"]);
    let resolved = client.request("codeAction/resolve", titled(&offered, "Optimize this build")).unwrap();
    let annotations = resolved["edit"]["changeAnnotations"].as_object().unwrap();
    assert!(annotations.values().all(|annotation| annotation["needsConfirmation"] == true));
    let preview = json!({ "command": "dockopt.previewOptimization", "arguments": [uri] });
    let shown = client.request("workspace/executeCommand", &preview).unwrap();
    assert!(shown["diff"].as_str().unwrap().contains("+FROM python:3.13-slim AS build"), "{shown}");
    assert!(!shown["diff"].as_str().unwrap().contains("tracker-5b1f0c9e7a4d4e2f"), "the secret is masked: {shown}");
    let edit = &resolved["edit"]["documentChanges"];
    let own = edit.as_array().unwrap().iter().filter(|change| change["textDocument"]["uri"] == uri).cloned();
    let after = applied(&text, &json!({ "documentChanges": own.collect::<Vec<_>>() }));
    let ran = dockopt.args(["optimize", "backend/Dockerfile", "--write"]).run().code(0);
    assert_eq!(after, ran.read("backend/Dockerfile"));
}

#[test]
fn a_client_that_can_little_gets_what_it_can() {
    let (folder, mut client, uri) = session(TEXT, &json!({}));
    let offered = actions(&mut client, &uri, &[]);
    let fix = titled(&offered, "use the exec form");
    assert!(fix["edit"]["changes"][&uri].is_array(), "{fix}");
    let all = titled(&offered, "Fix all safe");
    assert_eq!(all["command"]["command"], "dockopt.fixAll");
    client.request("workspace/executeCommand", &all["command"]).unwrap();
    client.listen(std::time::Duration::from_millis(200));
    assert!(client.asked.iter().any(|asked| asked["method"] == "workspace/applyEdit"), "{:?}", client.asked);
    assert!(Path::new(folder.path()).exists());
}
