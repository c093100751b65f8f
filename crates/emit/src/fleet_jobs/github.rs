//! The workflow of GitHub.

use super::fill::{TemplateValues, indented};
use super::input::FleetJobsInput;
use super::plan::FleetPlan;
use super::registries::{GITHUB_REGISTRY, registry_secrets};
use super::scripts::values;
use crate::data;
use crate::emit::EmittedFile;

const FILE: &str = ".github/workflows/dockopt-fleet.yml";

const WORKFLOW: &str = include_str!("../../templates/fleet/github.yml");
/// The job that lists what registries have.
const LIST_JOB: &str = include_str!("../../templates/fleet/github-list.yml");
/// The step that logs in to a registry.
const LOG_IN: &str = include_str!("../../templates/fleet/github-login.yml");

/// Where secrets are: those of an environment can be kept to one branch (docs.github.com, "Using environments without deployments").
const ENVIRONMENT: &str = "environment:\n  name: dockopt-fleet # its secrets\n  deployment: false\n";

pub(super) fn files(input: &FleetJobsInput, plan: &FleetPlan) -> Vec<EmittedFile> {
    let mut values = values(input, plan);
    let numbers: Vec<String> = (1..=plan.shards.value).map(|number| number.to_string()).collect();
    values.add("numbers", format!("[{}]", numbers.join(", ")));
    values.add("upload", action("actions/upload-artifact")).add("download", action("actions/download-artifact"));
    values.add("log_in", log_ins(input));
    let (has_list, has_packages) = (input.list.is_some(), input.registries.iter().any(|host| host == GITHUB_REGISTRY));
    let has_secrets = registry_secrets(input).iter().any(|(_, secrets)| secrets.is_some());
    values.add("environment", if has_secrets { ENVIRONMENT } else { "" });
    let mut job = TemplateValues::default();
    job.add("permissions", permissions(false, has_packages));
    let list_job = if has_list { String::new() } else { values.fill(&job.fill(LIST_JOB)) };
    values.add("list_job", list_job);
    values.add("needs", if has_list { "" } else { "needs: [list]" });
    values.add("permissions", permissions(has_list, has_packages));
    values.add("get_list", get_list(input));
    vec![EmittedFile { path: FILE.to_owned(), text: values.fill(WORKFLOW) }]
}

/// An action by its commit.
fn action(name: &str) -> String {
    let row = data::WORKFLOW_ACTIONS.row(name);
    let (version, commit) = row.map_or(("", ""), |row| (row[2], row[3]));
    format!("{name}@{commit} # {version}")
}

/// What a job may do.
fn permissions(checks_out: bool, has_packages: bool) -> String {
    let mut lines = Vec::new();
    if checks_out {
        lines.push("contents: read # to check out");
    }
    if has_packages {
        lines.push("packages: read # to read images");
    }
    if lines.is_empty() {
        "permissions: {}".to_owned()
    } else {
        format!("permissions:\n{}", indented("  ", &lines.join("\n")))
    }
}

/// The step that brings the list, and the repositories that it names.
fn get_list(input: &FleetJobsInput) -> String {
    if input.list.is_none() {
        let download = action("actions/download-artifact");
        return format!("- name: Get the list\n  uses: {download}\n  with:\n    name: list\n");
    }
    let mut more = String::new();
    if input.has_folders() {
        more.push_str("    fetch-depth: 0 # history says how often steps rerun\n");
        if input.has_submodules {
            more.push_str("    submodules: true\n");
        }
    }
    let checkout = action("actions/checkout");
    format!("- name: Check out\n  uses: {checkout}\n  with:\n    persist-credentials: false\n{more}")
}

/// The steps that log in.
fn log_ins(input: &FleetJobsInput) -> String {
    let mut steps = String::new();
    for (registry, secrets) in registry_secrets(input) {
        let (user, password) = match secrets {
            Some((user, password)) => (format!("secrets.{user}"), format!("secrets.{password}")),
            None => ("github.actor".to_owned(), "github.token".to_owned()),
        };
        let mut values = TemplateValues::default();
        values.add("registry", registry).add("user", user).add("password", password);
        steps.push_str(&values.fill(LOG_IN));
    }
    steps
}
