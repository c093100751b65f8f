//! All rules. To add one: a page in `rules/`, a module and two lines here. Owns the catalogue, what pages say about
//! their rules, and selection; decides nothing about a Dockerfile itself.

mod add_local_file;
mod add_url_unverified;
mod apk_cache_kept;
mod apk_virtual_missing;
mod apt_in_script;
mod apt_lists_kept;
mod apt_recommends;
mod apt_update_alone;
mod archive_copied;
mod base_without_digest;
mod bashism_in_sh;
mod build_tools_shipped;
mod builder_checks;
mod cache_mount_missing;
mod cache_mount_unlocked;
mod cache_mount_unused;
mod cd_in_run;
mod cd_unchecked;
mod cmd_ignored;
mod code_request;
mod compiler_cache_kept;
mod compose_awaited_check_missing;
mod compose_build_file_missing;
mod compose_check_always_healthy;
mod compose_check_during_setup;
mod compose_check_edit;
mod compose_check_localhost;
mod compose_check_needs_shell;
mod compose_check_never_healthy;
mod compose_check_path_unknown;
mod compose_check_process_only;
mod compose_check_program_missing;
mod compose_check_reply_ignored;
mod compose_check_variable_unescaped;
mod compose_data_folder_refused;
mod compose_data_volume_missing;
mod compose_database_published;
mod compose_dependency_not_awaited;
mod compose_dependency_unchecked;
mod compose_dependency_undeclared;
mod compose_end_of_life_image;
mod compose_external_name;
mod compose_gate;
mod compose_gate_slow;
mod compose_host_access;
mod compose_image_unpinned;
mod compose_image_variable_missing;
mod compose_migration_repeated;
mod compose_mount_hides_packages;
mod compose_one_shot_restarts;
mod compose_port_clash;
mod compose_secret_in_clear;
mod compose_version_obsolete;
mod composer_cache_kept;
mod confirmation;
mod consecutive_runs;
mod constant_platform;
mod copied_file_chmod;
mod copy_owned_by_root;
mod copy_to_root;
mod created_user_unused;
mod curl_without_fail;
mod debug_tools_shipped;
mod definition_comment;
mod deleted_in_later_layer;
mod dev_dependencies_kept;
mod development_server;
mod docker_socket;
mod dockerfile_in_context;
mod dockerignore_missing;
mod download_run_unverified;
mod download_without_retry;
mod duplicate_label;
mod duplicate_stage_name;
mod empty_continuation;
mod empty_stage_copied;
mod end_of_life;
mod end_of_life_base;
mod env_self_reference;
mod expose_mapping;
mod expose_missing;
mod expose_protocol_case;
mod expose_range;
mod exposed_port_unused;
mod file_mode_not_in_git;
mod file_server;
mod file_written_by_run;
mod floating_base;
mod from_as_case;
mod full_base;
mod gem_cache_kept;
mod git_ignored_files_copied;
mod git_unpinned;
mod healthcheck_always_healthy;
mod healthcheck_missing;
mod healthcheck_program_missing;
mod heredoc_without_errexit;
mod ignored_copy_source;
mod image;
mod image_contents;
mod image_healthcheck_missing;
mod image_labels_missing;
mod image_root_copied;
mod image_runs_as_root;
mod image_secret_in_config;
mod image_secret_in_layer;
mod image_setuid_file;
mod image_waste;
mod image_world_writable;
mod ineffective_negation;
mod inline_suppression;
mod instruction_case;
mod intended_platform;
mod invalid_base_default;
mod invalid_label_key;
mod label_empty;
mod label_missing;
mod label_types;
mod label_unknown;
mod language_unpinned;
mod last_user_root;
mod later_failure;
mod latest_base;
mod legacy_key_value;
mod libc_mismatch;
mod lock_file_ignored;
mod lock_file_missing;
mod lock_file_unchecked;
mod long_run_chain;
mod loopback_only;
mod lost_arg;
mod maintainer_instruction;
mod many_sources_without_slash;
mod masked_substitution;
mod missing_command;
mod multiple;
mod named_user;
mod node_addons;
mod node_major_mismatch;
mod npm_as_main_process;
mod npm_cache_kept;
mod npm_install_beside_lock;
mod onbuild_in_final;
mod package_unavailable;
mod package_upgrade;
mod packages_unsorted;
mod password_in_layer;
mod pip_cache_kept;
mod pipefail_off;
mod pointless_command;
mod process_check;
mod prompts;
mod python_cache_kept;
mod python_minor_mismatch;
mod python_output_buffered;
mod recursive_chown;
mod redundant_platform;
mod relative_copy_destination;
mod relative_workdir;
mod remote_source_in_run;
mod repeated_variable;
mod reserved_stage_name;
mod rm_of_unset_variable;
mod root_user;
mod scattered_labels;
mod secret_file_copied;
mod secret_in_arg_or_env;
mod secret_in_command;
mod secret_in_context;
mod secret_named_variable;
mod sh_relinked;
mod shell_as_main_process;
mod shell_form;
mod shell_form_command;
mod shell_in_scratch;
mod shellcheck;
mod single_stage_build;
mod slow_step;
mod sources_before_dependencies;
mod ssh_port_exposed;
mod stage_by_number;
mod stage_name_case;
mod start_script_broken;
mod start_script_keeps_shell;
mod stop_signal_abrupt;
mod stop_signal_kills;
mod sudo;
mod supplementary_groups_dropped;
mod system_cache_kept;
mod system_unpinned;
mod system_workdir;
mod taking_steps;
mod tls_verification_off;
mod toolchain_price;
mod unchecked_command;
mod undeclared_base_arg;
mod undefined_variable;
mod unexplained_suppression;
mod unknown_copy_source;
mod unquoted_substitution;
mod unquoted_variable;
mod unreachable_stage;
mod unsigned_packages;
mod untagged_base;
mod untrusted_registry;
mod unused_suppression;
mod unversioned_own_base;
mod useless_context;
mod user_without_passwd;
mod useradd_high_uid;
mod variable_of_base;
mod virtual_environment_moved;
mod volatile_argument_early;
mod wget_and_curl;
mod wget_progress;
mod wide_bind_mount;
mod workdir_not_writable;
mod world_writable;
mod yarn_cache_kept;
mod zypper_dist_upgrade;

mod announced_changes;
mod base_version;
mod cache_reader;
mod catalogue;
mod compose_context;
mod compose_proxy_host_unknown;
mod compose_readiness;
mod compose_run;
mod cleanup;
mod category_rules;
mod context;
mod copy_flag;
mod download;
mod copied_installs;
mod copied_packages;
mod hidden_failure;
mod ignore_lines;
mod kept_cache;
mod key_in_layer;
mod labels;
mod written_paths;
mod line_edits;
mod lists_needed;
mod mentions;
mod metadata;
mod shared_context;
#[cfg(test)]
mod page;
mod policy;
mod program_loss;
mod refused_files;
mod option_removal;
mod run;
mod script_end;
mod secret_word;
mod selection;
mod shells;
mod word_splitting;
mod template_findings;
mod user_line;

use std::sync::LazyLock;

pub use self::announced_changes::{ContractBreach, dockerfile_breaches};
pub use self::builder_checks::{Violations, violations};
pub use self::catalogue::{Rule, announced, find, rules_named};
use self::catalogue::{all_by_name, compose_rule, family, image_rule, rule};
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
    &add_local_file::RULES,
    &add_url_unverified::RULES,
    &apk_cache_kept::RULES,
    &apk_virtual_missing::RULES,
    &apt_in_script::RULES,
    &apt_lists_kept::RULES,
    &apt_recommends::RULES,
    &apt_update_alone::RULES,
    &archive_copied::RULES,
    &base_without_digest::RULES,
    &bashism_in_sh::RULES,
    &build_tools_shipped::RULES,
    &cache_mount_missing::RULES,
    &cache_mount_unlocked::RULES,
    &cache_mount_unused::RULES,
    &cd_in_run::RULES,
    &cd_unchecked::RULES,
    &cmd_ignored::RULES,
    &compiler_cache_kept::RULES,
    &compose_awaited_check_missing::RULES,
    &compose_build_file_missing::RULES,
    &compose_check_always_healthy::RULES,
    &compose_check_during_setup::RULES,
    &compose_check_localhost::RULES,
    &compose_check_needs_shell::RULES,
    &compose_check_never_healthy::RULES,
    &compose_check_path_unknown::RULES,
    &compose_check_process_only::RULES,
    &compose_check_program_missing::RULES,
    &compose_check_reply_ignored::RULES,
    &compose_check_variable_unescaped::RULES,
    &compose_data_folder_refused::RULES,
    &compose_data_volume_missing::RULES,
    &compose_database_published::RULES,
    &compose_dependency_not_awaited::RULES,
    &compose_dependency_unchecked::RULES,
    &compose_dependency_undeclared::RULES,
    &compose_end_of_life_image::RULES,
    &compose_external_name::RULES,
    &compose_gate_slow::RULES,
    &compose_host_access::RULES,
    &compose_image_unpinned::RULES,
    &compose_image_variable_missing::RULES,
    &compose_migration_repeated::RULES,
    &compose_mount_hides_packages::RULES,
    &compose_one_shot_restarts::RULES,
    &compose_port_clash::RULES,
    &compose_proxy_host_unknown::RULES,
    &compose_secret_in_clear::RULES,
    &compose_version_obsolete::RULES,
    &composer_cache_kept::RULES,
    &consecutive_runs::RULES,
    &constant_platform::RULES,
    &copied_file_chmod::RULES,
    &copy_owned_by_root::RULES,
    &copy_to_root::RULES,
    &created_user_unused::RULES,
    &curl_without_fail::RULES,
    &debug_tools_shipped::RULES,
    &definition_comment::RULES,
    &deleted_in_later_layer::RULES,
    &dev_dependencies_kept::RULES,
    &development_server::RULES,
    &docker_socket::RULES,
    &dockerfile_in_context::RULES,
    &dockerignore_missing::RULES,
    &download_run_unverified::RULES,
    &download_without_retry::RULES,
    &duplicate_label::RULES,
    &duplicate_stage_name::RULES,
    &empty_continuation::RULES,
    &empty_stage_copied::RULES,
    &end_of_life_base::RULES,
    &env_self_reference::RULES,
    &expose_mapping::RULES,
    &expose_missing::RULES,
    &expose_protocol_case::RULES,
    &expose_range::RULES,
    &exposed_port_unused::RULES,
    &file_mode_not_in_git::RULES,
    &file_written_by_run::RULES,
    &floating_base::RULES,
    &from_as_case::RULES,
    &full_base::RULES,
    &gem_cache_kept::RULES,
    &git_ignored_files_copied::RULES,
    &git_unpinned::RULES,
    &healthcheck_always_healthy::RULES,
    &healthcheck_missing::RULES,
    &healthcheck_program_missing::RULES,
    &heredoc_without_errexit::RULES,
    &ignored_copy_source::RULES,
    &image_contents::RULES,
    &image_healthcheck_missing::RULES,
    &image_labels_missing::RULES,
    &image_root_copied::RULES,
    &image_runs_as_root::RULES,
    &image_secret_in_config::RULES,
    &image_secret_in_layer::RULES,
    &image_setuid_file::RULES,
    &image_waste::RULES,
    &image_world_writable::RULES,
    &ineffective_negation::RULES,
    &inline_suppression::RULES,
    &instruction_case::RULES,
    &intended_platform::RULES,
    &invalid_base_default::RULES,
    &invalid_label_key::RULES,
    &key_in_layer::RULES,
    &label_empty::RULES,
    &label_missing::RULES,
    &label_types::RULES,
    &label_unknown::RULES,
    &language_unpinned::RULES,
    &last_user_root::RULES,
    &latest_base::RULES,
    &legacy_key_value::RULES,
    &libc_mismatch::RULES,
    &lock_file_ignored::RULES,
    &lock_file_missing::RULES,
    &lock_file_unchecked::RULES,
    &long_run_chain::RULES,
    &loopback_only::RULES,
    &lost_arg::RULES,
    &maintainer_instruction::RULES,
    &many_sources_without_slash::RULES,
    &masked_substitution::RULES,
    &missing_command::RULES,
    &multiple::RULES,
    &named_user::RULES,
    &node_major_mismatch::RULES,
    &npm_as_main_process::RULES,
    &npm_cache_kept::RULES,
    &npm_install_beside_lock::RULES,
    &onbuild_in_final::RULES,
    &package_unavailable::RULES,
    &package_upgrade::RULES,
    &packages_unsorted::RULES,
    &password_in_layer::RULES,
    &pip_cache_kept::RULES,
    &pipefail_off::RULES,
    &pointless_command::RULES,
    &prompts::RULES,
    &python_cache_kept::RULES,
    &python_minor_mismatch::RULES,
    &python_output_buffered::RULES,
    &recursive_chown::RULES,
    &redundant_platform::RULES,
    &relative_copy_destination::RULES,
    &relative_workdir::RULES,
    &remote_source_in_run::RULES,
    &repeated_variable::RULES,
    &reserved_stage_name::RULES,
    &rm_of_unset_variable::RULES,
    &root_user::RULES,
    &scattered_labels::RULES,
    &secret_file_copied::RULES,
    &secret_in_arg_or_env::RULES,
    &secret_in_command::RULES,
    &secret_in_context::RULES,
    &secret_named_variable::RULES,
    &sh_relinked::RULES,
    &shell_as_main_process::RULES,
    &shell_form::RULES,
    &shell_form_command::RULES,
    &shell_in_scratch::RULES,
    &shellcheck::RULES,
    &single_stage_build::RULES,
    &sources_before_dependencies::RULES,
    &ssh_port_exposed::RULES,
    &stage_by_number::RULES,
    &stage_name_case::RULES,
    &start_script_broken::RULES,
    &start_script_keeps_shell::RULES,
    &stop_signal_abrupt::RULES,
    &stop_signal_kills::RULES,
    &sudo::RULES,
    &supplementary_groups_dropped::RULES,
    &system_cache_kept::RULES,
    &system_unpinned::RULES,
    &system_workdir::RULES,
    &tls_verification_off::RULES,
    &unchecked_command::RULES,
    &undeclared_base_arg::RULES,
    &undefined_variable::RULES,
    &unexplained_suppression::RULES,
    &unknown_copy_source::RULES,
    &unquoted_substitution::RULES,
    &unquoted_variable::RULES,
    &unreachable_stage::RULES,
    &unsigned_packages::RULES,
    &untagged_base::RULES,
    &untrusted_registry::RULES,
    &unused_suppression::RULES,
    &unversioned_own_base::RULES,
    &useless_context::RULES,
    &user_without_passwd::RULES,
    &useradd_high_uid::RULES,
    &variable_of_base::RULES,
    &virtual_environment_moved::RULES,
    &volatile_argument_early::RULES,
    &wget_and_curl::RULES,
    &wget_progress::RULES,
    &wide_bind_mount::RULES,
    &workdir_not_writable::RULES,
    &world_writable::RULES,
    &yarn_cache_kept::RULES,
    &zypper_dist_upgrade::RULES,
];
