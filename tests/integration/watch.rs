//! `lint --watch` and `audit --watch` print what a plain run prints, after each change, for as long as somebody reads it.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::dockopt::{Dockopt, Ran};

/// How long anything may take.
const LONGEST: Duration = Duration::from_secs(10);

const DOCKERFILE: &str = "FROM debian:12.5\nCOPY . /app\nRUN apt-get update && apt-get install -y curl\nUSER 1000\n";

/// A stream of a program, read as it comes.
struct Stream {
    text: String,
    pieces: Receiver<Vec<u8>>,
}

impl Stream {
    fn of(mut source: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = source.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { text: String::new(), pieces }
    }

    /// Reads until the text is as it should be, or time is up.
    fn wait_until(&mut self, is_done: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !is_done(&self.text) {
            match self.pieces.recv_timeout(LONGEST.saturating_sub(start.elapsed())) {
                Ok(piece) => self.text.push_str(&String::from_utf8(piece).unwrap()),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// A run that goes on, and what it has to have printed.
struct Watch {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    arguments: Vec<String>,
    /// A plain run in the same folder.
    plain: Ran,
    expected: String,
    prints: usize,
}

impl Watch {
    /// Starts it; its first result is that of a plain run.
    #[track_caller]
    fn start(project: Dockopt, arguments: &[&str]) -> Self {
        let plain = project.args(arguments.iter().copied()).run();
        let mut child = plain.next().args(arguments.iter().copied()).args(["--watch"]).start();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let expected = plain.stdout.clone();
        let (stdout, stderr) = (Stream::of(stdout), Stream::of(stderr));
        let mut watch = Self { child, stdout, stderr, arguments, plain, expected, prints: 0 };
        watch.prints();
        watch
    }

    fn folder(&self) -> &Path {
        self.plain.path()
    }

    #[track_caller]
    fn prints(&mut self) {
        let expected = &self.expected;
        self.stdout.wait_until(|text| text.len() >= expected.len());
        assert_eq!(self.stdout.text, *expected, "print {}\n{}", self.prints, self.stderr.text);
        self.prints += 1;
    }

    /// Puts a text in the place of a file, in one step.
    #[track_caller]
    fn after(&mut self, path: &str, text: &str) -> &mut Self {
        replace(&self.folder().join(path), text);
        self.prints_next()
    }

    /// The next print is a line of nothing and what a plain run prints now.
    #[track_caller]
    fn prints_next(&mut self) -> &mut Self {
        let before = self.plain.stdout.clone();
        self.plain = self.plain.again(self.arguments.iter().map(String::as_str));
        assert_ne!(before, self.plain.stdout, "the change shows");
        self.expected.push('\n');
        self.expected.push_str(&self.plain.stdout);
        self.prints();
        self
    }

    /// Ends it as a user does; its exit code is that of the last plain run.
    #[track_caller]
    fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        assert_eq!(exit_code(&mut self.child), Some(self.plain.code), "{}", self.stderr.text);
        self.stdout.wait_until(|_| false);
        assert_eq!(self.stdout.text, self.expected, "nothing else was printed");
    }

    /// A number of `/proc/PID/status`.
    fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replace(path: &Path, text: &str) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.persist(path).unwrap();
}

/// The exit code, once it has one.
fn exit_code(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < LONGEST {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not end");
}

fn project() -> Dockopt {
    Dockopt::new().file("Dockerfile", DOCKERFILE).file("app.py", "print()\n")
}

#[test]
fn lint_is_run_again_after_each_change() {
    let mut watch = Watch::start(project().file(".dockerignore", ""), &["lint"]);
    watch.after("Dockerfile", "FROM debian\nUSER 1000\n");
    watch.after("Dockerfile", DOCKERFILE);
    watch.after("dockopt.toml", "select = [\"apt-lists-kept\"]\n");
    watch.after("dockopt.toml", "select = [\"untagged-base\"]\n");
    watch.after("Dockerfile", "FROM debian\n");
    fs::remove_file(watch.folder().join("dockopt.toml")).unwrap();
    watch.prints_next();
    watch.end();
}

#[test]
fn an_ignore_file_that_appears_is_read() {
    let mut watch = Watch::start(project(), &["lint", "Dockerfile"]);
    watch.after(".dockerignore", "Dockerfile\n[\n");
    watch.after(".dockerignore", "*.pyc\n");
    watch.after("Dockerfile.dockerignore", "[\n");
    watch.end();
}

#[test]
fn a_dockerfile_that_is_gone_is_told_and_waited_for() {
    let mut watch = Watch::start(project(), &["lint"]);
    fs::remove_file(watch.folder().join("Dockerfile")).unwrap();
    watch.prints_next();
    watch.stderr.wait_until(|text| text.contains("`Dockerfile` does not exist"));
    assert!(watch.stderr.text.contains("`Dockerfile` does not exist"), "{}", watch.stderr.text);
    watch.after("Dockerfile", "FROM debian\n");
    fs::remove_file(watch.folder().join("Dockerfile")).unwrap();
    watch.prints_next();
    watch.end();
}

#[test]
fn settings_that_cannot_be_read_are_told_and_waited_for() {
    let mut watch = Watch::start(project(), &["lint", "--format", "json"]);
    watch.after("dockopt.toml", "extends = \"team/base.toml\"\n");
    watch.stderr.wait_until(|text| text.contains("base.toml"));
    assert!(watch.stderr.text.contains("base.toml"), "{}", watch.stderr.text);
    // The file that is missing is waited for, wherever it is.
    fs::create_dir(watch.folder().join("team")).unwrap();
    watch.after("team/base.toml", "select = [\"untagged-base\"]\n");
    watch.after("Dockerfile", "FROM debian\n");
    let documents = serde_json::Deserializer::from_str(&watch.stdout.text).into_iter::<serde_json::Value>();
    assert_eq!(documents.map(Result::unwrap).count(), 3, "a document for each run that could be done");
    watch.end();
}

#[test]
fn lint_finds_dockerfiles_that_appear_in_a_folder() {
    let mut watch = Watch::start(project().file("web/a.txt", ""), &["lint", ".", "--statistics"]);
    watch.after("web/Dockerfile", "FROM debian\n");
    watch.after("compose.yaml", "services:\n  a:\n    image: debian\n    privileged: true\n");
    fs::remove_file(watch.folder().join("web/Dockerfile")).unwrap();
    watch.prints_next();
    watch.end();
}

#[test]
fn audit_is_run_again_after_each_change() {
    let mut watch = Watch::start(project(), &["audit"]);
    watch.after("Dockerfile", &DOCKERFILE.replace(":12.5", ""));
    watch.after(".dockerignore", "*.md\n");
    watch.after("dockopt.toml", "ignore = [\"untagged-base\"]\n");
    // A file of the context, and one in a new folder of it.
    watch.after(".env", "PASSWORD=hunter2hunter2\n");
    watch.after("package.json", "{\"dependencies\": {\"express\": \"4\"}}\n");
    fs::create_dir(watch.folder().join("web")).unwrap();
    watch.after("web/Dockerfile", "FROM debian\n");
    watch.end();
}

#[test]
fn every_format_is_that_of_a_plain_run() {
    for format in ["sarif", "github", "junit", "csv", "markdown", "html"] {
        let mut watch = Watch::start(project(), &["lint", "--format", format]);
        watch.after("Dockerfile", "FROM debian\n");
        watch.end();
    }
}

#[test]
fn an_output_in_the_context_starts_no_run() {
    let plain = project().args(["audit", "--format=oneline"]).run();
    let output = plain.path().join("output");
    let next = plain.next().args(["audit", "--format=oneline", "--watch"]);
    let mut child = next.start_into(fs::File::create(&output).unwrap().into());
    let first = plain.stdout.clone();
    wait_for(&output, &first);
    replace(&plain.path().join("Dockerfile"), "FROM debian\n");
    let second = format!("{first}\n{}", plain.again(["audit", "--format=oneline"]).stdout);
    wait_for(&output, &second);
    replace(&plain.path().join("Dockerfile"), "FROM scratch\n");
    wait_for(&output, &format!("{second}\n{}", plain.again(["audit", "--format=oneline"]).stdout));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    exit_code(&mut child);
}

#[track_caller]
fn wait_for(file: &Path, text: &str) {
    let start = Instant::now();
    while fs::read_to_string(file).unwrap().len() < text.len() && start.elapsed() < LONGEST {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

#[test]
fn what_changes_nothing_is_not_told_twice() {
    let mut watch = Watch::start(project(), &["audit", "--format=json"]);
    // Editors make and remove such files beside the one that is written.
    for name in [".Dockerfile.swp", "4913"] {
        fs::write(watch.folder().join(name), "").unwrap();
        fs::remove_file(watch.folder().join(name)).unwrap();
    }
    watch.after("Dockerfile", "FROM debian\n");
    watch.end();
}

#[test]
fn it_needs_no_more_for_each_run() {
    let mut watch = Watch::start(project(), &["lint", "--format=json"]);
    let change = |watch: &mut Watch, rounds: std::ops::Range<usize>| {
        for round in rounds {
            watch.after("Dockerfile", &format!("FROM debian\nRUN apt-get install -y a{round}\n"));
        }
        (watch.status("VmRSS:"), watch.status("Threads:"))
    };
    let (kibibytes, threads) = change(&mut watch, 0..6);
    let (kibibytes_then, threads_then) = change(&mut watch, 6..20);
    assert!(threads_then <= threads, "{threads_then} threads after {threads}");
    assert!(kibibytes_then < kibibytes + (4 << 10), "{kibibytes_then} KiB after {kibibytes} KiB");
    watch.end();
}

#[test]
fn it_ends_when_nobody_reads_it() {
    for command in ["lint", "audit"] {
        let plain = project().args([command]).run();
        let mut child = plain.next().args([command, "--watch"]).start();
        let mut stdout = child.stdout.take().unwrap();
        let mut first = vec![0; plain.stdout.len()];
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        assert_eq!(exit_code(&mut child), Some(plain.code));
    }
}

#[test]
fn a_terminal_is_cleared_before_the_next_result() {
    let folder = tempfile::tempdir().unwrap();
    replace(&folder.path().join("Dockerfile"), DOCKERFILE);
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave: OwnedFd = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(["lint", "--watch"]).current_dir(folder.path()).env_clear().env("TERM", "xterm");
    command.stdin(Stdio::null()).stdout(slave.try_clone().unwrap()).stderr(slave);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut screen = Stream::of(fs::File::from(master));
    screen.wait_until(|text| text.contains("Ctrl-C ends it"));
    assert!(screen.text.contains("apt-lists-kept") && !screen.text.contains("\x1b[2J"), "{}", screen.text);
    replace(&folder.path().join("Dockerfile"), "FROM debian\n");
    screen.wait_until(|text| text.matches("Ctrl-C ends it").count() == 2);
    let (_, second) = screen.text.split_once("\x1b[2J\x1b[H").unwrap_or_else(|| panic!("{}", screen.text));
    assert!(second.contains("untagged-base") && !second.contains("apt-lists-kept"), "{second}");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(exit_code(&mut child), Some(1));
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let refused = |arguments: &[&str], why: &str| {
        project().args(arguments.iter().copied()).run().code(2).complains(&[why]);
    };
    refused(&["lint", "--watch", "-"], "cannot watch standard input");
    refused(&["audit", "--watch", "--log", "-"], "cannot watch standard input");
    refused(&["lint", "--watch", "--output", "x"], "`--output`");
    refused(&["--output", "x", "audit", "--watch"], "`--output`");
    refused(&["lint", "--watch", "/dev/null"], "`/dev/null`");
    for option in ["--add-ignores", "--show-settings", "--write-baseline=x"] {
        refused(&["lint", "--watch", option], "cannot be used with");
    }
    refused(&["audit", "--watch", "--baseline=x", "--prune-baseline"], "cannot be used with");
}
