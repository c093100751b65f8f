//! Sentences that were wrong in part, each with the case that showed it.

use serde_json::Value;

use crate::dockopt::Dockopt;

/// The findings of `audit` in a project of these files.
#[track_caller]
fn findings(files: &[(&str, &str)]) -> Vec<Value> {
    let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (path, text)| dockopt.file(path, text));
    let ran = dockopt.args(["audit", ".", "--format", "json", "--fail-on", "none", "--today", "2026-11-30"]).run();
    ran.json()["findings"].as_array().cloned().unwrap_or_default()
}

/// The finding of a rule.
#[track_caller]
fn finding(files: &[(&str, &str)], rule: &str) -> Value {
    let all = findings(files);
    let finding = all.iter().find(|finding| finding["rule"] == rule);
    finding.cloned().unwrap_or_else(|| panic!("no {rule} in {all:?}"))
}

#[track_caller]
fn is_silent(files: &[(&str, &str)], rule: &str) {
    let all = findings(files);
    assert!(all.iter().all(|finding| finding["rule"] != rule), "{rule}: {all:?}");
}

const DATABASE: &str = "services:\n  db:\n    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: ${DB_PASSWORD}\n    volumes:\n      - data:/var/lib/postgresql/data\nvolumes:\n  data:\n";

#[test]
fn a_port_that_only_an_override_publishes_is_fixed() {
    let over = "services:\n  db:\n    ports:\n      - \"5432:5432\"\n";
    let found = finding(&[("compose.yaml", DATABASE), ("compose.override.yaml", over)], "compose-database-published");
    assert_eq!(found["notes"], Value::Array(Vec::new()), "{found}");
    assert_eq!(found["fixes"][0]["safety"], "unsafe", "{found}");
    // Files that are used alone have nothing in common.
    let alone = DATABASE.replace("    volumes:\n", "    ports:\n      - \"5432:5432\"\n    volumes:\n");
    let found = finding(
        &[("docker-compose.dev.yml", &alone), ("docker-compose.prod.yml", &alone)],
        "compose-database-published",
    );
    assert!(!found["fixes"][0]["why_unsafe"].as_str().unwrap().contains("too"), "{found}");
}

#[test]
fn a_price_that_is_a_lower_bound_says_so() {
    let dockerfile = "FROM node:24-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci --omit=dev && npm cache clean --force\nCOPY . .\nRUN useradd app && chown -R app:app /app\nUSER app\nCMD [\"node\", \"server.js\"]\n";
    let files = [
        ("Dockerfile", dockerfile),
        ("package.json", "{\"dependencies\":{\"express\":\"^5\"}}"),
        ("package-lock.json", "{\"lockfileVersion\":3,\"packages\":{}}"),
        ("data.txt", &"x".repeat(300_000)),
        ("server.js", "require('express')().listen(3000)\n"),
    ];
    let found = finding(&files, "recursive-chown");
    assert!(found["message"].as_str().unwrap().contains("and what line 4 installs"), "{found}");
    assert_eq!(found["impact"][0]["at_least"], true, "{found}");
    let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (path, text)| dockopt.file(path, text));
    let page = dockopt.args(["audit", ".", "--fail-on", "none", "--today", "2026-11-30"]).run().stdout;
    assert!(page.contains("at least 300 kB on disk"), "{page}");
}

#[test]
fn each_jdk_has_dates_and_a_price_of_its_own() {
    let dockerfile = |tag: &str| {
        format!("FROM openjdk:{tag}\nCOPY app.jar /app.jar\nUSER 1000\nENTRYPOINT [\"java\",\"-jar\",\"/app.jar\"]\n")
    };
    let message = |tag: &str| {
        finding(&[("Dockerfile", &dockerfile(tag)), ("app.jar", "x")], "end-of-life-base")["message"].clone()
    };
    assert!(message("21-jdk").as_str().unwrap().contains("since 2023-09-19"));
    assert!(message("17-jdk").as_str().unwrap().contains("since 2022-07-31"));
    let price = |tag: &str| {
        finding(&[("Dockerfile", &dockerfile(tag)), ("app.jar", "x")], "full-base")["impact"][0]["saves"].clone()
    };
    assert_ne!(price("17-jdk"), price("21-jdk"));
    assert_eq!(price("8-jdk"), Value::Null);
}

#[test]
fn npm_installs_where_its_manifest_is() {
    let compose = "services:\n  server:\n    build: ./server\n    volumes:\n      - ./server:/src\n";
    let dockerfile = |to: &str| {
        format!("FROM node:24-slim\nWORKDIR /src\nCOPY package.json {to}\nRUN npm install\nCMD [\"node\", \"x.js\"]\n")
    };
    let files = |dockerfile: &str| -> Vec<Value> {
        findings(&[("compose.yaml", compose), ("server/Dockerfile", dockerfile), ("server/package.json", "{}")])
    };
    let hides = |found: &[Value]| found.iter().any(|finding| finding["rule"] == "compose-mount-hides-packages");
    assert!(!hides(&files(&dockerfile("/"))));
    assert!(hides(&files(&dockerfile("./"))));
}

#[test]
fn a_user_is_not_offered_to_a_container_that_writes_its_sources() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN chmod +x entrypoint.sh\nEXPOSE 8000\nENTRYPOINT [\"/app/entrypoint.sh\"]\nCMD [\"gunicorn\", \"config.wsgi\"]\n";
    let script = |line: &str| format!("#!/bin/sh\n{line}\nexec \"$@\"\n");
    let has_fix = |line: &str| {
        let script = script(line);
        let files = [("Dockerfile", dockerfile), ("entrypoint.sh", script.as_str()), ("manage.py", "print()\n")];
        finding(&files, "root-user")["fixes"].as_array().is_some_and(|fixes| !fixes.is_empty())
    };
    assert!(has_fix("python manage.py migrate"));
    for line in ["python manage.py makemigrations", "alembic revision --autogenerate", "flask db migrate"] {
        assert!(!has_fix(line), "{line}");
    }
}

#[test]
fn ports_of_two_families_do_not_clash() {
    let compose = |ports: &str| format!("services:\n  a:\n    image: nginx:1.30\n    ports: [{ports}]\n");
    is_silent(&[("compose.yaml", &compose("\"0.0.0.0:80:80\", \"[::]:80:80\""))], "compose-port-clash");
    for ports in
        ["\"80:80\", \"[::]:80:81\"", "\"0.0.0.0:80:80\", \"127.0.0.1:80:81\"", "\"[::]:80:80\", \"[::1]:80:81\""]
    {
        finding(&[("compose.yaml", &compose(ports))], "compose-port-clash");
    }
}

#[test]
fn a_check_that_no_image_can_have_is_not_sent_to_another_tag() {
    let compose = "services:\n  loki:\n    image: grafana/loki:3.7.2\n    healthcheck:\n      test: [\"CMD-SHELL\", \"wget -q --spider http://localhost:3100/ready || exit 1\"]\n";
    let found = finding(&[("compose.yaml", compose)], "compose-check-program-missing");
    assert!(!found["help"].as_str().unwrap().contains("alpine"), "{found}");
}

#[test]
fn the_folder_of_a_script_is_known() {
    let script = "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")\"\ndocker build -t x .\n";
    let dockopt =
        Dockopt::new().file("app/build.sh", script).file("app/Dockerfile", "FROM alpine:3.23\nCMD [\"sh\"]\n");
    let ran = dockopt.args(["ci", "check", "."]).run();
    assert!(!ran.stdout.contains("not known") && !ran.stderr.contains("not known"), "{}{}", ran.stdout, ran.stderr);
}
