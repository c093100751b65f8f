//! Targets of `docker-bake.json`. JSON is YAML, and that reader keeps places.

use std::collections::BTreeMap;

use super::value::{KEYS, Target, Value};
use crate::compose::Problem;
use crate::text::Source;
use crate::yaml::{self, Kind, Node};

pub(super) fn read(source: &Source) -> (Vec<Target>, Vec<Problem>) {
    let tree = yaml::read(source.text());
    let problem = |one: &yaml::Problem| Problem { span: one.span, message: one.message.clone() };
    let problems = tree.problems().iter().map(problem).collect();
    let mut targets = Vec::new();
    for entry in tree.root().and_then(|root| root.get("target")).into_iter().flat_map(Node::entries) {
        let Some(name) = entry.key.text() else { continue };
        let mut values = BTreeMap::new();
        for pair in entry.value.entries() {
            let Some(key) = pair.key.text().filter(|key| KEYS.contains(key)) else { continue };
            values.insert(key.to_owned(), value(pair.value));
        }
        targets.push(Target { name: name.to_owned(), span: entry.key.span(), values });
    }
    (targets, problems)
}

fn value(node: Node) -> Value {
    let text = |node: Node| node.text().filter(|text| !text.contains("${")).map(str::to_owned);
    match node.kind() {
        Some(Kind::Scalar(_)) => match text(node) {
            Some(text) => Value::Text(text, node.span().start),
            None => Value::Other(node.span()),
        },
        Some(Kind::Sequence) => Value::List(node.items().filter_map(text).collect()),
        Some(Kind::Mapping) => {
            let pair =
                |entry: yaml::Entry| Some((text(entry.key)?, text(entry.value).filter(|_| !entry.value.is_null())?));
            Value::Pairs(node.entries().filter_map(pair).collect())
        }
        None => Value::Other(node.span()),
    }
}
