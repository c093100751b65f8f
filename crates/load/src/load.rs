//! Finds and reads what a run needs and hands it on as plain `Inputs`. Owns every read of a file; decides nothing
//! about what was read.

mod build_log;
mod child_output;
mod compose;
mod compose_images;
mod compose_input;
mod compose_use;
mod compose_project;
mod confirmation;
mod context;
mod context_files;
mod discover;
mod disk;
mod dockerfiles;
mod evidence;
mod exclusion;
mod external;
mod file_metadata;
mod file;
mod folder_projects;
mod gather;
mod looked_at;
mod migrations;
mod missing_path;
pub mod git;
pub mod image;
mod source_folder;
mod open_texts;
mod place_above;
mod context_place;
mod project_files;
mod projects;
mod recipes;
mod repositories;
mod request;
mod service_builds;
mod settings;
mod shellcheck;
mod source_texts;
#[cfg(test)]
mod test_rules;
mod text_files;
mod tree_walk;
mod variables;
mod walk;
mod workflows;
mod workloads;

pub use self::build_log::{build_log_name, read_build_log, untimed_steps};
pub use self::compose_input::{compose_builds, default_composes, older_compose_builds, read_chains};
pub use self::compose_project::{ProjectFailure, project_request, read_project};
pub use self::confirmation::with_contexts;
pub use self::discover::files_to_lint;
pub use self::disk::Disk;
pub use self::evidence::{EvidenceReader, git_ignored_names};
pub use self::external::{ExternalLinter, add_external_findings, add_migration_findings};
pub use self::file::{
    DOCKERFILE_LIMIT, LoadError, begins_as_json, folder_of, read_bytes, read_input, read_source, read_stdin,
    source_of_text,
};
pub use self::folder_projects::{FolderProjects, files_named};
pub use self::gather::{gather, gather_composes, gather_texts};
pub use self::looked_at::{LookedAt, looked_at, note_looks};
pub use self::migrations::{MigrationBase, add_migrations};
pub use self::open_texts::set_open_text;
pub use self::repositories::{FolderRepositories, repositories_below};
pub use self::request::{ComposeOptions, FactSelection, GatherRequest, ManifestSelection, PipelineSelection};
pub use self::settings::{SettingsSource, settings};
pub use self::variables::{absolute_path, current_folder, variable_input};
pub use self::walk::{walk, walk_named};
pub use self::workflows::{add_changes, is_pipeline_file, repository_files, tops_of_pipelines};
