//! Words in exec form.

/// A list of words in JSON, as exec form takes it.
pub(super) fn json_list<S: AsRef<str>>(words: &[S]) -> String {
    format!("[{}]", json_words(words))
}

/// The words of such a list.
pub(super) fn json_words<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| json_text(word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A text as a JSON string.
pub(super) fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
