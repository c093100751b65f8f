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
    let mut of_probes = findings(&audit);
    of_probes.retain(|finding| finding.starts_with("probe-"));
    assert_eq!(of_probes, expected("api.yaml", "readinessProbe", "for `/ready`", "for `/health`"));
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
        let (name, manifest) = if let Some(line) = probe.strip_prefix("ecs: ") {
            ("deploy/task.json", TASK.replace("curl -f http://localhost:8000/health || exit 1", line))
        } else {
            let ports = "[{containerPort: 8000, name: web}, {containerPort: 9000, name: admin}]";
            let manifest = DEPLOYMENT.replace("[{containerPort: 8000}]", ports);
            ("deploy/api.yaml", manifest.replace("httpGet: {path: /health, port: 8000}", probe))
        };
        let ran = Dockopt::new()
            .file("compose.yaml", &compose)
            .file("Dockerfile", "FROM python:3.13\nEXPOSE 8000\nCMD [\"python\", \"app.py\"]\n")
            .file(name, manifest.replace("task-tracker-backend", "api"))
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
            .file(&format!("deploy/{name}.yaml"), manifest.replace("port: 8000}\n---", "port: 8080}\n---"));
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
            DEPLOYMENT.replace("task-tracker-backend", "api").replace("httpGet: {path: /health, port: 8000}", &probe),
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

/// The files of a shop: a service whose Dockerfile is called `dockerfile`, one that is in no compose file, two programs with one name
/// that lie near to their manifests, and a pipeline that pushes one of them.
const SHOP: [(&str, &str); 10] = [
    (
        "compose.yaml",
        "services:\n  api:\n    build: ./api\n    healthcheck:\n      test: [CMD, curl, -f, 'http://localhost:8000/health']\n",
    ),
    ("api/dockerfile", "FROM python:3.13\nUSER app\nEXPOSE 8000\nCMD [\"uvicorn\", \"app:app\"]\n"),
    ("api/app.py", "app.get('/health')\n"),
    (
        "one/web/Dockerfile",
        "FROM node:22\nEXPOSE 3000\nHEALTHCHECK CMD curl -f http://localhost:3000/one\nCMD [\"node\", \"s.js\"]\n",
    ),
    (
        "two/web/Dockerfile",
        "FROM node:22\nUSER web\nEXPOSE 4000\nHEALTHCHECK CMD curl -f http://localhost:4000/two\nCMD [\"node\", \"s.js\"]\n",
    ),
    (
        "Dockerfile",
        "FROM node:22\nUSER top\nEXPOSE 5000\nHEALTHCHECK CMD curl -f http://localhost:5000/top\nCMD [\"node\", \"t.js\"]\n",
    ),
    (
        ".github/workflows/top.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v6\n      \
         - run: docker build -t registry.example.com/shop/gate:1 .\n",
    ),
    ("k8s/api.yaml", ""),
    ("one/k8s/web.yaml", ""),
    ("two/k8s/web.yaml", ""),
];

/// A Deployment with a Service.
fn deployment(name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: {name}\n          image: {image}\n          \
         ports: [{{containerPort: 8000}}]\n          securityContext: {{runAsNonRoot: true}}\n{more}---\napiVersion: v1\nkind: Service\n\
         metadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}}}\n"
    )
}

fn shop() -> Vec<(String, String)> {
    let probe = |port: u16| format!("          readinessProbe:\n            httpGet: {{path: /page, port: {port}}}\n");
    let mut files: Vec<(String, String)> =
        SHOP.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    for (name, text) in &mut files {
        match name.as_str() {
            "k8s/api.yaml" => *text = deployment("api", "shop/api:latest", &probe(8000)),
            "one/k8s/web.yaml" => *text = deployment("web", "shop/web:1", &probe(3000)),
            "two/k8s/web.yaml" => *text = deployment("web", "shop/web:1", &probe(4000)),
            _ => {}
        }
    }
    files.push(("k8s/gate.yaml".to_owned(), deployment("gate", "registry.example.com/shop/gate:1", &probe(5000))));
    files
}

/// What is said of some files, which lie in a folder below that of the process, or in that itself; `path`: what is asked for. The names
/// of files are those of the folder.
fn said(files: &[(String, String)], folder: &str, path: &dyn Fn(&Path) -> String) -> Vec<String> {
    let add = |dockopt: Dockopt, (name, text): &(String, String)| dockopt.file(&format!("{folder}{name}"), text);
    let dockopt = files.iter().fold(Dockopt::new(), add);
    let asked = path(dockopt.path());
    let ran = dockopt.args(["deploy", "check", &asked, "--format=json"]).run();
    let result = ran.json();
    let typed = format!("{}/", asked.trim_end_matches('/'));
    let plain = |text: &str| if asked == "." { text.to_owned() } else { text.replace(&typed, "") };
    let found = result["findings"].as_array().unwrap().iter();
    let found = found.map(|it| {
        let line = &it["span"]["start"]["line"];
        let text = |key: &str| plain(it[key].as_str().unwrap());
        format!("{} {}:{line}: {}", text("rule"), text("file"), text("message"))
    });
    let skipped = result["skipped"].as_array().unwrap().iter();
    let skipped =
        skipped.map(|it| format!("{} {}", plain(it["what"].as_str().unwrap()), plain(it["why"].as_str().unwrap())));
    let mut said: Vec<String> = found.chain(skipped).collect();
    said.sort();
    said
}

/// The texts below a folder, by their paths from it.
fn texts_below(top: &Path) -> Vec<(String, String)> {
    let (mut files, mut open) = (Vec::new(), vec![top.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.push((path.strip_prefix(top).unwrap().to_str().unwrap().to_owned(), text));
            }
        }
    }
    files
}

#[test]
fn any_path_to_a_folder_gives_the_same_findings() {
    let with_manifest = |name: &str| {
        let mut files = texts_below(Path::new(name));
        files.push(("deploy/api.yaml".to_owned(), DEPLOYMENT.replace(":1.4", ":latest").replace("/health", "/ready")));
        files
    };
    let projects = [shop(), with_manifest("fixtures/task-tracker"), with_manifest("tests/projects/express-deploy")];
    for files in &projects {
        let here = said(files, "", &|_| ".".to_owned());
        assert!(!here.is_empty());
        let absolute = |folder: &Path| folder.join("place").to_str().unwrap().to_owned();
        let beside = |folder: &Path| format!("../{}/place", folder.file_name().unwrap().to_str().unwrap());
        for path in [&absolute as &dyn Fn(&Path) -> String, &beside, &|_| "place".to_owned()] {
            assert_eq!(said(files, "place/", path), here);
        }
    }
}

#[test]
fn a_dockerfile_is_one_program_by_all_of_its_names() {
    let all = said(&shop(), "", &|_| ".".to_owned());
    let of = |start: &str| -> Vec<&str> {
        all.iter().filter(|it| it.starts_with(start)).map(|it| it.split_once(": ").unwrap().1).collect()
    };
    let user = |container: &str, user: &str, file: &str| {
        format!(
            "`runAsNonRoot` of `{container}` needs a number, and its image says `USER {user}` ({file}): the kubelet does not start it"
        )
    };
    assert_eq!(of("runs-as-name k8s/api"), [user("api", "app", "api/dockerfile:2")]);
    assert_eq!(of("runs-as-name two/"), [user("web", "web", "two/web/Dockerfile:2")]);
    assert_eq!(of("runs-as-name k8s/gate"), [user("gate", "top", "Dockerfile:2")]);
    assert!(of("runs-as-name one/").is_empty());
    let differs = |asker: &str, path: &str, place: &str| {
        format!("the readinessProbe of `web` asks for `/page`, the healthcheck of `{asker}` ({place}) for `{path}`")
    };
    assert_eq!(of("probe-differs-from-healthcheck one/"), [differs("web", "/one", "one/web/Dockerfile:3")]);
    assert_eq!(of("probe-differs-from-healthcheck two/"), [differs("web", "/two", "two/web/Dockerfile:4")]);
}

/// The rules behind the findings in some files, with the files.
fn rules_of(files: &[(&str, &str)]) -> Vec<String> {
    let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (name, text)| dockopt.file(name, text));
    let result = dockopt.args(["deploy", "check", "--format=json"]).run().json();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let found = result["findings"].as_array().unwrap().iter();
    found.map(|finding| format!("{} {}", text(finding, "rule"), text(finding, "file"))).collect()
}

#[test]
fn images_that_are_set_when_they_are_applied_are_silent() {
    let api = deployment("api", "shop/api:latest", "          readinessProbe: {tcpSocket: {port: 8000}}\n");
    let worker = deployment("worker", "shop/worker:latest", "          readinessProbe: {tcpSocket: {port: 8000}}\n");
    let with = |name: &str, text: &str| {
        let all = rules_of(&[("k8s/api.yaml", &api), ("k8s/worker.yaml", &worker), (name, text)]);
        all.iter().map(|it| it.split_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let both = ["k8s/api.yaml", "k8s/worker.yaml"];
    assert_eq!(with("deploy.sh", "kubectl apply -f k8s\n"), both);
    assert_eq!(with("deploy.sh", "sed -i \"s|shop/api:latest|shop/api:$TAG|\" k8s/api.yaml\n"), both[1..]);
    assert_eq!(with("Makefile", "deploy:\n\tkubectl set image deployment/api api=shop/api:$(TAG)\n"), both[1..]);
    assert_eq!(with("README.md", "Run `kubectl set image deployment/api api=shop/api:1`.\n"), both);
    assert!(with("deploy.sh", "kubectl set image deployment/$NAME $NAME=$IMAGE\n").is_empty());
    let build = "steps:\n  - name: gcr.io/cloud-builders/kubectl\n    args: [set, image, deployment/api, 'api=shop/api:$COMMIT_SHA']\n";
    assert_eq!(with("cloudbuild.yaml", build), both[1..]);
    // Flux writes the tag, and nobody has written these yet.
    let flux = api.replace("shop/api:latest", "shop/api:latest # {\"$imagepolicy\": \"shop:api\"}");
    assert!(rules_of(&[("k8s/api.yaml", &flux)]).is_empty());
    for image in [
        "your_php_image",
        "SERVICE_NAME:latest",
        "example/api",
        "REPLACE_ME",
        "a.example.com/ACCOUNT/api:latest",
        "shop/$IMAGE",
    ] {
        assert!(rules_of(&[("k8s/api.yaml", &api.replace("shop/api:latest", image))]).is_empty(), "{image}");
    }
    for image in ["yourls-mirror/api", "shop/example-api:latest", "registry.example.com/shop/api"] {
        assert_eq!(rules_of(&[("k8s/api.yaml", &api.replace("shop/api:latest", image))]).len(), 1, "{image}");
    }
}

#[test]
fn rollouts_that_nobody_sees_are_silent() {
    let dockerfile = ("Dockerfile", "FROM python:3.13\nEXPOSE 8000\nCMD [\"uvicorn\", \"app:app\"]\n");
    let api = deployment("api", "shop/api:1", "").replace("          securityContext: {runAsNonRoot: true}\n", "");
    let at = |place: &str, text: &str| -> Vec<String> {
        let all = rules_of(&[dockerfile, (place, text)]);
        all.iter().map(|it| it.split_once(' ').unwrap().0.to_owned()).collect()
    };
    let (drain, ready) = ("drain-missing", "readiness-missing-behind-service");
    assert_eq!(at("k8s/api.yaml", &api), [drain, ready]);
    assert!(at("k8s/overlays/local/api.yaml", &api).is_empty() && at("dev/api.yaml", &api).is_empty());
    assert!(at("local-environment/api.yaml", &api).is_empty());
    let with = |line: &str| api.replace("spec:\n  selector", &format!("spec:\n  {line}\n  selector"));
    assert!(at("k8s/api.yaml", &with("replicas: 0")).is_empty());
    assert_eq!(at("k8s/api.yaml", &with("strategy: {type: Recreate}")), ["rolls-with-outage", ready]);
    assert!(at("k8s/dev/api.yaml", &with("strategy: {type: Recreate}")).is_empty());
    let metrics = api
        .replace("spec: {selector: {app: api}}", "spec: {selector: {app: api}, ports: [{name: metrics, port: 8000}]}");
    assert!(at("k8s/api.yaml", &metrics).is_empty());
    let both = format!(
        "{metrics}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: api}}}}\n"
    );
    assert_eq!(at("k8s/api.yaml", &both), [drain, ready]);
    let drained =
        "          lifecycle: {preStop: {sleep: {seconds: 60}}}\n          readinessProbe: {tcpSocket: {port: 8000}}\n";
    let slow =
        deployment("api", "shop/api:1", drained).replace("          securityContext: {runAsNonRoot: true}\n", "");
    assert_eq!(at("k8s/api.yaml", &slow), ["grace-shorter-than-drain"]);
    assert!(at("k8s/minikube/api.yaml", &slow).is_empty());
}

#[test]
fn manifests_that_no_kustomization_takes_have_no_rollouts() {
    let api = deployment("api", "shop/api:latest", "").replace("          securityContext: {runAsNonRoot: true}\n", "");
    let with =
        |more: &[(&str, &str)]| rules_of(&[&[("k8s/base/services/api.yaml", api.as_str())], more].concat()).len();
    let own = ("k8s/base/services/kustomization.yaml", "resources: [api.yaml]\n");
    let above = |resources: &'static str| ("k8s/base/kustomization.yaml", resources);
    assert_eq!(with(&[]), 2);
    assert_eq!(with(&[own]), 2);
    assert_eq!(with(&[own, above("resources: [services]\n")]), 2);
    assert_eq!(with(&[own, above("resources: [other]\n")]), 0);
    assert_eq!(with(&[above("resources: [other]\n")]), 0);
    assert_eq!(with(&[above("resources: [services/api.yaml]\n")]), 2);
    let text = ("README.md", "Run `kubectl apply -k k8s/base/services`.\n");
    assert_eq!(with(&[own, above("resources: [other]\n"), text]), 2);
    let overlay = ("k8s/prod/kustomization.yaml", "resources: [../base/services]\n");
    assert_eq!(with(&[own, above("resources: [other]\n"), overlay]), 2);
}
