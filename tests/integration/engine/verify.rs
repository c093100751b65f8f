//! `dockopt optimize --verify` on a real engine: rewrites that hold are proved, and those that somebody broke are caught.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Engine, program};
use crate::fixtures::keeps_schema;
use crate::tier::cases;

/// A program that needs all that the sabotages take away.
const PROGRAM: &str = r#"import argparse
import json
import os
import pathlib
import sqlite3
import zoneinfo
from http.server import BaseHTTPRequestHandler, HTTPServer

import itsdangerous

pathlib.Path("started.log").write_text("started\n")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        import click

        body = json.dumps({
            "data": json.load(open("data.json")),
            "greeting": os.environ.get("GREETING"),
            "zone": str(zoneinfo.ZoneInfo("Europe/Berlin")),
            "sqlite": sqlite3.sqlite_version,
            "versions": [click.__name__, itsdangerous.__name__],
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=9000)
HTTPServer(("", parser.parse_args().port), Handler).serve_forever()
"#;

const DOCKERFILE: &str = r#"FROM python:3.13
WORKDIR /app
ENV GREETING=hello
COPY . .
RUN pip install -r requirements.txt
EXPOSE 8000
ENTRYPOINT ["python", "main.py", "--port", "8000"]
"#;

/// A rewrite that holds: what a careful person would write.
const REWRITE: &str = r#"FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip --python /opt/venv install -r requirements.txt

FROM python:3.13-slim
WORKDIR /app
ENV GREETING=hello
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY . .
EXPOSE 8000
ENTRYPOINT ["python", "main.py", "--port", "8000"]
"#;

fn context() -> tempfile::TempDir {
    let context = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("Dockerfile", DOCKERFILE),
        ("main.py", PROGRAM),
        ("data.json", "[1, 2, 3]\n"),
        ("requirements.txt", "click==8.1.8\nitsdangerous==2.2.0\n"),
        ("run.sh", "#!/bin/sh\nexec python main.py\n"),
    ] {
        fs::write(context.path().join(name), text).unwrap();
    }
    #[cfg(unix)]
    fs::set_permissions(context.path().join("run.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    context
}

/// What `optimize --verify` says as JSON of one build, and its exit code.
pub(super) fn verified(path: &Path, arguments: &[&str]) -> (Value, i32) {
    let mut command = Command::new(program());
    command.env("BUILDX_BUILDER", "default").args(["optimize", "--verify", "--rounds=0", "--format=json"]);
    let output = command.args(arguments).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{stderr}"));
    keeps_schema(include_str!("../../../schemas/proof.schema.json"), &json);
    (json["builds"][0].clone(), output.status.code().unwrap())
}

/// Names of the checks that failed in what was tried last.
fn failed(proof: &Value) -> BTreeSet<String> {
    let tried = proof["tried"].as_array().unwrap().last().unwrap();
    let checks = tried["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["outcome"] == "failed")
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The rewrite with lines before EXPOSE, or with some text in another's place; and the check that catches it.
fn sabotages() -> Vec<(&'static str, String, &'static str)> {
    let with = |line: &str| REWRITE.replace("EXPOSE", &format!("{line}\nEXPOSE"));
    vec![
        ("missing data file", with("RUN rm data.json"), "files"),
        ("dropped ENV", REWRITE.replace("ENV GREETING=hello\n", ""), "config"),
        ("missing shared library", with("RUN rm /usr/lib/*/libsqlite3.so.0*"), "linkage"),
        ("wrong WORKDIR", format!("{REWRITE}WORKDIR /srv\n"), "config"),
        (
            "dependency taken for one of development",
            with("RUN rm -r /opt/venv/lib/python*/site-packages/click*"),
            "imports",
        ),
        ("file mode", with("RUN chmod 644 run.sh"), "files"),
        ("user who may not write", format!("{REWRITE}USER 65534\n"), "start"),
        ("lost argument", REWRITE.replace(", \"--port\", \"8000\"", ""), "config"),
        ("missing time zones", with("RUN rm -r /usr/share/zoneinfo"), "system"),
        ("missing certificates", with("RUN rm -r /etc/ssl/certs"), "system"),
        ("other Python", REWRITE.replace("python:3.13-slim", "python:3.11-slim"), "system"),
    ]
}

#[test]
fn broken_rewrites_are_caught() {
    let Some(_engine) = Engine::find() else { return };
    let context = context();
    let rewrite = context.path().join("rewrite.Dockerfile");
    let path = rewrite.to_str().unwrap().to_owned();
    fs::write(&rewrite, REWRITE).unwrap();
    let (proof, code) = verified(context.path(), &["--against", &path]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("proved"), 0), "{proof:#}");
    for (name, text, check) in cases(sabotages(), 1) {
        assert_ne!(text, REWRITE, "{name}");
        fs::write(&rewrite, text).unwrap();
        let (proof, code) = verified(context.path(), &["--against", &path]);
        assert_eq!((proof["verdict"].as_str(), code), (Some("unproved"), 1), "{name}: {proof:#}");
        assert!(failed(&proof).contains(check), "{name} is caught by {:?}: {proof:#}", failed(&proof));
    }
}

#[test]
fn an_original_that_does_not_build_is_reported_first() {
    let Some(_engine) = Engine::find() else { return };
    let context = context();
    fs::write(context.path().join("Dockerfile"), DOCKERFILE.replace("pip install", "false pip install")).unwrap();
    let (proof, code) = verified(context.path(), &["--write"]);
    assert_eq!((proof["verdict"].as_str(), code), (Some("original_fails"), 2), "{proof:#}");
    assert!(proof["original_failure"].as_str().unwrap().contains("RUN false pip install"), "{proof:#}");
    assert!(fs::read_to_string(context.path().join("Dockerfile")).unwrap().contains("false"), "nothing is written");
}
