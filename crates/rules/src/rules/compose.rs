//! Rules about compose files.

pub(super) mod addresses;
pub(super) mod build_secrets;
pub(super) mod check_answer;
pub(super) mod check_command;
pub(super) mod data;
pub(super) mod dependencies;
pub(super) mod dollar;
pub(super) mod fronts;
pub(super) mod grace;
pub(super) mod host_access;
pub(super) mod image_name_taken;
pub(super) mod images;
pub(super) mod inline_cache;
pub(super) mod packages;
pub(super) mod proxied;
pub(super) mod proxy_headers;
pub(super) mod refused;
pub(super) mod replaced;
pub(super) mod replacement;
pub(super) mod restarts;
pub(super) mod roles;
pub(super) mod started;
pub(super) mod undeclared;
pub(super) mod watch;
pub(super) mod worker;
