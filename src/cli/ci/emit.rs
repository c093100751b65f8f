//! `dockopt ci emit`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::audit::InputAudit;
use crate::cli::args::{CiEmit, DeployArgument, Global, PipelineArgument};
use crate::cli::compose::{EmissionShow, main_file};
use crate::cli::exit::{CLEAN, FAILED, FOUND};
use crate::cli::init::called_files;
use crate::cli::output::{CommandFailure, complain};
use crate::cli::pipelines::{read_run_times, repository_top};
use crate::cli::progress;
use crate::emit::{Emission, EmittedFile, is_written_by_deploy_emit};
use crate::inputs::{Need, Needs};
use crate::load::git::Repository;
use crate::load::{DOCKERFILE_LIMIT, GatherRequest, PipelineSelection, SettingsSource, read_bytes, repository_files};
use crate::manifest::{Project, is_manifest};
use crate::pipeline::{DeploymentRunner, DeploymentScript, PipelineInput, PipelineSystem, pipeline};
use crate::rules::AllRules;

pub(super) fn run(global: &Global, command: &CiEmit) -> Result<u8, CommandFailure> {
    let top = command.path.as_path();
    let repository = repository_top(top, "ci emit")?;
    let inputs = crate::load::gather(&gather_request(top))?;
    complain(global, &inputs);
    progress::doing("working out the pipeline");
    let (files, _) = repository_files(top);
    let bytes_of = |file: &str| read_bytes(&top.join(file), DOCKERFILE_LIMIT).ok();
    let text_of = |file: &str| Some(String::from_utf8_lossy(&bytes_of(file)?).into_owned());
    let projects = projects_of(&files, &text_of);
    let script = deployment_script(command, &files, &text_of)?;
    let runner =
        if command.deploy == Some(DeployArgument::Runner) { DeploymentRunner::Host } else { DeploymentRunner::Ssh };
    let deployment = script.as_ref().map(|(path, text)| DeploymentScript { path, text, runner });
    let run_times = command.runs.as_deref().map(read_run_times).transpose()?;
    let branch = repository.as_ref().and_then(Repository::default_branch);
    let folder = crate::load::absolute_path(&crate::load::current_folder(), top);
    let system = match command.system {
        PipelineArgument::Github => PipelineSystem::Github,
        PipelineArgument::Gitlab => PipelineSystem::Gitlab,
    };
    let report_files = called_files(top, system);
    let input = PipelineInput {
        inputs: &inputs,
        root: &top.to_string_lossy(),
        folder: &folder,
        compose: main_file(&inputs, top).map(|number| &inputs.composes[number]),
        files: &files,
        text_of: &text_of,
        bytes_of: &bytes_of,
        projects: &projects,
        is_excluded: &|place| command.exclude.exclude.iter().any(|pattern| pattern.matches(place)),
        branch: branch.as_deref().unwrap_or("main"),
        system,
        test: command.test.as_deref(),
        platforms: &command.platforms,
        deployment,
        has_report: !report_files.is_empty(),
        run_times: run_times.as_ref(),
    };
    let mut emission = pipeline(&input);
    if let Some(what) = emission.failure {
        let help = "move it away to get a new one, or improve it with `dockopt ci fix`";
        return Err(CommandFailure::Because { what, help: Some(help.to_owned()) });
    }
    add_report(&mut emission, system, report_files, &text_of);
    if branch.is_none() {
        emission.notes.push("nothing says which branch is the default: it is taken to be `main`".to_owned());
    }
    let is_unread = inputs.problems.iter().any(|problem| problem.fatal);
    let mask = InputAudit::new(&inputs).into_mask();
    let show = EmissionShow { write: command.write, check: command.check, explain: command.explain };
    let count = show.run(global, top, &mut emission, &mask)?;
    Ok(match (is_unread, command.check && count > 0) {
        (true, _) => FAILED,
        (_, true) => FOUND,
        _ => CLEAN,
    })
}

/// Adds the files of the report that the pipeline calls, where they change; one without images does not call it.
fn add_report(
    emission: &mut Emission,
    system: PipelineSystem,
    report_files: Vec<EmittedFile>,
    text_of: &dyn Fn(&str) -> Option<String>,
) {
    let pipeline = emission.files.iter().find(|file| file.path == system.file()).map(|file| file.text.clone());
    let pipeline = pipeline.or_else(|| text_of(system.file())).unwrap_or_default();
    if pipeline.contains(&system.report_call()) {
        emission.files.extend(report_files.into_iter().filter(|file| text_of(&file.path).as_ref() != Some(&file.text)));
    }
}

/// What is read of a repository: each way in which its Dockerfiles are built.
fn gather_request(top: &Path) -> GatherRequest {
    GatherRequest {
        path: top.to_owned(),
        configuration: SettingsSource::None,
        pipelines: PipelineSelection::All,
        each_build: true,
        needs: [Need::ContextNames, Need::Projects].into_iter().collect::<Needs>(),
        ..GatherRequest::new(&AllRules)
    }
}

/// The projects of a repository, in build contexts and outside of them.
fn projects_of(files: &BTreeSet<String>, text_of: &dyn Fn(&str) -> Option<String>) -> Vec<Project> {
    let texts: Vec<(&str, Option<String>)> = files
        .iter()
        .map(|file| (file.as_str(), if is_manifest(file).is_some() { text_of(file) } else { None }))
        .collect();
    let texts: Vec<(&str, Option<&str>)> = texts.iter().map(|(file, text)| (*file, text.as_deref())).collect();
    crate::manifest::projects(&texts).projects
}

/// The script that `deploy emit` wrote, with its text; nothing where no job is to deploy.
fn deployment_script(
    command: &CiEmit,
    files: &BTreeSet<String>,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(String, String)>, CommandFailure> {
    if command.deploy == Some(DeployArgument::None) {
        return Ok(None);
    }
    let scripts = files.iter().filter(|file| crate::text::path::name(file) == "deploy.sh");
    let mut written =
        scripts.filter_map(|file| Some((file.clone(), text_of(file).filter(|text| is_written_by_deploy_emit(text))?)));
    let script = written.next();
    if script.is_none() && command.deploy.is_some() {
        return Err(CommandFailure::Because {
            what: format!("`{}` has no script that deploys", Path::new(&command.path).display()),
            help: Some("write it first: `dockopt deploy emit --for haproxy --write`".to_owned()),
        });
    }
    Ok(script)
}
