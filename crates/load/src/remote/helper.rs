//! Credential helpers: programs that know passwords (`docker-credential-NAME get`).

use crate::text::exact_bytes;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that a helper may answer.
const ANSWER: u64 = 64 << 10;

/// What a helper says when it knows nothing of a registry.
const UNKNOWN: &str = "credentials not found";

/// Time between two checks whether a helper has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Asks the helper `name` for `server`. `None` where it has nothing.
///
/// # Errors
/// One sentence: it does not exist, fails, takes too long or prints too much.
pub(super) fn ask(name: &str, server: &str, limit: Duration) -> Result<Option<Vec<u8>>, String> {
    let program = format!("docker-credential-{name}");
    // A name is looked up in PATH; a path would run any file.
    if name.is_empty() || name.contains(['/', '\\', ':']) {
        return Err(format!("the credential helper `{name}` in the Docker configuration is not a valid name"));
    }
    run(&program, server, limit)
}

/// Asks a program.
fn run(program: &str, server: &str, limit: Duration) -> Result<Option<Vec<u8>>, String> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child =
        command.spawn().map_err(|error| format!("the credential helper `{program}` cannot be started: {error}"))?;
    let answer = talk(&mut child, server, limit);
    // Killing it fails when it has already ended.
    let _ = child.kill();
    let status = child.wait();
    let Some(answer) = answer else {
        return Err(format!("the credential helper `{program}` did not respond within {} s", limit.as_secs()));
    };
    if answer.len() as u64 > ANSWER {
        return Err(format!("the credential helper `{program}` printed more than {}", exact_bytes(ANSWER)));
    }
    if status.is_ok_and(|status| status.success()) {
        return Ok(Some(answer));
    }
    let answer_text = String::from_utf8_lossy(&answer);
    if answer_text.contains(UNKNOWN) {
        return Ok(None);
    }
    let line: String = answer_text.lines().next().unwrap_or_default().chars().take(200).collect();
    Err(format!("the credential helper `{program}` failed: {}", line.trim()))
}

/// What it answers; `None` when it takes too long.
fn talk(child: &mut Child, server: &str, limit: Duration) -> Option<Vec<u8>> {
    let end = Instant::now() + limit;
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    // A helper that doesn't read its input shows that by its answer.
    let _ = stdin.write_all(server.as_bytes());
    drop(stdin);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let _ = stdout.take(ANSWER + 1).read_to_end(&mut answer);
        let _ = sender.send(answer);
    });
    let answer = receiver.recv_timeout(limit).ok()?;
    // It has said all; its status is still to come, unless it was cut short.
    while answer.len() as u64 <= ANSWER && matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(LOOK);
    }
    Some(answer)
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)] // Every function here serves a test.
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[track_caller]
    fn check(script: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let got = match run(path.to_str().unwrap(), "a.b", Duration::from_secs(1)) {
            Ok(Some(answer)) => String::from_utf8(answer).unwrap(),
            Ok(None) => "nothing".to_owned(),
            Err(why) => why.split("` ").nth(1).unwrap().to_owned(),
        };
        assert_eq!(got, expected, "{script}");
        assert!(!folder.path().join("ended").exists(), "{script}: it was waited for");
    }

    #[test]
    fn helpers_are_bounded() {
        check("cat", "a.b");
        check("echo $1", "get\n");
        check("echo credentials not found in native keychain; exit 1", "nothing");
        check("echo locked; exit 1", "failed: locked");
        let slow = "(sleep 60; : >\"${0%/*}/ended\") & wait";
        check(slow, "did not respond within 1 s");
        check(&format!("exec 1>&-; {slow}"), "did not respond within 1 s");
        check("exec yes", "printed more than 64 KiB");
        check("exec 0<&-; echo x", "x\n");
    }
}
