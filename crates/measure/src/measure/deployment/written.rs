//! The files that dockopt writes, in a copy of the project.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::StepInput;
use super::containers::{containers_of, states_of};
use super::request::DeploymentRequest;
use super::target::{SERVER, entries, paths};
use crate::deployment::{Deployment, DeploymentGroup, DeploymentInput, DeploymentProof, StepKind, haproxy_deployment};
use crate::failure::{Failure, FailureKind};
use crate::load::{project_request, read_project};
use crate::measure::leftover::LABEL;
use crate::measure::session::Session;
use crate::measure::startup::{ComposeCommand, host_path};
use crate::startup::{IsolatedProject, isolated_project};

/// The folder of the script in the copy.
const SCRIPTS: &str = "deploy";

/// Seconds for which the script watches each step.
const WATCH: &str = "3";

impl Session {
    pub(super) fn prove_written_files(
        &self,
        request: &DeploymentRequest,
        say: &dyn Fn(&str),
    ) -> Result<DeploymentProof, Failure> {
        let label = (LABEL, self.nonce());
        let isolated = isolated_project(request.model.clone(), label, |purpose| self.tag(purpose), host_path);
        let command = ComposeCommand::new(self, &request.folder.to_string_lossy(), &[]);
        let mut proof = DeploymentProof { notes: isolated.notes.clone(), ..DeploymentProof::default() };
        proof.notes.extend(self.prepare_images(&command, &isolated, say)?);
        let folder = self.file("copy");
        let deployment = self.write_copy(request, &isolated, &folder)?;
        self.copy_folders(&isolated)?;
        say("starting the copy");
        self.compose_in(&folder, &["up", "--detach", "--no-build", "--quiet-pull"], request.limit)?;
        for group in &deployment.groups {
            if group.routed.is_empty() {
                proof.notes.push(format!("`{}` gets no requests, and was not deployed", group.name));
                continue;
            }
            self.try_group(request, &isolated, &deployment, group, &folder, &mut proof, say)?;
        }
        Ok(proof)
    }

    /// Writes the project and what `deploy emit` would write for it.
    fn write_copy(
        &self,
        request: &DeploymentRequest,
        isolated: &IsolatedProject,
        folder: &Path,
    ) -> Result<Deployment, Failure> {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            folder.and_then(|()| fs::write(&path, text)).map_err(|error| Failure::io("writing", &path, &error))
        };
        let mut model = isolated.model.clone();
        model["name"] = Value::from(self.project_name());
        write("compose.yaml", &model.to_string())?;
        let files = vec![folder.join("compose.yaml").to_string_lossy().into_owned()];
        let broken = |what: String| Failure::new(FailureKind::Setup, what, "`dockopt deploy check` says more");
        let project = read_project(&project_request(files)).map_err(|failure| broken(failure.error.message.clone()))?;
        let deployment = haproxy_deployment(&DeploymentInput {
            compose: &request.compose,
            project: &project,
            services: &request.services,
            strategy: request.strategy,
            folder: SCRIPTS,
            author_files: &["compose.yaml".to_owned()],
            existing: &BTreeMap::new(),
        })
        .map_err(|refusals| broken(refusals.join("; ")))?;
        for file in &deployment.emission.files {
            let text = if file.path.ends_with("haproxy.cfg") { naming_servers(&file.text) } else { file.text.clone() };
            write(&file.path, &text)?;
        }
        Ok(deployment)
    }

    /// Deploys the versions of one group.
    #[allow(clippy::too_many_arguments, reason = "the parts of one trial")]
    fn try_group(
        &self,
        request: &DeploymentRequest,
        isolated: &IsolatedProject,
        deployment: &Deployment,
        group: &DeploymentGroup,
        folder: &Path,
        proof: &mut DeploymentProof,
        say: &dyn Fn(&str),
    ) -> Result<(), Failure> {
        let Some((_, port, is_http)) = group.routed.first() else { return Ok(()) };
        say(&format!("looking for an address of `{}`", group.name));
        let find = || self.entries_of(deployment, group, *port);
        let target = self.find_target(request, &find, &paths(request, group), *is_http)?;
        let address = target.url(&target.path);
        proof.address = if proof.address.is_empty() { address } else { format!("{}, {address}", proof.address) };
        let services: Vec<String> = vec![group.name.clone()];
        let list = || containers_of(&self.engine, &self.project_name(), &services);
        let image = isolated.images.get(&group.name).map(|image| image.name.clone()).unwrap_or_default();
        for kind in [StepKind::Next, StepKind::Unhealthy, StepKind::Back] {
            let mut options = vec!["--watch".to_owned(), WATCH.to_owned()];
            if kind == StepKind::Back {
                options.push("rollback".to_owned());
            } else {
                match self.make_version(request, &group.name, &image, kind)? {
                    Ok(image) => options.extend(["--image".to_owned(), image]),
                    Err(why) => {
                        proof.notes.push(why);
                        continue;
                    }
                }
            }
            say(&match kind {
                StepKind::Next => format!("version 1 -> 2 of `{}`", group.name),
                StepKind::Unhealthy => format!("a version of `{}` that never gets healthy", group.name),
                StepKind::Back => format!("back to version 1 of `{}`", group.name),
            });
            let mut script = self.in_copy(Command::new("sh"), folder);
            self.program.set_environment(&mut script);
            script.arg(folder.join(SCRIPTS).join("deploy.sh")).args(options).arg(&group.name);
            let input = StepInput {
                service: &group.name,
                kind,
                target: &target,
                list: &list,
                counts_packets: !*is_http,
                limit: request.limit,
                requests: request.requests_left(kind, proof),
            };
            let count = record_lines(folder).len();
            let mut step = self.run_step(&input, script)?;
            step.record = record_lines(folder).get(count).map(|line| self.mask(line));
            proof.steps.push(step);
        }
        Ok(())
    }

    /// The ports behind which a group is reached: those of who passes requests on to it, then those of `HAProxy`.
    fn entries_of(
        &self,
        deployment: &Deployment,
        group: &DeploymentGroup,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let mut all = Vec::new();
        for (services, port) in [(group.callers.clone(), None), (vec![deployment.edge.clone()], Some(port))] {
            let containers = containers_of(&self.engine, &self.project_name(), &services)?;
            all.extend(entries(&states_of(&self.engine, &containers), port));
        }
        Ok(all)
    }
}

/// The lines of the record in a copy.
fn record_lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join(SCRIPTS).join("record.jsonl")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The configuration of `HAProxy` with a header that tells which container answered.
fn naming_servers(configuration: &str) -> String {
    let line = "    option http-server-close\n";
    configuration.replace(line, &format!("{line}    http-response set-header {SERVER} %si\n"))
}
