//! Migrations of databases: what each changes, whether the program of before it goes on working, in which order they run. Reads
//! texts alone; nothing is run.

mod alembic;
mod alembic_operations;
mod alter;
mod catalog;
mod change;
mod columns;
mod constraint_names;
mod django;
mod django_fields;
mod django_operations;
mod graph;
mod history;
mod judge;
mod model;
mod parsed;
mod python;
mod python_value;
mod scripts;
mod sql;
mod sqlalchemy;
mod statements;
#[cfg(test)]
mod tests;
mod widening;

pub use self::history::read_migrations;
pub use self::model::{
    Migration, MigrationDowngrade, MigrationFormat, MigrationHistory, MigrationProblem, MigrationStep, MigrationVerdict,
};
