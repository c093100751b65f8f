//! Names in sentences.

/// Names in a sentence: `` `a` ``, `` `a` and `b` ``, `` `a`, `b` and 3 more ``.
pub fn listed(names: &[&str]) -> String {
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [rest @ .., last] if names.len() <= 3 => format!("{} and `{last}`", quoted(rest)),
        _ => format!("{} and {} more", quoted(&names[..2]), names.len() - 2),
    }
}
