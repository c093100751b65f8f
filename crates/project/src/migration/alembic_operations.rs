//! The operations of Alembic as changes of a schema (Alembic docs: operation reference).

use std::ops::Range;

use super::change::{ConstraintKind, IndexDefinition, SchemaChange, TableConstraint};
use super::columns::checked_columns;
use super::judge::display_name;
use super::python::PythonText;
use super::python_value::{PythonArguments, PythonNames};
use super::sql::tokens;
use super::sqlalchemy::{column, table_constraint, type_text};

/// What an operation is called with.
pub(super) struct OperationTarget<'a, 't> {
    pub(super) source: &'a PythonText<'t>,
    pub(super) names: &'a PythonNames<'t>,
    pub(super) arguments: &'a PythonArguments<'t>,
}

impl OperationTarget<'_, '_> {
    /// An argument that is a string.
    pub(super) fn string(&self, position: usize, name: &str) -> Option<String> {
        let value = self.arguments.get(position, name)?;
        self.source.string(value, self.names).map(|text| text.value)
    }

    /// An argument that is a list of strings.
    fn strings(&self, position: usize, name: &str) -> Option<Vec<String>> {
        self.source.strings(self.arguments.get(position, name)?, self.names)
    }

    /// Whether an argument is `True`; none where it is neither that nor `False`.
    fn flag(&self, name: &str) -> Option<bool> {
        let Some(value) = self.arguments.keyword(name) else { return Some(false) };
        let value = self.names.resolve(self.source, value);
        if self.source.is_name(&value, "True") {
            return Some(true);
        }
        self.source
            .is_name(&value, "False")
            .then_some(false)
            .or_else(|| self.source.is_name(&value, "None").then_some(false))
    }

    /// A table with its schema.
    pub(super) fn table(&self, position: usize, name: &str) -> Option<String> {
        let table = self.string(position, name)?;
        match self.arguments.keyword("schema") {
            Some(value) if !self.source.is_name(&value, "None") => {
                let schema = self.source.string(value, self.names)?.value;
                Some(if schema == "public" { table } else { format!("{schema}.{table}") })
            }
            _ => Some(table),
        }
    }

    fn is_none(&self, value: &Range<usize>) -> bool {
        self.source.is_name(&self.names.resolve(self.source, value.clone()), "None")
    }
}

/// The changes of an operation, in a batch those of its table; none where it is not read.
pub(super) fn operation(
    target: &OperationTarget<'_, '_>,
    name: &str,
    batch: Option<&str>,
) -> Option<Vec<SchemaChange>> {
    if target.arguments.is_open && name != "create_table" {
        return None;
    }
    // In a batch the table is not among the arguments.
    let shift = usize::from(batch.is_none());
    let table = |position: usize, name: &str| match batch {
        Some(table) => Some(table.to_owned()),
        None => target.table(position, name),
    };
    Some(vec![match name {
        "create_table" => create_table(target)?,
        "drop_table" => SchemaChange::DropTable { table: target.table(0, "table_name")? },
        "rename_table" => {
            let to = target.string(1, "new_table_name")?;
            SchemaChange::RenameTable { table: target.table(0, "old_table_name")?, to }
        }
        "add_column" => return add_column(target, table(0, "table_name")?, shift),
        "drop_column" => {
            let column = target.string(shift, "column_name")?;
            SchemaChange::DropColumn { table: table(0, "table_name")?, column }
        }
        "alter_column" => return alter_column(target, &table(0, "table_name")?, &target.string(shift, "column_name")?),
        "create_index" => create_index(target, table(1, "table_name")?, 1 + shift)?,
        "drop_index" => {
            let (name, is_optional) = (target.string(0, "index_name")?, target.flag("if_exists") == Some(true));
            SchemaChange::DropIndex { name, is_optional }
        }
        "create_unique_constraint"
        | "create_primary_key"
        | "create_check_constraint"
        | "create_foreign_key"
        | "create_exclude_constraint" => {
            let table = batch.map_or_else(|| constraint_table(target, name), |table| Some(table.to_owned()))?;
            SchemaChange::AddConstraint { table, constraint: constraint(target, name, 1 + shift) }
        }
        "drop_constraint" => drop_constraint(target, table(1, "table_name")?, 1 + shift)?,
        "bulk_insert" => SchemaChange::harmless("adds rows"),
        "create_table_comment" | "drop_table_comment" | "get_bind" | "get_context" | "inline_literal" => {
            return Some(Vec::new());
        }
        _ => return None,
    }])
}

fn constraint_table(target: &OperationTarget<'_, '_>, name: &str) -> Option<String> {
    if name != "create_foreign_key" {
        return target.table(1, "table_name");
    }
    let table = target.string(1, "source_table")?;
    match target.arguments.keyword("source_schema") {
        Some(value) if !target.is_none(&value) => {
            let schema = target.source.string(value, target.names)?.value;
            Some(format!("{schema}.{table}"))
        }
        _ => Some(table),
    }
}

fn create_table(target: &OperationTarget<'_, '_>) -> Option<SchemaChange> {
    let table = target.table(0, "table_name")?;
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    let parts = target.arguments.all.iter().filter(|argument| argument.name.is_none()).skip(1);
    for part in parts {
        if let Some((column, _)) = column(target.source, target.names, &table, part.value.clone()) {
            columns.push(column);
        } else if let Some(constraint) = table_constraint(target.source, target.names, part.value.clone()) {
            constraints.push(constraint);
        }
    }
    let is_optional = target.flag("if_not_exists") != Some(false);
    Some(SchemaChange::CreateTable { table, is_optional, columns, constraints })
}

fn add_column(target: &OperationTarget<'_, '_>, table: String, position: usize) -> Option<Vec<SchemaChange>> {
    let value = target.names.resolve(target.source, target.arguments.get(position, "column")?);
    let (column, is_indexed) = column(target.source, target.names, &table, value)?;
    let is_optional = target.flag("if_not_exists") != Some(false);
    let index = is_indexed.then(|| {
        let (name, columns) = (format!("ix_{table}_{}", column.name), vec![column.name.clone()]);
        let (is_unique, is_concurrent, is_partial) = (false, false, false);
        let table = table.clone();
        SchemaChange::CreateIndex(IndexDefinition { name, table, columns, is_unique, is_concurrent, is_partial })
    });
    let add = SchemaChange::AddColumn { table, is_optional, column };
    Some(std::iter::once(add).chain(index).collect())
}

fn alter_column(target: &OperationTarget<'_, '_>, table: &str, column: &str) -> Option<Vec<SchemaChange>> {
    let arguments = target.arguments;
    let flag = |name: &str| arguments.keyword(name).map(|_| target.flag(name));
    let mut changes = Vec::new();
    let (nullable, existing) = (flag("nullable"), flag("existing_nullable").flatten());
    let table = || table.to_owned();
    if let Some(value) = arguments.keyword("type_").filter(|value| !target.is_none(value)) {
        let read = |value: Range<usize>| type_text(target.source, target.names, value);
        let from = arguments.keyword("existing_type").and_then(read);
        let to = read(value);
        changes.push(SchemaChange::ChangeType { table: table(), column: column.to_owned(), from, to });
    }
    match nullable {
        Some(None) => return None,
        Some(Some(false)) if existing != Some(false) => {
            changes.push(SchemaChange::SetNotNull { table: table(), column: column.to_owned() });
        }
        Some(Some(true)) if existing != Some(true) => {
            changes.push(SchemaChange::DropNotNull { table: table(), column: column.to_owned() });
        }
        _ => {}
    }
    if let Some(value) = arguments.keyword("server_default") {
        if target.is_none(&value) {
            let is_nullable = nullable.flatten().or(existing);
            changes.push(SchemaChange::DropDefault { table: table(), column: column.to_owned(), is_nullable });
        } else if !target.source.is_name(&value, "False") {
            changes.push(SchemaChange::SetDefault { table: table(), column: column.to_owned() });
        }
    }
    let new_name = ["new_column_name", "name"].iter().find_map(|name| arguments.keyword(name));
    if let Some(value) = new_name.filter(|value| !target.is_none(value)) {
        let to = target.source.string(value, target.names)?.value;
        if to != column {
            changes.push(SchemaChange::RenameColumn { table: table(), column: column.to_owned(), to });
        }
    }
    if changes.is_empty() {
        let text = format!("changes no more than a comment of {}", display_name(&format!("{}.{column}", table())));
        changes.push(SchemaChange::harmless(text));
    }
    Some(changes)
}

fn create_index(target: &OperationTarget<'_, '_>, table: String, columns_at: usize) -> Option<SchemaChange> {
    let name = target.string(0, "index_name").unwrap_or_default();
    let columns = target.strings(columns_at, "columns");
    // A text may be an expression.
    let is_column = |column: &String| column.chars().all(|c| c.is_alphanumeric() || c == '_');
    let columns = columns.filter(|columns| columns.iter().all(is_column)).unwrap_or_default();
    let is_concurrent = target.flag("postgresql_concurrently")?;
    let is_partial = target.arguments.keyword("postgresql_where").is_some();
    let is_unique = target.flag("unique")?;
    Some(SchemaChange::CreateIndex(IndexDefinition { name, table, columns, is_unique, is_concurrent, is_partial }))
}

/// `create_unique_constraint` and its like; the position of what follows the table.
fn constraint(target: &OperationTarget<'_, '_>, name: &str, position: usize) -> TableConstraint {
    let own_name = target.string(0, "constraint_name");
    let mut constraint = match name {
        "create_unique_constraint" => TableConstraint::of(
            ConstraintKind::Unique,
            own_name,
            target.strings(position, "columns").unwrap_or_default(),
        ),
        "create_primary_key" => TableConstraint::of(
            ConstraintKind::PrimaryKey,
            own_name,
            target.strings(position, "columns").unwrap_or_default(),
        ),
        "create_check_constraint" => {
            let condition = target.string(position, "condition");
            let columns = condition.map(|condition| checked_columns(&tokens(&condition))).unwrap_or_default();
            TableConstraint::of(ConstraintKind::Check, own_name, columns)
        }
        "create_foreign_key" => {
            let columns = target.strings(position + 1, "local_cols").unwrap_or_default();
            let mut key = TableConstraint::of(ConstraintKind::ForeignKey, own_name, columns);
            key.references = target.string(position, "referent_table");
            let action = target.arguments.keyword("ondelete");
            let action = action.and_then(|value| target.source.string(value, target.names));
            key.cascades = action.is_some_and(|action| action.value.eq_ignore_ascii_case("cascade"));
            key
        }
        _ => TableConstraint::of(ConstraintKind::Exclusion, own_name, Vec::new()),
    };
    constraint.is_validated = target.flag("postgresql_not_valid") != Some(true);
    constraint
}

fn drop_constraint(target: &OperationTarget<'_, '_>, table: String, position: usize) -> Option<SchemaChange> {
    let kind = match target.string(position, "type_").as_deref() {
        Some("unique") => Some(ConstraintKind::Unique),
        Some("primary") => Some(ConstraintKind::PrimaryKey),
        Some("foreignkey") => Some(ConstraintKind::ForeignKey),
        Some("check") => Some(ConstraintKind::Check),
        _ => None,
    };
    let name = match target.arguments.get(0, "constraint_name") {
        Some(value) if target.is_none(&value) && kind.is_some() => String::new(),
        Some(value) => target.source.string(value, target.names)?.value,
        None => return None,
    };
    Some(SchemaChange::DropConstraint { table, name, kind })
}
