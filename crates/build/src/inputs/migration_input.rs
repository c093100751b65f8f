//! The migrations of a project's databases, and those of them that the next deployment runs.

use std::collections::BTreeSet;

use crate::migration::{Migration, MigrationFormat, MigrationHistory, read_migrations};
use crate::text::path;

/// The migrations of a project's databases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationInput {
    /// All of them; paths as the user would type them.
    pub history: MigrationHistory,
    /// The commit in service, as the user named it; `None` where nobody did.
    pub since: Option<String>,
    /// The folder that paths are relative to, in full and with slashes.
    pub folder: String,
    /// Files that the commit in service has as they are.
    known: BTreeSet<String>,
}

impl MigrationInput {
    /// Reads the migrations among files, each with its path and its text. `known`: the paths of those that the commit
    /// `since` has as they are.
    pub fn read(files: &[(&str, &str)], folder: String, since: Option<String>, known: BTreeSet<String>) -> Self {
        Self { history: read_migrations(files), since, folder, known }
    }

    /// Those that the next deployment runs: all that the commit in service has not, or has otherwise; where nobody named
    /// that commit, those that no other one is based on.
    pub fn new_migrations(&self) -> Vec<&Migration> {
        let migrations = &self.history.migrations;
        if self.since.is_some() {
            return migrations.iter().filter(|migration| !self.known.contains(&migration.path)).collect();
        }
        let parents: BTreeSet<_> = migrations
            .iter()
            .flat_map(|migration| migration.parents.iter().map(|parent| (migration.format, chain(migration), parent)))
            .collect();
        let is_last = |migration: &&Migration| !parents.contains(&(migration.format, chain(migration), &migration.id));
        migrations.iter().filter(is_last).collect()
    }

    /// The path of a file in full.
    pub fn full_path(&self, file: &str) -> String {
        path::join(&self.folder, file)
    }
}

/// What distinguishes migrations of one id: their folder, where ids are no more than names in it.
fn chain(migration: &Migration) -> &str {
    match migration.format {
        MigrationFormat::Alembic | MigrationFormat::Django => "",
        MigrationFormat::Prisma => path::parent(path::parent(&migration.path)),
        MigrationFormat::Sql => path::parent(&migration.path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_paths(files: &[(&str, &str)], known: Option<&[&str]>) -> Vec<String> {
        let paths = known.unwrap_or_default().iter().map(|path| (*path).to_owned()).collect();
        let since = known.map(|_| "v1".to_owned());
        let input = MigrationInput::read(files, "/p".to_owned(), since, paths);
        input.new_migrations().iter().map(|migration| migration.path.clone()).collect()
    }

    #[test]
    fn the_newest_are_those_that_no_other_is_based_on() {
        let sql = "ALTER TABLE a DROP COLUMN b;\n";
        let files = [
            ("a/migrations/1_x.up.sql", sql),
            ("a/migrations/2_y.up.sql", sql),
            ("b/migrations/1_x.up.sql", sql),
            ("notes.sql", "SELECT 1;\n"),
        ];
        assert_eq!(new_paths(&files, None), ["a/migrations/2_y.up.sql", "b/migrations/1_x.up.sql"]);
        let known = ["a/migrations/1_x.up.sql", "b/migrations/1_x.up.sql"];
        assert_eq!(new_paths(&files, Some(&known)), ["a/migrations/2_y.up.sql"]);
        assert!(new_paths(&[], None).is_empty());
    }

    #[test]
    fn revisions_of_alembic_are_based_on_others_in_any_folder() {
        let revision = |id: &str, parent: &str| {
            format!("revision = \"{id}\"\ndown_revision = {parent}\n\n\ndef upgrade():\n    op.drop_table(\"a\")\n")
        };
        let (first, second) = (revision("a1", "None"), revision("b2", "\"a1\""));
        let files = [("versions/x.py", second.as_str()), ("versions/old/y.py", first.as_str())];
        assert_eq!(new_paths(&files, None), ["versions/x.py"]);
    }
}
