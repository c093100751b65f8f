//! What a template of `CloudFormation` leaves to who deploys it.

use super::node::Node;

/// Parameters of a template at most (AWS `CloudFormation` quotas).
pub(super) const MOST_PARAMETERS: usize = 200;

/// The parameters of a template, in their order.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    entries: Vec<(String, Node)>,
    /// Those without a default.
    pub(super) needed: Vec<String>,
}

impl Parameters {
    /// Adds one, unless it is there.
    pub(super) fn add(&mut self, name: &str, kind: &str, description: &str, default: Option<String>) {
        if self.entries.iter().any(|(known, _)| known == name) {
            return;
        }
        let mut keys = vec![("Type".to_owned(), Node::text(kind)), ("Description".to_owned(), Node::text(description))];
        match default {
            Some(default) => keys.push(("Default".to_owned(), Node::text(default))),
            None => self.needed.push(name.to_owned()),
        }
        self.entries.push((name.to_owned(), Node::Map(keys)));
    }

    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn node(&self) -> Node {
        Node::Map(self.entries.clone())
    }
}

/// A name as `CloudFormation` takes it: `web-api` is `WebApi`.
pub(super) fn logical_id(label: &str) -> String {
    let parts = label.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let capital = |part: &str| {
        let mut rest = part.chars();
        rest.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), rest.as_str())).unwrap_or_default()
    };
    parts.map(capital).collect()
}
