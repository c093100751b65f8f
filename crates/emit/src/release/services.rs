//! What the files of a project say of the services that are replaced.

use super::facts::{CheckFacts, ServiceFacts};
use crate::compose::project::{ComposeProject, duration_nanoseconds};
use crate::deployment::{DeployedService, check_paths};
use crate::inputs::ComposeInput;
use crate::stack::{CheckTiming, ServiceCheck, Stack, StackService};
use crate::text::Source;

/// Seconds from SIGTERM to SIGKILL where nothing else is written (compose-spec, `stop_grace_period`).
const GRACE: f64 = 10.0;

/// Services that run one image, and are one deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceGroup {
    /// The services; the script knows the group by the first.
    pub services: Vec<ServiceFacts>,
    /// The image as the compose file names it; `None` where it has no name of its own.
    pub image: Option<String>,
}

/// What a project says about the services that are replaced, in the order of their start.
pub fn service_facts(
    compose: &ComposeInput,
    project: &ComposeProject,
    services: &[DeployedService],
) -> Vec<ServiceFacts> {
    let stack = Stack::new(project, &compose.dockerfiles);
    let facts = |service: &DeployedService| Some(facts_of(compose, stack.service(&service.name)?, service));
    services.iter().filter_map(facts).collect()
}

/// The services by the image that they run, in the order of their start.
pub fn service_groups(
    compose: &ComposeInput,
    project: &ComposeProject,
    services: &[DeployedService],
) -> Vec<ServiceGroup> {
    let stack = Stack::new(project, &compose.dockerfiles);
    let mut groups: Vec<ServiceGroup> = Vec::new();
    for facts in service_facts(compose, project, services) {
        let is_its = |group: &&mut ServiceGroup| group.services.iter().any(|service| service.group == facts.group);
        if let Some(group) = groups.iter_mut().find(is_its) {
            group.services.push(facts);
            // The script takes the name of the first.
            group.services.sort_by_key(|service| service.name != service.group);
        } else {
            let image = stack.service(&facts.name).and_then(|service| service.text("image")).map(str::to_owned);
            groups.push(ServiceGroup { services: vec![facts], image });
        }
    }
    groups
}

fn facts_of(compose: &ComposeInput, service: &StackService, deployed: &DeployedService) -> ServiceFacts {
    let grace = service.value.get("stop_grace_period").and_then(|value| duration_nanoseconds(&value.display()));
    #[allow(clippy::cast_precision_loss, reason = "seconds that people write")]
    let grace = grace.map_or(GRACE, |nanoseconds| nanoseconds as f64 / 1e9);
    let written = service.check.written().map(|check| check.words.join(" "));
    let dockerfile = compose.dockerfiles.get(&deployed.name).map(Source::text);
    ServiceFacts {
        name: deployed.name.clone(),
        group: deployed.group.clone(),
        count: deployed.count,
        ports: deployed.ports.clone(),
        published: deployed.published.iter().filter_map(|text| host_address(text)).collect(),
        addresses: addresses(deployed),
        check_path: check_paths(written.as_deref(), dockerfile).into_iter().next(),
        check: check_facts(service),
        start_limit: deployed.start_seconds,
        drain_limit: deployed.drain_seconds,
        grace,
        memory: memory(service),
        ready_seconds: None,
    }
}

fn addresses(service: &DeployedService) -> Vec<String> {
    let through = service.callers.iter().flat_map(|(caller, published)| {
        published.iter().map(move |address| format!("{} (through {caller})", shown_address(address)))
    });
    service.published.iter().map(|address| shown_address(address)).chain(through).collect()
}

/// A published port as it is shown: of `127.0.0.1::80` only the address is known.
fn shown_address(published: &str) -> String {
    match published.strip_suffix(':') {
        Some(address) => format!("{address}, at a port that the engine chooses"),
        None => published.to_owned(),
    }
}

/// The check of a service; `None` where it has none, or nothing is known of its image.
fn check_facts(service: &StackService) -> Option<CheckFacts> {
    let command = match &service.check {
        ServiceCheck::Written(check) => Some(check.text()),
        ServiceCheck::OfImage => None,
        _ => return None,
    };
    let timing = CheckTiming::of(service);
    Some(CheckFacts {
        command,
        interval: timing.interval,
        timeout: timing.timeout,
        retries: timing.retries,
        start_period: timing.start_period,
        start_interval: timing.start_interval,
        passes_always: false,
    })
}

/// Where the host itself reaches a published port: `8080` and `0.0.0.0:8080` at 127.0.0.1; nothing where the engine chooses.
fn host_address(published: &str) -> Option<String> {
    let (address, port) = published.rsplit_once(':').unwrap_or(("", published));
    let port: u16 = port.parse().ok()?;
    let address = if ["", "0.0.0.0", "::"].contains(&address) { "127.0.0.1" } else { address };
    Some(format!("{address}:{port}"))
}

/// Bytes that a container may take; Compose has both keys in bytes.
fn memory(service: &StackService) -> Option<u64> {
    let limits = || service.value.get("deploy")?.get("resources")?.get("limits")?.get("memory");
    service.value.get("mem_limit").or_else(limits)?.display().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{host_address, shown_address};

    #[test]
    fn a_port_that_the_engine_chooses_is_said() {
        assert_eq!(shown_address("127.0.0.1:8080"), "127.0.0.1:8080");
        assert_eq!(shown_address("8080"), "8080");
        assert_eq!(shown_address("127.0.0.1:"), "127.0.0.1, at a port that the engine chooses");
        assert_eq!(shown_address("[::1]:"), "[::1], at a port that the engine chooses");
        assert_eq!(host_address("127.0.0.1:"), None);
    }
}
