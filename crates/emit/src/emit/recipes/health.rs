//! The recipe that asks each service whether it is well.

use super::recipe::{NewRecipe, literal};
use super::servers::ComposeServices;

/// Asks the engine for the state of each service: what runs without a check counts as well as what its check says, and a job
/// that ended with 0.
const SCRIPT: &str = r#"failed=0
for service in $(docker compose config --services); do
    state=$(docker compose ps --all --format '{{.State}} {{.Health}} {{.ExitCode}}' "$service" | sort -u)
    case "$service: $state" in
        *": running healthy 0" | *": running  0" | *": exited  0") echo "ok      $service" ;;
        *) echo "FAILED  $service: ${state:-not started}" && failed=1 ;;
    esac
done
exit "$failed""#;

/// The branch before which jobs stand that need not have run.
const FAILURE: &str = "        *) echo";

/// The recipe.
pub(super) fn recipe(services: &ComposeServices) -> NewRecipe {
    let jobs: Vec<String> =
        services.all.iter().filter(|service| service.is_job).map(|job| format!("\"{}: \"", job.name)).collect();
    let branch = format!("        {}) echo \"-       $service: not run\" ;;", jobs.join(" | "));
    let mut lines = Vec::new();
    for line in SCRIPT.lines() {
        if line.starts_with(FAILURE) && !jobs.is_empty() {
            lines.push(branch.clone());
        }
        lines.push(literal(line));
    }
    let comment = "Show which services are well, and fail where one is not";
    let reason = "each service must run and be healthy; a job must have ended with 0, where it ran";
    NewRecipe { is_script: true, ..NewRecipe::new("health-check", comment, lines, reason) }
}
