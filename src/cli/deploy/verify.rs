//! `dockopt deploy verify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::emit::strategy;
use super::project::{ReplaceableProject, ServiceSelection};
use crate::cli::args::{DeployVerify, Global};
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{CommandFailure, print, print_page};
use crate::cli::{measure, progress, terminal};
use crate::deployment::DeploymentProof;
use crate::engine::EngineOptions;
use crate::measure::{AuthorScript, DeploymentRequest, DockerPlugin, Session, SessionOptions, clean_up};
use crate::report::{self, Format};

/// Deploys several versions in a copy, under load.
pub(super) fn run(global: &Global, command: DeployVerify) -> Result<u8, CommandFailure> {
    let interrupts = Arc::new(Interrupts::hold_back());
    if command.clean_up {
        return measure::report_cleanup(&clean_up(&EngineOptions::of_process(), None)?);
    }
    if !command.path.is_dir() {
        return Err(CommandFailure::Because {
            what: format!("`{}` is not a folder", command.path.display()),
            help: Some("pass the folder of the project".to_owned()),
        });
    }
    let wanted =
        ServiceSelection { services: &command.services, needs_replaceable: command.script.is_none(), is_quiet: false };
    let Some(known) = ReplaceableProject::read(global, &command.path, &wanted)? else { return Ok(FOUND) };
    let file = known.compose.request.files.join(", ");
    let left_out = known.notes("is left out");
    let mask = known.mask.clone();
    let request = request(command, known)?;
    let session = Session::open(SessionOptions {
        engine: EngineOptions::of_process(),
        plugin: DockerPlugin::Compose,
        mask,
        stop: Arc::new(move || interrupts.is_interrupted()),
        ..SessionOptions::default()
    })?;
    let proved = session.prove_deployment(&request, &|what| {
        terminal::note(what);
        progress::doing(what);
    });
    let cleaned = session.close();
    for leftover in &cleaned.left {
        let help = "run `dockopt deploy verify --clean-up` to try again";
        terminal::error(global, &format!("not removed: {leftover}"), Some(help));
    }
    let mut proof = match proved {
        Ok(proof) => DeploymentProof { file, leftovers: cleaned.left, ..proof },
        Err(failure) => {
            terminal::error(global, &failure.what, Some(&failure.help));
            failure.log.iter().for_each(|line| terminal::note(&format!("  {line}")));
            return Err(CommandFailure::Said);
        }
    };
    proof.notes.extend(left_out);
    match global.format {
        Format::Json => print(global, &report::deploy_verify_json(&proof))?,
        _ => print_page(global, &report::deploy_verify(&proof))?,
    }
    Ok(if proof.is_proved() { CLEAN } else { FOUND })
}

/// What is tried.
fn request(command: DeployVerify, known: ReplaceableProject) -> Result<DeploymentRequest, CommandFailure> {
    let folder = PathBuf::from(&known.project.folder);
    let script = command.script.as_deref().map(|path| script_path(path, &folder)).transpose()?;
    let arguments = command.arguments;
    Ok(DeploymentRequest {
        model: known.project.json(),
        compose: known.compose,
        folder,
        services: known.services,
        strategy: strategy(command.strategy),
        image: command.image,
        script: script.map(|path| AuthorScript { path, arguments }),
        paths: command.paths,
        host: command.host,
        slow_path: command.slow_path,
        websocket_path: command.websocket_path,
        requests: command.requests,
        limit: Duration::from_secs(command.timeout),
    })
}

/// The path of a script as seen from the folder of the project.
fn script_path(path: &Path, folder: &Path) -> Result<PathBuf, CommandFailure> {
    let because = |what: String, help: &str| CommandFailure::Because { what, help: Some(help.to_owned()) };
    // As the shell sees it, else as the project does.
    let place = [path.to_owned(), folder.join(path)].into_iter().find_map(|path| path.canonicalize().ok());
    let missing = || because(format!("`{}` is not there", path.display()), "pass the path of a script");
    let place = place.filter(|place| place.is_file()).ok_or_else(missing)?;
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let outside = |_| {
        let what = format!("`{}` is not in the folder of the project", path.display());
        because(what, "the script runs in a copy of that folder: move it there, or pass a folder above it")
    };
    place.strip_prefix(&folder).map(Path::to_owned).map_err(outside)
}
