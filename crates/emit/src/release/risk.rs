//! What may go wrong, and how much.

use super::facts::{DeploymentFacts, ImageFacts, MigrationEffect};
use super::plan::{PlanRisk, RiskLevel, RiskReason};
use crate::buildlog::timestamp;
use crate::text::listed;

/// Settings of an image whose change changes how the program starts.
const OF_START: [&str; 5] = ["USER", "ENTRYPOINT", "CMD", "WORKDIR", "VOLUME"];

pub(super) fn risk(facts: &DeploymentFacts) -> PlanRisk {
    let mut reasons = Vec::new();
    let mut push = |level: RiskLevel, text: String, basis: &str| {
        reasons.push(RiskReason { level, text, basis: basis.to_owned() });
    };
    of_migrations(facts, &mut push);
    of_images(facts, &mut push);
    of_services(facts, &mut push);
    of_records(facts, &mut push);
    if reasons.is_empty() {
        let text = "the script goes back by itself where a new container is not healthy or its answers fail".to_owned();
        reasons.push(RiskReason { level: RiskLevel::Low, text, basis: "the emitted script".to_owned() });
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
    PlanRisk { level: reasons.first().map(|reason| reason.level).unwrap_or_default(), reasons }
}

type Push<'p> = dyn FnMut(RiskLevel, String, &str) + 'p;

fn of_migrations(facts: &DeploymentFacts, push: &mut Push) {
    let Some(migrations) = &facts.migrations else {
        let text = "whether the old program works with the database behind the deployment is not known".to_owned();
        push(RiskLevel::High, text, "nothing says which migrations are new");
        return;
    };
    for migration in &migrations.new {
        let reason = migration.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
        match migration.effect {
            MigrationEffect::Contract => push(
                RiskLevel::High,
                format!("{} may break the old program while both run, and behind a rollback{reason}", migration.path),
                "the steps of the migration",
            ),
            MigrationEffect::Unknown => push(
                RiskLevel::High,
                format!("what {} means for the old program is not known{reason}", migration.path),
                "the steps of the migration",
            ),
            MigrationEffect::Expand => {}
        }
        if !migration.locks.is_empty() {
            let text = format!("requests may wait while {} runs: {}", migration.path, migration.locks.join("; "));
            push(RiskLevel::Medium, text, "the steps of the migration");
        }
    }
}

fn of_images(facts: &DeploymentFacts, push: &mut Push) {
    if let (Some(from), Some(to)) = (&facts.from, &facts.to)
        && from.platform != to.platform
    {
        let text = format!("the new image is of {}, the one in service of {}", to.platform, from.platform);
        push(RiskLevel::High, text, "the configurations of both images");
    }
    if let (Some(old), Some(new)) = (creation(facts.from.as_ref()), creation(facts.to.as_ref()))
        && new < old
    {
        let text = "the new image was made before the one in service: it may lack what that one has".to_owned();
        push(RiskLevel::Medium, text, "the configurations of both images");
    }
    if facts.commits.as_ref().is_some_and(|commits| commits.is_back) {
        push(
            RiskLevel::Medium,
            "the new image is older than the one in service".to_owned(),
            "the commits of both images",
        );
    }
    let Some(difference) = &facts.difference else { return };
    let is_of_start = |setting: &&str| OF_START.contains(setting);
    let settings = difference.settings.iter().map(|change| change.setting.as_str()).filter(is_of_start);
    let settings: Vec<&str> = settings.collect();
    if !settings.is_empty() {
        let text = format!("the program starts otherwise: {} changed", listed(&settings));
        push(RiskLevel::Medium, text, "the configurations of both images");
    }
    let majors: Vec<&str> =
        difference.packages.iter().filter(|package| is_major(package)).map(String::as_str).collect();
    if !majors.is_empty() {
        let text = format!("packages with another major version: {}", listed(&majors));
        push(RiskLevel::Medium, text, "the packages of both images");
    }
}

/// When an image was made, as far as it says.
fn creation(image: Option<&ImageFacts>) -> Option<impl PartialOrd> {
    timestamp(image?.created.as_deref()?)
}

/// Whether the first number of a version changes in `python fastapi 0.115.0 -> 1.2.0`.
fn is_major(package: &str) -> bool {
    let Some((before, after)) = package.split_once(" -> ") else { return false };
    let number = |version: Option<&str>| {
        let digits: String = version.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let (old, new) = (number(before.split(' ').next_back()), number(after.split(' ').next()));
    old.is_some() && new.is_some() && old != new
}

fn of_services(facts: &DeploymentFacts, push: &mut Push) {
    let missing = facts.variables.as_ref().map(|variables| &variables.missing).filter(|missing| !missing.is_empty());
    if let Some(missing) = missing {
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        push(RiskLevel::High, format!("nothing sets {}, which the program needs", listed(&names)), "its sources");
    }
    for service in facts.services.iter().filter(|service| service.check.is_none()) {
        let text = format!("{} has no health check: that it runs is all that the script sees", service.name);
        push(RiskLevel::Medium, text, "the compose file and the image");
    }
    let workers: Vec<&str> =
        facts.services.iter().filter(|service| service.ports.is_empty()).map(|service| service.name.as_str()).collect();
    if !workers.is_empty() {
        let text = format!("while both versions of {} run, each takes jobs that the other one made", listed(&workers));
        push(RiskLevel::Low, text, "services that get no requests take from a queue, or work by the clock");
    }
    let quiet = facts.services.iter().all(|service| service.ports.is_empty());
    if quiet && !facts.services.is_empty() {
        let text = "no requests go to these services, so that nothing counts their errors".to_owned();
        push(RiskLevel::Medium, text, "the ports of the compose file");
    }
}

fn of_records(facts: &DeploymentFacts, push: &mut Push) {
    if facts.earlier.iter().all(|earlier| earlier.is_copy) {
        let text = "no deployment of these services is on record: the first one proves the way".to_owned();
        push(RiskLevel::Medium, text, "the record of the script");
    }
    let last = facts.earlier.iter().rfind(|earlier| !earlier.is_copy);
    if let Some(last) = last.filter(|last| last.is_rollback) {
        let text = format!("the last version was taken back on {}, and nothing says why", last.time);
        push(RiskLevel::Medium, text, "the record of the script");
    }
    let failed = facts.earlier.iter().rev().take(5).filter(|earlier| earlier.exit != 0).count();
    if failed > 0 {
        let text = format!("{failed} of the last {} deployments failed", facts.earlier.len().min(5));
        push(RiskLevel::Medium, text, "the record of the script");
    }
}
