//! Rules about scripts that deploy: they start or replace containers of Compose or Docker on a host.

mod action;
pub(in crate::rules) mod copied_files;
pub(in crate::rules) mod cluster;
mod constants;
mod deployment;
mod edits;
pub(in crate::rules) mod failures;
pub(in crate::rules) mod fallback;
pub(in crate::rules) mod first_check;
mod flow;
pub(in crate::rules) mod gates;
pub(in crate::rules) mod images;
pub(in crate::rules) mod jobs;
pub(in crate::rules) mod kept_state;
pub(in crate::rules) mod lock;
pub(in crate::rules) mod mounted_file;
pub(in crate::rules) mod outside;
pub(in crate::rules) mod patience;
pub(in crate::rules) mod projects;
pub(in crate::rules) mod remote_files;
pub(in crate::rules) mod rollback;
pub(in crate::rules) mod several_tags;
pub(in crate::rules) mod stop;
pub(in crate::rules) mod switch;
pub(in crate::rules) mod task_definition;
pub(in crate::rules) mod unhealthy;
pub(in crate::rules) mod version;

pub(super) use self::deployment::has_word;
pub(super) use self::jobs::deploying_jobs;
