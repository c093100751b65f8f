//! The report in a repository whose pipeline `ci emit` wrote: the pipeline has the images, and calls the report.

use std::path::Path;

use super::earlier::WrittenFile;
use super::template::{
    COMMENT_WORKFLOW_FILE, GITLAB_FILE, WORKFLOW_FILE, called_gitlab_job, called_workflow, comment_workflow,
};
use crate::emit::EmittedFile;
use crate::load::read_source;
use crate::pipeline::{PipelineSystem, is_of_ci_emit, with_report};

/// Bytes that a file may have.
const LIMIT: u64 = 1 << 20;

/// The pipeline of a repository, as the report sees it.
pub(super) struct ReportPipeline {
    pub(super) system: PipelineSystem,
    /// Whether it calls the report, or is going to.
    pub(super) is_caller: bool,
    /// Whether `ci emit` wrote it, and somebody changed it since.
    pub(super) is_edited: bool,
    /// Its text, and the one that calls the report.
    pub(super) change: Option<(String, String)>,
}

impl ReportPipeline {
    /// Reads the pipeline of a repository; what `ci emit` did not write calls nothing.
    pub(super) fn read(root: &Path, system: PipelineSystem) -> Self {
        let source = read_source(&root.join(system.file()), LIMIT).ok();
        let text = source.map(|source| source.text().to_owned()).filter(|text| is_of_ci_emit(text)).unwrap_or_default();
        let new = with_report(system, &text);
        Self {
            system,
            is_caller: new.is_some() || text.contains(&system.report_call()),
            is_edited: !text.is_empty() && new.is_none(),
            change: new.filter(|new| *new != text).map(|new| (text, new)),
        }
    }
}

/// The files of the report as a pipeline of `ci emit` needs them: those of this repository that `init` wrote and nobody changed.
/// Empty where there is no report, or somebody changed it.
pub(in crate::cli) fn called_files(root: &Path, system: PipelineSystem) -> Vec<EmittedFile> {
    let written = |name: &str| {
        let source = read_source(&root.join(name), LIMIT).ok()?;
        Some(WrittenFile::read(source.text())).filter(|file| file.is_of_template(name))
    };
    let file = |path: &str, text: String| EmittedFile { path: path.to_owned(), text };
    match system {
        PipelineSystem::Github => {
            let Some(workflow) = written(WORKFLOW_FILE) else { return Vec::new() };
            let comment = written(COMMENT_WORKFLOW_FILE).map(|_| file(COMMENT_WORKFLOW_FILE, comment_workflow(true)));
            let workflow = file(WORKFLOW_FILE, called_workflow(Some(&workflow.values), false));
            [workflow].into_iter().chain(comment).collect()
        }
        PipelineSystem::Gitlab => {
            written(GITLAB_FILE).map(|_| file(GITLAB_FILE, called_gitlab_job())).into_iter().collect()
        }
    }
}
