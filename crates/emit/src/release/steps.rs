//! The steps of a deployment, with the commands that do them.

use super::command::{compose, deploy_call, migrations_need_call, script_tag, service_names, stack_service};
use super::estimate::{phase_seconds, share_list};
use super::facts::{DeploymentFacts, DeploymentTool, MigrationEffect, ServiceFacts};
use super::plan::{PlanSeconds, PlanStep};
use super::record::DeploymentPhase;
use crate::shell::quoted_word;
use crate::text::listed;

/// What nothing was done to yet.
const UNTOUCHED: &str = "nothing has changed yet: stop here";

/// The steps in order.
pub(super) fn steps(facts: &DeploymentFacts) -> Vec<PlanStep> {
    let mut steps = vec![look(facts, true)];
    steps.extend(keep_logs(facts));
    steps.extend(backup(facts));
    steps.extend(pull(facts));
    steps.extend(same_image(facts));
    match facts.tool {
        DeploymentTool::Haproxy => push_script(facts, &mut steps),
        DeploymentTool::Swarm => push_swarm(facts, &mut steps),
    }
    steps.push(look(facts, false));
    let mut number = 0;
    let mut part = 0;
    for step in &mut steps {
        if step.command.is_some() || step.phases.is_empty() {
            (number, part) = (number + 1, 0);
            step.number = number.to_string();
        } else {
            part += 1;
            step.number = format!("{number}.{part}");
        }
    }
    steps
}

/// Shows the containers with what their checks say, and the image that is in service: before anything is done, or behind it.
fn look(facts: &DeploymentFacts, is_first: bool) -> PlanStep {
    let (title, rollback, image) = if is_first {
        ("See that what runs is well", UNTOUCHED.to_owned(), &facts.from)
    } else {
        ("See that the new version is well", after(facts), &facts.to)
    };
    let command = match facts.tool {
        // Those that ended are shown too.
        DeploymentTool::Haproxy => format!("{} ps --all", compose(facts)),
        DeploymentTool::Swarm => format!("docker stack services {}", quoted_word(&facts.project)),
    };
    PlanStep {
        title: title.to_owned(),
        command: Some(command),
        rollback,
        note: Some(match facts.tool {
            DeploymentTool::Haproxy => {
                let names: Vec<&str> = facts.services.iter().map(|service| service.name.as_str()).collect();
                let name = image.as_ref().map(|image| match script_tag(facts, image) {
                    // Before the first deployment it is the author's name.
                    Some(tag) if is_first && facts.earlier.is_empty() => format!(", of {} or `{tag}`", image.reference),
                    Some(tag) => format!(", of `{tag}`"),
                    None => format!(", of {}", image.reference),
                });
                let name = name.unwrap_or_default();
                let void = if is_first && !name.is_empty() { "; with another image this plan is void" } else { "" };
                let others = match facts.unwell.as_slice() {
                    [] => "the others are `Up`, and `healthy` where they have a check".to_owned(),
                    unwell => format!("the others are no worse than when the plan was made: {}", unwell.join(", ")),
                };
                format!("the containers of {} are `Up` and `healthy`{name}{void}; {others}", listed(&names))
            }
            DeploymentTool::Swarm => "as many replicas run as are wanted".to_owned(),
        }),
        ..PlanStep::default()
    }
}

/// What of the database is kept, before something is taken away.
fn backup(facts: &DeploymentFacts) -> Option<PlanStep> {
    let effect = facts.migrations.as_ref()?.effect()?;
    if effect == MigrationEffect::Expand && facts.answers.backup.is_none() {
        return None;
    }
    Some(PlanStep {
        title: "Back up the database".to_owned(),
        command: facts.answers.backup.clone(),
        rollback: UNTOUCHED.to_owned(),
        note: Some(match (&facts.answers.backup, effect) {
            (None, _) => "which command does it is an open question: do not go on without".to_owned(),
            (Some(_), MigrationEffect::Expand) => "no migration takes anything away: it is a precaution".to_owned(),
            (Some(_), _) => "what is written from here on is not in it".to_owned(),
        }),
        ..PlanStep::default()
    })
}

/// Keeps what the new version is compared with: the old containers and their logs are gone behind the end.
fn keep_logs(facts: &DeploymentFacts) -> Option<PlanStep> {
    let (compose, services) = (compose(facts), service_names(facts));
    let command = format!(
        "{compose} logs --since 1h {services} >before.log && docker stats --no-stream $({compose} ps -q {services}) >before.txt"
    );
    (facts.tool == DeploymentTool::Haproxy).then(|| PlanStep {
        title: "Keep what the new version is compared with".to_owned(),
        command: Some(command),
        rollback: UNTOUCHED.to_owned(),
        note: Some("the old containers are gone behind the end, and their logs with them".to_owned()),
        ..PlanStep::default()
    })
}

/// A name may mean another image by then.
fn same_image(facts: &DeploymentFacts) -> Option<PlanStep> {
    let image = facts.to.as_ref().filter(|image| !image.id.is_empty())?;
    Some(PlanStep {
        title: "See that the image is the one that was planned".to_owned(),
        command: Some(format!("docker image inspect -f '{{{{.Id}}}}' {}", quoted_word(&image.reference))),
        rollback: UNTOUCHED.to_owned(),
        note: Some(format!("it prints `{}`; with another one this plan is void", image.id)),
        ..PlanStep::default()
    })
}

/// Gets the image while the old version serves.
fn pull(facts: &DeploymentFacts) -> Option<PlanStep> {
    let image = facts.to.as_ref()?;
    if facts.pull.as_ref().is_some_and(|pull| pull.is_there) {
        return None;
    }
    if let Some(archive) = &image.archive {
        return Some(PlanStep {
            title: "Load the image".to_owned(),
            command: Some(format!("docker load --input {}", quoted_word(archive))),
            rollback: UNTOUCHED.to_owned(),
            note: Some("the old version serves meanwhile".to_owned()),
            ..PlanStep::default()
        });
    }
    let note = match &facts.pull {
        Some(pull) => format!("the host lacks {} of its layers, {}", pull.layers, crate::text::bytes(pull.bytes)),
        None => "how much of it the host lacks is not known".to_owned(),
    };
    Some(PlanStep {
        title: "Pull the image".to_owned(),
        command: Some(format!("docker pull {}", quoted_word(&image.reference))),
        rollback: UNTOUCHED.to_owned(),
        note: Some(format!("{note}; the old version serves meanwhile")),
        ..PlanStep::default()
    })
}

/// The call of the script, and its parts.
fn push_script(facts: &DeploymentFacts, steps: &mut Vec<PlanStep>) {
    steps.push(PlanStep {
        title: "Replace the containers".to_owned(),
        command: Some(deploy_call(facts)),
        rollback: "by itself up to the last part, where a part fails: the script ends with 1, and the old version serves".to_owned(),
        note: Some(
            "in a session that outlives the connection (`tmux`): when it ends, the script goes back. A line `not pulled, the \
             image of this host is taken` is no fault where the image is in no registry"
                .to_owned(),
        ),
        ..PlanStep::default()
    });
    let mut part = |phases: &[DeploymentPhase], title: &str, rollback: &str| {
        steps.push(PlanStep {
            title: title.to_owned(),
            phases: phases.to_vec(),
            seconds: phase_seconds(facts, phases, false),
            rollback: rollback.to_owned(),
            ..PlanStep::default()
        });
    };
    let nothing = "nothing in service has changed: Ctrl-C ends it";
    let title = "wait for the lock, finish what a killed run left, and look up the image";
    part(&[DeploymentPhase::Settle, DeploymentPhase::Image], title, nothing);
    if migrations_need_call(facts) {
        part(&[DeploymentPhase::Migrate], "migrate the database", migration_rollback(facts));
    }
    let by_itself = "by itself: the new containers are removed, the old ones never stopped serving; so does Ctrl-C";
    part(&[DeploymentPhase::Start], &format!("start {}, until all are healthy", containers(facts)), by_itself);
    let title = format!("move the requests ({}), and watch", share_list(facts));
    part(&[DeploymentPhase::Switch], &title, "by itself: the requests go back to the old containers; so does Ctrl-C");
    let later = format!("no longer by itself, and Ctrl-C is ignored; behind the end {}", after(facts));
    part(&[DeploymentPhase::Remove], "let the requests of the old containers end, and remove them", &later);
}

/// A service after the other; Swarm starts, watches and goes back by itself.
fn push_swarm(facts: &DeploymentFacts, steps: &mut Vec<PlanStep>) {
    let image = facts.to.as_ref().map_or("IMAGE", |image| image.reference.as_str());
    let is_remote = facts.pull.as_ref().is_none_or(|pull| !pull.is_there);
    let access = if is_remote { " --with-registry-auth" } else { "" };
    if migrations_need_call(facts) {
        steps.push(PlanStep {
            title: "Migrate the database".to_owned(),
            rollback: migration_rollback(facts).to_owned(),
            note: Some("what does it in a swarm is an open question".to_owned()),
            ..PlanStep::default()
        });
    }
    for service in &facts.services {
        let name = stack_service(facts, service);
        steps.push(PlanStep {
            title: format!("Replace the containers of {}", service.name),
            command: Some(format!("docker service update{access} --image {} {name}", quoted_word(image))),
            seconds: Some(swarm_seconds(service)),
            rollback: format!(
                "by itself while Swarm watches (`failure_action: rollback`); then `docker service rollback {name}`"
            ),
            note: Some(
                "write the image into the compose file too: the next `docker stack deploy` starts what it names"
                    .to_owned(),
            ),
            ..PlanStep::default()
        });
    }
}

/// One task after the other: its start, the watch of `monitor`, and the end of the old one.
fn swarm_seconds(service: &ServiceFacts) -> PlanSeconds {
    #[allow(clippy::cast_precision_loss, reason = "some minutes")]
    let (count, limit) = (service.count as f64, service.start_limit as f64);
    let first = service.check.as_ref().map(super::facts::CheckFacts::first).unwrap_or_default();
    PlanSeconds {
        at_least: count * first,
        at_most: None,
        limit: Some(count * (2.0 * limit + service.grace)),
        basis: "no task is healthy before its first check; the limit: its start, the watch of Swarm, and \
                stop_grace_period, for each task"
            .to_owned(),
    }
}

fn migration_rollback(facts: &DeploymentFacts) -> &'static str {
    match facts.migrations.as_ref().and_then(super::facts::MigrationFacts::effect) {
        Some(MigrationEffect::Contract) => "none: from here on the old program may fail, and going back does not help",
        Some(MigrationEffect::Unknown) => "not known: read the migration first",
        _ => {
            "the old program works with the new schema: where the migration fails, the script ends and nothing is replaced"
        }
    }
}

/// The new containers in words.
fn containers(facts: &DeploymentFacts) -> String {
    let of_service = |service: &ServiceFacts| format!("{} of {}", service.count, service.name);
    facts.services.iter().map(of_service).collect::<Vec<_>>().join(" and ")
}

/// How the old version comes back at the end.
fn after(facts: &DeploymentFacts) -> String {
    let commands = super::command::rollback_calls(facts);
    commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ")
}
