//! Pipelines for repositories: tests from manifests, images that are built where their files changed and tagged where they
//! started, versions of what was tested, a deployment by the script of [`crate::deployment`]. Reads and writes nothing.

mod image;
mod input;

// The plan, and what it is made of.
mod tool;
mod database;
mod start;
mod plan;
mod test_job;
mod deployment;

// The files.
mod lines;
mod scripts;
mod github;
mod gitlab;

pub use self::image::{RepositoryImage, RepositoryImages};
pub use self::input::{DeploymentRunner, DeploymentScript, PipelineInput, PipelineSystem};

use self::plan::PipelinePlan;
use crate::emit::{Emission, EmittedFile};

/// How the first line of a file starts that `ci emit` wrote.
const HEADER: &str = "# Written by `dockopt ci emit`, which writes it again as long as nobody changes it: ";

/// Writes the pipeline of a repository. Files that are there and were written by others, or changed since, are its
/// [`Emission::failure`].
pub fn pipeline(input: &PipelineInput) -> Emission {
    let mut plan = PipelinePlan::of(input);
    if plan.images.is_empty() && plan.tests.is_empty() {
        plan.notes.push("no Dockerfile and no tests were found: there is nothing to write a pipeline from".to_owned());
        return Emission { notes: plan.notes, ..Emission::default() };
    }
    let files = match input.system {
        PipelineSystem::Github => github::files(input, &mut plan),
        PipelineSystem::Gitlab => gitlab::files(input, &mut plan),
    };
    if input.deployment.is_some() {
        plan.notes.push(secrets_note(input));
    }
    let foreign = files.iter().find(|file| (input.text_of)(&file.path).is_some_and(|text| !is_own_file(&text)));
    if let Some(file) = foreign {
        let failure = Some(format!("`{}` is there, and is not as dockopt wrote it", file.path));
        return Emission { notes: plan.notes, failure, ..Emission::default() };
    }
    let with_header = |file: EmittedFile| {
        let text = format!("{HEADER}{:016x}\n{}", checksum(&file.text), file.text);
        EmittedFile { path: file.path, text }
    };
    let is_new = |file: &EmittedFile| (input.text_of)(&file.path).as_ref() != Some(&file.text);
    let files = files.into_iter().map(with_header).filter(is_new).collect();
    Emission { files, choices: plan.choices, notes: plan.notes, failure: None }
}

/// Whether a text is as `ci emit` wrote it.
pub fn is_own_file(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else { return false };
    first.strip_prefix(HEADER).is_some_and(|known| known.trim() == format!("{:016x}", checksum(rest)))
}

/// FNV-1a, 64 bits: whether somebody changed a file shows, and nothing rests on its being hard to forge.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
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
