//! A job of a pipeline whose parts are known ─► the model.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::config_node::{ConfigKey, ConfigNode, ConfigValue};
use super::include::PipelineFiles;
use super::resolve::Resolver;
use super::{parallel, steps, values};
use crate::sources::patterns;
use crate::workflow::model::Job;
use crate::workflow::place::{WorkflowPlace, WorkflowText};

/// Meaning in `data/source_patterns.tsv`.
const DEFAULT: &str = "key of a GitLab job that default may set";

/// Keys at the top of a pipeline that mean the same as under `default`.
const DEFAULTS_AT_THE_TOP: [&str; 5] = ["image", "services", "cache", "before_script", "after_script"];

/// Bytes of a condition that are kept.
const LONGEST: usize = 2_000;

pub(super) struct JobReader<'r, 'f> {
    resolver: &'r mut Resolver,
    read: &'r PipelineFiles<'f>,
    /// What jobs have that say nothing else.
    default: Vec<(ConfigKey, Rc<ConfigNode>)>,
    is_default_whole: bool,
    variables: Vec<(String, WorkflowText)>,
    /// Variables that rules may replace.
    replaced: BTreeSet<String>,
    /// Steps that may still be read.
    steps: usize,
}

impl<'r, 'f> JobReader<'r, 'f> {
    pub(super) fn new(root: &Rc<ConfigNode>, resolver: &'r mut Resolver, read: &'r PipelineFiles<'f>) -> Self {
        let root = resolver.without_jobs(root);
        let written = root.get("default").map(|default| default.entries()).unwrap_or_default();
        let at_the_top = root.entries().iter().filter(|(key, _)| DEFAULTS_AT_THE_TOP.contains(&&*key.name));
        let is_default = |key: &ConfigKey| patterns::words(DEFAULT).any(|word| word == key.name);
        let default = written.iter().filter(|(key, _)| is_default(key)).chain(at_the_top).cloned().collect();
        let mut replaced = BTreeSet::new();
        if let Some(rules) = root.get("workflow").and_then(|workflow| workflow.get("rules")) {
            replaced.extend(names_in_rules(rules));
        }
        let variables = values::variables(root.get("variables"));
        Self {
            is_default_whole: !resolver.was_incomplete(),
            resolver,
            read,
            default,
            variables,
            replaced,
            steps: steps::STEPS,
        }
    }

    /// The variables of all jobs.
    pub(super) fn pipeline_variables(&self) -> Vec<(String, WorkflowText)> {
        self.variables.clone()
    }

    /// Fills in constants.
    pub(super) fn close(&self, jobs: &mut [Job]) {
        values::close(jobs, &self.replaced);
    }

    pub(super) fn job(&mut self, key: &ConfigKey, node: &Rc<ConfigNode>) -> Job {
        let (node, is_whole) = self.resolver.whole(&key.name, node);
        let node = self.with_default(&node);
        if let Some(rules) = node.get("rules") {
            self.replaced.extend(names_in_rules(rules));
        }
        let condition = ["rules", "only", "except", "when"].iter().find_map(|key| self.written(node.get(key)?));
        let text = |key: &str| node.get(key).and_then(|node| name_of(node));
        let job = Job {
            id: key.name.clone(),
            place: key.place,
            path: vec![key.name.clone()],
            stage: node.get("stage").and_then(|stage| stage.workflow_text()),
            needs: node.get("needs").map(|needs| needed(needs)).unwrap_or_default(),
            condition,
            runners: node.get("tags").map(|tags| steps::flat(tags)).unwrap_or_default(),
            matrix: parallel::read(node.get("parallel")),
            image: text("image"),
            services: services(node.get("services")),
            variables: self.variables_of(&node),
            keys: node.entries().iter().map(|(key, _)| (key.name.clone(), key.place)).collect(),
            calls: self.trigger(key.place, &key.name, node.get("trigger")),
            recipe: None,
            steps: Vec::new(),
            is_partial: !is_whole || !self.is_default_whole || self.read.is_partial(),
        };
        if job.matrix.is_open {
            let what = format!("the matrix of the job `{}` is not known, or has more than 200 legs", job.id);
            self.resolver.gap(key.place, what);
        }
        let (steps, problems) = steps::read(&node, &self.read.sources, &mut self.steps);
        self.resolver.problems.extend(problems);
        Job { steps, ..job }
    }

    /// A job over what `default` has, as far as it inherits that.
    fn with_default(&self, node: &Rc<ConfigNode>) -> Rc<ConfigNode> {
        let inherits = inherited(node, "default");
        let missing = self.default.iter().filter(|(key, _)| node.get(&key.name).is_none() && inherits(&key.name));
        let missing: Vec<_> = missing.cloned().collect();
        if missing.is_empty() {
            return Rc::clone(node);
        }
        let is_known = |key: &ConfigKey| missing.iter().any(|(known, _)| known.name == key.name);
        let entries = node.entries().iter().filter(|(key, _)| !is_known(key)).cloned();
        node.with(ConfigValue::Map(entries.chain(missing.iter().cloned()).collect()))
    }

    /// The variables of a job over those of the pipeline, as far as it inherits them.
    fn variables_of(&self, node: &Rc<ConfigNode>) -> Vec<(String, WorkflowText)> {
        let inherits = inherited(node, "variables");
        let above = self.variables.iter().filter(|(name, _)| inherits(name)).cloned();
        above.chain(values::variables(node.get("variables"))).collect()
    }

    /// The text of a value as it is written.
    fn written(&self, node: &ConfigNode) -> Option<WorkflowText> {
        let source = self.read.sources.get(node.place.file as usize)?;
        let text = source.text().get(node.place.span.range())?;
        let text = text[..text.floor_char_boundary(LONGEST)].to_owned();
        Some(WorkflowText { text, place: node.place })
    }

    fn trigger(&mut self, place: WorkflowPlace, job: &str, node: Option<&Rc<ConfigNode>>) -> Option<WorkflowText> {
        let node = node?;
        self.resolver.gap(place, format!("the pipeline that the job `{job}` starts was not read"));
        let name = || ["project", "include"].iter().find_map(|key| node.get(key)?.workflow_text());
        let unnamed = WorkflowText { text: "trigger".to_owned(), place: node.place };
        Some(node.workflow_text().or_else(name).unwrap_or(unnamed))
    }
}

/// Whether a job takes a part of what the pipeline gives all: `inherit: {default: …}`.
fn inherited<'n>(node: &'n ConfigNode, part: &str) -> impl Fn(&str) -> bool + use<'n> {
    let inherit = node.get("inherit").and_then(|inherit| inherit.get(part));
    move |name| match inherit.map(|inherit| &inherit.value) {
        Some(ConfigValue::Text(text)) => text != "false",
        Some(ConfigValue::List(names)) => names.iter().any(|known| known.text() == Some(name)),
        _ => true,
    }
}

/// A name alone, or the one in a mapping.
fn name_of(node: &ConfigNode) -> Option<WorkflowText> {
    node.workflow_text().or_else(|| node.get("name")?.workflow_text())
}

fn services(node: Option<&Rc<ConfigNode>>) -> Vec<WorkflowText> {
    let Some(node) = node else { return Vec::new() };
    let mut services = Vec::new();
    for item in node.items() {
        // A reference to a list is a list in the list.
        services.extend(name_of(item));
        services.extend(item.items().iter().filter_map(|item| name_of(item)));
    }
    services
}

/// The jobs of the same pipeline that one waits for.
fn needed(node: &ConfigNode) -> Vec<String> {
    let name = |node: &ConfigNode| {
        let is_elsewhere = node.get("project").is_some() || node.get("pipeline").is_some();
        let job = if is_elsewhere { None } else { node.text().or_else(|| node.get("job")?.text()) };
        job.map(str::to_owned)
    };
    let items = node.items().iter();
    let mut names: Vec<String> = Vec::new();
    for item in items {
        names.extend(name(item));
        names.extend(item.items().iter().filter_map(|item| name(item)));
    }
    names
}

/// The variables that rules set.
fn names_in_rules(rules: &ConfigNode) -> Vec<String> {
    let variables = rules.items().iter().filter_map(|rule| rule.get("variables"));
    variables.flat_map(|variables| variables.entries()).map(|(key, _)| key.name.clone()).collect()
}
