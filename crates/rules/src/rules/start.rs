//! Rules about how a container starts and runs.

mod expose;
pub(super) mod healthcheck_program_missing;
pub(super) mod healthchecks;
pub(super) mod main_process;
mod users;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] =
    &[&expose::RULES, &healthcheck_program_missing::RULES, &healthchecks::RULES, &main_process::RULES, &users::RULES];
