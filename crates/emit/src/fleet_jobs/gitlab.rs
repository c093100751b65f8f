//! The jobs of GitLab, in a file that the pipeline includes.

use super::input::FleetJobsInput;
use super::plan::FleetPlan;
use super::scripts::values;
use crate::emit::EmittedFile;

const FILE: &str = ".gitlab/dockopt-fleet.yml";

const JOBS: &str = include_str!("../../templates/fleet/gitlab.yml");
/// The job that lists what registries have.
const LIST_JOB: &str = include_str!("../../templates/fleet/gitlab-list.yml");
/// Hands credentials to the program.
const LOG_IN: &str = include_str!("../../templates/fleet/gitlab-login.sh");

pub(super) fn files(input: &FleetJobsInput, plan: &FleetPlan) -> Vec<EmittedFile> {
    let mut values = values(input, plan);
    values.add("stage", input.stage);
    values.add("log_in", if input.registries.is_empty() { "" } else { LOG_IN });
    let has_list = input.list.is_some();
    let git = match (input.has_folders(), input.has_submodules) {
        (true, true) => "GIT_DEPTH: 0 # history says how often steps rerun\nGIT_SUBMODULE_STRATEGY: normal",
        (true, false) => "GIT_DEPTH: 0 # history says how often steps rerun",
        (false, _) => "",
    };
    values.add("git", git);
    let list_job = if has_list { String::new() } else { values.fill(LIST_JOB) };
    values.add("list_job", list_job);
    values.add("needs", if has_list { "needs: []" } else { "needs: [dockopt-fleet-list]" });
    vec![EmittedFile { path: FILE.to_owned(), text: values.fill(JOBS) }]
}
