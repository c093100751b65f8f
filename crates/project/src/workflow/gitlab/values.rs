//! The values of variables: those that nothing replaces while a pipeline runs are filled in wherever they are named.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::config_node::{ConfigNode, ConfigValue};
use crate::workflow::build_call::BuildCall;
use crate::workflow::cache_entry::CacheEntry;
use crate::workflow::model::Job;
use crate::workflow::place::WorkflowText;
use crate::workflow::variables::filled;

/// Variables that name variables, one in the other.
const ROUNDS: usize = 5;

/// What is written under `variables`: a value, or a mapping with one.
pub(super) fn variables(node: Option<&Rc<ConfigNode>>) -> Vec<(String, WorkflowText)> {
    let entries = node.map(|node| node.entries()).unwrap_or_default();
    let value = |node: &ConfigNode| match &node.value {
        ConfigValue::Text(text) => Some(text.clone()),
        ConfigValue::Null => Some(String::new()),
        _ => Some(node.get("value")?.text()?.to_owned()),
    };
    let variables = entries
        .iter()
        .filter_map(|(key, node)| Some((key.name.clone(), WorkflowText { text: value(node)?, place: node.place })));
    variables.collect()
}

/// Fills constants into images, services and variables. A variable that a rule, a matrix or a script replaces gets its own
/// name as its value: only a run knows it.
pub(super) fn close(jobs: &mut [Job], replaced: &BTreeSet<String>) {
    let mut open = replaced.clone();
    let scripts = jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.script.as_ref());
    for script in scripts {
        add_assigned(&script.text.text, &mut open);
    }
    for job in jobs {
        let in_matrix: BTreeSet<String> = job.matrix.legs.iter().flat_map(|leg| leg.keys().cloned()).collect();
        // Of two values the last counts.
        let mut names = BTreeSet::new();
        job.variables.reverse();
        job.variables.retain(|(name, _)| names.insert(name.clone()));
        job.variables.reverse();
        for (name, text) in &mut job.variables {
            if open.contains(name) || in_matrix.contains(name) || job.matrix.is_open {
                text.text = format!("${name}");
            }
        }
        for _ in 0..ROUNDS {
            let known = job.variables.clone();
            let mut is_changed = false;
            for (name, text) in &mut job.variables {
                let filled = filled(&text.text, &|other| if other == name { None } else { value_in(&known, other) });
                is_changed |= filled != text.text;
                text.text = filled;
            }
            if !is_changed {
                break;
            }
        }
        let known = std::mem::take(&mut job.variables);
        for text in job.image.iter_mut().chain(&mut job.services).chain(&mut job.runners) {
            text.text = filled(&text.text, &|name| value_in(&known, name));
        }
        job.variables = known;
    }
}

/// Fills the constants of its job into a build.
pub(in crate::workflow) fn fill(job: &Job, call: &mut BuildCall) {
    let fill = |text: &mut WorkflowText| text.text = filled_in(job, &text.text);
    let single = [&mut call.context, &mut call.file, &mut call.target, &mut call.provenance, &mut call.builder_name];
    single.into_iter().flatten().for_each(fill);
    call.folder.iter_mut().for_each(fill);
    let lists = [&mut call.contexts, &mut call.secrets, &mut call.platforms, &mut call.tags, &mut call.outputs];
    lists.into_iter().flatten().for_each(fill);
    let lists = [&mut call.targets, &mut call.files, &mut call.overrides];
    lists.into_iter().flatten().for_each(fill);
    for argument in &mut call.arguments {
        argument.value = argument.value.as_ref().map(|value| filled_in(job, value));
    }
    for entry in call.cache_from.iter_mut().chain(&mut call.cache_to) {
        let mut text = entry.text.clone();
        fill(&mut text);
        *entry = CacheEntry::read(text);
    }
}

/// A text of a job of GitLab with the values of its constants.
pub fn filled_in(job: &Job, text: &str) -> String {
    filled(text, &|name| value_in(&job.variables, name))
}

/// The value of a variable; `None` where only a run knows it.
fn value_in(variables: &[(String, WorkflowText)], name: &str) -> Option<String> {
    let text = &variables.iter().rev().find(|(known, _)| known == name)?.1.text;
    (text.strip_prefix('$') != Some(name)).then(|| text.clone())
}

/// Adds the names that a script gives values to: `NAME=…`, also in a text that it writes to a file of variables; not those
/// of an option (`--build-arg NAME=…`).
fn add_assigned(script: &str, names: &mut BTreeSet<String>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for line in script.lines() {
        for (at, _) in line.match_indices('=') {
            let before = line[..at].trim_end_matches('+');
            let start = before.trim_end_matches(is_name).len();
            let name = &before[start..];
            let last_word = before[..start].split_whitespace().next_back().unwrap_or_default();
            let is_word = before[..start].chars().next_back().is_none_or(|c| !matches!(c, '-' | '.' | '/' | '$' | ','));
            let is_option = before[..start].ends_with(char::is_whitespace) && last_word.starts_with('-');
            if !name.is_empty() && is_word && !is_option {
                names.insert(name.to_owned());
            }
        }
        let mut words = line.split_whitespace().skip_while(|word| *word != "read");
        if words.next().is_some() {
            names.extend(words.filter(|word| word.chars().all(is_name)).map(str::to_owned));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_scripts_set_are_found() {
        let mut names = BTreeSet::new();
        let script =
            "export A=1 && B+=2\ndocker build --build-arg C=$C -e D=1 --x=y .\necho \"E=1\" >> build.env\nread F";
        add_assigned(script, &mut names);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["A", "B", "E", "F"]);
    }
}
