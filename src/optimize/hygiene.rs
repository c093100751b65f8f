//! Rung 5: the user, the healthcheck, the form of commands, secrets in the image's configuration.

mod account;
mod rule_findings;
mod checks;
mod command;
mod data_folders;
mod frameworks;
mod health;
mod mounted;
mod port;
mod needs_root;
mod root_reason;
mod secret;
mod secret_reason;
mod health_reason;
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
    &[Pass::new("exec-form", Rung::Hygiene, "starts the program without a shell", command::run)
        .assuming("the program needs no shell", Support::Sources)];

/// The others, which ask what the image has by then.
pub(super) const PASSES: &[Pass] = &[
    Pass::new("secret-env", Rung::Hygiene, "removes secrets from the image's configuration", secret::run)
        .assuming("the program does not read the secret from the image", Support::Sources),
    Pass::new("healthcheck", Rung::Hygiene, "adds a HEALTHCHECK that requests a page of the service", health::run)
        .assuming("the service answers this request as long as it is healthy", Support::Sources),
    Pass::new("non-root", Rung::Hygiene, "runs the program as a non-root user", user::run)
        .assuming("the program writes only to folders of its user", Support::Open),
    Pass::new("build-checks", Rung::Hygiene, "fixes the warnings of `docker build --check`", checks::run)
        .assuming("both forms mean the same to the builder", Support::Sources),
];
