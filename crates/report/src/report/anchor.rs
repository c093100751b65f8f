//! Names of the parts of a page, as addresses have them.

use std::collections::HashMap;

use super::format::escape::masked;

/// Names of parts of a page in addresses, each once.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    numbers: HashMap<String, usize>,
}

impl Anchors {
    /// A name that no other part has.
    pub(super) fn name(&mut self, words: &str) -> String {
        // A token would not be known for one any more.
        let name = identifier_of(&masked(words));
        let number = self.numbers.entry(name.clone()).or_default();
        *number += 1;
        if *number == 1 { name } else { format!("{name}-{number}") }
    }
}

/// A name as part of an address: what has a meaning there becomes a hyphen.
pub(super) fn identifier_of(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
}
