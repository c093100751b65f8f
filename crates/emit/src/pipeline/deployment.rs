//! The deployment of a pipeline: the images and services of the script that `deploy emit` wrote.

use super::input::PipelineInput;
use super::plan::{PipelinePlan, PlannedDeployment, PlannedImage};
use crate::text::path;

/// Adds what the script deploys: a row of its facts names a service and the first of those that it is replaced with.
pub(super) fn add_deployment(input: &PipelineInput, plan: &mut PipelinePlan) {
    let Some(script) = input.deployment else { return };
    let groups = groups(script.text);
    let mut pairs = Vec::new();
    for image in &plan.images {
        let is_of_image = |(service, _): &&(String, String)| image.start.services.contains(service);
        match groups.iter().find(is_of_image) {
            Some((_, group)) => pairs.push((image.image.name.clone(), group.clone())),
            None => plan.notes.push(format!(
                "`{}` deploys no service of the image `{}`: its job leaves it alone",
                script.path, image.image.name
            )),
        }
    }
    let migration = plan.tests.iter().flat_map(|job| &job.databases).find_map(|database| database.migration.clone());
    let migration = migration.and_then(|(folder, command)| {
        let is_of_folder =
            |image: &&PlannedImage| image.image.context == folder || path::covers(&image.image.context, &folder);
        let name = &plan.images.iter().find(is_of_folder)?.image.name;
        let (_, group) = pairs.iter().find(|(image, _)| image == name)?;
        Some((command, group.clone()))
    });
    if let Some((command, service)) = &migration {
        plan.choose(
            "staging",
            "--migrate",
            format!("`{command}` runs in the new image of `{service}` before it is started"),
            None,
        );
    }
    plan.choose(
        "staging",
        "Deploy",
        "the digests that were tested, by the script on the host, which undoes what fails",
        Some(script.path.to_owned()),
    );
    plan.choose("staging", "environment", "its secrets, and who has to approve, are set there", None);
    plan.choose("production", "needs", "the same digests served on staging", None);
    plan.choose("production", "concurrency", "one deployment at a time, and none is cut off", None);
    plan.deployment =
        Some(PlannedDeployment { script: script.path.to_owned(), groups: pairs, migration, runner: script.runner });
}

/// The services of a script with those that they are deployed as (`facts` of `templates/deploy.sh`).
fn groups(script: &str) -> Vec<(String, String)> {
    let Some((_, rest)) = script.split_once("facts='") else { return Vec::new() };
    let rows = rest.split_once('\'').map_or("", |(rows, _)| rows);
    let cells = rows.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    cells.filter_map(|cells| Some(((*cells.first()?).to_owned(), (*cells.get(1)?).to_owned()))).collect()
}
