//! Rung 5: the user, the check of health, the form of commands, secrets in the image's config.

mod account;
mod rule_findings;
mod checks;
mod command;
mod data_folders;
mod frameworks;
mod health;
mod mounted;
mod written_places;
mod port;
mod needs_root;
mod source_routes;
mod secret;
mod steps;
#[cfg(test)]
mod tests;
mod user;
mod writes;

use super::assumption::Support;
use super::pass::Pass;
use super::rung::Rung;

/// The form of commands.
pub(super) const COMMANDS: &[Pass] =
    &[Pass::new("exec-form", Rung::Hygiene, "start the program without a shell in front", command::run)
        .assuming("needs no shell around its program", Support::Sources)];

/// The others, which ask what the image has by then.
pub(super) const PASSES: &[Pass] = &[
    Pass::new("secret-env", Rung::Hygiene, "take secrets out of the image's config", secret::run)
        .assuming("reads the secret from nowhere in the image", Support::Sources),
    Pass::new("healthcheck", Rung::Hygiene, "check that the service answers", health::run)
        .assuming("answers on this path as long as it is well", Support::Sources),
    Pass::new("non-root", Rung::Hygiene, "run as a user without rights", user::run)
        .assuming("writes only to folders of its user", Support::Open),
    Pass::new("build-checks", Rung::Hygiene, "write what `docker build --check` warns of as it wants", checks::run)
        .assuming("means the same to the builder in either form", Support::Sources),
];
