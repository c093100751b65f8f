use crate::optimize::Level;
use crate::optimize::test_inputs::{optimize_to_level, rewritten};

fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let text = rewritten(dockerfile, files, Level::Slim);
    let refusals: Vec<_> =
        optimize_to_level(dockerfile, files, Level::Slim).levels.into_iter().flat_map(|level| level.refusals).collect();
    assert_eq!(text, expected, "{refusals:?}");
}

#[test]
fn tags_are_edited_where_they_stand() {
    let rest = "COPY app.py /\nCMD [\"python\", \"/app.py\"]\n";
    for (from, to) in [
        ("python:3.13", "python:3.13-slim"),
        ("python:3.13-bookworm", "python:3.13-slim-bookworm"),
        ("docker.io/library/python:3.13", "docker.io/library/python:3.13-slim"),
        ("python", "python:slim"),
        ("python:latest", "python:slim"),
        ("node:lts", "node:lts-slim"),
        ("node:22-bookworm", "node:22-bookworm-slim"),
        ("debian:trixie", "debian:trixie-slim"),
        ("python:3.13-slim", "python:3.13-slim"),
        ("python:3.13-alpine", "python:3.13-alpine"),
        ("team/python:3.13", "team/python:3.13"),
        ("python:3.13@sha256:0000000000000000000000000000000000000000000000000000000000000000", ""),
    ] {
        let to = if to.is_empty() { from } else { to };
        check(&format!("FROM {from}\n{rest}"), &[("app.py", "")], &format!("FROM {to}\n{rest}"));
    }
    let with = |from: &str| format!("ARG VERSION=3.13\nARG SUITE=bookworm\nFROM {from}\n{rest}");
    for (from, to) in [
        ("python:${VERSION}", "python:${VERSION}-slim"),
        ("python:$VERSION-bookworm", "python:$VERSION-slim-bookworm"),
        ("python:${VERSION}-${SUITE}", "python:${VERSION}-slim-${SUITE}"),
    ] {
        check(&with(from), &[("app.py", "")], &with(to));
    }
}

#[test]
fn programs_that_slim_images_lack_are_installed() {
    check(
        "FROM python:3.13\nRUN git --version\nCOPY app.py start.sh /\nHEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1\nCMD [\"sh\", \"/start.sh\"]\n",
        &[("app.py", ""), ("start.sh", "#!/bin/sh\nunzip -q /data.zip\nexec python /app.py\n")],
        "FROM python:3.13-slim\nRUN apt-get update \\\n    && apt-get install -y --no-install-recommends git unzip \\\n    && rm -rf /var/lib/apt/lists/*\nRUN git --version\nCOPY app.py start.sh /\nHEALTHCHECK CMD [\"python\", \"-c\", \"import sys,urllib.request as u;sys.exit(0 if u.urlopen('http://localhost:8000/health').status<400 else 1)\"]\nCMD [\"sh\", \"/start.sh\"]\n",
    );
    check(
        "FROM node:22\nRUN apt-get update && apt-get install -y --no-install-recommends \\\n    tini \\\n    zip \\\n    && rm -rf /var/lib/apt/lists/*\nCOPY app.js /\nRUN curl --version\nCMD [\"node\", \"/app.js\"]\n",
        &[("app.js", "")],
        "FROM node:22-slim\nRUN apt-get update && apt-get install -y --no-install-recommends \\\n    ca-certificates \\\n    curl \\\n    tini \\\n    zip \\\n    && rm -rf /var/lib/apt/lists/*\nCOPY app.js /\nRUN curl --version\nCMD [\"node\", \"/app.js\"]\n",
    );
}

/// A list of packages keeps its style: lines of their own, its order.
#[test]
fn packages_are_added_in_the_style_of_the_list() {
    let file = |image: &str, list: &str| {
        format!(
            "FROM {image}\nRUN apt-get update && apt-get install -y {list} && rm -rf /var/lib/apt/lists/*\nCOPY app.js /\nRUN curl --version\nCMD [\"node\", \"/app.js\"]\n"
        )
    };
    for (list, expected) in [
        // One line, sorted and not.
        ("tini", "tini ca-certificates curl"),
        ("bash tini", "bash ca-certificates curl tini"),
        ("tini bash", "tini bash ca-certificates curl"),
        // A line for each, also where there is but one, and where a comment stands between them.
        ("\\\n    tini \\\n   ", "\\\n    tini \\\n    ca-certificates \\\n    curl \\\n   "),
        ("\\\n  bash \\\n  tini", "\\\n  bash \\\n  ca-certificates \\\n  curl \\\n  tini"),
        ("\\\n  tini \\\n  # a shell\n  bash", "\\\n  tini \\\n  # a shell\n  bash \\\n  ca-certificates \\\n  curl"),
        (
            "tini \\\n    --no-install-recommends \\\n    bash",
            "tini \\\n    --no-install-recommends \\\n    bash \\\n    ca-certificates \\\n    curl",
        ),
        // Several in a line.
        ("\\\n    zip tini \\\n    bash vim", "\\\n    zip tini \\\n    bash vim ca-certificates curl"),
    ] {
        check(&file("node:22", list), &[("app.js", "")], &file("node:22-slim", expected));
    }
}

#[test]
fn programs_in_shell_texts_and_tk_are_installed() {
    let slim = |source: &str| {
        let text = "FROM python:3.13\nCOPY app.py /\nCMD [\"python\", \"/app.py\"]\n";
        rewritten(text, &[("app.py", source)], Level::Slim)
    };
    for (source, package) in [
        ("import subprocess\nsubprocess.run(\"cd repo && git pull\", shell=True)\n", "git"),
        ("import os\nos.system('cd /tmp; curl -O https://example.com/x')\n", "curl"),
        ("import subprocess\nsubprocess.run([\"bash\", \"-c\", \"git pull\"])\n", "git"),
        ("import tkinter as tk\n", "libtk8.6"),
        ("try:\n    from tkinter import ttk\nexcept ImportError:\n    pass\n", "libtk8.6"),
    ] {
        let got = slim(source);
        assert!(
            got.contains(&format!("recommends {package}")) || got.contains(&format!(" {package} ")),
            "{source}{got}"
        );
    }
    for source in ["import subprocess\nprint('a git')\ngitter = 1; git = 2\n", "# import tkinter\n"] {
        assert!(!slim(source).contains("apt-get"), "{source}");
    }
}

#[test]
fn possible_compilation_keeps_the_full_base() {
    let text = "FROM python:3.13\nCOPY . .\nRUN make all\nCMD [\"python\", \"app.py\"]\n";
    check(text, &[("app.py", "")], text);
}

#[test]
fn unknown_libraries_keep_the_full_base_at_run_time() {
    let file = |tag: &str| {
        format!(
            "FROM python:{tag}\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n"
        )
    };
    let text = |tag: &str, pin: &str| {
        let requirements = format!("psycopg2-binary{pin}\n");
        rewritten(&file(tag), &[("requirements.txt", &requirements), ("app.py", "import psycopg2\n")], Level::Slim)
    };
    // Its first wheels for Python 3.11 are those of 2.9.5.
    let old = text("3.11", "==2.9.3");
    assert!(!old.contains("slim"), "{old}");
    assert!(text("3.11", "==2.9.9").contains("FROM python:3.11-slim\n"));
    assert!(text("3.11", "").contains("FROM python:3.11-slim\n"));
}

#[test]
fn a_compiler_is_installed_for_what_is_known_to_need_it() {
    let text = "FROM python:3.13\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n";
    let got = rewritten(text, &[("requirements.txt", "psycopg2==2.9.10\n"), ("app.py", "")], Level::Slim);
    assert!(got.starts_with("FROM python:3.13-slim AS build\nRUN apt-get update"), "{got}");
    assert!(got.contains("recommends gcc libc6-dev libpq-dev \\\n"), "{got}");
    assert!(got.contains("recommends libpq5 \\\n"), "{got}");
    // No wheel of this version for this Python, and the C library is all that it loads once it is compiled.
    let text = text.replace("3.13", "3.11");
    let got = rewritten(&text, &[("requirements.txt", "markupsafe==2.0.1\n"), ("app.py", "")], Level::Slim);
    assert!(got.contains("recommends gcc libc6-dev \\\n") && !got.contains("python:3.11\n"), "{got}");
    let got = rewritten(&text, &[("requirements.txt", "markupsafe==2.1.5\n"), ("app.py", "")], Level::Slim);
    assert!(!got.contains("gcc"), "{got}");
}

#[test]
fn images_of_bun_and_uv_have_slim_variants_and_users() {
    let bun = "FROM oven/bun:1\nWORKDIR /app\nCOPY . .\nRUN bun install\nCMD [\"bun\", \"run\", \"a.ts\"]\n";
    let files =
        [("package.json", r#"{"name": "a", "dependencies": {"bcrypt": "5", "x": "github:a/x"}}"#), ("a.ts", "")];
    let text = rewritten(bun, &files, Level::Hygiene);
    assert!(
        !text.contains("bun:1\n") && text.contains("FROM oven/bun:1-slim\n") && text.contains("USER bun\n"),
        "{text}"
    );
    assert!(!text.contains("apt-get"), "{text}");
    let uv = "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nWORKDIR /app\nCOPY . .\nRUN uv sync\nENV PATH=\"/app/.venv/bin:$PATH\"\nCMD [\"python\", \"a.py\"]\n";
    let files =
        [("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"flask\"]\n"), ("a.py", "")];
    let text = rewritten(uv, &files, Level::Hygiene);
    assert!(
        !text.contains("bookworm\n") && text.contains("FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim"),
        "{text}"
    );
    assert!(text.contains("USER app\n"), "{text}");
    // Nothing but uv: no variant is missed.
    let tool = uv.replace("uv:python3.12-bookworm", "uv:0.8.11");
    let refusals: Vec<_> =
        optimize_to_level(&tool, &files, Level::Slim).levels.into_iter().flat_map(|level| level.refusals).collect();
    assert!(refusals.iter().all(|refusal| !refusal.why.contains("slim variant")), "{refusals:?}");
}

#[test]
fn fonts_come_along_where_something_draws_with_them() {
    let file = "FROM python:3.13\nCOPY app.py /\nCMD [\"python\", \"/app.py\"]\n";
    let of = |source: &str| rewritten(file, &[("app.py", source)], Level::Slim);
    assert!(of("ImageFont.truetype('DejaVuSans.ttf', 12)\n").contains("fonts-dejavu-core"));
    assert!(!of("ImageFont.truetype('fonts/own.ttf', 12)\n").contains("apt-get"));
    let node =
        "FROM node:22\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"a.js\"]\n";
    let package = ("package.json", r#"{"dependencies": {"@napi-rs/canvas": "0.1"}}"#);
    let of = |source: &str| rewritten(node, &[package, ("a.js", source)], Level::Slim);
    assert!(of("context.fillText('x', 1, 2)\n").contains("fontconfig fonts-dejavu-core"));
    assert!(!of("context.fillRect(1, 2, 3, 4)\n").contains("fontconfig"));
}

#[test]
fn nothing_is_installed_from_a_release_that_is_gone() {
    let file = |image: &str| format!("FROM {image}\nCOPY app.py /\nCMD [\"python\", \"/app.py\"]\n");
    let of = |image: &str, source: &str| rewritten(&file(image), &[("app.py", source)], Level::Slim);
    let git = "import subprocess\nsubprocess.run(['git', 'log'])\n";
    assert!(of("python:3.7-buster", "print(1)\n").contains("slim"));
    assert!(!of("python:3.7-buster", git).contains("slim"));
    assert!(of("python:3.10-bullseye", git).contains("slim"));
}

#[test]
fn a_stage_that_exports_requirements_is_slim_too() {
    let file = "FROM python:3.11 AS requirements\nWORKDIR /tmp\nRUN pip install poetry\nCOPY pyproject.toml poetry.lock* /tmp/\nRUN poetry export -f requirements.txt --output requirements.txt\n\nFROM python:3.11\nWORKDIR /code\nCOPY --from=requirements /tmp/requirements.txt /code/\nRUN pip install --no-cache-dir -r /code/requirements.txt\nCOPY ./app /code/app\nCMD [\"uvicorn\", \"app.main:app\"]\n";
    let files = [
        (
            "pyproject.toml",
            "[tool.poetry]\nname = \"a\"\nversion = \"1\"\n\n[tool.poetry.dependencies]\npython = \"^3.11\"\nfastapi = \"^0.115\"\n",
        ),
        ("poetry.lock", "[[package]]\nname = \"fastapi\"\nversion = \"0.115.0\"\n"),
        ("app/main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
    ];
    let text = rewritten(file, &files, Level::Slim);
    assert!(text.contains("FROM python:3.11-slim AS requirements"), "{text}");
}

#[test]
fn scripts_of_packages_call_programs_too() {
    let of = |scripts: &str, dockerfile: &str| {
        let package = format!(r#"{{"name": "a", "scripts": {{{scripts}}}, "dependencies": {{"express": "4"}}}}"#);
        rewritten(
            dockerfile,
            &[("package.json", &package), ("a.js", ""), ("Makefile", "run:\n\tnode a.js\n")],
            Level::Slim,
        )
    };
    let build = "FROM node:22\nCOPY . .\nRUN npm install\nRUN npm run build\nCMD [\"node\", \"/a.js\"]\n";
    assert!(of(r#""build": "git rev-parse HEAD > version""#, build).contains(" git"));
    assert!(
        of(r#""prebuild": "npm run stamp", "build": "node a.js", "stamp": "git describe""#, build).contains(" git")
    );
    assert!(of(r#""build": "node a.js", "postinstall": "make run""#, build).contains(" make"));
    assert!(!of(r#""build": "node a.js""#, build).contains("apt-get"));
    let start = "FROM node:22\nCOPY . .\nRUN npm install\nCMD [\"npm\", \"start\"]\n";
    assert!(of(r#""start": "make run""#, start).contains(" make"));
}

#[test]
fn stages_that_are_built_by_name_keep_their_programs() {
    let head = "FROM node:22 AS base\nCOPY . .\nRUN npm install\n\nFROM base AS dev\n";
    let tail = "\nFROM base\nCMD [\"node\", \"a.js\"]\n";
    let files = [
        ("package.json", r#"{"name": "a", "scripts": {"test": "make check"}, "dependencies": {"express": "4"}}"#),
        ("a.js", ""),
        ("Makefile", "check:\n"),
    ];
    for (dev, package) in [
        ("RUN git config --global user.name a\nCMD [\"node\", \"a.js\"]\n", " git"),
        ("CMD [\"npm\", \"test\"]\n", " make"),
        ("CMD [\"sh\", \"-c\", \"git pull && node a.js\"]\n", " git"),
    ] {
        let text = rewritten(&format!("{head}{dev}{tail}"), &files, Level::Slim);
        let (stage_text, last) = text.split_once("\nFROM base\n").unwrap();
        let (_, stage_text) = stage_text.split_once("AS dev\n").unwrap();
        assert!(stage_text.contains(package) && !last.contains("apt-get"), "{text}");
    }
}

#[test]
fn installed_packages_decide_what_a_stage_builds() {
    let lock =
        r#"{"lockfileVersion":3,"packages":{"node_modules/bcrypt":{"version":"5.1.1","hasInstallScript":true}}}"#;
    let files =
        [("package.json", r#"{"dependencies":{"bcrypt":"5.1.1"}}"#), ("package-lock.json", lock), ("app.js", "")];
    let run = |install: &str| {
        let text = format!(
            "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\n\nFROM node:22\n{install}WORKDIR /app\nCOPY --from=build /app/node_modules ./node_modules\nCOPY app.js ./\nCMD [\"node\", \"app.js\"]\n"
        );
        let text = rewritten(&text, &files, Level::Slim);
        text.rsplit_once("FROM ").expect("a stage").1.lines().next().expect("a base").to_owned()
    };
    for plain in
        ["", "RUN npm install -g http-server\n", "RUN yarn global add serve@14\n", "RUN npm i -g pm2 @nestjs/cli\n"]
    {
        assert_eq!(run(plain), "node:22-slim", "{plain}");
    }
    assert_eq!(run("RUN npm install -g better-sqlite3\n"), "node:22");
}

#[test]
fn only_what_starts_programs_makes_the_final_base_doubtful() {
    let open = |source: &str| {
        let files = [("requirements.txt", "flask==3.0.0"), ("app.py", source)];
        let dockerfile = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n\
                          CMD [\"python\", \"app.py\"]\n";
        let done = optimize_to_level(dockerfile, &files, Level::Slim);
        format!("{:?}", done.levels).contains("`app.py` starts programs")
    };
    assert!(open("import sh"));
    assert!(!open("import shutil\nimport shared\nimport shopapp.models"));
}

#[test]
fn programs_that_tools_call_are_installed() {
    let with = |start: &str| {
        let package = format!("{{\"name\": \"a\", \"scripts\": {{\"start:docker\": \"{start}\"}}}}");
        let text = "FROM node:22\nWORKDIR /app\nCOPY . .\nCMD [\"npm\", \"run\", \"start:docker\"]\n";
        rewritten(text, &[("package.json", &package), ("main.js", "")], Level::Slim)
    };
    for start in [
        "cd /app && npm install && nest start --watch",
        "nest start -w",
        "npx nest start --watch",
        "tsc-watch --onSuccess 'node dist/main.js'",
        "pm2-runtime main.js",
        "concurrently -k 'node main.js' 'node other.js'",
        "start-server-and-test 'node main.js' 3000 'node test.js'",
    ] {
        let text = with(start);
        assert!(text.contains("node:22-slim") && text.contains(" procps"), "{start}: {text}");
    }
    for start in ["nest start", "node main.js", "concurrently 'node main.js' 'node other.js'"] {
        assert!(!with(start).contains("procps"), "{start}");
    }
}

#[test]
fn what_a_container_installs_when_it_starts_is_told() {
    let package = "{\"name\": \"a\", \"scripts\": {\"start\": \"npm install && node main.js\"}}";
    let text = "FROM node:22\nWORKDIR /app\nCOPY . .\nCMD [\"npm\", \"start\"]\n";
    let done = optimize_to_level(text, &[("package.json", package), ("main.js", "")], Level::Slim);
    let steps = done.levels.iter().flat_map(|level| &level.steps);
    let mut assumptions = steps.flat_map(|step| &step.assumptions);
    assert!(assumptions.any(|known| known.what.contains("what `npm install` installs")), "{:#?}", done.levels);
}
