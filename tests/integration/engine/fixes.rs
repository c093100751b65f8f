//! What a fix promises, measured on the engine.

use super::{Engine, is_full};
use crate::dockopt::{Dockopt, Ran};

fn fixed(ran: &Ran) -> Ran {
    let ran = ran.again(["fix", "--write"]).code(0);
    assert!(ran.stderr.starts_with("fixed 1 finding"), "{}", ran.stderr);
    ran
}

#[test]
fn predicted_savings_of_package_lists_are_right() {
    let Some(engine) = Engine::find() else { return };
    // The lists as apt keeps them in the public image, also on a stand-in that lacks these settings.
    let settings = r#"RUN echo 'Acquire::GzipIndexes "true"; Acquire::Languages "none";' >/etc/apt/apt.conf.d/public"#;
    let install = "RUN apt-get update && apt-get install -y --no-install-recommends ed";
    let text = format!("FROM debian:trixie-slim\n{settings}\n{install}\nUSER 1000\nCMD [\"ed\"]\n");
    let linted = Dockopt::new().file("Dockerfile", text).args(["lint", "--format=json"]).run().code(1);
    let finding = linted.json()["findings"][0].clone();
    assert_eq!(finding["rule"], "apt-lists-kept");
    let saved_bytes = finding["impact"][0]["saves"].as_u64().unwrap();

    let before = engine.image(linted.path()).0.size();
    let after = engine.image(fixed(&linted).path()).0.size();
    let saved = before.checked_sub(after).unwrap();
    // What a suite's lists weigh changes from month to month.
    assert!((saved_bytes / 2..saved_bytes * 2).contains(&saved), "said {saved_bytes}, saved {saved}");
}

#[test]
fn a_healthcheck_that_called_what_is_not_there_becomes_healthy() {
    let Some(engine) = Engine::find() else { return };
    let python = r#"["python", "-m", "http.server", "8000"]"#;
    let node = r#"["node", "-e", "require('http').createServer((_, r) => r.end('ok')).listen(8000)"]"#;
    let mut cases = vec![
        ("python:3.13-slim", "curl -f http://localhost:8000/ || exit 1", python),
        ("python:3.13-slim", r#"["wget", "-qO-", "http://127.0.0.1:8000/"]"#, python),
    ];
    if is_full() {
        cases.push(("node:22-slim", "curl -f http://localhost:8000/ || exit 1", node));
    }
    for (base, check, command) in cases {
        let options = "--interval=1s --timeout=10s --retries=1";
        let text = format!("FROM {base}\nUSER 1000\nEXPOSE 8000\nHEALTHCHECK {options} CMD {check}\nCMD {command}\n");
        let linted = Dockopt::new().file("Dockerfile", text).args(["lint", "--format=json"]).run().code(1);
        assert_eq!(linted.json()["findings"][0]["rule"], "healthcheck-program-missing", "{}", linted.stdout);
        {
            let (image, _) = engine.image(linted.path());
            let container = image.start();
            container.becomes("to be unhealthy", || container.health() == "unhealthy");
        }
        let (image, _) = engine.image(fixed(&linted).path());
        let container = image.start();
        container.becomes("to be healthy", || container.health() == "healthy");
    }
}
