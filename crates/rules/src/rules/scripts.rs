//! Rules about scripts of RUN, CMD and ENTRYPOINT.

pub(super) mod hidden_failures;
pub(super) mod migration_in_build;
pub(super) mod shell_forms;
pub(super) mod shell_language;
