//! The recipe that asks each service whether it is well.

use super::recipe::{NewRecipe, literal};

/// Asks the engine for the state of each service: what runs without a check counts as well as what its check says, and a job
/// that ended with 0.
const SCRIPT: &str = r#"failed=0
for service in $(docker compose config --services); do
    state=$(docker compose ps --all --format '{{.State}} {{.Health}} {{.ExitCode}}' "$service" | sort -u)
    case "$state" in
        "running healthy 0" | "running  0" | "exited  0") echo "ok      $service" ;;
        *) echo "FAILED  $service: ${state:-not started}" && failed=1 ;;
    esac
done
exit "$failed""#;

/// The recipe.
pub(super) fn recipe() -> NewRecipe {
    let lines = SCRIPT.lines().map(literal).collect();
    let comment = "Show which services are well, and fail where one is not";
    let reason = "each service must run and be healthy; a job must have ended with 0";
    NewRecipe { is_script: true, ..NewRecipe::new("health-check", comment, lines, reason) }
}
