//! `extends` and `!reference`, in the order and with the bounds that GitLab has.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::config_node::{ConfigNode, ConfigValue, DEEPEST};
use crate::sources::patterns;
use crate::workflow::model::{WorkflowGap, WorkflowProblem};
use crate::workflow::place::WorkflowPlace;

/// Meaning in `data/source_patterns.tsv`.
pub(super) const NO_JOB: &str = "key of a GitLab pipeline that is no job";

/// Levels of `extends` that GitLab follows.
const EXTENDS: usize = 11;

/// Levels of `!reference` that GitLab follows.
const REFERENCES: usize = 10;

/// Resolves what jobs take from others.
pub(super) struct Resolver {
    root: Rc<ConfigNode>,
    pub(super) gaps: Vec<WorkflowGap>,
    pub(super) problems: Vec<WorkflowProblem>,
    /// Nodes that may still be looked at.
    visits: usize,
    extended: HashMap<String, Rc<ConfigNode>>,
    /// Jobs of which a part is not known.
    partial: HashSet<String>,
    /// The jobs that extend one another at the moment.
    open: Vec<String>,
    /// The references that lead into one another at the moment.
    referred: Vec<Vec<String>>,
    /// What references led to, and whether all of it is known.
    resolved: HashMap<Vec<String>, (Option<Rc<ConfigNode>>, bool)>,
    /// Whether a reference of the last job leads nowhere.
    is_incomplete: bool,
}

impl Resolver {
    pub(super) fn new(root: &Rc<ConfigNode>, visits: usize) -> Self {
        Self {
            root: Rc::clone(root),
            gaps: Vec::new(),
            problems: Vec::new(),
            visits,
            extended: HashMap::new(),
            partial: HashSet::new(),
            open: Vec::new(),
            referred: Vec::new(),
            resolved: HashMap::new(),
            is_incomplete: false,
        }
    }

    /// The pipeline with its jobs over those that they extend.
    pub(super) fn extended(&mut self) -> Rc<ConfigNode> {
        let root = Rc::clone(&self.root);
        let jobs = root.entries().iter().map(|(key, _)| (key.clone(), self.extend(&key.name)));
        let entries = jobs.collect::<Vec<_>>().into_iter();
        let entries = entries.zip(root.entries()).map(|((key, job), (_, raw))| (key, job.unwrap_or(Rc::clone(raw))));
        self.root = root.with(ConfigValue::Map(entries.collect()));
        Rc::clone(&self.root)
    }

    /// A job over those that it extends; `None` where there is no such job.
    fn extend(&mut self, name: &str) -> Option<Rc<ConfigNode>> {
        if let Some(known) = self.extended.get(name) {
            return Some(Rc::clone(known));
        }
        let root = Rc::clone(&self.root);
        let job = root.get(name)?;
        let Some(extends) = job.get("extends").cloned() else { return Some(Rc::clone(job)) };
        let place = extends.place;
        if self.open.iter().any(|open| open == name) {
            self.problem(place, format!("`{name}` extends itself"));
            self.partial.insert(name.to_owned());
            return Some(Rc::clone(job));
        }
        if self.open.len() >= EXTENDS {
            self.problem(place, format!("`{name}` is extended through more than {EXTENDS} levels"));
            self.partial.insert(name.to_owned());
            return Some(Rc::clone(job));
        }
        self.open.push(name.to_owned());
        let mut below: Option<Rc<ConfigNode>> = None;
        let bases = if extends.text().is_some() { std::slice::from_ref(&extends) } else { extends.items() };
        for base in bases {
            let Some(base_name) = base.text() else {
                self.miss(name, base.place, format!("what the job `{name}` extends is not known"));
                continue;
            };
            match self.extend(base_name) {
                Some(base) => {
                    if self.partial.contains(base_name) {
                        self.partial.insert(name.to_owned());
                    }
                    below = Some(below.map_or(Rc::clone(&base), |below| below.merged(&base, &mut self.visits)));
                }
                None => {
                    self.miss(name, base.place, format!("`{base_name}`, which the job `{name}` extends, was not read"));
                }
            }
        }
        self.open.pop();
        let whole = below.map_or(Rc::clone(job), |below| below.merged(job, &mut self.visits));
        self.extended.insert(name.to_owned(), Rc::clone(&whole));
        Some(whole)
    }

    /// A job with its references filled in; whether all of it is known.
    pub(super) fn whole(&mut self, name: &str, node: &Rc<ConfigNode>) -> (Rc<ConfigNode>, bool) {
        self.is_incomplete = false;
        let node = self.filled(node, DEEPEST);
        (node, !self.is_incomplete && !self.partial.contains(name))
    }

    /// What is no job of the pipeline, with its references filled in.
    pub(super) fn without_jobs(&mut self, root: &Rc<ConfigNode>) -> Rc<ConfigNode> {
        self.is_incomplete = false;
        let entries = root.entries().iter().filter(|(key, _)| patterns::words(NO_JOB).any(|word| word == key.name));
        let entries = entries.map(|(key, node)| (key.clone(), Rc::clone(node))).collect();
        self.filled(&root.with(ConfigValue::Map(entries)), DEEPEST)
    }

    /// Whether a reference of what was last filled in leads nowhere.
    pub(super) fn was_incomplete(&self) -> bool {
        self.is_incomplete
    }

    fn filled(&mut self, node: &Rc<ConfigNode>, depth: usize) -> Rc<ConfigNode> {
        self.visits = self.visits.saturating_sub(1);
        if depth == 0 || self.visits == 0 {
            self.is_incomplete = true;
            return node.with(ConfigValue::Null);
        }
        let depth = depth - 1;
        match &node.value {
            ConfigValue::Null | ConfigValue::Text(_) => Rc::clone(node),
            ConfigValue::List(items) => {
                let filled: Vec<_> = items.iter().map(|item| self.filled(item, depth)).collect();
                let is_same = filled.iter().zip(items).all(|(filled, item)| Rc::ptr_eq(filled, item));
                if is_same { Rc::clone(node) } else { node.with(ConfigValue::List(filled)) }
            }
            ConfigValue::Map(entries) => {
                let filled: Vec<_> =
                    entries.iter().map(|(key, node)| (key.clone(), self.filled(node, depth))).collect();
                let is_same = filled.iter().zip(entries).all(|((_, filled), (_, node))| Rc::ptr_eq(filled, node));
                if is_same { Rc::clone(node) } else { node.with(ConfigValue::Map(filled)) }
            }
            ConfigValue::Reference(path) => self.referred(node.place, path, depth).unwrap_or_else(|| {
                self.is_incomplete = true;
                node.with(ConfigValue::Null)
            }),
        }
    }

    /// What a reference leads to.
    fn referred(&mut self, place: WorkflowPlace, path: &[String], depth: usize) -> Option<Rc<ConfigNode>> {
        if let Some((known, is_whole)) = self.resolved.get(path) {
            self.is_incomplete |= !is_whole;
            return known.clone();
        }
        let name = path.join(", ");
        if self.referred.iter().any(|open| open == path) {
            self.problem(place, format!("`!reference [{name}]` leads to itself"));
            return None;
        }
        if self.referred.len() >= REFERENCES {
            self.problem(place, format!("`!reference [{name}]` is reached through more than {REFERENCES} others"));
            return None;
        }
        self.referred.push(path.to_vec());
        let was_incomplete = std::mem::take(&mut self.is_incomplete);
        let mut target = if path.is_empty() { None } else { Some(Rc::clone(&self.root)) };
        for key in path {
            target = target.and_then(|node| match &node.value {
                ConfigValue::Reference(path) => self.referred(node.place, path, depth)?.get(key).cloned(),
                _ => node.get(key).cloned(),
            });
        }
        let target = if let Some(node) = target {
            Some(self.filled(&node, depth))
        } else {
            self.gap(place, format!("`!reference [{name}]` was not read"));
            None
        };
        self.referred.pop();
        self.resolved.insert(path.to_vec(), (target.clone(), !self.is_incomplete));
        self.is_incomplete |= was_incomplete;
        target
    }

    fn miss(&mut self, job: &str, place: WorkflowPlace, what: String) {
        self.partial.insert(job.to_owned());
        self.gap(place, what);
    }

    pub(super) fn gap(&mut self, place: WorkflowPlace, what: String) {
        self.gaps.push(WorkflowGap { place, what });
    }

    pub(super) fn problem(&mut self, place: WorkflowPlace, message: String) {
        self.problems.push(WorkflowProblem { place, message });
    }
}
