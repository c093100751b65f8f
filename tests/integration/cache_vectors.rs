//! `dockopt debug vectors cache` over pairs of builds that real engines carried out: every step that can be judged gets the
//! engine's verdict, and `unknown` stands only where the result of a step that reruns decides.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::dockopt::Dockopt;

/// Steps whose verdict no model can know, as they read what another stage or image has after a change.
const UNKNOWN: usize = 15;

#[test]
fn every_step_is_cached_as_the_engine_said() {
    let text = fs::read_to_string("tests/vectors/cache.jsonl").unwrap();
    let ran =
        Dockopt::new().file("cases.jsonl", &text).args(["debug", "vectors", "cache", "cases.jsonl"]).run().code(0);
    let value = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let answers: BTreeMap<String, Value> =
        ran.stdout.lines().map(value).map(|answer| (answer["id"].as_str().unwrap().to_owned(), answer)).collect();
    let (mut unknown, mut judged, mut wrong) = (0, 0, String::new());
    for case in text.lines().map(value) {
        let id = case["id"].as_str().unwrap();
        let steps = answers[id]["steps"].as_array().unwrap();
        for expected in case["expected"].as_array().unwrap() {
            if expected["no_inputs"].as_bool() == Some(true) {
                continue;
            }
            let name = &expected["step"];
            let Some(step) = steps.iter().find(|step| step["step"] == *name) else {
                wrong += &format!("{id}: no step {name}\n");
                continue;
            };
            judged += 1;
            let why = step["why"].as_str().unwrap();
            // In a trap the builder is wrong, but not always: the step may rerun, and the reason says so.
            let is_trap = case.get("trap").is_some();
            let verdict = match expected["cached"].as_bool() {
                _ if is_trap => "unknown",
                Some(true) => "hit",
                _ => "miss",
            };
            if !is_trap && step["verdict"] == "unknown" && (why.contains("it reads") || why.contains("it builds on")) {
                unknown += 1;
            } else if step["verdict"] != verdict || (is_trap && !why.contains("may wrongly say CACHED")) {
                wrong += &format!("{id} {name}: {verdict}, not {} ({why})\n", step["verdict"]);
            }
            assert_eq!(why.is_empty(), step["verdict"] == "hit", "{id} {name}: {why}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(unknown, UNKNOWN, "of {judged} steps");
}
