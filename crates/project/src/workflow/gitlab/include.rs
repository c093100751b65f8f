//! The files of a pipeline: `include` puts others of the same repository below a file; those of elsewhere are gaps
//! (docs.gitlab.com/ci/yaml/includes).

use std::collections::BTreeSet;
use std::rc::Rc;

use regex::Regex;

use super::config_node::{ConfigNode, ConfigValue};
use crate::text::{Source, path};
use crate::workflow::model::{RepositoryFiles, WorkflowGap, WorkflowProblem};
use crate::workflow::place::WorkflowPlace;
use crate::yaml::{self, YamlTree};

/// Nodes that are looked at while a pipeline is put together.
const VISITS: usize = 1_000_000;

/// Includes of one pipeline that are followed: GitLab takes no more.
const INCLUDES: usize = 150;

/// Files that are included one from the other.
const DEEPEST: usize = 20;

/// Includes that lie elsewhere, each with what it is called.
const ELSEWHERE: [&str; 5] = ["remote", "project", "template", "component", "artifact"];

/// The files of a pipeline as they are read.
pub(super) struct PipelineFiles<'f> {
    pub(super) paths: Vec<String>,
    pub(super) sources: Vec<Source>,
    pub(super) gaps: Vec<WorkflowGap>,
    pub(super) problems: Vec<WorkflowProblem>,
    /// Nodes that may still be looked at.
    pub(super) visits: usize,
    files: &'f RepositoryFiles<'f>,
    names: Option<&'f BTreeSet<String>>,
    includes: usize,
    /// The files that include one another at the moment.
    open: Vec<u32>,
}

impl<'f> PipelineFiles<'f> {
    pub(super) fn new(
        file: &str,
        source: &Source,
        files: &'f RepositoryFiles<'f>,
        names: Option<&'f BTreeSet<String>>,
    ) -> Self {
        Self {
            paths: vec![file.to_owned()],
            sources: vec![source.clone()],
            gaps: Vec::new(),
            problems: Vec::new(),
            visits: VISITS,
            files,
            names,
            includes: INCLUDES,
            open: Vec::new(),
        }
    }

    /// The first file over those that it includes; `None` where it cannot be read.
    pub(super) fn whole(&mut self, tree: &YamlTree) -> Option<Rc<ConfigNode>> {
        self.file(0, tree)
    }

    /// Whether a part of the pipeline lies in a file that was not read.
    pub(super) fn is_partial(&self) -> bool {
        !self.gaps.is_empty()
    }

    fn file(&mut self, number: u32, tree: &YamlTree) -> Option<Rc<ConfigNode>> {
        // GitLab's parser takes the last of two alike keys.
        let is_wrong = |problem: &WorkflowProblem| !problem.message.starts_with("duplicate key");
        let problems: Vec<_> = WorkflowProblem::of_yaml(tree).into_iter().filter(is_wrong).collect();
        let is_fatal = !problems.is_empty();
        for mut problem in problems {
            problem.place.file = number;
            self.problems.push(problem);
        }
        // A document with `spec` before the pipeline says what its inputs are.
        let mut documents = tree.documents();
        let first = documents.next()?;
        let root = if first.get("spec").is_some() { documents.next().unwrap_or(first) } else { first };
        if is_fatal {
            return None;
        }
        let node = ConfigNode::of_file(root, number);
        let Some(include) = node.get("include").cloned() else { return Some(node) };
        self.open.push(number);
        let mut below: Option<Rc<ConfigNode>> = None;
        let listed = if include.items().is_empty() { std::slice::from_ref(&include) } else { include.items() };
        for include in listed {
            for included in self.include(include) {
                below = Some(match below {
                    Some(below) => below.merged(&included, &mut self.visits),
                    None => included,
                });
            }
        }
        self.open.pop();
        Some(match below {
            Some(below) => below.merged(&node, &mut self.visits),
            None => node,
        })
    }

    /// The files of one `include`, in order.
    fn include(&mut self, include: &ConfigNode) -> Vec<Rc<ConfigNode>> {
        let place = include.place;
        let local = match &include.value {
            ConfigValue::Text(text) if text.contains("://") => {
                self.gap(place, format!("the included file `{text}` was not read"));
                return Vec::new();
            }
            ConfigValue::Text(_) => include,
            _ => {
                if let Some(local) = include.get("local") {
                    local
                } else {
                    self.gap(place, elsewhere(include));
                    return Vec::new();
                }
            }
        };
        let Some(text) = local.text() else { return Vec::new() };
        let name = path::normalize(text.trim_start_matches('/'));
        let files = self.files_of(&name);
        if files.is_empty() {
            self.gap(place, format!("the included file `{text}` was not read"));
        }
        files.into_iter().filter_map(|file| self.included(place, &file)).collect()
    }

    /// The files that a path with wildcards stands for.
    fn files_of(&self, name: &str) -> Vec<String> {
        if name.contains('$') || name.starts_with("..") {
            return Vec::new();
        }
        if !name.contains('*') {
            return vec![name.to_owned()];
        }
        // `**` is anything, so that `ci/**/*.yml` takes no file of `ci` itself (`search_files_by_wildcard_path`).
        let pattern = regex::escape(name).replace(r"\*\*", ".*").replace(r"\*", "[^/]*");
        match (self.names, Regex::new(&format!("^{pattern}$"))) {
            (Some(names), Ok(pattern)) => names
                .iter()
                .filter(|file| path::is_yaml(file))
                .filter(|file| pattern.is_match(file))
                .take(INCLUDES)
                .cloned()
                .collect(),
            _ => Vec::new(),
        }
    }

    fn included(&mut self, place: WorkflowPlace, file: &str) -> Option<Rc<ConfigNode>> {
        let known = self.paths.iter().position(|known| known == file);
        if known.is_some_and(|number| self.open.contains(&(number as u32))) {
            self.problem(place, format!("`{file}` includes itself"));
            return None;
        }
        if self.includes == 0 || self.open.len() >= DEEPEST {
            self.gap(
                place,
                format!("the pipeline includes more than {INCLUDES} files, or deeper than {DEEPEST} levels"),
            );
            return None;
        }
        self.includes -= 1;
        let number = if let Some(number) = known {
            number
        } else {
            let Some(source) = (self.files)(file) else {
                self.gap(place, format!("the included file `{file}` was not read"));
                return None;
            };
            self.paths.push(file.to_owned());
            self.sources.push(source);
            self.paths.len() - 1
        };
        let source = self.sources[number].clone();
        let node = self.file(number as u32, &yaml::read(source.text()));
        if node.is_none() {
            self.gap(place, format!("the included file `{file}` was not read"));
        }
        node
    }

    fn gap(&mut self, place: WorkflowPlace, what: String) {
        self.gaps.push(WorkflowGap { place, what });
    }

    fn problem(&mut self, place: WorkflowPlace, message: String) {
        self.problems.push(WorkflowProblem { place, message });
    }
}

/// What an include of another place is.
fn elsewhere(include: &ConfigNode) -> String {
    let named = ELSEWHERE.iter().find_map(|kind| Some((*kind, include.get(kind)?.text()?)));
    match named {
        Some((kind, name)) => format!("the included {kind} `{name}` was not read"),
        None => "an `include` was not read".to_owned(),
    }
}
