//! `compose env`: what is missing, unused, different, secret; what is not known; as text and JSON.

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

/// Kind, name, services and place of each finding.
fn findings(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    crate::fixtures::keeps_schema(include_str!("../../schemas/compose-env.schema.json"), &json);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one_line = |finding: &Value| {
        let services: Vec<String> = finding["services"].as_array().unwrap().iter().map(text).collect();
        let place = &finding["place"];
        let place = format!("{}:{}:{}", text(&place["file"]), place["line"], place["column"]);
        format!("{} {} [{}] {place}", text(&finding["kind"]), text(&finding["name"]), services.join(" "))
    };
    json["findings"].as_array().unwrap().iter().map(one_line).collect()
}

fn env(files: &[(&str, &str)]) -> Ran {
    let mut dockopt = Dockopt::new();
    for (path, text) in files {
        dockopt = dockopt.file(path, text);
    }
    dockopt.args(["compose", "env", "--format=json"]).run()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let ran = env(files).code(u8::from(!expected.is_empty()).into());
    assert_eq!(findings(&ran), expected, "{}", ran.stdout);
}

const COMPOSE: &str = "services:\n  api:\n    build: .\n    environment:\n      A1: a\n";
const DOCKERFILE: &str = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n";

#[test]
fn what_the_code_fails_without_is_missing() {
    let code =
        "import os\na = os.environ['A1']\nb = os.environ['B1']\nc = os.environ.get('C1')\nd = os.environ['PATH']\n";
    let files = [("compose.yaml", COMPOSE), ("Dockerfile", DOCKERFILE), ("main.py", code)];
    check(&files, &["missing B1 [api] main.py:3:17"]);
    // What the program does not load, a test, an image that sets it, a file of variables, a secret.
    let other = [
        ("compose.yaml", COMPOSE),
        ("Dockerfile", DOCKERFILE),
        ("main.py", "import os\nos.environ['A1']\n"),
        ("other.py", code),
        ("tests/test_a.py", code),
    ];
    check(&other, &[]);
    let dockerfile = DOCKERFILE.replace("COPY", "ENV B1=b\nCOPY");
    check(&[("compose.yaml", COMPOSE), ("Dockerfile", &dockerfile), ("main.py", code)], &[]);
    let compose = COMPOSE.to_owned() + "    env_file: api.env\n";
    let files =
        [("compose.yaml", compose.as_str()), ("Dockerfile", DOCKERFILE), ("main.py", code), ("api.env", "B1=b\n")];
    check(&files, &[]);
    // The file is not there: nothing is known.
    let ran = env(&[("compose.yaml", &compose), ("Dockerfile", DOCKERFILE), ("main.py", code)]).code(1);
    assert!(ran.stdout.contains("`api` reads `api.env`, which does not exist"), "{}", ran.stdout);
    let files = [
        ("compose.yaml", compose.as_str()),
        ("Dockerfile", DOCKERFILE),
        ("main.py", code),
        ("api.env.example", "C1=\n"),
    ];
    check(&files, &["missing B1 [api] main.py:3:17"]);
}

#[test]
fn what_only_compose_gets_is_found() {
    let code =
        "import os\nb = os.environ.get('B1', 'x')\nc = os.getenv('C1')\nd = os.environ['D1']\nos.getenv('HOME')\n";
    let ignore = (".dockerignore", ".env\n");
    let dotenv = (".env", "B1=b\nC1=c\nD1=d\nHOME=/x\n");
    let compose = COMPOSE.replace("A1: a", "PATH: a");
    let [a, b, c, e] = [("compose.yaml", compose.as_str()), ("Dockerfile", DOCKERFILE), ("main.py", code), dotenv];
    check(
        &[a, b, c, ignore, e],
        &["missing D1 [api] main.py:4:17", "not-passed-on B1 [api] .env:1:1", "not-passed-on C1 [api] .env:2:1"],
    );
    for passed in ["      B1:\n      C1:\n      D1:\n", "      B1: ${B1}\n      X: ${C1}\n      D1: d\n"] {
        let compose = format!("{COMPOSE}{passed}");
        let files = [("compose.yaml", compose.as_str()), ("Dockerfile", DOCKERFILE), ("main.py", code), ignore, dotenv];
        assert!(!env(&files).stdout.contains("not-passed-on"), "{passed}");
    }
    let compose = format!("{COMPOSE}    env_file: .env\n");
    let files = [("compose.yaml", compose.as_str()), ("Dockerfile", DOCKERFILE), ("main.py", code), ignore, dotenv];
    assert!(!env(&files).stdout.contains("not-passed-on"));
    // The file is in the image, where a library may read it; its value is that of the source; the image sets another one.
    assert!(!env(&[a, b, c, e]).stdout.contains("not-passed-on"));
    let same = [a, b, c, ignore, (".env", "B1=x\nD1=d\n")];
    assert!(!env(&same).stdout.contains("not-passed-on"));
    let dockerfile = DOCKERFILE.replace("COPY", "ENV B1=b C1=c\nCOPY");
    assert!(!env(&[a, ("Dockerfile", &dockerfile), c, ignore, e]).stdout.contains("not-passed-on"));
}

#[test]
fn what_compose_needs_is_missing() {
    let compose = "# ${C1}\nservices:\n  db:\n    image: postgres:${TAG:-17}\n    environment:\n      POSTGRES_PASSWORD: ${B1}\n      X: ${A1:?must}$${D1}${HOME}\n";
    check(&[("compose.yaml", compose)], &["missing A1 [] compose.yaml:7:10", "missing B1 [] compose.yaml:6:26"]);
    check(&[("compose.yaml", compose), (".env", "A1=1\nB1=2\nTAG=17\n")], &[]);
    check(&[("compose.yaml", compose), (".env.example", "A1=\n")], &["missing B1 [] compose.yaml:6:26"]);
    check(&[("compose.yaml", compose), ("Makefile", "up:\n\tA1=1 B1=2 docker compose up\n")], &[]);
}

#[test]
fn what_nothing_reads_is_unused() {
    let code = "import os\nos.environ['A1']\n";
    let compose = COMPOSE.to_owned() + "      OLD_NAME: x\n      PYTHONUNBUFFERED: 1\n";
    let files =
        [("compose.yaml", compose.as_str()), ("Dockerfile", DOCKERFILE), ("main.py", code), (".env", "GONE_NAME=1\n")];
    check(&files, &["unused GONE_NAME [] .env:1:1", "unused OLD_NAME [api] compose.yaml:6:7"]);
    let dynamic = code.to_owned() + "os.environ[name]\n";
    let ran = env(&[
        ("compose.yaml", &compose),
        ("Dockerfile", DOCKERFILE),
        ("main.py", &dynamic),
        (".env", "GONE_NAME=1\n"),
    ])
    .code(0);
    assert!(ran.stdout.contains("main.py:3:1 reads variables by names that only running it tells"), "{}", ran.stdout);
    // An image of others may read what it wants.
    check(
        &[
            ("compose.yaml", "services: {db: {image: 'x/db:1', env_file: .env, environment: {Y1: y}}}\n"),
            (".env", "X1=1\n"),
        ],
        &[],
    );
}

#[test]
fn secrets_are_found_and_never_shown() {
    let files = [
        ("compose.yaml", "services: {db: {image: 'x/db:1', env_file: [.env, .env.production]}}\n"),
        (".env", "API_TOKEN=c4naryVq7Lw2Rx9\nAPI_KEY=changeme\n"),
        (".env.production", "API_TOKEN=c4naryMk5Tz8Hp3\nAPI_KEY=changeme\n"),
        ("Dockerfile", "FROM debian:12\nENV API_SECRET=c4naryJb6Nf1Wd4\n"),
    ];
    check(
        &files,
        &[
            "secret API_SECRET [] Dockerfile:2:5",
            "secret API_TOKEN [] .env:1:1",
            "secret API_TOKEN [] .env.production:1:1",
        ],
    );
    for format in ["text", "json", "markdown", "html"] {
        let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (path, text)| dockopt.file(path, text));
        let ran = dockopt.args(["compose", "env", "--format", format]).run().code(1);
        assert!(!ran.stdout.contains("c4nary"), "{}", ran.stdout);
    }
    let ignored: Vec<_> = files.into_iter().chain([(".gitignore", ".env*\n")]).collect();
    check(&ignored, &["secret API_SECRET [] Dockerfile:2:5"]);
}

#[test]
fn bad_input_is_said() {
    let ran = Dockopt::new().args(["compose", "env", "nowhere"]).run().code(2);
    assert!(ran.stderr.contains("does not exist"), "{}", ran.stderr);
    let ran = Dockopt::new().file("compose.yaml", "services: {a: {}}\n").args(["compose", "env"]).run().code(1);
    assert!(ran.stderr.contains("error"), "{}", ran.stderr);
    let ran = Dockopt::new().file("a.txt", "").args(["compose", "env"]).run().code(0);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("no compose file found"), "{}", ran.stderr);
}
