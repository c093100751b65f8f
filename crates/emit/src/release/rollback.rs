//! How the old version comes back, how long that takes, and what of the data is lost.

use super::command::{deploy_call, migrations_need_call, rollback_calls, script_tag};
use super::estimate::{WATCH, phase_seconds, total};
use super::facts::{DeploymentFacts, DeploymentTool, MigrationEffect, MigrationFacts};
use super::plan::{PlanRollback, PlanSeconds, PlanStep, RollbackTrigger};
use super::record::DeploymentPhase;

/// Percent of the requests to the new version that may fail where nobody says otherwise (`--errors` of the script).
const ERRORS: u64 = 1;

/// Milliseconds that its answers may take (`--milliseconds`).
const MILLISECONDS: u64 = 60_000;

pub(super) fn rollback(facts: &DeploymentFacts, steps: &[PlanStep]) -> PlanRollback {
    let (is_possible, reason) = possibility(facts, steps);
    PlanRollback {
        is_possible,
        reason,
        commands: rollback_calls(facts),
        seconds: seconds(facts),
        until: until(facts),
        data: data(facts),
        triggers: triggers(facts),
    }
}

/// Whether the old version works when it is back, and why.
fn possibility(facts: &DeploymentFacts, steps: &[PlanStep]) -> (Option<bool>, String) {
    let is_migration =
        |step: &&PlanStep| step.phases.contains(&DeploymentPhase::Migrate) || step.title.starts_with("Migrate");
    let is_start = |step: &&PlanStep| step.phases.contains(&DeploymentPhase::Start);
    let at = steps.iter().find(is_migration).or_else(|| steps.iter().find(is_start));
    let at = at.map_or_else(|| "the migration".to_owned(), |step| format!("step {}", step.number));
    let first = |wanted: MigrationEffect| {
        let new = facts.migrations.iter().flat_map(|migrations| &migrations.new);
        let mut bad = new.filter(|migration| migration.effect == wanted);
        let migration = bad.next().map(|migration| {
            let reason = migration.reasons.first().map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("`{}`{reason}", migration.path)
        });
        migration.unwrap_or_default()
    };
    match facts.migrations.as_ref().map(MigrationFacts::effect) {
        None => (None, "which migrations the new image brings is not known: see the open questions".to_owned()),
        Some(None) => (Some(true), "no migration comes with this version: both use the same schema".to_owned()),
        Some(Some(MigrationEffect::Expand)) => {
            (Some(true), "the migrations take nothing away: the old program works with the new schema".to_owned())
        }
        Some(Some(MigrationEffect::Unknown)) => (
            None,
            format!("whether the old program works behind {at} is not known: {}", first(MigrationEffect::Unknown)),
        ),
        Some(Some(MigrationEffect::Contract)) => (
            Some(false),
            format!("not behind {at}: {}, and the old program may fail", first(MigrationEffect::Contract)),
        ),
    }
}

/// A rollback starts the old image, moves the requests and removes the new containers.
fn seconds(facts: &DeploymentFacts) -> Option<PlanSeconds> {
    if facts.tool == DeploymentTool::Swarm {
        return None;
    }
    let parts: [&[DeploymentPhase]; 4] = [
        &[DeploymentPhase::Settle, DeploymentPhase::Image],
        &[DeploymentPhase::Start],
        &[DeploymentPhase::Switch],
        &[DeploymentPhase::Remove],
    ];
    let step = |phases: &[DeploymentPhase]| PlanStep {
        phases: phases.to_vec(),
        seconds: phase_seconds(facts, phases, true),
        ..PlanStep::default()
    };
    let basis = "the lock, the start of the old image, the switch, and the end of the new containers".to_owned();
    total(&parts.map(step)).map(|seconds| PlanSeconds { basis, ..seconds })
}

fn until(facts: &DeploymentFacts) -> String {
    match facts.tool {
        DeploymentTool::Haproxy => {
            let tag = facts.from.as_ref().and_then(|image| script_tag(facts, image));
            let tag = tag.map(|tag| format!("to `{tag}`, ")).unwrap_or_default();
            format!(
                "{tag}from the end of the script until the next deployment, once: the image before has a tag of its own, \
                 which `docker image prune` leaves (`prune -a` does not)"
            )
        }
        DeploymentTool::Swarm => "until the next update: Swarm keeps one specification before".to_owned(),
    }
}

/// What of the data a rollback loses.
fn data(facts: &DeploymentFacts) -> String {
    match facts.migrations.as_ref().map(MigrationFacts::effect) {
        Some(None | Some(MigrationEffect::Expand)) => {
            "none is lost: the database stays as it is, and the schema is not taken back".to_owned()
        }
        Some(Some(MigrationEffect::Contract)) if facts.answers.backup.is_some() => {
            "to go back means to restore the backup: what was written since it is lost".to_owned()
        }
        Some(Some(MigrationEffect::Contract)) => "what the migration takes away is lost without a backup".to_owned(),
        _ => "not known before the migrations are".to_owned(),
    }
}

fn triggers(facts: &DeploymentFacts) -> Vec<RollbackTrigger> {
    let trigger =
        |what: String, by: &str, action: &str| RollbackTrigger { what, by: by.to_owned(), action: action.to_owned() };
    let person = "a person";
    let mut triggers = match facts.tool {
        DeploymentTool::Haproxy => script_triggers(facts),
        DeploymentTool::Swarm => vec![trigger(
            "a new task is unhealthy or ends while Swarm watches".to_owned(),
            "Swarm",
            "starts the old version again (`failure_action: rollback`)",
        )],
    };
    if facts.tool == DeploymentTool::Haproxy {
        triggers.push(trigger(
            "the script ended with 1".to_owned(),
            "nobody",
            "the old version serves already: no `rollback`, which would go back by one more",
        ));
        triggers.push(trigger(
            "the script ended with 2".to_owned(),
            "nobody",
            "nothing was replaced: it says why (another deployment holds the lock, HAProxy does not answer)",
        ));
        triggers.push(trigger(
            "the script says `not all is undone` or `is not removed`, or was killed".to_owned(),
            person,
            &format!("`{}` again: it first finishes what is left", deploy_call(facts)),
        ));
    }
    let calls = rollback_calls(facts).join("; ");
    triggers.push(trigger(
        "the script ended with 0, and a criterion of success below does not hold".to_owned(),
        person,
        &calls,
    ));
    if facts.migrations.as_ref().and_then(MigrationFacts::effect) == Some(MigrationEffect::Contract) {
        triggers.push(trigger(
            "the new version fails behind the migration".to_owned(),
            person,
            "repairs it by a newer version; else restores the backup, and goes back then",
        ));
    }
    triggers
}

/// What the script goes back at by itself.
fn script_triggers(facts: &DeploymentFacts) -> Vec<RollbackTrigger> {
    let script =
        |what: String, action: &str| RollbackTrigger { what, by: "the script".to_owned(), action: action.to_owned() };
    let removes = "removes the new containers, and ends with 1";
    let limits: Vec<String> =
        facts.services.iter().map(|service| format!("{} s for {}", service.start_limit, service.name)).collect();
    let mut triggers = Vec::new();
    if migrations_need_call(facts) {
        triggers.push(script("the migration fails".to_owned(), "starts nothing, and ends with 1"));
    }
    triggers.push(script(format!("a new container is not healthy in time ({})", limits.join(", ")), removes));
    if facts.answers.smoke.is_some() {
        triggers.push(script("the command of --smoke fails in a new container".to_owned(), removes));
    }
    let back = "gives the requests back to the old containers, and ends with 1";
    triggers
        .push(script(format!("more than {ERRORS} % of the requests to the new version fail within {WATCH} s (where none comes, none fails)"), back));
    triggers.push(script(format!("its answers take more than {MILLISECONDS} ms on average"), back));
    triggers
}
