//! Pipelines for repositories: tests from manifests, images that are built where their files changed and tagged where they
//! started, versions of what was tested, a deployment by the script of [`crate::deployment`]. Reads and writes nothing.

mod header;
mod image;
mod input;

// The plan, and what it is made of.
mod production;
mod tool;
mod plan;
mod start_files;
mod database;
mod preparation;
mod start;
mod repository_project;
mod test_job;
mod deployment;
mod definition;
mod collect;

// The files.
mod lines;
mod scripts;
mod github;
mod gitlab;
mod report;

pub use self::header::{is_of_ci_emit, is_own_file};
pub use self::image::{RepositoryImage, RepositoryImages};
pub use self::input::{DeploymentRunner, DeploymentScript, PipelineInput, PipelineSystem};
pub use self::report::with_report;

pub(crate) use self::header::{is_unchanged_fleet_file, with_fleet_header};

use self::collect::plan_of;
use self::production::production_builds;
use crate::emit::{Emission, EmittedFile};

/// Writes the pipeline of a repository. Files that are there and were written by others, or changed since, are its
/// [`Emission::failure`].
pub fn pipeline(input: &PipelineInput) -> Emission {
    let (inputs, notes) = production_builds(input.inputs);
    let input = &PipelineInput { inputs: &inputs, ..*input };
    let mut plan = plan_of(input);
    plan.notes.splice(0..0, notes);
    if plan.images.is_empty() && plan.tests.is_empty() {
        plan.notes.push("no Dockerfile and no tests were found: there is nothing to write a pipeline from".to_owned());
        return Emission { notes: plan.notes, ..Emission::default() };
    }
    let mut files = match input.system {
        PipelineSystem::Github => github::files(input, &mut plan),
        PipelineSystem::Gitlab => gitlab::files(input, &mut plan),
    };
    if input.has_report {
        for file in files.iter_mut().filter(|file| file.path == input.system.file()) {
            let Some(text) = report::reported(input.system, &file.text) else { continue };
            let why =
                "`dockopt init` set the report up: it shows the images of this pipeline, and builds none by itself";
            plan.choose("report", "needs", why, Some(input.system.report_file().to_owned()));
            file.text = text;
        }
    }
    // What `init` writes where there is no pipeline yet.
    let is_of_init = |text: &str| input.has_report && text == input.system.report_call();
    if input.deployment.is_some() {
        plan.notes.push(secrets_note(input));
    }
    let foreign = files
        .iter()
        .find(|file| (input.text_of)(&file.path).is_some_and(|text| !is_own_file(&text) && !is_of_init(&text)));
    if let Some(file) = foreign {
        let failure = Some(format!("`{}` is there, and is not as dockopt wrote it", file.path));
        return Emission { notes: plan.notes, failure, ..Emission::default() };
    }
    // Who reads the pipeline in a review has not seen what was printed.
    let comments = header::comments(&plan.notes);
    plan.notes.append(&mut plan.others);
    let with_header = |file: EmittedFile| {
        let is_whole = file.path == input.system.file();
        let text = if is_whole { comments.clone() + &file.text } else { file.text };
        EmittedFile { path: file.path, text: header::with_header(&text) }
    };
    let is_new = |file: &EmittedFile| (input.text_of)(&file.path).as_ref() != Some(&file.text);
    let files = files.into_iter().map(with_header).filter(is_new).collect();
    Emission { files, choices: plan.choices, notes: plan.notes, ..Emission::default() }
}

/// What has to be set for the deployment.
fn secrets_note(input: &PipelineInput) -> String {
    let names = match input.deployment.map(|script| script.runner) {
        Some(DeploymentRunner::Host) => "DEPLOY_FOLDER (where the project lies on the host)",
        _ => {
            "DEPLOY_HOST (user@host), DEPLOY_KEY (a private key), DEPLOY_KNOWN_HOSTS (lines of `ssh-keyscan`), DEPLOY_FOLDER (where \
             the project lies there)"
        }
    };
    let kind = if input.system == PipelineSystem::Github { "secrets" } else { "variables" };
    format!(
        "the environments `staging` and `production` need these {kind}: {names}; they may have SMOKE_COMMAND (fails where the \
         application does not answer) and NOTIFY_COMMAND (gets RESULT). The host pulls the images, so it has to be logged in, and \
         its folder has the compose files and the script as they are in the repository"
    )
}
