//! What migrations mean: their steps, whether the old program goes on working after them, their order.

use crate::text::Span;

/// Whether the program of before the migration works on the schema of after it. Ordered: a migration is as bad as its
/// worst step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationVerdict {
    /// It does: nothing that it uses is taken away or refuses more than before.
    Expand,
    /// Nobody knows: the step is code, or SQL that is not read.
    Unknown,
    /// It may fail: something that it uses is gone, has another name or type, or refuses what it writes.
    Contract,
}

/// The tool that runs a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationFormat {
    /// Alembic: Python with `revision` and `down_revision`.
    Alembic,
    /// Django: `migrations/0001_initial.py`.
    Django,
    /// Prisma: `migrations/20240101000000_init/migration.sql`.
    Prisma,
    /// Files of SQL: golang-migrate, Flyway, sqlx, dbmate, goose, sql-migrate, or numbered files.
    Sql,
}

/// What takes a migration back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MigrationDowngrade {
    /// It has steps.
    Reverses,
    /// It is there and does nothing, although the migration does something.
    Empty,
    /// It is not there, or one of the steps has no way back.
    Missing,
    /// It only raises an error.
    Refuses,
    /// The tool has none.
    NotApplicable,
}

/// A change of the schema or of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStep {
    /// The line of the file, from 1.
    pub line: u32,
    /// Bytes of the file: the start of the step.
    pub span: Span,
    /// What it means for the old program.
    pub verdict: MigrationVerdict,
    /// What it does, in one clause: ``drops the column `users.email` ``.
    pub text: String,
    /// What waits while it runs, in one clause: ``blocks writes to `users` while the index is built``.
    pub lock: Option<String>,
}

/// A migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The file.
    pub path: String,
    /// The tool.
    pub format: MigrationFormat,
    /// The revision of Alembic, `app.0001_initial` of Django, the folder of Prisma, the version of a file of SQL.
    pub id: String,
    /// The ids that run before it, as written or, of files that are ordered by name, that of the file before.
    pub parents: Vec<String>,
    /// The worst of its steps.
    pub verdict: MigrationVerdict,
    /// In the order of the file.
    pub steps: Vec<MigrationStep>,
    /// What takes it back.
    pub downgrade: MigrationDowngrade,
}

impl Migration {
    /// The steps that a verdict rests on.
    pub fn steps_with(&self, verdict: MigrationVerdict) -> impl Iterator<Item = &MigrationStep> {
        self.steps.iter().filter(move |step| step.verdict == verdict)
    }

    /// The steps that others wait for.
    pub fn locks(&self) -> impl Iterator<Item = &MigrationStep> {
        self.steps.iter().filter(|step| step.lock.is_some())
    }
}

/// What is wrong with the order of migrations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MigrationProblem {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong, in one clause.
    pub message: String,
}

/// All migrations of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationHistory {
    /// Each after its parents; where nothing orders them, by path. Those of a circle come last.
    pub migrations: Vec<Migration>,
    /// By path and line.
    pub problems: Vec<MigrationProblem>,
}

impl MigrationHistory {
    /// The migration of a file.
    pub fn of_path(&self, path: &str) -> Option<&Migration> {
        self.migrations.iter().find(|migration| migration.path == path)
    }
}
