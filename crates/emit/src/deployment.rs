//! Files for an engine that exists, with which the containers of a service are replaced without a lost request: `HAProxy` in
//! front of them, a compose file on top of the author's, and a script that switches. Reads and writes nothing.
//!
//! `HAProxy` keeps a fixed address in a network of its own, under which callers find the service. It knows the containers by
//! their names, and takes new ones in by its runtime interface: a reload would cut connections.

mod haproxy;
mod overlay;
mod plan;
mod port;
mod script;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::compose::project::ComposeProject;
use crate::emit::{Emission, EmittedFile};
use crate::inputs::ComposeInput;

pub use self::overlay::is_written_override;

use self::plan::DeploymentPlan;

/// The file on top of the author's that Compose finds by itself.
pub const OVERRIDE: &str = "compose.override.yaml";

/// How the share of requests moves from the old version to the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeploymentStrategy {
    /// One container after the other.
    #[default]
    Rolling,
    /// All at once.
    BlueGreen,
    /// A few at first.
    Canary,
}

impl DeploymentStrategy {
    /// Its name in the script.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
        }
    }
}

/// What the files are made of.
#[derive(Clone, Copy)]
pub struct DeploymentInput<'i> {
    /// The compose file with what is known of its services.
    pub compose: &'i ComposeInput,
    /// The project, without the file that an earlier run wrote on top.
    pub project: &'i ComposeProject,
    /// The services whose containers are replaced.
    pub services: &'i [String],
    /// How requests move.
    pub strategy: DeploymentStrategy,
    /// The folder of the script, as seen from the project's folder.
    pub folder: &'i str,
    /// The compose files as the author passes them, as seen from the project's folder.
    pub author_files: &'i [String],
    /// The files that are there, by their paths as seen from the project's folder.
    pub existing: &'i BTreeMap<String, String>,
}

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
