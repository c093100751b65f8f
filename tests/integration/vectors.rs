//! `dockopt debug vectors` over every recorded case: what the builder answered, and how many of them dockopt answers
//! alike. The shapes are in tests/vectors/README.md.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::dockopt::Dockopt;

const FILES: [(&str, &str); 9] = [
    ("parse", "parse"),
    ("parse", "parse-fuzz"),
    ("parse", "parse-more"),
    ("expand", "expand"),
    ("expand", "expand-fuzz"),
    ("expand", "expand-more"),
    ("ignore", "ignore"),
    ("ignore", "ignore-fuzz"),
    ("ignore", "ignore-more"),
];

/// Fields of a node, and of a heredoc, that the vectors leave out when they are empty.
const OF_NODE: [&str; 5] = ["flags", "heredocs", "prev_comments", "json", "sub"];
const OF_HEREDOC: [&str; 4] = ["fd", "expand", "chomp", "content"];

fn empty(field: &str) -> Value {
    match field {
        "flags" | "heredocs" | "prev_comments" => json!([]),
        "json" | "expand" | "chomp" => json!(false),
        "fd" => json!(0),
        "content" => json!(""),
        _ => Value::Null,
    }
}

#[test]
fn the_program_answers_as_the_builder_did() {
    let (mut table, mut wrong) = (String::new(), String::new());
    for (kind, name) in FILES {
        let text = fs::read_to_string(Path::new("tests/vectors").join(format!("{name}.jsonl"))).unwrap();
        let ran =
            Dockopt::new().file("cases.jsonl", &text).args(["debug", "vectors", kind, "cases.jsonl"]).run().code(0);
        let value = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let cases: Vec<Value> = text.lines().map(value).filter(|case| case.get("id").is_some()).collect();
        let answers: Vec<Value> = ran.stdout.lines().map(value).collect();
        assert_eq!(cases.len(), answers.len(), "answers to {name}.jsonl");
        let mut agreed = 0;
        for (case, answer) in cases.iter().zip(&answers) {
            match difference(kind, case, answer) {
                None => agreed += 1,
                Some(difference) => wrong += &format!("{}: {difference}\n", case["id"]),
            }
        }
        table += &format!("  {name}.jsonl: {agreed} of {}\n", cases.len());
    }
    // Past the test harness, which keeps what a test prints to itself when it passes.
    write!(std::io::stdout(), "\nanswers that agree with the builder's:\n{table}").unwrap();
    assert!(wrong.is_empty(), "{wrong}");
}

/// The first field in which two answers differ.
fn difference(kind: &str, case: &Value, answer: &Value) -> Option<String> {
    let differs = |what: &str, ours: &Value, theirs: &Value| {
        (ours != theirs).then(|| format!("{what}\n  dockopt {ours}\n  builder {theirs}"))
    };
    let field = |name: &str| differs(name, &answer[name], &case[name]);
    differs("id", &answer["id"], &case["id"]).or_else(|| match kind {
        "expand" => field("error").or_else(|| differs("actual", &answer["actual"], &case["expected"])),
        "ignore" if case["error"].is_null() => field("error").or_else(|| field("included")),
        "ignore" => field("error"),
        _ => parsed(&answer["actual"], &case["expected"], differs),
    })
}

fn parsed(ours: &Value, theirs: &Value, differs: impl Fn(&str, &Value, &Value) -> Option<String>) -> Option<String> {
    let absent = [("error", Value::Null), ("escape", Value::Null), ("empty_continuation_warnings", json!([]))];
    let difference =
        absent.iter().find_map(|(name, empty)| differs(name, &ours[name], theirs.get(name).unwrap_or(empty)));
    // The mutated cases do not tell the directives.
    let directives = || differs("directives", &ours["directives"], theirs.get("directives")?);
    if let Some(difference) = difference.or_else(directives) {
        return Some(difference);
    }
    let nodes = theirs["nodes"].as_array().into_iter().flatten();
    let own_nodes: Vec<Value> = ours["nodes"].as_array().into_iter().flatten().map(|ours| filled(ours, None)).collect();
    let nodes: Vec<Value> = nodes.enumerate().map(|(index, theirs)| filled(theirs, own_nodes.get(index))).collect();
    differs("nodes", &json!(own_nodes), &json!(nodes))
}

/// A node with all its fields; those that are in `like` only, and not optional, are taken from there: the mutated cases
/// have no `original`.
fn filled(node: &Value, like: Option<&Value>) -> Value {
    let mut node = node.clone();
    if let Some(like) = like.filter(|_| node.get("original").is_none()) {
        node["original"] = like["original"].clone();
    }
    fill(&mut node, &OF_NODE);
    for heredoc in node["heredocs"].as_array_mut().into_iter().flatten() {
        fill(heredoc, &OF_HEREDOC);
    }
    if node["sub"].is_object() {
        node["sub"] = filled(&node["sub"], like.map(|like| &like["sub"]));
    }
    node
}

fn fill(object: &mut Value, fields: &[&str]) {
    for field in fields {
        if object.get(field).is_none() {
            object[field] = empty(field);
        }
    }
}
