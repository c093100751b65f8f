//! Manifests next to a compose file: `deploy check` and `audit` say where they differ from its healthchecks, and nothing where they
//! agree.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: api}}\n  \
    template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n        - name: api\n          \
    image: registry.example.com/task-tracker-backend:1.4\n          ports: [{containerPort: 8000}]\n          \
    lifecycle: {preStop: {sleep: {seconds: 5}}}\n          readinessProbe:\n            httpGet: {path: /health, port: 8000}\n---\n\
    apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: api}}\n";

const TASK: &str = "{\n  \"family\": \"api\",\n  \"containerDefinitions\": [{\n    \"name\": \"api\",\n    \
    \"image\": \"registry.example.com/task-tracker-backend:1.4\",\n    \"cpu\": null,\n    \"portMappings\": [{\"containerPort\": 8000}],\n    \
    \"healthCheck\": {\"command\": [\"CMD-SHELL\", \"curl -f http://localhost:8000/health || exit 1\"], \"interval\": 30, \"retries\": 3}\n  }]\n}\n";

const TERRAFORM: &str = "resource \"aws_ecs_task_definition\" \"api\" {\n  family = \"api\"\n  container_definitions = jsonencode([{\n    \
    name         = \"api\"\n    image        = \"registry.example.com/task-tracker-backend:1.4\"\n    portMappings = [{ containerPort = 8000 }]\n  }])\n}\n\n\
    resource \"aws_lb_target_group\" \"api\" {\n  port = 8000\n  health_check {\n    path = \"/health\"\n  }\n}\n\n\
    resource \"aws_ecs_service\" \"api\" {\n  task_definition = aws_ecs_task_definition.api.arn\n  load_balancer {\n    \
    target_group_arn = aws_lb_target_group.api.arn\n    container_name   = \"api\"\n    container_port   = 8000\n  }\n}\n";

/// The repository of the fixture with these manifests.
fn repository(manifests: &[(&str, &str)]) -> Dockopt {
    let top = Path::new("fixtures/task-tracker");
    let mut project = Dockopt::new();
    let mut open = vec![top.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                project = project.file(path.strip_prefix(top).unwrap().to_str().unwrap(), &text);
            }
        }
    }
    manifests.iter().fold(project, |project, (name, text)| project.file(name, text))
}

/// The findings in manifests: rule, file and message.
fn findings(ran: &Ran) -> Vec<String> {
    let result = ran.json();
    let all = result["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let is_meant = |finding: &&Value| finding["file"].as_str().is_some_and(|file| file.starts_with("deploy/"));
    all.filter(is_meant)
        .map(|finding| format!("{} {}: {}", text(finding, "rule"), text(finding, "file"), text(finding, "message")))
        .collect()
}

fn check(manifests: &[(&str, &str)]) -> Vec<String> {
    findings(&repository(manifests).args(["deploy", "check", "--format=json"]).run())
}

const ALL: [(&str, &str); 3] =
    [("deploy/api.yaml", DEPLOYMENT), ("deploy/ecs/task.json", TASK), ("deploy/aws/main.tf", TERRAFORM)];

#[test]
fn manifests_that_agree_are_silent() {
    assert_eq!(check(&ALL), Vec::<String>::new());
}

#[test]
fn other_paths_ports_and_target_groups_are_found() {
    let with = |number: usize, old: &str, new: &str| {
        assert!(ALL[number].1.contains(old), "{old}");
        let text = ALL[number].1.replace(old, new);
        let mut manifests = ALL;
        manifests[number].1 = &text;
        check(&manifests)
    };
    let start = "probe-differs-from-healthcheck deploy/";
    let end = "the healthcheck of `api` (compose.yaml:43)";
    let expected = |file: &str, asker: &str, asks: &str, other: &str| {
        vec![format!("{start}{file}: the {asker} of `api` asks {asks}, {end} {other}")]
    };
    assert_eq!(with(0, "/health", "/ready"), expected("api.yaml", "readinessProbe", "for `/ready`", "for `/health`"));
    assert_eq!(with(0, "port: 8000}", "port: 80}"), expected("api.yaml", "readinessProbe", "port 80", "port 8000"));
    assert_eq!(
        with(1, "8000/health", "8000/ready"),
        expected("ecs/task.json", "healthCheck", "for `/ready`", "for `/health`")
    );
    assert_eq!(
        with(2, "/health", "/ready"),
        expected("aws/main.tf", "health check of the target group", "for `/ready`", "for `/health`")
    );
    let audit = repository(&[("deploy/api.yaml", &DEPLOYMENT.replace("/health", "/ready"))]);
    let audit = audit.args(["audit", "--no-history", "--format=json"]).run();
    assert_eq!(findings(&audit), expected("api.yaml", "readinessProbe", "for `/ready`", "for `/health`"));
}

/// What a probe of Kubernetes, or a check of ECS, differs in from a healthcheck; `-` where it is the same.
const DRIFTS: [(&str, &str, &str); 27] = [
    (CURL, "tcpSocket: {port: 5000}", "asks port 5000, … port 8000"),
    (CURL, "tcpSocket: {port: 8000}", "-"),
    (CURL, "tcpSocket: {port: web}", "-"),
    (CURL, "tcpSocket: {port: admin}", "asks port 9000, … port 8000"),
    (CURL, "grpc: {port: 50051}", "asks port 50051, … port 8000"),
    (CURL, "httpGet: {path: /health, port: 8000, scheme: HTTPS}", "asks over HTTPS, … over HTTP"),
    (CURL, "httpGet: {path: /health, port: 8000, scheme: HTTP}", "-"),
    ("curl -fk https://localhost:8000/health", "httpGet: {path: /health, port: 8000}", "asks over HTTP, … over HTTPS"),
    (CURL, "exec: {command: ['true']}", "ends with `true` and cannot fail, … asks for `/health` on port 8000"),
    (CURL, "exec: {command: [cat, /tmp/ready]}", "runs `cat /tmp/ready`, … asks for `/health` on port 8000"),
    (CURL, "exec: {command: [sh, -c, 'wget -qO- localhost:8000/health']}", "-"),
    (CURL, "exec: {command: [curl, -fsS, -m, '2', 'http://127.0.0.1:8000/health']}", "-"),
    (CURL, "exec: {command: [curl, -f, 'http://localhost:9000/health']}", "asks port 9000, … port 8000"),
    (CURL, "exec: {command: [python, check.py]}", "-"),
    ("nc -z localhost 8000", "httpGet: {path: /up, port: 8000}", "-"),
    ("nc -z localhost 8000", "httpGet: {path: /up, port: 8080}", "asks port 8080, … port 8000"),
    ("python check.py", "exec: {command: [python, check.py]}", "-"),
    ("python check.py", "exec: {command: [/bin/sh, -c, '/usr/bin/python3 \"check.py\" || exit 1']}", "-"),
    ("python check.py", "exec: {command: [python, other.py]}", "runs `python other.py`, … runs `python check.py`"),
    (
        "python check.py",
        "exec: {command: [sh, -c, 'exit 0']}",
        "ends with `exit 0` and cannot fail, … runs `python check.py`",
    ),
    ("python check.py", "httpGet: {path: /up, port: 8080}", "-"),
    ("exit 0", "exec: {command: [python, check.py]}", "-"),
    ("curl -f http://localhost:$$PORT/up", "exec: {command: [sh, -c, 'curl -sS -f http://localhost:${PORT}/up']}", "-"),
    (
        "curl -f http://localhost:$$PORT/up",
        "exec: {command: [sh, -c, 'curl -f http://localhost:$PORT/live']}",
        "runs `curl -f http://localhost:$PORT/live`, … runs `curl -f http://localhost:$PORT/up`",
    ),
    (CURL, "ecs: exit 0", "ends with `exit 0` and cannot fail, … asks for `/health` on port 8000"),
    (CURL, "ecs: test -f /tmp/ready", "runs `test -f /tmp/ready`, … asks for `/health` on port 8000"),
    (CURL, "ecs: curl -sf http://localhost:8000/health || exit 1", "-"),
];

const CURL: &str = "curl -f http://localhost:8000/health || exit 1";

#[test]
fn other_ports_schemes_and_commands_are_found() {
    for (test, probe, expected) in DRIFTS {
        let compose = format!("services:\n  api:\n    build: .\n    healthcheck:\n      test: {test}\n");
        let (name, manifest) = match probe.strip_prefix("ecs: ") {
            Some(line) => ("deploy/task.json", TASK.replace("curl -f http://localhost:8000/health || exit 1", line)),
            None => {
                let ports = "[{containerPort: 8000, name: web}, {containerPort: 9000, name: admin}]";
                let manifest = DEPLOYMENT.replace("[{containerPort: 8000}]", ports);
                ("deploy/api.yaml", manifest.replace("httpGet: {path: /health, port: 8000}", probe))
            }
        };
        let ran = Dockopt::new()
            .file("compose.yaml", &compose)
            .file("Dockerfile", "FROM python:3.13\nEXPOSE 8000\nCMD [\"python\", \"app.py\"]\n")
            .file(name, &manifest.replace("task-tracker-backend", "api"))
            .args(["deploy", "check", "--select", "probe-differs-from-healthcheck", "--format=json"])
            .run();
        let shown = |message: &String| {
            let (_, asks) = message.split_once("of `api` ").unwrap();
            asks.replace("the healthcheck of `api` (compose.yaml:5)", "…")
        };
        let found: Vec<String> = findings(&ran).iter().map(shown).collect();
        assert_eq!(found, if expected == "-" { vec![] } else { vec![expected] }, "{test}: {probe}");
    }
}

#[test]
fn a_load_balancer_that_only_connects_asks_a_port() {
    let group = TERRAFORM.replace("path = \"/health\"", "protocol = \"TCP\"");
    assert_eq!(check(&[("deploy/aws/main.tf", &group)]), Vec::<String>::new());
    let other = group.replace("protocol = \"TCP\"", "protocol = \"TCP\"\n    port = 5000");
    let message = "probe-differs-from-healthcheck deploy/aws/main.tf: the health check of the target group of `api` asks port 5000, \
                   the healthcheck of `api` (compose.yaml:43) port 8000";
    assert_eq!(check(&[("deploy/aws/main.tf", &other)]), [message]);
    let link = group.replace("container_port   = 8000", "container_port   = 5000");
    let found = check(&[("deploy/aws/main.tf", &link)]);
    assert!(found.contains(&message.to_owned()), "{found:?}");
}

#[test]
fn each_service_with_another_probe_is_a_line_with_both_places() {
    let names = ["api", "jobs", "web"];
    let mut project = Dockopt::new();
    let mut compose = "services:\n".to_owned();
    for name in names {
        compose += &format!("  {name}:\n    build: ./{name}\n    healthcheck:\n      test: {CURL}\n");
        let manifest = DEPLOYMENT.replace("task-tracker-backend", name).replace("name: api", &format!("name: {name}"));
        project = project
            .file(&format!("{name}/Dockerfile"), "FROM python:3.13\nEXPOSE 8000\nCMD [\"python\", \"app.py\"]\n")
            .file(&format!("deploy/{name}.yaml"), &manifest.replace("port: 8000}\n---", "port: 8080}\n---"));
    }
    let project = project.file("compose.yaml", &compose);
    let page = project.args(["audit", "--no-history"]).run().stdout;
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for (number, name) in names.into_iter().enumerate() {
        let line = format!(
            "the readinessProbe of `{name}` asks port 8080, the healthcheck of `{name}` (compose.yaml:{}) port 8000",
            5 + 4 * number
        );
        assert!(words.contains(&line) && words.contains(&format!("deploy/{name}.yaml:")), "{line}\n{page}");
    }
}

#[test]
fn commands_with_secrets_are_not_shown() {
    let token = format!("ghp_{}", "16C7e42F292c6912E7710c838347Ae178B4a");
    let probe = format!("exec: {{command: [check, --token, {token}]}}");
    let ran = Dockopt::new()
        .file("compose.yaml", "services:\n  api:\n    build: .\n    healthcheck:\n      test: python check.py\n")
        .file("Dockerfile", "FROM python:3.13\nCMD [\"python\", \"app.py\"]\n")
        .file(
            "deploy/api.yaml",
            &DEPLOYMENT.replace("task-tracker-backend", "api").replace("httpGet: {path: /health, port: 8000}", &probe),
        )
        .args(["deploy", "check", "--format=json"])
        .run();
    assert!(ran.stdout.contains("runs `check …`") && !ran.stdout.contains(&token), "{}", ran.stdout);
}

#[test]
fn what_kompose_writes_is_found() {
    let probe = "          readinessProbe:\n            httpGet: {path: /health, port: 8000}\n";
    let line = "          livenessProbe:\n            exec:\n              command: [\"curl -f http://localhost:8000/health || exit 1\"]\n";
    let rules = |text: &str| -> Vec<String> {
        let all = check(&[("deploy/api.yaml", text)]);
        all.iter().map(|finding| finding.split(' ').next().unwrap().to_owned()).collect()
    };
    let written = DEPLOYMENT.replace(probe, line).replace("  replicas: 2\n", "  strategy: {type: Recreate}\n");
    assert_eq!(rules(&written), ["rolls-with-outage", "readiness-missing-behind-service", "exec-probe-needs-shell"]);
    let shell = line.replace("[\"curl", "[\"/bin/sh\", \"-c\", \"curl");
    assert_eq!(rules(&DEPLOYMENT.replace(probe, &format!("{probe}{shell}"))), Vec::<String>::new());
}

#[test]
fn a_folder_needs_no_compose_file() {
    let run = |text: &str| Dockopt::new().file("k8s/api.yaml", text).args(["deploy", "check"]).run();
    let latest = DEPLOYMENT.replace(":1.4", ":latest");
    let ran = run(&latest).code(1);
    assert!(ran.stdout.contains("[latest-image]"), "{}", ran.stdout);
    run(DEPLOYMENT).code(0);
}

#[test]
fn templates_and_ambiguous_containers_are_named() {
    let template = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n";
    let compose = "services:\n  api:\n    build: a\n    image: shop\n  web:\n    build: b\n    image: shop\n";
    let deployment = DEPLOYMENT.replace("task-tracker-backend", "shop").replace("name: api", "name: other");
    let ran = Dockopt::new()
        .file("compose.yaml", compose)
        .file("a/Dockerfile", "FROM python:3.13\nCMD [\"a\"]\n")
        .file("b/Dockerfile", "FROM node:22\nCMD [\"a\"]\n")
        .file("chart/templates/api.yaml", template)
        .file("k8s/api.yaml", &deployment)
        .args(["deploy", "check", "--format=json"])
        .run();
    let result = ran.json();
    let skipped: Vec<&str> =
        result["skipped"].as_array().unwrap().iter().filter_map(|it| it["what"].as_str()).collect();
    assert_eq!(skipped, ["chart/templates/api.yaml", "k8s/api.yaml:11"]);
    let only = Dockopt::new().file("chart/templates/api.yaml", template).args(["deploy", "check"]).run().code(0);
    assert!(only.stdout.contains("chart/templates/api.yaml"), "{}{}", only.stdout, only.stderr);
}

#[test]
fn secrets_of_manifests_are_not_shown() {
    let secret = "          env: [{name: DB_PASSWORD, value: tr0ub4dor-3}]\n          ports:";
    let text = DEPLOYMENT.replace(":1.4", ":latest").replace("          ports:", secret);
    for format in ["text", "json", "html"] {
        let project = Dockopt::new().file("k8s/api.yaml", &text);
        let ran = project.args(["deploy", "check", "--format", format]).run().code(1);
        assert!(ran.stdout.contains("latest-image") && !ran.stdout.contains("tr0ub4dor"), "{format}: {}", ran.stdout);
    }
}
