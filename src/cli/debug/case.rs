//! Reads the cases of vectors.

use serde_json::Value;

/// The text under a key; empty if there is none.
pub(super) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or_default()
}
