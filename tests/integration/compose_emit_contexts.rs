//! `dockopt compose emit`: which folder is the build context of a Dockerfile that copies it as a whole, and lies in a package
//! of a workspace or in one of several folders that programs share.

use crate::compose_emit::project;
use crate::compose_emit::{emitted, written};
use crate::compose_emit_variables::{has, lacks};

const ROOT: (&str, &str) =
    ("package.json", r#"{"name": "shop", "private": true, "workspaces": ["apps/*", "packages/*"]}"#);
const SHARED: (&str, &str) = ("packages/shared/package.json", r#"{"name": "@shop/shared"}"#);
const API: (&str, &str) = (
    "apps/api/package.json",
    r#"{"name": "@shop/api", "scripts": {"start": "node index.js"}, "dependencies": {"express": "5", "@shop/shared": "*"}}"#,
);
const SERVER: (&str, &str) = ("apps/api/index.js", "require('express')().listen(3000);\n");

/// Asserts that a Dockerfile in `apps/api` is built in the folder of the workspace, or in its own.
fn assert_context(more: &[(&str, &str)], steps: &str, is_whole: bool) {
    let dockerfile = format!("FROM node:22-slim\nWORKDIR /app\n{steps}");
    let files = [&[SHARED, API, SERVER, ("apps/api/Dockerfile", dockerfile.as_str())][..], more].concat();
    let text = written(project(&files).path());
    let expected = if is_whole { "context: .\n      dockerfile: apps/api/Dockerfile\n" } else { "build: ./apps/api\n" };
    assert!(text.contains(expected), "{steps}\n{text}");
    has(&text, &["3000:3000"]);
}

#[test]
fn commands_that_choose_a_package_have_the_workspace_around_it() {
    let npm = [ROOT, ("package-lock.json", "{}\n")];
    let yarn = [ROOT, ("yarn.lock", "")];
    let pnpm = [
        ("package.json", r#"{"name": "shop"}"#),
        ("pnpm-workspace.yaml", "packages:\n  - apps/*\n  - packages/*\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
    ];
    let npm_build =
        "COPY . .\nRUN npm install && npm run build --if-present -w @shop/api\nCMD [\"node\", \"apps/api\"]\n";
    assert_context(&npm, npm_build, true);
    let npm_start =
        "COPY package*.json ./\nRUN npm install\nCOPY . .\nCMD [\"npm\", \"start\", \"-w\", \"@shop/api\"]\n";
    assert_context(&npm, npm_start, true);
    let yarn_start = "COPY . .\nRUN yarn install\nCMD [\"yarn\", \"workspace\", \"@shop/api\", \"start\"]\n";
    assert_context(&yarn, yarn_start, true);
    let pnpm_start =
        "COPY . .\nRUN corepack enable && pnpm install\nCMD [\"pnpm\", \"--filter\", \"@shop/api\", \"start\"]\n";
    assert_context(&pnpm, pnpm_start, true);
    // A command that chooses nothing works in the package itself.
    let alone = "COPY package*.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"index.js\"]\n";
    assert_context(&npm, alone, false);
    // The package is no workspace, but neither is a folder above it.
    assert_context(&[], &npm_build.replace("node\", \"apps/api", "node\", \"index.js"), false);
}

#[test]
fn a_step_in_the_folder_of_the_dockerfile_begins_above_it() {
    let in_folder = "COPY . .\nWORKDIR /app/apps/api\nRUN npm ci\nCMD [\"node\", \"index.js\"]\n";
    assert_context(&[("apps/api/package-lock.json", "{}\n")], in_folder, true);
    let by_cd = "COPY . .\nRUN cd apps/api && npm install\nCMD [\"node\", \"apps/api/index.js\"]\n";
    assert_context(&[], by_cd, true);
    let started = "COPY package*.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"apps/api/index.js\"]\n";
    assert_context(&[ROOT], started, true);
    // A folder that a step makes is none of the context.
    let made = "COPY . .\nRUN mkdir -p /app/apps/api && npm install\nCMD [\"node\", \"index.js\"]\n";
    assert_context(&[], made, false);
}

/// The compose file of a program in `api` that shares `common` with others.
fn written_of(files: &[(&str, &str)], dockerfile: &str) -> String {
    written(project(&[files, &[("api/Dockerfile", dockerfile)]].concat()).path())
}

#[test]
fn workspaces_of_other_languages_are_found_alike() {
    let expected = ["context: .\n      dockerfile: api/Dockerfile\n"];
    let rust = [
        ("Cargo.toml", "[workspace]\nmembers = [\"api\", \"common\"]\n"),
        ("Cargo.lock", "version = 4\n"),
        ("common/Cargo.toml", "[package]\nname = \"common\"\nversion = \"0.1.0\"\n"),
        ("common/src/lib.rs", ""),
        ("api/Cargo.toml", "[package]\nname = \"api\"\nversion = \"0.1.0\"\n[dependencies]\naxum = \"0.8\"\n"),
        ("api/src/main.rs", "fn main() {\n    TcpListener::bind(\"0.0.0.0:8080\");\n}\n"),
    ];
    let cargo = "FROM rust:1.85 AS build\nWORKDIR /app\nCOPY . .\nRUN cargo build --release -p api\nFROM debian:bookworm-slim\nCOPY --from=build /app/target/release/api /api\nCMD [\"/api\"]\n";
    has(&written_of(&rust, cargo), &expected);
    let java = [
        ("pom.xml", "<project><modules><module>api</module><module>common</module></modules></project>\n"),
        ("common/pom.xml", "<project><artifactId>common</artifactId></project>\n"),
        ("api/pom.xml", "<project><artifactId>api</artifactId></project>\n"),
        ("api/src/main/java/Main.java", "class Main {\n  public static void main(String[] a) {}\n}\n"),
    ];
    let maven = "FROM maven:3-eclipse-temurin-21 AS build\nWORKDIR /app\nCOPY . .\nRUN mvn -pl api -am package\nFROM eclipse-temurin:21-jre\nCOPY --from=build /app/api/target/app.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n";
    has(&written_of(&java, maven), &expected);
    let go = [
        ("common/go.mod", "module shop/common\n"),
        ("common/common.go", "package common\n"),
        ("api/go.mod", "module shop/api\n\nreplace shop/common => ../common\n"),
        (
            "api/main.go",
            "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.ListenAndServe(\":8080\", nil)\n}\n",
        ),
    ];
    let there = "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nWORKDIR /src/api\nRUN go build -o /api .\nFROM debian:bookworm-slim\nCOPY --from=build /api /api\nCMD [\"/api\"]\n";
    has(&written_of(&go, there), &expected);
    // A program that is built into a file of that name is none of the context.
    let own = "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /src/api .\nFROM debian:bookworm-slim\nCOPY --from=build /src/api /api\nCMD [\"/api\"]\n";
    has(&written_of(&go, own), &["build: ./api\n"]);
}

#[test]
fn a_folder_that_programs_share_gives_them_one_context() {
    let files = [
        ("shared/__init__.py", ""),
        ("shared/db.py", "import os\nDATABASE_URL = os.environ['DATABASE_URL']\n"),
        ("services/api/requirements.txt", "fastapi\nuvicorn\npsycopg\n"),
        (
            "services/api/main.py",
            "from fastapi import FastAPI\nfrom shared.db import DATABASE_URL\n\napp = FastAPI()\n",
        ),
    ];
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r services/api/requirements.txt\nCMD [\"uvicorn\", \"services.api.main:app\", \"--host\", \"0.0.0.0\"]\n";
    let folder = project(&[&files[..], &[("services/api/Dockerfile", dockerfile)]].concat());
    let text = emitted(folder.path())["files"].to_string();
    has(&text, &["context: .", "dockerfile: services/api/Dockerfile", "DATABASE_URL:"]);
    // The context of a folder alone has no name of it.
    let own =
        dockerfile.replace("services/api/requirements.txt", "requirements.txt").replace("services.api.main", "main");
    let folder = project(&[&files[..], &[("services/api/Dockerfile", own.as_str())]].concat());
    lacks(&emitted(folder.path())["files"].to_string(), &["context: ."]);
}

#[test]
fn a_module_is_started_below_the_context_that_its_name_begins_at() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"-m\", \"services.worker.main\"]\n";
    let source = ("services/worker/main.py", "import os\nimport redis\nredis.Redis(host=os.environ['REDIS_HOST'])\n");
    let requirements = [("requirements.txt", "redis\n"), ("services/worker/requirements.txt", "redis\n")];
    let files = [&[source, ("services/worker/Dockerfile", dockerfile)][..], &requirements].concat();
    let text = written(project(&files).path());
    has(&text, &["context: .\n      dockerfile: services/worker/Dockerfile\n"]);
    // The copy makes the packages, or the folder has one of that name itself.
    let made = dockerfile.replace("COPY . .", "COPY . services/worker");
    let files = [&[source, ("services/worker/Dockerfile", made.as_str())][..], &requirements].concat();
    has(&written(project(&files).path()), &["build: ./services/worker\n"]);
    let inner = ("services/worker/services/worker/main.py", "import redis\n");
    let files = [&[inner, ("services/worker/Dockerfile", dockerfile)][..], &requirements].concat();
    has(&written(project(&files).path()), &["build: ./services/worker\n"]);
}
