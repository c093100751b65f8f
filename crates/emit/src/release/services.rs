//! What the files of a project say of the services that are deployed together.

use super::facts::{CheckFacts, ServiceFacts};
use crate::compose::project::{ComposeValue, duration_nanoseconds};
use crate::deployment::{DeploymentInput, DeploymentPlan, ReplacedService, check_paths};
use crate::stack::{CheckTiming, ServiceCheck, Stack, StackService};

/// Seconds from SIGTERM to SIGKILL where nothing else is written (compose-spec, `stop_grace_period`).
const GRACE: f64 = 10.0;

/// Services that run one image, and are one deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceGroup {
    /// The services in the order of their start; the script knows the group by the first of them that is built.
    pub services: Vec<ServiceFacts>,
    /// The image as the compose file names it; `None` where it has no name of its own.
    pub image: Option<String>,
    /// Whether it is built from the project.
    pub is_built: bool,
}

/// The groups of a project in the order of their start.
///
/// # Errors
/// Why a service cannot be replaced, one sentence each.
pub fn service_groups(input: &DeploymentInput) -> Result<Vec<ServiceGroup>, Vec<String>> {
    let stack = Stack::new(input.project, &input.compose.dockerfiles);
    let plan = DeploymentPlan::of(input)?;
    let group = |name: &str| {
        let mut services: Vec<(usize, &ReplacedService)> =
            plan.services.iter().enumerate().filter(|(_, service)| service.group == name).collect();
        // The script takes the name of the first.
        services.sort_by_key(|(_, service)| service.name != name);
        let known = services.first().and_then(|(_, service)| stack.service(&service.name));
        let facts = services.iter().filter_map(|(at, service)| {
            let callers = plan.callers.iter().filter(|caller| caller.targets.contains(at));
            let callers = callers.map(|caller| caller.name.clone()).collect();
            Some(service_facts(input, stack.service(&service.name)?, service, callers))
        });
        ServiceGroup {
            services: facts.collect(),
            image: known.and_then(|service| service.text("image")).map(str::to_owned),
            is_built: known.is_some_and(|service| service.is_built),
        }
    };
    Ok(plan.groups().into_iter().map(group).collect())
}

fn service_facts(
    input: &DeploymentInput,
    service: &StackService,
    replaced: &ReplacedService,
    callers: Vec<String>,
) -> ServiceFacts {
    let grace = service.value.get("stop_grace_period").and_then(|value| duration_nanoseconds(&value.display()));
    #[allow(clippy::cast_precision_loss, reason = "seconds that people write")]
    let grace = grace.map_or(GRACE, |nanoseconds| nanoseconds as f64 / 1e9);
    let texts = [
        service.value.get("healthcheck").and_then(|check| check.get("test")).map(ComposeValue::display),
        input
            .compose
            .dockerfiles
            .get(&replaced.name)
            .and_then(|source| source.text().split("HEALTHCHECK").nth(1).map(str::to_owned)),
    ];
    ServiceFacts {
        name: replaced.name.clone(),
        count: replaced.count,
        ports: replaced.ports.iter().map(|port| port.number).collect(),
        published: replaced
            .ports
            .iter()
            .flat_map(|port| &port.published)
            .filter_map(|text| host_address(text))
            .collect(),
        check_path: texts.into_iter().flatten().find_map(|text| check_paths(&text).into_iter().next()),
        check: check_facts(service),
        start_limit: replaced.start_seconds,
        drain_limit: replaced.drain_seconds,
        grace,
        memory: memory(service),
        ready_seconds: None,
        callers,
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
