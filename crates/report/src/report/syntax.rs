//! What BuildKit makes of a Dockerfile, in the shape of the parse vectors (tests/vectors/README.md).

use serde_json::{Value, json};

use crate::dockerfile::{BuildkitAnswer, BuildkitNode};

/// The answer as the vectors' `expected` has it.
pub fn syntax(answer: &BuildkitAnswer) -> Value {
    let directives: Vec<Value> = answer
        .directives
        .iter()
        .map(|(name, value, line)| json!({ "name": name, "value": value, "line": line }))
        .collect();
    let error = answer.error.as_ref().map(
        |error| json!({ "stage": error.stage.as_str(), "message": error.message, "lines": error.lines.map(|(first, last)| [first, last]) }),
    );
    json!({
        "nodes": answer.nodes.iter().map(node).collect::<Vec<_>>(),
        "directives": directives,
        "escape": answer.escape.map(String::from),
        "empty_continuation_warnings": answer.empty_continuation_warnings,
        "error": error,
    })
}

fn node(node: &BuildkitNode) -> Value {
    let heredocs: Vec<Value> = node
        .heredocs
        .iter()
        .map(|doc| json!({ "name": doc.name, "fd": doc.fd, "expand": doc.expand, "chomp": doc.chomp, "content": doc.content }))
        .collect();
    let mut value = json!({
        "value": node.value,
        "args": node.args,
        "flags": node.flags,
        "json": node.json,
        "start_line": node.start_line,
        "end_line": node.end_line,
        "heredocs": heredocs,
        "original": node.original,
        "prev_comments": node.prev_comments,
    });
    // ONBUILD's trigger nests once: ONBUILD of ONBUILD is refused, but still read.
    if let Some(sub) = &node.sub {
        value["sub"] = self::node(sub);
    }
    value
}
