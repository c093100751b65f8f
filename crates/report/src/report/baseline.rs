//! The text of a baseline: sorted, a finding per line, so that a diff shows what came and what went.

use super::format::escape;
use crate::finding::{BASELINE_SCHEMA, Baseline};
use crate::wire::object;

/// A baseline as it is written to its file; `schemas/baseline.schema.json` describes it.
pub fn baseline(baseline: &Baseline) -> String {
    let mut lines = Vec::new();
    for (known, count) in &baseline.findings {
        let entry = object! { file: &known.file, rule: &known.rule, fingerprint: &known.fingerprint, count: *count };
        // Strings and a number: writing them to memory can't fail.
        lines.push(format!("\n    {}", serde_json::to_string(&entry).unwrap_or_default()));
    }
    let command = serde_json::to_string(&baseline.command).unwrap_or_default();
    let end = if lines.is_empty() { "]" } else { "\n  ]" };
    escape::json(format!(
        "{{\n  \"schema\": \"{BASELINE_SCHEMA}\",\n  \"command\": {command},\n  \"findings\": [{}{end}\n}}\n",
        lines.join(",")
    ))
}
