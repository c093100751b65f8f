//! `compose verify` without an engine: what is said of recorded starts, and of calls that cannot work.

use std::collections::BTreeMap;
use std::fs;

use dockopt::load::{project_request, read_project};
use dockopt::report::{Layout, Medium, compose_verify, compose_verify_json};
use dockopt::stack::Stack;
use dockopt::startup::{
    CrashTrial, Outage, OutageTrial, StartPlan, StartProof, StartRecord, judge, read_container, read_event,
};
use serde_json::Value;

use crate::dockopt::Dockopt;

const GOOD: &str = "good.yaml   the start order is proved

  service  start   ready  state           waits for
  store    0.0 s   5.3 s  healthy
  setup    5.7 s   7.1 s  completed       store (healthy)
  worker   5.7 s   7.0 s  healthy         store (healthy)
  api      7.5 s  12.7 s  healthy         setup (completed), store (healthy)
  web      7.6 s          runs, no check  api (started)

stopped servers
  service  unhealthy  at most  healthy again  not noticed by the check of
  store    after 4 s      9 s  after 1 s      worker

killed servers
  service  ready again  at most
  api      after 6 s       46 s

note: without a check, so that it is not known when they are ready: web
note: the check of worker does not notice an outage of store, for which it waits
note: the external network `edge` is replaced by an empty one
";

const BAD: &str = "bad.yaml   the start order is not proved

  service  start  ready  state           waits for
  late     0.0 s  2.7 s  healthy
  sick     0.0 s         unhealthy
  job      0.0 s  0.7 s  completed
  early    0.5 s         runs, no check  late (started)
  dead     0.6 s         ended (3)       late (started)
  crash    1.0 s         restarted       late (started)
  after                  not started     sick (healthy)

error: `dead` ended with code 3
  last lines of its log:
    last ␛[31mwords

error: `sick` became unhealthy
  last failure of its check (code 7):
    no such table

error: `crash` ended with code 1 and was restarted

note: without a check, so that it is not known when they are ready: early
";

/// What a recorded start proves (`tests/vectors/README.md`).
fn proof(name: &str) -> (StartPlan, StartProof) {
    let path = |ending: &str| format!("tests/vectors/compose_starts/{name}.{ending}");
    let project = read_project(&project_request(vec![path("yaml")])).unwrap();
    let plan = StartPlan::of(&Stack::new(&project, &BTreeMap::new()));
    let record: Value = serde_json::from_str(&fs::read_to_string(path("json")).unwrap()).unwrap();
    let texts = |key: &str| record[key].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>();
    let mut record = StartRecord {
        containers: texts("containers").iter().map(|text| read_container(text).unwrap()).collect(),
        events: texts("events").iter().filter_map(|line| read_event(line)).collect(),
        given_up: None,
    };
    for container in record.containers.iter_mut().filter(|container| container.service == "dead") {
        container.log = vec!["last \u{1b}[31mwords".to_owned()];
    }
    let starts = vec![judge(&plan, &record)];
    (plan, StartProof { file: format!("{name}.yaml"), starts, ..StartProof::default() })
}

#[track_caller]
fn is_text(proof: &StartProof, expected: &str) {
    assert_eq!(compose_verify(proof).write(Medium::Terminal, Layout::PLAIN), expected);
    let json = serde_json::from_str(&compose_verify_json(proof)).unwrap();
    crate::fixtures::keeps_schema(include_str!("../../schemas/compose-verify.schema.json"), &json);
    assert_eq!(json["is_proved"], proof.is_proved());
}

#[test]
fn a_start_is_a_timeline() {
    let (plan, mut proof) = proof("good");
    proof.notes.push("the external network `edge` is replaced by an empty one".to_owned());
    let trial = OutageTrial {
        service: "store".to_owned(),
        limit: 9.0,
        unhealthy_after: Some(4.2),
        recovered_after: Some(1.0),
        dependents: [("api".to_owned(), true), ("worker".to_owned(), false)].into(),
        ..OutageTrial::default()
    };
    proof.outages = Some(vec![Outage::of(&plan, trial)]);
    let crash =
        CrashTrial { service: "api".to_owned(), limit: 46.0, recovered_after: Some(5.5), ..CrashTrial::default() };
    proof.crashes = vec![crash];
    is_text(&proof, GOOD);
}

#[test]
fn what_is_wrong_is_shown_with_what_was_printed() {
    is_text(&proof("bad").1, BAD);
}

#[test]
fn starts_are_counted() {
    let mut all = proof("good").1;
    all.starts.extend(proof("bad").1.starts);
    (all.most_delay, all.seed) = (2.0, 7);
    let text = compose_verify(&all).write(Medium::Terminal, Layout::PLAIN);
    for part in [
        "good.yaml   1 of 2 starts went well; random delays up to 2 s (--seed 7)\n",
        "\nstart 2 of 2\n",
        "\nall starts\n  start 1  all ready after 13 s\n  start 2  `",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn calls_that_cannot_work_are_refused_first() {
    let verify = |dockopt: Dockopt, arguments: &[&str], parts: &[&str]| {
        let arguments = ["compose", "verify"].iter().chain(arguments).copied();
        let ran = dockopt.env("DOCKER_HOST", "unix:///none/docker.sock").args(arguments).run().code(2);
        for part in parts {
            assert!(ran.stderr.contains(part), "`{part}` is not in: {}", ran.stderr);
        }
    };
    verify(Dockopt::new(), &[], &["no compose file found in `.`", "pass its name"]);
    let broken = "services: {a: {image: 'a:1', depends_on: [b]}}\n";
    verify(Dockopt::new().file("compose.yaml", broken), &[], &["`a` depends on"]);
    let idle = "services: {a: {image: 'a:1', profiles: [debug]}}\n";
    verify(Dockopt::new().file("compose.yaml", idle), &[], &["`compose.yaml` has no active service", "--profile"]);
    let good = "services: {a: {image: 'a:1'}}\n";
    let project = || Dockopt::new().file("compose.yaml", good);
    verify(project(), &[], &["the Docker engine at `unix:///none/docker.sock`", "is not running"]);
    verify(project(), &["--delay=-1"], &["write seconds between 0 and 3600"]);
    verify(project(), &["--cold-starts", "0"], &["0 is not in 1..=1000"]);
}
