//! `deploy check` of a project with many scripts, a process as users start it.
//!
//! The files are the same in each run. `DOCKOPT_BENCH=smoke` takes a twentieth of the scripts, for CI.

#![allow(clippy::print_stdout, missing_docs)]

mod timing;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use timing::{median, millis, ratio, time, watch_memory};

/// Scripts as projects have them; `{n}` differs from file to file.
const TEMPLATES: [&str; 2] = [include_str!("deployments/switch.txt"), include_str!("deployments/rollback.txt")];

const COMPOSE: &str = "services:\n  api:\n    build: ./api\n    expose: [8000]\n  nginx:\n    image: nginx:1.29.3\n    ports: ['80:80']\n    \
    depends_on: [api]\n    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n";

const NGINX: &str = "events {}\nhttp { server { listen 80; location / { proxy_pass http://api:8000; } } }\n";

const DOCKERFILE: &str =
    "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 8000\nCMD [\"python\", \"-m\", \"app\"]\n";

fn main() {
    let smoke = std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke")
        || std::env::args().any(|argument| argument == "--smoke");
    let (count, rounds) = if smoke { (10, 1) } else { (200, 9) };
    println!("deploy check of a project with so many scripts");
    let mut medians = Vec::new();
    for count in [1, count] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_files(folder.path(), count);
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
            command.args(["deploy", "check"]).current_dir(folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        // Files and program are read once before anything is timed.
        let mut child = command().spawn().expect("it starts");
        let memory = watch_memory(&mut child) / 1_000;
        assert_eq!(child.wait().expect("it ends").code(), Some(1), "the service cannot be replaced");
        let run = || {
            command().status().expect("it starts");
        };
        let times: Vec<_> = (0..rounds).map(|_| time(run)).collect();
        let least = times.iter().min().copied().unwrap_or_default();
        let median = median(times);
        println!("  {count:4} {:8.1} ms  (least of {rounds}: {:.1})  {memory} MB", millis(median), millis(least));
        medians.push(median);
    }
    println!("  all of them against one: {:.2} times", ratio(medians[1], medians[0]));
}

fn write_files(folder: &Path, count: usize) {
    let write = |path: String, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    fs::create_dir_all(folder.join(".git")).expect("a folder");
    write("compose.yaml".to_owned(), COMPOSE);
    write("nginx.conf".to_owned(), NGINX);
    write("api/Dockerfile".to_owned(), DOCKERFILE);
    for number in 0..count {
        let text = TEMPLATES[number % TEMPLATES.len()].replace("{n}", &number.to_string());
        write(format!("scripts/deploy-{number}.sh"), &text);
    }
}
