//! Texts for a container, as a compose file writes them.

use crate::yaml::NewValue;

/// A text for the container, as a compose file writes it.
pub fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// A list of texts in brackets and double quotes; every `$` is doubled, so that it reaches the container.
pub fn escaped_texts<T: AsRef<str>>(texts: &[T]) -> NewValue {
    let escaped: Vec<String> = texts.iter().map(|text| escaped(text.as_ref())).collect();
    NewValue::raw_texts(&escaped)
}
