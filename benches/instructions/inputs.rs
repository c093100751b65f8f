//! The inputs of the commands: the same bytes in each run.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::make::{Form, Kind, make};

const DOCKERFILES: [(&str, &str); 4] = [
    ("go", include_str!("../lint/go.txt")),
    ("java", include_str!("../lint/java.txt")),
    ("node", include_str!("../lint/node.txt")),
    ("python", include_str!("../lint/python.txt")),
];

const COMPOSES: [(&str, &str); 2] =
    [("tasks", include_str!("../compose/tasks.txt")), ("shop", include_str!("../compose/shop.txt"))];

const DOCKERFILE: &str = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\n\
                          CMD uvicorn service.main:app --host 0.0.0.0 --port 8000\n";

const COMMITS: usize = 12;

/// Writes all of them.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    for (name, text) in DOCKERFILES {
        put(&folder.join("lint").join(name).join("Dockerfile"), &text.replace("{n}", "7").replace("{v}", "3"))?;
    }
    for (name, text) in COMPOSES {
        put(&folder.join("compose").join(name).join("compose.yaml"), &text.replace("{n}", "7").replace("{v}", "14"))?;
    }
    let project = folder.join("project");
    put(&project.join("Dockerfile"), DOCKERFILE)?;
    put(&project.join("requirements.txt"), "fastapi==0.121.0\nuvicorn==0.38.0\n")?;
    put(&project.join("service/main.py"), "from fastapi import FastAPI\napp = FastAPI()\n")?;
    put(&project.join("README.md"), "A service\n")?;
    for file in 0..20 {
        put(
            &project.join(format!("service/part{file}.py")),
            "import os\n\n\ndef work(value):\n    return value + 1\n",
        )?;
    }
    make(&Kind { name: "small", bytes: 450_000, files: 45, layers: 3, whiteouts: 0 }, Form::Plain, folder)?;
    history(&folder.join("history"))
}

/// Projects beside each other, as in a repository of many services.
const NEIGHBOURS: usize = 200;

const SCRIPT: &str = "#!/bin/sh\nset -e\ndocker compose pull\ndocker compose up -d\n";

const WORKFLOW: &str = "on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: docker build -t acme/service services/s{n}
";

/// The manifests beside the Dockerfiles of [`DOCKERFILES`].
const MANIFESTS: [(&str, &str); 4] = [
    ("go.mod", "module acme/service\n"),
    ("pom.xml", "<project/>\n"),
    ("package.json", "{\"name\": \"service\"}\n"),
    ("requirements.txt", "fastapi==0.121.0\n"),
];

/// Writes folders beside each other: each has a Dockerfile, most have a manifest, some a compose file; a few workflows and a
/// script around them.
pub(crate) fn write_neighbours(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join(".git"))?;
    for number in 0..NEIGHBOURS {
        let project = folder.join(format!("services/s{number}"));
        let fill = |text: &str| text.replace("{n}", &number.to_string()).replace("{v}", &(number % 7 + 1).to_string());
        put(&project.join("Dockerfile"), &fill(DOCKERFILES[number % DOCKERFILES.len()].1))?;
        if number % 5 > 0 {
            let (name, text) = MANIFESTS[number % MANIFESTS.len()];
            put(&project.join(name), text)?;
        }
        if number % 10 == 0 {
            put(&project.join("compose.yaml"), &fill(COMPOSES[number / 10 % COMPOSES.len()].1))?;
            put(&folder.join(format!(".github/workflows/w{number}.yml")), &fill(WORKFLOW))?;
        }
    }
    put(&folder.join("compose.yaml"), "services:\n  api:\n    build: services/s1\n    ports: ['8000:8000']\n")?;
    put(&folder.join("deploy.sh"), SCRIPT)
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().expect("a folder"))?;
    fs::write(path, text)
}

/// A repository whose commits change a source each, and every fourth the manifest.
fn history(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder);
        command
    };
    let is_made = git(&["init", "--quiet", "--initial-branch=main"]).status()?.success();
    assert!(is_made, "git init");
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let mut stream = String::new();
    for commit in 0..COMMITS {
        let time = 1_700_000_000 + commit * 3_600;
        _ = writeln!(stream, "commit refs/heads/main\ncommitter a <a@b> {time} +0000\ndata 1\nx");
        let mut add = |path: &str, text: &str| {
            _ = writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len());
        };
        if commit == 0 {
            add("Dockerfile", DOCKERFILE);
            (0..40).for_each(|file| add(&format!("service/part{file}.py"), &format!("part = {file}\n")));
        } else {
            add(&format!("service/part{}.py", commit * 7 % 40), &format!("commit = {commit}\n"));
        }
        if commit % 4 == 0 {
            add("requirements.txt", &format!("fastapi==0.{commit}.0\n"));
        }
    }
    import.stdin.take().expect("a pipe").write_all(stream.as_bytes())?;
    let is_read = import.wait()?.success() && git(&["reset", "--hard", "--quiet"]).status()?.success();
    assert!(is_read, "git fast-import");
    Ok(())
}
