//! Rules about how a container starts and runs.

pub(super) mod check_client;
pub(super) mod exec_words;
pub(super) mod expose;
pub(super) mod healthcheck_program_missing;
pub(super) mod healthchecks;
pub(super) mod main_process;
pub(super) mod pages;
pub(super) mod program_in_root_home;
pub(super) mod users;
