//! `compose graph`: levels, times, what is not known, what is not started; as text, JSON, Mermaid and DOT.

use crate::dockopt::{Dockopt, Ran};

#[track_caller]
fn says(ran: &Ran, expected: &[&str]) {
    for text in expected {
        assert!(ran.stdout.contains(text), "`{text}` is not in:\n{}", ran.stdout);
    }
}

fn graph(text: &str, arguments: &[&str]) -> Ran {
    let arguments = ["compose", "graph"].iter().chain(arguments).copied();
    Dockopt::new().file("compose.yaml", text).args(arguments).run()
}

#[test]
fn the_start_order_is_drawn() {
    let text = "services:\n  web:\n    image: example/web:1\n    depends_on:\n      db: {condition: service_healthy}\n      job: {condition: service_completed_successfully}\n  \
        job:\n    image: example/job:1\n    depends_on: [db]\n  db:\n    image: postgres:17\n    healthcheck:\n      test: pg_isready -h 127.0.0.1\n      interval: 5s\n      \
        timeout: 5s\n      retries: 4\n      start_period: 20s\n";
    let result = graph(text, &["--format=json"]).code(0).json();
    crate::fixtures::keeps_schema(include_str!("../../schemas/compose-graph.schema.json"), &result);
    let services = result["files"][0]["services"].as_array().unwrap();
    let names: Vec<_> = services
        .iter()
        .map(|service| (service["name"].as_str().unwrap(), service["level"].as_u64().unwrap()))
        .collect();
    assert_eq!(names, [("db", 0), ("job", 1), ("web", 2)]);
    assert_eq!(
        (&services[0]["check_seconds"], &services[2]["start_seconds"]),
        (&60.0.into(), &serde_json::Value::Null)
    );
    let dot = graph(text, &["--style", "dot"]).code(0).stdout;
    assert!(dot.starts_with("digraph") && dot.contains("\"db\" -> \"web\" [label=healthy, style=solid]"), "{dot}");
    let mermaid = graph(text, &["--style", "mermaid"]).code(0).stdout;
    assert!(mermaid.contains("s0 -->|healthy| s2") && mermaid.contains("s1 -.->|completed| s2"), "{mermaid}");
    let short = text.replace("      job: {condition: service_completed_successfully}\n", "");
    says(
        &graph(&short, &[]).code(0),
        &["All checks have passed after at most 1 min: db → web", "3 services, 2 start levels"],
    );
    let dockopt = Dockopt::new()
        .file(
            "compose.yaml",
            "services:\n  a:\n    build: .\n  b:\n    image: b:1\n    depends_on: {a: {condition: service_healthy}}\n",
        )
        .file("Dockerfile", "FROM debian:12\nHEALTHCHECK --interval=2s --timeout=1s --retries=4 CMD true -x\n");
    let ran = dockopt.args(["compose", "graph"]).run().code(0);
    says(&ran, &["a  healthy within 12 s"]);
    let circle = "services: {a: {image: 'b:1', depends_on: [c]}, c: {image: 'b:1', depends_on: [a]}}\n";
    let ran = graph(circle, &[]).code(1);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("as long as services wait in a circle"), "{}", ran.stderr);
    let dockopt =
        Dockopt::new().file("compose.yaml", text).file("compose.override.yaml", "services: {db: {init: true}}\n");
    let ran = dockopt.args(["compose", "graph"]).run().code(0);
    assert_eq!(ran.stdout.matches("start levels").count(), 1, "{}", ran.stdout);
}

#[test]
fn what_is_not_known_is_not_called_missing() {
    let text = "services:\n  api: {image: 'example/api:1', depends_on: {db: {condition: service_healthy}}}\n  db: {image: 'postgres:17', healthcheck: \
        {test: pg_isready, interval: 5s, timeout: 5s, retries: 4}}\n  admin: {image: 'adminer:4', profiles: [debug]}\n";
    says(
        &graph(text, &[]).code(0),
        &[
            "api  after db (healthy); check unknown",
            "not started without its profile: admin (debug)",
            "2 services, 2 start levels",
            "Of the image of api nothing is known: it may have a check",
            "All checks have passed after at most 40 s: db → api",
        ],
    );
    says(&graph(text, &["--profile", "debug"]).code(0), &["3 services"]);
    let json = graph(text, &["--format=json"]).code(0).json();
    assert_eq!(json["files"][0]["inactive"][0]["name"], "admin");
    assert_eq!(json["files"][0]["services"][1]["check"], "unknown");
    // By the image, but who knows when.
    let text = "services: {a: {image: 'a:1', depends_on: {b: {condition: service_healthy}}}, b: {image: 'b:1'}}\n";
    says(&graph(text, &[]).code(0), &["All checks have passed after at most the time that `b` takes: b → a"]);
}

#[test]
fn jobs_on_the_way_are_named() {
    let text = "services:\n  web: {image: 'w:1', depends_on: {job: {condition: service_completed_successfully}, seed: {condition: service_completed_successfully}}}\n  \
        seed: {image: 's:1'}\n  job: {image: 'j:1', depends_on: {db: {condition: service_healthy}}}\n  db: {image: 'postgres:17', healthcheck: \
        {test: pg_isready, interval: 5s, timeout: 5s, retries: 4}}\n";
    let all = "All checks have passed after at most 40 s and the times that `job`, `seed` take: db → job → web";
    says(&graph(text, &[]).code(0), &[all, "job   after db (healthy); ends by itself"]);
    let slow = format!(
        "{text}  slow: {{image: 'x:1', healthcheck: {{test: x, start_period: 10m, interval: 1s, timeout: 1s, retries: 1}}}}\n"
    );
    let ran = graph(&slow, &[]).code(0);
    says(
        &ran,
        &[
            "All checks have passed after at most 10 min 2 s: slow",
            "or after 40 s and the times that `job`, `seed` take, if that is longer: db",
        ],
    );
    let one = text.replace(", seed: {condition: service_completed_successfully}", "");
    let ran = graph(&one, &[]).code(0);
    says(&ran, &["All checks have passed after at most 40 s and the time that `job` takes: db → job → web"]);
}
