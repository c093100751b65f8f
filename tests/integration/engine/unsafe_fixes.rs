//! Unsafe fixes of whole projects on the engine: what was built before is built after, and its container does what it did.
//! Each project is one that a fix once broke, or a neighbour of one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Engine, Image};
use crate::dockopt::{Dockopt, Ran};

/// A project.
struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// The rule whose unsafe fix is refused here, and a part of the note that says why; or nothing.
    refused: Option<(&'static str, &'static str)>,
    /// The rule whose unsafe fix is applied; or nothing.
    applied: Option<&'static str>,
}

const SERVER: &str = "require('http').createServer((_, r) => r.end('ok')).listen(3000)\n";
const SECRET: &str = "API_KEY=pk_9aFh27GkQ81LmNpX44rT\n";

const CASES: &[Case] = &[
    Case {
        name: "a later stage takes a secret by its name",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim AS builder\nWORKDIR /app\nCOPY . .\nFROM node:22-slim\nWORKDIR /app\n\
                 COPY --from=builder /app/.env .env\nCOPY --from=builder /app/server.js .\nUSER node\nCMD [\"node\", \"server.js\"]\n",
            ),
            (".env", SECRET),
            ("server.js", SERVER),
        ],
        refused: Some(("secret-in-context", "takes `.env`")),
        applied: None,
    },
    Case {
        name: "a step copies a secret by its name",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim AS builder\nWORKDIR /app\nCOPY . .\nRUN cp .env.production .env.built\nFROM node:22-slim\n\
                 WORKDIR /app\nCOPY --from=builder /app/server.js .\nUSER node\nCMD [\"node\", \"server.js\"]\n",
            ),
            (".env.production", SECRET),
            ("server.js", SERVER),
        ],
        refused: Some(("secret-in-context", "takes `.env.production`")),
        applied: None,
    },
    Case {
        name: "the command reads a secret by its name",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nUSER node\nCMD [\"node\", \"--env-file=.env\", \"server.js\"]\n",
            ),
            (".env", SECRET),
            ("server.js", SERVER),
        ],
        refused: Some(("secret-in-context", "takes `.env`")),
        applied: None,
    },
    Case {
        name: "uv run has its cache in root's home",
        files: &[
            (
                "Dockerfile",
                "FROM python:3.13-slim\nWORKDIR /app\nCOPY pyproject.toml main.py ./\nRUN pip install --no-cache-dir uv\n\
                 EXPOSE 8000\nCMD [\"uv\", \"run\", \"--no-project\", \"python\", \"-m\", \"http.server\"]\n",
            ),
            ("pyproject.toml", "[project]\nname = \"app\"\nversion = \"1\"\n"),
            ("main.py", "print(1)\n"),
        ],
        refused: Some(("root-user", "~/.cache/uv")),
        applied: None,
    },
    Case {
        name: "an open cache lets uv run as another user",
        files: &[
            (
                "Dockerfile",
                "FROM python:3.13-slim\nENV UV_CACHE_DIR=/tmp/uv\nWORKDIR /app\nCOPY main.py ./\nRUN pip install --no-cache-dir uv && mkdir -m 1777 -p /tmp/uv\n\
                 EXPOSE 8000\nCMD [\"uv\", \"run\", \"--no-project\", \"python\", \"-m\", \"http.server\"]\n",
            ),
            ("main.py", "print(1)\n"),
        ],
        refused: None,
        applied: Some("root-user"),
    },
    Case {
        name: "an install rises above all copies of sources",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim\nWORKDIR /app\nCOPY src ./src\nCOPY public ./public\nCOPY lib ./lib\n\
                 COPY package.json package-lock.json ./\nRUN npm ci\nUSER node\nCMD [\"node\", \"src/server.js\"]\n",
            ),
            ("src/server.js", SERVER),
            ("public/index.html", "<p>\n"),
            ("lib/a.js", "module.exports = 1\n"),
            ("package.json", r#"{"name": "generated", "version": "1.0.0", "dependencies": {}}"#),
            (
                "package-lock.json",
                r#"{"name": "generated", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "generated", "version": "1.0.0"}}}"#,
            ),
        ],
        refused: None,
        applied: None,
    },
    Case {
        name: "a command that calls a shell",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim\nWORKDIR /app\nENV PORT=3000\nCOPY server.js .\nUSER node\nCMD bash -c \"echo $PORT && node server.js\"\n",
            ),
            ("server.js", SERVER),
        ],
        refused: None,
        applied: None,
    },
];

/// Builds the project, starts it, and tells what it does after a moment: `running`, or how it ended.
fn outcome(engine: &Engine, project: &Ran, name: &str) -> String {
    let (image, _) = engine.image(project.path());
    let container = Image::start(&image);
    std::thread::sleep(Duration::from_secs(4));
    let state = container.state("{{.State.Status}} {{.State.ExitCode}}");
    assert!(!state.is_empty(), "{name}");
    state
}

#[test]
fn unsafe_fixes_break_no_project_without_saying_so() {
    let Some(engine) = Engine::find() else { return };
    let (next, builds) = (Mutex::new(CASES.iter()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(case) = { next.lock().unwrap().next() } {
                    check(&engine, case);
                    builds.fetch_add(2, Ordering::Relaxed);
                }
            });
        }
    });
    super::say(&format!("{} builds around unsafe fixes", builds.into_inner()));
}

fn check(engine: &Engine, Case { name, files, refused, applied }: &Case) {
    let project = files.iter().fold(Dockopt::new(), |project, (file, text)| project.file(file, text));
    let audited = project.args(["audit", ".", "--all", "--format=json"]).run();
    let before = outcome(engine, &audited, name);
    if let Some((rule, why)) = refused {
        let json = audited.json();
        let mut findings = json["findings"].as_array().unwrap().iter();
        let finding = findings.find(|finding| finding["rule"] == *rule).unwrap_or_else(|| panic!("{name}: {json}"));
        let text = finding.to_string();
        assert!(text.contains(why), "{name}: {text}");
    }
    let fixed = audited.again(["fix", ".", "--unsafe", "--write", "--format=json"]).code(0);
    let rules = fixed.json()["applied"].to_string();
    if let Some((rule, _)) = refused {
        assert!(!rules.contains(rule), "{name}: {rules}");
    }
    if let Some(rule) = applied {
        assert!(rules.contains(rule), "{name}: {rules}");
    }
    let after = outcome(engine, &fixed, name);
    assert_eq!(before, after, "{name}: {}", fixed.read("Dockerfile"));
    assert!(after.starts_with("running"), "{name}: {after}");
}
