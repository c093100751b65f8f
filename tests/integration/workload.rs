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
