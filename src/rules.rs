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
pub static ALL: &[&Rule] = &[
    &add_local_file::RULE,
    &add_url_unverified::RULE,
    &apk_cache_kept::RULE,
    &system_unpinned::APK_UNPINNED,
    &apk_virtual_missing::RULE,
    &apt_in_script::RULE,
    &apt_lists_kept::RULE,
    &prompts::APT_PROMPT,
    &apt_recommends::RULE,
    &system_unpinned::APT_UNPINNED,
    &apt_update_alone::RULE,
    &archive_copied::RULE,
    &base_without_digest::RULE,
    &bashism_in_sh::RULE,
    &build_tools_shipped::RULE,
    &cache_mount_missing::RULE,
    &cache_mount_unlocked::RULE,
    &cache_mount_unused::RULE,
    &cd_in_run::RULE,
    &cd_unchecked::RULE,
    &cmd_ignored::RULE,
    &compiler_cache_kept::RULE,
    &compose_awaited_check_missing::RULE,
    &compose_build_file_missing::RULE,
    &compose_check_always_healthy::RULE,
    &compose_check_during_setup::RULE,
    &compose_check_localhost::RULE,
    &compose_check_needs_shell::RULE,
    &compose_check_never_healthy::RULE,
    &compose_check_path_unknown::RULE,
    &compose_check_process_only::RULE,
    &compose_check_program_missing::RULE,
    &compose_check_reply_ignored::RULE,
    &compose_check_variable_unescaped::RULE,
    &compose_data_folder_refused::RULE,
    &compose_data_volume_missing::RULE,
    &compose_database_published::RULE,
    &compose_dependency_not_awaited::RULE,
    &compose_dependency_unchecked::RULE,
    &compose_dependency_undeclared::RULE,
    &compose_end_of_life_image::RULE,
    &compose_external_name::RULE,
    &compose_gate_slow::RULE,
    &compose_host_access::RULE,
    &compose_image_unpinned::RULE,
    &compose_image_variable_missing::RULE,
    &compose_migration_repeated::RULE,
    &compose_mount_hides_packages::RULE,
    &compose_one_shot_restarts::RULE,
    &compose_port_clash::RULE,
    &compose_proxy_host_unknown::RULE,
    &compose_secret_in_clear::RULE,
    &compose_version_obsolete::RULE,
    &composer_cache_kept::RULE,
    &consecutive_runs::RULE,
    &constant_platform::RULE,
    &copied_file_chmod::RULE,
    &copy_owned_by_root::RULE,
    &copy_to_root::RULE,
    &created_user_unused::RULE,
    &curl_without_fail::RULE,
    &debug_tools_shipped::RULE,
    &definition_comment::RULE,
    &deleted_in_later_layer::RULE,
    &dev_dependencies_kept::RULE,
    &development_server::RULE,
    &system_cache_kept::DNF_CACHE_KEPT,
    &prompts::DNF_PROMPT,
    &system_unpinned::DNF_UNPINNED,
    &docker_socket::RULE,
    &dockerfile_in_context::RULE,
    &dockerignore_missing::RULE,
    &download_run_unverified::RULE,
    &download_without_retry::RULE,
    &duplicate_label::RULE,
    &duplicate_stage_name::RULE,
    &empty_continuation::RULE,
    &empty_stage_copied::RULE,
    &end_of_life_base::RULE,
    &env_self_reference::RULE,
    &expose_mapping::RULE,
    &expose_missing::RULE,
    &expose_protocol_case::RULE,
    &expose_range::RULE,
    &exposed_port_unused::RULE,
    &file_mode_not_in_git::RULE,
    &file_written_by_run::RULE,
    &floating_base::RULE,
    &from_as_case::RULE,
    &full_base::RULE,
    &gem_cache_kept::RULE,
    &language_unpinned::GEM_UNPINNED,
    &git_ignored_files_copied::RULE,
    &git_unpinned::RULE,
    &language_unpinned::GO_UNPINNED,
    &healthcheck_always_healthy::RULE,
    &healthcheck_missing::RULE,
    &healthcheck_program_missing::RULE,
    &heredoc_without_errexit::RULE,
    &ignored_copy_source::RULE,
    &image_waste::IMAGE_DELETED,
    &image_contents::IMAGE_DEVELOPMENT_FILES,
    &image_healthcheck_missing::RULE,
    &image_labels_missing::RULE,
    &image_contents::IMAGE_LEFTOVER_FILES,
    &image_waste::IMAGE_METADATA_ONLY,
    &image_waste::IMAGE_OVERWRITTEN,
    &image_root_copied::RULE,
    &image_runs_as_root::RULE,
    &image_waste::IMAGE_SAME_LAYER_DUPLICATE,
    &image_secret_in_config::RULE,
    &image_secret_in_layer::RULE,
    &image_setuid_file::RULE,
    &image_world_writable::RULE,
    &ineffective_negation::RULE,
    &inline_suppression::RULE,
    &instruction_case::RULE,
    &intended_platform::RULE,
    &invalid_base_default::RULE,
    &invalid_label_key::RULE,
    &key_in_layer::RULE,
    &label_empty::RULE,
    &label_missing::RULE,
    &label_types::LABEL_NOT_EMAIL,
    &label_types::LABEL_NOT_HASH,
    &label_types::LABEL_NOT_RFC3339,
    &label_types::LABEL_NOT_SEMVER,
    &label_types::LABEL_NOT_SPDX,
    &label_types::LABEL_NOT_URL,
    &label_unknown::RULE,
    &last_user_root::RULE,
    &latest_base::RULE,
    &legacy_key_value::RULE,
    &libc_mismatch::RULE,
    &lock_file_ignored::RULE,
    &lock_file_missing::RULE,
    &lock_file_unchecked::RULE,
    &long_run_chain::RULE,
    &loopback_only::RULE,
    &lost_arg::RULE,
    &maintainer_instruction::RULE,
    &many_sources_without_slash::RULE,
    &masked_substitution::RULE,
    &missing_command::RULE,
    &multiple::MULTIPLE_CMD,
    &multiple::MULTIPLE_ENTRYPOINT,
    &multiple::MULTIPLE_HEALTHCHECK,
    &named_user::RULE,
    &node_major_mismatch::RULE,
    &npm_as_main_process::RULE,
    &npm_cache_kept::RULE,
    &npm_install_beside_lock::RULE,
    &language_unpinned::NPM_UNPINNED,
    &onbuild_in_final::RULE,
    &package_unavailable::RULE,
    &package_upgrade::RULE,
    &packages_unsorted::RULE,
    &password_in_layer::RULE,
    &pip_cache_kept::RULE,
    &language_unpinned::PIP_UNPINNED,
    &pipefail_off::RULE,
    &pointless_command::RULE,
    &python_cache_kept::RULE,
    &python_minor_mismatch::RULE,
    &python_output_buffered::RULE,
    &recursive_chown::RULE,
    &redundant_platform::RULE,
    &relative_copy_destination::RULE,
    &relative_workdir::RULE,
    &remote_source_in_run::RULE,
    &repeated_variable::RULE,
    &reserved_stage_name::RULE,
    &rm_of_unset_variable::RULE,
    &root_user::RULE,
    &scattered_labels::RULE,
    &secret_file_copied::RULE,
    &secret_in_arg_or_env::RULE,
    &secret_in_command::RULE,
    &secret_in_context::RULE,
    &secret_named_variable::RULE,
    &sh_relinked::RULE,
    &shell_as_main_process::RULE,
    &shell_form::RULE,
    &shell_form_command::RULE,
    &shell_in_scratch::RULE,
    &shellcheck::RULE,
    &single_stage_build::RULE,
    &sources_before_dependencies::RULE,
    &ssh_port_exposed::RULE,
    &stage_by_number::RULE,
    &stage_name_case::RULE,
    &start_script_broken::RULE,
    &start_script_keeps_shell::RULE,
    &stop_signal_abrupt::RULE,
    &stop_signal_kills::RULE,
    &sudo::RULE,
    &supplementary_groups_dropped::RULE,
    &system_workdir::RULE,
    &tls_verification_off::RULE,
    &unchecked_command::RULE,
    &undeclared_base_arg::RULE,
    &undefined_variable::RULE,
    &unexplained_suppression::RULE,
    &unknown_copy_source::RULE,
    &unquoted_substitution::RULE,
    &unquoted_variable::RULE,
    &unreachable_stage::RULE,
    &unsigned_packages::RULE,
    &untagged_base::RULE,
    &untrusted_registry::RULE,
    &unused_suppression::RULE,
    &unversioned_own_base::RULE,
    &useless_context::RULE,
    &user_without_passwd::RULE,
    &useradd_high_uid::RULE,
    &variable_of_base::RULE,
    &virtual_environment_moved::RULE,
    &volatile_argument_early::RULE,
    &wget_and_curl::RULE,
    &wget_progress::RULE,
    &wide_bind_mount::RULE,
    &workdir_not_writable::RULE,
    &world_writable::RULE,
    &yarn_cache_kept::RULE,
    &system_cache_kept::YUM_CACHE_KEPT,
    &prompts::YUM_PROMPT,
    &system_unpinned::YUM_UNPINNED,
    &system_cache_kept::ZYPPER_CACHE_KEPT,
    &zypper_dist_upgrade::RULE,
    &prompts::ZYPPER_PROMPT,
    &system_unpinned::ZYPPER_UNPINNED,
];
