//! The legs of a job: what its matrix comes to.

use std::collections::BTreeMap;

use super::expression::filled;
use crate::yaml::{NodeKind, YamlNode};

/// Legs of one job that are looked at: GitHub runs no more.
const LEGS: usize = 256;

/// The values of one leg by their names; those of mappings by their paths (`image.name`).
pub type MatrixLeg = BTreeMap<String, String>;

/// A text as a leg has it: `${{ matrix.platform }}` is the leg's value.
pub fn text_in_leg(text: &str, leg: &MatrixLeg) -> String {
    filled(text, &|name| leg.get(name.strip_prefix("matrix.")?).cloned())
}

/// The legs of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Whether the job has a matrix.
    pub is_written: bool,
    /// Whether a part of it comes from an expression or is too large, so that the legs are not known.
    pub is_open: bool,
    /// Whether the values are variables of the scripts (`$NAME`).
    pub are_variables: bool,
    /// The legs; empty where the job has none, or they are not known.
    pub legs: Vec<MatrixLeg>,
}

impl Matrix {
    /// What is written under `strategy.matrix`, as GitHub expands it ("Using a matrix for your jobs"): every combination of the
    /// lists, less `exclude`, then with `include`.
    pub fn read(node: Option<YamlNode>) -> Self {
        let Some(node) = node else { return Self::default() };
        let mut matrix = Self { is_written: true, ..Self::default() };
        if node.kind() != Some(NodeKind::Mapping) {
            matrix.is_open = true;
            return matrix;
        }
        let mut legs = vec![MatrixLeg::new()];
        for entry in node.entries() {
            let Some(name) = entry.key.text().filter(|name| !matches!(*name, "include" | "exclude")) else { continue };
            let values: Vec<MatrixLeg> = entry.value.items().map(|item| flat(name, item)).collect();
            matrix.is_open |= entry.value.kind() != Some(NodeKind::Sequence) || is_open(&values);
            if legs.len() * values.len() > LEGS {
                matrix.is_open = true;
            }
            if matrix.is_open {
                return matrix;
            }
            let joined = |leg: &MatrixLeg| values.iter().map(|value| merged(leg, value)).collect::<Vec<_>>();
            legs = legs.iter().flat_map(joined).collect();
        }
        let list = |key: &str| node.get(key).map(|list| list.items().map(members).collect::<Vec<_>>());
        let is_list = |key: &str| node.get(key).is_none_or(|list| list.kind() == Some(NodeKind::Sequence));
        let (include, exclude) = (list("include").unwrap_or_default(), list("exclude").unwrap_or_default());
        // A value that only a run knows hides nothing of the others, as long as no list has that name.
        let is_of_list = |name: &String| legs.iter().any(|leg| leg.contains_key(name));
        let opens = |leg: &MatrixLeg| leg.iter().any(|(name, value)| is_open_value(value) && is_of_list(name));
        matrix.is_open |= !is_list("include") || !is_list("exclude") || include.iter().any(opens) || is_open(&exclude);
        if matrix.is_open || include.len() > LEGS {
            matrix.is_open = true;
            return matrix;
        }
        // Without lists there is no leg to begin with.
        legs.retain(|leg| !leg.is_empty() && !exclude.iter().any(|out| is_part(out, leg)));
        matrix.legs = with_included(legs, &include);
        matrix.is_open = matrix.legs.len() > LEGS;
        if matrix.is_open {
            matrix.legs.clear();
        }
        matrix
    }

    /// What a text is in each of the legs, in their order, and once where there is none; `None` where that is not known.
    pub fn texts(&self, text: &str) -> Option<Vec<String>> {
        if !text.contains("${{") {
            return Some(vec![text.to_owned(); self.legs.len().max(1)]);
        }
        let texts: Vec<String> = self.legs.iter().map(|leg| text_in_leg(text, leg)).collect();
        (!texts.is_empty() && !texts.iter().any(|text| text.contains("${{"))).then_some(texts)
    }

    /// Whether it has more than one leg, or may have.
    pub fn is_repeated(&self) -> bool {
        self.is_open || self.legs.len() > 1
    }
}

/// An entry of `include` adds to the legs whose values it does not replace; to none of them, it is a leg of its own.
fn with_included(mut legs: Vec<MatrixLeg>, include: &[MatrixLeg]) -> Vec<MatrixLeg> {
    let original = legs.clone();
    let mut more = Vec::new();
    for entry in include {
        let fits = |leg: &MatrixLeg| entry.iter().all(|(name, value)| leg.get(name).is_none_or(|known| known == value));
        let shares = |leg: &MatrixLeg| !leg.is_empty() && fits(leg);
        let mut is_added = false;
        for (leg, first) in legs.iter_mut().zip(&original) {
            if shares(first) {
                leg.extend(entry.clone());
                is_added = true;
            }
        }
        if !is_added {
            more.push(entry.clone());
        }
    }
    legs.extend(more);
    legs
}

/// A value by its name, those of a mapping by their paths.
fn flat(name: &str, node: YamlNode) -> MatrixLeg {
    if let Some(text) = node.text() {
        MatrixLeg::from([(name.to_owned(), text.to_owned())])
    } else {
        let members = node.entries().filter_map(|entry| Some((entry.key.text()?, entry.value.text()?)));
        members.map(|(key, value)| (format!("{name}.{key}"), value.to_owned())).collect()
    }
}

fn members(node: YamlNode) -> MatrixLeg {
    let named = node.entries().filter_map(|entry| Some((entry.key.text()?, entry.value)));
    named.flat_map(|(name, value)| flat(name, value)).collect()
}

fn merged(leg: &MatrixLeg, value: &MatrixLeg) -> MatrixLeg {
    leg.iter().chain(value).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn is_part(part: &MatrixLeg, leg: &MatrixLeg) -> bool {
    !part.is_empty() && part.iter().all(|(name, value)| leg.get(name) == Some(value))
}

fn is_open(values: &[MatrixLeg]) -> bool {
    values.iter().flat_map(BTreeMap::values).any(|value| is_open_value(value))
}

fn is_open_value(value: &str) -> bool {
    value.contains("${{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let tree = yaml::read(text);
        let matrix = Matrix::read(tree.root());
        let leg =
            |leg: &MatrixLeg| leg.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        assert_eq!(matrix.legs.iter().map(leg).collect::<Vec<_>>(), expected, "{text}");
        assert!(!matrix.is_open, "{text}");
    }

    #[test]
    fn legs_are_those_of_the_documentation() {
        check("os: [a, b]\nv: [1, 2]\n", &["os=a v=1", "os=a v=2", "os=b v=1", "os=b v=2"]);
        check("os: [a, b]\nv: [1, 2]\nexclude:\n  - {os: a, v: 1}\n  - {os: b}\n", &["os=a v=2"]);
        // The example of "Expanding or adding matrix configurations".
        check(
            "fruit: [apple, pear]\nanimal: [cat, dog]\ninclude:\n  - color: green\n  - color: pink\n    animal: cat\n  - fruit: apple\n    shape: circle\n  - fruit: banana\n  - fruit: banana\n    animal: cat\n",
            &[
                "animal=cat color=pink fruit=apple shape=circle",
                "animal=dog color=green fruit=apple shape=circle",
                "animal=cat color=pink fruit=pear",
                "animal=dog color=green fruit=pear",
                "fruit=banana",
                "animal=cat fruit=banana",
            ],
        );
        check(
            "include:\n  - {name: a, context: x}\n  - {name: b, context: y}\n",
            &["context=x name=a", "context=y name=b"],
        );
        check("image:\n  - {name: a, file: b}\n", &["image.file=b image.name=a"]);
        check("include:\n  - {name: a, image: '${{ x }}/a'}\n", &["image=${{ x }}/a name=a"]);
    }

    #[test]
    fn what_a_run_fills_in_is_open() {
        for text in [
            "${{ fromJSON(needs.a.outputs.b) }}",
            "a: ${{ fromJSON(x) }}",
            "a: [1]\ninclude: ${{ x }}",
            "a: ['${{ x }}']",
            "a: [1]\ninclude:\n  - {a: '${{ x }}'}",
        ] {
            let tree = yaml::read(text);
            let matrix = Matrix::read(tree.root());
            assert!(matrix.is_open && matrix.is_written && matrix.legs.is_empty(), "{text}");
        }
        let many = (0..300).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        assert!(Matrix::read(yaml::read(&format!("a: [{many}]")).root()).is_open);
    }
}
