//! Changes of a schema, as every dialect says them.

use super::model::MigrationVerdict;

/// A change with the place where it is written.
#[derive(Clone, Debug)]
pub(super) struct PlacedChange {
    /// Bytes of the file before it.
    pub(super) at: usize,
    pub(super) change: SchemaChange,
}

/// What the database does with a row that leaves a column out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnDefault {
    Absent,
    /// A value that is worked out once, so that no row is rewritten.
    Constant,
    /// A value of each row: the table is rewritten.
    PerRow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ConstraintKind {
    Unique,
    PrimaryKey,
    ForeignKey,
    Check,
    Exclusion,
}

/// A column as a migration makes it.
#[derive(Clone, Debug)]
pub(super) struct ColumnDefinition {
    pub(super) name: String,
    /// In small letters, without blanks: `varchar(50)`.
    pub(super) type_text: Option<String>,
    pub(super) is_nullable: bool,
    pub(super) default: ColumnDefault,
    /// Written behind the column.
    pub(super) constraints: Vec<TableConstraint>,
}

impl ColumnDefinition {
    /// A column that may be NULL and has nothing else.
    pub(super) fn plain(name: String) -> Self {
        Self { name, type_text: None, is_nullable: true, default: ColumnDefault::Absent, constraints: Vec::new() }
    }

    pub(super) fn has(&self, kind: ConstraintKind) -> bool {
        self.constraints.iter().any(|constraint| constraint.kind == kind)
    }
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableConstraint {
    /// None where the database chooses it.
    pub(super) name: Option<String>,
    pub(super) kind: ConstraintKind,
    /// Those that it is about; empty where that is not known.
    pub(super) columns: Vec<String>,
    /// The table that a foreign key refers to.
    pub(super) references: Option<String>,
    /// Whether deleting a row that is referred to deletes the referring ones.
    pub(super) cascades: bool,
    /// Whether all rows are checked when it is added.
    pub(super) is_validated: bool,
    /// Whether it takes an index that is there.
    pub(super) uses_index: bool,
}

impl TableConstraint {
    pub(super) fn of(kind: ConstraintKind, name: Option<String>, columns: Vec<String>) -> Self {
        let (references, cascades, is_validated, uses_index) = (None, false, true, false);
        Self { name, kind, columns, references, cascades, is_validated, uses_index }
    }

    /// The name, or the one that `PostgreSQL` chooses.
    pub(super) fn name_in(&self, table: &str) -> String {
        let ending = match self.kind {
            ConstraintKind::Unique => "key",
            ConstraintKind::PrimaryKey => return self.name.clone().unwrap_or_else(|| format!("{table}_pkey")),
            ConstraintKind::ForeignKey => "fkey",
            ConstraintKind::Check => "check",
            ConstraintKind::Exclusion => "excl",
        };
        self.name.clone().unwrap_or_else(|| format!("{table}_{}_{ending}", self.columns.join("_")))
    }
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct IndexDefinition {
    /// Empty where the database chooses it.
    pub(super) name: String,
    pub(super) table: String,
    /// Empty where it is of expressions.
    pub(super) columns: Vec<String>,
    pub(super) is_unique: bool,
    pub(super) is_concurrent: bool,
    /// Whether it is about some rows only.
    pub(super) is_partial: bool,
}

/// A change of the schema or of rows.
#[derive(Clone, Debug)]
pub(super) enum SchemaChange {
    CreateTable {
        table: String,
        /// Whether one of that name may be there already.
        is_optional: bool,
        columns: Vec<ColumnDefinition>,
        constraints: Vec<TableConstraint>,
    },
    DropTable {
        table: String,
    },
    RenameTable {
        table: String,
        to: String,
    },
    AddColumn {
        table: String,
        is_optional: bool,
        column: ColumnDefinition,
    },
    DropColumn {
        table: String,
        column: String,
    },
    RenameColumn {
        table: String,
        column: String,
        to: String,
    },
    ChangeType {
        table: String,
        column: String,
        from: Option<String>,
        to: Option<String>,
    },
    SetNotNull {
        table: String,
        column: String,
    },
    DropNotNull {
        table: String,
        column: String,
    },
    SetDefault {
        table: String,
        column: String,
    },
    /// With whether the column may be NULL, where that is known.
    DropDefault {
        table: String,
        column: String,
        is_nullable: Option<bool>,
    },
    AddConstraint {
        table: String,
        constraint: TableConstraint,
    },
    DropConstraint {
        table: String,
        name: String,
        kind: Option<ConstraintKind>,
    },
    CreateIndex(IndexDefinition),
    DropIndex {
        name: String,
        /// Whether none of that name may be there.
        is_optional: bool,
    },
    /// Rows that are changed, with the columns.
    UpdateRows {
        table: String,
        columns: Vec<String>,
    },
    /// `clears`, `deletes rows of`.
    DeleteRows {
        table: String,
        verb: &'static str,
    },
    InsertRows {
        table: String,
    },
    /// Something of a table that is harmless where the table is new.
    OfTable {
        table: String,
        verdict: MigrationVerdict,
        text: String,
    },
    /// Something that means the same wherever it stands.
    Other {
        verdict: MigrationVerdict,
        text: String,
        lock: Option<String>,
    },
    /// A view of this name.
    CreateView {
        view: String,
    },
    /// A kind of object with its name: a type, a sequence. What is made and dropped in one migration is of no concern to others.
    CreateObject {
        kind: String,
        name: String,
    },
    DropObject {
        kind: String,
        name: String,
    },
    RenameObject {
        kind: String,
        name: String,
        to: String,
    },
}

impl SchemaChange {
    /// A step that is not read.
    pub(super) fn unread(text: impl Into<String>) -> Self {
        Self::Other { verdict: MigrationVerdict::Unknown, text: text.into(), lock: None }
    }

    /// A step that no program notices.
    pub(super) fn harmless(text: impl Into<String>) -> Self {
        Self::Other { verdict: MigrationVerdict::Expand, text: text.into(), lock: None }
    }

    /// A step after which the old program may fail.
    pub(super) fn breaking(text: impl Into<String>) -> Self {
        Self::Other { verdict: MigrationVerdict::Contract, text: text.into(), lock: None }
    }
}
