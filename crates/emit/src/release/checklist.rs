//! What has to be true before a deployment begins, ticked from facts.

use super::facts::{DeploymentFacts, DeploymentTool, MigrationEffect, MigrationFacts};
use super::plan::{CheckState, PlanCheck};
use crate::text::{bytes, listed};

/// The points of a checklist.
struct Checklist(Vec<PlanCheck>);

impl Checklist {
    /// A point; `truth`: whether it is true, `None` where nothing says it.
    fn push(&mut self, text: impl Into<String>, truth: Option<bool>, basis: impl Into<String>) {
        let state = match truth {
            Some(true) => CheckState::Done,
            Some(false) => CheckState::Failed,
            None => CheckState::Open,
        };
        self.0.push(PlanCheck { text: text.into(), state, basis: basis.into() });
    }
}

pub(super) fn checks(facts: &DeploymentFacts) -> Vec<PlanCheck> {
    let mut list = Checklist(Vec::new());
    of_image(facts, &mut list);
    of_services(facts, &mut list);
    of_database(facts, &mut list);
    of_way(facts, &mut list);
    of_people(facts, &mut list);
    list.0
}

fn of_image(facts: &DeploymentFacts, list: &mut Checklist) {
    let to = facts.to.as_ref();
    list.push("the new image is there", to.map(|_| true), to.map_or("see the open questions", |image| &image.place));
    if facts.is_same_image() {
        let text = "it is another than the one in service: it is the same, and the script has nothing to replace";
        list.push(text, Some(false), "the IDs of both");
    }
    let platforms = facts.from.as_ref().zip(to);
    list.push(
        "it is of the platform of the one in service",
        platforms.map(|(from, to)| from.platform == to.platform),
        platforms
            .map_or("see the open questions".to_owned(), |(from, to)| format!("{}, {}", from.platform, to.platform)),
    );
    let secrets = |image: Option<&super::facts::ImageFacts>| image.and_then(|image| image.secrets);
    let (old, new) = (secrets(facts.from.as_ref()), secrets(to));
    let text = match new {
        Some(0) | None => "no secret lies in it".to_owned(),
        Some(count) if old >= new => format!("no secret lies in it: {count} found, as in the one in service"),
        Some(count) => format!("no secret lies in it: {count} found"),
    };
    // What is in service already does not get worse.
    let truth = new.and_then(|count| if count > 0 && old >= new { None } else { Some(count == 0) });
    list.push(text, truth, "`dockopt image`");
    let waste = to.and_then(|image| image.waste.zip(image.bytes));
    // A twentieth: what a layer of package lists adds to an image of some hundred megabytes.
    let text = match waste {
        Some((waste, all)) if waste.saturating_mul(20) >= all => {
            format!("it is slim: {} of {} are of no use", bytes(waste), bytes(all))
        }
        _ => "it is slim".to_owned(),
    };
    let is_slim = waste.and_then(|(waste, all)| (waste.saturating_mul(20) < all).then_some(true));
    list.push(text, is_slim, "`dockopt image`: less than a twentieth of it is of no use");
    let has_pipeline = !facts.pipelines.is_empty();
    let passed = (has_pipeline && facts.answers.has_passed).then_some(true);
    let basis = if has_pipeline { facts.pipelines.join(", ") } else { "no pipeline is known".to_owned() };
    list.push("its pipeline passed", passed, basis);
}

fn of_services(facts: &DeploymentFacts, list: &mut Checklist) {
    if let Some(is_deploying) = facts.is_deploying {
        let text = if is_deploying {
            "no deployment of the project is running: one is; make the plan again when it has ended"
        } else {
            "no deployment of the project is running"
        };
        list.push(text, Some(!is_deploying), "the containers on the engine");
    }
    if !facts.unwell.is_empty() {
        let text =
            format!("the other services are well: {}; repair it, or know that it may stay", facts.unwell.join(", "));
        list.push(text, None, "the engine, when the plan was made");
    }
    let unchecked: Vec<&str> =
        facts.services.iter().filter(|service| service.check.is_none()).map(|service| service.name.as_str()).collect();
    // The script itself asks those alone that get requests.
    let truth = if unchecked.is_empty() { Some(true) } else { None };
    let text = if unchecked.is_empty() {
        "each service has a health check".to_owned()
    } else {
        format!("each service has a health check: {} has none", listed(&unchecked))
    };
    list.push(text, truth, "the compose file and the image");
    let text = "nothing in the files speaks against a replacement without a lost request";
    list.push(text, Some(true), "`dockopt deploy check`; `dockopt deploy verify` measures it");
    let idle = |service: &&super::facts::ServiceFacts| service.check.as_ref().is_some_and(|check| check.passes_always);
    let idle: Vec<&str> = facts.services.iter().filter(idle).map(|service| service.name.as_str()).collect();
    if !idle.is_empty() {
        list.push(format!("each health check can fail: that of {} cannot", listed(&idle)), None, "its command");
    }
    let missing = facts.variables.as_ref().map(|variables| &variables.missing);
    let text = match missing.filter(|missing| !missing.is_empty()) {
        Some(missing) => {
            let names: Vec<&str> = missing.iter().map(String::as_str).collect();
            format!("each variable that the program needs is set: {} is not", listed(&names))
        }
        None => "each variable that the program needs is set".to_owned(),
    };
    list.push(text, missing.map(Vec::is_empty), "`dockopt compose env`");
    let needed: Option<u64> =
        facts.services.iter().map(|service| Some(service.memory?.saturating_mul(service.count))).sum();
    let text = match needed {
        Some(needed) => format!("the host has {} of memory to spare for the new containers", bytes(needed)),
        None => "the host has memory for the new containers while the old ones run".to_owned(),
    };
    list.push(text, None, "`free -m` on the host; the limits of the compose file");
}

fn of_database(facts: &DeploymentFacts, list: &mut Checklist) {
    let effect = facts.migrations.as_ref().map(MigrationFacts::effect);
    let (text, truth) = match effect {
        None | Some(Some(MigrationEffect::Unknown)) => ("the migrations fit: the old version works behind them", None),
        Some(None) => ("the migrations fit: none comes with this version", Some(true)),
        Some(Some(MigrationEffect::Expand)) => ("the migrations fit: the old version works behind them", Some(true)),
        Some(Some(MigrationEffect::Contract)) => {
            ("the migrations fit: the old version works behind them, which one may prevent", Some(false))
        }
    };
    list.push(text, truth, "`dockopt deploy check`");
    let Some(Some(effect)) = effect else { return };
    if effect != MigrationEffect::Expand || facts.answers.backup.is_some() {
        let backup = facts.answers.backup.as_ref();
        let basis = if backup.is_some() {
            "the user named the command; that it ran is for them to see"
        } else {
            "nobody named a command"
        };
        list.push("the database is backed up, and the backup was read back once", None, basis);
    }
    let migrations = facts.migrations.iter().flat_map(|migrations| &migrations.new);
    let fixed: Vec<&str> =
        migrations.filter(|migration| !migration.has_downgrade).map(|migration| migration.path.as_str()).collect();
    let text = if fixed.is_empty() {
        "each migration can be taken back: a downgrade is written".to_owned()
    } else {
        format!("each migration can be taken back: {} has no downgrade", listed(&fixed))
    };
    let truth = fixed.is_empty().then_some(true);
    list.push(text, truth, "the migrations; a rollback of containers runs none of them");
}

fn of_way(facts: &DeploymentFacts, list: &mut Checklist) {
    let script = facts.script.as_ref();
    let text = match script {
        Some(script) if !script.is_current => {
            format!("{} is as `dockopt deploy emit` writes it: write it again", script.path)
        }
        Some(script) => format!("{} is as `dockopt deploy emit` writes it", script.path),
        None => "the files of `dockopt deploy emit` are there".to_owned(),
    };
    list.push(text, Some(script.is_some_and(|script| script.is_current)), "the files of the project");
    let keeps = match facts.tool {
        DeploymentTool::Haproxy => "the script gives it a tag of its own",
        DeploymentTool::Swarm => "Swarm keeps the specification before",
    };
    list.push("the image in service is kept for a rollback", Some(true), keeps);
    let has_rollback = facts.earlier.iter().any(|earlier| earlier.is_rollback && earlier.exit == 0);
    list.push("a rollback was tried", has_rollback.then_some(true), "the record of the script");
}

fn of_people(facts: &DeploymentFacts, list: &mut Checklist) {
    let answers = &facts.answers;
    let monitor = answers.monitor.as_deref();
    let basis = monitor.map_or("nobody said where".to_owned(), |place| format!("as the user says: {place}"));
    list.push("errors of users are seen", monitor.map(|_| true), basis);
    let approver = answers.approver.as_deref();
    let text = approver.map_or("it is approved".to_owned(), |name| format!("it is approved by {name}"));
    list.push(text, None, "their signature");
}
