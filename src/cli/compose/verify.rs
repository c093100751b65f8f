//! `dockopt compose verify`.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::args::{ComposeVerify, Global};
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{CommandFailure, print, print_page};
use crate::cli::{measure, progress, terminal};
use crate::compose::project::{ComposeProject, ProjectRequest};
use crate::engine::EngineOptions;
use crate::finding::Mask;
use crate::load::{
    DOCKERFILE_LIMIT, ProjectFailure, compose_builds, default_composes, folder_of, project_request, read_project,
    read_source,
};
use crate::measure::{DockerPlugin, Session, SessionOptions, StartRequest, clean_up};
use crate::report::{self, Format};
use crate::secret::hidden_in;
use crate::stack::{MOST_SERVICES, Stack};
use crate::startup::{StartPlan, StartProof};

/// Proves the start order of a project on an engine.
pub(super) fn run(global: &Global, command: &ComposeVerify) -> Result<u8, CommandFailure> {
    let interrupts = Arc::new(Interrupts::hold_back());
    if command.clean_up {
        return measure::report_cleanup(&clean_up(&EngineOptions::of_process(), None)?);
    }
    let request = request(command)?;
    let project = read_project(&request).map_err(unread)?;
    let start = start_request(command, &request, &project)?;
    let shared_interrupts = Arc::clone(&interrupts);
    let session = Session::open(SessionOptions {
        engine: EngineOptions::of_process(),
        plugin: DockerPlugin::Compose,
        mask: mask(&request, &project),
        stop: Arc::new(move || shared_interrupts.is_interrupted()),
        ..SessionOptions::default()
    })?;
    let proved = session.prove_start(&start, &|what| {
        terminal::note(what);
        progress::doing(what);
    });
    let cleaned = session.close();
    for leftover in &cleaned.left {
        let help = "run `dockopt compose verify --clean-up` to try again";
        terminal::error(global, &format!("not removed: {leftover}"), Some(help));
    }
    let proof = match proved {
        Ok(proof) => StartProof { file: name_of(&request), leftovers: cleaned.left, ..proof },
        Err(failure) => {
            terminal::error(global, &failure.what, Some(&failure.help));
            failure.log.iter().for_each(|line| terminal::note(&format!("  {line}")));
            return Err(CommandFailure::Said);
        }
    };
    match global.format {
        Format::Json => print(global, &report::compose_verify_json(&proof))?,
        _ => print_page(global, &report::compose_verify(&proof))?,
    }
    Ok(if proof.is_proved() { CLEAN } else { FOUND })
}

/// The secrets of a project and of the Dockerfiles that it builds: the builder repeats their commands.
fn mask(request: &ProjectRequest, project: &ComposeProject) -> Mask {
    let mut mask = crate::audit::project_mask(project);
    let mut hide = |text: &str| mask.add_all(&hidden_in(text));
    for file in request.files.iter().map(Path::new) {
        for service in compose_builds(file).services {
            if let Some(source) = &service.inline {
                hide(source.text());
            }
            let context = folder_of(file).join(service.context.unwrap_or_default());
            let dockerfile = context.join(service.dockerfile.as_deref().unwrap_or("Dockerfile"));
            if let Ok(source) = read_source(&dockerfile, DOCKERFILE_LIMIT) {
                hide(source.text());
            }
        }
    }
    mask
}

/// The compose files as `docker compose` takes them.
fn request(command: &ComposeVerify) -> Result<ProjectRequest, CommandFailure> {
    let texts = |paths: &[PathBuf]| paths.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let files = match &command.files[..] {
        [] => default_composes(Path::new(".")),
        [folder] if folder.is_dir() => default_composes(folder),
        files => files.to_vec(),
    };
    if files.is_empty() {
        let folder = command.files.first().map_or(Path::new("."), PathBuf::as_path);
        let what = format!("no compose file found in `{}`", folder.display());
        return Err(CommandFailure::Because { what, help: Some("pass its name".to_owned()) });
    }
    Ok(ProjectRequest {
        env_files: texts(&command.env_files),
        profiles: command.profiles.clone(),
        ..project_request(texts(&files))
    })
}

fn unread(failure: ProjectFailure) -> CommandFailure {
    let ProjectFailure { error, sources } = failure;
    let place = error.place.and_then(|place| Some((sources.get(place.file.0 as usize)?, place.span)));
    let what = match place {
        Some((source, span)) => {
            let place = source.line_column(span.start);
            format!("{}:{}:{}: {}", source.name(), place.line, place.column, error.message)
        }
        None => error.message,
    };
    CommandFailure::Because { what, help: error.help }
}

fn start_request(
    command: &ComposeVerify,
    request: &ProjectRequest,
    project: &ComposeProject,
) -> Result<StartRequest, CommandFailure> {
    let stack = Stack::new(project, &std::collections::BTreeMap::new());
    let count = project.services().count();
    if count > MOST_SERVICES {
        let what = format!("`{}` has {count} services, and at most {MOST_SERVICES} are watched", name_of(request));
        return Err(CommandFailure::Because { what, help: Some("verify a part of the project".to_owned()) });
    }
    let plan = StartPlan::of(&stack);
    if plan.services.is_empty() {
        let what = format!("`{}` has no active service", name_of(request));
        return Err(CommandFailure::Because { what, help: Some("activate a profile with --profile".to_owned()) });
    }
    Ok(StartRequest {
        model: project.json(),
        plan,
        folder: project.folder.clone(),
        env_files: request.env_files.clone(),
        starts: command.cold_starts,
        most_delay: command.delay,
        // As many digits as somebody types.
        seed: command.seed.unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000),
        limit: Duration::from_secs(command.timeout),
        outages: !command.no_outages,
    })
}

fn name_of(request: &ProjectRequest) -> String {
    request.files.join(", ")
}
