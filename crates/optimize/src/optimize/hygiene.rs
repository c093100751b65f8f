//! Level 5: the user, the healthcheck, the form of commands, secrets in the image's configuration.

mod account;
mod rule_findings;
pub(super) mod checks;
pub(super) mod command;
mod data_folders;
mod frameworks;
pub(super) mod health;
mod low_port;
mod mounted;
mod port;
mod needs_root;
mod root_reason;
pub(super) mod secret;
mod steps;
#[cfg(test)]
mod tests;
pub(super) mod user;
mod writes;
