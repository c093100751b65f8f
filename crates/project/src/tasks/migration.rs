//! The command that brings the schema of a project's database up to date, by `data/migration_commands.tsv`.

use crate::data;
use crate::manifest::{Ecosystem, Project};
use crate::text::path;

/// How a project keeps the schema of its database in its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationCommand {
    /// What brings the schema up to date, run where the project's packages are.
    pub command: &'static str,
    /// The package that does it.
    pub package: &'static str,
    /// The file that shows it, as [`Project::manifests`] writes paths.
    pub file: String,
}

/// The first command of the table that fits a project; `has_file`: whether a file is there, by its path as
/// [`Project::manifests`] writes it.
pub fn migration_command(project: &Project, has_file: &dyn Fn(&str) -> bool) -> Option<MigrationCommand> {
    data::MIGRATION_COMMANDS.rows().find_map(|row| {
        let file = path::child(&project.root, row[2]);
        let is_used = Ecosystem::of(row[0]) == Some(project.ecosystem) && project.runs_with(row[1]);
        (is_used && has_file(&file)).then_some(MigrationCommand { command: row[3], package: row[1], file })
    })
}
