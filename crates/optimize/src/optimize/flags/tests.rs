use crate::optimize::Level;
use crate::optimize::order::tests::check_pass;
use crate::optimize::test_inputs::rewritten;

const NPM: &[(&str, &str)] = &[
    ("package.json", r#"{"name":"a","dependencies":{"express":"4"},"devDependencies":{"jest":"29"}}"#),
    (
        "package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"express":"4"},"devDependencies":{"jest":"29"}},
        "node_modules/express":{"version":"4.0.0"},"node_modules/jest":{"version":"29.0.0","dev":true}}}"#,
    ),
    ("index.js", "require('express')"),
];

#[test]
fn lock_files_come_with_their_manifests() {
    let with = |copy: &str| format!("|FROM node:22\n|WORKDIR /app\n|{copy}\n|RUN npm install\n|COPY . .");
    for (copy, expected) in [
        ("COPY package.json ./", "COPY package.json package-lock.json ./"),
        ("COPY package.json .", "COPY package.json package-lock.json ."),
        ("COPY ./package.json /app", "COPY ./package.json ./package-lock.json /app/"),
        ("COPY /package.json /app/", "COPY /package.json /package-lock.json /app/"),
        ("COPY [\"package.json\", \"./\"]", "COPY [\"package.json\", \"package-lock.json\", \"./\"]"),
        ("COPY package.json package.json", "COPY package.json package.json"),
        ("COPY package*.json ./", "COPY package*.json ./"),
    ] {
        check_pass("lock-file-copied", &with(copy), NPM, &with(expected));
    }
    let text =
        rewritten("FROM node:22\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . .\n", NPM, Level::Flags);
    assert!(text.contains("COPY package.json package-lock.json ./\n") && text.contains(" npm ci"), "{text}");
    let other = [("package.json", r#"{"dependencies":{"express":"5"}}"#), NPM[1], NPM[2]];
    let stays = with("COPY package.json ./");
    check_pass("lock-file-copied", &stays, &other, &stays);
    let removed = with("COPY package.json ./").replace("npm install", "rm -f package-lock.json && npm install");
    check_pass("lock-file-copied", &removed, NPM, &removed);
}

#[test]
fn npm() {
    check_pass(
        "lock-respecting-install",
        "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm install --legacy-peer-deps
         |COPY . .",
        NPM,
        "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm ci --legacy-peer-deps
         |COPY . .",
    );
    let other = [("package.json", r#"{"dependencies":{"express":"5"}}"#), NPM[1], NPM[2]];
    let stays = "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm install
         |COPY . .";
    check_pass("lock-respecting-install", stays, &other, stays);
    let replaced = "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN mv package-deployment.json package.json
         |RUN npm install";
    check_pass("lock-respecting-install", replaced, NPM, replaced);
    check_pass(
        "quiet-installs",
        stays,
        NPM,
        "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm install --no-audit --no-fund
         |COPY . .",
    );
    let two = stays.replace("RUN npm install", "RUN npm install && npm install axios && npm install -g serve");
    let quiet =
        "RUN npm install --no-audit --no-fund && npm install --no-audit --no-fund axios && npm install -g serve";
    check_pass("quiet-installs", &two, NPM, &stays.replace("RUN npm install", quiet));
}

#[test]
fn uv() {
    let lock = "version = 1\nrequires-python = \">=3.12\"\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { virtual = \".\" }\n\
                [package.metadata]\nrequires-dist = []\n";
    let dockerfile = "|FROM python:3.13
         |COPY --from=ghcr.io/astral-sh/uv /uv /bin/
         |WORKDIR /app
         |COPY pyproject.toml uv.lock ./
         |RUN uv sync
         |COPY . .";
    let locked = dockerfile.replace("uv sync", "uv sync --locked");
    for (version, python, expected) in
        [("1.0", ">=3.12", &*locked), ("1.1", ">=3.12", dockerfile), ("1.0", ">=3.11", dockerfile)]
    {
        let manifest = format!("[project]\nname = \"a\"\nversion = \"{version}\"\nrequires-python = \"{python}\"\n");
        let files = [("pyproject.toml", &*manifest), ("uv.lock", lock)];
        check_pass("lock-respecting-install", dockerfile, &files, expected);
    }
}

#[test]
fn development_dependencies() {
    let dockerfile = "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm ci
         |COPY . .
         |EXPOSE 3000
         |CMD [\"node\", \"index.js\"]";
    check_pass("no-dev-dependencies", dockerfile, NPM, &dockerfile.replace("npm ci", "npm ci --omit=dev"));
    let used = [NPM[0], NPM[1], ("index.js", "import x from 'jest'")];
    check_pass("no-dev-dependencies", dockerfile, &used, dockerfile);
    let in_tests = [NPM[0], NPM[1], ("tests/index.js", "import x from 'jest'")];
    check_pass("no-dev-dependencies", dockerfile, &in_tests, &dockerfile.replace("npm ci", "npm ci --omit=dev"));
    let husky = NPM[0].1.replace("\"name\":\"a\"", "\"scripts\":{\"prepare\":\"jest --x\"}");
    check_pass("no-dev-dependencies", dockerfile, &[("package.json", &husky), NPM[1], NPM[2]], dockerfile);
}

#[test]
fn safe_fixes() {
    check_pass(
        "safe-fixes",
        "|FROM debian:13
         |ADD a.txt /a.txt
         |RUN apt-get update && apt-get install curl
         |CMD [\"cat\", \"/a.txt\"]",
        &[("a.txt", "")],
        "|FROM debian:13
         |COPY a.txt /a.txt
         |RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
         |CMD [\"cat\", \"/a.txt\"]",
    );
}

#[test]
fn the_builders_own_check_has_nothing_to_say() {
    let text = "From python:3.13-slim as build\nENV A 1\nCOPY app.py .\n\nFrom python:3.13-slim\nCOPY --from=build app.py .\nCMD [\"python\", \"app.py\"]\n";
    let got = rewritten(text, &[("app.py", "")], Level::Flags);
    assert!(got.starts_with("FROM python:3.13-slim AS build\nENV A=1\n"), "{got}");
    assert!(got.contains("\n\nFROM python:3.13-slim\n"), "{got}");
}

#[test]
fn frozen_installs_only_with_a_lock_file_that_the_manager_reads() {
    let lock = |version: &str| {
        format!(
            "lockfileVersion: {version}\n\ndependencies:\n  express:\n    specifier: '4'\n    version: 4.0.0\n\n\
             packages:\n\n  /express@4.0.0:\n    dev: false\n"
        )
    };
    let package = r#"{"dependencies":{"express":"4"}}"#;
    let dockerfile = |install: &str| {
        format!(
            "|FROM node:22
         |RUN npm install -g {install}
         |WORKDIR /app
         |COPY package.json pnpm-lock.yaml ./
         |RUN pnpm install
         |COPY . ."
        )
    };
    for (install, version, is_read) in
        [("pnpm", "'6.0'", false), ("pnpm", "5.4", false), ("pnpm@8", "'6.0'", true), ("pnpm@8", "'9.0'", false)]
    {
        let dockerfile = dockerfile(install);
        let expected = if is_read {
            dockerfile.replace("pnpm install\n", "pnpm install --frozen-lockfile\n")
        } else {
            dockerfile.clone()
        };
        let lock = lock(version);
        check_pass(
            "lock-respecting-install",
            &dockerfile,
            &[("package.json", package), ("pnpm-lock.yaml", &lock)],
            &expected,
        );
    }
}
