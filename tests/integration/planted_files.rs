//! Secrets at every place of a project's files, in results that were written without a mask, and in what a run is told, do
//! not reach an output.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::planted::{Planted, SINKS, commit_twice, project, run, shapes};
use crate::tier;

const PLACES: &str = include_str!("../vectors/secret_places.txt");

/// A project with a secret at every place.
fn places(folder: &Path) -> Planted {
    let mut planted = Planted::default();
    for part in PLACES.split("\n== ").skip(1) {
        let (name, text) = part.split_once('\n').unwrap();
        let path = folder.join(planted.grow(name, "the name of a file"));
        let lines = text.lines().map(|line| planted.grow(line, name) + "\n");
        let text: String = lines.collect();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(folder.join("main.py"), "print()\n").unwrap();
    commit_twice(folder);
    planted
}

#[test]
fn no_command_shows_a_secret_of_any_place() {
    let folder = tempfile::tempdir().unwrap();
    let planted = places(folder.path());
    let more =
        [("audit . --show-settings", "text"), ("measure .", "text"), ("optimize . --verify", "text"), ("init", "text")];
    let mut leaks = Vec::new();
    let own = SINKS.iter().filter(|(command, _)| !["app.tar", "build.log"].iter().any(|file| command.contains(file)));
    for (number, (command, formats)) in own.chain(&more).enumerate() {
        // Always one of the formats, another one each day.
        let names: Vec<&str> = formats.split(' ').collect();
        let format = names[(number + tier::seed()) % names.len()];
        leaks.extend(run(folder.path(), &planted, command, if tier::is_full() { formats } else { format }).1);
    }
    leaks.sort();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Fields that the reader of a result knows the values of.
const KNOWN: [&str; 16] = [
    "applicability",
    "basis",
    "category",
    "code",
    "command",
    "date",
    "digest",
    "kind",
    "level",
    "rule",
    "schema",
    "severity",
    "state",
    "status",
    "time",
    "version",
];

/// Adds a secret to each text of a result.
fn plant(value: &mut Value, place: &str, planted: &mut Planted, shapes: &mut dyn Iterator<Item = &'static str>) {
    match value {
        Value::String(text) => *text = format!("{text}\n{}", planted.grow(shapes.next().unwrap(), place)),
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, place, planted, shapes)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
                plant(field, &format!("{place}.{name}"), planted, shapes);
            }
        }
        _ => {}
    }
}

/// What a command prints.
fn output(folder: &Path, arguments: &str) -> String {
    let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    dockopt.current_dir(folder).env_clear().env("SOURCE_DATE_EPOCH", "1795132800").env("PATH", "/usr/bin:/bin");
    let output = dockopt.args(arguments.split(' ')).stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn no_report_shows_a_secret_of_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = shapes();
    project(folder, &first[..12]);
    let rounds = if tier::is_full() { 3 } else { 1 };
    let mut shapes = first.iter().copied().cycle().skip(tier::seed() * 300 % first.len());
    let mut leaks = Vec::new();
    let mut secrets = 0;
    for command in [
        "lint Dockerfile",
        "audit .",
        "image app.tar",
        "image diff app.tar app.tar",
        "optimize .",
        "cache predict --touch main.py",
        "cache explain build.log",
        "compose env",
        "compose graph",
        "deploy check",
    ] {
        for round in 0..rounds {
            let mut planted = Planted::default();
            let mut result: Value = serde_json::from_str(&output(folder, &format!("{command} --format json"))).unwrap();
            plant(&mut result, command, &mut planted, &mut shapes);
            fs::write(folder.join("result.json"), result.to_string()).unwrap();
            let report = format!("report result.json --record record-{round}.jsonl");
            leaks.extend(run(folder, &planted, &report, "text json markdown sarif github html").1);
            leaks.extend(
                run(folder, &planted, "report result.json --baseline result.json", "text json markdown html").1,
            );
            let record = fs::read_to_string(folder.join(format!("record-{round}.jsonl"))).unwrap();
            leaks.extend(planted.leaks(&record).into_iter().map(|place| format!("{place} in the record")));
            let mut line: Value = serde_json::from_str(record.lines().last().unwrap()).unwrap();
            plant(&mut line, "record", &mut planted, &mut shapes);
            fs::write(folder.join("hostile.jsonl"), format!("{line}\nTOKEN={}\n", planted.grow("@@", "bad line")))
                .unwrap();
            leaks.extend(run(folder, &planted, "history hostile.jsonl", "text json markdown").1);
            secrets += planted.count();
        }
    }
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    assert!(secrets > 300 * rounds, "{secrets}");
}

/// A login in an address.
const LOGIN: &str = "me:q7w8e9r0t1-plum@localhost:1";

#[test]
fn no_plan_shows_a_secret_of_its_facts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let all = shapes();
    let mut shapes = all.iter().copied().cycle();
    let mut count = 0;
    let mut leaks = Vec::new();
    while count < all.len() {
        let mut planted = Planted::default();
        let mut facts: Value = serde_json::from_str(FACTS).unwrap();
        plant(&mut facts, "facts", &mut planted, &mut shapes);
        // Words that only some texts may be.
        facts["schema"] = "dockopt.deploy-facts/1".into();
        facts["tool"] = "haproxy".into();
        facts["migrations"]["new"][0]["effect"] = "contract".into();
        fs::write(folder.join("facts.json"), facts.to_string()).unwrap();
        leaks.extend(run(folder, &planted, "deploy plan --facts facts.json", "text json markdown html").1);
        count += planted.count();
    }
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Facts with a text at each place that has one.
const FACTS: &str = r#"{"schema": "", "date": "a", "begin": "a", "project": "a", "files": ["a"], "tool": "", "strategy": "a",
    "services": [{"name": "a", "group": "a", "count": 1, "addresses": ["a"], "published": ["a"], "check_path": "a", "start_limit": 1,
        "drain_limit": 1, "grace": 1, "check": {"command": "a", "interval": 1, "timeout": 1, "retries": 1, "start_period": 0, "start_interval": 1}}],
    "left_out": ["a"], "script": {"path": "a", "is_current": true},
    "from": {"reference": "a", "id": "a", "platform": "a", "place": "a", "created": "a", "revision": "a", "version": "a"},
    "to": {"reference": "a", "id": "a", "platform": "a", "place": "a", "created": "a", "revision": "a", "version": "a"},
    "difference": {"bytes": 1, "shared_layers": 0, "layers": 1, "packages": ["a"], "files": 0,
        "settings": [{"setting": "a", "before": "a", "after": "a"}]},
    "commits": {"commits": [["a", "a"]], "is_cut": false, "is_back": false},
    "migrations": {"basis": "a", "command": "a", "runs_at_start": false, "has_backup": false, "new": [{"path": "a", "effect": "",
        "reasons": ["a"], "locks": ["a"], "has_downgrade": false}]},
    "variables": {"missing": ["a"], "new": ["a"], "gone": ["a"]}, "pipelines": ["a"],
    "earlier": [{"time": "a", "exit": 0, "seconds": 1, "strategy": "a"}],
    "answers": {"backup": "a", "smoke": "a", "notify": "a", "monitor": "a", "approver": "a", "has_passed": false}}"#;

#[test]
fn what_a_run_is_told_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), "ARG BASE\nARG API_TOKEN\nFROM debian:$BASE\nCMD run\n").unwrap();
    fs::write(folder.path().join("compose.yaml"), "services:\n  web:\n    image: debian:12\n").unwrap();
    let hosts = ["tcp", "http", "ssh", "foo"].map(|scheme| ("DOCKER_HOST", format!("{scheme}://{LOGIN}")));
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, format!("http://{LOGIN}")));
    let commands = [
        "image debian:12",
        "image me:q7w8e9r0t1-plum@localhost:1/app:1",
        "measure .",
        "optimize . --verify",
        "compose verify compose.yaml",
        "audit . --build-arg API_TOKEN=q7w8e9r0t1-plum",
        "lint https://me:q7w8e9r0t1-plum@localhost:1/x",
        "audit . --build-arg BASE=me:q7w8e9r0t1-plum@x",
        "report https://me:q7w8e9r0t1-plum@localhost:1/x",
        "cache predict --change-build-arg API_TOKEN=q7w8e9r0t1-plum",
    ];
    for (name, value) in hosts.iter().chain(&proxies) {
        for command in commands {
            let mut dockopt = Command::new(env!("CARGO_BIN_EXE_dockopt"));
            dockopt.current_dir(folder.path()).env_clear().env("PATH", "/usr/bin:/bin").env(name, value);
            let output = dockopt.args(command.split(' ')).stdin(Stdio::null()).output().unwrap();
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!text.contains("q7w8e9"), "{name} {command}: {text}");
        }
    }
}
