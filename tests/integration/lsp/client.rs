//! A client of the language server, as far as tests need one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long an answer may take on a machine that does other things.
const PATIENCE: Duration = Duration::from_mins(1);

/// A session with the server.
pub(super) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    count: i64,
    /// What was published last, by address.
    published: BTreeMap<String, Value>,
    /// What the server asked for, and was given nothing.
    pub(super) asked: Vec<Value>,
}

/// What VS Code says of itself, as far as the server looks at it.
pub(super) fn able() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-16"] },
        "workspace": {
            "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create"], "changeAnnotationSupport": {} },
            "didChangeWatchedFiles": { "dynamicRegistration": true },
        },
        "textDocument": { "codeAction": { "resolveSupport": { "properties": ["edit"] } } },
    })
}

/// The address of a path.
pub(super) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Client {
    /// Starts the server for a folder, and waits until the session has begun; what the server can is the second.
    pub(super) fn start(root: &Path, capabilities: &Value, options: &Value) -> (Self, Value) {
        let mut client = Self::spawn(&[]);
        let roots = json!([{ "uri": uri(root), "name": "root" }]);
        let params = json!({
            "processId": null, "rootUri": uri(root), "workspaceFolders": roots, "capabilities": capabilities,
            "initializationOptions": options,
        });
        let result = client.request("initialize", &params).unwrap();
        client.notify("initialized", &json!({}));
        (client, result["capabilities"].clone())
    }

    /// Starts the server; nothing is said yet.
    pub(super) fn spawn(variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        command.arg("lsp").env("SOURCE_DATE_EPOCH", "1795132800").envs(variables.iter().copied());
        Self::of_command(&mut command)
    }

    /// Starts a server; nothing is said yet.
    pub(super) fn of_command(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, messages, count: 0, published: BTreeMap::new(), asked: Vec::new() }
    }

    pub(super) fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let stdin = self.stdin.as_mut().unwrap();
        // It may have ended.
        let _ = write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| stdin.flush());
    }

    pub(super) fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request; its number.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> i64 {
        self.count += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.count, "method": method, "params": params }));
        self.count
    }

    /// The result of a request, or its error.
    pub(super) fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let message = self.next(end).unwrap_or_else(|| panic!("no answer to request {id}"));
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
            }
        }
    }

    pub(super) fn request(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// The next message before a time; `None` after it.
    fn next(&mut self, end: Instant) -> Option<Value> {
        let wait = end.saturating_duration_since(Instant::now());
        let message = match self.messages.recv_timeout(wait) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => panic!("the server has ended"),
        };
        if message["method"] == "textDocument/publishDiagnostics" {
            self.published.insert(message["params"]["uri"].as_str().unwrap().to_owned(), message["params"].clone());
        } else if message.get("method").is_some() && message.get("id").is_some() {
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
            self.asked.push(message.clone());
        }
        Some(message)
    }

    /// Opens a text as a Dockerfile, unless its name says something else.
    pub(super) fn open(&mut self, path: &Path, text: &str) -> String {
        self.open_as(path, text, "dockerfile")
    }

    /// Opens a text in a language.
    pub(super) fn open_as(&mut self, path: &Path, text: &str, language: &str) -> String {
        let uri = uri(path);
        let item = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": item }));
        uri
    }

    /// Changes a whole text.
    pub(super) fn change(&mut self, uri: &str, version: i32, text: &str) {
        self.edit(uri, version, &json!([{ "text": text }]));
    }

    /// Changes a text.
    pub(super) fn edit(&mut self, uri: &str, version: i32, changes: &Value) {
        let params = json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes });
        self.notify("textDocument/didChange", &params);
    }

    /// What is published of a version.
    pub(super) fn diagnostics(&mut self, uri: &str, version: i32) -> Vec<Value> {
        self.published_when(uri, |published| published["version"] == version)
    }

    /// What is published, as soon as it is as it should be.
    pub(super) fn published_when(&mut self, uri: &str, is_right: impl Fn(&Value) -> bool) -> Vec<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(published) = self.published.get(uri).filter(|published| is_right(published)) {
                return published["diagnostics"].as_array().unwrap().clone();
            }
            assert!(self.next(end).is_some(), "{uri} is not published as it should be: {:?}", self.published.get(uri));
        }
    }

    /// Reads what comes for a while.
    pub(super) fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while self.next(end).is_some() {}
    }

    /// The memory of the server in KiB.
    pub(super) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Ends the session as the protocol asks; the exit code.
    pub(super) fn end(mut self) -> i32 {
        self.request("shutdown", &Value::Null).unwrap();
        self.notify("exit", &Value::Null);
        self.code()
    }

    /// Closes the server's input; the exit code.
    pub(super) fn hang_up(mut self) -> i32 {
        self.stdin = None;
        self.code()
    }

    fn code(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("an exit code, no signal");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not end");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut bytes = vec![0; length];
    stdout.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
