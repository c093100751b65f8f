//! What workflows and pipelines share: how they get the program, and how they log in.

use super::fill::TemplateValues;
use super::input::{FleetJobsInput, FleetSystem};
use super::plan::FleetPlan;

/// Downloads a release.
const INSTALL: &str = include_str!("../../templates/fleet/install.sh");
/// The release that the jobs use.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The registry that GitHub's own token opens.
pub(super) const GITHUB_REGISTRY: &str = "ghcr.io";

/// The values of the templates of GitHub and GitLab.
pub(super) fn values(input: &FleetJobsInput, plan: &FleetPlan) -> TemplateValues {
    let mut values = TemplateValues::default();
    values.add("version", VERSION).add("install", INSTALL);
    values.add("list", input.list_path()).add("shards", plan.shards.value.to_string());
    values.add("shards_why", plan.shards.reason.as_str()).add("minutes", plan.minutes.value.to_string());
    values.add("minutes_why", plan.minutes.reason.as_str()).add("layers_why", plan.layers.reason.as_str());
    values.add("layers", format!("{}GB", plan.layers.value / 1_000_000_000));
    values.add("registries", input.registries.join(" "));
    values
}

/// The registries, each with the names of the secrets that GitHub has for it; `None` where its own token does.
pub(super) fn registry_secrets<'i>(input: &FleetJobsInput<'i>) -> Vec<(&'i str, Option<(String, String)>)> {
    let foreign = input.registries.iter().filter(|registry| *registry != GITHUB_REGISTRY).count();
    let mut number = 0;
    let of_registry = |registry: &'i String| {
        if registry == GITHUB_REGISTRY {
            return (registry.as_str(), None);
        }
        number += 1;
        let part = if foreign > 1 { format!("_{number}") } else { String::new() };
        (registry.as_str(), Some((format!("REGISTRY{part}_USER"), format!("REGISTRY{part}_PASSWORD"))))
    };
    input.registries.iter().map(of_registry).collect()
}

/// What has to be set so that the jobs can log in.
pub(super) fn secrets_note(input: &FleetJobsInput) -> Option<String> {
    if input.registries.is_empty() {
        return None;
    }
    let hosts = input.registries.join(", ");
    match input.system {
        FleetSystem::Github => {
            let secret = |(registry, names): (&str, Option<(String, String)>)| {
                names.map(|(user, password)| format!("{user} and {password} ({registry})"))
            };
            let secrets: Vec<String> = registry_secrets(input).into_iter().filter_map(secret).collect();
            (!secrets.is_empty()).then(|| {
                format!("the jobs need these secrets: {}; an account that may only read is enough", secrets.join(", "))
            })
        }
        FleetSystem::Gitlab => Some(format!(
            "the jobs need the variable DOCKER_AUTH_CONFIG, masked: the text of a config.json of docker with {hosts}; an account that \
             may only read is enough"
        )),
        FleetSystem::Kubernetes => Some(format!(
            "the jobs need the Secret `dockopt-fleet-registry`: a config.json of docker with {hosts}, and no credential helper; an \
             account that may only read is enough"
        )),
    }
}
