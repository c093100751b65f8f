//! What a rule about pipelines sees: the pipeline with the builds of its steps, the repository, and how findings and edits
//! are made.

use super::compose_context::unfixed;
use super::dockerfile_index::DockerfileIndex;
use super::reporter::Reporter;
use crate::build::Build;
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::inputs::{Inputs, Repository, WorkflowInput};
use crate::text::{Edit, FileId, Source, Span};
use crate::workflow::{BuildCall, Job, LegBuild, Step, Workflow, WorkflowPlace};
use crate::yaml::{NewValue, YamlEditor};

/// A check of a pipeline.
pub type WorkflowCheck = fn(&WorkflowContext<'_, '_>, &mut Findings);

/// A pipeline, for one rule.
#[derive(Clone, Copy)]
pub struct WorkflowContext<'a, 'i> {
    pub(super) reporter: Reporter,
    /// The pipeline and what is around it.
    pub input: &'a WorkflowInput,
    /// All that was read.
    pub inputs: &'a Inputs,
    /// The Dockerfiles of the run.
    pub(super) dockerfiles: &'a DockerfileIndex<'a, 'i>,
    /// The job and the step of the first build whose Dockerfiles are not looked at any more.
    pub(super) first_unread: Option<(usize, usize)>,
    /// The texts of the pipeline's files, by the numbers that places have.
    pub(super) editors: &'a [Option<YamlEditor<'a>>],
}

/// A change of a pipeline.
#[derive(Clone, Debug)]
pub enum WorkflowChange<'c> {
    /// A key gets a value: the keys that lead to it, and numbers in lists.
    Set(Vec<&'c str>, NewValue),
    /// A key goes.
    Remove(Vec<&'c str>),
    /// A list gets a member before the one with this number: its lines, without indentation.
    Insert(Vec<&'c str>, usize, String),
    /// A member of a list goes.
    RemoveMember(Vec<&'c str>, usize),
    /// A part of the text is replaced.
    Replace(WorkflowPlace, String),
    /// A part of another file of the run, such as a Dockerfile, is replaced.
    Elsewhere(FileId, Span, String),
    /// There is no such change; why, in one sentence without a full stop.
    Impossible(String),
}

impl<'a, 'i> WorkflowContext<'a, 'i> {
    /// Another pipeline of the run, to be read; findings are those of this one.
    #[must_use]
    pub fn of_workflow(&self, input: &'a WorkflowInput) -> Self {
        Self { input, first_unread: None, editors: &[], ..*self }
    }

    /// The pipeline.
    pub fn workflow(&self) -> &'a Workflow {
        &self.input.workflow
    }

    /// The builds of its steps.
    pub fn calls(&self) -> &'a [BuildCall] {
        &self.input.calls
    }

    /// The repository.
    pub fn repository(&self) -> &'a Repository {
        &self.input.repository
    }

    /// The job of a build.
    pub fn job(&self, call: &BuildCall) -> &'a Job {
        &self.workflow().jobs[call.job]
    }

    /// The step of a build.
    pub fn step(&self, call: &BuildCall) -> &'a Step {
        &self.job(call).steps[call.step]
    }

    /// The steps of all jobs with their jobs.
    pub fn steps(&self) -> impl Iterator<Item = (&'a Job, &'a Step)> {
        self.workflow().jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)))
    }

    /// The Dockerfiles of a build, one for each leg that builds another one; empty where one of them is not known.
    pub fn builds_of<'c>(&self, call: &'c BuildCall) -> Vec<(&'c LegBuild, &'a Build<'i>)> {
        if self.first_unread.is_some_and(|first| (call.job, call.step) >= first) {
            return Vec::new();
        }
        let build_of = |leg: &'c LegBuild| Some((leg, self.dockerfiles.build_at(self.input, &leg.file)?));
        let builds: Option<Vec<_>> = call.legs.iter().flatten().map(build_of).collect();
        builds.unwrap_or_default()
    }

    /// The builds of a job.
    pub fn calls_of_job(&self, job: usize) -> &'a [BuildCall] {
        self.calls_between((job, 0), (job + 1, 0))
    }

    /// The builds of a step.
    pub fn calls_of_step(&self, job: usize, step: usize) -> &'a [BuildCall] {
        self.calls_between((job, step), (job, step + 1))
    }

    /// The builds from one job and step to another one; all builds stand in this order.
    fn calls_between(&self, start: (usize, usize), end: (usize, usize)) -> &'a [BuildCall] {
        let calls = self.calls();
        let before = |place: (usize, usize)| calls.partition_point(|call| (call.job, call.step) < place);
        &calls[before(start)..before(end)]
    }

    /// The text of the pipeline's own file.
    pub fn source(&self) -> &'a Source {
        self.inputs.source(self.input.file)
    }

    /// A finding of this rule; `None` where the place is in a file of which nothing is reported with this pipeline.
    pub fn finding(&self, place: WorkflowPlace, message: impl Into<String>) -> Option<Finding> {
        let file = self.input.file_of(place)?;
        Some(self.reporter.finding_in(file, self.inputs.source(file), place.span, message))
    }

    /// A finding with a label at another place, where that is in the same file.
    pub fn labelled(&self, finding: Finding, place: WorkflowPlace, text: impl Into<String>) -> Finding {
        if self.input.file_of(place) == Some(finding.file) { finding.label(place.span, text) } else { finding }
    }

    /// The finding with edits that make `changes` in the file of the finding, all or none; where the file does not allow
    /// them, with a note that says why.
    pub fn fixed(&self, finding: Finding, title: &str, safety: Safety, changes: &[WorkflowChange<'_>]) -> Finding {
        // What a text with errors means, nobody knows.
        if !self.workflow().problems.is_empty() {
            return unfixed(finding, "the pipeline has errors");
        }
        let mut edits = Vec::new();
        for change in changes {
            match self.edit(finding.file, change) {
                Ok(edit) => edits.push(edit),
                Err(why) => return unfixed(finding, &why),
            }
        }
        edits.sort_by(|a, b| (&a.target, a.span).cmp(&(&b.target, b.span)));
        edits.dedup();
        let mut finding = finding;
        finding.fixes.push(Fix { title: title.to_owned(), safety, edits });
        finding
    }

    fn edit(&self, file: FileId, change: &WorkflowChange<'_>) -> Result<FileEdit, String> {
        let number = self.input.parts.iter().position(|part| *part == Some(file));
        let editor = number.and_then(|number| self.editors.get(number)?.as_ref());
        let yaml = || match editor {
            Some(editor) if editor.has(&["spec"]) => Err("its file has two documents".to_owned()),
            Some(editor) => Ok(editor),
            None => Err("it is in a file that is no YAML".to_owned()),
        };
        let Edit { span, text } = match change {
            WorkflowChange::Set(path, value) => yaml()?.set(path, value)?,
            WorkflowChange::Remove(path) => yaml()?.remove(path)?,
            WorkflowChange::Insert(path, number, text) => {
                above_comments(self.inputs.source(file).text(), yaml()?.insert(path, *number, text)?)
            }
            WorkflowChange::RemoveMember(path, number) => yaml()?.remove_member(path, *number)?,
            WorkflowChange::Replace(place, text) if self.input.file_of(*place) == Some(file) => {
                Edit { span: place.span, text: text.clone() }
            }
            WorkflowChange::Replace(..) => {
                return Err("it is written in another file: check and fix that one".to_owned());
            }
            WorkflowChange::Elsewhere(file, span, text) => {
                return Ok(FileEdit { target: Target::File(*file), span: *span, text: text.clone() });
            }
            WorkflowChange::Impossible(why) => return Err(why.clone()),
        };
        Ok(FileEdit { target: Target::File(file), span, text })
    }

    /// Whether a key is written at a path of the pipeline's own file.
    pub fn has_key(&self, path: &[&str]) -> bool {
        self.editors.first().and_then(Option::as_ref).is_some_and(|editor| editor.has(path))
    }
}

/// An insertion before a member of a list, moved above the comments that are about that member.
fn above_comments(text: &str, edit: Edit) -> Edit {
    let indent = edit.text.len() - edit.text.trim_start().len();
    let before = text.get(..edit.span.start as usize).unwrap_or_default();
    let is_comment = |line: &&str| {
        let depth = line.len() - line.trim_start().len();
        depth == indent && line.trim_start().starts_with('#')
    };
    let above: usize = before.split_inclusive('\n').rev().take_while(is_comment).map(str::len).sum();
    Edit { span: Span::at(edit.span.start - above as u32), ..edit }
}
