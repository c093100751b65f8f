//! The parse vectors: BuildKit's answers to small files.

use serde_json::{Value, json};

use super::{BuildkitAnswer, BuildkitNode, File, HeredocNode, Stage, Verdict, parse};
use crate::text::Source;

const VECTORS: [(&str, &str); 3] = [
    ("parse.jsonl", include_str!("../../../../tests/vectors/parse.jsonl")),
    ("parse-fuzz.jsonl", include_str!("../../../../tests/vectors/parse-fuzz.jsonl")),
    ("parse-more.jsonl", include_str!("../../../../tests/vectors/parse-more.jsonl")),
];

/// Each case of the vectors: its id, input and expected answer.
pub(super) fn cases() -> impl Iterator<Item = (String, String, Value)> {
    VECTORS.iter().flat_map(|(_, text)| text.lines()).map(|line| {
        let mut case: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        let (id, input) = (text("id"), text("input"));
        (id, input, case["expected"].take())
    })
}

/// Members of `expected` that are empty may be absent.
fn with_default(expected: &Value, name: &str, empty: &Value) -> Value {
    expected.get(name).unwrap_or(empty).clone()
}

fn heredoc(heredoc: &HeredocNode) -> Value {
    let HeredocNode { name, fd, expand, chomp, content } = heredoc;
    json!({"name": name, "fd": fd, "expand": expand, "chomp": chomp, "content": content})
}

fn node(node: &BuildkitNode) -> Value {
    json!({
        "value": node.value, "args": node.args, "flags": node.flags, "json": node.json,
        "start_line": node.start_line, "end_line": node.end_line,
        "heredocs": node.heredocs.iter().map(heredoc).collect::<Vec<_>>(),
        "original": node.original, "prev_comments": node.prev_comments,
        "sub": node.sub.as_deref().map(self::node),
    })
}

fn expected_node(value: &Value) -> Value {
    let mut whole = json!({"flags": [], "json": false, "heredocs": [], "prev_comments": [], "sub": null});
    for (name, value) in value.as_object().unwrap() {
        whole[name] = if name == "sub" { expected_node(value) } else { value.clone() };
        if name == "heredocs" {
            for heredoc in whole[name].as_array_mut().unwrap() {
                let mut full = json!({"fd": 0, "expand": false, "chomp": false, "content": ""});
                full.as_object_mut().unwrap().extend(heredoc.as_object().unwrap().clone());
                *heredoc = full;
            }
        }
    }
    whole
}

fn error(verdict: &Verdict) -> Value {
    json!({"stage": verdict.stage.as_str(), "message": verdict.message, "lines": verdict.lines.map(|(first, last)| [first, last])})
}

/// The members in which an answer differs.
fn differences(file: &File, answer: &BuildkitAnswer, expected: &Value) -> Vec<(&'static str, String, String)> {
    let none = json!([]);
    let nodes: Vec<Value> =
        with_default(expected, "nodes", &none).as_array().unwrap().iter().map(expected_node).collect();
    let mut our_nodes: Vec<Value> = answer.nodes.iter().map(node).collect();
    for (ours, theirs) in our_nodes.iter_mut().zip(&nodes) {
        drop_original(ours, theirs);
    }
    let mut pairs = vec![
        ("nodes", json!(our_nodes), json!(nodes)),
        ("escape", json!(answer.escape), with_default(expected, "escape", &Value::Null)),
        (
            "empty",
            json!(answer.empty_continuation_warnings),
            with_default(expected, "empty_continuation_warnings", &none),
        ),
        ("error", answer.error.as_ref().map_or(Value::Null, error), with_default(expected, "error", &Value::Null)),
    ];
    if let Some(directives) = expected.get("directives") {
        let our_directives =
            answer.directives.iter().map(|(name, value, line)| json!({"name": name, "value": value, "line": line}));
        pairs.push(("directives", our_directives.collect(), directives.clone()));
        let syntax = file.syntax().map(|directive| directive.value.into_owned());
        pairs.push(("syntax", json!(syntax), expected["syntax_detected"].clone()));
    }
    pairs.retain(|(_, ours, theirs)| ours != theirs);
    pairs.into_iter().map(|(name, ours, theirs)| (name, ours.to_string(), theirs.to_string())).collect()
}

/// `original` is absent from the fuzz vectors.
fn drop_original(ours: &mut Value, theirs: &Value) {
    if theirs.get("original").is_none() {
        ours.as_object_mut().unwrap().remove("original");
    }
    if let (Some(ours), Some(theirs)) = (ours.get_mut("sub"), theirs.get("sub"))
        && ours.is_object()
        && theirs.is_object()
    {
        drop_original(ours, theirs);
    }
}

#[test]
fn buildkit_agrees() {
    let (mut agreed, mut all) = (0, 0);
    let mut failures = Vec::new();
    for (id, input, expected) in cases() {
        // The fuzz vectors' answers end before stages are put together.
        let reach = if expected.get("stages").is_some() { Stage::Dispatch } else { Stage::Instruction };
        let file = parse(&Source::of("Dockerfile", &input));
        let differences = differences(&file, &file.answer(reach), &expected);
        all += 1;
        agreed += usize::from(differences.is_empty());
        for (name, ours, theirs) in differences {
            failures.push(format!("{id} {name}: {input:?}\n  own      {ours}\n  BuildKit {theirs}"));
        }
    }
    println!("parse vectors: {agreed} of {all}");
    assert!(failures.is_empty(), "{agreed} of {all} agree\n{}", failures.join("\n"));
}
