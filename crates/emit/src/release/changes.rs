//! What the new version brings.

use super::facts::{
    CommitFacts, DeploymentFacts, DifferenceFacts, ImageFacts, MigrationEffect, NewMigration, VariableFacts,
};
use super::plan::PlanFact;
use crate::text::{bytes, listed, short_commit};

/// Things that are listed one by one.
const MOST: usize = 12;

pub(super) fn changes(facts: &DeploymentFacts) -> Vec<PlanFact> {
    let mut changes = Vec::new();
    let images = [("image in service", &facts.from), ("new image", &facts.to)];
    changes.extend(images.into_iter().filter_map(|(name, image)| Some(of_image(name, image.as_ref()?))));
    changes.extend(facts.difference.iter().flat_map(of_difference));
    changes.extend(facts.commits.iter().flat_map(of_commits));
    if let Some(migrations) = &facts.migrations {
        if migrations.new.is_empty() {
            changes.push(PlanFact::new("migrations", "none", &migrations.basis));
        }
        changes.extend(migrations.new.iter().map(|migration| of_migration(migration, &migrations.basis)));
    }
    changes.extend(facts.variables.iter().flat_map(of_variables));
    changes
}

fn of_image(name: &str, image: &ImageFacts) -> PlanFact {
    let mut parts = vec![image.reference.clone(), image.platform.clone()];
    parts.extend(image.bytes.map(bytes));
    parts.extend(image.version.as_ref().map(|version| format!("version {version}")));
    parts.extend(image.revision.as_ref().map(|revision| format!("commit {}", short_commit(revision))));
    parts.extend(image.created.as_ref().map(|created| format!("made {created}")));
    parts.push(image.id.chars().take(19).collect());
    parts.retain(|part| !part.is_empty());
    PlanFact::new(name, parts.join(", "), &image.place)
}

fn of_difference(difference: &DifferenceFacts) -> Vec<PlanFact> {
    let basis = "the two images, as `dockopt image diff` reads them";
    let mut changes = Vec::new();
    if let Some(change) = difference.bytes {
        let sign = if change < 0 { "-" } else { "+" };
        let text = format!(
            "{sign}{}, {} of {} layers are the same, files that differ: {}",
            bytes(change.unsigned_abs()),
            difference.shared_layers,
            difference.layers,
            difference.files
        );
        changes.push(PlanFact::new("contents", text, basis));
    }
    changes.push(PlanFact::new("packages", some(&difference.packages), basis));
    let setting = |change: &super::facts::SettingChange| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        format!("{}: {} -> {}", change.setting, value(&change.before), value(&change.after))
    };
    let settings: Vec<String> = difference.settings.iter().map(setting).collect();
    changes.push(PlanFact::new("settings of the image", some(&settings), basis));
    changes
}

/// The first of a list, and how many more there are; `none` for an empty one.
fn some(items: &[String]) -> String {
    if items.is_empty() {
        return "no change".to_owned();
    }
    let mut text = items.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > MOST {
        text.push_str(&format!(", and {} more", items.len() - MOST));
    }
    text
}

fn of_commits(commits: &CommitFacts) -> Vec<PlanFact> {
    let basis = "the repository, between the revisions that the labels of both images name";
    let name = if commits.is_back { "commits that go away" } else { "commits" };
    let line = |(commit, summary): &(String, String)| format!("{} {summary}", short_commit(commit));
    let lines: Vec<String> = commits.commits.iter().map(line).collect();
    let mut text = if lines.is_empty() { "none: both images are of one commit".to_owned() } else { some(&lines) };
    if commits.is_cut {
        text.push_str(", and more that are not read");
    }
    vec![PlanFact::new(name, text, basis)]
}

fn of_migration(migration: &NewMigration, basis: &str) -> PlanFact {
    let effect = match migration.effect {
        MigrationEffect::Expand => "expand: the old program works on",
        MigrationEffect::Unknown => "unknown: whether the old program works on is not known",
        MigrationEffect::Contract => "contract: the old program may fail",
    };
    let mut text = format!("{}: {effect}", migration.path);
    for reason in migration.reasons.iter().take(MOST) {
        text.push_str(&format!("; {reason}"));
    }
    for lock in migration.locks.iter().take(MOST) {
        text.push_str(&format!("; while it runs: {lock}"));
    }
    PlanFact::new("migration", text, format!("its steps; that it is new: {basis}"))
}

fn of_variables(variables: &VariableFacts) -> Vec<PlanFact> {
    let names = |names: &[String]| listed(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let basis = "the sources, as `dockopt compose env` reads them";
    let mut changes = Vec::new();
    let mut push = |name: &str, list: Option<&Vec<String>>| {
        if let Some(list) = list {
            let text = if list.is_empty() { "none".to_owned() } else { names(list) };
            changes.push(PlanFact::new(name, text, basis));
        }
    };
    push("variables that are new", variables.new.as_ref());
    push("variables that are gone", variables.gone.as_ref());
    push("variables that nothing sets", Some(&variables.missing));
    changes
}
