//! The service of the proxy.

use std::collections::BTreeSet;

use super::{ServicePlanner, mapping, text, write_dependencies};
use crate::emit::facts::check::{START_SECONDS, healthcheck};
use crate::emit::plan::{PlannedService, ServiceRole};
use crate::stack::{HEALTHY, STARTED};
use crate::yaml::NewValue;

impl ServicePlanner<'_, '_> {
    pub(super) fn add_proxy(&mut self) {
        let Some(proxy) = &self.project.proxy else { return };
        let mut service = PlannedService::new(&proxy.name, ServiceRole::Proxy);
        service.add("image", text(&proxy.image));
        service.image = Some(proxy.image.clone());
        if !proxy.variables.is_empty() {
            let entries = proxy.variables.iter().map(|(name, value)| (name.clone(), text(value)));
            service.add("environment", mapping(entries));
        }
        let ports: Vec<String> = proxy.ports.iter().map(|port| format!("{port}:{port}")).collect();
        service.add("ports", NewValue::raw_texts(&ports));
        let volumes: Vec<String> =
            proxy.volumes.iter().cloned().chain(self.project.volumes_of_server(&proxy.name)).collect();
        service.add("volumes", NewValue::raw_texts(&volumes));
        let names: BTreeSet<&str> = proxy.hosts.iter().map(|(host, _)| host.as_str()).collect();
        let known = self.plan.services.iter().filter(|known| names.contains(known.name.as_str()));
        let condition = |known: &PlannedService| if self.is_checked(known) { HEALTHY } else { STARTED };
        service.dependencies = known.map(|known| (known.name.clone(), condition(known))).collect();
        write_dependencies(&mut service);
        for (host, place) in &proxy.hosts {
            let reason = format!("it passes requests to `{host}`, and does not start where that name is unknown");
            self.plan.choose(&proxy.name, "depends_on", reason, Some(place.clone()));
        }
        service.add("healthcheck", healthcheck(&proxy.test, (10, START_SECONDS)));
        service.add("restart", text("unless-stopped"));
        self.plan.choose(&proxy.name, "image", proxy.reason.clone(), Some(proxy.place.clone()));
        let reason = "it asks nginx itself, whatever the servers behind it answer";
        self.plan.choose(&proxy.name, "healthcheck", reason, None);
        self.plan.services.push(service);
    }

    /// Whether something asks a service whether it is ready: a check of the file, or of its image.
    pub(super) fn is_checked(&self, service: &PlannedService) -> bool {
        let mut choices = self.plan.choices.iter();
        let is_of_image = choices.any(|choice| {
            choice.service == service.name && choice.key == "healthcheck" && !choice.reason.starts_with("none:")
        });
        is_of_image || service.key("healthcheck").is_some()
    }
}
