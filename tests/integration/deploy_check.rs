//! `deploy check` from the command line: its answers, exit codes and result, and what it refuses.

use serde_json::Value;

use crate::dockopt::Dockopt;
use crate::fixtures::keeps_schema;

const GOOD: &str = "services:\n  nginx:\n    image: nginx:1.28\n    ports: [\"80:80\"]\n    volumes: [\"./nginx.conf:/etc/nginx/conf.d/default.conf:ro\"]\n  \
    api:\n    build: .\n    stop_grace_period: 30s\n  postgres:\n    image: postgres:17\n";

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY app.py /app.py\nEXPOSE 8000\nHEALTHCHECK CMD [\"python\", \"/app.py\", \"check\"]\n\
    CMD [\"python\", \"/app.py\"]\n";

const NGINX: &str = "server {\n    listen 80;\n    resolver 127.0.0.11 valid=1s;\n    location / {\n        set $target api;\n        \
    proxy_pass http://$target:8000;\n    }\n}\n";

fn project(compose: &str, dockerfile: &str, nginx: &str) -> Dockopt {
    Dockopt::new()
        .file("compose.yaml", compose)
        .file("Dockerfile", dockerfile)
        .file("nginx.conf", nginx)
        .file("app.py", "")
}

/// The services with their answers and the rules behind them.
fn answers(result: &Value) -> Vec<String> {
    let services = result["services"].as_array().unwrap().iter();
    let answer = |service: &Value| {
        let reasons = service["reasons"].as_array().unwrap().iter();
        let rules: Vec<&str> = reasons.map(|reason| reason["rule"].as_str().unwrap()).collect();
        format!(
            "{} {} {}",
            service["service"].as_str().unwrap(),
            service["replaceable"].as_str().unwrap(),
            rules.join(" ")
        )
    };
    services.map(answer).collect()
}

#[test]
fn a_service_without_faults_can_be_replaced() {
    let ran = project(GOOD, DOCKERFILE, NGINX).args(["deploy", "check", "--strict", "--format=json"]).run().code(0);
    keeps_schema(include_str!("../../schemas/deploy-check.schema.json"), &ran.json());
    assert_eq!(answers(&ran.json()), ["api yes "]);
    let ran = project(GOOD, DOCKERFILE, NGINX).args(["deploy", "check"]).run().code(0);
    assert!(ran.stdout.contains("api (compose.yaml:6): can be replaced without loss"), "{}", ran.stdout);
}

#[test]
fn each_fault_speaks_against_its_service() {
    let name = |compose: &str, dockerfile: &str, nginx: &str| {
        let ran = project(compose, dockerfile, nginx).args(["deploy", "check", "--format=json"]).run().code(1);
        keeps_schema(include_str!("../../schemas/deploy-check.schema.json"), &ran.json());
        answers(&ran.json()).join("; ")
    };
    let with = |more: &str| GOOD.replace("    build: .\n", &format!("    build: .\n{more}"));
    assert_eq!(name(&with("    ports: [\"8000:8000\"]\n"), DOCKERFILE, NGINX), "api no compose-port-fixed");
    assert_eq!(name(&with("    container_name: api\n"), DOCKERFILE, NGINX), "api no compose-name-fixed");
    assert_eq!(
        name(&with("    command: gunicorn --timeout 60 app:app\n"), DOCKERFILE, NGINX),
        "api no compose-grace-too-short"
    );
    let shell = DOCKERFILE.replace("CMD [\"python\", \"/app.py\"]\n", "CMD python /app.py\n");
    assert_eq!(name(GOOD, &shell, NGINX), "api no shell-form-command");
    // Its own command stands in the place of CMD.
    let command = with("    command: python /app.py\n");
    project(&command, &shell, NGINX).args(["deploy", "check"]).run().code(0);
    let fixed = "upstream api { server api:8000; }\nserver { location / { proxy_pass http://api; } }\n";
    assert_eq!(name(GOOD, DOCKERFILE, fixed), "api no compose-proxy-address-kept");
    let unchecked = DOCKERFILE.replace("HEALTHCHECK CMD [\"python\", \"/app.py\", \"check\"]\n", "");
    assert_eq!(name(GOOD, &unchecked, NGINX), "api no compose-check-missing");
    // All reasons at once.
    let all = with("    ports: [\"8000:8000\"]\n    container_name: api\n");
    assert_eq!(
        name(&all, &unchecked, fixed),
        "api no compose-proxy-address-kept compose-check-missing compose-port-fixed compose-name-fixed"
    );
}

#[test]
fn what_is_not_known_fails_strictly() {
    let compose =
        "services:\n  api:\n    image: registry.example.com/api:1\n    healthcheck:\n      test: [\"CMD\", \"true\"]\n";
    let run = |arguments: &[&str]| {
        let arguments = ["deploy", "check"].iter().chain(arguments).copied();
        Dockopt::new().file("compose.yaml", compose).args(arguments).run()
    };
    let ran = run(&["--format=json"]).code(0);
    assert_eq!(answers(&ran.json()), ["api unknown "]);
    assert!(run(&[]).stdout.contains("not known: its image (`registry.example.com/api:1`) is not built here"));
    run(&["--strict"]).code(1);
}

#[test]
fn services_are_chosen_by_name() {
    let run = |service: &str| {
        let compose = GOOD.replace("  postgres:", "  web:\n    build: .\n    container_name: web\n  postgres:");
        project(&compose, DOCKERFILE, NGINX).args(["deploy", "check", "--format=json", "--service", service]).run()
    };
    assert_eq!(answers(&run("api").code(0).json()), ["api yes "]);
    assert_eq!(answers(&run("web").code(1).json()), ["web no compose-name-fixed"]);
    assert!(run("apj").code(2).stderr.contains("did you mean `api`?"));
    assert!(run("postgres").code(2).stderr.contains("is not replaced"));
}

#[test]
fn a_file_can_be_named_and_none_is_an_error() {
    let other = "services:\n  other:\n    build: .\n    container_name: other\n";
    let ran = project(GOOD, DOCKERFILE, NGINX)
        .file("compose.other.yaml", other)
        .args(["deploy", "check", "compose.other.yaml", "--format=json"])
        .run()
        .code(1);
    assert_eq!(answers(&ran.json()), ["other no compose-name-fixed"]);
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).args(["deploy", "check"]).run().code(2);
    assert!(ran.stderr.contains("no compose file found"), "{}", ran.stderr);
    let ran = Dockopt::new().file("compose.yaml", "services: [\n").args(["deploy", "check"]).run();
    assert!(ran.code == 2 || ran.code == 1, "{}{}", ran.stdout, ran.stderr);
}
