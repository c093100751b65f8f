//! Files for an engine that exists, with which the containers of a service are replaced without a lost request: `HAProxy` in
//! front of them, a compose file on top of the author's, and a script that switches. Reads and writes nothing.
//!
//! `HAProxy` keeps a fixed address in a network of its own, under which callers find the service. It knows the containers by
//! their names, and takes new ones in by its runtime interface: a reload would cut connections.

mod fingerprint;
mod haproxy;
mod input;
mod overlay;
mod plan;
mod port;
mod proof;
mod script;
mod service;
mod swarm;
#[cfg(test)]
mod tests;

pub(crate) use self::fingerprint::fingerprint;
pub(crate) use self::plan::image_parts;
pub(crate) use self::port::{NamedAddresses, called_ports, image_ports};

pub use self::input::{DeploymentInput, DeploymentStrategy, OVERRIDE, is_written_override};
pub use self::proof::{
    ContainerChange, DeploymentProof, DeploymentStep, LostRequests, RequestCount, RequestKind, StepKind,
};
pub use self::service::{DeployedService, check_paths, deployed_services};
pub use self::swarm::swarm_deployment;

use self::plan::DeploymentPlan;
use crate::emit::{Emission, EmittedFile};

/// Files, and what they deploy.
#[derive(Debug)]
pub struct Deployment {
    /// The files.
    pub emission: Emission,
    /// Services that run the same image are deployed together; in their start order.
    pub groups: Vec<DeploymentGroup>,
    /// The service of `HAProxy`.
    pub edge: String,
}

/// Services that are deployed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentGroup {
    /// The first of them.
    pub name: String,
    /// Those that get requests, once for each port: name, port, whether `HAProxy` reads the requests.
    pub routed: Vec<(String, u16, bool)>,
    /// Services that pass requests on to them.
    pub callers: Vec<String>,
}

impl DeploymentGroup {
    fn of(plan: &DeploymentPlan, group: &str) -> Self {
        let services = || plan.services.iter().enumerate().filter(|(_, service)| service.group == group);
        let routed = services().flat_map(|(_, service)| {
            service.ports.iter().map(|port| (service.name.clone(), port.number, port.is_http))
        });
        let is_asked = |caller: &&plan::Caller| services().any(|(number, _)| caller.targets.contains(&number));
        Self {
            name: group.to_owned(),
            routed: routed.collect(),
            callers: plan.callers.iter().filter(is_asked).map(|caller| caller.name.clone()).collect(),
        }
    }
}

/// Writes the files for `HAProxy`, by their paths as seen from the project's folder; those that are there as they should be are
/// left out.
///
/// # Errors
/// Why a service cannot be replaced this way, one sentence each.
pub fn haproxy_deployment(input: &DeploymentInput) -> Result<Deployment, Vec<String>> {
    let plan = DeploymentPlan::of(input)?;
    let (override_file, is_merged) = overlay::override_file(input, &plan).map_err(|why| vec![why])?;
    let mut files = vec![override_file];
    let path = |name: &str| format!("{}/{name}", input.folder);
    let mut add = |name: &str, text: String| files.push(EmittedFile { path: path(name), text });
    add("deploy.sh", script::deploy_script(input, &plan, is_merged));
    add("edge/servers", script::SERVERS.to_owned());
    add("edge/haproxy.cfg", haproxy::configuration(&plan, input.existing.get(&path("edge/haproxy.cfg"))));
    for group in plan.groups() {
        let name = format!("{group}.yaml");
        // Which version is in service is the script's to say.
        let text = input.existing.get(&path(&name)).cloned();
        add(&name, text.unwrap_or_else(|| overlay::first_version(&plan, group)));
    }
    let groups = plan.groups().into_iter().map(|group| DeploymentGroup::of(&plan, group)).collect();
    let mut notes = plan.notes;
    notes.push(format!(
        "start HAProxy with `docker compose up -d`: services that are listed in {OVERRIDE} are created again this once, and \
         requests are lost meanwhile; then deploy with `sh {}`",
        path("deploy.sh")
    ));
    files.retain(|file| input.existing.get(&file.path) != Some(&file.text));
    Ok(Deployment { emission: Emission { files, notes, ..Emission::default() }, groups, edge: plan.edge })
}
