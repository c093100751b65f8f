//! Files for an engine that exists, with which the containers of a service are replaced without a lost request: `HAProxy` in
//! front of them, a compose file on top of the author's, and a script that switches. Reads and writes nothing.
//!
//! `HAProxy` keeps a fixed address in a network of its own, under which callers find the service. It knows the containers by
//! their names, and takes new ones in by its runtime interface: a reload would cut connections.

mod haproxy;
mod input;
mod overlay;
mod plan;
mod port;
mod script;
#[cfg(test)]
mod tests;

pub use self::input::{DeploymentInput, DeploymentStrategy, OVERRIDE};
pub use self::overlay::is_written_override;

use self::plan::DeploymentPlan;
use crate::emit::{Emission, EmittedFile};

/// Writes the files for `HAProxy`, by their paths as seen from the project's folder; those that are there as they should be are
/// left out.
///
/// # Errors
/// Why a service cannot be replaced this way, one sentence each.
pub fn haproxy_deployment(input: &DeploymentInput) -> Result<Emission, Vec<String>> {
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
    let mut notes = plan.notes;
    notes.push(format!(
        "start HAProxy with `docker compose up -d`: services that are listed in {OVERRIDE} are created again this once, and \
         requests are lost meanwhile; then deploy with `sh {}`",
        path("deploy.sh")
    ));
    files.retain(|file| input.existing.get(&file.path) != Some(&file.text));
    Ok(Emission { files, notes, ..Emission::default() })
}
