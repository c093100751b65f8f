//! Shell scripts ─► the model: one job with one step.

use super::model::{Job, PipelineKind, Step, Workflow};
use super::place::{WorkflowPlace, WorkflowText};
use super::script::ScriptText;
use crate::shell::shell_of_shebang;
use crate::text::{Source, Span, path};

/// The job that a script is. Where it is started, nobody knows.
pub(super) fn read(file: &str, source: &Source) -> Workflow {
    let text = source.text();
    let mut workflow = Workflow::new(PipelineKind::Script, file);
    let first = text.lines().next().unwrap_or_default();
    let is_shell = match first.strip_prefix("#!") {
        Some(_) => shell_of_shebang(first).is_some_and(|shell| shell.dialect.is_parsed()),
        None => true,
    };
    let place = WorkflowPlace::of(Span::new(0, text.len() as u32));
    let mut job = Job::new(path::name(file).to_owned(), WorkflowPlace::of(Span::new(0, first.len() as u32)));
    if is_shell {
        let shell = first.strip_prefix("#!").unwrap_or("sh").split_whitespace();
        let shell = shell.map(path::name).find(|word| *word != "env" && !word.starts_with('-')).unwrap_or("sh");
        let step = Step::of_script(place, ScriptText::new(text, text, place));
        let shell = Some(WorkflowText { text: shell.to_owned(), place });
        let mut step = step;
        if let Some(script) = &mut step.script {
            script.file_folder = Some(path::parent(file).to_owned());
        }
        job.steps.push(Step { folder: Some(WorkflowText::unknown(place)), shell, ..step });
    }
    workflow.jobs.push(job);
    workflow
}
