//! Errors of JSON.

/// What is wrong with a JSON text, without the place that `serde_json` appends.
pub fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]).to_owned()
}
