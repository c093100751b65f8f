//! What is read in the background: contexts, history. It blocks no key, and shows no secret.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::at;
use super::client::{Client, able};
use crate::dockopt::Dockopt;

fn lenses(client: &mut Client, uri: &str) -> String {
    client.request("textDocument/codeLens", &json!({ "textDocument": { "uri": uri } })).unwrap().to_string()
}

#[test]
fn the_history_is_told_when_it_is_read() {
    let text = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nUSER 1\nCMD [\"python\", \"main.py\"]\n";
    let dockopt =
        Dockopt::new().file("Dockerfile", text).file("requirements.txt", "flask==3.1.0\n").file("main.py", "");
    let root = dockopt.path().canonicalize().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main"]);
        assert!(command.args(arguments).current_dir(&root).output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init"]);
    for number in 0..9 {
        std::fs::write(root.join("main.py"), format!("print({number})\n")).unwrap();
        git(&["add", "."]);
        git(&["commit", "-m", "change"]);
    }
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&root.join("Dockerfile"), text);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let shown = lenses(&mut client, &uri);
        if shown.contains("it ran in ") && shown.contains(" of the last 8 commits") {
            break;
        }
        assert!(Instant::now() < end, "{shown}");
        client.listen(Duration::from_millis(200));
    }
}

#[test]
fn many_files_block_no_key() {
    let text = "FROM scratch\nCOPY . .\nUSER 1\nCMD [\"/a\"]\n";
    let dockopt = Dockopt::new().file("Dockerfile", text);
    let root = dockopt.path().canonicalize().unwrap();
    let (folders, files) = if crate::tier::is_full() { (100, 1_000) } else { (50, 200) };
    for folder in 0..folders {
        let folder = root.join(format!("{folder}"));
        std::fs::create_dir(&folder).unwrap();
        (0..files).try_for_each(|file| std::fs::write(folder.join(format!("{file}")), "")).unwrap();
    }
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&root.join("Dockerfile"), text);
    let mut slowest = Duration::ZERO;
    for version in 2..40 {
        client.change(&uri, version, &format!("{text}# {version}\n"));
        let start = Instant::now();
        client.request("textDocument/completion", &at(&uri, 4, 0)).unwrap();
        slowest = slowest.max(start.elapsed());
    }
    client.diagnostics(&uri, 39);
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    let end = Instant::now() + Duration::from_mins(1);
    while !lenses(&mut client, &uri).contains(" files") {
        assert!(Instant::now() < end, "{}", lenses(&mut client, &uri));
        client.listen(Duration::from_millis(200));
    }
}

#[test]
fn no_answer_shows_a_secret() {
    let secret = "ghp_9tYxBq3Rk7LmVw2Zs8Dn4Hc6Jf1Pa5Eu0Go";
    let text = format!(
        "FROM python:3.13-slim\nENV GITHUB_TOKEN={secret}\nRUN pip install -i https://u:{secret}@pypi.corp.example/simple a\nCMD python main.py\n"
    );
    let dockopt = Dockopt::new().file("Dockerfile", &text);
    let root = dockopt.path().canonicalize().unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&root.join("Dockerfile"), &text);
    let found = Value::from(client.diagnostics(&uri, 1)).to_string();
    assert!(found.contains("secret-in-arg-or-env") && !found.contains(secret), "{found}");
    let mut shown = lenses(&mut client, &uri);
    for line in 0..4 {
        for character in [1, 8, 30] {
            shown += &client.request("textDocument/hover", &at(&uri, line, character)).unwrap().to_string();
        }
    }
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
    shown += &client.request("textDocument/codeAction", &params).unwrap().to_string();
    assert!(!shown.contains(secret), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let dockopt = Dockopt::new();
    let root = dockopt.path().canonicalize().unwrap();
    let pipe = root.join("Dockerfile");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let (mut client, _) = Client::start(&root, &able(), &json!({}));
    let uri = client.open(&pipe, "FROM debian:12.5\nUSER 1\nCMD python3 main.py\n");
    assert!(super::codes(&client.diagnostics(&uri, 1)).contains(&"shell-form-command"));
    client.notify("textDocument/didSave", &json!({ "textDocument": { "uri": uri } }));
    client.request("textDocument/hover", &at(&uri, 2, 1)).unwrap();
    assert_eq!(client.end(), 0);
}
