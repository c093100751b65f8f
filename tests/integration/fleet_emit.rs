//! `dockopt fleet emit`: what it writes for each system, and that the commands in it are ones of the program.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dockopt::yaml::{self, YamlNode, YamlTree};
use serde_json::json;

use crate::dockopt::{Dockopt, Ran};

const GITHUB: &str = ".github/workflows/dockopt-fleet.yml";
const GITLAB: &str = ".gitlab/dockopt-fleet.yml";
const CLUSTER: [&str; 4] = [
    "fleet/kubernetes/volume.yaml",
    "fleet/kubernetes/files.yaml",
    "fleet/kubernetes/run.yaml",
    "fleet/kubernetes/report.yaml",
];
const SYSTEMS: [(&str, &[&str]); 3] = [("github", &[GITHUB]), ("gitlab", &[GITLAB]), ("kubernetes", &CLUSTER)];

const DOCKERFILE: &str = "FROM alpine:3.22\nCOPY . /app\n";

/// A platform team's repository with a list of three folders.
fn platform() -> Dockopt {
    let mut project = Dockopt::new();
    let mut list = String::new();
    for name in ["api", "web", "worker"] {
        project = project.file(&format!("repos/{name}/Dockerfile"), DOCKERFILE);
        list += &format!("{{\"folder\": \"repos/{name}\"}}\n");
    }
    project.file("fleet.jsonl", list)
}

fn emit(project: Dockopt, arguments: &[&str]) -> Ran {
    project.args(["fleet", "emit"]).args(arguments.iter().copied()).run()
}

fn parsed(text: &str) -> YamlTree {
    let tree = yaml::read(text);
    assert_eq!(tree.problems(), [], "{text}");
    tree
}

fn node<'t>(tree: &'t YamlTree, path: &[&str]) -> YamlNode<'t> {
    path.iter().fold(tree.root().unwrap(), |node, key| match key.parse::<usize>() {
        Ok(number) => node.items().nth(number).unwrap_or_else(|| panic!("{path:?}")),
        Err(_) => node.get(key).unwrap_or_else(|| panic!("{path:?}: {key}")),
    })
}

/// Runs a script of a job as its system does, with the program in its path.
fn script(folder: &Path, shell: &[&str], script: &str, variables: &[(&str, &str)]) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_dockopt")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(script).current_dir(folder).env_clear().env("PATH", path);
    command.env("RUNNER_TEMP", folder.join("runner-temp")).envs(variables.iter().copied()).output().unwrap()
}

/// Checks that each item of the list has a result in one of these folders.
fn each_item_has_a_result(folder: &Path, results: &[&str]) {
    let count = |name: &&str| fs::read_dir(folder.join(name).join("results")).unwrap().count();
    assert_eq!(results.iter().map(count).sum::<usize>(), 3, "{results:?}");
}

#[test]
fn jobs_are_shown_then_written_once() {
    for (system, files) in SYSTEMS {
        let shown = emit(platform(), &[system]).code(0);
        for file in files {
            assert!(shown.stdout.contains(&format!("+++ b/{file}\n")) && !shown.has(file), "{}", shown.stdout);
        }
        emit(platform(), &[system, "--check"]).code(1);
        let ran = emit(platform(), &[system, "--write"]).code(0);
        let texts: Vec<String> = files.iter().map(|file| ran.read(file)).collect();
        for text in &texts {
            assert!(text.starts_with("# Written by `dockopt fleet emit`"), "{text}");
            parsed(text);
        }
        let again = ran.again(["fleet", "emit", system, "--write"]).code(0);
        assert!(again.stderr.contains("nothing to write\n"), "{}", again.stderr);
        again.again(["fleet", "emit", system, "--check"]).code(0);
        assert_eq!(files.iter().map(|file| again.read(file)).collect::<Vec<_>>(), texts);
        // What dockopt writes passes its own checks.
        for check in [&["ci", "check", "--select", "all"][..], &["audit", "--no-history"], &["deploy", "check"]] {
            let checked = ran.again(check.iter().copied());
            let is_written = |line: &&str| files.iter().any(|file| line.contains(file));
            assert_eq!(checked.stdout.lines().filter(is_written).count(), 0, "{}", checked.stdout);
        }
        for format in ["json", "markdown", "html"] {
            let arguments = ["--format", format];
            let ran = platform().args(["fleet", "emit", system, "--explain"]).args(arguments).run().code(0);
            assert!(ran.stdout.contains("assumed") && ran.stdout.contains("shards"), "{}", ran.stdout);
        }
    }
}

#[test]
fn a_file_of_somebody_is_left_alone() {
    for (system, files) in SYSTEMS {
        let ran = emit(platform().file(files[0], "name: mine\n"), &[system, "--write"]).code(2);
        assert!(ran.stderr.contains("is there, and is not as dockopt wrote it"), "{}", ran.stderr);
        assert_eq!(ran.read(files[0]), "name: mine\n");
        let ran = emit(platform(), &[system, "--write"]).code(0);
        let edited = ran.read(files[0]) + "# mine\n";
        fs::write(ran.path().join(files[0]), &edited).unwrap();
        let ran = ran.again(["fleet", "emit", system, "--write", "--shards", "2"]).code(2);
        assert_eq!(ran.read(files[0]), edited);
        fs::remove_file(ran.path().join(files[0])).unwrap();
        ran.again(["fleet", "emit", system, "--write", "--shards", "2"]).code(0);
    }
}

#[test]
fn parts_of_a_workflow_check_the_whole_list() {
    let ran = emit(platform(), &["github", "--write", "--shards", "2"]).code(0);
    let text = ran.read(GITHUB);
    let tree = parsed(&text);
    let shards: Vec<String> = node(&tree, &["jobs", "run", "strategy", "matrix", "shard"])
        .items()
        .map(|shard| shard.text().unwrap().to_owned())
        .collect();
    assert_eq!(shards, ["1", "2"]);
    let steps = node(&tree, &["jobs", "run", "steps"]);
    let step = steps.items().find(|step| step.get("name").and_then(YamlNode::text) == Some("Check")).unwrap();
    let run = step.get("run").and_then(YamlNode::text).unwrap();
    // Nothing of an expression is in a script.
    assert!(!run.contains("${{"), "{run}");
    for shard in &shards {
        let value = |key: &str| {
            let value = step.get("env").and_then(|env| env.get(key)).and_then(YamlNode::text).unwrap();
            value.replace("${{ matrix.shard }}", shard)
        };
        let values = ["LIST", "SHARD", "SHARDS", "LAYER_SPACE"].map(|key| (key, value(key)));
        let variables: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let output = script(ran.path(), &["bash", "-eo", "pipefail", "-c"], run, &variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    each_item_has_a_result(ran.path(), &["results-1", "results-2"]);
}

#[test]
fn parts_of_a_pipeline_check_the_whole_list() {
    let project = platform().file(".gitlab-ci.yml", "stages: [check, ship]\n");
    let ran = emit(
        project,
        &["gitlab", "--write", "--shards", "2", "--registry", "registry.example", "--list", "fleet.jsonl"],
    );
    let text = ran.code(0).read(GITLAB);
    let tree = parsed(&text);
    assert_eq!(node(&tree, &[".dockopt-fleet", "stage"]).text(), Some("check"));
    assert_eq!(node(&tree, &["dockopt-fleet-run", "parallel"]).text(), Some("2"));
    let run = node(&tree, &["dockopt-fleet-run", "script", "0"]).text().unwrap();
    let space = node(&tree, &["dockopt-fleet-run", "variables", "LAYER_SPACE"]).text().unwrap();
    let ran = emit(platform(), &["gitlab", "--shards", "2"]).code(0);
    let credentials = "{\"auths\": {}}";
    for index in ["1", "2"] {
        let variables = [
            ("CI_NODE_INDEX", index),
            ("CI_NODE_TOTAL", "2"),
            ("LIST", "fleet.jsonl"),
            ("LAYER_SPACE", space),
            ("DOCKER_AUTH_CONFIG", credentials),
        ];
        let output = script(ran.path(), &["sh", "-euc"], run, &variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    each_item_has_a_result(ran.path(), &["results-1", "results-2"]);
}

#[test]
fn parts_of_a_cluster_check_the_whole_list() {
    let ran = emit(platform(), &["kubernetes", "--write", "--shards", "2", "--namespace", "platform"]).code(0);
    let text = ran.read("fleet/kubernetes/run.yaml");
    let tree = parsed(&text);
    assert_eq!(node(&tree, &["metadata", "namespace"]).text(), Some("platform"));
    let container = node(&tree, &["spec", "template", "spec", "containers", "0"]);
    for index in ["0", "1"] {
        // The volume is the folder, and Kubernetes puts in what a variable says.
        let argument = |node: YamlNode| {
            let text = node.text().unwrap().replace("$(JOB_COMPLETION_INDEX)", index).replace("/tmp/", "tmp/");
            text.strip_prefix("/fleet/").map_or_else(|| text.clone(), str::to_owned)
        };
        let arguments: Vec<String> = container.get("args").unwrap().items().map(argument).collect();
        let next = ran.next().env("JOB_COMPLETION_INDEX", index).args(arguments.iter().map(String::as_str));
        let shard = format!("\"of\":{}", if index == "0" { 2 } else { 1 });
        assert!(next.run().code(0).stderr.contains(&shard));
    }
    each_item_has_a_result(ran.path(), &["results/index-0", "results/index-1"]);
    let report = ran.read("fleet/kubernetes/report.yaml");
    assert!(report.contains("- /fleet/results #"), "{report}");
    let joined = ran.again(["fleet", "report", "results", "--complete", "--wait", "1"]).code(0);
    assert!(joined.stdout.starts_with("3 folders"), "{}", joined.stdout);
}

#[test]
fn an_index_comes_from_the_environment() {
    let run = |variables: &[(&str, &str)]| {
        let project = platform().args(["fleet", "run", "fleet.jsonl", "--out", "results", "--shard", "index/3"]);
        variables.iter().fold(project, |project, (name, value)| project.env(name, value)).run()
    };
    for (name, value) in [("JOB_COMPLETION_INDEX", "2"), ("CI_NODE_INDEX", "3")] {
        assert!(run(&[(name, value)]).code(0).read("results/run.json").contains("\"shard\": \"3/3\""));
    }
    run(&[]).complains(&["`index` is not known", "`JOB_COMPLETION_INDEX`", "`CI_NODE_INDEX`"]);
    for (name, value) in [
        ("JOB_COMPLETION_INDEX", "3"),
        ("CI_NODE_INDEX", "0"),
        ("CI_NODE_INDEX", "x"),
        ("JOB_COMPLETION_INDEX", "18446744073709551615"),
    ] {
        run(&[(name, value)]).complains(&[&format!("`{name}` is `{value}`")]);
    }
}

#[test]
fn amounts_come_from_a_run() {
    let line = |number: usize, seconds: f64| {
        let item = format!("registry:registry.example/app-{number}:1.0");
        json!({"item": item, "seconds": seconds, "cpu_seconds": seconds, "memory_bytes": 300_000_000}).to_string()
            + "\n"
    };
    let listed = |number: usize| format!("{{\"image\": \"registry:registry.example/app-{number}:1.0\"}}\n");
    let list = (0..100).map(listed).collect::<Vec<_>>().concat();
    let summary =
        json!({"schema": "dockopt.fleet-summary/1", "jobs": 2, "items": 100, "fetched_bytes": 1_000_000_000_u64});
    let project = Dockopt::new()
        .file("run/list.jsonl", &list)
        .file("run/measurements.jsonl", (0..100).map(|number| line(number, 120.0)).collect::<String>() + "{\"item\"")
        .file("run/summary.json", summary.to_string());
    // 100 images of two minutes, two at a time, are 100 minutes: four parts of 25.
    let ran = emit(project, &["kubernetes", "--run", "run", "--registry", "registry.example", "--write"]).code(0);
    let text = ran.read("fleet/kubernetes/run.yaml");
    for part in
        ["completions: 4\n", "activeDeadlineSeconds: 4500\n", "100 images of 120.0 s (measured)", "cpu: 2000m\n"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(ran.read("fleet/kubernetes/list.yaml").contains("- --registry\n            - \"registry.example\"\n"));
    assert!(text.contains("secretName: dockopt-fleet-registry"), "{text}");
    let ran = ran.again([
        "fleet",
        "emit",
        "kubernetes",
        "--run",
        "run",
        "--registry",
        "registry.example",
        "--minutes",
        "50",
        "--write",
    ]);
    assert!(ran.code(0).read("fleet/kubernetes/run.yaml").contains("completions: 2\n"));
}

#[test]
fn what_is_missing_or_hostile_is_refused() {
    for (system, _) in SYSTEMS {
        emit(Dockopt::new(), &[system]).complains(&["fleet.jsonl", "dockopt fleet list", "--registry"]);
        emit(Dockopt::new().file("fleet.jsonl", "{\n"), &[system]).complains(&["1 line without an item: line 1"]);
        emit(platform(), &[system, "--shards", "5000"]).complains(&["5000 shards are too many"]);
        emit(platform(), &[system, "missing"]).complains(&["`missing` is not a folder"]);
        for (file, text) in [
            ("list.jsonl", "{}"),
            ("run/summary.json", "{}"),
            ("run/summary.json", "{\"schema\": \"dockopt.fleet-summary/1\"}"),
            ("run/summary.json", "{"),
        ] {
            let project = platform().file(file, text).file("run/list.jsonl", "").file("run/measurements.jsonl", "");
            emit(project, &[system, "--run", "run"]).complains(&["`run` is no folder of results", "fleet run --out"]);
        }
        for option in ["--registry", "--namespace", "--storage-class", "--image", "--storage", "--list"] {
            for value in ["a b", "a\nb: c", "${{ github.token }}", "$(id)", "a'b", "", "../x\""] {
                let ran = emit(platform(), &[system, &format!("{option}={value}")]);
                ran.complains(&["invalid value", option, "expected"]);
            }
        }
    }
}
