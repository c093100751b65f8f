//! The registries that jobs log in to, and what the user has to set for that.

use super::input::{FleetJobsInput, FleetSystem};

/// The registry that GitHub's own token opens.
pub(super) const GITHUB_REGISTRY: &str = "ghcr.io";
/// Registries that refuse to list their repositories to users (docs.github.com and docs.docker.com name other interfaces).
const WITHOUT_CATALOG: [&str; 2] = [GITHUB_REGISTRY, "docker.io"];

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
                format!("the jobs need these secrets, of the environment `dockopt-fleet` or of the repository: {}; an account that may only read is enough", secrets.join(", "))
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

/// What to do where a job is to list a registry that does not let it.
pub(super) fn catalog_note(input: &FleetJobsInput) -> Option<String> {
    if input.list.is_some() {
        return None;
    }
    let host = input.registries.iter().find(|host| WITHOUT_CATALOG.contains(&host.as_str()))?;
    Some(format!("`{host}` does not list its repositories: write the list by another way, and name it with `--list`"))
}
