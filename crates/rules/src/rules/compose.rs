//! Rules about compose files.

mod check_answer;
mod check_command;
mod data;
mod dependencies;
mod images;
mod undeclared;

use super::Rule;

/// The rules of each file.
pub(super) static FAMILIES: &[&[Rule]] = &[
    &check_answer::RULES,
    &check_command::RULES,
    &data::RULES,
    &dependencies::RULES,
    &images::RULES,
    &undeclared::RULES,
];
