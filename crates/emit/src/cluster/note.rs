//! What is open of several services, said once.

use crate::text::joined;

/// Clauses about services as sentences: the same of several is one.
pub(super) fn merged_notes(notes: Vec<(String, String)>) -> Vec<String> {
    let mut merged: Vec<(String, Vec<String>)> = Vec::new();
    for (service, text) in notes {
        let name = format!("`{service}`");
        match merged.iter_mut().find(|(known, _)| *known == text) {
            Some((_, services)) if services.contains(&name) => {}
            Some((_, services)) => services.push(name),
            None => merged.push((text, vec![name])),
        }
    }
    let sentence = |(text, services): (String, Vec<String>)| format!("{}: {text}", joined(&services));
    merged.into_iter().map(sentence).collect()
}
