//! All rules. To add one: a page in `rules/`, a module and two lines here. Owns the catalogue, what pages say about
//! their rules, and selection; decides nothing about a Dockerfile itself.

mod add_instructions;
mod announced_changes;
mod apt_calls;
mod apt_lists_kept;
mod archive_copied;
mod base_name;
mod base_version;
mod bashism_in_sh;
mod build_tools_shipped;
mod builder_checks;
mod cache_mount_missing;
mod cache_mount_unlocked;
mod cache_mount_unused;
mod cache_reader;
mod catalogue;
mod category_rules;
mod cleanup;
mod code_request;
mod command_failures;
mod compiler_cache_kept;
mod compose_check_answer;
mod compose_check_command;
mod compose_check_during_setup;
mod compose_check_edit;
mod compose_context;
mod compose_data;
mod compose_dependencies;
mod compose_dependency_undeclared;
mod compose_gate;
mod compose_host;
mod compose_image_variable_missing;
mod compose_images;
mod compose_proxy_host_unknown;
mod compose_readiness;
mod compose_run;
mod confirmation;
mod context;
mod context_files;
mod copied_file_chmod;
mod copied_installs;
mod copied_packages;
mod copied_versions;
mod copies;
mod copy_flag;
mod debug_tools_shipped;
mod deleted_in_later_layer;
mod dev_dependencies_kept;
mod docker_socket;
mod download;
mod download_run_unverified;
mod downloads;
mod end_of_life;
mod expose;
mod file_server;
mod folder_changes;
mod full_base;
mod git_ignored_files_copied;
mod healthcheck_always_healthy;
mod healthcheck_missing;
mod healthcheck_program_missing;
mod hidden_failure;
mod ignore_lines;
mod ignored_copy_source;
mod image;
mod image_contents;
mod image_security;
mod image_waste;
mod kept_cache;
mod keyword_style;
mod labels;
mod language_cache_kept;
mod language_unpinned;
mod later_failure;
mod libc_mismatch;
mod line_edits;
mod lists_needed;
mod lock_file_ignored;
mod lock_file_missing;
mod lock_file_unchecked;
mod masked_substitution;
mod mentions;
mod metadata;
mod node_addons;
mod npm_as_main_process;
mod npm_install_beside_lock;
mod option_removal;
mod package_calls;
#[cfg(test)]
mod page;
mod pipefail_off;
mod platforms;
mod policy;
mod process_check;
mod program_loss;
mod prompts;
mod recursive_chown;
mod refused_files;
mod repeated_instructions;
mod run;
mod run_steps;
mod script_end;
mod secret_commands;
mod secret_file_copied;
mod secret_in_context;
mod secret_variables;
mod selection;
mod server_starts;
mod shared_context;
mod shell_forms;
mod shellcheck;
mod shells;
mod single_stage_build;
mod slow_step;
mod sources_before_dependencies;
mod stage_names;
mod start_scripts;
mod stop_signals;
mod sudo;
mod suppressions;
mod system_cache_kept;
mod system_unpinned;
mod template_findings;
mod tls_verification_off;
mod toolchain_price;
mod undefined_variables;
mod useless_context;
mod user_line;
mod users;
mod variables;
mod volatile_argument_early;
mod wide_bind_mount;
mod word_splitting;
mod workdirs;
mod world_writable;
mod written_paths;

use std::sync::LazyLock;

pub use self::announced_changes::{ContractBreach, dockerfile_breaches};
pub use self::builder_checks::{Violations, violations};
pub use self::catalogue::{Rule, announced, find, rules_named};
use self::catalogue::{all_by_name, compose_rule, family, rule};
pub use self::category_rules::{contents_of, rule_of_contents};
pub use self::compose_context::{ComposeCheck, ComposeContext, KeyChange};
pub use self::compose_run::{compose_breach, pragmas_of_compose};
pub use self::confirmation::{confirm, unconfirmed};
pub use self::context::Context;
pub use self::debug_tools_shipped::is_debug_tool;
pub(crate) use self::healthcheck_program_missing::in_own_language;
pub use self::image::{ImageCheck, ImageContext, ImageCost, ImageFinding};
pub use self::image_contents::{image_rule_of_category, rule_of_category};
pub use self::image_waste::rule_of_waste;
pub use self::metadata::{Category, Confidence, Fixability, Group, Metadata, Status, Subject};
pub use self::policy::{CommandLinePolicy, Policies, Policy, documents, known_rules, setting_origins};
pub use self::run::{Outcome, check_image, is_there, pragmas_of, run, select_findings};
pub use self::selection::{Selection, SelectorError, suggest};
pub use self::shared_context::Neighbours;
pub(crate) use self::user_line::start as closing_start;

/// All rules, in the order of their names.
pub static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all: Vec<&Rule> = FAMILIES.iter().copied().flatten().collect();
    all.sort_unstable_by_key(|rule| rule.name);
    all
});

/// The rules of each file.
static FAMILIES: &[&[Rule]] = &[
    &add_instructions::RULES,
    &apt_calls::RULES,
    &apt_lists_kept::RULES,
    &archive_copied::RULES,
    &base_name::RULES,
    &base_version::RULES,
    &bashism_in_sh::RULES,
    &build_tools_shipped::RULES,
    &cache_mount_missing::RULES,
    &cache_mount_unlocked::RULES,
    &cache_mount_unused::RULES,
    &command_failures::RULES,
    &compiler_cache_kept::RULES,
    &compose_check_answer::RULES,
    &compose_check_command::RULES,
    &compose_check_during_setup::RULES,
    &compose_data::RULES,
    &compose_dependencies::RULES,
    &compose_dependency_undeclared::RULES,
    &compose_host::RULES,
    &compose_image_variable_missing::RULES,
    &compose_images::RULES,
    &compose_proxy_host_unknown::RULES,
    &context_files::RULES,
    &copied_file_chmod::RULES,
    &copied_versions::RULES,
    &copies::RULES,
    &debug_tools_shipped::RULES,
    &deleted_in_later_layer::RULES,
    &dev_dependencies_kept::RULES,
    &docker_socket::RULES,
    &download_run_unverified::RULES,
    &downloads::RULES,
    &end_of_life::RULES,
    &expose::RULES,
    &folder_changes::RULES,
    &full_base::RULES,
    &git_ignored_files_copied::RULES,
    &healthcheck_always_healthy::RULES,
    &healthcheck_missing::RULES,
    &healthcheck_program_missing::RULES,
    &ignored_copy_source::RULES,
    &image_contents::RULES,
    &image_security::RULES,
    &image_waste::RULES,
    &keyword_style::RULES,
    &labels::RULES,
    &language_cache_kept::RULES,
    &language_unpinned::RULES,
    &libc_mismatch::RULES,
    &lock_file_ignored::RULES,
    &lock_file_missing::RULES,
    &lock_file_unchecked::RULES,
    &masked_substitution::RULES,
    &npm_as_main_process::RULES,
    &npm_install_beside_lock::RULES,
    &package_calls::RULES,
    &pipefail_off::RULES,
    &platforms::RULES,
    &prompts::RULES,
    &recursive_chown::RULES,
    &repeated_instructions::RULES,
    &run_steps::RULES,
    &secret_commands::RULES,
    &secret_file_copied::RULES,
    &secret_in_context::RULES,
    &secret_variables::RULES,
    &server_starts::RULES,
    &shell_forms::RULES,
    &shellcheck::RULES,
    &single_stage_build::RULES,
    &sources_before_dependencies::RULES,
    &stage_names::RULES,
    &start_scripts::RULES,
    &stop_signals::RULES,
    &sudo::RULES,
    &suppressions::RULES,
    &system_cache_kept::RULES,
    &system_unpinned::RULES,
    &tls_verification_off::RULES,
    &undefined_variables::RULES,
    &useless_context::RULES,
    &users::RULES,
    &variables::RULES,
    &volatile_argument_early::RULES,
    &wide_bind_mount::RULES,
    &word_splitting::RULES,
    &workdirs::RULES,
    &world_writable::RULES,
];
