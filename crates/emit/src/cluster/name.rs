//! Names that a cluster takes: letters of one case, digits and dashes.

use std::collections::BTreeMap;

/// Characters of a name at most: a Service is a label of DNS.
const LONGEST: usize = 63;
/// Characters that the endings of names get: `-config-0a1b2c3d`.
const ENDING: usize = 16;

/// A name as a label of DNS that begins with a letter.
pub(super) fn label(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let trimmed = plain.trim_matches('-');
    let start = if trimmed.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "service-" };
    let whole = format!("{start}{trimmed}");
    let cut = whole.get(..LONGEST - ENDING).unwrap_or(&whole);
    cut.trim_end_matches('-').to_owned()
}

/// The names of services in a cluster, by their names in the compose file.
///
/// # Errors
/// Which services come to the same name, one sentence each.
pub(super) fn labels<'n>(names: impl Iterator<Item = &'n str>) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut by_label: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        by_label.entry(label(name)).or_default().push(name);
    }
    let collisions: Vec<String> = by_label
        .iter()
        .filter(|(_, names)| names.len() > 1)
        .map(|(label, names)| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!(
                "{} all come to the name `{label}`, as a cluster takes small letters, digits and `-`: rename one in the compose file",
                names.join(" and ")
            )
        })
        .collect();
    if !collisions.is_empty() {
        return Err(collisions);
    }
    let pairs = by_label
        .into_iter()
        .flat_map(|(label, names)| names.into_iter().map(move |name| (name.to_owned(), label.clone())));
    Ok(pairs.collect())
}

/// The name of a key in a `ConfigMap` or a Secret: letters, digits, `-`, `_` and `.`.
pub(super) fn is_key(name: &str) -> bool {
    !name.is_empty() && name.len() < 254 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels() {
        for (name, expected) in [
            ("api", "api"),
            ("My_API.v2", "my-api-v2"),
            ("_x_", "x"),
            ("2fa", "service-2fa"),
            ("größe", "gr--e"),
            ("___", "service"),
        ] {
            assert_eq!(label(name), expected, "{name}");
        }
        assert_eq!(label(&"a".repeat(80)).len(), 47);
        assert!(labels(["a_b", "a-b"].into_iter()).unwrap_err()[0].contains("`a_b` and `a-b`"));
        assert_eq!(labels(["A", "b"].into_iter()).unwrap()["A"], "a");
    }
}
