//! Reads the cases of vectors.

use serde_json::Value;

/// The string value of a key; empty if the key is missing.
pub(super) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or_default()
}
