//! `dockopt deploy emit`.

use std::collections::BTreeMap;
use std::path::Path;

use super::cluster;
use super::project::{ReplaceableProject, ServiceSelection};
use crate::cli::args::{DeployEmit, DeployStrategy, DeployTool, EmitTool, Global};
use crate::cli::compose::EmissionShow;
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::output::CommandFailure;
use crate::cli::terminal;
use crate::cluster::{ecs_template, kubernetes_manifests};
use crate::compose::OVERRIDE_FILES;
use crate::deployment::{DeployedService, DeploymentInput, DeploymentStrategy, haproxy_deployment, swarm_deployment};
use crate::emit::{Emission, is_written_by_deploy_emit};
use crate::inputs::ComposeInput;
use crate::load::{DOCKERFILE_LIMIT, read_bytes};
use crate::text::path;

pub(super) fn run(global: &Global, command: &DeployEmit) -> Result<u8, CommandFailure> {
    check_folder(&command.to)?;
    let tool = match command.tool {
        EmitTool::Haproxy => DeployTool::Haproxy,
        EmitTool::Swarm => DeployTool::Swarm,
        EmitTool::Kubernetes => return emit_cluster(global, command, kubernetes_manifests, "kubernetes"),
        EmitTool::Ecs => return emit_cluster(global, command, ecs_template, "ecs"),
    };
    let wanted = ServiceSelection { services: &command.services, needs_replaceable: true, is_quiet: false };
    let Some(known) = ReplaceableProject::read(global, &command.path, &wanted)? else { return Ok(FOUND) };
    let mut emission = match emission((tool, command.strategy), &command.to, &known)? {
        Ok(emission) => emission,
        Err(refusals) => return Ok(refuse(global, &refusals)),
    };
    emission.notes.extend(known.notes(match tool {
        DeployTool::Haproxy => "is left out",
        DeployTool::Swarm => "is stopped before its new container is started",
    }));
    show(global, command, &mut emission, &known)
}

/// Writes or shows files of a cluster, in this folder below that of the files.
fn emit_cluster(
    global: &Global,
    command: &DeployEmit,
    write: cluster::Writer,
    subfolder: &str,
) -> Result<u8, CommandFailure> {
    let Some(project) = cluster::read(global, command)? else { return Ok(FOUND) };
    let mut emission = match cluster::emission(write, &command.to, subfolder, &project) {
        Ok(emission) => emission,
        Err(refusals) => return Ok(refuse(global, &refusals)),
    };
    cluster::check_files(&emission, Path::new(&project.0.project.folder))?;
    show(global, command, &mut emission, &project.0)
}

fn show(
    global: &Global,
    command: &DeployEmit,
    emission: &mut Emission,
    known: &ReplaceableProject,
) -> Result<u8, CommandFailure> {
    let show = EmissionShow { write: command.write, check: command.check, explain: command.explain };
    let folder = folder_as_named(command, Path::new(&known.project.folder));
    let count = show.run(global, folder, emission, &known.mask)?;
    Ok(if command.check && count > 0 { FOUND } else { CLEAN })
}

/// Says why nothing can be written.
fn refuse(global: &Global, refusals: &[String]) -> u8 {
    for why in refusals {
        terminal::error(global, why, None);
    }
    FOUND
}

/// The files below the folder `to`, or why a service cannot be replaced this way.
pub(super) fn emission(
    (tool, argument): (DeployTool, DeployStrategy),
    to: &str,
    known: &ReplaceableProject,
) -> Result<Result<Emission, Vec<String>>, CommandFailure> {
    let (compose, project, services) = (&known.compose, &known.project, &known.services);
    let input = DeploymentInput {
        compose,
        project,
        services,
        strategy: strategy(argument),
        folder: to,
        author_files: &author_files(compose, &project.folder),
        existing: &existing(Path::new(&project.folder), to, services)?,
    };
    Ok(match tool {
        DeployTool::Haproxy => haproxy_deployment(&input).map(|deployment| deployment.emission),
        DeployTool::Swarm => swarm_deployment(&input),
    })
}

/// What the script would replace, or why a service cannot be replaced this way.
pub(super) fn deployed_services(known: &ReplaceableProject) -> Result<Vec<DeployedService>, Vec<String>> {
    crate::deployment::deployed_services(&DeploymentInput {
        compose: &known.compose,
        project: &known.project,
        services: &known.services,
        strategy: DeploymentStrategy::default(),
        folder: "deploy",
        author_files: &[],
        existing: &BTreeMap::new(),
    })
}

/// What an argument names.
pub(super) fn strategy(argument: DeployStrategy) -> DeploymentStrategy {
    match argument {
        DeployStrategy::Rolling => DeploymentStrategy::Rolling,
        DeployStrategy::BlueGreen => DeploymentStrategy::BlueGreen,
        DeployStrategy::Canary => DeploymentStrategy::Canary,
    }
}

/// The folder as the user named it, so that messages do.
fn folder_as_named<'f>(command: &'f DeployEmit, folder: &'f Path) -> &'f Path {
    let is_same = command.path.canonicalize().ok() == folder.canonicalize().ok();
    if is_same { &command.path } else { folder }
}

/// The folder of the script stands in a shell and in YAML.
pub(super) fn check_folder(folder: &str) -> Result<(), CommandFailure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let parts = || folder.split('/');
    if folder.chars().all(is_plain) && parts().all(|part| !part.is_empty() && part != "." && part != "..") {
        return Ok(());
    }
    Err(CommandFailure::Because {
        what: format!("`--to {folder}` is no folder below the project's"),
        help: Some("write a relative path of letters, digits, `-`, `_` and `.`".to_owned()),
    })
}

/// The files of the author, as seen from the project's folder.
pub(super) fn author_files(compose: &ComposeInput, folder: &str) -> Vec<String> {
    let paths = compose.request.paths();
    paths.iter().map(|file| path::relative(file, folder).unwrap_or(file).to_owned()).collect()
}

/// The texts of files that may be there.
fn existing(folder: &Path, to: &str, services: &[String]) -> Result<BTreeMap<String, String>, CommandFailure> {
    let mut names: Vec<String> = OVERRIDE_FILES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(["deploy.sh", "edge/servers", "edge/haproxy.cfg", "stack.yaml"].map(|name| format!("{to}/{name}")));
    names.extend(services.iter().map(|service| format!("{to}/{service}.yaml")));
    let mut texts = BTreeMap::new();
    for name in names {
        let Ok(bytes) = read_bytes(&folder.join(&name), DOCKERFILE_LIMIT) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_script = name.ends_with("deploy.sh") || name.contains("/edge/") || name.ends_with("/stack.yaml");
        if is_script && !is_written_by_deploy_emit(&text) {
            return Err(CommandFailure::Because {
                what: format!("`{name}` is there and was not written by dockopt"),
                help: Some("name another folder with `--to`".to_owned()),
            });
        }
        texts.insert(name, text);
    }
    Ok(texts)
}
