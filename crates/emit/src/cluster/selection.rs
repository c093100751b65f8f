//! Which services of a project are written: its own programs and proxies, and the jobs that they wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::depends::{ClusterTool, WrittenServices, absence};
use super::input::ClusterInput;
use super::name::labels;
use super::service::ClusterService;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::deployment::{NamedAddresses, image_parts};
use crate::stack::{COMPLETED, Stack, StackService};

/// The services that are written.
pub(super) struct ClusterSelection<'s> {
    /// Those that stay, in the order in which they start.
    pub(super) services: Vec<&'s StackService<'s>>,
    /// Those that end.
    pub(super) jobs: Vec<&'s StackService<'s>>,
    /// Their names in the cluster.
    pub(super) labels: BTreeMap<String, String>,
    /// What services call each other by.
    pub(super) addresses: NamedAddresses<'s>,
    /// What is left out.
    pub(super) notes: Vec<String>,
}

impl<'s> ClusterSelection<'s> {
    pub(super) fn of(input: &ClusterInput, stack: &'s Stack<'s>) -> Result<Self, Vec<String>> {
        let mut notes = Vec::new();
        let chosen: BTreeSet<&str> = input.services.iter().map(String::as_str).collect();
        let is_chosen = |service: &&StackService| chosen.contains(service.name);
        let mut services: Vec<&StackService> = Vec::new();
        for service in stack.services.iter().filter(is_chosen) {
            if ClusterService::is_windows(service) {
                notes.push(format!(
                    "`{}` is left out: its image is one of Windows, of which nothing is known here",
                    service.name
                ));
            } else {
                services.push(service);
            }
        }
        if services.is_empty() {
            return Err(if notes.is_empty() {
                vec!["no service of the compose file is an application".to_owned()]
            } else {
                notes
            });
        }
        let awaited = AwaitedJobs::of(&services);
        let (mut jobs, mut services): (Vec<&StackService>, Vec<&StackService>) =
            services.into_iter().partition(|service| ends(service));
        let names: BTreeSet<&str> = services.iter().chain(&jobs).map(|service| service.name).collect();
        jobs.extend(stack.services.iter().filter(|job| !names.contains(job.name) && awaited.has(job)));
        let names: BTreeSet<&str> = services.iter().map(|service| service.name).collect();
        notes.extend(services.iter().filter_map(|service| may_end(service)));
        let depth = |service: &StackService| {
            stack.awaited_by(service.name).iter().filter(|other| names.contains(**other)).count()
        };
        services.sort_by_cached_key(|service| (depth(service), service.name));
        let written: BTreeSet<&str> = services.iter().chain(&jobs).map(|service| service.name).collect();
        let is_written = |name: &str| written.contains(name);
        for service in stack.services.iter().filter(|service| !is_written(service.name)) {
            notes.extend(left_out(service, is_chosen(&service)));
        }
        let labels = labels(services.iter().chain(&jobs).map(|service| service.name))?;
        Ok(Self { services, jobs, labels, addresses: NamedAddresses::of(stack), notes })
    }

    /// What is written, by name.
    pub(super) fn written<'w>(&'w self, tool: ClusterTool, input: &'w ClusterInput) -> WrittenServices<'w> {
        WrittenServices {
            tool,
            services: self.services.iter().map(|service| service.name).collect(),
            jobs: self.jobs.iter().map(|job| job.name).collect(),
            proxies: input.compose.proxies.keys().map(String::as_str).collect(),
        }
    }

    /// The jobs first, then the services.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&'s StackService<'s>, bool)> {
        self.jobs.iter().map(|job| (*job, true)).chain(self.services.iter().map(|service| (*service, false)))
    }
}

/// Whether a service does its work and ends, and nothing speaks against it.
fn ends(service: &StackService) -> bool {
    let restart = service.text("restart").unwrap_or_default();
    let is_meant = restart == "no" || restart.starts_with("on-failure");
    let command = service.words("command");
    let is_of_job = |word: &&str| data::NAME_WORDS.has(&word.to_ascii_lowercase(), "job");
    let runs_job = is_meant && command.first().into_iter().chain(command.last()).any(is_of_job);
    (service.is_job || runs_job) && !has_ports(service) && !service.is_restarted()
}

/// What to do where a service may end by itself: a Deployment starts it again for ever.
fn may_end(service: &StackService) -> Option<String> {
    let restart = service.text("restart").filter(|restart| *restart == "no" || restart.starts_with("on-failure"))?;
    let stays = has_ports(service) || service.value.get("healthcheck").is_some() || service.known.is_some();
    (!stays).then(|| {
        format!(
            "`{}` has `restart: {restart}`: where it ends by itself, a Deployment or a service of ECS starts it again each time; \
             let another service wait for it with `condition: service_completed_successfully`, and it becomes a job",
            service.name
        )
    })
}

fn has_ports(service: &StackService) -> bool {
    ["ports", "expose"]
        .iter()
        .any(|key| service.value.get(key).and_then(ComposeValue::as_list).is_some_and(|ports| !ports.is_empty()))
}

/// The jobs of services that are written.
struct AwaitedJobs<'s> {
    /// Those that services wait for.
    names: BTreeSet<&'s str>,
    /// The images of the services.
    images: BTreeSet<String>,
}

impl<'s> AwaitedJobs<'s> {
    fn of(services: &[&'s StackService<'s>]) -> Self {
        let dependencies = services.iter().flat_map(|service| &service.dependencies);
        let completed = dependencies.filter(|dependency| dependency.condition == COMPLETED);
        Self {
            names: completed.map(|dependency| dependency.name).collect(),
            images: services.iter().map(|service| image_parts(service)).collect(),
        }
    }

    /// Whether a service ends, and others that are written wait for that or run the same image.
    fn has(&self, job: &StackService) -> bool {
        let is_same = job.is_job && self.images.contains(&image_parts(job));
        (self.names.contains(job.name) || is_same) && !ClusterService::is_windows(job)
    }
}

/// What becomes of a service that is not written.
fn left_out(service: &StackService, is_told: bool) -> Option<String> {
    if is_told {
        return None;
    }
    let name = service.name;
    Some(match service.known {
        Some(known) if known.is_backend() => format!(
            "`{name}` is not written: it keeps data, so use a managed server ({}) or an operator, and give its address to the services \
             that ask it",
            known.name
        ),
        _ => format!("`{name}` is not written: {}", absence(service)),
    })
}
