//! `parallel` of a job: a number of the same legs, or a matrix.

use std::rc::Rc;

use super::config_node::{ConfigNode, ConfigValue};
use crate::workflow::matrix::{Matrix, MatrixLeg};

/// Legs of one job: GitLab takes no more.
const LEGS: usize = 200;

/// The legs of a job ("parallel:matrix": each entry of the list gives every combination of its values).
pub(super) fn read(node: Option<&Rc<ConfigNode>>) -> Matrix {
    let Some(node) = node else { return Matrix::default() };
    let mut matrix = Matrix { is_written: true, are_variables: true, ..Matrix::default() };
    let legs = match node.text() {
        Some(count) => count.parse().ok().filter(|count| *count <= LEGS).map(|count| {
            (1..=count)
                .map(|number: usize| MatrixLeg::from([("CI_NODE_INDEX".to_owned(), number.to_string())]))
                .collect()
        }),
        None => node.get("matrix").and_then(|list| combinations(list)),
    };
    match legs {
        Some(legs) => matrix.legs = legs,
        None => matrix.is_open = true,
    }
    matrix
}

/// The legs of all entries; `None` where a value is not known, or there are too many.
fn combinations(list: &ConfigNode) -> Option<Vec<MatrixLeg>> {
    let ConfigValue::List(entries) = &list.value else { return None };
    let mut all = Vec::new();
    for entry in entries {
        let mut legs = vec![MatrixLeg::new()];
        for (key, value) in entry.entries() {
            let values: Vec<&str> = match value.text() {
                Some(text) => vec![text],
                None => value.items().iter().map(|item| item.text()).collect::<Option<_>>()?,
            };
            if values.is_empty() || legs.len() * values.len() > LEGS {
                return None;
            }
            let with = |leg: &MatrixLeg, value: &str| {
                let mut leg = leg.clone();
                leg.insert(key.name.clone(), value.to_owned());
                leg
            };
            legs = legs.iter().flat_map(|leg| values.iter().map(move |value| with(leg, value))).collect();
        }
        all.extend(legs);
        if all.len() > LEGS {
            return None;
        }
    }
    (!all.is_empty()).then_some(all)
}
