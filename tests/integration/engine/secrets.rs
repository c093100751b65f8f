//! No command that builds or starts a project shows its secrets, also where the engine's message repeats a command.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Engine, is_full};
use crate::planted::Planted;

/// What a build does with secrets, and its last step.
const STEPS: &str = r#"FROM debian:trixie-slim
ARG API_TOKEN=@@
ENV DB_PASSWORD=@@
LABEL note.x="mysql -p\"@@\" app"
RUN printf '%s' 'password=@@' >/tmp/a; echo "token: $API_TOKEN, $DB_PASSWORD"
RUN echo "redis-cli -a \"@@\" ping" && echo 'u:@@' | chpasswd --help >/dev/null
RUN <<END
echo "Authorization: Bearer @@"
END
"#;

/// A step whose command the engine repeats when it fails.
const FAILS: &str = "RUN curl -u \"me:@@\" -H 'X-Api-Key: @@' https://db.invalid\n";

const START: &str = "CMD [\"sh\", \"-c\", \"echo \\\"password=@@\\\"; exec sleep infinity\"]\n";

/// Services that print what they know, one that ends, one whose program is not there, and one whose check fails.
const SERVICES: &str = r#"services:
  talks:
    image: debian:trixie-slim
    command: ["sh", "-c", "echo \"token=$$API_TOKEN\"; echo 'mysql -p@@ app'; exit 4"]
    environment: {API_TOKEN: "@@"}
  missing:
    image: debian:trixie-slim
    command: ["redis-cli -a @@ ping"]
  sick:
    image: debian:trixie-slim
    command: ["sleep", "infinity"]
    init: true
    environment:
      - DB_PASSWORD=@@
    healthcheck: {test: "echo no table for $$DB_PASSWORD and curl -u me:@@; exit 7", interval: 1s, timeout: 1s, retries: 2}
"#;

/// A service whose build fails.
const BUILT: &str = r#"services:
  built:
    build: {context: ., args: {BUILD_TOKEN: "@@"}}
"#;

fn shown(folder: &Path, planted: &Planted, arguments: &str) -> (String, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.current_dir(folder).env("BUILDX_BUILDER", "default").args(arguments.split(' ')).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let leaks = planted.leaks(&text).iter().map(|place| format!("{place} in {arguments}: {text}")).collect();
    (text, leaks)
}

/// Runs commands on a project, and returns what each shows; no secret is among it.
#[track_caller]
fn check(files: &[(&str, &str)], commands: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut planted = Planted::default();
    for (name, text) in files {
        fs::write(folder.path().join(name), planted.grow(text, name)).unwrap();
    }
    let (texts, leaks): (Vec<_>, Vec<_>) =
        commands.iter().map(|command| shown(folder.path(), &planted, command)).unzip();
    assert_eq!(leaks.concat().join("\n"), "");
    texts
}

#[test]
fn builds_show_no_secrets() {
    if Engine::find().is_none() {
        return;
    }
    let commands = ["measure .", "optimize . --verify --format json", "optimize . --verify", "measure . --format json"];
    let commands = if is_full() { &commands[..] } else { &commands[..2] };
    let works = STEPS.to_owned() + START;
    for text in check(&[("Dockerfile", &works)], commands) {
        assert!(!text.contains("did not complete"), "{text}");
    }
    let fails = STEPS.to_owned() + FAILS + START;
    let texts = check(&[("Dockerfile", &fails)], commands);
    assert!(texts.iter().any(|text| text.contains("127")), "{texts:?}");
}

#[test]
fn starts_show_no_secrets() {
    if Engine::find().is_none() {
        return;
    }
    let commands = ["compose verify", "compose verify --format json"];
    let texts = check(&[("compose.yaml", SERVICES)], &commands);
    assert!(texts[0].contains("missing") && texts[0].contains("sick"), "{texts:?}");
    let fails = STEPS.replace("ARG API", "ARG BUILD_TOKEN\nARG API") + FAILS + START;
    let texts = check(&[("compose.yaml", BUILT), ("Dockerfile", &fails)], &commands);
    assert!(texts.iter().all(|text| text.contains("127") || text.contains("curl")), "{texts:?}");
}
