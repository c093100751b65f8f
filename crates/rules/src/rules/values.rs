//! Rules about variables, secrets, labels and comments.

mod comments;
mod labels;
mod secrets;
mod variables;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] = &[&comments::RULES, &labels::RULES, &secrets::RULES, &variables::RULES];
