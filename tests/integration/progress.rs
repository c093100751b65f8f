//! On a terminal, whatever takes longer than a second says what it does and for how long; the line is gone at the end. In a
//! pipe nothing is shown.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The program is stopped so long: its clock goes on, and what it does next is shown.
const STOPPED: Duration = Duration::from_millis(1_300);

/// Until the program has begun, on a machine that does little else.
const BEGUN: Duration = Duration::from_millis(150);

/// A busy machine may not have begun when the program is stopped first.
const STOPS: usize = 6;

fn dockopt(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(arguments).current_dir(folder).env_clear().env("TERM", "xterm-256color");
    command.env("DOCKER_HOST", format!("unix://{}/engine.sock", folder.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Stops the program again and again until it has ended.
fn stop_for_moments(child: &mut Child) {
    let pid = Pid::from_child(child);
    for _ in 0..STOPS {
        thread::sleep(BEGUN);
        if child.try_wait().unwrap().is_some() {
            return;
        }
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::STOP);
        thread::sleep(STOPPED);
        let _ = kill_process(pid, Signal::CONT);
    }
}

/// What a run writes to standard error, a terminal.
fn on_terminal(mut command: Command) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave: OwnedFd = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
    let mut child = command.stderr(Stdio::from(slave)).spawn().unwrap();
    // The command keeps its end of the terminal open.
    drop(command);
    let mut source = fs::File::from(master);
    let reader = thread::spawn(move || {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4_096]);
        // Its end is an error on Linux.
        while let Ok(read @ 1..) = source.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..read]);
        }
        bytes
    });
    stop_for_moments(&mut child);
    child.wait().unwrap();
    String::from_utf8(reader.join().unwrap()).unwrap()
}

/// A command shows a line on a terminal, however fast this machine is: `fill` makes its input larger and larger.
#[track_caller]
fn shows(arguments: &[&str], what: &str, fill: impl Fn(&Path, usize)) {
    let mut outputs = Vec::new();
    for size in [1, 4, 16] {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), size);
        let output = on_terminal(dockopt(folder.path(), arguments));
        if output.contains(&format!("{what} … ")) {
            let mut screen = vt100::Parser::new(200, 200, 0);
            screen.process(output.as_bytes());
            let left = screen.screen().contents();
            assert!(!left.contains(" … "), "{arguments:?}: {left}");
            return;
        }
        outputs.push(output);
    }
    panic!("{arguments:?} never shows {what:?}: {outputs:?}");
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn large_dockerfile(folder: &Path, size: usize) {
    let lines = (0..size * 1_500).map(|number| format!("RUN apt-get install -y p{number}\n"));
    put(folder, "Dockerfile", &format!("FROM debian:12\n{}", lines.collect::<String>()));
}

fn large_project(folder: &Path, size: usize) {
    let service = |number| format!("  s{number}:\n    image: nginx:1.27\n    ports: ['{}:80']\n", 2_000 + number);
    put(folder, "compose.yaml", &format!("services:\n{}", (0..400).map(service).collect::<String>()));
    for number in 0..size * 400 {
        put(folder, &format!("src/{number}.js"), &"const a = process.env.PORT || 3000;\n".repeat(60));
    }
}

#[test]
fn reading_commands_show_what_they_do() {
    for (arguments, what) in [
        (&["lint"][..], "checking"),
        (&["audit", "."], "checking"),
        (&["fix", "--diff"], "working out the fixes"),
        (&["optimize", ".", "--diff"], "working out the rewrite"),
    ] {
        shows(arguments, what, large_dockerfile);
    }
    shows(&["cache", "predict", ".", "--touch", "a"], "working out the cache", |folder, size| {
        let lines = (0..size * 3_000).fold(String::new(), |text, number| text + &format!("COPY a{number} /b/\n"));
        put(folder, "Dockerfile", &format!("FROM debian:12\n{lines}COPY . .\n"));
        put(folder, "a", "");
    });
}

#[test]
fn commands_on_projects_show_what_they_do() {
    shows(&["compose", "check"], "checking", large_project);
    shows(&["compose", "env"], "looking for variables in the sources", large_project);
    shows(&["compose", "emit"], "working out the compose file", |folder, size| {
        large_project(folder, size);
        put(folder, "Dockerfile", "FROM node:24\nCOPY . .\nCMD [\"node\", \"src/0.js\"]\n");
    });
    shows(&["context", "ls"], "reading the files", |folder, size| {
        put(folder, "Dockerfile", "FROM scratch\nCOPY . .\n");
        for number in 0..size * 8_000 {
            put(folder, &format!("{}/{number}.txt", number % 100), "");
        }
    });
}

#[test]
fn what_waits_for_others_says_so() {
    let pipe = |folder: &Path, name: &str, text: &'static str| {
        let path = folder.join(name);
        mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
        thread::spawn(move || {
            // Opening waits for the reader.
            let Ok(mut pipe) = fs::OpenOptions::new().write(true).open(path) else { return };
            thread::sleep(Duration::from_secs(3));
            let _ = pipe.write_all(text.as_bytes());
        });
    };
    shows(&["image", "image.tar"], "reading the image", |folder, _| pipe(folder, "image.tar", "no image"));
    shows(&["cache", "explain", "build.log"], "reading the build log", |folder, _| pipe(folder, "build.log", "no log"));
    // An engine that answers nothing.
    shows(&["image", "docker:a:1"], "reading the image", |folder, _| {
        let listener = UnixListener::bind(folder.join("engine.sock")).unwrap();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                thread::sleep(Duration::from_secs(3));
                drop(stream);
            }
        });
    });
}

#[test]
fn a_pipe_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    large_dockerfile(folder.path(), 2);
    for arguments in [&["lint"][..], &["audit", "."], &["fix", "--diff"]] {
        let mut child = dockopt(folder.path(), arguments).stderr(Stdio::piped()).spawn().unwrap();
        stop_for_moments(&mut child);
        let stderr = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
        assert!(!stderr.contains('…') && !stderr.contains('\u{1b}'), "{arguments:?}: {stderr}");
    }
}
