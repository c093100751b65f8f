//! All rules. To add one: a page in `rules/`, and a check in the module of its topic, or in a new one that is named here.
//! Owns the catalogue, what pages say about their rules, and selection; decides nothing about a Dockerfile itself.

mod apt;
mod bases;
mod builder_checks;
mod cache_mount_missing;
mod cache_mounts;
mod catalogue;
mod cleanup;
mod comments;
mod compose_check_answer;
mod compose_check_command;
mod compose_check_edit;
mod compose_context;
mod compose_run;
mod compose_data;
mod compose_dependencies;
mod compose_images;
mod compose_readiness;
mod compose_undeclared;
mod context;
mod context_files;
mod context_waste;
mod copied_packages;
mod copied_programs;
mod copies;
mod deleted_in_later_layer;
mod dev_dependencies_kept;
mod downloads;
mod expose;
mod folders;
mod full_base;
mod healthcheck_program_missing;
mod healthchecks;
mod hidden_failures;
mod image_rules;
mod kept_cache;
mod kept_caches;
mod labels;
mod late_changes;
mod later_failure;
mod layers;
mod lock_files;
mod main_process;
mod metadata;
mod package_calls;
mod permissions;
mod policy;
mod recursive_chown;
mod rule_runner;
mod run;
mod script_end;
mod secrets;
mod selection;
mod shell_forms;
mod shell_language;
mod shipped_tools;
mod sources_before_dependencies;
mod stages;
#[cfg(test)]
mod test_page;
mod unpinned;
mod users;
mod variables;
mod verification;
mod written_paths;

use std::sync::LazyLock;

pub use self::builder_checks::{Violations, violations};
pub use self::catalogue::{ContractBreach, dockerfile_breaches};
pub use self::catalogue::{Rule, announced, find, rules_named};
use self::catalogue::{all_by_name, family, rule};
pub use self::compose_context::{ComposeCheck, ComposeContext, KeyChange};
pub use self::compose_run::{compose_breach, pragmas_of_compose};
pub use self::context::Context;
pub use self::context::Neighbours;
pub use self::image_rules::rule_of_waste;
pub use self::image_rules::{ImageCheck, ImageContext, ImageCost, ImageFinding};
pub use self::image_rules::{contents_of, rule_of_contents};
pub use self::image_rules::{image_rule_of_category, rule_of_category};
pub use self::metadata::{Category, Confidence, Fixability, Group, Metadata, Status, Subject, is_there};
pub use self::policy::{Policies, Policy, known_rules};
pub use self::rule_runner::AllRules;
pub use self::run::{Outcome, check_image, pragmas_of, run, select_findings};
pub use self::run::{confirm, unconfirmed};
pub use self::selection::{Selection, SelectorError, suggest};

/// All rules, in the order of their names.
pub static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all: Vec<&Rule> = FAMILIES.iter().copied().flatten().collect();
    all.sort_unstable_by_key(|rule| rule.name);
    all
});

/// The rules of each file.
static FAMILIES: &[&[Rule]] = &[
    &apt::RULES,
    &bases::RULES,
    &cache_mount_missing::RULES,
    &cache_mounts::RULES,
    &comments::RULES,
    &compose_check_answer::RULES,
    &compose_check_command::RULES,
    &compose_data::RULES,
    &compose_dependencies::RULES,
    &compose_images::RULES,
    &compose_undeclared::RULES,
    &context_files::RULES,
    &context_waste::RULES,
    &copied_programs::RULES,
    &copies::RULES,
    &deleted_in_later_layer::RULES,
    &dev_dependencies_kept::RULES,
    &downloads::RULES,
    &expose::RULES,
    &folders::RULES,
    &full_base::RULES,
    &healthcheck_program_missing::RULES,
    &healthchecks::RULES,
    &hidden_failures::RULES,
    &image_rules::RULES,
    &kept_caches::RULES,
    &labels::RULES,
    &late_changes::RULES,
    &layers::RULES,
    &lock_files::RULES,
    &main_process::RULES,
    &package_calls::RULES,
    &permissions::RULES,
    &recursive_chown::RULES,
    &secrets::RULES,
    &shell_forms::RULES,
    &shell_language::RULES,
    &shipped_tools::RULES,
    &sources_before_dependencies::RULES,
    &stages::RULES,
    &unpinned::RULES,
    &users::RULES,
    &variables::RULES,
    &verification::RULES,
];
