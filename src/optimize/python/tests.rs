use crate::optimize::Rung;
use crate::optimize::sketch::rewritten;

fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let got = rewritten(dockerfile, files, Rung::Stages);
    assert_eq!(got, expected, "{dockerfile}\n---\n{got}");
}

const REQUIREMENTS: (&str, &str) = ("requirements.txt", "flask==3.1.3\n");
const APP: (&str, &str) = ("app.py", "import flask\n");

#[test]
fn pip_installs_into_an_environment() {
    check(
        "FROM python:3.13\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"flask\", \"run\"]\n",
        &[REQUIREMENTS, APP],
        "FROM python:3.13 AS build\nWORKDIR /app\nRUN python -m venv --without-pip /opt/venv\nCOPY requirements.txt .\nRUN --mount=type=cache,target=/root/.cache/pip pip --python /opt/venv install -r requirements.txt\n\nFROM python:3.13\nWORKDIR /app\nCOPY --from=build /opt/venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nCOPY . .\nCMD [\"flask\", \"run\"]\n",
    );
}
