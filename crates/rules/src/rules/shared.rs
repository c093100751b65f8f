//! What rules of several families share. No rule is here.

pub(super) mod cleanup;
pub(super) mod compose_check_edit;
pub(super) mod compose_readiness;
pub(super) mod copied_packages;
pub(super) mod exec_form;
pub(super) mod kept_cache;
pub(super) mod later_failure;
pub(super) mod needed_commands;
pub(super) mod script_end;
pub(super) mod secret_mounts;
pub(super) mod written_paths;
pub(super) mod written_secrets;
