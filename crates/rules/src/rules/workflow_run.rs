//! Runs the rules about pipelines, joins findings with one cause, and compares a pipeline before and after edits.

use std::collections::{BTreeMap, HashSet};

use super::dockerfile_index::DockerfileIndex;
use super::file_run::{CheckedFile, KeptAndHidden, run_files};
use super::metadata::Joining;
use super::workflow_context::WorkflowContext;
use super::{Check, Policies, Rule, find};
use crate::build::Build;
use crate::finding::{FileEdit, Finding, Findings, Fix};
use crate::inputs::{Inputs, WorkflowInput};
use crate::shell;
use crate::text::{FileId, Source};
use crate::workflow::{PipelineKind, pipeline_kind};
use crate::yaml::{self, YamlEditor, YamlNode};

/// Levels of a pipeline that are compared.
const DEEPEST: usize = 40;

/// Places of further findings that one names.
const OTHERS: usize = 3;

/// What the rules find in the pipelines.
pub(super) fn run_workflows(inputs: &Inputs, builds: &[Build], policies: &Policies) -> KeptAndHidden {
    if inputs.workflows.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let dockerfiles = &DockerfileIndex::new(inputs, builds);
    let files: Vec<_> = inputs.workflows.iter().map(|input| CheckedWorkflow { inputs, dockerfiles, input }).collect();
    run_files(inputs, policies, &files)
}

/// A pipeline with its parts.
struct CheckedWorkflow<'a, 'i> {
    inputs: &'a Inputs,
    dockerfiles: &'a DockerfileIndex<'a, 'i>,
    input: &'a WorkflowInput,
}

impl CheckedFile for CheckedWorkflow<'_, '_> {
    fn file(&self) -> FileId {
        self.input.file
    }

    fn commented_files(&self) -> Vec<FileId> {
        self.input.parts.iter().flatten().copied().collect()
    }

    fn is_checked_by(check: &Check) -> bool {
        matches!(check, Check::Workflow(_))
    }

    fn check(&self, rules: &[&'static Rule]) -> Findings {
        check_workflow(self.inputs, self.dockerfiles, self.input, rules)
    }
}

/// What rules find in a pipeline.
pub(super) fn check_workflow(
    inputs: &Inputs,
    dockerfiles: &DockerfileIndex,
    input: &WorkflowInput,
    rules: &[&'static Rule],
) -> Findings {
    let mut out = Findings::new();
    let is_yaml = !matches!(input.workflow.kind, PipelineKind::Just | PipelineKind::Make | PipelineKind::Script);
    let new_editor = |file: FileId| YamlEditor::new(inputs.source(file));
    let editor = |part: &Option<FileId>| if is_yaml { part.map(new_editor) } else { None };
    let editors: Vec<_> = input.parts.iter().map(editor).collect();
    let first_unread = dockerfiles.first_unread(input);
    for rule in rules {
        if let Check::Workflow(check) = rule.check {
            let (reporter, editors) = (rule.reporter(), &editors);
            check(&WorkflowContext { reporter, input, inputs, dockerfiles, first_unread, editors }, &mut out);
        }
    }
    // Several jobs may take over one line.
    let mut seen = HashSet::new();
    out.retain(|finding| seen.insert((finding.rule, finding.file, finding.span)));
    out
}

/// What findings that are joined have in common, as the page of their rule says (`joins:`): the rule, the cause, and whether a
/// fix repairs it, as what edits only a part of the calls is no repair of all.
fn join_key(finding: &Finding) -> Option<(&'static str, String)> {
    let cause = match find(finding.rule)?.metadata().joins? {
        Joining::Message => finding.message.clone(),
        Joining::Help => finding.help.clone()?,
        // How many calls a file has is said behind it.
        Joining::Calls => {
            format!("{} {}", !finding.fixes.is_empty(), finding.message.split(" (").next().unwrap_or_default())
        }
        Joining::File => {
            let fixes: Vec<_> = finding.fixes.iter().map(|fix| (&fix.title, &fix.safety)).collect();
            format!("{} {} {fixes:?}", finding.file.0, finding.message)
        }
    };
    Some((finding.rule, cause))
}

/// Findings with a common cause: where each stands, and the edits of all but the first.
#[derive(Default)]
struct JoinedFindings {
    places: Vec<String>,
    edits: Vec<Vec<FileEdit>>,
}

/// Leaves one finding of those with a common cause, which names the places of the others and has their edits. They come in
/// order.
pub(super) fn join_findings(findings: &mut Vec<Finding>, inputs: &Inputs) {
    let mut joined: BTreeMap<(&'static str, String), JoinedFindings> = BTreeMap::new();
    findings.retain(|finding| {
        let Some(key) = join_key(finding) else { return true };
        let source = inputs.source(finding.file);
        let known = joined.entry(key).or_default();
        known.places.push(format!("`{}`, line {}", source.name(), source.line(finding.span.start)));
        if known.places.len() > 1 {
            known.edits.extend(finding.fixes.first().map(|fix| fix.edits.clone()));
        }
        known.places.len() == 1
    });
    for finding in findings {
        let Some(JoinedFindings { places, edits }) = join_key(finding).and_then(|key| joined.remove(&key)) else {
            continue;
        };
        if let Some(fix) = finding.fixes.first_mut() {
            for edits in edits {
                add_edits(fix, edits);
            }
        }
        let others = &places[1..];
        let named = others.get(..OTHERS).unwrap_or(others);
        let more = others.len() - named.len();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        if !named.is_empty() {
            finding.notes.push(format!("the same holds for {}{more}", named.join("; ")));
        }
    }
}

/// Adds the edits of a fix of another place, unless they change what these do: the next round finds that place again.
fn add_edits(fix: &mut Fix, edits: Vec<FileEdit>) {
    let new: Vec<FileEdit> = edits.into_iter().filter(|edit| !fix.edits.contains(edit)).collect();
    let crosses = |edit: &FileEdit, other: &FileEdit| {
        let (a, b) = (edit.span, other.span);
        edit.target == other.target && a.start <= b.end && b.start <= a.end
    };
    if new.iter().all(|edit| fix.edits.iter().all(|other| !crosses(edit, other))) {
        fix.edits.extend(new);
        fix.edits.sort_by(|a, b| (&a.target, a.span).cmp(&(&b.target, b.span)));
    }
}

/// What an edit did to a pipeline that none of the rules announces: `workflow.with` is what stands under a key `with`
/// somewhere, `workflow.script` also what stands under `before_script` and `after_script`; `None` where all is announced.
pub fn workflow_breach(before: &Source, after: &Source, announced: &[&str]) -> Option<String> {
    match pipeline_kind(before.name()) {
        Some(PipelineKind::Script) => return script_breach(before, after),
        // Nothing is announced of what is no YAML.
        Some(PipelineKind::Just | PipelineKind::Make) => return None,
        _ => {}
    }
    let (old, new) = (yaml::read(before.text()), yaml::read(after.text()));
    if new.problems().len() > old.problems().len() {
        return Some(format!("the file would be no valid YAML any more: {}", new.problems().last()?.message));
    }
    let values = |tree: &yaml::YamlTree| {
        let mut values = BTreeMap::new();
        for (number, root) in tree.documents().enumerate() {
            flatten(root, vec![number.to_string()], DEEPEST, &mut values);
        }
        values
    };
    let (old, new) = (values(&old), values(&new));
    let allows = |path: &[String]| {
        let words = announced.iter().filter_map(|word| word.strip_prefix("workflow."));
        let is_of =
            |key: &str, word: &str| key.strip_prefix("before_").or(key.strip_prefix("after_")).unwrap_or(key) == word;
        words.into_iter().any(|word| path.iter().any(|key| is_of(key, word)))
    };
    let paths = old.keys().chain(new.keys());
    let changed = paths.filter(|path| old.get(*path) != new.get(*path)).find(|path| !allows(path))?;
    Some(format!("`{}` would change, which no rule announces", changed[1..].join(".")))
}

/// What an edit of a shell script broke.
fn script_breach(before: &Source, after: &Source) -> Option<String> {
    let problems = |source: &Source| shell::parse(source.text()).problems;
    let (old, new) = (problems(before), problems(after));
    (new.len() > old.len()).then(|| "the shell could not read the script any more".to_owned())
}

/// The texts of a document by the keys that lead to them.
fn flatten(node: YamlNode, path: Vec<String>, depth: usize, out: &mut BTreeMap<Vec<String>, String>) {
    let Some(below) = depth.checked_sub(1) else { return };
    if let Some(text) = node.text() {
        out.insert(path, text.to_owned());
        return;
    }
    let members = node.items().enumerate().map(|(number, item)| (number.to_string(), item));
    let entries = node.entries().filter_map(|entry| Some((entry.key.text()?.to_owned(), entry.value)));
    for (key, value) in members.chain(entries) {
        flatten(value, path.iter().cloned().chain([key]).collect(), below, out);
    }
}
