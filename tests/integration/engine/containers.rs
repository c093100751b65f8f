//! Containers and networks as dockopt makes them.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use dockopt::engine::{ChangeKind, Engine, EngineOptions, Exec, Spec};
use dockopt::failure::FailureKind;

use super::{Engine as Client, PATIENCE};

fn connected() -> Option<Engine> {
    Client::find().map(|_| Engine::connect(&EngineOptions::of_process()).unwrap())
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([("dockopt.test".to_owned(), std::process::id().to_string())])
}

fn spec(script: &str) -> Spec {
    Spec {
        image: "python:3.13-slim".to_owned(),
        entrypoint: Some(vec!["/bin/sh".to_owned(), "-c".to_owned()]),
        command: Some(vec![script.to_owned()]),
        labels: labels(),
        ..Spec::default()
    }
}

#[test]
fn a_container_is_made_looked_at_and_removed() {
    let Some(engine) = connected() else { return };
    let script = "echo out; echo err >&2; echo new >/new; rm /etc/motd; cd /tmp; exec python -m http.server 8000";
    let spec = Spec {
        ports: vec![8000],
        tmpfs: vec!["/mem:mode=1777".to_owned()],
        environment: vec!["A=b c".to_owned()],
        ..spec(script)
    };
    let id = engine.create(&spec).unwrap();
    engine.start(&id).unwrap();
    let exec = |words: &[&str]| engine.exec(&id, &Exec::new(words.iter().copied())).unwrap();
    let port = engine.state(&id).unwrap().ports[&8000];
    let script = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000').status)";
    let answers = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        exec(&["python", "-c", script]).code == Some(0)
    });
    assert!(answers);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let result = exec(&["sh", "-c", "echo $A; echo no >&2; exit 3"]);
    assert_eq!(
        (result.code, result.spoken.stdout, result.spoken.stderr),
        (Some(3), b"b c\n".to_vec(), b"no\n".to_vec())
    );
    let absent = exec(&["no-such-program"]);
    assert!(matches!(absent.code, Some(126 | 127)), "{absent:?}");
    let silent = Exec { limit: Duration::from_millis(500), ..Exec::new(["sleep", "60"]) };
    assert_eq!(engine.exec(&id, &silent).unwrap().code, None);

    let logs = engine.logs(&id, 1000).unwrap();
    assert!(logs.stdout.starts_with(b"out\n") && logs.stderr.starts_with(b"err\n"), "{logs:?}");
    let changes = engine.changes(&id).unwrap();
    let of = |path: &str| changes.iter().find(|change| change.path == path).map(|change| change.kind);
    assert_eq!((of("/new"), of("/etc/motd")), (Some(ChangeKind::Added), Some(ChangeKind::Removed)));
    let mut file = Vec::new();
    engine.archive(&id, "/new").unwrap().read_to_end(&mut file).unwrap();
    assert!(file.starts_with(b"new\0"));
    assert_eq!(engine.archive(&id, "/none").unwrap_err().kind, FailureKind::Missing);
    engine.unpack(&id, "/srv", &file).unwrap();
    assert_eq!(exec(&["cat", "/srv/new"]).spoken.stdout, b"new\n");
    let mut whole = 0;
    std::io::copy(&mut engine.export(&id).unwrap(), &mut std::io::sink()).map(|bytes| whole = bytes).unwrap();
    assert!(whole > 50_000_000, "{whole}");

    let label = format!("dockopt.test={}", std::process::id());
    assert!(engine.containers(Some(&label)).unwrap().iter().any(|listed| listed.id == id));
    assert!(engine.containers(Some("dockopt.test=none")).unwrap().is_empty());
    engine.kill(&id).unwrap();
    engine.kill(&id).unwrap();
    assert_eq!(engine.wait(&id, PATIENCE, &|| false).unwrap(), Some(137));
    engine.remove(&id).unwrap();
    engine.remove(&id).unwrap();
    assert_eq!(engine.state(&id).unwrap_err().kind, FailureKind::Missing);
}

#[test]
fn containers_of_a_network_reach_each_other_by_name() {
    let Some(engine) = connected() else { return };
    let name = format!("dockopt-test-{}", std::process::id());
    let network = engine.create_network(&name, &labels(), true).unwrap();
    let served = Spec {
        network: Some(network.clone()),
        aliases: vec!["db".to_owned()],
        ..spec("cd /etc && exec python -m http.server 8000")
    };
    let first = engine.create(&served).unwrap();
    engine.start(&first).unwrap();
    let script = "for i in $(seq 600); do python -c \"import urllib.request as r; r.urlopen('http://db:8000')\" \
                  2>/dev/null && exit 7; sleep 0.1; done";
    let asking = engine.create(&Spec { network: Some(network.clone()), ..spec(script) }).unwrap();
    engine.start(&asking).unwrap();
    let ended = engine.wait(&asking, PATIENCE, &|| false).unwrap();
    assert!(engine.state(&first).unwrap().addresses.values().any(|address| !address.is_empty()));
    assert!(engine.remove_network(&network).is_err(), "containers use it");
    engine.remove(&asking).unwrap();
    engine.remove(&first).unwrap();
    engine.remove_network(&network).unwrap();
    assert!(!engine.networks(None).unwrap().iter().any(|own| own.id == network));
    assert_eq!(ended, Some(7));
}
