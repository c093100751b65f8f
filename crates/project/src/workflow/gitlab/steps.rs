//! The scripts of a job ─► steps: one for each item of `before_script`, `script` and `after_script`.

use std::rc::Rc;

use super::config_node::{ConfigNode, ConfigValue};
use crate::text::Source;
use crate::workflow::model::{Step, StepScript, WorkflowProblem};
use crate::workflow::place::WorkflowText;
use crate::workflow::script::ScriptText;
use crate::workflow::step_command::folder_after;

/// Steps of one pipeline that are read.
pub(super) const STEPS: usize = 20_000;

/// Lists in one another that GitLab flattens.
const NESTED: usize = 10;

/// The steps of a job in order; what stands in none of the forms that GitLab takes is a problem.
pub(super) fn read(job: &ConfigNode, sources: &[Source], left: &mut usize) -> (Vec<Step>, Vec<WorkflowProblem>) {
    let mut reader = StepReader { sources, left, steps: Vec::new(), problems: Vec::new(), folder: None };
    for section in ["before_script", "script", "after_script"] {
        // Another shell runs `after_script`.
        if section == "after_script" {
            reader.folder = None;
        }
        if let Some(node) = job.get(section) {
            reader.add(section, node, NESTED);
        }
    }
    (reader.steps, reader.problems)
}

/// The texts of a list and of those in it, or the one that stands there.
pub(super) fn flat(node: &ConfigNode) -> Vec<WorkflowText> {
    let inner = node.items().iter().flat_map(|item| item.items()).chain(node.items());
    let texts = inner.filter_map(|item| item.workflow_text());
    node.workflow_text().into_iter().chain(texts).collect()
}

struct StepReader<'s> {
    sources: &'s [Source],
    left: &'s mut usize,
    steps: Vec<Step>,
    problems: Vec<WorkflowProblem>,
    /// Where the shell is: the items of a job share one.
    folder: Option<WorkflowText>,
}

impl StepReader<'_> {
    fn add(&mut self, section: &str, node: &Rc<ConfigNode>, depth: usize) {
        if *self.left == 0 {
            return;
        }
        *self.left -= 1;
        match &node.value {
            ConfigValue::Text(text) => self.add_step(section, node, text),
            ConfigValue::List(items) => match depth.checked_sub(1) {
                Some(depth) => items.iter().for_each(|item| self.add(section, item, depth)),
                None => self
                    .problem(node, format!("the lists of `{section}` lie in one another in more than {NESTED} levels")),
            },
            ConfigValue::Map(_) => {
                self.problem(node, format!("an item of `{section}` is a mapping: put it in quotes"));
            }
            ConfigValue::Null | ConfigValue::Reference(_) => {}
        }
    }

    fn add_step(&mut self, section: &str, node: &ConfigNode, text: &str) {
        let source = self.sources.get(node.place.file as usize);
        let written = source.and_then(|source| source.text().get(node.place.span.range())).unwrap_or_default();
        let script = StepScript::new(ScriptText::new(text, written, node.place));
        let folder = folder_after(self.folder.as_ref(), &script);
        self.steps.push(Step {
            place: node.place,
            path: node.path(),
            id: Some(section.to_owned()),
            name: None,
            condition: None,
            action: None,
            inputs: Vec::new(),
            script: Some(script),
            folder: std::mem::replace(&mut self.folder, folder),
            shell: None,
            variables: Vec::new(),
        });
    }

    fn problem(&mut self, node: &ConfigNode, message: String) {
        self.problems.push(WorkflowProblem { place: node.place, message });
    }
}
