//! Secrets in images: found where they are, also where a later layer deletes them, silent on what only looks like one, and
//! shown by no format.

use serde_json::{Value, json};

use super::zoo::codec::Codec;
use super::zoo::layout::{Picture, engine25};
use super::zoo::tar::{Member, dir, file, gone};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

/// Part of every secret of the image.
const CANARY: &str = "c4NaRy";

const DOCKERFILE: &str =
    "FROM debian:12\nENV DB_PASSWORD=c4NaRy-9q8w7e\nCOPY app /app\nRUN ./setup\nRUN rm /root/.npmrc\n";

fn key() -> String {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nc4NaRyq8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0PaQeUiWq8Zr2Lw9Xk4Tn6Vb1Mc3Jd";
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

/// In two parts: nobody who looks for tokens shall find one here.
fn token() -> String {
    format!("{}{CANARY}8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0Pa", "ghp_")
}

fn layers() -> Vec<Vec<Member>> {
    vec![
        vec![
            dir("etc"),
            file("etc/ssl/private/ssl-cert-snakeoil.key", key().into()),
            file("usr/lib/python3/dist-packages/x/tests/key.pem", key().into()),
            file("usr/share/doc/x/examples/key.pem", key().into()),
        ],
        vec![
            dir("app"),
            file("app/.env", format!("DEBUG=1\nDB_PASSWORD={CANARY}-8f7g6h5\n").into()),
            file("app/.env.example", format!("DB_PASSWORD={CANARY}-8f7g6h5\n").into()),
            file("app/node_modules/x/index.js", format!("const token = '{}'\n", token()).into()),
            file("app/settings.py", format!("import os\nTOKEN = '{}'\n", token()).into()),
            file("app/tests/key.pem", key().into()),
        ],
        vec![
            dir("root"),
            file("root/.npmrc", format!("//r.example.com/:_authToken={CANARY}-1q2w3e4r5t\n").into()),
            file("root/.ssh/id_rsa", key().into()),
        ],
        vec![gone("root/.npmrc"), file("root/.ssh/id_rsa", b"gone".to_vec())],
    ]
}

fn archive() -> Vec<u8> {
    let mut picture = Picture::of("app", &layers(), Codec::Gzip);
    let step = |text: &str, empty: bool| json!({"created_by": text, "empty_layer": empty});
    picture.history = Some(json!([
        step("# debian.sh --arch 'amd64' out/ 'bookworm'", false),
        step(&format!("ENV DB_PASSWORD={CANARY}-9q8w7e"), true),
        step("COPY app /app # buildkit", false),
        step(&format!("RUN |1 NPM_TOKEN={CANARY}-5z6x7c8v /bin/sh -c ./setup # buildkit"), false),
        step("RUN /bin/sh -c rm /root/.npmrc # buildkit", false),
    ]));
    engine25(&[picture]).tar()
}

fn image(arguments: &[&str]) -> Ran {
    let dockopt = Dockopt::new().file("app.tar", archive()).file("Dockerfile", DOCKERFILE);
    dockopt.args(["image", "app.tar", "--file=Dockerfile"]).args(arguments.iter().copied()).run()
}

fn secrets() -> Vec<Value> {
    let result = image(&["--format=json"]).json();
    keeps_schema(include_str!("../../../schemas/image.schema.json"), &result);
    result["images"][0]["secrets"].as_array().unwrap().clone()
}

/// `kind place line layer lost_by origin`.
fn describe(secret: &Value) -> String {
    let place = if secret["path"].is_null() { &secret["place"] } else { &secret["path"] };
    let doubt = if secret["sure"] == true { "" } else { " doubtful" };
    let number = |value: &Value| value.as_u64().map_or_else(|| "-".to_owned(), |number| number.to_string());
    format!(
        "{} {}:{} layer {} lost by {} line {}{doubt}",
        secret["kind"].as_str().unwrap(),
        place.as_str().unwrap(),
        number(&secret["line"]),
        number(&secret["layer"]),
        number(&secret["lost_by"]),
        number(&secret["origin"]["line"]),
    )
}

#[test]
fn secrets_are_found_with_their_layers_and_lines() {
    let secrets_found: Vec<String> = secrets().iter().map(describe).collect();
    let expected = [
        "variable history:- layer - lost by - line 2",
        "variable history:- layer - lost by - line 4",
        "variable /app/.env:2 layer 1 lost by - line 3",
        "token /app/settings.py:2 layer 1 lost by - line 3",
        "login /root/.npmrc:1 layer 2 lost by 3 line 4",
        "private_key /root/.ssh/id_rsa:1 layer 2 lost by 3 line 4",
        "private_key /app/tests/key.pem:1 layer 1 lost by - line 3 doubtful",
    ];
    assert_eq!(secrets_found, expected);
}

#[test]
fn no_format_shows_a_secret_of_an_image() {
    for format in ["text", "json", "jsonl", "markdown", "sarif", "html"] {
        for more in [&[][..], &["--all"], &["--no-packages"], &["--no-duplicates"]] {
            let ran = image(&[&["--format", format], more].concat());
            for text in [&ran.stdout, &ran.stderr] {
                let canary_lines: Vec<&str> = text.lines().filter(|line| line.contains(CANARY)).collect();
                assert!(canary_lines.is_empty(), "{format} {more:?}: {canary_lines:#?}");
            }
        }
    }
}

#[test]
fn people_are_reported_what_can_be_recovered() {
    let text = image(&["--format=markdown"]).stdout;
    let line = text.lines().find(|line| line.contains("npmrc") && line.contains("readable")).unwrap();
    assert!(line.contains("still readable in layer 3") && line.contains("line 5"), "{line}");
}
