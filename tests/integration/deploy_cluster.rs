//! `dockopt deploy emit --for kubernetes` and `--for ecs`.

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

const SCHEMA: &str = include_str!("../../schemas/compose-emit.schema.json");

/// The tools, with a file that each writes for the fixture.
const TOOLS: [(&str, &str); 2] = [("kubernetes", "deploy/kubernetes/api.yaml"), ("ecs", "deploy/ecs/template.yaml")];

fn fixture(tool: &str, more: &[&str]) -> Dockopt {
    let arguments = ["deploy", "emit", "--for", tool].into_iter().chain(more.iter().copied());
    Dockopt::new().dir("task-tracker").args(arguments)
}

#[test]
fn a_second_run_changes_nothing() {
    for (tool, file) in TOOLS {
        let ran = fixture(tool, &["--write"]).run().code(0);
        let text = ran.read(file);
        assert!(text.starts_with("# Written by dockopt") && !text.contains(":latest"), "{text}");
        assert!(!text.contains("postgres:postgres"), "{text}");
        let again = ran.again(["deploy", "emit", "--for", tool, "--check"]).code(0);
        assert!(again.stderr.contains("nothing to write"), "{}", again.stderr);
        assert_eq!(again.read(file), text);
        let first = fixture(tool, &["--check"]).run().code(1);
        assert!(!first.has(file) && first.stdout.is_empty(), "{}", first.stdout);
    }
}

#[test]
fn probes_are_those_of_the_checks() {
    let ran = fixture("kubernetes", &["--write"]).run().code(0);
    let api = ran.read("deploy/kubernetes/api.yaml");
    for part in [
        "readinessProbe:\n            httpGet:\n              path: /health\n              port: 8000",
        "startupProbe:",
        "maxUnavailable: 0",
        "NATS_URL: nats://nats:4222",
        "key: DATABASE_URL",
    ] {
        assert!(api.contains(part), "{part}\n{api}");
    }
    assert!(!api.contains("livenessProbe"), "{api}");
    let worker = ran.read("deploy/kubernetes/worker.yaml");
    assert!(!worker.contains("Probe") && !worker.contains("kind: Service"), "{worker}");
    assert!(!ran.has("deploy/kubernetes/postgres.yaml") && !ran.has("deploy/kubernetes/nats.yaml"));
    let nginx = ran.read("deploy/kubernetes/nginx.yaml");
    assert!(nginx.contains("subPath: nginx.conf") && nginx.contains("kind: ConfigMap"), "{nginx}");
    assert!(ran.stderr.contains("`exit 0` and cannot fail"), "{}", ran.stderr);
}

#[test]
fn every_dependency_is_in_the_table_of_each_format() {
    for (tool, _) in TOOLS {
        let json = fixture(tool, &["--format", "json"]).run().code(0).json();
        keeps_schema(SCHEMA, &json);
        let edges = json["dependencies"].as_array().unwrap();
        assert_eq!(edges.len(), 6);
        assert!(edges.iter().all(|edge| !edge["reason"].as_str().unwrap().is_empty()));
        assert!(!json["steps"].as_array().unwrap().is_empty() && !json["choices"].as_array().unwrap().is_empty());
        for format in ["text", "markdown", "html"] {
            let shown = fixture(tool, &["--format", format]).run().code(0).stdout;
            for part in ["How each depends_on was translated", "nginx → api", "Steps", "roll back"] {
                assert!(shown.replace("&#95;", "_").contains(part), "{tool} {format} {part}\n{shown}");
            }
        }
        let explained = fixture(tool, &["--explain"]).run().code(0).stdout;
        assert!(explained.contains("compose.yaml:") && explained.contains("the check as"), "{explained}");
    }
}

#[test]
fn other_tools_have_no_table() {
    for tool in ["haproxy", "swarm"] {
        let json = fixture(tool, &["--format", "json"]).run().json();
        assert!(json.get("dependencies").is_none() && json.get("steps").is_none(), "{tool}");
    }
}

#[test]
fn files_of_others_are_not_written_over() {
    for (tool, file) in TOOLS {
        let ran = Dockopt::new()
            .dir("task-tracker")
            .file(file, "# mine\n")
            .args(["deploy", "emit", "--for", tool, "--write"])
            .run()
            .complains(&["is there and was not written by dockopt"]);
        assert_eq!(ran.read(file), "# mine\n");
        let elsewhere = ran.again(["deploy", "emit", "--for", tool, "--write", "--to", "ops"]).code(0);
        assert!(elsewhere.has(&file.replace("deploy/", "ops/")));
    }
}

/// The findings of `deploy check` in the files that were written.
fn findings_in_written(ran: &Ran) -> Vec<String> {
    // Which user and how much memory a service needs, a compose file need not say.
    let ignored = "--ignore=pod-runs-as-root,pod-without-resources";
    let result = ran.again(["deploy", "check", "--select", "all", ignored, "--format", "json"]).json();
    let all = result["findings"].as_array().unwrap().iter();
    let is_written = |finding: &&Value| finding["file"].as_str().unwrap().starts_with("deploy/");
    let shown = |finding: &Value| format!("{} {} {}", finding["rule"], finding["file"], finding["message"]);
    all.filter(is_written).map(shown).collect()
}

#[test]
fn what_is_written_has_no_finding_that_is_not_said() {
    for (tool, _) in TOOLS {
        let ran = fixture(tool, &["--write"]).run().code(0);
        let mut findings = findings_in_written(&ran);
        if tool == "kubernetes" {
            // The fixture has no check for them, so that nothing can be written.
            assert!(
                ran.stderr.contains("`dashboard` and `nginx`: neither the compose file nor its image has a check"),
                "{}",
                ran.stderr
            );
            let is_said = |finding: &String| {
                let names = ["`dashboard` has no readinessProbe", "`nginx` has no readinessProbe"];
                names.iter().any(|name| finding.contains(name))
            };
            assert_eq!(findings.iter().filter(|finding| is_said(finding)).count(), 2, "{findings:?}");
            findings.retain(|finding| !is_said(finding));
        }
        assert_eq!(findings, Vec::<String>::new(), "{tool}");
    }
}

/// Each row of the mapping tables as a service of one project, which others ask.
#[test]
fn what_is_written_of_each_check_has_no_finding() {
    let rows: Vec<Vec<&str>> = include_str!("../vectors/cluster-probes.tsv")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("case\t"))
        .map(|line| line.split('\t').collect())
        .collect();
    let mut project = Dockopt::new();
    let mut compose = "services:\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let name = format!("part{number}");
        compose += &format!("  {name}:\n    build: ./{name}\n    {}\n", row[1]);
        project = project.file(&format!("{name}/Dockerfile"), format!("{}\n", row[2].replace("\\n", "\n")));
    }
    let ran =
        project.file("compose.yaml", &compose).args(["deploy", "emit", "--for", "kubernetes", "--write"]).run().code(0);
    let ran = ran.again(["deploy", "emit", "--for", "ecs", "--write"]).code(0);
    assert!(ran.has("deploy/kubernetes/part1.yaml") && ran.has("deploy/ecs/template.yaml"));
    assert_eq!(findings_in_written(&ran), Vec::<String>::new());
}

#[test]
fn what_is_not_set_is_said() {
    let compose = "services:\n  api:\n    build: .\n    environment:\n      REGION: ${REGION}\n";
    for (tool, _) in TOOLS {
        let run = |more: &[&str]| {
            let arguments = ["deploy", "emit", "--for", tool].into_iter().chain(more.iter().copied());
            let project =
                Dockopt::new().file("compose.yaml", compose).file("Dockerfile", "FROM python:3.13\nCMD [\"a\"]\n");
            project.args(arguments).run().code(0)
        };
        let text = "`REGION` is not set, and so empty there";
        assert!(run(&["--write"]).stderr.contains(text));
        let shown = run(&["--explain"]);
        assert!(shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(text), "{}", shown.stdout);
    }
}

#[test]
fn a_service_in_a_profile_is_called_so() {
    let compose = "services:\n  api:\n    build: .\n    ports: ['127.0.0.1::8000']\n  tools:\n    build: ./tools\n    profiles: [debug]\n    \
                   depends_on: [api]\n";
    for (tool, _) in TOOLS {
        let arguments = ["deploy", "emit", "--for", tool, "--format", "json"];
        let project =
            Dockopt::new().file("compose.yaml", compose).file("Dockerfile", "FROM python:3.13\nCMD [\"a\"]\n");
        let json =
            project.file("tools/Dockerfile", "FROM python:3.13\nCMD [\"b\"]\n").args(arguments).run().code(0).json();
        let text = json.to_string();
        assert!(!text.contains("no application of the project"), "{text}");
        assert!(text.contains("it is in the profile `debug`, without which it is not started"), "{text}");
    }
}

#[test]
fn what_no_cluster_does_is_refused() {
    for (tool, file) in TOOLS {
        fixture(tool, &["--strategy", "canary"]).run().complains(&["no other `--strategy` than rolling"]);
        fixture(tool, &["--service", "ap"]).run().complains(&["no service is called `ap`", "`api`"]);
        fixture(tool, &["--service", "postgres"]).run().complains(&["is no application of the project"]);
        Dockopt::new().args(["deploy", "emit", "--for", tool]).run().complains(&["no compose file"]);
        let backend = "services:\n  db:\n    image: postgres:18\n";
        let none = Dockopt::new().file("compose.yaml", backend).args(["deploy", "emit", "--for", tool]);
        none.run().complains(&["no service of the compose file runs a program of the project"]);
        let ran = fixture(tool, &["--service", "api", "--write"]).run().code(0);
        assert!(ran.has(file) && !ran.has("deploy/kubernetes/worker.yaml"));
    }
}

#[test]
fn secrets_are_in_no_file_and_no_format() {
    let token = format!("ghp_{}", "16C7e42F292c6912E7710c838347Ae178B4a");
    let word = "zq8Lk3VbN5tYw2Xr";
    let compose = format!(
        "services:\n  api:\n    build: .\n    command: [serve, --token, {token}]\n    environment:\n      API_TOKEN: {word}\n      \
         NOTE: {token}\n      DATABASE_URL: postgres://app:{word}@db/shop\n      LEVEL: info\n    volumes: ['./app.conf:/etc/app.conf']\n    \
         healthcheck:\n      test: [CMD, check, --token, {token}]\n  web:\n    build: .\n    healthcheck:\n      test: curl -f \
         http://localhost:3000/up?token={token}\n"
    );
    let config = format!("[app]\ntoken = \"{token}\"\n");
    let dockerfile = "FROM node:22\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n";
    for (tool, _) in TOOLS {
        let run = |more: &[&str]| {
            let arguments = ["deploy", "emit", "--for", tool].into_iter().chain(more.iter().copied());
            let dockopt = Dockopt::new().file("Dockerfile", dockerfile).file("compose.yaml", &compose);
            dockopt.file("app.conf", &config).args(arguments).run().code(0)
        };
        for format in ["text", "json", "markdown", "html"] {
            let ran = run(&["--format", format]);
            let shown = ran.stdout.clone() + &ran.stderr;
            assert!(!shown.contains(&token) && !shown.contains(word), "{tool} {format}\n{shown}");
        }
        let ran = run(&["--write"]);
        for file in ["kubernetes/api.yaml", "kubernetes/web.yaml", "ecs/template.yaml"] {
            let path = format!("deploy/{file}");
            if ran.has(&path) {
                let text = ran.read(&path);
                assert!(!text.contains(&token) && !text.contains(word), "{text}");
                assert!(file.contains("web") || text.contains("LEVEL"), "{text}");
            }
        }
    }
}
