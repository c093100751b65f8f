//! The shell scripts of a pipeline, which are the same for each system.

use super::input::{DeploymentRunner, PipelineInput};
use super::plan::{PipelinePlan, PlannedDeployment};
use super::start::{missing_environment_files, unset_variables};
use crate::emit::ENVIRONMENT_FILES;
use crate::shell::quoted_word;
use crate::text::path;

/// Works out the tag of an image from what it is made of, and whether it is there.
pub(super) const LOOK_UP: &str = include_str!("../../templates/pipeline/look-up.sh");
/// Makes a builder that writes caches, where the engine does not.
pub(super) const BUILDER: &str = include_str!("../../templates/pipeline/builder.sh");
/// Builds an image into the engine.
pub(super) const BUILD: &str = include_str!("../../templates/pipeline/build.sh");
/// Starts it, and waits until its check passes.
const START: &str = include_str!("../../templates/pipeline/start.sh");
/// Pushes what was started.
pub(super) const PUSH: &str = include_str!("../../templates/pipeline/push.sh");
/// Keeps what the tag follows from, for the job that tags: not before the build, whose context it would be part of.
pub(super) const KEEP: &str = include_str!("../../templates/pipeline/keep.sh");
/// Tags what was tested with the commit, all platforms together.
pub(super) const TAG: &str = include_str!("../../templates/pipeline/tag.sh");
/// Tags what was tested with a version.
pub(super) const VERSIONS: &str = include_str!("../../templates/pipeline/versions.sh");
/// Runs the command that the user gave for notifications.
pub(super) const NOTIFY: &str = include_str!("../../templates/pipeline/notify.sh");

const SSH: &str = include_str!("../../templates/pipeline/ssh.sh");
const HOST: &str = include_str!("../../templates/pipeline/host.sh");
const DEPLOY: &str = include_str!("../../templates/pipeline/deploy.sh");

/// Starts an image with the variables that its compose file asks for, where nothing of the repository sets them.
pub(super) fn start_script(input: &PipelineInput, plan: &PipelinePlan) -> String {
    let mut script = String::new();
    let folder = plan.compose.first().map(|file| path::parent(file));
    let files = folder.map(|folder| ENVIRONMENT_FILES.map(|name| path::child(folder, name)));
    if let Some([file, example]) =
        files.filter(|[file, example]| input.files.contains(example) && !input.files.contains(file))
    {
        script.push_str(&format!("cp {} {}\n", quoted_word(&example), quoted_word(&file)));
    }
    for file in missing_environment_files(input, plan) {
        let example = format!("{file}.example");
        let (file, from) = (quoted_word(&file), quoted_word(&example));
        let line =
            if input.files.contains(&example) { format!("cp {from} {file}\n") } else { format!("touch {file}\n") };
        // The one at the top is there already.
        if !script.contains(&line) {
            script.push_str(&line);
        }
    }
    for name in unset_variables(input, plan) {
        script.push_str(&format!("export {name}=\"${{{name}:-started-in-ci}}\"\n"));
    }
    script + START
}

/// Deploys digests on a host, and goes back where a smoke test fails.
pub(super) fn deploy_script(deployment: &PlannedDeployment) -> String {
    let way = match deployment.runner {
        DeploymentRunner::Ssh => SSH,
        DeploymentRunner::Host => HOST,
    };
    let migrate = deployment.migration.as_ref().map(|(command, service)| {
        format!("case $service in {}) migrate={} ;; esac", quoted_word(service), quoted_word(command))
    });
    let deploy = match migrate {
        Some(migrate) => DEPLOY.replace("@migrate@", &migrate),
        None => DEPLOY.replace("  @migrate@\n", ""),
    };
    let deploy = deploy.replace("@script@", &deployment.script).replace("@folder@", path::parent(&deployment.script));
    format!("{way}{deploy}")
}

/// The secrets of an environment, by the variables that get them; those of ssh first.
pub(super) const SSH_SECRETS: [(&str, &str); 5] = [
    ("KEY", "DEPLOY_KEY"),
    ("KNOWN_HOSTS", "DEPLOY_KNOWN_HOSTS"),
    ("HOST", "DEPLOY_HOST"),
    ("FOLDER", "DEPLOY_FOLDER"),
    ("SMOKE", "SMOKE_COMMAND"),
];

/// The pairs of images and services that the script of a deployment reads.
pub(super) fn deploys(deployment: &PlannedDeployment) -> String {
    let pair = |(image, service): &(String, String)| format!("{image}={service}");
    deployment.groups.iter().map(pair).collect::<Vec<_>>().join(" ")
}
