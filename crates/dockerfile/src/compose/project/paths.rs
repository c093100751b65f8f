//! What happens to a value by the path of its keys: the table of `data/compose_paths.tsv` as a tree that is walked along
//! with the values.

use std::sync::OnceLock;

use hashbrown::HashMap;

use crate::data::COMPOSE_PATHS;

/// A step of reading a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Cast,
    Merge,
    Unique,
    Form,
    Default,
    Check,
    Resolve,
}

/// The rules at a path, and those below it.
#[derive(Debug, Default)]
pub(super) struct PathRules {
    how: HashMap<Step, &'static str>,
    below: HashMap<&'static str, PathRules>,
}

impl PathRules {
    /// Those of the whole project.
    pub(super) fn root() -> &'static Self {
        static ROOT: OnceLock<PathRules> = OnceLock::new();
        ROOT.get_or_init(|| {
            let mut root = Self::default();
            for row in COMPOSE_PATHS.rows() {
                let node = row[0].split('.').fold(&mut root, |node, part| node.below.entry(part).or_default());
                node.how.insert(step(row[1]), row[2]);
            }
            root
        })
    }

    /// Those of a key, or of any item of a list; `None` where nothing happens at it or below.
    pub(super) fn at(&'static self, key: &str) -> Option<&'static Self> {
        self.below.get(key).or_else(|| self.below.get("*"))
    }

    /// Those of the places of a list.
    pub(super) fn item(&'static self) -> Option<&'static Self> {
        self.below.get("*")
    }

    /// What a step does here.
    pub(super) fn how(&self, step: Step) -> Option<&'static str> {
        self.how.get(&step).copied()
    }
}

fn step(name: &str) -> Step {
    match name {
        "cast" => Step::Cast,
        "merge" => Step::Merge,
        "unique" => Step::Unique,
        "form" => Step::Form,
        "default" => Step::Default,
        "check" => Step::Check,
        _ => Step::Resolve,
    }
}
