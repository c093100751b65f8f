//! Which compose files the scripts and pipelines of a repository start.

use super::workflow_input::WorkflowInput;
use crate::text::path;
use crate::workflow::{ComposeCall, Step, StepCommand};

/// A command that starts services: `docker compose -f compose.yaml up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeStart {
    /// The files that it names, from the top of the repository as far as that is known; none where Compose chooses them.
    pub files: Vec<String>,
    /// The script or pipeline.
    pub by: String,
}

impl ComposeStart {
    /// Those of a run; `None` where only a run knows which files one of them names.
    pub fn all(workflows: &[WorkflowInput]) -> Option<Vec<Self>> {
        let mut starts = Vec::new();
        for workflow in workflows {
            let is_pipeline = workflow.workflow.kind.is_pipeline();
            let calls =
                if is_pipeline { ComposeCall::all(&workflow.workflow) } else { workflow.compose_calls.to_vec() };
            let remote = workflow.remote_scripts.iter().flat_map(|remote| calls_of_step(&remote.commands));
            let steps = workflow.workflow.jobs.iter().flat_map(|job| &job.steps);
            let mut scripts = steps.filter_map(|step| step.script.as_ref());
            if scripts.any(|script| script.text.text.contains("COMPOSE_FILE")) {
                return None;
            }
            for call in calls.into_iter().chain(remote) {
                if call.command.is_empty() {
                    return None;
                }
                if call.command != "up" {
                    continue;
                }
                let file = |(text, path): &(crate::workflow::WorkflowText, Option<String>)| {
                    path.clone().or_else(|| text.constant().map(path::normalize))
                };
                let files = call.files.iter().map(file).collect::<Option<Vec<String>>>()?;
                starts.push(Self { files, by: workflow.path.clone() });
            }
        }
        Some(starts)
    }

    /// Whether it names a file; `name`: as the user would type it.
    pub fn names(&self, name: &str) -> bool {
        self.files.iter().any(|file| path::ends_with(name, file))
    }
}

fn calls_of_step(step: &Step) -> Vec<ComposeCall> {
    let Some(script) = &step.script else { return Vec::new() };
    StepCommand::all(step).iter().filter_map(|command| ComposeCall::of(script, command)).collect()
}
