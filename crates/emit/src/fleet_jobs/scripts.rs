//! What workflows and pipelines share: how they get the program, and the amounts of the plan.

use super::fill::TemplateValues;
use super::input::FleetJobsInput;
use super::plan::FleetPlan;

/// Downloads a release.
const INSTALL: &str = include_str!("../../templates/fleet/install.sh");
/// The release that the jobs use.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The values of the templates of GitHub and GitLab.
pub(super) fn values(input: &FleetJobsInput, plan: &FleetPlan) -> TemplateValues {
    let mut values = TemplateValues::default();
    values.add("version", VERSION).add("install", INSTALL);
    values.add("list", input.list_path()).add("shards", plan.shards.value.to_string());
    values.add("parts", plan.parts());
    values.add("shards_why", plan.shards.reason.as_str()).add("minutes", plan.minutes.value.to_string());
    values.add("minutes_why", plan.minutes.reason.as_str()).add("layers_why", plan.layers.reason.as_str());
    values.add("layers", format!("{}GB", plan.layers.value / 1_000_000_000));
    values.add("registries", input.registries.join(" "));
    values
}
