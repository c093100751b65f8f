//! Which containers are replaced, where `HAProxy` stands, and who calls.

use std::collections::{BTreeMap, BTreeSet};

use super::fingerprint::fingerprint;
use super::input::{DeploymentInput, OVERRIDE, is_written_override};
use super::port::{NamedAddresses, RequestPort, request_ports};
use crate::compose::project::{ComposeMap, ComposeValue, duration_nanoseconds};
use crate::stack::{
    CheckTiming, ServiceCheck, Stack, StackService, awaited_hosts, fixed_addresses, hosts, looked_up_hosts,
    proxied_hosts,
};

/// Seconds that running requests get to end where nothing else is written: a minute, as proxies wait for an answer.
const DRAIN: u64 = 60;

/// Seconds that a program without a healthcheck, or with a quick one, gets to start.
const SHORTEST_START: u64 = 30;

/// What is replaced, and what is put in front.
#[derive(Debug)]
pub(super) struct DeploymentPlan {
    /// The name of the service of `HAProxy`.
    pub(super) edge: String,
    /// The services in their start order.
    pub(super) services: Vec<ReplacedService>,
    /// Who asks them.
    pub(super) callers: Vec<Caller>,
    /// The first three numbers of the networks between callers and `HAProxy`.
    pub(super) subnets: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// A service whose containers are replaced.
#[derive(Debug)]
pub(super) struct ReplacedService {
    pub(super) name: String,
    /// The first service of those that run the same image, and are one deployment.
    pub(super) group: String,
    /// The main one first; none for a program that gets no requests.
    pub(super) ports: Vec<RequestPort>,
    /// How many containers it has.
    pub(super) count: u64,
    /// Seconds that a new container gets to become healthy.
    pub(super) start_seconds: u64,
    /// Seconds that running requests get to end.
    pub(super) drain_seconds: u64,
    pub(super) is_built: bool,
    pub(super) has_container_name: bool,
    pub(super) networks: Vec<String>,
    /// Which of the networks its callers use: those with the same port need an address each.
    pub(super) network: usize,
}

/// A service that asks others.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    /// Its networks, without those that are added.
    pub(super) networks: Vec<String>,
    /// The services that it asks, by their numbers.
    pub(super) targets: BTreeSet<usize>,
    /// Whether it asks the engine's name server itself, past `/etc/hosts`.
    pub(super) asks_name_server: bool,
}

impl DeploymentPlan {
    pub(super) fn of(input: &DeploymentInput) -> Result<Self, Vec<String>> {
        let stack = Stack::new(input.project, &input.compose.dockerfiles);
        let names: BTreeSet<&str> = input.services.iter().map(String::as_str).collect();
        let chosen: Vec<&StackService> = stack.services.iter().filter(|service| names.contains(service.name)).collect();
        let addresses = NamedAddresses::of(&stack);
        let mut refusals = Vec::new();
        let mut services: Vec<ReplacedService> = Vec::new();
        for service in &chosen {
            match replaced_service(input, &addresses, service) {
                Ok(replaced) => services.push(replaced),
                Err(why) => refusals.push(why),
            }
        }
        let depth = |name: &str| stack.awaited_by(name).iter().filter(|other| names.contains(**other)).count();
        services.sort_by_cached_key(|service| (depth(&service.name), service.name.clone()));
        set_groups(&mut services, &stack);
        let mut notes = Vec::new();
        let callers = callers(input, &stack, &services, &mut notes);
        for (number, service) in services.iter_mut().enumerate() {
            // A worker's image may expose the port of the server that it is built with.
            if !service.is_published() && !callers.iter().any(|caller| caller.targets.contains(&number)) {
                service.ports.clear();
            }
            if service.is_routed() && stack.service(&service.name).is_some_and(|service| !has_check(service)) {
                refusals.push(format!(
                    "`{}` has no healthcheck, so that nobody knows when a new container is ready: write one (`dockopt compose \
                     fix`), in the compose file where the image is built elsewhere",
                    service.name
                ));
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        set_networks(&mut services);
        for service in &services {
            let unread = service.ports.iter().skip(1).filter(|port| !port.is_http);
            notes.extend(unread.map(|port| {
                format!(
                    "port {} of `{}` is passed on as TCP: a connection stays with the old version until it ends",
                    port.number, service.name
                )
            }));
        }
        let routed = services.iter().filter(|service| service.is_routed());
        let count = routed.map(|service| service.network + 1).max().unwrap_or_default();
        let count = if callers.is_empty() && count == 1 { 0 } else { count };
        let is_taken = |name: &str| stack.service(name).is_some();
        let edge = ["edge", "edge-haproxy"].into_iter().find(|name| !is_taken(name)).unwrap_or("edge-of-dockopt");
        Ok(Self { edge: edge.to_owned(), subnets: subnets(input, count), services, callers, notes })
    }

    /// The groups in the order of their first services.
    pub(super) fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for service in &self.services {
            if !groups.contains(&service.group.as_str()) {
                groups.push(&service.group);
            }
        }
        groups
    }

    /// The services that get requests, with their ports.
    pub(super) fn routed(&self) -> impl Iterator<Item = (&ReplacedService, &RequestPort)> {
        self.services.iter().flat_map(|service| service.ports.iter().map(move |port| (service, port)))
    }

    /// The name of a network between callers and `HAProxy`.
    pub(super) fn network_name(number: usize) -> String {
        if number == 0 { "front".to_owned() } else { format!("front-{}", number + 1) }
    }

    /// The address of `HAProxy` in one of them.
    pub(super) fn address(&self, number: usize) -> String {
        format!("{}.2", self.subnets[number])
    }
}

impl ReplacedService {
    pub(super) fn is_routed(&self) -> bool {
        !self.ports.is_empty()
    }

    pub(super) fn is_published(&self) -> bool {
        self.ports.iter().any(|port| !port.published.is_empty())
    }
}

fn replaced_service(
    input: &DeploymentInput,
    addresses: &NamedAddresses,
    service: &StackService,
) -> Result<ReplacedService, String> {
    let name = service.name;
    let ports = request_ports(input.compose, addresses, service)?;
    if service.text("network_mode").is_some() {
        return Err(format!("`{name}` has a `network_mode`: nothing can stand in front of its containers"));
    }
    if fixed_addresses(service.value).next().is_some() {
        return Err(format!(
            "`{name}` has a fixed address in a network, which only one container can have: leave it out"
        ));
    }
    let number = |value: Option<&ComposeValue>| value.and_then(|value| value.display().parse().ok());
    let replicas = number(service.value.get("deploy").and_then(|deploy| deploy.get("replicas")));
    let grace = service.value.get("stop_grace_period").and_then(|value| duration_nanoseconds(&value.display()));
    let grace = grace.and_then(|nanoseconds| u64::try_from(nanoseconds).ok()).unwrap_or_default() / 1_000_000_000;
    let timing = CheckTiming::of(service);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes, and not negative")]
    let start = (timing.start_period + timing.notice()).min(86_400.0).ceil() as u64;
    Ok(ReplacedService {
        name: name.to_owned(),
        group: name.to_owned(),
        ports,
        count: replicas.or(number(service.value.get("scale"))).unwrap_or(1).max(1),
        start_seconds: (start + 10).max(SHORTEST_START),
        drain_seconds: grace.max(DRAIN),
        is_built: service.is_built,
        has_container_name: service.text("container_name").is_some(),
        networks: network_names(service),
        network: 0,
    })
}

/// Whether a check is known: written in the compose file, or in the Dockerfile.
fn has_check(service: &StackService) -> bool {
    matches!(service.check, ServiceCheck::Written(_) | ServiceCheck::OfImage)
}

/// The networks of a service by the names that the file gives them.
fn network_names(service: &StackService) -> Vec<String> {
    let map = service.value.get("networks").and_then(ComposeValue::as_map);
    let names: Vec<String> = map.into_iter().flat_map(ComposeMap::iter).map(|(name, _)| name.to_owned()).collect();
    if names.is_empty() { vec!["default".to_owned()] } else { names }
}

/// What tells the image of a service: its name, else what it is built from.
pub(crate) fn image_parts(service: &StackService) -> String {
    let build = service.value.get("build");
    let part = |key: &str| build.and_then(|build| build.get(key)).map(ComposeValue::display).unwrap_or_default();
    let parts = || ["context", "dockerfile", "target"].map(part).join(" ");
    service.text("image").map_or_else(parts, str::to_owned)
}

/// Services that run the same image are one deployment, called by the first that is built.
fn set_groups(services: &mut [ReplacedService], stack: &Stack) {
    let image = |service: &ReplacedService| stack.service(&service.name).map(image_parts);
    let images: Vec<Option<String>> = services.iter().map(image).collect();
    let mut firsts: BTreeMap<&Option<String>, &ReplacedService> = BTreeMap::new();
    for (service, image) in services.iter().zip(&images) {
        let first = firsts.entry(image).or_insert(service);
        if service.is_built && !first.is_built {
            *first = service;
        }
    }
    let groups: Vec<String> =
        images.iter().map(|image| firsts.get(image).map(|first| first.name.clone()).unwrap_or_default()).collect();
    for (service, group) in services.iter_mut().zip(groups) {
        service.group = group;
    }
}

/// Services with the same port are told apart by the address of `HAProxy`.
fn set_networks(services: &mut [ReplacedService]) {
    let mut ports: Vec<BTreeSet<u16>> = Vec::new();
    for service in services {
        let numbers: BTreeSet<u16> = service.ports.iter().map(|port| port.number).collect();
        let free = ports.iter().position(|others| others.is_disjoint(&numbers));
        service.network = free.unwrap_or(ports.len());
        match ports.get_mut(service.network) {
            Some(others) => others.extend(numbers),
            None => ports.push(numbers),
        }
    }
}

/// The services that ask those that are replaced.
fn callers(
    input: &DeploymentInput,
    stack: &Stack,
    services: &[ReplacedService],
    notes: &mut Vec<String>,
) -> Vec<Caller> {
    let mut callers = Vec::new();
    let numbered = services.iter().enumerate().filter(|(_, service)| service.is_routed());
    let routed: BTreeMap<&str, usize> = numbered.map(|(number, service)| (service.name.as_str(), number)).collect();
    for caller in stack.services.iter().filter(|service| !service.known.is_some_and(|known| known.is_backend())) {
        let proxies = input.compose.proxies.get(caller.name).map(Vec::as_slice).unwrap_or_default();
        let mut names: BTreeSet<String> =
            awaited_hosts(caller).iter().map(|evidence| evidence.host.to_owned()).collect();
        names.extend(caller.dependencies.iter().map(|dependency| dependency.name.to_owned()));
        let variables = caller.value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            names.extend(hosts(name, &entry.value.display()).into_iter().map(str::to_owned));
        }
        for proxy in proxies {
            let evidence = proxied_hosts(proxy.proxy, &proxy.source, None);
            names.extend(evidence.iter().map(|known| known.host.to_owned()));
            names.extend(looked_up_hosts(&proxy.source).into_iter().map(str::to_owned));
        }
        let others = names.iter().filter(|name| *name != caller.name);
        let targets: BTreeSet<usize> = others.filter_map(|name| routed.get(name.as_str()).copied()).collect();
        if targets.is_empty() {
            continue;
        }
        if caller.text("network_mode").is_some() {
            notes.push(format!("`{}` has a `network_mode`: it does not ask HAProxy", caller.name));
            continue;
        }
        let asks_name_server = proxies.iter().any(|proxy| proxy.source.text().contains("127.0.0.11"));
        let (name, networks) = (caller.name.to_owned(), network_names(caller));
        callers.push(Caller { name, networks, targets, asks_name_server });
    }
    callers
}

/// Networks that no other project is likely to have: from the project's name, past those that the project itself names. Those of
/// an earlier run stay, so that whoever has to choose others for this host changes them there.
fn subnets(input: &DeploymentInput, count: usize) -> Vec<String> {
    let hash = fingerprint(&input.project.name);
    let all = (0..u32::from(u16::MAX)).map(|step| {
        let number = hash.wrapping_add(step);
        format!("10.{}.{}", 192 + (number >> 8) % 32, number % 256)
    });
    let is_named = |subnet: &String| input.project.sources.iter().any(|source| source.text().contains(subnet.as_str()));
    let written = input.existing.get(OVERRIDE).filter(|text| is_written_override(text));
    let kept: Vec<String> = written.into_iter().flat_map(|text| text.lines()).filter_map(subnet_of_line).collect();
    let free = all.filter(|subnet| !is_named(subnet) && !kept.contains(subnet));
    kept.iter().cloned().chain(free).take(count).collect()
}

/// The first three numbers of a network, `10.1.2` of `config: [{subnet: 10.1.2.0/24, …}]`.
fn subnet_of_line(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("subnet: ")?;
    let (subnet, _) = rest.split_once(".0/24")?;
    let numbers: Vec<u8> = subnet.split('.').filter_map(|number| number.parse().ok()).collect();
    let [first, second, third] = numbers[..] else { return None };
    Some(format!("{first}.{second}.{third}"))
}
