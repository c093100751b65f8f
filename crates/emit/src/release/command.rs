//! The commands of a plan, as they are typed in the folder of the project.

use super::facts::{DeploymentFacts, DeploymentTool, ImageFacts, ServiceFacts};
use crate::compose::is_main_file;
use crate::deployment::OVERRIDE;
use crate::shell::quoted_word;

/// `docker compose`, with the files where they are not those that Compose finds by itself.
pub(super) fn compose(facts: &DeploymentFacts) -> String {
    let is_usual = facts.files.iter().all(|file| is_main_file(file) || file == OVERRIDE);
    if is_usual {
        return "docker compose".to_owned();
    }
    let files = facts.files.iter().map(String::as_str).filter(|file| *file != OVERRIDE).chain([OVERRIDE]);
    let options: Vec<String> = files.map(|file| format!(" -f {}", quoted_word(file))).collect();
    format!("docker compose{}", options.concat())
}

/// The services, as arguments.
pub(super) fn service_names(facts: &DeploymentFacts) -> String {
    facts.services.iter().map(|service| quoted_word(&service.name)).collect::<Vec<_>>().join(" ")
}

/// A service of a stack, as `docker service` names it.
pub(super) fn stack_service(facts: &DeploymentFacts, service: &ServiceFacts) -> String {
    quoted_word(&format!("{}_{}", facts.project, service.name))
}

/// Whether the script has to run a migration.
pub(super) fn migrations_need_call(facts: &DeploymentFacts) -> bool {
    facts.migrations.as_ref().is_some_and(|migrations| !migrations.new.is_empty() && !migrations.runs_at_start)
}

/// The call of the script that replaces the containers.
pub(super) fn deploy_call(facts: &DeploymentFacts) -> String {
    let mut options = Vec::new();
    let mut option = |name: &str, value: Option<&String>| {
        options.extend(value.map(|value| format!("--{name} {}", quoted_word(value))));
    };
    option("image", facts.to.as_ref().map(|image| &image.reference));
    if migrations_need_call(facts) {
        option("migrate", facts.migrations.as_ref().and_then(|migrations| migrations.command.as_ref()));
    }
    option("smoke", facts.answers.smoke.as_ref());
    option("notify", facts.answers.notify.as_ref());
    option("strategy", Some(&facts.strategy));
    format!("sh {} {} {}", quoted_word(script(facts)), options.join(" "), first_service(facts))
}

/// What brings the version before back.
pub(super) fn rollback_calls(facts: &DeploymentFacts) -> Vec<String> {
    match facts.tool {
        DeploymentTool::Haproxy => {
            let script = quoted_word(script(facts));
            vec![format!("sh {script} --strategy {} rollback {}", quoted_word(&facts.strategy), first_service(facts))]
        }
        DeploymentTool::Swarm => {
            let call = |service| format!("docker service rollback {}", stack_service(facts, service));
            facts.services.iter().map(call).collect()
        }
    }
}

/// The name under which the script keeps an image: what `docker compose ps` shows of its containers.
pub(super) fn script_tag(facts: &DeploymentFacts, image: &ImageFacts) -> Option<String> {
    let digest = image.id.strip_prefix("sha256:")?.get(..12)?;
    let group = facts.services.first()?;
    (facts.tool == DeploymentTool::Haproxy).then(|| format!("{}-{}:deployed-{digest}", facts.project, group.name))
}

fn script(facts: &DeploymentFacts) -> &str {
    facts.script.as_ref().map_or("deploy/deploy.sh", |script| script.path.as_str())
}

/// The name under which the script knows the services that run one image: that of the first.
fn first_service(facts: &DeploymentFacts) -> String {
    facts.services.first().map(|service| quoted_word(&service.name)).unwrap_or_default()
}
