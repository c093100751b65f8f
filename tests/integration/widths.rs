//! On a terminal no line is wider than it is; where no terminal is, nothing is cut. Every command that prints tables.
#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::cache_history::{commit, git};
use crate::dockopt::Dockopt;

/// A folder that every command below finds something in.
fn project() -> Dockopt {
    use crate::image::command::{DOCKERFILE, archive};
    let long = "services/a-service-with-a-long-name/of-a-team-with-a-long-name/packages/the-package";
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build && npm run another:script\n\
                      CMD npm run start -- --with-a-long-option --and-another-one\n";
    let compose = "services:\n  db: {image: 'postgres:17', environment: [POSTGRES_PASSWORD=x]}\n  api:\n    build: ./api\n    \
                   depends_on: [db]\n    environment: [DATABASE_URL=postgres://db/a, AN_UNUSED_VARIABLE_WITH_A_LONG_NAME=1]\n";
    let dockopt = Dockopt::new()
        .file("api/Dockerfile", dockerfile)
        .file("api/package.json", "{\"name\": \"api\", \"dependencies\": {\"express\": \"4\"}}")
        .file("api/package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}")
        .file("api/server.js", "require('express')().listen(process.env.PORT)\nprocess.env.DATABASE_URL\n")
        .file("api/data.bin", vec![7; 300_000])
        .file(&format!("api/{long}/index.js"), "1")
        .file(&format!("{long}/Dockerfile"), dockerfile)
        .file(&format!("{long}/server.js"), "1")
        .file(&format!("{long}/package.json"), "{}")
        .file("compose.yaml", compose)
        .file("deploy/record.jsonl", crate::deploy_report::record())
        .file("image/Dockerfile", DOCKERFILE)
        .file("image/app/main", "x")
        .file("app.tar", archive())
        .file("build.log", fs::read("tests/vectors/build_logs/legacy-28.5-cold.log").unwrap());
    let folder = dockopt.path().to_owned();
    git(&folder, &["init", "-q"]);
    commit(&folder, "first", &[]);
    commit(&folder, "second", &[("api/server.js", "2\n")]);
    dockopt
}

const COMMANDS: [&str; 27] = [
    "audit",
    "audit --all",
    "audit api",
    "audit image --image app.tar",
    "lint api/Dockerfile",
    "lint --statistics api/Dockerfile",
    "rules",
    "context ls api",
    "context ls --all",
    "cache predict api --touch server.js",
    "cache history api",
    "cache history api --against optimize",
    "cache predict api --touch server.js --log build.log",
    "cache explain build.log",
    "cache explain build.log --all",
    "compose check",
    "compose graph",
    "compose env",
    "deploy report",
    "optimize api --plan",
    "image app.tar",
    "image app.tar --file image/Dockerfile --all",
    "image diff app.tar app.tar --all",
    "image app.tar app.tar --shared",
    "report audit.json image.json",
    "report audit.json image.json --baseline base.json",
    "history record.jsonl",
];

/// What a command prints on a terminal of so many columns.
fn on_terminal(folder: &Path, arguments: &[&str], columns: usize) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave: OwnedFd = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dockopt"))
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .envs([
            ("TERM", "xterm"),
            ("NO_COLOR", "1"),
            ("COLUMNS", &*columns.to_string()),
            ("SOURCE_DATE_EPOCH", "1795132800"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::from(slave))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut master = fs::File::from(master);
    let (mut text, mut buffer) = (Vec::new(), [0; 8_192]);
    // The end of a terminal is an error.
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        text.extend_from_slice(&buffer[..read]);
    }
    assert_ne!(child.wait().unwrap().code(), Some(2), "{arguments:?}");
    String::from_utf8(text).unwrap().replace("\r\n", "\n")
}

/// Whether a line is as narrow as it can be: a command, a path and a line of a file are never broken.
fn is_unbreakable(line: &str, columns: usize) -> bool {
    line.split_whitespace().any(|word| dockopt::report::width(word) + 16 > columns)
}

#[test]
fn steps_of_a_history_are_readable_on_a_narrow_terminal() {
    let dockopt = project();
    let text = on_terminal(dockopt.path(), &["cache", "history", "api"], 80);
    for part in
        ["[4/4] RUN npm ci && npm run build && npm", "\n        server.js 1", "dockopt cache history api --against"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_and_nothing_is_cut_without_one() {
    let dockopt = project();
    let folder = dockopt.path().to_owned();
    let ran = dockopt.args(["audit", "--format", "json", "--output", "audit.json"]).run();
    ran.again(["image", "app.tar", "--format", "json", "--output", "image.json"]);
    ran.again(["report", "audit.json", "image.json", "--format", "json", "--output", "base.json"]);
    ran.again(["report", "audit.json", "image.json", "--record", "record.jsonl"]);
    let mut wrong = String::new();
    for command in COMMANDS {
        let arguments: Vec<&str> = command.split(' ').collect();
        for columns in [40, 80, 120] {
            // Beside the name of a rule, and in a line of a file, there is no room for words.
            if columns == 40 && command.starts_with("lint") {
                continue;
            }
            let text = on_terminal(&folder, &arguments, columns);
            assert!(text.lines().count() > 2, "{command}: {text}");
            let wide =
                text.lines().filter(|line| dockopt::report::width(line) > columns && !is_unbreakable(line, columns));
            wrong.extend(wide.map(|line| format!("{command}, {columns} columns: {line}\n")));
        }
        let piped = ran.again(arguments.iter().copied()).stdout;
        // `… 12 more (--all)` counts rows.
        let is_cut = |line: &&str| line.contains('…') && !line.trim_start().starts_with('…');
        wrong.extend(piped.lines().filter(is_cut).map(|line| format!("{command}, piped: {line}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
}
