use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

/// One case of a vector file.
struct Case {
    id: String,
    word: String,
    env: BTreeMap<String, String>,
    lex: Lex,
    raw: Value,
}

fn env(value: &Value) -> BTreeMap<String, String> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().into())).collect()
}

fn cases(text: &str) -> Vec<Case> {
    let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shared = values.iter().find(|value| value.get("id").is_none()).map(|value| env(&value["env"]));
    let mut cases = Vec::new();
    for raw in values.into_iter().filter(|value| value.get("id").is_some()) {
        let escape = raw["escape"].as_str().unwrap().chars().next().unwrap();
        let lex = match raw["mode"].as_str().unwrap() {
            "word" => Lex::new(escape),
            "raw_heredoc" => Lex { escape, ..Lex::heredoc_body() },
            other => panic!("mode {other}"),
        };
        cases.push(Case {
            id: raw["id"].as_str().unwrap().into(),
            word: raw["word"].as_str().unwrap().into(),
            env: raw.get("env").map_or_else(|| shared.clone().unwrap(), env),
            lex,
            raw,
        });
    }
    cases
}

fn all_cases() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("expand.jsonl", cases(include_str!("../../../tests/vectors/expand.jsonl"))),
        ("expand-fuzz.jsonl", cases(include_str!("../../../tests/vectors/expand-fuzz.jsonl"))),
    ]
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// What differs from the builder's answer.
fn difference(case: &Case) -> Option<String> {
    let found = process_word(&case.word, &case.env, case.lex);
    let (text, error) = match &found {
        Ok(found) => (Value::from(found.text.as_str()), Value::Null),
        Err(error) => (Value::Null, Value::from(error.to_string())),
    };
    if text != case.raw["expected"] || error != case.raw["error"] {
        return Some(format!("{text} {error}"));
    }
    let Ok(found) = found else { return None };
    if found.unmatched != names(&case.raw["unmatched"]) {
        return Some(format!("unmatched {:?}", found.unmatched));
    }
    if let Some(matched) = case.raw.get("matched")
        && found.matched != names(matched)
    {
        return Some(format!("matched {:?}", found.matched));
    }
    if let Some(words) = case.raw.get("words") {
        let words: Vec<&str> = words.as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect();
        let found = process_words(&case.word, &case.env, case.lex).unwrap();
        if found != words {
            return Some(format!("words {found:?}"));
        }
    }
    None
}

#[test]
fn agrees_with_the_builder() {
    let mut wrong = Vec::new();
    for (file, cases) in all_cases() {
        let before = wrong.len();
        for case in &cases {
            wrong.extend(difference(case).map(|found| format!("{}: {found}\n  {}", case.id, case.raw)));
        }
        println!("{file}: {} of {}", cases.len() - (wrong.len() - before), cases.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
