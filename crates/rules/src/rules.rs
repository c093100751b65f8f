//! All rules, in folders by family. To add one: a page in `rules/`, and a check in the file of its topic, or in a new one
//! that its family and `FAMILIES` name. What several rules need is in `shared`.
//! Owns the catalogue, what pages say about their rules, and selection; decides nothing about a Dockerfile itself.

mod base;
mod builder_checks;
mod catalogue;
mod compose;
mod compose_context;
mod compose_run;
mod context;
mod dockerfile_index;
mod file_run;
mod files;
mod image_rules;
mod metadata;
mod packages;
mod policy;
mod reporter;
mod rewrite_possible;
mod rule_runner;
mod run;
mod scripts;
mod selection;
mod shared;
mod start;
#[cfg(test)]
mod test_page;
mod values;
mod workflow;
mod workflow_context;
mod workflow_run;
mod workload;
mod workload_context;
mod workload_index;
mod workload_run;

use std::sync::LazyLock;

pub use self::builder_checks::{Violations, violations};
pub use self::catalogue::{BuildCheck, ContractBreach, dockerfile_breaches};
use self::catalogue::{Check, all_by_name, family, rule};
pub use self::catalogue::{Rule, announced, find, rules_named, rules_of_pass};
pub use self::compose::replaced::{replaced_services, start_words};
pub use self::compose_context::{ComposeCheck, ComposeContext, KeyChange};
pub use self::compose_run::compose_breach;
pub use self::context::Context;
pub use self::context::Neighbours;
pub use self::file_run::pragmas_of_file;
pub use self::files::context_waste::COMMON_OUTPUTS;
pub(crate) use self::files::ignore_files::unread_ignore_file;
pub use self::image_rules::rule_of_waste;
pub use self::image_rules::{ImageCheck, ImageContext, ImageCost, ImageFinding};
pub use self::image_rules::{contents_of, rule_of_contents};
pub use self::image_rules::{image_rule_of_category, rule_of_category};
pub use self::metadata::{Category, Confidence, Fixability, Group, Kind, Metadata, Status, Subject, is_there};
pub use self::policy::{Policies, Policy, known_rules};
pub use self::reporter::Reporter;
pub use self::rule_runner::AllRules;
pub use self::run::{Outcome, check_image, pragmas_of, run, select_findings};
pub use self::run::{confirm, unconfirmed};
pub use self::selection::{Selection, SelectorError, suggest};
pub use self::start::healthchecks::check_never_fails;
pub use self::workflow_context::{WorkflowChange, WorkflowCheck, WorkflowContext};
pub use self::workflow_run::workflow_breach;
pub use self::workload_context::{WorkloadCheck, WorkloadContext};
pub use self::workload_run::{AmbiguousContainer, ambiguous_containers};

/// All rules, in the order of their names.
pub static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all: Vec<&Rule> = FAMILIES.iter().copied().flatten().collect();
    all.sort_unstable_by_key(|rule| rule.name);
    all
});

/// The rules of each file, by family.
static FAMILIES: &[&[Rule]] = &[
    &base::bases::RULES,
    &base::full_base::RULES,
    &base::shipped_tools::RULES,
    &base::stages::RULES,
    &compose::addresses::RULES,
    &compose::build_secrets::RULES,
    &compose::check_answer::RULES,
    &compose::check_command::RULES,
    &compose::data::RULES,
    &compose::dependencies::RULES,
    &compose::dollar::RULES,
    &compose::fronts::RULES,
    &compose::grace::RULES,
    &compose::host_access::RULES,
    &compose::image_name_taken::RULES,
    &compose::images::RULES,
    &compose::inline_cache::RULES,
    &compose::packages::RULES,
    &compose::proxied::RULES,
    &compose::proxy_headers::RULES,
    &compose::refused::RULES,
    &compose::replacement::RULES,
    &compose::restarts::RULES,
    &compose::roles::RULES,
    &compose::started::RULES,
    &compose::undeclared::RULES,
    &compose::watch::RULES,
    &compose::worker::RULES,
    &files::context_files::RULES,
    &files::context_waste::RULES,
    &files::copied_programs::RULES,
    &files::copies::RULES,
    &files::deleted_in_later_layer::RULES,
    &files::folders::RULES,
    &files::ignore_files::RULES,
    &files::ignored_names::RULES,
    &files::late_changes::RULES,
    &files::layers::RULES,
    &files::permissions::RULES,
    &files::recursive_chown::RULES,
    &files::shell_syntax_in_copy::RULES,
    &files::sources_before_dependencies::RULES,
    &files::system_link_copied_over::RULES,
    &files::system_packages_after_sources::RULES,
    &files::workspace_modules_copied::RULES,
    &image_rules::RULES,
    &packages::apt::RULES,
    &packages::cache_mount_missing::RULES,
    &packages::cache_mounts::RULES,
    &packages::dev_dependencies_kept::RULES,
    &packages::downloads::RULES,
    &packages::kept_caches::RULES,
    &packages::lock_file_absent::RULES,
    &packages::lock_files::RULES,
    &packages::package_calls::RULES,
    &packages::package_json::RULES,
    &packages::python_externally_managed::RULES,
    &packages::unpinned::RULES,
    &packages::verification::RULES,
    &rewrite_possible::RULES,
    &scripts::hidden_failures::RULES,
    &scripts::migration_in_build::RULES,
    &scripts::shell_forms::RULES,
    &scripts::shell_language::RULES,
    &start::check_client::RULES,
    &start::exec_words::RULES,
    &start::expose::RULES,
    &start::healthcheck_program_missing::RULES,
    &start::healthchecks::RULES,
    &start::main_process::RULES,
    &start::pages::RULES,
    &start::program_in_root_home::RULES,
    &start::users::RULES,
    &values::comments::RULES,
    &values::labels::RULES,
    &values::secrets::RULES,
    &values::variables::RULES,
    &workflow::action_refs::RULES,
    &workflow::branches::RULES,
    &workflow::builds::RULES,
    &workflow::cache_contents::RULES,
    &workflow::cache_flow::RULES,
    &workflow::cache_lack::RULES,
    &workflow::cache_places::RULES,
    &workflow::cache_scopes::RULES,
    &workflow::cache_size::RULES,
    &workflow::checkout_unused::RULES,
    &workflow::commands::RULES,
    &workflow::container_names::RULES,
    &workflow::context::RULES,
    &workflow::contexts::RULES,
    &workflow::deploy::copied_files::RULES,
    &workflow::deploy::cluster::RULES,
    &workflow::deploy::failures::RULES,
    &workflow::deploy::fallback::RULES,
    &workflow::deploy::first_check::RULES,
    &workflow::deploy::gates::RULES,
    &workflow::deploy::images::RULES,
    &workflow::deploy::jobs::RULES,
    &workflow::deploy::kept_state::RULES,
    &workflow::deploy::lock::RULES,
    &workflow::deploy::mounted_file::RULES,
    &workflow::deploy::outside::RULES,
    &workflow::deploy::patience::RULES,
    &workflow::deploy::projects::RULES,
    &workflow::deploy::remote_files::RULES,
    &workflow::deploy::rollback::RULES,
    &workflow::deploy::several_tags::RULES,
    &workflow::deploy::stop::RULES,
    &workflow::deploy::switch::RULES,
    &workflow::deploy::task_definition::RULES,
    &workflow::deploy::unhealthy::RULES,
    &workflow::deploy::version::RULES,
    &workflow::event_texts::RULES,
    &workflow::gitlab::RULES,
    &workflow::justfile::RULES,
    &workflow::lock_installs::RULES,
    &workflow::logins::RULES,
    &workflow::missing_files::RULES,
    &workflow::missing_paths::RULES,
    &workflow::missing_recipes::RULES,
    &workflow::missing_services::RULES,
    &workflow::paths::RULES,
    &workflow::platforms::RULES,
    &workflow::request_builds::RULES,
    &workflow::pushed_names::RULES,
    &workflow::script_head::RULES,
    &workflow::secret_ids::RULES,
    &workflow::secrets::RULES,
    &workflow::single_manifest::RULES,
    &workflow::started::RULES,
    &workflow::tags::RULES,
    &workflow::test_steps::RULES,
    &workflow::tool_installs::RULES,
    &workflow::trust::RULES,
    &workflow::versions::RULES,
    &workload::around::RULES,
    &workload::drift::RULES,
    &workload::exec::RULES,
    &workload::image::RULES,
    &workload::liveness::RULES,
    &workload::rights::RULES,
    &workload::rollout::RULES,
    &workload::tasks::RULES,
];
