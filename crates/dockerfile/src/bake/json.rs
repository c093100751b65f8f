//! Targets of `docker-bake.json`. JSON is YAML, and that reader keeps places.

use std::collections::BTreeMap;

use super::value::{BakeTarget, BakeValue, KEYS};
use crate::compose::ComposeProblem;
use crate::text::Source;
use crate::yaml::{self, NodeKind, YamlNode};

pub(super) fn read(source: &Source) -> (Vec<BakeTarget>, Vec<ComposeProblem>) {
    let tree = yaml::read(source.text());
    let problem = |yaml_problem: &yaml::YamlProblem| ComposeProblem {
        span: yaml_problem.span,
        message: yaml_problem.message.clone(),
    };
    let problems = tree.problems().iter().map(problem).collect();
    let mut targets = Vec::new();
    for entry in tree.root().and_then(|root| root.get("target")).into_iter().flat_map(YamlNode::entries) {
        let Some(name) = entry.key.text() else { continue };
        let mut values = BTreeMap::new();
        for pair in entry.value.entries() {
            let Some(key) = pair.key.text().filter(|key| KEYS.contains(key)) else { continue };
            values.insert(key.to_owned(), value(pair.value));
        }
        targets.push(BakeTarget { name: name.to_owned(), values });
    }
    (targets, problems)
}

fn value(node: YamlNode) -> BakeValue {
    let text = |node: YamlNode| node.text().filter(|text| !text.contains("${")).map(str::to_owned);
    match node.kind() {
        Some(NodeKind::Scalar(_)) => match text(node) {
            Some(text) => BakeValue::Text(text, node.span().start),
            None => BakeValue::Other(node.span()),
        },
        Some(NodeKind::Sequence) => BakeValue::List(node.items().filter_map(text).collect()),
        Some(NodeKind::Mapping) => {
            let pair = |entry: yaml::YamlEntry| {
                Some((text(entry.key)?, text(entry.value).filter(|_| !entry.value.is_null())?))
            };
            BakeValue::Pairs(node.entries().filter_map(pair).collect())
        }
        None => BakeValue::Other(node.span()),
    }
}
