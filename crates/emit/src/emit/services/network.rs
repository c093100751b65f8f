//! Two networks where a proxy passes requests on: it does not reach what only applications need.

use std::collections::BTreeSet;

use super::ServicePlanner;
use crate::emit::links::proxy::asks_host;
use crate::emit::plan::{PlannedKey, ServiceRole};
use crate::yaml::NewValue;

/// The network of what answers requests.
const FRONT: &str = "frontend";
/// The network of servers that only applications reach.
const BACK: &str = "backend";

impl ServicePlanner<'_, '_> {
    pub(super) fn add_networks(&mut self) {
        let (Some(proxy), Some(first)) = (&self.project.proxy, self.project.backends.all.first()) else { return };
        self.plan.networks = vec![FRONT.to_owned(), BACK.to_owned()];
        let proxied: BTreeSet<&str> = proxy.hosts.iter().map(|(host, _)| host.as_str()).collect();
        let programs = self.project.applications().filter(|known| asks_host(self.input, known, &proxy.name));
        let mut asking: BTreeSet<&str> = programs.map(|known| known.name.as_str()).collect();
        let workers = self.project.workers.iter();
        let workers = workers.filter(|(at, _)| asking.contains(self.project.programs[*at].application.name.as_str()));
        asking.extend(workers.map(|(_, worker)| worker.name.as_str()).collect::<Vec<_>>());
        for service in &mut self.plan.services {
            let mut names = service.dependencies.iter().map(|(name, _)| name);
            let is_back =
                service.role == ServiceRole::Backend || names.any(|name| self.project.backends.backend(name).is_some());
            let is_front = match service.role {
                ServiceRole::Proxy => true,
                ServiceRole::Application if proxied.contains(service.name.as_str()) || !is_back => true,
                _ => asking.contains(service.name.as_str()),
            };
            let networks = [(is_front, FRONT), (is_back, BACK)].into_iter().filter(|(is_on, _)| *is_on);
            let networks: Vec<String> = networks.map(|(_, name)| name.to_owned()).collect();
            let is_behind = |key: &PlannedKey| key.name == "healthcheck" || key.name == "restart";
            let at = service.keys.iter().position(is_behind).unwrap_or(service.keys.len());
            let value = NewValue::raw_texts(&networks);
            service.keys.insert(at, PlannedKey { name: "networks", value, comment: None });
        }
        let reason = format!("it reaches only what it passes requests to: {} is not on `{FRONT}`", first.name);
        self.plan.choose(&proxy.name, "networks", reason, None);
    }
}
