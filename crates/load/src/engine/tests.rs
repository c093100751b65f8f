//! Engines that are not there, dawdle, break off and give up.
#![allow(clippy::unwrap_used)] // Every function here serves a test.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{Engine, EngineOptions};
use crate::failure::{Failure, FailureKind};

const VERSION: &str = r#"{"Platform":{"Name":"Fake Engine"},"Version":"1.2.3","ApiVersion":"1.99","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}"#;

fn options() -> EngineOptions {
    EngineOptions { connect: Duration::from_secs(1), idle: Duration::from_millis(500), ..EngineOptions::default() }
}

fn answer(status: &str, contents: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{contents}", contents.len())
        .into_bytes()
}

/// Serves `/version` and, for all else, `bytes`; then hangs up, or waits.
fn serve(socket: &Path, version: &'static str, bytes: Vec<u8>, wait: Duration) -> EngineOptions {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                head.push(byte[0]);
            }
            if head.starts_with(b"GET /version ") {
                let _ = stream.write_all(&answer("200 OK", version));
                continue;
            }
            assert!(head.starts_with(b"GET /v1.51/images/"), "{}", String::from_utf8_lossy(&head));
            let _ = stream.write_all(&bytes);
            thread::sleep(wait);
        }
    });
    EngineOptions { host: Some(format!("unix://{}", socket.display())), ..options() }
}

/// What comes of saving an image from an engine that answers so.
fn save_image(bytes: &[u8], wait: Duration) -> Result<Result<Vec<u8>, std::io::Error>, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let options = serve(&folder.path().join("s"), VERSION, bytes.to_vec(), wait);
    let engine = Engine::connect(&options).unwrap();
    assert_eq!(engine.version().name, "Fake Engine");
    assert_eq!(engine.version().api, "1.51");
    let mut saved = engine.save("app:v1", None)?;
    let mut bytes = Vec::new();
    Ok(saved.read_to_end(&mut bytes).map(|_| bytes))
}

#[test]
fn an_image_that_breaks_off_is_an_error() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let whole = save_image(format!("{HEAD}5\r\nhello\r\n0\r\n\r\n").as_bytes(), Duration::ZERO).unwrap().unwrap();
    assert_eq!(whole, b"hello");
    let broken = save_image(format!("{HEAD}5\r\nhello\r\n9\r\nwor").as_bytes(), Duration::ZERO).unwrap().unwrap_err();
    assert_eq!(broken.kind(), std::io::ErrorKind::ConnectionAborted);
    assert!(broken.to_string().contains("stopped in the middle of a response"), "{broken}");
    let between = save_image(format!("{HEAD}5\r\nhello\r\n").as_bytes(), Duration::ZERO).unwrap();
    assert!(between.is_err(), "{between:?}");
    let silent = save_image(format!("{HEAD}5\r\nhello\r\n").as_bytes(), Duration::from_secs(30)).unwrap().unwrap_err();
    assert!(silent.to_string().contains("no data for 2 s"), "{silent}");
    let words = "{\"errorDetail\":{\"message\":\"disk full\"},\"error\":\"disk full\"}\r\n";
    let answer = format!("{HEAD}5\r\nhello\r\n{:x}\r\n{words}\r\n0\r\n\r\n", words.len());
    let error = save_image(answer.as_bytes(), Duration::ZERO).unwrap().unwrap_err();
    assert!(error.to_string().contains("failed in the middle of a response: disk full"), "{error}");
}

#[test]
fn refusals_of_an_engine_are_reported() {
    let missing =
        save_image(&answer("404 Not Found", r#"{"message":"No such image: app:v1"}"#), Duration::ZERO).unwrap_err();
    assert_eq!(missing.kind, FailureKind::Missing);
    assert!(missing.what.ends_with("has no such image: No such image: app:v1"), "{missing}");
    let failing =
        save_image(&answer("500 Internal Server Error", r#"{"message":"no space"}"#), Duration::ZERO).unwrap_err();
    assert_eq!(failing.kind, FailureKind::Broken);
    assert!(failing.what.ends_with("returned an error: no space"), "{failing}");
    // Podman says it so.
    let podman = save_image(&answer("500 Internal Server Error", r#"{"cause":"why"}"#), Duration::ZERO).unwrap_err();
    assert!(podman.what.ends_with("returned an error: why"), "{podman}");
}

#[test]
fn an_engine_that_is_not_there_is_reported_with_what_was_tried() {
    let folder = tempfile::tempdir().unwrap();
    let usual: Vec<String> =
        ["a", "b"].iter().map(|name| format!("unix://{}/{name}", folder.path().display())).collect();
    drop(UnixListener::bind(folder.path().join("b")).unwrap());
    let error = Engine::connect(&EngineOptions { usual: usual.clone(), ..options() }).unwrap_err();
    assert_eq!(error.kind, FailureKind::Unreachable);
    let expected = format!(
        "cannot connect to a Docker engine (the Docker engine at `{}` is not running: the socket does not exist; the Docker engine at `{}` is not running: connection refused)",
        usual[0], usual[1]
    );
    assert_eq!(error.what, expected);

    let silent = serve(&folder.path().join("c"), VERSION, Vec::new(), Duration::ZERO);
    let listener = UnixListener::bind(folder.path().join("d")).unwrap();
    let host = Some(format!("unix://{}/d", folder.path().display()));
    let error = Engine::connect(&EngineOptions { host, ..options() }).unwrap_err();
    assert!(error.what.ends_with("(DOCKER_HOST) did not respond within 1 s"), "{error}");
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.incoming().map_while(Result::ok).count(), 1, "it is asked once");
    drop((listener, silent));

    let host = Some("tcp://127.0.0.1:1".to_owned());
    let error = Engine::connect(&EngineOptions { host, ..options() }).unwrap_err();
    assert_eq!(error.what, "the Docker engine at `tcp://127.0.0.1:1` (DOCKER_HOST) is not running: connection refused");
}

#[test]
fn invalid_engines_are_reported() {
    for (version, why) in [
        ("{}", "it reports no API version"),
        ("<html>", "the response to /version cannot be parsed (expected value at line 1 column 1)"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let options = serve(&folder.path().join("s"), version, Vec::new(), Duration::ZERO);
        let error = Engine::connect(&options).unwrap_err();
        assert!(error.what.ends_with(&format!("is not a Docker engine: {why}")), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let new = r#"{"ApiVersion":"2.10","MinAPIVersion":"2.1"}"#;
    let options = serve(&folder.path().join("s"), new, Vec::new(), Duration::ZERO);
    let error = Engine::connect(&options).unwrap_err();
    assert!(error.what.ends_with("requires API 2.1 or later, and dockopt supports API versions up to 1.51"), "{error}");
}

#[test]
fn another_machine_is_reached_through_ssh() {
    let folder = tempfile::tempdir().unwrap();
    let program = |script: &str| {
        let path = folder.path().join("ssh");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let host = Some("ssh://me@far:2222/run/x.sock".to_owned());
        EngineOptions { host, ssh: path, ..options() }
    };
    let log = folder.path().join("log");
    let options = program(&format!(
        "echo \"$@\" >>'{}'\n\
         while read -r line && [ \"$line\" != \"$(printf '\\r')\" ]; do :; done\n\
         printf 'HTTP/1.1 200 OK\\r\\nContent-Length: {}\\r\\n\\r\\n%s' '{VERSION}'",
        log.display(),
        VERSION.len()
    ));
    let engine = Engine::connect(&options).unwrap();
    assert_eq!(engine.endpoint(), "ssh://me@far:2222/run/x.sock");
    assert_eq!(engine.version().version, "1.2.3");
    let log_text = fs::read_to_string(&log).unwrap();
    assert_eq!(
        log_text,
        "-T -o ConnectTimeout=1 -l me -p 2222 -- far docker --host 'unix:///run/x.sock' system dial-stdio\n"
    );

    let error = Engine::connect(&program("echo 'far: no route to host' >&2; exit 255")).unwrap_err();
    assert!(error.what.ends_with("cannot be reached over ssh: far: no route to host"), "{error}");
    let ended = folder.path().join("ended");
    let slow = program(&format!("(sleep 60; : >'{}') & wait", ended.display()));
    let error = Engine::connect(&slow).unwrap_err();
    assert!(error.what.ends_with("did not respond within 1 s"), "{error}");
    assert!(!ended.exists(), "it was waited for");
    let error = Engine::connect(&EngineOptions { ssh: folder.path().join("none"), ..program("") }).unwrap_err();
    assert_eq!(error.kind, FailureKind::Setup);
}
