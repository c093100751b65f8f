//! Which services of a project are written: its own programs and proxies, and the jobs that they wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::depends::{ClusterTool, WrittenServices, absence};
use super::input::ClusterInput;
use super::name::labels;
use super::service::ClusterService;
use crate::deployment::image_parts;
use crate::stack::{COMPLETED, Stack, StackService};

/// The services that are written.
pub(super) struct ClusterSelection<'s> {
    /// Those that stay, in the order in which they start.
    pub(super) services: Vec<&'s StackService<'s>>,
    /// Those that end.
    pub(super) jobs: Vec<&'s StackService<'s>>,
    /// Their names in the cluster.
    pub(super) labels: BTreeMap<String, String>,
    /// What is left out.
    pub(super) notes: Vec<String>,
}

impl<'s> ClusterSelection<'s> {
    pub(super) fn of(input: &ClusterInput, stack: &'s Stack<'s>) -> Result<Self, Vec<String>> {
        let mut notes = Vec::new();
        let is_chosen = |service: &&StackService| input.services.iter().any(|name| name == service.name);
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
        let names: BTreeSet<&str> = services.iter().map(|service| service.name).collect();
        let jobs: Vec<&StackService> =
            stack.services.iter().filter(|job| !names.contains(job.name) && is_job(job, &services)).collect();
        let depth = |service: &StackService| names.iter().filter(|other| stack.waits_for(service, other, &[])).count();
        services.sort_by_cached_key(|service| (depth(service), service.name));
        let is_written = |name: &str| services.iter().chain(&jobs).any(|service| service.name == name);
        for service in stack.services.iter().filter(|service| !is_written(service.name)) {
            notes.extend(left_out(service, is_chosen(&service)));
        }
        let labels = labels(services.iter().chain(&jobs).map(|service| service.name))?;
        Ok(Self { services, jobs, labels, notes })
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

/// Whether a service ends, and others that are written wait for that or run the same image.
fn is_job(job: &StackService, services: &[&StackService]) -> bool {
    let is_awaited = services
        .iter()
        .any(|service| service.dependencies.iter().any(|known| known.name == job.name && known.condition == COMPLETED));
    let is_same = job.is_job && services.iter().any(|service| image_parts(service) == image_parts(job));
    (is_awaited || is_same) && !ClusterService::is_windows(job)
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
