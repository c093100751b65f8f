//! The directives of a configuration of nginx.

use std::collections::BTreeSet;

/// The directives of a configuration, each with its first argument.
pub(super) fn directives(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let statements = lines.flat_map(|line| line.split(['{', '}', ';']));
    statements.filter_map(|statement| {
        let mut words = statement.split_whitespace();
        Some((words.next()?, words.next().unwrap_or_default()))
    })
}

/// The ports that it listens on: `80`, `443 ssl`, `[::]:80`, `127.0.0.1:8080`.
pub(super) fn ports(text: &str) -> Vec<u16> {
    let listens = directives(text).filter(|(name, _)| *name == "listen").map(|(_, value)| value);
    let ports: BTreeSet<u16> = listens.filter_map(|value| value.rsplit(':').next()?.parse().ok()).collect();
    if ports.is_empty() { vec![80] } else { ports.into_iter().collect() }
}
