//! `deploy report` from the command line: what it says of a record and its project, what it refuses, and what it hides.

use serde_json::{Value, json};

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const COMPOSE: &str = "services:\n  nginx:\n    image: nginx:1.28\n    ports: [\"8080:80\"]\n    volumes: [\"./nginx.conf:/etc/nginx/conf.d/default.conf:ro\"]\n  \
    api:\n    build: .\n    stop_grace_period: 90s\n    environment: {API_TOKEN: plum-canary-77}\n    deploy: {replicas: 2}\n";

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY app.py /app.py\nEXPOSE 8000\nHEALTHCHECK --interval=5s --start-period=20s \
    CMD curl -f http://127.0.0.1:8000/health\nCMD [\"python\", \"/app.py\"]\n";

const NGINX: &str = "server {\n    listen 80;\n    location / { proxy_pass http://api:8000; }\n}\n";

const PLAN: &str = r#"{"schema": "dockopt.deploy-plan/1", "steps": [
    {"phases": ["image"], "seconds": {"at_least": 1, "at_most": null}},
    {"phases": ["start"], "seconds": {"at_least": 2, "at_most": 6}},
    {"phases": ["switch"], "seconds": {"at_least": 20, "at_most": 60}},
    {"title": "tell the team"}
]}"#;

/// A run of the script, as it writes it.
fn line(number: u32, day: u32, hour: u32, more: &Value) -> String {
    let pace = f64::from(number % 4) * 0.31;
    let image = |number: u32| format!("shop-api:deployed-{:012x}", u64::from(number) * 0x9E37_79B9);
    let mut line = json!({
        "version": 2, "time": format!("2026-11-{day:02}T{hour:02}:12:45Z"), "service": "api", "command": "deploy",
        "strategy": "canary", "from": image(number - 1), "to": image(number), "from_id": format!("sha256:{}", number - 1),
        "to_id": format!("sha256:{number}"), "image": format!("registry.example/shop/api:1.{number}"),
        "containers": format!("shop-api-{}", number + 1), "old_containers": format!("shop-api-{number}"),
        "seconds": 57.6 + pace,
        "steps": {"settle": 1.12, "image": 3.4, "migrate": 0.0, "start": 6.05 + pace, "switch": 42.3, "remove": 4.73},
        "watched": [
            {"percent": 5, "requests": 61 + number, "errors": 0, "milliseconds": 12},
            {"percent": 25, "requests": 310 + number, "errors": 0, "milliseconds": 13},
            {"percent": 50, "requests": 604 + number, "errors": 1, "milliseconds": 12},
            {"percent": 100, "requests": 1234 + number * 7, "errors": 2, "milliseconds": 12 + number % 3},
        ],
        "limits": {"watch": 10, "errors": 1, "milliseconds": 500}, "probe": "", "exit": 0, "result": "it is in service",
    });
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    format!("{line}\n")
}

/// Ten runs of a month: one was refused, one was taken back by itself.
pub(crate) fn record() -> String {
    let probe = "Traceback (most recent call last): urllib.error.HTTPError: HTTP Error 500: Internal Server Error with plum-canary-77";
    let refused = json!({
        "exit": 1, "result": "shop-api-5 is not healthy", "watched": [], "probe": probe, "seconds": 48.2,
        "steps": {"settle": 1.1, "image": 3.4, "migrate": 0.0, "start": 35.6, "undo": 8.1},
    });
    let slow = json!({
        "exit": 1, "result": "too many errors, too slow, or not healthy", "seconds": 31.4,
        "watched": [
            {"percent": 5, "requests": 60, "errors": 0, "milliseconds": 40},
            {"percent": 25, "requests": 290, "errors": 14, "milliseconds": 702},
        ],
        "steps": {"settle": 1.1, "image": 3.4, "migrate": 0.4, "start": 6.2, "switch": 20.1, "undo": 0.2},
    });
    let none = json!({});
    let runs = [
        (1, 2, 9, &none),
        (2, 4, 10, &none),
        (3, 9, 9, &none),
        (4, 12, 15, &refused),
        (5, 12, 17, &none),
        (6, 16, 9, &none),
        (7, 19, 11, &slow),
        (8, 20, 9, &none),
        (9, 25, 14, &none),
        (10, 29, 18, &none),
    ];
    runs.into_iter().map(|(number, day, hour, more)| line(number, day, hour, more)).collect()
}

fn project(record: &str) -> Dockopt {
    Dockopt::new()
        .file("compose.yaml", COMPOSE)
        .file("Dockerfile", DOCKERFILE)
        .file("nginx.conf", NGINX)
        .file("app.py", "")
        .file("plan.json", PLAN)
        .file("deploy/record.jsonl", record)
}

fn report(record: &str, arguments: &[&str]) -> Ran {
    project(record).args(["deploy", "report"]).args(arguments.iter().copied()).run()
}

#[test]
fn a_record_is_reported_with_its_project_and_plan() {
    let ran = report(&record(), &["--plan", "plan.json"]).code(0);
    for part in [
        "api   good: it is in service",
        "start    6.7 s  6.4 s  median of 7 earlier good deployments     2 s to 6 s  slower",
        "switch    42 s",
        "within",
        "10 deployments within 27.4 days: 2.3 a week",
        "20 % did not stay (2 of 10: 2 failed, 0 taken back)",
        "12 h from a failure to the next good deployment (median of 2 failures)",
        "8080 (through nginx)",
        "/health",
        "every 5 s, at most 30 s each",
        "1 min 30 s at most for requests to end",
        "sh deploy/deploy.sh rollback api goes back to shop-api:deployed-",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let json = report(&record(), &["--plan", "plan.json", "--format=json"]).code(0).json();
    keeps_schema(include_str!("../../schemas/deploy-report.schema.json"), &json);
    assert_eq!(json["services"][0]["project"]["containers"], 2);
    let verdicts: Vec<&Value> = json["phases"].as_array().unwrap().iter().map(|phase| &phase["verdict"]).collect();
    assert_eq!(
        verdicts,
        [&Value::Null, &json!("within"), &Value::Null, &json!("slower"), &json!("within"), &Value::Null, &Value::Null]
    );
    report(&record(), &["--project=nowhere"]).code(2).complains(&["nowhere"]);
    let bare = Dockopt::new().file("record.jsonl", record()).args(["deploy", "report", "record.jsonl"]).run().code(0);
    assert!(bare.stdout.contains("`--project FOLDER` reads the compose file"), "{}", bare.stdout);
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    for format in ["text", "markdown", "html", "json"] {
        let write = || report(&record(), &["--format", format]).code(0).stdout;
        assert_eq!(write(), write(), "{format}");
    }
}

#[test]
fn failures_say_why_and_which_limit_was_crossed() {
    let text = record();
    let until = |number: usize| text.split_inclusive('\n').take(number).collect::<String>();
    let ran = report(&until(4), &[]).code(0);
    for part in [
        "failed: shop-api-5 is not healthy",
        "HTTP Error 500",
        "api has not been deployed since it failed on 2026-11-12 15:12",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let ran = report(&until(7), &[]).code(0);
    let crossed = ran.stdout.lines().find(|line| line.ends_with("crossed")).unwrap();
    assert_eq!(
        crossed.split_whitespace().collect::<Vec<_>>().join(" "),
        "25 % 290 14 (4.83 %) 1 % 702 ms 500 ms crossed"
    );
}

#[test]
fn what_is_no_record_is_said() {
    Dockopt::new().args(["deploy", "report"]).run().code(2).complains(&["record.jsonl"]);
    report("", &[]).code(2).complains(&["`deploy/record.jsonl` has no records of deployments"]);
    report("{\n", &[]).code(2).complains(&["deploy/record.jsonl:1: it is not a record"]);
    report(&record(), &["--service", "apo"]).code(2).complains(&["has no deployment of `apo`", "did you mean `api`?"]);
    report(&record(), &["--plan", "deploy/record.jsonl"]).code(2).complains(&["`deploy/record.jsonl` is no plan"]);
    let old = r#"{"time":"2026-11-01T10:00:00Z","service":"api","from":"a:1","to":"a:2","containers":"c","seconds":31,"exit":0,"result":"r"}"#;
    let mixed = format!("{old}\n{}{{\"version\":3}}\n{}\n", record(), old.replace("11-01", "11-28"));
    let ran = report(&mixed, &[]).code(0);
    for part in [
        "record.jsonl:12: version 3 of a record is not known",
        "record.jsonl:13: the clock went back by 32 h between line 11 and 13",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("records of version 1 do not say"), "{}", ran.stdout);
}

/// A value of a variable in the compose file, which an older script or a hand wrote into the record.
#[test]
fn values_of_the_project_are_hidden() {
    for format in ["text", "markdown", "html", "json"] {
        let text: String = record().split_inclusive('\n').take(4).collect();
        let ran = report(&text, &["--format", format]).code(0);
        assert!(!ran.stdout.contains("plum-canary"), "{format}: {}", ran.stdout);
    }
}

#[test]
fn every_heading_of_the_field_is_in_the_report_or_a_question() {
    let page = report(&record(), &["--plan", "plan.json"]).code(0).stdout;
    let lines = include_str!("../vectors/deploy-headings.tsv").lines();
    let rows = lines.map(|line| line.split('\t').collect::<Vec<_>>()).filter(|row| row.get(1) == Some(&"report"));
    let mut count = 0;
    for row in rows {
        assert!(page.contains(row[2]), "{row:?}: {page}");
        count += 1;
    }
    assert_eq!(count, 20);
}
