//! What becomes of each `depends_on`: a cluster starts everything at once, and has no order but that of the steps.

use std::collections::BTreeSet;

use crate::emit::DependencyTranslation;
use crate::stack::{COMPLETED, Dependency, HEALTHY, Stack, StackService};
use crate::text::joined;

/// A tool that the dependencies are translated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClusterTool {
    Kubernetes,
    Ecs,
}

/// What is written of a project.
pub(super) struct WrittenServices<'w> {
    pub(super) tool: ClusterTool,
    /// Services that stay.
    pub(super) services: BTreeSet<&'w str>,
    /// Those that end.
    pub(super) jobs: BTreeSet<&'w str>,
    /// Services that pass requests on.
    pub(super) proxies: BTreeSet<&'w str>,
}

/// Each dependency of a project with its outcome, also those of services that are not written.
pub(super) fn translations(stack: &Stack, written: &WrittenServices) -> Vec<DependencyTranslation> {
    let edges =
        stack.services.iter().flat_map(|service| service.dependencies.iter().map(move |known| (service, known)));
    let translated = edges.map(|(service, dependency)| {
        let (outcome, reason) = outcome(stack, written, service, dependency);
        DependencyTranslation {
            service: service.name.to_owned(),
            target: dependency.name.to_owned(),
            condition: dependency.condition.to_owned(),
            outcome,
            reason,
        }
    });
    translated.collect()
}

fn outcome(
    stack: &Stack,
    written: &WrittenServices,
    service: &StackService,
    dependency: &Dependency,
) -> (String, String) {
    let nothing = |reason: &str| ("nothing".to_owned(), reason.to_owned());
    let is_written = |name: &str| written.services.contains(name) || written.jobs.contains(name);
    if !is_written(service.name) {
        return nothing(&format!("`{}` is not written: {}", service.name, absence(service)));
    }
    let target = stack.service(dependency.name);
    if dependency.is_implied && target.is_some_and(|_| service.text("network_mode").is_some()) {
        return nothing("they share a network: that takes one pod or task with both, which is not written");
    }
    if dependency.condition == COMPLETED {
        return completed(written, dependency);
    }
    let is_backend =
        target.is_some_and(|target| target.known.is_some_and(|known| known.is_backend() || known.is_needed_late()));
    let is_healthy = dependency.condition == HEALTHY;
    match (written.services.contains(dependency.name), is_backend) {
        (true, _) if written.proxies.contains(service.name) => nothing(proxied(written.tool)),
        (true, _) if is_healthy => nothing(healthy_application(written.tool)),
        (true, _) => {
            nothing("containers come and go, so order is no property of a cluster: the program must try again")
        }
        (false, true) if is_healthy => nothing(healthy_backend(written.tool)),
        (false, true) => nothing("it runs elsewhere (a managed service or an operator); the program must try again"),
        (false, false) => {
            let why = target.filter(|target| is_optional(target)).map(|target| format!(": {}", absence(target)));
            let why = why.unwrap_or_default();
            nothing(&format!("`{}` is not written{why}; the program must try again while it is away", dependency.name))
        }
    }
}

/// Whether a program of the project is started with a profile alone.
fn is_optional(service: &StackService) -> bool {
    service.is_built && !service.profiles().is_empty()
}

/// Why a service is not written.
pub(super) fn absence(service: &StackService) -> String {
    if !is_optional(service) {
        let is_own = service.is_built && service.known.is_none();
        let why = if is_own { "it is not asked for, or ends by itself" } else { "it is no application of the project" };
        return why.to_owned();
    }
    let profiles = service.profiles();
    let names: Vec<String> = profiles.iter().map(|profile| format!("`{profile}`")).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("it is in the profile{plural} {}, without which it is not started", joined(&names))
}

fn completed(written: &WrittenServices, dependency: &Dependency) -> (String, String) {
    let name = dependency.name;
    if !written.jobs.contains(name) {
        let reason = format!("`{name}` is not written: run it by hand before each deployment");
        return ("nothing".to_owned(), reason);
    }
    match written.tool {
        ClusterTool::Kubernetes => (
            format!("Job `{name}`"),
            "it is applied and waited for before the Deployment; as an init container it would run in each pod, at each start, \
             side by side"
                .to_owned(),
        ),
        ClusterTool::Ecs => (
            format!("task `{name}`"),
            "`aws ecs run-task` starts it and its exit code is read before the services are updated".to_owned(),
        ),
    }
}

fn proxied(tool: ClusterTool) -> &'static str {
    match tool {
        ClusterTool::Kubernetes => "the name of its Service resolves before a pod is ready, so that the proxy starts",
        ClusterTool::Ecs => "the load balancer and Service Connect route to healthy tasks alone",
    }
}

fn healthy_application(tool: ClusterTool) -> &'static str {
    match tool {
        ClusterTool::Kubernetes => {
            "its Service passes requests to ready pods alone; the program must try again until one is"
        }
        ClusterTool::Ecs => "conditions hold within one task alone: Service Connect, and the program must try again",
    }
}

fn healthy_backend(tool: ClusterTool) -> &'static str {
    match tool {
        ClusterTool::Kubernetes => {
            "an init container would wait at the start of a pod alone, not when the server restarts later: the program must try \
             again, and be not ready while it is away"
        }
        ClusterTool::Ecs => "it runs elsewhere, and conditions hold within one task alone: the program must try again",
    }
}
