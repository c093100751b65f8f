//! Rules about scripts of RUN, CMD and ENTRYPOINT.

mod hidden_failures;
mod shell_forms;
mod shell_language;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] = &[&hidden_failures::RULES, &shell_forms::RULES, &shell_language::RULES];
