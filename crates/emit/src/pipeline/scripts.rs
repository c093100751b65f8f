//! The shell scripts of a pipeline, which are the same for each system.

use super::input::DeploymentRunner;
use super::plan::{ImageStart, PipelinePlan, PlannedDeployment};
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
/// What counts a check as none that cannot fail.
const UNCHECKED: &str = include_str!("../../templates/pipeline/unchecked.sh");
/// What starts the services first that a proxy looks up.
const NEEDS: &str = "  [ -z \"$NEEDS\" ] || compose up --detach $NEEDS || { compose logs --tail 20 >&2; exit 1; }\n";
/// Leaves an image alone that lacks what it needs.
const NOT_STARTED: &str = "if [ \"$SECONDS_TO_START\" = 0 ]; then\n  echo \"$NAME is not started: no compose file gives it what it needs\"\n  exit 0\nfi\n";
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

/// Starts an image, once what git does not have is made.
pub(super) fn start_script(plan: &PipelinePlan) -> String {
    let mut script = String::new();
    if plan.images.iter().any(|image| image.start.seconds == 0) {
        script.push_str(NOT_STARTED);
    }
    for line in &plan.preparation {
        script.push_str(&format!("{line}\n"));
    }
    let is_unneeded =
        |lists: &dyn Fn(&ImageStart) -> &Vec<String>| plan.images.iter().all(|image| lists(&image.start).is_empty());
    let unchecked = if is_unneeded(&|start| &start.unchecked) { "" } else { UNCHECKED };
    let start = START.replace("@unchecked@\n", unchecked);
    script + &if is_unneeded(&|start| &start.needs) { start.replace(NEEDS, "") } else { start }
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
