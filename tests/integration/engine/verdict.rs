//! What dockopt says the builder refuses, beside what the engine refuses.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Engine, is_full};
use crate::dockopt::Dockopt;

/// Names that the cases use for a base, which the engine takes for a local image.
const BASES: [&str; 6] = ["alpine:3.20", "a", "b", "w", "x", "y"];

/// Every how many cases are tried, always and in the full tier.
const STEP: [usize; 2] = [24, 1];
const FUZZ_STEP: [usize; 2] = [48, 6];

/// Flags that the front ends of engines before 29 do not have; dockopt's answer is the newest one's.
const NEW_FLAGS: [&str; 3] = ["--parents", "--security", "--device"];

/// A Dockerfile with dockopt's answer to it.
struct Case {
    id: String,
    input: String,
    refused: Option<Value>,
    /// Names that stand for a local image here. A stage of such a name is no base.
    bases: Vec<&'static str>,
}

fn cases(name: &str, every: usize) -> Vec<Case> {
    let vectors = fs::read_to_string(format!("tests/vectors/{name}.jsonl")).unwrap();
    let all = vectors.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let chosen: Vec<Value> = all.filter(is_local).step_by(every).collect();
    // Without the front end's answer dockopt's verdict goes to the end, as an engine's does.
    let mut cases = String::new();
    for (number, case) in chosen.iter().enumerate() {
        cases += &format!("{}\n", json!({"id": number.to_string(), "input": case["input"]}));
    }
    let verdicts = Dockopt::new().file("asked.jsonl", cases).args(["debug", "vectors", "parse", "asked.jsonl"]).run();
    let verdicts = verdicts.code(0).stdout;
    assert_eq!(verdicts.lines().count(), chosen.len());
    let answers = verdicts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    chosen.iter().zip(answers).map(|(case, answer)| Case::new(case, answer)).collect()
}

impl Case {
    fn new(case: &Value, mut answer: Value) -> Self {
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        let is_stage = |name: &str| froms(case).any(|from| from["args"][2].as_str() == Some(name));
        Self {
            id: text("id"),
            input: text("input"),
            refused: Some(answer["actual"]["error"].take()).filter(|error| !error.is_null()),
            bases: BASES.iter().copied().filter(|base| !is_stage(base)).collect(),
        }
    }
}

fn froms(case: &Value) -> impl Iterator<Item = &Value> {
    let nodes = case["expected"]["nodes"].as_array().into_iter().flatten();
    nodes.filter(|node| node["value"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("from")))
}

/// Whether every base is known here, and the front end is the engine's own.
fn is_local(case: &Value) -> bool {
    let mut bases = froms(case).filter_map(|from| from["args"][0].as_str());
    !case["input"].as_str().unwrap().contains("syntax") && bases.all(|base| base == "scratch" || BASES.contains(&base))
}

/// The engine's first error; `None` when it takes the file.
fn refusal(engine: &Engine, case: &Case) -> Option<String> {
    let context = tempfile::tempdir().unwrap();
    fs::write(context.path().join("Dockerfile"), &case.input).unwrap();
    let named: Vec<String> =
        case.bases.iter().map(|base| format!("--build-context={base}=docker-image://debian:trixie-slim")).collect();
    let mut arguments = vec!["build", "--call=check,format=json,ignorestatus=true"];
    arguments.extend(named.iter().map(String::as_str));
    arguments.push(context.path().to_str().unwrap());
    let output = engine.run(&arguments);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let error = answer["buildError"]["message"].as_str().map(str::to_owned);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    // A file that is no Dockerfile at all is refused before there is an answer.
    let error = error.or((!output.status.success()).then_some(stderr))?;
    // The images of COPY --from are looked for after all of the file was taken.
    (!error.contains("failed to resolve source metadata")).then_some(error)
}

#[track_caller]
fn agree(name: &str, every: usize) {
    let Some(engine) = Engine::find() else { return };
    let cases = cases(name, every);
    let next = AtomicUsize::new(0);
    let differing = || {
        let mut wrong = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let theirs = refusal(&engine, case);
            let is_old = |error: &String| NEW_FLAGS.iter().any(|flag| error.contains(&format!("unknown flag: {flag}")));
            if theirs.is_some() != case.refused.is_some() && !theirs.as_ref().is_some_and(is_old) {
                let Case { id, input, refused, .. } = case;
                wrong.push(format!("{id}: {input:?}\n  dockopt {refused:?}\n  engine  {theirs:?}"));
            }
        }
        wrong
    };
    // An engine spends most of a check waiting.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(differing)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(!cases.is_empty() && wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn written_cases_are_taken_or_refused_alike() {
    agree("parse", STEP[usize::from(is_full())]);
}

#[test]
fn mutated_cases_are_taken_or_refused_alike() {
    agree("parse-fuzz", FUZZ_STEP[usize::from(is_full())]);
}
