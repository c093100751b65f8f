//! Names in sentences.

/// Names in a sentence: `` `a` ``, `` `a` and `b` ``, `` `a`, `b` and 3 more ``.
pub fn listed(names: &[&str]) -> String {
    let quoted = quoted_names(names);
    match names.len() {
        0..=3 => joined(&quoted),
        count => format!("{} and {} more", quoted[..2].join(", "), count - 2),
    }
}

/// All of some texts in a sentence: `a`, `a and b`, `a, b and c`.
pub fn joined(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    match &texts[..] {
        [] => String::new(),
        [text] => (*text).to_owned(),
        [texts @ .., last] => format!("{} and {last}", texts.join(", ")),
    }
}

/// Names as a sentence shows them: `` `a` ``.
pub fn quoted_names(names: &[impl AsRef<str>]) -> Vec<String> {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect()
}
