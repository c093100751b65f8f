//! What `dockopt optimize --verify` calls proved: only what was compared beside an original that works; and what it
//! remembers of the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::verify::verified;
use super::{Engine, is_full, program};
use crate::tier;

const SERVER: &str = r#"import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"fine")


"#;

const SERVE: &str = "HTTPServer((\"\", 8000), Handler).serve_forever()\n";

/// A Dockerfile with its last lines.
fn dockerfile(end: &str) -> String {
    format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n{end}")
}

const START: &str = "EXPOSE 8000\nCMD [\"python\", \"main.py\"]\n";

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("requirements.txt"), "click==8.1.8\n").unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A program that does not work, and what the proof says of it.
struct Case {
    name: &'static str,
    end: &'static str,
    program: String,
    arguments: &'static [&'static str],
    says: &'static str,
    advice: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let case = |name, end, program: &str, says| Case {
        name,
        end,
        program: program.to_owned(),
        arguments: &[],
        says,
        advice: &[],
    };
    let serving = |before: &str| format!("{SERVER}{before}{SERVE}");
    vec![
        Case {
            advice: &["-e SECRET_KEY=…"],
            ..case(
                "missing variable",
                START,
                &serving("KEY = os.environ[\"SECRET_KEY\"]\n"),
                "exits with 1 (`SECRET_KEY` is not set)",
            )
        },
        Case {
            arguments: &["--start-timeout=5"],
            ..case(
                "crash loop",
                "EXPOSE 8000\nCMD while true; do python main.py; sleep 1; done\n",
                "1/0\n",
                "opens no port in 5 s",
            )
        },
        Case { advice: &["--run COMMAND"], ..case("no command", "", "print()\n", "exits at once and writes nothing") },
        Case { arguments: &["--env=STATUS=500"], ..case("error page", START, &serving(""), "500 text/plain in both") },
        Case {
            arguments: &["--probe=8000/", "--env=STATUS=404"],
            ..case("named page that is not there", START, &serving(""), "404 text/plain in both")
        },
        case(
            "ends while it is asked",
            START,
            &serving("import threading\nthreading.Timer(2, lambda: os._exit(3)).start()\n"),
            "exits with 3",
        ),
        Case {
            arguments: &["--run=python -m unittest discover 2>&1; true"],
            ..case("no tests", START, &serving(""), "runs no test")
        },
        Case {
            arguments: &["--run=python -c 'import no_such_module'"],
            ..case("tests that fail in both", START, &serving(""), "exits with 1: ModuleNotFoundError")
        },
    ]
}

#[test]
fn two_that_fail_alike_are_not_proved() {
    let Some(_engine) = Engine::find() else { return };
    for case in tier::cases(cases(), 1) {
        let text = dockerfile(case.end);
        let folder = project(&[("Dockerfile", &text), ("main.py", &case.program)]);
        let arguments: Vec<&str> = ["--write"].into_iter().chain(case.arguments.iter().copied()).collect();
        let (proof, code) = verified(folder.path(), &arguments);
        assert_eq!((proof["verdict"].as_str(), code), (Some("unproved"), 1), "{}: {proof:#}", case.name);
        let reason = proof["reason"].as_str().unwrap();
        assert!(reason.starts_with("not proved: ") && reason.contains(case.says), "{}: {reason}", case.name);
        assert!(proof["tried"].as_array().unwrap().iter().all(|tried| tried["holds"] == false), "{proof:#}");
        let advice: Vec<&str> = proof["advice"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(advice, case.advice, "{}", case.name);
        assert!(proof["rejected"].as_array().unwrap().is_empty() && proof["floor"].as_array().unwrap().is_empty());
        assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).unwrap(), text, "{}: it stays", case.name);
        assert!(!folder.path().join("dockopt.toml").exists(), "{}: nothing was rejected", case.name);
    }
}

#[test]
fn containers_start_as_their_service_does() {
    let Some(_engine) = Engine::find() else { return };
    let program = format!("{SERVER}KEY = os.environ[\"SECRET_KEY\"]\nos.environ[\"GREETING\"]\n{SERVE}");
    let compose = "services:\n  worker:\n    build: .\n    command: sleep 100\n  web:\n    build: .\n    command: python main.py\n    env_file: web.env\n    \
                   environment:\n      GREETING: ${WORD:-hello}\n    ports: [\"8000:8000\"]\n";
    let of = |end: &str| {
        let text = dockerfile(end);
        project(&[
            ("Dockerfile", &*text),
            ("main.py", &*program),
            ("compose.yaml", compose),
            ("web.env", "SECRET_KEY=\"not-so-secret-${WORD:-1}\"\n"),
        ])
    };
    for end in if is_full() { &[START, ""][..] } else { &[""] } {
        let folder = of(end);
        let (proof, code) = verified(folder.path(), &["--probe=8000/"]);
        assert_eq!((proof["verdict"].as_str(), code), (Some("proved"), 0), "{proof:#}");
        let started_as = proof["started_as"].as_str().unwrap();
        assert!(started_as.starts_with("`web` of ") && started_as.contains("`SECRET_KEY`"), "{started_as}");
        assert_eq!(started_as.contains("`python main.py`"), end.is_empty(), "{started_as}");
        assert!(!proof.to_string().contains("not-so-secret"), "{proof:#}");
    }
}

#[test]
fn a_stage_that_starts_a_program_is_suggested() {
    let Some(_engine) = Engine::find() else { return };
    let text = "FROM python:3.13-slim AS web\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"python\", \"main.py\"]\n\n\
                FROM python:3.13-slim AS docs\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
    let folder = project(&[("Dockerfile", text), ("main.py", &format!("{SERVER}{SERVE}"))]);
    let (proof, code) = verified(folder.path(), &[]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("unproved"), 1), "{proof:#}");
    assert_eq!(proof["advice"][0], "--target web", "{proof:#}");
    if is_full() {
        let (proof, code) = verified(folder.path(), &["--target=web"]);
        assert_eq!((proof["verdict"].as_str(), code), (Some("proved"), 0), "{proof:#}");
    }
}

#[test]
fn a_request_that_ends_the_program_is_left_out() {
    let Some(_engine) = Engine::find() else { return };
    let ends = "    def do_GET(self):\n        if self.path == \"/boom\":\n            os._exit(3)\n";
    let program = format!("{}{SERVE}", SERVER.replace("    def do_GET(self):\n", ends));
    let folder = project(&[("Dockerfile", &dockerfile(START)), ("main.py", &program)]);
    let (proof, code) = verified(folder.path(), &[]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("proved"), 0), "{proof:#}");
    assert!(proof.to_string().contains("not asked: at 8000/boom the original ends"), "{proof:#}");
}

#[test]
fn a_rewrite_that_is_larger_is_withdrawn() {
    let Some(_engine) = Engine::find() else { return };
    let program = format!("{SERVER}{SERVE}");
    let text = dockerfile(START);
    let folder = project(&[("Dockerfile", &text), ("main.py", &program)]);
    let rewrite = folder.path().join("rewrite.Dockerfile");
    fs::write(&rewrite, text.replace("EXPOSE", "RUN head -c 20000000 /dev/urandom > /var/cache/more\nEXPOSE")).unwrap();
    let (proof, code) = verified(folder.path(), &["--against", rewrite.to_str().unwrap()]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("unproved"), 1), "{proof:#}");
    let checks = proof["tried"][0]["checks"].as_array().unwrap();
    let size = checks.iter().find(|check| check["name"] == "size").unwrap();
    assert!(size["outcome"] == "failed" && size["details"][0].as_str().unwrap().starts_with("larger: "), "{proof:#}");
    assert!(proof["before"]["disk_bytes"].as_u64() > Some(0), "{proof:#}");
}

fn optimized(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(program()).arg("optimize").args(arguments).current_dir(folder).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What the slim base lacks at run time, found by a path that no source tells.
#[test]
fn rejected_passes_are_remembered() {
    let Some(_engine) = Engine::find() else { return };
    let needs = "import glob\nassert glob.glob(\"/usr/include/\" + \"zl\" + \"ib.h\"), \"no headers\"\n";
    let program = format!("{SERVER}{needs}{SERVE}");
    let text = dockerfile(START).replace("-slim", "");
    let settings = "# ours\nfail-on = \"error\" # stays\n";
    let folder = project(&[("Dockerfile", &*text), ("main.py", &*program), ("dockopt.toml", settings)]);
    let (proof, code) = verified(folder.path(), &["--write"]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("proved"), 0), "{proof:#}");
    let rejected = proof["rejected"].as_array().unwrap();
    assert!(rejected.iter().any(|one| one["pass"] == "slim-runtime"), "{proof:#}");
    let written = fs::read_to_string(folder.path().join("dockopt.toml")).unwrap();
    assert!(written.starts_with(settings) && written.contains("{ pass = \"slim-runtime\", "), "{written}");
    assert!(written.contains("reason = \"") && written.contains("date = 20"), "{written}");
    let (code, output) = optimized(folder.path(), &["--check"]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("`slim-runtime` is skipped: ") && output.contains("dockopt.toml skips it since "),
        "{output}"
    );
    // Once more: nothing is added twice.
    let (proof, code) = verified(folder.path(), &["--write"]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("unchanged"), 0), "{proof:#}");
    assert_eq!(fs::read_to_string(folder.path().join("dockopt.toml")).unwrap(), written);
}

/// Of the packages that stay, the server that Next.js writes keeps only the files that it traced.
#[test]
fn a_standalone_server_of_next_is_proved() {
    let (Some(_engine), true) = (Engine::find(), is_full()) else { return };
    let manifest = r#"{"name": "shop", "private": true, "scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15.5.4", "react": "19.1.0", "react-dom": "19.1.0"}}"#;
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm run build\nEXPOSE 3000\nCMD [\"npm\", \"start\"]\n";
    let layout = "export default function Layout({ children }) {\n  return <html lang=\"en\"><body>{children}</body></html>;\n}\n";
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("package.json", manifest),
        ("Dockerfile", dockerfile),
        ("app/layout.js", layout),
        ("app/page.js", "export default function Page() {\n  return <h1>Shop</h1>;\n}\n"),
        (
            "app/api/time/route.js",
            "export const dynamic = \"force-dynamic\";\nexport function GET() {\n  return Response.json({ shop: true });\n}\n",
        ),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (proof, code) = verified(folder.path(), &[]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("proved"), 0), "{proof:#}");
    assert_eq!(proof["tried"].as_array().unwrap().len(), 1, "{proof:#}");
    assert!(proof.to_string().contains("Next.js traced that its server does not load it"), "{proof:#}");
}
